//! Accounts: who may sign in, with which roles; made, changed, unlocked, given a new password, deleted.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Account, Operation, Role};
use netwarden_operate::{AccountEdit, Desk, Version, account_version};
use zeroize::Zeroizing;

use super::act::{ActForm, Given};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, Told, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/accounts";
const NEW: &str = "/system/new-account";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-roles", None),
    ("column-status", None),
    ("column-last-login", None),
    ("column-acts", None),
];
const LISTING: &Listing = &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "accounts.csv" };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("enabled", "account-on", Some(("truth", &["true", "false"])))];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

fn role_text(l: Language, role: &Role) -> String {
    l.word("role", role.as_str())
}

fn standing(l: Language, account: &Account) -> Cell {
    let (colour, key) = match (account.enabled, account.must_change_password) {
        (false, _) => ("disabled", "account-off"),
        (true, true) => ("info", "account-must-change"),
        (true, false) => ("ok", "account-on"),
    };
    Cell::Status { word: colour.to_owned(), text: l.t(key) }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut wanted = LISTING.wish(&query);
        wanted.sort.get_or_insert_with(|| "name".to_owned());
        let rows = shape::page(desk.users(visitor.caller(), wanted).await?, |account| {
            let here = address(&account.name);
            let offered = [
                (Operation::UserSetRoles, "act-change", here.clone(), false),
                (Operation::UserResetPassword, "account-reset", format!("{here}/reset"), true),
                (Operation::UserUnlock, "account-unlock", format!("{here}/unlock"), false),
                (Operation::UserDelete, "act-remove", format!("{here}/remove"), true),
            ];
            let roles = account.roles.iter().map(|role| role_text(l, role)).collect::<Vec<_>>().join(", ");
            Row {
                cells: vec![
                    Cell::Text(account.name.clone()),
                    Cell::Text(roles),
                    standing(l, &account),
                    Cell::Time(account.last_success),
                    acts(&desk, &visitor, &account.name, offered),
                ],
            }
        });
        let add = [(Operation::UserCreate, "account-add", NEW.to_owned(), false)];
        let section = Section {
            title: l.t("accounts"),
            about: l.t("accounts-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, add),
            listing: LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// A tick for each role.
fn role_fields(l: Language, held: &BTreeSet<Role>) -> Vec<Field> {
    let field = |role: &Role| {
        let value = if held.contains(role) { "true" } else { "" };
        let name = format!("role-{}", role.as_str());
        let hint = l.word("role", &format!("{}-may", role.as_str()));
        Field::new(name, role_text(l, role), Kind::Tick).with(value).hinted(hint)
    };
    Role::NAC.iter().map(field).collect()
}

/// The roles that were ticked, and those of other planes, which this page does not show, as they were.
fn roles(given: &Given, held: &BTreeSet<Role>) -> BTreeSet<Role> {
    let ticked = |role: &Role| given.rest.contains_key(&format!("role-{}", role.as_str()));
    let others = held.iter().filter(|role| !Role::NAC.contains(role)).cloned();
    Role::NAC.into_iter().filter(ticked).chain(others).collect()
}

fn new_form(l: Language) -> Form {
    Form::new(l.t("account-add"), l.t("act-add"), NEW, HERE)
        .telling([l.t("account-add-told")])
        .asking([
            Field::new("name", l.t("column-name"), Kind::Text).needed(),
            Field::new("password", l.t("account-password"), Kind::Secret)
                .hinted(l.t("account-password-hint"))
                .needed(),
        ])
        .asking(role_fields(l, &BTreeSet::new()))
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::UserCreate).await?;
        new_form(visitor.language()).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn create(
    State(desk): State<Desk>,
    visitor: Visitor,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let name = given.text("name").unwrap_or_default();
        let password = Zeroizing::new(given.rest.get("password").cloned().unwrap_or_default());
        let roles = roles(&given, &BTreeSet::new());
        match desk.create_user(visitor.caller(), &name, password, roles).await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=added"))),
            Err(error) => new_form(visitor.language()).refused(&desk, &visitor, &given, error.into()).await,
        }
    })
    .await
}

fn edit_form(l: Language, account: &Account) -> Form {
    let on = if account.enabled { "true" } else { "" };
    let title = l.t1("account-change", "name", account.name.clone());
    Form::new(title, l.t("act-save"), address(&account.name), HERE)
        .carrying("version", account_version(account).as_str())
        .asking(role_fields(l, &account.roles))
        .asking([Field::new("enabled", l.t("account-enabled"), Kind::Tick).with(on), reason(l)])
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::UserSetRoles).await?;
        let account = desk.user(visitor.caller(), &name).await?;
        edit_form(visitor.language(), &account).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.permit_of(visitor.caller(), Operation::UserSetRoles).await?;
        let account = desk.user(visitor.caller(), &name).await?;
        let (roles, enabled) = (roles(&given, &account.roles), given.text("enabled").is_some());
        let edit = AccountEdit {
            roles: (roles != account.roles).then_some(roles),
            enabled: (enabled != account.enabled).then_some(enabled),
            local_uid: None,
            expected: given.text("version").map(Version::presented),
        };
        match desk.edit_user(visitor.caller(), &name, edit, &given.reason).await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=changed"))),
            Err(error) => {
                let form = edit_form(visitor.language(), &account);
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

/// The form of an act on an account: its name in the address, and what it is called.
fn act_form(l: Language, name: &str, verb: &str) -> Form {
    let action = format!("{}/{verb}", address(name));
    match verb {
        "reset" => {
            let title = l.t1("account-reset-title", "name", name);
            Form::new(title, l.t("account-reset"), action, HERE)
                .telling([l.t("account-reset-told")])
                .dangerous()
        }
        "unlock" => {
            let title = l.t1("account-unlock-title", "name", name);
            Form::new(title, l.t("account-unlock"), action, HERE).telling([l.t("account-unlock-told")])
        }
        _ => {
            let title = l.t1("account-remove", "name", name);
            Form::new(title, l.t("act-remove"), action, HERE)
                .telling([l.t("account-remove-told")])
                .dangerous()
        }
    }
    .asking([reason(l)])
}

async fn act_page(desk: &Desk, visitor: &Visitor, name: &str, verb: &str) -> Result<Response, Refusal> {
    let operation = match verb {
        "reset" => Operation::UserResetPassword,
        "unlock" => Operation::UserUnlock,
        _ => Operation::UserDelete,
    };
    desk.permit_of(visitor.caller(), operation).await?;
    let account = desk.user(visitor.caller(), name).await?;
    let form = act_form(visitor.language(), &account.name, verb);
    let version = account_version(&account);
    form.carrying("version", version.as_str()).shown(desk, visitor).await
}

pub(crate) async fn reset_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, act_page(&desk, &visitor, &name, "reset")).await
}

/// Gives it a password for once, which is shown this once.
pub(crate) async fn reset(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let l = visitor.language();
        match desk.reset_password(visitor.caller(), &name, &given.reason).await {
            Ok(password) => {
                let told = Told {
                    title: l.t1("account-reset-title", "name", &*name),
                    good: true,
                    text: l.t("account-reset-done"),
                    once: password.to_string(),
                    back: (HERE.to_owned(), l.t("accounts")),
                };
                told.shown(&desk, &visitor).await
            }
            Err(error) => act_form(l, &name, "reset").refused(&desk, &visitor, &given, error.into()).await,
        }
    })
    .await
}

pub(crate) async fn unlock_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, act_page(&desk, &visitor, &name, "unlock")).await
}

pub(crate) async fn unlock(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.unlock_user(visitor.caller(), &name, &given.reason).await {
            Ok(()) => Ok(led_to(&format!("{HERE}?done=changed"))),
            Err(error) => {
                let form = act_form(visitor.language(), &name, "unlock");
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, act_page(&desk, &visitor, &name, "remove")).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let expected = given.text("version").map(Version::presented);
        match desk.delete_user(visitor.caller(), &name, &given.reason, expected).await {
            Ok(()) => Ok(led_to(&format!("{HERE}?done=removed"))),
            Err(error) => {
                let form = act_form(visitor.language(), &name, "remove");
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

//! Accounts: who may sign in, with which roles; made, changed, unlocked, given a new password, deleted.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Account, Grant, Grants, Operation, Plane, Role};
use netwarden_operate::{AccountEdit, Desk, NewAccount, account_version};

use super::account_form::{Wanted, fields, wanted};
use super::act::Given;
use super::bulk;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::rights::rights_of;
use super::roles::{grant_text, role_text};
use super::section::{Listing, Section, Told, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/accounts";
const NEW: &str = "/system/new-account";
const IMPORT: &str = "/system/import-accounts";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-roles", None),
    ("column-status", None),
    ("column-last-login", None),
    ("column-acts", None),
];
const COLUMNS_OF_TENANTS: Columns = &[
    ("column-name", Some("name")),
    ("column-tenant", Some("tenant")),
    ("column-roles", None),
    ("column-status", None),
    ("column-last-login", None),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "accounts.csv", watched: false };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("enabled", "filter-may-sign-in", Some(("truth", &["true", "false"])))];

const LISTING_OF_TENANTS: &Listing = &Listing { columns: COLUMNS_OF_TENANTS, ..*LISTING };

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

/// What speaks for an account being shared.
fn sharing_of(name: &str) -> String {
    format!("/system/sharing?text={}", escaped(name))
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
        let of_tenants = visitor.caller().plane() == Plane::Tenant;
        let listing = if of_tenants { LISTING_OF_TENANTS } else { LISTING };
        let mut wanted = listing.wish(&query)?;
        wanted.sort.get_or_insert_with(|| "name".to_owned());
        let listed = desk.users(visitor.caller(), wanted).await?;
        let keys = listed.items.iter().map(|account| account.name.clone()).collect();
        let rows = shape::page(listed, |account| {
            let here = address(&account.name);
            let offered = [
                (Operation::UserSetRoles, "act-change", here.clone(), false),
                (Operation::UserRead, "account-rights", rights_of(&account.name), false),
                (Operation::SessionHistory, "account-sharing", sharing_of(&account.name), false),
                (Operation::UserResetPassword, "account-reset", format!("{here}/reset"), true),
                (Operation::FactorReset, "factors-reset", format!("{here}/factors"), true),
                (Operation::UserUnlock, "account-unlock", format!("{here}/unlock"), false),
                (Operation::UserDelete, "act-remove", format!("{here}/remove"), true),
                (Operation::UserErase, "account-erase", format!("{here}/erase"), true),
            ];
            let roles =
                account.grants.iter().map(|grant| grant_text(l, grant)).collect::<Vec<_>>().join(", ");
            let tenant = account.tenant.as_ref().map(|tenant| tenant.name.clone()).unwrap_or_default();
            let rest = [
                Cell::Text(roles),
                standing(l, &account),
                Cell::Time(account.last_success),
                acts(&desk, &visitor, &account.name, offered),
            ];
            let first = [Some(Cell::Text(account.name.clone())), of_tenants.then_some(Cell::Text(tenant))];
            Row { cells: first.into_iter().flatten().chain(rest).collect() }
        });
        let add = [
            (Operation::UserCreate, "account-add", NEW.to_owned(), false),
            (Operation::UserCreate, "accounts-import", IMPORT.to_owned(), false),
        ];
        let section = Section {
            title: l.t("accounts"),
            about: l.t("accounts-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, add),
            listing,
            rows,
            none: String::new(),
        };
        section.shown_with::<bulk::Account>(&desk, &visitor, &query, Some(keys)).await
    })
    .await
}

/// The roles that can be given: the built-in ones, and for those who may read them those that were made here.
async fn offered(desk: &Desk, visitor: &Visitor) -> Result<Vec<(Role, String)>, Refusal> {
    let l = visitor.language();
    let hint = |role: &Role| l.word("role", &format!("{role}-may"));
    if !visitor.may(desk, Operation::RoleRead) {
        let plane = visitor.caller().plane();
        let given = Role::built_in(plane).filter(|role| **role != Role::Superuser);
        return Ok(given.map(|role| (role.clone(), hint(role))).collect());
    }
    let roles = desk.roles(visitor.caller()).await?.into_iter();
    let given = roles.filter(|shown| shown.name != Role::Superuser.as_str());
    let all = given.map(|shown| {
        let role = Role::from(shown.name.as_str());
        let told = if shown.built_in { hint(&role) } else { shown.description };
        (role, told)
    });
    Ok(all.collect())
}

/// A tick for each role, and a field for those that are confined to a domain, where there is one.
async fn role_fields(desk: &Desk, visitor: &Visitor, held: &Grants) -> Result<Vec<Field>, Refusal> {
    let l = visitor.language();
    let field = |(role, told): (Role, String)| {
        let value = if held.contains(&Grant::from(role.clone())) { "true" } else { "" };
        Field::new(format!("role-{role}"), role_text(l, &role), Kind::Tick).with(value).hinted(told)
    };
    let mut fields: Vec<Field> = offered(desk, visitor).await?.into_iter().map(field).collect();
    let confined: Vec<String> = held.iter().filter(|grant| !grant.is_whole()).map(Grant::to_string).collect();
    let domains = match visitor.may(desk, Operation::DomainRead) {
        true => desk.domain_names(visitor.caller()).await?,
        false => Vec::new(),
    };
    if !domains.is_empty() || !confined.is_empty() {
        let hint = l.t1("account-confined-hint", "domains", domains.join(", "));
        let field = Field::new(CONFINED, l.t("account-confined"), Kind::Lines(3));
        fields.push(field.with(confined.join("\n")).hinted(hint));
    }
    Ok(fields)
}

/// Name of the field with the roles that are confined to a domain.
const CONFINED: &str = "roles";

/// The roles that were ticked or written, and those that this page does not show, as they were.
fn grants(given: &Given, offered: &[(Role, String)], held: &Grants) -> Grants {
    let is_offered = |role: &Role| offered.iter().any(|(one, _)| one == role);
    let ticked = |role: &Role| given.rest.contains_key(&format!("role-{role}"));
    let written = given.get(CONFINED);
    let others = held.iter().filter(|grant| match grant.is_whole() {
        true => !is_offered(&grant.role),
        false => written.is_none(),
    });
    let lines = written.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    let confined = lines.map(|line| Grant::from(line.to_lowercase().as_str()));
    let whole = offered.iter().map(|(role, _)| role.clone()).filter(ticked).map(Grant::from);
    whole.chain(confined).chain(others.cloned()).collect()
}

async fn new_form(desk: &Desk, visitor: &Visitor) -> Result<Form, Refusal> {
    let l = visitor.language();
    let tenant = (visitor.caller().plane() == Plane::Tenant).then(|| {
        let field = Field::new("tenant", l.t("column-tenant"), Kind::Text);
        // Whose own tenant it is to be need not say so.
        match visitor.caller().tenant() {
            Some(_) => field.hinted(l.t("account-tenant-hint")),
            None => field.needed(),
        }
    });
    Ok(Form::new(l.t("account-add"), l.t("act-add"), NEW, HERE)
        .telling([l.t("account-add-told")])
        .asking([
            Field::new("name", l.t("column-name"), Kind::Text).needed(),
            Field::new("password", l.t("account-password"), Kind::Secret)
                .hinted(l.t("account-password-hint"))
                .needed(),
        ])
        .asking(tenant)
        .asking(role_fields(desk, visitor, &Grants::new()).await?)
        .asking([
            Field::new("like", l.t("account-like"), Kind::Text).hinted(l.t("account-like-hint")),
            Field::new("mobile", l.t("account-mobile"), Kind::Text),
            Field::new("mail", l.t("account-mail"), Kind::Text).hinted(l.t("account-contact-hint")),
        ])
        .asking(fields(desk, visitor, None).await?))
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::UserCreate, new_form(&desk, &visitor)).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let name = given.text("name").unwrap_or_default();
        let password = given.secret("password").unwrap_or_default();
        let Wanted { attributes, address_policy, hours_policy } = wanted(&given, None)?;
        let account = NewAccount {
            name,
            password: Some(password),
            grants: grants(&given, &offered(&desk, &visitor).await?, &Grants::new()),
            like: given.text("like"),
            tenant: given.text("tenant"),
            mobile: given.text("mobile").unwrap_or_default(),
            mail: given.text("mail").unwrap_or_default(),
            attributes,
            address_policy,
            hours_policy,
            reason: String::new(),
        };
        desk.create_user(visitor.caller(), account).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    submitted(&desk, &visitor, &given, done, new_form(&desk, &visitor)).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let (account, contact) = desk.user_with_contact(visitor.caller(), name).await?;
    let on = if account.enabled { "true" } else { "" };
    let version = account_version(&account, &contact);
    let title = l.t1("account-change", "name", &*account.name);
    Ok(Form::new(title, l.t("act-save"), address(&account.name), HERE)
        .carrying("version", version.as_str())
        .asking(role_fields(desk, visitor, &account.grants).await?)
        .asking([
            Field::new("enabled", l.t("account-enabled"), Kind::Tick).with(on),
            Field::new("mobile", l.t("account-mobile"), Kind::Text).with(contact.mobile),
            Field::new("mail", l.t("account-mail"), Kind::Text)
                .with(contact.mail)
                .hinted(l.t("account-contact-hint")),
        ])
        .asking(fields(desk, visitor, Some(&account)).await?)
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::UserSetRoles, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.permit_some(visitor.caller(), Operation::UserSetRoles).await?;
        let (account, contact) = desk.user_with_contact(visitor.caller(), &name).await?;
        let grants = grants(&given, &offered(&desk, &visitor).await?, &account.grants);
        let enabled = given.text("enabled").is_some();
        let differs = |name: &str, present: &str| {
            given.get(name).map(str::trim).filter(|written| *written != present).map(str::to_owned)
        };
        let Wanted { attributes, address_policy, hours_policy } = wanted(&given, Some(&account))?;
        let edit = AccountEdit {
            attributes,
            address_policy,
            hours_policy,
            mobile: differs("mobile", &contact.mobile),
            mail: differs("mail", &contact.mail),
            grants: (grants != account.grants).then_some(grants),
            enabled: (enabled != account.enabled).then_some(enabled),
            local_uid: None,
            expected: given.version(),
        };
        desk.edit_user(visitor.caller(), &name, edit, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

/// The form of an act on an account: its name in the address, and what it is called.
async fn act_form(desk: &Desk, visitor: &Visitor, name: &str, verb: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let (account, contact) = desk.user_with_contact(visitor.caller(), name).await?;
    let (title, button, told) = match verb {
        "reset" => ("account-reset-title", "account-reset", "account-reset-told"),
        "unlock" => ("account-unlock-title", "account-unlock", "account-unlock-told"),
        "erase" => ("account-erase-title", "account-erase", "account-erase-told"),
        _ => ("account-remove", "act-remove", "account-remove-told"),
    };
    let action = format!("{}/{verb}", address(&account.name));
    let form = Form::new(l.t1(title, "name", &*account.name), l.t(button), action, HERE)
        .telling([l.t(told)])
        .carrying("version", account_version(&account, &contact).as_str())
        .asking([reason(l)]);
    Ok(if verb == "unlock" { form } else { form.dangerous() })
}

pub(crate) async fn reset_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    let form = act_form(&desk, &visitor, &name, "reset");
    asked(&desk, &visitor, Operation::UserResetPassword, form).await
}

/// Gives it a password for once, which is shown this once.
pub(crate) async fn reset(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let l = visitor.language();
        let password = desk.reset_password(visitor.caller(), &name, &given.reason).await?;
        let told = Told {
            title: l.t1("account-reset-title", "name", &*name),
            good: true,
            text: l.t("account-reset-done"),
            once: password.to_string(),
            back: (HERE.to_owned(), l.t("accounts")),
        };
        told.shown(&desk, &visitor).await
    };
    submitted(&desk, &visitor, &given, done, act_form(&desk, &visitor, &name, "reset")).await
}

pub(crate) async fn unlock_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::UserUnlock, act_form(&desk, &visitor, &name, "unlock")).await
}

pub(crate) async fn unlock(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.unlock_user(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, act_form(&desk, &visitor, &name, "unlock")).await
}

pub(crate) async fn erase_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::UserErase, act_form(&desk, &visitor, &name, "erase")).await
}

/// Erases the person with the account.
pub(crate) async fn erase(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.erase_user(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, act_form(&desk, &visitor, &name, "erase")).await
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::UserDelete, act_form(&desk, &visitor, &name, "remove")).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_user(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, act_form(&desk, &visitor, &name, "remove")).await
}

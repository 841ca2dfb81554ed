//! Login policies: from where, and when, accounts may be used.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, LoginPolicy, LoginPolicyWish, PolicyKind, login_policy_version};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/login-policies";
const NEW: &str = "/system/new-login-policy";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-kind", Some("kind")),
    ("column-rule-asks", None),
    ("column-accounts", None),
    ("column-changed", Some("changed")),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "login-policies.csv", watched: false };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("kind", "column-kind", Some(("policy-kind", &["addresses", "hours"])))];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut wanted = LISTING.wish(&query)?;
        wanted.sort.get_or_insert_with(|| "name".to_owned());
        let rows = shape::page(desk.login_policies(visitor.caller(), wanted).await?, |policy| {
            let here = address(&policy.name);
            let offered = [
                (Operation::PolicyModify, "act-change", here.clone(), false),
                (Operation::PolicyDelete, "act-remove", format!("{here}/remove"), true),
            ];
            Row {
                cells: vec![
                    Cell::Text(policy.name.clone()),
                    Cell::Text(l.word("policy-kind", policy.kind.as_str())),
                    Cell::Code(policy.lines.lines().collect::<Vec<_>>().join("; ")),
                    Cell::Text(policy.users.to_string()),
                    Cell::Time(Some(policy.changed)),
                    acts(&desk, &visitor, &policy.name, offered),
                ],
            }
        });
        let add = [(Operation::PolicyCreate, "login-policy-add", NEW.to_owned(), false)];
        let section = Section {
            title: l.t("login-policies"),
            about: l.t("login-policies-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, add),
            listing: LISTING,
            rows,
            none: l.t("login-policies-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn lines(l: Language) -> Field {
    Field::new("lines", l.t("login-policy-lines"), Kind::Lines(6)).hinted(l.t("login-policy-hint")).needed()
}

fn new_form(l: Language) -> Form {
    let kinds = PolicyKind::ALL.map(|kind| (kind.as_str().to_owned(), l.word("policy-kind", kind.as_str())));
    Form::new(l.t("login-policy-add"), l.t("act-add"), NEW, HERE).asking([
        Field::new("name", l.t("column-name"), Kind::Text).needed(),
        Field::new("kind", l.t("column-kind"), Kind::Choice(kinds.to_vec())).needed(),
        lines(l),
        reason(l),
    ])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(new_form(visitor.language())) };
    asked(&desk, &visitor, Operation::PolicyCreate, form).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let wish = LoginPolicyWish {
            name: given.text("name").unwrap_or_default(),
            kind: given.text("kind").unwrap_or_default(),
            lines: given.get("lines").unwrap_or_default().to_owned(),
        };
        desk.create_login_policy(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    let form = async { Ok(new_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

fn change_form(l: Language, policy: &LoginPolicy) -> Form {
    let title = l.t1("login-policy-change", "name", &*policy.name);
    Form::new(title, l.t("act-save"), address(&policy.name), HERE)
        .telling([l.t1("login-policy-followed", "count", policy.users)])
        .carrying("version", login_policy_version(policy).as_str())
        .asking([lines(l).with(&*policy.lines), reason(l)])
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    Ok(change_form(visitor.language(), &desk.login_policy(visitor.caller(), name).await?))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::PolicyModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let lines = given.get("lines").unwrap_or_default().to_owned();
        let expected = given.version();
        desk.change_login_policy(visitor.caller(), &name, lines, &given.reason, expected).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, policy) = (visitor.language(), desk.login_policy(visitor.caller(), name).await?);
    let title = l.t1("login-policy-remove", "name", &*policy.name);
    Ok(Form::new(title, l.t("act-remove"), format!("{}/remove", address(&policy.name)), HERE)
        .telling([l.t1("login-policy-followed", "count", policy.users)])
        .carrying("version", login_policy_version(&policy).as_str())
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::PolicyDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_login_policy(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}

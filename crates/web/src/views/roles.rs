//! Roles: what each gives the right to, made of any operations.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{Access, CIRCUMSTANCES, Declaration, Grant, OPERATIONS, Operation, Plane, Role};
use netwarden_operate::{Desk, RoleEdit, RoleWish, ShownRole};

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

const HERE: &str = "/system/roles";
const NEW: &str = "/system/new-role";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-kind", Some("built_in")),
    ("column-description", Some("description")),
    ("column-operations", None),
    ("column-changed", Some("changed_at")),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "roles.csv", watched: false };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("built_in", "filter-built-in", Some(("truth", &["true", "false"])))];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

/// What a role is called: in the reader's language where it is built in.
pub(super) fn role_text(l: Language, role: &Role) -> String {
    if role.is_built_in() { l.word("role", role.as_str()) } else { role.to_string() }
}

/// What a grant is called: the role, and the domain to which it is confined.
pub(super) fn grant_text(l: Language, grant: &Grant) -> String {
    let role = role_text(l, &grant.role);
    match &grant.domain {
        Some(domain) => l.with("role-in-domain", &[("role", role.into()), ("domain", domain.clone().into())]),
        None => role,
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_roles(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |role| {
            let here = address(&role.name);
            let like =
                (Operation::RoleCreate, "role-copy", format!("{NEW}?like={}", escaped(&role.name)), false);
            let change = (Operation::RoleModify, "act-change", here.clone(), false);
            let remove = (Operation::RoleDelete, "act-remove", format!("{here}/remove"), true);
            let offered = if role.built_in { vec![like] } else { vec![change, like, remove] };
            let kind = if role.built_in { "role-built-in" } else { "role-made-here" };
            let name = Role::from(role.name.as_str());
            let told = if role.built_in { l.word("role", &format!("{name}-may")) } else { role.description };
            Row {
                cells: vec![
                    Cell::Text(role_text(l, &name)),
                    Cell::Text(l.t(kind)),
                    Cell::Text(told),
                    Cell::Text(role.operations.len().to_string()),
                    Cell::Time(role.changed.map(|(at, _)| at)),
                    acts(&desk, &visitor, name.as_str(), offered),
                ],
            }
        });
        let offered = [
            (Operation::RoleCreate, "role-add", NEW.to_owned(), false),
            (Operation::RoleRead, "operations", "/system/operations".to_owned(), false),
        ];
        let section = Section {
            title: l.t("roles"),
            about: l.t("roles-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, offered),
            listing: LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// Operations that a role can give, by what they are done to.
pub(super) fn given_by_roles(plane: Plane) -> Vec<&'static Declaration> {
    let is_given =
        |line: &&Declaration| matches!(line.access, Access::Roles(_)) && line.operation.is_in(plane);
    let mut lines: Vec<_> = OPERATIONS.iter().filter(is_given).collect();
    lines.sort_by_key(|line| (line.object.as_str(), line.change, line.name));
    lines
}

/// When the role counts, with what may be asked for.
fn condition_field(l: Language, condition: String) -> Field {
    let names: Vec<&str> = CIRCUMSTANCES.iter().map(|(circumstance, _)| circumstance.name()).collect();
    Field::new("condition", l.t("role-condition"), Kind::Lines(2)).with(condition).hinted(l.t1(
        "role-condition-hint",
        "names",
        names.join(", "),
    ))
}

/// A tick for each operation, under a heading for what it is done to.
pub(super) fn ticks(l: Language, lines: Vec<&'static Declaration>, held: &BTreeSet<Operation>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut last = None;
    for line in lines {
        if last != Some(line.object) {
            last = Some(line.object);
            let heading = l.word("object", line.object.as_str());
            fields.push(Field::new(format!("of-{}", line.object.as_str()), heading, Kind::Heading));
        }
        let value = if held.contains(&line.operation) { "true" } else { "" };
        fields.push(Field::new(format!("op-{}", line.name), line.name.to_owned(), Kind::Tick).with(value));
    }
    fields
}

/// Names of those that were ticked.
pub(super) fn ticked(lines: Vec<&'static Declaration>, given: &Given) -> Vec<String> {
    let is_ticked = |line: &&Declaration| given.text(&format!("op-{}", line.name)).is_some();
    lines.into_iter().filter(is_ticked).map(|line| line.name.to_owned()).collect()
}

async fn new_form(desk: &Desk, visitor: &Visitor, like: Option<String>) -> Result<Form, Refusal> {
    let l = visitor.language();
    let like = match like {
        Some(like) => Some(desk.role(visitor.caller(), &like).await?.0),
        None => None,
    };
    let (held, condition) = like.map(|role| (role.operations, role.condition)).unwrap_or_default();
    let plane = visitor.caller().plane();
    Ok(Form::new(l.t("role-add"), l.t("act-add"), NEW, HERE)
        .telling([l.t("role-add-told")])
        .asking([
            Field::new("name", l.t("column-name"), Kind::Text).hinted(l.t("role-name-hint")).needed(),
            Field::new("description", l.t("column-description"), Kind::Text),
            condition_field(l, condition),
        ])
        .asking(ticks(l, given_by_roles(plane), &held))
        .asking([reason(l)]))
}

pub(crate) async fn new_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let like = Query::of(query.as_deref()).get("like").map(str::to_owned);
    asked(&desk, &visitor, Operation::RoleCreate, new_form(&desk, &visitor, like)).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let name = given.text("name").unwrap_or_default();
        let wish = RoleWish {
            description: given.text("description").unwrap_or_default(),
            operations: ticked(given_by_roles(visitor.caller().plane()), &given),
            condition: given.text("condition").unwrap_or_default(),
        };
        desk.create_role(visitor.caller(), &name, wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    submitted(&desk, &visitor, &given, done, new_form(&desk, &visitor, None)).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let (role, version) = desk.role(visitor.caller(), name).await?;
    let ShownRole { name, description, operations, condition, .. } = role;
    let plane = visitor.caller().plane();
    let version = version.map(|version| version.as_str().to_owned()).unwrap_or_default();
    Ok(Form::new(l.t1("role-change", "name", &*name), l.t("act-save"), address(&name), HERE)
        .telling([l.t("role-change-told")])
        .carrying("version", version)
        .asking([
            Field::new("description", l.t("column-description"), Kind::Text).with(description),
            condition_field(l, condition),
        ])
        .asking(ticks(l, given_by_roles(plane), &operations))
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::RoleModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let edit = RoleEdit {
            description: given.get("description").map(str::to_owned),
            operations: Some(ticked(given_by_roles(visitor.caller().plane()), &given)),
            condition: given.get("condition").map(str::to_owned),
            expected: given.version(),
        };
        desk.change_role(visitor.caller(), &name, edit, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let (role, version) = desk.role(visitor.caller(), name).await?;
    let version = version.map(|version| version.as_str().to_owned()).unwrap_or_default();
    let action = format!("{}/remove", address(&role.name));
    Ok(Form::new(l.t1("role-remove", "name", &*role.name), l.t("act-remove"), action, HERE)
        .telling([l.t("role-remove-told")])
        .carrying("version", version)
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::RoleDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_role(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}

//! Domains: parts of the network to which roles are confined.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, DomainWish, ShownDomain, domain_version};

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

const HERE: &str = "/system/domains";
const NEW: &str = "/system/new-domain";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-description", None),
    ("domain-belongs", None),
    ("column-elements", None),
    ("column-changed", Some("changed")),
    ("column-acts", None),
];
const FILTERS: Filters = &[("text", "filter-text", None)];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "domains.csv", watched: false };

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

/// What a domain can name: the field, and what stands in it.
fn parts(shown: Option<&ShownDomain>) -> [(&'static str, Vec<String>); 5] {
    let of = |pick: fn(&ShownDomain) -> Vec<String>| shown.map(pick).unwrap_or_default();
    [
        ("regions", of(|shown| shown.kept.domain.regions.iter().cloned().collect())),
        ("device_sets", of(|shown| shown.kept.domain.device_sets.iter().cloned().collect())),
        ("classes", of(|shown| shown.kept.domain.classes.iter().cloned().collect())),
        ("subnets", of(|shown| shown.kept.domain.subnets.iter().cloned().collect())),
        ("elements", of(|shown| shown.named.clone())),
    ]
}

/// `Regions: north, west · Subnets: 192.0.2.0/24`.
fn told(l: Language, shown: &ShownDomain) -> String {
    let parts = parts(Some(shown)).into_iter().filter(|(_, names)| !names.is_empty());
    let parts = parts.map(|(part, names)| format!("{}: {}", l.word("domain-part", part), names.join(", ")));
    parts.collect::<Vec<_>>().join(" · ")
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_domains(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |shown| {
            let here = address(&shown.kept.name);
            let offered = [
                (Operation::DomainModify, "act-change", here.clone(), false),
                (Operation::DomainDelete, "act-remove", format!("{here}/remove"), true),
            ];
            Row {
                cells: vec![
                    Cell::Text(shown.kept.name.clone()),
                    Cell::Text(shown.kept.description.clone()),
                    Cell::Text(told(l, &shown)),
                    Cell::Text(shown.elements.to_string()),
                    Cell::Time(Some(shown.kept.changed)),
                    acts(&desk, &visitor, &shown.kept.name, offered),
                ],
            }
        });
        let section = Section {
            title: l.t("domains"),
            about: l.t("domains-about"),
            warnings: Vec::new(),
            buttons: buttons(
                &desk,
                &visitor,
                [(Operation::DomainCreate, "domain-add", NEW.to_owned(), false)],
            ),
            listing: LISTING,
            rows,
            none: l.t("domains-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn fields(l: Language, shown: Option<&ShownDomain>) -> Vec<Field> {
    let field = |(part, names): (&'static str, Vec<String>)| {
        Field::new(part, l.word("domain-part", part), Kind::Lines(2))
            .with(names.join("\n"))
            .hinted(l.word("domain-hint", part))
    };
    parts(shown).into_iter().map(field).collect()
}

fn wished(given: &Given) -> DomainWish {
    let lines = |name: &str| -> Vec<String> {
        let text = given.text(name).unwrap_or_default();
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    DomainWish {
        regions: lines("regions"),
        device_sets: lines("device_sets"),
        classes: lines("classes"),
        subnets: lines("subnets"),
        elements: lines("elements"),
    }
}

fn new_form(visitor: &Visitor) -> Form {
    let l = visitor.language();
    Form::new(l.t("domain-add"), l.t("act-add"), NEW, HERE)
        .telling([l.t("domain-told")])
        .asking([
            Field::new("name", l.t("column-name"), Kind::Text).hinted(l.t("domain-name-hint")).needed(),
            Field::new("description", l.t("column-description"), Kind::Text),
        ])
        .asking(fields(l, None))
        .asking([reason(l)])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::DomainCreate, async { Ok(new_form(&visitor)) }).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let name = given.text("name").unwrap_or_default();
        let description = given.text("description").unwrap_or_default();
        desk.create_domain(visitor.caller(), &name, &description, wished(&given), &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    submitted(&desk, &visitor, &given, done, async { Ok(new_form(&visitor)) }).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let shown = desk.domain(visitor.caller(), name).await?;
    let name = shown.kept.name.clone();
    Ok(Form::new(l.t1("domain-change", "name", &*name), l.t("act-save"), address(&name), HERE)
        .telling([l.t("domain-told")])
        .carrying("version", domain_version(&shown.kept).as_str())
        .asking([Field::new("description", l.t("column-description"), Kind::Text)
            .with(shown.kept.description.clone())])
        .asking(fields(l, Some(&shown)))
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::DomainModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let description = given.get("description").map(str::to_owned);
        let (wish, expected) = (Some(wished(&given)), given.version());
        desk.change_domain(visitor.caller(), &name, description, wish, &given.reason, expected).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    let shown = desk.domain(visitor.caller(), name).await?;
    let action = format!("{}/remove", address(&shown.kept.name));
    Ok(Form::new(l.t1("domain-remove", "name", &*shown.kept.name), l.t("act-remove"), action, HERE)
        .telling([l.t("domain-remove-told")])
        .carrying("version", domain_version(&shown.kept).as_str())
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::DomainDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_domain(visitor.caller(), &name, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}

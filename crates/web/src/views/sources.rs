//! Sources of endpoints' names: DNS servers, directories, leases of DHCP servers; how their last run went.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, NameSourceEdit, NameSourceWish, Said, ShownNameSource};

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

const HERE: &str = "/system/sources";
const NEW: &str = "/system/new-source";
const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-kind", Some("kind")),
    ("column-address", Some("address")),
    ("column-status", None),
    ("column-last-run", Some("ran_at")),
    ("column-entries", Some("entries")),
    ("column-acts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "sources.csv", watched: false };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("enabled", "column-status", Some(("rule", &["true", "false"])))];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let sources = desk.list_name_sources(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(sources, |ShownNameSource { source, run }| {
            let here = address(&source.name);
            let mut offered = vec![
                (Operation::NameSourceModify, "act-change", here.clone(), false),
                (Operation::NameSourceDelete, "act-remove", format!("{here}/remove"), true),
            ];
            if source.kind.is_asked() && source.enabled {
                offered.insert(0, (Operation::NameSourceRun, "source-run", format!("{here}/run"), false));
            }
            let (colour, text) = match (source.enabled, &run) {
                (false, _) => ("disabled", l.t("source-off")),
                (true, None) => ("info", l.t("source-not-run")),
                (true, Some(run)) if run.good_at == Some(run.ran_at) => ("ok", l.heard(&run.outcome)),
                (true, Some(run)) => ("failed", l.heard(&run.outcome)),
            };
            Row {
                cells: vec![
                    Cell::Text(source.name.clone()),
                    Cell::Text(l.word("source", source.kind.as_str())),
                    Cell::Code(source.address.clone()),
                    Cell::Status { word: colour.to_owned(), text },
                    Cell::Time(run.as_ref().map(|run| run.ran_at)),
                    Cell::text(run.as_ref().map(|run| run.entries.to_string())),
                    acts(&desk, &visitor, &source.name, offered),
                ],
            }
        });
        let add = [(Operation::NameSourceCreate, "source-add", NEW.to_owned(), false)];
        let section = Section {
            title: l.t("sources"),
            about: l.t("sources-about"),
            warnings: Vec::new(),
            buttons: buttons(&desk, &visitor, add),
            listing: LISTING,
            rows,
            none: l.t("sources-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// The fields of a source, as it is or as a new one begins.
fn fields(l: Language, source: Option<&ShownNameSource>) -> Vec<Field> {
    let source = source.map(|shown| &shown.source);
    let settings = source.and_then(|source| serde_json::to_string_pretty(&source.settings).ok());
    let interval = source.map_or(300, |source| source.interval.as_secs());
    let hint =
        if source.is_some_and(|source| source.has_secret) { "secret-keep-hint" } else { "secret-hint" };
    vec![
        Field::new("address", l.t("column-address"), Kind::Text)
            .with(source.map(|source| source.address.clone()).unwrap_or_default())
            .hinted(l.t("source-address-hint")),
        Field::new("interval_s", l.t("field-interval"), Kind::Number(10, 604_800))
            .with(interval.to_string())
            .needed(),
        Field::new("secret", l.t("column-secret"), Kind::Secret).hinted(l.t(hint)),
        Field::new("settings", l.t("field-settings"), Kind::Lines(6))
            .with(settings.unwrap_or_default())
            .hinted(l.t("field-settings-hint")),
    ]
}

fn settings(given: &Given) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(text) = given.text("settings") else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Refusal::malformed(Said::SettingsUnfit { why: error.to_string() }))
}

fn new_form(l: Language) -> Form {
    let kinds = netwarden_operate::name_source_kinds();
    let kinds = kinds.map(|kind| (kind.to_owned(), l.word("source", kind))).collect();
    Form::new(l.t("source-add"), l.t("act-add"), NEW, HERE)
        .asking([
            Field::new("name", l.t("column-name"), Kind::Text).needed(),
            Field::new("kind", l.t("column-kind"), Kind::Choice(kinds)),
        ])
        .asking(fields(l, None))
        .asking([reason(l)])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(new_form(visitor.language())) };
    asked(&desk, &visitor, Operation::NameSourceCreate, form).await
}

pub(crate) async fn create(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let wish = NameSourceWish {
            name: given.text("name").unwrap_or_default(),
            kind: given.text("kind").unwrap_or_default(),
            address: given.text("address").unwrap_or_default(),
            interval_s: given.seconds("interval_s")?,
            settings: settings(&given)?.unwrap_or_default(),
            secret: given.secret("secret"),
        };
        desk.create_name_source(visitor.caller(), wish, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=added")))
    };
    let form = async { Ok(new_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

async fn edit_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let (l, shown) = (visitor.language(), desk.name_source(visitor.caller(), name).await?);
    let on = if shown.source.enabled { "true" } else { "" };
    Ok(Form::new(l.t1("source-change", "name", name), l.t("act-save"), address(name), HERE)
        .asking([Field::new("enabled", l.t("source-enabled"), Kind::Tick).with(on)])
        .asking(fields(l, Some(&shown)))
        .asking([reason(l)]))
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::NameSourceModify, edit_form(&desk, &visitor, &name)).await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        let edit = NameSourceEdit {
            name: None,
            address: Some(given.text("address").unwrap_or_default()),
            interval_s: given.seconds("interval_s")?,
            enabled: Some(given.text("enabled").is_some()),
            settings: settings(&given)?,
            secret: given.secret("secret"),
        };
        desk.modify_name_source(visitor.caller(), &name, edit, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, edit_form(&desk, &visitor, &name)).await
}

async fn remove_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    desk.name_source(visitor.caller(), name).await?;
    let action = format!("{}/remove", address(name));
    Ok(Form::new(l.t1("source-remove", "name", name), l.t("act-remove"), action, HERE)
        .telling([l.t("source-remove-told")])
        .asking([reason(l)])
        .dangerous())
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::NameSourceDelete, remove_form(&desk, &visitor, &name)).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.delete_name_source(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, remove_form(&desk, &visitor, &name)).await
}

async fn run_form(desk: &Desk, visitor: &Visitor, name: &str) -> Result<Form, Refusal> {
    let l = visitor.language();
    desk.name_source(visitor.caller(), name).await?;
    let action = format!("{}/run", address(name));
    Ok(Form::new(l.t1("source-run-title", "name", name), l.t("source-run"), action, HERE))
}

pub(crate) async fn run_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::NameSourceRun, run_form(&desk, &visitor, &name)).await
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.run_name_source(visitor.caller(), &name).await?;
        Ok(led_to(&format!("{HERE}?done=started")))
    };
    submitted(&desk, &visitor, &given, done, run_form(&desk, &visitor, &name)).await
}

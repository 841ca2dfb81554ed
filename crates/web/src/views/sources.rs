//! Sources of endpoints' names: DNS servers, directories, leases of DHCP servers; how their last run went.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, NameSourceEdit, NameSourceWish, ShownNameSource};
use zeroize::Zeroizing;

use super::act::{ActForm, Given};
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
const LISTING: &Listing = &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "sources.csv" };
const FILTERS: Filters =
    &[("text", "filter-text", None), ("enabled", "column-status", Some(("rule", &["true", "false"])))];

fn address(name: &str) -> String {
    format!("{HERE}/{}", escaped(name))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let sources = desk.list_name_sources(visitor.caller(), LISTING.wish(&query)).await?;
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
                (true, Some(run)) if run.good_at == Some(run.ran_at) => ("ok", run.outcome.clone()),
                (true, Some(run)) => ("failed", run.outcome.clone()),
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

fn interval(given: &Given) -> Result<Option<u64>, Refusal> {
    let Some(text) = given.text("interval_s") else { return Ok(None) };
    let shown: String = text.chars().take(32).collect();
    text.parse().map(Some).map_err(|_| Refusal::malformed(format!("'{shown}' is no number of seconds")))
}

fn settings(given: &Given) -> Result<Option<serde_json::Value>, Refusal> {
    let Some(text) = given.text("settings") else { return Ok(None) };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Refusal::malformed(format!("the settings are no JSON: {error}")))
}

fn secret(given: &Given) -> Option<Zeroizing<String>> {
    given.rest.get("secret").filter(|secret| !secret.is_empty()).cloned().map(Zeroizing::new)
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
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::NameSourceCreate).await?;
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
        let done = async {
            let wish = NameSourceWish {
                name: given.text("name").unwrap_or_default(),
                kind: given.text("kind").unwrap_or_default(),
                address: given.text("address").unwrap_or_default(),
                interval_s: interval(&given)?,
                settings: settings(&given)?.unwrap_or_default(),
                secret: secret(&given),
            };
            Ok::<_, Refusal>(desk.create_name_source(visitor.caller(), wish, &given.reason).await?)
        };
        match done.await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=added"))),
            Err(refusal) => new_form(visitor.language()).refused(&desk, &visitor, &given, refusal).await,
        }
    })
    .await
}

async fn found(desk: &Desk, visitor: &Visitor, name: &str) -> Result<ShownNameSource, Refusal> {
    let sources = desk.name_sources(visitor.caller()).await?;
    let missing = || {
        let shown: String = name.chars().take(64).collect();
        let detail = format!("name source '{shown}' does not exist");
        Refusal::new(axum::http::StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    };
    sources.into_iter().find(|shown| shown.source.name == name).ok_or_else(missing)
}

fn edit_form(l: Language, shown: &ShownNameSource) -> Form {
    let source = &shown.source;
    let on = if source.enabled { "true" } else { "" };
    Form::new(
        l.t1("source-change", "name", source.name.clone()),
        l.t("act-save"),
        address(&source.name),
        HERE,
    )
    .asking([Field::new("enabled", l.t("source-enabled"), Kind::Tick).with(on)])
    .asking(fields(l, Some(shown)))
    .asking([reason(l)])
}

pub(crate) async fn edit_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::NameSourceModify).await?;
        let shown = found(&desk, &visitor, &name).await?;
        edit_form(visitor.language(), &shown).shown(&desk, &visitor).await
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
        let done = async {
            let edit = NameSourceEdit {
                name: None,
                address: Some(given.text("address").unwrap_or_default()),
                interval_s: interval(&given)?,
                enabled: Some(given.text("enabled").is_some()),
                settings: settings(&given)?,
                secret: secret(&given),
            };
            Ok::<_, Refusal>(desk.modify_name_source(visitor.caller(), &name, edit, &given.reason).await?)
        };
        match done.await {
            Ok(_) => Ok(led_to(&format!("{HERE}?done=changed"))),
            Err(refusal) => {
                let Ok(shown) = found(&desk, &visitor, &name).await else { return Err(refusal) };
                edit_form(visitor.language(), &shown).refused(&desk, &visitor, &given, refusal).await
            }
        }
    })
    .await
}

fn remove_form(l: Language, name: &str) -> Form {
    let action = format!("{}/remove", address(name));
    Form::new(l.t1("source-remove", "name", name), l.t("act-remove"), action, HERE)
        .telling([l.t("source-remove-told")])
        .asking([reason(l)])
        .dangerous()
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::NameSourceDelete).await?;
        let shown = found(&desk, &visitor, &name).await?;
        remove_form(visitor.language(), &shown.source.name).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.delete_name_source(visitor.caller(), &name, &given.reason).await {
            Ok(()) => Ok(led_to(&format!("{HERE}?done=removed"))),
            Err(error) => {
                let form = remove_form(visitor.language(), &name);
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

fn run_form(l: Language, name: &str) -> Form {
    let action = format!("{}/run", address(name));
    Form::new(l.t1("source-run-title", "name", name), l.t("source-run"), action, HERE)
}

pub(crate) async fn run_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::NameSourceRun).await?;
        let shown = found(&desk, &visitor, &name).await?;
        run_form(visitor.language(), &shown.source.name).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn run(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.run_name_source(visitor.caller(), &name).await {
            Ok(()) => Ok(led_to(&format!("{HERE}?done=started"))),
            Err(error) => {
                let form = run_form(visitor.language(), &name);
                form.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

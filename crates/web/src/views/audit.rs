//! The audit trail: who did what, with old and new side by side, and the chain of cause that it stands in.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use netwarden_api::audit::Record;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, Export, ListWish};

use super::chain::{Card, cards};
use super::endpoints::{Property, listed, wish};
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::ports;
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::shape;
use crate::stream::octets;

const COLUMNS: Columns = &[
    ("column-time", None),
    ("column-user", None),
    ("column-operation", None),
    ("column-object", None),
    ("column-outcome", None),
    ("column-reason", None),
    ("property-terminal", None),
    ("column-number", None),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("from", "filter-from", None),
    ("until", "filter-until", None),
    ("user", "column-user", None),
    ("operation", "column-operation", None),
    ("object", "filter-object", None),
    ("outcome", "column-outcome", Some(("outcome", &["success", "failure", "denied", "unknown", "opened"]))),
    ("object_kind", "filter-object-kind", None),
    ("kind", "filter-log", Some(("log", &["operation", "security", "system", "ne"]))),
    ("plane", "filter-plane", Some(("plane", &["management", "om", "tenant"]))),
    ("address", "property-terminal", None),
    ("session", "filter-session", None),
    ("request", "filter-request", None),
];

fn outcome(l: Language, record: &Record) -> Cell {
    Cell::Status { word: record.outcome.clone(), text: l.word("outcome", &record.outcome) }
}

fn row(l: Language, record: &Record) -> Row {
    Row {
        cells: vec![
            Cell::Time(Some(record.at)),
            Cell::Text(record.user.clone()),
            Cell::Code(record.operation.clone()),
            Cell::Text(record.object.clone()),
            outcome(l, record),
            Cell::Text(l.heard(&record.details)),
            Cell::text(record.terminal.clone()),
            Cell::Link { text: format!("#{}", record.index), href: format!("/audit/{}", record.index) },
        ],
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    table: Table,
    may_export: bool,
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.list_audit(visitor.caller(), wish(&query)?).await?, shape::record);
        let rows = page.items.iter().map(|record| row(l, record));
        let table = Table::new(l, "/audit", &l.t("nav-audit"), COLUMNS, FILTERS, &query)
            .filled(&query, rows.collect(), page.next.as_deref())
            .counted(page.total)
            .with_csv("/audit.csv", &query)
            .or_empty(l.t("audit-none"));
        if visitor.part {
            return listed(&desk, &visitor, l.t("nav-audit"), table).await;
        }
        let table = table.viewed(&visitor.view, &visitor.here);
        let frame = Frame::of(&desk, &visitor, l.t("nav-audit")).await;
        let may_export = visitor.may(&desk, Operation::AuditExport);
        frame::page(&AuditPage { frame, table, may_export })
    })
    .await
}

/// Exactly the columns and the filter of the list.
pub(crate) async fn csv(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut sheet = Sheet::new(&visitor, "/audit", COLUMNS);
        let mut wanted = ListWish { limit: Some(AT_ONCE), ..wish(&query)? };
        while !sheet.is_full() {
            let page = shape::page(desk.list_audit(visitor.caller(), wanted.clone()).await?, shape::record);
            page.items.iter().for_each(|record| sheet.push(&row(l, record)));
            wanted.after = page.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(sheet.file("audit.csv", wanted.after.is_some()))
    })
    .await
}

/// The whole trail with its signatures, which `netwarden audit verify FILE` verifies with the public key
/// alone; as REST gives it.
pub(crate) async fn export(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, async {
        let Export { range, lines, ended } = desk.export_audit(visitor.caller(), None, None).await?;
        let file = format!("attachment; filename=\"audit-{}-{}.jsonl\"", range.start, range.end);
        let headers =
            [(header::CONTENT_TYPE, "application/jsonl".to_owned()), (header::CONTENT_DISPOSITION, file)];
        Ok((headers, Body::from_stream(octets(lines, Some(ended)))).into_response())
    })
    .await
}

/// A property before and after.
#[derive(Debug, PartialEq, Eq)]
struct Side {
    name: String,
    old: String,
    new: String,
    differs: bool,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    head: Vec<Cell>,
    properties: Vec<Property>,
    /// Old and new, property by property; empty where they have none.
    sides: Vec<Side>,
    old: String,
    new: String,
    chain: Vec<Card>,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, Place(index): Place<u64>) -> Response {
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let (found, links) = desk.why_record(visitor.caller(), index).await?;
        let object = (found.record.object.kind.clone(), found.record.object.id.clone());
        let more = [
            ("property-cause", found.record.request.clone()),
            ("property-cause-told", found.record.cause.clone()),
            ("filter-session", found.record.session.as_ref().map(ToString::to_string)),
        ];
        let record = shape::record(found);
        let text = |key: &str, text: &str| Property { name: l.t(key), cell: Cell::Text(text.to_owned()) };
        let mut properties = vec![
            Property { name: l.t("column-time"), cell: Cell::Time(Some(record.at)) },
            text("column-user", &record.user),
            text("column-operation", &record.operation),
            Property { name: l.t("column-object"), cell: object_cell(&object.0, object.1.as_deref()) },
            text("column-reason", &l.heard(&record.details)),
        ];
        properties.extend(record.terminal.as_deref().map(|terminal| text("property-terminal", terminal)));
        properties.extend(more.iter().filter_map(|(key, said)| Some(text(key, &l.heard(said.as_deref()?)))));
        let title = format!("{} · #{}", record.operation, record.index);
        let (old, new) = (record.old.clone().unwrap_or_default(), record.new.clone().unwrap_or_default());
        frame::page(&RecordPage {
            frame: Frame::of(&desk, &visitor, title).await,
            head: vec![outcome(l, &record)],
            properties,
            sides: sides(&old, &new),
            old: in_lines(old),
            new: in_lines(new),
            chain: cards(&desk, &visitor, links),
        })
    })
    .await
}

/// What was acted on, with the way there.
fn object_cell(kind: &str, id: Option<&str>) -> Cell {
    let Some(id) = id else { return Cell::Text(kind.to_owned()) };
    let number = id.parse::<i64>().ok();
    let href = match (kind, number) {
        ("endpoint", _) if id.parse::<netwarden_model::Mac>().is_ok() => Some(super::endpoints::address(id)),
        ("ne", Some(ne)) => Some(format!("/elements/{ne}")),
        ("rule", Some(rule)) => Some(format!("/rules/{rule}")),
        ("event", Some(seq)) => Some(format!("/events/{seq}")),
        ("port", _) => port_of(id).map(|(ne, port)| ports::address(ne, port)),
        _ => None,
    };
    let text = format!("{kind} {id}");
    match href {
        Some(href) => Cell::Link { text, href },
        None => Cell::Link { href: format!("/audit?object={}", escaped(id)), text },
    }
}

/// A port as people's operations name it, `4/Gi1/0/1`, or as enforcement does, `NE 4 port Gi1/0/1`.
fn port_of(id: &str) -> Option<(i64, &str)> {
    let by_enforcement = id.strip_prefix("NE ").and_then(|rest| rest.split_once(" port "));
    let (ne, port) = by_enforcement.or_else(|| id.split_once('/'))?;
    Some((ne.parse().ok()?, port))
}

/// A value as people read it: JSON with its lines.
fn in_lines(text: String) -> String {
    let read = serde_json::from_str::<serde_json::Value>(&text).ok().filter(|value| !value.is_string());
    read.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or(text)
}

/// Properties of two JSON objects side by side, those that differ first; nothing where either is none.
fn sides(old: &str, new: &str) -> Vec<Side> {
    let read = |text: &str| match text.is_empty() {
        true => Some(serde_json::Map::new()),
        false => serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).ok(),
    };
    let (Some(old), Some(new)) = (read(old), read(new)) else { return Vec::new() };
    let said = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let names: BTreeMap<&String, ()> = old.keys().chain(new.keys()).map(|name| (name, ())).collect();
    let mut sides: Vec<Side> = names
        .into_keys()
        .map(|name| {
            let (old, new) = (said(old.get(name)), said(new.get(name)));
            Side { name: name.clone(), differs: old != new, old, new }
        })
        .collect();
    sides.sort_by_key(|side| !side.differs);
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_stands_first() {
        let found = sides(r#"{"a":1,"name":"sw1","zone":null}"#, r#"{"a":1,"name":"sw2"}"#);
        let names: Vec<_> = found.iter().map(|side| (side.name.as_str(), side.differs)).collect();
        assert_eq!(names, [("name", true), ("a", false), ("zone", false)]);
        assert_eq!((found[0].old.as_str(), found[0].new.as_str()), ("sw1", "sw2"));
        assert!(sides("stopped", "").is_empty() && sides("", "").is_empty());
    }

    #[test]
    fn objects_lead_to_their_pages() {
        for (kind, id, expected) in [
            ("endpoint", "00:1b:21:3a:4f:5e", "/endpoints/00%3A1b%3A21%3A3a%3A4f%3A5e"),
            ("ne", "4", "/elements/4"),
            ("port", "4/Gi1/0/1", "/elements/4/ports/Gi1%2F0%2F1"),
            ("port", "NE 4 port Gi1/0/1", "/elements/4/ports/Gi1%2F0%2F1"),
            ("user", "alice", "/audit?object=alice"),
        ] {
            let Cell::Link { href, .. } = object_cell(kind, Some(id)) else { panic!("{kind}") };
            assert_eq!(href, expected);
        }
    }
}

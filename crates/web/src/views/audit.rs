//! The audit trail: who did what, with old and new side by side.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_api::audit::Record;
use netwarden_operate::{Desk, ListWish};

use super::endpoints::{Property, listed, wish};
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-time", None),
    ("column-user", None),
    ("column-operation", None),
    ("column-object", None),
    ("column-outcome", None),
    ("column-reason", None),
    ("column-number", None),
];
const FILTERS: Filters = &[
    ("user", "column-user", None),
    ("operation", "column-operation", None),
    ("object", "column-object", None),
    ("outcome", "column-outcome", Some(("outcome", &["success", "failure", "denied", "unknown"]))),
];

fn outcome(l: Language, record: &Record) -> Cell {
    Cell::Status { word: record.outcome.clone(), text: l.word("outcome", &record.outcome) }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.list_audit(visitor.caller(), wish(&query)).await?, shape::record);
        let rows = page.items.iter().map(|record| Row {
            cells: vec![
                Cell::Time(Some(record.at)),
                Cell::Text(record.user.clone()),
                Cell::Code(record.operation.clone()),
                Cell::Text(record.object.clone()),
                outcome(l, record),
                Cell::Text(record.details.clone()),
                Cell::Link { text: format!("#{}", record.index), href: format!("/audit/{}", record.index) },
            ],
        });
        let table = Table::new(l, "/audit", &l.t("nav-audit"), COLUMNS, FILTERS, &query)
            .filled(&query, rows.collect(), page.next.as_deref())
            .counted(page.total)
            .or_empty(l.t("audit-none"));
        listed(&desk, &visitor, l.t("nav-audit"), table).await
    })
    .await
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    head: Vec<Cell>,
    properties: Vec<Property>,
    old: String,
    new: String,
    raw: Vec<(String, String)>,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, Place(index): Place<u64>) -> Response {
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let filters = vec![("index".to_owned(), index.to_string())];
        let found = desk.list_audit(visitor.caller(), ListWish { filters, ..ListWish::default() }).await?;
        let record = found.items.into_iter().next().map(shape::record).ok_or_else(|| {
            let status = axum::http::StatusCode::NOT_FOUND;
            Refusal::new(
                status,
                "not-found",
                "Not found",
                l.t1("audit-no-record", "index", index.to_string()),
            )
        })?;
        let text = |key: &str, text: &str| Property { name: l.t(key), cell: Cell::Text(text.to_owned()) };
        let mut properties = vec![
            Property { name: l.t("column-time"), cell: Cell::Time(Some(record.at)) },
            text("column-user", &record.user),
            text("column-operation", &record.operation),
            text("column-object", &record.object),
            text("column-reason", &record.details),
        ];
        properties.extend(record.terminal.as_deref().map(|terminal| text("property-terminal", terminal)));
        let title = format!("{} · #{}", record.operation, record.index);
        frame::page(&RecordPage {
            frame: Frame::of(&desk, &visitor, title).await,
            head: vec![outcome(l, &record)],
            properties,
            old: record.old.unwrap_or_default(),
            new: record.new.unwrap_or_default(),
            raw: Vec::new(),
        })
    })
    .await
}

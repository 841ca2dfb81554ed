//! Events: the list, live; and one with what caused it and what it has caused.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use netwarden_api::event::Event;
use netwarden_identity::Operation;
use netwarden_model::EventSeq;
use netwarden_operate::{Caller, Desk, ListWish, event_text};

use super::acts;
use super::chain::{Card, cards};
use super::endpoints::{Button, Property, listed, wish};
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, Row, Table, viewed_row};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::live;
use crate::shape;

pub(super) const COLUMNS: Columns = &[
    ("column-time", Some("at")),
    ("column-severity", None),
    ("column-event", None),
    ("column-what", None),
    ("column-number", None),
];
pub(super) const KINDS: &[&str] = &[
    "new_endpoint",
    "mac_online",
    "mac_offline",
    "unauthorised",
    "endpoint_moved",
    "mac_spoofing",
    "arp_spoofing",
    "now_noncompliant",
    "now_compliant",
    "fingerprint_changed",
    "wrong_tpm_signature",
    "ne_unreachable",
    "ne_reachable",
    "ne_rebooted",
    "critical_system_failure",
    "enforcement_done",
    "enforcement_failed",
    "enforcement_held",
    "enforcement_observed",
    "reaction_done",
    "reaction_failed",
    "rule_set_changed",
    "rule_settings_changed",
    "tick",
    "port_became_uplink",
    "ne_incomplete",
    "login_failures",
    "shared_account",
    "operation_refused",
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("kind", "column-event", Some(("kind", KINDS))),
    ("severity", "column-severity", Some(("severity", &["critical", "major", "minor", "warning", "info"]))),
    ("mac", "column-mac", None),
    ("ne", "filter-ne", None),
    ("from", "filter-from", None),
    ("until", "filter-until", None),
];

/// An event in the reader's words, with all that it tells.
pub(super) fn told(
    l: Language,
    desk: &Desk,
    caller: &Caller,
    event: &netwarden_model::Event,
) -> Result<Event, crate::Refusal> {
    Ok(Event { text: l.said(&desk.event_told(caller, event)), ..shape::event(event)? })
}

pub(super) fn severity(l: Language, event: &Event) -> Cell {
    Cell::Status { word: event.severity.clone(), text: l.word("severity", &event.severity) }
}

/// `elements` says whether this reader may see the pages of network elements.
pub(super) fn row(l: Language, event: &Event, elements: bool) -> Row {
    Row {
        cells: vec![
            Cell::Time(Some(event.at)),
            severity(l, event),
            Cell::Text(l.word("kind", &event.kind)),
            what(event, elements),
            Cell::Link { text: format!("#{}", event.seq), href: format!("/events/{}", event.seq) },
        ],
    }
}

/// Whom it is about, with the way there; as [`row`].
pub(super) fn what(event: &Event, elements: bool) -> Cell {
    let is_mac = event.subject.parse::<netwarden_model::Mac>().is_ok();
    if is_mac {
        return Cell::Link {
            text: event.text.clone(),
            href: format!("/endpoints/{}", escaped(&event.subject)),
        };
    }
    match event.ne_id {
        Some(ne) => Cell::link_where(elements, event.text.clone(), format!("/elements/{ne}")),
        None => Cell::Text(event.text.clone()),
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let elements = visitor.may(&desk, Operation::NeRead);
        let found = desk.list_events(visitor.caller(), wish(&query)?).await?;
        let told = |event| told(l, &desk, visitor.caller(), event);
        let rows = found.items.iter().map(|event| Ok(row(l, &told(event)?, elements)));
        let rows = rows.collect::<Result<Vec<_>, crate::Refusal>>()?;
        let mut table = Table::new(l, "/events", &l.t("nav-events"), COLUMNS, FILTERS, &query)
            .filled(&query, rows, found.next.as_deref())
            .with_csv("/events.csv", &query)
            .or_empty(l.t("events-none"));
        // What is appended belongs on the first page only.
        let is_whole = ["after", "sort", "until", "text"].iter().all(|name| query.get(name).is_none());
        if is_whole {
            table.live = Some(query.without(&["limit"]).at("/events/live"));
        }
        listed(&desk, &visitor, l.t("nav-events"), table).await
    })
    .await
}

/// Exactly the columns and the filter of the list.
pub(crate) async fn csv(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut sheet = Sheet::new(&visitor, "/events", COLUMNS);
        let mut wanted = ListWish { limit: Some(AT_ONCE), ..wish(&query)? };
        while !sheet.is_full() {
            let page = desk.list_events(visitor.caller(), wanted.clone()).await?;
            for event in &page.items {
                sheet.push(&row(l, &told(l, &desk, visitor.caller(), event)?, false));
            }
            wanted.after = page.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(sheet.file("events.csv", wanted.after.is_some()))
    })
    .await
}

#[derive(Template)]
#[template(path = "row.html")]
struct RowPart {
    row: Row,
}

/// Rows of the list as events are appended: server-sent events whose data is the row.
pub(crate) async fn live(
    State(desk): State<Desk>,
    visitor: Visitor,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    let wanted = match wish(&query) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal.into_response(),
    };
    let (l, view) = (visitor.language(), visitor.view.clone());
    let elements = visitor.may(&desk, Operation::NeRead);
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let told = move |desk: &_, caller: &_, event: &_| told(l, desk, caller, event);
    match live::tail(desk, visitor.asker, last.map(EventSeq), wanted.filters, told).await {
        Ok(tail) => {
            let rows = tail.map(move |event| {
                let row = viewed_row(row(l, &event, elements), &view, "/events", COLUMNS);
                let row = RowPart { row }.render().map_err(axum::Error::new)?;
                Ok::<_, axum::Error>(Sent::default().id(event.seq.to_string()).event("row").data(row))
            });
            Sse::new(rows).keep_alive(KeepAlive::new()).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    frame: Frame,
    head: Vec<Cell>,
    properties: Vec<Property>,
    buttons: Vec<Button>,
    /// What led to it, and what it led to.
    before: Vec<Card>,
    after: Vec<Card>,
    /// Everything that was frozen into it.
    raw: Vec<(String, String)>,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, Place(seq): Place<i64>) -> Response {
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let found = desk.event(visitor.caller(), EventSeq(seq)).await?;
        let event = Event { text: l.said(&event_text(&found)), ..shape::event(&found)? };
        let mut properties = vec![Property {
            name: l.t("column-what"),
            cell: what(&event, visitor.may(&desk, Operation::NeRead)),
        }];
        properties.extend(
            desk.event_details(visitor.caller(), &found)
                .map(|details| Property { name: l.t("property-told"), cell: Cell::Text(l.said(&details)) }),
        );
        properties.extend([
            Property { name: l.t("column-time"), cell: Cell::Time(Some(event.at)) },
            Property { name: l.t("property-recorded"), cell: Cell::Time(Some(event.recorded_at)) },
        ]);
        if let Some(cause) = &event.cause {
            properties.push(Property { name: l.t("property-cause"), cell: Cell::Code(cause.clone()) });
        }
        let raw = [
            Some(("property-details", &event.details)),
            event.endpoint.as_ref().map(|e| ("property-endpoint", e)),
        ];
        let raw = raw
            .into_iter()
            .flatten()
            .map(|(key, value)| (l.t(key), serde_json::to_string_pretty(value).unwrap_or_default()));
        let causes = desk.why_event(visitor.caller(), EventSeq(seq)).await?;
        let title = format!("{} · #{}", l.word("kind", &event.kind), event.seq);
        frame::page(&EventPage {
            buttons: acts::on_subject(&desk, &visitor, &event).await,
            before: cards(&desk, &visitor, causes.before),
            after: cards(&desk, &visitor, causes.after),
            frame: Frame::of(&desk, &visitor, title).await,
            head: vec![severity(l, &event)],
            properties,
            raw: raw.collect(),
        })
    })
    .await
}

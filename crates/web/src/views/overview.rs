//! The start page: how the network and the system are, what needs attention, and events over time.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;
use netwarden_model::{Event, PortRef};
use netwarden_operate::{Desk, ListWish, Status};

use super::act::notice;
use super::charts::{self, Charts};
use super::events::{severity, told, what};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::system;
use super::table::{Cell, Row, Table};
use super::visitor::Visitor;
use super::{acts, bulk};
use crate::address::Query;
use crate::refusal::Refusal;

/// A number with the list behind it.
struct Count {
    text: String,
    value: String,
    href: &'static str,
    /// Its colour where it is not zero.
    word: &'static str,
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    /// Nothing is in the inventory yet.
    empty: bool,
    may_add: bool,
    counts: Vec<Count>,
    worries: Vec<Row>,
    charts: Charts,
    parts: Table,
}

/// Lines of what needs attention.
const LINES: usize = 10;
/// Events that are looked at for them.
const LOOKED_AT: u64 = 200;

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        // Who has nothing to do with the network starts where their work is.
        if !Frame::has_start(&desk, &visitor) {
            return Ok(led_to("/system"));
        }
        let status = desk.status(caller).await?;
        let worries = match visitor.may(&desk, Operation::EventRead) {
            true => worries(&desk, &visitor).await?,
            false => Vec::new(),
        };
        let charts = charts::of(&desk, &visitor, &query).await?;
        let frame = Frame::of(&desk, &visitor, l.t("nav-overview")).await;
        let held = desk.ports_enforced(&caller.scope(Operation::SystemStatus)).await?;
        let held = usize::try_from(held).unwrap_or(usize::MAX);
        frame::page(&OverviewPage {
            frame: frame.with_notice(notice(l, &query, |_| None)),
            empty: status.counters.elements == 0,
            may_add: visitor.may(&desk, Operation::NeCreate),
            counts: counts(&desk, &visitor, &status, held),
            worries,
            charts,
            parts: system::parts(&desk, &visitor).await?,
        })
    })
    .await
}

/// What needs attention: the last day's events from minor on, those of one kind at one port or element as one
/// line with how many there were; where there are many ports, an element's as one.
async fn worries(desk: &Desk, visitor: &Visitor) -> Result<Vec<Row>, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let day = desk.clock.now().saturating_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let wanted = ListWish {
        filters: vec![("severity".to_owned(), "minor".to_owned()), ("from".to_owned(), day.to_string())],
        limit: Some(LOOKED_AT),
        ..ListWish::default()
    };
    let events = desk.list_events(caller, wanted).await?.items;
    // There may be more behind those that were looked at.
    let key = if usize::try_from(LOOKED_AT).is_ok_and(|most| events.len() < most) {
        "worries-many"
    } else {
        "worries-at-least"
    };
    let mut lines = folded(&events, true);
    if lines.len() > LINES {
        lines = folded(&events, false);
    }
    let mut rows = Vec::new();
    for Line { latest, count, is_of_one, ports } in lines.into_iter().take(LINES) {
        let event = told(l, desk, caller, latest)?;
        let kind = l.word("kind", &event.kind);
        let kind = if count > 1 {
            let query = Query::default().with("severity", "minor").with("kind", &event.kind);
            let query = query.with("from", &day.to_string());
            let query = match event.ne_id {
                Some(ne) => query.with("ne", &ne.to_string()),
                None => query,
            };
            let times = i64::try_from(count).unwrap_or(i64::MAX);
            let text = l.with(key, &[("kind", kind.into()), ("count", times.into())]);
            Cell::Link { text, href: query.at("/events") }
        } else {
            Cell::Link { text: kind, href: format!("/events/{}", event.seq) }
        };
        // Acts are on one endpoint; where the line is about several, on the ports where they are.
        let buttons = match is_of_one {
            true => acts::at_hand(desk, visitor, &event.subject).await,
            false if visitor.may(desk, Operation::PortRead) => {
                let ports: Vec<bulk::Port> = desk.known_ports(ports).into_iter().map(Into::into).collect();
                bulk::on_these(desk, visitor, &["move", "off"], &ports)
            }
            false => Vec::new(),
        };
        let cells = vec![
            Cell::Time(Some(event.at)),
            severity(l, &event),
            kind,
            what(&event, visitor.may(desk, Operation::NeRead)),
            Cell::ActsOn { buttons, of: event.subject },
        ];
        rows.push(Row { cells });
    }
    Ok(rows)
}

/// Events that are told as one.
struct Line<'e> {
    latest: &'e Event,
    count: usize,
    /// All of them are about the same.
    is_of_one: bool,
    /// The ports that they name.
    ports: BTreeSet<PortRef>,
}

/// Events, newest first, of one kind at one place put together: at a port where `by_port`, else at an element;
/// what has no place, by whom it is about.
fn folded(events: &[Event], by_port: bool) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let is_alike = |a: &Event, b: &Event| {
        a.kind == b.kind
            && a.severity == b.severity
            && a.ne == b.ne
            && match a.ne {
                Some(_) => !by_port || a.port == b.port,
                None => a.subject == b.subject,
            }
    };
    for event in events {
        let port = event.ne.zip(event.port.clone()).map(|(ne, port)| PortRef { ne, port });
        match lines.iter_mut().find(|line| is_alike(line.latest, event)) {
            Some(line) => {
                line.count += 1;
                line.is_of_one &= line.latest.subject == event.subject;
                line.ports.extend(port);
            }
            None => {
                let ports = port.into_iter().collect();
                lines.push(Line { latest: event, count: 1, is_of_one: true, ports });
            }
        }
    }
    lines
}

/// The counts whose lists this reader may open.
fn counts(desk: &Desk, visitor: &Visitor, status: &Status, held: usize) -> Vec<Count> {
    let l = visitor.language();
    let count = |key: &str, value: usize, href, word| Count {
        text: l.t(key),
        value: number(l, value as f64),
        href,
        word: if value > 0 { word } else { "" },
    };
    let all = [
        (
            Operation::EndpointRead,
            count("count-online", status.counters.online, "/endpoints?online=true", "online"),
        ),
        (Operation::EndpointRead, count("count-new", status.new, "/endpoints?status=new", "new")),
        (
            Operation::EndpointRead,
            count(
                "count-unauthorised",
                status.unauthorised,
                "/endpoints?status=unauthorised",
                "unauthorised",
            ),
        ),
        (Operation::PortRead, count("count-held", held, "/ports?enforced=true", "enforced")),
        (Operation::EndpointRead, count("count-endpoints", status.counters.endpoints, "/endpoints", "")),
        (Operation::NeRead, count("count-elements", status.counters.elements, "/elements", "")),
        (
            Operation::NeRead,
            count("count-unreachable", status.unreachable, "/elements?status=unreachable", "unreachable"),
        ),
    ];
    let open = all.into_iter().filter(|(operation, _)| visitor.may(desk, *operation));
    open.map(|(_, count)| count).collect()
}

pub(super) fn number(l: Language, value: f64) -> String {
    l.t1("number", "value", value)
}

#[cfg(test)]
mod tests {
    use netwarden_model::event::NacPayload;
    use netwarden_model::{EventKind, EventSeq, Mac, NeId, NewEvent, Outcome, Payload, Subject};

    use super::*;

    fn event(seq: i64, kind: EventKind, mac: u64, ne: Option<i64>, port: &str) -> Event {
        let at = Timestamp::UNIX_EPOCH;
        Event {
            seq: EventSeq(seq),
            recorded_at: at,
            event: NewEvent {
                at,
                kind,
                subject: Subject::Mac(Mac::from_u64(mac).unwrap()),
                ne: ne.map(NeId),
                port: Some(port.into()),
                severity: kind.default_severity(),
                outcome: Outcome::Success,
                facts: None,
                payload: Payload::Nac(NacPayload::NewEndpoint),
                cause: None,
            },
        }
    }

    #[test]
    fn events_of_one_kind_at_one_place_are_one_line() {
        let (new, refused) = (EventKind::NewEndpoint, EventKind::Unauthorised);
        let events = [
            event(6, new, 1, Some(1), "Gi1"),
            event(5, new, 1, Some(1), "Gi1"),
            event(4, refused, 1, Some(1), "Gi1"),
            event(3, new, 2, Some(1), "Gi2"),
            event(2, new, 3, None, ""),
            event(1, new, 4, None, ""),
        ];
        let told = |by_port: bool| {
            let lines = folded(&events, by_port);
            lines.iter().map(|line| (line.latest.seq.0, line.count, line.is_of_one)).collect::<Vec<_>>()
        };
        assert_eq!(told(true), [(6, 2, true), (4, 1, true), (3, 1, true), (2, 1, true), (1, 1, true)]);
        assert_eq!(told(false), [(6, 3, false), (4, 1, true), (2, 1, true), (1, 1, true)]);
        let lines = folded(&events, false);
        let ports: Vec<String> = lines[0].ports.iter().map(|port| port.port.to_string()).collect();
        assert_eq!(ports, ["Gi1", "Gi2"], "each once");
        assert!(lines[2].ports.is_empty());
    }
}

//! What an element's page tells beside its ports: VLANs, neighbours, how its polls go, and its alarms.

use netwarden_identity::Operation;
use netwarden_operate::{Desk, ElementDetail, ListWish};

use super::endpoints::Property;
use super::events;
use super::language::Language;
use super::ports;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

const VLANS: Columns =
    &[("column-vlan", None), ("column-use", None), ("column-pvid-of", None), ("column-endpoints", None)];
const NEIGHBOURS: Columns = &[
    ("column-port", None),
    ("column-neighbour", None),
    ("column-remote-port", None),
    ("column-protocol", None),
    ("column-capabilities", None),
    ("property-descr", None),
];
const POLLS: Columns = &[("column-method", None), ("column-interval", None), ("column-last-good", None)];
/// Events of an element's page.
const ALARMS: u64 = 20;
/// Ports that a row of a VLAN names.
const PORTS_NAMED: usize = 24;

fn plain(l: Language, caption: &str, columns: Columns, rows: Vec<Row>, empty: &str) -> Table {
    let none = Query::default();
    Table::new(l, "", &l.t(caption), columns, &[], &none).filled(&none, rows, None).or_empty(l.t(empty))
}

pub(super) fn vlans(l: Language, ne: i64, detail: &ElementDetail) -> Table {
    let rows = detail.vlans.iter().map(|on| {
        let uses = [
            on.quarantine.then(|| l.t("property-quarantine-vlan")),
            on.voice.then(|| l.t("property-voice-vlan")),
        ];
        let mut ports: Vec<String> = on.ports.iter().take(PORTS_NAMED).map(|port| port.0.clone()).collect();
        let more = on.ports.len().saturating_sub(ports.len());
        if more > 0 {
            ports.push(l.t1("and-more", "count", i64::try_from(more).unwrap_or(i64::MAX)));
        }
        let inside = match on.endpoints {
            0 => Cell::Text(String::new()),
            count => {
                Cell::Link { text: count.to_string(), href: format!("/endpoints?ne={ne}&vlan={}", on.vlan) }
            }
        };
        Row {
            cells: vec![
                Cell::Text(on.vlan.to_string()),
                Cell::Text(uses.into_iter().flatten().collect::<Vec<_>>().join(", ")),
                Cell::Text(ports.join(", ")),
                inside,
            ],
        }
    });
    plain(l, "vlans", VLANS, rows.collect(), "vlans-none")
}

pub(super) fn neighbours(l: Language, ne: i64, detail: &ElementDetail) -> Table {
    let rows = detail.neighbours.iter().map(|on| Row {
        cells: vec![
            match &on.port {
                Some(port) => Cell::Link { text: port.0.clone(), href: ports::address(ne, &port.0) },
                None => Cell::Text(l.t("unknown")),
            },
            match &on.element {
                Some((id, name)) => Cell::Link { text: name.clone(), href: format!("/elements/{id}") },
                None => Cell::Text(on.name.clone()),
            },
            Cell::text(on.remote_port.clone()),
            Cell::Text(on.protocol.to_owned()),
            Cell::Text(on.capabilities.join(", ")),
            Cell::text(on.descr.clone()),
        ],
    });
    plain(l, "neighbours", NEIGHBOURS, rows.collect(), "neighbours-none")
}

pub(super) fn polls(l: Language, detail: &ElementDetail) -> Table {
    let rows = detail.polls.iter().map(|of| Row {
        cells: vec![
            Cell::Text(l.word("method", of.method.as_str())),
            Cell::Text(if of.on { format!("{} s", of.interval.as_secs()) } else { l.t("method-off") }),
            Cell::Time(of.last_good),
        ],
    });
    plain(l, "polls", POLLS, rows.collect(), "unknown")
}

pub(super) fn trouble(l: Language, detail: &ElementDetail) -> Option<Property> {
    let (at, why) = detail.trouble.clone()?;
    let text = [("count", i64::from(detail.failures).into()), ("why", l.heard(&why).into())];
    Some(Property { name: l.with("polls-failed", &text), cell: Cell::Time(Some(at)) })
}

pub(super) async fn alarms(desk: &Desk, visitor: &Visitor, ne: i64) -> Result<Table, Refusal> {
    let l = visitor.language();
    let mut rows = Vec::new();
    if visitor.may(desk, Operation::EventRead) {
        let filters = vec![("ne".to_owned(), ne.to_string()), ("severity".to_owned(), "minor".to_owned())];
        let wanted = ListWish { filters, limit: Some(ALARMS), ..ListWish::default() };
        for event in desk.list_events(visitor.caller(), wanted).await?.items {
            rows.push(events::row(l, &events::told(l, desk, visitor.caller(), &event)?, true));
        }
    }
    Ok(plain(l, "alarms", events::COLUMNS, rows, "alarms-none"))
}

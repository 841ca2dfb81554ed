//! Network elements: the list, and the page of one with its faceplate.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_api::network::{Element, Port};
use netwarden_identity::Operation;
use netwarden_model::NeId;
use netwarden_operate::{Desk, ElementEdit, ListWish};

use super::act::{Act, Given, notice};
use super::bulk::{self, Kind};
use super::dialog::{asked, submitted};
use super::element_detail::{alarms, neighbours, polls, trouble, vlans};
use super::endpoints::{Button, Property, listed, wish};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::ports::{self, state, verb};
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-address", Some("address")),
    ("column-status", None),
    ("column-mode", None),
    ("column-class", None),
    ("column-region", None),
    ("column-last-poll", None),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("status", "column-status", Some(("state", &["reachable", "unreachable", "unknown"]))),
    ("enforcement", "column-mode", Some(("mode", &["true", "false"]))),
];

fn row(l: Language, element: &Element) -> Row {
    let mode = if element.enforcement { "true" } else { "false" };
    Row {
        cells: vec![
            Cell::Link { text: element.name.clone(), href: format!("/elements/{}", element.id) },
            Cell::Code(element.address.clone()),
            Cell::Status { word: element.status.clone(), text: l.word("state", &element.status) },
            Cell::Text(l.word("mode", mode)),
            Cell::Text(element.class.clone()),
            Cell::text(element.region.clone()),
            Cell::Time(element.last_poll),
        ],
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.elements(visitor.caller(), wish(&query)?).await?, shape::element);
        let keys = page.items.iter().map(|element| element.id.to_string()).collect();
        let rows = page.items.iter().map(|element| row(l, element)).collect();
        let is_filtered = query.pairs().next().is_some();
        let empty = if is_filtered { l.t("elements-none-found") } else { l.t("elements-none") };
        let table = Table::new(l, "/elements", &l.t("nav-elements"), COLUMNS, FILTERS, &query)
            .filled(&query, rows, page.next.as_deref())
            .counted(page.total)
            .with_csv("/elements.csv", &query)
            .picked_by(bulk::Element::NAME, bulk::offered::<bulk::Element>(&desk, &visitor), keys)
            .or_empty(empty);
        listed(&desk, &visitor, l.t("nav-elements"), table).await
    })
    .await
}

pub(crate) async fn csv(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut sheet = Sheet::new(&visitor, "/elements", COLUMNS);
        let mut wanted = ListWish { limit: Some(AT_ONCE), ..wish(&query)? };
        while !sheet.is_full() {
            let page = shape::page(desk.elements(visitor.caller(), wanted.clone()).await?, shape::element);
            page.items.iter().for_each(|element| sheet.push(&row(l, element)));
            wanted.after = page.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(sheet.file("elements.csv", wanted.after.is_some()))
    })
    .await
}

/// A port on the faceplate.
struct Socket {
    name: String,
    href: String,
    state: &'static str,
    uplink: bool,
    protected: bool,
    endpoints: u32,
    /// All of it in words, for the pointer and for screen readers.
    told: String,
}

#[derive(Template)]
#[template(path = "element.html")]
struct ElementPage {
    frame: Frame,
    status: Cell,
    mode: Cell,
    properties: Vec<Property>,
    buttons: Vec<Button>,
    /// Reading it at once needs no form of its own.
    may_poll: bool,
    ne: i64,
    sockets: Vec<Socket>,
    table: Table,
    vlans: Table,
    neighbours: Table,
    polls: Table,
    /// Why the last polls failed; None where the last one did not.
    trouble: Option<Property>,
    alarms: Table,
}

const PORT_COLUMNS: Columns = &[
    ("column-port", None),
    ("column-status", None),
    ("property-role", None),
    ("property-pvid", None),
    ("column-endpoints", None),
    ("property-alias", None),
    ("property-enforcement", None),
];

/// Ports of a page: larger chassis are paged by the list below the faceplate.
const MOST_PORTS: u64 = 1_000;

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let element = shape::element(desk.element(caller, NeId(ne)).await?);
        let wanted = ListWish {
            filters: vec![("ne".to_owned(), ne.to_string())],
            limit: Some(MOST_PORTS),
            after: query.get("after").map(str::to_owned),
            ..ListWish::default()
        };
        let page = shape::page(desk.ports(caller, wanted).await?, |shown| ports::told(l, shown));
        let mut ports = page.items;
        ports.sort_by(|a, b| (a.if_index, &a.name).cmp(&(b.if_index, &b.name)));
        let rows = ports.iter().map(|port| port_row(l, port)).collect();
        let table = Table::new(l, "", &l.t("ports"), PORT_COLUMNS, &[], &Query::default())
            .filled(&Query::default(), rows, page.next.as_deref())
            .or_empty(l.t("ports-none"));
        let here = format!("/elements/{ne}");
        let undo = |done: &str| match done {
            "enforce" => Some(format!("{here}/observe")),
            "observe" => Some(format!("{here}/enforce")),
            "maintain" => Some(format!("{here}/maintained")),
            _ => None,
        };
        let frame =
            Frame::of(&desk, &visitor, element.name.clone()).await.with_notice(notice(l, &query, undo));
        let detail = desk.element_detail(caller, NeId(ne)).await?;
        let mode = if element.enforcement { "true" } else { "false" };
        frame::page(&ElementPage {
            frame,
            status: Cell::Status { word: element.status.clone(), text: l.word("state", &element.status) },
            mode: Cell::Text(l.word("mode", mode)),
            properties: properties(l, &element),
            buttons: buttons(&desk, &visitor, &element),
            may_poll: visitor.may(&desk, Operation::NePoll),
            ne,
            vlans: vlans(l, ne, &detail),
            neighbours: neighbours(l, ne, &detail),
            polls: polls(l, &detail),
            trouble: trouble(l, &detail),
            alarms: alarms(&desk, &visitor, ne).await?,
            sockets: ports.iter().filter(|port| has_socket(port)).map(|port| socket(l, port)).collect(),
            table,
        })
    })
    .await
}

/// What may be done with it.
pub(super) fn buttons(desk: &Desk, visitor: &Visitor, element: &Element) -> Vec<Button> {
    let (l, here) = (visitor.language(), format!("/elements/{}", element.id));
    let enforced = element.enforcement;
    let offered = [
        (enforced, Operation::EnforcementDisable, "act-observe", "observe", false),
        (!enforced, Operation::EnforcementEnable, "act-enforce", "enforce", true),
        (true, Operation::ProbePreflight, "act-preflight", "preflight", false),
        (true, Operation::NeModify, "act-edit", "edit", false),
        (element.maintenance.is_none(), Operation::NeSetMaintenance, "act-maintain", "maintain", false),
        (element.maintenance.is_some(), Operation::NeSetMaintenance, "act-maintained", "maintained", false),
        (true, Operation::NeDelete, "act-remove", "remove", true),
    ];
    offered
        .into_iter()
        .filter(|(fits, operation, ..)| *fits && visitor.may(desk, *operation))
        .map(|(.., key, verb, dangerous)| Button {
            text: l.t(key),
            href: format!("{here}/{verb}"),
            dangerous,
        })
        .collect()
}

/// False for what has no hole in the faceplate: VLAN interfaces, loopbacks, aggregates tell no link of
/// their own that could be plugged.
fn has_socket(port: &Port) -> bool {
    if port.role == "logical" {
        return false;
    }
    let name = port.name.to_ascii_lowercase();
    !["vlan", "lo", "po", "lag", "trk", "ae", "bond", "port-channel", "null", "cpu", "mgmt", "irb", "bvi"]
        .iter()
        .any(|kind| {
            name.strip_prefix(kind)
                .is_some_and(|rest| rest.starts_with(|c: char| !c.is_alphabetic()) || rest.is_empty())
        })
}

fn port_row(l: Language, port: &Port) -> Row {
    let word = state(port);
    Row {
        cells: vec![
            Cell::Link { text: port.name.clone(), href: ports::address(port.ne_id, &port.name) },
            Cell::Status { word: word.to_owned(), text: l.word("state", word) },
            Cell::Text(l.word("role", &port.role)),
            Cell::text(port.pvid.map(|vlan| vlan.to_string())),
            Cell::Text(if port.endpoints > 0 { port.endpoints.to_string() } else { String::new() }),
            Cell::text(port.alias.clone()),
            Cell::text(port.enforcement.clone()),
        ],
    }
}

fn socket(l: Language, port: &Port) -> Socket {
    let state = state(port);
    let mut told = vec![port.name.clone(), l.word("state", state), l.word("role", &port.role)];
    told.extend(port.protected.then(|| l.t("yes-protected")));
    told.push(l.t1("socket-endpoints", "count", i64::from(port.endpoints)));
    told.extend(port.alias.clone().filter(|alias| !alias.is_empty()));
    told.extend(port.enforcement.clone());
    // What tells ports of a switch apart stands at the end of their names.
    let short = port.name.rsplit(['/', ':']).next().unwrap_or(&port.name);
    let short = short.trim_start_matches(|c: char| c.is_alphabetic() || c == '-' || c == ' ');
    Socket {
        name: if short.is_empty() { port.name.clone() } else { short.to_owned() },
        href: ports::address(port.ne_id, &port.name),
        state,
        uplink: port.role == "uplink",
        protected: port.protected,
        endpoints: port.endpoints,
        told: told.join(", "),
    }
}

fn properties(l: Language, element: &Element) -> Vec<Property> {
    let all = [
        ("column-address", Some(element.address.clone())),
        ("property-credential", element.credential.clone()),
        ("property-descr", element.descr.clone()),
        ("property-location", element.location.clone()),
        ("column-class", Some(element.class.clone())),
        ("column-region", element.region.clone()),
        ("property-groups", Some(element.groups.join(", "))),
        ("property-device-sets", Some(element.device_sets.join(", "))),
        ("property-scans-off", Some(element.scans_off.join(", "))),
        ("property-quarantine-vlan", element.quarantine_vlan.map(|vlan| vlan.to_string())),
        ("property-voice-vlan", element.voice_vlan.map(|vlan| vlan.to_string())),
    ];
    let said = all.into_iter().filter_map(|(key, text)| Some((key, text.filter(|text| !text.is_empty())?)));
    let mut properties: Vec<Property> =
        said.map(|(key, text)| Property { name: l.t(key), cell: Cell::Text(text) }).collect();
    if let Some(window) = &element.maintenance {
        properties
            .push(Property { name: l.t("property-maintenance-from"), cell: Cell::Time(Some(window.from)) });
        properties
            .push(Property { name: l.t("property-maintenance-until"), cell: Cell::Time(Some(window.until)) });
    }
    properties
}

async fn act_of(desk: &Desk, visitor: &Visitor, ne: i64, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let element = shape::element(desk.element(visitor.caller(), NeId(ne)).await?);
    let (title, told, button) = match verb {
        "enforce" => ("enforce-title", "enforce-told", "act-enforce"),
        _ => ("observe-title", "observe-told", "act-observe"),
    };
    let mut told = vec![l.t1(told, "name", element.name.clone())];
    if verb == "enforce" && element.quarantine_vlan.is_none() {
        told.push(l.t("enforce-no-quarantine"));
    }
    Ok(Act {
        title: l.t1(title, "name", element.name.clone()),
        told,
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: verb == "enforce",
        action: format!("/elements/{ne}/{verb}"),
        back: format!("/elements/{ne}"),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(ne): Place<i64>,
) -> Response {
    let verb = verb(&uri);
    let operation =
        if verb == "enforce" { Operation::EnforcementEnable } else { Operation::EnforcementDisable };
    asked(&desk, &visitor, operation, act_of(&desk, &visitor, ne, verb)).await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    let verb = verb(&uri);
    let done = async {
        let edit = ElementEdit { enforcement: Some(verb == "enforce"), ..ElementEdit::default() };
        desk.edit_element(visitor.caller(), NeId(ne), edit, &given.reason).await?;
        Ok(led_to(&format!("/elements/{ne}?done={verb}")))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, ne, verb)).await
}

//! Ports: the list; and one with what is on it, why it is as it is, and the acts on it.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_api::network::Port;
use netwarden_identity::Operation;
use netwarden_model::PortRef;
use netwarden_model::access::PortAccess;
use netwarden_operate::{Desk, ListWish, PortEdit, PortWish, Said, ShownPort, port_ref};

use super::act::{Act, Given, Input, notice};
use super::bulk::{self, Kind};
use super::chain::Chain;
use super::dialog::{asked, submitted};
use super::endpoints::{self, Button, Property, listed, wish};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::sheet::{AT_ONCE, Sheet};
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

/// A port in the reader's words.
pub(super) fn told(l: Language, shown: ShownPort) -> Port {
    let said = |said: &Option<Said>| said.as_ref().map(|said| l.said(said));
    let (role_reason, enforcement) = (said(&shown.role_reason), said(&shown.enforcement));
    let because = said(&shown.because);
    Port { role_reason, enforcement, because, ..shape::port(shown) }
}

/// Where the page of a port is.
pub(super) fn address(ne: i64, port: &str) -> String {
    format!("/elements/{ne}/ports/{}", escaped(port))
}

/// The last part of an act's address: what is to be done.
pub(super) fn verb(uri: &axum::http::Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// How a port is, as a word with a colour.
pub(super) fn state(port: &Port) -> &'static str {
    match (port.enforcement.is_some(), port.admin_status.as_deref(), port.oper_status.as_deref()) {
        (true, ..) => "enforced",
        (_, Some("down"), _) => "shut",
        (.., Some("up")) => "up",
        _ => "down",
    }
}

const COLUMNS: Columns = &[
    ("column-port", Some("name")),
    ("column-element", None),
    ("column-status", None),
    ("property-role", None),
    ("property-pvid", None),
    ("column-endpoints", None),
    ("property-alias", None),
    ("property-enforcement", None),
    ("property-because", None),
];
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("enforced", "property-enforcement", Some(("held", &["true"]))),
    ("role", "property-role", Some(("role", &["access", "uplink", "aggregate", "logical"]))),
    ("oper_status", "property-oper-status", Some(("state", &["up", "down"]))),
    ("admin_status", "property-admin-status", Some(("admin", &["up", "down"]))),
    ("protected", "property-protected", Some(("protected", &["true", "false"]))),
    ("pvid", "property-pvid", None),
];

/// `elements` says whether this reader may see the pages of network elements.
fn row(l: Language, port: &Port, elements: bool) -> Row {
    let word = state(port);
    Row {
        cells: vec![
            Cell::Link { text: port.name.clone(), href: address(port.ne_id, &port.name) },
            Cell::link_where(elements, port.ne.clone(), format!("/elements/{}", port.ne_id)),
            Cell::Status { word: word.to_owned(), text: l.word("state", word) },
            Cell::Text(l.word("role", &port.role)),
            Cell::text(port.pvid.map(|vlan| vlan.to_string())),
            Cell::Text(if port.endpoints > 0 { port.endpoints.to_string() } else { String::new() }),
            Cell::text(port.alias.clone()),
            Cell::text(port.enforcement.clone()),
            Cell::text(port.because.clone()),
        ],
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.ports(visitor.caller(), wish(&query)?).await?, |shown| told(l, shown));
        let elements = visitor.may(&desk, Operation::NeRead);
        let keys = page.items.iter().map(|port| format!("{} {}", port.ne_id, port.name)).collect();
        let rows = page.items.iter().map(|port| row(l, port, elements)).collect();
        let table = Table::new(l, "/ports", &l.t("ports"), COLUMNS, FILTERS, &query)
            .filled(&query, rows, page.next.as_deref())
            .counted(page.total)
            .with_csv("/ports.csv", &query)
            .picked_by(bulk::Port::NAME, bulk::offered::<bulk::Port>(&desk, &visitor), keys)
            .or_empty(l.t("ports-none-found"));
        listed(&desk, &visitor, l.t("ports"), table).await
    })
    .await
}

/// Exactly the columns and the filter of the list.
pub(crate) async fn csv(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut sheet = Sheet::new(&visitor, "/ports", COLUMNS);
        let mut wanted = ListWish { limit: Some(AT_ONCE), ..wish(&query)? };
        while !sheet.is_full() {
            let page = desk.ports(visitor.caller(), wanted.clone()).await?;
            let page = shape::page(page, |shown| told(l, shown));
            page.items.iter().for_each(|port| sheet.push(&row(l, port, false)));
            wanted.after = page.next;
            if wanted.after.is_none() {
                break;
            }
        }
        Ok(sheet.file("ports.csv", wanted.after.is_some()))
    })
    .await
}

#[derive(Template)]
#[template(path = "port.html")]
struct PortPage {
    frame: Frame,
    ne: String,
    /// None where this reader may not see the element's page.
    ne_href: Option<String>,
    state: Cell,
    properties: Vec<Property>,
    buttons: Vec<Button>,
    endpoints: Table,
    chain: Chain,
}

const ON_IT: Columns =
    &[("column-mac", None), ("column-name", None), ("column-status", None), ("column-acts", None)];
/// Endpoints that a port's page shows with their acts.
const MOST_ON_IT: usize = 200;

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place((ne, name)): Place<(i64, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let at = port_ref(ne, &name);
        let shown = desk.port(caller, &at).await?;
        let macs = shown.endpoints.clone();
        let port = told(l, shown);
        let chain = Chain::of(&desk, &visitor, desk.why_port(caller, &at).await?);
        let mut rows = Vec::new();
        for mac in macs.into_iter().take(MOST_ON_IT) {
            let found = shape::endpoint(desk.endpoint(caller, mac).await?);
            let mut acts = endpoints::buttons(&desk, &visitor, &found);
            // To move it is to move this port.
            acts.retain(|button| !button.href.ends_with("/move"));
            let status = Cell::Status { text: l.word("status", &found.status), word: found.status };
            let name = found.dns_name.or(found.host_name).or(found.vendor);
            let href = endpoints::address(&found.mac);
            let acts = Cell::ActsOn { of: found.mac.clone(), buttons: acts };
            let mac = Cell::CodeLink { text: found.mac, href };
            rows.push(Row { cells: vec![mac, Cell::text(name), status, acts] });
        }
        let none = Query::default();
        let endpoints = Table::new(l, "", &l.t("nav-endpoints"), ON_IT, &[], &none)
            .filled(&none, rows, None)
            .or_empty(l.t("port-no-endpoints"));
        let here = address(ne, &name);
        let undo = |done: &str| match done {
            "off" => Some(format!("{here}/on")),
            "on" => Some(format!("{here}/off")),
            "quarantine" | "move" => Some(format!("{here}/release")),
            "protect" => Some(format!("{here}/unprotect")),
            "unprotect" => Some(format!("{here}/protect")),
            _ => None,
        };
        let title = format!("{} · {}", port.ne, port.name);
        let frame = Frame::of(&desk, &visitor, title).await.with_notice(notice(l, &query, undo));
        let word = state(&port);
        frame::page(&PortPage {
            frame,
            ne: port.ne.clone(),
            ne_href: visitor.may(&desk, Operation::NeRead).then(|| format!("/elements/{ne}")),
            state: Cell::Status { word: word.to_owned(), text: l.word("state", word) },
            properties: properties(l, &port),
            buttons: buttons(&desk, &visitor, &port),
            endpoints,
            chain,
        })
    })
    .await
}

fn properties(l: Language, port: &Port) -> Vec<Property> {
    let role = l.word("role", &port.role);
    let role = port.role_reason.as_ref().map_or(role.clone(), |reason| format!("{role} ({reason})"));
    let all = [
        ("property-enforcement", port.enforcement.clone()),
        ("property-because", port.because.clone()),
        ("property-alias", port.alias.clone()),
        ("property-role", Some(role)),
        ("property-pvid", port.pvid.map(|vlan| vlan.to_string())),
        ("property-admin-status", port.admin_status.as_ref().map(|word| l.word("state", word))),
        ("property-oper-status", port.oper_status.as_ref().map(|word| l.word("state", word))),
        ("property-protected", port.protected.then(|| l.t("yes-protected"))),
        ("property-if-index", port.if_index.map(|index| index.to_string())),
    ];
    let said = all.into_iter().filter_map(|(key, text)| Some((key, text.filter(|text| !text.is_empty())?)));
    said.map(|(key, text)| Property { name: l.t(key), cell: Cell::Text(text) }).collect()
}

/// What may be done with it.
pub(super) fn buttons(desk: &Desk, visitor: &Visitor, port: &Port) -> Vec<Button> {
    let l = visitor.language();
    let here = address(port.ne_id, &port.name);
    let is_access = port.role == "access" && !port.protected;
    let is_shut = port.admin_status.as_deref() == Some("down");
    let held = port.enforcement.is_some();
    let offered = [
        (held, Operation::PortRelease, "act-release", "release", false),
        (is_shut && port.role != "logical", Operation::PortOn, "act-on", "on", false),
        (is_access && !held, Operation::PortMove, "act-quarantine", "quarantine", true),
        (is_access && !held, Operation::PortMove, "act-move-port", "move", true),
        (is_access && !is_shut, Operation::PortOff, "act-off", "off", true),
        (!port.protected, Operation::PortProtect, "act-protect", "protect", false),
        (port.protected, Operation::PortProtect, "act-unprotect", "unprotect", true),
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

async fn act_of(desk: &Desk, visitor: &Visitor, at: &PortRef, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let shown = desk.port(visitor.caller(), at).await?;
    let macs: Vec<String> = shown.endpoints.iter().map(ToString::to_string).collect();
    let port = told(l, shown);
    let name = format!("{} · {}", port.ne, port.name);
    let (title, told, button) = match verb {
        "off" => ("off-title", "off-told", "act-off"),
        "on" => ("on-title", "on-told", "act-on"),
        "quarantine" => ("quarantine-title", "quarantine-told", "act-quarantine"),
        "move" => ("port-move-title", "port-move-told", "act-move-port"),
        "protect" => ("protect-title", "protect-told", "act-protect"),
        "unprotect" => ("unprotect-title", "unprotect-told", "act-unprotect"),
        _ => ("release-title", "release-told", "act-release"),
    };
    let mut told = vec![l.t1(told, "port", name.clone())];
    if matches!(verb, "off" | "quarantine" | "move") {
        let count = i64::try_from(macs.len()).unwrap_or(i64::MAX);
        let shown = macs.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        told.push(match count {
            0 => l.t("affected-none"),
            _ => l.with("affected-all", &[("count", count.into()), ("macs", shown.into())]),
        });
    }
    if let Some(held) = &port.enforcement {
        told.push(l.t1("port-held", "state", held.clone()));
    }
    let here = address(port.ne_id, &port.name);
    Ok(Act {
        title: l.t1(title, "port", name),
        told,
        inputs: if verb == "move" { vec![vlan_input(l)] } else { Vec::new() },
        button: l.t(button),
        dangerous: matches!(verb, "off" | "quarantine" | "move" | "unprotect"),
        action: format!("{here}/{verb}"),
        back: here,
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(super) fn vlan_input(l: Language) -> Input {
    Input::new("vlan", l.t("column-vlan"), "text").hinted(l.t("move-vlan-hint"))
}

/// What the form of a move asks for.
pub(super) fn move_wish(l: Language, given: &Given) -> Result<PortWish, Refusal> {
    Ok(match given.vlan(l, "vlan")? {
        None => PortWish::Quarantine { bounce: true },
        Some(vlan) => PortWish::Access(PortAccess::Vlan { vlan, bounce: true }),
    })
}

fn operation_of(verb: &str) -> Operation {
    match verb {
        "off" => Operation::PortOff,
        "on" => Operation::PortOn,
        "quarantine" | "move" => Operation::PortMove,
        "protect" | "unprotect" => Operation::PortProtect,
        _ => Operation::PortRelease,
    }
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place((ne, name)): Place<(i64, String)>,
) -> Response {
    let (verb, at) = (verb(&uri), port_ref(ne, &name));
    asked(&desk, &visitor, operation_of(verb), act_of(&desk, &visitor, &at, verb)).await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place((ne, name)): Place<(i64, String)>,
    given: Given,
) -> Response {
    let (verb, at) = (verb(&uri), port_ref(ne, &name));
    let done = async {
        acted(&desk, &visitor, &at, verb, &given).await?;
        Ok(led_to(&format!("{}?done={verb}", address(ne, &name))))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, &at, verb)).await
}

async fn acted(
    desk: &Desk,
    visitor: &Visitor,
    at: &PortRef,
    verb: &str,
    given: &Given,
) -> Result<(), Refusal> {
    let (caller, reason) = (visitor.caller(), given.reason.as_str());
    let wish = match verb {
        "on" => {
            desk.switch_on(caller, at.clone(), reason, None).await?;
            return Ok(());
        }
        "protect" | "unprotect" => {
            let edit = PortEdit { role: None, protected: Some(verb == "protect") };
            return Ok(desk.edit_port(caller, at.clone(), edit, reason, None).await?);
        }
        "off" => PortWish::Access(PortAccess::Shut),
        "quarantine" => PortWish::Quarantine { bounce: true },
        "move" => {
            // Who may not is refused before what was written is read.
            desk.permit_some(caller, Operation::PortMove).await?;
            move_wish(visitor.language(), given)?
        }
        _ => PortWish::Release,
    };
    desk.change_port(caller, at.clone(), wish, None, reason, None).await?;
    Ok(())
}

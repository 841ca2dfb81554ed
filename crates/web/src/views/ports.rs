//! One port: what is on it, why it is as it is, and the acts on it.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_api::network::Port;
use netwarden_identity::Operation;
use netwarden_model::PortRef;
use netwarden_model::access::PortAccess;
use netwarden_operate::{Desk, PortWish, port_ref};

use super::act::{Act, ActForm, notice};
use super::chain::Chain;
use super::endpoints::{Button, Property};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::table::Cell;
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

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

#[derive(Template)]
#[template(path = "port.html")]
struct PortPage {
    frame: Frame,
    ne: String,
    ne_href: String,
    state: Cell,
    properties: Vec<Property>,
    buttons: Vec<Button>,
    endpoints: Vec<Property>,
    chain: Chain,
}

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
        let port = shape::port(shown);
        let chain = Chain::of(l, desk.why_port(caller, &at).await?);
        let mut endpoints = Vec::new();
        for mac in macs.into_iter().take(200) {
            let found = shape::endpoint(desk.endpoint(caller, mac).await?);
            let name = found.dns_name.or(found.host_name).or(found.vendor).unwrap_or_default();
            let href = super::endpoints::address(&found.mac);
            endpoints.push(Property { name, cell: Cell::CodeLink { text: found.mac, href } });
        }
        let here = address(ne, &name);
        let undo = |done: &str| match done {
            "off" => Some(format!("{here}/on")),
            "on" => Some(format!("{here}/off")),
            "quarantine" => Some(format!("{here}/release")),
            _ => None,
        };
        let title = format!("{} · {}", port.ne, port.name);
        let frame = Frame::of(&desk, &visitor, title).await.with_notice(notice(l, &query, undo));
        let word = state(&port);
        frame::page(&PortPage {
            frame,
            ne: port.ne.clone(),
            ne_href: format!("/elements/{ne}"),
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

fn buttons(desk: &Desk, visitor: &Visitor, port: &Port) -> Vec<Button> {
    let l = visitor.language();
    let here = address(port.ne_id, &port.name);
    let is_access = port.role == "access" && !port.protected;
    let is_shut = port.admin_status.as_deref() == Some("down");
    let held = port.enforcement.is_some();
    let offered = [
        (held, Operation::PortRelease, "act-release", "release", false),
        (is_shut, Operation::PortOn, "act-on", "on", false),
        (is_access && !held, Operation::PortMove, "act-quarantine", "quarantine", true),
        (is_access && !is_shut, Operation::PortOff, "act-off", "off", true),
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
    let port = shape::port(shown);
    let name = format!("{} · {}", port.ne, port.name);
    let (title, told, button) = match verb {
        "off" => ("off-title", "off-told", "act-off"),
        "on" => ("on-title", "on-told", "act-on"),
        "quarantine" => ("quarantine-title", "quarantine-told", "act-quarantine"),
        _ => ("release-title", "release-told", "act-release"),
    };
    let mut told = vec![l.t1(told, "port", name.clone())];
    if matches!(verb, "off" | "quarantine") {
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
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: matches!(verb, "off" | "quarantine"),
        action: format!("{here}/{verb}"),
        back: here,
        fault: None,
        reason: String::new(),
    })
}

fn operation_of(verb: &str) -> Operation {
    match verb {
        "off" => Operation::PortOff,
        "on" => Operation::PortOn,
        "quarantine" => Operation::PortMove,
        _ => Operation::PortRelease,
    }
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place((ne, name)): Place<(i64, String)>,
) -> Response {
    answered(&desk, &visitor, async {
        let verb = verb(&uri);
        desk.permit_of(visitor.caller(), operation_of(verb)).await?;
        act_of(&desk, &visitor, &port_ref(ne, &name), verb).await?.shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place((ne, name)): Place<(i64, String)>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let (verb, at, caller) = (verb(&uri), port_ref(ne, &name), visitor.caller());
        let reason = given.reason.as_str();
        let done = match verb {
            "on" => desk.switch_on(caller, at.clone(), reason, None).await,
            verb => {
                let wish = match verb {
                    "off" => PortWish::Access(PortAccess::Shut),
                    "quarantine" => PortWish::Quarantine { bounce: true },
                    _ => PortWish::Release,
                };
                desk.change_port(caller, at.clone(), wish, None, reason, None).await
            }
        };
        match done {
            Ok(_) => Ok(led_to(&format!("{}?done={verb}", address(ne, &name)))),
            Err(error) => {
                let act = act_of(&desk, &visitor, &at, verb).await?;
                act.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

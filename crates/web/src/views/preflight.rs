//! Before anything is enforced: would it work on this element, what would it change, would it cut our own path?

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::NeId;
use netwarden_operate::{Desk, JobState, Preflight, PreflightReport};
use uuid::Uuid;

use super::act::{Act, Given, Input};
use super::dialog::{Dialog, submitted};
use super::endpoints::Property;
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::ports;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const PORTS: Columns = &[
    ("column-port", None),
    ("column-would-work", None),
    ("property-pvid", None),
    ("column-vlans-changed", None),
    ("column-endpoints", None),
    ("column-obstacles", None),
];

#[derive(Template)]
#[template(path = "preflight.html")]
struct PreflightPage {
    frame: Frame,
    ne: i64,
    name: String,
    /// How far it is, or why it ended without a report.
    told: String,
    /// The page asks again by itself until it has ended.
    running: bool,
    failed: bool,
    again: String,
    properties: Vec<Property>,
    ports: Option<Table>,
}

#[derive(Template)]
#[template(path = "preflight.html", block = "standing")]
struct PreflightPart {
    frame: Frame,
    told: String,
    running: bool,
    failed: bool,
    again: String,
    properties: Vec<Property>,
    ports: Option<Table>,
}

async fn act_of(desk: &Desk, visitor: &Visitor, ne: i64) -> Result<Act, Refusal> {
    let l = visitor.language();
    let element = shape::element(desk.element(visitor.caller(), NeId(ne)).await?);
    Ok(Act {
        title: l.t1("preflight-title", "name", element.name.clone()),
        told: vec![l.t("preflight-told"), l.t("preflight-sets")],
        inputs: vec![
            Input::new("vlan", l.t("property-quarantine-vlan"), "text")
                .with(element.quarantine_vlan.map(|vlan| vlan.to_string()).unwrap_or_default()),
        ],
        button: l.t("act-preflight"),
        dangerous: false,
        action: format!("/elements/{ne}/preflight"),
        back: format!("/elements/{ne}"),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

/// The form; or, of one that was started, how it stands.
pub(crate) async fn page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_some(visitor.caller(), Operation::ProbePreflight).await?;
        let Some(id) = query.get("job") else {
            return act_of(&desk, &visitor, ne).await?.shown(&desk, &visitor).await;
        };
        let l = visitor.language();
        let id: Uuid = id.parse().map_err(|_| Refusal::malformed(l.t("error-no-job")))?;
        let job = desk.job(visitor.caller(), id).await?;
        let name = shape::element(desk.element(visitor.caller(), NeId(ne)).await?).name;
        let (mut properties, mut ports, mut failed) = (Vec::new(), None, false);
        let running = job.state == JobState::Running;
        let told = match job.state {
            JobState::Running => l.t("preflight-running"),
            JobState::Failed(why) => {
                failed = true;
                l.t1("preflight-failed", "why", l.said(&why))
            }
            JobState::Done(found) | JobState::Cancelled(Some(found)) => {
                let report: PreflightReport =
                    serde_json::from_value(found).map_err(|_| Refusal::malformed(l.t("error-no-job")))?;
                properties = told_of(l, &report);
                ports = Some(table(l, Some(ne), &report));
                failed = !report.ports.iter().any(Preflight::would_work) || report.refusal.is_some();
                l.t(if failed { "preflight-bad" } else { "preflight-good" })
            }
            JobState::Cancelled(None) => l.t("preflight-cancelled"),
        };
        let title = l.t1("preflight-title", "name", name.clone());
        let frame = Frame::of(&desk, &visitor, title).await;
        let again = format!("/elements/{ne}/preflight?job={id}");
        if visitor.part {
            return frame::page(&PreflightPart { frame, told, running, failed, again, properties, ports });
        }
        frame::page(&PreflightPage { frame, ne, name, told, running, failed, again, properties, ports })
    })
    .await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.permit_some(visitor.caller(), Operation::ProbePreflight).await?;
        let with = given.vlan(visitor.language(), "vlan")?;
        let id = desk.preflight(visitor.caller(), NeId(ne), with, &given.reason).await?;
        Ok(led_to(&format!("/elements/{ne}/preflight?job={id}")))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, ne)).await
}

pub(super) fn told_of(l: Language, report: &PreflightReport) -> Vec<Property> {
    let name = report.vlan_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let path: Vec<String> =
        report.ports.iter().filter(|port| port.cuts_own_path()).map(Preflight::port_name).collect();
    let pvid = match (&report.tried, &report.refusal) {
        (Some(port), None) => l.t1("preflight-pvid-taken", "port", port.clone()),
        (Some(port), Some(why)) => {
            l.with("preflight-pvid-refused", &[("port", port.clone().into()), ("why", l.heard(why).into())])
        }
        (None, _) => l.t("preflight-pvid-untried"),
    };
    let path = match path.is_empty() {
        true => l.t("preflight-path-none"),
        false => l.t1("preflight-path-on", "ports", path.join(", ")),
    };
    let management = report.management_vlan.map_or_else(|| l.t("unknown"), |vlan| vlan.to_string());
    [
        ("property-quarantine-vlan", format!("{}{name}", report.vlan)),
        ("preflight-pvid", pvid),
        ("preflight-path", path),
        ("preflight-management", management),
    ]
    .into_iter()
    .map(|(key, text)| Property { name: l.t(key), cell: Cell::Text(text) })
    .collect()
}

/// Port by port; with links where the element is known.
pub(super) fn table(l: Language, ne: Option<i64>, report: &PreflightReport) -> Table {
    let rows = report.ports.iter().map(|port| {
        let word = if port.would_work() { "success" } else { "failure" };
        let pvid = port.pvid_now.map_or_else(|| "?".to_owned(), |now| now.to_string());
        let joined = |then: bool| {
            let of = port.vlans.iter().filter(|change| change.egress.1 == then && change.egress.0 != then);
            of.map(|change| change.vlan.to_string()).collect::<Vec<_>>().join(", ")
        };
        let changes = [("preflight-joins", joined(true)), ("preflight-leaves", joined(false))];
        let changes = changes.into_iter().filter(|(_, vlans)| !vlans.is_empty());
        let obstacles = port.obstacles.iter().map(|obstacle| l.said(&obstacle.into()));
        let name = port.port_name();
        Row {
            cells: vec![
                match ne {
                    Some(ne) => Cell::Link { href: ports::address(ne, &name), text: name },
                    None => Cell::Text(name),
                },
                Cell::Status { word: word.to_owned(), text: l.word("works", word) },
                Cell::Text(format!("{pvid} → {}", port.pvid_then)),
                Cell::Text(
                    changes.map(|(key, vlans)| l.t1(key, "vlans", vlans)).collect::<Vec<_>>().join("; "),
                ),
                Cell::Text(if port.endpoints.is_empty() {
                    String::new()
                } else {
                    port.endpoints.len().to_string()
                }),
                Cell::Text(obstacles.collect::<Vec<_>>().join("; ")),
            ],
        }
    });
    let none = Query::default();
    Table::new(l, "", &l.t("ports"), PORTS, &[], &none)
        .filled(&none, rows.collect(), None)
        .or_empty(l.t("preflight-no-ports"))
}

//! Last step: element by element, what a quarantine would change, whether it would cut our own way, and the
//! switch.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::NeId;
use netwarden_operate::{Desk, ElementEdit, Job, ListWish, Preflight, PreflightReport, Said, ShownElement};
use uuid::Uuid;

use super::work::{self, Work};
use super::{Course, vlan_of};
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::dialog::Dialog;
use crate::views::form::{Field, Form, Kind, reason};
use crate::views::frame::{self, Frame, answered, led_to};
use crate::views::language::Language;
use crate::views::ports;
use crate::views::section::{table, told};
use crate::views::table::{Cell, Columns, Row, Table};
use crate::views::visitor::Visitor;

const COLUMNS: Columns = &[
    ("column-name", None),
    ("column-status", None),
    ("column-mode", None),
    ("property-quarantine-vlan", None),
    ("column-preflight", None),
];
const PORTS: Columns = &[
    ("column-port", None),
    ("column-preflight", None),
    ("column-change", None),
    ("column-endpoints", None),
    ("column-against", None),
];

#[derive(Template)]
#[template(path = "adopt_enforce.html")]
struct EnforcePage {
    frame: Frame,
    course: Course,
    table: Table,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "adopt_element.html")]
struct ElementPage {
    frame: Frame,
    course: Course,
    status: Cell,
    mode: Cell,
    work: Option<Work>,
    here: String,
    may_check: bool,
    /// What the last preflight says, a sentence each, with whether it is good.
    findings: Vec<(bool, String)>,
    ports: Table,
    vlan: Option<Form>,
    switch: Option<Form>,
}

/// Preflights that have ended, newest first, as this reader may see them.
async fn preflights(desk: &Desk, visitor: &Visitor) -> Result<Vec<Job>, Refusal> {
    let jobs = desk.all_jobs(visitor.caller()).await?;
    Ok(jobs.into_iter().filter(|job| job.operation == Operation::ProbePreflight).collect())
}

/// The last preflight of the element of this name that has found something.
fn last(jobs: &[Job], name: &str) -> Option<PreflightReport> {
    let is_of_it = |what: &Said| matches!(what, Said::PreflightOf { name: of, .. } if of == name);
    let of_it = jobs.iter().filter(|job| is_of_it(&job.what));
    of_it.filter_map(work::result).find_map(|value| serde_json::from_value(value.clone()).ok())
}

fn workable(found: &PreflightReport) -> usize {
    found.ports.iter().filter(|port| port.would_work()).count()
}

fn mode(l: Language, shown: &ShownElement) -> Cell {
    let (colour, word) =
        if shown.base.element.enforcement { ("enforced", "true") } else { ("info", "false") };
    Cell::Status { word: colour.to_owned(), text: l.word("mode", word) }
}

fn status(l: Language, shown: &ShownElement) -> Cell {
    Cell::Status { word: shown.status.to_owned(), text: l.word("state", shown.status) }
}

fn count(l: Language, key: &str, count: usize) -> String {
    l.t1(key, "count", i64::try_from(count).unwrap_or(i64::MAX))
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        let l = visitor.language();
        let jobs = preflights(&desk, &visitor).await?;
        let wanted = ListWish {
            sort: Some("name".to_owned()),
            limit: Some(100),
            after: query.get("after").map(str::to_owned),
            ..ListWish::default()
        };
        let page = desk.elements(visitor.caller(), wanted).await?;
        let rows = page.items.iter().map(|shown| {
            let element = &shown.base.element;
            let preflight = match last(&jobs, &element.name) {
                None => l.t("preflight-none"),
                Some(found) => count(l, "preflight-ports", workable(&found)),
            };
            Row {
                cells: vec![
                    Cell::Link {
                        text: element.name.clone(),
                        href: format!("/adopt/enforce/{}", element.id.0),
                    },
                    status(l, shown),
                    mode(l, shown),
                    Cell::text(element.quarantine_vlan.map(|vlan| vlan.to_string())),
                    Cell::Text(preflight),
                ],
            }
        });
        let rows = rows.collect();
        let frame = Frame::of(&desk, &visitor, l.t("adopt-enforce")).await;
        frame::page(&EnforcePage {
            frame: frame.with_notice(told(l, &query)),
            course: Course::of(&desk, &visitor, "enforce").await?,
            table: table(l, l.t("nav-elements"), COLUMNS, rows, l.t("adopt-no-elements")),
            next: page.next.map(|next| query.with("after", &next).at("/adopt/enforce")),
        })
    })
    .await
}

/// What a quarantine of the port would do.
fn port_row(l: Language, ne: i64, port: &Preflight) -> Row {
    let (colour, key) = match (port.cuts_own_path(), port.would_work()) {
        (true, _) => ("critical", "preflight-own-path"),
        (false, true) => ("ok", "preflight-works"),
        (false, false) => ("minor", "preflight-not"),
    };
    let change = port.vlans.iter().map(|change| {
        let key = match change.egress {
            (false, true) => "preflight-vlan-in",
            (true, false) => "preflight-vlan-out",
            _ => "preflight-vlan-untagged",
        };
        l.t1(key, "vlan", change.vlan.to_string())
    });
    let pvid = port.pvid_now.map_or_else(String::new, |now| format!("PVID {now} → {}", port.pvid_then));
    let change = std::iter::once(pvid).filter(|text| !text.is_empty()).chain(change);
    let shown: Vec<String> = port.endpoints.iter().take(5).map(ToString::to_string).collect();
    let more = port.endpoints.len().saturating_sub(5);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    let against: Vec<String> = port.obstacles.iter().map(|obstacle| l.said(&obstacle.into())).collect();
    let name = port.port_name();
    let href = ports::address(ne, &name);
    Row {
        cells: vec![
            Cell::Link { text: name, href },
            Cell::Status { word: colour.to_owned(), text: l.t(key) },
            Cell::Text(change.collect::<Vec<_>>().join(", ")),
            Cell::Code(format!("{}{more}", shown.join(" "))),
            Cell::Text(against.join("; ")),
        ],
    }
}

fn findings(l: Language, found: &PreflightReport) -> Vec<(bool, String)> {
    let own: Vec<String> =
        found.ports.iter().filter(|port| port.cuts_own_path()).map(Preflight::port_name).collect();
    let own = if own.is_empty() {
        (false, l.t("preflight-own-unknown"))
    } else {
        (true, l.t1("preflight-own-ports", "ports", own.join(", ")))
    };
    vec![(workable(found) > 0, count(l, "preflight-ports", workable(found))), own]
}

fn vlan_form(l: Language, shown: &ShownElement) -> Form {
    let element = &shown.base.element;
    let present = element.quarantine_vlan.map(|vlan| vlan.to_string()).unwrap_or_default();
    Form::new(
        l.t("property-quarantine-vlan"),
        l.t("act-save"),
        format!("/adopt/enforce/{}/vlan", element.id.0),
        "",
    )
    .carrying("version", shown.version.as_str())
    .asking([
        Field::new("quarantine_vlan", l.t("property-quarantine-vlan"), Kind::Number(1, 4_094))
            .with(present)
            .hinted(l.t("enforce-vlan-hint"))
            .needed(),
        reason(l),
    ])
}

fn switch_form(l: Language, shown: &ShownElement, checked: bool) -> Form {
    let element = &shown.base.element;
    let (title, told, button) = if element.enforcement {
        ("observe-title", "observe-told", "act-observe")
    } else {
        ("enforce-title", "enforce-told", "act-enforce")
    };
    let mut told = vec![l.t1(told, "name", element.name.clone())];
    if !element.enforcement {
        told.extend(element.quarantine_vlan.is_none().then(|| l.t("enforce-no-quarantine")));
        told.extend((!checked).then(|| l.t("enforce-unchecked")));
    }
    let action = format!("/adopt/enforce/{}/switch", element.id.0);
    let form = Form::new(l.t1(title, "name", element.name.clone()), l.t(button), action, "")
        .telling(told)
        .carrying("on", if element.enforcement { "false" } else { "true" })
        .carrying("version", shown.version.as_str())
        .asking([reason(l)]);
    if element.enforcement { form } else { form.dangerous() }
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    ne: i64,
    query: &Query,
    refused: Option<(&str, &Given, Refusal)>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let shown = desk.element(visitor.caller(), NeId(ne)).await?;
    let jobs = preflights(desk, visitor).await?;
    let named = query.get("job").and_then(|id| id.parse::<Uuid>().ok());
    let work = jobs.iter().find(|job| Some(job.id) == named).map(|job| Work::of(l, job));
    let found = last(&jobs, &shown.base.element.name);
    let rows: Vec<Row> =
        found.iter().flat_map(|found| &found.ports).map(|port| port_row(l, ne, port)).collect();
    let mut vlan = visitor.may(desk, Operation::NeModify).then(|| vlan_form(l, &shown));
    let operation = if shown.base.element.enforcement {
        Operation::EnforcementDisable
    } else {
        Operation::EnforcementEnable
    };
    let mut switch = visitor.may(desk, operation).then(|| switch_form(l, &shown, found.is_some()));
    let mut answer = StatusCode::OK;
    let mut fault = None;
    if let Some((which, given, refusal)) = refused {
        let form = if which == "vlan" { &mut vlan } else { &mut switch };
        match form.as_mut().filter(|_| which != "preflight") {
            Some(form) => answer = form.fill(l, given, refusal)?,
            None if matches!(refusal.problem().status, 409 | 422) => {
                answer = StatusCode::UNPROCESSABLE_ENTITY;
                fault = Some((false, l.said(refusal.detail())));
            }
            None => return Err(refusal),
        }
    }
    let frame = Frame::of(desk, visitor, shown.base.element.name.clone()).await;
    let mut course = Course::of(desk, visitor, "enforce").await?;
    course.told = l.t("enforce-element-told");
    let mut response = frame::page(&ElementPage {
        frame: frame.with_notice(told(l, query)),
        course,
        status: status(l, &shown),
        mode: mode(l, &shown),
        work,
        here: format!("/adopt/enforce/{ne}"),
        may_check: visitor.may(desk, Operation::ProbePreflight),
        findings: fault.into_iter().chain(found.iter().flat_map(|found| findings(l, found))).collect(),
        ports: table(l, l.t("preflight"), PORTS, rows, l.t("preflight-none")),
        vlan,
        switch,
    })?;
    *response.status_mut() = answer;
    Ok(response)
}

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        page(&desk, &visitor, ne, &query, None).await
    })
    .await
}

/// Reads the element now and judges each of its ports.
pub(crate) async fn preflight(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.preflight(visitor.caller(), NeId(ne), None, &given.reason).await {
            Ok(id) => Ok(led_to(&format!("/adopt/enforce/{ne}?job={id}"))),
            Err(error) => {
                let refused = Some(("preflight", &given, Refusal::from(error)));
                page(&desk, &visitor, ne, &Query::default(), refused).await
            }
        }
    })
    .await
}

async fn edited(
    desk: &Desk,
    visitor: &Visitor,
    ne: i64,
    given: &Given,
    which: &str,
    edit: Result<ElementEdit, Refusal>,
    done: &str,
) -> Result<Response, Refusal> {
    let outcome = async {
        let expected = given.version();
        let edit = ElementEdit { expected, ..edit? };
        Ok::<_, Refusal>(desk.edit_element(visitor.caller(), NeId(ne), edit, &given.reason).await?)
    };
    match outcome.await {
        Ok(()) => Ok(led_to(&format!("/adopt/enforce/{ne}?done={done}"))),
        Err(refusal) => page(desk, visitor, ne, &Query::default(), Some((which, given, refusal))).await,
    }
}

pub(crate) async fn vlan(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let vlan = vlan_of(visitor.language(), &given, "quarantine_vlan");
        let edit = vlan.map(|vlan| ElementEdit { quarantine_vlan: Some(vlan), ..ElementEdit::default() });
        edited(&desk, &visitor, ne, &given, "vlan", edit, "changed").await
    })
    .await
}

pub(crate) async fn switch(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(ne): Place<i64>,
    given: Given,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let on = given.text("on").as_deref() != Some("false");
        let edit = ElementEdit { enforcement: Some(on), ..ElementEdit::default() };
        let done = if on { "enforce" } else { "observe" };
        edited(&desk, &visitor, ne, &given, "switch", Ok(edit), done).await
    })
    .await
}

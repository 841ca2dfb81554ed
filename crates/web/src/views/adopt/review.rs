//! Third step: what a search, an import or an addition has found; what of it is to be adopted is chosen here.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ElementWish, Job};
use uuid::Uuid;

use super::work::{self, Candidate, Found, Work};
use super::{Course, vlan_of};
use crate::address::Query;
use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::dialog::Dialog;
use crate::views::form::{Field, Form, Kind, reason};
use crate::views::frame::{self, Frame, answered, led_to};
use crate::views::language::Language;
use crate::views::section::told;
use crate::views::table::{Cell, Table};
use crate::views::visitor::Visitor;

/// Reasons that are listed on the page.
const MOST_REASONS: usize = 200;

/// Something that was found.
struct Line {
    /// Its box to tick: the field's name; None where there is nothing to choose.
    choice: Option<String>,
    chosen: bool,
    address: String,
    name: String,
    descr: String,
    by: String,
    credential: String,
    state: Cell,
    reason: String,
}

#[derive(Template)]
#[template(path = "adopt_review.html")]
struct ReviewPage {
    frame: Frame,
    course: Course,
    work: Option<Work>,
    lines: Vec<Line>,
    /// What is asked besides, where there is something to choose.
    form: Option<Form>,
    /// What was not found or not taken, a sentence each.
    silent: String,
    imported: String,
    reasons: Vec<String>,
    may_cancel: bool,
    jobs: Table,
}

/// The job that the page is about: the one that is named, else the last one.
fn chosen<'j>(jobs: &'j [Job], named: Option<&str>) -> Option<&'j Job> {
    match named.and_then(|text| text.parse::<Uuid>().ok()) {
        Some(id) => jobs.iter().find(|job| job.id == id),
        None => jobs.first(),
    }
}

fn choice_of(at: usize) -> String {
    format!("choose-{at}")
}

/// Addresses of elements that are there already, with their ids.
async fn known(desk: &Desk, visitor: &Visitor) -> Result<Vec<(String, i64)>, Refusal> {
    let mut known = Vec::new();
    let mut wanted = netwarden_operate::ListWish { limit: Some(1_000), ..Default::default() };
    loop {
        let page = desk.elements(visitor.caller(), wanted.clone()).await?;
        known.extend(page.items.iter().map(|shown| {
            let element = &shown.base.element;
            (element.address.to_string(), element.id.0)
        }));
        wanted.after = page.next;
        if wanted.after.is_none() {
            return Ok(known);
        }
    }
}

fn line(
    l: Language,
    at: usize,
    candidate: &Candidate,
    known: &[(String, i64)],
    given: Option<&Given>,
) -> Line {
    let address = candidate.address.clone().unwrap_or_default();
    let with_port = |address: &str| {
        // Neighbours announce addresses without the port of their agent.
        address.parse::<std::net::IpAddr>().map(|ip| std::net::SocketAddr::new(ip, 161).to_string())
    };
    let full = with_port(&address).unwrap_or_else(|_| address.clone());
    let here = known.iter().find(|(found, _)| *found == full).map(|(_, ne)| *ne).or(candidate.added);
    let name = choice_of(at);
    let choice = (here.is_none() && !address.is_empty()).then_some(name);
    let chosen = match (given, &choice) {
        (Some(given), Some(name)) => given.rest.contains_key(name),
        _ => candidate.found_by.as_deref() == Some("sweep") && candidate.not_added.is_none(),
    };
    Line {
        choice,
        chosen,
        address: candidate.all_addresses(),
        name: candidate.name.clone().unwrap_or_default(),
        descr: candidate.descr.clone().unwrap_or_default(),
        by: candidate.by(l),
        credential: candidate.credential.clone().unwrap_or_default(),
        state: candidate.state(l, here),
        reason: candidate.not_added.as_deref().map(|why| l.heard(why)).unwrap_or_default(),
    }
}

/// What is asked of those that were chosen.
fn form(l: Language, job: Uuid) -> Form {
    Form::new(l.t("review-add-title"), l.t("review-add"), "/adopt/review", "")
        .telling([l.t("review-add-told")])
        .carrying("job", job.to_string())
        .asking([
            Field::new("quarantine_vlan", l.t("property-quarantine-vlan"), Kind::Number(1, 4_094))
                .hinted(l.t("review-vlan-hint")),
            Field::new("voice_vlan", l.t("property-voice-vlan"), Kind::Number(1, 4_094)),
            Field::new("region", l.t("column-region"), Kind::Text),
            Field::new("allow_v2c", l.t("field-allow-v2c"), Kind::Tick).hinted(l.t("field-allow-v2c-hint")),
            reason(l),
        ])
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    query: &Query,
    refused: Option<(&Given, Refusal)>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let jobs = work::jobs(desk, visitor).await?;
    let named = refused.as_ref().and_then(|(given, _)| given.text("job"));
    let job = chosen(&jobs, named.as_deref().or(query.get("job")));
    let Found { found, silent, refused: reasons, imported } = job.and_then(work::found).unwrap_or_default();
    let given = refused.as_ref().map(|(given, _)| *given);
    let known = if found.is_empty() { Vec::new() } else { known(desk, visitor).await? };
    let lines: Vec<Line> =
        found.iter().enumerate().map(|(at, one)| line(l, at, one, &known, given)).collect();
    let can_choose = lines.iter().any(|line| line.choice.is_some());
    let may_add = can_choose && visitor.may(desk, Operation::NeCreate);
    let mut form = job.filter(|_| may_add).map(|job| form(l, job.id));
    let mut status = StatusCode::OK;
    if let Some((given, refusal)) = refused {
        match &mut form {
            Some(form) => status = form.fill(l, given, refusal)?,
            None => return Err(refusal),
        }
    }
    let count = |key: &str, count: u64| l.t1(key, "count", i64::try_from(count).unwrap_or(i64::MAX));
    let work = job.map(|job| Work::of(l, job));
    let may_cancel =
        work.as_ref().is_some_and(|work| work.running) && visitor.may(desk, Operation::JobCancel);
    let frame = Frame::of(desk, visitor, l.t("adopt-review")).await;
    let mut response = frame::page(&ReviewPage {
        frame: frame.with_notice(told(l, query)),
        course: Course::of(desk, visitor, "review").await?,
        work,
        lines,
        form,
        silent: if silent > 0 { count("review-silent", silent) } else { String::new() },
        imported: imported.map(|imported| count("review-imported", imported)).unwrap_or_default(),
        reasons: reasons.iter().take(MOST_REASONS).map(|why| l.heard(why)).collect(),
        may_cancel,
        jobs: work::listed(l, &jobs),
    })?;
    *response.status_mut() = status;
    Ok(response)
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        page(&desk, &visitor, &query, None).await
    })
    .await
}

/// Adds what was chosen, in a job of its own.
pub(crate) async fn add(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.permit_of(visitor.caller(), Operation::NeCreate).await?;
        let job = async {
            let l = visitor.language();
            let id: Uuid = given.text("job").and_then(|id| id.parse().ok()).unwrap_or_default();
            let found = work::found(&desk.job(visitor.caller(), id).await?).unwrap_or_default().found;
            let allow_v2c = given.text("allow_v2c").is_some();
            let (quarantine_vlan, voice_vlan) =
                (vlan_of(l, &given, "quarantine_vlan")?, vlan_of(l, &given, "voice_vlan")?);
            let picked = found.iter().enumerate().filter(|(at, _)| given.rest.contains_key(&choice_of(*at)));
            let wishes = picked.filter_map(|(_, one)| {
                Some(ElementWish {
                    address: one.address.clone()?,
                    credential: one.credential.clone(),
                    region: given.text("region"),
                    quarantine_vlan,
                    voice_vlan,
                    allow_v2c,
                    ..ElementWish::default()
                })
            });
            let wishes = wishes.collect();
            Ok::<_, Refusal>(desk.add_elements(visitor.caller(), wishes, &given.reason).await?)
        };
        match job.await {
            Ok(id) => Ok(led_to(&format!("/adopt/review?job={id}"))),
            Err(refusal) => page(&desk, &visitor, &Query::default(), Some((&given, refusal))).await,
        }
    })
    .await
}

/// Ends a search that goes on.
pub(crate) async fn cancel(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let id: Uuid = given.text("job").and_then(|id| id.parse().ok()).unwrap_or_default();
        desk.cancel_job(visitor.caller(), id).await?;
        Ok(led_to(&format!("/adopt/review?job={id}&done=cancelled")))
    })
    .await
}

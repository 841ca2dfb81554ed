//! Long work: the list, and the page of one with its progress, a button to end it, and what it found.
//! Whatever starts a job leads to [`address`].

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_api::rule::Job;
use netwarden_identity::{Operation, Subject};
use netwarden_operate::{Desk, JobState, PreflightReport, report_of};
use serde_json::Value;
use uuid::Uuid;

use super::act::Given;
use super::adopt::work;
use super::endpoints::Property;
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::preflight;
use super::rehearsals::{self, Found};
use super::section::{Listing, Section};
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

/// Where the page of a job is.
pub(super) fn address(id: Uuid) -> String {
    format!("/jobs/{id}")
}

const COLUMNS: Columns = &[
    ("column-job", Some("what")),
    ("column-status", Some("state")),
    ("column-progress", None),
    ("column-started", Some("started_at")),
];
const LISTING: &Listing =
    &Listing { path: "/jobs", columns: COLUMNS, filters: FILTERS, file: "jobs.csv", watched: false };
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("state", "column-status", Some(("job", &["running", "done", "failed", "cancelled"]))),
];

fn state(l: Language, job: &Job) -> Cell {
    Cell::Status { word: format!("job-{}", job.state), text: l.word("job", &job.state) }
}

/// A job in the reader's words.
fn told(l: Language, job: netwarden_operate::Job) -> Job {
    let what = l.said(&job.what);
    let error = match &job.state {
        JobState::Failed(why) => Some(l.said(why)),
        _ => None,
    };
    let told = shape::job(job);
    Job { what, error, result: told.result.map(|found| l.heard_within(found)), ..told }
}

/// How far it has come; empty where that is not known.
fn progress(l: Language, job: &Job) -> String {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match job.total {
        Some(total) => {
            l.with("job-of", &[("done", number(job.done).into()), ("total", number(total).into())])
        }
        None => String::new(),
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let jobs = desk.list_jobs(visitor.caller(), LISTING.wish(&query)?).await?;
        let section = Section {
            title: l.t("jobs"),
            about: l.t("jobs-told"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: LISTING,
            rows: shape::page(jobs, |job| row(l, &told(l, job))),
            none: l.t("jobs-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn row(l: Language, job: &Job) -> Row {
    Row {
        cells: vec![
            Cell::Link { text: job.what.clone(), href: format!("/jobs/{}", job.id) },
            state(l, job),
            Cell::Text(progress(l, job)),
            Cell::Time(Some(job.started_at)),
        ],
    }
}

/// A job as it is shown.
struct Shown {
    l: Language,
    proof: String,
    at: String,
    state: Cell,
    is_running: bool,
    progress: String,
    /// Done and in all, where known.
    bar: Option<(u64, u64)>,
    started: Cell,
    error: Option<String>,
    may_cancel: bool,
    rehearsed: Option<Found>,
    properties: Vec<Property>,
    /// What it found, as tables.
    tables: Vec<(String, Table)>,
    /// Lists that it found, an item a line.
    lists: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    frame: Frame,
    job: Shown,
}

#[derive(Template)]
#[template(path = "job.html", block = "job")]
struct JobPart {
    job: Shown,
}

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<Uuid>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let found = desk.job(visitor.caller(), id).await?;
        let at = address(id);
        let rehearsed =
            report_of(&found).map(|report| rehearsals::found(&desk, &visitor, &report, &at, &query));
        let is_own = match &visitor.caller().subject {
            Subject::User(user) => found.owner == Some(user.user),
            Subject::Unidentified => false,
        };
        let Outcome { properties, tables, lists } = match &rehearsed {
            Some(_) => Outcome::default(),
            None => Outcome::of(l, &found),
        };
        let job = told(l, found);
        let is_running = job.state == "running";
        let shown = Shown {
            l,
            proof: visitor.proof.clone(),
            at,
            state: state(l, &job),
            is_running,
            progress: progress(l, &job),
            bar: job.total.map(|total| (job.done.min(total), total)),
            started: Cell::Time(Some(job.started_at)),
            error: job.error.clone(),
            may_cancel: is_running && (is_own || visitor.may(&desk, Operation::JobCancel)),
            rehearsed,
            properties,
            tables,
            lists,
        };
        if visitor.part {
            return frame::page(&JobPart { job: shown });
        }
        frame::page(&JobPage { frame: Frame::of(&desk, &visitor, job.what).await, job: shown })
    })
    .await
}

/// What a job found.
#[derive(Default)]
struct Outcome {
    properties: Vec<Property>,
    tables: Vec<(String, Table)>,
    lists: Vec<(String, String)>,
}

impl Outcome {
    fn of(l: Language, job: &netwarden_operate::Job) -> Self {
        let (JobState::Done(result) | JobState::Cancelled(Some(result))) = &job.state else {
            return Self::default();
        };
        if job.operation == Operation::ProbePreflight
            && let Ok(report) = serde_json::from_value::<PreflightReport>(result.clone())
        {
            let table = preflight::table(l, None, &report);
            let properties = preflight::told_of(l, &report);
            return Self { properties, tables: vec![(l.t("ports"), table)], ..Self::default() };
        }
        let mut outcome = Self::default();
        let mut rest = l.heard_within(result.clone());
        let Some(rest) = rest.as_object_mut() else { return outcome };
        if let Some(found) = work::found(job).filter(|_| rest.remove("found").is_some()) {
            outcome.tables.push((l.word("result", "found"), work::found_table(l, &found)));
        }
        for (name, value) in rest {
            outcome.take(l, l.word("result", name), value);
        }
        outcome
    }

    /// A single value by its name, or a list.
    fn take(&mut self, l: Language, name: String, value: &Value) {
        let text = match value {
            Value::Null => return,
            Value::Array(items) if items.is_empty() => l.t("result-empty"),
            Value::Array(items) => {
                let lines: Vec<String> = items.iter().map(plain).collect();
                return self.lists.push((name, lines.join("\n")));
            }
            single => plain(single),
        };
        self.properties.push(Property { name, cell: Cell::Text(text) });
    }
}

/// A value without the quotes of JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) async fn cancel(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<Uuid>,
    given: Given,
) -> Response {
    answered(&desk, &visitor, async {
        let Given { proof, .. } = &given;
        visitor.proven(proof)?;
        match desk.cancel_job(visitor.caller(), id).await {
            Ok(()) => {}
            // It has ended meanwhile: its page shows how.
            Err(netwarden_operate::OperateError::Conflict(_)) => {}
            Err(error) => return Err(Refusal::from(error)),
        }
        Ok(led_to(&address(id)))
    })
    .await
}

//! The jobs of adoption: searches, imports, additions and preflights; how far they are, and what they found.

use netwarden_identity::Operation;
use netwarden_operate::{Desk, Job, JobState};
use serde::Deserialize;
use uuid::Uuid;

use crate::address::Query;
use crate::refusal::Refusal;
use crate::views::language::Language;
use crate::views::table::{Cell, Columns, Row, Table};
use crate::views::visitor::Visitor;

const SEARCHES: [Operation; 3] = [Operation::AdoptionDiscover, Operation::NeImport, Operation::NeCreate];

/// What may be an element, as searches, additions and neighbours tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Candidate {
    pub(crate) found_by: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) credential: Option<String>,
    pub(crate) descr: Option<String>,
    pub(crate) added: Option<i64>,
    pub(crate) not_added: Option<String>,
}

/// What a job has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Found {
    pub(crate) found: Vec<Candidate>,
    /// Addresses that did not answer at all.
    pub(crate) silent: u64,
    /// A search: why agents did not answer to us. An import: rows that were not taken.
    pub(crate) refused: Vec<String>,
    /// Rows of an import that were taken.
    pub(crate) imported: Option<u64>,
}

/// A job on a page.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) id: Uuid,
    pub(super) what: String,
    pub(super) state: Cell,
    pub(super) running: bool,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    /// How far it is, in words.
    pub(super) told: String,
    /// Why it failed.
    pub(super) error: Option<String>,
}

impl Work {
    pub(super) fn of(l: Language, job: &Job) -> Self {
        let (word, error) = match &job.state {
            JobState::Running => ("running", None),
            JobState::Done(_) => ("done", None),
            JobState::Failed(reason) => ("failed", Some(l.said(reason))),
            JobState::Cancelled(_) => ("cancelled", None),
        };
        let colour = match word {
            "running" => "info",
            "done" => "ok",
            "failed" => "failed",
            _ => "warning",
        };
        let told = match job.total {
            Some(total) => l.with(
                "work-of",
                &[("done", job.done.to_string().into()), ("total", total.to_string().into())],
            ),
            None => String::new(),
        };
        Self {
            id: job.id,
            what: l.said(&job.what),
            state: Cell::Status { word: colour.to_owned(), text: l.word("state", word) },
            running: word == "running",
            done: job.done,
            total: job.total,
            told,
            error,
        }
    }
}

/// What a job has found by now; None while it runs, and where it failed.
pub(super) fn result(job: &Job) -> Option<&serde_json::Value> {
    match &job.state {
        JobState::Done(found) | JobState::Cancelled(Some(found)) => Some(found),
        JobState::Running | JobState::Failed(_) | JobState::Cancelled(None) => None,
    }
}

/// The same of a search, an import or an addition.
pub(crate) fn found(job: &Job) -> Option<Found> {
    result(job).and_then(|value| serde_json::from_value(value.clone()).ok())
}

const FOUND: Columns = &[
    ("column-address", None),
    ("column-name", None),
    ("property-descr", None),
    ("column-found-by", None),
    ("property-credential", None),
    ("column-status", None),
    ("column-reason", None),
];

/// What was found, as a job's own page shows it: nothing is chosen there.
pub(crate) fn found_table(l: Language, found: &Found) -> Table {
    let text = |text: &Option<String>| Cell::text(text.clone());
    let rows = found.found.iter().map(|candidate| Row {
        cells: vec![
            Cell::Code(candidate.all_addresses()),
            text(&candidate.name),
            text(&candidate.descr),
            Cell::Text(candidate.by(l)),
            text(&candidate.credential),
            candidate.state(l, candidate.added),
            Cell::text(candidate.not_added.as_deref().map(|why| l.heard(why))),
        ],
    });
    crate::views::section::table(l, l.word("result", "found"), FOUND, rows.collect(), l.t("result-empty"))
}

impl Candidate {
    /// The address that is asked, and the others behind it.
    pub(crate) fn all_addresses(&self) -> String {
        let address = self.address.clone().unwrap_or_default();
        let more: Vec<&str> = self.addresses.iter().skip(1).map(String::as_str).collect();
        if more.is_empty() { address } else { format!("{address} ({})", more.join(", ")) }
    }

    /// By what it was found, in the reader's words.
    pub(crate) fn by(&self, l: Language) -> String {
        self.found_by.as_ref().map(|by| l.word("state", &format!("by-{by}"))).unwrap_or_default()
    }

    /// Whether it has been added; `here` is the element that has its address.
    pub(crate) fn state(&self, l: Language, here: Option<i64>) -> Cell {
        match (here, &self.not_added) {
            (Some(ne), _) => Cell::Link { text: l.t("review-added"), href: format!("/elements/{ne}") },
            (None, Some(_)) => Cell::Status { word: "failed".to_owned(), text: l.t("review-not-added") },
            (None, None) => Cell::Status { word: "new".to_owned(), text: l.t("review-found") },
        }
    }
}

/// Searches, imports and additions that this reader may see, newest first.
pub(super) async fn jobs(desk: &Desk, visitor: &Visitor) -> Result<Vec<Job>, Refusal> {
    let all = desk.all_jobs(visitor.caller()).await?;
    Ok(all.into_iter().filter(|job| SEARCHES.contains(&job.operation)).collect())
}

const COLUMNS: Columns =
    &[("column-time", None), ("column-what", None), ("column-status", None), ("column-progress", None)];

/// What was started lately, each with the way to what it found.
pub(super) fn listed(l: Language, jobs: &[Job]) -> Table {
    let rows = jobs.iter().take(10).map(|job| {
        let work = Work::of(l, job);
        let href = Query::default().with("job", &job.id.to_string()).at("/adopt/review");
        Row {
            cells: vec![
                Cell::Time(Some(job.started)),
                Cell::Link { text: work.what, href },
                work.state,
                Cell::Text(work.told),
            ],
        }
    });
    crate::views::section::table(l, l.t("adopt-work"), COLUMNS, rows.collect(), l.t("adopt-work-none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_searches_imports_and_additions_are_read() {
        let read = |value| serde_json::from_value::<Found>(value).unwrap();
        let search = read(serde_json::json!({
            "found": [
                { "found_by": "sweep", "address": "192.0.2.7:161", "name": null, "credential": "core", "added": null },
                { "found_by": "neighbour", "address": null, "addresses": [], "chassis_mac": "00:00:5e:00:53:01" },
            ],
            "silent": 252, "refused": ["192.0.2.9:161: unknown user name"],
        }));
        assert_eq!((search.found.len(), search.silent, search.refused.len()), (2, 252, 1));
        let import =
            read(serde_json::json!({ "imported": 2, "refused": ["line 3: the address is missing"] }));
        assert_eq!((import.imported, import.found.len()), (Some(2), 0));
        let added = read(serde_json::json!({ "found": [{ "address": "192.0.2.7:161", "added": 4 }] }));
        assert_eq!(added.found[0].added, Some(4));
    }
}

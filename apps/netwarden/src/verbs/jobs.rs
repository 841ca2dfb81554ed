//! `netwarden jobs …`: long work on the server that was started and not waited for.

use clap::Subcommand;
use netwarden_api::client::segment;
use netwarden_api::rule::Job;
use serde_json::{Value, json};

use super::fault::Fault;
use super::job::{self, Started};
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of jobs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists jobs, newest first.
    List(Paging),
    /// Shows a job and its result.
    Show {
        /// Its id.
        id: String,
    },
    /// Waits for a job and prints its result; Ctrl-C cancels it.
    Wait {
        /// Its id.
        id: String,
    },
    /// Asks a job to end.
    Cancel {
        /// Its id.
        id: String,
    },
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let path = |id: &str| format!("/jobs/{}", segment(id));
    match verb {
        Verb::List(paging) => list::<Job>(session, "/jobs", Filters::default(), &paging).await,
        Verb::Show { id } => show::<Job>(&session.out, session.client.get(&path(&id), &[]).await?),
        Verb::Wait { id } => job::finish(session, &Started { id }, false, answer).await,
        Verb::Cancel { id } => {
            let sent = session.client.post::<_, Value>(&format!("{}/cancel", path(&id)), &json!({})).await?;
            answer(&session.out, &sent)
        }
    }
}

impl Tabular for Job {
    const COLUMNS: &'static [&'static str] =
        &["id", "what", "state", "done", "total", "started", "error", "result"];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.id),
            Cell::from(&self.what),
            Cell::from(&self.state),
            self.done.into(),
            self.total.into(),
            self.started_at.into(),
            self.error.clone().into(),
            self.result.as_ref().map(ToString::to_string).into(),
        ]
    }
}

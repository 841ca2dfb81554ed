//! Long work on the server: followed to its end, cancelled by Ctrl-C.

use std::time::Duration;

use netwarden_api::client::segment;
use netwarden_api::rule::Job;
use serde::Deserialize;
use serde_json::Value;

use super::fault::{Fault, failed};
use super::session::{Printer, ProgressLine, Session};

/// Longest time between two looks.
const SLOWEST: Duration = Duration::from_millis(1000);

/// A job that was started: its id, whatever else the server says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Started {
    /// Its id.
    #[serde(alias = "job")]
    pub id: String,
}

/// Waits for a job and prints its result; Ctrl-C cancels it, and what it had found by then is printed.
pub async fn finish(
    session: &Session,
    started: &Started,
    detach: bool,
    print: impl Fn(&Printer, &Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if detach {
        let id = serde_json::json!({ "job": started.id });
        return super::list::answer(&session.out, &id);
    }
    let job = follow(session, &started.id).await?;
    if let Some(result) = &job.result {
        print(&session.out, result)?;
    }
    match job.state.as_str() {
        "done" => Ok(()),
        "cancelled" => Err(Fault::Bad(format!("{}: cancelled", job.what))),
        _ => {
            let reason = job.error.unwrap_or_else(|| "it ended without a reason".to_owned());
            Err(failed(format!("{}: {reason}", job.what)))
        }
    }
}

async fn follow(session: &Session, id: &str) -> Result<Job, Fault> {
    let path = format!("/jobs/{}", segment(id));
    let mut line = ProgressLine::new();
    let mut wait = Duration::from_millis(50);
    let mut is_cancelled = false;
    loop {
        let job: Job = session.client.get(&path, &[]).await?;
        if job.state != "running" {
            return Ok(job);
        }
        line.show(&progress(&job, is_cancelled));
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 3 / 2).min(SLOWEST),
            pressed = tokio::signal::ctrl_c() => {
                if pressed.is_err() || is_cancelled {
                    return Err(failed(format!("{}: left while it was being cancelled", job.what)));
                }
                let _: Value = session.client.post(&format!("{path}/cancel"), &serde_json::json!({})).await?;
                is_cancelled = true;
                wait = Duration::from_millis(50);
            }
        }
    }
}

fn progress(job: &Job, is_cancelled: bool) -> String {
    let done = match job.total {
        Some(total) if total > 0 => {
            let percent = job.done.min(total).saturating_mul(100) / total;
            format!("{} of {total} ({percent} %)", job.done)
        }
        _ => job.done.to_string(),
    };
    let ending = if is_cancelled { "; cancelling" } else { "; Ctrl-C cancels" };
    format!("{}: {done}{ending}", job.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_parts_of_the_whole() {
        let mut job = Job {
            id: "x".into(),
            what: "rehearsal of rule 'r'".into(),
            state: "running".into(),
            done: 250,
            total: Some(1000),
            result: None,
            error: None,
            started_at: jiff::Timestamp::UNIX_EPOCH,
        };
        assert_eq!(progress(&job, false), "rehearsal of rule 'r': 250 of 1000 (25 %); Ctrl-C cancels");
        job.total = None;
        assert_eq!(progress(&job, true), "rehearsal of rule 'r': 250; cancelling");
        job.total = Some(0);
        assert!(progress(&job, true).contains("250"));
    }

    #[test]
    fn a_started_job_is_known_by_its_id() {
        for text in [r#"{"id":"7"}"#, r#"{"job":"7","state":"running"}"#] {
            assert_eq!(serde_json::from_str::<Started>(text).unwrap().id, "7");
        }
    }
}

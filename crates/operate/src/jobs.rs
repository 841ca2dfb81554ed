//! Long work: it shows how far it has come, can be cancelled, and its result stays reachable for a while.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::UserId;
use uuid::Uuid;

use crate::said::Said;

/// Ended jobs that are kept; the oldest go first.
const KEPT: usize = 100;

/// How often a long step looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);

/// How a job stands.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// At work.
    Running,
    /// Ended with this result.
    Done(serde_json::Value),
    /// Ended with this reason.
    Failed(Said),
    /// Ended because someone wished so; what it had found by then, where that is of use.
    Cancelled(Option<serde_json::Value>),
}

impl State {
    /// Its name in the interfaces.
    pub const fn as_str(&self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done(_) => "done",
            State::Failed(_) => "failed",
            State::Cancelled(_) => "cancelled",
        }
    }
}

/// What is known of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What it does, in words.
    pub what: Said,
    /// The operation that it carries out: who may not do that does not see what it found.
    pub operation: Operation,
    /// Who started it.
    pub owner: Option<UserId>,
    /// When it was started.
    pub started: Timestamp,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// How it stands.
    pub state: State,
}

/// Through which a job tells how far it is, and learns that it is to end.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// So many units are done.
    pub fn set_done(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// So many units there are in all.
    pub fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// True once someone has cancelled it; the job looks between its steps.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Ends once someone has cancelled the job: for a step that may take long by itself.
    pub async fn cancelled(&self) {
        while !self.is_cancelled() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

struct Entry {
    what: Said,
    operation: Operation,
    owner: Option<UserId>,
    started: Timestamp,
    progress: Arc<Progress>,
    state: State,
}

/// The jobs of this process.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<BTreeMap<Uuid, Entry>>>);

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Jobs").field(&self.entries().len()).finish()
    }
}

impl Jobs {
    /// Starts `work` on its own task. A result after a cancellation is kept as what was found by then.
    pub fn start<F>(
        &self,
        what: Said,
        operation: Operation,
        owner: Option<UserId>,
        now: Timestamp,
        work: impl FnOnce(Arc<Progress>) -> F,
    ) -> Uuid
    where
        F: Future<Output = Result<serde_json::Value, Said>> + Send + 'static,
    {
        let progress = Arc::new(Progress::default());
        let id = Uuid::now_v7();
        let entry = Entry {
            what,
            operation,
            owner,
            started: now,
            progress: Arc::clone(&progress),
            state: State::Running,
        };
        {
            let mut entries = self.entries();
            entries.insert(id, entry);
            forget_oldest(&mut entries);
        }
        let (jobs, work) = (self.clone(), work(Arc::clone(&progress)));
        tokio::spawn(async move {
            let outcome = work.await;
            let state = match (outcome, progress.is_cancelled()) {
                (Ok(found), true) => State::Cancelled(Some(found)),
                (Err(_), true) => State::Cancelled(None),
                (Ok(found), false) => State::Done(found),
                (Err(reason), false) => State::Failed(reason),
            };
            if let Some(entry) = jobs.entries().get_mut(&id) {
                entry.state = state;
            }
        });
        id
    }

    /// A job, where it is still known.
    pub fn get(&self, id: Uuid) -> Option<Job> {
        self.entries().get(&id).map(|entry| describe(id, entry))
    }

    /// All known jobs, newest first.
    pub fn list(&self) -> Vec<Job> {
        self.entries().iter().rev().map(|(id, entry)| describe(*id, entry)).collect()
    }

    /// Asks a job to end; false where it is not known.
    pub fn cancel(&self, id: Uuid) -> bool {
        let entries = self.entries();
        let found = entries.get(&id);
        if let Some(entry) = found {
            entry.progress.cancelled.store(true, Ordering::Relaxed);
        }
        found.is_some()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Uuid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn describe(id: Uuid, entry: &Entry) -> Job {
    let total = entry.progress.total.load(Ordering::Relaxed);
    Job {
        id,
        what: entry.what.clone(),
        operation: entry.operation,
        owner: entry.owner,
        started: entry.started,
        done: entry.progress.done.load(Ordering::Relaxed),
        total: (total > 0).then_some(total),
        state: entry.state.clone(),
    }
}

fn forget_oldest(entries: &mut BTreeMap<Uuid, Entry>) {
    while entries.len() > KEPT {
        let ended = entries.iter().find(|(_, entry)| entry.state != State::Running).map(|(id, _)| *id);
        let Some(id) = ended else { return };
        entries.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ended(jobs: &Jobs, id: Uuid) -> Job {
        for _ in 0..500 {
            let job = jobs.get(id).unwrap();
            if job.state != State::Running {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the job did not end");
    }

    // proves: SCL-03
    #[tokio::test]
    async fn a_job_shows_progress_and_can_be_cancelled() {
        let jobs = Jobs::default();
        let id = jobs.start(
            "counting".into(),
            Operation::JobRead,
            None,
            Timestamp::UNIX_EPOCH,
            |progress| async move {
                progress.set_total(1_000_000);
                let mut counted = 0u64;
                while !progress.is_cancelled() {
                    counted += 1;
                    progress.set_done(counted);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Ok(counted.into())
            },
        );
        while jobs.get(id).unwrap().done < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(jobs.get(id).unwrap().total, Some(1_000_000));
        assert!(jobs.cancel(id));
        let State::Cancelled(Some(found)) = ended(&jobs, id).await.state else { panic!() };
        assert!(found.as_u64().unwrap() >= 3);
        assert!(!jobs.cancel(Uuid::nil()));
    }

    #[tokio::test]
    async fn results_and_reasons_stay_reachable() {
        let jobs = Jobs::default();
        let start = |outcome: Result<u64, &'static str>| {
            jobs.start("x".into(), Operation::JobRead, None, Timestamp::UNIX_EPOCH, move |_| async move {
                outcome.map(Into::into).map_err(Said::from)
            })
        };
        assert_eq!(ended(&jobs, start(Ok(7))).await.state, State::Done(7.into()));
        assert_eq!(ended(&jobs, start(Err("no"))).await.state, State::Failed("no".into()));
    }
}

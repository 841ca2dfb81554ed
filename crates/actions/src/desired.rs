//! The life of a desired port state: one `match (state, input)`, effects out.
//!
//! The reconciler (`enforce`) feeds it and carries the effects out. Nothing here reads a clock: the
//! time is an argument, and every wait stands as a time in the state.

use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::access::Progress;

use crate::guard::Verdict;

/// First wait after a failure; doubled each time.
pub const FIRST_RETRY: Duration = Duration::from_secs(5);
/// No wait is longer.
pub const LAST_RETRY: Duration = Duration::from_secs(300);
/// How often what is verified, or held for no known time, is looked at again.
pub const RECHECK: Duration = Duration::from_secs(300);

/// Where a desired state stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How far it has come.
    pub progress: Progress,
    /// Why it stands there, in one sentence.
    pub note: String,
    /// Attempts since the wish, or since it was last as wanted.
    pub attempts: u32,
    /// When it is to be looked at next; None: only when something happens.
    pub next: Option<Timestamp>,
    /// Since when it stands there.
    pub since: Timestamp,
    /// When the element last showed it as wanted.
    pub verified_at: Option<Timestamp>,
    /// Something of ours may stand on the element: earlier values are stored.
    pub changed: bool,
}

/// All that can happen to a desired state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Somebody wants an access: a new wish, or another one.
    Wanted,
    /// The guard rails have spoken.
    Judged(Verdict),
    /// A plan was made; false where all is as wanted already and nothing is to be sent.
    Planned {
        /// It has SETs.
        changes: bool,
    },
    /// No plan could be made, or the element could not be read.
    PlanFailed {
        /// Why.
        why: String,
    },
    /// Attempt, earlier values and the audit's leaf are durable: SETs may go out.
    AttemptRecorded,
    /// The element answered the SETs, with the error if it refused them. Either way the values read
    /// back decide: a lost answer does not mean that nothing was done.
    Sent {
        /// Why a SET failed.
        error: Option<String>,
    },
    /// The values were read back; the sentence says how they differ, or why they could not be read.
    ReadBack {
        /// As wanted, or what is wrong.
        result: Result<(), String>,
    },
    /// The earlier values are to be restored.
    ReleaseWanted,
    /// The element has restarted: what it holds now may be its start-up configuration.
    Rebooted,
    /// Enforcement was switched on for the element, or the global stop was lifted.
    Reconsider,
    /// An attempt was found open after an interruption of ours.
    Interrupted,
    /// Time.
    Tick,
}

/// What the reconciler has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the guard rails.
    Judge,
    /// Read the element and make a plan.
    Plan,
    /// Write attempt, earlier values and leaf durably, then send.
    RecordAttempt,
    /// Send the SETs.
    Send,
    /// Read the values back.
    ReadBack,
    /// Tell the outcome, by event and audit.
    Tell(Told),
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// As wanted, or released.
    Done,
    /// Failed or refused.
    Failed,
    /// Held back.
    Held {
        /// Someone must look at it.
        alarm: bool,
    },
    /// Only observed.
    Observed,
}

/// An input that makes no sense where the state stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a desired state that is {progress:?} cannot take {input:?}")]
pub struct Unexpected {
    /// Where it stands.
    pub progress: Progress,
    /// What came.
    pub input: Input,
}

/// The wait before attempt `attempts + 1`.
pub fn back_off(attempts: u32) -> Duration {
    let factor = 1u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_RETRY.saturating_mul(factor).min(LAST_RETRY)
}

impl Standing {
    /// A wish that was just made.
    pub fn new(now: Timestamp) -> Self {
        Self {
            progress: Progress::Pending,
            note: String::new(),
            attempts: 0,
            next: Some(now),
            since: now,
            verified_at: None,
            changed: false,
        }
    }

    /// True where nothing is to be done at `now`.
    pub fn at_rest(&self, now: Timestamp) -> bool {
        self.next.is_none_or(|next| next > now)
    }

    fn to(mut self, now: Timestamp, progress: Progress, note: impl Into<String>) -> Self {
        if self.progress != progress {
            self.since = now;
        }
        self.progress = progress;
        self.note = note.into();
        self
    }

    fn next_at(mut self, at: Option<Timestamp>) -> Self {
        self.next = at;
        self
    }
}

fn after(now: Timestamp, wait: Duration) -> Option<Timestamp> {
    now.checked_add(wait).ok()
}

/// One step: the new state and what is to be done, in order.
pub fn step(now: Timestamp, state: Standing, input: Input) -> Result<(Standing, Vec<Effect>), Unexpected> {
    use Effect::{Judge, Plan, ReadBack, RecordAttempt, Send, Tell};
    use Progress::{Attempted, Failed, Held, ObserveOnly, Pending, Released, Releasing, Verified};

    let afresh = |state: Standing| Standing { attempts: 0, ..state.to(now, Pending, "") }.next_at(Some(now));
    Ok(match (state.progress, input) {
        // A new wish starts afresh from everywhere; what is stored of earlier values stays.
        (_, Input::Wanted) => (afresh(state), vec![Judge]),

        (Pending, Input::Tick | Input::Reconsider | Input::Rebooted) => {
            (state.next_at(Some(now)), vec![Judge])
        }
        (Pending, Input::Judged(Verdict::Go)) => (state, vec![Plan]),
        (Pending, Input::Judged(Verdict::ObserveOnly(would))) => {
            (state.to(now, ObserveOnly, would).next_at(None), vec![Tell(Told::Observed)])
        }
        (Pending, Input::Judged(Verdict::Held { why, until, alarm })) => {
            // A hold is told once, however often it is judged again.
            let repeated = state.note == why;
            let next = until.or_else(|| after(now, RECHECK));
            let tell = if repeated { vec![] } else { vec![Tell(Told::Held { alarm })] };
            (state.to(now, Held, why).next_at(next), tell)
        }
        (Pending, Input::Judged(Verdict::Refused(why))) => {
            (state.to(now, Failed, why).next_at(None), vec![Tell(Told::Failed)])
        }
        (Pending, Input::Planned { changes: false }) => (verified(now, state, ""), vec![Tell(Told::Done)]),
        (Pending | Releasing, Input::Planned { changes: true }) => (state, vec![RecordAttempt]),
        (Pending, Input::PlanFailed { why }) => unplanned(now, state, Failed, why),
        (Pending, Input::AttemptRecorded) => {
            let attempts = state.attempts.saturating_add(1);
            (Standing { attempts, changed: true, ..state.to(now, Attempted, "") }, vec![Send])
        }

        (Attempted | Releasing, Input::Sent { error }) => {
            (Standing { note: error.unwrap_or_default(), ..state }, vec![ReadBack])
        }
        (Attempted, Input::ReadBack { result: Ok(()) }) => (verified(now, state, ""), vec![Tell(Told::Done)]),
        (Attempted, Input::ReadBack { result: Err(why) }) => {
            let why = joined(&state.note, &why);
            failed(now, state, Failed, why)
        }
        // What an interrupted attempt did can only be seen on the element. The plan that is made now
        // has no SETs where it did all; otherwise the guard rails are asked before the next attempt.
        (Attempted, Input::Interrupted) => (afresh(state), vec![Plan]),
        (Attempted, Input::Tick | Input::Rebooted | Input::Reconsider) => (state, vec![]),

        (Verified, Input::Tick) => (state.next_at(after(now, RECHECK)), vec![ReadBack]),
        (Verified, Input::ReadBack { result: Ok(()) }) => (verified(now, state, ""), vec![]),
        (Verified, Input::ReadBack { result: Err(why) }) => {
            (Standing { note: why, ..afresh(state) }, vec![Judge])
        }
        (Verified, Input::PlanFailed { why }) => {
            (Standing { note: why, ..state }.next_at(after(now, RECHECK)), vec![])
        }
        (Verified | Held | Failed, Input::Rebooted) => (afresh(state), vec![Judge]),

        (Held, Input::Tick | Input::Reconsider) => {
            let note = state.note.clone();
            (Standing { note, ..state.to(now, Pending, "") }.next_at(Some(now)), vec![Judge])
        }
        (Failed, Input::Tick) if state.next.is_some() => {
            let note = state.note.clone();
            (state.to(now, Pending, note).next_at(Some(now)), vec![Judge])
        }
        (Failed | ObserveOnly, Input::Reconsider) => (afresh(state), vec![Judge]),
        (Verified, Input::Reconsider) => (state, vec![]),
        (Failed | ObserveOnly, Input::Tick) | (ObserveOnly, Input::Rebooted) => (state.next_at(None), vec![]),

        // Nothing of ours is on the element: there is nothing to restore.
        (Released, Input::ReleaseWanted) => (state.next_at(None), vec![Tell(Told::Done)]),
        (_, Input::ReleaseWanted) if !state.changed => {
            let note = "nothing had been changed";
            (state.to(now, Released, note).next_at(None), vec![Tell(Told::Done)])
        }
        (_, Input::ReleaseWanted) => {
            let state = Standing { attempts: 0, ..state.to(now, Releasing, "") };
            (state.next_at(Some(now)), vec![Plan])
        }
        (Releasing, Input::Tick | Input::Reconsider | Input::Rebooted | Input::Interrupted) => {
            (state.next_at(Some(now)), vec![Plan])
        }
        (Releasing, Input::Planned { changes: false } | Input::ReadBack { result: Ok(()) }) => {
            let state = Standing { changed: false, attempts: 0, ..state.to(now, Released, "") };
            (Standing { verified_at: Some(now), ..state }.next_at(None), vec![Tell(Told::Done)])
        }
        (Releasing, Input::PlanFailed { why }) => unplanned(now, state, Releasing, why),
        (Releasing, Input::AttemptRecorded) => {
            (Standing { attempts: state.attempts.saturating_add(1), ..state }, vec![Send])
        }
        (Releasing, Input::ReadBack { result: Err(why) }) => {
            let why = joined(&state.note, &why);
            failed(now, state, Releasing, why)
        }
        (Released, Input::Tick | Input::Rebooted | Input::Reconsider) => (state.next_at(None), vec![]),

        (progress, input) => return Err(Unexpected { progress, input }),
    })
}

fn verified(now: Timestamp, state: Standing, note: &str) -> Standing {
    let state = Standing { attempts: 0, verified_at: Some(now), ..state.to(now, Progress::Verified, note) };
    state.next_at(after(now, RECHECK))
}

/// Nothing was sent. That is told once for each reason, and tried again after a wait that grows.
fn unplanned(now: Timestamp, state: Standing, progress: Progress, why: String) -> (Standing, Vec<Effect>) {
    let repeated = state.note == why;
    let state = Standing { attempts: state.attempts.saturating_add(1), ..state };
    let (state, tell) = failed(now, state, progress, why);
    (state, if repeated { vec![] } else { tell })
}

/// Failed for now, and told: tried again after a wait that grows.
fn failed(now: Timestamp, state: Standing, progress: Progress, why: String) -> (Standing, Vec<Effect>) {
    let attempts = state.attempts.max(1);
    let state = Standing { attempts, ..state.to(now, progress, why) };
    (state.next_at(after(now, back_off(attempts))), vec![Effect::Tell(Told::Failed)])
}

fn joined(sent: &str, read: &str) -> String {
    if sent.is_empty() { read.to_owned() } else { format!("{sent}; {read}") }
}

#[cfg(test)]
#[path = "desired_tests.rs"]
mod tests;

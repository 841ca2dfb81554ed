//! What the users who are online did last (IAM-12): kept in memory, a line a session, since a session's last
//! use alone is worth a row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;

/// Sessions that are kept; beyond it those go that did nothing for longest.
const MOST: usize = 10_000;
/// What is older than this is of a session that has ended in some way.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// What a session did last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// Which operation.
    pub operation: Operation,
    /// Of what; None for a list or the system.
    pub object: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What each session did last. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Online(Arc<Mutex<HashMap<i64, Doing>>>);

impl Online {
    /// Notes what a session does.
    pub fn note(&self, session: i64, doing: Doing) {
        let mut sessions = self.sessions();
        if sessions.len() >= MOST && !sessions.contains_key(&session) {
            sessions.retain(|_, kept| doing.at.duration_since(kept.at) < OLD);
            if sessions.len() >= MOST {
                let oldest = sessions.iter().min_by_key(|(_, kept)| kept.at).map(|(session, _)| *session);
                oldest.and_then(|oldest| sessions.remove(&oldest));
            }
        }
        sessions.insert(session, doing);
    }

    /// What a session did last; None where nothing is known of it since the start.
    pub fn of(&self, session: i64) -> Option<Doing> {
        self.sessions().get(&session).cloned()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<i64, Doing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doing(second: i64) -> Doing {
        let at = Timestamp::from_second(second).unwrap();
        Doing { operation: Operation::NeRead, object: None, at }
    }

    #[test]
    fn the_last_act_of_each_session_is_kept_and_no_more_sessions_than_fit() {
        let online = Online::default();
        assert_eq!(online.of(1), None);
        online.note(1, doing(1));
        online.note(1, doing(2));
        assert_eq!(online.of(1), Some(doing(2)));
        for session in 2..=i64::try_from(MOST).unwrap() {
            online.note(session, doing(session + 1));
        }
        online.note(0, doing(20_000));
        assert_eq!(online.of(1), None, "it did nothing for longest");
        assert!(online.of(2).is_some());
        online.note(-1, doing(200_000));
        assert_eq!((online.of(2), online.of(-1)), (None, Some(doing(200_000))), "of the day before");
    }
}

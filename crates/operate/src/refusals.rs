//! Which refused operations become events (AUD-14): the trail has every one, the event log one a minute and
//! user, so that a page that asks for much does not drown everything else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::UserId;

const BETWEEN: SignedDuration = SignedDuration::from_secs(60);

/// When each user was last refused something that became an event. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<HashMap<UserId, Timestamp>>>);

impl Refusals {
    /// True where the refusal is to become an event.
    pub(crate) fn is_told(&self, user: UserId, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back does not silence anybody for long.
        told.retain(|_, at| now.duration_since(*at).abs() < BETWEEN);
        match told.contains_key(&user) {
            true => false,
            false => told.insert(user, now).is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_minute_and_user() {
        let refusals = Refusals::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(refusals.is_told(UserId(1), at(0)));
        assert!(!refusals.is_told(UserId(1), at(59)));
        assert!(refusals.is_told(UserId(2), at(59)));
        assert!(refusals.is_told(UserId(1), at(60)));
        assert!(refusals.is_told(UserId(1), at(-100)), "the clock was set back");
    }
}

//! The manager's notion of an agent's engine: its id, boots and time, and the user's keys for it
//! (RFC 3414 sections 2.3 and 4).

use std::time::Instant;

use crate::usm::{EngineClock, LocalisedUser, UsmUser};

/// What is known of an authoritative engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub id: Vec<u8>,
    pub clock: EngineClock,
    pub keys: LocalisedUser,
}

impl Engine {
    pub(crate) fn discovered(id: &[u8], boots: u32, time: u32, now: Instant, user: &UsmUser) -> Self {
        let clock = EngineClock::unauthenticated(boots, time, now);
        Self { id: id.to_vec(), clock, keys: user.localise(id) }
    }
}

//! The manager's notion of an agent's engine: its id, boots and time (RFC 3414 sections 2.3 and 4).

use std::time::Instant;

use crate::usm::{LocalisedUser, MAX_BOOTS, TIME_WINDOW, UsmUser};

/// What is known of an authoritative engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub id: Vec<u8>,
    pub boots: u32,
    time: u32,
    at: Instant,
    /// latestReceivedEngineTime (RFC 3414 section 2.3).
    latest: u32,
    /// False while boots and time come from a Report without digest: the first message that carries
    /// one replaces them, whatever it says.
    pub authentic: bool,
    pub keys: LocalisedUser,
}

/// How a verified message stands to the engine's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timeliness {
    /// Inside of the window; boots as known.
    InWindow,
    /// Inside of the window, and the engine has booted since.
    Rebooted,
    /// Outside: a replay, or late.
    Outside,
}

impl Engine {
    pub(crate) fn discovered(id: &[u8], boots: u32, time: u32, now: Instant, user: &UsmUser) -> Self {
        Self { id: id.to_vec(), boots, time, at: now, latest: time, authentic: false, keys: user.localise(id) }
    }

    /// snmpEngineTime at `now`.
    pub(crate) fn time_at(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.at).as_secs();
        self.time.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX)).min(MAX_BOOTS)
    }

    fn adopt(&mut self, boots: u32, time: u32, now: Instant) {
        self.boots = boots;
        self.time = time;
        self.latest = time;
        self.at = now;
        self.authentic = true;
    }

    /// RFC 3414 section 3.2 step 7b, for a message whose digest is right.
    pub(crate) fn judge(&mut self, boots: u32, time: u32, now: Instant) -> Timeliness {
        if !self.authentic {
            self.adopt(boots, time, now);
            return Timeliness::InWindow;
        }
        let rebooted = boots > self.boots;
        if rebooted || (boots == self.boots && time > self.latest) {
            self.adopt(boots, time, now);
        }
        let old = boots < self.boots || time.saturating_add(TIME_WINDOW) < self.time_at(now);
        if self.boots >= MAX_BOOTS || old {
            Timeliness::Outside
        } else if rebooted {
            Timeliness::Rebooted
        } else {
            Timeliness::InWindow
        }
    }

    /// A Report of usmStatsNotInTimeWindows whose digest is right and which answers a msgID drawn for
    /// the request: fresh, so its boots and time are taken even where they lie behind ours (an agent
    /// that lost its boots). Answers whether they do.
    pub(crate) fn resynchronise(&mut self, boots: u32, time: u32, now: Instant) -> bool {
        let back = self.authentic && boots < self.boots;
        self.adopt(boots, time, now);
        back
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn engine(now: Instant) -> Engine {
        let mut engine = Engine::discovered(b"engine", 3, 1_000, now, &UsmUser::without_keys(b"u"));
        assert_eq!(engine.judge(3, 1_000, now), Timeliness::InWindow);
        engine
    }

    #[test]
    fn the_window_is_150_seconds() {
        let start = Instant::now();
        let later = start + Duration::from_secs(500);
        assert_eq!(engine(start).time_at(later), 1_500);
        for (boots, time, expected) in [
            (3, 1_500, Timeliness::InWindow),
            (3, 1_350, Timeliness::InWindow),
            (3, 1_349, Timeliness::Outside),
            (2, 1_500, Timeliness::Outside),
            (4, 5, Timeliness::Rebooted),
            (3, 9_999, Timeliness::InWindow),
            (MAX_BOOTS, 1_500, Timeliness::Outside),
        ] {
            let mut engine = engine(start);
            // What was last received bounds the window, not our clock alone (RFC 3414 section 3.2 step 7b).
            assert_eq!(engine.judge(3, 1_500, later), Timeliness::InWindow);
            assert_eq!(engine.judge(boots, time, later), expected, "{boots} {time}");
        }
    }

    #[test]
    fn the_first_digest_replaces_what_came_without() {
        let now = Instant::now();
        let mut engine = Engine::discovered(b"engine", 900, 9_000, now, &UsmUser::without_keys(b"u"));
        assert_eq!(engine.judge(3, 10, now), Timeliness::InWindow);
        assert_eq!((engine.boots, engine.time_at(now)), (3, 10));
    }
}

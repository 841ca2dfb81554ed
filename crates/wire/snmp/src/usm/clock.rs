//! The notion of another engine's boots and time (RFC 3414 sections 2.2 and 2.3).

use std::time::Instant;

use super::{MAX_BOOTS, TIME_WINDOW};

/// snmpEngineBoots and snmpEngineTime of an authoritative engine that is not ours.
#[derive(Debug, Clone, Copy)]
pub struct EngineClock {
    boots: u32,
    time: u32,
    at: Instant,
    /// latestReceivedEngineTime (RFC 3414 section 2.3).
    latest: u32,
    /// False while boots and time come without a digest: the first message that carries one replaces
    /// them, whatever it says.
    authentic: bool,
}

/// How a verified message stands to the engine's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// Inside of the window; boots as known.
    InWindow,
    /// Inside of the window, and the engine has booted since.
    Rebooted,
    /// Outside: a replay, or late.
    Outside,
}

impl EngineClock {
    /// From boots and time that no digest protects.
    pub fn unauthenticated(boots: u32, time: u32, now: Instant) -> Self {
        Self { boots, time, at: now, latest: time, authentic: false }
    }

    /// From boots and time that a digest protected.
    pub fn authenticated(boots: u32, time: u32, now: Instant) -> Self {
        Self { boots, time, at: now, latest: time, authentic: true }
    }

    /// snmpEngineBoots.
    pub fn boots(&self) -> u32 {
        self.boots
    }

    /// Whether boots and time came with a digest.
    pub fn is_authentic(&self) -> bool {
        self.authentic
    }

    /// snmpEngineTime at `now`, in seconds.
    pub fn time_at(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.at).as_secs();
        self.time.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX)).min(MAX_BOOTS)
    }

    /// RFC 3414 section 3.2 step 7b, for a message whose digest is right.
    pub fn judge(&mut self, boots: u32, time: u32, now: Instant) -> Timeliness {
        if !self.authentic {
            *self = Self::authenticated(boots, time, now);
            return Timeliness::InWindow;
        }
        let rebooted = boots > self.boots;
        if rebooted || (boots == self.boots && time > self.latest) {
            *self = Self::authenticated(boots, time, now);
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
}

/// RFC 3414 section 3.2 step 7a: whether a message is timely for an engine of `own_boots` and
/// `own_time` that is authoritative itself.
pub fn is_timely_for_us(own_boots: u32, own_time: u32, boots: u32, time: u32) -> bool {
    own_boots < MAX_BOOTS && boots == own_boots && time.abs_diff(own_time) <= TIME_WINDOW
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_window_is_150_seconds() {
        let start = Instant::now();
        let later = start + Duration::from_secs(500);
        let clock = EngineClock::authenticated(3, 1_000, start);
        assert_eq!(clock.time_at(later), 1_500);
        for (boots, time, expected) in [
            (3, 1_500, Timeliness::InWindow),
            (3, 1_350, Timeliness::InWindow),
            (3, 1_349, Timeliness::Outside),
            (2, 1_500, Timeliness::Outside),
            (4, 5, Timeliness::Rebooted),
            (3, 9_999, Timeliness::InWindow),
            (MAX_BOOTS, 1_500, Timeliness::Outside),
        ] {
            let mut clock = clock;
            // What was last received bounds the window, not our clock alone.
            assert_eq!(clock.judge(3, 1_500, later), Timeliness::InWindow);
            assert_eq!(clock.judge(boots, time, later), expected, "{boots} {time}");
        }
    }

    #[test]
    fn the_first_digest_replaces_what_came_without() {
        let now = Instant::now();
        let mut clock = EngineClock::unauthenticated(900, 9_000, now);
        assert_eq!(clock.judge(3, 10, now), Timeliness::InWindow);
        assert_eq!((clock.boots(), clock.time_at(now)), (3, 10));
    }

    #[test]
    fn our_own_window_has_two_sides() {
        for (boots, time, expected) in [
            (7, 1_000, true),
            (7, 850, true),
            (7, 849, false),
            (7, 1_150, true),
            (7, 1_151, false),
            (6, 1_000, false),
            (8, 1_000, false),
        ] {
            assert_eq!(is_timely_for_us(7, 1_000, boots, time), expected, "{boots} {time}");
        }
        assert!(!is_timely_for_us(MAX_BOOTS, 1_000, MAX_BOOTS, 1_000));
    }
}

//! The system's clock: the one place where the product reads the time of day.

use jiff::Timestamp;
use netwarden_model::Clock;

/// The operating system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam that the others take the time from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

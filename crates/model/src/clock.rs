//! The seam through which shells read time; pure code takes a [`Timestamp`] instead.

use jiff::Timestamp;

/// A source of the present time. The product's is the system clock (`apps/netwarden`), the tests'
/// is virtual (`testkit`).
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present time.
    fn now(&self) -> Timestamp;
}

//! The durable log of events: append, subscribe, cursors, replay.
//!
//! Between sensing and deciding: collectors append what their differences yield, in the transaction
//! that stores the new state; rules read it from their cursor on, and move the cursor in the
//! transaction that stores their requests. Places in the log (`EventSeq`) are contiguous, because one
//! writer gives them out, so a reader that knows the last place has missed nothing before it.
//!
//! It never judges an event, never changes one, and never wakes a subscriber before the COMMIT.

mod body;
mod cursor;
mod error;
mod log;
mod query;
mod sql;
mod subject;
#[cfg(feature = "testing")]
pub mod testing;

pub use cursor::{Claim, Consumer, Start};
pub use error::SpineError;
pub use log::Spine;
pub use query::{About, EventQuery};
pub use sql::{Counted, MIGRATIONS};

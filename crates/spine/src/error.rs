//! What can go wrong with the log.

use netwarden_model::EventSeq;
use netwarden_store::StoreError;

/// Why the log could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SpineError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another holder claimed the cursor, or moved it: what was computed from it must not be kept.
    #[error("the cursor of consumer '{consumer}' is no longer held here (epoch {epoch}, place {from})")]
    CursorLost {
        /// Whose cursor.
        consumer: String,
        /// The epoch that was lost.
        epoch: i64,
        /// Where the cursor was thought to be.
        from: EventSeq,
    },
    /// A cursor was to go back.
    #[error("the cursor of consumer '{consumer}' cannot go from place {from} back to {to}")]
    CursorBackwards {
        /// Whose cursor.
        consumer: String,
        /// Where it is.
        from: EventSeq,
        /// Where it was to go.
        to: EventSeq,
    },
    /// An event that this version cannot read.
    #[error("event {seq} cannot be read: {reason}")]
    Unreadable {
        /// Its place.
        seq: EventSeq,
        /// Why.
        reason: String,
    },
    /// An event that cannot be written.
    #[error("an event cannot be written: {0}")]
    Unwritable(String),
    /// A page was asked for after something that is no place in the log.
    #[error("'{0}' is not where a list of events goes on")]
    BadCursor(String),
}

impl From<sea_orm::DbErr> for SpineError {
    fn from(error: sea_orm::DbErr) -> Self {
        SpineError::Store(error.into())
    }
}

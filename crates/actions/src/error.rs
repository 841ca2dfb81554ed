//! What can go wrong between a request and its outcome.

use netwarden_audit::AuditError;
use netwarden_spine::SpineError;
use netwarden_store::{ListError, StoreError};

use crate::desired::Unexpected;

/// Why a request could not be taken, carried out or concluded. The request itself stands as it was
/// before; reconcilers try again.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The database failed.
    #[error("the requests' tables cannot be used")]
    Store(#[source] StoreError),
    /// The audit trail failed: nothing is done unrecorded.
    #[error("the audit trail cannot be used")]
    Audit(#[from] AuditError),
    /// The outcome's event could not be appended.
    #[error("the event log cannot be used")]
    Spine(#[from] SpineError),
    /// What stands behind element, port or endpoint could not be read.
    #[error("what is known of the network cannot be read: {0}")]
    Facts(String),
    /// A row does not hold what it should.
    #[error("{what} of {of} cannot be read")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// Of which request or port.
        of: String,
    },
    /// The state machine met something that cannot be.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
    /// Nothing may be asked of the network without a wish that can be written down.
    #[error("the request cannot be written down")]
    Encode(#[from] serde_json::Error),
    /// There is no such request.
    #[error("there is no request {0}")]
    NoSuchRequest(String),
    /// A list was asked for in a way that it does not offer.
    #[error(transparent)]
    List(ListError),
}

impl From<StoreError> for ActionError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::List(error) => ActionError::List(error),
            error => ActionError::Store(error),
        }
    }
}

impl From<ListError> for ActionError {
    fn from(error: ListError) -> Self {
        ActionError::List(error)
    }
}

impl From<sea_orm::DbErr> for ActionError {
    fn from(error: sea_orm::DbErr) -> Self {
        StoreError::from(error).into()
    }
}

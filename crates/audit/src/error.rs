//! What can go wrong with the trail.

use netwarden_store::{ListError, StoreError};
use netwarden_tlog::note::SealError;
use netwarden_tlog::{FrontierError, LeafError};

/// Why something was not recorded, read or verified. An act whose record failed must not be done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is no space left for records: acts are refused rather than done unrecorded (AUD-07).
    #[error("the act was refused: the disk is full and its audit record cannot be written")]
    Full,
    /// The database failed.
    #[error("the audit trail cannot be used")]
    Store(#[source] StoreError),
    /// A value is larger than a record may hold.
    #[error("the {field} of the audit record has {octets} octets, {limit} are allowed")]
    TooLarge {
        /// Which part.
        field: &'static str,
        /// Its octets.
        octets: usize,
        /// Allowed.
        limit: usize,
    },
    /// A stored leaf cannot be read.
    #[error("audit record {index} cannot be read")]
    Leaf {
        /// Which.
        index: u64,
        /// Why.
        #[source]
        source: LeafError,
    },
    /// A record cannot be encoded.
    #[error("the audit record cannot be encoded")]
    Encode(#[source] LeafError),
    /// The stored right edge of the tree is damaged: nothing is appended to a tree that is not known.
    #[error("the state of the audit tree is damaged; `audit verify` says where")]
    Tree(#[from] FrontierError),
    /// The stored state is damaged in another way.
    #[error("the audit trail is damaged: {0}; `audit verify` says where")]
    Damaged(&'static str),
    /// A record was completed that is not open.
    #[error("audit record {0} is not open: it was completed before, or never opened")]
    NotOpen(u64),
    /// There are no such records.
    #[error("the audit trail has {size} records: {start} to {end} do not exist")]
    NoSuchRange {
        /// First index wanted.
        start: u64,
        /// One past the last wanted.
        end: u64,
        /// Records.
        size: u64,
    },
    /// The end of the range is not yet under a signed checkpoint.
    #[error("records up to {end} are not signed yet, only the first {signed} are")]
    NotSigned {
        /// One past the last wanted.
        end: u64,
        /// Records that are signed.
        signed: u64,
    },
    /// The checkpoint could not be signed.
    #[error("the audit checkpoint cannot be signed")]
    Sign(#[from] SealError),
    /// A list was asked for in a way that it does not offer.
    #[error(transparent)]
    List(ListError),
    /// The exported file cannot be written or read.
    #[error("the exported audit file cannot be used")]
    File(#[from] std::io::Error),
    /// Somebody cancelled a long job.
    #[error("cancelled")]
    Cancelled,
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => AuditError::Full,
            StoreError::List(error) => AuditError::List(error),
            error => AuditError::Store(error),
        }
    }
}

impl From<ListError> for AuditError {
    fn from(error: ListError) -> Self {
        AuditError::List(error)
    }
}

impl From<sea_orm::DbErr> for AuditError {
    fn from(error: sea_orm::DbErr) -> Self {
        StoreError::from(error).into()
    }
}

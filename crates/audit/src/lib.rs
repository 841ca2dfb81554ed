//! The tamper-evident trail: who and what caused which change, and how it went.
//!
//! Last in the flow: every stage appends here in the transaction that makes its change, so that
//! nothing happens unrecorded and nothing is recorded that did not happen. Each record is a leaf of
//! a Merkle tree (crate `tlog`), chained to the one before; the tree is signed from time to time.
//!
//! - [`record`], [`record_many`]: a leaf in the acting transaction; [`open`] before an act outside
//!   the database, [`complete`] after it; [`settle_interrupted`] at start says `unknown` of those
//!   that nobody completed.
//! - [`Trail`]: signs checkpoints, keeps the search index, lists, exports, verifies.
//! - [`verify_store`], [`verify_export`]: verify a database and an exported file with the public key
//!   alone.
//! - [`coalesce`]: keeps failures of unauthenticated callers from filling the store.
//!
//! It never changes or deletes a record, never holds a secret ([`Redacted`] has no room for one) and
//! knows no right: who may read what is an argument ([`Reach`]). The record that cannot be written
//! is an error ([`AuditError`]), upon which the caller must refuse the act.
//!
//! Leaves stand in one narrow table without secondary index. A dump will cut the trail at signed
//! checkpoints, each of which keeps the tree's right edge, so that what follows stays verifiable.

mod append;
mod check;
pub mod coalesce;
mod codec;
mod error;
mod export;
mod list;
mod offline;
mod record;
mod search;
mod sql;
#[cfg(test)]
mod tests;
mod trail;
mod verify;

pub use append::{
    Erased, OpenedRecord, RecordIndex, complete, erase_persons, open, persons_called, record, record_many,
    settle_interrupted,
};
pub use check::{Problem, Report};
pub use error::AuditError;
pub use list::{AuditQuery, ListedRecord, Reach};
pub use netwarden_model::Plane;
pub use netwarden_tlog::{SignError, Signer, VerifyingKey};
pub use offline::verify_export;
pub use record::{Completion, Kind, ObjectRef, Outcome, Personal, Property, Record, Redacted, Value, person};
pub use search::Lag;
pub use sql::MIGRATIONS;
pub use trail::{CheckpointPolicy, SignedCheckpoint, Tick, Trail};
pub use verify::{Progress, verify_store};

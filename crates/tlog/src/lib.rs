//! The transparency log: canonical leaves, the Merkle tree over them, signed checkpoints and proofs.
//!
//! Pure: bytes in, hashes and verdicts out. It keeps nothing, reads no clock and draws no random
//! numbers (Ed25519 signs deterministically, and the private key stays behind [`note::Signer`]). It
//! does not know what an audit record is; `audit` decides which fields stand in a leaf, keeps the
//! leaves with what they prove, and asks this crate for roots and verdicts.
//!
//! - [`leaf`]: the canonical bytes of a record, one encoding for one content.
//! - [`hash`], [`frontier`]: the tree of RFC 9162 section 2.1 (that of RFC 6962), grown leaf by leaf
//!   from its right edge.
//! - [`proof`]: inclusion and consistency proofs, made and verified.
//! - [`range`]: that a run of leaves, and nothing else, stands at its place in a signed tree.
//! - [`note`], [`checkpoint`]: C2SP signed notes and tlog-checkpoints.

pub mod checkpoint;
pub mod frontier;
pub mod hash;
pub mod leaf;
pub mod note;
pub mod proof;
pub mod range;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use frontier::{Frontier, FrontierError};
pub use hash::Hash;
pub use leaf::{Leaf, LeafError};
pub use note::{NoteError, SignError, Signer, VerifyingKey};
pub use proof::ProofError;
pub use range::{RangeError, RangeProof};

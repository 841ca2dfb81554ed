//! Audit records and verification.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A record of the trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Record {
    /// Index of its leaf.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// `security`, `operation`, `system` or `ne`.
    pub kind: String,
    /// The user space: `om`, `management` or `tenant`.
    #[serde(default)]
    pub plane: String,
    /// User name, or the system.
    pub user: String,
    /// Operation.
    pub operation: String,
    /// What it was done to.
    pub object: String,
    /// From where.
    pub terminal: Option<String>,
    /// `opened`, `success`, `failure`, `denied` or `unknown`.
    pub outcome: String,
    /// Value before.
    pub old: Option<String>,
    /// Value after.
    pub new: Option<String>,
    /// Details.
    pub details: String,
}

/// Whether the trail is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// Leaves checked.
    pub leaves: u64,
    /// Checkpoints whose signature and root were checked.
    pub checkpoints: u64,
    /// Texts about persons who were erased: their hashes are left.
    #[serde(default)]
    pub erased: u64,
    /// The first fault, in one sentence; absent where all is well.
    pub fault: Option<String>,
}

/// The public key with which exports are verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// As `name+hash+base64`.
    pub key: String,
}

//! Second factors.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A second factor: one-time passwords by time (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Factor {
    /// Id.
    pub id: i64,
    /// What its owner calls it.
    pub label: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a code of it was last taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// False until its first code.
    pub confirmed: bool,
}

/// A second factor to be set up.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactor {
    /// What to call it, 1 to 64 characters.
    pub label: String,
    /// The account's password, once more.
    pub password: String,
}

/// A second factor that was begun: its secret is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BegunFactor {
    /// Id.
    pub id: i64,
    /// The secret in base32.
    pub secret: String,
    /// `otpauth` URI for a QR code.
    pub uri: String,
}

/// A code of a second factor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits; each is taken once.
    pub code: String,
}

/// A session whose second factor was proven.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proven {
    /// Its new secret, shown this once.
    pub token: String,
}

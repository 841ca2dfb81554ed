//! Second factors.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A second factor: one-time passwords by time (RFC 6238), or a passkey (WebAuthn).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Factor {
    /// Id.
    pub id: i64,
    /// `code` or `passkey`.
    pub kind: String,
    /// What its owner calls it.
    pub label: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When a code or signature of it was last taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// False until its first code; a passkey has signed when it is made.
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

/// What a browser is to ask an authenticator for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasskeyAsked {
    /// The options of `navigator.credentials.create` or `.get`, with their octets in base64url (Web Authentication
    /// Level 3, sections 5.4 and 5.5). They hold for five minutes, in this session, for one answer.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

/// What an authenticator answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAnswer {
    /// The `PublicKeyCredential` as JSON (section 5.1.8), at most 32 KiB.
    #[schema(value_type = Object)]
    pub credential: serde_json::Value,
}

//! Errors as problem details (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, in a form that programs and people can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable identifier of the kind: `urn:netwarden:problem:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// One sentence that says what and where.
    pub detail: String,
    /// The input that has to be given otherwise, as bodies have it; absent where that is not one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

impl Problem {
    /// A problem of `kind` (the last part of its `type`).
    pub fn new(status: u16, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:netwarden:problem:{kind}"),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            input: None,
        }
    }
}

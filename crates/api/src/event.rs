//! Events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event as it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Place in the log.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// Kind, for instance `new_endpoint`.
    pub kind: String,
    /// `info`, `warning`, `minor`, `major` or `critical`.
    pub severity: String,
    /// `success`, `failure` or `unknown`.
    pub outcome: String,
    /// Whom it is about.
    pub subject: String,
    /// Element's id.
    pub ne_id: Option<i64>,
    /// Port.
    pub port: Option<String>,
    /// One sentence.
    pub text: String,
    /// Its own details.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// All properties of the endpoint, as they were.
    #[schema(value_type = Option<Object>)]
    pub endpoint: Option<serde_json::Value>,
    /// The request of ours that caused it.
    pub cause: Option<String>,
}

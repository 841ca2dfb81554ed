//! Rules, their revisions and rehearsals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// Id.
    pub id: i64,
    /// Present revision.
    pub revision: i64,
    /// Whether it judges.
    pub enabled: bool,
    /// Last change.
    pub changed_at: Option<Timestamp>,
    /// What it says.
    #[serde(flatten)]
    pub text: RuleText,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleText {
    /// Unique name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Kinds of events.
    pub on: Vec<String>,
    /// CEL; empty for always.
    #[serde(default)]
    pub condition: String,
    /// The rest as the rule engine has it: `period`, `severity`, `alarm`, `reactions`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub rest: serde_json::Map<String, serde_json::Value>,
}

/// A rule to be kept, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RuleChange {
    /// Why, for the record.
    #[serde(default)]
    pub reason: String,
    /// What it says.
    #[serde(flatten)]
    pub text: RuleText,
}

/// One revision of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Revision {
    /// Counted from 1.
    pub revision: i64,
    /// When it was written.
    pub written_at: Timestamp,
    /// By whom.
    pub written_by: String,
    /// What it says.
    #[serde(flatten)]
    pub text: RuleText,
}

/// What a rehearsal is to cover.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rehearse {
    /// From then; the beginning of the log where absent.
    pub from: Option<Timestamp>,
    /// Until then; now where absent.
    pub until: Option<Timestamp>,
}

/// A long job: its progress, and its result when it has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Id.
    pub id: String,
    /// What it does.
    pub what: String,
    /// `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What it found.
    #[schema(value_type = Option<Object>)]
    pub result: Option<serde_json::Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
}

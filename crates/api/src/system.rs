//! The system itself: parameters, tokens, state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A system parameter (NEM-09).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// Name, for instance `enforcement.budget_per_ne`.
    pub name: String,
    /// Present value.
    pub value: String,
    /// Value when nothing is set.
    pub default: String,
    /// What it does, with unit and range.
    pub description: String,
}

/// A new value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParameterChange {
    /// Why, for the record.
    pub reason: String,
    /// The value.
    pub value: String,
}

/// State of the whole, and what needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Started then.
    pub started_at: Timestamp,
    /// Elements by reachability.
    pub elements: u64,
    /// Elements that do not answer.
    pub elements_unreachable: u64,
    /// Endpoints known.
    pub endpoints: u64,
    /// Endpoints seen now.
    pub endpoints_online: u64,
    /// Endpoints that are new.
    pub endpoints_new: u64,
    /// Endpoints that are refused.
    pub endpoints_unauthorised: u64,
    /// Ports whose access we hold.
    pub ports_enforced: u64,
    /// The last event.
    pub latest_event: i64,
    /// Events not yet judged.
    pub judging_behind: i64,
    /// The global stop is on.
    pub global_stop: bool,
    /// Polls that succeeded since the start.
    pub polls_good: u64,
    /// Polls that failed since the start.
    pub polls_failed: u64,
    /// Records in the audit trail.
    pub audit_records: u64,
}

/// Name and password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// A new password, where the present one must be changed.
    pub new_password: Option<String>,
}

/// A session, or a token that was just made: the secret is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Secret {
    /// Pass it as `Authorization: Bearer …`.
    pub token: String,
    /// It ends then.
    pub expires_at: Timestamp,
    /// Nothing else is permitted before the password is changed.
    #[serde(default)]
    pub must_change_password: bool,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// User name.
    pub user: String,
    /// Roles.
    pub roles: Vec<String>,
    /// `session`, `token` or `local`.
    pub through: String,
    /// Nothing else is permitted before the password is changed.
    pub must_change_password: bool,
}

/// A change of one's own password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The present one.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// Ports whose release was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleasedPorts {
    /// As `NE id port name`.
    pub ports: Vec<String>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// Days until it ends (1 to 366).
    pub days: u16,
    /// Operations it may do; all of its owner's where empty.
    #[serde(default)]
    pub operations: Vec<String>,
}

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: Vec<String>,
    /// May log in.
    pub enabled: bool,
}

/// A user to be made; the password is to be changed at first login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// First password.
    pub password: String,
    /// Roles: `Administrator`, `Operator`, `Helpdesk`, `Revisor`.
    pub roles: Vec<String>,
}

/// Where to write a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// File on the server; a name with the time in the data folder where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// A token as it is listed: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Id.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// It ends then.
    pub expires_at: Timestamp,
    /// It was revoked then.
    pub revoked_at: Option<Timestamp>,
    /// Operations it may do.
    pub operations: Vec<String>,
}

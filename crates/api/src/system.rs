//! The system itself: parameters, tokens, state.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{AttributeChanges, Attributes, LoginNotice};

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
    /// The disk that holds the database is full: nothing new is recorded or done until space is freed.
    #[serde(default)]
    pub disk_full: bool,
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
    /// A code of the second factor, where the account has one.
    pub code: Option<String>,
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
    /// When the password ends, where that is soon or past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_ends_at: Option<Timestamp>,
    /// `not_asked`, `proven`, `missing` (prove it first: nothing else is permitted before) or `to_be_made` (set one
    /// up first); absent of tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<String>,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The user space: `om` for the network, `management` for the platform, `tenant` for customers.
    #[serde(default)]
    pub plane: String,
    /// User name.
    pub user: String,
    /// Roles.
    pub roles: Vec<String>,
    /// `session`, `token` or `local`.
    pub through: String,
    /// Nothing else is permitted before the password is changed.
    pub must_change_password: bool,
    /// When the password ends, where that is soon or past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_ends_at: Option<Timestamp>,
    /// How the session stands as far as a second factor goes, as in `Secret`.
    #[serde(default)]
    pub second_factor: String,
    /// What the user was to be told after the login and has not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<LoginNotice>,
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
    /// Domains to which it is confined; it goes as far as its owner where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Whose it is; the caller's own where absent. Another's needs token.create.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// An entry of the blocklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlocklistEntry {
    /// Id.
    pub id: i64,
    /// `user`, `address`, `tenant`, `source` of notifications, or `device`.
    pub kind: String,
    /// Who is listed.
    pub who: String,
    /// What they are denied: `everything`, objects of operations, operations, `notifications`, `network`.
    pub denies: Vec<String>,
    /// It holds until then; absent for until somebody takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
}

/// An entry of the blocklist to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlocklistEntry {
    /// `user`, `address`, `tenant`, `source` of notifications, or `device`.
    pub kind: String,
    /// A user (`tenant/NAME` for one of a tenant), an address, range or network, a tenant, or a MAC address.
    pub who: String,
    /// What they are denied: `everything`, objects of operations (`port`), operations (`port.off`). Of a source it is that
    /// it is heard, of a device the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denies: Vec<String>,
    /// It holds until then; absent for until somebody takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Why, 1 to 1,000 characters.
    pub reason: String,
}

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// The tenant to which it belongs; absent outside the tenants' plane, and of its `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// May log in.
    pub enabled: bool,
    /// The password was set by somebody else and not changed yet.
    #[serde(default)]
    pub must_change_password: bool,
    /// Last login.
    #[serde(default)]
    pub last_login: Option<Timestamp>,
    /// Mobile number, where one is known; one account alone is shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Mail address, where one is known; one account alone is shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Where its password is known: `local` for here.
    #[serde(default)]
    pub kind: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Its last use, to ten minutes: login, token or local socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// What is set of it.
    #[serde(default)]
    pub attributes: Attributes,
}

/// A user to be made; the password is to be changed at first login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// First password.
    pub password: String,
    /// Roles: `Administrator`, `Operator`, `Helpdesk`, `Revisor`; those of `like` where none are given.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The account that it is to be like: with its roles, attributes and login policies where nothing else is
    /// said. It needs user.read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// The tenant to which it is to belong, on the tenants' plane; that of `like`, or else the caller's, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Mobile number. It is stored encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Mail address. It is stored encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// What else is set of it.
    #[serde(default)]
    pub attributes: AttributeChanges,
}

/// A backup to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBackup {
    /// Its name in the server's folder: letters, digits, `.`, `_`, `-`; the time where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A backup in the server's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// Octets.
    pub octets: u64,
    /// When it was completed.
    pub made_at: Timestamp,
}

/// Which keys to make anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeys {
    /// Why, for the record.
    pub reason: String,
    /// `root` (components and root key) or `working` (the key that seals secrets).
    pub layer: String,
}

/// What was erased of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erased {
    /// Texts in the audit trail, beside the account.
    pub texts: u64,
}

/// Changes to an account; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Why, for the record.
    pub reason: String,
    /// Other roles: `Administrator`, `Operator`, `Helpdesk`, `Revisor`.
    #[serde(default)]
    pub roles: Option<Vec<String>>,
    /// May log in; off ends sessions and stops tokens.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// The local user with this uid is this account on the local socket ...
    #[serde(default)]
    pub map_uid: Option<u32>,
    /// ... or is nobody any longer.
    #[serde(default)]
    pub unmap_uid: Option<u32>,
    /// Mobile number; empty for none. It is stored encrypted.
    #[serde(default)]
    pub mobile: Option<String>,
    /// Mail address; empty for none. It is stored encrypted.
    #[serde(default)]
    pub mail: Option<String>,
    /// What else shall be different of it.
    #[serde(default)]
    pub attributes: AttributeChanges,
}

/// A password that was made; it is shown this once and must be changed at the next login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OneTimePassword {
    /// The password.
    pub password: String,
}

/// A session of somebody, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedSession {
    /// Id.
    pub id: i64,
    /// Whose.
    pub user: String,
    /// From where; empty on the local socket.
    pub address: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its last request, to half a minute.
    pub last_used_at: Timestamp,
    /// It ends then at the latest.
    pub ends_at: Timestamp,
    /// The last operation that it did, where one is known since the start of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What that was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_at: Option<Timestamp>,
}

/// A series of statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// What it counts, with its unit.
    pub description: String,
}

/// The charts of one's own start page: names of series, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnCharts {
    /// Names of series; where none is given, the usual ones are shown.
    pub charts: Vec<String>,
}

/// A series over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Statistics {
    /// Its name.
    pub series: String,
    /// Seconds that a point stands for.
    pub step_s: i64,
    /// The points, the oldest first; spans without a value have none.
    pub points: Vec<Point>,
}

/// The values of a span.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// The span's beginning.
    pub at: Timestamp,
    /// Least value.
    pub min: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Greatest value.
    pub max: f64,
    /// All of them together: of a series that counts, how many there were.
    #[serde(default)]
    pub sum: f64,
}

/// How a part of the system is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// `database`, `trail`, `judge`, `poller`, `enforcement`.
    pub name: String,
    /// `ok`, `degraded` or `failed`.
    pub state: String,
    /// In one sentence.
    pub text: String,
}

/// How the system is, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The worst state of a part.
    pub state: String,
    /// The parts.
    pub parts: Vec<Part>,
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
    /// It was last used then, to ten minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// Operations it may do.
    pub operations: Vec<String>,
    /// Domains to which it is confined; it goes as far as its owner where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

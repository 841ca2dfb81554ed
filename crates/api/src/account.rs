//! Accounts: what is set of them, login policies, logins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is set of an account; what is absent is as the account policy has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attributes {
    /// What the account is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the user is told after each login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<String>,
    /// Words that conditions of roles ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The login policy that says from where the account may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_policy: Option<String>,
    /// The login policy that says when the account may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_policy: Option<String>,
    /// Sessions at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<u32>,
    /// The account's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// Logins that the account was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_logins: Option<u32>,
    /// How many of them are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_logins: Option<u32>,
    /// After so many days without a login, token or local socket ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// ... this becomes of the account: `none`, `disable` or `delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_act: Option<String>,
    /// A session ends after so many seconds without a request; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<u32>,
    /// A password ends so many days after it was set; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_validity_days: Option<u32>,
    /// The user is told so many days before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_warning_days: Option<u32>,
    /// The user may change it after so many days at the earliest; 0 for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_min_use_days: Option<u32>,
}

/// What shall be different of an account; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeChanges {
    /// What the account is for, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the user is told after each login, at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<String>,
    /// Words that conditions of roles ask for: at most 64, each of 1 to 64 letters, digits, `_`, `-` and `.`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// The login policy that says from where the account may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_policy: Option<String>,
    /// The login policy that says when the account may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_policy: Option<String>,
    /// Sessions at once, 1 to 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<u32>,
    /// The account ends so many days from now, 1 to 3660.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_days: Option<u32>,
    /// Logins from now on, 1 to 1000000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_logins: Option<u32>,
    /// After so many days without a login, token or local socket, 1 to 3660 ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_days: Option<u32>,
    /// ... this becomes of the account: `none`, `disable` or `delete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused_act: Option<String>,
    /// A session ends after so many seconds without a request, 60 to 86400; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_s: Option<u32>,
    /// A password ends so many days after it was set, 1 to 3660; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_validity_days: Option<u32>,
    /// The user is told so many days before, 1 to 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_warning_days: Option<u32>,
    /// The user may change it after so many days at the earliest, 0 to 3660.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_min_use_days: Option<u32>,
    /// Names of the above that shall be as the account policy has it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clear: Vec<String>,
}

/// A login policy: from where, or when, the accounts that follow it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginPolicy {
    /// Name.
    pub name: String,
    /// `addresses` or `hours`.
    pub kind: String,
    /// What it says, one entry a line.
    pub lines: String,
    /// Accounts that follow it.
    pub users: u64,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// A login policy to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLoginPolicy {
    /// Why, for the record.
    pub reason: String,
    /// Name, 1 to 64 characters.
    pub name: String,
    /// `addresses`: lines such as `192.0.2.7`, `192.0.2.10-192.0.2.20`, `2001:db8::/48`. `hours`: lines such as
    /// `zone Europe/Berlin`, `mon-fri 07:00-19:00`, `from 2026-01-01`, `until 2026-12-31`.
    pub kind: String,
    /// What it says, one entry a line, at most 256.
    pub lines: String,
}

/// Other lines for a login policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginPolicyChange {
    /// Why, for the record.
    pub reason: String,
    /// What it says from now on.
    pub lines: String,
}

/// A login, or one that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedLogin {
    /// Id.
    pub id: i64,
    /// Whose.
    pub user: String,
    /// When.
    pub at: Timestamp,
    /// From where; empty on the local socket.
    pub address: String,
    /// Why it was refused: `wrong_password`, `account_locked`, `address_locked`, `disabled`, `single_user`,
    /// `expired`, `unused`, `address`, `hours`, `logins_used_up` or `sessions`. Absent where it was let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What a user is told after a login until it is acknowledged (IAM-13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginNotice {
    /// The account's welcome message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<String>,
    /// The last success before this login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// From where; empty for the local socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_from: Option<String>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// From where; empty for the local socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_from: Option<String>,
    /// Failures that were not acknowledged yet.
    pub failures: u32,
}

/// That the notice was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Failures that the notice told of: those that came since stay for the next.
    pub failures: u32,
}

/// What became of an import of accounts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportedUsers {
    /// Those that were made.
    pub made: Vec<MadeUser>,
    /// Rows that were refused, with line and reason.
    pub refused: Vec<String>,
}

/// An account that was made, with its one-time password, shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeUser {
    /// Its name.
    pub name: String,
    /// To be changed at the first login.
    pub password: String,
}

/// An account that two people seem to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SharedAccount {
    /// Id.
    pub id: i64,
    /// Whose account.
    pub user: String,
    /// When it was found.
    pub at: Timestamp,
    /// `at_once` (two places or devices), `travel` (too far in the time), `factors` (second factors take turns).
    pub kind: String,
    /// What was seen, in one sentence.
    pub told: String,
}

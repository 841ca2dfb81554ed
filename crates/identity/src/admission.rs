//! What stands in the way of a session although name and password are right (IAM-11), and what an
//! administrator sets of an account for it (IAM-06).
//!
//! Pure: time and address are arguments. The system's policy comes before the account's own attributes. The
//! same function is asked at each request of a session, so that a change holds from the next action on; only
//! the number of sessions and of logins is a matter of the login itself.

pub mod addresses;
pub mod attributes;
pub mod hours;

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::accounts::ADMIN;
use crate::decide::SecondFactor;
use crate::grant::Grants;
use crate::lockout::LockoutPolicy;
use crate::role::{Role, Separation};
use crate::sharing::SharingPolicy;

pub use addresses::Addresses;
pub use attributes::{Attributes, AttributesEdit, Unused, UnusedAct};
pub use hours::Hours;

/// Who may open sessions at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoginMode {
    /// Everybody with an account.
    #[default]
    Multi,
    /// Only `admin`, so that nobody interferes with maintenance; sessions of others end. Tokens and the
    /// local socket are not touched, since they are no web sessions.
    Single,
}

/// What is set for all accounts (IAM-08, IAM-11, IAM-12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPolicy {
    /// Against guessing.
    pub lockout: LockoutPolicy,
    /// More failures than so many since the last success raise an alarm.
    pub alarm_failures: u32,
    /// Without a request, a session ends after this; None for never.
    pub session_idle: Option<SignedDuration>,
    /// A session ends after this in any case; None for never.
    pub session_longest: Option<SignedDuration>,
    /// Sessions that one account has at once; None for as many as it likes.
    pub sessions_most: Option<u32>,
    /// What becomes of accounts that nobody uses.
    pub unused: Unused,
    /// Who may log in at all.
    pub login_mode: LoginMode,
    /// How duties are divided among the roles of the network's plane.
    pub separation: Separation,
    /// By what it is found that two people use one account.
    pub sharing: SharingPolicy,
    /// Whoever has one of these roles, anywhere, needs a second factor.
    pub second_factor_roles: BTreeSet<Role>,
    /// What is dangerous needs a proof of the second factor that is no older than this; None where one of the
    /// session will do.
    pub step_up_after: Option<SignedDuration>,
}

impl Default for AccountPolicy {
    fn default() -> Self {
        Self {
            lockout: LockoutPolicy::default(),
            alarm_failures: 3,
            session_idle: Some(SignedDuration::from_mins(30)),
            session_longest: Some(SignedDuration::from_hours(12)),
            sessions_most: None,
            unused: Unused::default(),
            login_mode: LoginMode::Multi,
            separation: Separation::default(),
            sharing: SharingPolicy::default(),
            second_factor_roles: BTreeSet::new(),
            step_up_after: Some(SignedDuration::from_mins(15)),
        }
    }
}

impl AccountPolicy {
    /// How a session stands as far as a second factor goes.
    pub fn second_factor(
        &self,
        grants: &Grants,
        has_factor: bool,
        proven: Option<Timestamp>,
    ) -> SecondFactor {
        // What is demanded of an administrator is demanded of `admin`.
        let demands = |role: &Role| {
            let above = *role == Role::Superuser && self.second_factor_roles.contains(&Role::Administrator);
            above || self.second_factor_roles.contains(role)
        };
        let is_demanded = grants.iter().any(|grant| demands(&grant.role));
        match (has_factor, proven) {
            (true, Some(at)) => {
                let until =
                    self.step_up_after.map(|after| at.saturating_add(after).unwrap_or(Timestamp::MAX));
                SecondFactor::Proven { until: until.unwrap_or(Timestamp::MAX) }
            }
            (true, None) => SecondFactor::Missing,
            (false, _) if is_demanded => SecondFactor::ToBeMade,
            (false, _) => SecondFactor::NotAsked,
        }
    }
}

/// An account as far as its admission depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its name.
    pub name: &'a str,
    /// False where it was switched off.
    pub enabled: bool,
    /// False where its tenant was.
    pub tenant_enabled: bool,
    /// What is set of it.
    pub attributes: &'a Attributes,
    /// From where it may come; None for anywhere.
    pub addresses: Option<&'a Addresses>,
    /// When it may be used; None for always.
    pub hours: Option<&'a Hours>,
    /// When it was last used to log in, or made.
    pub last_used: Timestamp,
}

/// Why an account gets no session although its password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// The account is switched off.
    Disabled,
    /// Only `admin` may log in at present.
    SingleUser,
    /// The tenant to which it belongs is switched off.
    Tenant,
    /// The account has come to its end.
    Expired,
    /// It was not used for longer than accounts may be.
    Unused,
    /// Not from this address.
    Address,
    /// Not at this time.
    Hours,
    /// The number of logins that the account was given is used up.
    LoginsUsedUp,
    /// It has as many sessions as it may have.
    Sessions,
    /// The blocklist denies it everything.
    Blocklist,
}

impl Bar {
    /// Every one, in the order in which they are asked.
    pub const ALL: [Bar; 10] = [
        Bar::SingleUser,
        Bar::Disabled,
        Bar::Tenant,
        Bar::Expired,
        Bar::Unused,
        Bar::Address,
        Bar::Hours,
        Bar::LoginsUsedUp,
        Bar::Sessions,
        Bar::Blocklist,
    ];

    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Bar::Disabled => "disabled",
            Bar::SingleUser => "single_user",
            Bar::Tenant => "tenant",
            Bar::Expired => "expired",
            Bar::Unused => "unused",
            Bar::Address => "address",
            Bar::Hours => "hours",
            Bar::LoginsUsedUp => "logins_used_up",
            Bar::Sessions => "sessions",
            Bar::Blocklist => "blocklist",
        }
    }

    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Bar::Disabled => "the account is switched off",
            Bar::SingleUser => "only 'admin' may log in at present",
            Bar::Tenant => "the tenant to which the account belongs is switched off",
            Bar::Expired => "the account has come to its end",
            Bar::Unused => "the account was not used for too long",
            Bar::Address => "the account may not be used from this address",
            Bar::Hours => "the account may not be used at this time",
            Bar::LoginsUsedUp => "the account has used up its logins",
            Bar::Blocklist => "the account, its tenant or this address is on the blocklist",
            Bar::Sessions => "the account has as many sessions as it may have",
        }
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// What stands in the way at `now`, of somebody at `address`; the local socket (None) is everywhere
/// permitted, for it is the way in when every other is shut.
pub fn bar(
    policy: &AccountPolicy,
    account: Standing<'_>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Option<Bar> {
    let is_admin = account.name == ADMIN;
    if policy.login_mode == LoginMode::Single && !is_admin {
        return Some(Bar::SingleUser);
    }
    if !account.enabled {
        return Some(Bar::Disabled);
    }
    if !account.tenant_enabled {
        return Some(Bar::Tenant);
    }
    if account.attributes.ends.is_some_and(|ends| now >= ends) {
        return Some(Bar::Expired);
    }
    let unused = account.attributes.unused_or(policy.unused);
    if !is_admin && unused.is_overdue(account.last_used, now) {
        return Some(Bar::Unused);
    }
    if let (Some(addresses), Some(address)) = (account.addresses, address)
        && !addresses.contains(address)
    {
        return Some(Bar::Address);
    }
    if account.hours.is_some_and(|hours| !hours.contains(now)) {
        return Some(Bar::Hours);
    }
    None
}

/// What stands in the way of one more session of an account that has `sessions` and was logged in `logins`
/// times since its logins were limited.
pub fn bar_of_login(
    policy: &AccountPolicy,
    account: Standing<'_>,
    sessions: u32,
    logins: u32,
) -> Option<Bar> {
    if account.attributes.allowed_logins.is_some_and(|allowed| logins >= allowed) {
        return Some(Bar::LoginsUsedUp);
    }
    // The system's number comes before the account's own, which may be less and not more.
    let most = match (account.attributes.max_sessions, policy.sessions_most) {
        (Some(own), Some(usual)) => Some(own.min(usual)),
        (own, usual) => own.or(usual),
    };
    // 'admin' must be able to come in, however many sessions there are (SEC-09).
    if account.name != ADMIN && most.is_some_and(|most| sessions >= most) {
        return Some(Bar::Sessions);
    }
    None
}

//! Locks against guessing (IAM-08): a count of failures in a row, within a span, locks for a span.
//!
//! Pure: time is an argument; the counts are kept by `sql.rs`. What is counted:
//!
//! | key | counts | locks |
//! |---|---|---|
//! | account | 5 failures in a row in 10 min | the account for 30 min; never `admin` |
//! | admin's address | 5 failures in a row for `admin` from one address in 10 min | that address for 10 min |
//! | address | 10 failures in a row in 1 min | the address for 30 min |
//! | accounts locked from an address | 3 in 10 min | the address for 30 min |
//!
//! An IPv6 caller is counted by its /64, for a host there has as many addresses as it likes.

use std::net::{IpAddr, Ipv6Addr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many failures, within which span, lock for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Failures in a row, 1 to 99.
    pub failures: u8,
    /// Seconds within which they count.
    pub within_s: u32,
    /// Seconds that the lock lasts.
    pub lock_s: u32,
}

impl Limit {
    /// True where the numbers are those that may be set.
    pub const fn is_valid(&self) -> bool {
        self.failures >= 1 && self.failures <= 99 && self.within_s > 0 && self.lock_s > 0
    }
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockoutPolicy {
    /// Of an account.
    pub account: Limit,
    /// Of an address that fails as `admin`.
    pub admin_address: Limit,
    /// Of an address.
    pub address: Limit,
    /// Of an address from which accounts get locked.
    pub accounts_from_address: Limit,
}

impl Default for LockoutPolicy {
    fn default() -> Self {
        Self {
            account: Limit { failures: 5, within_s: 600, lock_s: 1800 },
            admin_address: Limit { failures: 5, within_s: 600, lock_s: 600 },
            address: Limit { failures: 10, within_s: 60, lock_s: 1800 },
            accounts_from_address: Limit { failures: 3, within_s: 600, lock_s: 1800 },
        }
    }
}

/// The failures of one key, and its lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Times of the failures in a row that still count, oldest first; at most 99.
    pub failures: Vec<Timestamp>,
    /// The lock, which is over at this time.
    pub locked_until: Option<Timestamp>,
}

impl Tally {
    /// True while the lock lasts.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// Counts a failure; true where it brings the lock about. While locked, nothing is counted, so
    /// that a lock ends when it was said to end.
    pub fn fail(&mut self, now: Timestamp, limit: &Limit) -> bool {
        if self.is_locked(now) {
            return false;
        }
        self.locked_until = None;
        let span = SignedDuration::from_secs(i64::from(limit.within_s));
        // A clock set back leaves failures in the future: they still count, never less than before.
        self.failures.retain(|at| now.duration_since(*at) < span);
        self.failures.push(now);
        if self.failures.len() < usize::from(limit.failures.clamp(1, 99)) {
            return false;
        }
        self.failures.clear();
        let lock = SignedDuration::from_secs(i64::from(limit.lock_s));
        self.locked_until = Some(now.checked_add(lock).unwrap_or(Timestamp::MAX));
        true
    }

    /// Forgets the failures, after a success.
    pub fn succeed(&mut self) {
        self.failures.clear();
    }

    /// Until when it means something: the lock's end, or that of the span in which the last failure counts.
    pub fn counts_until(&self, limit: &Limit) -> Timestamp {
        let span = SignedDuration::from_secs(i64::from(limit.within_s));
        let failure = self.failures.iter().max().map(|at| at.checked_add(span).unwrap_or(Timestamp::MAX));
        self.locked_until.max(failure).unwrap_or(Timestamp::MIN)
    }

    /// True where nothing needs to be kept.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.failures.is_empty() && !self.is_locked(now)
    }
}

/// The four counts that one attempt touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Of the account.
    pub account: Tally,
    /// Of the address, for `admin`.
    pub admin_address: Tally,
    /// Of the address.
    pub address: Tally,
    /// Of accounts locked from the address.
    pub accounts_from_address: Tally,
}

/// What is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// The account.
    Account,
    /// The caller's address.
    Address,
}

impl Tallies {
    /// What stands in the way of an attempt to log in, if anything does.
    pub fn locked(&self, is_admin: bool, now: Timestamp) -> Option<Locked> {
        if self.address.is_locked(now)
            || self.accounts_from_address.is_locked(now)
            || (is_admin && self.admin_address.is_locked(now))
        {
            return Some(Locked::Address);
        }
        (!is_admin && self.account.is_locked(now)).then_some(Locked::Account)
    }

    /// Counts a failed attempt; tells what it locked.
    pub fn fail(&mut self, policy: &LockoutPolicy, is_admin: bool, now: Timestamp) -> Option<Locked> {
        let mut locked = None;
        if is_admin {
            if self.admin_address.fail(now, &policy.admin_address) {
                locked = Some(Locked::Address);
            }
        } else if self.account.fail(now, &policy.account) {
            locked = Some(Locked::Account);
            if self.accounts_from_address.fail(now, &policy.accounts_from_address) {
                locked = Some(Locked::Address);
            }
        }
        if self.address.fail(now, &policy.address) {
            locked = Some(Locked::Address);
        }
        locked
    }

    /// Forgets the failures in a row after a success.
    pub fn succeed(&mut self, is_admin: bool) {
        if is_admin {
            self.admin_address.succeed();
        } else {
            self.account.succeed();
        }
        self.address.succeed();
    }
}

/// The address by which a caller is counted: IPv4 as it is (also when mapped into IPv6), IPv6 by /64.
pub fn counted_address(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 64))),
        },
    }
}

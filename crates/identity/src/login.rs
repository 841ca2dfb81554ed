//! Logging in: check outside of any transaction, settle inside one.
//!
//! ```text
//! check     lock on the address? ─▶ hash (also for users who do not exist, or are locked)
//! settle    in the writer's order: locks again, count or forget failures, session
//! ```
//!
//! Locks are looked at again when settling: of a hundred guesses sent at once, only as many count as
//! the lock allows, and a right one after these is refused.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::UserId;
use netwarden_store::{Tx, execute, values};
use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use crate::accounts::{ADMIN, user_name};
use crate::decide::Identified;
use crate::error::IdentityError;
use crate::lockout::{Locked, LockoutPolicy, Tallies, counted_address};
use crate::password::PasswordHash;
use crate::secret::{self, SecretKind};
use crate::service::IdentityPolicy;
use crate::sql;

/// What a caller presents.
pub struct Attempt {
    /// User name as typed.
    pub name: String,
    /// Password.
    pub password: Zeroizing<String>,
    /// Where the caller is; None on the local socket.
    pub address: Option<IpAddr>,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// An attempt whose password was checked, to be settled in a transaction.
#[derive(Debug)]
pub struct Checked {
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    pub(crate) verdict: Result<UserId, Because>,
    /// The hash that was verified: where it changed meanwhile, the verdict is void.
    pub(crate) verified: Option<String>,
    pub(crate) rehashed: Option<PasswordHash>,
}

/// Why a login was refused; for the trail alone, callers are told [`Refused`]'s one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// There is no such user.
    UnknownUser,
    /// The password is another one.
    WrongPassword,
    /// The account is switched off.
    Disabled,
    /// Too many failures.
    Locked(Locked),
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Because::UnknownUser => "there is no such user",
            Because::WrongPassword => "wrong password",
            Because::Disabled => "the account is switched off",
            Because::Locked(Locked::Account) => "the account is locked after too many failures",
            Because::Locked(Locked::Address) => "the address is locked after too many failures",
        })
    }
}

/// A refused login. Its text is the same whatever the reason (IAM-14).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the login was refused: wrong user name or password, or too many failures")]
pub struct Refused {
    /// The user name, as far as it can be one.
    pub name: String,
    /// The reason, for the trail.
    pub because: Because,
    /// What this failure locked, for the trail.
    pub locked: Option<Locked>,
    /// Failures of this user since the last success; more than 3 are worth an alarm (IAM-08).
    pub failures_since_success: i64,
}

/// A login that was let in.
#[derive(Debug)]
pub struct Admitted {
    /// Who it is, through the new session.
    pub user: Identified,
    /// The session's secret, shown once.
    pub secret: Zeroizing<String>,
    /// When the session ends at the latest.
    pub ends: Timestamp,
    /// What happened before (IAM-13).
    pub before: LastLogins,
}

/// The last success and failure before a login.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LastLogins {
    /// Time of the last success.
    pub success: Option<Timestamp>,
    /// From where.
    pub success_from: Option<String>,
    /// Time of the last failure.
    pub failure: Option<Timestamp>,
    /// From where.
    pub failure_from: Option<String>,
    /// Failures between these logins.
    pub failures: i64,
}

/// How a login went. A refusal is no error of the transaction: its counts are to be kept.
#[derive(Debug)]
pub enum LoginResult {
    /// Let in.
    Admitted(Box<Admitted>),
    /// Refused.
    Refused(Refused),
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// Without a request, a session ends after this.
    pub idle: SignedDuration,
    /// A session ends after this in any case.
    pub longest: SignedDuration,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self { idle: SignedDuration::from_mins(30), longest: SignedDuration::from_hours(12) }
    }
}

/// The counts that an attempt touches, with the keys under which they are kept.
pub(crate) struct Counts {
    tallies: Tallies,
    keys: [Option<String>; 4],
    is_admin: bool,
}

impl Counts {
    pub(crate) async fn read<C: ConnectionTrait>(
        connection: &C,
        name: &str,
        address: Option<IpAddr>,
    ) -> Result<Self, IdentityError> {
        let is_admin = name == ADMIN;
        let address = address.map(counted_address);
        let by = |what: &str| address.map(|address| format!("{what} {address}"));
        // What cannot be a user's name is counted by address only: it must not fill the table.
        let account = (!is_admin && user_name(name).is_ok()).then(|| format!("account {name}"));
        let admin = if is_admin { by("admin from") } else { None };
        let keys = [account, admin, by("from"), by("locked from")];
        let wanted: Vec<String> = keys.iter().flatten().cloned().collect();
        let mut tallies = Tallies::default();
        for (key, tally) in sql::tallies(connection, &wanted).await? {
            for (slot, counted) in keys.iter().zip(slots(&mut tallies)) {
                if slot.as_ref() == Some(&key) {
                    *counted = tally.clone();
                }
            }
        }
        Ok(Self { tallies, keys, is_admin })
    }

    pub(crate) fn locked(&self, now: Timestamp) -> Option<Locked> {
        self.tallies.locked(self.is_admin, now)
    }

    fn fail(&mut self, policy: &LockoutPolicy, now: Timestamp) -> Option<Locked> {
        self.tallies.fail(policy, self.is_admin, now)
    }

    fn succeed(&mut self) {
        self.tallies.succeed(self.is_admin);
    }

    async fn write(&mut self, tx: &Tx, now: Timestamp) -> Result<(), IdentityError> {
        let keys = self.keys.clone();
        for (key, tally) in keys.iter().zip(slots(&mut self.tallies)) {
            if let Some(key) = key {
                sql::put_tally(tx, key, tally, now.as_microsecond()).await?;
            }
        }
        Ok(())
    }
}

fn slots(tallies: &mut Tallies) -> [&mut crate::lockout::Tally; 4] {
    let Tallies { account, admin_address, address, accounts_from_address } = tallies;
    [account, admin_address, address, accounts_from_address]
}

/// Settles an attempt: counts, locks, remembers. The identified user where it was right.
pub(crate) async fn settle(
    tx: &Tx,
    checked: &Checked,
    policy: &LockoutPolicy,
    now: Timestamp,
) -> Result<Result<sql::UserRow, Refused>, IdentityError> {
    let micros = now.as_microsecond();
    let from = checked.address.map(|address| address.to_string()).unwrap_or_default();
    let mut counts = Counts::read(tx, &checked.name, checked.address).await?;
    let user = sql::user_by_name(tx, &checked.name).await?;
    let verdict = match (counts.locked(now), &checked.verdict, &user) {
        (Some(locked), _, _) => Err(Because::Locked(locked)),
        (None, Err(because), _) => Err(*because),
        (None, Ok(_), None) => Err(Because::UnknownUser),
        (None, Ok(_), Some(user)) if !user.enabled => Err(Because::Disabled),
        (None, Ok(id), Some(user)) if *id != user.id || checked.verified.as_ref() != Some(&user.password) => {
            Err(Because::WrongPassword)
        }
        (None, Ok(_), Some(user)) => Ok(user.clone()),
    };
    match verdict {
        Ok(mut user) => {
            counts.succeed();
            counts.write(tx, now).await?;
            if let Some(rehashed) = &checked.rehashed {
                user.password = rehashed.encode();
                sql::update_user(tx, user.id, "password = $2", values![user.password.clone()].to_vec())
                    .await?;
            }
            Ok(Ok(user))
        }
        Err(because) => {
            let locked = counts.fail(policy, now);
            counts.write(tx, now).await?;
            let two_hours_ago = micros.saturating_sub(2 * 3_600 * 1_000_000);
            execute(tx, "DELETE FROM identity_tally WHERE touched < $1", values![two_hours_ago]).await?;
            let mut failures_since_success = 0;
            if let Some(user) = &user {
                let set = "last_failure = $2, last_failure_from = $3, failures_since = failures_since + 1";
                sql::update_user(tx, user.id, set, values![micros, from].to_vec()).await?;
                failures_since_success = last_logins(tx, user.id).await?.failures;
            }
            let name = checked.name.clone();
            Ok(Err(Refused { name, because, locked, failures_since_success }))
        }
    }
}

/// Makes the session of a user whose attempt was settled.
pub(crate) async fn admit(
    tx: &Tx,
    user: sql::UserRow,
    address: Option<IpAddr>,
    policy: &IdentityPolicy,
    now: Timestamp,
    random: &[u8; 32],
) -> Result<Admitted, IdentityError> {
    let secret = secret::make(SecretKind::Session, random);
    let digest = secret::digest(SecretKind::Session, &secret).ok_or(IdentityError::Background)?;
    let ends = now.checked_add(policy.session.longest).unwrap_or(Timestamp::MAX);
    let from = address.map(|address| address.to_string()).unwrap_or_default();
    let (micros, until) = (now.as_microsecond(), ends.as_microsecond());
    execute(tx, "DELETE FROM identity_session WHERE ends <= $1", values![micros]).await?;
    let session = sql::insert_session(tx, digest, user.id, &from, micros, until).await?;
    let before = last_logins(tx, user.id).await?;
    let set = "last_success = $2, last_success_from = $3, failures_since = 0";
    sql::update_user(tx, user.id, set, values![micros, from].to_vec()).await?;
    let version = sql::policy_version(tx).await?;
    let user = crate::service::of_session(user, session, version, &policy.passwords, now);
    Ok(Admitted { user, secret, ends, before })
}

async fn last_logins(tx: &Tx, user: UserId) -> Result<LastLogins, IdentityError> {
    let sql = "SELECT last_success, last_success_from, last_failure, last_failure_from, failures_since \
               FROM identity_user WHERE id = $1";
    let Some(row) = netwarden_store::query_one(tx, sql, values![user.0]).await? else {
        return Ok(LastLogins::default());
    };
    let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_microsecond(at).ok());
    let from = |from: Option<String>| from.filter(|from| !from.is_empty());
    Ok(LastLogins {
        success: time(row.try_get_by_index(0)?),
        success_from: from(row.try_get_by_index(1)?),
        failure: time(row.try_get_by_index(2)?),
        failure_from: from(row.try_get_by_index(3)?),
        failures: row.try_get_by_index(4)?,
    })
}

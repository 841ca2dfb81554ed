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
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::{Plane, UserId};
use netwarden_store::{Tx, execute, query_one, values};
use sea_orm::ConnectionTrait;
use zeroize::Zeroizing;

use crate::accounts::{ADMIN, user_name};
use crate::admission::{AccountPolicy, Attributes, Bar, bar, bar_of_login};
use crate::decide::Identified;
use crate::error::IdentityError;
use crate::lockout::{Locked, LockoutPolicy, Tallies, counted_address};
use crate::operation::Operation;
use crate::password::PasswordHash;
use crate::secret::{self, SecretKind};
use crate::service::IdentityPolicy;
use crate::sql;

/// What a caller presents.
pub struct Attempt {
    /// In which user space.
    pub plane: Plane,
    /// User name as typed.
    pub name: String,
    /// Password.
    pub password: Zeroizing<String>,
    /// Where the caller is; None on the local socket.
    pub address: Option<IpAddr>,
    /// With what the caller comes, as it calls itself; empty where it does not.
    pub device: String,
}

/// Longest name of a device that is kept, in characters.
const LONGEST_DEVICE: usize = 160;

/// What is kept of what a device calls itself.
pub(crate) fn device_name(text: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().take(LONGEST_DEVICE).map(shown).collect()
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("plane", &self.plane)
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// An attempt whose password was checked, to be settled in a transaction.
#[derive(Debug)]
pub struct Checked {
    pub(crate) plane: Plane,
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    pub(crate) device: String,
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
    /// Too many failures.
    Locked(Locked),
    /// The second factor was not proven.
    WrongCode,
    /// Name and password were right, and something else stands in the way.
    Barred(Bar),
}

impl Because {
    /// The word under which it is kept.
    pub const fn as_str(self) -> &'static str {
        match self {
            Because::UnknownUser => "unknown_user",
            Because::WrongPassword => "wrong_password",
            Because::Locked(Locked::Account) => "account_locked",
            Because::Locked(Locked::Address) => "address_locked",
            Because::WrongCode => "wrong_code",
            Because::Barred(bar) => bar.as_str(),
        }
    }
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Because::UnknownUser => "there is no such user",
            Because::WrongPassword => "wrong password",
            Because::Locked(Locked::Account) => "the account is locked after too many failures",
            Because::Locked(Locked::Address) => "the address is locked after too many failures",
            Because::WrongCode => "wrong code or passkey, or one that was used before",
            Because::Barred(bar) => bar.text(),
        })
    }
}

/// A refused login. Its text is the same whatever the reason (IAM-14), but where name and password were
/// right: who knows them may know what else is in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the login was refused: {}", self.told())]
pub struct Refused {
    /// The user name, as far as it can be one.
    pub name: String,
    /// The reason, for the trail.
    pub because: Because,
    /// What this failure locked, for the trail.
    pub locked: Option<Locked>,
    /// Failures of this user since the last success.
    pub failures_since_success: i64,
    /// They are more than the account policy takes without an alarm, for the first time since then.
    pub is_alarm: bool,
}

impl Refused {
    /// What stands in the way of who gave the right name and password; None for everybody else.
    pub const fn bar(&self) -> Option<Bar> {
        match self.because {
            Because::Barred(bar) => Some(bar),
            _ => None,
        }
    }

    fn told(&self) -> &'static str {
        self.bar().map_or("wrong user name or password, or too many failures", Bar::text)
    }
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
}

/// Whether a request shows that somebody is there: pages that look by themselves must not keep a session from
/// ending that nobody uses (IAM-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Somebody, or a program, asked for it.
    Acts,
    /// An open page asked for it, again and again.
    Watches,
}

/// What a user is told after a login, until they say that they have read it (IAM-13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notice {
    /// The login that it is about.
    pub login: i64,
    /// The account's welcome message; empty where it has none.
    pub welcome: String,
    /// The last success before this login, and from where; empty for the local socket.
    pub success: Option<(Timestamp, String)>,
    /// The last failure, and from where.
    pub failure: Option<(Timestamp, String)>,
    /// Failures that were not acknowledged yet.
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

/// The counts that an attempt touches, with the keys under which they are kept.
pub(crate) struct Counts {
    tallies: Tallies,
    keys: [Option<String>; 4],
    is_admin: bool,
}

impl Counts {
    pub(crate) async fn read<C: ConnectionTrait>(
        connection: &C,
        (plane, name): (Plane, &str),
        address: Option<IpAddr>,
    ) -> Result<Self, IdentityError> {
        let is_admin = name == ADMIN;
        let address = address.map(counted_address);
        let by = |what: &str| address.map(|address| format!("{what} {address}"));
        // What cannot be a user's name is counted by address only: it must not fill the table.
        let account = (!is_admin && user_name(name).is_ok()).then(|| account_key(plane, name));
        let admin = match plane {
            _ if !is_admin => None,
            Plane::Om => by("admin from"),
            _ => by(&format!("{plane}/admin from")),
        };
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

    /// Forgets the failures in a row: somebody was let in, or proved who they are.
    pub(crate) async fn forget(&mut self, tx: &Tx, policy: &LockoutPolicy) -> Result<(), IdentityError> {
        self.tallies.succeed(self.is_admin);
        self.write(tx, policy).await
    }

    async fn write(&mut self, tx: &Tx, policy: &LockoutPolicy) -> Result<(), IdentityError> {
        let keys = self.keys.clone();
        let limits = [policy.account, policy.admin_address, policy.address, policy.accounts_from_address];
        for ((key, tally), limit) in keys.iter().zip(slots(&mut self.tallies)).zip(limits) {
            if let Some(key) = key {
                sql::put_tally(tx, key, tally, tally.counts_until(&limit).as_microsecond()).await?;
            }
        }
        Ok(())
    }
}

/// Under what the failures of an account are counted.
pub(crate) fn account_key(plane: Plane, name: &str) -> String {
    match plane {
        Plane::Om => format!("account {name}"),
        _ => format!("account {}", sql::login_of(plane, name)),
    }
}

fn slots(tallies: &mut Tallies) -> [&mut crate::lockout::Tally; 4] {
    let Tallies { account, admin_address, address, accounts_from_address } = tallies;
    [account, admin_address, address, accounts_from_address]
}

/// Settles an attempt as far as name and password go: counts, locks, remembers. Where it was right, the user,
/// with the counts, which the caller forgets or not.
pub(crate) async fn settle(
    tx: &Tx,
    checked: &Checked,
    policy: &AccountPolicy,
    now: Timestamp,
) -> Result<Result<(sql::UserRow, Counts), Refused>, IdentityError> {
    let mut counts = Counts::read(tx, (checked.plane, &checked.name), checked.address).await?;
    let user = sql::user_by_name(tx, checked.plane, &checked.name).await?;
    let verdict = match (counts.locked(now), &checked.verdict, &user) {
        (Some(locked), _, _) => Err(Because::Locked(locked)),
        (None, Err(because), _) => Err(*because),
        (None, Ok(_), None) => Err(Because::UnknownUser),
        (None, Ok(id), Some(user)) if *id != user.id || checked.verified.as_ref() != Some(&user.password) => {
            Err(Because::WrongPassword)
        }
        (None, Ok(_), Some(user)) => Ok(user.clone()),
    };
    match verdict {
        Ok(mut user) => {
            if let Some(rehashed) = &checked.rehashed {
                user.password = rehashed.encode();
                sql::update_user(tx, user.id, "password = $2", values![user.password.clone()].to_vec())
                    .await?;
                // What names that nobody has are worked on with follows the hashes there are.
                sql::bump_policy(tx).await?;
            }
            Ok(Ok((user, counts)))
        }
        Err(because) => {
            let locked = count_failure(tx, &mut counts, policy, now).await?;
            let failed = match &user {
                // Nothing was tried on the account: who is locked out must not wash out its history.
                Some(_) if because == Because::Locked(Locked::Address) => Failed::default(),
                Some(user) => {
                    let most = policy.alarm_failures;
                    remember_failure(tx, user.id, checked.address, because, most, now).await?
                }
                None => Failed::default(),
            };
            let Failed { since_success, is_alarm } = failed;
            let name = checked.name.clone();
            Ok(Err(Refused { name, because, locked, failures_since_success: since_success, is_alarm }))
        }
    }
}

async fn count_failure(
    tx: &Tx,
    counts: &mut Counts,
    policy: &AccountPolicy,
    now: Timestamp,
) -> Result<Option<Locked>, IdentityError> {
    let locked = counts.fail(&policy.lockout, now);
    counts.write(tx, &policy.lockout).await?;
    let over = "DELETE FROM identity_tally WHERE touched < $1";
    execute(tx, over, values![now.as_microsecond()]).await?;
    Ok(locked)
}

/// A failure of who had got as far as a session, and is to prove more: it is counted and remembered as any other.
pub(crate) async fn refused(
    tx: &Tx,
    counts: &mut Counts,
    policy: &AccountPolicy,
    (user, name): (UserId, String),
    address: Option<IpAddr>,
    because: Because,
    now: Timestamp,
) -> Result<Refused, IdentityError> {
    let locked = count_failure(tx, counts, policy, now).await?;
    let failed = match because {
        // Nothing was tried on the account, as at a login.
        Because::Locked(Locked::Address) => Failed::default(),
        _ => remember_failure(tx, user, address, because, policy.alarm_failures, now).await?,
    };
    let Failed { since_success: failures_since_success, is_alarm } = failed;
    Ok(Refused { name, because, locked, failures_since_success, is_alarm })
}

/// What a failure makes.
#[derive(Debug, Clone, Copy, Default)]
struct Failed {
    since_success: i64,
    is_alarm: bool,
}

/// Remembers a failure; how many there have been since the last success, and whether they are more than `most`
/// for the first time.
async fn remember_failure(
    tx: &Tx,
    user: UserId,
    address: Option<IpAddr>,
    because: Because,
    most: u32,
    now: Timestamp,
) -> Result<Failed, IdentityError> {
    sql::remember_login(tx, user, now.as_microsecond(), (&from(address), ""), because.as_str()).await?;
    let set = "failures_since = failures_since + 1, failures_unseen = failures_unseen + 1";
    sql::update_user(tx, user, set, Vec::new()).await?;
    let alarm = "UPDATE identity_user SET alarmed = 1 WHERE id = $1 AND alarmed = 0 AND failures_since > $2";
    let is_alarm = execute(tx, alarm, values![user.0, i64::from(most)]).await? == 1;
    let failures = "SELECT failures_since FROM identity_user WHERE id = $1";
    let row = query_one(tx, failures, values![user.0]).await?;
    let since_success = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(Failed { since_success, is_alarm })
}

/// Somebody has proven all that is asked of them: failures are counted anew from here.
pub(crate) async fn forget_failures(tx: &Tx, user: UserId) -> Result<(), IdentityError> {
    sql::update_user(tx, user, "failures_since = 0, alarmed = 0", Vec::new()).await
}

/// Whoever comes from there from now on is no stranger.
pub(crate) async fn remember_address(
    tx: &Tx,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let Some(address) = address else { return Ok(()) };
    sql::forget_addresses(tx, crate::service::known_since(now)).await?;
    sql::remember_address(tx, counted_address(address), now).await
}

fn from(address: Option<IpAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// Makes the session of a user whose name and password were right, unless something else stands in the way.
/// That is remembered as a failure, but nothing is counted towards a lock: nobody was guessing.
pub(crate) async fn admit(
    tx: &Tx,
    user: sql::UserRow,
    (address, device): (Option<IpAddr>, &str),
    policy: &IdentityPolicy,
    now: Timestamp,
    random: &[u8; 32],
) -> Result<Result<Admitted, Refused>, IdentityError> {
    let micros = now.as_microsecond();
    let accounts = &policy.accounts;
    let idle = user.attributes.idle_or(accounts.session_idle);
    let used_since = idle.and_then(|idle| now.checked_sub(idle).ok()).unwrap_or(Timestamp::MIN);
    execute(tx, "DELETE FROM identity_session WHERE ends <= $1", values![micros]).await?;
    let sessions = sql::sessions_of(tx, user.id, micros, used_since.as_microsecond()).await?;
    let logins = u32::try_from(user.logins).unwrap_or(u32::MAX);
    let denied = crate::blocklists::read(tx).await?.denied(user.listable(address), now);
    let barred = bar(accounts, user.standing(), address, now)
        .or_else(|| denied.operation(Operation::SessionLogin).map(|_| Bar::Blocklist))
        .or_else(|| bar_of_login(accounts, user.standing(), sessions, logins));
    if let Some(bar) = barred {
        let because = Because::Barred(bar);
        let failed = remember_failure(tx, user.id, address, because, accounts.alarm_failures, now).await?;
        let Failed { since_success: failures_since_success, is_alarm } = failed;
        let refused = Refused { name: user.name, because, locked: None, failures_since_success, is_alarm };
        return Ok(Err(refused));
    }
    let secret = secret::make(SecretKind::Session, random);
    let digest = secret::digest(SecretKind::Session, &secret).ok_or(IdentityError::Background)?;
    let ends = accounts.session_longest.and_then(|longest| now.checked_add(longest).ok());
    let ends = ends.unwrap_or(Timestamp::MAX);
    let from = from(address);
    let login = sql::remember_login(tx, user.id, micros, (&from, device), "").await?;
    let until = ends.as_microsecond();
    let session = sql::insert_session(tx, digest, user.id, (&from, device), (micros, until), login).await?;
    let has_factor = !crate::factors::rows_of(tx, user.id, true).await?.is_empty();
    let set = "last_success = $2, last_used = $2, logins = logins + 1";
    sql::update_user(tx, user.id, set, values![micros].to_vec()).await?;
    if !has_factor {
        forget_failures(tx, user.id).await?;
        remember_address(tx, address, now).await?;
    }
    let version = sql::policy_version(tx).await?;
    let (id, proven) = (session, None);
    let roles = sql::roles(tx, accounts.separation).await?.of(user.plane);
    let row = sql::SessionRow {
        id,
        last_used: micros,
        ends: until,
        login,
        proven,
        has_factor,
        created: micros,
        user,
    };
    let user = crate::service::of_session(row, version, roles, policy, address, now);
    let user = Identified { denied: Arc::new(denied), ..user };
    Ok(Ok(Admitted { user, secret, ends }))
}

/// What a user is to be told of the login that opened a session; None where they have read it.
pub(crate) async fn notice<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    session: i64,
) -> Result<Option<Notice>, IdentityError> {
    let sql = "SELECT s.login, u.acknowledged, u.failures_unseen, u.attributes FROM identity_session s \
               JOIN identity_user u ON u.id = s.user_id WHERE s.id = $1 AND u.id = $2";
    let Some(row) = query_one(connection, sql, values![session, user.0]).await? else { return Ok(None) };
    let (login, acknowledged): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let (failures, attributes): (i64, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    if acknowledged >= login {
        return Ok(None);
    }
    let when = |found: Option<(i64, String)>| {
        found.and_then(|(at, from)| Some((Timestamp::from_microsecond(at).ok()?, from)))
    };
    Ok(Some(Notice {
        login,
        welcome: Attributes::decode(&attributes)?.welcome,
        success: when(sql::login_before(connection, user, false, login).await?),
        failure: when(sql::login_before(connection, user, true, i64::MAX).await?),
        failures,
    }))
}

/// Remembers that a user has read the notice of the login that opened a session, which told of so many
/// failures: those that came since stay for the next.
pub async fn acknowledge(tx: &Tx, user: UserId, session: i64, failures: i64) -> Result<(), IdentityError> {
    // An earlier session may acknowledge after a later one.
    let sql = "UPDATE identity_user SET acknowledged = (SELECT CASE WHEN login > acknowledged THEN login \
               ELSE acknowledged END FROM identity_session WHERE id = $2), failures_unseen = CASE WHEN failures_unseen > $3 THEN failures_unseen - $3 ELSE 0 END \
               WHERE id = $1 AND id = (SELECT user_id FROM identity_session WHERE id = $2)";
    match execute(tx, sql, values![user.0, session, failures.max(0)]).await? {
        1 => Ok(()),
        _ => Err(IdentityError::NoSuchSession(session)),
    }
}

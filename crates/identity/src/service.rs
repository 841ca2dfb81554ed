//! The accounts as the product holds them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::{Plane, UserId};
use netwarden_store::{Store, StoreError, Tx, execute, values};
use zeroize::Zeroizing;

use crate::accounts::{self, NewToken, NewUser, TokenWish, user_name};
use crate::admission::{AccountPolicy, Attributes, LoginMode, Unused, UnusedAct, bar};
use crate::blocklist::Denied;
use crate::blocklists::BlocklistAt;
use crate::condition::Asking;
use crate::decide::{Identified, SecondFactor, Subject, Through, TokenLimits};
use crate::domains::DomainsAt;
use crate::error::IdentityError;
use crate::grant::confined;
use crate::lanes::{Comer, Lanes};
use crate::lockout::counted_address;
use crate::login::{self, Attempt, Because, Checked, Counts, LoginResult, Notice, Presence};
use crate::password::{self, Dictionary, PasswordHash, PasswordPolicy, StandIns};
use crate::role::{Roles, RolesByPlane, Separation};
use crate::secret::{self, SecretKind};
use crate::sql;

/// Whoever has logged in from an address so lately is known there.
const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A session's last use is written when it is older than this, not at every request.
const TOUCH_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Of an account and of a token it is known to so many microseconds when they were used.
const KNOWN_TO_MICROS: i64 = 600_000_000;

/// What is settable.
#[derive(Debug, Clone, Default)]
pub struct IdentityPolicy {
    /// Of passwords.
    pub passwords: Arc<PasswordPolicy>,
    /// Of accounts and their sessions.
    pub accounts: AccountPolicy,
}

/// The parameters of the hashes there are, at a version of the rights.
type StandInsAt = Arc<(i64, StandIns)>;
/// The roles, at a version of the rights and with duties divided so.
type RolesAt = (i64, Separation, RolesByPlane);

/// The accounts. Clones share the lanes to the hashing.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(crate) store: Store,
    policy: Arc<RwLock<IdentityPolicy>>,
    pub(crate) dictionary: Arc<RwLock<Arc<Dictionary>>>,
    stand_ins: Arc<RwLock<Option<StandInsAt>>>,
    roles: Arc<RwLock<Option<RolesAt>>>,
    pub(crate) domains: Arc<RwLock<Option<DomainsAt>>>,
    pub(crate) blocklist: Arc<RwLock<Option<BlocklistAt>>>,
    lanes: Arc<Lanes>,
    worked: Arc<AtomicU64>,
}

impl Identity {
    /// Over a store that has [`crate::MIGRATIONS`]. What is stored of settings is read by
    /// [`Identity::load_settings`].
    pub fn new(store: Store, policy: IdentityPolicy) -> Self {
        Self {
            store,
            policy: Arc::new(RwLock::new(policy)),
            dictionary: Arc::default(),
            stand_ins: Arc::default(),
            roles: Arc::default(),
            domains: Arc::default(),
            blocklist: Arc::default(),
            lanes: Arc::new(Lanes::new(std::thread::available_parallelism().map_or(1, usize::from))),
            worked: Arc::default(),
        }
    }

    /// What is set now.
    pub fn policy(&self) -> IdentityPolicy {
        self.policy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets it otherwise; it counts from the next request on.
    pub fn set_policy(&self, policy: IdentityPolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// The one-time password of a plane's first user, and its hash for [`accounts::create_admin`]; None where
    /// there are users. `random` is fresh.
    pub async fn first_password(
        &self,
        plane: Plane,
        random: &[u8; 36],
    ) -> Result<Option<(Zeroizing<String>, PasswordHash)>, IdentityError> {
        if sql::any_user(self.store.read(), plane).await? {
            return Ok(None);
        }
        self.one_time_password(random).await.map(Some)
    }

    /// A one-time password and its hash, for a new user or a reset. `random` is fresh.
    pub async fn one_time_password(
        &self,
        random: &[u8; 36],
    ) -> Result<(Zeroizing<String>, PasswordHash), IdentityError> {
        let (Some(choice), Some(salt)) = (random.first_chunk::<20>(), random.last_chunk::<16>()) else {
            return Err(IdentityError::Background);
        };
        let password = password::one_time(choice);
        let hash = self.hash(password.clone(), *salt).await?;
        Ok((password, hash))
    }

    /// Checks an attempt to log in. Takes the same time for users who do not exist; refuses an
    /// address that is locked without any work. `salt` is fresh, for a hash that is to be renewed.
    pub async fn check(
        &self,
        attempt: Attempt,
        now: Timestamp,
        salt: [u8; 16],
    ) -> Result<Checked, IdentityError> {
        let comer = self.comer(attempt.address, now).await?;
        self.check_of(comer, attempt, now, salt).await
    }

    /// [`Identity::check`] of somebody who waits in this lane.
    pub(crate) async fn check_of(
        &self,
        comer: Comer,
        attempt: Attempt,
        now: Timestamp,
        salt: [u8; 16],
    ) -> Result<Checked, IdentityError> {
        let name: String = attempt.name.trim().to_lowercase().chars().take(64).collect();
        let (plane, address) = (attempt.plane, attempt.address);
        let device = login::device_name(&attempt.device);
        let refused = |name, because| {
            Ok(Checked {
                plane,
                name,
                address,
                device: String::new(),
                verdict: Err(because),
                verified: None,
                rehashed: None,
            })
        };
        let counts = Counts::read(self.store.read(), (plane, &name), address).await?;
        if counts.locked(now) == Some(crate::lockout::Locked::Address) {
            return refused(name, Because::Locked(crate::lockout::Locked::Address));
        }
        let (user, stored) = self.worked_on(plane, &name).await?;
        let wanted = self.policy().passwords.hash;
        let password = attempt.password;
        let (right, rehashed) = self
            .work(comer, move || {
                let right = stored.verify(&password);
                let renew = right && stored.needs_rehash(wanted);
                // Where it cannot be renewed, the one there is goes on.
                (right, renew.then(|| PasswordHash::make(&password, salt, wanted).ok()).flatten())
            })
            .await?;
        match user {
            None => refused(name, Because::UnknownUser),
            Some(_) if !right => refused(name, Because::WrongPassword),
            Some(user) => {
                let verified = Some(user.password);
                Ok(Checked { plane, name, address, device, verdict: Ok(user.id), verified, rehashed })
            }
        }
    }

    /// The account of this name, and the hash that a password for it is verified against.
    pub(crate) async fn worked_on(
        &self,
        plane: Plane,
        name: &str,
    ) -> Result<(Option<sql::UserRow>, PasswordHash), IdentityError> {
        let user = sql::user_by_name(self.store.read(), plane, name).await?;
        let nobody = self.hash_of_nobody(name).await?;
        let stored = match &user {
            Some(user) => PasswordHash::decode(&user.password)?,
            None => nobody,
        };
        Ok((user, stored))
    }

    /// What a password is verified against for a name that nobody has. While some accounts have hashes of
    /// other parameters than new ones get, an unknown name has the parameters of one of the accounts, always
    /// the same one: otherwise the time would tell which names there are (IAM-14).
    async fn hash_of_nobody(&self, name: &str) -> Result<PasswordHash, IdentityError> {
        let version = sql::policy_version(self.store.read()).await?;
        let known = self.stand_ins.read().unwrap_or_else(PoisonError::into_inner).clone();
        let stand_ins = match known {
            Some(known) if known.0 == version => known,
            _ => {
                let stand_ins = Arc::new((version, StandIns::of(&sql::passwords(self.store.read()).await?)));
                let mut kept = self.stand_ins.write().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(kept.insert(stand_ins))
            }
        };
        Ok(PasswordHash::dummy(stand_ins.1.of_name(name).unwrap_or(self.policy().passwords.hash)))
    }

    /// Settles a checked attempt in the caller's transaction, which is to be committed either way.
    /// `random` is fresh.
    pub async fn settle_login(
        &self,
        tx: &Tx,
        checked: &Checked,
        now: Timestamp,
        random: &[u8; 32],
    ) -> Result<LoginResult, IdentityError> {
        let policy = &self.policy();
        let (user, mut counts) = match login::settle(tx, checked, &policy.accounts, now).await? {
            Ok(settled) => settled,
            Err(refused) => return Ok(LoginResult::Refused(refused)),
        };
        Ok(match login::admit(tx, user, (checked.address, &checked.device), policy, now, random).await? {
            Ok(admitted) => {
                // Who knows the password alone has proven nothing yet, and must not wipe out wrong codes by it.
                if admitted.user.second_factor != SecondFactor::Missing {
                    counts.forget(tx, &policy.accounts.lockout).await?;
                }
                LoginResult::Admitted(Box::new(admitted))
            }
            // Who knows the password of an account that is barred must not wipe out an address's failures.
            Err(refused) => LoginResult::Refused(refused),
        })
    }

    /// [`Identity::check`] and [`Identity::settle_login`] in a transaction of their own.
    pub async fn login(
        &self,
        attempt: Attempt,
        now: Timestamp,
        salt: [u8; 16],
        random: [u8; 32],
    ) -> Result<LoginResult, IdentityError> {
        let checked = self.check(attempt, now, salt).await?;
        let this = self.clone();
        self.store
            .write(move |tx| Box::pin(async move { this.settle_login(tx, &checked, now, &random).await }))
            .await
    }

    /// Who a session's secret belongs to, with the rights of this moment; None where it is none, has ended,
    /// or its account is barred by now.
    pub async fn authenticate_session(
        &self,
        presented: &str,
        address: Option<IpAddr>,
        presence: Presence,
        now: Timestamp,
    ) -> Result<Option<Subject>, IdentityError> {
        let Some(digest) = secret::digest(SecretKind::Session, presented) else { return Ok(None) };
        let Some(row) = sql::session(self.store.read(), digest).await? else { return Ok(None) };
        let policy = self.policy();
        let micros = now.as_microsecond();
        let unused = SignedDuration::from_micros(micros.saturating_sub(row.last_used));
        let idle = row.user.attributes.idle_or(policy.accounts.session_idle);
        if micros >= row.ends
            || idle.is_some_and(|idle| unused >= idle)
            || bar(&policy.accounts, row.user.standing(), address, now).is_some()
        {
            return Ok(None);
        }
        let version = sql::policy_version(self.store.read()).await?;
        let denied = self.denied(&row.user, address, version, now).await?;
        if denied.everything().is_some() {
            return Ok(None);
        }
        if presence == Presence::Acts && unused >= TOUCH_AFTER {
            let session = "UPDATE identity_session SET last_used = $2 WHERE id = $1 AND last_used < $2";
            let account = "UPDATE identity_user SET last_used = $2 WHERE last_used < $2 AND id = \
                           (SELECT user_id FROM identity_session WHERE id = $1)";
            let of_both = [session, account];
            let of_session = [session];
            let statements: &[_] = if is_old(row.user.last_used, micros) { &of_both } else { &of_session };
            self.touch(statements, row.id, micros).await?;
        }
        let roles = self.roles_at(version, row.user.plane).await?;
        let user = of_session(row, version, roles, &policy, address, now);
        Ok(Some(Subject::User(Identified { denied, ..user })))
    }

    /// Who a token belongs to, narrowed to what it is for; None where it is none, has ended or was
    /// revoked, or its account is barred.
    pub async fn authenticate_token(
        &self,
        presented: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<Subject>, IdentityError> {
        let Some(digest) = secret::digest(SecretKind::Token, presented) else { return Ok(None) };
        let Some(row) = sql::token(self.store.read(), digest).await? else { return Ok(None) };
        let Ok(expires) = Timestamp::from_microsecond(row.ends) else { return Ok(None) };
        let barred = bar(&self.beside_sessions(), row.user.standing(), address, now);
        if row.revoked.is_some() || now >= expires || barred.is_some() {
            return Ok(None);
        }
        let version = sql::policy_version(self.store.read()).await?;
        let denied = self.denied(&row.user, address, version, now).await?;
        if denied.everything().is_some() {
            return Ok(None);
        }
        let micros = now.as_microsecond();
        if row.last_used.is_none_or(|last| is_old(last, micros)) {
            let touch = [
                "UPDATE identity_token SET last_used = $2 WHERE id = $1",
                "UPDATE identity_user SET last_used = $2 WHERE last_used < $2 AND id = \
                 (SELECT user_id FROM identity_token WHERE id = $1)",
            ];
            self.touch(&touch, row.id, micros).await?;
        }
        let grants = confined(row.user.grants, &row.domains);
        let user = sql::UserRow { grants, ..row.user };
        let limits = TokenLimits { operations: row.operations, domains: row.domains, expires };
        let through = Through::Token { id: row.id, limits: Arc::new(limits) };
        let roles = self.roles_at(version, user.plane).await?;
        let user = identified(user, through, version, roles, address, now);
        Ok(Some(Subject::User(Identified { denied, ..user })))
    }

    /// Who the peer of the local socket is in a plane, by its uid; None where nobody is mapped to it, or the
    /// account is barred.
    pub async fn authenticate_local(
        &self,
        plane: Plane,
        uid: u32,
        now: Timestamp,
    ) -> Result<Option<Subject>, IdentityError> {
        let Some(user) = sql::user_by_uid(self.store.read(), plane, uid).await? else { return Ok(None) };
        if bar(&self.beside_sessions(), user.standing(), None, now).is_some() {
            return Ok(None);
        }
        let version = sql::policy_version(self.store.read()).await?;
        let denied = self.denied(&user, None, version, now).await?;
        if denied.everything().is_some() {
            return Ok(None);
        }
        let micros = now.as_microsecond();
        if is_old(user.last_used, micros) {
            let touch = "UPDATE identity_user SET last_used = $2 WHERE id = $1 AND last_used < $2";
            self.touch(&[touch], user.id.0, micros).await?;
        }
        let roles = self.roles_at(version, plane).await?;
        let user = identified(user, Through::LocalUid(uid), version, roles, None, now);
        Ok(Some(Subject::User(Identified { denied, ..user })))
    }

    /// What the blocklist denies an account that is used from there.
    async fn denied(
        &self,
        user: &sql::UserRow,
        address: Option<IpAddr>,
        version: i64,
        now: Timestamp,
    ) -> Result<Arc<Denied>, IdentityError> {
        let blocklist = self.blocklist_at(version).await?;
        Ok(Arc::new(blocklist.denied(user.listable(address), now)))
    }

    /// What is set for accounts, for those who come without a session: whom the single-user mode leaves alone.
    fn beside_sessions(&self) -> AccountPolicy {
        AccountPolicy { login_mode: LoginMode::Multi, ..self.policy().accounts }
    }

    /// Writes down that something was used; each statement has its id and the time.
    async fn touch(&self, statements: &[&'static str], id: i64, micros: i64) -> Result<(), IdentityError> {
        let statements = statements.to_vec();
        let touched: Result<_, IdentityError> = self
            .store
            .write(move |tx| {
                Box::pin(async move {
                    for statement in statements {
                        execute(tx, statement, values![id, micros]).await?;
                    }
                    Ok(())
                })
            })
            .await;
        match touched {
            // Whoever is logged in must be able to free the disk (SEC-09).
            Ok(()) | Err(IdentityError::Store(StoreError::DiskFull)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The roles of a plane as of a version of the rights: read anew when that has risen, so that a change holds
    /// from the next action on.
    pub(crate) async fn roles_at(&self, version: i64, plane: Plane) -> Result<Arc<Roles>, IdentityError> {
        Ok(self.all_roles(version).await?.of(plane))
    }

    pub(crate) async fn all_roles(&self, version: i64) -> Result<RolesByPlane, IdentityError> {
        let separation = self.policy().accounts.separation;
        let known = self.roles.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, divided, roles)) = known
            && (at, divided) == (version, separation)
        {
            return Ok(roles);
        }
        let roles = sql::roles(self.store.read(), separation).await?;
        *self.roles.write().unwrap_or_else(PoisonError::into_inner) =
            Some((version, separation, roles.clone()));
        Ok(roles)
    }

    /// What a user is to be told of the login that opened a session; None where they have read it.
    pub async fn notice(&self, user: UserId, session: i64) -> Result<Option<Notice>, IdentityError> {
        login::notice(self.store.read(), user, session).await
    }

    /// The present version of the rights; a subject of an older one is to be read again.
    pub async fn policy_version(&self) -> Result<i64, IdentityError> {
        sql::policy_version(self.store.read()).await
    }

    /// An account by its name in a plane, with all that it ever is.
    pub async fn find_user(&self, plane: Plane, name: &str) -> Result<Identified, IdentityError> {
        let name = user_name(name)?;
        let user = sql::user_by_name(self.store.read(), plane, &name).await?;
        let user = user.ok_or(IdentityError::NoSuchUser(name))?;
        let version = sql::policy_version(self.store.read()).await?;
        let roles = self.roles_at(version, plane).await?;
        Ok(unconditioned(user, Through::Session(-1), version, roles))
    }

    /// Accounts to which something is to become because nobody used them.
    pub async fn overdue(&self, now: Timestamp) -> Result<Vec<(UserId, Plane, String)>, IdentityError> {
        let usual = self.policy().accounts.unused;
        let users = sql::users_enabled(self.store.read()).await?;
        let roles = self.all_roles(self.policy_version().await?).await?;
        let overdue = users.into_iter().filter_map(|user| {
            act_on_unused(&user, &roles, usual, now)?;
            Some((user.id, user.plane, user.name))
        });
        Ok(overdue.collect())
    }

    /// What is to become of an account at this moment, in the caller's transaction; None where it was used, or
    /// somebody has set it otherwise, meanwhile.
    pub async fn overdue_now(
        &self,
        tx: &Tx,
        user: UserId,
        now: Timestamp,
    ) -> Result<Option<UnusedAct>, IdentityError> {
        let usual = self.policy().accounts.unused;
        let roles = sql::roles(tx, Separation::default()).await?;
        let row = sql::user_by_id(tx, user).await?.filter(|row| row.enabled);
        Ok(row.and_then(|row| act_on_unused(&row, &roles, usual, now)))
    }

    /// Ends the sessions that have ended by themselves, so that lists show who is there; how many there were.
    pub async fn end_idle_sessions(&self, now: Timestamp) -> Result<usize, IdentityError> {
        let (usual, micros) = (self.policy().accounts.session_idle, now.as_microsecond());
        let sessions = sql::sessions(self.store.read()).await?;
        let has_ended = |attributes: &Attributes, last_used: i64, ends: i64| {
            let unused = SignedDuration::from_micros(micros.saturating_sub(last_used));
            micros >= ends || attributes.idle_or(usual).is_some_and(|idle| unused >= idle)
        };
        let ended: Vec<i64> = sessions
            .iter()
            .filter(|(_, attributes, last_used, ends)| has_ended(attributes, *last_used, *ends))
            .map(|(id, ..)| *id)
            .collect();
        let count = ended.len();
        if count > 0 {
            let end = self.store.write(move |tx| {
                Box::pin(async move {
                    for id in ended {
                        execute(tx, "DELETE FROM identity_session WHERE id = $1", values![id]).await?;
                    }
                    Ok::<(), IdentityError>(())
                })
            });
            end.await?;
        }
        Ok(count)
    }

    /// [`accounts::create_user`] in a transaction of its own.
    pub async fn create_user(&self, user: NewUser, now: Timestamp) -> Result<UserId, IdentityError> {
        self.store.write(move |tx| Box::pin(async move { accounts::create_user(tx, &user, now).await })).await
    }

    /// [`accounts::create_token`] in a transaction of its own.
    pub async fn create_token(
        &self,
        creator: Subject,
        wish: TokenWish,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<NewToken, IdentityError> {
        self.store
            .write(move |tx| {
                Box::pin(async move { accounts::create_token(tx, &creator, &wish, now, &random).await })
            })
            .await
    }

    /// Lifts the lock of an account; addresses stay locked.
    pub async fn unlock(tx: &Tx, plane: Plane, name: &str) -> Result<(), IdentityError> {
        let key = login::account_key(plane, &user_name(name)?);
        execute(tx, "DELETE FROM identity_tally WHERE counted = $1", values![key]).await?;
        Ok(())
    }

    /// Times that passwords were verified or hashed, for the metrics.
    pub fn password_work(&self) -> u64 {
        self.worked.load(Ordering::Relaxed)
    }

    pub(crate) async fn hash(
        &self,
        password: Zeroizing<String>,
        salt: [u8; 16],
    ) -> Result<PasswordHash, IdentityError> {
        let params = self.policy().passwords.hash;
        Ok(self.work(Comer::Known, move || PasswordHash::make(&password, salt, params)).await??)
    }

    /// Whether somebody has logged in from there lately, so that guessing from elsewhere does not hold them up.
    async fn comer(&self, address: Option<IpAddr>, now: Timestamp) -> Result<Comer, IdentityError> {
        let Some(address) = address else { return Ok(Comer::Known) };
        let is_known = self.is_known_address(address, now).await?;
        Ok(if is_known { Comer::Known } else { Comer::Stranger(counted_address(address)) })
    }

    /// Whether somebody has logged in from there in the last 30 days, with all that was asked of them (SEC-09). Addresses
    /// are taken as they are counted: the /64 of an IPv6 host.
    pub async fn is_known_address(&self, address: IpAddr, now: Timestamp) -> Result<bool, IdentityError> {
        sql::is_known_address(self.store.read(), counted_address(address), known_since(now)).await
    }

    /// Runs what takes a core for a good while, once there is a lane for it.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        comer: Comer,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let lane = self.lanes.enter(comer).await.map_err(|_| IdentityError::Busy)?;
        self.worked.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(lane);
            result
        })
        .await
        .map_err(|_| IdentityError::Background)
    }
}

/// Since when addresses are known.
pub(crate) fn known_since(now: Timestamp) -> Timestamp {
    now.checked_sub(KNOWN_FOR).unwrap_or(Timestamp::MIN)
}

/// The subject that an account's row makes of a request.
fn identified(
    user: sql::UserRow,
    through: Through,
    policy_version: i64,
    roles: Arc<Roles>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Identified {
    let labels = user.attributes.labels.clone();
    let user = unconditioned(user, through, policy_version, roles);
    in_force(user, &labels, address, now, [None, None])
}

/// With the grants that count when the request is made; `opened` and `proven` are the session's.
fn in_force(
    mut user: Identified,
    labels: &BTreeSet<String>,
    address: Option<IpAddr>,
    at: Timestamp,
    [opened, proven]: [Option<Timestamp>; 2],
) -> Identified {
    let asking = Asking {
        at,
        address,
        places: user.roles.places(address),
        through: &user.through,
        opened,
        proven,
        user: &user.name,
        labels: labels.iter().map(String::as_str).collect(),
    };
    let (grants, dormant) = user.roles.in_force(user.grants.clone(), &asking);
    (user.grants, user.dormant) = (grants, Arc::new(dormant));
    user
}

/// The subject that an account's row makes, whatever its roles' conditions.
fn unconditioned(user: sql::UserRow, through: Through, policy_version: i64, roles: Arc<Roles>) -> Identified {
    Identified {
        roles,
        user: user.id,
        name: user.name,
        tenant: user.tenant,
        denied: Arc::default(),
        grants: user.grants,
        dormant: Arc::default(),
        // Whoever knows the network says what belongs to the domains.
        members: Arc::default(),
        enabled: user.enabled,
        must_change_password: user.must_change,
        password_ends: None,
        has_notice: false,
        // Of who comes without a session nothing more is asked.
        second_factor: SecondFactor::NotAsked,
        through,
        policy_version,
    }
}

/// The subject of a session. What has come to its end must be changed; of the local socket and of tokens
/// nothing is asked, since no password opened them.
pub(crate) fn of_session(
    session: sql::SessionRow,
    policy_version: i64,
    roles: Arc<Roles>,
    policy: &IdentityPolicy,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Identified {
    let sql::SessionRow { id, login, user, proven, has_factor, created, .. } = session;
    let passwords = &policy.passwords;
    let set = Timestamp::from_microsecond(user.password_set).unwrap_or(Timestamp::MIN);
    let renewal = user.attributes.renewal;
    let ends = passwords.ends(&renewal, set).filter(|ends| passwords.is_told(&renewal, *ends, now));
    let has_notice = user.acknowledged < login;
    let labels = user.attributes.labels.clone();
    let mut user = unconditioned(user, Through::Session(id), policy_version, roles);
    user.must_change_password |= ends.is_some_and(|ends| now >= ends);
    user.password_ends = ends;
    user.has_notice = has_notice;
    let proven = proven.and_then(|proven| Timestamp::from_microsecond(proven).ok());
    // A role demands a second factor also while its condition does not hold: that may be what it waits for.
    user.second_factor = policy.accounts.second_factor(&user.grants, has_factor, proven);
    in_force(user, &labels, address, now, [Timestamp::from_microsecond(created).ok(), proven])
}

/// What is to become of an account that nobody uses; nothing of one with roles that nobody knows.
fn act_on_unused(
    user: &sql::UserRow,
    roles: &RolesByPlane,
    usual: Unused,
    now: Timestamp,
) -> Option<UnusedAct> {
    let unused = user.attributes.unused_or(usual);
    let last = Timestamp::from_microsecond(user.last_used).unwrap_or(Timestamp::MAX);
    let roles = roles.of(user.plane);
    let is_ours = user.name != crate::ADMIN && user.grants.iter().all(|grant| roles.knows(&grant.role));
    (is_ours && unused.is_overdue(last, now)).then_some(unused.act)
}

/// True where what was written down of the last use is too old.
const fn is_old(last: i64, now: i64) -> bool {
    now.saturating_sub(last) >= KNOWN_TO_MICROS
}

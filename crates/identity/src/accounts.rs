//! Changes of accounts, tokens and sessions. Each takes the caller's transaction, so that the audit
//! record stands or falls with it; each change of rights raises the policy version in it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use netwarden_model::{Plane, UserId};
use netwarden_store::{Tx, execute, query_one, values};
use zeroize::Zeroizing;

use crate::admission::AttributesEdit;
use crate::decide::{Subject, Through};
use crate::error::IdentityError;
use crate::grant::{Grant, Grants, has_whole, write_grants};
use crate::login_policies::{self, PolicyKind};
use crate::operation::Operation;
use crate::password::{PasswordHash, history};
use crate::passwords::OwnPassword;
use crate::role::{Role, Separation};
use crate::secret::{self, SecretKind};
use crate::sql;
use crate::tenant::TenantPath;

/// Name of the built-in super user.
pub const ADMIN: &str = "admin";
/// Longest life of a token.
pub const LONGEST_TOKEN_DAYS: i64 = 366;

/// A user who is to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// In which user space; the name is unique there.
    pub plane: Plane,
    /// 1 to 64 lower-case letters, digits, `.`, `_`, `-`, `@`.
    pub name: String,
    /// To which tenant it belongs; every account of the tenants' plane but its `admin` belongs to one, and no other.
    pub tenant: Option<TenantPath>,
    /// At least one, built in or made here.
    pub grants: Grants,
    /// From [`crate::Identity::hash_new_password`].
    pub password: PasswordHash,
    /// True where somebody else chose the password.
    pub must_change_password: bool,
}

/// A token that was made: its secret is shown here once and never again.
#[derive(Debug)]
pub struct NewToken {
    /// Its row.
    pub id: i64,
    /// What the machine presents.
    pub secret: Zeroizing<String>,
}

/// What a token is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// Whose rights it narrows.
    pub user: UserId,
    /// What it is for, in words.
    pub label: String,
    /// What it may be used for.
    pub operations: BTreeSet<Operation>,
    /// To which domains it is confined; none where it goes as far as its owner.
    pub domains: BTreeSet<String>,
    /// When it ends, within 366 days.
    pub expires: Timestamp,
}

/// Reads a user name as people type it.
pub fn user_name(text: &str) -> Result<String, IdentityError> {
    let name = text.trim().to_ascii_lowercase();
    let allowed =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > 64 || !name.chars().all(allowed) {
        return Err(IdentityError::BadName(text.chars().take(64).collect()));
    }
    Ok(name)
}

/// Makes a user.
pub async fn create_user(tx: &Tx, user: &NewUser, now: Timestamp) -> Result<UserId, IdentityError> {
    let name = user_name(&user.name)?;
    known_grants(tx, user.plane, name == ADMIN, &user.grants).await?;
    match (user.plane, &user.tenant) {
        (Plane::Tenant, None) if name != ADMIN => return Err(IdentityError::TenantNeeded),
        (Plane::Om | Plane::Management, Some(_)) => return Err(IdentityError::NoTenantHere),
        (Plane::Tenant, Some(tenant)) if !crate::tenants::is_there(tx, tenant).await? => {
            return Err(IdentityError::NoSuchTenant(tenant.to_string()));
        }
        _ => {}
    }
    let (encoded, now) = (user.password.encode(), now.as_microsecond());
    let password = (encoded.as_str(), user.must_change_password);
    let id =
        sql::insert_user(tx, (user.plane, &name), user.tenant.as_ref(), &user.grants, password, now).await?;
    sql::bump_policy(tx).await?;
    Ok(id)
}

/// Makes the `admin` of a plane with a one-time password, if it has no user at all yet; None where there was one.
pub async fn create_admin(
    tx: &Tx,
    plane: Plane,
    password: &PasswordHash,
    now: Timestamp,
) -> Result<Option<UserId>, IdentityError> {
    if sql::any_user(tx, plane).await? {
        return Ok(None);
    }
    let admin = NewUser {
        plane,
        name: ADMIN.to_owned(),
        tenant: None,
        grants: [Role::Superuser.into()].into(),
        password: password.clone(),
        must_change_password: true,
    };
    Ok(Some(create_user(tx, &admin, now).await?))
}

/// Whether an account of the plane has this name.
pub async fn is_taken(tx: &Tx, plane: Plane, name: &str) -> Result<bool, IdentityError> {
    Ok(sql::user_by_name(tx, plane, name).await?.is_some())
}

/// Gives a user other roles; running sessions have them at their next request.
pub async fn set_grants(tx: &Tx, user: UserId, grants: &Grants) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, user).await?;
    let present = present.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?;
    let is_admin = present.name == ADMIN;
    known_grants(tx, present.plane, is_admin, grants).await?;
    if is_admin && !has_whole(grants, &Role::Superuser) {
        return Err(IdentityError::AdminStays);
    }
    sql::update_user(tx, user, "roles = $2", values![write_grants(grants)].to_vec()).await?;
    sql::bump_policy(tx).await
}

/// Switches an account on or off; off ends its sessions and stops its tokens, and on counts as a use, since it
/// may have been off for want of one.
pub async fn set_enabled(tx: &Tx, user: UserId, enabled: bool, now: Timestamp) -> Result<(), IdentityError> {
    if !enabled && is_admin(tx, user).await? {
        return Err(IdentityError::AdminStays);
    }
    sql::update_user(tx, user, "enabled = $2", values![enabled].to_vec()).await?;
    if enabled {
        let used = values![now.as_microsecond()].to_vec();
        sql::update_user(tx, user, "last_used = $2", used).await?;
    } else {
        end_sessions_of(tx, user, None).await?;
    }
    sql::bump_policy(tx).await
}

/// Sets what an administrator sets of an account; running sessions have it at their next request. Logins are
/// counted anew where their number is set.
pub async fn set_attributes(
    tx: &Tx,
    user: UserId,
    edit: AttributesEdit,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, user).await?;
    let present = present.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?;
    if present.name == ADMIN && edit.may_keep_out() {
        return Err(IdentityError::AdminComesIn);
    }
    let counts_anew = matches!(edit.allowed_logins, Some(Some(_)));
    let attributes = present.attributes.edited(edit, now)?;
    sql::update_user(tx, user, "attributes = $2", values![attributes.encode()].to_vec()).await?;
    if counts_anew {
        sql::update_user(tx, user, "logins = 0", Vec::new()).await?;
    }
    sql::bump_policy(tx).await
}

/// Lets an account follow the login policies of these names; what is None stays, an inner None is for none.
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub async fn set_login_policies(
    tx: &Tx,
    user: UserId,
    addresses: Option<Option<String>>,
    hours: Option<Option<String>>,
) -> Result<(), IdentityError> {
    if matches!(hours, Some(Some(_))) && is_admin(tx, user).await? {
        return Err(IdentityError::AdminComesIn);
    }
    for (wish, kind, set) in [
        (addresses, PolicyKind::Addresses, "address_policy = $2"),
        (hours, PolicyKind::Hours, "hours_policy = $2"),
    ] {
        let id = match wish {
            None => continue,
            Some(None) => None,
            Some(Some(name)) => Some(login_policies::id_of(tx, &name, kind).await?),
        };
        sql::update_user(tx, user, set, vec![id.into()]).await?;
    }
    sql::bump_policy(tx).await
}

/// Deletes an account with its tokens and sessions.
pub async fn delete_user(tx: &Tx, user: UserId) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, user).await?;
    let present = present.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?;
    if present.name == ADMIN {
        return Err(IdentityError::AdminStays);
    }
    crate::blocklists::forget_user(tx, present.plane, &present.name).await?;
    for table in
        ["identity_token", "identity_session", "identity_local", "identity_password", "identity_login"]
    {
        execute(tx, format!("DELETE FROM {table} WHERE user_id = $1"), values![user.0]).await?;
    }
    execute(tx, "DELETE FROM identity_user WHERE id = $1", values![user.0]).await?;
    sql::bump_policy(tx).await
}

/// Sessions that go on when a password is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// None.
    Nothing,
    /// The one in which it is set.
    One(i64),
    /// All: they can do nothing but change a password that must be changed.
    Everything,
}

/// Sets a password and ends the user's sessions but `keep`; the hash of the one before is remembered.
/// `must_change` where somebody else chose it; then the user's tokens are revoked as well, since the reset
/// says that the account was in other hands.
pub async fn set_password(
    tx: &Tx,
    user: UserId,
    password: &PasswordHash,
    must_change: bool,
    keep: Keep,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, user).await?;
    let present = present.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?;
    let micros = now.as_microsecond();
    sql::remember_password(tx, &present, history::MOST, micros).await?;
    let values = values![password.encode(), must_change, micros].to_vec();
    sql::update_user(tx, user, "password = $2, must_change = $3, password_set = $4", values).await?;
    match keep {
        Keep::Nothing => end_sessions_of(tx, user, None).await?,
        Keep::One(session) => end_sessions_of(tx, user, Some(session)).await?,
        Keep::Everything => {}
    }
    if must_change {
        let revoke = "UPDATE identity_token SET revoked = $2 WHERE user_id = $1 AND revoked IS NULL";
        execute(tx, revoke, values![user.0, micros]).await?;
    }
    sql::bump_policy(tx).await
}

/// Sets the password that [`crate::Identity::prepare_own_password`] has made ready.
///
/// # Errors
/// [`IdentityError::OldPassword`] where the password was changed meanwhile.
pub async fn set_own_password(tx: &Tx, own: &OwnPassword, now: Timestamp) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, own.user).await?;
    if present.is_none_or(|present| present.password != own.verified) {
        return Err(IdentityError::OldPassword);
    }
    set_password(tx, own.user, &own.hash, false, own.keep, now).await
}

/// Lets the local user `uid` be known as `user` in the user's plane, or no longer. Who is known as somebody else there
/// stays so: that is not the account that was asked about.
pub async fn map_local_uid(tx: &Tx, uid: u32, user: UserId, is_mapped: bool) -> Result<(), IdentityError> {
    let present = sql::user_by_id(tx, user).await?;
    let plane = present.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?.plane.as_str();
    let uid = i64::from(uid);
    let unmap = "DELETE FROM identity_local WHERE uid = $1 AND plane = $2 AND user_id = $3";
    execute(tx, unmap, values![uid, plane, user.0]).await?;
    let other = "SELECT user_id FROM identity_local WHERE uid = $1 AND plane = $2";
    if query_one(tx, other, values![uid, plane]).await?.is_some() {
        return Err(IdentityError::UidTaken(uid));
    }
    if is_mapped {
        let insert = "INSERT INTO identity_local (uid, plane, user_id) VALUES ($1, $2, $3)";
        execute(tx, insert, values![uid, plane, user.0]).await?;
    }
    sql::bump_policy(tx).await
}

/// Makes a token. `creator` is whoever asks: a token cannot make a wider one.
pub async fn create_token(
    tx: &Tx,
    creator: &Subject,
    wish: &TokenWish,
    now: Timestamp,
    random: &[u8; 32],
) -> Result<NewToken, IdentityError> {
    if wish.operations.is_empty() {
        return Err(IdentityError::NoOperation);
    }
    let longest = SignedDuration::from_hours(24 * LONGEST_TOKEN_DAYS);
    if wish.expires <= now || wish.expires.duration_since(now) > longest {
        return Err(IdentityError::TokenEnd(LONGEST_TOKEN_DAYS));
    }
    if let Subject::User(user) = creator
        && let Through::Token { limits, .. } = &user.through
        && (!wish.operations.is_subset(&limits.operations)
            || !is_within(&wish.domains, &limits.domains)
            || wish.expires > limits.expires)
    {
        return Err(IdentityError::WiderToken);
    }
    let Some(owner) = sql::user_by_id(tx, wish.user).await? else {
        return Err(IdentityError::NoSuchUser(wish.user.to_string()));
    };
    known_domains(tx, owner.plane, wish.domains.iter()).await?;
    let secret = secret::make(SecretKind::Token, random);
    let digest = secret::digest(SecretKind::Token, &secret).ok_or(IdentityError::Background)?;
    let label: String = wish.label.chars().take(128).collect();
    let row = query_one(
        tx,
        "INSERT INTO identity_token (digest, user_id, label, operations, created, ends, domains) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        values![
            digest.0.to_vec(),
            wish.user.0,
            label,
            sql::write_operations(&wish.operations),
            now.as_microsecond(),
            wish.expires.as_microsecond(),
            sql::write_names(&wish.domains)
        ],
    )
    .await?
    .ok_or(IdentityError::Background)?;
    sql::bump_policy(tx).await?;
    Ok(NewToken { id: row.try_get_by_index(0)?, secret })
}

/// Revokes a token; its next use is refused.
pub async fn revoke_token(tx: &Tx, id: i64, now: Timestamp) -> Result<(), IdentityError> {
    let sql = "UPDATE identity_token SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
    if execute(tx, sql, values![id, now.as_microsecond()]).await? != 1 {
        return Err(IdentityError::NoSuchToken(id));
    }
    sql::bump_policy(tx).await
}

/// Ends a session: logout, or a session that was expelled.
pub async fn end_session(tx: &Tx, id: i64) -> Result<(), IdentityError> {
    match execute(tx, "DELETE FROM identity_session WHERE id = $1", values![id]).await? {
        1 => Ok(()),
        _ => Err(IdentityError::NoSuchSession(id)),
    }
}

/// Ends every session but those of `admin`, for the single-user mode.
pub async fn end_sessions_but_admins(tx: &Tx) -> Result<(), IdentityError> {
    let sql =
        "DELETE FROM identity_session WHERE user_id NOT IN (SELECT id FROM identity_user WHERE name = $1)";
    execute(tx, sql, values![ADMIN]).await?;
    Ok(())
}

/// Whose token or session it is, for the decision whether it may be touched.
pub async fn owner_of_token<C: sea_orm::ConnectionTrait>(
    connection: &C,
    id: i64,
) -> Result<UserId, IdentityError> {
    let row = query_one(connection, "SELECT user_id FROM identity_token WHERE id = $1", values![id]).await?;
    Ok(UserId(row.ok_or(IdentityError::NoSuchToken(id))?.try_get_by_index(0)?))
}

/// Whose session it is.
pub async fn owner_of_session<C: sea_orm::ConnectionTrait>(
    connection: &C,
    id: i64,
) -> Result<UserId, IdentityError> {
    let row =
        query_one(connection, "SELECT user_id FROM identity_session WHERE id = $1", values![id]).await?;
    Ok(UserId(row.ok_or(IdentityError::NoSuchSession(id))?.try_get_by_index(0)?))
}

/// Refuses what was permitted for an account with these grants, where it has others by now.
pub async fn still_has(tx: &Tx, user: UserId, grants: &Grants) -> Result<(), IdentityError> {
    match sql::user_by_id(tx, user).await? {
        Some(row) if row.grants == *grants => Ok(()),
        Some(_) => Err(IdentityError::GrantsChanged),
        None => Err(IdentityError::NoSuchUser(user.to_string())),
    }
}

/// Ends the sessions of an account, but for the one that is kept.
pub async fn end_sessions_of(tx: &Tx, user: UserId, keep: Option<i64>) -> Result<(), IdentityError> {
    let sql = "DELETE FROM identity_session WHERE user_id = $1 AND id <> $2";
    execute(tx, sql, values![user.0, keep.unwrap_or(-1)]).await?;
    Ok(())
}

async fn is_admin(tx: &Tx, user: UserId) -> Result<bool, IdentityError> {
    let row = sql::user_by_id(tx, user).await?;
    Ok(row.ok_or_else(|| IdentityError::NoSuchUser(user.to_string()))?.name == ADMIN)
}

async fn known_grants(tx: &Tx, plane: Plane, is_admin: bool, grants: &Grants) -> Result<(), IdentityError> {
    let roles = sql::roles(tx, Separation::default()).await?.of(plane);
    if grants.is_empty() {
        return Err(IdentityError::NoRole);
    }
    for Grant { role, .. } in grants {
        if *role == Role::Superuser && !is_admin {
            return Err(IdentityError::AdminsRole);
        }
        if !roles.knows(role) {
            return Err(IdentityError::NoSuchRole(role.to_string()));
        }
    }
    known_domains(tx, plane, grants.iter().filter_map(|grant| grant.domain.as_ref())).await
}

async fn known_domains(
    tx: &Tx,
    plane: Plane,
    mut named: impl Iterator<Item = &String>,
) -> Result<(), IdentityError> {
    // Domains are parts of the network.
    let domains = if plane == Plane::Om { sql::domains(tx).await? } else { BTreeMap::new() };
    match named.find(|domain| !domains.contains_key(*domain)) {
        Some(unknown) => Err(IdentityError::NoSuchDomain(unknown.chars().take(64).collect())),
        None => Ok(()),
    }
}

/// True where what is confined to `inner` reaches no further than what is confined to `outer`.
fn is_within(inner: &BTreeSet<String>, outer: &BTreeSet<String>) -> bool {
    outer.is_empty() || (!inner.is_empty() && inner.is_subset(outer))
}

//! Statements on accounts, tokens, sessions and failures; the tables are in [`crate::schema`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::{Plane, UserId};
use netwarden_store::{Tx, execute, query_all, query_one, values};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::admission::{Addresses, Attributes, Hours, Standing};
use crate::blocklist::Comer;
use crate::condition::RoleCondition;
use crate::domain::Domain;
use crate::error::IdentityError;
use crate::grant::{Grants, read_grants, write_grants};
use crate::lockout::Tally;
use crate::login_policies::PolicyKind;
use crate::operation::Operation;
use crate::role::{Places, RolesByPlane, Separation};
use crate::secret::SecretDigest;
use crate::tenant::TenantPath;

/// An account's row.
#[derive(Debug, Clone)]
pub(crate) struct UserRow {
    pub(crate) id: UserId,
    pub(crate) plane: Plane,
    pub(crate) name: String,
    pub(crate) grants: Grants,
    pub(crate) password: String,
    pub(crate) enabled: bool,
    pub(crate) must_change: bool,
    /// When the password was set, in microseconds.
    pub(crate) password_set: i64,
    pub(crate) attributes: Attributes,
    pub(crate) addresses: Option<Addresses>,
    pub(crate) hours: Option<Hours>,
    /// When the account was last used, or made, in microseconds.
    pub(crate) last_used: i64,
    /// Logins since they were limited.
    pub(crate) logins: i64,
    /// The last login whose notice was acknowledged.
    pub(crate) acknowledged: i64,
    pub(crate) tenant: Option<TenantPath>,
    /// False while none of the tenant's users may come in.
    pub(crate) tenant_enabled: bool,
}

impl UserRow {
    /// As far as its admission depends on it.
    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing {
            name: &self.name,
            enabled: self.enabled,
            tenant_enabled: self.tenant_enabled,
            attributes: &self.attributes,
            addresses: self.addresses.as_ref(),
            hours: self.hours.as_ref(),
            last_used: Timestamp::from_microsecond(self.last_used).unwrap_or(Timestamp::MIN),
        }
    }

    /// As the blocklist knows it, used from there.
    pub(crate) fn listable(&self, address: Option<IpAddr>) -> Comer<'_> {
        Comer { plane: self.plane, name: Some(&self.name), tenant: self.tenant.as_ref(), address }
    }
}

/// The columns that [`read_user`] reads, of [`USERS`].
const USER: &str = "u.id, u.name, u.roles, u.password, u.enabled, u.must_change, u.password_set, u.attributes, \
                    u.last_used, u.logins, u.acknowledged, a.body AS addresses, h.body AS hours, u.plane, te.path, te.enabled AS tenant_enabled";
/// Columns of [`USER`].
const USER_COLUMNS: usize = 16;
const USERS: &str = "identity_user u LEFT JOIN identity_login_policy a ON a.id = u.address_policy \
                     LEFT JOIN identity_login_policy h ON h.id = u.hours_policy \
                     LEFT JOIN identity_tenant te ON te.id = u.tenant";

pub(crate) fn read_user(row: &QueryResult) -> Result<UserRow, IdentityError> {
    let (roles, attributes): (String, String) = (row.try_get_by_index(2)?, row.try_get_by_index(7)?);
    let (addresses, hours): (Option<String>, Option<String>) =
        (row.try_get_by_index(11)?, row.try_get_by_index(12)?);
    let (plane, tenant): (String, Option<String>) = (row.try_get_by_index(13)?, row.try_get_by_index(14)?);
    let tenant_enabled: Option<bool> = row.try_get_by_index(15)?;
    Ok(UserRow {
        tenant: tenant.as_deref().map(read_tenant).transpose()?,
        tenant_enabled: tenant_enabled.unwrap_or(true),
        id: UserId(row.try_get_by_index(0)?),
        plane: read_plane(&plane)?,
        name: row.try_get_by_index(1)?,
        grants: read_grants(&roles),
        password: row.try_get_by_index(3)?,
        enabled: row.try_get_by_index(4)?,
        must_change: row.try_get_by_index(5)?,
        password_set: row.try_get_by_index(6)?,
        attributes: Attributes::decode(&attributes)?,
        last_used: row.try_get_by_index(8)?,
        logins: row.try_get_by_index(9)?,
        acknowledged: row.try_get_by_index(10)?,
        // What cannot be read (a zone that is no more) lets nobody in, and is as any other policy else.
        addresses: addresses.map(|lines| Addresses::parse(&lines).unwrap_or_else(|_| Addresses::nowhere())),
        hours: hours.map(|lines| Hours::parse(&lines).unwrap_or_else(|_| Hours::never())),
    })
}

/// The store's form of a plane.
pub(crate) fn read_plane(word: &str) -> Result<Plane, IdentityError> {
    word.parse().map_err(|_| netwarden_store::StoreError::Unreadable("the plane of an account".into()).into())
}

/// The store's form of a tenant's place.
pub(crate) fn read_tenant(path: &str) -> Result<TenantPath, IdentityError> {
    let unreadable = || netwarden_store::StoreError::Unreadable("the place of a tenant".into());
    Ok(TenantPath::read(path).ok_or_else(unreadable)?)
}

/// What is unique of an account: its name in its plane.
pub(crate) fn login_of(plane: Plane, name: &str) -> String {
    format!("{plane}/{name}")
}

pub(crate) async fn user_by_name<C: ConnectionTrait>(
    connection: &C,
    plane: Plane,
    name: &str,
) -> Result<Option<UserRow>, IdentityError> {
    let sql = format!("SELECT {USER} FROM {USERS} WHERE u.login = $1");
    query_one(connection, sql, values![login_of(plane, name)]).await?.as_ref().map(read_user).transpose()
}

pub(crate) async fn user_by_id<C: ConnectionTrait>(
    connection: &C,
    id: UserId,
) -> Result<Option<UserRow>, IdentityError> {
    let sql = format!("SELECT {USER} FROM {USERS} WHERE u.id = $1");
    query_one(connection, sql, values![id.0]).await?.as_ref().map(read_user).transpose()
}

pub(crate) async fn user_by_uid<C: ConnectionTrait>(
    connection: &C,
    plane: Plane,
    uid: u32,
) -> Result<Option<UserRow>, IdentityError> {
    let sql = format!(
        "SELECT {USER} FROM {USERS} JOIN identity_local l ON l.user_id = u.id WHERE l.uid = $1 AND l.plane = $2"
    );
    query_one(connection, sql, values![i64::from(uid), plane.as_str()])
        .await?
        .as_ref()
        .map(read_user)
        .transpose()
}

/// The roles of every plane. Operations of another release are left out: a role is never good for more than it
/// says.
pub(crate) async fn roles<C: ConnectionTrait>(
    connection: &C,
    separation: Separation,
) -> Result<RolesByPlane, IdentityError> {
    let rows =
        query_all(connection, "SELECT plane, name, operations, holds_when FROM identity_role", []).await?;
    let read = |row: &QueryResult| -> Result<_, IdentityError> {
        let (plane, operations): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
        let condition: String = row.try_get_by_index(3)?;
        let condition = RoleCondition::stored(&condition);
        Ok((read_plane(&plane)?, row.try_get_by_index(1)?, read_operations(&operations), condition))
    };
    let made: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
    Ok(RolesByPlane::new(separation, made, places(connection).await?))
}

/// The login policies of addresses, as places. What cannot be read contains nothing.
async fn places<C: ConnectionTrait>(connection: &C) -> Result<Places, IdentityError> {
    let sql = "SELECT name, body FROM identity_login_policy WHERE kind = $1 ORDER BY name";
    let rows = query_all(connection, sql, values![PolicyKind::Addresses.as_str()]).await?;
    let read = |row: &QueryResult| -> Result<_, IdentityError> {
        let lines: String = row.try_get_by_index(1)?;
        let addresses = Addresses::parse(&lines).unwrap_or_else(|_| Addresses::nowhere());
        Ok((row.try_get_by_index(0)?, addresses))
    };
    rows.iter().map(read).collect()
}

/// The domains, by name.
pub(crate) async fn domains<C: ConnectionTrait>(
    connection: &C,
) -> Result<BTreeMap<String, Domain>, IdentityError> {
    let rows = query_all(connection, "SELECT name, definition FROM identity_domain", []).await?;
    let read = |row: &QueryResult| -> Result<_, IdentityError> {
        let definition: String = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, read_domain(&definition)?))
    };
    rows.iter().map(read).collect()
}

/// The store's form of a domain.
pub(crate) fn read_domain(text: &str) -> Result<Domain, IdentityError> {
    serde_json::from_str(text)
        .map_err(|_| netwarden_store::StoreError::Unreadable("the definition of a domain".into()).into())
}

/// Every session: its row, what is set of its account, its last use and its end.
pub(crate) async fn sessions<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<(i64, Attributes, i64, i64)>, IdentityError> {
    let sql = "SELECT s.id, u.attributes, s.last_used, s.ends FROM identity_session s \
               JOIN identity_user u ON u.id = s.user_id";
    let read = |row: &QueryResult| -> Result<_, IdentityError> {
        let attributes: String = row.try_get_by_index(1)?;
        let attributes = Attributes::decode(&attributes)?;
        Ok((row.try_get_by_index(0)?, attributes, row.try_get_by_index(2)?, row.try_get_by_index(3)?))
    };
    query_all(connection, sql, []).await?.iter().map(read).collect()
}

/// Accounts that are switched on.
pub(crate) async fn users_enabled<C: ConnectionTrait>(connection: &C) -> Result<Vec<UserRow>, IdentityError> {
    let sql = format!("SELECT {USER} FROM {USERS} WHERE u.enabled = $1 ORDER BY u.id");
    query_all(connection, sql, values![true]).await?.iter().map(read_user).collect()
}

/// Every account's hash, for what they have in common.
pub(crate) async fn passwords<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>, IdentityError> {
    let rows = query_all(connection, "SELECT password FROM identity_user ORDER BY id", []).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// True where the plane has a user.
pub(crate) async fn any_user<C: ConnectionTrait>(
    connection: &C,
    plane: Plane,
) -> Result<bool, IdentityError> {
    let sql = "SELECT id FROM identity_user WHERE plane = $1 LIMIT 1";
    Ok(query_one(connection, sql, values![plane.as_str()]).await?.is_some())
}

pub(crate) async fn insert_user(
    tx: &Tx,
    (plane, name): (Plane, &str),
    tenant: Option<&TenantPath>,
    grants: &Grants,
    (password, must_change): (&str, bool),
    now: i64,
) -> Result<UserId, IdentityError> {
    let sql = "INSERT INTO identity_user \
               (name, roles, password, enabled, must_change, created, failures_since, password_set, last_used, \
               plane, login, tenant) VALUES ($1, $2, $3, $4, $5, $6, 0, $6, $6, $7, $8, $9) RETURNING id";
    let (roles, word, login) = (write_grants(grants), plane.as_str(), login_of(plane, name));
    let tenant = tenant.map(|tenant| tenant.id().0);
    let values = values![name, roles, password, true, must_change, now, word, login, tenant];
    let row = query_one(tx, sql, values).await;
    match row {
        Ok(Some(row)) => Ok(UserId(row.try_get_by_index(0)?)),
        Ok(None) => Err(IdentityError::NoSuchUser(name.to_owned())),
        Err(error) if error.is_duplicate() => Err(IdentityError::NameTaken(name.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Changes one account; `set` has its placeholders from `$2` on.
pub(crate) async fn update_user(
    tx: &Tx,
    id: UserId,
    set: &'static str,
    values: Vec<Value>,
) -> Result<(), IdentityError> {
    let sql = format!("UPDATE identity_user SET {set} WHERE id = $1");
    let values = std::iter::once(Value::from(id.0)).chain(values);
    match execute(tx, sql, values).await? {
        1 => Ok(()),
        _ => Err(IdentityError::NoSuchUser(id.to_string())),
    }
}

pub(crate) async fn policy_version<C: ConnectionTrait>(connection: &C) -> Result<i64, IdentityError> {
    let row = query_one(connection, "SELECT version FROM identity_policy WHERE id = 1", []).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

pub(crate) async fn bump_policy(tx: &Tx) -> Result<(), IdentityError> {
    execute(tx, "UPDATE identity_policy SET version = version + 1 WHERE id = 1", []).await?;
    Ok(())
}

/// A session's row with its user.
#[derive(Debug, Clone)]
pub(crate) struct SessionRow {
    pub(crate) id: i64,
    pub(crate) created: i64,
    pub(crate) last_used: i64,
    pub(crate) ends: i64,
    /// The login that opened it.
    pub(crate) login: i64,
    /// When a second factor was proven in it, in microseconds.
    pub(crate) proven: Option<i64>,
    /// The account has a second factor that opens something.
    pub(crate) has_factor: bool,
    pub(crate) user: UserRow,
}

pub(crate) async fn session<C: ConnectionTrait>(
    connection: &C,
    digest: SecretDigest,
) -> Result<Option<SessionRow>, IdentityError> {
    let sql = format!(
        "SELECT {USER}, s.id, s.last_used, s.ends, s.login, s.proven_at, \
         EXISTS (SELECT 1 FROM identity_factor f WHERE f.user_id = u.id AND f.confirmed) AS has_factor, s.created FROM {USERS} \
         JOIN identity_session s ON s.user_id = u.id WHERE s.digest = $1"
    );
    let Some(row) = query_one(connection, sql, values![digest.0.to_vec()]).await? else { return Ok(None) };
    Ok(Some(SessionRow {
        user: read_user(&row)?,
        id: row.try_get_by_index(USER_COLUMNS)?,
        last_used: row.try_get_by_index(USER_COLUMNS + 1)?,
        ends: row.try_get_by_index(USER_COLUMNS + 2)?,
        login: row.try_get_by_index(USER_COLUMNS + 3)?,
        proven: row.try_get_by_index(USER_COLUMNS + 4)?,
        has_factor: row.try_get_by_index(USER_COLUMNS + 5)?,
        created: row.try_get_by_index(USER_COLUMNS + 6)?,
    }))
}

pub(crate) async fn insert_session(
    tx: &Tx,
    digest: SecretDigest,
    user: UserId,
    (address, device): (&str, &str),
    (now, ends): (i64, i64),
    login: i64,
) -> Result<i64, IdentityError> {
    let sql = "INSERT INTO identity_session (digest, user_id, address, created, last_used, ends, login, device) \
               VALUES ($1, $2, $3, $4, $4, $5, $6, $7) RETURNING id";
    let row =
        query_one(tx, sql, values![digest.0.to_vec(), user.0, address, now, ends, login, device]).await?;
    Ok(row.map_or(Ok(0), |row| row.try_get_by_index(0))?)
}

/// Sessions of a user that hold: not ended, and used since `used_since`.
pub(crate) async fn sessions_of(
    tx: &Tx,
    user: UserId,
    now: i64,
    used_since: i64,
) -> Result<u32, IdentityError> {
    let sql = "SELECT COUNT(*) FROM identity_session WHERE user_id = $1 AND ends > $2 AND last_used > $3";
    let row = query_one(tx, sql, values![user.0, now, used_since]).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Logins of one user that are remembered, and as many refused ones.
const MOST_LOGINS: i64 = 500;

/// Remembers a login, or with a word for the reason one that was refused; its row.
pub(crate) async fn remember_login(
    tx: &Tx,
    user: UserId,
    at: i64,
    (address, device): (&str, &str),
    refused: &str,
) -> Result<i64, IdentityError> {
    let insert = "INSERT INTO identity_login (user_id, at, address, refused, device) \
                  VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let row = query_one(tx, insert, values![user.0, at, address, refused, device]).await?;
    let id: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    // Refused ones do not push out those that were let in.
    let same = if refused.is_empty() { "refused = ''" } else { "refused <> ''" };
    let forget = format!(
        "DELETE FROM identity_login WHERE user_id = $1 AND {same} AND id <= (SELECT id FROM identity_login \
         WHERE user_id = $1 AND {same} ORDER BY id DESC LIMIT 1 OFFSET $2)"
    );
    execute(tx, forget, values![user.0, MOST_LOGINS]).await?;
    Ok(id)
}

/// Somebody has proven all that is asked of them, from there: as addresses are counted.
pub(crate) async fn remember_address(tx: &Tx, address: IpAddr, now: Timestamp) -> Result<(), IdentityError> {
    let sql = "INSERT INTO identity_known_address (address, at) VALUES ($1, $2) \
               ON CONFLICT (address) DO UPDATE SET at = excluded.at";
    execute(tx, sql, values![address.to_string(), now.as_microsecond()]).await?;
    Ok(())
}

/// Whether somebody has, since then.
pub(crate) async fn is_known_address<C: ConnectionTrait>(
    connection: &C,
    address: IpAddr,
    since: Timestamp,
) -> Result<bool, IdentityError> {
    let sql = "SELECT 1 FROM identity_known_address WHERE address = $1 AND at > $2";
    Ok(query_one(connection, sql, values![address.to_string(), since.as_microsecond()]).await?.is_some())
}

/// Forgets from where nobody has come since then.
pub(crate) async fn forget_addresses(tx: &Tx, since: Timestamp) -> Result<(), IdentityError> {
    execute(tx, "DELETE FROM identity_known_address WHERE at <= $1", values![since.as_microsecond()]).await?;
    Ok(())
}

/// The latest login of a user before the row `before`, let in or refused: when, and from where.
pub(crate) async fn login_before<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    was_refused: bool,
    before: i64,
) -> Result<Option<(i64, String)>, IdentityError> {
    let same = if was_refused { "refused <> ''" } else { "refused = ''" };
    let sql = format!(
        "SELECT at, address FROM identity_login WHERE user_id = $1 AND {same} AND id < $2 \
         ORDER BY id DESC LIMIT 1"
    );
    let Some(row) = query_one(connection, sql, values![user.0, before]).await? else { return Ok(None) };
    Ok(Some((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
}

/// A token's row with its user.
#[derive(Debug, Clone)]
pub(crate) struct TokenRow {
    pub(crate) id: i64,
    pub(crate) operations: BTreeSet<Operation>,
    pub(crate) domains: BTreeSet<String>,
    pub(crate) ends: i64,
    pub(crate) revoked: Option<i64>,
    /// When it was last used, in microseconds.
    pub(crate) last_used: Option<i64>,
    pub(crate) user: UserRow,
}

pub(crate) async fn token<C: ConnectionTrait>(
    connection: &C,
    digest: SecretDigest,
) -> Result<Option<TokenRow>, IdentityError> {
    let sql = format!(
        "SELECT {USER}, t.id, t.operations, t.ends, t.revoked, t.last_used, t.domains FROM {USERS} \
         JOIN identity_token t ON t.user_id = u.id WHERE t.digest = $1"
    );
    let Some(row) = query_one(connection, sql, values![digest.0.to_vec()]).await? else { return Ok(None) };
    let (operations, domains): (String, String) =
        (row.try_get_by_index(USER_COLUMNS + 1)?, row.try_get_by_index(USER_COLUMNS + 5)?);
    Ok(Some(TokenRow {
        user: read_user(&row)?,
        id: row.try_get_by_index(USER_COLUMNS)?,
        operations: read_operations(&operations),
        domains: read_names(&domains),
        ends: row.try_get_by_index(USER_COLUMNS + 2)?,
        revoked: row.try_get_by_index(USER_COLUMNS + 3)?,
        last_used: row.try_get_by_index(USER_COLUMNS + 4)?,
    }))
}

/// Operations of a later or earlier release are left out: a token is never good for more than it says.
pub(crate) fn read_operations(text: &str) -> BTreeSet<Operation> {
    text.split_ascii_whitespace().filter_map(|name| name.parse().ok()).collect()
}

pub(crate) fn read_names(text: &str) -> BTreeSet<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

pub(crate) fn write_names(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

pub(crate) fn write_operations(operations: &BTreeSet<Operation>) -> String {
    operations.iter().map(|operation| operation.name()).collect::<Vec<_>>().join(" ")
}

pub(crate) async fn tallies<C: ConnectionTrait>(
    connection: &C,
    counted: &[String],
) -> Result<Vec<(String, Tally)>, IdentityError> {
    if counted.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (1..=counted.len()).map(|n| format!("${n}")).collect();
    let sql = format!("SELECT counted, tally FROM identity_tally WHERE counted IN ({})", marks.join(", "));
    query_all(connection, sql, counted.iter().cloned().map(Value::from))
        .await?
        .iter()
        .map(|row| {
            let tally: String = row.try_get_by_index(1)?;
            let tally = serde_json::from_str(&tally).map_err(|error| {
                netwarden_store::StoreError::Unreadable(format!("a count of failures: {error}"))
            })?;
            Ok((row.try_get_by_index(0)?, tally))
        })
        .collect()
}

/// Keeps a count; `until` then it means something, in microseconds.
pub(crate) async fn put_tally(
    tx: &Tx,
    counted: &str,
    tally: &Tally,
    until: i64,
) -> Result<(), IdentityError> {
    if *tally == Tally::default() {
        execute(tx, "DELETE FROM identity_tally WHERE counted = $1", values![counted]).await?;
        return Ok(());
    }
    let text = serde_json::json!(tally).to_string();
    execute(
        tx,
        "INSERT INTO identity_tally (counted, tally, touched) VALUES ($1, $2, $3) \
         ON CONFLICT (counted) DO UPDATE SET tally = excluded.tally, touched = excluded.touched",
        values![counted, text, until],
    )
    .await?;
    Ok(())
}

/// A password that was replaced.
pub(crate) struct EarlierRow {
    pub(crate) password: String,
    pub(crate) replaced: i64,
}

/// The latest passwords of a user that were replaced, the latest first.
pub(crate) async fn earlier_passwords<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    most: usize,
) -> Result<Vec<EarlierRow>, IdentityError> {
    let sql =
        "SELECT password, replaced_at FROM identity_password WHERE user_id = $1 ORDER BY id DESC LIMIT $2";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = query_all(connection, sql, values![user.0, most]).await?;
    rows.iter()
        .map(|row| Ok(EarlierRow { password: row.try_get_by_index(0)?, replaced: row.try_get_by_index(1)? }))
        .collect()
}

/// Remembers the hash of the password that is about to be replaced, and forgets those beyond `most`.
pub(crate) async fn remember_password(
    tx: &Tx,
    user: &UserRow,
    most: usize,
    now: i64,
) -> Result<(), IdentityError> {
    let insert =
        "INSERT INTO identity_password (user_id, password, set_at, replaced_at) VALUES ($1, $2, $3, $4)";
    execute(tx, insert, values![user.id.0, user.password.clone(), user.password_set, now]).await?;
    let forget = "DELETE FROM identity_password WHERE user_id = $1 AND id NOT IN \
                  (SELECT id FROM identity_password WHERE user_id = $1 ORDER BY id DESC LIMIT $2)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    execute(tx, forget, values![user.id.0, most]).await?;
    Ok(())
}

/// A setting with who changed it last, and when.
#[derive(Debug, Clone)]
pub(crate) struct SettingRow {
    pub(crate) value: String,
    pub(crate) changed_at: i64,
    pub(crate) changed_by: String,
}

pub(crate) async fn setting<C: ConnectionTrait>(
    connection: &C,
    name: &str,
) -> Result<Option<SettingRow>, IdentityError> {
    let sql = "SELECT value, changed_at, changed_by FROM identity_setting WHERE name = $1";
    let Some(row) = query_one(connection, sql, values![name]).await? else { return Ok(None) };
    Ok(Some(SettingRow {
        value: row.try_get_by_index(0)?,
        changed_at: row.try_get_by_index(1)?,
        changed_by: row.try_get_by_index(2)?,
    }))
}

pub(crate) async fn put_setting(
    tx: &Tx,
    name: &'static str,
    value: &str,
    by: &str,
    now: i64,
) -> Result<(), IdentityError> {
    let sql = "INSERT INTO identity_setting (name, value, changed_at, changed_by) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, \
               changed_by = excluded.changed_by";
    execute(tx, sql, values![name, value, now, by]).await?;
    Ok(())
}

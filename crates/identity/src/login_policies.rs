//! Login policies: from where, or when, accounts may be used. Named, so that many accounts follow one.

use jiff::Timestamp;
use netwarden_store::{Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, query_one, values};
use serde::Serialize;

use crate::admission::{Addresses, Hours};
use crate::error::IdentityError;
use crate::service::Identity;
use crate::sql;

/// What a login policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// From where: see [`Addresses::parse`].
    Addresses,
    /// When: see [`Hours::parse`].
    Hours,
}

impl PolicyKind {
    /// Both.
    pub const ALL: [PolicyKind; 2] = [PolicyKind::Addresses, PolicyKind::Hours];

    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            PolicyKind::Addresses => "addresses",
            PolicyKind::Hours => "hours",
        }
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Refuses lines that a policy of this kind cannot have.
    pub fn check(self, lines: &str) -> Result<(), IdentityError> {
        match self {
            PolicyKind::Addresses => Addresses::parse(lines).map(drop)?,
            PolicyKind::Hours => Hours::parse(lines).map(drop)?,
        }
        Ok(())
    }
}

/// A login policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginPolicy {
    /// Its row.
    pub id: i64,
    /// Its name, 1 to 64 characters.
    pub name: String,
    /// What it is about.
    pub kind: PolicyKind,
    /// What it says, as it was written.
    pub lines: String,
    /// Accounts that follow it.
    pub users: i64,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// The list of login policies; columns `id`, `name`, `kind`, `changed`.
pub static LOGIN_POLICIES: ListTable = ListTable {
    from: "identity_login_policy",
    id: Column::new("id", "id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("name", "name", ColumnKind::Text).sorts(),
        Column::new("kind", "kind", ColumnKind::Text).sorts(),
        Column::new("changed", "changed_at", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

fn policy_name(name: &str) -> Result<&str, IdentityError> {
    let name = name.trim();
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(IdentityError::BadPolicyName) }
}

fn kind_of(word: &str) -> Result<PolicyKind, IdentityError> {
    PolicyKind::of_word(word)
        .ok_or_else(|| netwarden_store::StoreError::Unreadable("the kind of a login policy".into()).into())
}

/// The row of the policy of this name, which must be of this kind.
pub(crate) async fn id_of(tx: &Tx, name: &str, wanted: PolicyKind) -> Result<i64, IdentityError> {
    let sql = "SELECT id, kind FROM identity_login_policy WHERE name = $1";
    let none = || IdentityError::NoSuchPolicy(name.chars().take(64).collect());
    let row = query_one(tx, sql, values![name.trim()]).await?.ok_or_else(none)?;
    let kind: String = row.try_get_by_index(1)?;
    let found = kind_of(&kind)?;
    if found != wanted {
        let (found, wanted) = (found.as_str(), wanted.as_str());
        return Err(IdentityError::PolicyKind { name: name.to_owned(), found, wanted });
    }
    Ok(row.try_get_by_index(0)?)
}

/// Makes a policy.
pub async fn create(
    tx: &Tx,
    name: &str,
    kind: PolicyKind,
    lines: &str,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let name = policy_name(name)?;
    kind.check(lines)?;
    let sql = "INSERT INTO identity_login_policy (name, kind, body, changed_at, changed_by) \
               VALUES ($1, $2, $3, $4, $5)";
    match execute(tx, sql, values![name, kind.as_str(), lines, now.as_microsecond(), by]).await {
        // Conditions of roles may ask for a place of this name.
        Ok(_) => sql::bump_policy(tx).await,
        Err(error) if error.is_duplicate() => Err(IdentityError::PolicyNameTaken(name.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Gives a policy other lines; accounts follow them from their next request on.
pub async fn change(
    tx: &Tx,
    policy: &LoginPolicy,
    lines: &str,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    policy.kind.check(lines)?;
    let sql = "UPDATE identity_login_policy SET body = $2, changed_at = $3, changed_by = $4 WHERE id = $1";
    match execute(tx, sql, values![policy.id, lines, now.as_microsecond(), by]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchPolicy(policy.name.clone())),
    }
}

/// Deletes a policy that no account follows.
pub async fn delete(tx: &Tx, policy: &LoginPolicy) -> Result<(), IdentityError> {
    let sql = "SELECT COUNT(*) FROM identity_user WHERE address_policy = $1 OR hours_policy = $1";
    let users: i64 = match query_one(tx, sql, values![policy.id]).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    if users > 0 {
        return Err(IdentityError::PolicyInUse(u64::try_from(users).unwrap_or(u64::MAX)));
    }
    match execute(tx, "DELETE FROM identity_login_policy WHERE id = $1", values![policy.id]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchPolicy(policy.name.clone())),
    }
}

impl Identity {
    /// The login policies that `query` over [`LOGIN_POLICIES`] asks for.
    pub async fn list_login_policies(&self, query: &ListQuery) -> Result<Listed<LoginPolicy>, IdentityError> {
        let select = "id, name, kind, body, changed_at, changed_by, \
                      (SELECT COUNT(*) FROM identity_user u WHERE u.address_policy = identity_login_policy.id \
                       OR u.hours_policy = identity_login_policy.id) AS users";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let kind: String = row.try_get("", "kind")?;
            Ok(LoginPolicy {
                id: row.try_get("", "id")?,
                name: row.try_get("", "name")?,
                kind: kind_of(&kind)?,
                lines: row.try_get("", "body")?,
                users: row.try_get("", "users")?,
                changed: netwarden_store::from_micros(row.try_get("", "changed_at")?)?,
                changed_by: row.try_get("", "changed_by")?,
            })
        })
    }
}

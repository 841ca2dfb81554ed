//! Accounts, tokens, sessions and logins as lists show them: never a secret. Which rows somebody sees is decided
//! outside, by the conditions of the query.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_model::{Plane, UserId};
use netwarden_store::{Column, ColumnKind, ListQuery, ListTable, Listed, from_micros};

use crate::admission::Attributes;
use crate::decide::Object;
use crate::error::IdentityError;
use crate::grant::{Grants, read_grants};
use crate::operation::{ObjectKind, Operation};
use crate::service::Identity;
use crate::sql;
use crate::tenant::TenantOf;

/// An account as lists show it: never its password.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// Its id.
    pub id: UserId,
    /// The user space to which it belongs.
    pub plane: Plane,
    /// Its name.
    pub name: String,
    /// The tenant to which it belongs; None outside their plane, and of the plane's `admin`.
    pub tenant: Option<TenantOf>,
    /// Where its password is known: `local` for here.
    pub kind: String,
    /// What the user is, and where.
    pub grants: Grants,
    /// False for an account that was switched off.
    pub enabled: bool,
    /// The password was set by somebody else and not changed yet.
    pub must_change_password: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Last login.
    pub last_success: Option<Timestamp>,
    /// Its last use, to ten minutes: login, token or local socket.
    pub last_used: Timestamp,
    /// What is set of it.
    pub attributes: Attributes,
    /// The policy that says from where it may be used.
    pub address_policy: Option<String>,
    /// The policy that says when it may be used.
    pub hours_policy: Option<String>,
    /// Logins since they were limited.
    pub logins: i64,
}

impl Account {
    /// As what decisions are asked about: the account, or what of this kind belongs to it.
    pub fn object(&self, kind: ObjectKind) -> Object {
        let tenant = self.tenant.as_ref().map(|tenant| tenant.path.clone());
        Object::account(kind, self.id, self.plane, self.grants.clone()).of_tenant(tenant)
    }
}

/// A token as lists show it: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Token {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub user: UserId,
    /// What it is for.
    pub label: String,
    /// What it may be used for.
    pub operations: BTreeSet<Operation>,
    /// The domains to which it is confined; none where it goes as far as its owner.
    pub domains: BTreeSet<String>,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to ten minutes.
    pub last_used: Option<Timestamp>,
}

/// The list of accounts; columns `id`, `plane`, `name`, `roles`, `enabled`, `created`, `last_success`, `last_used`,
/// `address_policy`, `hours_policy`, `tenant_id`, `tenant`, `tenant_path`.
pub static ACCOUNTS: ListTable = ListTable {
    from: "identity_user u LEFT JOIN identity_login_policy a ON a.id = u.address_policy \
           LEFT JOIN identity_login_policy h ON h.id = u.hours_policy \
           LEFT JOIN identity_tenant te ON te.id = u.tenant",
    id: Column::new("id", "u.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "u.id", ColumnKind::Integer).sorts(),
        Column::new("plane", "u.plane", ColumnKind::Text),
        Column::new("name", "u.name", ColumnKind::Text).sorts(),
        Column::new("roles", "u.roles", ColumnKind::Text),
        Column::new("enabled", "u.enabled", ColumnKind::Bool),
        Column::new("created", "u.created", ColumnKind::Integer).sorts(),
        Column::new("last_success", "u.last_success", ColumnKind::Integer).nullable().sorts(),
        Column::new("last_used", "u.last_used", ColumnKind::Integer).sorts(),
        Column::new("address_policy", "a.name", ColumnKind::Text).nullable().sorts(),
        Column::new("hours_policy", "h.name", ColumnKind::Text).nullable().sorts(),
        Column::new("tenant_id", "u.tenant", ColumnKind::Integer).nullable(),
        Column::new("tenant", "te.name", ColumnKind::Text).nullable().sorts(),
        Column::new("tenant_path", "te.path", ColumnKind::Text).nullable(),
    ],
    scope: None,
};

/// The list of tokens; columns `id`, `plane`, `user`, `label`, `expires`.
pub static TOKENS: ListTable = ListTable {
    from: "identity_token t JOIN identity_user u ON u.id = t.user_id \
           LEFT JOIN identity_tenant te ON te.id = u.tenant",
    id: Column::new("id", "t.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "t.id", ColumnKind::Integer).sorts(),
        Column::new("plane", "u.plane", ColumnKind::Text),
        Column::new("tenant_id", "u.tenant", ColumnKind::Integer).nullable(),
        Column::new("tenant_path", "te.path", ColumnKind::Text).nullable(),
        Column::new("user", "t.user_id", ColumnKind::Integer).sorts(),
        Column::new("label", "t.label", ColumnKind::Text).sorts(),
        Column::new("expires", "t.ends", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

/// A session as lists show it: never its secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListedSession {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub user: String,
    /// From where it was opened; empty on the local socket.
    pub address: String,
    /// When it was opened.
    pub created: Timestamp,
    /// Its last request, to half a minute.
    pub last_used: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
}

/// The list of sessions; columns `id`, `plane`, `user`, `address`, `created`, `last_used`, `ends`.
pub static SESSIONS: ListTable = ListTable {
    from: "identity_session s JOIN identity_user u ON u.id = s.user_id \
           LEFT JOIN identity_tenant te ON te.id = u.tenant",
    id: Column::new("id", "s.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "s.id", ColumnKind::Integer).sorts(),
        Column::new("plane", "u.plane", ColumnKind::Text),
        Column::new("tenant_id", "u.tenant", ColumnKind::Integer).nullable(),
        Column::new("tenant_path", "te.path", ColumnKind::Text).nullable(),
        Column::new("user", "u.name", ColumnKind::Text).sorts(),
        Column::new("address", "s.address", ColumnKind::Text).sorts(),
        Column::new("created", "s.created", ColumnKind::Integer).sorts(),
        Column::new("last_used", "s.last_used", ColumnKind::Integer).sorts(),
        Column::new("ends", "s.ends", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

/// A login, or one that was refused, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListedLogin {
    /// Its row.
    pub id: i64,
    /// Whose.
    pub user: String,
    /// When.
    pub at: Timestamp,
    /// From where; empty on the local socket.
    pub address: String,
    /// Why it was refused, as a word; None where it was let in.
    pub refused: Option<String>,
}

/// The list of logins; columns `id`, `plane`, `user_id`, `user`, `at`, `address`, `refused`, `was_refused`.
pub static LOGINS: ListTable = ListTable {
    from: "identity_login l JOIN identity_user u ON u.id = l.user_id \
           LEFT JOIN identity_tenant te ON te.id = u.tenant",
    id: Column::new("id", "l.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "l.id", ColumnKind::Integer).sorts(),
        Column::new("plane", "u.plane", ColumnKind::Text),
        Column::new("tenant_id", "u.tenant", ColumnKind::Integer).nullable(),
        Column::new("tenant_path", "te.path", ColumnKind::Text).nullable(),
        Column::new("user_id", "l.user_id", ColumnKind::Integer),
        Column::new("user", "u.name", ColumnKind::Text).sorts(),
        Column::new("at", "l.at", ColumnKind::Integer).sorts(),
        Column::new("address", "l.address", ColumnKind::Text).sorts(),
        Column::new("refused", "l.refused", ColumnKind::Text).sorts(),
        Column::new("was_refused", "(l.refused <> '')", ColumnKind::Bool),
    ],
    scope: None,
};

impl Identity {
    /// The accounts that `query` over [`ACCOUNTS`] asks for.
    pub async fn list_users(&self, query: &ListQuery) -> Result<Listed<Account>, IdentityError> {
        let select = "u.id AS id, u.plane AS plane, u.name AS name, u.kind AS kind, u.roles AS roles, u.enabled AS enabled, \
                      u.must_change AS must_change, u.created AS created, u.last_success AS last_success, \
                      u.last_used AS last_used, u.attributes AS attributes, a.name AS address_policy, \
                      h.name AS hours_policy, u.logins AS logins, te.path AS tenant_path, te.name AS tenant_name";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let (roles, attributes, plane): (String, String, String) =
                (row.try_get("", "roles")?, row.try_get("", "attributes")?, row.try_get("", "plane")?);
            let last: Option<i64> = row.try_get("", "last_success")?;
            let (path, tenant): (Option<String>, Option<String>) =
                (row.try_get("", "tenant_path")?, row.try_get("", "tenant_name")?);
            let tenant = match (path, tenant) {
                (Some(path), Some(name)) => Some(TenantOf { path: sql::read_tenant(&path)?, name }),
                _ => None,
            };
            Ok(Account {
                tenant,
                id: UserId(row.try_get("", "id")?),
                plane: sql::read_plane(&plane)?,
                name: row.try_get("", "name")?,
                kind: row.try_get("", "kind")?,
                grants: read_grants(&roles),
                enabled: row.try_get("", "enabled")?,
                must_change_password: row.try_get("", "must_change")?,
                created: from_micros(row.try_get("", "created")?)?,
                last_success: last.map(from_micros).transpose()?,
                last_used: from_micros(row.try_get("", "last_used")?)?,
                attributes: Attributes::decode(&attributes)?,
                address_policy: row.try_get("", "address_policy")?,
                hours_policy: row.try_get("", "hours_policy")?,
                logins: row.try_get("", "logins")?,
            })
        })
    }

    /// The tokens that `query` over [`TOKENS`] asks for.
    pub async fn list_tokens(&self, query: &ListQuery) -> Result<Listed<Token>, IdentityError> {
        let select = "t.id, t.user_id, t.label, t.operations, t.ends, t.revoked, t.last_used, t.domains";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let (operations, domains): (String, String) =
                (row.try_get_by_index(3)?, row.try_get_by_index(7)?);
            let (revoked, used): (Option<i64>, Option<i64>) =
                (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
            Ok(Token {
                id: row.try_get_by_index(0)?,
                user: UserId(row.try_get_by_index(1)?),
                label: row.try_get_by_index(2)?,
                operations: sql::read_operations(&operations),
                domains: sql::read_names(&domains),
                expires: from_micros(row.try_get_by_index(4)?)?,
                revoked: revoked.map(from_micros).transpose()?,
                last_used: used.map(from_micros).transpose()?,
            })
        })
    }

    /// The sessions that `query` over [`SESSIONS`] asks for.
    pub async fn list_sessions(&self, query: &ListQuery) -> Result<Listed<ListedSession>, IdentityError> {
        let select = "s.id AS id, u.name AS name, s.address AS address, s.created AS created, \
                      s.last_used AS last_used, s.ends AS ends";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            Ok(ListedSession {
                id: row.try_get("", "id")?,
                user: row.try_get("", "name")?,
                address: row.try_get("", "address")?,
                created: from_micros(row.try_get("", "created")?)?,
                last_used: from_micros(row.try_get("", "last_used")?)?,
                ends: from_micros(row.try_get("", "ends")?)?,
            })
        })
    }

    /// The logins that `query` over [`LOGINS`] asks for.
    pub async fn list_logins(&self, query: &ListQuery) -> Result<Listed<ListedLogin>, IdentityError> {
        let select = "l.id AS id, u.name AS name, l.at AS at, l.address AS address, l.refused AS refused";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let refused: String = row.try_get("", "refused")?;
            Ok(ListedLogin {
                id: row.try_get("", "id")?,
                user: row.try_get("", "name")?,
                at: from_micros(row.try_get("", "at")?)?,
                address: row.try_get("", "address")?,
                refused: Some(refused).filter(|refused| !refused.is_empty()),
            })
        })
    }
}

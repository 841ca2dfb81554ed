//! Tenants as they are kept.

use jiff::Timestamp;
use netwarden_model::{TenantId, UserId};
use netwarden_store::{
    Column, ColumnKind, ListQuery, ListTable, Listed, StoreError, Tx, execute, from_micros, query_all,
    query_one, values,
};
use sea_orm::QueryResult;
use serde::Serialize;

use crate::error::IdentityError;
use crate::grant::{Grants, read_grants};
use crate::roles::plain_name;
use crate::service::Identity;
use crate::sql;
use crate::tenant::{TenantKind, TenantPath};

/// Characters of a description, at most.
const MOST_CHARACTERS: usize = 1_000;
/// Agencies above a tenant, at most.
const MOST_ABOVE: usize = 7;

/// A tenant as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Where it is among the tenants.
    pub path: TenantPath,
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is.
    pub kind: TenantKind,
    /// The agency that keeps it; None where the operator does.
    pub agency: Option<String>,
    /// Who that is, at most 1,000 characters.
    pub description: String,
    /// False while none of its users may come in.
    pub enabled: bool,
    /// Its accounts.
    pub users: i64,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// The list of tenants; columns `id`, `name`, `kind`, `path`, `agency`, `enabled`, `description`, `changed`.
pub static TENANTS: ListTable = ListTable {
    from: "identity_tenant t LEFT JOIN identity_tenant a ON a.id = t.above",
    id: Column::new("id", "t.id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "t.id", ColumnKind::Integer).sorts(),
        Column::new("name", "t.name", ColumnKind::Text).sorts(),
        Column::new("kind", "t.kind", ColumnKind::Text).sorts(),
        Column::new("path", "t.path", ColumnKind::Text),
        Column::new("agency", "a.name", ColumnKind::Text).nullable().sorts(),
        Column::new("enabled", "t.enabled", ColumnKind::Bool),
        Column::new("description", "t.description", ColumnKind::Text),
        Column::new("changed", "t.changed_at", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

/// A tenant that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TenantKind,
    /// Which agency keeps it; None for the operator.
    pub above: Option<TenantPath>,
    /// Who that is.
    pub description: String,
}

/// How a tenant will be called that is asked for by this name.
///
/// # Errors
/// Where no tenant can be.
pub fn tenant_name(name: &str) -> Result<String, IdentityError> {
    plain_name(name).map_err(IdentityError::BadTenantName)
}

fn description_of(text: &str) -> Result<&str, IdentityError> {
    let text = text.trim();
    if text.chars().count() > MOST_CHARACTERS {
        return Err(IdentityError::AttributeText { attribute: "description", most: MOST_CHARACTERS });
    }
    Ok(text)
}

/// Makes a tenant.
pub async fn create(
    tx: &Tx,
    tenant: &NewTenant,
    by: &str,
    now: Timestamp,
) -> Result<TenantPath, IdentityError> {
    let (name, description) = (tenant_name(&tenant.name)?, description_of(&tenant.description)?);
    if let Some(above) = &tenant.above {
        let sql = "SELECT kind FROM identity_tenant WHERE id = $1";
        let row = query_one(tx, sql, values![above.id().0]).await?;
        let kind: String = row.ok_or(IdentityError::NoSuchTenant(above.to_string()))?.try_get_by_index(0)?;
        if TenantKind::of_word(&kind) != Some(TenantKind::Agency) {
            return Err(IdentityError::NoAgency);
        }
        if above.depth() >= MOST_ABOVE {
            return Err(IdentityError::AgenciesAbove(MOST_ABOVE));
        }
    }
    let sql = "INSERT INTO identity_tenant (name, kind, path, above, description, enabled, changed_at, changed_by) \
               VALUES ($1, $2, '', $3, $4, $5, $6, $7) RETURNING id";
    let above = tenant.above.as_ref().map(|above| above.id().0);
    let kind = tenant.kind.as_str();
    let values = values![name.as_str(), kind, above, description, true, now.as_microsecond(), by];
    let row = match query_one(tx, sql, values).await {
        Ok(row) => row.ok_or(IdentityError::Background)?,
        Err(error) if error.is_duplicate() => return Err(IdentityError::TenantNameTaken(name)),
        Err(error) => return Err(error.into()),
    };
    let path = TenantPath::below(tenant.above.as_ref(), TenantId(row.try_get_by_index(0)?));
    let place = "UPDATE identity_tenant SET path = $2 WHERE id = $1";
    execute(tx, place, values![path.id().0, path.to_string()]).await?;
    Ok(path)
}

/// Describes a tenant otherwise, or lets its users in or not; it counts from their next request on.
pub async fn change(
    tx: &Tx,
    tenant: &Tenant,
    description: &str,
    enabled: bool,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let description = description_of(description)?;
    let sql = "UPDATE identity_tenant SET description = $2, enabled = $3, changed_at = $4, changed_by = $5 \
               WHERE id = $1";
    let values = values![tenant.path.id().0, description, enabled, now.as_microsecond(), by];
    match execute(tx, sql, values).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchTenant(tenant.name.clone())),
    }
}

/// Deletes a tenant that has no users and keeps no tenants.
pub async fn delete(tx: &Tx, tenant: &Tenant) -> Result<(), IdentityError> {
    let id = tenant.path.id().0;
    let sql = "SELECT COUNT(*) FROM identity_tenant WHERE above = $1";
    let row = query_one(tx, sql, values![id]).await?;
    let below: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if below > 0 {
        return Err(IdentityError::TenantKeepsOthers(u64::try_from(below).unwrap_or(u64::MAX)));
    }
    crate::blocklists::forget_tenant(tx, tenant.path.id()).await?;
    match execute(tx, "DELETE FROM identity_tenant WHERE id = $1", values![id]).await {
        Ok(1) => sql::bump_policy(tx).await,
        Ok(_) => Err(IdentityError::NoSuchTenant(tenant.name.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The accounts of a tenant with their names and roles, by id, at most so many.
pub async fn users_of(
    tx: &Tx,
    tenant: &TenantPath,
    most: u32,
) -> Result<Vec<(UserId, String, Grants)>, IdentityError> {
    let sql = "SELECT id, name, roles FROM identity_user WHERE tenant = $1 ORDER BY id LIMIT $2";
    let rows = query_all(tx, sql, values![tenant.id().0, i64::from(most)]).await?;
    rows.iter()
        .map(|row| {
            let roles: String = row.try_get_by_index(2)?;
            Ok((UserId(row.try_get_by_index(0)?), row.try_get_by_index(1)?, read_grants(&roles)))
        })
        .collect()
}

/// Whether there still is a tenant.
pub async fn is_there(tx: &Tx, tenant: &TenantPath) -> Result<bool, IdentityError> {
    let sql = "SELECT id FROM identity_tenant WHERE id = $1";
    Ok(query_one(tx, sql, values![tenant.id().0]).await?.is_some())
}

/// What of a user is sealed in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretOf {
    /// How they are reached.
    Contact(UserId),
    /// A second factor of theirs.
    Factor(i64),
}

impl Identity {
    /// The tenants that `query` over [`TENANTS`] asks for.
    pub async fn list_tenants(&self, query: &ListQuery) -> Result<Listed<Tenant>, IdentityError> {
        let select = "t.path AS path, t.name AS name, t.kind AS kind, a.name AS agency, \
                      t.description AS description, t.enabled AS enabled, t.changed_at AS changed_at, \
                      t.changed_by AS changed_by, \
                      (SELECT COUNT(*) FROM identity_user u WHERE u.tenant = t.id) AS users";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let (path, kind): (String, String) = (row.try_get("", "path")?, row.try_get("", "kind")?);
            let kind = TenantKind::of_word(&kind);
            Ok(Tenant {
                path: sql::read_tenant(&path)?,
                name: row.try_get("", "name")?,
                kind: kind.ok_or_else(|| StoreError::Unreadable("the kind of a tenant".into()))?,
                agency: row.try_get("", "agency")?,
                description: row.try_get("", "description")?,
                enabled: row.try_get("", "enabled")?,
                users: row.try_get("", "users")?,
                changed: from_micros(row.try_get("", "changed_at")?)?,
                changed_by: row.try_get("", "changed_by")?,
            })
        })
    }

    /// All tenants.
    pub async fn tenants_by_path(&self) -> Result<Vec<TenantPath>, IdentityError> {
        let rows = query_all(self.store.read(), "SELECT path FROM identity_tenant ORDER BY id", []).await?;
        let path = |row: &QueryResult| sql::read_tenant(&row.try_get_by_index::<String>(0)?);
        rows.iter().map(path).collect()
    }

    /// What of a tenant's users may be sealed in the vault.
    pub async fn secrets_of(&self, tenant: &TenantPath) -> Result<Vec<SecretOf>, IdentityError> {
        let of_tenant = || values![tenant.id().0];
        let users = "SELECT id FROM identity_user WHERE tenant = $1 ORDER BY id";
        let factors = "SELECT f.id FROM identity_factor f JOIN identity_user u ON u.id = f.user_id \
                       WHERE u.tenant = $1 ORDER BY f.id";
        let mut secrets = Vec::new();
        for row in query_all(self.store.read(), users, of_tenant()).await? {
            secrets.push(SecretOf::Contact(UserId(row.try_get_by_index(0)?)));
        }
        for row in query_all(self.store.read(), factors, of_tenant()).await? {
            secrets.push(SecretOf::Factor(row.try_get_by_index(0)?));
        }
        Ok(secrets)
    }
}

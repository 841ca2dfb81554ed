//! Roles that are made of any operations (IAM-03), and which rights an account has.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_store::{Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, query_all, values};
use serde::Serialize;

use crate::error::IdentityError;
use crate::grant::read_grants;
use crate::operation::{Access, Operation};
use crate::role::{CustomRoles, Role};
use crate::service::Identity;
use crate::sql;

/// Characters of a description, at most.
const MOST_CHARACTERS: usize = 1_000;

/// A role that was made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomRole {
    /// Its row.
    pub id: i64,
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for, at most 1,000 characters.
    pub description: String,
    /// What it gives the right to.
    pub operations: BTreeSet<Operation>,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// The list of roles that were made here; columns `id`, `name`, `description`, `operations`, `changed`.
pub static CUSTOM_ROLES: ListTable = ListTable {
    from: "identity_role",
    id: Column::new("id", "id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("name", "name", ColumnKind::Text).sorts(),
        Column::new("description", "description", ColumnKind::Text),
        Column::new("operations", "operations", ColumnKind::Text),
        Column::new("changed", "changed_at", ColumnKind::Integer).sorts(),
    ],
    scope: None,
};

/// A name of 1 to 64 lower-case letters, digits, `_` and `-`; what it is otherwise, in part.
pub(crate) fn plain_name(name: &str) -> Result<String, String> {
    let name = name.trim().to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    match (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        true => Ok(name),
        false => Err(name.chars().take(64).collect()),
    }
}

fn role_name(name: &str) -> Result<String, IdentityError> {
    let name = plain_name(name).map_err(IdentityError::BadRoleName)?;
    if Role::from(name.as_str()).is_nac() { Err(IdentityError::BadRoleName(name)) } else { Ok(name) }
}

fn checked(description: &str, operations: &BTreeSet<Operation>) -> Result<String, IdentityError> {
    if operations.is_empty() {
        return Err(IdentityError::RoleWithout);
    }
    let is_given = |operation: &Operation| matches!(operation.declaration().access, Access::Roles(_));
    if let Some(own) = operations.iter().find(|operation| !is_given(operation)) {
        return Err(IdentityError::NotForRoles(own.name().to_owned()));
    }
    let description = description.trim();
    if description.chars().count() > MOST_CHARACTERS {
        return Err(IdentityError::AttributeText { attribute: "description", most: MOST_CHARACTERS });
    }
    Ok(description.to_owned())
}

/// Makes a role.
pub async fn create(
    tx: &Tx,
    name: &str,
    description: &str,
    operations: &BTreeSet<Operation>,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let (name, description) = (role_name(name)?, checked(description, operations)?);
    let sql = "INSERT INTO identity_role (name, description, operations, changed_at, changed_by) \
               VALUES ($1, $2, $3, $4, $5)";
    let row =
        values![name.as_str(), description, sql::write_operations(operations), now.as_microsecond(), by];
    match execute(tx, sql, row).await {
        Ok(_) => sql::bump_policy(tx).await,
        Err(error) if error.is_duplicate() => Err(IdentityError::RoleNameTaken(name)),
        Err(error) => Err(error.into()),
    }
}

/// Gives a role other operations; whoever has it may do them from the next action on.
pub async fn change(
    tx: &Tx,
    role: &CustomRole,
    description: &str,
    operations: &BTreeSet<Operation>,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let description = checked(description, operations)?;
    let sql = "UPDATE identity_role SET description = $2, operations = $3, changed_at = $4, changed_by = $5 \
               WHERE id = $1";
    let operations = sql::write_operations(operations);
    match execute(tx, sql, values![role.id, description, operations, now.as_microsecond(), by]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchRole(role.name.clone())),
    }
}

/// Deletes a role that no account has.
pub async fn delete(tx: &Tx, role: &CustomRole) -> Result<(), IdentityError> {
    let wanted = Role::Other(role.name.clone());
    let rows = query_all(tx, "SELECT roles FROM identity_user", []).await?;
    let mut users = 0u64;
    for row in rows {
        let roles: String = row.try_get_by_index(0)?;
        users = users.saturating_add(read_grants(&roles).iter().any(|grant| grant.role == wanted).into());
    }
    if users > 0 {
        return Err(IdentityError::RoleInUse(users));
    }
    match execute(tx, "DELETE FROM identity_role WHERE id = $1", values![role.id]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchRole(role.name.clone())),
    }
}

impl Identity {
    /// The roles that were made here, as of now.
    pub async fn custom_roles(&self) -> Result<Arc<CustomRoles>, IdentityError> {
        self.roles_at(sql::policy_version(self.store.read()).await?).await
    }

    /// The roles that `query` over [`CUSTOM_ROLES`] asks for.
    pub async fn list_roles(&self, query: &ListQuery) -> Result<Listed<CustomRole>, IdentityError> {
        let select = "id, name, description, operations, changed_at, changed_by";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let operations: String = row.try_get("", "operations")?;
            Ok(CustomRole {
                id: row.try_get("", "id")?,
                name: row.try_get("", "name")?,
                description: row.try_get("", "description")?,
                operations: sql::read_operations(&operations),
                changed: netwarden_store::from_micros(row.try_get("", "changed_at")?)?,
                changed_by: row.try_get("", "changed_by")?,
            })
        })
    }
}

//! Roles that are made of any operations (IAM-03), and which rights an account has.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::Plane;
use netwarden_store::{Column, ColumnKind, ListQuery, ListTable, Listed, Tx, execute, query_all, values};
use serde::Serialize;

use crate::condition::RoleCondition;
use crate::error::IdentityError;
use crate::grant::read_grants;
use crate::operation::{Access, Operation};
use crate::role::{Role, Roles};
use crate::service::Identity;
use crate::sql;

/// Characters of a description, at most.
const MOST_CHARACTERS: usize = 1_000;

/// A role that was made here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomRole {
    /// Its row.
    pub id: i64,
    /// The plane in which it is.
    pub plane: Plane,
    /// Its name: 1 to 64 lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// What it is for, at most 1,000 characters.
    pub description: String,
    /// What it gives the right to.
    pub operations: BTreeSet<Operation>,
    /// When it counts: CEL over [`crate::CIRCUMSTANCES`]; empty for always.
    pub condition: String,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// What a role is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleText {
    /// What it is for, at most 1,000 characters.
    pub description: String,
    /// What it gives the right to.
    pub operations: BTreeSet<Operation>,
    /// When it counts: CEL over [`crate::CIRCUMSTANCES`]; empty for always.
    pub condition: String,
}

/// The list of roles that were made here; columns `id`, `plane`, `name`, `description`, `operations`, `changed`.
pub static CUSTOM_ROLES: ListTable = ListTable {
    from: "identity_role",
    id: Column::new("id", "id", ColumnKind::Integer).sorts(),
    columns: &[
        Column::new("id", "id", ColumnKind::Integer).sorts(),
        Column::new("plane", "plane", ColumnKind::Text),
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
    if Role::from(name.as_str()).is_built_in() { Err(IdentityError::BadRoleName(name)) } else { Ok(name) }
}

fn checked(plane: Plane, wanted: &RoleText) -> Result<String, IdentityError> {
    if wanted.operations.is_empty() {
        return Err(IdentityError::RoleWithout);
    }
    let is_given = |operation: &Operation| {
        matches!(operation.declaration().access, Access::Roles(_)) && operation.is_in(plane)
    };
    if let Some(own) = wanted.operations.iter().find(|operation| !is_given(operation)) {
        return Err(IdentityError::NotForRoles(own.name().to_owned()));
    }
    let description = wanted.description.trim();
    if description.chars().count() > MOST_CHARACTERS {
        return Err(IdentityError::AttributeText { attribute: "description", most: MOST_CHARACTERS });
    }
    Ok(description.to_owned())
}

/// Makes a role of a plane; its name is unique in all of them.
pub async fn create(
    tx: &Tx,
    plane: Plane,
    name: &str,
    wanted: &RoleText,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let (name, description) = (role_name(name)?, checked(plane, wanted)?);
    let condition = RoleCondition::compile(&wanted.condition)?;
    let sql = "INSERT INTO identity_role (name, description, operations, changed_at, changed_by, plane, \
               holds_when) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let operations = sql::write_operations(&wanted.operations);
    let (at, word, holds_when) = (now.as_microsecond(), plane.as_str(), condition.source());
    let row = values![name.as_str(), description, operations, at, by, word, holds_when];
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
    wanted: &RoleText,
    by: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let description = checked(role.plane, wanted)?;
    let condition = RoleCondition::compile(&wanted.condition)?;
    let sql = "UPDATE identity_role SET description = $2, operations = $3, changed_at = $4, changed_by = $5, \
               holds_when = $6 WHERE id = $1";
    let operations = sql::write_operations(&wanted.operations);
    let (at, holds_when) = (now.as_microsecond(), condition.source());
    match execute(tx, sql, values![role.id, description, operations, at, by, holds_when]).await? {
        1 => sql::bump_policy(tx).await,
        _ => Err(IdentityError::NoSuchRole(role.name.clone())),
    }
}

/// Deletes a role that no account has.
pub async fn delete(tx: &Tx, role: &CustomRole) -> Result<(), IdentityError> {
    let wanted = Role::Other(role.name.clone());
    let plane = role.plane.as_str();
    let rows = query_all(tx, "SELECT roles FROM identity_user WHERE plane = $1", values![plane]).await?;
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
    /// The roles of a plane, as of now.
    pub async fn roles(&self, plane: Plane) -> Result<Arc<Roles>, IdentityError> {
        self.roles_at(sql::policy_version(self.store.read()).await?, plane).await
    }

    /// True where the role is built in, or was made, in whatever plane.
    pub async fn knows_role(&self, role: &Role) -> Result<bool, IdentityError> {
        let roles = self.all_roles(sql::policy_version(self.store.read()).await?).await?;
        Ok(Plane::ALL.iter().any(|plane| roles.of(*plane).knows(role)))
    }

    /// The roles that `query` over [`CUSTOM_ROLES`] asks for.
    pub async fn list_roles(&self, query: &ListQuery) -> Result<Listed<CustomRole>, IdentityError> {
        let select = "id, plane, name, description, operations, holds_when, changed_at, changed_by";
        query.fetch(self.store.read(), select).await?.try_map(|row| {
            let (plane, operations): (String, String) =
                (row.try_get("", "plane")?, row.try_get("", "operations")?);
            Ok(CustomRole {
                id: row.try_get("", "id")?,
                plane: sql::read_plane(&plane)?,
                name: row.try_get("", "name")?,
                description: row.try_get("", "description")?,
                operations: sql::read_operations(&operations),
                condition: row.try_get("", "holds_when")?,
                changed: netwarden_store::from_micros(row.try_get("", "changed_at")?)?,
                changed_by: row.try_get("", "changed_by")?,
            })
        })
    }
}

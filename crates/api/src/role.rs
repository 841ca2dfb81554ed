//! Roles and rights.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Role {
    /// Name.
    pub name: String,
    /// It is built in, and stays as it is.
    pub built_in: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Operations that it gives the right to.
    pub operations: Vec<String>,
    /// When it counts: CEL over `now`, `request.address`, `request.interface`, `request.places`, `session.strength`,
    /// `session.age_s`, `session.proven_s`, `user.name`, `user.labels`; absent for always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// When it was made or changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
}

/// A role to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// Why, for the record.
    pub reason: String,
    /// Name: 1 to 64 lower-case letters, digits, `_` and `-`; none of a built-in one.
    pub name: String,
    /// What it is for, at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// Operations, all of which the caller may do unless they keep the rights of others; `/operations` lists them.
    pub operations: Vec<String>,
    /// When it counts, as of a role; always where absent or empty.
    #[serde(default)]
    pub condition: Option<String>,
}

/// What a role is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// Why, for the record.
    pub reason: String,
    /// What it is for; as it is where absent.
    #[serde(default)]
    pub description: Option<String>,
    /// All its operations; as they are where absent. What is added or taken away the caller must be able to do.
    #[serde(default)]
    pub operations: Option<Vec<String>>,
    /// When it counts, as of a role; empty for always, as it is where absent.
    #[serde(default)]
    pub condition: Option<String>,
}

/// Something that can be done with the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// `<object>.<verb>`.
    pub name: String,
    /// What it is done to.
    pub object: String,
    /// It changes something, here or in the network.
    pub change: bool,
    /// `roles`: who has a role with it; `own`: everybody, to what is their own; `anyone`: also who is not known.
    pub access: String,
    /// Built-in roles that give the right to it.
    pub roles: Vec<String>,
}

/// What an account may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Right {
    /// The operation.
    pub operation: String,
    /// What it is done to.
    pub object: String,
    /// It changes something, here or in the network.
    pub change: bool,
    /// The account's roles that give the right to it; none for what everybody may do to what is their own.
    pub through: Vec<String>,
}

/// An account that may do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// Name.
    pub user: String,
    /// False for an account that is switched off: it has the right and cannot use it.
    pub enabled: bool,
    /// Its roles that give the right to it.
    pub through: Vec<String>,
}

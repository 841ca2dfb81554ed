//! Roles: what a user is, and so may do. Built in are those of network access control; others are made of any
//! operations by those who may (IAM-03).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::operation::{Access, Operation};

/// A role. The four of network access control have the rights of the table of operations; any other name has
/// those of the role that was made under it, else none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything, with accounts and their passwords.
    Administrator,
    /// Everything but accounts.
    Operator,
    /// Endpoints and groups of endpoints, and the audit records about endpoints.
    Helpdesk,
    /// Reads everything, changes nothing.
    Revisor,
    /// A role that was made here ([`CustomRoles`]), or one of another plane or release, which has no rights.
    Other(String),
}

impl Role {
    /// The four roles of network access control.
    pub const NAC: [Role; 4] = [Role::Administrator, Role::Operator, Role::Helpdesk, Role::Revisor];

    /// The word used in interfaces and in the store.
    pub fn as_str(&self) -> &str {
        match self {
            Role::Administrator => "administrator",
            Role::Operator => "operator",
            Role::Helpdesk => "helpdesk",
            Role::Revisor => "revisor",
            Role::Other(name) => name,
        }
    }

    /// True for the four roles that are built in.
    pub const fn is_nac(&self) -> bool {
        !matches!(self, Role::Other(_))
    }
}

impl From<&str> for Role {
    fn from(name: &str) -> Self {
        Role::NAC
            .into_iter()
            .find(|role| role.as_str() == name)
            .unwrap_or_else(|| Role::Other(name.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Role::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// The roles that were made here, each with its operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomRoles(BTreeMap<String, BTreeSet<Operation>>);

impl CustomRoles {
    /// The operations of a role that was made here; None for any other.
    pub fn get(&self, role: &Role) -> Option<&BTreeSet<Operation>> {
        match role {
            Role::Other(name) => self.0.get(name),
            _ => None,
        }
    }

    /// True where the role is built in or was made here.
    pub fn knows(&self, role: &Role) -> bool {
        role.is_nac() || self.get(role).is_some()
    }

    /// True where the role has the right to the operation.
    pub fn has(&self, role: &Role, operation: Operation) -> bool {
        match operation.declaration().access {
            Access::Roles(roles) if role.is_nac() => roles.contains(role),
            Access::Roles(_) => self.get(role).is_some_and(|operations| operations.contains(&operation)),
            Access::Anyone | Access::Own => false,
        }
    }
}

impl FromIterator<(String, BTreeSet<Operation>)> for CustomRoles {
    fn from_iter<I: IntoIterator<Item = (String, BTreeSet<Operation>)>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

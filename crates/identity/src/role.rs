//! Roles: what a user is, and so may do.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A role. The four of network access control have rights; a name that this release does not know
/// is kept as it is and gives none.
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
    /// A role of another plane or release: no rights here.
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

    /// True for the four roles whose accounts the Administrator manages.
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

/// The roles of one user.
pub type Roles = BTreeSet<Role>;

/// Reads the store's form, names divided by blanks.
pub(crate) fn read_roles(text: &str) -> Roles {
    text.split_ascii_whitespace().map(Role::from).collect()
}

/// The store's form.
pub(crate) fn write_roles(roles: &Roles) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ")
}

//! Grants: which roles a user has, and in which part of the network each of them counts (IAM-05).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::role::Role;

/// Between role and domain, in interfaces and in the store: neither has it in its name.
const AT: char = '@';

/// A role, and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The domain to whose elements it is confined; None for the whole network and the system itself.
    pub domain: Option<String>,
}

impl Grant {
    /// True where it counts everywhere.
    pub const fn is_whole(&self) -> bool {
        self.domain.is_none()
    }

    /// True where it counts wherever `other` does.
    pub fn reaches(&self, other: Option<&str>) -> bool {
        self.domain.is_none() || self.domain.as_deref() == other
    }
}

impl From<Role> for Grant {
    fn from(role: Role) -> Self {
        Self { role, domain: None }
    }
}

/// `operator`, or confined to a domain `operator@north`.
impl From<&str> for Grant {
    fn from(text: &str) -> Self {
        match text.split_once(AT) {
            Some((role, domain)) => Self { role: Role::from(role), domain: Some(domain.to_owned()) },
            None => Role::from(text).into(),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            Some(domain) => write!(f, "{}{AT}{domain}", self.role),
            None => self.role.fmt(f),
        }
    }
}

impl Serialize for Grant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Grant::from(String::deserialize(deserializer)?.as_str()))
    }
}

/// The grants of one user.
pub type Grants = BTreeSet<Grant>;

/// True where one of them is this role, everywhere.
pub fn has_whole(grants: &Grants, role: &Role) -> bool {
    grants.iter().any(|grant| grant.is_whole() && grant.role == *role)
}

/// What of `grants` counts in `domains` alone; all of them where there is none.
pub(crate) fn confined(grants: Grants, domains: &BTreeSet<String>) -> Grants {
    if domains.is_empty() {
        return grants;
    }
    let within = |grant: Grant| -> Vec<Grant> {
        match &grant.domain {
            Some(domain) if domains.contains(domain) => vec![grant],
            Some(_) => Vec::new(),
            None => {
                let role = grant.role;
                domains
                    .iter()
                    .map(|domain| Grant { role: role.clone(), domain: Some(domain.clone()) })
                    .collect()
            }
        }
    };
    grants.into_iter().flat_map(within).collect()
}

/// Reads the store's form, grants divided by blanks.
pub(crate) fn read_grants(text: &str) -> Grants {
    text.split_ascii_whitespace().map(Grant::from).collect()
}

/// The store's form.
pub(crate) fn write_grants(grants: &Grants) -> String {
    grants.iter().map(Grant::to_string).collect::<Vec<_>>().join(" ")
}

//! Planes: the user spaces, each with its own users, roles and super user (IAM-01).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A user space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// The platform itself: Netwarden as a program that runs, is backed up and restored.
    Management,
    /// The network: what most users are there for.
    #[default]
    Om,
    /// The operator's customers.
    Tenant,
}

impl Plane {
    /// All of them.
    pub const ALL: &'static [Plane] = &[Plane::Management, Plane::Om, Plane::Tenant];

    /// The word used in interfaces, in the store and in the search index of the trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Plane::Management => "management",
            Plane::Om => "om",
            Plane::Tenant => "tenant",
        }
    }
}

impl fmt::Display for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that stands for no plane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no plane: there are management, om and tenant")]
pub struct UnknownPlane(pub String);

impl FromStr for Plane {
    type Err = UnknownPlane;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Plane::ALL.iter().find(|plane| plane.as_str() == word).copied();
        found.ok_or_else(|| UnknownPlane(word.chars().take(32).collect()))
    }
}

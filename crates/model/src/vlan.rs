//! VLAN identifiers (IEEE 802.1Q).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A VLAN id from 1 to 4094.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

/// A number that is no VLAN id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is no VLAN id (1 to 4094)")]
pub struct InvalidVlanId(pub i64);

impl VlanId {
    /// From a number; 0, 4095 and above are refused.
    pub fn new(id: i64) -> Result<Self, InvalidVlanId> {
        u16::try_from(id).ok().filter(|id| (1..=4094).contains(id)).map(Self).ok_or(InvalidVlanId(id))
    }

    /// The number, 1 to 4094.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for VlanId {
    type Error = InvalidVlanId;
    fn try_from(id: u16) -> Result<Self, Self::Error> {
        Self::new(i64::from(id))
    }
}

impl From<VlanId> for u16 {
    fn from(id: VlanId) -> u16 {
        id.0
    }
}

impl std::str::FromStr for VlanId {
    type Err = InvalidVlanId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text.trim().parse::<i64>().unwrap_or(-1))
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

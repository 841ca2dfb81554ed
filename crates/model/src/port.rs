//! Ports of network elements.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::NeId;

/// ifIndex (RFC 2863): positive, and free to change when the element restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IfIndex(pub u32);

impl fmt::Display for IfIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What identifies a port of an element for good: ifName, which survives the renumbering of ifIndex
/// (RFC 2863 section 3.1.5); where an agent has none, ifDescr, else `ifIndex N`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortName(pub String);

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PortName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// A port of an element, by its lasting identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRef {
    /// The element.
    pub ne: NeId,
    /// The port on it.
    pub port: PortName,
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NE {} port {}", self.ne, self.port)
    }
}

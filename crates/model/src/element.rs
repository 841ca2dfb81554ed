//! Network elements as they are administered.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{CredentialId, NeId, VlanId};

/// What can be read from an element; each has its own interval (NAC-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// system, interfaces, VLANs, neighbours.
    Inventory,
    /// Forwarding tables and 802.1X sessions.
    Forwarding,
    /// ARP and ND caches.
    Addresses,
}

impl Method {
    /// All methods, in the order in which a full poll runs them.
    pub const ALL: [Method; 3] = [Method::Inventory, Method::Forwarding, Method::Addresses];

    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Inventory => "inventory",
            Method::Forwarding => "forwarding",
            Method::Addresses => "addresses",
        }
    }

    /// The method of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

/// One scan of an element. Each can be switched off for an element; the scans of one [`Method`] share
/// its interval (NAC-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// ifTable and ifXTable, to whose rows all other scans refer.
    Interfaces,
    /// VLANs and their port sets.
    Vlans,
    /// LLDP and CDP neighbours.
    Neighbours,
    /// Forwarding tables.
    Forwarding,
    /// 802.1X sessions.
    Sessions,
    /// ARP and ND caches.
    Arp,
}

impl Scan {
    /// All scans, method by method.
    pub const ALL: [Scan; 6] =
        [Scan::Interfaces, Scan::Vlans, Scan::Neighbours, Scan::Forwarding, Scan::Sessions, Scan::Arp];

    /// With which method it is polled.
    pub const fn method(self) -> Method {
        match self {
            Scan::Interfaces | Scan::Vlans | Scan::Neighbours => Method::Inventory,
            Scan::Forwarding | Scan::Sessions => Method::Forwarding,
            Scan::Arp => Method::Addresses,
        }
    }

    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scan::Interfaces => "interfaces",
            Scan::Vlans => "vlans",
            Scan::Neighbours => "neighbours",
            Scan::Forwarding => "forwarding",
            Scan::Sessions => "sessions",
            Scan::Arp => "arp",
        }
    }

    /// The scan of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scan| scan.as_str() == word)
    }
}

/// How one method is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Between two polls; jitter of up to a tenth is added.
    pub interval: Duration,
    /// Until a request counts as lost.
    pub timeout: Duration,
    /// Retransmissions after the first loss.
    pub retries: u8,
}

impl Schedule {
    /// Defaults: inventory every 10 min, forwarding every 60 s, addresses every 2 min; 1 s, 3 retries.
    pub const fn default_for(method: Method) -> Self {
        let interval = match method {
            Method::Inventory => 600,
            Method::Forwarding => 60,
            Method::Addresses => 120,
        };
        Self { interval: Duration::from_secs(interval), timeout: Duration::from_secs(1), retries: 3 }
    }
}

/// A network element as an administrator has entered or accepted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// Its id.
    pub id: NeId,
    /// The name shown; sysName until someone changes it.
    pub name: String,
    /// Where its agent answers.
    pub address: SocketAddr,
    /// The credentials that work; None until one was found.
    pub credential: Option<CredentialId>,
    /// Nothing is sent to change it while this is off.
    pub enforcement: bool,
    /// Less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy) is allowed for this element:
    /// an audited exception.
    pub allow_v2c: bool,
    /// Where enforcement puts what it quarantines.
    pub quarantine_vlan: Option<VlanId>,
    /// Voice VLAN: endpoints seen in it do not count as sharing the port.
    pub voice_vlan: Option<VlanId>,
}

//! Endpoints: what is known of a device attached to the network (NAC-04).

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{IfIndex, Mac, NeId, PortName, VlanId};

/// Whether an endpoint may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Never judged: it has been seen and nobody has said yes or no.
    New,
    /// On the reference list.
    Authorised,
    /// Refused by a person or a rule.
    Unauthorised,
}

impl EndpointStatus {
    /// The word used in rules, interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            EndpointStatus::New => "new",
            EndpointStatus::Authorised => "authorised",
            EndpointStatus::Unauthorised => "unauthorised",
        }
    }
}

/// Whether an endpoint's security configuration is as its policy wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compliance {
    /// No agent has reported.
    Unknown,
    /// As wanted.
    Compliant,
    /// At least one property differs.
    NonCompliant,
}

impl Compliance {
    /// The word used in rules, interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Compliance::Unknown => "unknown",
            Compliance::Compliant => "compliant",
            Compliance::NonCompliant => "non_compliant",
        }
    }
}

/// All properties of an endpoint as they were at one moment; frozen into every event about it, so
/// that rules can be replayed (NAC-09). What is unknown is None, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFacts {
    /// Its address.
    pub mac: Mac,
    /// Organisation that the MAC's prefix is assigned to.
    pub vendor: Option<String>,
    /// Locally administered: randomised, virtual or set by hand.
    pub mac_randomised: bool,
    /// The element whose access port it is on.
    pub ne: Option<NeId>,
    /// That element's name.
    pub ne_name: Option<String>,
    /// The access port.
    pub port: Option<PortName>,
    /// The access port's ifIndex at that moment.
    pub if_index: Option<IfIndex>,
    /// ifAlias of the access port, as the administrators wrote it.
    pub port_alias: Option<String>,
    /// The VLAN in which it was learned.
    pub vlan: Option<VlanId>,
    /// Addresses, v4 before v6.
    pub ips: Vec<IpAddr>,
    /// By reverse look-up; eases identification only (NAC-05).
    pub dns_name: Option<String>,
    /// From DHCP; eases identification only (NAC-05).
    pub host_name: Option<String>,
    /// Group's name.
    pub group: Option<String>,
    /// May it connect?
    pub status: EndpointStatus,
    /// Is it as its policy wants it?
    pub compliance: Compliance,
    /// Fingerprint reported by its agent.
    pub fingerprint: Option<String>,
    /// The port it is bound to, if it is.
    pub bound_to: Option<PortName>,
    /// How many endpoints its port had at that moment (itself counted, voice VLAN not).
    pub port_endpoints: u32,
    /// First time it was seen at all.
    pub first_seen: Timestamp,
    /// Last time it was seen.
    pub last_seen: Timestamp,
    /// First user-defined column.
    pub custom1: Option<String>,
    /// Second user-defined column.
    pub custom2: Option<String>,
}

//! Endpoints: what is known of a device attached to the network (NAC-04).

use std::collections::BTreeMap;
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
    /// Nobody has reported, or nothing is expected.
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

/// A property of an endpoint's security configuration, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is.
    pub found: String,
    /// What it should be; None where any value will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

impl Setting {
    /// True where it is not as it should be.
    pub fn differs(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| *expected != self.found)
    }
}

/// An endpoint's security configuration (NAC-04): properties by name.
pub type Configuration = BTreeMap<String, Setting>;

/// What a configuration makes of its endpoint: unknown where nothing is expected of it.
pub fn compliance_of(configuration: &Configuration) -> Compliance {
    if configuration.values().any(Setting::differs) {
        Compliance::NonCompliant
    } else if configuration.values().any(|setting| setting.expected.is_some()) {
        Compliance::Compliant
    } else {
        Compliance::Unknown
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
    /// Fingerprint, as it was reported.
    pub fingerprint: Option<String>,
    /// Security configuration, as it was reported.
    #[serde(default, skip_serializing_if = "Configuration::is_empty")]
    pub configuration: Configuration,
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

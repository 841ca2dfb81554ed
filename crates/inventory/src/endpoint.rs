//! Endpoints as the inventory keeps them (NAC-04, NAC-06).

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::{Compliance, Configuration, EndpointStatus, Mac, NeId, PortRef, VlanId};

/// A port by its place in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The element.
    pub ne: NeId,
    /// The port's slot; a LAG's aggregate.
    pub(crate) slot: u32,
}

/// A sighting that goes on: its endpoint is on its port in this VLAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSighting {
    /// Its key in the store.
    pub id: i64,
    /// The VLAN; None where the element does not tell.
    pub vlan: Option<VlanId>,
    /// Since when.
    pub started: Timestamp,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub mac: Mac,
    /// May it connect?
    pub status: EndpointStatus,
    /// Until when the authorisation holds; None without end.
    pub valid_until: Option<Timestamp>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A person's note.
    pub note: Option<String>,
    /// Group's name.
    pub group: Option<String>,
    /// The only port where it belongs (NAC-07).
    pub bound_to: Option<PortRef>,
    /// First user-defined column.
    pub custom1: Option<String>,
    /// Second user-defined column.
    pub custom2: Option<String>,
    /// By reverse look-up.
    pub dns_name: Option<String>,
    /// From DHCP.
    pub host_name: Option<String>,
    /// User name of its 802.1X session.
    pub user: Option<String>,
    /// Organisation of its prefix.
    pub vendor: Option<String>,
    /// As its policy wants it?
    pub compliance: Compliance,
    /// Fingerprint, as it was reported.
    pub fingerprint: Option<String>,
    /// Security configuration, as it was reported; `compliance` follows from it.
    pub configuration: Configuration,
    /// Own time-out for mac_offline, for a device that sleeps.
    pub offline_after: Option<Duration>,
    /// First time it was seen; None while it only stands on the reference list.
    pub first_seen: Option<Timestamp>,
    /// Last time it was seen, as far as it is not seen now.
    pub last_seen: Option<Timestamp>,
    /// Its new_endpoint event was given.
    pub announced: bool,
    /// mac_online was given and mac_offline was not.
    pub online: bool,
    /// Since when no forwarding table that could show it does; None while it is seen.
    pub silent_since: Option<Timestamp>,
    /// Where it is.
    pub place: Option<Place>,
    /// What goes on there, by VLAN.
    pub sightings: Vec<OpenSighting>,
    /// Its addresses, v4 before v6.
    pub ips: BTreeSet<IpAddr>,
}

impl Endpoint {
    /// An endpoint of which nothing but the address is known.
    pub fn new(mac: Mac, vendor: Option<String>) -> Self {
        Self {
            mac,
            status: EndpointStatus::New,
            valid_until: None,
            owner: None,
            note: None,
            group: None,
            bound_to: None,
            custom1: None,
            custom2: None,
            dns_name: None,
            host_name: None,
            user: None,
            vendor,
            compliance: Compliance::Unknown,
            fingerprint: None,
            configuration: Configuration::new(),
            offline_after: None,
            first_seen: None,
            last_seen: None,
            announced: false,
            online: false,
            silent_since: None,
            place: None,
            sightings: Vec::new(),
            ips: BTreeSet::new(),
        }
    }

    /// True where somebody has said something about it: such an endpoint is never forgotten.
    pub fn is_administered(&self) -> bool {
        self.status != EndpointStatus::New
            || self.valid_until.is_some()
            || self.owner.is_some()
            || self.note.is_some()
            || self.group.is_some()
            || self.bound_to.is_some()
            || self.custom1.is_some()
            || self.custom2.is_some()
            || self.fingerprint.is_some()
            || !self.configuration.is_empty()
            || self.offline_after.is_some()
    }
}

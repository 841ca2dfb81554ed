//! Endpoints: who sends frames.

use std::net::{Ipv4Addr, Ipv6Addr};

use netwarden_model::Mac;

use super::device::Place;
use crate::time::SimTime;

/// An endpoint of the world. Several can use one MAC: that is what a masquerade is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointNo(pub u32);

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum EndpointKind {
    Pc,
    Phone,
    Printer,
    Camera,
    AccessPoint,
    WirelessClient,
    Hypervisor,
    VirtualMachine,
    Server,
    /// Brought in by someone who should not.
    Rogue,
}

impl EndpointKind {
    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            EndpointKind::Pc => "PC",
            EndpointKind::Phone => "phone",
            EndpointKind::Printer => "printer",
            EndpointKind::Camera => "camera",
            EndpointKind::AccessPoint => "access point",
            EndpointKind::WirelessClient => "wireless client",
            EndpointKind::Hypervisor => "hypervisor",
            EndpointKind::VirtualMachine => "virtual machine",
            EndpointKind::Server => "server",
            EndpointKind::Rogue => "unknown device",
        }
    }
}

/// Where its IPv4 address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// Keeps it whatever the VLAN.
    Static(Ipv4Addr),
    /// Leased in the VLAN in which it comes up: the last 16 bits are its own.
    Lease(u16),
    /// Speaks no IP.
    None,
}

/// What it announces by LLDP (IEEE 802.1AB).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LldpSpeaker {
    /// lldpRemSysCapEnabled: bit 0 other, 1 repeater, 2 bridge, 3 wlanAccessPoint, 4 router,
    /// 5 telephone, 6 docsisCableDevice, 7 stationOnly; bit 0 is the most significant.
    pub capabilities: u8,
    /// lldpRemSysDesc.
    pub descr: &'static str,
    /// lldpRemPortId, as text; None announces its MAC.
    pub port_id: Option<&'static str>,
}

/// An endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name in the campus.
    pub name: String,
    /// What it is.
    pub kind: EndpointKind,
    /// Its MAC.
    pub mac: Mac,
    /// Its frames reach the port tagged with this VLAN; None: untagged.
    pub tag: Option<u16>,
    /// Where its address comes from.
    pub addressing: Addressing,
    /// Its IPv4 address now.
    pub ip: Option<Ipv4Addr>,
    /// Its IPv6 address now.
    pub ip6: Option<Ipv6Addr>,
    /// Its port; None while it is away.
    pub place: Option<Place>,
    /// Where it returns to.
    pub home: Option<Place>,
    /// Sends frames; else asleep with its link up.
    pub awake: bool,
    /// Its cable keeps the port's link up; false behind a phone, an access point, a hypervisor.
    pub holds_link: bool,
    /// What it announces.
    pub lldp: Option<LldpSpeaker>,
    /// Addresses that it answers for although they are another's.
    pub claims: Vec<Ipv4Addr>,
    /// The next frame is the first since its link came up: a broadcast.
    pub fresh: bool,
    /// When it sends next.
    pub next: SimTime,
    /// Seconds between two frames.
    pub period_s: u16,
}

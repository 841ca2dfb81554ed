//! What is really so: against which discovery, location and enforcement are judged.

use std::net::Ipv4Addr;

use netwarden_model::Mac;

use super::World;
use super::device::{DeviceNo, PortKind, PortNo};
use super::endpoint::{EndpointKind, EndpointNo};

/// Where an endpoint really is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its address; two endpoints with one address are two entries.
    pub mac: Mac,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EndpointKind,
    /// sysName of the switch.
    pub device: String,
    /// ifName of the port.
    pub if_name: String,
    /// The VLAN into which its frames go now; None where they are dropped.
    pub vlan: Option<u16>,
    /// Its address now.
    pub ip: Option<Ipv4Addr>,
    /// It sends frames.
    pub awake: bool,
}

/// Questions about the real state.
pub trait Truth {
    /// Everybody who is connected, asleep ones too.
    fn located(&self) -> Vec<Located>;

    /// All places at which this address is used; more than one while it is spoofed.
    fn truth(&self, mac: Mac) -> Vec<Located> {
        self.located().into_iter().filter(|l| l.mac == mac).collect()
    }

    /// True where the port leads to another network element, as a cable, an aggregate or its member.
    fn is_uplink(&self, device: &str, if_name: &str) -> bool;
}

impl Truth for World {
    fn located(&self) -> Vec<Located> {
        self.endpoints().filter_map(|(number, _)| self.locate(number)).collect()
    }

    fn is_uplink(&self, device: &str, if_name: &str) -> bool {
        self.place(device, if_name)
            .and_then(|place| self.device(place.device)?.port(place.port))
            .is_some_and(|port| port.is_uplink() || port.kind == PortKind::Aggregate)
    }
}

impl World {
    /// Where one endpoint really is; None while it is away.
    pub fn locate(&self, number: EndpointNo) -> Option<Located> {
        let e = self.endpoint(number)?;
        let place = e.place?;
        let device = self.device(place.device)?;
        Some(Located {
            mac: e.mac,
            name: e.name.clone(),
            kind: e.kind,
            device: device.name.clone(),
            if_name: device.port_name(place.port).to_owned(),
            vlan: self.ingress_vlan(place, e.tag),
            ip: e.ip,
            awake: e.awake,
        })
    }

    /// The endpoints that use this address, those that are away too.
    pub fn with_mac(&self, mac: Mac) -> Vec<EndpointNo> {
        self.endpoints().filter(|(_, e)| e.mac == mac).map(|(n, _)| n).collect()
    }

    /// Access ports of a switch, in order.
    pub fn access_ports(&self, device: DeviceNo) -> Vec<PortNo> {
        self.device(device)
            .map(|d| {
                d.numbered_ports()
                    .filter(|(_, p)| p.kind == PortKind::Ethernet && !p.is_uplink() && p.member_of.is_none())
                    .map(|(n, _)| n)
                    .collect()
            })
            .unwrap_or_default()
    }
}

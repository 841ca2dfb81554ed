//! Network elements: models, ports, VLAN tables, forwarding tables, ARP and ND caches.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netwarden_model::Mac;

use super::port_set::PortSet;
use crate::time::SimTime;

/// A network element of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceNo(pub u16);

/// A port of a device: its place in [`Device::ports`], which never changes, whatever ifIndex does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortNo(pub u16);

/// A port of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// On which device.
    pub device: DeviceNo,
    /// Which port of it.
    pub port: PortNo,
}

/// What a device does with frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bridges by its VLAN sets.
    Switch,
    /// Ends frames on its subinterfaces and keeps ARP and ND caches.
    Router,
}

/// Which number dot1qTpFdbTable uses for a VLAN's forwarding table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FdbIds {
    /// The VLAN's own id.
    VlanId,
    /// A running number; dot1qVlanFdbId tells which VLAN it belongs to.
    Ordinal,
}

/// The habits of a vendor's model that a manager has to cope with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// sysDescr.
    pub descr: &'static str,
    /// sysObjectID.
    pub object_id: &'static [u32],
    /// How dot1qTpFdbTable is indexed.
    pub fdb_ids: FdbIds,
    /// lldpLocPortNum is ifIndex; else the bridge port.
    pub lldp_by_if_index: bool,
    /// dot1qPortIngressFiltering.
    pub ingress_filtering: bool,
    /// Lists its own address in the forwarding table on bridge port 0 with status self.
    pub self_in_fdb: bool,
    /// Serves dot1dTpFdbTable beside dot1qTpFdbTable.
    pub dot1d_fdb: bool,
    /// Serves ipNetToPhysicalTable; else only ipNetToMediaTable.
    pub ip_net_to_physical: bool,
    /// Tells members of aggregates by dot3adAggPortAttachedAggID; else by ifStackTable alone.
    pub dot3ad: bool,
    /// Gives ifIndex anew at every boot (stacks).
    pub renumbers: bool,
}

/// What a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    /// ethernetCsmacd(6).
    Ethernet,
    /// ieee8023adLag(161).
    Aggregate,
    /// l3ipvlan(136) or l2vlan: a device's own interface in a VLAN.
    Vlan(u16),
}

/// A port.
#[derive(Debug, Clone)]
pub struct Port {
    /// ifName, for good.
    pub name: String,
    /// ifIndex, until the next renumbering.
    pub if_index: u32,
    /// dot1dBasePort; None for members of aggregates and interfaces that are not bridged.
    pub base_port: Option<u32>,
    /// ifAlias.
    pub alias: String,
    /// ifPhysAddress.
    pub mac: Mac,
    /// Ethernet, aggregate, VLAN interface.
    pub kind: PortKind,
    /// ifHighSpeed, Mbit/s.
    pub speed_mbps: u32,
    /// ifAdminStatus is up.
    pub admin_up: bool,
    /// ifOperStatus as last computed.
    pub oper_up: bool,
    /// ifLastChange.
    pub last_change: SimTime,
    /// The aggregate that it is a member of.
    pub member_of: Option<PortNo>,
    /// The physical port at the other end of its cable, for ports between devices.
    pub cable: Option<Place>,
    /// The logical port that frames reach through it: the aggregate's at the other end.
    pub peer: Option<Place>,
    /// The spanning tree blocks it: up, LLDP passes, frames do not.
    pub blocked: bool,
    /// PVID (dot1qPvid).
    pub pvid: u16,
    /// Something that has no address of its own keeps the link up: a small unmanaged switch.
    pub kept_up: bool,
    /// Sends MAC notifications.
    pub notifies: bool,
}

impl Port {
    /// True where frames can go in and out.
    pub fn forwards(&self) -> bool {
        self.oper_up && self.admin_up && !self.blocked
    }

    /// True where it leads to another device, as a cable or as an aggregate of cables.
    pub fn is_uplink(&self) -> bool {
        self.cable.is_some() || self.peer.is_some()
    }
}

/// A VLAN of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VlanRow {
    /// dot1qVlanStaticName.
    pub name: String,
    /// dot1qVlanFdbId.
    pub fdb_id: u32,
    /// dot1qVlanStaticEgressPorts.
    pub egress: PortSet,
    /// dot1qVlanStaticUntaggedPorts.
    pub untagged: PortSet,
}

/// A learned address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FdbRow {
    /// On which port.
    pub port: PortNo,
    /// When a frame from it last came in.
    pub seen: SimTime,
}

/// A pairing in an ARP or ND cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArpRow {
    /// The link-layer address.
    pub mac: Mac,
    /// The subinterface.
    pub port: PortNo,
    /// When it was last confirmed.
    pub seen: SimTime,
}

/// A router's interface in a VLAN.
#[derive(Debug, Clone)]
pub struct Subinterface {
    /// The VLAN, tagged on the router's trunk.
    pub vlan: u16,
    /// Its entry in [`Device::ports`].
    pub port: PortNo,
    /// Its own address; the network is a /16.
    pub ip: Ipv4Addr,
    /// Its own IPv6 address; the network is a /64.
    pub ip6: Ipv6Addr,
    /// The virtual router's address, which the master answers for (RFC 9568).
    pub virtual_ip: Ipv4Addr,
    /// The virtual router's MAC.
    pub virtual_mac: Mac,
    /// This router is the master now.
    pub master: bool,
    /// Nothing is routed into or out of it (quarantine).
    pub isolated: bool,
}

/// A network element.
#[derive(Debug, Clone)]
pub struct Device {
    /// sysName.
    pub name: String,
    /// sysLocation.
    pub location: String,
    /// Switch or router.
    pub kind: Kind,
    /// Its habits.
    pub model: Model,
    /// Its management address.
    pub management: Ipv4Addr,
    /// dot1dBaseBridgeAddress, also the source of its own frames.
    pub base_mac: Mac,
    /// The VLAN in which it is managed.
    pub management_vlan: u16,
    /// Its ports, by [`PortNo`].
    pub ports: Vec<Port>,
    /// Its VLANs.
    pub vlans: BTreeMap<u16, VlanRow>,
    /// Its forwarding tables: by VLAN and address.
    pub fdb: HashMap<(u16, Mac), FdbRow>,
    /// Its ARP and ND cache.
    pub arp: BTreeMap<IpAddr, ArpRow>,
    /// Its subinterfaces, for routers.
    pub subinterfaces: Vec<Subinterface>,
    /// When its agent started; before the simulated midnight by `up_before`.
    pub booted: SimTime,
    /// Seconds that it had been up at `booted`; 0 after a reboot.
    pub up_before_s: u64,
    /// Announces itself by LLDP and lists its neighbours.
    pub speaks_lldp: bool,
    /// True while it restarts: it forwards nothing and does not answer.
    pub rebooting: bool,
    /// Rises with every change that its MIB shows.
    pub version: u64,
    /// Rises at every change of its VLANs, ports or neighbours.
    pub config_version: u64,
    /// Ports that lead to other devices, kept because floods go through them.
    pub trunks: Vec<PortNo>,
}

impl Device {
    /// One of its ports.
    pub fn port(&self, port: PortNo) -> Option<&Port> {
        self.ports.get(usize::from(port.0))
    }

    /// One of its ports, to change.
    pub fn port_mut(&mut self, port: PortNo) -> Option<&mut Port> {
        self.ports.get_mut(usize::from(port.0))
    }

    /// The port that frames see: the aggregate of a member, else the port itself.
    pub fn logical(&self, port: PortNo) -> PortNo {
        self.port(port).and_then(|p| p.member_of).unwrap_or(port)
    }

    /// All ports with their numbers.
    pub fn numbered_ports(&self) -> impl Iterator<Item = (PortNo, &Port)> {
        self.ports.iter().enumerate().filter_map(|(n, p)| u16::try_from(n).ok().map(|n| (PortNo(n), p)))
    }

    /// The port with this ifName.
    pub fn port_named(&self, name: &str) -> Option<PortNo> {
        self.numbered_ports().find(|(_, p)| p.name == name).map(|(n, _)| n)
    }

    /// The port with this ifIndex.
    pub fn port_by_if_index(&self, if_index: u32) -> Option<PortNo> {
        self.numbered_ports().find(|(_, p)| p.if_index == if_index).map(|(n, _)| n)
    }

    /// The port with this bridge port number.
    pub fn port_by_base(&self, base: u32) -> Option<PortNo> {
        self.numbered_ports().find(|(_, p)| p.base_port == Some(base)).map(|(n, _)| n)
    }

    /// ifName of a port.
    pub fn port_name(&self, port: PortNo) -> &str {
        self.port(port).map_or("", |p| p.name.as_str())
    }

    /// Notes a change of its forwarding or address table.
    pub fn touch(&mut self) {
        self.version += 1;
    }

    /// Notes a change of its configuration or of a link.
    pub fn touch_config(&mut self) {
        self.version += 1;
        self.config_version += 1;
    }

    /// sysUpTime in hundredths of a second; simulated time passes `speed` times as fast as the
    /// device's own.
    pub fn up_time_cs(&self, now: SimTime, speed: f64) -> u32 {
        self.at_up_time_cs(now, speed)
    }

    /// sysUpTime as it was at `at`; 0 for times before its start.
    pub fn at_up_time_cs(&self, at: SimTime, speed: f64) -> u32 {
        if at < self.booted {
            return 0;
        }
        let since_boot = at.since(self.booted).as_secs_f64() / speed.max(1e-6);
        // Wraps after 497 days, as TimeTicks does (RFC 2578 section 7.1.8).
        ((since_boot * 100.0) as u64).wrapping_add(self.up_before_s.wrapping_mul(100)) as u32
    }
}

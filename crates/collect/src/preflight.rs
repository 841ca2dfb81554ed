//! Whether enforcement on a port would work, and what it would change, before anything is sent.
//!
//! [`preflight`] is pure: it judges a [`Reading`]. Only [`try_pvid`] asks the device, by setting the
//! present PVID to itself.

use std::net::IpAddr;

use netwarden_model::reading::{Interface, Vlan};
use netwarden_model::{IfIndex, Mac, Reading, VlanId};
use netwarden_reach::Snmp;
use netwarden_snmp::{Oid, Value, VarBind};
use serde::{Deserialize, Serialize};

/// dot1qPvid (RFC 4363).
const DOT1Q_PVID: [u32; 13] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1];
/// vmVlan (CISCO-VLAN-MEMBERSHIP-MIB).
const VM_VLAN: [u32; 14] = [1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2];
/// IANAifType: ports that can be access ports.
const ETHERNET: [u32; 3] = [6, 62, 117];

/// By which way this system reaches the element; what of it is not known is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPath {
    /// This server's own addresses.
    pub server_macs: Vec<Mac>,
    /// This server's network addresses: their MACs are looked up in the reading's ARP cache.
    pub server_ips: Vec<IpAddr>,
    /// Addresses of the gateways that lead from this server to the element.
    pub gateway_macs: Vec<Mac>,
    /// The gateways' network addresses, looked up likewise.
    pub gateway_ips: Vec<IpAddr>,
    /// The VLAN in which the element is managed.
    pub management_vlan: Option<VlanId>,
}

/// Why a port must not, or cannot, be moved to the quarantine VLAN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "obstacle", rename_all = "snake_case")]
pub enum Obstacle {
    /// The element has no such interface.
    PortUnknown,
    /// The interface is no bridge port: there is no PVID to set.
    NotABridgePort,
    /// The PVID was not read, so that it could not be restored.
    PvidUnknown,
    /// A switch or router stands behind it.
    Uplink {
        /// What it calls itself.
        neighbour: String,
    },
    /// The device says that it is a trunk, or it carries several tagged VLANs.
    Trunk {
        /// Tagged VLANs.
        tagged: Vec<VlanId>,
    },
    /// It is an aggregate, or a member of one: what counts is the aggregate.
    Aggregate {
        /// The aggregate.
        lag: IfIndex,
    },
    /// The quarantine VLAN is not configured on the element.
    VlanMissing {
        /// The quarantine VLAN.
        vlan: VlanId,
    },
    /// The quarantine VLAN is the one in which the element is managed: no quarantine at all.
    VlanIsManagement {
        /// The quarantine VLAN.
        vlan: VlanId,
    },
    /// This server is learned on the port.
    CarriesServer {
        /// Its address.
        mac: Mac,
    },
    /// The gateway is learned on the port.
    CarriesGateway {
        /// Its address.
        mac: Mac,
    },
    /// No other port that is up carries the management VLAN.
    OnlyManagementPath {
        /// The management VLAN.
        vlan: VlanId,
    },
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Obstacle::PortUnknown => f.write_str("the element has no such port"),
            Obstacle::NotABridgePort => f.write_str("the port is no bridge port and has no PVID"),
            Obstacle::PvidUnknown => {
                f.write_str("the port's PVID cannot be read, so it could not be restored")
            }
            Obstacle::Uplink { neighbour } => write!(f, "the port is an uplink to {neighbour}"),
            Obstacle::Trunk { tagged } if tagged.is_empty() => f.write_str("the port is a trunk"),
            Obstacle::Trunk { tagged } => {
                let list: Vec<String> = tagged.iter().map(VlanId::to_string).collect();
                write!(f, "the port is a trunk with tagged VLANs {}", list.join(", "))
            }
            Obstacle::Aggregate { lag } => write!(f, "the port belongs to the aggregate with ifIndex {lag}"),
            Obstacle::VlanMissing { vlan } => write!(f, "VLAN {vlan} is not configured on the element"),
            Obstacle::VlanIsManagement { vlan } => {
                write!(f, "VLAN {vlan} is the management VLAN and no quarantine")
            }
            Obstacle::CarriesServer { mac } => write!(f, "this server ({mac}) is reached through the port"),
            Obstacle::CarriesGateway { mac } => write!(f, "the gateway ({mac}) is reached through the port"),
            Obstacle::OnlyManagementPath { vlan } => {
                write!(f, "no other port that is up carries the management VLAN {vlan}")
            }
        }
    }
}

/// What a quarantine would change of one VLAN's port sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VlanChange {
    /// The VLAN.
    pub vlan: VlanId,
    /// Membership in dot1qVlanStaticEgressPorts: before, after.
    pub egress: (bool, bool),
    /// Membership in dot1qVlanStaticUntaggedPorts: before, after.
    pub untagged: (bool, bool),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// The port.
    pub if_index: IfIndex,
    /// Its name.
    pub if_name: Option<String>,
    /// Why not; empty where nothing stands against it.
    pub obstacles: Vec<Obstacle>,
    /// PVID before; None where it could not be read.
    pub pvid_now: Option<VlanId>,
    /// PVID after.
    pub pvid_then: VlanId,
    /// The VLANs whose port sets would change, by id.
    pub vlans: Vec<VlanChange>,
    /// Endpoints that are learned on the port and would move with it.
    pub endpoints: Vec<Mac>,
}

impl Preflight {
    /// True where nothing stands against it.
    pub fn would_work(&self) -> bool {
        self.obstacles.is_empty()
    }

    /// True where a quarantine of the port would cut this server off from the element.
    pub fn cuts_own_path(&self) -> bool {
        self.obstacles.iter().any(|obstacle| {
            matches!(
                obstacle,
                Obstacle::CarriesServer { .. }
                    | Obstacle::CarriesGateway { .. }
                    | Obstacle::OnlyManagementPath { .. }
            )
        })
    }

    /// The port's name, else its ifIndex.
    pub fn port_name(&self) -> String {
        self.if_name.clone().unwrap_or_else(|| self.if_index.to_string())
    }
}

/// Judges a move of `port` to `quarantine`, as untagged member of that VLAN alone.
pub fn preflight(reading: &Reading, port: IfIndex, quarantine: VlanId, own: &OwnPath) -> Preflight {
    let interface = reading.interfaces.iter().find(|i| i.if_index == port);
    let mut obstacles = Vec::new();
    match interface {
        None => obstacles.push(Obstacle::PortUnknown),
        Some(interface) => port_obstacles(reading, interface, &mut obstacles),
    }
    vlan_obstacles(reading, quarantine, own, &mut obstacles);
    path_obstacles(reading, port, own, &mut obstacles);
    let mut endpoints: Vec<Mac> =
        reading.fdb.iter().filter(|f| f.if_index == Some(port)).map(|f| f.mac).collect();
    endpoints.sort_unstable();
    endpoints.dedup();
    Preflight {
        if_index: port,
        if_name: interface.and_then(|i| i.name.clone()),
        obstacles,
        pvid_now: interface.and_then(|i| i.pvid),
        pvid_then: quarantine,
        vlans: reading.vlans.iter().filter_map(|vlan| change(vlan, port, quarantine)).collect(),
        endpoints,
    }
}

/// Ports of a reading that can be access ports.
pub fn ethernet_ports(reading: &Reading) -> impl Iterator<Item = &Interface> {
    reading.interfaces.iter().filter(|i| i.if_type.is_some_and(|kind| ETHERNET.contains(&kind)))
}

/// The VLAN in which `agent` is managed: that of the interface whose cache holds somebody of its subnet,
/// named `Vlan N` by most makers; None where that cannot be told.
pub fn management_vlan(reading: &Reading, agent: IpAddr) -> Option<VlanId> {
    let same_net = |ip: &IpAddr| match (ip, agent) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets().get(..3) == b.octets().get(..3),
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments().get(..4) == b.segments().get(..4),
        _ => false,
    };
    let name =
        reading.arp.iter().find(|entry| same_net(&entry.ip)).and_then(|entry| entry.if_name.clone())?;
    let digits: String =
        name.to_ascii_lowercase().strip_prefix("vlan")?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Sets the present PVID of `port` to itself: an agent that refuses this would refuse a quarantine as
/// well. None where the port has no PVID.
///
/// # Errors
/// What the agent said to the first of the two objects that can hold a PVID.
pub async fn try_pvid<S: Snmp>(session: &S, port: &Interface) -> Option<Result<(), String>> {
    let number = u32::from(port.pvid?.get());
    let mut refusal = None;
    let by_bridge = port.base_port.map(|base| (Oid::from(DOT1Q_PVID).child([base]), Value::Gauge32(number)));
    let by_cisco = (
        Oid::from(VM_VLAN).child([port.if_index.0]),
        Value::Integer(i32::try_from(number).unwrap_or_default()),
    );
    for (oid, value) in by_bridge.into_iter().chain([by_cisco]) {
        match session.set(&[VarBind::new(oid, value)]).await {
            Ok(_) => return Some(Ok(())),
            // What the first object's refusal says is what the administrator must mend.
            Err(error) => refusal = refusal.or(Some(error.to_string())),
        }
    }
    Some(Err(refusal.unwrap_or_default()))
}

fn change(vlan: &Vlan, port: IfIndex, quarantine: VlanId) -> Option<VlanChange> {
    let egress = vlan.egress.contains(&port);
    let untagged = vlan.untagged.contains(&port);
    let wanted = vlan.id == quarantine;
    (egress != wanted || untagged != wanted).then_some(VlanChange {
        vlan: vlan.id,
        egress: (egress, wanted),
        untagged: (untagged, wanted),
    })
}

fn port_obstacles(reading: &Reading, interface: &Interface, obstacles: &mut Vec<Obstacle>) {
    let port = interface.if_index;
    // without a base-port map (some vendors), the PVID alone tells a bridge port
    if interface.base_port.is_none() && interface.pvid.is_none() {
        obstacles.push(Obstacle::NotABridgePort);
    } else if interface.pvid.is_none() {
        obstacles.push(Obstacle::PvidUnknown);
    }
    for neighbour in reading.neighbours.iter().filter(|n| n.if_index == Some(port) && n.forwards()) {
        // a telephone is a bridge for the PC behind it, and no uplink
        if neighbour.capabilities.iter().any(|c| c == "telephone") {
            continue;
        }
        let name = neighbour.system_name.clone().or_else(|| neighbour.chassis_id.clone());
        obstacles.push(Obstacle::Uplink { neighbour: name.unwrap_or_else(|| "a switch".to_owned()) });
        break;
    }
    let tagged: Vec<VlanId> = reading
        .vlans
        .iter()
        .filter(|v| v.egress.contains(&port) && !v.untagged.contains(&port))
        .map(|v| v.id)
        .collect();
    // one tagged VLAN beside the untagged one is how a voice VLAN looks
    if interface.trunk == Some(true) || interface.trunk.is_none() && tagged.len() > 1 {
        obstacles.push(Obstacle::Trunk { tagged });
    }
    let has_members = reading.interfaces.iter().any(|i| i.lag == Some(port));
    if let Some(lag) = interface.lag.or(has_members.then_some(port)) {
        obstacles.push(Obstacle::Aggregate { lag });
    }
}

fn vlan_obstacles(reading: &Reading, quarantine: VlanId, own: &OwnPath, obstacles: &mut Vec<Obstacle>) {
    if !reading.vlans.iter().any(|v| v.id == quarantine && v.configured) {
        obstacles.push(Obstacle::VlanMissing { vlan: quarantine });
    }
    if own.management_vlan == Some(quarantine) {
        obstacles.push(Obstacle::VlanIsManagement { vlan: quarantine });
    }
}

fn path_obstacles(reading: &Reading, port: IfIndex, own: &OwnPath, obstacles: &mut Vec<Obstacle>) {
    let macs_of = |ips: &[IpAddr]| -> Vec<Mac> {
        reading.arp.iter().filter(|a| ips.contains(&a.ip)).map(|a| a.mac).collect()
    };
    let learned_here = |mac: &Mac| {
        reading.fdb.iter().any(|f| {
            f.mac == *mac && f.if_index.is_some_and(|i| i == port || lag_of(reading, port) == Some(i))
        })
    };
    let mut servers = own.server_macs.clone();
    servers.extend(macs_of(&own.server_ips));
    if let Some(mac) = servers.into_iter().find(learned_here) {
        obstacles.push(Obstacle::CarriesServer { mac });
    }
    let mut gateways = own.gateway_macs.clone();
    gateways.extend(macs_of(&own.gateway_ips));
    if let Some(mac) = gateways.into_iter().find(learned_here) {
        obstacles.push(Obstacle::CarriesGateway { mac });
    }
    let management = own.management_vlan.and_then(|id| reading.vlans.iter().find(|v| v.id == id));
    if let Some(vlan) = management {
        let is_up = |port: &&IfIndex| {
            let of = reading.interfaces.iter().find(|i| i.if_index == **port);
            of.is_some_and(|i| i.oper_status.as_deref() == Some("up"))
        };
        let others = vlan.egress.iter().filter(|p| **p != port).filter(is_up).count();
        if vlan.egress.contains(&port) && others == 0 {
            obstacles.push(Obstacle::OnlyManagementPath { vlan: vlan.id });
        }
    }
}

fn lag_of(reading: &Reading, port: IfIndex) -> Option<IfIndex> {
    reading.interfaces.iter().find(|i| i.if_index == port)?.lag
}

#[cfg(test)]
mod tests {
    use netwarden_model::reading::{ArpEntry, FdbEntry, FdbStatus, Neighbour, NeighbourProtocol};

    use super::*;

    fn id(n: i64) -> VlanId {
        VlanId::new(n).unwrap()
    }

    fn port(n: u32) -> Interface {
        Interface {
            if_index: IfIndex(n),
            name: Some(format!("Gi0/{n}")),
            descr: None,
            alias: None,
            mac: None,
            if_type: Some(6),
            type_name: None,
            admin_status: Some("up".into()),
            oper_status: Some("up".into()),
            speed: None,
            base_port: Some(n),
            pvid: Some(id(10)),
            lag: None,
            trunk: None,
        }
    }

    fn vlan(n: i64, egress: &[u32], untagged: &[u32]) -> Vlan {
        Vlan {
            id: id(n),
            name: None,
            egress: egress.iter().copied().map(IfIndex).collect(),
            untagged: untagged.iter().copied().map(IfIndex).collect(),
            pvid_of: Vec::new(),
            configured: true,
        }
    }

    fn learned(octet: u8, on: u32) -> FdbEntry {
        FdbEntry {
            mac: Mac::new([2, 0, 0, 0, 0, octet]),
            if_index: Some(IfIndex(on)),
            if_name: None,
            vlan: Some(id(10)),
            status: FdbStatus::Learned,
        }
    }

    /// Ports 1 and 2 are access ports, 3 is the uplink with the server and the gateway behind it.
    fn switch() -> Reading {
        Reading {
            interfaces: vec![port(1), port(2), port(3)],
            vlans: vec![vlan(1, &[3], &[]), vlan(10, &[1, 2, 3], &[1, 2]), vlan(99, &[3], &[])],
            fdb: vec![learned(1, 1), learned(8, 3), learned(9, 3)],
            arp: vec![ArpEntry {
                ip: IpAddr::from([192, 0, 2, 8]),
                mac: Mac::new([2, 0, 0, 0, 0, 8]),
                if_index: None,
                if_name: None,
            }],
            neighbours: vec![Neighbour {
                if_index: Some(IfIndex(3)),
                if_name: None,
                protocol: NeighbourProtocol::Lldp,
                chassis_id: None,
                chassis_mac: None,
                port_id: None,
                port_descr: None,
                system_name: Some("core".into()),
                system_descr: None,
                platform: None,
                addresses: Vec::new(),
                capabilities: vec!["bridge".into()],
            }],
            ..Reading::default()
        }
    }

    #[test]
    fn an_access_port_can_be_moved_and_all_changes_are_named() {
        let answer = preflight(&switch(), IfIndex(1), id(99), &OwnPath::default());
        assert!(answer.would_work(), "{:?}", answer.obstacles);
        assert_eq!((answer.pvid_now, answer.pvid_then), (Some(id(10)), id(99)));
        let change = |vlan, before, after| VlanChange {
            vlan: id(vlan),
            egress: (before, after),
            untagged: (before, after),
        };
        assert_eq!(answer.vlans, [change(10, true, false), change(99, false, true)]);
        assert_eq!(answer.endpoints, [Mac::new([2, 0, 0, 0, 0, 1])]);
    }

    #[test]
    fn an_uplink_a_trunk_an_aggregate_and_our_own_path_are_refused() {
        let own = OwnPath {
            server_ips: vec![IpAddr::from([192, 0, 2, 8])],
            gateway_macs: vec![Mac::new([2, 0, 0, 0, 0, 9])],
            management_vlan: Some(id(1)),
            ..OwnPath::default()
        };
        let answer = preflight(&switch(), IfIndex(3), id(99), &own);
        assert_eq!(
            answer.obstacles,
            [
                Obstacle::Uplink { neighbour: "core".into() },
                Obstacle::Trunk { tagged: vec![id(1), id(10), id(99)] },
                Obstacle::CarriesServer { mac: Mac::new([2, 0, 0, 0, 0, 8]) },
                Obstacle::CarriesGateway { mac: Mac::new([2, 0, 0, 0, 0, 9]) },
                Obstacle::OnlyManagementPath { vlan: id(1) },
            ]
        );
        // By its network address, through the element's ARP cache.
        let own = OwnPath { gateway_ips: own.server_ips, ..OwnPath::default() };
        let answer = preflight(&switch(), IfIndex(3), id(99), &own);
        let carries = Obstacle::CarriesGateway { mac: Mac::new([2, 0, 0, 0, 0, 8]) };
        assert!(answer.obstacles.contains(&carries), "{:?}", answer.obstacles);
        let mut reading = switch();
        reading.interfaces[0].lag = Some(IfIndex(2));
        for (member, lag) in [(1, 2), (2, 2)] {
            let answer = preflight(&reading, IfIndex(member), id(99), &OwnPath::default());
            assert_eq!(answer.obstacles, [Obstacle::Aggregate { lag: IfIndex(lag) }]);
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let reading = switch();
        let own = OwnPath { management_vlan: Some(id(50)), ..OwnPath::default() };
        let answer = preflight(&reading, IfIndex(7), id(50), &own);
        assert_eq!(
            answer.obstacles,
            [
                Obstacle::PortUnknown,
                Obstacle::VlanMissing { vlan: id(50) },
                Obstacle::VlanIsManagement { vlan: id(50) },
            ]
        );
        let mut reading = switch();
        reading.interfaces[0].pvid = None;
        let answer = preflight(&reading, IfIndex(1), id(99), &OwnPath::default());
        assert_eq!(answer.obstacles, [Obstacle::PvidUnknown]);
        reading.interfaces[0].base_port = None;
        let answer = preflight(&reading, IfIndex(1), id(99), &OwnPath::default());
        assert_eq!(answer.obstacles, [Obstacle::NotABridgePort]);
        assert!(Obstacle::VlanMissing { vlan: id(99) }.to_string().contains("VLAN 99"));
    }

    #[test]
    fn a_telephone_is_no_uplink() {
        let mut reading = switch();
        reading.neighbours[0].if_index = Some(IfIndex(1));
        reading.neighbours[0].capabilities.push("telephone".into());
        assert!(preflight(&reading, IfIndex(1), id(99), &OwnPath::default()).would_work());
    }

    #[test]
    fn the_management_vlan_is_where_the_agents_subnet_is() {
        let entry = |ip: &str, name: &str| ArpEntry {
            ip: ip.parse().unwrap(),
            mac: Mac::new([2, 0, 0, 0, 0, 1]),
            if_index: Some(IfIndex(1)),
            if_name: Some(name.to_owned()),
        };
        let reading = Reading {
            arp: vec![entry("192.0.2.9", "Vlan10"), entry("198.51.100.7", "vlan 99")],
            ..Reading::default()
        };
        assert_eq!(management_vlan(&reading, "198.51.100.2".parse().unwrap()), VlanId::new(99).ok());
        assert_eq!(management_vlan(&reading, "203.0.113.2".parse().unwrap()), None);
    }
}

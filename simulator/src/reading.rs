//! What a perfect poll of a device would bring: a [`Reading`] straight from the world, without SNMP.
//!
//! For pure tests of what comes after collection, and to hold real polls against.

use netwarden_model::reading::{
    ArpEntry, FdbEntry, FdbStatus, Interface, Neighbour, NeighbourProtocol, System, Vlan,
};
use netwarden_model::{IfIndex, Mac, Reading, VlanId};

use crate::mib::interfaces::if_type;
use crate::mib::lldp::heard_on;
use crate::world::device::{Device, Kind, Place, Port, PortKind, PortNo};
use crate::world::port_set::PortSet;
use crate::world::{DeviceNo, World};

/// The device's reading now; None where there is no such device. `up_time_cs` and the engine's identity
/// belong to an agent and are left out.
pub fn reading(world: &World, number: DeviceNo) -> Option<Reading> {
    let device = world.device(number)?;
    let mut reading = Reading {
        system: System {
            descr: Some(device.model.descr.to_owned()),
            object_id: Some(device.model.object_id.iter().map(u32::to_string).collect::<Vec<_>>().join(".")),
            name: Some(device.name.clone()),
            location: Some(device.location.clone()),
            bridge_address: (device.kind == Kind::Switch).then_some(device.base_mac),
            chassis_mac: device.speaks_lldp.then_some(device.base_mac),
            ..System::default()
        },
        interfaces: device.ports.iter().map(|port| interface(device, port)).collect(),
        vlans: vlans(device),
        fdb: fdb(device),
        arp: arp(device),
        neighbours: neighbours(world, number, device),
        ..Reading::default()
    };
    reading.interfaces.sort_by_key(|i| i.if_index);
    reading.fdb.sort_by_key(|e| (e.vlan, e.mac));
    Some(reading)
}

fn interface(device: &Device, port: &Port) -> Interface {
    let status = |up: bool| Some(if up { "up" } else { "down" }.to_owned());
    let type_name = match port.kind {
        PortKind::Ethernet => "ethernetCsmacd",
        PortKind::Aggregate => "ieee8023adLag",
        PortKind::Vlan(_) => "l3ipvlan",
    };
    Interface {
        if_index: IfIndex(port.if_index),
        name: Some(port.name.clone()),
        descr: Some(format!("{} Interface", port.name)),
        alias: (!port.alias.is_empty()).then(|| port.alias.clone()),
        mac: Some(port.mac),
        if_type: u32::try_from(if_type(port.kind)).ok(),
        type_name: Some(type_name.to_owned()),
        admin_status: status(port.admin_up),
        oper_status: status(port.oper_up),
        speed: Some(u64::from(port.speed_mbps) * 1_000_000),
        base_port: port.base_port,
        pvid: port.base_port.and_then(|_| VlanId::new(i64::from(port.pvid)).ok()),
        lag: port.member_of.and_then(|a| device.port(a)).map(|a| IfIndex(a.if_index)),
        trunk: None,
    }
}

fn vlans(device: &Device) -> Vec<Vlan> {
    let indexes = |ports: &PortSet| -> Vec<IfIndex> {
        let mut indexes: Vec<IfIndex> =
            ports.iter().filter_map(|p| device.port(p)).map(|p| IfIndex(p.if_index)).collect();
        indexes.sort_unstable();
        indexes
    };
    device
        .vlans
        .iter()
        .filter_map(|(id, row)| {
            let pvid_of: PortSet = device
                .numbered_ports()
                .filter(|(_, p)| p.base_port.is_some() && p.pvid == *id)
                .map(|(n, _)| n)
                .collect();
            Some(Vlan {
                id: VlanId::new(i64::from(*id)).ok()?,
                name: Some(row.name.clone()),
                egress: indexes(&row.egress),
                untagged: indexes(&row.untagged),
                pvid_of: indexes(&pvid_of),
                configured: true,
            })
        })
        .collect()
}

fn named(device: &Device, port: PortNo) -> (Option<IfIndex>, Option<String>) {
    let port = device.port(port);
    (port.map(|p| IfIndex(p.if_index)), port.map(|p| p.name.clone()))
}

fn fdb(device: &Device) -> Vec<FdbEntry> {
    device
        .fdb
        .iter()
        .map(|((vlan, mac), row)| {
            let (if_index, if_name) = named(device, row.port);
            FdbEntry {
                mac: *mac,
                if_index,
                if_name,
                vlan: VlanId::new(i64::from(*vlan)).ok(),
                status: FdbStatus::Learned,
            }
        })
        .collect()
}

fn arp(device: &Device) -> Vec<ArpEntry> {
    device
        .arp
        .iter()
        .map(|(ip, row)| {
            let (if_index, if_name) = named(device, row.port);
            ArpEntry { ip: *ip, mac: row.mac, if_index, if_name }
        })
        .collect()
}

fn neighbours(world: &World, number: DeviceNo, device: &Device) -> Vec<Neighbour> {
    const CAPABILITIES: [(u8, &str); 8] = [
        (0x80, "other"),
        (0x40, "repeater"),
        (0x20, "bridge"),
        (0x10, "wlan_ap"),
        (0x08, "router"),
        (0x04, "telephone"),
        (0x02, "docsis"),
        (0x01, "station"),
    ];
    let mut found = Vec::new();
    if !device.speaks_lldp {
        return found;
    }
    for (port, p) in device.numbered_ports().filter(|(_, p)| p.kind == PortKind::Ethernet && p.oper_up) {
        for heard in heard_on(world, Place { device: number, port }) {
            let chassis_mac = Mac::from_slice(&heard.chassis.1);
            let text = |octets: &[u8]| match Mac::from_slice(octets) {
                Some(mac) => mac.to_string(),
                None => String::from_utf8_lossy(octets).into_owned(),
            };
            found.push(Neighbour {
                if_index: Some(IfIndex(p.if_index)),
                if_name: Some(p.name.clone()),
                protocol: NeighbourProtocol::Lldp,
                chassis_id: Some(match (chassis_mac, heard.address) {
                    (None, Some((ip, _))) => ip.to_string(),
                    _ => text(&heard.chassis.1),
                }),
                chassis_mac,
                port_id: Some(match heard.port.0 {
                    3 => text(&heard.port.1),
                    _ => String::from_utf8_lossy(&heard.port.1).into_owned(),
                }),
                port_descr: (!heard.port_descr.is_empty()).then(|| heard.port_descr.clone()),
                system_name: Some(heard.name),
                system_descr: Some(heard.descr),
                platform: None,
                addresses: heard.address.map(|(ip, _)| ip.into()).into_iter().collect(),
                capabilities: CAPABILITIES
                    .iter()
                    .filter(|(bit, _)| heard.capabilities & bit != 0)
                    .map(|(_, word)| (*word).to_owned())
                    .collect(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SimTime;

    #[test]
    fn a_reading_says_what_the_world_is() {
        let world = World::campus(1, SimTime::at(9, 0, 0), true);
        let number = world.device_named("acc-a1").unwrap();
        let reading = reading(&world, number).unwrap();
        assert_eq!(reading.system.name.as_deref(), Some("acc-a1"));
        assert_eq!(reading.vlans.len(), 9);
        let phones = reading.neighbours.iter().filter(|n| n.capabilities.contains(&"telephone".to_owned()));
        assert_eq!(phones.count(), 8);
        let uplink = reading.neighbours.iter().find(|n| n.system_name.as_deref() == Some("dist-a")).unwrap();
        assert_eq!(uplink.if_name.as_deref(), Some("TenGigabitEthernet0/1"));
        assert!(reading.fdb.len() > 300);
        let router = super::reading(&world, world.device_named("rtr-1").unwrap()).unwrap();
        assert!(router.arp.len() > 300 && router.vlans.is_empty());
    }
}

//! LLDP-MIB (IEEE 802.1AB-2005): what the device announces, and what it hears from its neighbours.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::Cell;
use super::snapshot::{Column, TableBuilder, scalar};
use crate::world::World;
use crate::world::device::{Device, DeviceNo, Kind, Place, PortKind, PortNo};

/// lldpLocalSystemData.
pub const LOCAL: [u32; 8] = [1, 0, 8802, 1, 1, 2, 1, 3];
/// lldpLocPortEntry.
pub const LOC_PORT_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 3, 7, 1];
/// lldpRemEntry.
pub const REM_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];
/// lldpRemManAddrEntry.
pub const REM_MAN_ADDR_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 2, 1];

const CHASSIS_MAC: i32 = 4;
const CHASSIS_NETWORK: i32 = 5;
const PORT_MAC: i32 = 3;
const PORT_IF_NAME: i32 = 5;
const PORT_LOCAL: i32 = 7;
const BRIDGE: u8 = 0x20;
const ROUTER: u8 = 0x08;

/// lldpLocPortNum of a port.
pub fn local_port_number(device: &Device, port: PortNo) -> u32 {
    let Some(p) = device.port(port) else { return 0 };
    if device.model.lldp_by_if_index {
        p.if_index
    } else {
        // Members of aggregates are no bridge ports; they are counted all the same.
        p.base_port.unwrap_or(u32::from(port.0) + 1)
    }
}

fn capabilities(device: &Device) -> u8 {
    match device.kind {
        Kind::Switch => BRIDGE,
        Kind::Router => ROUTER,
    }
}

/// What one neighbour announced.
pub(crate) struct Heard {
    /// lldpRemChassisIdSubtype and lldpRemChassisId.
    pub(crate) chassis: (i32, Vec<u8>),
    /// lldpRemPortIdSubtype and lldpRemPortId.
    pub(crate) port: (i32, Vec<u8>),
    /// lldpRemPortDesc.
    pub(crate) port_descr: String,
    /// lldpRemSysName.
    pub(crate) name: String,
    /// lldpRemSysDesc.
    pub(crate) descr: String,
    /// lldpRemSysCapEnabled.
    pub(crate) capabilities: u8,
    /// Management address and the interface's number.
    pub(crate) address: Option<(Ipv4Addr, u32)>,
}

pub(super) fn tables(world: &World, number: DeviceNo) -> Vec<Arc<Column>> {
    let Some(device) = world.device(number).filter(|d| d.speaks_lldp) else { return Vec::new() };
    let object = |last: u32| -> Vec<u32> { LOCAL.iter().copied().chain([last]).collect() };
    let caps = || Cell::Octets(Box::new([capabilities(device)]));
    let mut columns = vec![
        scalar(&object(1), Cell::Int(CHASSIS_MAC)),
        scalar(&object(2), Cell::Mac(device.base_mac.octets())),
        scalar(&object(3), Cell::text(&device.name)),
        scalar(&object(4), Cell::text(device.model.descr)),
        scalar(&object(5), caps()),
        scalar(&object(6), caps()),
    ];
    let mut local = TableBuilder::new(&LOC_PORT_ENTRY, &[2, 3, 4]);
    let mut remote = TableBuilder::new(&REM_ENTRY, &[4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let mut addresses = TableBuilder::new(&REM_MAN_ADDR_ENTRY, &[3, 4, 5]);
    let mut rem_index = 0u32;
    for (port_no, port) in device.numbered_ports().filter(|(_, p)| p.kind == PortKind::Ethernet) {
        let local_number = local_port_number(device, port_no);
        local.row(
            vec![local_number],
            vec![Cell::Int(PORT_IF_NAME), Cell::text(&port.name), Cell::text(&port.alias)],
        );
        if !port.oper_up {
            continue;
        }
        for heard in heard_on(world, Place { device: number, port: port_no }) {
            rem_index += 1;
            let index = vec![0, local_number, rem_index];
            if let Some((ip, if_index)) = heard.address {
                let address = [1, 4].into_iter().chain(ip.octets().map(u32::from));
                let index = index.iter().copied().chain(address).collect();
                // ifIndex(2), the interface's number, no OID
                addresses
                    .row(index, vec![Cell::Int(2), Cell::Int(if_index as i32), Cell::Oid(Box::new([0, 0]))]);
            }
            let caps = Cell::Octets(Box::new([heard.capabilities]));
            remote.row(
                index,
                vec![
                    Cell::Int(heard.chassis.0),
                    Cell::Octets(heard.chassis.1.into()),
                    Cell::Int(heard.port.0),
                    Cell::Octets(heard.port.1.into()),
                    Cell::text(&heard.port_descr),
                    Cell::text(&heard.name),
                    Cell::text(&heard.descr),
                    caps.clone(),
                    caps,
                ],
            );
        }
    }
    columns.extend(local.finish());
    columns.extend(remote.finish());
    columns.extend(addresses.finish());
    columns
}

/// Who is heard on a port.
pub(crate) fn heard_on(world: &World, place: Place) -> Vec<Heard> {
    let cable = world.device(place.device).and_then(|d| d.port(place.port)).and_then(|p| p.cable);
    if let Some((far, port)) =
        cable.and_then(|c| world.device(c.device).and_then(|d| d.port(c.port).map(|p| (d, p))))
    {
        if !far.speaks_lldp {
            return Vec::new();
        }
        return vec![Heard {
            chassis: (CHASSIS_MAC, far.base_mac.octets().to_vec()),
            port: (PORT_IF_NAME, port.name.clone().into_bytes()),
            port_descr: port.alias.clone(),
            name: far.name.clone(),
            descr: far.model.descr.to_owned(),
            capabilities: capabilities(far),
            address: Some((far.management, port.if_index)),
        }];
    }
    world
        .at(place)
        .iter()
        .filter_map(|n| world.endpoint(*n))
        .filter_map(|e| {
            let speaker = e.lldp.as_ref()?;
            Some(Heard {
                // Phones identify themselves by their network address (type 1: IPv4), as many do.
                chassis: match (speaker.port_id, e.ip) {
                    (Some(_), Some(ip)) => (CHASSIS_NETWORK, [1].into_iter().chain(ip.octets()).collect()),
                    _ => (CHASSIS_MAC, e.mac.octets().to_vec()),
                },
                port: match speaker.port_id {
                    Some(id) => (PORT_LOCAL, id.as_bytes().to_vec()),
                    None => (PORT_MAC, e.mac.octets().to_vec()),
                },
                port_descr: String::new(),
                name: e.name.clone(),
                descr: speaker.descr.to_owned(),
                capabilities: speaker.capabilities,
                address: e.ip.map(|ip| (ip, 1)),
            })
        })
        .collect()
}

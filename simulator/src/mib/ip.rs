//! IP-MIB: addresses (ipAddrTable), ARP (ipNetToMediaTable) and, beside it, ND (ipNetToPhysicalTable;
//! RFC 4293).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::Cell;
use super::snapshot::{Column, TableBuilder, scalar};
use crate::world::device::{Device, Kind, PortKind};

/// ipForwarding.
pub const IP_FORWARDING: [u32; 8] = [1, 3, 6, 1, 2, 1, 4, 1];
/// ipAddrEntry.
pub const IP_ADDR_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 4, 20, 1];
/// ipNetToMediaEntry.
pub const NET_TO_MEDIA_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 4, 22, 1];
/// ipNetToPhysicalEntry.
pub const NET_TO_PHYSICAL_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 4, 35, 1];

const MASK_16: [u8; 4] = [255, 255, 0, 0];

pub(super) fn addresses(device: &Device) -> Vec<Arc<Column>> {
    let forwarding = if device.kind == Kind::Router { 1 } else { 2 };
    let mut columns = vec![scalar(&IP_FORWARDING, Cell::Int(forwarding))];
    let mut table = TableBuilder::new(&IP_ADDR_ENTRY, &[1, 2, 3]);
    let mut add = |ip: Ipv4Addr, if_index: u32| {
        let octets = ip.octets();
        table.row(
            octets.map(u32::from).to_vec(),
            vec![Cell::Ip(octets), Cell::Int(if_index as i32), Cell::Ip(MASK_16)],
        );
    };
    for interface in &device.subinterfaces {
        if let Some(port) = device.port(interface.port) {
            add(interface.ip, port.if_index);
        }
    }
    if let Some(port) = device
        .ports
        .iter()
        .find(|p| device.kind == Kind::Switch && p.kind == PortKind::Vlan(device.management_vlan))
    {
        add(device.management, port.if_index);
    }
    columns.extend(table.finish());
    columns
}

pub(super) fn caches(device: &Device, speed: f64) -> Vec<Arc<Column>> {
    const DYNAMIC: i32 = 3;
    const REACHABLE: i32 = 1;
    let mut media = TableBuilder::new(&NET_TO_MEDIA_ENTRY, &[1, 2, 3, 4]);
    let mut physical = TableBuilder::new(&NET_TO_PHYSICAL_ENTRY, &[4, 5, 6, 7]);
    for (ip, row) in &device.arp {
        let Some(if_index) = device.port(row.port).map(|p| p.if_index) else { continue };
        let mac = row.mac.octets();
        if let IpAddr::V4(ip) = ip {
            media.row(
                [if_index].into_iter().chain(ip.octets().map(u32::from)).collect(),
                vec![Cell::Int(if_index as i32), Cell::Mac(mac), Cell::Ip(ip.octets()), Cell::Int(DYNAMIC)],
            );
        }
        if device.model.ip_net_to_physical {
            let (kind, octets) = match ip {
                IpAddr::V4(ip) => (1u32, ip.octets().to_vec()),
                IpAddr::V6(ip) => (2, ip.octets().to_vec()),
            };
            let index = [if_index, kind, octets.len() as u32]
                .into_iter()
                .chain(octets.into_iter().map(u32::from))
                .collect();
            let updated = device.at_up_time_cs(row.seen, speed);
            physical.row(
                index,
                vec![Cell::Mac(mac), Cell::Ticks(updated), Cell::Int(DYNAMIC), Cell::Int(REACHABLE)],
            );
        }
    }
    let mut columns = media.finish();
    columns.extend(physical.finish());
    columns
}

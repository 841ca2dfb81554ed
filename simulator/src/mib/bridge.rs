//! BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363).

use std::collections::BTreeMap;
use std::sync::Arc;

use netwarden_model::Mac;

use super::Cell;
use super::snapshot::{Column, TableBuilder, scalar};
use crate::world::device::{Device, Kind, PortNo};
use crate::world::port_set::{PortSet, port_list};

/// dot1dBridge.
pub const DOT1D: [u32; 7] = [1, 3, 6, 1, 2, 1, 17];
/// dot1dBasePortEntry.
pub const BASE_PORT_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 1, 4, 1];
/// dot1dStpPortEntry.
pub const STP_PORT_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 2, 15, 1];
/// dot1dTpFdbEntry.
pub const TP_FDB_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 4, 3, 1];
/// dot1qBase.
pub const DOT1Q_BASE: [u32; 10] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 1];
/// dot1qFdbEntry.
pub const Q_FDB_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 1, 1];
/// dot1qTpFdbEntry.
pub const Q_TP_FDB_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1];
/// dot1qVlanNumDeletes.
pub const VLAN_NUM_DELETES: [u32; 11] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 1];
/// dot1qVlanCurrentEntry.
pub const VLAN_CURRENT_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1];
/// dot1qVlanStaticEntry.
pub const VLAN_STATIC_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1];
/// dot1qPortVlanEntry.
pub const PORT_VLAN_ENTRY: [u32; 12] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1];

/// Octets of the device's PortLists: room for its highest bridge port, at least eight.
pub fn port_list_width(device: &Device) -> usize {
    let highest = device.ports.iter().filter_map(|p| p.base_port).max().unwrap_or(0);
    (highest as usize).div_ceil(8).max(8)
}

fn list(device: &Device, ports: &PortSet, width: usize) -> Cell {
    let base = ports.iter().filter_map(|p| device.port(p)?.base_port);
    Cell::Octets(port_list(base, width).into())
}

pub(super) fn configured(device: &Device) -> Vec<Arc<Column>> {
    if device.kind != Kind::Switch {
        return Vec::new();
    }
    let object = |tail: &[u32]| -> Vec<u32> { DOT1D.iter().chain(tail).copied().collect() };
    let bridged = device.ports.iter().filter(|p| p.base_port.is_some()).count();
    let mut columns = vec![
        scalar(&object(&[1, 1]), Cell::Mac(device.base_mac.octets())),
        scalar(&object(&[1, 2]), Cell::Int(bridged as i32)),
        scalar(&object(&[1, 3]), Cell::Int(2)), // transparent-only
        scalar(&object(&[4, 2]), Cell::Int(300)),
        scalar(&object(&[7, 1, 1, 1]), Cell::Int(1)),
        scalar(&object(&[7, 1, 1, 2]), Cell::Int(4094)),
        scalar(&object(&[7, 1, 1, 3]), Cell::Gauge(4094)),
        scalar(&object(&[7, 1, 1, 4]), Cell::Gauge(device.vlans.len() as u32)),
        scalar(&object(&[7, 1, 1, 5]), Cell::Int(2)),
        scalar(&VLAN_NUM_DELETES, Cell::Counter(0)),
    ];
    let mut base_ports = TableBuilder::new(&BASE_PORT_ENTRY, &[1, 2, 3, 4, 5]);
    let mut spanning = TableBuilder::new(&STP_PORT_ENTRY, &[1, 3]);
    let mut port_vlans = TableBuilder::new(&PORT_VLAN_ENTRY, &[1, 2, 3]);
    for port in &device.ports {
        let Some(base) = port.base_port else { continue };
        base_ports.row(
            vec![base],
            vec![
                Cell::Int(base as i32),
                Cell::Int(port.if_index as i32),
                Cell::Oid(Box::new([0, 0])),
                Cell::Counter(0),
                Cell::Counter(0),
            ],
        );
        // disabled(1), blocking(2), forwarding(5)
        let state = match (port.oper_up, port.blocked) {
            (false, _) => 1,
            (true, true) => 2,
            (true, false) => 5,
        };
        spanning.row(vec![base], vec![Cell::Int(base as i32), Cell::Int(state)]);
        let filtering = if device.model.ingress_filtering { 1 } else { 2 };
        port_vlans
            .row(vec![base], vec![Cell::Gauge(u32::from(port.pvid)), Cell::Int(1), Cell::Int(filtering)]);
    }
    let width = port_list_width(device);
    let mut current = TableBuilder::new(&VLAN_CURRENT_ENTRY, &[3, 4, 5, 6, 7]);
    let mut fixed = TableBuilder::new(&VLAN_STATIC_ENTRY, &[1, 2, 3, 4, 5]);
    for (vlan, row) in &device.vlans {
        let (egress, untagged) = (list(device, &row.egress, width), list(device, &row.untagged, width));
        current.row(
            vec![0, u32::from(*vlan)],
            vec![Cell::Gauge(row.fdb_id), egress.clone(), untagged.clone(), Cell::Int(2), Cell::Ticks(0)],
        );
        fixed.row(
            vec![u32::from(*vlan)],
            vec![
                Cell::text(&row.name),
                egress,
                Cell::Octets(vec![0; width].into()),
                untagged,
                Cell::Int(1), // active
            ],
        );
    }
    columns.extend(base_ports.finish());
    columns.extend(spanning.finish());
    columns.extend(port_vlans.finish());
    columns.extend(current.finish());
    columns.extend(fixed.finish());
    columns
}

/// What was learned: dot1dTpFdbTable, dot1qFdbTable, dot1qTpFdbTable.
pub(super) fn learned(device: &Device) -> Vec<Arc<Column>> {
    const LEARNED: i32 = 3;
    const OWN: i32 = 4;
    if device.kind != Kind::Switch {
        return Vec::new();
    }
    let base = |port: PortNo| device.port(port).and_then(|p| p.base_port);
    let mut by_vlan = TableBuilder::new(&Q_TP_FDB_ENTRY, &[2, 3]);
    let mut plain: BTreeMap<Mac, (u32, i32)> = BTreeMap::new();
    let mut counts: BTreeMap<u32, u32> = device.vlans.values().map(|row| (row.fdb_id, 0)).collect();
    let rows =
        device.fdb.iter().filter_map(|((vlan, mac), row)| Some((*vlan, *mac, base(row.port)?, LEARNED)));
    let own = device.model.self_in_fdb.then_some((device.management_vlan, device.base_mac, 0, OWN));
    for (vlan, mac, port, status) in rows.chain(own) {
        let Some(fdb_id) = device.vlans.get(&vlan).map(|v| v.fdb_id) else { continue };
        let index = [fdb_id].into_iter().chain(mac.octets().map(u32::from)).collect();
        by_vlan.row(index, vec![Cell::Int(port as i32), Cell::Int(status)]);
        plain.insert(mac, (port, status));
        *counts.entry(fdb_id).or_default() += 1;
    }
    let mut columns = by_vlan.finish();
    let mut tables = TableBuilder::new(&Q_FDB_ENTRY, &[2]);
    for (fdb_id, count) in counts {
        tables.row(vec![fdb_id], vec![Cell::Counter(count)]);
    }
    columns.extend(tables.finish());
    if device.model.dot1d_fdb {
        let mut table = TableBuilder::new(&TP_FDB_ENTRY, &[1, 2, 3]);
        for (mac, (port, status)) in plain {
            let octets = mac.octets();
            table.row(
                octets.map(u32::from).to_vec(),
                vec![Cell::Mac(octets), Cell::Int(port as i32), Cell::Int(status)],
            );
        }
        columns.extend(table.finish());
    }
    columns
}

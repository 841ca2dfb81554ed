//! Q-BRIDGE-MIB (RFC 4363) and its successor IEEE8021-Q-BRIDGE-MIB: VLANs and where addresses were
//! learned in them.

use std::collections::BTreeMap;

use netwarden_model::reading::{Quirk, QuirkTally};

use super::bridge::{self, BasePorts, RawFdb};
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{bits, decimal_list, mac_of_index, text, unsigned, vlan_id, vlan_of_index};
use crate::profile::Vendor;
use crate::table::Table;

const CURRENT_FDB_ID: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1, 3];
const CURRENT_EGRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1, 4];
const CURRENT_UNTAGGED: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1, 5];
const STATIC_NAME: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 1];
const STATIC_EGRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 2];
const STATIC_UNTAGGED: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 4];
const PVID: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1];
const TP_FDB_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2];
const TP_FDB_STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 3];

const IEEE_NAME: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 4, 3, 1, 3];
const IEEE_EGRESS: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 4, 3, 1, 4];
const IEEE_UNTAGGED: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 4, 3, 1, 6];
const IEEE_PVID: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 4, 5, 1, 1];
const IEEE_FDB_PORT: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 2, 2, 1, 2];
const IEEE_FDB_STATUS: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 4, 1, 2, 2, 1, 3];

/// dot1qVlanCurrentTable, dot1qVlanStaticTable and dot1qPvid.
pub const VLAN_COLUMNS: &[&[u32]] =
    &[CURRENT_FDB_ID, CURRENT_EGRESS, CURRENT_UNTAGGED, STATIC_NAME, STATIC_EGRESS, STATIC_UNTAGGED, PVID];

/// dot1qTpFdbTable.
pub const FDB_COLUMNS: &[&[u32]] = &[TP_FDB_PORT, TP_FDB_STATUS];

/// ieee8021QBridgeVlanStaticTable and ieee8021QBridgePvid.
pub const IEEE_VLAN_COLUMNS: &[&[u32]] = &[IEEE_NAME, IEEE_EGRESS, IEEE_UNTAGGED, IEEE_PVID];

/// ieee8021QBridgeTpFdbTable.
pub const IEEE_FDB_COLUMNS: &[&[u32]] = &[IEEE_FDB_PORT, IEEE_FDB_STATUS];

/// How a device numbers and writes the ports of its lists.
#[derive(Debug, Clone, Copy)]
pub struct Ports<'a> {
    /// dot1dBasePortIfIndex.
    pub base_ports: &'a BasePorts,
    /// Its interfaces.
    pub names: &'a Names,
    /// Its maker.
    pub vendor: Vendor,
}

impl Ports<'_> {
    /// ifIndexes of a PortList.
    fn members(&self, value: netwarden_snmp::ValueRef<'_>) -> Option<Vec<u32>> {
        let bytes = value.as_bytes()?;
        let numbers = match self.vendor {
            Vendor::Juniper => decimal_list(bytes).unwrap_or_else(|| bits(bytes, 1)),
            _ => bits(bytes, 1),
        };
        Some(numbers.into_iter().filter_map(|n| self.base_ports.member(n, self.names)).collect())
    }
}

/// VLANs of Q-BRIDGE-MIB. What is in force (dot1qVlanCurrentTable) goes before what is configured;
/// a VLAN that is only configured has its configured ports.
pub fn vlans(table: &Table, ports: Ports<'_>, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    // Foundry's current table lists wrong ports on some releases; its static one is right
    let static_first = ports.vendor == Vendor::Foundry && table.has(STATIC_EGRESS);
    // a column of zeros maps nothing, and where it stands alone its indexes are no VLAN ids either:
    // FortiSwitch numbers its rows
    let ids_are_empty = table.column(CURRENT_FDB_ID).all(|(_, value)| unsigned(value) == Some(0));
    let mut current: BTreeMap<_, u32> = BTreeMap::new();
    for column in [CURRENT_FDB_ID, CURRENT_EGRESS, CURRENT_UNTAGGED] {
        for (index, value) in table.column(column) {
            // TimeFilter (RFC 4502) and VlanIndex; some agents leave the filter out
            let (mark, id) = match index {
                [mark, id] => (*mark, *id),
                [id] => (0, *id),
                _ => {
                    tally.dropped(Quirk::IndexMalformed);
                    continue;
                }
            };
            let Some(id) = vlan_of_index(id) else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            if column == CURRENT_FDB_ID && ids_are_empty {
                continue;
            }
            tables.row(id);
            let newest = current.entry((column, id)).or_insert(mark);
            if mark < *newest {
                continue;
            }
            *newest = mark;
            if column == CURRENT_FDB_ID {
                match unsigned(value) {
                    Some(fdb_id) => tables.fdb_ids.insert(fdb_id, id),
                    None => tally.met(Quirk::ValueMalformed),
                }
                continue;
            }
            let Some(members) = ports.members(value) else {
                tally.met(Quirk::ValueMalformed);
                continue;
            };
            if !static_first {
                let row = tables.row(id);
                let set = if column == CURRENT_EGRESS { &mut row.egress } else { &mut row.untagged };
                *set = members.into_iter().collect();
            }
        }
    }
    for (column, is_egress) in [(STATIC_EGRESS, true), (STATIC_UNTAGGED, false)] {
        for (index, value) in table.column(column) {
            let Some(id) = single_vlan(index, tally) else { continue };
            let in_force = current.contains_key(&(CURRENT_EGRESS, id)) && !static_first;
            let members = ports.members(value).unwrap_or_default();
            let row = tables.row(id);
            if !in_force {
                let set = if is_egress { &mut row.egress } else { &mut row.untagged };
                set.extend(members);
            }
        }
    }
    for (index, value) in table.column(STATIC_NAME) {
        if let Some(id) = single_vlan(index, tally) {
            tables.row(id).name = text(value);
        }
    }
    for (index, value) in table.column(PVID) {
        if let [port] = index {
            pvid(&mut tables, *port, value, ports);
        } else {
            tally.dropped(Quirk::IndexMalformed);
        }
    }
    finish(tables)
}

/// VLANs of IEEE8021-Q-BRIDGE-MIB, whose rows carry a bridge component before the VLAN.
pub fn ieee_vlans(table: &Table, ports: Ports<'_>, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for column in [IEEE_NAME, IEEE_EGRESS, IEEE_UNTAGGED] {
        for (index, value) in table.column(column) {
            let [_component, id] = index else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            let Some(id) = vlan_of_index(*id) else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            let row = tables.row(id);
            match column {
                IEEE_NAME => row.name = text(value),
                IEEE_EGRESS => row.egress.extend(ports.members(value).unwrap_or_default()),
                _ => row.untagged.extend(ports.members(value).unwrap_or_default()),
            }
        }
    }
    for (index, value) in table.column(IEEE_PVID) {
        if let [_component, port] = index {
            pvid(&mut tables, *port, value, ports);
        }
    }
    finish(tables)
}

fn single_vlan(index: &[u32], tally: &mut QuirkTally) -> Option<netwarden_model::VlanId> {
    let id = match index {
        [id] => vlan_of_index(*id),
        _ => None,
    };
    if id.is_none() {
        tally.dropped(Quirk::IndexMalformed);
    }
    id
}

fn pvid(tables: &mut VlanTables, port: u32, value: netwarden_snmp::ValueRef<'_>, ports: Ports<'_>) {
    let if_index = ports.base_ports.member(port, ports.names);
    if let (Some(if_index), Some(id)) = (if_index, vlan_id(value)) {
        tables.pvids.insert(if_index, id);
    }
    if let Some(id) = vlan_id(value) {
        tables.fdb_ids.know(id);
    }
}

fn finish(mut tables: VlanTables) -> VlanTables {
    for row in tables.vlans.values_mut() {
        // an untagged port sends the VLAN, whatever the egress list of a sloppy agent says
        row.egress.extend(row.untagged.iter().copied());
    }
    for id in tables.vlans.keys() {
        tables.fdb_ids.know(*id);
    }
    tables
}

/// Rows of dot1qTpFdbTable.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(TP_FDB_PORT) {
        let status = bridge::status(table.get(TP_FDB_STATUS, index));
        if let Some(row) = raw(index, value, status, tally) {
            rows.push(row);
        }
    }
    rows
}

/// Rows of ieee8021QBridgeTpFdbTable.
pub fn ieee_forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(IEEE_FDB_PORT) {
        let status = bridge::status(table.get(IEEE_FDB_STATUS, index));
        if let Some(row) = raw(index.get(1..).unwrap_or_default(), value, status, tally) {
            rows.push(row);
        }
    }
    rows
}

/// FDB id and address; some agents put the address's length between them.
fn raw(
    index: &[u32],
    value: netwarden_snmp::ValueRef<'_>,
    status: netwarden_model::reading::FdbStatus,
    tally: &mut QuirkTally,
) -> Option<RawFdb> {
    let (fdb_id, octets) = match index {
        [id, 6, octets @ ..] if octets.len() == 6 => {
            tally.met(Quirk::MacIndexWithLength);
            (*id, octets)
        }
        [id, octets @ ..] if octets.len() == 6 => (*id, octets),
        _ => {
            tally.dropped(Quirk::IndexMalformed);
            return None;
        }
    };
    let Some(mac) = mac_of_index(octets) else {
        tally.dropped(Quirk::IndexMalformed);
        return None;
    };
    let Some(port) = unsigned(value) else {
        tally.dropped(Quirk::ValueMalformed);
        return None;
    };
    Some(RawFdb { mac, port, fdb_id: Some(fdb_id), status })
}

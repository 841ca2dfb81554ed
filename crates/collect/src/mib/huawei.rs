//! HUAWEI-L2MAM-MIB, HUAWEI-L2VLAN-MIB and HUAWEI-L2IF-MIB.

use netwarden_model::reading::{FdbStatus, Quirk, QuirkTally};

use super::bridge::{BasePorts, RawFdb};
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{bits, mac_of_index, text, unsigned, vlan_id, vlan_of_index};
use crate::table::Table;

const DYN_FDB_PORT: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 2, 1, 3, 1, 4];
const VLAN_DESCR: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 3, 1, 1, 1, 1, 2];
const VLAN_PORTS: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 3, 1, 1, 1, 1, 3];
const VLAN_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 3, 1, 1, 1, 1, 17];
const PORT_IF_INDEX: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 3, 1, 2];
const PORT_TYPE: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 3, 1, 3];
const PORT_PVID: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 3, 1, 4];

const HYBRID: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 9, 1];
const TRUNK: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 10, 1];

/// hwL2IfHybridPortTable and hwL2IfTrunkPortTable: lists of 256 octets for each port, asked for only
/// where Q-BRIDGE-MIB has no port sets.
pub const MEMBER_COLUMNS: &[&[u32]] = &[
    PORT_IF_INDEX,
    PORT_TYPE,
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 9, 1, 2],
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 9, 1, 3],
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 9, 1, 4],
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 9, 1, 5],
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 10, 1, 2],
    &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 1, 1, 1, 10, 1, 3],
];

/// hwDynFdbTable.
pub const FDB_COLUMNS: &[&[u32]] = &[DYN_FDB_PORT];

/// hwL2VlanMIBTable and hwL2IfTable.
pub const VLAN_COLUMNS: &[&[u32]] = &[VLAN_DESCR, VLAN_PORTS, VLAN_NAME, PORT_IF_INDEX, PORT_TYPE, PORT_PVID];

/// Rows of hwDynFdbTable: the index is address, VLAN, VSI; the value is an ifIndex. `fdb_id` of the
/// rows is the VLAN itself.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(DYN_FDB_PORT) {
        let parts = index
            .split_at_checked(6)
            .and_then(|(octets, rest)| Some((mac_of_index(octets)?, *rest.first()?)));
        let Some((mac, vlan)) = parts else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let Some(port) = unsigned(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        rows.push(RawFdb { mac, port, fdb_id: Some(vlan), status: FdbStatus::Learned });
    }
    rows
}

/// VLANs and port types.
pub fn vlans(table: &Table, base_ports: &BasePorts, names: &Names, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for column in [VLAN_DESCR, VLAN_NAME, VLAN_PORTS] {
        for (index, value) in table.column(column) {
            let id = match index {
                [id] => vlan_of_index(*id),
                _ => None,
            };
            let Some(id) = id else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            tables.fdb_ids.know(id);
            let row = tables.row(id);
            match column {
                VLAN_PORTS => {
                    let ports = value.as_bytes().map(|b| bits(b, 1)).unwrap_or_default();
                    row.egress.extend(ports.into_iter().filter_map(|p| base_ports.member(p, names)));
                }
                // the name, where one was given, else the description
                VLAN_NAME => row.name = text(value).or_else(|| row.name.take()),
                _ => row.name = text(value),
            }
        }
    }
    for (index, value) in table.column(PORT_IF_INDEX) {
        let Some(if_index) = unsigned(value).filter(|n| *n > 0) else { continue };
        match table.get(PORT_TYPE, index).and_then(unsigned) {
            Some(1) => tables.trunk.insert(if_index, true),
            Some(2) => tables.trunk.insert(if_index, false),
            _ => None,
        };
        if let Some(pvid) = table.get(PORT_PVID, index).and_then(vlan_id) {
            tables.pvids.insert(if_index, pvid);
        }
    }
    tables
}

/// Adds the members that the lists of trunk and hybrid ports tell, of VLANs that exist. A list's first
/// bit is VLAN 0, or VLAN 2048 in its upper half.
pub fn members(table: &Table, tables: &mut VlanTables) {
    for (prefix, arm, first, untagged, kind) in [
        (TRUNK, 2, 0, false, 1),
        (TRUNK, 3, 2048, false, 1),
        (HYBRID, 2, 0, false, 3),
        (HYBRID, 3, 2048, false, 3),
        (HYBRID, 4, 0, true, 3),
        (HYBRID, 5, 2048, true, 3),
    ] {
        let column = [prefix, &[arm]].concat();
        for (index, value) in table.column(&column) {
            // the lists stay when a port becomes another kind: they do not count then
            if table.get(PORT_TYPE, index).and_then(unsigned).is_some_and(|n| n != kind) {
                continue;
            }
            let port = table.get(PORT_IF_INDEX, index).and_then(unsigned).filter(|n| *n > 0);
            let (Some(port), Some(list)) = (port, value.as_bytes()) else { continue };
            for id in bits(list, first).into_iter().filter_map(vlan_of_index) {
                if tables.vlans.contains_key(&id) {
                    let untagged = untagged || kind == 1 && tables.pvids.get(&port) == Some(&id);
                    tables.member(id, port, untagged);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn the_vlan_stands_in_the_index_and_the_value_is_an_interface() {
        let mut tally = QuirkTally::default();
        let cell = |index: &[u32], n| VarBind::new(Oid::from(DYN_FDB_PORT).child(index), Value::Integer(n));
        let rows = forwarding(
            &Table::new(vec![
                cell(&[2, 0, 0, 0, 0, 1, 410, 1, 48], 111),
                cell(&[2, 0, 0, 0, 0, 1], 111),
                cell(&[2, 0, 0, 0, 0, 999, 410, 1, 48], 111),
            ]),
            &mut tally,
        );
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].fdb_id, rows[0].port), (Some(410), 111));
        assert_eq!(tally.into_counts()[0].dropped, 2);
    }

    #[test]
    fn lists_of_trunks_count_for_vlans_that_exist_and_ports_that_are_trunks() {
        let column = |arm: u32| Oid::from(TRUNK).child([arm]);
        let mut low = vec![0; 256];
        low[1] = 0b0011_0000; // VLANs 10 and 11
        let cell =
            |column: &[u32], port: u32, n| VarBind::new(Oid::from(column).child([port]), Value::Integer(n));
        let mut tables = VlanTables::default();
        let (ten, far) = (vlan_of_index(10).unwrap(), vlan_of_index(2048).unwrap());
        tables.row(ten);
        tables.row(far);
        members(
            &Table::new(vec![
                VarBind::new(column(2).child([1]), Value::OctetString(low.clone())),
                VarBind::new(column(3).child([1]), Value::OctetString(vec![0b1000_0000])),
                VarBind::new(column(2).child([2]), Value::OctetString(low)),
                cell(PORT_IF_INDEX, 1, 101),
                cell(PORT_IF_INDEX, 2, 102),
                cell(PORT_TYPE, 2, 2),
            ]),
            &mut tables,
        );
        assert_eq!(tables.vlans[&ten].egress, [101].into());
        assert_eq!(tables.vlans[&far].egress, [101].into());
        assert_eq!(tables.vlans.len(), 2);
    }
}

//! HUAWEI-L2MAM-MIB, HUAWEI-L2VLAN-MIB and HUAWEI-L2IF-MIB.

use netwarden_model::reading::{FdbStatus, Quirk, QuirkTally};

use super::bridge::{BasePorts, RawFdb};
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{bits, mac_of_index, text, unsigned, vlan_id, vlan_of_index};
use crate::table::Table;

const DYN_FDB_PORT: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 2, 1, 3, 1, 4];
const CFG_QUERY_IF_INDEX: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 25, 42, 2, 1, 32, 1, 13];
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

/// hwDynFdbTable, and hwCfgMacAddrQueryTable with the addresses that were configured or made to stick.
pub const FDB_COLUMNS: &[&[u32]] = &[DYN_FDB_PORT, CFG_QUERY_IF_INDEX];

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
    for (index, value) in table.column(CFG_QUERY_IF_INDEX) {
        let Some((mac, vlan, mode)) = configured(index) else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let Some(port) = unsigned(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        // the same address comes again under each way of asking; showall(1) has them all. An address
        // without an interface is a black hole, one without a VLAN belongs to a VPLS.
        if mode == 1 && port > 0 && vlan > 0 {
            rows.push(RawFdb { mac, port, fdb_id: Some(vlan), status: FdbStatus::Mgmt });
        }
    }
    rows
}

/// Address, VLAN and hwCfgMacAddrQueryConditionMode of an index that begins with VLAN, VSI name, SI
/// name (each with its length), bridge id, address, mode.
fn configured(index: &[u32]) -> Option<(netwarden_model::Mac, u32, u32)> {
    let (vlan, rest) = index.split_first()?;
    let rest = after_name(after_name(rest)?)?;
    let (_bridge, rest) = rest.split_first()?;
    let (octets, rest) = rest.split_at_checked(6)?;
    Some((mac_of_index(octets)?, *vlan, *rest.first()?))
}

fn after_name(index: &[u32]) -> Option<&[u32]> {
    let (length, rest) = index.split_first()?;
    rest.get(usize::try_from(*length).ok()?..)
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
    fn addresses_that_stick_stand_in_another_table_once_for_each_way_of_asking() {
        let mut tally = QuirkTally::default();
        let cell =
            |index: &[u32], n| VarBind::new(Oid::from(CFG_QUERY_IF_INDEX).child(index), Value::Integer(n));
        let rows = forwarding(
            &Table::new(vec![
                cell(&[10, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], 7),
                cell(&[10, 0, 0, 0, 2, 0, 0, 0, 0, 1, 8, 0, 0, 10, 0, 0], 7),
                cell(&[10, 0, 0, 0, 2, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0], 0),
                cell(&[0, 2, 118, 49, 0, 0, 2, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0], 7),
                cell(&[10, 4_000_000_000, 0, 0, 2], 7),
            ]),
            &mut tally,
        );
        let found: Vec<_> = rows.iter().map(|r| (r.mac.octets()[5], r.port, r.fdb_id, r.status)).collect();
        assert_eq!(found, [(1, 7, Some(10), FdbStatus::Mgmt)]);
        assert_eq!(tally.into_counts()[0].dropped, 1);
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

//! CISCO-VTP-MIB and CISCO-VLAN-MEMBERSHIP-MIB: the VLANs of Cisco's switches.

use netwarden_model::VlanId;
use netwarden_model::reading::{Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{bits, text, unsigned, vlan_id, vlan_of_index};
use crate::table::Table;

const VTP_VLAN_STATE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 2];
const VTP_VLAN_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 4];
const TRUNK_VLANS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 4];
const TRUNK_NATIVE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 5];
const TRUNK_STATUS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 14];
const TRUNK_ENCAPSULATION: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 16];
const TRUNK_VLANS_2K: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 17];
const TRUNK_VLANS_3K: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 18];
const TRUNK_VLANS_4K: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 19];
/// vmVlan: the VLAN of an access port; settable.
pub const VM_VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2];

/// vtpVlanTable, vlanTrunkPortTable and vmVlan.
pub const COLUMNS: &[&[u32]] = &[
    VTP_VLAN_STATE,
    VTP_VLAN_NAME,
    TRUNK_VLANS,
    TRUNK_NATIVE,
    TRUNK_STATUS,
    TRUNK_ENCAPSULATION,
    TRUNK_VLANS_2K,
    TRUNK_VLANS_3K,
    TRUNK_VLANS_4K,
    VM_VLAN,
];

/// VLANs and ports. All port indexes of these MIBs are ifIndexes.
pub fn vlans(table: &Table, names: &Names, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for column in [VTP_VLAN_STATE, VTP_VLAN_NAME] {
        for (index, value) in table.column(column) {
            match index {
                [_domain, id] if vlan_of_index(*id).is_some() => {
                    if let Some(id) = vlan_of_index(*id) {
                        let row = tables.row(id);
                        if column == VTP_VLAN_NAME {
                            row.name = text(value);
                        }
                    }
                }
                _ => tally.dropped(Quirk::IndexMalformed),
            }
        }
    }
    for (index, value) in table.column(VM_VLAN) {
        let Some(port) = port(index, names, tally) else { continue };
        let Some(id) = vlan_id(value) else { continue };
        tables.pvids.insert(port, id);
        tables.trunk.insert(port, false);
        if !tables.vlans.is_empty() {
            tables.member(id, port, true);
        }
        tables.fdb_ids.know(id);
    }
    trunks(table, names, &mut tables, tally);
    for id in tables.vlans.keys() {
        tables.fdb_ids.know(*id);
    }
    tables
}

fn trunks(table: &Table, names: &Names, tables: &mut VlanTables, tally: &mut QuirkTally) {
    let all: Vec<VlanId> = tables.vlans.keys().copied().filter(|id| !is_reserved(*id)).collect();
    for (index, native) in table.column(TRUNK_NATIVE) {
        let Some(port) = port(index, names, tally) else { continue };
        let encapsulated = || match table.get(TRUNK_ENCAPSULATION, index).and_then(unsigned) {
            Some(1..=5) => Some(true),
            Some(6) => Some(false),
            _ => None,
        };
        let trunking = match table.get(TRUNK_STATUS, index).and_then(unsigned) {
            Some(1) => Some(true),
            Some(2) => Some(false),
            _ => encapsulated(),
        };
        if trunking == Some(true) {
            tables.trunk.insert(port, true);
            for id in all.iter().filter(|id| allowed(table, index, **id)) {
                tables.member(*id, port, false);
            }
        } else if let Some(trunk) = trunking {
            tables.trunk.entry(port).or_insert(trunk);
        }
        // an access port has a native VLAN in this table as well; vmVlan is the one in force
        let is_access = trunking != Some(true) && tables.pvids.contains_key(&port);
        if let Some(id) = vlan_id(native).filter(|_| !is_access) {
            tables.pvids.insert(port, id);
            tables.fdb_ids.know(id);
            if tables.vlans.contains_key(&id) {
                tables.member(id, port, true);
            }
        }
    }
}

/// vlanTrunkPortVlansEnabled and its three continuations, 1,024 VLANs each, the first bit VLAN 0.
fn allowed(table: &Table, port: &[u32], id: VlanId) -> bool {
    let id = u32::from(id.get());
    let column = match id / 1024 {
        0 => TRUNK_VLANS,
        1 => TRUNK_VLANS_2K,
        2 => TRUNK_VLANS_3K,
        _ => TRUNK_VLANS_4K,
    };
    let first = id / 1024 * 1024;
    table.get(column, port).and_then(ValueRef::as_bytes).is_some_and(|bytes| bits(bytes, first).contains(&id))
}

fn port(index: &[u32], names: &Names, tally: &mut QuirkTally) -> Option<u32> {
    match index {
        [port] => names.known(*port, tally).map(|i| i.0),
        _ => {
            tally.dropped(Quirk::IndexMalformed);
            None
        }
    }
}

/// VLANs 1002 to 1005 are set aside for FDDI and Token Ring and have no forwarding table.
pub fn is_reserved(id: VlanId) -> bool {
    (1002..=1005).contains(&id.get())
}

/// VLANs whose forwarding tables must be read each in its own context: the operational ones.
pub fn contexts(table: &Table) -> Vec<VlanId> {
    let mut ids: Vec<VlanId> = table
        .column(VTP_VLAN_NAME)
        .map(|(index, _)| index)
        .chain(table.column(VTP_VLAN_STATE).map(|(index, _)| index))
        .filter(|index| table.get(VTP_VLAN_STATE, index).and_then(unsigned).is_none_or(|s| s == 1))
        .filter_map(|index| match index {
            [_, id] => vlan_of_index(*id),
            _ => None,
        })
        .filter(|id| !is_reserved(*id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    fn number(column: &[u32], index: &[u32], n: i32) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::Integer(n))
    }

    fn octets(column: &[u32], index: &[u32], value: &[u8]) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::OctetString(value.to_vec()))
    }

    fn id(n: i64) -> VlanId {
        VlanId::new(n).unwrap()
    }

    #[test]
    fn access_ports_trunks_and_reserved_vlans() {
        let mut names = Names::default();
        for port in [1, 2, 3] {
            names.insert(port, None);
        }
        let mut first_k = vec![0; 128];
        first_k[0] = 0b0100_0000; // VLAN 1
        first_k[1] = 0b0010_0000; // VLAN 10
        let mut second_k = vec![0; 128];
        second_k[0] = 0b0100_0000; // VLAN 1025
        let table = Table::new(vec![
            octets(VTP_VLAN_NAME, &[1, 1], b"default"),
            octets(VTP_VLAN_NAME, &[1, 10], b"office"),
            octets(VTP_VLAN_NAME, &[1, 20], b"suspended"),
            octets(VTP_VLAN_NAME, &[1, 1002], b"fddi-default"),
            octets(VTP_VLAN_NAME, &[1, 1025], b"far"),
            number(VTP_VLAN_STATE, &[1, 20], 2),
            number(VTP_VLAN_STATE, &[1, 10], 1),
            number(VM_VLAN, &[1], 10),
            number(VM_VLAN, &[9], 10),
            number(TRUNK_NATIVE, &[1], 1),
            number(TRUNK_STATUS, &[1], 2),
            number(TRUNK_NATIVE, &[2], 1),
            number(TRUNK_STATUS, &[2], 1),
            octets(TRUNK_VLANS, &[2], &first_k),
            octets(TRUNK_VLANS_2K, &[2], &second_k),
            number(TRUNK_NATIVE, &[3], 1),
            number(TRUNK_ENCAPSULATION, &[3], 6),
        ]);
        let mut tally = QuirkTally::default();
        let read = vlans(&table, &names, &mut tally);
        assert_eq!(contexts(&table), [id(1), id(10), id(1025)]);
        assert_eq!(read.pvids, [(1, id(10)), (2, id(1)), (3, id(1))].into());
        assert_eq!(read.trunk, [(1, false), (2, true), (3, false)].into());
        assert_eq!(read.vlans[&id(10)].egress, [1, 2].into());
        assert_eq!(read.vlans[&id(10)].untagged, [1].into());
        assert_eq!(read.vlans[&id(1)].untagged, [2, 3].into());
        assert_eq!(read.vlans[&id(1025)].egress, [2].into());
        assert_eq!(tally.into_counts()[0].quirk, Quirk::InterfaceUnknown);
    }
}

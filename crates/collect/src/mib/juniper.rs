//! JUNIPER-VLAN-MIB (EX before ELS) and JUNIPER-L2ALD-MIB (ELS): VLAN names, tags and databases.

use netwarden_model::reading::QuirkTally;

use super::bridge::BasePorts;
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{text, unsigned, vlan_id};
use crate::table::Table;

const EX_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 5, 1, 5, 1, 2];
const EX_TAG: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 5, 1, 5, 1, 5];
const EX_PORT_TAGNESS: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 5, 1, 7, 1, 4];
const EX_PORT_ACCESS_MODE: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 40, 1, 5, 1, 7, 1, 5];
const L2ALD_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 3, 1, 1, 2];
const L2ALD_TAG: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 3, 1, 1, 3];
const L2ALD_FDB_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 2636, 3, 48, 1, 3, 1, 1, 5];

/// jnxExVlanTable, jnxExVlanPortGroupTable and jnxL2aldVlanTable.
pub const COLUMNS: &[&[u32]] =
    &[EX_NAME, EX_TAG, EX_PORT_TAGNESS, EX_PORT_ACCESS_MODE, L2ALD_NAME, L2ALD_TAG, L2ALD_FDB_ID];

/// VLANs by tag; the tables are indexed by a number of Junos's own, which is also the FDB id on EX.
pub fn vlans(table: &Table, base_ports: &BasePorts, names: &Names, _tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for (index, value) in table.column(EX_TAG) {
        let ([number], Some(tag)) = (index, vlan_id(value)) else { continue };
        tables.row(tag).name = table.get(EX_NAME, index).and_then(text);
        tables.fdb_ids.insert(*number, tag);
    }
    for (index, value) in table.column(EX_PORT_TAGNESS) {
        let [number, port] = index else { continue };
        let Some(tag) = table.get(EX_TAG, &[*number]).and_then(vlan_id) else { continue };
        let Some(if_index) = base_ports.member(*port, names) else { continue };
        let untagged = unsigned(value) == Some(2);
        tables.member(tag, if_index, untagged);
        if untagged {
            tables.pvids.insert(if_index, tag);
        }
        match table.get(EX_PORT_ACCESS_MODE, index).and_then(unsigned) {
            Some(1) => tables.trunk.insert(if_index, false),
            Some(2) => tables.trunk.insert(if_index, true),
            _ => None,
        };
    }
    for (index, value) in table.column(L2ALD_TAG) {
        let ([number], Some(tag)) = (index, vlan_id(value)) else { continue };
        let name = table.get(L2ALD_NAME, index).and_then(text);
        tables.row(tag).name = name;
        match table.get(L2ALD_FDB_ID, index).and_then(unsigned) {
            Some(fdb_id) => tables.fdb_ids.insert(fdb_id, tag),
            // ELS numbers its databases by the VLAN's index in the upper half of the word
            None => match number.checked_mul(1 << 16) {
                Some(fdb_id) => tables.fdb_ids.insert(fdb_id, tag),
                None => tables.fdb_ids.know(tag),
            },
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use netwarden_model::VlanId;
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn tags_are_found_by_database() {
        let number = |column: &[u32], index: &[u32], n| {
            VarBind::new(Oid::from(column).child(index), Value::Integer(n))
        };
        let mut base_ports = BasePorts::default();
        base_ports.insert(514, 600);
        let mut names = Names::default();
        names.insert(600, Some("ge-0/0/1.0".into()));
        let mut tally = QuirkTally::default();
        let ex = vlans(
            &Table::new(vec![
                number(EX_TAG, &[2], 100),
                number(EX_PORT_TAGNESS, &[2, 514], 2),
                number(EX_PORT_ACCESS_MODE, &[2, 514], 1),
            ]),
            &base_ports,
            &names,
            &mut tally,
        );
        let hundred = VlanId::new(100).unwrap();
        assert_eq!(ex.fdb_ids.vlan(2, &mut tally), Some(hundred));
        assert_eq!(ex.vlans[&hundred].untagged, [600].into());
        assert!(!ex.trunk[&600]);
        let els = vlans(&Table::new(vec![number(L2ALD_TAG, &[4], 100)]), &base_ports, &names, &mut tally);
        assert_eq!(els.fdb_ids.vlan(262_144, &mut tally), Some(hundred));
    }
}

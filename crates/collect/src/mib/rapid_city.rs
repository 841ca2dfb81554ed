//! RC-VLAN-MIB (Rapid City) of Nortel's and Avaya's ERS and VSP switches.

use netwarden_model::reading::{Quirk, QuirkTally};

use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{bits, text, unsigned, vlan_id, vlan_of_index};
use crate::table::Table;

const VLAN_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 2272, 1, 3, 2, 1, 2];
const VLAN_PORT_MEMBERS: &[u32] = &[1, 3, 6, 1, 4, 1, 2272, 1, 3, 2, 1, 11];
const PORT_DEFAULT_VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 2272, 1, 3, 3, 1, 7];
const PORT_PERFORM_TAGGING: &[u32] = &[1, 3, 6, 1, 4, 1, 2272, 1, 3, 3, 1, 8];

/// rcVlanTable and rcVlanPortTable.
pub const COLUMNS: &[&[u32]] = &[VLAN_NAME, VLAN_PORT_MEMBERS, PORT_DEFAULT_VLAN, PORT_PERFORM_TAGGING];

/// VLANs. Bits of a PortSet are ifIndexes and count from 0.
pub fn vlans(table: &Table, names: &Names, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for (index, value) in table.column(PORT_DEFAULT_VLAN) {
        if let ([port], Some(id)) = (index, vlan_id(value)) {
            tables.pvids.insert(*port, id);
        }
        // TruthValue of "tags all": 1 is a trunk; 4 and 5 tag or untag the PVID only
        match table.get(PORT_PERFORM_TAGGING, index).and_then(unsigned) {
            Some(1 | 5 | 6) => index.first().and_then(|port| tables.trunk.insert(*port, true)),
            Some(2) => index.first().and_then(|port| tables.trunk.insert(*port, false)),
            _ => None,
        };
    }
    for (index, value) in table.column(VLAN_NAME) {
        match index {
            [id] if vlan_of_index(*id).is_some() => {
                if let Some(id) = vlan_of_index(*id) {
                    tables.row(id).name = text(value);
                    tables.fdb_ids.know(id);
                }
            }
            _ => tally.dropped(Quirk::IndexMalformed),
        }
    }
    for (index, value) in table.column(VLAN_PORT_MEMBERS) {
        let id = match index {
            [id] => vlan_of_index(*id),
            _ => None,
        };
        let Some(id) = id else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let ports = value.as_bytes().map(|bytes| bits(bytes, 0)).unwrap_or_default();
        for port in ports.into_iter().filter(|port| names.has(*port)) {
            let tags = table.get(PORT_PERFORM_TAGGING, &[port]).and_then(unsigned);
            let untagged = tables.pvids.get(&port) == Some(&id) && matches!(tags, None | Some(2 | 4));
            tables.member(id, port, untagged);
        }
        tables.fdb_ids.know(id);
    }
    tables
}

#[cfg(test)]
mod tests {
    use netwarden_model::VlanId;
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn the_first_bit_is_port_zero() {
        let mut names = Names::default();
        names.insert(1, None);
        names.insert(2, None);
        let number = |column: &[u32], n| VarBind::new(Oid::from(column).child([1]), Value::Integer(n));
        let read = vlans(
            &Table::new(vec![
                VarBind::new(Oid::from(VLAN_PORT_MEMBERS).child([7]), Value::OctetString(vec![0b0110_0000])),
                number(PORT_DEFAULT_VLAN, 7),
                number(PORT_PERFORM_TAGGING, 2),
            ]),
            &names,
            &mut QuirkTally::default(),
        );
        let seven = VlanId::new(7).unwrap();
        assert_eq!(read.vlans[&seven].egress, [1, 2].into());
        assert_eq!(read.vlans[&seven].untagged, [1].into());
    }
}

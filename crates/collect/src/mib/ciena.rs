//! WWP-LEOS-VLAN-TAG-MIB: the VLANs of Ciena's service delivery switches.

use netwarden_model::reading::{Quirk, QuirkTally};

use super::bridge::BasePorts;
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{text, vlan_of_index};
use crate::table::Table;

const VLAN_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 6141, 2, 60, 5, 1, 1, 4, 1, 2];
const MEMBER_TAG: &[u32] = &[1, 3, 6, 1, 4, 1, 6141, 2, 60, 5, 1, 1, 5, 1, 2];

/// The ifIndex of the first port less one.
const PORT_OFFSET: u32 = 10_000;

/// wwpLeosVlanName and wwpLeosVlanMemberTagId.
pub const COLUMNS: &[&[u32]] = &[VLAN_NAME, MEMBER_TAG];

/// VLANs and their tagged members; a port's ifIndex is its number and 10,000, unless the base-port map
/// says otherwise.
pub fn vlans(table: &Table, base_ports: &BasePorts, names: &Names, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for (index, value) in table.column(VLAN_NAME) {
        let id = match index {
            [id] => vlan_of_index(*id),
            _ => None,
        };
        match id {
            Some(id) => tables.row(id).name = text(value),
            None => tally.dropped(Quirk::IndexMalformed),
        }
    }
    for (index, _) in table.column(MEMBER_TAG) {
        let (Some(id), Some(port)) = (index.first().and_then(|id| vlan_of_index(*id)), index.get(1)) else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let numbered = port.checked_add(PORT_OFFSET).filter(|if_index| names.has(*if_index));
        match numbered.or_else(|| base_ports.member(*port, names)) {
            Some(if_index) => tables.member(id, if_index, false),
            None => tally.met(Quirk::BasePortUnmapped),
        }
    }
    for id in tables.vlans.keys() {
        tables.fdb_ids.know(*id);
    }
    tables
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn ports_are_numbered_from_ten_thousand() {
        let mut names = Names::default();
        names.insert(10_003, Some("3".to_owned()));
        let bind = |column: &[u32], index: &[u32], value| VarBind::new(Oid::from(column).child(index), value);
        let table = Table::new(vec![
            bind(VLAN_NAME, &[127], Value::OctetString(b"mgmt".to_vec())),
            bind(MEMBER_TAG, &[127, 3, 127], Value::Integer(127)),
            bind(MEMBER_TAG, &[127, 9, 127], Value::Integer(127)),
            bind(MEMBER_TAG, &[5000, 3, 1], Value::Integer(1)),
        ]);
        let mut tally = QuirkTally::default();
        let tables = vlans(&table, &BasePorts::default(), &names, &mut tally);
        let row = &tables.vlans[&vlan_of_index(127).unwrap()];
        assert_eq!(row.name.as_deref(), Some("mgmt"));
        assert_eq!(row.egress.iter().copied().collect::<Vec<_>>(), [10_003]);
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows, c.dropped)).collect();
        assert_eq!(counts, [(Quirk::BasePortUnmapped, 1, 0), (Quirk::IndexMalformed, 1, 1)]);
    }
}

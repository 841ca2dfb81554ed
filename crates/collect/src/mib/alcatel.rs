//! ALCATEL-IND1-VLAN-MGR-MIB and ALCATEL-IND1-MAC-ADDRESS-MIB of OmniSwitches, releases 6 (enterprise
//! arm 800) and 7 or later (arm 801).

use netwarden_model::reading::{FdbStatus, Quirk, QuirkTally};

use super::bridge::RawFdb;
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{mac_of_index, text, unsigned, vlan_of_index};
use crate::table::Table;

const VLAN_DESCRIPTION_6: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 3, 1, 1, 1, 1, 1, 2];
const VPA_TYPE_6: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 3, 1, 1, 2, 1, 1, 3];
const VLAN_DESCRIPTION_7: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 3, 1, 1, 1, 1, 1, 2];
const VPA_TYPE_7: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 3, 1, 1, 2, 1, 1, 3];
const MAC_DISPOSITION_6: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 8, 1, 1, 1, 1, 3];
const MAC_MANAGEMENT_7: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 8, 1, 1, 8, 1, 7];

/// vlanDescription and vpaType of release 6.
pub const VLAN_COLUMNS_6: &[&[u32]] = &[VLAN_DESCRIPTION_6, VPA_TYPE_6];
/// The same of release 7 and later.
pub const VLAN_COLUMNS_7: &[&[u32]] = &[VLAN_DESCRIPTION_7, VPA_TYPE_7];
/// slMacAddressDisposition, release 6.
pub const FDB_COLUMNS_6: &[&[u32]] = &[MAC_DISPOSITION_6];
/// slMacAddressGblManagement, release 7 and later.
pub const FDB_COLUMNS_7: &[&[u32]] = &[MAC_MANAGEMENT_7];

/// VLANs; their ports are ifIndexes, and vpaType cfgDefault(1) is the untagged one.
pub fn vlans(table: &Table, names: &Names, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    for column in [VLAN_DESCRIPTION_6, VLAN_DESCRIPTION_7] {
        for (index, value) in table.column(column) {
            let id = match index {
                [id] => vlan_of_index(*id),
                _ => None,
            };
            match id {
                Some(id) => tables.row(id).name = text(value),
                None => tally.dropped(Quirk::IndexMalformed),
            }
        }
    }
    for column in [VPA_TYPE_6, VPA_TYPE_7] {
        for (index, value) in table.column(column) {
            let member = match index {
                [id, port] => vlan_of_index(*id).map(|id| (id, *port)),
                _ => None,
            };
            let Some((id, port)) = member else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            let Some(port) = names.known(port, tally) else { continue };
            let untagged = unsigned(value) == Some(1);
            tables.member(id, port.0, untagged);
            if untagged {
                tables.pvids.insert(port.0, id);
            }
        }
    }
    for id in tables.vlans.keys() {
        tables.fdb_ids.know(*id);
    }
    tables
}

/// Learned addresses; ports are ifIndexes, `fdb_id` is the VLAN.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    // ifIndex, VLAN, address
    for (index, _) in table.column(MAC_DISPOSITION_6) {
        let row = match index {
            [port, vlan, octets @ ..] if octets.len() == 6 => {
                mac_of_index(octets).map(|mac| (mac, *port, *vlan))
            }
            _ => None,
        };
        push(&mut rows, row, FdbStatus::Unknown, tally);
    }
    // domain (vlan is 1), locale, origin (ifIndex), service (VLAN), sub id, address
    for (index, value) in table.column(MAC_MANAGEMENT_7) {
        let row = match index {
            // other domains (VPLS, SPB, VXLAN) do not name a VLAN here
            [domain, _, port, vlan, _, octets @ ..] if octets.len() == 6 => {
                let vlan = if *domain == 1 { *vlan } else { 0 };
                mac_of_index(octets).map(|mac| (mac, *port, vlan))
            }
            _ => None,
        };
        let status = match unsigned(value) {
            Some(1 | 2) => FdbStatus::Mgmt,
            Some(3 | 4) => FdbStatus::Learned,
            _ => FdbStatus::Unknown,
        };
        push(&mut rows, row, status, tally);
    }
    rows
}

fn push(
    rows: &mut Vec<RawFdb>,
    row: Option<(netwarden_model::Mac, u32, u32)>,
    status: FdbStatus,
    tally: &mut QuirkTally,
) {
    match row {
        Some((mac, port, vlan)) => rows.push(RawFdb { mac, port, fdb_id: Some(vlan), status }),
        None => tally.dropped(Quirk::IndexMalformed),
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn both_releases_say_where_an_address_is() {
        let cell =
            |column: &[u32], index: &[u32]| VarBind::new(Oid::from(column).child(index), Value::Integer(1));
        let mut tally = QuirkTally::default();
        let rows = forwarding(
            &Table::new(vec![
                cell(MAC_DISPOSITION_6, &[1005, 20, 2, 0, 0, 0, 0, 1]),
                cell(MAC_MANAGEMENT_7, &[1, 0, 1006, 30, 0, 2, 0, 0, 0, 0, 2]),
                cell(MAC_MANAGEMENT_7, &[2, 1, 1006, 30, 0, 2, 0, 0, 0, 0, 3]),
                cell(MAC_MANAGEMENT_7, &[1]),
            ]),
            &mut tally,
        );
        let found: Vec<_> = rows.iter().map(|r| (r.port, r.fdb_id)).collect();
        assert_eq!(found, [(1005, Some(20)), (1006, Some(30)), (1006, Some(0))]);
        assert_eq!(tally.into_counts()[0].dropped, 1);
        let read = vlans(
            &Table::new(vec![cell(VPA_TYPE_7, &[30, 1006]), cell(VLAN_DESCRIPTION_7, &[30])]),
            &Names::default(),
            &mut QuirkTally::default(),
        );
        assert_eq!(read.pvids.len(), 1);
    }
}

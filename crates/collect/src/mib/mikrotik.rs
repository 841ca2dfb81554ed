//! MIKROTIK-MIB of RouterOS: mtxrNeighborTable (on which interface an LLDP neighbour is) and the
//! script table, through which administrators show the VLANs that no other MIB has.

use netwarden_snmp::{Oid, ValueRef};

use super::interfaces::Names;
use super::lldp::PortsByRow;
use super::vlan::VlanTables;
use crate::convention::{text, unsigned, vlan_of_index};
use crate::table::Table;

const NEIGHBOR_INTERFACE: &[u32] = &[1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1, 8];
const SCRIPT_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 14988, 1, 1, 8, 1, 1, 2];
const SCRIPT_RUN_OUTPUT: &[u32] = &[1, 3, 6, 1, 4, 1, 14988, 1, 1, 18, 1, 1, 2];

/// The script that monitoring systems agree upon: it prints a line `T,254,ether1` for each VLAN and
/// port (`U` where it is untagged). No other script is ever run.
const VLAN_SCRIPT: &str = "LNMS_vlans";

/// mtxrNeighborInterfaceID.
pub const COLUMNS: &[&[u32]] = &[NEIGHBOR_INTERFACE];
/// mtxrScriptName.
pub const SCRIPT_COLUMNS: &[&[u32]] = &[SCRIPT_NAME];

/// ifIndex by lldpRemIndex.
pub fn ports(table: &Table) -> PortsByRow {
    table
        .column(NEIGHBOR_INTERFACE)
        .filter_map(|(index, value)| match index {
            [row] => unsigned(value).filter(|n| *n > 0).map(|if_index| (*row, if_index)),
            _ => None,
        })
        .collect()
}

/// mtxrScriptRunOutput of the script that tells the VLANs, where the device has it. A GET of it runs
/// the script; the column must not be walked, since that would run them all.
pub fn vlan_script(table: &Table) -> Option<Oid> {
    let (index, _) =
        table.column(SCRIPT_NAME).find(|(_, value)| text(*value).as_deref() == Some(VLAN_SCRIPT))?;
    Some(Oid::from(SCRIPT_RUN_OUTPUT).child(index))
}

/// VLANs and members that the script printed. Lines that are anything else are passed over.
pub fn vlans(output: ValueRef<'_>, names: &Names) -> VlanTables {
    let mut tables = VlanTables::default();
    let said = output.as_bytes().map(String::from_utf8_lossy).unwrap_or_default();
    for line in said.lines() {
        let mut parts = line.split(',').map(str::trim);
        let (Some(kind), Some(id), Some(port)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let Some(id) = id.parse().ok().and_then(vlan_of_index) else { continue };
        tables.row(id);
        tables.fdb_ids.know(id);
        if let Some(port) = names.called(port) {
            tables.member(id, port.0, kind == "U");
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Value, VarBind};

    use super::*;

    #[test]
    fn only_the_script_of_that_name_is_run() {
        let name = |index, name: &str| {
            VarBind::new(Oid::from(SCRIPT_NAME).child([index]), Value::OctetString(name.as_bytes().to_vec()))
        };
        assert_eq!(vlan_script(&Table::new(vec![name(1, "reboot"), name(2, "LNMS")])), None);
        let found = vlan_script(&Table::new(vec![name(1, "reboot"), name(7, "LNMS_vlans")]));
        assert_eq!(found.unwrap().to_string(), "1.3.6.1.4.1.14988.1.1.18.1.1.2.7");
    }

    #[test]
    fn what_the_script_prints() {
        let mut names = Names::default();
        names.insert(2, Some("ether1".to_owned()));
        names.insert(3, Some("ether2".to_owned()));
        let said = b"T,254,ether1\r\nU,254,ether2\nT,9999,ether1\nT,30,gone\nnonsense\n".to_vec();
        let tables = vlans(ValueRef::OctetString(&said), &names);
        let found: Vec<_> = tables
            .vlans
            .iter()
            .map(|(id, row)| (id.get(), row.egress.len(), row.untagged.iter().copied().collect::<Vec<_>>()))
            .collect();
        assert_eq!(found, [(30, 0, vec![]), (254, 2, vec![3])]);
    }
}

//! FASTPATH-SWITCHING-MIB agentDynamicDsBindingTable: what DHCP snooping of Broadcom's FASTPATH
//! (EdgeSwitch and others) has bound: address, network address, port and VLAN.

use std::net::IpAddr;

use netwarden_model::reading::{FdbStatus, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::bridge::RawFdb;
use super::interfaces::Names;
use super::ip::Pairings;
use crate::convention::{ip_of_bytes, mac, mac_of_index, unsigned};
use crate::table::Table;

const IF_INDEX: &[u32] = &[1, 3, 6, 1, 4, 1, 4413, 1, 1, 1, 2, 8, 23, 11, 1, 1];
const VLAN_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 4413, 1, 1, 1, 2, 8, 23, 11, 1, 2];
const MAC_ADDRESS: &[u32] = &[1, 3, 6, 1, 4, 1, 4413, 1, 1, 1, 2, 8, 23, 11, 1, 3];
const IP_ADDRESS: &[u32] = &[1, 3, 6, 1, 4, 1, 4413, 1, 1, 1, 2, 8, 23, 11, 1, 4];

/// agentDynamicDsBindingTable.
pub const COLUMNS: &[&[u32]] = &[IF_INDEX, VLAN_ID, MAC_ADDRESS, IP_ADDRESS];

/// Rows with ifIndex and VLAN id, for devices that show no forwarding table.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(IF_INDEX) {
        let Some(mac) = mac_of_index(index).or_else(|| table.get(MAC_ADDRESS, index).and_then(mac)) else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let Some(port) = unsigned(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        let vlan = table.get(VLAN_ID, index).and_then(unsigned).filter(|n| *n > 0);
        rows.push(RawFdb { mac, port, fdb_id: vlan, status: FdbStatus::Other });
    }
    rows
}

/// Adds the pairings that were handed out.
pub fn pairings(table: &Table, found: &mut Pairings, names: &Names, tally: &mut QuirkTally) {
    for (index, value) in table.column(IP_ADDRESS) {
        let ip = match value {
            ValueRef::IpAddress(ip) => Some(IpAddr::V4(ip)),
            other => other.as_bytes().and_then(ip_of_bytes),
        };
        let number = table.get(IF_INDEX, index).and_then(unsigned).unwrap_or_default();
        let octets = mac_of_index(index).map(|mac| mac.octets());
        let address = match (&octets, table.get(MAC_ADDRESS, index)) {
            (Some(octets), _) => ValueRef::OctetString(octets),
            (None, Some(value)) => value,
            (None, None) => {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            }
        };
        found.row(ip.map(|ip| (number, ip)), address, None, names, tally);
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn a_binding_is_a_place_and_a_pairing() {
        let at = [2, 0, 0, 0, 0, 9];
        let bind = |column: &[u32], value| VarBind::new(Oid::from(column).child(at), value);
        let table = Table::new(vec![
            bind(IF_INDEX, Value::Integer(4)),
            bind(VLAN_ID, Value::Integer(30)),
            bind(IP_ADDRESS, Value::IpAddress([192, 0, 2, 9].into())),
            VarBind::new(Oid::from(IF_INDEX).child([7]), Value::Integer(4)),
        ]);
        let mut tally = QuirkTally::default();
        let rows = forwarding(&table, &mut tally);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].port, rows[0].fdb_id), (4, Some(30)));
        let mut names = Names::default();
        names.insert(4, Some("0/4".to_owned()));
        let mut found = Pairings::default();
        pairings(&table, &mut found, &names, &mut tally);
        let entries = found.into_entries();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].if_name.as_deref(), Some("0/4"));
        assert_eq!(entries[0].mac.to_string(), "02:00:00:00:00:09");
    }
}

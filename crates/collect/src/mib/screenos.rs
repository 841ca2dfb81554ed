//! NETSCREEN-IP-ARP-MIB: the ARP cache of ScreenOS firewalls, whose interfaces have numbers of their
//! own (NETSCREEN-INTERFACE-MIB nsIfInfo tells which ifIndex has which).

use std::collections::BTreeMap;
use std::net::IpAddr;

use netwarden_model::reading::QuirkTally;
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use super::ip::Pairings;
use crate::convention::{ip_of_bytes, unsigned};
use crate::table::Table;

const ARP_IP: &[u32] = &[1, 3, 6, 1, 4, 1, 3224, 17, 1, 3, 1, 2];
const ARP_MAC: &[u32] = &[1, 3, 6, 1, 4, 1, 3224, 17, 1, 3, 1, 3];
const ARP_IF_IDX: &[u32] = &[1, 3, 6, 1, 4, 1, 3224, 17, 1, 3, 1, 5];
const IF_INFO: &[u32] = &[1, 3, 6, 1, 4, 1, 3224, 9, 1, 1, 21];

/// nsIpArpTable and nsIfInfo.
pub const COLUMNS: &[&[u32]] = &[ARP_IP, ARP_MAC, ARP_IF_IDX, IF_INFO];

/// Adds the pairings of nsIpArpTable.
pub fn pairings(table: &Table, found: &mut Pairings, names: &Names, tally: &mut QuirkTally) {
    let numbers: BTreeMap<u32, u32> = table
        .column(IF_INFO)
        .filter_map(|(index, value)| Some((unsigned(value)?, index.last().copied()?)))
        .collect();
    for (index, value) in table.column(ARP_MAC) {
        let ip = match table.get(ARP_IP, index) {
            Some(ValueRef::IpAddress(ip)) => Some(IpAddr::V4(ip)),
            other => other.and_then(ValueRef::as_bytes).and_then(ip_of_bytes),
        };
        let number = table.get(ARP_IF_IDX, index).and_then(unsigned).unwrap_or_default();
        let if_index = numbers.get(&number).copied().unwrap_or_default();
        found.row(ip.map(|ip| (if_index, ip)), value, None, names, tally);
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn the_makers_interface_numbers_become_if_indexes() {
        let bind = |column: &[u32], index: u32, value| VarBind::new(Oid::from(column).child([index]), value);
        let table = Table::new(vec![
            bind(ARP_IP, 0, Value::IpAddress([192, 0, 2, 5].into())),
            bind(ARP_MAC, 0, Value::OctetString(vec![2, 0, 0, 0, 0, 5])),
            bind(ARP_IF_IDX, 0, Value::Integer(16)),
            bind(ARP_IP, 1, Value::IpAddress([192, 0, 2, 6].into())),
            bind(ARP_MAC, 1, Value::OctetString(vec![2, 0, 0, 0, 0, 6])),
            bind(ARP_IF_IDX, 1, Value::Integer(99)),
            bind(IF_INFO, 3, Value::Integer(16)),
        ]);
        let mut names = Names::default();
        names.insert(3, Some("ethernet0/1".to_owned()));
        let mut found = Pairings::default();
        pairings(&table, &mut found, &names, &mut QuirkTally::default());
        let rows: Vec<_> = found.into_entries().into_iter().map(|e| (e.ip, e.if_name)).collect();
        let named = Some("ethernet0/1".to_owned());
        assert_eq!(rows, [(IpAddr::from([192, 0, 2, 5]), named), (IpAddr::from([192, 0, 2, 6]), None)]);
    }
}

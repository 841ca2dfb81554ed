//! IP-MIB ARP and ND caches: ipNetToMediaTable and ipNetToPhysicalTable (RFC 4293), and the tables
//! that older devices have for IPv6.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netwarden_model::Mac;
use netwarden_model::reading::{ArpEntry, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use crate::convention::{inet_address, ip_of_bytes, is_host_address, mac, octets_of_index, unsigned};
use crate::table::Table;

const MEDIA_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 22, 1, 2];
const MEDIA_TYPE: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 22, 1, 4];
const PHYSICAL_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 35, 1, 4];
const PHYSICAL_TYPE: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 35, 1, 6];
const IPV6_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 55, 1, 12, 1, 2];
const CISCO_INET_ADDRESS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 10, 86, 1, 1, 3, 1, 3];

/// ipNetToMediaTable and ipNetToPhysicalTable: address and type of each.
pub const COLUMNS: &[&[u32]] = &[MEDIA_ADDRESS, MEDIA_TYPE, PHYSICAL_ADDRESS, PHYSICAL_TYPE];

/// ipv6NetToMediaTable (RFC 2465), for devices without IPv6 in ipNetToPhysicalTable.
pub const IPV6_COLUMNS: &[&[u32]] = &[IPV6_ADDRESS];

/// cInetNetToMediaTable (CISCO-IETF-IP-MIB), likewise.
pub const CISCO_COLUMNS: &[&[u32]] = &[CISCO_INET_ADDRESS];

/// Pairings, each once, by address.
#[derive(Debug, Default)]
pub struct Pairings(BTreeMap<(IpAddr, Mac, u32), ArpEntry>);

impl Pairings {
    /// True where an IPv6 address is among them.
    pub fn has_ipv6(&self) -> bool {
        self.0.keys().any(|(ip, _, _)| ip.is_ipv6())
    }

    /// All of them.
    pub fn into_entries(self) -> Vec<ArpEntry> {
        self.0.into_values().collect()
    }

    /// Adds the rows of whichever tables the walk brought.
    pub fn add(&mut self, table: &Table, names: &Names, tally: &mut QuirkTally) {
        for (index, value) in table.column(MEDIA_ADDRESS) {
            let key = match index {
                [if_index, octets @ ..] if octets.len() == 4 => {
                    octets_of_index(octets).and_then(|o| ip_of_bytes(&o)).map(|ip| (*if_index, ip))
                }
                // some agents write the address family before the address
                [if_index, 1, octets @ ..] if octets.len() == 4 => {
                    octets_of_index(octets).and_then(|o| ip_of_bytes(&o)).map(|ip| (*if_index, ip))
                }
                _ => None,
            };
            self.row(key, value, table.get(MEDIA_TYPE, index), names, tally);
        }
        for (column, types) in [(PHYSICAL_ADDRESS, Some(PHYSICAL_TYPE)), (CISCO_INET_ADDRESS, None)] {
            for (index, value) in table.column(column) {
                let key = index
                    .split_first()
                    .and_then(|(if_index, rest)| inet_address(rest).map(|(ip, _)| (*if_index, ip)));
                self.row(key, value, types.and_then(|types| table.get(types, index)), names, tally);
            }
        }
        for (index, value) in table.column(IPV6_ADDRESS) {
            let key = match index {
                [if_index, 16, octets @ ..] | [if_index, octets @ ..] if octets.len() == 16 => {
                    octets_of_index(octets).and_then(|o| ip_of_bytes(&o)).map(|ip| (*if_index, ip))
                }
                _ => None,
            };
            self.row(key, value, None, names, tally);
        }
    }

    /// Adds one row: ifIndex and network address, link-layer address, ipNetToMediaType.
    pub(super) fn row(
        &mut self,
        key: Option<(u32, IpAddr)>,
        value: ValueRef<'_>,
        kind: Option<ValueRef<'_>>,
        names: &Names,
        tally: &mut QuirkTally,
    ) {
        let Some((number, ip)) = key else {
            tally.dropped(Quirk::IndexMalformed);
            return;
        };
        // invalid(2): the agent has taken the pairing back
        if kind.and_then(unsigned) == Some(2) {
            return;
        }
        let Some(mac) = mac(value) else {
            // an entry that is being resolved has no address yet: nothing is wrong with it
            if value.as_bytes().is_none_or(|bytes| !bytes.is_empty()) {
                tally.dropped(Quirk::ValueMalformed);
            }
            return;
        };
        if !mac.is_endpoint() || !is_host_address(ip) {
            tally.dropped(Quirk::NotAnEndpoint);
            return;
        }
        if self.0.contains_key(&(ip, mac, number)) {
            return;
        }
        let if_index = names.known(number, tally);
        let if_name = if_index.and_then(|i| names.name(i));
        self.0.insert((ip, mac, number), ArpEntry { ip, mac, if_index, if_name });
    }
}

#[cfg(test)]
mod tests {
    use netwarden_model::IfIndex;
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    fn cell(column: &[u32], index: &[u32], value: &[u8]) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::OctetString(value.to_vec()))
    }

    // proves: NAC-01
    #[test]
    fn caches_of_both_tables_are_read_as_one() {
        let mut names = Names::default();
        names.insert(5, Some("vlan5".into()));
        let mut tally = QuirkTally::default();
        let mut pairings = Pairings::default();
        let mac = [2, 0, 0, 0, 0, 9];
        let v6: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
        let mut v6_index = vec![5, 2, 16];
        v6_index.extend(v6.map(u32::from));
        pairings.add(
            &Table::new(vec![
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0, 1], &mac),
                cell(PHYSICAL_ADDRESS, &[5, 1, 4, 10, 0, 0, 1], b"2:0:0:0:0:9"),
                cell(PHYSICAL_ADDRESS, &v6_index, &mac),
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0, 2], &mac),
                VarBind::new(Oid::from(MEDIA_TYPE).child([5, 10, 0, 0, 2]), Value::Integer(2)),
                cell(MEDIA_ADDRESS, &[6, 10, 0, 0, 3], &mac),
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0, 4], &[255; 6]),
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0, 5], &[]),
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0, 6], &[1, 2, 3]),
                cell(MEDIA_ADDRESS, &[5, 10, 0, 0], &mac),
                cell(MEDIA_ADDRESS, &[5, 224, 0, 0, 1], &mac),
            ]),
            &names,
            &mut tally,
        );
        assert!(pairings.has_ipv6());
        let found: Vec<_> =
            pairings.into_entries().into_iter().map(|e| (e.ip.to_string(), e.if_index, e.if_name)).collect();
        let five = (Some(IfIndex(5)), Some("vlan5".to_owned()));
        assert_eq!(
            found,
            [
                ("10.0.0.1".into(), five.0, five.1.clone()),
                ("10.0.0.3".into(), None, None),
                ("2001:db8::7".into(), five.0, five.1),
            ]
        );
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows, c.dropped)).collect();
        assert_eq!(
            counts,
            [
                (Quirk::IndexMalformed, 1, 1),
                (Quirk::ValueMalformed, 1, 1),
                (Quirk::InterfaceUnknown, 1, 0),
                (Quirk::NotAnEndpoint, 2, 2),
            ]
        );
    }
}

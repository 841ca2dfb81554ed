//! BRIDGE-MIB (RFC 4188): which interface a bridge port is, and where addresses were learned.

use std::collections::BTreeMap;

use netwarden_model::reading::{FdbEntry, FdbStatus, Quirk, QuirkTally};
use netwarden_model::{IfIndex, Mac, VlanId};
use netwarden_snmp::ValueRef;
use serde::{Deserialize, Serialize};

use super::interfaces::Names;
use crate::convention::{mac, mac_of_index, unsigned};
use crate::table::Table;

const BASE_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 1];
const BASE_PORT_IF_INDEX: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];
const TP_FDB_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 1];
const TP_FDB_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2];
const TP_FDB_STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 3];

/// dot1dBasePortTable. The column dot1dBasePort repeats the index, save where an agent numbers its
/// rows otherwise.
pub const BASE_PORT_COLUMNS: &[&[u32]] = &[BASE_PORT, BASE_PORT_IF_INDEX];

/// dot1dTpFdbTable. The address column repeats the index, save where an agent numbers its rows.
pub const FDB_COLUMNS: &[&[u32]] = &[TP_FDB_PORT, TP_FDB_STATUS];

/// dot1dTpFdbAddress, for the agents whose index is no address.
pub const FDB_ADDRESS_COLUMNS: &[&[u32]] = &[TP_FDB_ADDRESS];

/// dot1dBasePortIfIndex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasePorts(BTreeMap<u32, u32>);

impl BasePorts {
    /// Adds one.
    pub fn insert(&mut self, port: u32, if_index: u32) {
        self.0.insert(port, if_index);
    }

    /// Takes one away.
    pub fn remove(&mut self, port: u32) {
        self.0.remove(&port);
    }

    /// True where the device has no map.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where the map has that port.
    pub fn has(&self, port: u32) -> bool {
        self.0.contains_key(&port)
    }

    /// Port and ifIndex, by port.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.0.iter().map(|(port, if_index)| (*port, *if_index))
    }

    /// Adds the ports of another context that this one does not have.
    pub fn complete(&mut self, other: &BasePorts) {
        for (port, if_index) in other.iter() {
            self.0.entry(port).or_insert(if_index);
        }
    }

    /// The member of a port list: without counting, since lists have bits for ports that are not there.
    pub fn member(&self, port: u32, names: &Names) -> Option<u32> {
        match self.0.get(&port) {
            Some(if_index) => Some(*if_index),
            None if self.is_empty() && names.has(port) => Some(port),
            None => None,
        }
    }

    /// The interface of a bridge port in a forwarding table.
    ///
    /// A port that the map lacks is unknown, with two exceptions. Where every port of the map has the
    /// number of its interface, one that is missing (aggregates often are) has it as well. And where its
    /// number lies beyond all ports and interfaces of the map and is that of an interface, the agent has
    /// put the ifIndex (of an aggregate again) in the place of the port.
    pub fn interface(&self, port: u32, names: &Names, tally: &mut QuirkTally) -> Option<IfIndex> {
        if let Some(if_index) = self.0.get(&port) {
            return names.known(*if_index, tally);
        }
        if self.is_empty() {
            tally.met(Quirk::NoBasePortMap);
            return names.known(port, tally);
        }
        tally.met(Quirk::BasePortUnmapped);
        let numbered_alike = self.0.iter().all(|(port, if_index)| port == if_index);
        let is_if_index = self.0.iter().all(|(known, if_index)| *known < port && *if_index < port);
        ((numbered_alike || is_if_index) && names.has(port)).then_some(IfIndex(port))
    }
}

/// Base ports, by number.
pub fn base_ports(table: &Table, tally: &mut QuirkTally) -> BasePorts {
    let mut ports = BasePorts::default();
    for (index, value) in table.column(BASE_PORT_IF_INDEX) {
        let [row] = index else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let port = table.get(BASE_PORT, index).and_then(unsigned).unwrap_or(*row);
        match unsigned(value).filter(|n| *n > 0) {
            Some(if_index) if port > 0 => {
                if if_index != port {
                    tally.met(Quirk::BasePortNotIfIndex);
                }
                ports.insert(port, if_index);
            }
            _ => tally.dropped(Quirk::ValueMalformed),
        }
    }
    ports
}

/// One row of a forwarding table before its port and database are known by other names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFdb {
    /// The address.
    pub mac: Mac,
    /// Bridge port, or ifIndex where the MIB gives that.
    pub port: u32,
    /// FDB id, or VLAN id where the MIB gives that; None in dot1dTpFdbTable.
    pub fdb_id: Option<u32>,
    /// How it got there.
    pub status: FdbStatus,
}

/// dot1qTpFdbStatus and dot1dTpFdbStatus.
pub fn status(value: Option<ValueRef<'_>>) -> FdbStatus {
    match value.and_then(unsigned) {
        Some(1) => FdbStatus::Other,
        Some(2) => FdbStatus::Invalid,
        Some(3) => FdbStatus::Learned,
        Some(4) => FdbStatus::Own,
        Some(5) => FdbStatus::Mgmt,
        _ => FdbStatus::Unknown,
    }
}

/// Rows of dot1dTpFdbTable.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(TP_FDB_PORT) {
        let address = match index {
            [6, octets @ ..] if octets.len() == 6 => {
                tally.met(Quirk::MacIndexWithLength);
                mac_of_index(octets)
            }
            octets if octets.len() == 6 => mac_of_index(octets),
            row => table.get(TP_FDB_ADDRESS, row).and_then(mac),
        };
        let Some(address) = address else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let Some(port) = unsigned(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        let status = status(table.get(TP_FDB_STATUS, index));
        rows.push(RawFdb { mac: address, port, fdb_id: None, status });
    }
    rows
}

/// True where rows of the table are numbered, so that the address column is needed as well.
pub fn needs_address_column(table: &Table) -> bool {
    table.column(TP_FDB_PORT).any(|(index, _)| index.len() < 6)
}

/// Collects rows of forwarding tables: what no endpoint is known by is dropped here, for all MIBs alike.
#[derive(Debug, Default)]
pub struct Fdb {
    rows: BTreeMap<(Option<VlanId>, Mac), FdbEntry>,
}

impl Fdb {
    /// Adds a row whose port has been looked up; the same address in the same VLAN stays once.
    pub fn add(
        &mut self,
        raw: &RawFdb,
        if_index: Option<IfIndex>,
        vlan: Option<VlanId>,
        names: &Names,
        tally: &mut QuirkTally,
    ) {
        if !raw.mac.is_endpoint() {
            tally.dropped(Quirk::NotAnEndpoint);
            return;
        }
        let entry = FdbEntry {
            mac: raw.mac,
            if_index,
            if_name: if_index.and_then(|i| names.name(i)),
            vlan,
            status: raw.status,
        };
        match self.rows.entry((vlan, raw.mac)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(entry);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                tally.dropped(Quirk::DuplicateRow);
                // of two rows, the one that tells where is worth more
                if slot.get().if_index.is_none() && if_index.is_some() {
                    slot.insert(entry);
                }
            }
        }
    }

    /// True where `mac` is known, in whichever VLAN.
    pub fn has_mac(&self, mac: Mac) -> bool {
        self.rows.values().any(|entry| entry.mac == mac)
    }

    /// By VLAN, MAC.
    pub fn into_entries(self) -> Vec<FdbEntry> {
        self.rows.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    fn cell(column: &[u32], index: &[u32], n: i32) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::Integer(n))
    }

    fn names(of: &[u32]) -> Names {
        let mut names = Names::default();
        for n in of {
            names.insert(*n, Some(format!("port {n}")));
        }
        names
    }

    #[test]
    fn addresses_with_length_numbers_of_rows_and_nonsense() {
        let mut tally = QuirkTally::default();
        let rows = forwarding(
            &Table::new(vec![
                cell(TP_FDB_PORT, &[0, 1, 2, 3, 4, 5], 1),
                cell(TP_FDB_PORT, &[6, 0, 1, 2, 3, 4, 6], 2),
                cell(TP_FDB_PORT, &[0, 1, 2, 3, 4, 256], 3),
                cell(TP_FDB_PORT, &[17], 4),
                VarBind::new(
                    Oid::from(TP_FDB_ADDRESS).child([17]),
                    Value::OctetString(vec![0, 1, 2, 3, 4, 7]),
                ),
                cell(TP_FDB_PORT, &[18], 5),
                cell(TP_FDB_STATUS, &[0, 1, 2, 3, 4, 5], 3),
            ]),
            &mut tally,
        );
        let found: Vec<_> = rows.iter().map(|r| (r.mac.octets()[5], r.port, r.status)).collect();
        let (learned, unknown) = (FdbStatus::Learned, FdbStatus::Unknown);
        assert_eq!(found, [(5, 1, learned), (6, 2, unknown), (7, 4, unknown)]);
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows, c.dropped)).collect();
        assert_eq!(counts, [(Quirk::MacIndexWithLength, 1, 0), (Quirk::IndexMalformed, 2, 2)]);
    }

    #[test]
    fn a_missing_port_is_guessed_only_where_all_are_numbered_alike() {
        let names = names(&[1, 2, 3, 6, 501, 900]);
        let mut tally = QuirkTally::default();
        let mut ports = BasePorts::default();
        assert_eq!(ports.interface(3, &names, &mut tally), Some(IfIndex(3)), "no map at all");
        ports.insert(1, 1);
        assert_eq!(ports.interface(3, &names, &mut tally), Some(IfIndex(3)), "numbered alike");
        ports.insert(2, 501);
        assert_eq!(ports.interface(2, &names, &mut tally), Some(IfIndex(501)));
        assert_eq!(ports.interface(3, &names, &mut tally), None, "numbered otherwise");
        ports.insert(4, 99);
        assert_eq!(ports.interface(4, &names, &mut tally), None, "no such interface");
        ports.insert(5, 6);
        assert_eq!(ports.interface(900, &names, &mut tally), Some(IfIndex(900)), "the ifIndex itself");
        assert_eq!(ports.interface(6, &names, &mut tally), None, "port 5 is that interface");
        assert_eq!(ports.interface(901, &names, &mut tally), None, "no such interface either");
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows)).collect();
        assert_eq!(
            counts,
            [(Quirk::BasePortUnmapped, 5), (Quirk::NoBasePortMap, 1), (Quirk::InterfaceUnknown, 1)]
        );
    }

    #[test]
    fn rows_of_the_base_port_table_may_be_numbered_otherwise() {
        let mut tally = QuirkTally::default();
        let ports = base_ports(
            &Table::new(vec![
                cell(BASE_PORT, &[29], 32769),
                cell(BASE_PORT_IF_INDEX, &[29], 40),
                cell(BASE_PORT_IF_INDEX, &[1], 1),
                cell(BASE_PORT_IF_INDEX, &[2], 0),
            ]),
            &mut tally,
        );
        assert_eq!(ports.iter().collect::<Vec<_>>(), [(1, 1), (32769, 40)]);
    }

    #[test]
    fn group_addresses_and_repetitions_are_dropped() {
        let mut fdb = Fdb::default();
        let mut tally = QuirkTally::default();
        let names = names(&[1]);
        let raw = |octet| RawFdb {
            mac: Mac::new([octet, 0, 0, 0, 0, 1]),
            port: 1,
            fdb_id: None,
            status: FdbStatus::Learned,
        };
        fdb.add(&raw(1), Some(IfIndex(1)), None, &names, &mut tally);
        fdb.add(&raw(2), None, None, &names, &mut tally);
        fdb.add(&raw(2), Some(IfIndex(1)), None, &names, &mut tally);
        let entries = fdb.into_entries();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].if_name.as_deref(), Some("port 1"));
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.dropped)).collect();
        assert_eq!(counts, [(Quirk::NotAnEndpoint, 1), (Quirk::DuplicateRow, 1)]);
    }
}

//! IF-MIB ifTable and ifXTable (RFC 2863).

use std::collections::BTreeMap;

use netwarden_model::IfIndex;
use netwarden_model::reading::{Interface, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;
use serde::{Deserialize, Serialize};

use super::if_type;
use crate::convention::{mac, text, unsigned};
use crate::table::Table;

/// ifDescr.
pub const IF_DESCR: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 2];
const IF_TYPE: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 3];
const IF_SPEED: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 5];
const IF_PHYS_ADDRESS: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 6];
const IF_ADMIN_STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
const IF_OPER_STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 8];
/// ifName.
pub const IF_NAME: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
const IF_HIGH_SPEED: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15];
const IF_ALIAS: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18];

/// The columns of an inventory reading.
pub const COLUMNS: &[&[u32]] = &[
    IF_DESCR,
    IF_TYPE,
    IF_SPEED,
    IF_PHYS_ADDRESS,
    IF_ADMIN_STATUS,
    IF_OPER_STATUS,
    IF_NAME,
    IF_HIGH_SPEED,
    IF_ALIAS,
];

/// The columns that name interfaces, for polls that have no profile to rely on.
pub const NAME_COLUMNS: &[&[u32]] = &[IF_DESCR, IF_NAME];

/// Which interfaces a device has, and what it calls them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names(BTreeMap<u32, Option<String>>);

impl Names {
    /// Adds one.
    pub fn insert(&mut self, if_index: u32, name: Option<String>) {
        self.0.insert(if_index, name);
    }

    /// True where no interface is known at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where the device has that interface.
    pub fn has(&self, if_index: u32) -> bool {
        self.0.contains_key(&if_index)
    }

    /// Its name.
    pub fn name(&self, if_index: IfIndex) -> Option<String> {
        self.0.get(&if_index.0).cloned().flatten()
    }

    /// ifIndex and name, by ifIndex.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Option<&str>)> {
        self.0.iter().map(|(if_index, name)| (*if_index, name.as_deref()))
    }

    /// The interface of that name, where it is one only.
    pub fn called(&self, name: &str) -> Option<IfIndex> {
        let mut found = self.0.iter().filter(|(_, known)| known.as_deref() == Some(name));
        match (found.next(), found.next()) {
            (Some((if_index, _)), None) => Some(IfIndex(*if_index)),
            _ => None,
        }
    }

    /// `number` as an interface of the device: None, and counted, where the device has no such one.
    /// Where no interface is known at all (the table failed), the number is taken at its word.
    pub fn known(&self, number: u32, tally: &mut QuirkTally) -> Option<IfIndex> {
        if number == 0 {
            None
        } else if self.0.is_empty() || self.has(number) {
            Some(IfIndex(number))
        } else {
            tally.met(Quirk::InterfaceUnknown);
            None
        }
    }

    /// Of interfaces as they were read.
    pub fn of(interfaces: &[Interface]) -> Self {
        Self(interfaces.iter().map(|i| (i.if_index.0, i.name.clone())).collect())
    }
}

/// Interfaces, by ifIndex.
pub fn decode(table: &Table, tally: &mut QuirkTally) -> Vec<Interface> {
    let mut interfaces = BTreeMap::new();
    for column in COLUMNS {
        for (index, value) in table.column(column) {
            let [if_index] = index else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            fill(interfaces.entry(*if_index).or_insert_with(|| blank(*if_index)), column, value, tally);
        }
    }
    let mut interfaces: Vec<Interface> = interfaces.into_values().collect();
    for interface in &mut interfaces {
        interface.name = interface.name.take().or_else(|| interface.descr.clone());
    }
    interfaces
}

fn fill(interface: &mut Interface, column: &[u32], value: ValueRef<'_>, tally: &mut QuirkTally) {
    match column {
        IF_DESCR => interface.descr = text(value),
        IF_NAME => interface.name = text(value),
        IF_ALIAS => interface.alias = text(value),
        IF_PHYS_ADDRESS => {
            interface.mac = mac(value).filter(|mac| mac.octets() != [0; 6]);
        }
        IF_TYPE => match unsigned(value) {
            Some(number) => {
                interface.if_type = Some(number);
                interface.type_name = if_type::name(number).map(str::to_owned);
            }
            None => tally.met(Quirk::ValueMalformed),
        },
        IF_ADMIN_STATUS => interface.admin_status = status(value, &["up", "down", "testing"]),
        IF_OPER_STATUS => {
            interface.oper_status = status(
                value,
                &["up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown"],
            );
        }
        // zero: a layer without bandwidth (RFC 2863), which is no speed
        IF_SPEED if interface.speed.is_none() => {
            interface.speed = unsigned(value).filter(|n| *n > 0).map(u64::from);
        }
        IF_HIGH_SPEED => {
            if let Some(megabits) = unsigned(value).filter(|n| *n > 0) {
                interface.speed = Some(u64::from(megabits) * 1_000_000);
            }
        }
        _ => {}
    }
}

fn status(value: ValueRef<'_>, words: &[&str]) -> Option<String> {
    let number = usize::try_from(value.as_i64()?).ok()?;
    words.get(number.checked_sub(1)?).map(|word| (*word).to_owned())
}

fn blank(if_index: u32) -> Interface {
    Interface {
        if_index: IfIndex(if_index),
        name: None,
        descr: None,
        alias: None,
        mac: None,
        if_type: None,
        type_name: None,
        admin_status: None,
        oper_status: None,
        speed: None,
        base_port: None,
        pvid: None,
        lag: None,
        trunk: None,
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn speed_name_and_address_of_an_interface() {
        let cell = |column: &[u32], value| VarBind::new(Oid::from(column).child([7]), value);
        let octets = |t: &[u8]| Value::OctetString(t.to_vec());
        let mut tally = QuirkTally::default();
        let read = decode(
            &Table::new(vec![
                cell(IF_DESCR, octets(b"GigabitEthernet0/7")),
                cell(IF_TYPE, Value::Integer(6)),
                cell(IF_SPEED, Value::Gauge32(u32::MAX)),
                cell(IF_PHYS_ADDRESS, octets(b"0:1b:21:3a:4f:5e")),
                cell(IF_ADMIN_STATUS, Value::Integer(1)),
                cell(IF_OPER_STATUS, Value::Integer(7)),
                cell(IF_NAME, octets(b"")),
                cell(IF_HIGH_SPEED, Value::Gauge32(10_000)),
                VarBind::new(Oid::from(IF_TYPE).child([0, 2]), Value::Integer(6)),
            ]),
            &mut tally,
        );
        let [port] = read.as_slice() else { panic!("one interface expected: {read:?}") };
        assert_eq!(port.name.as_deref(), Some("GigabitEthernet0/7"));
        assert_eq!(port.type_name.as_deref(), Some("ethernetCsmacd"));
        assert_eq!(port.speed, Some(10_000_000_000));
        assert_eq!(port.mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(port.oper_status.as_deref(), Some("lowerLayerDown"));
        let counts = tally.into_counts();
        assert_eq!((counts[0].quirk, counts[0].dropped), (Quirk::IndexMalformed, 1));
    }
}

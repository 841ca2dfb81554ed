//! BRIDGE-MIB (RFC 4188) and Q-BRIDGE-MIB (RFC 4363) of the lab's switches.

use std::collections::{BTreeMap, BTreeSet};

use crate::bridge::Bridge;
use crate::ovs::Learned;

/// An object identifier.
pub type Oid = Vec<u32>;

/// dot1dBridge.
pub const BRIDGE: [u32; 7] = [1, 3, 6, 1, 2, 1, 17];

const DOT1Q_PVID: [u32; 7] = [7, 1, 4, 5, 1, 1, 0];
const STATIC_EGRESS: [u32; 6] = [7, 1, 4, 3, 1, 2];
const STATIC_UNTAGGED: [u32; 6] = [7, 1, 4, 3, 1, 4];

/// A value, with what pass_persist calls its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// INTEGER.
    Integer(i64),
    /// Unsigned32 and Gauge32.
    Gauge(u32),
    /// OCTET STRING.
    Octets(Vec<u8>),
}

/// What a SET wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Set {
    /// dot1qPvid.
    Pvid {
        /// Bridge port.
        port: u32,
        /// VLAN id.
        vlan: u16,
    },
    /// dot1qVlanStaticEgressPorts.
    Egress {
        /// VLAN id.
        vlan: u16,
        /// Bridge ports.
        ports: BTreeSet<u32>,
    },
    /// dot1qVlanStaticUntaggedPorts.
    Untagged {
        /// VLAN id.
        vlan: u16,
        /// Bridge ports.
        ports: BTreeSet<u32>,
    },
}

/// All variables of the bridge at this moment.
pub fn snapshot(bridge: &Bridge, learned: &[Learned]) -> BTreeMap<Oid, Value> {
    let mut all = BTreeMap::new();
    let mut put = |below: &[u32], index: &[u32], value: Value| {
        let oid: Oid = BRIDGE.iter().chain(below).chain(index).copied().collect();
        all.insert(oid, value);
    };
    let count = i64::try_from(bridge.ports().len()).unwrap_or(i64::MAX);
    put(&[1, 2], &[0], Value::Integer(count));
    for port in bridge.ports() {
        put(&[1, 4, 1, 1], &[port.number], Value::Integer(i64::from(port.number)));
        put(&[1, 4, 1, 2], &[port.number], Value::Integer(i64::from(port.if_index)));
    }
    for entry in learned {
        let index: Vec<u32> = entry.mac.iter().map(|octet| u32::from(*octet)).collect();
        put(&[4, 3, 1, 1], &index, Value::Octets(entry.mac.to_vec()));
        put(&[4, 3, 1, 2], &index, Value::Integer(i64::from(entry.port)));
        put(&[4, 3, 1, 3], &index, Value::Integer(3));
        let by_vlan: Vec<u32> = std::iter::once(u32::from(entry.vlan)).chain(index).collect();
        put(&[7, 1, 2, 2, 1, 2], &by_vlan, Value::Integer(i64::from(entry.port)));
        put(&[7, 1, 2, 2, 1, 3], &by_vlan, Value::Integer(3));
    }
    for vlan in bridge.vlans() {
        let id = u32::from(vlan);
        let ports = |of: fn(&crate::bridge::Member) -> &BTreeSet<u16>| {
            let numbers = bridge.members().iter().filter(|(_, m)| of(m).contains(&vlan)).map(|(n, _)| *n);
            Value::Octets(port_list(numbers))
        };
        put(&[7, 1, 4, 2, 1, 3], &[0, id], Value::Gauge(id));
        put(&[7, 1, 4, 2, 1, 4], &[0, id], ports(|m| &m.egress));
        put(&[7, 1, 4, 2, 1, 5], &[0, id], ports(|m| &m.untagged));
        put(&[7, 1, 4, 2, 1, 6], &[0, id], Value::Integer(2));
        put(&[7, 1, 4, 3, 1, 1], &[id], Value::Octets(format!("vlan{id}").into_bytes()));
        put(&STATIC_EGRESS, &[id], ports(|m| &m.egress));
        put(&[7, 1, 4, 3, 1, 3], &[id], Value::Octets(port_list([])));
        put(&STATIC_UNTAGGED, &[id], ports(|m| &m.untagged));
        put(&[7, 1, 4, 3, 1, 5], &[id], Value::Integer(1));
    }
    for (port, member) in bridge.members() {
        put(&[7, 1, 4, 5, 1, 1], &[*port], Value::Gauge(u32::from(member.pvid)));
    }
    all
}

/// Which variable a SET is for, or the pass_persist word for why there is none.
pub fn parse_set(oid: &Oid, value: &Value) -> Result<Set, &'static str> {
    let below = oid.strip_prefix(BRIDGE.as_slice()).ok_or("not-writable")?;
    let pvid_column = DOT1Q_PVID.split_last().map_or(&[][..], |(_, column)| column);
    if let Some([port]) = below.strip_prefix(pvid_column) {
        let number = match value {
            Value::Integer(number) => u16::try_from(*number).ok(),
            Value::Gauge(number) => u16::try_from(*number).ok(),
            Value::Octets(_) => return Err("wrong-type"),
        };
        let vlan = number.filter(|vlan| (1..=4094).contains(vlan)).ok_or("wrong-value")?;
        return Ok(Set::Pvid { port: *port, vlan });
    }
    for (column, untagged) in [(STATIC_EGRESS, false), (STATIC_UNTAGGED, true)] {
        if let Some([vlan]) = below.strip_prefix(column.as_slice()) {
            let Value::Octets(octets) = value else { return Err("wrong-type") };
            let vlan = u16::try_from(*vlan).map_err(|_| "no-creation")?;
            let ports = ports_of(octets);
            return Ok(if untagged { Set::Untagged { vlan, ports } } else { Set::Egress { vlan, ports } });
        }
    }
    Err("not-writable")
}

/// PortList (RFC 4363): port 1 is the most significant bit of the first octet.
fn port_list(ports: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut octets = vec![0u8; 4];
    for port in ports {
        let Some(at) = port.checked_sub(1) else { continue };
        let index = usize::try_from(at / 8).unwrap_or(usize::MAX);
        if let Some(octet) = octets.get_mut(index) {
            *octet |= 0x80 >> (at % 8);
        }
    }
    octets
}

fn ports_of(octets: &[u8]) -> BTreeSet<u32> {
    (1u32..)
        .zip(octets.iter().flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0)))
        .filter_map(|(port, set)| set.then_some(port))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_lists_read_as_they_are_written() {
        let ports: BTreeSet<u32> = [1, 8, 9, 32].into();
        assert_eq!(port_list(ports.clone()), [0x81, 0x80, 0, 1]);
        assert_eq!(ports_of(&port_list(ports.clone())), ports);
    }

    #[test]
    fn sets_are_recognised_by_column() {
        let oid = |below: &[u32]| BRIDGE.iter().chain(below).copied().collect::<Oid>();
        assert_eq!(
            parse_set(&oid(&[7, 1, 4, 5, 1, 1, 3]), &Value::Gauge(666)),
            Ok(Set::Pvid { port: 3, vlan: 666 })
        );
        assert_eq!(parse_set(&oid(&[7, 1, 4, 5, 1, 1, 3]), &Value::Gauge(4095)), Err("wrong-value"));
        assert_eq!(
            parse_set(&oid(&[7, 1, 4, 3, 1, 2, 10]), &Value::Octets(vec![0x80])),
            Ok(Set::Egress { vlan: 10, ports: [1].into() })
        );
        assert_eq!(parse_set(&oid(&[1, 2, 0]), &Value::Integer(3)), Err("not-writable"));
    }
}

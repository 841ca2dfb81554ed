//! Which variables can be set, to what: from a binding of a SET request to a [`Change`].
//!
//! The errors are those of RFC 3416 section 4.2.5, in its order: object, type, length, value, row,
//! consistency.

use async_snmp::{SetTestError, Value};

use crate::mib::bridge::{PORT_VLAN_ENTRY, VLAN_STATIC_ENTRY, port_list_width};
use crate::mib::interfaces::IF_ADMIN_STATUS;
use crate::world::Change;
use crate::world::device::{Device, PortKind, PortNo};
use crate::world::port_set::{PortSet, ports_of_list};

/// Tests one binding against the device as it is.
pub fn test(device: &Device, oid: &[u32], value: &Value) -> Result<Change, SetTestError> {
    if let Some(index) = instance(oid, &IF_ADMIN_STATUS, None) {
        let Value::Integer(status) = value else { return Err(SetTestError::WrongType) };
        let up = match status {
            1 => true,
            2 => false,
            // testing(3) is no state of these interfaces.
            _ => return Err(SetTestError::WrongValue),
        };
        let port = single(index).and_then(|i| device.port_by_if_index(i)).ok_or(SetTestError::NoCreation)?;
        return Ok(Change::Admin { port, up });
    }
    if let Some(index) = instance(oid, &PORT_VLAN_ENTRY, Some(1)) {
        let Value::Gauge32(vlan) = value else { return Err(SetTestError::WrongType) };
        let vlan =
            u16::try_from(*vlan).ok().filter(|v| (1..=4094).contains(v)).ok_or(SetTestError::WrongValue)?;
        let port = single(index).and_then(|b| device.port_by_base(b)).ok_or(SetTestError::NoCreation)?;
        if !device.vlans.contains_key(&vlan) {
            return Err(SetTestError::InconsistentValue);
        }
        return Ok(Change::Pvid { port, vlan });
    }
    for column in [2, 4] {
        let Some(index) = instance(oid, &VLAN_STATIC_ENTRY, Some(column)) else { continue };
        let Value::OctetString(octets) = value else { return Err(SetTestError::WrongType) };
        let ports = port_set(device, octets)?;
        let vlan = single(index)
            .and_then(|v| u16::try_from(v).ok())
            .filter(|v| device.vlans.contains_key(v))
            .ok_or(SetTestError::NoCreation)?;
        return Ok(if column == 2 {
            Change::Egress { vlan, ports }
        } else {
            Change::Untagged { vlan, ports }
        });
    }
    Err(SetTestError::NotWritable)
}

fn instance<'o>(oid: &'o [u32], object: &[u32], column: Option<u32>) -> Option<&'o [u32]> {
    let rest = oid.strip_prefix(object)?;
    match column {
        None => Some(rest),
        Some(column) => rest.split_first().filter(|(first, _)| **first == column).map(|(_, rest)| rest),
    }
}

fn single(index: &[u32]) -> Option<u32> {
    match index {
        [only] => Some(*only),
        _ => None,
    }
}

/// PortLists shorter than the device's own stand for zeros at the end (RFC 4363 PortList); bits for
/// ports that it does not have are wrong.
fn port_set(device: &Device, octets: &[u8]) -> Result<PortSet, SetTestError> {
    if octets.len() > port_list_width(device).max(512) {
        return Err(SetTestError::WrongLength);
    }
    ports_of_list(octets)
        .map(|base| device.port_by_base(base).ok_or(SetTestError::WrongValue))
        .collect::<Result<Vec<PortNo>, _>>()
        .map(PortSet::from_iter)
}

/// The object that a change sets, its port or VLAN and its value, in words for a log.
pub fn describe(device: &Device, change: &Change) -> (&'static str, String, String) {
    let names = |ports: &PortSet| {
        let names: Vec<&str> = ports.iter().map(|p| device.port_name(p)).collect();
        names.join(",")
    };
    match change {
        Change::Admin { port, up } => {
            ("ifAdminStatus", device.port_name(*port).to_owned(), if *up { "up" } else { "down" }.to_owned())
        }
        Change::Pvid { port, vlan } => ("dot1qPvid", device.port_name(*port).to_owned(), vlan.to_string()),
        Change::Egress { vlan, ports } => ("dot1qVlanStaticEgressPorts", vlan.to_string(), names(ports)),
        Change::Untagged { vlan, ports } => ("dot1qVlanStaticUntaggedPorts", vlan.to_string(), names(ports)),
    }
}

/// True for ports that are no interface to a VLAN: those can be shut, VLAN interfaces stay up.
pub fn can_be_shut(device: &Device, port: PortNo) -> bool {
    device.port(port).is_some_and(|p| !matches!(p.kind, PortKind::Vlan(_)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::time::SimTime;
    use crate::world::World;

    #[test]
    fn bindings_are_judged_as_rfc_3416_says() {
        let world = World::campus(1, SimTime::at(9, 0, 0), false);
        let device = world.device(world.device_named("acc-a1").unwrap()).unwrap();
        let admin = |index: u32| [&IF_ADMIN_STATUS[..], &[index]].concat();
        let pvid = |base: u32| [&PORT_VLAN_ENTRY[..], &[1, base]].concat();
        let egress = |vlan: u32| [&VLAN_STATIC_ENTRY[..], &[2, vlan]].concat();
        let octets = |o: &[u8]| Value::OctetString(Bytes::copy_from_slice(o));
        let cases = [
            (admin(10_101), Value::Integer(2), Ok(Change::Admin { port: PortNo(0), up: false })),
            (admin(10_101), Value::Gauge32(2), Err(SetTestError::WrongType)),
            (admin(10_101), Value::Integer(3), Err(SetTestError::WrongValue)),
            (admin(4711), Value::Integer(1), Err(SetTestError::NoCreation)),
            (admin(10_101)[..10].to_vec(), Value::Integer(1), Err(SetTestError::NoCreation)),
            (pvid(2), Value::Gauge32(666), Ok(Change::Pvid { port: PortNo(1), vlan: 666 })),
            (pvid(2), Value::Integer(666), Err(SetTestError::WrongType)),
            (pvid(2), Value::Gauge32(0), Err(SetTestError::WrongValue)),
            (pvid(2), Value::Gauge32(4095), Err(SetTestError::WrongValue)),
            (pvid(2), Value::Gauge32(777), Err(SetTestError::InconsistentValue)),
            (pvid(99), Value::Gauge32(10), Err(SetTestError::NoCreation)),
            (
                egress(666),
                octets(&[0x80]),
                Ok(Change::Egress { vlan: 666, ports: [PortNo(0)].into_iter().collect() }),
            ),
            (egress(777), octets(&[0x80]), Err(SetTestError::NoCreation)),
            (egress(666), octets(&[0, 0, 0, 0, 0, 0, 0, 1]), Err(SetTestError::WrongValue)),
            (egress(666), octets(&[0; 513]), Err(SetTestError::WrongLength)),
            (egress(666), Value::Null, Err(SetTestError::WrongType)),
            (vec![1, 3, 6, 1, 2, 1, 1, 5, 0], octets(b"x"), Err(SetTestError::NotWritable)),
            (vec![], Value::Null, Err(SetTestError::NotWritable)),
        ];
        for (oid, value, expected) in cases {
            assert_eq!(test(device, &oid, &value), expected, "{oid:?} {value:?}");
        }
    }
}

//! SNMPv2-MIB system group (RFC 3418), with what else identifies an agent.

use netwarden_model::reading::System;
use netwarden_snmp::{Oid, ValueRef, VarBind};

use crate::convention::{mac, text, unsigned};

/// The scalars asked for, in the order in which [`decode`] reads them: sysDescr, sysObjectID,
/// sysUpTime, sysContact, sysName, sysLocation, dot1dBaseBridgeAddress, snmpEngineID, snmpEngineBoots,
/// lldpLocChassisIdSubtype, lldpLocChassisId (LLDP-MIB; IEEE 802.1AB).
const SCALARS: [&[u32]; 11] = [
    &[1, 3, 6, 1, 2, 1, 1, 1, 0],
    &[1, 3, 6, 1, 2, 1, 1, 2, 0],
    &[1, 3, 6, 1, 2, 1, 1, 3, 0],
    &[1, 3, 6, 1, 2, 1, 1, 4, 0],
    &[1, 3, 6, 1, 2, 1, 1, 5, 0],
    &[1, 3, 6, 1, 2, 1, 1, 6, 0],
    &[1, 3, 6, 1, 2, 1, 17, 1, 1, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0],
    &[1, 0, 8802, 1, 1, 2, 1, 3, 1, 0],
    &[1, 0, 8802, 1, 1, 2, 1, 3, 2, 0],
];

/// LldpChassisIdSubtype macAddress.
const CHASSIS_MAC: u32 = 4;

/// What to GET.
pub fn oids() -> Vec<Oid> {
    SCALARS.iter().map(|sub_ids| Oid::from(*sub_ids)).collect()
}

/// The group, and sysObjectID's sub-identifiers. None where the agent has none of it.
pub fn decode(bindings: &[VarBind]) -> Option<(System, Vec<u32>)> {
    let value = |scalar: usize| {
        let sub_ids = SCALARS.get(scalar)?;
        bindings.iter().find(|b| b.oid.sub_ids() == *sub_ids).map(|b| b.value.borrowed())
    };
    let object_id = match value(1) {
        Some(ValueRef::ObjectId(oid)) => oid.to_owned().ok(),
        _ => None,
    };
    let chassis_is_mac = value(9).and_then(unsigned) == Some(CHASSIS_MAC);
    let system = System {
        descr: value(0).and_then(text),
        object_id: object_id.as_ref().map(Oid::to_string),
        name: value(4).and_then(text),
        location: value(5).and_then(text),
        contact: value(3).and_then(text),
        up_time_cs: value(2).and_then(unsigned).map(u64::from),
        bridge_address: value(6).and_then(mac).filter(|mac| mac.is_endpoint()),
        chassis_mac: value(10).filter(|_| chassis_is_mac).and_then(mac).filter(|mac| mac.is_endpoint()),
        engine_id: value(7)
            .and_then(ValueRef::as_bytes)
            .filter(|id| (5..=32).contains(&id.len()))
            .map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect()),
        engine_boots: value(8).and_then(unsigned),
    };
    let known = system.descr.is_some()
        || system.object_id.is_some()
        || system.name.is_some()
        || system.up_time_cs.is_some();
    known.then(|| (system, object_id.map(|oid| oid.sub_ids().to_vec()).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::Value;

    use super::*;

    #[test]
    fn an_agent_without_a_system_group_is_told_apart() {
        assert_eq!(decode(&[]), None);
        let only_exceptions: Vec<_> =
            oids().into_iter().map(|oid| VarBind::new(oid, Value::NoSuchObject)).collect();
        assert_eq!(decode(&only_exceptions), None);
        let (system, object_id) = decode(&[
            VarBind::new(Oid::from(SCALARS[1]), Oid::new([1, 3, 6]).into()),
            VarBind::new(Oid::from(SCALARS[6]), Value::OctetString(vec![0; 6])),
            VarBind::new(Oid::from(SCALARS[7]), Value::OctetString(vec![128, 0, 0, 9, 1])),
            VarBind::new(Oid::from(SCALARS[9]), Value::Integer(4)),
            VarBind::new(Oid::from(SCALARS[10]), Value::OctetString(vec![0, 0x1b, 0x21, 1, 2, 3])),
        ])
        .unwrap();
        assert_eq!(object_id, [1, 3, 6]);
        assert_eq!(system.bridge_address, None);
        assert_eq!(system.engine_id.as_deref(), Some("8000000901"));
        assert_eq!(system.chassis_mac, "00:1b:21:01:02:03".parse().ok());
    }
}

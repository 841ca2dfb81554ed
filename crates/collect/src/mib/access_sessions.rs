//! Authentication sessions of Huawei (HUAWEI-AAA-MIB), Aruba CX (ARUBAWIRED-PORT-ACCESS-MIB) and
//! OmniSwitch switches (ALCATEL-IND1-DOT1X-MIB in release 6, ALCATEL-IND1-DA-MIB from release 7).

use std::collections::BTreeMap;

use netwarden_model::IfIndex;
use netwarden_model::reading::{Quirk, QuirkTally, Session};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use crate::convention::{
    ip_of_bytes, is_host_address, mac, mac_of_index, octets_of_index, text, text_of_bytes, unsigned,
    unsigned64, vlan_id, vlan_of_index,
};
use crate::table::Table;

const HW_USER: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 15, 1, 3];
const HW_VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 15, 1, 11];
const HW_IP: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 15, 1, 15];
const HW_MAC: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 15, 1, 17];
const HW_INTERFACE: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 15, 1, 57];
const HW_ONLINE_TIME: &[u32] = &[1, 3, 6, 1, 4, 1, 2011, 5, 2, 1, 16, 1, 18];

const PAC_USER: &[u32] = &[1, 3, 6, 1, 4, 1, 47196, 4, 1, 1, 3, 17, 1, 1, 1, 3];
const PAC_METHODS: &[u32] = &[1, 3, 6, 1, 4, 1, 47196, 4, 1, 1, 3, 17, 1, 1, 1, 6];
const PAC_STATE: &[u32] = &[1, 3, 6, 1, 4, 1, 47196, 4, 1, 1, 3, 17, 1, 1, 1, 7];
const PAC_VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 47196, 4, 1, 1, 3, 17, 1, 1, 1, 9];

const DA_STATUS: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 63, 1, 1, 9, 1, 4];
const DA_IP: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 63, 1, 1, 9, 1, 6];
const DA_AUTH_TYPE: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 801, 1, 2, 1, 63, 1, 1, 9, 1, 9];

const DOT1X_VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 30, 1, 1, 8, 1, 6];
const DOT1X_IP: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 30, 1, 1, 8, 1, 7];
const DOT1X_USER: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 30, 1, 1, 8, 1, 8];
const DOT1X_AUTH_TYPE: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 30, 1, 1, 8, 1, 10];
const DOT1X_AUTH_RESULT: &[u32] = &[1, 3, 6, 1, 4, 1, 6486, 800, 1, 2, 1, 30, 1, 1, 8, 1, 12];

/// hwAccessTable: user name, VLAN, addresses, interface name; hwAccessOnlineTime.
pub const HUAWEI_COLUMNS: &[&[u32]] = &[HW_USER, HW_VLAN, HW_IP, HW_MAC, HW_INTERFACE, HW_ONLINE_TIME];
/// arubaWiredPortAccessClientTable: user name, methods, state, VLAN.
pub const ARUBA_COLUMNS: &[&[u32]] = &[PAC_USER, PAC_METHODS, PAC_STATE, PAC_VLAN];
/// alaDaMacVlanUserTable: status, address, kind of authentication.
pub const ALCATEL_COLUMNS: &[&[u32]] = &[DA_STATUS, DA_IP, DA_AUTH_TYPE];
/// alaDot1xDeviceStatusTable: VLAN, address, user name, kind and result of the authentication.
pub const ALCATEL_6_COLUMNS: &[&[u32]] =
    &[DOT1X_VLAN, DOT1X_IP, DOT1X_USER, DOT1X_AUTH_TYPE, DOT1X_AUTH_RESULT];

/// Sessions of hwAccessTable on ports of the device; others are administrators' logins.
pub fn huawei(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    let mut sessions = Vec::new();
    for (index, value) in table.column(HW_MAC) {
        let Some(name) = table.get(HW_INTERFACE, index).and_then(text) else { continue };
        let Some(if_index) = names.called(&name) else { continue };
        let Some(mac) = mac(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        if !mac.is_endpoint() {
            tally.dropped(Quirk::NotAnEndpoint);
            continue;
        }
        sessions.push(Session {
            mac: Some(mac),
            ip: table.get(HW_IP, index).and_then(ip),
            user: table.get(HW_USER, index).and_then(text),
            vlan: table.get(HW_VLAN, index).and_then(vlan_id),
            // the table has the users that are online
            status: Some("authorizationSuccess".to_owned()),
            age_s: table.get(HW_ONLINE_TIME, index).and_then(unsigned64),
            ..on_port(Some(if_index), names)
        });
    }
    sessions
}

/// Sessions of arubaWiredPortAccessClientTable; the index is the port's name and the address.
pub fn aruba(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    let mut rows: BTreeMap<&[u32], [Option<ValueRef<'_>>; 4]> = BTreeMap::new();
    for (at, column) in ARUBA_COLUMNS.iter().enumerate() {
        for (index, value) in table.column(column) {
            if let Some(cell) = rows.entry(index).or_default().get_mut(at) {
                *cell = Some(value);
            }
        }
    }
    let mut sessions = Vec::new();
    for (index, [user, methods, state, vlan]) in rows {
        let parts = index.split_first().and_then(|(length, rest)| {
            let (name, octets) = rest.split_at_checked(usize::try_from(*length).ok()?)?;
            Some((text_of_bytes(&octets_of_index(name)?), mac_of_index(octets)?))
        });
        let Some((name, mac)) = parts else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let if_index = names.called(&name);
        if if_index.is_none() {
            tally.met(Quirk::InterfaceUnknown);
        }
        let said =
            |value: Option<ValueRef<'_>>| value.and_then(text).unwrap_or_default().to_ascii_lowercase();
        let method = match said(methods) {
            m if m.contains("dot1x") => Some("dot1x"),
            m if m.contains("mac") => Some("mab"),
            m if m.is_empty() => None,
            _ => Some("other"),
        };
        sessions.push(Session {
            mac: Some(mac),
            user: user.and_then(text),
            vlan: vlan.and_then(vlan_id),
            method: method.map(str::to_owned),
            status: state.and_then(text),
            ..on_port(if_index, names)
        });
    }
    sessions
}

/// Sessions of alaDaMacVlanUserTable; the index is ifIndex, address, VLAN.
pub fn alcatel(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    let mut sessions = Vec::new();
    for (index, value) in table.column(DA_STATUS) {
        let parts = match index {
            [port, octets @ .., vlan] if octets.len() == 6 => {
                mac_of_index(octets).map(|mac| (*port, mac, *vlan))
            }
            _ => None,
        };
        let Some((port, mac, vlan)) = parts else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let status = match unsigned(value) {
            // idle: nobody is there
            Some(1) => continue,
            Some(2) => Some("authenticating"),
            Some(3) => Some("authorizationSuccess"),
            Some(4..=7) => Some("authorizationFailed"),
            _ => None,
        };
        let method = match table.get(DA_AUTH_TYPE, index).and_then(unsigned) {
            Some(0) => Some("mab"),
            Some(1) => Some("other"),
            Some(2) => Some("dot1x"),
            _ => None,
        };
        sessions.push(Session {
            mac: Some(mac),
            ip: table.get(DA_IP, index).and_then(ip),
            vlan: vlan_of_index(vlan),
            method: method.map(str::to_owned),
            status: status.map(str::to_owned),
            ..on_port(names.known(port, tally), names)
        });
    }
    sessions
}

/// Sessions of alaDot1xDeviceStatusTable; the index is kind of query, slot, port, address, kind of
/// device, and release 6 numbers its interfaces by slot × 1000 + port. The kinds of query overlap.
pub fn alcatel_6(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    let mut sessions: BTreeMap<(u32, netwarden_model::Mac), Session> = BTreeMap::new();
    for (index, value) in table.column(DOT1X_AUTH_RESULT) {
        let parts = match index {
            [_query, slot, port, octets @ .., _device] if octets.len() == 6 => {
                mac_of_index(octets).and_then(|mac| Some((slot.checked_mul(1000)?.checked_add(*port)?, mac)))
            }
            _ => None,
        };
        let Some((port, mac)) = parts else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let status = match unsigned(value) {
            Some(1) => Some("authenticating"),
            Some(2) => Some("authorizationSuccess"),
            Some(3) => Some("authorizationFailed"),
            _ => None,
        };
        let method = match table.get(DOT1X_AUTH_TYPE, index).and_then(unsigned) {
            Some(1) => Some("dot1x"),
            Some(2) => Some("mab"),
            Some(3) => Some("web_auth"),
            _ => None,
        };
        sessions.entry((port, mac)).or_insert_with(|| Session {
            mac: Some(mac),
            ip: table.get(DOT1X_IP, index).and_then(ip),
            user: table.get(DOT1X_USER, index).and_then(text).filter(|user| user != "--"),
            vlan: table.get(DOT1X_VLAN, index).and_then(vlan_id),
            method: method.map(str::to_owned),
            status: status.map(str::to_owned),
            ..on_port(names.known(port, tally), names)
        });
    }
    sessions.into_values().collect()
}

fn ip(value: ValueRef<'_>) -> Option<std::net::IpAddr> {
    let ip = match value {
        ValueRef::IpAddress(ip) => Some(std::net::IpAddr::V4(ip)),
        other => other.as_bytes().and_then(ip_of_bytes),
    };
    ip.filter(|ip| is_host_address(*ip))
}

fn on_port(if_index: Option<IfIndex>, names: &Names) -> Session {
    Session {
        if_index,
        if_name: if_index.and_then(|i| names.name(i)),
        mac: None,
        ip: None,
        user: None,
        vlan: None,
        host_mode: None,
        domain: None,
        method: None,
        status: None,
        age_s: None,
        time_left_s: None,
    }
}

#[cfg(test)]
mod tests {
    use netwarden_model::VlanId;
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    fn cell(column: &[u32], index: &[u32], value: Value) -> VarBind {
        VarBind::new(Oid::from(column).child(index), value)
    }

    fn octets(text: &[u8]) -> Value {
        Value::OctetString(text.to_vec())
    }

    fn names() -> Names {
        let mut names = Names::default();
        names.insert(7, Some("1/1/7".into()));
        names
    }

    #[test]
    fn release_6_counts_ports_by_slot_and_shows_a_device_more_than_once() {
        let mut names = Names::default();
        names.insert(1007, Some("1/7".into()));
        let at = |query| [query, 1, 7, 2, 0, 0, 0, 0, 9, 1];
        let table = Table::new(vec![
            cell(DOT1X_AUTH_RESULT, &at(1), Value::Integer(2)),
            cell(DOT1X_AUTH_TYPE, &at(1), Value::Integer(2)),
            cell(DOT1X_VLAN, &at(1), Value::Integer(20)),
            cell(DOT1X_USER, &at(1), octets(b"--")),
            cell(DOT1X_AUTH_RESULT, &at(2), Value::Integer(2)),
            cell(DOT1X_AUTH_RESULT, &[1, 4_294_968, 7, 2, 0, 0, 0, 0, 9, 1], Value::Integer(2)),
        ]);
        let mut tally = QuirkTally::default();
        let sessions = alcatel_6(&table, &names, &mut tally);
        assert_eq!(sessions.len(), 1);
        assert_eq!(sessions[0].if_name.as_deref(), Some("1/7"));
        assert_eq!(sessions[0].vlan, VlanId::new(20).ok());
        assert_eq!(sessions[0].user, None);
        assert_eq!(sessions[0].method.as_deref(), Some("mab"));
        assert_eq!(sessions[0].status.as_deref(), Some("authorizationSuccess"));
        assert_eq!(tally.into_counts()[0].quirk, Quirk::IndexMalformed);
    }

    #[test]
    fn users_of_three_makers() {
        let mut tally = QuirkTally::default();
        let here = |sessions: Vec<Session>| {
            let [session] = <[Session; 1]>::try_from(sessions).unwrap();
            assert_eq!(session.if_index, Some(IfIndex(7)));
            assert_eq!(session.mac, "02:00:00:00:00:09".parse().ok());
            assert_eq!(session.vlan, VlanId::new(20).ok());
            session
        };
        let mac = [2, 0, 0, 0, 0, 9];
        let session = here(huawei(
            &Table::new(vec![
                cell(HW_MAC, &[5], octets(&mac)),
                cell(HW_INTERFACE, &[5], octets(b"1/1/7")),
                cell(HW_VLAN, &[5], Value::Integer(20)),
                cell(HW_IP, &[5], Value::IpAddress([192, 0, 2, 9].into())),
                cell(HW_MAC, &[6], octets(&mac)),
                cell(HW_INTERFACE, &[6], octets(b"vty")),
            ]),
            &names(),
            &mut tally,
        ));
        assert_eq!(session.ip, Some([192, 0, 2, 9].into()));
        let row = [5, 49, 47, 49, 47, 55, 2, 0, 0, 0, 0, 9];
        let session = here(aruba(
            &Table::new(vec![
                cell(PAC_METHODS, &row, octets(b"mac-auth")),
                cell(PAC_VLAN, &row, Value::Integer(20)),
                cell(PAC_VLAN, &[200, 1], Value::Integer(20)),
            ]),
            &names(),
            &mut tally,
        ));
        assert_eq!(session.method.as_deref(), Some("mab"));
        let row = [7, 2, 0, 0, 0, 0, 9, 20];
        let session = here(alcatel(
            &Table::new(vec![
                cell(DA_STATUS, &row, Value::Integer(3)),
                cell(DA_STATUS, &[7, 2, 0, 0, 0, 0, 8, 20], Value::Integer(1)),
                cell(DA_STATUS, &[7], Value::Integer(3)),
            ]),
            &names(),
            &mut tally,
        ));
        assert_eq!(session.status.as_deref(), Some("authorizationSuccess"));
        assert_eq!(tally.into_counts()[0].dropped, 2);
    }
}

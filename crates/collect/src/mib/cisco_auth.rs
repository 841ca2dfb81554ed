//! CISCO-AUTH-FRAMEWORK-MIB cafSessionTable and cafSessionMethodsInfoTable: 802.1X, MAC and web
//! authentication sessions.

use std::collections::BTreeMap;

use netwarden_model::reading::{Quirk, QuirkTally, Session};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use crate::convention::{ip_of_bytes, is_host_address, mac, text, unsigned, vlan_id};
use crate::table::Table;

const CLIENT_MAC: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 2];
const CLIENT_ADDRESS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 4];
const STATUS: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 5];
const DOMAIN: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 6];
const HOST_MODE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 7];
const USER_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 10];
const VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 14];
const TIME_LEFT: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 1, 1, 16];
const METHOD_STATE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 656, 1, 4, 2, 1, 2];

/// The columns read.
pub const COLUMNS: &[&[u32]] =
    &[CLIENT_MAC, CLIENT_ADDRESS, STATUS, DOMAIN, HOST_MODE, USER_NAME, VLAN, TIME_LEFT, METHOD_STATE];

/// Sessions, by port and session id.
pub fn sessions(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    let methods = methods(table);
    let mut found: BTreeMap<&[u32], Session> = BTreeMap::new();
    for column in COLUMNS.iter().filter(|column| **column != METHOD_STATE) {
        for (index, value) in table.column(column) {
            let Some((port, session_id)) = index.split_first().filter(|(_, id)| !id.is_empty()) else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            let session = found.entry(index).or_insert_with(|| {
                let if_index = names.known(*port, tally);
                Session {
                    if_index,
                    if_name: if_index.and_then(|i| names.name(i)),
                    mac: None,
                    ip: None,
                    user: None,
                    vlan: None,
                    host_mode: None,
                    domain: None,
                    method: methods.get(&(*port, without_length(session_id).to_vec())).cloned(),
                    status: None,
                    age_s: None,
                    time_left_s: None,
                }
            });
            fill(session, column, value);
        }
    }
    found.into_values().collect()
}

fn fill(session: &mut Session, column: &[u32], value: ValueRef<'_>) {
    let word = |words: &[&str]| {
        let at = usize::try_from(unsigned(value)?).ok()?.checked_sub(1)?;
        words.get(at).filter(|word| !word.is_empty()).map(|word| (*word).to_owned())
    };
    match column {
        CLIENT_MAC => session.mac = mac(value).filter(|mac| mac.is_endpoint()),
        CLIENT_ADDRESS => {
            session.ip = value.as_bytes().and_then(ip_of_bytes).filter(|ip| is_host_address(*ip));
        }
        STATUS => {
            session.status = word(&[
                "idle",
                "running",
                "noMethod",
                "authenticationSuccess",
                "authenticationFailed",
                "authorizationSuccess",
                "authorizationFailed",
            ]);
        }
        DOMAIN => session.domain = word(&["", "data", "voice"]),
        HOST_MODE => session.host_mode = word(&["single", "multi_host", "multi_auth", "multi_domain"]),
        USER_NAME => session.user = text(value),
        VLAN => session.vlan = vlan_id(value),
        TIME_LEFT => session.time_left_s = unsigned(value).map(u64::from),
        _ => {}
    }
}

/// The method of each session that succeeded, else the one that is running or has run. The index is
/// port, session id with its length, method.
fn methods(table: &Table) -> BTreeMap<(u32, Vec<u32>), String> {
    let mut best: BTreeMap<(u32, Vec<u32>), (u8, String)> = BTreeMap::new();
    for (index, value) in table.column(METHOD_STATE) {
        let Some((port, rest)) = index.split_first() else { continue };
        let Some((method, session_id)) = rest.split_last() else { continue };
        let word = match method {
            2 => "dot1x",
            3 => "mab",
            4 => "web_auth",
            _ => "other",
        };
        // notRun, running, failedOver, authcSuccess, authcFailed
        let rank = match unsigned(value) {
            Some(4) => 3,
            Some(2) => 2,
            Some(3 | 5) => 1,
            _ => 0,
        };
        let key = (*port, without_length(session_id).to_vec());
        match best.get(&key) {
            Some((known, _)) if *known >= rank => {}
            _ => {
                best.insert(key, (rank, word.to_owned()));
            }
        }
    }
    best.into_iter().filter(|(_, (rank, _))| *rank > 0).map(|(key, (_, word))| (key, word)).collect()
}

fn without_length(session_id: &[u32]) -> &[u32] {
    match session_id.split_first() {
        Some((length, rest)) if usize::try_from(*length) == Ok(rest.len()) => rest,
        _ => session_id,
    }
}

#[cfg(test)]
mod tests {
    use netwarden_model::IfIndex;
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn a_session_and_its_method_whether_or_not_the_id_carries_its_length() {
        let mut names = Names::default();
        names.insert(10001, Some("Gi1/0/1".into()));
        let number = |column: &[u32], index: &[u32], n| {
            VarBind::new(Oid::from(column).child(index), Value::Integer(n))
        };
        let octets = |column: &[u32], index: &[u32], b: &[u8]| {
            VarBind::new(Oid::from(column).child(index), Value::OctetString(b.to_vec()))
        };
        let row = [10001, 65, 66];
        let found = sessions(
            &Table::new(vec![
                octets(CLIENT_MAC, &row, &[2, 0, 0, 0, 0, 1]),
                octets(CLIENT_ADDRESS, &row, &[0, 0, 0, 0]),
                number(STATUS, &row, 6),
                number(DOMAIN, &row, 3),
                number(HOST_MODE, &row, 4),
                octets(USER_NAME, &row, b"host/a"),
                number(VLAN, &row, 0),
                number(METHOD_STATE, &[10001, 2, 65, 66, 2], 5),
                number(METHOD_STATE, &[10001, 2, 65, 66, 3], 4),
            ]),
            &names,
            &mut QuirkTally::default(),
        );
        let [session] = found.as_slice() else { panic!("one expected: {found:?}") };
        assert_eq!(session.if_index, Some(IfIndex(10001)));
        assert_eq!(session.ip, None);
        assert_eq!(session.vlan, None);
        assert_eq!(session.status.as_deref(), Some("authorizationSuccess"));
        assert_eq!(session.domain.as_deref(), Some("voice"));
        assert_eq!(session.host_mode.as_deref(), Some("multi_domain"));
        assert_eq!(session.method.as_deref(), Some("mab"));
    }
}

//! HP-DOT1X-EXTENSIONS-MIB: the 802.1X sessions of ProCurve and ArubaOS-Switch ports.

use std::collections::BTreeMap;

use netwarden_model::reading::{Quirk, QuirkTally, Session};

use super::interfaces::Names;
use crate::convention::{mac_of_index, text, unsigned, vlan_id};
use crate::table::Table;

const SESSION: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 25, 1, 2, 5, 1];
const TIME: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 25, 1, 2, 5, 1, 8];
const USER_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 25, 1, 2, 5, 1, 13];
const VLAN: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 25, 1, 2, 5, 1, 15];
const PAE_STATE: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 25, 1, 2, 2, 1, 5];

/// The columns read: session time, user name, VLAN and the authenticator's state of each client.
pub const COLUMNS: &[&[u32]] = &[PAE_STATE, TIME, USER_NAME, VLAN];

/// Sessions. The index is the port and the client's address.
pub fn sessions(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Session> {
    debug_assert!(TIME.starts_with(SESSION));
    let mut found: BTreeMap<&[u32], Session> = BTreeMap::new();
    for column in COLUMNS {
        for (index, value) in table.column(column) {
            let mac = match index {
                [_, octets @ ..] if octets.len() == 6 => mac_of_index(octets),
                _ => None,
            };
            let (Some(mac), Some(port)) = (mac, index.first()) else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            let session = found.entry(index).or_insert_with(|| {
                let if_index = names.known(*port, tally);
                Session {
                    if_index,
                    if_name: if_index.and_then(|i| names.name(i)),
                    mac: Some(mac),
                    ip: None,
                    user: None,
                    vlan: None,
                    host_mode: None,
                    domain: None,
                    method: Some("dot1x".to_owned()),
                    status: None,
                    age_s: None,
                    time_left_s: None,
                }
            });
            match *column {
                TIME => session.age_s = unsigned(value).map(|ticks| u64::from(ticks) / 100),
                USER_NAME => session.user = text(value),
                VLAN => session.vlan = vlan_id(value),
                // dot1xAuthPaeState (IEEE 802.1X): 5 authenticated, 7 held
                _ => {
                    session.status = match unsigned(value) {
                        Some(3 | 4) => Some("authenticating"),
                        Some(5) => Some("authorizationSuccess"),
                        Some(7) => Some("authorizationFailed"),
                        _ => None,
                    }
                    .map(str::to_owned);
                }
            }
        }
    }
    // rows of the authenticator without a session are ports on which nobody has spoken
    found.into_values().filter(|s| s.user.is_some() || s.vlan.is_some() || s.age_s.is_some()).collect()
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn a_client_by_its_port_and_address() {
        let row = [16, 2, 0, 0, 0, 0, 9];
        let mut tally = QuirkTally::default();
        let found = sessions(
            &Table::new(vec![
                VarBind::new(Oid::from(TIME).child(row), Value::TimeTicks(818_100)),
                VarBind::new(Oid::from(VLAN).child(row), Value::Gauge32(21)),
                VarBind::new(Oid::from(PAE_STATE).child(row), Value::Integer(5)),
                VarBind::new(Oid::from(VLAN).child([16, 2]), Value::Gauge32(21)),
            ]),
            &Names::default(),
            &mut tally,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].age_s, Some(8181));
        assert_eq!(found[0].mac, "02:00:00:00:00:09".parse().ok());
        assert_eq!(found[0].status.as_deref(), Some("authorizationSuccess"));
        assert_eq!(tally.into_counts()[0].quirk, Quirk::IndexMalformed);
    }
}

//! What a trap or inform says, as far as it concerns ports and addresses (NAC-15).
//!
//! Pure: bindings in, notices out. A notice is a hint where to look; what is found there counts.

use netwarden_model::{IfIndex, Mac, VlanId};
use netwarden_snmp::{Oid, Value, VarBind};

/// snmpTrapOID.0 of SNMPv2-MIB.
const COLD_START: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5, 1];
const WARM_START: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5, 2];
const LINK_DOWN: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5, 3];
const LINK_UP: &[u32] = &[1, 3, 6, 1, 6, 3, 1, 1, 5, 4];
const IF_INDEX: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 1];
/// cmnMacChangedNotification and cmnHistMacChangedMsg (CISCO-MAC-NOTIFICATION-MIB).
const CISCO_MAC_CHANGED: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 1];
const CISCO_MAC_MESSAGE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 215, 1, 1, 8, 1, 2];
/// cpsSecureMacAddrViolation and cpsIfSecureLastMacAddress (CISCO-PORT-SECURITY-MIB).
const CISCO_PORT_SECURITY: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 315, 0, 0, 1];
const CISCO_LAST_MAC: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 315, 1, 2, 1, 1, 10];
/// hpicfMacNotifyMacsAdded, and the table of HP-ICF-MAC-NOTIFY-MIB whose index is VLAN, port, address.
const HP_MACS_ADDED: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 66, 0, 1];
const HP_MAC_TABLE: &[u32] = &[1, 3, 6, 1, 4, 1, 11, 2, 14, 11, 5, 1, 66, 1, 3, 1];

/// Octets of one entry of cmnHistMacChangedMsg: operation, VLAN (2), address (6), dot1dBasePort (2).
const CISCO_ENTRY: usize = 11;
const CISCO_LEARNED: u8 = 1;
const CISCO_REMOVED: u8 = 2;

/// One thing that a notification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The agent has started: cold or warm.
    Started,
    /// A link came up or went down; the interface where it is named.
    Link {
        /// ifIndex.
        if_index: Option<IfIndex>,
        /// Up, else down.
        up: bool,
    },
    /// An address was learned or forgotten.
    Mac {
        /// The address.
        mac: Mac,
        /// The VLAN, where it is named.
        vlan: Option<VlanId>,
        /// Where.
        port: NoticedPort,
        /// Learned, else removed.
        learned: bool,
    },
    /// An address violated a port's security.
    PortSecurity {
        /// The address.
        mac: Mac,
        /// ifIndex.
        if_index: Option<IfIndex>,
    },
}

/// How a notification names the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticedPort {
    /// dot1dBasePort: the element's map says which interface that is.
    Base(u32),
    /// ifIndex.
    Interface(IfIndex),
    /// Not at all.
    Unknown,
}

/// Reads a notification; what concerns neither ports nor addresses gives none.
pub fn decode(trap: &Oid, bindings: &[VarBind]) -> Vec<Notice> {
    match trap.sub_ids() {
        COLD_START | WARM_START => vec![Notice::Started],
        LINK_DOWN => vec![Notice::Link { if_index: if_index(bindings), up: false }],
        LINK_UP => vec![Notice::Link { if_index: if_index(bindings), up: true }],
        CISCO_MAC_CHANGED => messages(bindings, CISCO_MAC_MESSAGE).flat_map(cisco_entries).collect(),
        HP_MACS_ADDED => bindings.iter().filter_map(hp_entry).collect(),
        CISCO_PORT_SECURITY => {
            let macs = messages(bindings, CISCO_LAST_MAC).filter_map(Mac::from_slice);
            macs.map(|mac| Notice::PortSecurity { mac, if_index: if_index(bindings) }).collect()
        }
        _ => Vec::new(),
    }
}

/// ifIndex as a value, or as the instance of another column of ifTable: agents differ.
fn if_index(bindings: &[VarBind]) -> Option<IfIndex> {
    let column = Oid::from(IF_INDEX);
    let by_value = bindings.iter().find(|b| b.oid.starts_with(&column)).and_then(|b| b.value.as_i64());
    let by_instance = || {
        let (_, entry) = IF_INDEX.split_last()?;
        bindings.iter().find_map(|b| match b.oid.sub_ids().strip_prefix(entry) {
            Some([_, instance]) => Some(i64::from(*instance)),
            _ => None,
        })
    };
    by_value.or_else(by_instance).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).map(IfIndex)
}

fn messages<'b>(bindings: &'b [VarBind], column: &'static [u32]) -> impl Iterator<Item = &'b [u8]> {
    let column = Oid::from(column);
    bindings.iter().filter(move |b| b.oid.starts_with(&column)).filter_map(|b| b.value.as_bytes())
}

/// Entries follow one another; an operation of 0 ends them.
fn cisco_entries(message: &[u8]) -> Vec<Notice> {
    message
        .chunks_exact(CISCO_ENTRY)
        .map_while(|entry| match entry {
            [operation @ (CISCO_LEARNED | CISCO_REMOVED), v1, v2, mac @ .., p1, p2] => Some(Notice::Mac {
                mac: Mac::from_slice(mac)?,
                vlan: VlanId::new(i64::from(u16::from_be_bytes([*v1, *v2]))).ok(),
                port: NoticedPort::Base(u32::from(u16::from_be_bytes([*p1, *p2]))),
                learned: *operation == CISCO_LEARNED,
            }),
            _ => None,
        })
        .collect()
}

fn hp_entry(binding: &VarBind) -> Option<Notice> {
    let [_, vlan, port, octets @ ..] = binding.oid.index_below(&Oid::from(HP_MAC_TABLE))? else {
        return None;
    };
    // Some releases give the address's length before it.
    let octets = octets.strip_prefix(&[6]).filter(|rest| rest.len() == 6).unwrap_or(octets);
    let octets: Vec<u8> = octets.iter().map(|o| u8::try_from(*o).ok()).collect::<Option<_>>()?;
    if matches!(binding.value, Value::NoSuchInstance | Value::NoSuchObject) {
        return None;
    }
    Some(Notice::Mac {
        mac: Mac::from_slice(&octets)?,
        vlan: VlanId::new(i64::from(*vlan)).ok(),
        port: NoticedPort::Interface(IfIndex(*port)),
        learned: true,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binding(column: &[u32], index: &[u32], value: Value) -> VarBind {
        VarBind::new(Oid::from(column).child(index), value)
    }

    #[test]
    fn link_traps_name_the_interface_by_value_or_by_instance() {
        let by_value = [binding(IF_INDEX, &[7], Value::Integer(7))];
        assert_eq!(
            decode(&Oid::from(LINK_UP), &by_value),
            [Notice::Link { if_index: Some(IfIndex(7)), up: true }]
        );
        let admin = [1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
        let by_instance = [binding(&admin, &[9], Value::Integer(1))];
        let expected = [Notice::Link { if_index: Some(IfIndex(9)), up: false }];
        assert_eq!(decode(&Oid::from(LINK_DOWN), &by_instance), expected);
        assert_eq!(decode(&Oid::from(LINK_UP), &[]), [Notice::Link { if_index: None, up: true }]);
    }

    #[test]
    fn a_mac_notification_may_hold_several_entries() {
        let mut message = vec![1, 0, 10, 2, 0, 0, 0, 0, 1, 0, 3];
        message.extend([2, 0, 20, 2, 0, 0, 0, 0, 2, 0, 4]);
        message.push(0);
        let notices = decode(
            &Oid::from(CISCO_MAC_CHANGED),
            &[binding(CISCO_MAC_MESSAGE, &[1], Value::OctetString(message))],
        );
        let mac = |last| Mac::new([2, 0, 0, 0, 0, last]);
        let vlan = |id| VlanId::new(id).ok();
        assert_eq!(
            notices,
            [
                Notice::Mac { mac: mac(1), vlan: vlan(10), port: NoticedPort::Base(3), learned: true },
                Notice::Mac { mac: mac(2), vlan: vlan(20), port: NoticedPort::Base(4), learned: false },
            ]
        );
    }

    #[test]
    fn port_security_names_the_intruder() {
        let intruder = Value::OctetString(vec![2, 0, 0, 0, 0, 9]);
        let bindings = [binding(IF_INDEX, &[5], Value::Integer(5)), binding(CISCO_LAST_MAC, &[5], intruder)];
        let expected = Notice::PortSecurity { mac: Mac::new([2, 0, 0, 0, 0, 9]), if_index: Some(IfIndex(5)) };
        assert_eq!(decode(&Oid::from(CISCO_PORT_SECURITY), &bindings), [expected]);
    }

    proptest! {
        #[test]
        fn hostile_messages_never_panic(
            message in proptest::collection::vec(any::<u8>(), 0..64),
            index in proptest::collection::vec(any::<u32>(), 0..12),
        ) {
            for (trap, column) in [
                (CISCO_MAC_CHANGED, CISCO_MAC_MESSAGE),
                (CISCO_PORT_SECURITY, CISCO_LAST_MAC),
                (HP_MACS_ADDED, HP_MAC_TABLE),
                (LINK_UP, IF_INDEX),
            ] {
                decode(&Oid::from(trap), &[binding(column, &index, Value::OctetString(message.clone()))]);
            }
        }
    }
}

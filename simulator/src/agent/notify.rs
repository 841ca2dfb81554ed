//! Notifications: coldStart, linkDown, linkUp (RFC 3418, RFC 2863) and cmnMacChangedNotification
//! (CISCO-MAC-NOTIFICATION-MIB).

use async_snmp::{Oid, Value, VarBind};
use bytes::Bytes;
use netwarden_model::Mac;

use crate::world::device::{Device, PortNo};

const SNMP_TRAPS: [u32; 9] = [1, 3, 6, 1, 6, 3, 1, 1, 5];
const CMN_NOTIFICATION: [u32; 12] = [1, 3, 6, 1, 4, 1, 9, 9, 215, 2, 0, 1];
/// cmnHistMacChangedMsg.
pub const CMN_HIST_MAC_CHANGED_MSG: [u32; 14] = [1, 3, 6, 1, 4, 1, 9, 9, 215, 1, 1, 8, 1, 2];
/// cmnHistTimestamp.
pub const CMN_HIST_TIMESTAMP: [u32; 14] = [1, 3, 6, 1, 4, 1, 9, 9, 215, 1, 1, 8, 1, 3];
const IF_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 2, 2, 1];
const IF_NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
/// Tuples in one message: 128 leave room in an Ethernet frame.
pub const TUPLES_A_MESSAGE: usize = 100;

/// One tuple of cmnHistMacChangedMsg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacChange {
    /// 1 learned, 2 removed.
    pub learned: bool,
    /// In which VLAN.
    pub vlan: u16,
    /// Which address.
    pub mac: Mac,
    /// dot1dBasePort.
    pub base_port: u16,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The agent has restarted.
    ColdStart,
    /// ifOperStatus changed.
    Link {
        /// To up.
        up: bool,
        /// ifIndex.
        if_index: u32,
        /// ifName.
        if_name: String,
        /// ifAdminStatus is up.
        admin_up: bool,
    },
    /// Addresses were learned or forgotten.
    Macs {
        /// cmnHistIndex.
        index: u32,
        /// The tuples.
        changes: Vec<MacChange>,
    },
}

/// A notification with its sysUpTime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// sysUpTime.0, hundredths of a second.
    pub up_time_cs: u32,
    /// What is told.
    pub content: Content,
}

impl Notification {
    /// linkUp or linkDown of a port.
    pub fn link(device: &Device, port: PortNo, up: bool, up_time_cs: u32) -> Option<Self> {
        let port = device.port(port)?;
        Some(Self {
            up_time_cs,
            content: Content::Link {
                up,
                if_index: port.if_index,
                if_name: port.name.clone(),
                admin_up: port.admin_up,
            },
        })
    }

    /// snmpTrapOID.0.
    pub fn oid(&self) -> Oid {
        let trap = |number: u32| Oid::new(SNMP_TRAPS.into_iter().chain([number]));
        match &self.content {
            Content::ColdStart => trap(1),
            Content::Link { up: false, .. } => trap(3),
            Content::Link { up: true, .. } => trap(4),
            Content::Macs { .. } => Oid::from_slice(&CMN_NOTIFICATION),
        }
    }

    /// The bindings after sysUpTime.0 and snmpTrapOID.0.
    pub fn bindings(&self) -> Vec<VarBind> {
        match &self.content {
            Content::ColdStart => Vec::new(),
            Content::Link { up, if_index, if_name, admin_up } => {
                let column = |number: u32| Oid::new(IF_ENTRY.into_iter().chain([number, *if_index]));
                let status = |up: bool| Value::Integer(if up { 1 } else { 2 });
                vec![
                    VarBind::new(column(1), Value::Integer(*if_index as i32)),
                    VarBind::new(column(7), status(*admin_up)),
                    VarBind::new(column(8), status(*up)),
                    VarBind::new(
                        Oid::new(IF_NAME.into_iter().chain([*if_index])),
                        Value::OctetString(Bytes::from(if_name.clone())),
                    ),
                ]
            }
            Content::Macs { index, changes } => {
                let row = |object: [u32; 14]| Oid::new(object.into_iter().chain([*index]));
                vec![
                    VarBind::new(row(CMN_HIST_MAC_CHANGED_MSG), Value::OctetString(message(changes).into())),
                    VarBind::new(row(CMN_HIST_TIMESTAMP), Value::TimeTicks(self.up_time_cs)),
                ]
            }
        }
    }
}

/// cmnHistMacChangedMsg: per change operation (1), VLAN (2), address (6), dot1dBasePort (2); an
/// operation 0 ends the list.
pub fn message(changes: &[MacChange]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(changes.len() * 11 + 1);
    for change in changes {
        octets.push(if change.learned { 1 } else { 2 });
        octets.extend(change.vlan.to_be_bytes());
        octets.extend(change.mac.octets());
        octets.extend(change.base_port.to_be_bytes());
    }
    octets.push(0);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_message_is_eleven_octets_a_change_and_an_end() {
        let change =
            MacChange { learned: true, vlan: 10, mac: Mac::new([0xb8, 0x27, 0xeb, 1, 2, 3]), base_port: 17 };
        let gone = MacChange { learned: false, ..change };
        assert_eq!(
            message(&[change, gone]),
            [1, 0, 10, 0xb8, 0x27, 0xeb, 1, 2, 3, 0, 17, 2, 0, 10, 0xb8, 0x27, 0xeb, 1, 2, 3, 0, 17, 0]
        );
    }
}

//! A notification, whichever version it came in: as the SNMPv2-Trap-PDU has it, v1's converted as
//! RFC 3584 section 3.1 says.

use std::net::{Ipv4Addr, SocketAddr};

use crate::ber::DecodeError;
use crate::pdu::{Bindings, TrapV1};
use crate::usm::SecurityLevel;
use crate::{Oid, Value, VarBind};

/// sysUpTime.0.
const SYS_UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];
/// snmpTrapOID.0.
const SNMP_TRAP_OID: [u32; 11] = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];
/// snmpTrapEnterprise.0.
const SNMP_TRAP_ENTERPRISE: [u32; 11] = [1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0];
/// snmpTrapAddress.0.
const SNMP_TRAP_ADDRESS: [u32; 10] = [1, 3, 6, 1, 6, 3, 18, 1, 3, 0];
/// snmpTraps, below which the generic traps of v1 have their place.
const SNMP_TRAPS: [u32; 9] = [1, 3, 6, 1, 6, 3, 1, 1, 5];

/// What a trap or inform says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Where it came from. An agent with several addresses may send from any of them.
    pub source: SocketAddr,
    /// As whom it was sent.
    pub principal: Principal,
    /// True for an inform, which has been answered.
    pub confirmed: bool,
    /// sysUpTime.0 of the sender, in hundredths of a second.
    pub up_time: Option<u32>,
    /// snmpTrapOID.0.
    pub trap_oid: Oid,
    /// The other bindings, in their order.
    pub bindings: Vec<VarBind>,
    /// snmpTrapAddress.0 or the agent-addr of v1: the agent, where a proxy sent it on.
    pub agent_address: Option<Ipv4Addr>,
}

/// As whom a notification was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// With the community of this name in the receiver's configuration; not authentic.
    Community {
        /// The name given to it, not the community itself.
        name: String,
    },
    /// By this user of SNMPv3.
    User {
        /// The user's name.
        name: String,
        /// How far the message was protected.
        level: SecurityLevel,
        /// contextEngineID: the engine that the notification is about.
        engine_id: Vec<u8>,
        /// contextName.
        context: String,
    },
}

/// Why a notification cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("no snmpTrapOID.0 among the bindings")]
    NoTrapOid,
}

impl Notification {
    /// RFC 3416 section 4.2.6: sysUpTime.0 and snmpTrapOID.0 come first; they are found wherever a
    /// sloppy agent puts them.
    pub(super) fn from_bindings(
        source: SocketAddr,
        principal: Principal,
        confirmed: bool,
        bindings: Bindings<'_>,
    ) -> Result<Self, Unreadable> {
        let (mut up_time, mut trap_oid, mut agent_address) = (None, None, None);
        let mut rest = Vec::new();
        for binding in bindings {
            let binding = binding?.to_owned()?;
            match (binding.oid.sub_ids(), &binding.value) {
                (name, Value::TimeTicks(ticks)) if name == SYS_UP_TIME => up_time = Some(*ticks),
                (name, Value::ObjectId(oid)) if name == SNMP_TRAP_OID => trap_oid = Some(Oid::clone(oid)),
                (name, value) => {
                    if let (true, Value::IpAddress(address)) = (name == SNMP_TRAP_ADDRESS, value) {
                        agent_address = Some(*address);
                    }
                    rest.push(binding);
                }
            }
        }
        let trap_oid = trap_oid.ok_or(Unreadable::NoTrapOid)?;
        Ok(Self { source, principal, confirmed, up_time, trap_oid, bindings: rest, agent_address })
    }

    /// RFC 3584 section 3.1.
    pub(super) fn from_v1(
        source: SocketAddr,
        principal: Principal,
        trap: &TrapV1<'_>,
    ) -> Result<Self, Unreadable> {
        let enterprise = trap.enterprise.to_owned()?;
        let trap_oid = match trap.generic_trap {
            generic @ 0..=5 => Oid::from(&SNMP_TRAPS[..]).child([u32::try_from(generic).unwrap_or(0) + 1]),
            _ => enterprise.child([0, u32::from_be_bytes(trap.specific_trap.to_be_bytes())]),
        };
        let mut bindings = trap.bindings.to_owned()?;
        if !trap.agent_addr.is_unspecified() {
            bindings.push(VarBind::new(Oid::from(SNMP_TRAP_ADDRESS), Value::IpAddress(trap.agent_addr)));
        }
        bindings.push(VarBind::new(Oid::from(SNMP_TRAP_ENTERPRISE), enterprise.into()));
        Ok(Self {
            source,
            principal,
            confirmed: false,
            up_time: Some(trap.time_stamp),
            trap_oid,
            bindings,
            agent_address: Some(trap.agent_addr).filter(|address| !address.is_unspecified()),
        })
    }
}

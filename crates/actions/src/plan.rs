//! Plans: from what an element shows and what is wanted to ordered SETs, the values to keep for the
//! release, and the reads that prove the effect. Pure: nothing here sends anything.
//!
//! A plan that is made when the element is already as wanted has no SETs, so repeating a plan never
//! changes the network twice.

pub mod admin_status;
pub mod cisco;
pub mod port;
pub mod port_list;
pub mod q_bridge;

use netwarden_model::VlanId;
use netwarden_snmp::{Oid, Value, VarBind};

/// One thing that must hold on the element once a plan has been carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// An object of one of the integer types has this value.
    Number {
        /// The instance.
        oid: Oid,
        /// Its value.
        value: i64,
        /// What it stands for, as it is said to people: `PVID`, `ifAdminStatus`.
        what: String,
    },
    /// Our port's bit in a PortList; the other bits are not ours to judge.
    PortBit {
        /// The instance.
        oid: Oid,
        /// dot1dBasePort, counted from 1.
        base_port: u32,
        /// Whether the port is to be in the list.
        set: bool,
        /// What it stands for: `untagged ports of VLAN 99`.
        what: String,
    },
}

impl Expect {
    /// The instance to read.
    pub fn oid(&self) -> &Oid {
        match self {
            Expect::Number { oid, .. } | Expect::PortBit { oid, .. } => oid,
        }
    }

    /// Whether `read` is as expected; otherwise one sentence saying what was found instead.
    pub fn check(&self, read: &Value) -> Result<(), String> {
        match self {
            Expect::Number { value, what, .. } => match read.as_i64() {
                Some(found) if found == *value => Ok(()),
                Some(found) => Err(format!("{what} is {found}, not {value}")),
                None => Err(format!("{what} cannot be read: the element answers {}", answer(read))),
            },
            Expect::PortBit { base_port, set, what, .. } => match read.as_bytes() {
                Some(list) if port_list::contains(list, *base_port) == *set => Ok(()),
                Some(_) if *set => Err(format!("bridge port {base_port} is not among the {what}")),
                Some(_) => Err(format!("bridge port {base_port} is still among the {what}")),
                None => Err(format!("the {what} cannot be read: the element answers {}", answer(read))),
            },
        }
    }
}

/// What an element shows of a port after an act; None where the act did not look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// The VLAN of its untagged frames: dot1qPvid or vmVlan.
    pub pvid: Option<VlanId>,
    /// True where ifAdminStatus is up.
    pub admin_up: Option<bool>,
}

/// What is to be done to one port, and how its effect is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Everything that release needs, with what earlier plans for the same wish had already stored.
    pub earlier: port::Earlier,
    /// SETs in the order in which they must take effect; empty where all is as wanted.
    pub sets: Vec<VarBind>,
    /// Take the link down and up after the SETs: the ifAdminStatus instance.
    pub bounce: Option<Oid>,
    /// What must hold afterwards.
    pub expect: Vec<Expect>,
}

impl Plan {
    /// The instances to read back, each once.
    pub fn reads(&self) -> Vec<Oid> {
        let mut oids: Vec<Oid> = self.expect.iter().map(|expect| expect.oid().clone()).collect();
        oids.sort();
        oids.dedup();
        oids
    }

    /// Whether the values read back are as wanted; otherwise every difference in one sentence.
    pub fn verify(&self, read: &[VarBind]) -> Result<(), String> {
        let mut wrong = Vec::new();
        for expect in &self.expect {
            match read.iter().find(|binding| binding.oid == *expect.oid()) {
                Some(binding) => wrong.extend(expect.check(&binding.value).err()),
                None => wrong.push(format!("the element did not answer for {}", expect.oid())),
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// What holds of the port once the plan's effects are read back.
    pub fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        for expect in &self.expect {
            let Expect::Number { value, what, .. } = expect else { continue };
            match what.as_str() {
                q_bridge::PVID | cisco::VM_VLAN => {
                    shown.pvid = VlanId::new(*value).ok();
                }
                admin_status::NAME => shown.admin_up = Some(*value == admin_status::UP),
                _ => {}
            }
        }
        shown
    }

    /// What the SETs do, for people: `PVID 10 → 99, ...`.
    pub fn describe(&self) -> String {
        let said: Vec<String> = self
            .expect
            .iter()
            .map(|expect| match expect {
                Expect::Number { value, what, .. } => format!("{what} {value}"),
                Expect::PortBit { set: true, what, .. } => format!("in the {what}"),
                Expect::PortBit { set: false, what, .. } => format!("not in the {what}"),
            })
            .collect();
        said.join(", ")
    }
}

/// Why no plan can be made; each is one clear sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The VLAN is not configured on the element.
    #[error("VLAN {0} does not exist on the element")]
    VlanMissing(VlanId),
    /// The VLAN is there but not in service.
    #[error("VLAN {0} is configured on the element but not active")]
    VlanNotActive(VlanId),
    /// dot1qVlanForbiddenEgressPorts names the port.
    #[error("the element forbids the port to be a member of VLAN {0} (dot1qVlanForbiddenEgressPorts)")]
    VlanForbidden(VlanId),
    /// The vendor's MIB says that the port carries several VLANs.
    #[error("the port is a trunk, and a trunk is never moved")]
    Trunk,
    /// The port's VLAN is handed out by a server (vmVlanType dynamic).
    #[error("the port gets its VLAN from a VMPS server (vmVlanType is dynamic), so vmVlan cannot be set")]
    DynamicVlan,
    /// The element offers no object by which a VLAN can be set.
    #[error(
        "the element shows neither dot1qPvid nor vmVlan for the port, so it cannot be moved to a VLAN over SNMP"
    )]
    NoVlanMethod,
    /// The element shows no state of the port.
    #[error("the element shows no ifAdminStatus for the port, so it cannot be shut over SNMP")]
    NoAdminStatus,
    /// Stored values were taken by another method than the element offers now.
    #[error("the earlier values were taken from {stored}, but the element now offers {offered}")]
    MethodChanged {
        /// The MIB that the stored values belong to.
        stored: &'static str,
        /// The MIB that the element offers now, or `neither`.
        offered: &'static str,
    },
}

/// An agent's answer that is no usable value, in words.
fn answer(value: &Value) -> &'static str {
    match value {
        Value::NoSuchObject => "noSuchObject",
        Value::NoSuchInstance => "noSuchInstance",
        Value::EndOfMibView => "endOfMibView",
        Value::Null => "NULL",
        _ => "a value of another type",
    }
}

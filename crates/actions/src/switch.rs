//! A port on a real element: found by its lasting name, read, set, read back. The only place of this
//! crate that speaks SNMP.

use std::time::Duration;

use netwarden_model::access::PortAccess;
use netwarden_model::{NeId, PortName, VlanId};
use netwarden_reach::{Snmp, SnmpError};
use netwarden_snmp::{Oid, Value, VarBind};

use crate::plan::port::{Earlier, EarlierVlan, State, VlanMethod};
use crate::plan::{Plan, PlanError, admin_status, cisco, port, q_bridge};

/// Sessions with elements, as whoever wires credentials and sockets gives them.
pub trait Sessions: Send + Sync {
    /// A session with one agent.
    type Session: Snmp;

    /// A session that may write to `ne`; otherwise one sentence saying why there is none.
    fn session(&self, ne: NeId) -> impl Future<Output = Result<Self::Session, SessionError>> + Send;
}

/// Why no session with an element could be had, in one sentence that names the element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SessionError(pub String);

/// Why a port could not be read, planned or set; each is one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// There is no session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The agent did not do as asked.
    #[error(transparent)]
    Snmp(#[from] SnmpError),
    /// What is wanted cannot be had on this element.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// No interface bears the name.
    #[error("the element has no interface named {0}")]
    NoSuchPort(PortName),
    /// Several interfaces bear the name.
    #[error("the element has {1} interfaces named {0}, so it is not known which is meant")]
    Ambiguous(PortName, usize),
    /// dot1dBasePortIfIndex does not name the interface.
    #[error("dot1dBasePortIfIndex lists no bridge port for ifIndex {0}, so its VLAN cannot be set")]
    NoBridgePort(u32),
}

const IF_DESCR: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 2];
const IF_NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
const BASE_PORT_IF_INDEX: [u32; 11] = [1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];

/// What is to be planned for.
#[derive(Debug, Clone, Copy)]
pub enum Goal<'a> {
    /// This access, with what was stored when it was first changed.
    Access {
        /// What is wanted.
        access: &'a PortAccess,
        /// The VLAN that a telephone keeps tagged.
        voice: Option<VlanId>,
        /// What was stored.
        earlier: Option<&'a Earlier>,
    },
    /// The earlier values.
    Release {
        /// What was stored.
        earlier: &'a Earlier,
        /// Bounce the link if the VLAN changes.
        bounce: bool,
    },
}

impl Goal<'_> {
    fn concerns_vlan(&self) -> bool {
        match self {
            Goal::Access { access, .. } => matches!(access, PortAccess::Vlan { .. }),
            Goal::Release { earlier, .. } => earlier.vlan.is_some(),
        }
    }

    fn target(&self) -> Option<VlanId> {
        match self {
            Goal::Access { access: PortAccess::Vlan { vlan, .. }, .. } => Some(*vlan),
            _ => None,
        }
    }

    fn base_port_hint(&self) -> Option<u32> {
        let earlier = match self {
            Goal::Access { earlier, .. } => *earlier,
            Goal::Release { earlier, .. } => Some(*earlier),
        };
        match earlier?.vlan.as_ref()? {
            EarlierVlan::QBridge(kept) => Some(kept.base_port),
            EarlierVlan::Cisco(_) => None,
        }
    }
}

/// Reads what the goal needs and makes the plan. `hint` is the ifIndex where the port was last.
pub async fn plan<S: Snmp>(
    snmp: &S,
    name: &PortName,
    hint: Option<u32>,
    goal: Goal<'_>,
) -> Result<Plan, SwitchError> {
    let if_index = locate(snmp, name, hint).await?;
    let state = observe(snmp, if_index, &goal).await?;
    Ok(match goal {
        Goal::Access { access, voice, earlier } => port::set_access(&state, access, voice, earlier)?,
        Goal::Release { earlier, bounce } => port::release(&state, earlier, bounce)?,
    })
}

/// The ifIndex that the port has now: ifIndex may be another after each restart, ifName is not.
pub async fn locate<S: Snmp>(snmp: &S, name: &PortName, hint: Option<u32>) -> Result<u32, SwitchError> {
    if let Some(hint) = hint {
        let read = snmp.get(&[Oid::from(IF_NAME).child([hint]), Oid::from(IF_DESCR).child([hint])]).await?;
        let text = |at: usize| read.get(at).and_then(|binding| text(&binding.value));
        if called(hint, text(0), text(1)) == *name && (text(0).is_some() || text(1).is_some()) {
            return Ok(hint);
        }
    }
    let (names, descrs) = (Oid::from(IF_NAME), Oid::from(IF_DESCR));
    let walked = snmp.walk(&[names.clone(), descrs.clone()]).await?;
    let mut interfaces: std::collections::BTreeMap<u32, (Option<String>, Option<String>)> =
        std::collections::BTreeMap::new();
    for binding in walked.bindings() {
        if let Some(&[if_index]) = binding.oid.index_below(&names) {
            interfaces.entry(if_index).or_default().0 = text(&binding.value);
        } else if let Some(&[if_index]) = binding.oid.index_below(&descrs) {
            interfaces.entry(if_index).or_default().1 = text(&binding.value);
        }
    }
    let found: Vec<u32> = interfaces
        .into_iter()
        .filter(|(if_index, (if_name, descr))| called(*if_index, if_name.clone(), descr.clone()) == *name)
        .map(|(if_index, _)| if_index)
        .collect();
    match found.as_slice() {
        [] => Err(SwitchError::NoSuchPort(name.clone())),
        [if_index] => Ok(*if_index),
        several => Err(SwitchError::Ambiguous(name.clone(), several.len())),
    }
}

/// The lasting name of an interface: see [`PortName`].
fn called(if_index: u32, if_name: Option<String>, descr: Option<String>) -> PortName {
    PortName(if_name.or(descr).unwrap_or_else(|| format!("ifIndex {if_index}")))
}

fn text(value: &Value) -> Option<String> {
    let octets = value.as_bytes()?;
    let end = octets.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    let text = String::from_utf8_lossy(octets.get(..end)?).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

async fn observe<S: Snmp>(snmp: &S, if_index: u32, goal: &Goal<'_>) -> Result<State, SwitchError> {
    if !goal.concerns_vlan() {
        let read = snmp.get(&[admin_status::oid(if_index)]).await?;
        let admin_status = read.first().and_then(|binding| binding.value.as_i64());
        return Ok(State { if_index, admin_status, vlan: VlanMethod::None });
    }
    let base_hint = goal.base_port_hint().unwrap_or(if_index);
    let mut oids = vec![
        admin_status::oid(if_index),
        cisco::vm_vlan_oid(if_index),
        cisco::vm_vlan_type_oid(if_index),
        cisco::trunk_status_oid(if_index),
        Oid::from(BASE_PORT_IF_INDEX).child([base_hint]),
        q_bridge::pvid_oid(base_hint),
    ];
    oids.extend(goal.target().map(cisco::vlan_state_oid));
    let read = snmp.get(&oids).await?;
    let number = |at: usize| read.get(at).and_then(|binding| binding.value.as_i64());
    let admin_status = number(0);
    if let Some(vm_vlan) = number(1) {
        let vlan = VlanMethod::Cisco(cisco::State {
            if_index,
            vm_vlan,
            vm_vlan_type: number(2),
            trunk_status: number(3),
            target_state: number(6),
        });
        return Ok(State { if_index, admin_status, vlan });
    }
    if number(3) == Some(1) {
        return Err(PlanError::Trunk.into());
    }
    let (base_port, pvid) = if number(4) == Some(i64::from(if_index)) {
        (base_hint, number(5))
    } else {
        let Some(base_port) = base_port(snmp, if_index).await? else {
            return Err(SwitchError::NoBridgePort(if_index));
        };
        let read = snmp.get(&[q_bridge::pvid_oid(base_port)]).await?;
        (base_port, read.first().and_then(|binding| binding.value.as_i64()))
    };
    let Some(pvid) = pvid else {
        return Ok(State { if_index, admin_status, vlan: VlanMethod::None });
    };
    let walked = snmp.walk(&q_bridge::Column::ALL.map(q_bridge::Column::oid)).await?;
    let vlan = VlanMethod::QBridge(q_bridge::State::from_walk(
        base_port,
        pvid,
        &walked.bindings().collect::<Vec<_>>(),
    ));
    Ok(State { if_index, admin_status, vlan })
}

/// dot1dBasePort of an interface. There is no guess: a bridge port that is not mapped is not touched.
async fn base_port<S: Snmp>(snmp: &S, if_index: u32) -> Result<Option<u32>, SnmpError> {
    let column = Oid::from(BASE_PORT_IF_INDEX);
    let walked = snmp.walk(std::slice::from_ref(&column)).await?;
    let mut found = walked.bindings().filter_map(|binding| match binding.oid.index_below(&column) {
        Some(&[base_port]) if binding.value.as_i64() == Some(i64::from(if_index)) => Some(base_port),
        _ => None,
    });
    Ok(found.next())
}

/// Sends the SETs: all in one request, which takes effect as a whole (RFC 3416 section 4.2.5); where
/// the agent refuses that with an error status, and so has changed nothing, one by one in order.
pub async fn send<S: Snmp>(snmp: &S, sets: &[VarBind]) -> Result<(), SnmpError> {
    match snmp.set(sets).await {
        Err(SnmpError::Status { .. }) if sets.len() > 1 => {
            for set in sets {
                snmp.set(std::slice::from_ref(set)).await?;
            }
            Ok(())
        }
        result => result.map(drop),
    }
}

/// Reads the plan's objects back: as wanted, or one sentence saying what is not.
pub async fn read_back<S: Snmp>(snmp: &S, plan: &Plan) -> Result<(), String> {
    match snmp.get(&plan.reads()).await {
        Ok(read) => plan.verify(&read),
        Err(error) => Err(format!("the values could not be read back: {error}")),
    }
}

/// Takes the link down and up. Up is tried several times: a port must not stay dark because one
/// answer was lost; where it does, the plan's expectations fail and the port is repaired by retry.
pub async fn bounce<S: Snmp>(snmp: &S, plan: &Plan, pause: Duration) -> Result<(), SnmpError> {
    let Some(oid) = &plan.bounce else { return Ok(()) };
    let status = |value: i64| [VarBind::new(oid.clone(), Value::Integer(i32::try_from(value).unwrap_or(1)))];
    let down = snmp.set(&status(admin_status::DOWN)).await;
    if down.is_ok() {
        tokio::time::sleep(pause).await;
    }
    let mut up = snmp.set(&status(admin_status::UP)).await;
    for _ in 0..2 {
        if up.is_ok() {
            break;
        }
        tokio::time::sleep(pause).await;
        up = snmp.set(&status(admin_status::UP)).await;
    }
    up.map(drop)?;
    down.map(drop)
}

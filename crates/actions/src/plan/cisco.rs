//! Moves by CISCO-VLAN-MEMBERSHIP-MIB: one object, vmVlan, indexed by ifIndex. It holds for access
//! ports alone; the state of a trunk stands in CISCO-VTP-MIB's vlanTrunkPortDynamicStatus.

use netwarden_model::VlanId;
use netwarden_snmp::{Oid, Value, VarBind};
use serde::{Deserialize, Serialize};

use super::q_bridge::Steps;
use super::{Expect, PlanError};

/// vlanTrunkPortDynamicStatus `trunking`.
const TRUNKING: i64 = 1;
/// vmVlanType `dynamic`.
const DYNAMIC: i64 = 2;
/// vtpVlanState `operational`.
const OPERATIONAL: i64 = 1;

/// What vmVlan is called to people.
pub const VM_VLAN: &str = "vmVlan";

/// vmVlan of an interface.
pub fn vm_vlan_oid(if_index: u32) -> Oid {
    Oid::from([1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2, if_index])
}

/// vmVlanType of an interface.
pub fn vm_vlan_type_oid(if_index: u32) -> Oid {
    Oid::from([1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 1, if_index])
}

/// vlanTrunkPortDynamicStatus of an interface.
pub fn trunk_status_oid(if_index: u32) -> Oid {
    Oid::from([1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 6, 1, 1, 14, if_index])
}

/// vtpVlanState of a VLAN in management domain 1, the only one that IOS has.
pub fn vlan_state_oid(vlan: VlanId) -> Oid {
    Oid::from([1, 3, 6, 1, 4, 1, 9, 9, 46, 1, 3, 1, 1, 2, 1, u32::from(vlan.get())])
}

/// What the element shows of the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// ifIndex of the port.
    pub if_index: u32,
    /// vmVlan.
    pub vm_vlan: i64,
    /// vmVlanType, where it is shown.
    pub vm_vlan_type: Option<i64>,
    /// vlanTrunkPortDynamicStatus, where it is shown.
    pub trunk_status: Option<i64>,
    /// vtpVlanState of the VLAN that is wanted; None where the element has no such row.
    pub target_state: Option<i64>,
}

/// The earlier value of a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// vmVlan.
    pub vm_vlan: i64,
}

/// Puts the access port into `target`.
pub fn move_to(
    state: &State,
    target: VlanId,
    stored: Option<&Earlier>,
) -> Result<(Earlier, Steps), PlanError> {
    if state.trunk_status == Some(TRUNKING) {
        return Err(PlanError::Trunk);
    }
    if state.vm_vlan_type == Some(DYNAMIC) {
        return Err(PlanError::DynamicVlan);
    }
    match state.target_state {
        None => return Err(PlanError::VlanMissing(target)),
        Some(OPERATIONAL) => {}
        Some(_) => return Err(PlanError::VlanNotActive(target)),
    }
    let earlier = stored.cloned().unwrap_or(Earlier { vm_vlan: state.vm_vlan });
    Ok((earlier, steps(state, i64::from(target.get()))))
}

/// Gives the port back the VLAN that it had.
pub fn restore(state: &State, earlier: &Earlier) -> Result<Steps, PlanError> {
    if state.trunk_status == Some(TRUNKING) {
        return Err(PlanError::Trunk);
    }
    Ok(steps(state, earlier.vm_vlan))
}

fn steps(state: &State, vlan: i64) -> Steps {
    let oid = vm_vlan_oid(state.if_index);
    let value = i32::try_from(vlan).unwrap_or_default();
    let set = (state.vm_vlan != vlan).then(|| VarBind::new(oid.clone(), Value::Integer(value)));
    Steps {
        sets: set.into_iter().collect(),
        expect: vec![Expect::Number { oid, value: vlan, what: VM_VLAN.to_owned() }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access_port() -> State {
        State {
            if_index: 10_105,
            vm_vlan: 10,
            vm_vlan_type: Some(1),
            trunk_status: Some(2),
            target_state: Some(1),
        }
    }

    #[test]
    fn one_object_moves_and_restores() {
        let target = VlanId::new(99).unwrap();
        let (earlier, steps) = move_to(&access_port(), target, None).unwrap();
        assert_eq!(steps.sets, [VarBind::new(vm_vlan_oid(10_105), Value::Integer(99))]);
        let moved = State { vm_vlan: 99, ..access_port() };
        let (again, nothing) = move_to(&moved, target, Some(&earlier)).unwrap();
        assert_eq!((again, nothing.sets.len()), (earlier.clone(), 0));
        let back = restore(&moved, &earlier).unwrap();
        assert_eq!(back.sets, [VarBind::new(vm_vlan_oid(10_105), Value::Integer(10))]);
    }

    #[test]
    fn a_trunk_is_refused_and_so_is_a_vlan_that_is_not_there() {
        let target = VlanId::new(99).unwrap();
        let refused = |state: State| move_to(&state, target, None).unwrap_err();
        assert_eq!(refused(State { trunk_status: Some(1), ..access_port() }), PlanError::Trunk);
        assert_eq!(refused(State { vm_vlan_type: Some(2), ..access_port() }), PlanError::DynamicVlan);
        assert_eq!(refused(State { target_state: None, ..access_port() }), PlanError::VlanMissing(target));
        assert_eq!(
            refused(State { target_state: Some(2), ..access_port() }),
            PlanError::VlanNotActive(target)
        );
        let trunk = State { trunk_status: Some(1), ..access_port() };
        assert_eq!(restore(&trunk, &Earlier { vm_vlan: 10 }), Err(PlanError::Trunk));
    }
}

use super::*;
use crate::plan::admin_status::{DOWN, UP};

fn cisco_port(admin: i64, vm_vlan: i64) -> State {
    State {
        if_index: 5,
        admin_status: Some(admin),
        vlan: VlanMethod::Cisco(cisco::State {
            if_index: 5,
            vm_vlan,
            vm_vlan_type: Some(1),
            trunk_status: Some(2),
            target_state: Some(1),
        }),
    }
}

fn quarantine(bounce: bool) -> PortAccess {
    PortAccess::Vlan { vlan: VlanId::new(99).unwrap(), bounce }
}

#[test]
fn a_move_bounces_only_when_it_moves_and_the_port_is_open() {
    let plan = set_access(&cisco_port(UP, 10), &quarantine(true), None, None).unwrap();
    assert_eq!(plan.bounce, Some(admin_status::oid(5)));
    assert_eq!(plan.earlier.admin_status, Some(UP), "kept, in case the bounce is interrupted");
    assert!(plan.expect.iter().any(|expect| *expect.oid() == admin_status::oid(5)));
    for (state, bounce) in
        [(cisco_port(UP, 99), true), (cisco_port(DOWN, 10), true), (cisco_port(UP, 10), false)]
    {
        let plan = set_access(&state, &quarantine(bounce), None, None).unwrap();
        assert_eq!((plan.bounce, plan.earlier.admin_status), (None, None), "{state:?}");
    }
}

#[test]
fn an_interrupted_bounce_is_brought_up_again() {
    let plan = set_access(&cisco_port(UP, 10), &quarantine(true), None, None).unwrap();
    let plan = set_access(&cisco_port(DOWN, 99), &quarantine(true), None, Some(&plan.earlier)).unwrap();
    assert_eq!(plan.sets, [admin_status::binding(5, UP)]);
    assert_eq!(plan.bounce, None);
}

#[test]
fn an_interrupted_bounce_of_a_release_is_brought_up_again() {
    let moved = set_access(&cisco_port(UP, 10), &quarantine(true), None, None).unwrap();
    let kept = moved.earlier.settled(&quarantine(true));
    let back = release(&cisco_port(UP, 99), &kept, true).unwrap();
    assert_eq!(back.bounce, Some(admin_status::oid(5)));
    assert!(back.expect.iter().any(|expect| *expect.oid() == admin_status::oid(5)));
    // Killed after the link was taken down: the VLAN is restored, the link is not.
    let again = release(&cisco_port(DOWN, 10), &back.earlier, true).unwrap();
    assert_eq!(again.sets, [admin_status::binding(5, UP)]);
    assert_eq!(again.bounce, None);
}

#[test]
fn a_port_that_someone_else_shut_stays_shut_after_release() {
    let plan = set_access(&cisco_port(UP, 10), &quarantine(true), None, None).unwrap();
    let kept = plan.earlier.settled(&quarantine(true));
    let plan = release(&cisco_port(DOWN, 99), &kept, false).unwrap();
    assert!(plan.sets.iter().all(|set| set.oid != admin_status::oid(5)), "{:?}", plan.sets);
}

#[test]
fn from_shut_to_quarantine_the_vlan_comes_before_the_link() {
    let shut = set_access(&cisco_port(UP, 10), &PortAccess::Shut, None, None).unwrap();
    assert_eq!(shut.sets, [admin_status::binding(5, DOWN)]);
    let moved = set_access(&cisco_port(DOWN, 10), &quarantine(true), None, Some(&shut.earlier)).unwrap();
    assert_eq!(moved.sets.len(), 2);
    assert_eq!(moved.sets[0].oid, cisco::vm_vlan_oid(5));
    assert_eq!(moved.sets[1], admin_status::binding(5, UP));
    let back = release(&cisco_port(UP, 99), &moved.earlier, false).unwrap();
    assert_eq!(back.sets.len(), 1);
    assert_eq!(back.sets[0].value, netwarden_snmp::Value::Integer(10));
}

#[test]
fn shut_and_release_of_a_port_touch_ifadminstatus_alone() {
    let shut = set_access(&cisco_port(UP, 10), &PortAccess::Shut, None, None).unwrap();
    assert_eq!(shut.earlier.vlan, None);
    assert_eq!(
        set_access(&cisco_port(DOWN, 10), &PortAccess::Shut, None, Some(&shut.earlier)).unwrap().sets,
        []
    );
    assert_eq!(
        release(&cisco_port(DOWN, 10), &shut.earlier, false).unwrap().sets,
        [admin_status::binding(5, UP)]
    );
    // A port that was down before stays down.
    let shut = set_access(&cisco_port(DOWN, 10), &PortAccess::Shut, None, None).unwrap();
    assert_eq!((shut.sets, shut.earlier.admin_status), (vec![], Some(DOWN)));
}

#[test]
fn what_cannot_be_set_is_said() {
    let bare = State { if_index: 5, admin_status: None, vlan: VlanMethod::None };
    assert_eq!(set_access(&bare, &PortAccess::Shut, None, None), Err(PlanError::NoAdminStatus));
    assert_eq!(set_access(&bare, &quarantine(false), None, None), Err(PlanError::NoVlanMethod));
    let kept = set_access(&cisco_port(UP, 10), &quarantine(false), None, None).unwrap().earlier;
    let error = release(&bare, &kept, false).unwrap_err().to_string();
    assert!(error.contains("CISCO-VLAN-MEMBERSHIP-MIB"), "{error}");
}

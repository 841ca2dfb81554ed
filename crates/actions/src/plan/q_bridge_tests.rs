use proptest::prelude::*;

use super::*;

fn vlan(id: u16) -> VlanId {
    VlanId::new(i64::from(id)).unwrap()
}

fn row(egress: &[u8], untagged: &[u8]) -> VlanRow {
    VlanRow { egress: egress.to_vec(), untagged: untagged.to_vec(), forbidden: vec![], row_status: Some(1) }
}

/// Applies SETs as a real agent does, object by object.
fn apply(state: &mut State, sets: &[VarBind]) {
    for set in sets {
        if set.oid == pvid_oid(state.base_port) {
            state.pvid = set.value.as_i64().unwrap();
            let member = state.vlans.values().any(|row| port_list::contains(&row.egress, state.base_port));
            assert!(member, "the PVID changes only after the port joined a VLAN");
            continue;
        }
        for (id, row) in &mut state.vlans {
            if set.oid == Column::Egress.of(*id) {
                row.egress = set.value.as_bytes().unwrap().to_vec();
            } else if set.oid == Column::Untagged.of(*id) {
                row.untagged = set.value.as_bytes().unwrap().to_vec();
            }
            let port = state.base_port;
            assert!(
                port_list::contains(&row.egress, port) || !port_list::contains(&row.untagged, port),
                "an untagged port is an egress port at every moment"
            );
        }
    }
}

fn holds(state: &State, expect: &[Expect]) -> bool {
    expect.iter().all(|expect| {
        let value = if *expect.oid() == pvid_oid(state.base_port) {
            Value::Gauge32(u32::try_from(state.pvid).unwrap())
        } else {
            let (_, list) = state
                .vlans
                .iter()
                .flat_map(|(id, row)| {
                    [(Column::Egress.of(*id), &row.egress), (Column::Untagged.of(*id), &row.untagged)]
                })
                .find(|(oid, _)| oid == expect.oid())
                .unwrap();
            Value::OctetString(list.clone())
        };
        expect.check(&value).is_ok()
    })
}

#[test]
fn joins_then_pvid_then_leaves() {
    // Port 9 of 16 in VLAN 10 untagged; the quarantine VLAN's lists are too short for port 9.
    let state = State {
        base_port: 9,
        pvid: 10,
        vlans: [(vlan(10), row(&[0xff, 0xff], &[0xff, 0xfe])), (vlan(99), row(&[0x01], &[]))].into(),
    };
    let (earlier, steps) = move_to(&state, vlan(99), None, None).unwrap();
    assert_eq!(
        steps.sets,
        [
            VarBind::new(Column::Egress.of(vlan(99)), Value::OctetString(vec![0x01, 0x80])),
            VarBind::new(Column::Untagged.of(vlan(99)), Value::OctetString(vec![0x00, 0x80])),
            VarBind::new(pvid_oid(9), Value::Gauge32(99)),
            VarBind::new(Column::Untagged.of(vlan(10)), Value::OctetString(vec![0xff, 0x7e])),
            VarBind::new(Column::Egress.of(vlan(10)), Value::OctetString(vec![0xff, 0x7f])),
        ]
    );
    assert_eq!(earlier.pvid, 10);
    assert_eq!(
        earlier.vlans[0],
        EarlierVlan { vlan: vlan(10), egress: "ffff".into(), untagged: "fffe".into() }
    );
    assert_eq!(steps.expect.len(), 5);
}

#[test]
fn refuses_a_vlan_that_is_missing_inactive_or_forbidden() {
    let refusal = |quarantine: Option<VlanRow>| {
        let mut vlans = BTreeMap::from([(vlan(10), row(&[0x80], &[0x80]))]);
        vlans.extend(quarantine.map(|row| (vlan(99), row)));
        move_to(&State { base_port: 1, pvid: 10, vlans }, vlan(99), None, None).unwrap_err()
    };
    assert_eq!(refusal(None), PlanError::VlanMissing(vlan(99)));
    assert_eq!(
        refusal(Some(VlanRow { row_status: Some(2), ..row(&[], &[]) })),
        PlanError::VlanNotActive(vlan(99))
    );
    assert_eq!(
        refusal(Some(VlanRow { forbidden: vec![0x80], ..row(&[], &[]) })),
        PlanError::VlanForbidden(vlan(99))
    );
}

#[test]
fn the_voice_vlan_stays_where_it_is_tagged_and_goes_where_it_is_not() {
    let mut state = State {
        base_port: 1,
        pvid: 10,
        vlans: [
            (vlan(10), row(&[0x80], &[0x80])),
            (vlan(20), row(&[0x80], &[])),
            (vlan(30), row(&[0x80], &[])),
            (vlan(99), row(&[], &[])),
        ]
        .into(),
    };
    let (_, steps) = move_to(&state, vlan(99), Some(vlan(20)), None).unwrap();
    apply(&mut state, &steps.sets);
    assert!(port_list::contains(&state.vlans[&vlan(20)].egress, 1), "tagged voice stays");
    assert!(!port_list::contains(&state.vlans[&vlan(30)].egress, 1), "another tagged VLAN goes");
    // An untagged voice VLAN is a plain VLAN.
    let (_, steps) = move_to(&state, vlan(30), Some(vlan(99)), None).unwrap();
    apply(&mut state, &steps.sets);
    assert!(!port_list::contains(&state.vlans[&vlan(99)].egress, 1));
}

#[test]
fn release_says_which_vlan_has_gone() {
    let state = State {
        base_port: 1,
        pvid: 10,
        vlans: [(vlan(10), row(&[0x80], &[0x80])), (vlan(99), row(&[], &[]))].into(),
    };
    let (earlier, steps) = move_to(&state, vlan(99), None, None).unwrap();
    let mut moved = state;
    apply(&mut moved, &steps.sets);
    moved.vlans.remove(&vlan(10));
    assert_eq!(restore(&moved, &earlier), Err(PlanError::VlanMissing(vlan(10))));
}

#[test]
fn a_renumbered_bridge_port_keeps_its_earlier_bits() {
    let before = State {
        base_port: 1,
        pvid: 10,
        vlans: [(vlan(10), row(&[0x80], &[0x80])), (vlan(99), row(&[], &[]))].into(),
    };
    let (earlier, _) = move_to(&before, vlan(99), None, None).unwrap();
    // After the restart the same port is bridge port 3, back in VLAN 10.
    let mut after = State {
        base_port: 3,
        pvid: 10,
        vlans: [(vlan(10), row(&[0x20], &[0x20])), (vlan(99), row(&[], &[]))].into(),
    };
    let (earlier, steps) = move_to(&after, vlan(99), None, Some(&earlier)).unwrap();
    apply(&mut after, &steps.sets);
    let steps = restore(&after, &earlier).unwrap();
    apply(&mut after, &steps.sets);
    assert_eq!(after.vlans[&vlan(10)].untagged, [0x20]);
    assert_eq!(after.pvid, 10);
}

fn lists() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..9)
}

prop_compose! {
    fn element()(
        rows in proptest::collection::btree_map(1u16..40, (lists(), lists()), 2..8),
        base_port in 1u32..70,
        pick in any::<prop::sample::Index>(),
        voice in proptest::option::of(1u16..40),
    ) -> (State, VlanId, Option<VlanId>) {
        let vlans: BTreeMap<VlanId, VlanRow> = rows
            .into_iter()
            .map(|(id, (egress, untagged))| {
                // Agents keep the untagged ports among the egress ports.
                let untagged: Vec<u8> = untagged
                    .iter()
                    .enumerate()
                    .map(|(at, bits)| bits & egress.get(at).copied().unwrap_or(0))
                    .collect();
                (vlan(id), row(&egress, &untagged))
            })
            .collect();
        let target = *pick.get(&vlans.keys().copied().collect::<Vec<_>>());
        let pvid = i64::from(vlans.keys().next().unwrap().get());
        (State { base_port, pvid, vlans }, target, voice.map(vlan).filter(|voice| *voice != target))
    }
}

/// Our own bits and the PVID.
fn ours(state: &State) -> (i64, Vec<(VlanId, Membership)>) {
    (state.pvid, state.vlans.iter().map(|(id, row)| (*id, state.membership(row))).collect())
}

/// All bits that are not ours.
fn others(state: &State) -> Vec<(VlanId, u32, bool, bool)> {
    let mut bits = Vec::new();
    for (id, row) in &state.vlans {
        for port in (1..100).filter(|port| *port != state.base_port) {
            bits.push((
                *id,
                port,
                port_list::contains(&row.egress, port),
                port_list::contains(&row.untagged, port),
            ));
        }
    }
    bits
}

proptest! {
    #[test]
    fn a_move_isolates_and_repeating_it_changes_nothing((mut state, target, voice) in element()) {
        let foreign = others(&state);
        let (earlier, steps) = move_to(&state, target, voice, None).unwrap();
        apply(&mut state, &steps.sets);
        prop_assert!(holds(&state, &steps.expect));
        prop_assert_eq!(others(&state), foreign);
        for (id, row) in &state.vlans {
            let is = state.membership(row);
            let tagged_voice = voice == Some(*id) && !is.untagged;
            let isolated = if *id == target { is == Membership::UNTAGGED } else { !is.is_any() || tagged_voice };
            prop_assert!(isolated);
        }
        let (again, nothing) = move_to(&state, target, voice, Some(&earlier)).unwrap();
        prop_assert_eq!(nothing.sets, vec![]);
        prop_assert_eq!(again, earlier);
    }

    // proves: NAC-11
    #[test]
    fn move_then_release_restores_exactly_and_spares_what_others_changed(
        (mut state, target, voice) in element(),
        other in 1u32..70,
        set: bool,
    ) {
        let before = ours(&state);
        let (earlier, steps) = move_to(&state, target, voice, None).unwrap();
        let stored: Earlier = serde_json::from_value(serde_json::to_value(&earlier).unwrap()).unwrap();
        apply(&mut state, &steps.sets);
        // Meanwhile somebody else moves another port.
        if other != state.base_port {
            for row in state.vlans.values_mut() {
                row.egress = port_list::with(&row.egress, other, set);
                row.untagged = port_list::with(&row.untagged, other, set);
            }
        }
        let foreign = others(&state);
        let steps = restore(&state, &stored).unwrap();
        apply(&mut state, &steps.sets);
        prop_assert!(holds(&state, &steps.expect));
        prop_assert_eq!(ours(&state), before);
        prop_assert_eq!(others(&state), foreign);
        prop_assert_eq!(restore(&state, &stored).unwrap().sets, vec![]);
    }

    #[test]
    fn two_moves_and_one_release_restore_the_first_state(
        (mut state, first, voice) in element(),
        pick in any::<prop::sample::Index>(),
    ) {
        let before = ours(&state);
        let second = *pick.get(&state.vlans.keys().copied().collect::<Vec<_>>());
        let (earlier, steps) = move_to(&state, first, voice, None).unwrap();
        apply(&mut state, &steps.sets);
        let (earlier, steps) = move_to(&state, second, voice, Some(&earlier)).unwrap();
        apply(&mut state, &steps.sets);
        prop_assert!(holds(&state, &steps.expect));
        let steps = restore(&state, &earlier).unwrap();
        apply(&mut state, &steps.sets);
        prop_assert_eq!(ours(&state), before);
    }
}

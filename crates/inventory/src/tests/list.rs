//! The reference list, bindings and the baseline.

use netwarden_model::{EndpointStatus, EventKind::*, NeId};

use super::lab::*;
use crate::baseline::BaselineFilter;
use crate::edit::{EditError, EndpointEdit, PortEdit};
use crate::{Role, RoleOverride};

// proves: NAC-06
#[test]
fn an_authorisation_until_a_date_ends_then() {
    let mut lab = Lab::pair_of_switches();
    let until = lab.now.checked_add(jiff::SignedDuration::from_mins(5)).unwrap();
    let edit = EndpointEdit {
        status: Some(EndpointStatus::Authorised),
        valid_until: Some(Some(until)),
        owner: Some(Some("Ada".into())),
        ..EndpointEdit::default()
    };
    let changes = lab.net.plan_edit(mac(1), &edit, lab.now).unwrap();
    lab.take(changes);
    lab.minutes(4);
    assert_eq!(lab.kinds(), []);
    lab.minutes(2);
    assert_eq!(lab.kinds(), [Unauthorised]);
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().status, EndpointStatus::Unauthorised);
    // Authorised again, without an end.
    lab.authorise(mac(1));
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().valid_until, None);
    lab.minutes(5);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn who_is_refused_while_present_is_reported_at_once() {
    let mut lab = Lab::pair_of_switches();
    let edit = EndpointEdit { status: Some(EndpointStatus::Unauthorised), ..EndpointEdit::default() };
    let changes = lab.net.plan_edit(mac(1), &edit, lab.now).unwrap();
    lab.take(changes);
    assert_eq!(lab.kinds(), [Unauthorised]);
}

#[test]
fn a_listed_endpoint_is_not_reported_as_unauthorised_when_it_comes() {
    let mut lab = Lab::switches(1);
    lab.authorise(mac(7));
    lab.learn(1, mac(7), 3);
    lab.minutes(1);
    assert_eq!(lab.kinds(), [NewEndpoint, MacOnline]);
}

#[test]
fn edits_that_make_no_sense_are_refused_as_a_whole() {
    let lab = Lab::pair_of_switches();
    let edit = EndpointEdit { status: Some(EndpointStatus::Authorised), ..EndpointEdit::default() };
    let group = "01:00:5e:00:00:01".parse().unwrap();
    assert_eq!(lab.net.plan_edit(group, &edit, lab.now).unwrap_err(), EditError::NotAnEndpoint(group));
    let own = own_mac(NeId(1));
    assert_eq!(
        lab.net.plan_edits([(mac(9), &edit), (own, &edit)], lab.now).unwrap_err(),
        EditError::OfAnElement(own)
    );
    let elsewhere = EndpointEdit { bound_to: Some(Some(port(1, "p99"))), ..EndpointEdit::default() };
    assert_eq!(
        lab.net.plan_edit(mac(1), &elsewhere, lab.now).unwrap_err().to_string(),
        "NE 1 port p99 is not in the inventory"
    );
    let past = EndpointEdit { valid_until: Some(Some(lab.now)), ..EndpointEdit::default() };
    assert!(matches!(lab.net.plan_edit(mac(1), &past, lab.now), Err(EditError::AlreadyOver { .. })));
}

#[test]
fn the_baseline_accepts_who_is_present_by_group() {
    let mut lab = Lab::pair_of_switches();
    for (n, p) in [(71, 5), (72, 6)] {
        lab.learn(1, mac(n), p);
    }
    let random = "da:a1:19:00:00:01".parse().unwrap();
    lab.learn(1, random, 7);
    lab.minutes(1);
    let edit = EndpointEdit { group: Some(Some("printers".into())), ..EndpointEdit::default() };
    let changes = lab.net.plan_edit(mac(71), &edit, lab.now).unwrap();
    lab.take(changes);
    let baseline = lab.net.baseline(&BaselineFilter { randomised: false, ..BaselineFilter::default() });
    let listed: Vec<(Option<&str>, usize)> = baseline.iter().map(|(g, e)| (g.as_deref(), e.len())).collect();
    assert_eq!(listed, [(None, 1), (Some("printers"), 1)]);
    let left = |filter: BaselineFilter| -> Vec<netwarden_model::Mac> {
        lab.net.baseline(&filter).into_values().flatten().map(|entry| entry.mac).collect()
    };
    let of = |groups: &[Option<&str>]| BaselineFilter {
        groups: groups.iter().map(|group| group.map(str::to_owned)).collect(),
        ..BaselineFilter::default()
    };
    assert_eq!(left(of(&[Some("printers")])), [mac(71)]);
    assert_eq!(left(of(&[None])), [mac(72), random]);
    let except = [mac(71), random].into();
    assert_eq!(left(BaselineFilter { except, ..BaselineFilter::default() }), [mac(72)]);
    let reviewed = BaselineFilter { seen_by: Some(lab.now), ..BaselineFilter::default() };
    assert_eq!(left(reviewed.clone()).len(), 3);
    lab.learn(1, mac(73), 8);
    lab.minutes(1);
    assert_eq!(lab.net.baseline(&reviewed).into_values().flatten().count(), 3, "who came later is not in it");
    assert_eq!(lab.net.baseline(&BaselineFilter::default()).into_values().flatten().count(), 4);
    // Who is on the list and seen behind an uplink alone waits for a place, and was seen all the same.
    let changes = lab.net.plan_edit(mac(74), &edit, lab.now).unwrap();
    lab.take(changes);
    lab.learn(1, mac(74), 24);
    lab.minutes(1);
    assert!(lab.net.endpoint(mac(74)).unwrap().first_seen.is_none());
    let seen_by = |by| BaselineFilter { seen_by: Some(by), ..BaselineFilter::default() };
    let is_in = |filter| lab.net.baseline(&filter).into_values().flatten().any(|entry| entry.mac == mac(74));
    assert_eq!((is_in(seen_by(lab.now)), is_in(reviewed)), (true, false));
    lab.forget(1, mac(74));
    lab.forget(1, mac(73));
    lab.minutes(20);
    lab.events.clear();
    let changes = lab.net.plan_baseline(&[mac(71), mac(72), random], None, Some(true), lab.now).unwrap();
    lab.take(changes);
    assert_eq!(lab.net.endpoint(mac(71)).unwrap().bound_to, Some(port(1, "p5")));
    assert_eq!(lab.net.endpoint(random).unwrap().bound_to, None, "its address will change");
    assert!(lab.net.baseline(&BaselineFilter::default()).is_empty());
    lab.minutes(2);
    assert_eq!(lab.kinds(), [], "nobody is reported");
}

// proves: SEC-10
#[test]
fn nobody_authorises_whom_the_blocklist_keeps_out() {
    let mut lab = Lab::switches(1);
    for (at, one) in [mac(71), mac(72)].into_iter().enumerate() {
        lab.learn(1, one, 5 + at as u32);
    }
    lab.minutes(1);
    lab.net.keep_out([mac(71), mac(99)].into());
    let yes = EndpointEdit { status: Some(EndpointStatus::Authorised), ..EndpointEdit::default() };
    let no = EndpointEdit { status: Some(EndpointStatus::Unauthorised), ..EndpointEdit::default() };
    for one in [mac(71), mac(99)] {
        let refused = lab.net.plan_edit(one, &yes, lab.now).err();
        assert_eq!(refused, Some(EditError::KeptOut(one)));
        lab.net.plan_edit(one, &no, lab.now).unwrap();
    }
    let both = [(mac(72), &yes), (mac(71), &yes)];
    assert_eq!(lab.net.plan_edits(both, lab.now).err(), Some(EditError::KeptOut(mac(71))));
    let present = lab.net.baseline(&BaselineFilter::default());
    let present: Vec<_> = present.into_values().flatten().map(|entry| entry.mac).collect();
    assert_eq!(present, [mac(72)]);
    lab.net.keep_out(std::collections::BTreeSet::new());
    lab.net.plan_edit(mac(71), &yes, lab.now).unwrap();
}

#[test]
fn an_elements_own_address_seen_before_the_element_was_read_is_no_part_of_the_baseline() {
    let mut lab = Lab::switches(1);
    let own = own_mac(NeId(2));
    lab.learn(1, own, 9);
    lab.learn(1, mac(71), 5);
    lab.minutes(1);
    assert!(lab.net.endpoint(own).is_some(), "nothing is known against it yet");
    lab.add(2, (1..=4).map(|p| interface(p, &format!("p{p}"))).collect());
    lab.poll(2);
    let macs: Vec<_> =
        lab.net.baseline(&BaselineFilter::default()).into_values().flatten().map(|entry| entry.mac).collect();
    assert_eq!(macs, [mac(71)]);
    lab.net.plan_baseline(&macs, None, None, lab.now).unwrap();
    // Where the review was before that reading it is refused, and one looks again.
    assert!(lab.net.plan_baseline(&[own, mac(71)], None, None, lab.now).is_err());
}

#[test]
fn an_administrators_word_on_a_port_overrides_the_evidence() {
    let mut lab = Lab::pair_of_switches();
    let edit = PortEdit { role: Some(Some(RoleOverride::Uplink)), protected: Some(true) };
    let changes = lab.net.plan_port_edit(&port(1, "p1"), &edit, lab.now).unwrap();
    lab.take(changes);
    assert_eq!((lab.place(mac(1)), lab.net.role(&port(1, "p1"))), (None, Some(Role::Uplink)));
    assert!(lab.net.element(NeId(1)).unwrap().is_protected(&"p1".into()));
    let edit = PortEdit { role: Some(Some(RoleOverride::Access)), protected: None };
    let changes = lab.net.plan_port_edit(&port(1, "p1"), &edit, lab.now).unwrap();
    lab.take(changes);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")));
    assert!(lab.net.element(NeId(1)).unwrap().is_protected(&"p1".into()));
}

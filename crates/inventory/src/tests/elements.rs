//! ne_unreachable, ne_reachable, ne_rebooted; renumbering; notifications.

use netwarden_model::element::Method;
use netwarden_model::{EventKind::*, IfIndex, NeId};

use super::lab::*;
use crate::traps::MacNotice;
use crate::{PollWhat, Read};

#[test]
fn unreachable_after_so_many_failures_in_a_row() {
    let mut lab = Lab::switches(1);
    lab.fail(1);
    lab.fail(1);
    lab.poll(1);
    lab.fail(1);
    lab.fail(1);
    assert_eq!(lab.kinds(), [], "never three in a row");
    lab.fail(1);
    lab.fail(1);
    assert_eq!(lab.kinds(), [NeUnreachable], "once");
    lab.poll(1);
    assert_eq!(lab.kinds(), [NeReachable]);
}

#[test]
fn a_failed_element_that_nobody_added_is_an_error() {
    let lab = Lab::switches(1);
    let error = lab.net.plan_failure(NeId(9), "x", lab.now).unwrap_err();
    assert_eq!(error.to_string(), "network element 9 is not in the inventory");
}

// proves: NAC-03
#[test]
fn a_ports_identity_survives_renumbering() {
    let mut lab = Lab::pair_of_switches();
    lab.bind(mac(1), port(1, "p1"));
    // The stack comes up with its units swapped: every ifIndex means another port.
    let reading = lab.reading(1);
    for interface in &mut reading.interfaces {
        interface.if_index = IfIndex(interface.if_index.0 + 100);
    }
    reading.interfaces.rotate_left(5);
    for row in &mut reading.fdb {
        row.if_index = row.if_index.map(|index| IfIndex(index.0 + 100));
    }
    reading.system.up_time_cs = Some(100);
    lab.minutes(3);
    assert_eq!(lab.kinds(), [NeRebooted]);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")));
    assert_eq!(lab.net.element(NeId(1)).unwrap().port(&"p1".into()).unwrap().if_index, Some(IfIndex(101)));
}

#[test]
fn rows_of_another_boot_are_not_read_with_this_boots_numbers() {
    let mut lab = Lab::pair_of_switches();
    let reading = lab.reading(1);
    reading.system.up_time_cs = Some(100);
    // ifIndex 1 is p2 now, and the rows carry no name.
    for row in &mut reading.fdb {
        row.if_name = None;
        row.if_index = row.if_index.map(|index| IfIndex(index.0 % 24 + 1));
    }
    let reading = lab.readings[&NeId(1)].clone();
    lab.now = lab.now.checked_add(jiff::SignedDuration::from_secs(60)).unwrap();
    let changes =
        lab.net.plan_reading(NeId(1), &Read::Methods(vec![Method::Forwarding]), &reading, lab.now).unwrap();
    lab.take(changes);
    assert_eq!(lab.kinds(), [NeRebooted]);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")), "nothing moves on numbers that may be wrong");
    assert!(
        lab.polls.iter().any(|poll| poll.what == PollWhat::Methods(Method::ALL.to_vec())),
        "they are read anew"
    );
}

#[test]
fn two_interfaces_of_one_name_are_two_ports() {
    let mut lab = Lab::empty(crate::Settings::default());
    let mut twins = vec![interface(1, "eth"), interface(2, "eth"), interface(3, "x")];
    twins[1].descr = twins[0].descr.clone();
    lab.add(1, twins);
    lab.poll(1);
    let names: Vec<String> =
        lab.net.element(NeId(1)).unwrap().ports().map(|port| port.name.0.clone()).collect();
    assert_eq!(names, ["ifIndex 1", "ifIndex 2", "x"]);
}

// proves: NAC-15
#[test]
fn notifications_call_for_the_read_that_settles_them() {
    let mut lab = Lab::pair_of_switches();
    let wishes = lab.net.on_link_change(NeId(1), Some(IfIndex(5)), true, lab.now);
    assert_eq!(wishes[0].due, lab.now, "at once");
    assert!(wishes.len() > 1, "and again, since the first frame may take a while");
    assert!(wishes.iter().all(|wish| wish.what == PollWhat::Methods(vec![Method::Forwarding])));
    let wishes = lab.net.on_link_change(NeId(1), Some(IfIndex(24)), true, lab.now);
    assert_eq!(wishes[0].what, PollWhat::Methods(vec![Method::Inventory, Method::Forwarding]), "an uplink");
    let notice = |port, learned| MacNotice {
        mac: mac(77),
        vlan: Some(vlan(10)),
        if_index: Some(IfIndex(port)),
        learned,
    };
    let wishes = lab.net.on_mac_notification(NeId(1), &[notice(5, true)], lab.now);
    assert_eq!(wishes[0].due, lab.now, "at once");
    assert!(wishes.len() > 1, "and again, since a table may lag behind the notification");
    assert!(wishes.iter().all(|w| matches!(&w.what, PollWhat::Mac { mac: m, .. } if *m == mac(77))));
    assert_eq!(lab.net.on_mac_notification(NeId(1), &[notice(24, true), notice(5, false)], lab.now), []);
    // A table that lags shows nothing yet; the targeted read behind it finds it.
    lab.reread(1, mac(77));
    assert_eq!(lab.kinds(), []);
    lab.learn(1, mac(77), 5);
    lab.reread(1, mac(77));
    assert_eq!(lab.kinds(), [NewEndpoint, MacOnline, Unauthorised]);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")), "others are left alone");
}

#[test]
fn removal_ends_sightings_and_frees_what_it_taught() {
    let mut lab = Lab::pair_of_switches();
    let changes = lab.net.plan_removal(NeId(2), lab.now).unwrap();
    assert!(changes.sightings.values().all(|row| row.ended.is_some()));
    lab.take(changes);
    assert_eq!(lab.place(mac(2)), None);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")));
    assert!(lab.net.element(NeId(2)).is_none());
}

//! Endpoints that pretend to be switches, to have no place (NAC-03).

use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::UplinkReason;
use netwarden_model::{EventKind, NeId};

use super::lab::*;
use crate::{PollWhat, Role};

/// Two switches that hear each other's addresses on their trunk p24, and an intruder on p5 of the first.
fn with_intruder() -> Lab {
    let mut lab = Lab::pair_of_switches();
    for (ne, other) in [(1, 2), (2, 1)] {
        lab.learn(ne, own_mac(NeId(other)), 24);
    }
    lab.learn(1, mac(50), 5);
    lab.learn(2, mac(50), 24);
    lab.minutes(10);
    assert_eq!(lab.place(mac(50)), Some(port(1, "p5")));
    lab.events.clear();
    lab.polls.clear();
    lab
}

/// The intruder has its place still, and one event tells of what it tried.
fn is_seen_through(lab: &mut Lab, because: UplinkReason, shown: &str, claimed: i64) {
    lab.minutes(10);
    assert_eq!(lab.net.role(&port(1, "p5")), Some(Role::Access));
    assert_eq!(lab.place(mac(50)), Some(port(1, "p5")));
    let told: Vec<_> = std::mem::take(&mut lab.events);
    assert_eq!(told.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::PortBecameUplink]);
    assert_eq!(told[0].port, Some("p5".into()));
    assert_eq!(told[0].severity, netwarden_model::Severity::Major);
    let netwarden_model::Payload::Nac(payload) = &told[0].payload else { panic!() };
    let expected = NacPayload::PortBecameUplink {
        because,
        neighbour: shown.into(),
        element: Some(NeId(claimed)),
        endpoints: 1,
        believed: false,
    };
    assert_eq!(payload, &expected);
}

/// However long it goes on.
fn is_seen_through_for_hours(lab: &mut Lab, because: UplinkReason, shown: &str, claimed: i64) {
    is_seen_through(lab, because, shown, claimed);
    lab.minutes(180);
    assert_eq!(lab.net.role(&port(1, "p5")), Some(Role::Access));
    assert_eq!(lab.place(mac(50)), Some(port(1, "p5")));
    assert_eq!(lab.kinds(), []);
}

// proves: NAC-03
#[test]
fn who_announces_a_bridge_stays_where_it_is_if_that_is_not_trusted() {
    let mut lab = with_intruder();
    lab.distrust_unmanaged_neighbours();
    lab.reading(1).neighbours.push(neighbour(5, "not-a-laptop", &["bridge"]));
    lab.minutes(180);
    assert_eq!(lab.net.role(&port(1, "p5")), Some(Role::Access));
    assert_eq!(lab.place(mac(50)), Some(port(1, "p5")));
    assert_eq!(lab.kinds(), []);
}

// proves: NAC-03
#[test]
fn who_announces_a_bridge_takes_its_port_and_that_is_told() {
    let mut lab = with_intruder();
    lab.reading(1).neighbours.push(neighbour(5, "not-a-laptop", &["bridge"]));
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p5")), Some(Role::Uplink));
    let told = lab.payloads(EventKind::PortBecameUplink);
    let expected = NacPayload::PortBecameUplink {
        because: UplinkReason::Neighbour,
        neighbour: "not-a-laptop".into(),
        element: None,
        endpoints: 1,
        believed: true,
    };
    assert_eq!(told, [expected]);
    lab.minutes(10);
    assert_eq!(lab.payloads(EventKind::PortBecameUplink), [], "once");
    // A port where nobody was at home, and nobody is bound, may become what it likes.
    lab.reading(1).neighbours.push(neighbour(6, "a switch", &["bridge"]));
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p6")), Some(Role::Uplink));
    assert_eq!(lab.payloads(EventKind::PortBecameUplink), []);
    lab.bind(mac(77), port(1, "p7"));
    lab.reading(1).neighbours.push(neighbour(7, "a switch", &["bridge"]));
    lab.minutes(1);
    assert_eq!(lab.payloads(EventKind::PortBecameUplink).len(), 1, "somebody is bound to it");
}

// proves: NAC-03
#[test]
fn a_frame_from_a_switchs_address_makes_no_uplink() {
    let mut lab = with_intruder();
    lab.learn(1, own_mac(NeId(2)), 5);
    lab.minutes(1);
    let asked = lab.polls.iter().any(|wish| {
        wish.ne == NeId(2) && matches!(&wish.what, PollWhat::Methods(methods) if methods.len() == 2)
    });
    assert!(asked, "the switch is asked before anything is told");
    is_seen_through_for_hours(&mut lab, UplinkReason::ElementMac, &own_mac(NeId(2)).to_string(), 2);
}

// proves: NAC-03
#[test]
fn an_announced_chassis_of_ours_makes_no_uplink() {
    for trunk_announced in [false, true] {
        let mut lab = with_intruder();
        lab.distrust_unmanaged_neighbours();
        if trunk_announced {
            for (ne, other) in [(1, 2), (2, 1)] {
                let mut announced = neighbour(24, &format!("sw{other}"), &["bridge"]);
                announced.chassis_mac = Some(own_mac(NeId(other)));
                lab.reading(ne).neighbours.push(announced);
            }
            lab.minutes(1);
        }
        let mut announced = neighbour(5, "sw2", &["bridge"]);
        announced.chassis_mac = Some(own_mac(NeId(2)));
        announced.port_id = Some("p7".into());
        lab.reading(1).neighbours.push(announced);
        is_seen_through_for_hours(&mut lab, UplinkReason::Neighbour, "sw2", 2);
    }
}

// proves: NAC-03
#[test]
fn nor_does_the_address_of_a_switch_further_away() {
    // 1 - 2 - 3 on p24 and p23; nothing is announced.
    let mut lab = Lab::switches(3);
    for (ne, towards) in [(1, [0, 24, 24]), (2, [23, 0, 24]), (3, [23, 23, 0])] {
        for (other, at) in (1..=3_i64).zip(towards).filter(|(_, at)| *at > 0) {
            lab.learn(ne, own_mac(NeId(other)), at);
            for n in 1..=3 {
                lab.learn(ne, mac(u32::try_from(other).unwrap() * 100 + n), at);
            }
        }
        for n in 1..=3 {
            lab.learn(ne, mac(u32::try_from(ne).unwrap() * 100 + n), n);
        }
    }
    lab.learn(1, mac(50), 5);
    lab.minutes(10);
    assert_eq!(lab.net.role(&port(1, "p24")), Some(Role::Uplink));
    lab.events.clear();
    lab.learn(1, own_mac(NeId(3)), 5);
    is_seen_through_for_hours(&mut lab, UplinkReason::ElementMac, &own_mac(NeId(3)).to_string(), 3);
}

#[test]
fn a_switch_that_really_was_moved_to_another_port_is_believed() {
    for lldp in [true, false] {
        let mut lab = with_intruder();
        lab.forget(1, mac(50));
        lab.forget(2, mac(50));
        lab.minutes(30);
        lab.events.clear();
        for n in [2, 12, 22] {
            lab.learn(1, mac(n), 5);
        }
        lab.learn(1, own_mac(NeId(2)), 5);
        lab.reading(1).interfaces[23].oper_status = Some("down".into());
        if lldp {
            for (ne, at, other, other_port) in [(1, 5, 2, "p24"), (2, 24, 1, "p5")] {
                let mut announced = neighbour(at, &format!("sw{other}"), &["bridge"]);
                announced.chassis_mac = Some(own_mac(NeId(other)));
                announced.port_id = Some(other_port.into());
                lab.reading(ne).neighbours.push(announced);
            }
        }
        lab.minutes(1);
        assert_eq!(lab.net.role(&port(1, "p5")), Some(Role::Uplink), "lldp {lldp}");
        for n in [2, 12, 22] {
            assert_eq!(lab.place(mac(n)).map(|place| place.ne), Some(NeId(2)), "lldp {lldp}");
        }
        lab.minutes(10);
        assert_eq!(lab.kinds(), [], "lldp {lldp}");
    }
}

#[test]
fn a_router_may_have_a_cable_in_several_ports() {
    let mut lab = with_intruder();
    lab.add(3, Vec::new());
    let second: netwarden_model::Mac = "00:00:0c:bb:00:03".parse().unwrap();
    let mut inside = interface(1, "inside");
    inside.mac = Some(second);
    lab.reading(3).interfaces.push(inside);
    lab.learn(1, own_mac(NeId(3)), 8);
    lab.learn(1, second, 9);
    lab.minutes(3);
    for name in ["p8", "p9"] {
        assert_eq!(lab.net.role(&port(1, name)), Some(Role::Uplink), "{name}");
    }
    // Its address on a third port, where the intruder is, is another matter.
    lab.events.clear();
    lab.forget(1, second);
    lab.learn(1, second, 5);
    is_seen_through(&mut lab, UplinkReason::ElementMac, &second.to_string(), 3);
}

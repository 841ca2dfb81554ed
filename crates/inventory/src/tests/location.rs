//! Roles of ports by each kind of evidence, one at a time.

use std::time::Duration;

use super::lab::*;
use crate::{Role, RoleOverride, UplinkBy};

// proves: NAC-03
#[test]
fn a_neighbour_that_forwards_makes_an_uplink() {
    for (capabilities, expected) in [
        (&["bridge"][..], Role::Uplink),
        (&["router", "bridge"], Role::Uplink),
        (&["bridge", "telephone"], Role::Access),
        (&["bridge", "wlan_ap"], Role::Access),
        (&["station"], Role::Access),
        (&[], Role::Access),
    ] {
        let mut lab = Lab::switches(1);
        lab.reading(1).neighbours.push(neighbour(9, "n", capabilities));
        lab.minutes(1);
        assert_eq!(lab.net.role(&port(1, "p9")), Some(expected), "{capabilities:?}");
    }
}

#[test]
fn a_neighbour_that_is_ours_is_an_uplink_whatever_it_announces() {
    let mut lab = Lab::switches(2);
    let mut announced = neighbour(9, "sw2", &[]);
    announced.addresses.push("10.0.0.3".parse().unwrap());
    lab.reading(1).neighbours.push(announced);
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Uplink));
}

#[test]
fn an_address_shared_by_many_agents_names_no_neighbour() {
    let mut lab = Lab::switches(3);
    for (ne, udp) in [(2, 1161), (3, 1162)] {
        let mut base = lab.net.element(netwarden_model::NeId(ne)).unwrap().base.clone();
        base.element.address = format!("127.0.0.1:{udp}").parse().unwrap();
        lab.net.put_element(base);
    }
    let mut announced = neighbour(9, "x", &["station"]);
    announced.addresses.push("127.0.0.1".parse().unwrap());
    lab.reading(1).neighbours.push(announced);
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Access));
}

// proves: NAC-03
#[test]
fn nobody_becomes_a_switch_by_saying_so_where_that_is_not_trusted() {
    let mut lab = Lab::switches(1);
    lab.distrust_unmanaged_neighbours();
    lab.reading(1).neighbours.push(neighbour(9, "says it is a bridge", &["bridge"]));
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Access));
}

#[test]
fn another_elements_own_address_makes_an_uplink_unless_it_is_a_host() {
    let mut lab = Lab::switches(2);
    let host = netwarden_model::NeId(2);
    lab.learn(1, own_mac(host), 9);
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Uplink));
    assert!(lab.net.endpoint(own_mac(host)).is_none_or(|endpoint| !endpoint.online), "and is no endpoint");
    let mut lab = Lab::switches(2);
    let mut base = lab.net.element(host).unwrap().base.clone();
    base.class = "host".into();
    lab.net.put_element(base);
    lab.learn(1, own_mac(host), 9);
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Access));
}

#[test]
fn evidence_that_is_gone_is_remembered_for_a_while() {
    let mut lab = Lab::switches(2);
    lab.learn(1, own_mac(netwarden_model::NeId(2)), 9);
    lab.minutes(2);
    lab.forget(1, own_mac(netwarden_model::NeId(2)));
    lab.learn(1, mac(5), 9);
    lab.minutes(30);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Uplink));
    assert_eq!(lab.place(mac(5)), None);
    lab.minutes(40);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Access));
    assert_eq!(lab.place(mac(5)), Some(port(1, "p9")));
}

#[test]
fn a_small_switch_is_a_port_with_several_endpoints() {
    let mut lab = Lab::switches(2);
    for n in 1..=8 {
        lab.learn(1, mac(n), 9);
        lab.learn(2, mac(n), 24);
    }
    lab.minutes(30);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(Role::Access));
    assert_eq!(lab.net.endpoints_on(netwarden_model::NeId(1), &"p9".into()).len(), 8);
}

#[test]
fn a_count_alone_makes_no_uplink() {
    let mut lab = Lab::switches(1);
    for n in 1..=200 {
        lab.learn(1, mac(n), 9);
    }
    lab.minutes(15);
    assert_eq!(
        lab.net.role(&port(1, "p9")),
        Some(Role::Access),
        "it may be a large switch of somebody's own"
    );
}

#[test]
fn one_endpoint_that_moves_makes_no_uplink_of_the_port_that_it_shared() {
    let mut lab = Lab::pair_of_switches();
    // 1 shares p1 with 31; then 1 walks to switch 2, which has 31 behind its trunk. Switch 1 is slow to forget.
    lab.learn(1, mac(31), 1);
    lab.learn(2, mac(31), 24);
    lab.minutes(10);
    lab.learn(2, mac(1), 9);
    lab.minutes(4);
    assert_eq!(lab.net.role(&port(1, "p1")), Some(Role::Access));
    lab.learn(1, mac(1), 24);
    lab.minutes(20);
    assert_eq!(lab.net.role(&port(1, "p1")), Some(Role::Access));
    assert_eq!(lab.place(mac(1)), Some(port(2, "p9")));
}

#[test]
fn a_lag_is_one_port() {
    let mut lab = Lab::switches(2);
    lab.reading(1).interfaces.push(interface(60, "po1"));
    for member in [8, 9] {
        lab.reading(1).interfaces[member].lag = Some(netwarden_model::IfIndex(60));
    }
    lab.reading(1).neighbours.push(neighbour(10, "x", &["bridge"]));
    lab.minutes(1);
    for name in ["po1", "p9", "p10"] {
        assert_eq!(lab.net.role(&port(1, name)), Some(Role::Uplink), "{name}");
    }
    // Members without an interface for the aggregate.
    for member in [2, 3] {
        lab.reading(2).interfaces[member].lag = Some(netwarden_model::IfIndex(999));
    }
    lab.learn(2, mac(5), 4);
    lab.minutes(1);
    assert_eq!(lab.place(mac(5)), Some(port(2, "p3")), "the first member stands for it");
}

#[test]
fn what_is_no_port_is_no_access_port() {
    use crate::edit::PortEdit;

    let mut lab = Lab::switches(1);
    for (index, name, kind, role) in [
        (101, "Vlan10", 53, Role::Logical),
        (102, "irb.20", 136, Role::Logical),
        (103, "Gi1/0/1.100", 135, Role::Logical),
        (104, "Loopback0", 24, Role::Logical),
        (105, "Tunnel1", 131, Role::Logical),
        (106, "br0", 209, Role::Logical),
        (107, "Po1", 161, Role::Aggregate),
        (108, "Trk1", 54, Role::Aggregate),
        (109, "Gi1/0/9", 6, Role::Access),
        (110, "Fa0/1", 62, Role::Access),
        (111, "Gi2", 117, Role::Access),
        // What IANA calls other is not known to be none.
        (112, "X1", 1, Role::Access),
    ] {
        let mut one = interface(index, name);
        one.if_type = Some(kind);
        lab.reading(1).interfaces.push(one);
        lab.minutes(1);
        assert_eq!(lab.net.role(&port(1, name)), Some(role), "{name} of ifType {kind}");
    }
    let mut unknown = interface(113, "eth9");
    unknown.if_type = None;
    lab.reading(1).interfaces.push(unknown);
    // Members of a server's aggregate, with its interface and without.
    for (member, lag) in [(2, 107), (3, 107), (4, 999), (5, 999)] {
        lab.reading(1).interfaces[member].lag = Some(netwarden_model::IfIndex(lag));
    }
    lab.learn(1, mac(5), 5);
    lab.minutes(1);
    assert_eq!(lab.net.role(&port(1, "eth9")), Some(Role::Access));
    for name in ["Po1", "p3", "p4", "p5", "p6"] {
        assert_eq!(lab.net.role(&port(1, name)), Some(Role::Aggregate), "{name}");
    }
    assert_eq!(lab.place(mac(5)), Some(port(1, "p5")), "endpoints are at home on an aggregate all the same");
    // An administrator's word goes before the ifType.
    let edit = PortEdit { role: Some(Some(RoleOverride::Access)), protected: None };
    let changes = lab.net.plan_port_edit(&port(1, "Vlan10"), &edit, lab.now).unwrap();
    lab.take(changes);
    assert_eq!(lab.net.role(&port(1, "Vlan10")), Some(Role::Access));
}

#[test]
fn what_was_read_back_is_shown_before_the_next_poll() {
    use crate::edit::Shown;
    use netwarden_model::VlanId;

    let mut lab = Lab::switches(1);
    let vlan = VlanId::new(666).ok();
    let shown = Shown { pvid: vlan, admin_up: Some(false) };
    let changes = lab.net.plan_shown(&port(1, "p1"), shown, lab.now);
    lab.take(changes);
    let found = |lab: &Lab| {
        let element = lab.net.element(netwarden_model::NeId(1)).unwrap();
        let port = element.port(&"p1".into()).unwrap().clone();
        (port.pvid, port.admin_status)
    };
    assert_eq!(found(&lab), (vlan, Some("down".to_owned())));
    let nothing = lab.net.plan_shown(&port(1, "p1"), Shown::default(), lab.now);
    lab.take(nothing);
    assert_eq!(found(&lab), (vlan, Some("down".to_owned())));
    // Of a port that is gone nothing is kept.
    let gone = lab.net.plan_shown(&port(1, "p99"), shown, lab.now);
    lab.take(gone);
    lab.minutes(1);
    assert_eq!(found(&lab).1.as_deref(), Some("up"), "a poll says what holds");
}

#[test]
fn the_reason_is_shown() {
    let lab = Lab::pair_of_switches();
    let element = lab.net.element(netwarden_model::NeId(1)).unwrap();
    let trunk = element.port(&"p24".into()).unwrap();
    assert!(matches!(trunk.uplink, Some(UplinkBy::Behind { ne }) if ne.0 == 2), "{:?}", trunk.uplink);
    assert_eq!(trunk.role_override, None::<RoleOverride>);
}

#[test]
fn at_first_adoption_locations_wait_for_the_last_element() {
    let mut lab = Lab::empty(crate::Settings::default());
    for ne in 1..=2 {
        lab.add(ne, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
    }
    for n in 2..4 {
        lab.learn(1, mac(n), 24);
        lab.learn(2, mac(n), n);
    }
    lab.poll(1);
    assert_eq!((lab.kinds(), lab.place(mac(2))), (vec![], None));
    lab.poll(2);
    assert!(!lab.kinds().is_empty());
    // An element that does not answer holds nobody up for longer than the limit.
    let mut lab =
        Lab::empty(crate::Settings { settle_limit: Duration::from_secs(120), ..crate::Settings::default() });
    for ne in 1..=2 {
        lab.add(ne, vec![interface(1, "p1")]);
    }
    lab.learn(1, mac(2), 1);
    lab.poll(1);
    lab.wait(180);
    lab.tick();
    assert_eq!(lab.place(mac(2)), Some(port(1, "p1")));
}

// proves: NAC-03
#[test]
fn adopting_a_neighbour_without_lldp_places_its_endpoints_anew_and_is_no_attack() {
    use netwarden_model::EventKind::{EndpointMoved, MacSpoofing};

    let mut lab = Lab::switches(1);
    for n in 1..=12 {
        lab.learn(1, mac(n), 24);
    }
    lab.learn(1, mac(90), 1);
    lab.minutes(30);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p24")), "all that is known yet");
    lab.events.clear();
    // The neighbour is added: neither announces itself, but each shows the other's addresses.
    lab.add(2, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
    for n in 1..=12 {
        lab.learn(2, mac(n), n);
    }
    lab.learn(2, mac(90), 24);
    lab.minutes(10);
    for n in 1..=12 {
        assert_eq!(lab.place(mac(n)), Some(port(2, &format!("p{n}"))), "endpoint {n}");
    }
    assert_eq!(lab.place(mac(90)), Some(port(1, "p1")));
    assert_eq!(lab.net.role(&port(1, "p24")), Some(Role::Uplink));
    let kinds = lab.kinds();
    assert!(!kinds.contains(&MacSpoofing) && !kinds.contains(&EndpointMoved), "{kinds:?}");
}

/// A switch is added behind p24, on which endpoint 1 was, and is silent.
fn silent_on_what_becomes_an_uplink() -> Lab {
    let mut lab = Lab::switches(1);
    for n in 1..=12 {
        lab.learn(1, mac(n), 24);
    }
    lab.minutes(10);
    lab.bind(mac(1), port(1, "p24"));
    lab.forget(1, mac(1));
    lab.minutes(1);
    lab.events.clear();
    lab.add(2, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
    for n in 2..=12 {
        lab.learn(2, mac(n), n);
    }
    lab.minutes(3);
    assert_eq!(lab.net.role(&port(1, "p24")), Some(Role::Uplink));
    lab
}

// proves: NAC-03
#[test]
fn a_silent_endpoint_stays_not_on_a_port_that_turns_out_to_be_an_uplink() {
    use netwarden_model::EventKind::MacOffline;

    let mut lab = silent_on_what_becomes_an_uplink();
    assert_eq!(lab.place(mac(1)), None, "it was somewhere behind that port");
    let row = lab.sightings.iter().rfind(|row| row.mac == mac(1)).unwrap();
    assert!(row.ended.is_some_and(|ended| ended < lab.now), "it was there until it was last seen");
    assert!(lab.net.endpoint(mac(1)).unwrap().online);
    assert!(!lab.kinds().contains(&MacOffline), "its time has not come");
    lab.minutes(15);
    assert_eq!(lab.kinds(), vec![MacOffline]);
}

#[test]
fn its_binding_follows_it_to_the_port_behind_the_uplink() {
    let mut lab = silent_on_what_becomes_an_uplink();
    lab.events.clear();
    lab.learn(2, mac(1), 1);
    lab.learn(1, mac(1), 24);
    lab.minutes(1);
    assert_eq!(lab.place(mac(1)), Some(port(2, "p1")));
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().bound_to, Some(port(2, "p1")));
    assert!(!lab.kinds().contains(&netwarden_model::EventKind::MacSpoofing));
}

/// What makes p1 an uplink is an address that is learned on access ports of both switches.
#[test]
fn time_alone_makes_an_uplink_of_a_silent_endpoints_port() {
    let mut lab = Lab::switches(2);
    for ne in 1..=2 {
        lab.learn(ne, own_mac(netwarden_model::NeId(3 - ne)), 24);
        lab.learn(ne, mac(2), 1);
    }
    lab.learn(1, mac(6), 1);
    lab.poll_all();
    assert_eq!(lab.place(mac(6)), Some(port(1, "p1")));
    lab.wait(300);
    lab.tick();
    lab.forget(1, mac(6));
    lab.poll_all();
    // No reading says it: the rows have now stood side by side for long enough.
    lab.wait(60);
    lab.tick();
    assert_eq!(lab.net.role(&port(1, "p1")), Some(Role::Uplink));
    assert_eq!(lab.place(mac(6)), None);
    assert!(lab.net.endpoint(mac(6)).unwrap().sightings.is_empty());
}

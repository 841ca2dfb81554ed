//! mac_spoofing, and what is none.

use netwarden_model::event::NacPayload;
use netwarden_model::event::nac::SpoofingReason;
use netwarden_model::{EventKind::*, IfIndex};

use super::lab::*;

fn spoofing(
    known: netwarden_model::PortRef,
    found: netwarden_model::PortRef,
    because: SpoofingReason,
) -> NacPayload {
    NacPayload::MacSpoofing { known, found, because }
}

// proves: NAC-07
#[test]
fn a_bound_endpoint_elsewhere_is_a_masquerade_at_first_sight() {
    let mut lab = Lab::pair_of_switches();
    lab.bind(mac(1), port(1, "p1"));
    lab.learn(2, mac(1), 9);
    lab.learn(1, mac(1), 24);
    lab.wait(60);
    lab.poll_all();
    let event = lab.events.iter().find(|event| event.kind == MacSpoofing).unwrap().clone();
    assert_eq!(event.port, Some("p9".into()), "where it can be acted on");
    assert_eq!(event.facts.unwrap().bound_to, Some("p1".into()));
    let expected = spoofing(port(1, "p1"), port(2, "p9"), SpoofingReason::BoundElsewhere);
    assert_eq!(lab.payloads(MacSpoofing), [expected]);
    lab.minutes(3);
    assert_eq!(lab.kinds(), [], "once per appearance");
}

// proves: NAC-07
#[test]
fn twice_at_once_when_both_ports_learn_it_again() {
    let mut lab = Lab::pair_of_switches();
    // A second user of the MAC on switch 2: the frame is seen on switch 1's trunk.
    lab.learn(2, mac(1), 9);
    lab.learn(1, mac(1), 24);
    lab.wait(60);
    lab.poll_all();
    assert_eq!(lab.kinds(), [EndpointMoved], "one sight is a move");
    assert!(lab.polls.iter().any(|poll| poll.ne.0 == 1) && lab.polls.iter().any(|poll| poll.ne.0 == 2));
    // The owner speaks again.
    lab.learn(1, mac(1), 1);
    lab.learn(2, mac(1), 24);
    lab.wait(2);
    lab.reread(1, mac(1));
    lab.reread(2, mac(1));
    assert_eq!(lab.kinds(), [], "back: not yet a proof");
    // And the second one again.
    lab.learn(2, mac(1), 9);
    lab.learn(1, mac(1), 24);
    lab.wait(2);
    lab.reread(2, mac(1));
    lab.reread(1, mac(1));
    let expected = spoofing(port(1, "p1"), port(2, "p9"), SpoofingReason::TwiceAtOnce);
    assert_eq!(lab.payloads(MacSpoofing), [expected]);
    for _ in 0..5 {
        lab.learn(1, mac(1), 1);
        lab.learn(2, mac(1), 24);
        lab.wait(5);
        lab.poll_all();
        lab.learn(2, mac(1), 9);
        lab.learn(1, mac(1), 24);
        lab.wait(5);
        lab.poll_all();
    }
    assert_eq!(lab.kinds(), [], "said once");
}

#[test]
fn twice_on_one_switch() {
    let mut lab = Lab::pair_of_switches();
    for (at, expected) in [(9, vec![EndpointMoved]), (1, vec![]), (9, vec![MacSpoofing])] {
        lab.learn(1, mac(1), at);
        lab.wait(3);
        lab.reread(1, mac(1));
        assert_eq!(lab.kinds(), expected, "on p{at}");
    }
}

#[test]
fn twice_in_separate_broadcast_domains_shows_by_rows_that_stay() {
    let mut lab = Lab::pair_of_switches();
    lab.learn_in(2, mac(1), 9, 20);
    lab.minutes(4);
    assert_eq!(lab.kinds(), [EndpointMoved], "the old row may be stale");
    lab.minutes(4);
    assert_eq!(lab.kinds(), [MacSpoofing], "longer than a stale row lives");
    assert_eq!(
        lab.net.role(&port(1, "p1")),
        Some(crate::Role::Access),
        "and no port becomes an uplink by it"
    );
    lab.minutes(10);
    assert_eq!(lab.net.role(&port(1, "p1")), Some(crate::Role::Access));
    assert_eq!(lab.net.role(&port(2, "p9")), Some(crate::Role::Access));
}

#[test]
fn a_walk_to_another_desk_and_back_is_no_attack() {
    let mut lab = Lab::pair_of_switches();
    for (ne, other, at) in [(2, 1, 9), (1, 2, 1), (2, 1, 9)] {
        lab.learn(ne, mac(1), at);
        lab.learn(other, mac(1), 24);
        lab.minutes(10);
        assert_eq!(lab.kinds(), [EndpointMoved]);
    }
}

#[test]
fn a_stale_row_is_no_second_place() {
    let mut lab = Lab::pair_of_switches();
    lab.learn(2, mac(1), 9);
    lab.minutes(4);
    lab.learn(1, mac(1), 24);
    lab.minutes(20);
    assert_eq!(lab.kinds(), [EndpointMoved]);
}

#[test]
fn virtual_routers_wireless_clients_and_multi_homed_hosts_are_no_attack() {
    for address in ["00:00:5e:00:01:0a", "00:00:0c:07:ac:01", "da:a1:19:00:00:01"] {
        let virtual_or_roaming = address.parse().unwrap();
        let mut lab = Lab::pair_of_switches();
        lab.authorise(virtual_or_roaming);
        for _ in 0..4 {
            for (ne, other) in [(1, 2), (2, 1)] {
                lab.learn(ne, virtual_or_roaming, 9);
                lab.learn(other, virtual_or_roaming, 24);
                lab.wait(5);
                lab.poll_all();
            }
        }
        assert_eq!(lab.payloads(MacSpoofing), [], "{address}");
    }
    // Access points on p9 of both.
    let mut lab = Lab::pair_of_switches();
    for ne in [1, 2] {
        lab.reading(ne).neighbours.push(neighbour(9, "ap", &["bridge", "wlan_ap"]));
    }
    lab.authorise(mac(50));
    lab.minutes(1);
    for _ in 0..4 {
        for (ne, other) in [(1, 2), (2, 1)] {
            lab.learn(ne, mac(50), 9);
            lab.learn(other, mac(50), 24);
            lab.wait(5);
            lab.poll_all();
        }
    }
    assert_eq!(lab.payloads(MacSpoofing), []);
    assert_eq!(lab.net.role(&port(1, "p9")), Some(crate::Role::Access), "an access point is no uplink");
    // A host with one leg of its aggregate on each of two switches.
    let mut lab = Lab::pair_of_switches();
    for ne in [1, 2] {
        let mut aggregate = interface(60, "po1");
        aggregate.if_type = Some(161);
        lab.reading(ne).interfaces.push(aggregate);
        lab.reading(ne).interfaces[8].lag = Some(IfIndex(60));
        lab.learn(ne, mac(50), 9);
    }
    lab.authorise(mac(50));
    lab.minutes(20);
    assert_eq!(lab.payloads(MacSpoofing), []);
}

#[test]
fn a_members_row_is_its_aggregates() {
    let mut lab = Lab::pair_of_switches();
    lab.reading(1).interfaces.push(interface(60, "po1"));
    lab.reading(1).interfaces[8].lag = Some(IfIndex(60));
    lab.reading(1).interfaces[9].lag = Some(IfIndex(60));
    lab.learn(1, mac(50), 9);
    lab.learn(2, mac(50), 24);
    lab.authorise(mac(50));
    lab.minutes(1);
    assert_eq!(lab.place(mac(50)), Some(port(1, "po1")));
    lab.bind(mac(50), port(1, "p9"));
    lab.learn(1, mac(50), 10);
    lab.kinds();
    lab.minutes(5);
    assert_eq!(lab.kinds(), [], "from one member to the other");
}

#[test]
fn a_switch_that_is_added_later_is_no_attack_by_its_endpoints() {
    let mut lab = Lab::switches(1);
    for n in 2..5 {
        lab.learn(1, mac(n), 24);
        lab.learn(1, mac(n + 10), n);
    }
    lab.minutes(10);
    lab.add(2, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
    for n in 2..5 {
        lab.learn(2, mac(n), n);
        lab.learn(2, mac(n + 10), 24);
    }
    lab.minutes(15);
    assert_eq!(lab.payloads(MacSpoofing), []);
    assert_eq!(lab.place(mac(2)), Some(port(2, "p2")));
    assert_eq!(lab.net.role(&port(1, "p24")), Some(crate::Role::Uplink));
    assert_eq!(lab.net.role(&port(2, "p24")), Some(crate::Role::Uplink));
    assert_eq!(lab.net.role(&port(2, "p2")), Some(crate::Role::Access));
}

//! The map: what is joined to what, by announcements and by forwarding tables.

use std::collections::BTreeSet;

use netwarden_model::reading::NeighbourProtocol;
use netwarden_model::{Mac, NeId, PortRef};
use proptest::prelude::*;

use super::lab::*;
use super::tree::{Shape, Tree, grow};
use crate::{End, Joint, Link, LinkBy, LinkStatus, Network};

fn between_elements(network: &Network) -> Vec<(Link, [PortRef; 2])> {
    let of = |end: &End| match (&end.at, &end.port) {
        (Joint::Element(ne), Some(port)) => Some(PortRef { ne: *ne, port: port.as_str().into() }),
        _ => None,
    };
    let links = network.links().links.into_iter();
    links
        .filter_map(|link| {
            let [one, other] = &link.ends;
            let mut ports = [of(one)?, of(other)?];
            ports.sort();
            Some((link, ports))
        })
        .collect()
}

fn found(network: &Network) -> BTreeSet<[PortRef; 2]> {
    between_elements(network).into_iter().map(|(_, ports)| ports).collect()
}

fn grown(seed: u64, switches: i64, lldp: bool) -> Tree {
    let mut tree = grow(&Shape { seed, switches, endpoints: 200, lldp, chatty: true, unmanaged: 0 });
    tree.lab.poll_all();
    tree.lab.poll_all();
    tree
}

// proves: NAC-20
#[test]
fn five_hundred_switches_are_joined_as_they_are() {
    for lldp in [true, false] {
        let tree = grown(7, 500, lldp);
        assert_eq!(found(&tree.lab.net), tree.trunks, "lldp {lldp}");
        let links = between_elements(&tree.lab.net);
        assert_eq!(links.len(), 499, "each once");
        let by = if lldp { LinkBy::Lldp } else { LinkBy::Tables };
        assert!(links.iter().all(|(link, _)| link.by == by && link.status == LinkStatus::Up));
        assert!(links.iter().any(|(link, _)| link.members > 1), "aggregates are one link");
        let seen: usize = tree.lab.net.links().endpoints.values().sum();
        assert!(seen >= 190, "{seen} endpoints");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_tree_is_joined_as_it_is(seed in 1_u64.., switches in 2_i64..60, lldp: bool) {
        let tree = grown(seed, switches, lldp);
        prop_assert_eq!(found(&tree.lab.net), tree.trunks);
    }
}

/// Switches 1 and 2 tell of each other on p24, in this way.
fn told(lab: &mut Lab, from: i64, to: i64, port_id: Option<&str>) {
    let mut announced = neighbour(24, &format!("sw{to}"), &["bridge"]);
    announced.chassis_mac = Some(own_mac(NeId(to)));
    announced.port_id = port_id.map(str::to_owned);
    lab.reading(from).neighbours.push(announced);
}

#[test]
fn an_end_is_known_where_only_the_other_side_names_it() {
    for (one, other) in [
        (Some("p24"), Some("p24")),
        (Some("p24"), None),
        (None, Some("24")),
        (None, None),
        (Some("something else"), Some("p24")),
    ] {
        let mut lab = Lab::switches(2);
        told(&mut lab, 1, 2, one);
        told(&mut lab, 2, 1, other);
        lab.poll_all();
        assert_eq!(found(&lab.net), BTreeSet::from([[port(1, "p24"), port(2, "p24")]]), "{one:?} {other:?}");
        assert_eq!(lab.net.links().links.len(), 1, "{one:?} {other:?}");
    }
}

#[test]
fn a_link_that_fails_is_down_and_not_gone() {
    let mut lab = Lab::switches(2);
    told(&mut lab, 1, 2, Some("p24"));
    told(&mut lab, 2, 1, Some("p24"));
    lab.poll_all();
    for ne in [1, 2] {
        lab.reading(ne).neighbours.clear();
        lab.reading(ne).interfaces[23].oper_status = Some("down".into());
    }
    lab.minutes(5);
    let links = between_elements(&lab.net);
    let [(link, ports)] = links.as_slice() else { panic!("{links:?}") };
    assert_eq!(ports, &[port(1, "p24"), port(2, "p24")]);
    assert_eq!((link.status, link.by), (LinkStatus::Down, LinkBy::Lldp));
    // What does not answer says nothing of its ports.
    for _ in 0..5 {
        lab.fail(1);
        lab.fail(2);
    }
    assert_eq!(between_elements(&lab.net)[0].0.status, LinkStatus::Unknown);
}

#[test]
fn strangers_that_forward_are_shown_once_and_telephones_are_not() {
    let mut lab = Lab::switches(2);
    for ne in [1, 2] {
        let mut stranger = neighbour(20, "old-switch", &["bridge"]);
        stranger.protocol = NeighbourProtocol::Cdp;
        stranger.chassis_id = Some("FOC1234".into());
        stranger.port_id = Some(format!("Fa0/{ne}"));
        stranger.addresses.push("192.0.2.77".parse().unwrap());
        let phone = neighbour(3, "phone", &["bridge", "telephone"]);
        let printer = neighbour(4, "printer", &["station"]);
        lab.reading(ne).neighbours.extend([stranger, phone, printer]);
    }
    lab.poll_all();
    let links = lab.net.links();
    assert_eq!(links.strangers.keys().collect::<Vec<_>>(), ["FOC1234"]);
    let stranger = &links.strangers["FOC1234"];
    assert_eq!(stranger.name.as_deref(), Some("old-switch"));
    assert_eq!(stranger.addresses.len(), 1);
    let far: Vec<_> = links
        .links
        .iter()
        .flat_map(|link| &link.ends)
        .filter(|end| end.at == Joint::Neighbour("FOC1234".into()))
        .collect();
    assert_eq!(far.iter().map(|end| end.port.as_deref()).collect::<Vec<_>>(), [Some("Fa0/1"), Some("Fa0/2")]);
    assert!(links.links.iter().all(|link| link.by == LinkBy::Cdp));
}

#[test]
fn ports_that_meet_in_a_switch_that_says_nothing_are_a_segment() {
    // Three switches on one that is not ours: each has learned the others' own addresses on p24.
    let mut lab = Lab::switches(3);
    for ne in 1..=3 {
        for other in (1..=3).filter(|other| *other != ne) {
            let address: Mac = own_mac(NeId(other));
            lab.learn(ne, address, 24);
        }
    }
    lab.minutes(10);
    let links = lab.net.links().links;
    assert_eq!(links.len(), 3, "{links:?}");
    for (link, ne) in links.iter().zip(1..) {
        assert_eq!(link.ends[0], End { at: Joint::Element(NeId(ne)), port: Some("p24".into()) });
        assert_eq!(link.ends[1].at, Joint::Segment(0));
    }
}

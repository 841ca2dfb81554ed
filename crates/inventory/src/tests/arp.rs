//! arp_spoofing, and what is none.

use netwarden_model::EventKind::*;
use netwarden_model::event::NacPayload;

use super::lab::*;

/// A pair of switches and a router (NE 3) without bridge ports whose cache knows endpoint 1 as 10.1.1.1.
fn with_router() -> Lab {
    let mut lab = Lab::pair_of_switches();
    lab.add(3, vec![interface(1, "vlan10")]);
    lab.pair(3, "10.1.1.1", mac(1));
    lab.pair(3, "10.1.1.2", mac(2));
    lab.minutes(2);
    lab.events.clear();
    lab
}

// proves: NAC-08
#[test]
fn a_stolen_pairing_is_reported_while_the_owner_is_present() {
    let mut lab = with_router();
    lab.pair(3, "10.1.1.1", mac(12));
    lab.minutes(1);
    let event = lab.events[0].clone();
    assert_eq!(event.facts.unwrap().port, Some("p2".into()), "the thief's port");
    let stolen = NacPayload::ArpSpoofing { ip: "10.1.1.1".parse().unwrap(), known: mac(1), found: mac(12) };
    assert_eq!(lab.payloads(ArpSpoofing), [stolen]);
    for n in [1, 12, 1, 12] {
        lab.pair(3, "10.1.1.1", mac(n));
        lab.minutes(1);
    }
    assert_eq!(lab.kinds(), [], "the same contest is told once an hour");
}

#[test]
fn a_virtual_gateways_address_is_worth_stealing() {
    let mut lab = with_router();
    let vrrp = "00:00:5e:00:01:0a".parse().unwrap();
    lab.learn(1, vrrp, 48);
    lab.pair(3, "10.1.1.254", vrrp);
    lab.minutes(1);
    lab.pair(3, "10.1.1.254", mac(12));
    lab.minutes(1);
    let stolen = NacPayload::ArpSpoofing { ip: "10.1.1.254".parse().unwrap(), known: vrrp, found: mac(12) };
    assert_eq!(lab.payloads(ArpSpoofing), [stolen]);
}

#[test]
fn two_caches_that_disagree_are_a_conflict() {
    let mut lab = with_router();
    lab.pair(1, "10.1.1.1", mac(12));
    lab.minutes(1);
    assert_eq!(lab.kinds(), [ArpSpoofing]);
}

#[test]
fn two_owners_in_one_reading_are_a_conflict() {
    let mut lab = with_router();
    let mut second = lab.reading(3).arp[0].clone();
    second.mac = mac(12);
    lab.reading(3).arp.push(second);
    lab.minutes(3);
    assert_eq!(lab.payloads(ArpSpoofing).len(), 1);
}

#[test]
fn the_gateways_address_is_its_own() {
    let mut lab = with_router();
    lab.pair(3, "10.1.1.254", own_mac(netwarden_model::NeId(3)));
    lab.minutes(1);
    lab.pair(1, "10.1.1.254", mac(12));
    lab.minutes(1);
    assert_eq!(lab.kinds(), [ArpSpoofing]);
    // A router that answers for others (RFC 1027) is no thief.
    lab.pair(3, "10.1.1.2", own_mac(netwarden_model::NeId(1)));
    lab.minutes(1);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn what_dhcp_gives_to_another_after_its_owner_left_is_no_theft() {
    let mut lab = with_router();
    lab.forget(1, mac(1));
    lab.forget(2, mac(1));
    lab.minutes(20);
    assert_eq!(lab.kinds(), [MacOffline]);
    lab.pair(3, "10.1.1.1", mac(12));
    lab.minutes(2);
    assert_eq!(lab.kinds(), []);
    let facts = lab.net.endpoint(mac(12)).unwrap().ips.clone();
    assert_eq!(facts.len(), 1, "it is the new owner's");
    assert!(lab.net.endpoint(mac(1)).unwrap().ips.is_empty());
}

#[test]
fn an_owner_that_took_another_address_has_given_it_up() {
    let mut lab = with_router();
    lab.pair(3, "10.1.1.101", mac(1));
    lab.minutes(2);
    lab.pair(3, "10.1.1.1", mac(12));
    lab.minutes(2);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn virtual_routers_and_link_local_addresses_are_no_theft() {
    let mut lab = with_router();
    let vrrp = "00:00:5e:00:01:0a".parse().unwrap();
    lab.pair(3, "10.1.1.1", vrrp);
    lab.pair(3, "fe80::1", mac(2));
    lab.pair(1, "fe80::1", mac(12));
    lab.minutes(1);
    assert_eq!(lab.payloads(ArpSpoofing), []);
}

#[test]
fn the_same_address_in_separate_vlans_is_no_conflict() {
    let mut lab = with_router();
    lab.learn_in(1, mac(60), 9, 30);
    lab.authorise(mac(60));
    lab.pair(1, "10.1.1.1", mac(60));
    lab.minutes(2);
    assert_eq!(lab.payloads(ArpSpoofing), []);
}

#[test]
fn without_a_forwarding_table_a_pairing_that_flips_back_shows_two_owners() {
    let mut lab = Lab::empty(crate::Settings::default());
    lab.add(3, vec![interface(1, "vlan10")]);
    lab.pair(3, "10.1.1.1", mac(1));
    lab.minutes(1);
    lab.pair(3, "10.1.1.1", mac(2));
    lab.minutes(1);
    assert_eq!(lab.payloads(ArpSpoofing), []);
    lab.pair(3, "10.1.1.1", mac(1));
    lab.minutes(1);
    assert_eq!(lab.payloads(ArpSpoofing).len(), 1);
    // What only a cache shows is an endpoint all the same (NAC-01).
    lab.minutes(5);
    assert!(lab.kinds().contains(&NewEndpoint));
}

//! mac_online, mac_offline, new_endpoint, unauthorised, endpoint_moved.

use netwarden_model::event::NacPayload;
use netwarden_model::{EndpointFacts, EndpointStatus, EventKind::*, NeId, NewEvent};

use super::lab::*;

fn facts_of(event: &NewEvent) -> EndpointFacts {
    event.facts.clone().unwrap()
}

// proves: NAC-08, NAC-09
#[test]
fn a_new_endpoint_is_reported_once_with_all_its_properties() {
    let mut lab = Lab::switches(1);
    lab.reading(1).interfaces[4].alias = Some("room 4.01".into());
    lab.learn(1, mac(1), 5);
    lab.pair(1, "10.1.1.5", mac(1));
    lab.pair(1, "2001:db8::5", mac(1));
    lab.wait(60);
    lab.poll(1);
    let events = lab.events.clone();
    assert_eq!(lab.kinds(), [NewEndpoint, MacOnline, Unauthorised]);
    let facts = events[2].facts.clone().unwrap();
    assert_eq!(facts.vendor.as_deref(), Some("Intel Corporate"));
    assert_eq!((facts.ne, facts.ne_name.as_deref()), (Some(NeId(1)), Some("sw1")));
    assert_eq!(facts.port.unwrap().0, "p5");
    assert_eq!(facts.port_alias.as_deref(), Some("room 4.01"));
    assert_eq!((facts.vlan, facts.status, facts.port_endpoints), (Some(vlan(10)), EndpointStatus::New, 1));
    assert_eq!(facts.ips.len(), 2, "v4 before v6");
    assert!(facts.ips[0].is_ipv4());
    assert!(!facts.mac_randomised);
    assert_eq!((facts.first_seen, facts.last_seen), (lab.now, lab.now));
    assert_eq!(lab.net.facts(mac(1)), Some(EndpointFacts { port_endpoints: 1, ..facts_of(&events[2]) }));
    lab.minutes(5);
    assert_eq!(lab.kinds(), [], "once per appearance");
}

#[test]
fn an_unchanged_cycle_writes_a_heartbeat_only() {
    let mut lab = Lab::pair_of_switches();
    lab.wait(60);
    for ne in [1, 2] {
        let reading = lab.readings[&NeId(ne)].clone();
        let methods = crate::Read::Methods(netwarden_model::element::Method::ALL.to_vec());
        let changes = lab.net.plan_reading(NeId(ne), &methods, &reading, lab.now).unwrap();
        assert!(changes.only_heartbeat(), "{changes:?}");
        assert!(changes.heartbeat.is_some());
    }
    assert!(lab.net.plan_tick(lab.now).only_heartbeat());
}

#[test]
fn a_plan_that_was_not_written_yields_the_same_events_again() {
    let mut lab = Lab::switches(1);
    lab.learn(1, mac(1), 5);
    lab.wait(60);
    let reading = lab.readings[&NeId(1)].clone();
    let methods = crate::Read::Methods(netwarden_model::element::Method::ALL.to_vec());
    let plan = || lab.net.plan_reading(NeId(1), &methods, &reading, lab.now).unwrap();
    assert_eq!(plan().events.len(), 3);
    assert_eq!(plan().events, plan().events);
    assert_eq!(plan().sightings, plan().sightings);
}

#[test]
fn offline_needs_good_polls_and_the_whole_time_out() {
    let mut lab = Lab::pair_of_switches();
    lab.forget(1, mac(1));
    lab.forget(2, mac(1));
    let last = lab.now;
    lab.minutes(15);
    assert_eq!(lab.kinds(), [], "not yet");
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")), "a quiet endpoint is still there");
    lab.minutes(2);
    let events = lab.events.clone();
    assert_eq!(lab.kinds(), [MacOffline]);
    let facts = events[0].facts.clone().unwrap();
    assert_eq!(facts.port.unwrap().0, "p1", "where it was");
    assert_eq!(facts.last_seen, last);
    assert_eq!(lab.place(mac(1)), None);
    lab.learn(1, mac(1), 1);
    lab.minutes(1);
    assert_eq!(lab.kinds(), [MacOnline]);
}

#[test]
fn groups_and_devices_that_sleep_have_longer() {
    let mut lab = Lab::pair_of_switches();
    let mut settings = lab.net.settings().clone();
    settings.offline_after_by_group.insert("tablets".into(), std::time::Duration::from_secs(3600));
    lab.net.set_settings(settings);
    let edit = crate::edit::EndpointEdit { group: Some(Some("tablets".into())), ..Default::default() };
    let changes = lab.net.plan_edit(mac(1), &edit, lab.now).unwrap();
    lab.take(changes);
    for ne in [1, 2] {
        lab.forget(ne, mac(1));
        lab.forget(ne, mac(11));
    }
    lab.minutes(20);
    assert_eq!(lab.kinds(), [MacOffline], "11 only");
    lab.minutes(45);
    assert_eq!(lab.kinds(), [MacOffline]);
}

// proves: NAC-08
#[test]
fn a_reboot_or_an_outage_of_the_switch_takes_nobody_offline() {
    let mut lab = Lab::pair_of_switches();
    lab.minutes(1);
    // It restarts with an empty table, and needs ten minutes.
    for _ in 0..10 {
        lab.wait(60);
        lab.fail(1);
        lab.poll(2);
        lab.tick();
    }
    assert_eq!(lab.kinds(), [NeUnreachable]);
    let full = lab.reading(1).clone();
    lab.reading(1).system.up_time_cs = Some(6_000);
    lab.reading(1).system.engine_boots = Some(4);
    lab.reading(1).fdb.clear();
    for n in [1, 11, 21] {
        lab.forget(2, mac(n));
    }
    lab.minutes(10);
    assert_eq!(lab.kinds(), [NeReachable, NeRebooted]);
    lab.reading(1).fdb = full.fdb;
    lab.minutes(1);
    assert_eq!(lab.kinds(), [], "they are back, and were never gone");
    assert_eq!(lab.place(mac(1)), Some(port(1, "p1")));
}

#[test]
fn an_endpoint_that_walks_has_moved() {
    let mut lab = Lab::pair_of_switches();
    lab.forget(1, mac(1));
    lab.learn(1, mac(1), 24);
    lab.learn(2, mac(1), 7);
    lab.minutes(1);
    let moves = lab.payloads(EndpointMoved);
    assert_eq!(moves, [NacPayload::EndpointMoved { from: port(1, "p1"), to: port(2, "p7") }]);
    lab.minutes(30);
    assert_eq!(lab.kinds(), []);
}

#[test]
fn a_refused_endpoint_is_reported_at_every_port_where_it_appears() {
    let mut lab = Lab::pair_of_switches();
    lab.learn(1, mac(99), 9);
    lab.learn(2, mac(99), 24);
    lab.minutes(1);
    assert_eq!(lab.kinds(), [NewEndpoint, MacOnline, Unauthorised]);
    lab.learn(1, mac(99), 10);
    lab.minutes(1);
    assert_eq!(lab.kinds(), [EndpointMoved, Unauthorised]);
    lab.learn_in(1, mac(99), 10, 666);
    lab.minutes(3);
    assert_eq!(lab.kinds(), [], "its quarantine is no new appearance");
}

#[test]
fn an_endpoint_that_only_uplinks_show_is_reported_without_a_place() {
    let mut lab = Lab::pair_of_switches();
    lab.learn(1, mac(99), 24);
    lab.minutes(2);
    assert_eq!(lab.kinds(), [], "its own switch may still be about to show it");
    lab.minutes(2);
    let event = lab.events[0].clone();
    assert_eq!(lab.kinds(), [NewEndpoint, MacOnline, Unauthorised]);
    assert_eq!(event.port, None);
    assert_eq!(lab.place(mac(99)), None);
}

#[test]
fn randomised_addresses_are_marked() {
    let mut lab = Lab::switches(1);
    lab.learn(1, "da:a1:19:00:00:01".parse().unwrap(), 3);
    lab.minutes(1);
    let facts = lab.events[0].facts.clone().unwrap();
    assert!(facts.mac_randomised);
    assert_eq!(facts.vendor, None);
}

#[test]
fn phone_and_pc_share_a_port_and_the_voice_vlan_does_not_count() {
    let mut lab = Lab::switches(1);
    lab.reading(1).neighbours.push(neighbour(5, "SEP001122", &["bridge", "telephone"]));
    lab.learn_in(1, mac(1), 5, 10);
    lab.learn_in(1, mac(2), 5, 200);
    lab.minutes(1);
    assert_eq!(lab.place(mac(1)), Some(port(1, "p5")));
    assert_eq!(lab.place(mac(2)), Some(port(1, "p5")));
    assert!(lab.events.iter().all(|event| event.facts.as_ref().unwrap().port_endpoints == 1));
}

// proves: NAC-08
#[test]
fn what_turns_out_to_be_an_elements_own_address_is_no_endpoint() {
    let mut lab = Lab::pair_of_switches();
    // Switch 3 stands in the tables before it is in the inventory; somebody has noted who owns its twin.
    let own = own_mac(NeId(3));
    let noted = mac(77);
    for address in [own, noted] {
        lab.learn(1, address, 7);
        lab.learn(2, address, 24);
    }
    lab.minutes(3);
    assert!(lab.kinds().contains(&NewEndpoint));
    assert!(lab.net.endpoint(own).is_some_and(|endpoint| endpoint.online));
    let edit = crate::edit::EndpointEdit { owner: Some(Some("network team".into())), ..Default::default() };
    let changes = lab.net.plan_edit(noted, &edit, lab.now).unwrap();
    lab.take(changes);

    let mut twin = interface(2, "p2");
    twin.mac = Some(noted);
    lab.add(3, vec![interface(1, "p1"), twin]);
    lab.sightings.clear();
    lab.minutes(1);
    assert_eq!(lab.net.endpoint(own), None);
    let ended: Vec<_> = lab.sightings.iter().filter(|row| row.mac == own).map(|row| row.ended).collect();
    assert_eq!(ended, [Some(lab.now)], "its history stays and has an end");
    let kept = lab.net.endpoint(noted).unwrap();
    assert_eq!((kept.online, kept.place, kept.owner.as_deref()), (false, None, Some("network team")));
    lab.kinds();
    lab.minutes(30);
    assert_eq!(lab.kinds(), [], "and nothing more is said about either");

    // Out of the inventory it is an unknown device again.
    let removal = lab.net.plan_removal(NeId(3), lab.now).unwrap();
    lab.take(removal);
    lab.readings.remove(&NeId(3));
    lab.minutes(5);
    assert_eq!(lab.kinds().iter().filter(|kind| **kind == NewEndpoint).count(), 1);
    let memory = lab.net.settings().uplink_memory;
    lab.minutes(u32::try_from(memory.as_secs() / 60).unwrap() + 10);
    assert_eq!(lab.place(own), Some(port(1, "p7")), "once its port is no uplink any more");
}

// proves: NAC-08
#[test]
fn a_virtual_router_is_an_endpoint_only_where_an_access_port_shows_it() {
    let mut lab = Lab::pair_of_switches();
    lab.add(3, vec![interface(1, "vlan10")]);
    let shared = "00:00:5e:00:01:0a".parse().unwrap();
    lab.pair(3, "10.1.1.254", shared);
    lab.learn(1, shared, 24);
    lab.learn(2, shared, 24);
    lab.minutes(10);
    assert_eq!(lab.kinds(), []);
    assert_eq!(lab.net.endpoint(shared), None);
    // Somebody's computer claims to be the gateway.
    lab.learn(1, shared, 9);
    lab.minutes(2);
    assert!(lab.kinds().contains(&NewEndpoint));
    let claimed = lab.net.endpoint(shared).unwrap();
    assert_eq!(lab.place(shared), Some(port(1, "p9")));
    assert_eq!(claimed.ips, ["10.1.1.254".parse().unwrap()].into(), "with what the caches know of it");
}

/// The sightings of an endpoint as they stand at the end: port's key, user, beginning and end in minutes.
fn whose(
    lab: &Lab,
    of: netwarden_model::Mac,
    begun: jiff::Timestamp,
) -> Vec<(i64, Option<String>, i64, Option<i64>)> {
    let rows: std::collections::BTreeMap<i64, _> =
        lab.sightings.iter().filter(|row| row.mac == of).map(|row| (row.id, row)).collect();
    let minutes = |at: jiff::Timestamp| at.duration_since(begun).as_secs() / 60;
    rows.into_values()
        .map(|row| (row.port.0, row.user.clone(), minutes(row.started), row.ended.map(minutes)))
        .collect()
}

// proves: NAC-16
#[test]
fn each_user_of_a_machine_keeps_the_time_that_was_his() {
    let mut lab = Lab::switches(1);
    let begun = lab.now;
    let pc = mac(1);
    lab.learn(1, pc, 3);
    lab.reading(1).sessions = vec![session(pc, "ada")];
    lab.minutes(2);
    assert_eq!(whose(&lab, pc, begun), [(3, Some("ada".into()), 1, None)], "from its first poll on");
    lab.reading(1).sessions = vec![session(pc, "bob")];
    lab.minutes(2);
    // Whoever is turned away was never there.
    let mut refused = session(pc, "eve");
    refused.status = Some("authorizationFailed".into());
    lab.reading(1).sessions = vec![refused];
    lab.minutes(2);
    let both = vec![
        (3, Some("ada".to_owned()), 1, Some(3)),
        (3, Some("bob".to_owned()), 3, Some(5)),
        (3, None, 5, None),
    ];
    assert_eq!(whose(&lab, pc, begun), both);
    assert_eq!(lab.net.endpoint(pc).unwrap().user, None);
    lab.minutes(2);
    assert_eq!(whose(&lab, pc, begun), both, "and nothing more while nothing changes");
}

#[test]
fn sessions_that_were_not_read_to_their_end_log_nobody_off() {
    let mut lab = Lab::switches(1);
    lab.learn(1, mac(1), 3);
    lab.reading(1).sessions = vec![session(mac(1), "ada")];
    lab.minutes(1);
    lab.reading(1).sessions.clear();
    lab.wait(60);
    let reading = lab.readings[&NeId(1)].clone();
    let lack = crate::Lack {
        scan: netwarden_model::element::Scan::Sessions,
        reason: "cafSessionTable: no answer".into(),
    };
    let partly = crate::Read::Partly(netwarden_model::element::Method::ALL.to_vec(), vec![lack]);
    let changes = lab.net.plan_reading(NeId(1), &partly, &reading, lab.now).unwrap();
    assert!(changes.only_heartbeat(), "{changes:?}");
    lab.take(changes);
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().user.as_deref(), Some("ada"));
    lab.minutes(1);
    assert_eq!(lab.net.endpoint(mac(1)).unwrap().user, None);
}

// proves: NAC-16
#[test]
fn a_user_does_not_follow_the_machine_to_a_port_where_he_has_no_session() {
    let mut lab = Lab::switches(1);
    let begun = lab.now;
    let pc = mac(1);
    lab.learn(1, pc, 3);
    lab.reading(1).sessions = vec![session(pc, "ada")];
    lab.minutes(2);
    // A trap shows the move before sessions are read again; they tell what held since.
    lab.learn(1, pc, 4);
    lab.wait(60);
    lab.reread(1, pc);
    lab.wait(60);
    lab.reading(1).sessions = vec![session(pc, "bob")];
    lab.poll(1);
    lab.reading(1).sessions.clear();
    lab.forget(1, pc);
    lab.minutes(20);
    let rows = whose(&lab, pc, begun);
    assert_eq!(rows, [(3, Some("ada".into()), 1, Some(3)), (4, Some("bob".into()), 3, Some(4))]);
    assert_eq!(lab.net.endpoint(pc).unwrap().user, None, "who is not there has no session");
}

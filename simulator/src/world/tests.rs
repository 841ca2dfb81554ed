use super::device::{Kind, PortKind};
use super::layout::{QUARANTINE, USERS};
use super::port_set::PortSet;
use super::*;

fn campus() -> World {
    World::campus(7, SimTime::at(9, 0, 0), true)
}

fn move_port(world: &World, place: Place, to: u16) -> Vec<Change> {
    let device = world.device(place.device).unwrap();
    let from = device.port(place.port).unwrap().pvid;
    let without = |set: &PortSet| {
        let mut set = set.clone();
        set.remove(place.port);
        set
    };
    let with = |set: &PortSet| {
        let mut set = set.clone();
        set.insert(place.port);
        set
    };
    let (old, new) = (&device.vlans[&from], &device.vlans[&to]);
    vec![
        Change::Untagged { vlan: from, ports: without(&old.untagged) },
        Change::Egress { vlan: from, ports: without(&old.egress) },
        Change::Egress { vlan: to, ports: with(&new.egress) },
        Change::Untagged { vlan: to, ports: with(&new.untagged) },
        Change::Pvid { port: place.port, vlan: to },
    ]
}

#[test]
fn the_campus_is_as_large_as_promised() {
    let world = campus();
    assert_eq!(world.devices().filter(|(_, d)| d.kind == Kind::Switch).count(), 14);
    assert_eq!(world.devices().filter(|(_, d)| d.kind == Kind::Router).count(), 2);
    let endpoints = world.located().len();
    assert!((290..=340).contains(&endpoints), "{endpoints}");
    let mut macs: Vec<Mac> = world.endpoints().map(|(_, e)| e.mac).collect();
    macs.sort();
    macs.dedup();
    assert_eq!(macs.len(), world.endpoints().count());
}

#[test]
fn every_bridge_learns_every_talking_endpoint_on_the_port_that_leads_to_it() {
    let world = campus();
    for located in world.located() {
        let vlan = located.vlan.unwrap_or_else(|| panic!("{} is in no VLAN", located.name));
        let mut seen = 0;
        for (number, device) in world.devices().filter(|(_, d)| d.kind == Kind::Switch) {
            let Some((port, _)) = world.fdb_row(number, vlan, located.mac) else { continue };
            seen += 1;
            let port = device.port(port).unwrap();
            if device.name == located.device {
                assert_eq!(port.name, located.if_name, "{}", located.name);
            } else {
                assert!(port.peer.is_some(), "{} on {} {}", located.name, device.name, port.name);
                assert_eq!(port.member_of, None, "a member of an aggregate learns nothing");
            }
        }
        assert_eq!(seen, 14, "{}: its first frame was a broadcast", located.name);
    }
}

#[test]
fn everybody_reaches_the_servers_and_routers_know_them() {
    let mut world = campus();
    let server = world.endpoint_named("server-01").unwrap();
    for name in ["pc-001", "pc-009", "phone-003", "printer-05", "camera-20", "wlan-01", "vm-23"] {
        let who = world.endpoint_named(name).unwrap();
        assert!(world.reachable(who, server), "{name}");
    }
    let router = world.device(world.device_named("rtr-1").unwrap()).unwrap();
    assert!(router.arp.len() > 300, "{}", router.arp.len());
}

#[test]
fn quarantine_cuts_an_endpoint_off_and_undo_brings_it_back() {
    let mut world = campus();
    let (pc, neighbour) = (world.endpoint_named("pc-009").unwrap(), world.endpoint_named("pc-010").unwrap());
    let server = world.endpoint_named("server-01").unwrap();
    let place = world.endpoint(pc).unwrap().place.unwrap();
    assert!(world.reachable(pc, neighbour) && world.reachable(pc, server));
    let mac = world.endpoint(pc).unwrap().mac;
    let changes = move_port(&world, place, QUARANTINE);
    let applied = world.apply(place.device, &changes).unwrap();
    assert_eq!(applied.changed.len(), 5);
    assert_eq!(world.fdb_row(place.device, USERS, mac), None, "what it had learned is flushed");
    assert!(!world.reachable(pc, neighbour) && !world.reachable(pc, server));
    world.advance(world.now().after(Duration::from_secs(5)));
    assert_eq!(world.fdb_row(place.device, QUARANTINE, mac).map(|r| r.0), Some(place.port));
    let twin = world.endpoint_named("pc-011").unwrap();
    let changes = move_port(&world, world.endpoint(twin).unwrap().place.unwrap(), QUARANTINE);
    world.apply(place.device, &changes).unwrap();
    assert!(!world.reachable(twin, server), "quarantine is not routed");
    world.undo(place.device, applied);
    world.advance(world.now().after(Duration::from_secs(5)));
    assert!(world.reachable(pc, neighbour) && world.reachable(pc, server));
}

#[test]
fn each_of_the_vlan_sets_matters() {
    for skip in 0..5 {
        let mut world = campus();
        let pc = world.endpoint_named("pc-009").unwrap();
        let quarantined = world.endpoint_named("pc-010").unwrap();
        let there = world.endpoint(quarantined).unwrap().place.unwrap();
        let all = move_port(&world, there, QUARANTINE);
        world.apply(there.device, &all).unwrap();
        let place = world.endpoint(pc).unwrap().place.unwrap();
        let mut changes = move_port(&world, place, QUARANTINE);
        let left_out = changes.remove(skip);
        let result = world.apply(place.device, &changes);
        match left_out {
            Change::Egress { vlan: QUARANTINE, .. } => assert!(result.is_err(), "untagged outside egress"),
            _ => assert!(result.is_ok()),
        }
        world.endpoint_mut(pc).unwrap().ip = Some("10.234.9.9".parse().unwrap());
        world.endpoint_mut(quarantined).unwrap().ip = Some("10.234.9.8".parse().unwrap());
        let joins = world.reachable(pc, quarantined);
        // Leaving out the old VLAN's sets does not keep it out of the new one; the new VLAN's do.
        let expected =
            matches!(left_out, Change::Untagged { vlan: USERS, .. } | Change::Egress { vlan: USERS, .. });
        assert_eq!(joins, expected, "without {left_out:?}");
    }
}

#[test]
fn a_shut_port_is_down_at_both_ends_and_forgets() {
    let mut world = campus();
    let pc = world.endpoint_named("pc-009").unwrap();
    let place = world.endpoint(pc).unwrap().place.unwrap();
    let shut = world.apply(place.device, &[Change::Admin { port: place.port, up: false }]).unwrap();
    let mac = world.endpoint(pc).unwrap().mac;
    assert_eq!(
        world.take_effects(),
        [Effect::LinkDown(place), Effect::Forgotten { place, vlan: USERS, mac }]
    );
    assert!(!world.device(place.device).unwrap().port(place.port).unwrap().oper_up);
    world.undo(place.device, shut);
    assert!(world.take_effects().contains(&Effect::LinkUp(place)));
    // One cable of an aggregate: the aggregate stays up.
    let (core, dist) = (world.device_named("core-1").unwrap(), world.device_named("dist-a").unwrap());
    world.apply(core, &[Change::Admin { port: PortNo(2), up: false }]).unwrap();
    let effects = world.take_effects();
    assert_eq!(
        effects,
        [
            Effect::LinkDown(Place { device: core, port: PortNo(2) }),
            Effect::LinkDown(Place { device: dist, port: PortNo(0) })
        ]
    );
    world.apply(core, &[Change::Admin { port: PortNo(3), up: false }]).unwrap();
    let server = world.endpoint_named("server-01").unwrap();
    assert!(!world.reachable(pc, server), "the aggregate is down");
}

#[test]
fn silence_ages_out_and_reboots_renumber() {
    let mut world = campus();
    let pc = world.endpoint_named("pc-009").unwrap();
    let (place, mac) = (world.endpoint(pc).unwrap().place.unwrap(), world.endpoint(pc).unwrap().mac);
    world.set_awake(pc, false);
    world.advance(world.now().after(Duration::from_secs(200)));
    assert!(world.fdb_row(place.device, USERS, mac).is_some());
    world.advance(world.now().after(Duration::from_secs(140)));
    assert_eq!(world.fdb_row(place.device, USERS, mac), None);
    assert!(world.device(place.device).unwrap().port(place.port).unwrap().oper_up, "asleep, not unplugged");

    let stack = world.device_named("stack-b").unwrap();
    let before = world.device(stack).unwrap().clone();
    world.take_effects();
    world.reboot(stack, Duration::from_secs(90));
    world.advance(world.now().after(Duration::from_secs(89)));
    assert!(world.device(stack).unwrap().rebooting);
    world.advance(world.now().after(Duration::from_secs(2)));
    let after = world.device(stack).unwrap();
    assert!(after.up_time_cs(world.now(), 1.0) < 200);
    for (old, new) in before.ports.iter().zip(&after.ports) {
        assert_eq!(old.name, new.name);
        assert_ne!(old.if_index, new.if_index);
        assert_eq!(old.base_port, new.base_port);
        if new.kind == PortKind::Ethernet {
            assert_eq!(old.oper_up, new.oper_up, "{}", old.name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_day() {
    let run = || {
        let mut world = campus();
        world.advance(world.now().after(Duration::from_secs(900)));
        let mut rows: Vec<_> = world
            .devices()
            .flat_map(|(n, d)| d.fdb.iter().map(move |(k, r)| (n, *k, r.port, r.seen)))
            .collect();
        rows.sort();
        (world.take_effects(), rows)
    };
    assert_eq!(run(), run());
}

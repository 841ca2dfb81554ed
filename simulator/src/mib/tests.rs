use super::*;
use crate::time::SimTime;
use crate::world::layout::{QUARANTINE, USERS};

fn walk(snapshot: &Snapshot) -> Vec<(Vec<u32>, Cell)> {
    let mut at: Vec<u32> = Vec::new();
    let mut rows = Vec::new();
    while let Some((object, index, cell)) = snapshot.next(&at) {
        at = [object, index].concat();
        rows.push((at.clone(), cell.clone()));
    }
    rows
}

#[test]
fn every_device_walks_in_order_and_answers_for_each_variable() {
    let world = World::campus(3, SimTime::at(9, 0, 0), true);
    for (number, device) in world.devices() {
        let tables = Tables::default().updated(&world, number, 1.0);
        let rows = walk(&tables.snapshot);
        assert_eq!(rows.len(), tables.snapshot.len(), "{}", device.name);
        assert!(rows.len() > 150, "{} has {} variables", device.name, rows.len());
        for pair in rows.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{}", device.name);
        }
        for (oid, cell) in &rows {
            assert_eq!(tables.snapshot.get(oid), Found::Cell(cell));
        }
    }
}

#[test]
fn models_number_ports_and_tables_as_they_like() {
    let world = World::campus(3, SimTime::at(9, 0, 0), true);
    let tables =
        |name: &str| Tables::default().updated(&world, world.device_named(name).unwrap(), 1.0).snapshot;
    let oid = |entry: &[u32], tail: &[u32]| [entry, tail].concat();
    // Bridge port 1 of an access switch is ifIndex 10101, of a core is itself.
    let access = tables("acc-a1");
    assert_eq!(access.get(&oid(&bridge::BASE_PORT_ENTRY, &[2, 1])), Found::Cell(&Cell::Int(10_101)));
    let core = tables("core-1");
    assert_eq!(core.get(&oid(&bridge::BASE_PORT_ENTRY, &[2, 5])), Found::Cell(&Cell::Int(5)));
    assert_eq!(
        core.get(&oid(&bridge::BASE_PORT_ENTRY, &[2, 1])),
        Found::NoInstance,
        "member of an aggregate"
    );
    // FDB ids are running numbers on a distribution switch, VLAN ids on an access switch.
    let dist = tables("dist-a");
    let fdb_of = |snapshot: &Snapshot, vlan: u16| match snapshot
        .get(&oid(&bridge::VLAN_CURRENT_ENTRY, &[3, 0, u32::from(vlan)]))
    {
        Found::Cell(Cell::Gauge(id)) => *id,
        other => panic!("{other:?}"),
    };
    assert_eq!(fdb_of(&dist, USERS), 2);
    assert_eq!(fdb_of(&access, USERS), u32::from(USERS));
    assert_eq!(fdb_of(&dist, QUARANTINE), 9);
}

#[test]
fn only_what_changed_is_built_anew() {
    let mut world = World::campus(3, SimTime::at(9, 0, 0), true);
    let number = world.device_named("acc-a1").unwrap();
    let before = Tables::default().updated(&world, number, 1.0);
    assert!(Arc::ptr_eq(&before.snapshot, &before.updated(&world, number, 1.0).snapshot));
    let pc = world.endpoint_named("pc-009").unwrap();
    let mac = world.endpoint(pc).unwrap().mac;
    world.device_mut(number).unwrap().fdb.remove(&(USERS, mac));
    world.device_mut(number).unwrap().touch();
    let after = before.updated(&world, number, 1.0);
    assert_eq!(after.config_version, before.config_version);
    assert_eq!(after.snapshot.len() + 5, before.snapshot.len());
}

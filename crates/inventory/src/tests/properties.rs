//! Random sequences of what can happen, held against what must always be true.

use std::collections::{BTreeMap, BTreeSet};

use netwarden_model::event::NacPayload;
use netwarden_model::{EventKind, Mac, NeId, Payload, Subject};
use proptest::prelude::*;

use super::lab::*;
use crate::{Network, SightingRow};

#[derive(Debug, Clone)]
enum Step {
    /// The endpoint speaks on this port of this switch; the others learn it behind their trunks.
    Speak {
        ne: i64,
        endpoint: u32,
        port: u32,
        vlan: i64,
        heard: bool,
    },
    /// It drops out of one table.
    Age {
        ne: i64,
        endpoint: u32,
    },
    Poll {
        ne: i64,
    },
    Reread {
        ne: i64,
        endpoint: u32,
    },
    Fail {
        ne: i64,
    },
    Reboot {
        ne: i64,
    },
    Wait {
        seconds: i64,
    },
    Authorise {
        endpoint: u32,
    },
    Bind {
        endpoint: u32,
        ne: i64,
        port: u32,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let (ne, endpoint, port) = (1_i64..4, 1_u32..7, 1_u32..5);
    prop_oneof![
        6 => (ne.clone(), endpoint.clone(), port.clone(), prop_oneof![Just(10_i64), Just(20)], any::<bool>())
            .prop_map(|(ne, endpoint, port, vlan, heard)| Step::Speak { ne, endpoint, port, vlan, heard }),
        3 => (ne.clone(), endpoint.clone()).prop_map(|(ne, endpoint)| Step::Age { ne, endpoint }),
        8 => ne.clone().prop_map(|ne| Step::Poll { ne }),
        2 => (ne.clone(), endpoint.clone()).prop_map(|(ne, endpoint)| Step::Reread { ne, endpoint }),
        1 => ne.clone().prop_map(|ne| Step::Fail { ne }),
        1 => ne.clone().prop_map(|ne| Step::Reboot { ne }),
        5 => prop_oneof![1_i64..90, 200_i64..1_500].prop_map(|seconds| Step::Wait { seconds }),
        1 => endpoint.clone().prop_map(|endpoint| Step::Authorise { endpoint }),
        1 => (endpoint, ne, port).prop_map(|(endpoint, ne, port)| Step::Bind { endpoint, ne, port }),
    ]
}

/// Three switches in a line, trunks on p23 and p24, announced or not.
fn line(lldp: bool) -> Lab {
    let mut lab = Lab::empty(crate::Settings::default());
    for ne in 1..=3 {
        lab.add(ne, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
        lab.learn(ne, own_mac(NeId(ne % 3 + 1)), if ne == 3 { 23 } else { 24 });
        if lldp {
            lab.reading(ne).neighbours.push(neighbour(23, "left", &["bridge"]));
            lab.reading(ne).neighbours.push(neighbour(24, "right", &["bridge"]));
        }
    }
    lab.learn(2, own_mac(NeId(1)), 23);
    lab.poll_all();
    lab
}

fn run(lab: &mut Lab, step: &Step) {
    match *step {
        Step::Speak { ne, endpoint, port, vlan, heard } => {
            lab.learn_in(ne, mac(endpoint), port, vlan);
            for other in (1..=3).filter(|other| heard && *other != ne) {
                lab.learn_in(other, mac(endpoint), if ne < other { 23 } else { 24 }, vlan);
            }
        }
        Step::Age { ne, endpoint } => lab.forget(ne, mac(endpoint)),
        Step::Poll { ne } => lab.poll(ne),
        Step::Reread { ne, endpoint } => lab.reread(ne, mac(endpoint)),
        Step::Fail { ne } => lab.fail(ne),
        Step::Reboot { ne } => {
            let reading = lab.reading(ne);
            reading.system.up_time_cs = Some(0);
            reading.system.engine_boots = reading.system.engine_boots.map(|boots| boots + 1);
            reading.fdb.clear();
            lab.poll(ne);
        }
        Step::Wait { seconds } => {
            lab.wait(seconds);
            lab.tick();
        }
        Step::Authorise { endpoint } => lab.authorise(mac(endpoint)),
        Step::Bind { endpoint, ne, port: p } => lab.bind(mac(endpoint), port(ne, &format!("p{p}"))),
    }
}

/// What events may follow one another: the reference.
#[derive(Default)]
struct Reference {
    known: BTreeSet<Mac>,
    online: BTreeSet<Mac>,
    down: BTreeSet<NeId>,
}

impl Reference {
    fn follow(&mut self, lab: &mut Lab) {
        for event in std::mem::take(&mut lab.events) {
            let Payload::Nac(payload) = &event.payload else { continue };
            match (&event.subject, event.kind) {
                (Subject::Mac(mac), kind) => {
                    let facts =
                        event.facts.as_ref().expect("facts are frozen into every event of an endpoint");
                    assert_eq!(facts.mac, *mac);
                    assert_eq!(event.at, lab.now);
                    if kind == EventKind::NewEndpoint {
                        assert!(self.known.insert(*mac), "{mac} is new once");
                    } else {
                        assert!(self.known.contains(mac), "{mac}: {kind} before new_endpoint");
                    }
                    match kind {
                        EventKind::MacOnline => assert!(self.online.insert(*mac), "{mac} was online"),
                        EventKind::MacOffline => assert!(self.online.remove(mac), "{mac} was offline"),
                        EventKind::EndpointMoved | EventKind::MacSpoofing => {
                            assert!(self.online.contains(mac), "{mac}: {kind} while offline");
                        }
                        _ => {}
                    }
                    if let NacPayload::EndpointMoved { from, to } = payload {
                        assert_ne!(from, to);
                        assert_eq!(Some(&to.port), event.port.as_ref());
                    }
                }
                (Subject::Ne(ne), EventKind::NeUnreachable) => assert!(self.down.insert(*ne)),
                (Subject::Ne(ne), EventKind::NeReachable) => assert!(self.down.remove(ne)),
                _ => {}
            }
        }
        let online: BTreeSet<Mac> = lab.net.endpoints().filter(|e| e.online).map(|e| e.mac).collect();
        assert_eq!(online, self.online);
    }
}

fn invariants(net: &Network) {
    for endpoint in net.endpoints() {
        match endpoint.place {
            Some(place) => {
                let at = net.port_ref(place).unwrap();
                assert_eq!(net.role(&at), Some(crate::Role::Access), "{} is on {at}", endpoint.mac);
                assert!(!endpoint.sightings.is_empty());
                assert!(endpoint.online, "{} has a place and is offline", endpoint.mac);
            }
            None => assert!(endpoint.sightings.is_empty()),
        }
        let waits = endpoint.silent_since.is_some() && endpoint.online;
        assert_eq!(net.silent.contains(&endpoint.mac), waits);
    }
    for (mac, elements) in &net.seen {
        assert!(!elements.is_empty());
        for ne in elements {
            assert!(!net.elements[ne].fdb.rows_of(*mac).is_empty());
        }
    }
    for (ne, element) in net.elements() {
        for row in element.fdb.rows() {
            assert!(net.seen[&row.mac().unwrap()].contains(&ne));
        }
    }
}

/// Intervals of one (endpoint, VLAN) never overlap, and the open ones are those of the state.
fn intervals(lab: &Lab) {
    let mut rows: BTreeMap<i64, &SightingRow> = BTreeMap::new();
    for row in &lab.sightings {
        if let Some(before) = rows.insert(row.id, row) {
            assert_eq!(
                (before.mac, before.port, before.vlan, before.started),
                (row.mac, row.port, row.vlan, row.started)
            );
            assert_eq!(before.ended, None, "what has ended stays as it is");
        }
    }
    let mut of: BTreeMap<_, Vec<&SightingRow>> = BTreeMap::new();
    for row in rows.values() {
        of.entry((row.mac, row.vlan)).or_default().push(row);
    }
    for list in of.values_mut() {
        list.sort_by_key(|row| (row.started, row.ended.is_none(), row.ended));
        for pair in list.windows(2) {
            assert!(pair[0].ended.is_some_and(|ended| ended <= pair[1].started), "{pair:?}");
        }
    }
    let open: BTreeSet<i64> = rows.values().filter(|row| row.ended.is_none()).map(|row| row.id).collect();
    let held: BTreeSet<i64> = lab.net.endpoints().flat_map(|e| e.sightings.iter().map(|s| s.id)).collect();
    assert_eq!(open, held);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_state_sightings_and_events_agree(lldp: bool, steps in prop::collection::vec(step(), 1..120)) {
        let mut lab = line(lldp);
        let mut reference = Reference::default();
        for step in &steps {
            run(&mut lab, step);
            reference.follow(&mut lab);
            invariants(&lab.net);
        }
        intervals(&lab);
    }

    #[test]
    fn the_same_inputs_make_the_same_changes(steps in prop::collection::vec(step(), 1..60)) {
        let (mut one, mut other) = (line(true), line(true));
        for step in &steps {
            run(&mut one, step);
            run(&mut other, step);
        }
        prop_assert_eq!(one.events, other.events);
        prop_assert_eq!(one.sightings, other.sightings);
        prop_assert_eq!(one.polls, other.polls);
    }

    #[test]
    fn hostile_imports_never_panic(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = crate::import::elements(&text);
        let _ = crate::import::endpoints(&text);
        let mut headed = b"mac,status,valid_until\n".to_vec();
        headed.extend(&text);
        let _ = crate::import::endpoints(&headed);
    }
}

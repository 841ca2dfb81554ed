//! What is written is what is loaded; lists and history; on every database that is there.

use netwarden_model::{EventKind::*, NeId, Scope};
use netwarden_store::testing::TestStore;
use netwarden_store::{Condition, Direction, ListQuery, Page, StoreError};

use super::lab::*;
use crate::sql::{self, Rows, Where};
use crate::{Changes, Network};

/// Plans, writes and commits as the product does.
async fn step(store: &netwarden_store::Store, lab: &mut Lab, plan: impl Fn(&Network) -> Changes) {
    let changes = plan(&lab.net);
    let rows = Rows::of(&lab.net, &changes).unwrap();
    store
        .write::<_, StoreError, _>(move |tx| Box::pin(async move { sql::write(tx, rows).await }))
        .await
        .unwrap();
    lab.take(changes);
}

async fn poll_all(store: &netwarden_store::Store, lab: &mut Lab) {
    let readings = lab.readings.clone();
    let (now, methods) = (lab.now, crate::Read::Methods(netwarden_model::element::Method::ALL.to_vec()));
    for (ne, reading) in &readings {
        step(store, lab, |net| net.plan_reading(*ne, &methods, reading, now).unwrap()).await;
    }
    step(store, lab, |net| net.plan_tick(now)).await;
}

async fn with_elements(store: &netwarden_store::Store, count: i64) -> Lab {
    let mut lab = Lab::empty(crate::Settings::default());
    for ne in 1..=count {
        lab.add(ne, (1..=24).map(|p| interface(p, &format!("p{p}"))).collect());
        let base = lab.net.element(NeId(ne)).unwrap().base.clone();
        let id = store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move { sql::insert_element(tx, &base).await })
            })
            .await
            .unwrap();
        assert_eq!(id, NeId(ne));
    }
    lab
}

fn assert_same(loaded: &Network, state: &Network) {
    for (ne, element) in state.elements() {
        let again = loaded.element(ne).unwrap();
        assert_eq!(again.base, element.base);
        assert_eq!(again.live.stored(), element.live.stored());
        assert_eq!(
            (&again.live.last_good, again.live.up_time),
            (&element.live.last_good, element.live.up_time)
        );
        assert_eq!(again.ports, element.ports, "ports of {ne}");
        assert_eq!(again.neighbours, element.neighbours);
        assert_eq!(again.arp, element.arp);
    }
    assert_eq!(loaded.elements().count(), state.elements().count());
    assert_eq!(loaded.endpoints, state.endpoints);
    assert_eq!(loaded.own, state.own);
    assert_eq!(loaded.silent, state.silent);
    assert_eq!(loaded.claims, state.claims);
    assert_eq!(
        (loaded.next_port, loaded.next_row, loaded.settled),
        (state.next_port, state.next_row, state.settled)
    );
}

/// A day in short: two switches, a walk, a leave, addresses, a session.
async fn a_day(store: &netwarden_store::Store) -> Lab {
    let mut lab = with_elements(store, 2).await;
    lab.reading(1).neighbours.push(neighbour(24, "sw2", &["bridge"]));
    lab.reading(2).neighbours.push(neighbour(24, "sw1", &["bridge"]));
    lab.reading(1).interfaces.push(interface(60, "po1"));
    lab.reading(1).interfaces[10].lag = Some(netwarden_model::IfIndex(60));
    for n in 1..=5 {
        lab.learn(1, mac(n), n);
        lab.learn(2, mac(n), 24);
    }
    lab.pair(1, "10.1.1.1", mac(1));
    lab.pair(1, "2001:db8::1", mac(1));
    lab.pair(1, "10.1.1.2", mac(2));
    poll_all(store, &mut lab).await;
    lab.wait(600);
    lab.learn(2, mac(1), 9);
    lab.learn(1, mac(1), 24);
    lab.forget(1, mac(5));
    lab.forget(2, mac(5));
    poll_all(store, &mut lab).await;
    lab
}

#[tokio::test]
async fn what_was_written_is_loaded() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let mut lab = a_day(&test.store).await;
        let edit = crate::edit::EndpointEdit {
            status: Some(netwarden_model::EndpointStatus::Authorised),
            group: Some(Some("printers".into())),
            bound_to: Some(Some(port(1, "p2"))),
            owner: Some(Some("Ada".into())),
            offline_after: Some(Some(std::time::Duration::from_secs(3600))),
            ..Default::default()
        };
        let now = lab.now;
        step(&test.store, &mut lab, |net| net.plan_edit(mac(2), &edit, now).unwrap()).await;
        let loaded = sql::load(test.store.read(), lab.net.settings().clone(), lab.now).await.unwrap();
        assert_same(&loaded, &lab.net);

        // And it goes on as if nothing had happened.
        let mut again = Lab {
            net: loaded,
            now: lab.now,
            events: vec![],
            polls: vec![],
            sightings: vec![],
            readings: lab.readings.clone(),
        };
        again.minutes(3);
        assert_eq!(again.kinds(), [], "a restart makes no events");
        again.minutes(20);
        assert_eq!(again.kinds(), [MacOffline], "of the one who had left before");
    }
}

// proves: NAC-16
#[tokio::test]
async fn where_was_it_and_what_was_there() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let lab = a_day(&test.store).await;
        let read = test.store.read();
        let later = lab.now;
        let before = later.checked_sub(jiff::SignedDuration::from_secs(300)).unwrap();
        let at = async |whom: Where, when| {
            let found = sql::sightings_at(read, &Scope::All, &whom, when).await.unwrap();
            found.iter().map(|view| (view.mac, view.port.port.0.clone())).collect::<Vec<_>>()
        };
        assert_eq!(at(Where::Mac(mac(1)), before).await, [(mac(1), "p1".into())]);
        assert_eq!(at(Where::Mac(mac(1)), later).await, [(mac(1), "p9".into())]);
        assert_eq!(at(Where::Ip("10.1.1.1".parse().unwrap()), before).await, [(mac(1), "p1".into())]);
        assert_eq!(at(Where::Ip("2001:db8::1".parse().unwrap()), later).await, [(mac(1), "p9".into())]);
        assert_eq!(at(Where::Ip("10.9.9.9".parse().unwrap()), later).await, []);
        assert_eq!(at(Where::Port(port(1, "p1")), before).await, [(mac(1), "p1".into())]);
        assert_eq!(at(Where::Port(port(1, "p1")), later).await, []);
        let long_ago = before.checked_sub(jiff::SignedDuration::from_hours(9)).unwrap();
        assert_eq!(at(Where::Mac(mac(1)), long_ago).await, []);
        let all = sql::sightings_of(&Scope::All, &Where::Mac(mac(1)), long_ago, later).unwrap();
        let all = sql::list_sightings(read, &all).await.unwrap();
        assert_eq!(all.items.len(), 1, "the second began at that very moment");
        // A domain that holds the first switch only does not see the second.
        let scope = Scope::from([NeId(1)]);
        assert_eq!(sql::sightings_at(read, &scope, &Where::Mac(mac(1)), later).await.unwrap(), []);
        let owners =
            sql::bindings_of_ip(read, &Scope::All, "10.1.1.2".parse().unwrap(), before, later).await.unwrap();
        assert_eq!(owners.len(), 1);
        assert_eq!(owners[0].mac, mac(2));
    }
}

// proves: NAC-16
#[tokio::test]
async fn where_was_this_user() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let store = &test.store;
        let mut lab = with_elements(store, 1).await;
        lab.learn(1, mac(1), 3);
        let mut times = Vec::new();
        for user in [Some("ada"), Some("bob"), None] {
            lab.reading(1).sessions = user.map(|user| session(mac(1), user)).into_iter().collect();
            lab.wait(60);
            poll_all(store, &mut lab).await;
            lab.wait(60);
            poll_all(store, &mut lab).await;
            times.push(lab.now);
        }
        for (user, expected) in [("ada", [1, 0, 0]), ("bob", [0, 1, 0]), ("eve", [0, 0, 0])] {
            for (at, expected) in times.iter().zip(expected) {
                let found =
                    sql::sightings_at(store.read(), &Scope::All, &Where::User(user.into()), *at).await;
                assert_eq!(found.unwrap().len(), expected, "{user} at {at}");
            }
        }
        let all = sql::sightings_of(&Scope::All, &Where::Mac(mac(1)), times[0], lab.now).unwrap();
        let all = sql::list_sightings(store.read(), &all).await.unwrap();
        let users: Vec<_> = all.items.into_iter().map(|view| view.user).collect();
        assert_eq!(users, [None, Some("bob".into()), Some("ada".into())]);
        let loaded = sql::load(store.read(), crate::Settings::default(), lab.now).await.unwrap();
        assert_same(&loaded, &lab.net);
    }
}

#[tokio::test]
async fn lists_filter_sort_and_page() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let lab = a_day(&test.store).await;
        let read = test.store.read();
        let macs = async |query: ListQuery| {
            let page = sql::list_endpoints(read, &query).await.unwrap();
            page.items.iter().map(sql::EndpointRow::mac).collect::<Vec<_>>()
        };
        let all = || ListQuery::new(&sql::ENDPOINTS, &Scope::All);
        assert_eq!(macs(all()).await.len(), 5);
        let silent_first = all().sort("last_seen", Direction::Ascending).unwrap();
        assert_eq!(macs(silent_first).await[0], mac(5));
        let on_two = all().filter("ne", Condition::Eq(2.into())).unwrap();
        assert_eq!(macs(on_two).await, [mac(1)]);
        assert_eq!(macs(ListQuery::new(&sql::ENDPOINTS, &Scope::from([NeId(2)]))).await, [mac(1)]);
        for text in ["00:1b:21:00:00:03", "1b21000003"] {
            let found = all().filter("text", Condition::Contains(text.into())).unwrap();
            assert_eq!(macs(found).await, [mac(3)], "{text}");
        }
        assert_eq!(macs(sql::having_ip(all(), "10.1.1.2".parse().unwrap()).unwrap()).await, [mac(2)]);
        let first = sql::list_endpoints(
            read,
            &all().sort("vendor", Direction::Ascending).unwrap().page(Page::first(2)),
        )
        .await
        .unwrap();
        let rest = Page { limit: 9, after: first.next.clone() };
        let rest = sql::list_endpoints(read, &all().sort("vendor", Direction::Ascending).unwrap().page(rest))
            .await
            .unwrap();
        assert_eq!((first.items.len(), rest.items.len()), (2, 3));
        let shown = first.items[0].clone().placed(&lab.net);
        assert_eq!(shown.last_seen, Some(lab.now));
        assert_eq!(
            (shown.ne_name.as_deref(), shown.port.as_ref().map(|port| port.0.as_str())),
            (Some("sw2"), Some("p9"))
        );
        assert_eq!(shown.if_index, Some(netwarden_model::IfIndex(9)));
        let uplinks =
            ListQuery::new(&sql::PORTS, &Scope::All).filter("role", Condition::Eq("uplink".into())).unwrap();
        let uplinks = sql::list_ports(read, &uplinks).await.unwrap().items;
        assert_eq!(uplinks.iter().map(|port| port.name.0.as_str()).collect::<Vec<_>>(), ["p24", "p24"]);
        let elements =
            ListQuery::new(&sql::ELEMENTS, &Scope::All).sort("name", Direction::Descending).unwrap();
        let elements = sql::list_elements(read, &elements).await.unwrap().items;
        assert_eq!((elements[0].name.as_str(), elements[0].status.as_str()), ("sw2", "reachable"));
        assert_eq!(elements[0].last_good, Some(lab.now));
        let sightings =
            ListQuery::new(&sql::SIGHTINGS, &Scope::All).filter("ended", Condition::IsNull(false)).unwrap();
        assert_eq!(sql::list_sightings(read, &sightings).await.unwrap().items.len(), 1);
    }
}

#[tokio::test]
async fn elements_and_groups_are_kept() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let mut lab = a_day(&test.store).await;
        let mut base = lab.net.element(NeId(1)).unwrap().base.clone();
        base.element.enforcement = true;
        base.element.quarantine_vlan = Some(vlan(666));
        base.groups = vec!["north".into()];
        base.maintenance = Some(crate::MaintenanceWindow { from: lab.now, until: lab.now });
        lab.net.put_element(base.clone());
        test.store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    assert!(sql::update_element(tx, &base).await?);
                    Ok(())
                })
            })
            .await
            .unwrap();
        let twin = lab.net.element(NeId(1)).unwrap().base.clone();
        let twice = test
            .store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move { sql::insert_element(tx, &twin).await })
            })
            .await;
        assert!(twice.unwrap_err().is_duplicate());
        let loaded = sql::load(test.store.read(), lab.net.settings().clone(), lab.now).await.unwrap();
        assert_same(&loaded, &lab.net);
        let now = lab.now;
        step(&test.store, &mut lab, |net| net.plan_removal(NeId(2), now).unwrap()).await;
        let loaded = sql::load(test.store.read(), lab.net.settings().clone(), lab.now).await.unwrap();
        assert!(loaded.element(NeId(2)).is_none());
        let group = sql::Group {
            name: "printers".into(),
            description: "all floors".into(),
            offline_after_s: Some(3600),
        };
        let (one, other) = (group.clone(), sql::Group { description: "ground floor".into(), ..group });
        let wanted = other.clone();
        test.store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    sql::put_group(tx, &one).await?;
                    sql::put_group(tx, &other).await?;
                    assert_eq!(sql::groups(tx).await?, [wanted]);
                    assert!(sql::delete_group(tx, "printers").await?);
                    assert!(!sql::delete_group(tx, "printers").await?);
                    Ok(())
                })
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn names_are_kept_as_intervals_and_found_by_them() {
    use crate::{NameFact, NameKind};

    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let store = &test.store;
        let mut lab = with_elements(store, 1).await;
        let mac = mac(1);
        lab.learn(1, mac, 3);
        poll_all(store, &mut lab).await;
        let fact = |kind, name: Option<&str>| NameFact {
            mac,
            kind,
            name: name.map(str::to_owned),
            source: "dhcp-1".into(),
            ip: Some([10, 0, 0, 7].into()),
        };
        let stranger =
            NameFact { mac: "00:1b:21:00:00:99".parse().unwrap(), ..fact(NameKind::Dhcp, Some("x")) };
        let begun = lab.now;
        let mut facts =
            vec![fact(NameKind::Dhcp, Some("Old-PC")), fact(NameKind::Dns, Some("pc.example.net")), stranger];
        step(store, &mut lab, |net| net.plan_names(&facts, begun)).await;
        assert!(lab.net.plan_names(&facts, begun).only_heartbeat(), "the same again changes nothing");
        assert!(lab.net.endpoint(facts[2].mac).is_none(), "a lease puts nobody on the list");
        lab.now += jiff::SignedDuration::from_secs(60);
        let later = lab.now;
        facts = vec![fact(NameKind::Dhcp, Some("new-pc")), fact(NameKind::Dns, None)];
        step(store, &mut lab, |net| net.plan_names(&facts, later)).await;

        let endpoint = lab.net.endpoint(mac).unwrap();
        assert_eq!((endpoint.host_name.as_deref(), endpoint.dns_name.as_deref()), (Some("new-pc"), None));
        let rows = sql::names_of(store.read(), mac).await.unwrap();
        let shown: Vec<_> =
            rows.iter().map(|row| (row.kind.as_str(), row.name.as_str(), row.started, row.ended)).collect();
        assert_eq!(shown[0], ("dhcp", "new-pc", later, None));
        assert!(shown.contains(&("dhcp", "Old-PC", begun, Some(later))), "{shown:?}");
        assert!(shown.contains(&("dns", "pc.example.net", begun, Some(later))), "{shown:?}");
        assert_eq!((rows[0].source.as_str(), rows[0].ip), ("dhcp-1", Some([10, 0, 0, 7].into())));

        let scope = Scope::All;
        let found = async |name: &str, at| {
            sql::sightings_at(store.read(), &scope, &Where::Name(name.into()), at).await.unwrap().len()
        };
        assert_eq!(found("old-pc", begun).await, 1);
        assert_eq!(found("OLD-PC", later + jiff::SignedDuration::from_secs(1)).await, 0);
        assert_eq!(found("new-pc", later).await, 1);
        let loaded = sql::load(store.read(), crate::Settings::default(), later).await.unwrap();
        assert_eq!(loaded.endpoint(mac).unwrap().host_name.as_deref(), Some("new-pc"));
    }
}

// proves: NAC-08
#[tokio::test]
async fn an_authorisation_that_ends_while_nobody_watches_is_reported_at_the_next_start() {
    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let mut lab = a_day(&test.store).await;
        let now = lab.now;
        let until = |seconds| now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        for (n, ends) in [(1, 3600), (2, 86_400)] {
            let edit = crate::edit::EndpointEdit {
                status: Some(netwarden_model::EndpointStatus::Authorised),
                valid_until: Some(Some(until(ends))),
                ..Default::default()
            };
            step(&test.store, &mut lab, |net| net.plan_edit(mac(n), &edit, now).unwrap()).await;
        }
        // The server is down for two hours; its first tick finds what has ended.
        let start = until(7200);
        let mut loaded = sql::load(test.store.read(), lab.net.settings().clone(), start).await.unwrap();
        let changes = loaded.plan_tick(start);
        let ended: Vec<_> = changes.events.iter().map(|event| (event.kind, &event.subject)).collect();
        assert_eq!(ended, [(Unauthorised, &netwarden_model::Subject::Mac(mac(1)))]);
        let facts = changes.events[0].facts.as_ref().unwrap();
        assert_ne!(facts.status, netwarden_model::EndpointStatus::Authorised);
        loaded.commit(changes);
        assert!(loaded.plan_tick(start).events.is_empty(), "and says so once");
        let valid = loaded.endpoint(mac(2)).unwrap();
        assert_eq!(valid.status, netwarden_model::EndpointStatus::Authorised);
    }
}

#[tokio::test]
async fn who_turned_out_to_be_an_element_leaves_the_table_and_keeps_its_history() {
    use crate::{NameFact, NameKind};

    for test in TestStore::all(&[sql::MIGRATIONS]).await.unwrap() {
        let mut lab = with_elements(&test.store, 1).await;
        let own = own_mac(NeId(2));
        lab.learn(1, own, 5);
        poll_all(&test.store, &mut lab).await;
        let name = Some("sw2.example.net".to_owned());
        let fact = NameFact { mac: own, kind: NameKind::Dns, name, source: "dns".into(), ip: None };
        let now = lab.now;
        step(&test.store, &mut lab, |net| net.plan_names(std::slice::from_ref(&fact), now)).await;

        lab.add(2, vec![interface(1, "p1")]);
        lab.wait(60);
        poll_all(&test.store, &mut lab).await;
        let loaded = sql::load(test.store.read(), crate::Settings::default(), lab.now).await.unwrap();
        assert!(loaded.endpoint(own).is_none());
        let names = sql::names_of(test.store.read(), own).await.unwrap();
        assert_eq!(names[0].ended, Some(lab.now));
        let sightings =
            sql::sightings_at(test.store.read(), &Scope::All, &Where::Mac(own), now).await.unwrap();
        assert_eq!(sightings.iter().map(|row| row.ended).collect::<Vec<_>>(), [Some(lab.now)]);
    }
}

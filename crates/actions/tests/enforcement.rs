//! The reconciler of ports against a switch in memory that misbehaves.

// Helpers of tests fail by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use netwarden_actions::plan::q_bridge::{Column, pvid_oid};
use netwarden_actions::plan::{Shown, admin_status, port_list};
use netwarden_actions::{RequestState, Requested, reassert, release_all_offline, set_global_stop};
use netwarden_model::access::Progress;
use netwarden_model::action::Originator;
use netwarden_model::{Action, EventKind, NeId, PortRef, RequestId, VlanId};
use netwarden_snmp::Value;
use support::{Bench, Fault, bounced, killed_after, port, quarantine, release, shut};
use uuid::Uuid;

fn kind(kind: EventKind) -> i64 {
    i64::from(kind.code())
}

async fn write<F>(bench: &Bench, job: F)
where
    F: for<'t> FnOnce(
            &'t netwarden_store::Tx,
        ) -> std::pin::Pin<
            Box<dyn Future<Output = Result<(), netwarden_actions::ActionError>> + Send + 't>,
        > + Send
        + 'static,
{
    bench.test.store.write(job).await.unwrap();
}

// proves: NAC-11, NAC-13
#[tokio::test]
async fn quarantine_is_set_read_back_told_and_released_exactly() {
    let bench = Bench::new().await;
    let before = bench.switch.snapshot();
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 99);
    assert_eq!(bench.switch.member(99, 3), (true, true));
    assert_eq!(bench.switch.member(10, 3), (false, false));
    assert_eq!(bench.switch.member(10, 4), (true, true));
    let (state, note) = bench.state_of(asked).await;
    assert_eq!(state, RequestState::Done);
    assert!(note.contains("PVID 99"), "{note}");
    assert_eq!(bench.desired("p3").await.standing.progress, Progress::Verified);
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementDone)]);
    // Opened before, completed after: two leaves.
    assert_eq!(bench.count("SELECT count(*) AS n FROM audit_open").await, 0);
    let attempts = netwarden_actions::attempts_of(bench.test.store.read(), asked).await.unwrap();
    assert_eq!(attempts.len(), 1);
    assert!(
        attempts[0].set_at.is_some() && attempts[0].read_at.is_some() && attempts[0].outcome_event.is_some()
    );

    // Meanwhile an administrator moves port 5 by hand.
    let vlan = VlanId::new(10).unwrap();
    let Value::OctetString(list) = bench.switch.value(&Column::Untagged.of(vlan)) else { panic!() };
    bench.switch.by_hand(Column::Untagged.of(vlan), Value::OctetString(port_list::with(&list, 5, false)));

    let released = bench.ask(release("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(released).await.0, RequestState::Done);
    assert_eq!(bench.switch.member(10, 5), (true, false), "what another has changed stays");
    bench.switch.by_hand(Column::Untagged.of(vlan), Value::OctetString(port_list::with(&list, 5, true)));
    let list = bench.switch.value(&Column::Untagged.of(vlan));
    bench.switch.by_hand(
        Column::Untagged.of(vlan),
        Value::OctetString(port_list::with(list.as_bytes().unwrap(), 3, true)),
    );
    assert_eq!(bench.switch.snapshot(), before);
    assert_eq!(bench.desired("p3").await.earlier, None);
}

#[tokio::test]
async fn asking_again_for_what_holds_sends_nothing() {
    let bench = Bench::new().await;
    let request = bench.request(quarantine("p3"));
    for expected in [Requested::New, Requested::Repeated, Requested::Repeated] {
        let request = request.clone();
        let taken = bench
            .test
            .store
            .write(move |tx| Box::pin(async move { netwarden_actions::request(tx, &request).await }))
            .await
            .unwrap();
        assert_eq!(taken, expected);
        bench.enforcer.reconcile().await.unwrap();
    }
    let other = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(other).await.0, RequestState::Done);
    assert_eq!(bench.switch.changing(), 1);
    assert_eq!(bench.switch.sets(), 1, "not even a SET that changes nothing");
    assert_eq!(bench.count("SELECT count(*) AS n FROM action_requests").await, 2);
}

// proves: NAC-13
#[tokio::test]
async fn a_refused_set_is_an_event_and_is_tried_again() {
    let bench = Bench::new().await;
    bench.switch.fault(Fault::Refuse);
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (state, note) = bench.state_of(asked).await;
    assert_eq!(state, RequestState::Failed);
    assert!(note.contains("genErr") && note.contains("the PVID is 10, not 99"), "{note}");
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementFailed)]);
    bench.switch.fault(Fault::None);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 10, "not before its time");
    bench.later(6);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 99);
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
}

#[tokio::test]
async fn an_agent_that_answers_well_and_does_nothing_is_found_out() {
    let bench = Bench::new().await;
    bench.switch.fault(Fault::Ignore);
    let asked = bench.ask(shut("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (state, note) = bench.state_of(asked).await;
    assert_eq!((state, note.as_str()), (RequestState::Failed, "ifAdminStatus is 1, not 2"));
}

#[tokio::test]
async fn a_lost_answer_does_not_send_twice() {
    let bench = Bench::new().await;
    bench.switch.fault(Fault::LoseAnswer);
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.changing(), 1);
}

#[tokio::test]
async fn an_agent_that_takes_one_object_at_a_time_is_served_in_order() {
    let bench = Bench::new().await;
    bench.switch.fault(Fault::OneByOne);
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.changing(), 5);
    assert_eq!(bench.switch.pvid(3), 99);
}

#[tokio::test]
async fn killed_between_set_and_outcome_the_element_tells_what_was_done() {
    let mut bench = Bench::new().await;
    let asked = bench.ask(quarantine("p3")).await;
    bench.switch.fault(Fault::Hang);
    let killed = tokio::time::timeout(Duration::from_millis(300), bench.enforcer.reconcile()).await;
    assert!(killed.is_err());
    assert_eq!(bench.state_of(asked).await.0, RequestState::Opened);
    assert_eq!(bench.open_attempts().await, 1);
    assert_eq!(bench.desired("p3").await.standing.progress, Progress::Attempted);
    assert!(bench.desired("p3").await.earlier.is_some(), "durable before anything is sent");

    bench.switch.fault(Fault::None);
    bench.restart().await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.open_attempts().await, 0);
    assert_eq!(bench.switch.changing(), 1, "at most one changing SET");
    assert_eq!(bench.switch.sets(), 1);
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementDone)]);
    assert_eq!(bench.count("SELECT count(*) AS n FROM audit_open").await, 0);
    // The earlier values are those from before the first SET.
    bench.ask(release("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!((bench.switch.pvid(3), bench.switch.member(10, 3)), (10, (true, true)));
}

#[tokio::test]
async fn killed_before_the_set_arrived_it_is_sent_once() {
    let mut bench = Bench::new().await;
    let asked = bench.ask(quarantine("p3")).await;
    bench.switch.fault(Fault::Hang);
    let _ = tokio::time::timeout(Duration::from_millis(300), bench.enforcer.reconcile()).await;
    // As though the datagram had been lost with the process.
    bench.switch.reboot();
    bench.switch.fault(Fault::None);
    bench.restart().await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.pvid(3), 99);
    assert_eq!(bench.count("SELECT count(*) AS n FROM port_attempts WHERE outcome = 'interrupted'").await, 1);
    assert_eq!(bench.open_attempts().await, 0);
}

#[tokio::test]
async fn after_a_restart_of_the_switch_it_is_asserted_again() {
    let bench = Bench::new().await;
    bench.ask(quarantine("p3")).await;
    bench.ask(shut("p4")).await;
    bench.enforcer.reconcile().await.unwrap();
    bench.switch.renumber();
    assert_eq!(bench.switch.pvid(3), 10);
    let now = bench.now();
    write(&bench, move |tx| Box::pin(async move { reassert(tx, now, NeId(1)).await.map(drop) })).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 99);
    assert_eq!(bench.switch.admin(154), 2, "found by its name at its new ifIndex");
    bench.ask(release("p4")).await;
    bench.ask(release("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!((bench.switch.admin(154), bench.switch.pvid(3)), (1, 10));
}

#[tokio::test]
async fn what_somebody_undoes_is_asserted_again_by_the_periodic_look() {
    let bench = Bench::new().await;
    bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    bench.switch.by_hand(pvid_oid(3), Value::Gauge32(10));
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 10);
    bench.later(301);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 99);
}

#[tokio::test]
async fn the_bounce_leaves_the_link_up() {
    let bench = Bench::new().await;
    let asked = bench.ask(bounced("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.changing(), 3, "the move, down, up");
    assert_eq!(bench.switch.admin(103), 1);
    // Shut by hand later: release leaves that alone.
    bench.switch.by_hand(admin_status::oid(103), Value::Integer(2));
    bench.ask(release("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!((bench.switch.admin(103), bench.switch.pvid(3)), (2, 10));
}

#[tokio::test]
async fn what_is_read_back_is_told_to_whoever_shows_the_port() {
    let bench = Bench::new().await;
    let told = || bench.facts.0.lock().unwrap().shown.drain(..).collect::<Vec<_>>();
    let vlan = |id: i64| Shown { pvid: VlanId::new(id).ok(), admin_up: None };
    let admin = |up: bool| Shown { pvid: None, admin_up: Some(up) };
    for (wish, name, expected) in [
        (quarantine("p3"), "p3", vlan(99)),
        (release("p3"), "p3", vlan(10)),
        (shut("p4"), "p4", admin(false)),
        (release("p4"), "p4", admin(true)),
    ] {
        bench.ask(wish).await;
        bench.enforcer.reconcile().await.unwrap();
        assert_eq!(told(), [(port(name), expected)], "{name}");
    }
    // What is not done shows nothing new.
    bench.facts.0.lock().unwrap().uplinks.insert(port("p5"));
    bench.ask(shut("p5")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(told(), []);
}

// proves: NAC-13
#[tokio::test]
async fn an_uplink_is_refused_and_nothing_is_sent() {
    let bench = Bench::new().await;
    bench.facts.0.lock().unwrap().uplinks.insert(port("p3"));
    let asked = bench.ask(shut("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (state, note) = bench.state_of(asked).await;
    assert_eq!(state, RequestState::Failed);
    assert!(note.contains("uplink"), "{note}");
    assert_eq!(bench.switch.sets(), 0);
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementFailed)]);
}

#[tokio::test]
async fn a_port_of_which_nothing_is_known_is_not_touched() {
    let bench = Bench::new().await;
    bench.facts.0.lock().unwrap().unknown.insert(port("p3"));
    let asked = bench.ask(shut("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Held);
    assert_eq!(bench.switch.sets(), 0);
}

#[tokio::test]
async fn observe_only_says_what_would_have_been_done() {
    let bench = Bench::new().await;
    bench.facts.0.lock().unwrap().off.insert(NeId(1));
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (state, note) = bench.state_of(asked).await;
    assert_eq!(state, RequestState::Observed);
    assert!(note.contains("would have been moved to VLAN 99"), "{note}");
    assert_eq!(bench.switch.sets(), 0);
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementObserved)]);
    bench.facts.0.lock().unwrap().off.clear();
    let now = bench.now();
    write(&bench, move |tx| {
        Box::pin(async move { netwarden_actions::reconsider(tx, now, NeId(1)).await.map(drop) })
    })
    .await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(3), 99);
}

#[tokio::test]
async fn the_budget_holds_the_sixth_port_and_lets_it_go_later() {
    let bench = Bench::new().await;
    let mut asked = vec![];
    for n in 1..=6 {
        asked.push(bench.ask(quarantine(&format!("p{n}"))).await);
    }
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.changing(), 5);
    let (state, note) = bench.state_of(asked[5]).await;
    assert_eq!(state, RequestState::Held);
    assert!(note.contains("budget of 5 ports"), "{note}");
    assert_eq!(bench.events().await.last(), Some(&kind(EventKind::EnforcementHeld)));
    bench.later(601);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked[5]).await.0, RequestState::Done);
}

#[tokio::test]
async fn the_global_stop_holds_and_its_end_lets_go() {
    let bench = Bench::new().await;
    bench.ask(quarantine("p1")).await;
    bench.enforcer.reconcile().await.unwrap();
    let now = bench.now();
    write(&bench, move |tx| Box::pin(set_global_stop(tx, now, "ann", true))).await;
    let held = bench.ask(quarantine("p2")).await;
    bench.ask(release("p1")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(held).await.0, RequestState::Held);
    assert_eq!((bench.switch.pvid(1), bench.switch.pvid(2)), (10, 10), "a release goes on");
    write(&bench, move |tx| Box::pin(set_global_stop(tx, now, "ann", false))).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(2), 99);
}

#[tokio::test]
async fn a_vlan_that_does_not_exist_is_said_in_one_sentence() {
    let bench = Bench::new().await;
    for column in [Column::Egress, Column::Untagged, Column::RowStatus] {
        bench.switch.by_hand(column.of(VlanId::new(99).unwrap()), Value::NoSuchInstance);
    }
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(
        bench.state_of(asked).await,
        (RequestState::Failed, "VLAN 99 does not exist on the element".into())
    );
    let missing = bench.ask(shut("nowhere")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (_, note) = bench.state_of(missing).await;
    assert_eq!(note, "the element has no interface named nowhere");
}

#[tokio::test]
async fn a_silent_element_is_told_once_and_retried() {
    let bench = Bench::new().await;
    bench.switch.fault(Fault::Silent);
    let asked = bench.ask(quarantine("p3")).await;
    for _ in 0..4 {
        bench.enforcer.reconcile().await.unwrap();
        bench.later(400);
    }
    assert_eq!(bench.events().await, [kind(EventKind::EnforcementFailed)]);
    bench.switch.fault(Fault::None);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
}

#[tokio::test]
async fn a_newer_wish_takes_the_place_of_an_older_one() {
    let bench = Bench::new().await;
    let first = bench.ask(quarantine("p3")).await;
    let second = bench.ask(shut("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let (state, note) = bench.state_of(first).await;
    assert_eq!(state, RequestState::Failed);
    assert!(note.contains(&second.to_string()), "{note}");
    assert_eq!((bench.switch.pvid(3), bench.switch.admin(103)), (10, 2));
    // From shut to quarantine, then all back.
    bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!((bench.switch.pvid(3), bench.switch.admin(103)), (99, 1));
    bench.ask(release("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!((bench.switch.pvid(3), bench.switch.admin(103)), (10, 1));
}

#[tokio::test]
async fn release_of_a_port_that_was_never_touched_is_done_at_once() {
    let bench = Bench::new().await;
    let asked = bench.ask(release("p3")).await;
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    bench.ask(quarantine("p4")).await;
    let asked = bench.ask(release("p4")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.sets(), 0, "taken back before it was carried out");
}

#[tokio::test]
async fn everything_is_released_without_a_server() {
    let bench = Bench::new().await;
    let before = bench.switch.snapshot();
    bench.ask(quarantine("p1")).await;
    bench.ask(bounced("p2")).await;
    bench.ask(shut("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    bench.ask(quarantine("p4")).await;
    assert_ne!(bench.switch.snapshot(), before);
    let by = Originator::Person { user: "root".into(), reason: "release --all".into() };
    let counter = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let new_id = move || {
        let n = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        RequestId(Uuid::from_u64_pair(0x0195_0000_0001_7000, n))
    };
    let clock = bench.clock.clone();
    let came =
        release_all_offline(&bench.test.store, bench.network.clone(), clock, by, new_id).await.unwrap();
    assert_eq!(came.failed, vec![]);
    assert_eq!(came.released.len(), 4);
    assert_eq!(bench.switch.snapshot(), before);
}

#[tokio::test]
async fn a_release_that_fails_is_named_and_stays_wanted() {
    let bench = Bench::new().await;
    bench.ask(quarantine("p1")).await;
    bench.enforcer.reconcile().await.unwrap();
    bench.switch.fault(Fault::Silent);
    let by = Originator::System { reason: "test".into() };
    let new_id = || RequestId(Uuid::from_u128(7));
    let clock = bench.clock.clone();
    let came =
        release_all_offline(&bench.test.store, bench.network.clone(), clock, by, new_id).await.unwrap();
    assert_eq!(came.released, vec![]);
    assert!(came.failed[0].1.contains("no answer"), "{came:?}");
    bench.switch.fault(Fault::None);
    bench.later(10);
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.pvid(1), 10);
}

#[tokio::test]
async fn why_names_request_and_attempts() {
    let bench = Bench::new().await;
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.reconcile().await.unwrap();
    let read = bench.test.store.read();
    let chains = netwarden_actions::why_port(read, &port("p3"), 10).await.unwrap();
    assert_eq!(chains.len(), 1);
    assert_eq!((chains[0].request.request.id, chains[0].attempts.len()), (asked, 1));
    let scope = netwarden_model::Scope::All;
    let same = netwarden_actions::why_endpoint(read, support::rogue(), &scope, 10).await.unwrap();
    assert_eq!(same, chains);
    let none = netwarden_model::Scope::from([NeId(2)]);
    assert_eq!(netwarden_actions::why_endpoint(read, support::rogue(), &none, 10).await.unwrap(), vec![]);
    let query = netwarden_store::ListQuery::new(&netwarden_actions::sql::REQUESTS, &scope);
    let listed = netwarden_actions::list_requests(read, &query).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    let query = netwarden_store::ListQuery::new(&netwarden_actions::sql::DESIRED_PORTS, &none);
    assert_eq!(netwarden_actions::list_desired(read, &query).await.unwrap().items, vec![]);
}

#[tokio::test]
async fn the_running_reconciler_acts_on_a_signal_and_no_element_waits_for_another() {
    let bench = Bench::new().await;
    let silent = support::FakeSwitch::new(2);
    silent.fault(Fault::Hang);
    bench.network.0.lock().unwrap().insert(NeId(2), silent);
    let running = tokio::spawn(Arc::clone(&bench.enforcer).run());
    let Action::SetPortAccess { access, endpoint, .. } = quarantine("p1") else { panic!() };
    let stuck = PortRef { ne: NeId(2), port: "p1".into() };
    bench.ask(Action::SetPortAccess { port: stuck, access, endpoint }).await;
    bench.enforcer.wake().now();
    let asked = bench.ask(quarantine("p3")).await;
    bench.enforcer.wake().now();
    for _ in 0..200 {
        if bench.state_of(asked).await.0 == RequestState::Done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.abort();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    assert_eq!(bench.switch.pvid(3), 99);
}

#[tokio::test]
async fn killed_anywhere_it_is_done_once_and_told_once() {
    let mut polls = 0;
    loop {
        polls += 1;
        let mut bench = Bench::new().await;
        let before = bench.switch.snapshot();
        let asked = bench.ask(quarantine("p3")).await;
        let ended = killed_after(polls, bench.enforcer.reconcile()).await;
        bench.restart().await;
        // What the writer had begun may still be committed.
        tokio::time::sleep(Duration::from_millis(5)).await;
        bench.enforcer.reconcile().await.unwrap();
        let what = format!("killed at step {polls}");
        assert_eq!(bench.state_of(asked).await.0, RequestState::Done, "{what}");
        assert_eq!(bench.switch.pvid(3), 99, "{what}");
        assert_eq!(bench.switch.changing(), 1, "{what}: at most one changing SET");
        assert_eq!(bench.events().await, [kind(EventKind::EnforcementDone)], "{what}");
        assert_eq!(bench.open_attempts().await, 0, "{what}");
        assert_eq!(bench.count("SELECT count(*) AS n FROM audit_open").await, 0, "{what}");

        let released = bench.ask(release("p3")).await;
        killed_after(polls, bench.enforcer.reconcile()).await;
        bench.restart().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        bench.enforcer.reconcile().await.unwrap();
        assert_eq!(bench.state_of(released).await.0, RequestState::Done, "{what}");
        assert_eq!(bench.switch.snapshot(), before, "{what}");
        assert_eq!(bench.switch.changing(), 2, "{what}");
        assert_eq!(bench.open_attempts().await, 0, "{what}");
        if ended {
            break;
        }
    }
    assert!(polls > 10, "{polls} steps");
}

#[tokio::test]
async fn the_last_of_the_budget_is_not_taken_twice() {
    let bench = Bench::new().await;
    let second = support::FakeSwitch::new(2);
    bench.network.0.lock().unwrap().insert(NeId(2), second.clone());
    bench.facts.0.lock().unwrap().settings.budget.in_all = 1;
    let Action::SetPortAccess { access, endpoint, .. } = quarantine("p1") else { panic!() };
    let there = PortRef { ne: NeId(2), port: "p1".into() };
    bench.ask(quarantine("p1")).await;
    bench.ask(Action::SetPortAccess { port: there, access, endpoint }).await;
    let enforcer = &bench.enforcer;
    let (one, two) = tokio::join!(enforcer.reconcile_element(NeId(1)), enforcer.reconcile_element(NeId(2)));
    one.and(two).unwrap();
    assert_eq!(bench.switch.changing() + second.changing(), 1);
    assert_eq!(bench.count("SELECT count(*) AS n FROM action_requests WHERE state = 'held'").await, 1);
}

#[tokio::test]
async fn postgres_holds_the_same_tables() {
    let Some(bench) = Bench::postgres().await else { return };
    let before = bench.switch.snapshot();
    let asked = bench.ask(bounced("p3")).await;
    bench.ask(shut("p4")).await;
    bench.ask(Action::Syslog { name: "siem".into(), message: "x".into() }).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.state_of(asked).await.0, RequestState::Done);
    let now = bench.now();
    write(&bench, move |tx| Box::pin(set_global_stop(tx, now, "ann", true))).await;
    bench.ask(release("p3")).await;
    bench.ask(release("p4")).await;
    bench.enforcer.reconcile().await.unwrap();
    assert_eq!(bench.switch.snapshot(), before);
    let read = bench.test.store.read();
    assert_eq!(netwarden_actions::why_port(read, &port("p3"), 10).await.unwrap().len(), 2);
    let scope = netwarden_model::Scope::All;
    let query = netwarden_store::ListQuery::new(&netwarden_actions::sql::REQUESTS, &scope);
    assert_eq!(netwarden_actions::list_requests(read, &query).await.unwrap().items.len(), 5);
}

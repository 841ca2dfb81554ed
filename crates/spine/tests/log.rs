//! The log on both databases.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use jiff::{SignedDuration, Timestamp};
use netwarden_model::event::{NacPayload, Payload};
use netwarden_model::{EventKind, EventSeq, Mac, NeId, NewEvent, Outcome, Scope, Severity, Subject};
use netwarden_spine::{About, EventQuery, MIGRATIONS, Spine, SpineError, Start};
use netwarden_store::testing::TestStore;
use netwarden_store::{Page, Store, StoreError, execute, query_one};

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn event(n: i64) -> NewEvent {
    let kind = [EventKind::MacOnline, EventKind::MacOffline, EventKind::NeRebooted][(n % 3) as usize];
    let (subject, payload) = match kind {
        EventKind::MacOnline => (mac(n % 5), NacPayload::MacOnline),
        EventKind::MacOffline => (mac(n % 5), NacPayload::MacOffline { silent_for_s: n as u64 }),
        _ => (Subject::Ne(NeId(n % 4)), NacPayload::NeRebooted { up_for_s: 1 }),
    };
    NewEvent {
        at: time(n),
        kind,
        subject,
        ne: (n % 7 != 0).then_some(NeId(n % 4)),
        port: Some("Gi1/0/1".into()),
        severity: if n % 10 == 0 { Severity::Major } else { Severity::Info },
        outcome: Outcome::Success,
        facts: None,
        payload: Payload::Nac(payload),
        cause: None,
    }
}

fn mac(n: i64) -> Subject {
    Subject::Mac(Mac::new([0, 1, 2, 3, 4, n as u8]))
}

async fn append(
    store: &Store,
    spine: &Spine,
    at: i64,
    events: Vec<NewEvent>,
) -> Result<Vec<EventSeq>, SpineError> {
    let spine = spine.clone();
    store.write(move |tx| Box::pin(async move { spine.append(tx, time(at), &events).await })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_contiguous_and_events_come_back_as_they_were() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let spine = Spine::open(test.store.clone()).await.unwrap();
        assert_eq!(spine.latest().await.unwrap(), EventSeq(0));
        // Many writers at once; some of their transactions fail after having appended.
        let tasks = (0..40_i64).map(|n| {
            let (store, spine) = (test.store.clone(), spine.clone());
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        Box::pin(async move {
                            let events: Vec<_> = (0..=n % 3).map(|m| event(n * 3 + m)).collect();
                            let places = spine.append(tx, time(0), &events).await?;
                            if n % 4 == 0 {
                                return Err(SpineError::Unwritable("rolled back".into()));
                            }
                            Ok((places, events))
                        })
                    })
                    .await
            })
        });
        let mut written: Vec<(EventSeq, NewEvent)> = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            if let Ok((places, events)) = task.await.unwrap() {
                assert_eq!(places.len(), events.len());
                written.extend(places.into_iter().zip(events));
            }
        }
        written.sort_by_key(|(seq, _)| *seq);
        let places: Vec<i64> = written.iter().map(|(seq, _)| seq.0).collect();
        assert_eq!(places, (1..=written.len() as i64).collect::<Vec<_>>(), "gaps");
        let mut read = Vec::new();
        while let Ok(chunk) = spine.read_from(EventSeq(read.len() as i64), 7).await
            && !chunk.is_empty()
        {
            read.extend(chunk.into_iter().map(|event| (event.seq, event.event)));
        }
        assert_eq!(read, written);
        assert_eq!(spine.latest().await.unwrap().0, written.len() as i64);
        assert_eq!(spine.get(EventSeq(3)).await.unwrap().unwrap().event, written[2].1);
        assert_eq!(spine.get(EventSeq(9_999)).await.unwrap(), None);
        // A restart goes on where it was.
        let again = Spine::open(test.store.clone()).await.unwrap();
        assert_eq!(again.subscribe().borrow().0, written.len() as i64);
    }
}

#[tokio::test]
async fn subscribers_are_woken_by_commits_and_not_by_rollbacks() {
    let test = TestStore::sqlite(&[MIGRATIONS]).await.unwrap();
    let spine = Spine::open(test.store.clone()).await.unwrap();
    let mut watch = spine.subscribe();
    let (inner, seen) = (spine.clone(), watch.clone());
    let failed: Result<(), SpineError> = test
        .store
        .write(move |tx| {
            Box::pin(async move {
                inner.append(tx, time(0), &[event(1)]).await?;
                assert!(!seen.has_changed().unwrap(), "woken before the commit");
                Err(SpineError::Unwritable("rolled back".into()))
            })
        })
        .await;
    assert!(failed.is_err());
    assert!(!watch.has_changed().unwrap(), "woken by a rollback");
    append(&test.store, &spine, 0, vec![event(1), event(2)]).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), EventSeq(2));
    spine.committed(EventSeq(1));
    assert!(!watch.has_changed().unwrap(), "it never goes back");
}

#[tokio::test]
async fn a_cursor_moves_once_and_only_for_its_holder() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let spine = Spine::open(test.store.clone()).await.unwrap();
        append(&test.store, &spine, 0, (0..10).map(event).collect()).await.unwrap();
        let advance = async |epoch: i64, from: i64, to: i64| -> Result<(), SpineError> {
            let spine = spine.clone();
            test.store
                .write(move |tx| {
                    Box::pin(async move {
                        execute(tx, "DELETE FROM spine_times", []).await?;
                        spine.advance(tx, "rules", epoch, EventSeq(from), EventSeq(to)).await
                    })
                })
                .await
        };
        let first = spine.claim("rules", Start::Beginning).await.unwrap();
        assert_eq!((first.epoch, first.position), (1, EventSeq(0)));
        assert!(matches!(advance(1, 3, 5).await, Err(SpineError::CursorLost { .. })), "wrong place");
        let row =
            query_one(test.store.read(), "SELECT count(*) FROM spine_times", []).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1, "the transaction of a lost cursor was kept");
        advance(1, 0, 5).await.unwrap();
        assert!(matches!(advance(1, 0, 5).await, Err(SpineError::CursorLost { .. })), "the same batch twice");
        assert!(matches!(advance(1, 5, 4).await, Err(SpineError::CursorBackwards { .. })));
        // Another node takes over: the first one's next batch must fail.
        let second = spine.claim("rules", Start::Beginning).await.unwrap();
        assert_eq!((second.epoch, second.position), (2, EventSeq(5)));
        assert!(
            matches!(advance(1, 5, 6).await, Err(SpineError::CursorLost { .. })),
            "an older holder wrote"
        );
        advance(2, 5, 10).await.unwrap();
        let late = spine.claim("notify", Start::Now).await.unwrap();
        assert_eq!(late.position, EventSeq(10));
        let consumers = spine.consumers().await.unwrap();
        let positions: Vec<_> =
            consumers.iter().map(|it| (it.name.as_str(), it.position.0, it.epoch)).collect();
        assert_eq!(positions, [("notify", 10, 1), ("rules", 10, 2)]);
    }
}

#[tokio::test]
async fn places_are_found_by_time_even_when_the_clock_goes_back() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let spine = Spine::open(test.store.clone()).await.unwrap();
        // (recorded at, how many): long silences, bursts beyond a thousand, a clock set back.
        let batches = [(0, 3), (1, 2_500), (2, 1), (30, 10), (500, 5), (400, 4), (600, 1_000), (601, 1)];
        let mut recorded = Vec::new();
        for (at, count) in batches {
            let at_least = recorded.last().copied().unwrap_or(at).max(at);
            append(&test.store, &spine, at, (0..count).map(event).collect()).await.unwrap();
            recorded.extend(std::iter::repeat_n(at_least, count as usize));
        }
        for at in [-1, 0, 1, 2, 3, 29, 30, 31, 399, 400, 499, 500, 501, 600, 601, 9_999] {
            let expected = recorded.iter().filter(|recorded| **recorded <= at).count() as i64;
            assert_eq!(spine.seq_at(time(at)).await.unwrap(), EventSeq(expected), "at {at}");
        }
        let just_before = time(30) - SignedDuration::from_micros(1);
        assert_eq!(spine.seq_at(just_before).await.unwrap(), EventSeq(2_504));
        let row =
            query_one(test.store.read(), "SELECT count(*) FROM spine_times", []).await.unwrap().unwrap();
        assert!(row.try_get_by_index::<i64>(0).unwrap() <= 8, "the map of times is not sparse");
    }
}

#[tokio::test]
async fn lists_are_filtered_confined_and_paged_by_time() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let spine = Spine::open(test.store.clone()).await.unwrap();
        let events: Vec<NewEvent> = (1..=120).map(event).collect();
        for (at, event) in (1..).zip(&events) {
            append(&test.store, &spine, at, vec![event.clone()]).await.unwrap();
        }
        type Keep = fn(i64, &NewEvent) -> bool;
        let all = EventQuery::default;
        let cases: Vec<(EventQuery, Keep)> = vec![
            (all(), |_, _| true),
            (EventQuery { kinds: vec![EventKind::MacOffline], ..all() }, |_, it| {
                it.kind == EventKind::MacOffline
            }),
            (
                EventQuery {
                    kinds: vec![EventKind::NeRebooted, EventKind::MacOnline, EventKind::MacOnline],
                    ..all()
                },
                |_, it| it.kind != EventKind::MacOffline,
            ),
            (EventQuery { subject: Some(mac(2)), ..all() }, |_, it| it.subject == mac(2)),
            (EventQuery { ne: Some(NeId(3)), ..all() }, |_, it| it.ne == Some(NeId(3))),
            (EventQuery { min_severity: Some(Severity::Minor), ..all() }, |_, it| {
                it.severity >= Severity::Minor
            }),
            (EventQuery { from: Some(time(10)), to: Some(time(50)), ..all() }, |seq, _| {
                seq > 10 && seq <= 50
            }),
            (EventQuery { kinds: vec![EventKind::Tick], ..all() }, |_, _| false),
            (EventQuery { about: Some(Vec::new()), ..all() }, |_, _| false),
            (
                EventQuery {
                    about: Some(vec![
                        About::Subject(mac(2)),
                        About::Ne(NeId(3)),
                        About::Kind(EventKind::NeRebooted),
                    ]),
                    ..all()
                },
                |_, it| it.subject == mac(2) || it.ne == Some(NeId(3)) || it.kind == EventKind::NeRebooted,
            ),
            // A kind that the text names, and another that is not wanted.
            (
                EventQuery {
                    kinds: vec![EventKind::MacOnline],
                    about: Some(vec![
                        About::Kind(EventKind::MacOnline),
                        About::Kind(EventKind::NeRebooted),
                        About::Subject(mac(2)),
                    ]),
                    ..all()
                },
                |_, it| it.kind == EventKind::MacOnline,
            ),
            (
                EventQuery {
                    kinds: vec![EventKind::MacOffline, EventKind::MacOnline],
                    about: Some(vec![About::Subject(mac(2)), About::Ne(NeId(3))]),
                    from: Some(time(10)),
                    ..all()
                },
                |seq, it| {
                    seq > 10
                        && matches!(it.kind, EventKind::MacOffline | EventKind::MacOnline)
                        && (it.subject == mac(2) || it.ne == Some(NeId(3)))
                },
            ),
        ];
        let turned =
            cases.iter().map(|(query, keep)| (EventQuery { oldest_first: true, ..query.clone() }, *keep));
        let cases: Vec<_> = cases.iter().cloned().chain(turned).collect();
        for scope in [Scope::All, Scope::from([NeId(1), NeId(2)]), Scope::from([])] {
            for (query, keep) in &cases {
                let mut expected: Vec<i64> = (1..)
                    .zip(&events)
                    .filter(|(seq, event)| keep(*seq, event) && scope.contains(event.ne))
                    .map(|(seq, _)| seq)
                    .collect();
                if !query.oldest_first {
                    expected.reverse();
                }
                for limit in [1, 9, 1_000] {
                    let mut found = Vec::new();
                    let mut page = Page::first(limit);
                    loop {
                        let listed = spine.list(query, &scope, &page).await.unwrap();
                        found.extend(listed.items.iter().map(|event| event.seq.0));
                        match listed.next {
                            Some(next) => page.after = Some(next),
                            None => break,
                        }
                    }
                    assert_eq!(found, expected, "{query:?} {scope:?} by {limit}");
                }
            }
        }
        let bad = Page { limit: 1, after: Some("1; DROP TABLE".into()) };
        assert!(matches!(spine.list(&all(), &Scope::All, &bad).await, Err(SpineError::BadCursor(_))));
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_named() {
    let test = TestStore::sqlite(&[MIGRATIONS]).await.unwrap();
    let spine = Spine::open(test.store.clone()).await.unwrap();
    append(&test.store, &spine, 0, (0..3).map(event).collect()).await.unwrap();
    for damage in ["body = '{\"v\":99}'", "body = 'x'", "kind = 77", "subject = X'00'"] {
        let sql = format!("UPDATE spine_events SET {damage} WHERE seq = 2");
        let damaged: Result<u64, StoreError> =
            test.store.write(move |tx| Box::pin(async move { execute(tx, sql, []).await })).await;
        assert_eq!(damaged.unwrap(), 1);
        let refused = spine.read_from(EventSeq(0), 10).await;
        assert!(matches!(refused, Err(SpineError::Unreadable { seq: EventSeq(2), .. })), "{refused:?}");
    }
    assert_eq!(spine.read_from(EventSeq(2), 10).await.unwrap().len(), 1);
}

// proves: NEM-06
#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted_by_kind_and_by_the_minute_they_were_recorded_in() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let spine = Spine::open(test.store.clone()).await.unwrap();
        let whole = time(0).as_second() / 60 * 60 - time(0).as_second();
        // Kinds take turns; what they tell of may have happened at any time.
        for (at, count) in [(whole + 58, 3), (whole + 59, 3), (whole + 60, 6), (whole + 600, 1)] {
            append(&test.store, &spine, at, (0..count).map(|n| event(n * 100)).collect()).await.unwrap();
        }
        let counted = async |after, until| {
            let counted = spine.count_kinds(EventSeq(after), EventSeq(until)).await.unwrap();
            let mut counted: Vec<_> =
                counted.into_iter().map(|one| (one.first, one.kind.as_str(), one.count)).collect();
            counted.sort();
            counted
        };
        let (last, next, late) = (time(whole + 58), time(whole + 60), time(whole + 600));
        let of = |at, count, kinds: [&'static str; 3]| kinds.map(|kind| (at, kind, count));
        let kinds = ["mac_offline", "mac_online", "ne_rebooted"];
        let expected =
            [of(last, 2, kinds).as_slice(), &of(next, 2, kinds), &[(late, "mac_online", 1)]].concat();
        assert_eq!(counted(0, 13).await, expected);
        assert_eq!(counted(12, 13).await, [(late, "mac_online", 1)]);
        assert_eq!(counted(13, 13).await, []);
    }
}

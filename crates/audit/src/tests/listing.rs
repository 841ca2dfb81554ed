//! Lists within the reader's rights, the index's lag, and when checkpoints are signed.

use jiff::SignedDuration;
use netwarden_model::Severity;
use netwarden_store::testing::TestStore;
use netwarden_store::{Condition, Direction, Page};

use super::{Place, append, at, sample};
use crate::{
    AuditError, AuditQuery, CheckpointPolicy, Kind, MIGRATIONS, ObjectRef, Outcome, Plane, Reach, Record,
    Trail, Value,
};

fn mixed() -> Vec<Record> {
    let record =
        |n, kind, operation: &str, object| Record::new(at(n), kind, operation, object, Outcome::Success);
    vec![
        Record {
            user: Some("alice".into()),
            address: Some("192.0.2.1".into()),
            details: Some("printer in room 12".into()),
            ..record(
                0,
                Kind::Operation,
                "endpoint.authorise",
                ObjectRef::new("endpoint", "00:1b:21:00:00:01"),
            )
        },
        Record {
            user: Some("bob".into()),
            level: Severity::Warning,
            outcome: Outcome::Denied,
            ..record(1, Kind::Security, "user.create", ObjectRef::new("user", "carol"))
        },
        Record {
            plane: Plane::Management,
            ..record(2, Kind::System, "system.start", ObjectRef::any("system"))
        },
        Record {
            user: Some("bob".into()),
            cause: Some("ticket 4711".into()),
            ..record(3, Kind::Operation, "group.modify", ObjectRef::new("group", "printers"))
        },
        Record {
            user: Some("alice".into()),
            ..record(4, Kind::Ne, "ne.login", ObjectRef::new("ne", "sw-1"))
        },
    ]
}

async fn indexed(place: &Place) -> Trail {
    let (store, trail) = place.open().await;
    append(&store, mixed()).await;
    trail.catch_up().await.unwrap();
    trail
}

async fn found(trail: &Trail, reach: &Reach, query: AuditQuery) -> Vec<u64> {
    let listed = trail.list(reach, query).await.unwrap();
    listed.items.into_iter().map(|item| item.index.0).collect()
}

fn by(column: &str, condition: Condition) -> AuditQuery {
    AuditQuery { filters: vec![(column.to_owned(), condition)], ..AuditQuery::default() }
}

#[tokio::test]
async fn readers_see_what_they_may_and_nothing_else() {
    let place = Place::new();
    let trail = indexed(&place).await;
    let all = AuditQuery::default;
    assert_eq!(found(&trail, &Reach::all(), all()).await, [4, 3, 2, 1, 0]);
    assert_eq!(found(&trail, &Reach::endpoints(), all()).await, [3, 0]);
    assert_eq!(found(&trail, &Reach::nothing(), all()).await, [0; 0]);
    let operations = Reach { kinds: [Kind::Operation].into(), ..Reach::all() };
    assert_eq!(found(&trail, &operations, all()).await, [3, 0]);
    let own = Reach { own_only: Some("alice".into()), ..Reach::all() };
    assert_eq!(found(&trail, &own, all()).await, [4, 0]);
    let nobody = Reach { own_only: Some(String::new()), ..Reach::all() };
    assert_eq!(found(&trail, &nobody, all()).await, [0; 0]);
    // A filter cannot widen what the reader may see.
    let users = by("object_kind", Condition::Eq("user".into()));
    assert_eq!(found(&trail, &Reach::endpoints(), users.clone()).await, [0; 0]);
    assert_eq!(found(&trail, &Reach::all(), users).await, [1]);
}

#[tokio::test]
async fn every_field_filters_and_sorts() {
    let place = Place::new();
    let trail = indexed(&place).await;
    let reach = Reach::all();
    let eq = |text: &str| Condition::Eq(text.into());
    for (column, condition, expected) in [
        ("index", Condition::Eq(3.into()), vec![3]),
        (
            "at",
            Condition::Range {
                from: Some(at(1).as_microsecond().into()),
                to: Some(at(3).as_microsecond().into()),
            },
            vec![2, 1],
        ),
        ("kind", eq("security"), vec![1]),
        ("level", Condition::Range { from: Some(1.into()), to: None }, vec![1]),
        ("user", eq("bob"), vec![3, 1]),
        ("plane", eq("management"), vec![2]),
        ("operation", Condition::Prefix("endpoint.".into()), vec![0]),
        ("object_kind", eq("ne"), vec![4]),
        ("object", eq("sw-1"), vec![4]),
        ("address", eq("192.0.2.1"), vec![0]),
        ("session", eq("none"), vec![]),
        ("request", eq("none"), vec![]),
        ("outcome", eq("denied"), vec![1]),
        ("details", Condition::Contains("Room 12".into()), vec![0]),
    ] {
        assert_eq!(found(&trail, &reach, by(column, condition)).await, expected, "{column}");
    }
    let sorted = |column: &str, direction| AuditQuery {
        sort: Some((column.to_owned(), direction)),
        ..AuditQuery::default()
    };
    for column in [
        "index",
        "at",
        "kind",
        "level",
        "user",
        "plane",
        "operation",
        "object_kind",
        "object",
        "address",
        "session",
        "request",
        "outcome",
    ] {
        let mut up = found(&trail, &reach, sorted(column, Direction::Ascending)).await;
        up.reverse();
        assert_eq!(found(&trail, &reach, sorted(column, Direction::Descending)).await, up, "{column}");
    }
    assert_eq!(found(&trail, &reach, sorted("user", Direction::Ascending)).await, [2, 0, 4, 1, 3]);
    for text in ["4711", "printers", "room"] {
        let query = AuditQuery { text: Some(text.to_owned()), ..AuditQuery::default() };
        assert_eq!(found(&trail, &reach, query).await.len(), 1, "{text}");
    }
    let unknown = trail.list(&reach, by("secret", eq("x"))).await;
    assert!(matches!(unknown, Err(AuditError::List(_))));
}

#[tokio::test]
async fn pages_follow_one_another_without_gaps() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    append(&store, (0..25).map(sample).collect()).await;
    trail.catch_up().await.unwrap();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = Page { limit: 10, after };
        let query =
            AuditQuery { page, sort: Some(("user".into(), Direction::Ascending)), ..AuditQuery::default() };
        let listed = trail.list(&Reach::all(), query).await.unwrap();
        seen.extend(listed.items.iter().map(|item| item.index.0));
        match listed.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_index_follows_and_says_how_far_behind_it_is() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    append(&store, (0..1_500).map(sample).collect()).await;
    assert_eq!(trail.lag().await.unwrap().behind(), 1_500);
    assert_eq!(trail.tick(at(0)).await.unwrap().lag.behind(), 500);
    assert_eq!(trail.tick(at(0)).await.unwrap().lag.behind(), 0);
    let query = || AuditQuery { text: Some("record number 77".into()), ..AuditQuery::default() };
    let before = found(&trail, &Reach::all(), query()).await;
    assert_eq!(before.len(), 11);
    trail.rebuild_index().await.unwrap();
    assert_eq!(found(&trail, &Reach::all(), query()).await, [0; 0]);
    trail.catch_up().await.unwrap();
    assert_eq!(found(&trail, &Reach::all(), query()).await, before);
}

#[tokio::test]
async fn readers_are_shown_the_leaf_and_not_the_index() {
    let place = Place::new();
    let trail = indexed(&place).await;
    super::tamper(&place.path(), &["UPDATE audit_search SET user_name = 'mallory'"]).await;
    let listed = trail.list(&Reach::all(), by("index", Condition::Eq(0.into()))).await.unwrap();
    assert_eq!(listed.items[0].record.user.as_deref(), Some("alice"));
}

#[tokio::test]
async fn checkpoints_are_signed_by_number_and_by_time() {
    let place = Place::new();
    let (store, _) = place.open().await;
    let policy = CheckpointPolicy { records: 10, every: SignedDuration::from_secs(60) };
    let trail = Trail::new(store.clone(), super::key(1), policy).unwrap();
    let signed = async |now| trail.tick(at(now)).await.unwrap().checkpoint.map(|c| c.size);
    assert_eq!(signed(0).await, None, "nothing to sign");
    append(&store, vec![sample(0)]).await;
    assert_eq!(signed(0).await, Some(1), "the first at once");
    append(&store, (0..9).map(sample).collect()).await;
    assert_eq!(signed(1).await, None);
    append(&store, vec![sample(0)]).await;
    assert_eq!(signed(2).await, Some(11));
    append(&store, vec![sample(0)]).await;
    assert_eq!(signed(61).await, None);
    assert_eq!(signed(62).await, Some(12));
    assert_eq!(signed(500).await, None, "nothing new");
    assert_eq!(trail.last_checkpoint().await.unwrap().unwrap().size, 12);
    assert_eq!(super::verify(&trail).await.checkpoints, 3);
}

#[tokio::test]
async fn postgresql_keeps_the_same_trail() {
    let Some(test) = TestStore::postgres(&[MIGRATIONS]).await.unwrap() else { return };
    let trail = Trail::new(test.store.clone(), super::key(1), CheckpointPolicy::default()).unwrap();
    append(&test.store, mixed()).await;
    let large = Record { new: Some(Value::text("x".repeat(5_000))), ..sample(0) };
    append(&test.store, vec![large]).await;
    let opened =
        test.store.write(|tx| Box::pin(async move { crate::open(tx, &sample(1)).await })).await.unwrap();
    assert_eq!(trail.start(at(10)).await.unwrap(), [opened.index()]);
    trail.checkpoint(at(11)).await.unwrap().unwrap();
    trail.catch_up().await.unwrap();
    assert_eq!(found(&trail, &Reach::endpoints(), AuditQuery::default()).await, [6, 5, 3, 0]);
    let words = AuditQuery { text: Some("ROOM 12".into()), ..AuditQuery::default() };
    assert_eq!(found(&trail, &Reach::all(), words).await, [0]);
    let unknown = by("outcome", Condition::Eq("unknown".into()));
    assert_eq!(found(&trail, &Reach::all(), unknown).await, [6]);
    let report = super::verify(&trail).await;
    assert_eq!((report.problem, report.records, report.signed_up_to), (None, 8, 8));
    let mut file = Vec::new();
    trail.export(2..7, at(12), &mut file).await.unwrap();
    assert_eq!(crate::verify_export(file.as_slice(), trail.key()).unwrap().problem, None);
}

//! Appending, opening and completing, and refusing when nothing can be recorded.

use netwarden_model::Plane;
use netwarden_model::Severity;
use netwarden_store::{Store, StoreConfig, execute};
use proptest::prelude::*;

use super::{Place, append, at, is_full, sample, verify};
use crate::codec::{Content, Pending, decode};
use crate::record::{Property, Redacted};
use crate::{
    AuditError, AuditQuery, Completion, Kind, MIGRATIONS, ObjectRef, OpenedRecord, Outcome, Reach, Record,
    Value,
};

fn full_record() -> Record {
    Record {
        at: at(5),
        kind: Kind::Security,
        level: Severity::Minor,
        user: Some("alice".to_owned()),
        plane: Plane::Management,
        operation: "user.set_roles".to_owned(),
        object: ObjectRef::new("user", "bob"),
        address: Some("192.0.2.7".to_owned()),
        session: Some("session 12".to_owned()),
        request: Some("0198c0de".to_owned()),
        old: Some(Value::properties([
            ("roles", Property::from("helpdesk")),
            ("password", Property::from(Redacted)),
        ])),
        new: Some(Value::Redacted),
        outcome: Outcome::Success,
        details: Some("as agreed – Grüße".to_owned()),
        cause: Some("ticket 17".to_owned()),
    }
}

/// Compares with `cases/NAME`; `UPDATE_GOLDEN=1` writes it instead.
fn golden(name: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "{} differs; UPDATE_GOLDEN=1 writes it anew", path.display());
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        text.extend(line.iter().map(|b| format!("{b:02x}")));
        text.push('\n');
    }
    text
}

#[test]
fn leaves_have_these_bytes_for_ever() {
    let previous = netwarden_tlog::Hash::of_leaf(b"previous");
    let bytes = Pending::record(&full_record()).unwrap().encode(17, Some(previous)).unwrap();
    golden("record.hex", &hex(&bytes));
    let entry = decode(&bytes).unwrap();
    assert_eq!((entry.index, entry.previous), (17, Some(previous)));
    assert_eq!(entry.content, Content::Record(full_record().into()));

    let completion = Completion {
        at: at(6),
        outcome: Outcome::Failure,
        new: Some(Value::text("VLAN 99")),
        details: Some("no answer".to_owned()),
    };
    let bytes = Pending::completion(17, &completion).unwrap().encode(18, None).unwrap();
    golden("completion.hex", &hex(&bytes));
    assert_eq!(decode(&bytes).unwrap().content, Content::Completion { of: 17, completion });
}

proptest! {
    #[test]
    fn hostile_leaves_are_refused_without_harm(
        at in 0usize..400, to in any::<u8>(), bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut altered = Pending::record(&full_record()).unwrap().encode(17, None).unwrap();
        let at = at % altered.len();
        altered[at] = to;
        let _ = decode(&altered);
        prop_assert!(decode(&bytes).is_err());
    }
}

#[test]
fn names_are_cut_and_huge_values_refused() {
    let long = "ä".repeat(2_000);
    let record = Record { user: Some(long.clone()), ..full_record() };
    let entry = decode(&Pending::record(&record).unwrap().encode(0, None).unwrap()).unwrap();
    let Content::Record(read) = entry.content else { panic!("a record was written") };
    assert_eq!(read.user.unwrap().chars().count(), 512);
    let huge = Record { new: Some(Value::text("x".repeat(5 << 20))), ..full_record() };
    assert!(matches!(Pending::record(&huge), Err(AuditError::TooLarge { .. })));
    let huge = Record { details: Some("x".repeat(1 << 20)), ..full_record() };
    assert!(matches!(Pending::record(&huge), Err(AuditError::TooLarge { .. })));
}

#[tokio::test]
async fn an_act_that_is_given_up_leaves_no_record() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    append(&store, vec![sample(0)]).await;
    let failed: Result<(), AuditError> = store
        .write(|tx| {
            Box::pin(async move {
                crate::record(tx, &sample(1)).await?;
                execute(tx, "INSERT INTO no_such_table VALUES (1)", []).await?;
                Ok(())
            })
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(append(&store, vec![sample(2)]).await, 1);
    assert_eq!(trail.size().await.unwrap(), 2);
    assert_eq!(verify(&trail).await.problem, None);
}

#[tokio::test]
async fn secrets_have_no_place_in_the_trail() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    append(&store, vec![full_record()]).await;
    trail.catch_up().await.unwrap();
    let listed = trail.list(&Reach::all(), AuditQuery::default()).await.unwrap().items;
    let text = serde_json::to_string(&listed).unwrap();
    assert!(text.contains(r#"\"password\":\"changed\""#), "{text}");
    assert_eq!(listed[0].record.new, Some(Value::Redacted));
    assert_eq!(size_of::<Redacted>(), 0, "a redacted value can hold nothing");
}

#[tokio::test]
async fn an_act_is_opened_before_and_completed_after() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    let opened = store.write(|tx| Box::pin(async move { crate::open(tx, &sample(0)).await })).await.unwrap();
    let index = opened.index();
    trail.catch_up().await.unwrap();
    let before = trail.list(&Reach::all(), AuditQuery::default()).await.unwrap().items;
    assert_eq!((before[0].record.outcome, before[0].outcome), (Outcome::Opened, Outcome::Unknown));

    let done =
        Completion { at: at(9), outcome: Outcome::Success, new: None, details: Some("VLAN 99".into()) };
    let again = done.clone();
    store.write(move |tx| Box::pin(async move { crate::complete(tx, opened, &done).await })).await.unwrap();
    trail.catch_up().await.unwrap();
    let after = trail.list(&Reach::all(), AuditQuery::default()).await.unwrap().items;
    assert_eq!(after.len(), 1, "a completion is no record of its own");
    assert_eq!((after[0].index, after[0].outcome), (index, Outcome::Success));
    assert_eq!(after[0].completion.as_ref().unwrap().details.as_deref(), Some("VLAN 99"));

    let twice = store
        .write(move |tx| Box::pin(async move { crate::complete(tx, OpenedRecord::at(index), &again).await }))
        .await;
    assert!(matches!(twice, Err(AuditError::NotOpen(0))));
    assert_eq!(trail.size().await.unwrap(), 2);
}

#[tokio::test]
async fn what_was_interrupted_reads_unknown_after_the_start() {
    let place = Place::new();
    let (store, _) = place.open().await;
    append(&store, vec![sample(0)]).await;
    let opened = store.write(|tx| Box::pin(async move { crate::open(tx, &sample(1)).await })).await.unwrap();
    // The process ends here: nothing is closed, nobody completes.
    let image = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(place.dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), image.path().join(file.file_name())).unwrap();
    }
    drop(store);
    let (store, trail) = Place { dir: image }.into_open().await;
    assert_eq!(trail.start(at(100)).await.unwrap(), [opened.index()]);
    assert_eq!(trail.start(at(101)).await.unwrap(), [], "said once");
    trail.catch_up().await.unwrap();
    let query = AuditQuery {
        filters: vec![("outcome".into(), netwarden_store::Condition::Eq("unknown".into()))],
        ..AuditQuery::default()
    };
    let listed = trail.list(&Reach::all(), query).await.unwrap().items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].index, opened.index());
    assert!(listed[0].completion.as_ref().unwrap().details.as_ref().unwrap().contains("interrupted"));
    assert_eq!(verify(&trail).await.problem, None);
    drop(store);
}

#[tokio::test]
async fn a_full_disk_refuses_the_act_and_keeps_what_was_recorded() {
    let place = Place::new();
    let config = StoreConfig { reserve_bytes: 0, max_pages: Some(120), ..StoreConfig::sqlite(place.path()) };
    let store = Store::open(config, &[MIGRATIONS]).await.unwrap();
    let mut recorded = 0;
    let error = loop {
        let result: Result<_, AuditError> = store
            .write(move |tx| {
                Box::pin(async move {
                    let records: Vec<Record> = (0..50).map(sample).collect();
                    crate::record_many(tx, &records).await
                })
            })
            .await;
        match result {
            Ok(_) => recorded += 50,
            Err(error) => break error,
        }
        assert!(recorded < 100_000, "the database never got full");
    };
    assert!(is_full(&error), "{error:?}");
    store.close().await.unwrap();
    let (_store, trail) = place.open().await;
    let report = verify(&trail).await;
    assert_eq!((report.problem, report.records), (None, recorded));
}

#[tokio::test]
async fn guessing_does_not_fill_the_trail() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    let mut written = 0;
    for n in 0..500 {
        if trail.is_failure_recorded(at(n / 10), "192.0.2.1") {
            append(&store, vec![sample(0)]).await;
            written += 1;
        }
    }
    assert_eq!(written, 1);
    trail.tick(at(59)).await.unwrap();
    assert_eq!(trail.size().await.unwrap(), 1);
    trail.tick(at(60)).await.unwrap();
    trail.catch_up().await.unwrap();
    let listed = trail.list(&Reach::all(), AuditQuery::default()).await.unwrap().items;
    assert_eq!(listed.len(), 2);
    assert!(listed[0].record.details.as_ref().unwrap().starts_with("499 more from 192.0.2.1"));
    assert_eq!(listed[0].record.outcome, Outcome::Denied);
    trail.is_failure_recorded(at(61), "192.0.2.1");
    trail.is_failure_recorded(at(61), "192.0.2.1");
    trail.flush_failures(at(62), true).await.unwrap();
    assert_eq!(trail.size().await.unwrap(), 3, "nothing is lost at the end");
}

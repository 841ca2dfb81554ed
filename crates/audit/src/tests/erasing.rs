//! Texts about persons: told while they are there, erased on request, and never missed by the proof.

use netwarden_store::testing::TestStore;
use netwarden_store::{Store, query_all};
use netwarden_tlog::Hash;

use super::{append, at, key, sample, verify};
use crate::check::Problem;
use crate::record::Personal;
use crate::{
    AuditError, AuditQuery, CheckpointPolicy, Kind, MIGRATIONS, ObjectRef, Outcome, Plane, Reach, Record,
    Trail, Value, erase_persons, person, persons_called, verify_export,
};

const TEXT: &str = "looks after the printers of the fifth floor";

fn about(name: &str, text: &str, salt: u8) -> Option<Value> {
    Some(Value::of_person(Plane::Om, name, text, [salt; 16]))
}

async fn trail(store: &Store) -> Trail {
    let trail = Trail::new(store.clone(), key(1), CheckpointPolicy::default()).unwrap();
    append(
        store,
        vec![sample(0), Record { old: about("bob", "old", 1), new: about("bob", TEXT, 2), ..sample(1) }],
    )
    .await;
    append(store, vec![Record { new: about("eve", TEXT, 3), ..sample(2) }]).await;
    trail.checkpoint(at(5)).await.unwrap().unwrap();
    trail.catch_up().await.unwrap();
    trail
}

/// Erases, and records it where that is wanted.
async fn erase(store: &Store, name: &str, recorded: bool) -> u64 {
    let whose = person(Plane::Om, name);
    let object = ObjectRef::new("user", name);
    let erased = store
        .write(move |tx| {
            Box::pin(async move {
                let erased = erase_persons(tx, &[whose]).await?;
                let new = Some(erased.told.clone());
                let record = Record::new(at(6), Kind::Security, "user.erase", object, Outcome::Success);
                if recorded {
                    crate::record(tx, &Record { new, ..record }).await?;
                }
                Ok::<_, AuditError>(erased)
            })
        })
        .await;
    erased.unwrap().texts
}

async fn told(trail: &Trail) -> Vec<[Option<Value>; 2]> {
    let listed = trail.list(&Reach::all(), AuditQuery::default()).await.unwrap();
    listed.items.into_iter().rev().map(|one| [one.record.old, one.record.new]).collect()
}

async fn exported(trail: &Trail) -> String {
    let mut file = Vec::new();
    let size = trail.size().await.unwrap();
    trail.export(0..size, at(9), &mut file).await.unwrap();
    String::from_utf8(file).unwrap()
}

// proves: SEC-08
#[tokio::test]
async fn whoever_is_erased_leaves_hashes_and_the_proof_stands() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let (store, trail) = (&test.store, trail(&test.store).await);
        let text = |text| Some(Value::text(text));
        let before = [[None, None], [text("old"), text(TEXT)], [None, text(TEXT)]];
        assert_eq!(told(&trail).await, before);
        let whole = verify(&trail).await;
        assert_eq!((whole.problem, whole.erased, whole.signed_up_to), (None, 0, 3));
        let first = exported(&trail).await;
        assert_eq!(verify_export(first.as_bytes(), trail.key()).unwrap().erased, 0);
        let words = AuditQuery { text: Some("printers".into()), ..AuditQuery::default() };
        assert!(trail.list(&Reach::all(), words).await.unwrap().items.is_empty(), "no index knows them");

        assert_eq!(erase(store, "bob", true).await, 2);
        assert_eq!(erase(store, "bob", false).await, 0);
        trail.checkpoint(at(7)).await.unwrap().unwrap();
        let erased = Some(Value::Erased);
        assert_eq!(told(&trail).await[..3], [[None, None], [erased.clone(), erased], [None, text(TEXT)]]);
        let after = verify(&trail).await;
        assert_eq!((after.problem, after.erased, after.signed_up_to), (None, 2, 4));
        let second = exported(&trail).await;
        let report = verify_export(second.as_bytes(), trail.key()).unwrap();
        assert_eq!((report.problem, report.erased), (None, 2));
        // Nothing but null stands for what was erased.
        let forged =
            verify_export(second.replacen("null,null", "\"\",\"\"", 1).as_bytes(), trail.key()).unwrap();
        assert!(matches!(forged.problem, Some(Problem::Value { index: 1, .. })), "{:?}", forged.problem);
        // What was exported before still says what the leaves hold the hashes of.
        assert_eq!(verify_export(first.as_bytes(), trail.key()).unwrap().problem, None);
        // Nothing of it is left in any table.
        for (table, column) in [("audit_leaf", "leaf"), ("audit_value", "value")] {
            let rows = query_all(store.read(), format!("SELECT {column} FROM {table}"), []).await.unwrap();
            let octets: Vec<Vec<u8>> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
            let holds = |text: &str| {
                octets.iter().filter(|row| row.windows(text.len()).any(|w| w == text.as_bytes())).count()
            };
            assert_eq!(holds(TEXT), usize::from(table == "audit_value"), "{table}: eve's alone");
        }
    }
}

// proves: SEC-08
#[tokio::test]
async fn whoever_was_called_so_is_found_in_every_part_of_the_plane_and_of_no_other() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let _trail = trail(&test.store).await;
        let in_part = |name: &str, salt| Record {
            new: Some(Value::of_person(Plane::Tenant, name, TEXT, [salt; 16])),
            ..sample(1)
        };
        let names = ["1/bob", "2/bob", "2/eve", "2/bobby", "2/Bob"];
        append(&test.store, names.iter().zip(10..).map(|(name, salt)| in_part(name, salt)).collect()).await;
        for (plane, name, expected) in [
            (Plane::Tenant, "bob", vec!["tenant/1/bob", "tenant/2/bob"]),
            (Plane::Tenant, "b_b", vec![]),
            (Plane::Om, "bob", vec!["om/bob"]),
            (Plane::Management, "bob", vec![]),
        ] {
            let found = test.store.write(move |tx| Box::pin(persons_called(tx, plane, name))).await;
            let mut found = found.unwrap();
            found.sort();
            assert_eq!(found, expected, "{plane} {name}");
        }
    }
}

// proves: SEC-08
#[tokio::test]
async fn a_text_about_a_person_that_was_altered_is_found() {
    let test = TestStore::sqlite(&[MIGRATIONS]).await.unwrap();
    let trail = trail(&test.store).await;
    let salted = [&[2; 16], TEXT.as_bytes()].concat();
    let sha256 = Hash::of_value(&salted).to_string();
    let update = "UPDATE audit_value SET value = $1 WHERE hash = $2";
    let hash = Hash::of_value(&salted).as_bytes().to_vec();
    test.store
        .write(move |tx| {
            Box::pin(async move {
                let values = netwarden_store::values![b"sixteen octets..another".to_vec(), hash];
                netwarden_store::execute(tx, update, values).await.map(drop)
            })
        })
        .await
        .unwrap();
    let expected = Problem::Value { index: 1, what: "altered".to_owned(), sha256 };
    assert_eq!(verify(&trail).await.problem, Some(expected));
    let shown = told(&trail).await;
    assert!(matches!(shown[1][1], Some(Value::Personal { .. })), "what was altered is not shown: {shown:?}");
    assert_eq!(shown[2][1], Some(Value::text(TEXT)));
}

// proves: SEC-08, AUD-03
#[tokio::test]
async fn what_goes_without_a_record_of_its_erasure_is_missing() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let trail = trail(&test.store).await;
        assert_eq!(erase(&test.store, "eve", false).await, 1);
        let problem = verify(&trail).await.problem;
        assert!(
            matches!(&problem, Some(Problem::Value { index: 2, what, .. }) if what == "missing"),
            "{problem:?}"
        );
    }
}

// proves: SEC-08
#[tokio::test]
async fn so_many_erased_texts_are_named_that_their_names_are_a_large_value() {
    let test = TestStore::sqlite(&[MIGRATIONS]).await.unwrap();
    let trail = trail(&test.store).await;
    let records = (0..60).map(|n| Record { new: about("bob", TEXT, 100 + n), ..sample(1) }).collect();
    append(&test.store, records).await;
    assert_eq!(erase(&test.store, "bob", true).await, 62);
    let report = verify(&trail).await;
    assert_eq!((report.problem, report.erased), (None, 62));
}

// proves: SEC-08
#[tokio::test]
async fn octets_of_what_was_erased_are_not_in_the_file_either() {
    let place = super::Place::new();
    let (store, trail) = place.open().await;
    let marks: Vec<String> = (0..40).map(|n| format!("mark {n:03} of bob")).collect();
    // Among others, of several sizes, so that pages are divided and rows move.
    for (n, mark) in marks.iter().enumerate() {
        let size = 40 + n * 97 % 900;
        let other = Record { new: about("eve", &"x".repeat(size), n as u8), ..sample(2) };
        let bob = format!("{mark}{}", "y".repeat(size / 2));
        append(&store, vec![Record { new: about("bob", &bob, n as u8), ..sample(1) }, other.clone(), other])
            .await;
    }
    let left = || {
        let octets: Vec<u8> = std::fs::read(place.path()).unwrap();
        marks.iter().filter(|mark| octets.windows(mark.len()).any(|window| window == mark.as_bytes())).count()
    };
    drop(trail);
    store.close().await.unwrap();
    assert_eq!(left(), marks.len());
    let (store, _trail) = place.open().await;
    assert_eq!(erase(&store, "bob", true).await, 40);
    store.close().await.unwrap();
    assert_eq!(left(), 0);
}

#[test]
fn what_is_shorter_than_a_salt_is_no_text() {
    assert_eq!(Personal::text(&[0; 15]), None);
    assert_eq!(Personal::text(&[0; 16]), Some(""));
    assert_eq!(Personal::text(&[&[0; 16][..], &[0xff]].concat()), None);
}

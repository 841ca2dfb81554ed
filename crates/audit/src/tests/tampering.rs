//! Every way of touching the database file, and what verification says of it.

use std::ops::ControlFlow;

use netwarden_store::{READ_CHUNK, Store, execute, values};
use netwarden_tlog::{Checkpoint, Frontier, Hash};

use super::{Place, append, at, key, sample, tamper, verify};
use crate::check::{Problem, Report};
use crate::codec::Pending;
use crate::sql::as_i64;
use crate::{AuditError, Record, Trail, Value};

const RECORDS: u64 = 40;

/// Forty records, signed at 10, 20 and 30.
async fn trail(place: &Place) -> (Store, Trail) {
    let (store, trail) = place.open().await;
    for n in 0..RECORDS {
        append(&store, vec![sample(n)]).await;
        if [10, 20, 30].contains(&(n + 1)) {
            trail.checkpoint(at(n as i64)).await.unwrap().unwrap();
        }
    }
    (store, trail)
}

/// What verification says after `statements` were run on the file.
async fn after(statements: &[&str]) -> Report {
    let place = Place::new();
    let (store, _) = trail(&place).await;
    store.close().await.unwrap();
    tamper(&place.path(), statements).await;
    let (_store, trail) = place.open().await;
    verify(&trail).await
}

async fn problem(statements: &[&str]) -> Problem {
    let report = after(statements).await;
    report.problem.unwrap_or_else(|| panic!("not found out: {statements:?}"))
}

fn index(problem: &Problem) -> u64 {
    match problem {
        Problem::Altered { index, .. } => *index,
        other => panic!("{other:?}"),
    }
}

/// A leaf as a forger who knows the code would make it.
fn forged(index: u64, previous: Option<Hash>, record: &Record) -> (Vec<u8>, Hash) {
    let leaf = Pending::record(record).unwrap().encode(index, previous).unwrap();
    let hash = Hash::of_leaf(&leaf);
    (leaf, hash)
}

async fn put(store: &Store, index: u64, leaf: Vec<u8>, hash: Hash) {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE audit_leaf SET leaf = $1, hash = $2 WHERE idx = $3";
                execute(tx, sql, values![leaf, hash.as_bytes().to_vec(), as_i64(index)]).await?;
                Ok::<_, AuditError>(())
            })
        })
        .await
        .unwrap();
}

/// All leaves' hashes, by index.
async fn hashes(store: &Store) -> Vec<Hash> {
    let rows = crate::sql::leaves(store.read(), 0, READ_CHUNK).await.unwrap();
    rows.iter().map(|row| Hash::of_leaf(&row.leaf)).collect()
}

fn lie(n: u64) -> Record {
    Record { user: Some("mallory".to_owned()), ..sample(n) }
}

#[tokio::test]
async fn an_untouched_trail_verifies() {
    let report = after(&[]).await;
    assert_eq!(report.problem, None);
    assert_eq!((report.first, report.records), (0, RECORDS));
    assert_eq!((report.checkpoints, report.signed_up_to), (3, 30));
}

#[tokio::test]
async fn a_long_trail_verifies_in_chunks_and_can_be_cancelled() {
    let place = Place::new();
    let (store, trail) = place.open().await;
    for part in 0..5 {
        append(&store, (0..2_500).map(|n| sample(part * 2_500 + n)).collect()).await;
    }
    trail.checkpoint(at(0)).await.unwrap().unwrap();
    let mut seen = Vec::new();
    let report = trail
        .verify(&[], &mut |done, all| {
            seen.push((done, all));
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
    assert_eq!((report.problem, report.records, report.signed_up_to), (None, 12_500, 12_500));
    assert_eq!(seen, [(5_000, 12_500), (10_000, 12_500)]);
    let cancelled = trail.verify(&[], &mut |_, _| ControlFlow::Break(())).await;
    assert!(matches!(cancelled, Err(AuditError::Cancelled)));
    // The seam of two chunks is checked like any other place.
    store.close().await.unwrap();
    tamper(&place.path(), &["DELETE FROM audit_leaf WHERE idx = 5000"]).await;
    let (_store, trail) = place.open().await;
    assert_eq!(verify(&trail).await.problem, Some(Problem::Missing { index: 5_000 }));
}

// proves: AUD-03
#[tokio::test]
async fn an_altered_record_is_found() {
    // One octet of the user's name: a becomes m.
    for n in [0, 9, 10, 17, 39] {
        let by_hex = format!(
            "UPDATE audit_leaf SET leaf = unhex(replace(hex(leaf), '616C696365', '6D6C696365')) WHERE idx = {n}"
        );
        assert_eq!(index(&problem(&[&by_hex]).await), n);
    }
    assert_eq!(index(&problem(&["UPDATE audit_leaf SET leaf = x'00' WHERE idx = 21"]).await), 21);
    assert_eq!(index(&problem(&["UPDATE audit_leaf SET hash = zeroblob(32) WHERE idx = 21"]).await), 21);
    // The first of several.
    let several = "UPDATE audit_leaf SET leaf = x'00' WHERE idx IN (33, 12, 25)";
    assert_eq!(index(&problem(&[several]).await), 12);
}

#[tokio::test]
async fn a_forger_who_also_replaces_the_hash_is_found() {
    for n in [0u64, 4, 9, 10, 29, 38, 39] {
        let place = Place::new();
        let (store, trail) = trail(&place).await;
        let all = hashes(&store).await;
        let previous = n.checked_sub(1).map(|n| all[n as usize]);
        let (leaf, hash) = forged(n, previous, &lie(n));
        put(&store, n, leaf, hash).await;
        let problem = verify(&trail).await.problem.unwrap();
        assert_eq!(index(&problem), n, "{problem}");
    }
}

#[tokio::test]
async fn a_forger_who_rewrites_everything_after_is_found_by_the_signature() {
    for n in [3u64, 25] {
        let place = Place::new();
        let (store, trail) = trail(&place).await;
        let all = hashes(&store).await;
        let mut last = n.checked_sub(1).map(|n| all[n as usize]);
        let mut edge = Frontier::new();
        for hash in &all[..n as usize] {
            edge.push(*hash).unwrap();
        }
        for index in n..RECORDS {
            let record = if index == n { lie(index) } else { sample(index) };
            let (leaf, hash) = forged(index, last, &record);
            put(&store, index, leaf, hash).await;
            edge.push(hash).unwrap();
            last = Some(hash);
        }
        let state = crate::sql::TreeState { frontier: edge, last };
        store
            .write(move |tx| {
                Box::pin(async move { Ok::<_, AuditError>(crate::sql::set_tree(tx, &state).await?) })
            })
            .await
            .unwrap();
        let from = n / 10 * 10;
        let report = verify(&trail).await;
        assert_eq!(report.problem, Some(Problem::Rewritten { from, to: from + 10 }));
        assert_eq!(report.signed_up_to, from);
    }
}

#[tokio::test]
async fn a_state_that_does_not_fit_is_never_signed() {
    let place = Place::new();
    let (store, trail) = trail(&place).await;
    let (leaf, hash) = forged(35, Some(hashes(&store).await[34]), &lie(35));
    put(&store, 35, leaf, hash).await;
    assert!(matches!(trail.checkpoint(at(100)).await, Err(AuditError::Damaged(_))));
    tamper(&place.path(), &["UPDATE audit_checkpoint SET frontier = zeroblob(8) WHERE size = 30"]).await;
    assert!(matches!(trail.checkpoint(at(100)).await, Err(AuditError::Damaged(_))));
}

// proves: AUD-03
#[tokio::test]
async fn a_missing_record_is_found() {
    for n in [0u64, 10, 17, 38] {
        let delete = format!("DELETE FROM audit_leaf WHERE idx = {n}");
        assert_eq!(problem(&[&delete]).await, Problem::Missing { index: n });
        // And where the later ones are moved up to fill the gap.
        let far = format!("UPDATE audit_leaf SET idx = idx + 1000 WHERE idx > {n}");
        let back = format!("UPDATE audit_leaf SET idx = idx - 1001 WHERE idx > {n}");
        assert_eq!(problem(&[&delete, &far, &back]).await, Problem::Missing { index: n });
    }
}

// proves: AUD-03
#[tokio::test]
async fn reordered_records_are_found() {
    let swap = [
        "UPDATE audit_leaf SET idx = -5 WHERE idx = 12",
        "UPDATE audit_leaf SET idx = 12 WHERE idx = 15",
        "UPDATE audit_leaf SET idx = 15 WHERE idx = -5",
    ];
    assert_eq!(problem(&swap).await, Problem::Reordered { index: 12, found: 15 });
    let neighbours = [
        "UPDATE audit_leaf SET idx = -5 WHERE idx = 12",
        "UPDATE audit_leaf SET idx = 12 WHERE idx = 13",
        "UPDATE audit_leaf SET idx = 13 WHERE idx = -5",
    ];
    assert_eq!(problem(&neighbours).await, Problem::Reordered { index: 12, found: 13 });
}

#[tokio::test]
async fn inserted_records_are_found() {
    let before =
        "INSERT INTO audit_leaf (idx, hash, leaf) SELECT -1, hash, leaf FROM audit_leaf WHERE idx = 3";
    assert_eq!(problem(&[before]).await, Problem::Inserted { index: -1 });
    let behind =
        "INSERT INTO audit_leaf (idx, hash, leaf) SELECT 40, hash, leaf FROM audit_leaf WHERE idx = 3";
    assert_eq!(problem(&[behind]).await, Problem::Inserted { index: 40 });

    // A well made one, with the later ones moved down.
    let place = Place::new();
    let (store, trail) = trail(&place).await;
    let (leaf, hash) = forged(12, Some(hashes(&store).await[11]), &lie(12));
    let moves = [
        "UPDATE audit_leaf SET idx = idx + 1000 WHERE idx >= 12",
        "UPDATE audit_leaf SET idx = idx - 999 WHERE idx >= 1000",
        "INSERT INTO audit_leaf (idx, hash, leaf) VALUES (12, x'00', x'00')",
    ];
    tamper(&place.path(), &moves).await;
    put(&store, 12, leaf, hash).await;
    assert_eq!(verify(&trail).await.problem, Some(Problem::Inserted { index: 12 }));
}

#[tokio::test]
async fn a_cut_end_is_found() {
    let cut = "DELETE FROM audit_leaf WHERE idx >= 35";
    assert_eq!(problem(&[cut]).await, Problem::Truncated { expected: 40, found: 35 });
    let all = "DELETE FROM audit_leaf";
    assert_eq!(problem(&[all]).await, Problem::Truncated { expected: 40, found: 0 });
    let state = "DELETE FROM audit_tree";
    assert!(matches!(problem(&[all, state]).await, Problem::Truncated { expected: 30, found: 0 }));

    // With a state that was set back too, the signatures tell; with the signatures gone as well, a
    // checkpoint that was kept elsewhere does.
    let place = Place::new();
    let (store, trail) = trail(&place).await;
    let kept = trail.last_checkpoint().await.unwrap().unwrap().note;
    let mut edge = Frontier::new();
    let all = hashes(&store).await;
    for hash in &all[..25] {
        edge.push(*hash).unwrap();
    }
    let state = crate::sql::TreeState { frontier: edge, last: Some(all[24]) };
    store
        .write(move |tx| {
            Box::pin(async move {
                execute(tx, "DELETE FROM audit_leaf WHERE idx >= 25", []).await?;
                Ok::<_, AuditError>(crate::sql::set_tree(tx, &state).await?)
            })
        })
        .await
        .unwrap();
    assert_eq!(verify(&trail).await.problem, Some(Problem::Truncated { expected: 30, found: 25 }));
    tamper(&place.path(), &["DELETE FROM audit_checkpoint WHERE size = 30"]).await;
    let report = trail.verify(&[kept], &mut |_, _| ControlFlow::Continue(())).await.unwrap();
    assert_eq!(report.problem, Some(Problem::Truncated { expected: 30, found: 25 }));
}

#[tokio::test]
async fn a_touched_checkpoint_is_found() {
    let altered = "UPDATE audit_checkpoint SET note = replace(note, '20', '21') WHERE size = 20";
    assert!(matches!(problem(&[altered]).await, Problem::Checkpoint { size: 20, .. }));
    let moved = "UPDATE audit_checkpoint SET size = 25 WHERE size = 20";
    assert!(matches!(problem(&[moved]).await, Problem::Checkpoint { size: 25, .. }));
    let deleted = "DELETE FROM audit_checkpoint WHERE size = 20";
    assert_eq!(problem(&[deleted]).await, Problem::CheckpointMissing { size: 20 });

    // Signed with another key over the very same tree.
    let place = Place::new();
    let (store, trail) = trail(&place).await;
    let mut edge = Frontier::new();
    for hash in &hashes(&store).await[..20] {
        edge.push(*hash).unwrap();
    }
    let extensions = vec!["previous 10".to_owned()];
    let note = Checkpoint::of("netwarden/test", &edge, extensions).sign(key(2).as_ref()).unwrap();
    tamper(&place.path(), &[&format!("UPDATE audit_checkpoint SET note = '{note}' WHERE size = 20")]).await;
    assert!(matches!(verify(&trail).await.problem, Some(Problem::Checkpoint { size: 20, .. })));
}

#[tokio::test]
async fn a_touched_state_is_found() {
    assert!(matches!(problem(&["DELETE FROM audit_tree"]).await, Problem::State(_)));
    assert!(matches!(problem(&["UPDATE audit_tree SET frontier = x'00'"]).await, Problem::State(_)));
    assert!(matches!(problem(&["UPDATE audit_tree SET last = zeroblob(32)"]).await, Problem::State(_)));
    let set_back = "UPDATE audit_tree SET frontier = (SELECT frontier FROM audit_checkpoint WHERE size = 30)";
    assert_eq!(problem(&[set_back]).await, Problem::Inserted { index: 30 });
}

#[tokio::test]
async fn large_values_are_bound_to_their_record() {
    for (statement, what) in
        [("DELETE FROM audit_value", "missing"), ("UPDATE audit_value SET value = x'00'", "altered")]
    {
        let place = Place::new();
        let (store, trail) = trail(&place).await;
        let large = "interface Gi1/0/1\n".repeat(500);
        let record = Record { new: Some(Value::text(large.clone())), ..sample(40) };
        append(&store, vec![record]).await;
        assert_eq!(verify(&trail).await.problem, None);
        let sha256 = Hash::of_value(large.as_bytes()).to_string();
        assert_eq!(trail.large_value(&sha256).await.unwrap(), Some(large));
        tamper(&place.path(), &[statement]).await;
        let expected = Problem::Value { index: 40, what: what.to_owned(), sha256: sha256.clone() };
        assert_eq!(verify(&trail).await.problem, Some(expected));
        assert_eq!(trail.large_value(&sha256).await.unwrap(), None, "an altered value is not shown");
    }
}

//! Verification of the trail in the database, in chunks, so that no long read holds up the writer.

use std::ops::ControlFlow;

use netwarden_store::{READ_CHUNK, Store};
use netwarden_tlog::{Checkpoint, Frontier, Hash, VerifyingKey};

use crate::check::{Checker, Erasures, Problem, Report, Row, genuine};
use crate::codec::{Beside, Entry};
use crate::error::AuditError;
use crate::record::Value;
use crate::sql;

/// Told how many records of how many were verified; breaks to cancel.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) -> ControlFlow<()> + Send);

/// Verifies the whole trail in a store with the public key alone. `kept` are checkpoints that were kept elsewhere; with them also a trail is
/// found out whose end was cut off together with its last checkpoints.
pub async fn verify_store(
    store: &Store,
    key: &VerifyingKey,
    kept: &[String],
    progress: Progress<'_>,
) -> Result<Report, AuditError> {
    // Checkpoints before the tree: one that is signed meanwhile must not look as if it came too early.
    let rows = sql::checkpoints(store.read()).await?;
    let (tree, highest) = sql::tree_and_end(store.read()).await?;
    let mut checker = Checker::new(Frontier::new(), []);
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    let mut doubtful = None;
    let mut before = 0;
    for row in &rows {
        match genuine(&row.note, key) {
            Ok((checkpoint, _)) if sql::as_i64(checkpoint.size) != row.size => {
                let reason = format!("it signs {} records", checkpoint.size);
                doubtful.get_or_insert(Problem::Checkpoint { size: row.size, reason });
            }
            Ok((checkpoint, previous)) => {
                if previous != before {
                    doubtful.get_or_insert(Problem::CheckpointMissing { size: previous });
                }
                before = checkpoint.size;
                checkpoints.push(checkpoint);
            }
            Err(reason) => {
                doubtful.get_or_insert(Problem::Checkpoint { size: row.size, reason });
            }
        }
    }
    for note in kept {
        match genuine(note, key) {
            Ok((checkpoint, _)) => checkpoints.push(checkpoint),
            Err(reason) => {
                doubtful.get_or_insert(Problem::Checkpoint { size: -1, reason });
            }
        }
    }
    checkpoints.sort_by_key(|checkpoint| checkpoint.size);
    let signed = checkpoints.last().map_or(0, |checkpoint| checkpoint.size);
    checker = Checker::new(checker.edge().clone(), checkpoints);

    let expected = match &tree {
        Ok(state) => state.frontier.size().max(signed),
        Err(_) => signed,
    };
    // Of a tree whose state cannot be read, everything that is there is verified.
    let wanted = match &tree {
        Ok(state) => state.frontier.size(),
        Err(_) => highest.map_or(0, |highest| u64::try_from(highest).unwrap_or(0) + 1),
    };
    let last = tree.as_ref().ok().and_then(|state| state.last);
    if let Some(problem) = walk(store, &mut checker, wanted, last, progress).await? {
        return Ok(checker.report(key.name(), Some(problem)));
    }
    let size = checker.edge().size();
    let problem = if size < expected {
        Some(Problem::Truncated { expected, found: size })
    } else if let Some(highest) = highest.filter(|highest| *highest >= sql::as_i64(wanted)) {
        Some(Problem::Inserted { index: highest.min(sql::as_i64(wanted)) })
    } else {
        match &tree {
            Err(error) => Some(Problem::State(error.to_string())),
            Ok(state) if state.frontier != *checker.edge() && state.last != checker.last() && size > 0 => {
                let what = "another hash of the last record was kept".to_owned();
                Some(Problem::Altered { index: size - 1, what })
            }
            Ok(state) if state.frontier != *checker.edge() => {
                Some(Problem::Rewritten { from: checker.unsigned_from(), to: size })
            }
            Ok(state) if state.last != checker.last() => {
                Some(Problem::State("the hash of the last record is another one".to_owned()))
            }
            // A value about a person may be gone, where a record says that they were erased.
            Ok(_) => checker.erasures.unnamed().or(doubtful),
        }
    };
    Ok(checker.report(key.name(), problem))
}

/// Takes up what a good entry has beside the trail, and what it says was erased there.
async fn take(
    store: &Store,
    checker: &mut Checker,
    entry: &Entry,
    large: &mut Vec<(u64, Beside)>,
) -> Result<(), AuditError> {
    match Erasures::told_by(entry) {
        Some(Value::Text(text)) => checker.erasures.name(text),
        Some(Value::Large { sha256, .. }) => {
            let hash = Hash::from_hex(sha256).ok_or(AuditError::Damaged("a hash is no hash"))?;
            let value = sql::value(store.read(), &hash).await?.unwrap_or_default();
            checker.erasures.name(&String::from_utf8_lossy(&value));
        }
        _ => {}
    }
    large.extend(entry.beside().into_iter().map(|beside| (entry.index, beside)));
    Ok(())
}

/// Checks the leaves below `wanted`; the first problem ends it.
async fn walk(
    store: &Store,
    checker: &mut Checker,
    wanted: u64,
    last: Option<Hash>,
    progress: Progress<'_>,
) -> Result<Option<Problem>, AuditError> {
    let mut from = i64::MIN;
    let mut done = 0;
    loop {
        let rows = sql::leaves(store.read(), from, READ_CHUNK).await?;
        let ended = (rows.len() as u64) < READ_CHUNK;
        let mut large = Vec::new();
        let mut found = None;
        let mut reached = false;
        for row in rows {
            from = row.position.saturating_add(1);
            if row.position >= sql::as_i64(wanted) {
                reached = true;
                break;
            }
            match checker.push(Row { position: row.position, hash: Some(row.hash), leaf: row.leaf }) {
                Ok(Some(good)) => {
                    take(store, checker, &good.entry, &mut large).await?;
                }
                Ok(None) => {}
                Err(problem) => {
                    found = Some(problem);
                    break;
                }
            }
            done += 1;
        }
        if found.is_none() && (ended || reached) {
            // Only of the very last record is it known what was kept.
            let last = last.filter(|_| checker.edge().size() + 1 == wanted);
            match checker.flush(last) {
                Ok(Some(good)) => {
                    take(store, checker, &good.entry, &mut large).await?;
                }
                Ok(None) => {}
                Err(problem) => found = Some(problem),
            }
        }
        // Values of earlier records come before the problem of a later one.
        for (index, Beside { hash, is_personal }) in large {
            let problem = value_problem(store, &hash).await?;
            if is_personal && problem == Some(MISSING) {
                checker.erasures.miss(index, hash);
            } else if let Some(what) = problem {
                let sha256 = hash.to_string();
                return Ok(Some(Problem::Value { index, what: what.to_owned(), sha256 }));
            }
        }
        if found.is_some() || ended || reached {
            return Ok(found);
        }
        if progress(done, wanted).is_break() {
            return Err(AuditError::Cancelled);
        }
    }
}

/// Of a value that is not there.
const MISSING: &str = "missing";

async fn value_problem(store: &Store, hash: &Hash) -> Result<Option<&'static str>, AuditError> {
    Ok(match sql::value(store.read(), hash).await? {
        None => Some(MISSING),
        Some(value) if Hash::of_value(&value) != *hash => Some("altered"),
        Some(_) => None,
    })
}

//! Verification of an exported file with the public key alone: no database, no network, no clock.

use std::io::{BufRead, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use netwarden_tlog::{Frontier, Hash, RangeError, RangeProof, VerifyingKey};

use crate::check::{Checker, Problem, Report, Row, genuine};
use crate::codec::{Beside, LARGEST};
use crate::error::AuditError;
use crate::export::{FORMAT, Header, Line, Says, VERSION};

/// Two large values in base64 and the record beside them.
const LONGEST_LINE: u64 = (LARGEST as u64) * 3 + (1 << 20);

/// Verifies a file that the trail's export wrote, with the trail's public key alone.
///
/// # Errors
/// Only where the file cannot be read; what is wrong with its content is the report's problem.
pub fn verify_export(mut file: impl BufRead, key: &VerifyingKey) -> Result<Report, AuditError> {
    let nothing = Checker::new(Frontier::new(), []);
    let refuse = |reason: &str| Ok(nothing.report(key.name(), Some(Problem::State(reason.to_owned()))));
    let Some(first) = read_line(&mut file)? else { return refuse("the file is empty") };
    let Ok(header) = serde_json::from_slice::<Header>(&first) else {
        return refuse("the first line is no header of an audit export");
    };
    if header.format != FORMAT || !(1..=VERSION).contains(&header.version) {
        return refuse("the header is of another format or version");
    }
    let before = STANDARD.decode(&header.before).ok().and_then(|bytes| Frontier::from_bytes(&bytes).ok());
    let after: Option<Vec<Hash>> = header.after.iter().map(|hash| Hash::from_hex(hash)).collect();
    let (Some(before), Some(after)) = (before, after) else {
        return refuse("the header's tree cannot be read");
    };
    if before.size() != header.start || header.end < header.start {
        return refuse("the header's tree does not fit the first record");
    }
    let mut checkpoints = Vec::new();
    for note in &header.checkpoints {
        match genuine(note, key) {
            Ok((checkpoint, _)) => checkpoints.push(checkpoint),
            Err(reason) => {
                return Ok(nothing.report(key.name(), Some(Problem::Checkpoint { size: -1, reason })));
            }
        }
    }
    checkpoints.sort_by_key(|checkpoint| checkpoint.size);
    let Some(signed) = checkpoints.pop().filter(|checkpoint| checkpoint.size >= header.end) else {
        return refuse("no signed checkpoint covers the records");
    };
    let proof = RangeProof { before: before.clone(), after };
    let last = header.last.as_deref().and_then(Hash::from_hex);
    let mut checker = Checker::new(before, checkpoints);
    let mut lines = 0;
    while let Some(bytes) = read_line(&mut file)? {
        let at = header.start + lines;
        lines += 1;
        let problem = if lines > header.end - header.start {
            Some(Problem::Inserted { index: i64::try_from(at).unwrap_or(i64::MAX) })
        } else {
            take(&mut checker, &bytes, at)
        };
        if let Some(problem) = problem {
            return Ok(checker.report(key.name(), Some(problem)));
        }
    }
    let flushed = checker.flush(last);
    if let Err(problem) = flushed {
        return Ok(checker.report(key.name(), Some(problem)));
    }
    let found = checker.edge().size();
    if found < header.end {
        return Ok(checker.report(key.name(), Some(Problem::Truncated { expected: header.end, found })));
    }
    let problem = match proof.finish(checker.edge().clone(), signed.size, signed.root) {
        Ok(()) => {
            checker.meet(signed.size);
            None
        }
        Err(RangeError::Root { .. }) => {
            Some(Problem::Rewritten { from: checker.unsigned_from(), to: header.end })
        }
        Err(error) => Some(Problem::State(error.to_string())),
    };
    Ok(checker.report(key.name(), problem))
}

/// Takes one line; says what is wrong with it.
fn take(checker: &mut Checker, bytes: &[u8], at: u64) -> Option<Problem> {
    let altered = |what: &str| Some(Problem::Altered { index: at, what: what.to_owned() });
    let Ok(line) = serde_json::from_slice::<Line>(bytes) else {
        return altered("its line is no record of an audit export");
    };
    let Ok(leaf) = STANDARD.decode(&line.leaf) else { return altered("its leaf is not base64") };
    if let Ok(entry) = crate::codec::decode(&leaf)
        && entry.index == line.index
    {
        let beside = entry.beside();
        if beside.len() != line.values.len() {
            return altered("it does not have the values that it refers to");
        }
        for (Beside { hash, is_personal }, value) in beside.iter().zip(&line.values) {
            let Some(value) = value else {
                if !is_personal {
                    return altered("it does not have the values that it refers to");
                }
                checker.erasures.miss(line.index, *hash);
                continue;
            };
            if STANDARD.decode(value).map(|value| Hash::of_value(&value)) != Ok(*hash) {
                let (what, sha256) = ("altered".to_owned(), hash.to_string());
                return Some(Problem::Value { index: line.index, what, sha256 });
            }
        }
        if Says::from(entry.content) != line.says {
            return Some(Problem::Altered {
                index: line.index,
                what: "its words differ from its leaf".to_owned(),
            });
        }
    }
    let position = i64::try_from(line.index).unwrap_or(i64::MAX);
    checker.push(Row { position, hash: None, leaf }).err()
}

/// The next line without its end; None at the end of the file.
fn read_line(file: &mut impl BufRead) -> Result<Option<Vec<u8>>, AuditError> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if read as u64 == LONGEST_LINE {
        let what = "a line is longer than any that an export writes";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what).into());
    }
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(line))
}

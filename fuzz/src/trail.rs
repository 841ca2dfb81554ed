//! The transparency log, and an exported trail that somebody has altered.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::Timestamp;
use netwarden_audit::{
    AuditError, CheckpointPolicy, Completion, Kind, ObjectRef, Outcome, Record, Trail, Value, verify_export,
};
use netwarden_store::testing::TestStore;
use netwarden_tlog::note::seal;
use netwarden_tlog::proof::{consistency, inclusion, verify_consistency, verify_inclusion};
use netwarden_tlog::{
    Checkpoint, Frontier, Hash, Leaf, ProofError, RangeProof, SignError, Signer, VerifyingKey,
};

use crate::script::Script;

/// A key from a fixed seed.
struct Key(Ed25519KeyPair);

impl Key {
    fn new() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
    }
}

impl Signer for Key {
    fn key_name(&self) -> &str {
        "netwarden/fuzz"
    }
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().unwrap()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).as_ref().try_into().unwrap())
    }
}

/// Leaves, notes, checkpoints, right edges and proofs. What is read encodes to the same octets, and nothing
/// but the genuine verifies.
pub fn tlog(octets: &[u8]) {
    let mut script = Script(octets);
    let kind = script.byte();
    let rest = script.0;
    let text = String::from_utf8_lossy(rest);
    match kind % 6 {
        0 => {
            if let Ok(leaf) = Leaf::decode(rest) {
                assert_eq!(leaf.encode().unwrap(), rest, "a leaf has one encoding");
            }
        }
        1 => {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                assert_eq!(checkpoint.text(), text, "a checkpoint has one text");
            }
        }
        2 => {
            if let Ok(edge) = Frontier::from_bytes(rest) {
                assert_eq!(edge.to_bytes(), rest);
                let mut grown = edge.clone();
                let pushed = grown.push(Hash::of_leaf(b"next"));
                assert!(pushed.is_err() || grown.size() == edge.size() + 1);
                let _ = (edge.root(), grown.root());
            }
        }
        3 => note(&mut script),
        4 => proofs(&mut script),
        _ => range(&mut script),
    }
}

/// A signed note, altered in some places: it opens as what was signed or not at all.
fn note(script: &mut Script<'_>) {
    static NOTE: OnceLock<(String, String, VerifyingKey)> = OnceLock::new();
    let (text, note, key) = NOTE.get_or_init(|| {
        let signer = Key::new();
        let tree = Frontier::from_parts(1, vec![Hash::of_leaf(b"x")]).unwrap();
        let text = Checkpoint::of("netwarden/fuzz", &tree, vec!["previous 0".into()]).text();
        let note = seal(&text, &signer).unwrap();
        (text, note, VerifyingKey::of(&signer).unwrap())
    });
    let altered = altered(note.as_bytes(), script);
    let altered = String::from_utf8_lossy(&altered);
    if let Ok(opened) = key.open(&altered) {
        assert_eq!(opened, text, "what opens was signed");
        assert_eq!(Checkpoint::open(&altered, key).unwrap().size, 1);
    }
}

/// Alters octets at some places: replaces, inserts, takes out, doubles.
fn altered(genuine: &[u8], script: &mut Script<'_>) -> Vec<u8> {
    let mut octets = genuine.to_vec();
    for _ in 0..16 {
        if script.is_done() || octets.is_empty() {
            break;
        }
        let how = script.byte();
        let at = usize::try_from(script.number()).unwrap_or(0) % octets.len();
        let end = (at + usize::from(script.byte())).min(octets.len());
        match how % 5 {
            0 => octets[at] = script.byte(),
            1 => drop(octets.splice(at..at, script.octets().iter().copied())),
            2 => drop(octets.drain(at..end)),
            3 => drop(octets.splice(at..end, script.octets().iter().copied())),
            _ => {
                let copy = octets[at..end].to_vec();
                let to = usize::try_from(script.number()).unwrap_or(0) % octets.len();
                drop(octets.splice(to..to, copy));
            }
        }
    }
    octets
}

/// The root of a run of leaves, as RFC 9162 section 2.1.1 defines it.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            Hash::of_node(&root(&leaves[..half]), &root(&leaves[half..]))
        }
    }
}

fn leaves(script: &mut Script<'_>) -> Vec<Hash> {
    let count = script.byte();
    (0..count % 70).map(|leaf| Hash::of_leaf(&[leaf])).collect()
}

/// A proof as it may have been tampered with; whether it is still the genuine one.
fn tampered(path: &mut Vec<Hash>, script: &mut Script<'_>) -> bool {
    let genuine = path.clone();
    for _ in 0..script.byte() % 4 {
        let at = usize::from(script.byte());
        match script.byte() % 4 {
            0 if !path.is_empty() => drop(path.remove(at % path.len())),
            1 => path.insert(at % (path.len() + 1), Hash::of_leaf(&[script.byte()])),
            2 if !path.is_empty() => {
                let length = path.len();
                path.swap(at % length, usize::from(script.byte()) % length);
            }
            _ => path.extend(Hash::from_slice(script.take(32))),
        }
    }
    *path == genuine
}

fn proofs(script: &mut Script<'_>) {
    let leaves = leaves(script);
    let size = leaves.len() as u64;
    let run = |range: std::ops::Range<u64>| -> Result<Hash, ProofError> {
        Ok(root(&leaves[range.start as usize..range.end as usize]))
    };
    let (index, first) = (u64::from(script.byte()) % (size + 1), u64::from(script.byte()) % (size + 1));
    if let Ok(mut path) = inclusion(index, size, run) {
        let genuine = tampered(&mut path, script);
        let leaf = leaves[index as usize];
        let verified = verify_inclusion(leaf, index, size, &path, root(&leaves));
        assert_eq!(verified.is_ok(), genuine, "{index} of {size}: {verified:?}");
    } else {
        assert!(index >= size);
    }
    let mut path = consistency(first, size, run).unwrap();
    let genuine = tampered(&mut path, script);
    let older = root(&leaves[..first as usize]);
    let verified = verify_consistency(first, older, size, root(&leaves), &path);
    assert_eq!(verified.is_ok(), genuine, "{first} of {size}: {verified:?}");
    // Any numbers and hashes whatever are survived.
    let (a, b) = (script.long(), script.long());
    let _ = verify_inclusion(older, a, b, &path, older);
    let _ = verify_consistency(a, older, b, older, &path);
}

fn range(script: &mut Script<'_>) {
    let before = script.take(8 + 32 * 3).to_vec();
    let Ok(before) = Frontier::from_bytes(&before) else { return };
    let after = script.0.chunks_exact(32).filter_map(Hash::from_slice).collect();
    let size =
        u64::from_be_bytes(script.0.get(..8).and_then(|octets| octets.try_into().ok()).unwrap_or([0; 8]));
    let proof = RangeProof { before, after };
    let found = proof.verify([Hash::of_leaf(b"a"), Hash::of_leaf(b"b")], size, Hash::empty_root());
    assert!(found.is_err(), "nobody knows leaves of the empty root");
}

/// A genuine export, its key, and the leaves in it.
struct Export {
    file: Vec<u8>,
    key: VerifyingKey,
    leaves: Vec<String>,
}

fn export() -> &'static Export {
    static EXPORT: OnceLock<Export> = OnceLock::new();
    EXPORT.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let file = runtime.block_on(recorded());
        let key = VerifyingKey::of(&Key::new()).unwrap();
        let leaves = leaves_of(&file);
        assert_eq!(verify_export(BufReader::new(&*file), &key).unwrap().problem, None);
        Export { file, key, leaves }
    })
}

fn leaves_of(file: &[u8]) -> Vec<String> {
    file.split(|octet| *octet == b'\n')
        .skip(1)
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .map(|line| line["leaf"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn recorded() -> Vec<u8> {
    let place = TestStore::sqlite(&[netwarden_audit::MIGRATIONS]).await.unwrap();
    let trail = Trail::new(place.store.clone(), Arc::new(Key::new()), CheckpointPolicy::default()).unwrap();
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    for second in 0..3 {
        place
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let object = ObjectRef::new("endpoint", "00:1b:21:3a:4f:5e");
                    let record = Record {
                        user: Some("alice".to_owned()),
                        old: Some(Value::text("new")),
                        new: Some(Value::text("x".repeat(1_100))),
                        cause: Some("order 7".to_owned()),
                        ..Record::new(
                            at(second),
                            Kind::Operation,
                            "endpoint.authorise",
                            object,
                            Outcome::Opened,
                        )
                    };
                    let opened = netwarden_audit::open(tx, &record).await?;
                    let completion = Completion {
                        at: at(second),
                        outcome: Outcome::Success,
                        new: Some(Value::Redacted),
                        details: Some("read back".to_owned()),
                    };
                    netwarden_audit::complete(tx, opened, &completion).await?;
                    Ok::<_, AuditError>(())
                })
            })
            .await
            .unwrap();
        trail.checkpoint(at(second)).await.unwrap();
    }
    let mut file = Vec::new();
    trail.export(1..6, at(9), &mut file).await.unwrap();
    let report = trail.verify(&[], &mut |_, _| ControlFlow::Continue(())).await.unwrap();
    assert_eq!(report.problem, None);
    file
}

/// An exported trail, altered: whatever verifies still holds the very records that were signed. Or any file
/// at all, after an odd first octet.
pub fn audit_export(octets: &[u8]) {
    let genuine = export();
    let mut script = Script(octets);
    let file = if script.byte() % 2 == 0 { altered(&genuine.file, &mut script) } else { script.0.to_vec() };
    let Ok(report) = verify_export(BufReader::new(&*file), &genuine.key) else { return };
    if report.problem.is_none() && report.records > 0 {
        assert_eq!(leaves_of(&file), genuine.leaves, "an altered export was found good");
    }
}

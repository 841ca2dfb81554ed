//! Leaves, notes and checkpoints: golden bytes, published vectors, hostile input.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests, which clippy does not see as tests

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use netwarden_tlog::note::seal;
use netwarden_tlog::{
    Checkpoint, CheckpointError, Frontier, Hash, Leaf, LeafError, NoteError, SignError, Signer, VerifyingKey,
};
use proptest::prelude::*;

/// A key from a fixed seed.
struct Key {
    name: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    fn new(name: &'static str, seed: u8) -> Self {
        Self { name, pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }
}

impl Signer for Key {
    fn key_name(&self) -> &str {
        self.name
    }
    fn public_key(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().unwrap()
    }
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.pair.sign(message).as_ref().try_into().unwrap())
    }
}

/// Compares with `tests/golden/NAME`; `UPDATE_GOLDEN=1` writes it instead.
fn golden(name: &str, found: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
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

fn sample() -> Leaf {
    let mut leaf = Leaf::new(7);
    leaf.set_text(3, "port 1/0/24, moved to VLAN 99 – quarantine")
        .set_i64(1, -1_700_000_000_000_001)
        .set_u64(2, u64::MAX)
        .set_text(9, "")
        .set_text_if(10, None)
        .set_bytes(0xffff, [0, 255, 10]);
    leaf
}

#[test]
fn a_leaf_has_these_bytes_for_ever() {
    let leaf = sample();
    let bytes = leaf.encode().unwrap();
    golden("leaf.hex", &hex(&bytes));
    let read = Leaf::decode(&bytes).unwrap();
    assert_eq!(read, leaf);
    assert_eq!(read.schema(), 7);
    assert_eq!(read.i64(1), Ok(-1_700_000_000_000_001));
    assert_eq!(read.u64(2), Ok(u64::MAX));
    assert_eq!(read.text(9), Ok(""));
    assert_eq!(read.text_if(10), Ok(None));
    assert_eq!(read.text(10), Err(LeafError::Missing(10)));
    assert_eq!(read.u64(3), Err(LeafError::Type { tag: 3, expected: "number of 8 octets" }));
    assert_eq!(read.tags().collect::<Vec<_>>(), [1, 2, 3, 9, 0xffff]);
}

#[test]
fn what_is_not_canonical_is_refused_with_its_place() {
    let bytes = sample().encode().unwrap();
    for end in 0..bytes.len() {
        assert!(matches!(Leaf::decode(&bytes[..end]), Err(LeafError::Truncated { .. })), "{end}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Leaf::decode(&longer), Err(LeafError::Trailing { offset: bytes.len(), left: 1 }));
    let mut other = bytes.clone();
    other[3] = 2;
    assert_eq!(Leaf::decode(&other), Err(LeafError::Version(2)));
    other[0] = b'X';
    assert_eq!(Leaf::decode(&other), Err(LeafError::Magic));
    // Two fields in the wrong order, then the same twice.
    for tags in [[2u8, 1], [1, 1]] {
        let mut bytes = b"NWL\x01\x00\x01\x00\x02".to_vec();
        for tag in tags {
            bytes.extend_from_slice(&[0, tag, 0, 0, 0, 0]);
        }
        assert_eq!(
            Leaf::decode(&bytes),
            Err(LeafError::Order { offset: 14, tag: 1, previous: u16::from(tags[0]) })
        );
    }
    // A length far beyond the end.
    let huge = b"NWL\x01\x00\x01\x00\x01\x00\x01\xff\xff\xff\xff";
    assert!(matches!(Leaf::decode(huge), Err(LeafError::Truncated { offset: 14, .. })));
}

#[test]
fn the_published_note_verifies() {
    // From the package golang.org/x/mod/sumdb/note, which the specification is made after.
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let note = format!(
        "{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    );
    let verifier: VerifyingKey = key.parse().unwrap();
    assert_eq!(verifier.to_string(), key);
    assert_eq!(verifier.open(&note), Ok(text));
    assert_eq!(
        verifier.open(&note.replace("answer", "Answer")),
        Err(NoteError::Signature("PeterNeumann".to_owned()))
    );
}

#[test]
fn a_checkpoint_has_this_text_for_ever() {
    let key = Key::new("netwarden/berlin-1", 1);
    let mut tree = Frontier::new();
    for n in 0..5u8 {
        tree.push(Hash::of_leaf(&[n])).unwrap();
    }
    let checkpoint = Checkpoint::of(key.name, &tree, vec!["time 2026-01-02T03:04:05Z".to_owned()]);
    let note = checkpoint.sign(&key).unwrap();
    golden("checkpoint.txt", &note);
    assert_eq!(Checkpoint::open(&note, &VerifyingKey::of(&key).unwrap()), Ok(checkpoint));
}

#[test]
fn a_checkpoint_that_was_touched_is_refused() {
    let key = Key::new("netwarden/a", 1);
    let verifier = VerifyingKey::of(&key).unwrap();
    let tree = Frontier::from_parts(1, vec![Hash::of_leaf(b"x")]).unwrap();
    let note = Checkpoint::of("netwarden/a", &tree, vec![]).sign(&key).unwrap();
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(touched) = String::from_utf8(bytes) {
            assert!(Checkpoint::open(&touched, &verifier).is_err(), "octet {at}");
        }
    }
    // Another key, even under the same name; another log under the right key.
    let stranger = VerifyingKey::of(&Key::new("netwarden/a", 2)).unwrap();
    assert!(matches!(Checkpoint::open(&note, &stranger), Err(CheckpointError::Note(NoteError::Unsigned(_)))));
    let other = Checkpoint::of("netwarden/b", &tree, vec![]).sign(&key).unwrap();
    assert!(matches!(Checkpoint::open(&other, &verifier), Err(CheckpointError::Origin { .. })));
}

#[test]
fn a_second_signature_by_a_stranger_does_no_harm() {
    let (key, stranger) = (Key::new("netwarden/a", 1), Key::new("witness", 2));
    let text = "netwarden/a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let note = seal(text, &key).unwrap();
    let line = seal(text, &stranger).unwrap();
    let both = format!("{note}{}", line.lines().last().unwrap().to_owned() + "\n");
    assert_eq!(VerifyingKey::of(&key).unwrap().open(&both), Ok(text));
    assert_eq!(VerifyingKey::of(&stranger).unwrap().open(&both), Ok(text));
}

#[test]
fn texts_that_are_no_checkpoint_or_key_are_refused() {
    for (text, line) in [
        ("", 1),
        ("\n", 1),
        ("log\n", 2),
        ("log\n01\nx\n", 2),
        ("log\n-1\nx\n", 2),
        ("log\n99999999999999999999\nx\n", 2),
        ("log\n1\nAAAA\n", 3),
        ("log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n", 4),
    ] {
        let found = Checkpoint::parse(text);
        assert!(
            matches!(found, Err(CheckpointError::Line { line: l, .. }) if l == line),
            "{text:?} {found:?}"
        );
    }
    for name in ["", "a b", "a+b"] {
        assert!(matches!(VerifyingKey::new(name, [0; 32]), Err(NoteError::KeyName(_))));
    }
    for key in
        ["", "a+b", "a+00000000+AQ==", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
    {
        assert!(key.parse::<VerifyingKey>().is_err(), "{key}");
    }
    assert!(seal("no line feed", &Key::new("a", 1)).is_err());
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        fields in proptest::collection::btree_map(any::<u16>(), proptest::collection::vec(any::<u8>(), 0..40), 0..8),
    ) {
        let mut leaf = Leaf::new(1);
        for (tag, value) in &fields {
            leaf.set_bytes(*tag, value.clone());
        }
        let encoded = leaf.encode().unwrap();
        prop_assert_eq!(Leaf::decode(&encoded), Ok(leaf));
        let mut hostile = b"NWL\x01".to_vec();
        hostile.extend_from_slice(&bytes);
        if let Ok(read) = Leaf::decode(&hostile) {
            prop_assert_eq!(read.encode(), Ok(hostile));
        }
    }

    #[test]
    fn hostile_notes_do_no_harm(note in "(\u{2014} |\n|a|[ -~]){0,40}") {
        let key = VerifyingKey::new("a", [7; 32]).unwrap();
        prop_assert!(Checkpoint::open(&note, &key).is_err());
    }
}

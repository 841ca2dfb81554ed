//! The committed corpus through every target, without the fuzzer: what once found a fault, or leads deep into
//! a decoder, is looked at again by the ordinary tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use netwarden_fuzz::TARGETS;

/// Files that one target's corpus may have, and octets of one of them: it is to stay small.
const MOST_FILES: usize = 99;
const MOST_OCTETS: u64 = 8 << 10;

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let files = files(&folder("corpus").join(name));
    assert!(!files.is_empty(), "{name} has no corpus");
    assert!(files.len() <= MOST_FILES, "{name} has {} files: `cargo xtask fuzz {name} --keep`", files.len());
    for file in files {
        let octets = std::fs::read(&file).unwrap();
        assert!(octets.len() as u64 <= MOST_OCTETS, "{} is too large", file.display());
        // Shown where it panics.
        println!("{}", file.display());
        (target.run)(&octets);
    }
    // What every input begins with.
    (target.run)(&[]);
}

macro_rules! replayed {
    ($($name:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { replay(stringify!($name)); })*
    };
}

replayed! {
    snmp_message snmp_scoped_pdu snmp_trap snmp_answer mib_reading notification words octets csv_import condition
    rule tlog audit_export event_body list_query recording messages command_line rest
    console leases passkey
}

#[test]
fn every_target_has_its_program_and_is_replayed() {
    let targets: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, REPLAYED.iter().copied().collect(), "tests/corpus.rs");
    let stem = |file: &PathBuf| file.file_stem().unwrap().to_string_lossy().into_owned();
    let programs: BTreeSet<String> = files(&folder("fuzz_targets")).iter().map(stem).collect();
    assert_eq!(targets, programs.iter().map(String::as_str).collect(), "fuzz_targets");
    let corpora: BTreeSet<String> = files(&folder("corpus")).iter().map(stem).collect();
    assert_eq!(targets, corpora.iter().map(String::as_str).collect(), "corpus");
}

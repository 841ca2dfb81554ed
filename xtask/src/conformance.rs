//! `cargo xtask conformance`: which requirement is proven by which test.
//!
//! A test carries ids in a line `// proves: NAC-07, NAC-08` above it. The last run of the tests
//! (nextest's `junit.xml`) says which of them passed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::shell;

#[derive(Deserialize)]
struct Requirement {
    #[allow(dead_code, reason = "read by people; must be there all the same")]
    text: String,
    #[serde(default)]
    claimed: bool,
}

/// A test that carries a requirement's id.
struct Carrier {
    file: PathBuf,
    function: String,
}

/// Prints the matrix; fails when a claimed id has no passing test, or a test carries an unknown id.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let path = root.join("conformance/requirements.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let requirements: BTreeMap<String, Requirement> =
        toml::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))?;
    let carriers = carriers(root)?;
    let (passed, skipped) = passed_tests(root)?;

    let mut faults = Vec::new();
    for id in carriers.keys().filter(|id| !requirements.contains_key(*id)) {
        faults.push(format!("a test carries {id}, which is no requirement"));
    }
    let (mut proven, mut open) = (0, 0);
    for (id, requirement) in &requirements {
        let tests = carriers.get(id).map(Vec::as_slice).unwrap_or_default();
        let passing = tests.iter().filter(|t| passed.contains(&t.function)).count();
        let word = match (requirement.claimed, passing) {
            (true, 0) => {
                faults.push(format!("{id} is claimed and no test that carries it has passed"));
                "claimed"
            }
            (true, _) => {
                proven += 1;
                "proven"
            }
            (false, _) => {
                open += 1;
                "open"
            }
        };
        let names: Vec<String> = tests
            .iter()
            .map(|test| {
                let mark = if skipped.contains(&test.function) {
                    " (skipped)"
                } else if passed.contains(&test.function) {
                    ""
                } else {
                    " (not passed)"
                };
                format!("{}::{}{mark}", test.file.display(), test.function)
            })
            .collect();
        println!("{id} {word} {}", names.join(", "));
    }
    println!("conformance: {} requirements, {proven} proven, {open} open", requirements.len());
    if !skipped.is_empty() {
        let names: Vec<&str> = skipped.iter().map(String::as_str).collect();
        println!("{} tests skipped themselves: {}", skipped.len(), names.join(", "));
    }
    if !faults.is_empty() {
        bail!("conformance:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// All tests of the tree that carry ids, by id.
fn carriers(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<Carrier>>> {
    let mut carriers: BTreeMap<String, Vec<Carrier>> = BTreeMap::new();
    let files =
        shell::output(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])?;
    for file in files.lines() {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        let mut ids: Vec<String> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(list) = line.strip_prefix("// proves:") {
                ids.extend(list.split(',').map(|id| id.trim().to_owned()));
            } else if let Some(function) = function_name(line).filter(|_| !ids.is_empty()) {
                for id in ids.drain(..) {
                    let carrier = Carrier { file: PathBuf::from(file), function: function.to_owned() };
                    carriers.entry(id).or_default().push(carrier);
                }
            }
        }
    }
    Ok(carriers)
}

fn function_name(line: &str) -> Option<&str> {
    let after = line.strip_prefix("pub ").unwrap_or(line);
    let after = after.strip_prefix("async ").unwrap_or(after).strip_prefix("fn ")?;
    after.split(['(', '<']).next()
}

/// Names of the functions that passed in the last run of the tests, empty where there was none; and those
/// among them that have only said why they skip themselves.
fn passed_tests(root: &Path) -> anyhow::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let path = target.join("nextest/default/junit.xml");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("no results at {}: run `cargo nextest run --workspace` first", path.display());
        return Ok(Default::default());
    };
    let document =
        roxmltree::Document::parse(&text).with_context(|| format!("{} is no XML", path.display()))?;
    let (mut passed, mut skipped) = (BTreeSet::new(), BTreeSet::new());
    for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        if case.children().any(|c| c.has_tag_name("failure") || c.has_tag_name("error")) {
            continue;
        }
        let Some(name) = case.attribute("name").and_then(|name| name.rsplit("::").next()) else { continue };
        let said = case.children().find(|c| c.has_tag_name("system-out")).and_then(|out| out.text());
        if said.is_some_and(|said| said.lines().any(|line| line.starts_with("skipped:"))) {
            skipped.insert(name.to_owned());
        }
        passed.insert(name.to_owned());
    }
    Ok((passed, skipped))
}

//! `cargo xtask conformance`: which requirement is proven by which test.
//!
//! A test carries ids in a line `// proves: NAC-07, NAC-08` above it. The last run of the tests
//! (nextest's `junit.xml`) says which of them passed: by crate and name, for the same name may stand in
//! two crates.
//!
//! A test that cannot run on a machine prints `skipped: WHY` and returns, which looks like passing and
//! proves nothing; one that left out a part prints `skipped in part: WHY` and proves the rest. A claimed
//! requirement whose only tests were skipped is an error where installing something would let them run,
//! and only said where the machine itself does not permit it ([`LIMITS`]): somebody else's machine proves it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::shell;

/// Words of reasons that no installation changes: rights that a container does not give, and recordings of
/// devices that are not in the repository.
const LIMITS: &[&str] = &["not permitted", "cannot be mounted", "no recordings", "of recordings"];

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
    test: TestName,
}

/// A test's package and the name of its function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct TestName {
    package: String,
    function: String,
}

/// How a test went; of several tests of one name the worst counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Passed,
    /// Passed, and left out a part, why.
    InPart(String),
    /// Has only said why it cannot run.
    Skipped(String),
    Failed,
}

type Outcomes = BTreeMap<TestName, Outcome>;

/// Prints the matrix; fails when a claimed id has no passing test, or a test carries an unknown id.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let path = root.join("conformance/requirements.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let requirements: BTreeMap<String, Requirement> =
        toml::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))?;
    let carriers = carriers(root)?;
    let outcomes = last_run(root)?;

    let mut faults = Vec::new();
    for id in carriers.keys().filter(|id| !requirements.contains_key(*id)) {
        faults.push(format!("a test carries {id}, which is no requirement"));
    }
    let (mut proven, mut open, mut elsewhere) = (0, 0, Vec::new());
    for (id, requirement) in &requirements {
        let tests = carriers.get(id).map(Vec::as_slice).unwrap_or_default();
        let word = match (requirement.claimed, standing(tests, &outcomes)) {
            (true, Standing::Proven) => {
                proven += 1;
                "proven"
            }
            (true, Standing::SkippedHere(why)) => {
                elsewhere.push(format!("{id} is claimed; here its tests skip themselves only: {why}"));
                "claimed"
            }
            (true, Standing::Unproven(why)) => {
                faults.push(format!("{id} is claimed and {why}"));
                "claimed"
            }
            (false, _) => {
                open += 1;
                "open"
            }
        };
        let names: Vec<String> = tests.iter().map(|test| shown(test, &outcomes)).collect();
        println!("{id} {word} {}", names.join(", "));
    }
    println!("conformance: {} requirements, {proven} proven, {open} open", requirements.len());
    for line in elsewhere.iter().cloned().chain(skipped(&outcomes)) {
        println!("{line}");
    }
    if !faults.is_empty() {
        bail!("conformance:\n  {}", faults.join("\n  "));
    }
    Ok(())
}

/// Whether a requirement's tests prove it.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// One of them at least has passed.
    Proven,
    /// They were all skipped, for this reason among others, which the machine does not permit to mend.
    SkippedHere(String),
    /// None has passed, and why.
    Unproven(String),
}

fn standing(tests: &[Carrier], outcomes: &Outcomes) -> Standing {
    let found: Vec<Option<&Outcome>> = tests.iter().map(|test| outcomes.get(&test.test)).collect();
    if found.iter().any(|outcome| matches!(outcome, Some(Outcome::Passed | Outcome::InPart(_)))) {
        return Standing::Proven;
    }
    let why = |outcome: &Option<&Outcome>| match outcome {
        Some(Outcome::Skipped(why)) => Some(why.clone()),
        _ => None,
    };
    let reasons: Vec<String> = found.iter().filter_map(why).collect();
    match reasons.first() {
        Some(first) if reasons.len() == found.len() => {
            let limit = |why: &&String| LIMITS.iter().any(|limit| why.contains(limit));
            match reasons.iter().find(|why| !limit(why)) {
                Some(why) => Standing::Unproven(format!("its tests skip themselves only: {why}")),
                None => Standing::SkippedHere(first.clone()),
            }
        }
        _ => Standing::Unproven("no test that carries it has passed".to_owned()),
    }
}

fn shown(carrier: &Carrier, outcomes: &Outcomes) -> String {
    let mark = match outcomes.get(&carrier.test) {
        Some(Outcome::Passed) => "",
        Some(Outcome::InPart(_)) => " (in part)",
        Some(Outcome::Skipped(_)) => " (skipped)",
        Some(Outcome::Failed) | None => " (not passed)",
    };
    format!("{}::{}{mark}", carrier.file.display(), carrier.test.function)
}

/// How many tests were left out, wholly or in part, with the names and each reason once.
fn skipped(outcomes: &Outcomes) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, whole) in [("skipped themselves", true), ("left out a part", false)] {
        let (mut names, mut reasons) = (Vec::new(), BTreeSet::new());
        for (name, outcome) in outcomes {
            match (outcome, whole) {
                (Outcome::Skipped(why), true) | (Outcome::InPart(why), false) => {
                    names.push(name.function.as_str());
                    reasons.insert(why.as_str());
                }
                _ => {}
            }
        }
        if !names.is_empty() {
            let reasons: Vec<&str> = reasons.into_iter().collect();
            lines.push(format!(
                "{} tests {what}: {} ({})",
                names.len(),
                names.join(", "),
                reasons.join("; ")
            ));
        }
    }
    lines
}

/// All tests of the tree that carry ids, by id.
fn carriers(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<Carrier>>> {
    let mut carriers: BTreeMap<String, Vec<Carrier>> = BTreeMap::new();
    let files =
        shell::output(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])?;
    for file in files.lines() {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        let carried = carried(&text);
        if carried.is_empty() {
            continue;
        }
        let package = package_of(root, Path::new(file))?;
        for (id, function) in carried {
            let test = TestName { package: package.clone(), function };
            carriers.entry(id).or_default().push(Carrier { file: PathBuf::from(file), test });
        }
    }
    Ok(carriers)
}

/// Ids and the functions below them.
fn carried(text: &str) -> Vec<(String, String)> {
    let mut carried = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(list) = line.strip_prefix("// proves:") {
            ids.extend(list.split(',').map(|id| id.trim().to_owned()));
        } else if let Some(function) = function_name(line).filter(|_| !ids.is_empty()) {
            carried.extend(ids.drain(..).map(|id| (id, function.to_owned())));
        }
    }
    carried
}

fn function_name(line: &str) -> Option<&str> {
    let after = line.strip_prefix("pub ").unwrap_or(line);
    let after = after.strip_prefix("async ").unwrap_or(after).strip_prefix("fn ")?;
    after.split(['(', '<']).next()
}

/// The package whose manifest is next above the file.
fn package_of(root: &Path, file: &Path) -> anyhow::Result<String> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Option<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
    }
    for folder in file.ancestors().skip(1) {
        let path = root.join(folder).join("Cargo.toml");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let manifest: Manifest =
            toml::from_str(&text).with_context(|| format!("{} is not as expected", path.display()))?;
        if let Some(package) = manifest.package {
            return Ok(package.name);
        }
    }
    bail!("{} belongs to no package", file.display())
}

/// How each test of the last run went; nothing where there was none.
fn last_run(root: &Path) -> anyhow::Result<Outcomes> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let path = target.join("nextest/default/junit.xml");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("no results at {}: run `cargo nextest run --workspace` first", path.display());
        return Ok(Outcomes::new());
    };
    outcomes(&text).with_context(|| format!("{} is no XML", path.display()))
}

/// A case's class is the binary, `PACKAGE::NAME` or the package alone; its name is the function's path.
fn outcomes(junit: &str) -> Result<Outcomes, roxmltree::Error> {
    let document = roxmltree::Document::parse(junit)?;
    let mut outcomes = Outcomes::new();
    for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let last = |name: &str| name.rsplit("::").next().map(str::to_owned);
        let first = |class: &str| class.split("::").next().map(str::to_owned);
        let (Some(function), Some(package)) =
            (case.attribute("name").and_then(last), case.attribute("classname").and_then(first))
        else {
            continue;
        };
        let failed = case.children().any(|c| c.has_tag_name("failure") || c.has_tag_name("error"));
        let outcome = if failed { Outcome::Failed } else { by_its_word(case) };
        outcomes
            .entry(TestName { package, function })
            .and_modify(|known| *known = known.clone().max(outcome.clone()))
            .or_insert(outcome);
    }
    Ok(outcomes)
}

/// What a test that did not fail says of itself.
fn by_its_word(case: roxmltree::Node<'_, '_>) -> Outcome {
    let said = case.children().filter(|c| c.has_tag_name("system-out") || c.has_tag_name("system-err"));
    let mut outcome = Outcome::Passed;
    for line in said.filter_map(|node| node.text()).flat_map(str::lines) {
        let reason = |prefix| line.strip_prefix(prefix).map(|why: &str| why.trim().to_owned());
        let found = reason("skipped:")
            .map(Outcome::Skipped)
            .or_else(|| reason("skipped in part:").map(Outcome::InPart));
        outcome = found.map_or(outcome.clone(), |found| outcome.max(found));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = r#"<testsuites><testsuite name="a">
        <testcase name="tests::same_name" classname="netwarden-a"><system-out>running 1 test</system-out></testcase>
        <testcase name="it::same_name" classname="netwarden-b::it"><failure/></testcase>
        <testcase name="needs_a_tool" classname="netwarden-a::it"><system-err>skipped: promtool is not installed</system-err></testcase>
        <testcase name="needs_rights" classname="netwarden-a::it"><system-out>x
skipped: network namespaces are not permitted here</system-out></testcase>
        <testcase name="on_both" classname="netwarden-a::bin/a"><system-out>skipped in part: PostgreSQL: none</system-out></testcase>
        <testcase name="x::twice" classname="netwarden-a"/>
        <testcase name="y::twice" classname="netwarden-a"><error/></testcase>
        </testsuite></testsuites>"#;

    fn carrier(package: &str, function: &str) -> Carrier {
        let test = TestName { package: package.into(), function: function.into() };
        Carrier { file: PathBuf::from("a.rs"), test }
    }

    fn of(tests: &[(&str, &str)]) -> Standing {
        let tests: Vec<Carrier> =
            tests.iter().map(|(package, function)| carrier(package, function)).collect();
        standing(&tests, &outcomes(RUN).unwrap())
    }

    #[test]
    fn a_test_counts_by_crate_and_name() {
        assert_eq!(of(&[("netwarden-a", "same_name")]), Standing::Proven);
        assert!(
            matches!(of(&[("netwarden-b", "same_name")]), Standing::Unproven(_)),
            "it failed in this crate"
        );
        assert!(
            matches!(of(&[("netwarden-c", "same_name")]), Standing::Unproven(_)),
            "it is not in this crate"
        );
        assert!(matches!(of(&[("netwarden-a", "twice")]), Standing::Unproven(_)), "one of the two failed");
        assert!(matches!(of(&[]), Standing::Unproven(_)));
    }

    #[test]
    fn what_skips_itself_proves_nothing() {
        let tool = ("netwarden-a", "needs_a_tool");
        let rights = ("netwarden-a", "needs_rights");
        assert!(matches!(of(&[tool]), Standing::Unproven(why) if why.contains("promtool")));
        assert!(matches!(of(&[tool, rights]), Standing::Unproven(_)), "the tool could be installed");
        assert!(matches!(of(&[rights]), Standing::SkippedHere(why) if why.contains("namespaces")));
        let failed = ("netwarden-b", "same_name");
        assert!(matches!(of(&[rights, failed]), Standing::Unproven(_)));
        assert_eq!(of(&[rights, ("netwarden-a", "on_both")]), Standing::Proven, "in part is enough");
        let outcomes = outcomes(RUN).unwrap();
        assert_eq!(shown(&carrier("netwarden-a", "needs_rights"), &outcomes), "a.rs::needs_rights (skipped)");
        assert_eq!(skipped(&outcomes).len(), 2, "{:?}", skipped(&outcomes));
    }

    #[test]
    fn ids_belong_to_the_function_below_them() {
        let text = "// proves: NAC-01, NAC-02\n#[test]\nfn one() {}\nfn two() {}\n// proves: NAC-03\npub async fn three<T>() {}";
        let found: Vec<(String, String)> = carried(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        assert_eq!(found, [("NAC-01", "one"), ("NAC-02", "one"), ("NAC-03", "three")]);
    }
}

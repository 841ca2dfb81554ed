//! `cargo xtask check-layers`: the arrows between crates, and what the pure ones must not know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};

use crate::shell;

/// Which of our crates each may use (without `netwarden-`); what is not listed here fails.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("snmp", &[]),
    ("tlog", &[]),
    ("reach", &["model", "snmp"]),
    ("store", &["model"]),
    ("vault", &["model", "store"]),
    ("collect", &["model", "snmp", "reach"]),
    ("inventory", &["model", "store"]),
    ("names", &["model", "store"]),
    ("spine", &["model", "store"]),
    ("conditions", &["model"]),
    ("rules", &["model", "conditions", "store"]),
    ("audit", &["model", "tlog", "store"]),
    ("actions", &["model", "snmp", "reach", "spine", "audit", "store"]),
    ("identity", &["model", "conditions", "store"]),
    (
        "engine",
        &[
            "model",
            "snmp",
            "reach",
            "collect",
            "inventory",
            "names",
            "spine",
            "rules",
            "actions",
            "audit",
            "store",
            "vault",
        ],
    ),
    (
        "operate",
        &[
            "model",
            "identity",
            "audit",
            "spine",
            "rules",
            "actions",
            "inventory",
            "names",
            "store",
            "vault",
            "engine",
            "collect",
            "reach",
            "snmp",
        ],
    ),
    ("api", &[]),
    ("web", &["model", "api", "identity", "operate"]),
];

/// Crates that know no socket, file, database, clock or random source, and what they must not name.
const PURE: &[&str] = &["model", "conditions", "snmp", "tlog"];
const IMPURE: &[&str] = &["tokio", "sea-orm", "socket2", "reqwest", "axum", "rand", "hyper"];

/// Nothing below `operate` knows HTTP servers.
const HTTP: &[&str] = &["axum", "axum-server", "utoipa", "utoipa-axum"];
const HTTP_KNOWERS: &[&str] = &["api", "web"];

/// Fails with one line a forbidden arrow.
pub fn run(root: &Path) -> anyhow::Result<()> {
    let metadata =
        shell::output(root, "cargo", &["metadata", "--no-deps", "--format-version", "1", "--locked"])?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let arrows: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    let mut crates = 0;
    for package in
        metadata.get("packages").and_then(|p| p.as_array()).context("cargo metadata lists no packages")?
    {
        let manifest = text(package, "manifest_path").unwrap_or_default();
        let Some(name) = text(package, "name").and_then(|n| n.strip_prefix("netwarden-")) else { continue };
        if !manifest.contains("/crates/") {
            continue;
        }
        crates += 1;
        let Some(allowed) = arrows.get(name) else {
            wrong.push(format!("{name} has no place in the flow: add it to xtask/src/layers.rs"));
            continue;
        };
        for dependency in package.get("dependencies").and_then(|d| d.as_array()).into_iter().flatten() {
            if text(dependency, "kind") == Some("dev") {
                continue;
            }
            let used = text(dependency, "name").unwrap_or_default();
            match used.strip_prefix("netwarden-") {
                Some(ours) if !allowed.contains(ours) => wrong.push(format!("{name} must not use {ours}")),
                None if PURE.contains(&name) && IMPURE.contains(&used) => {
                    wrong.push(format!("{name} is pure and must not use {used}"));
                }
                None if HTTP.contains(&used) && !HTTP_KNOWERS.contains(&name) => {
                    wrong.push(format!("{name} must not know HTTP ({used})"));
                }
                _ => {}
            }
        }
    }
    if !wrong.is_empty() {
        bail!("the arrows of the flow are broken:\n  {}", wrong.join("\n  "));
    }
    println!("layers: {crates} crates, every arrow along the flow");
    Ok(())
}

fn text<'v>(value: &'v serde_json::Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(|v| v.as_str())
}

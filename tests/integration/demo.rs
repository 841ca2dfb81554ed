//! The demo: what a newcomer sees in the first two minutes.

use crate::binary::{netwarden, run};

// proves: NAC-15, NAC-13
#[test]
fn the_rogue_is_quarantined_and_read_back() {
    let output = run(netwarden().args(["demo", "--once", "--format", "json"]));
    assert!(output.status.success());
    let timeline: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps: Vec<&str> =
        timeline["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["first_frame", "seen", "event", "rule", "request", "set", "read_back"]);
    let times: Vec<&str> =
        timeline["steps"].as_array().unwrap().iter().map(|s| s["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by_key(|at| at.parse::<jiff::Timestamp>().unwrap()), "{times:?}");
}

/// The whole day of the campus: comings and goings, roaming, a stack that renumbers at its restart, a masquerade, a
/// stolen pairing, a rogue.
// proves: NAC-03, NAC-08
#[test]
fn the_day_is_seen_as_it_is() {
    let output = run(netwarden().args(["demo", "--verify", "--minutes", "3", "--format", "json"]));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for wrong in ["on_uplinks", "called_uplinks", "elsewhere", "unseen"] {
        assert_eq!(found[wrong], serde_json::json!([]), "{found:#}");
    }
    assert!(
        found["comparisons"].as_u64().unwrap() > 30 && found["placed"].as_u64().unwrap() > 1_000,
        "{found:#}"
    );
    assert!(output.status.success());
}

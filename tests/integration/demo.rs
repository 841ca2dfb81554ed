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

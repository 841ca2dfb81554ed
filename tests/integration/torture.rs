//! A seeded sample of the torture; `cargo xtask torture` runs the whole.

use netwarden_torture::trace::Operation;
use netwarden_torture::{cuts, full, kills};

use crate::binary::path;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_survives_kills_and_nothing_happens_twice() {
    let folder = tempfile::tempdir().unwrap();
    let plan = kills::Plan { kills: 10, seed: 7, binary: path("netwarden", "netwarden") };
    let report = kills::run(&plan, folder.path(), &mut |line| println!("{line}")).await.unwrap();
    println!("{report}");
    assert_eq!(report.at_operations + report.at_times, 10);
    assert!(report.requests > 0 && report.changing_sets > 0, "nothing was tortured: {report}");
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let operations = cuts::record(&path("netwarden", "netwarden"), folder.path(), 7).await.unwrap();
    let plan = cuts::Plan { seed: 7, points: Some(40), opened: Some(8) };
    let report = cuts::judge(&operations, &plan, &mut |line| println!("{line}")).await.unwrap();
    println!("{report}");
    assert!(report.commits > 50, "too little was recorded: {report}");
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);

    // The same run on a disk that forgets to sync must be found out: else the check proves nothing.
    let is_log = |path: &str| path.ends_with("-wal");
    let forgetful: Vec<Operation> =
        operations.into_iter().filter(|o| !matches!(o, Operation::Sync(path) if is_log(path))).collect();
    let plan = cuts::Plan { opened: Some(0), ..plan };
    let report = cuts::judge(&forgetful, &plan, &mut |_| {}).await.unwrap();
    let lost = report.wrong.iter().filter(|wrong| wrong.contains("was acknowledged")).count();
    println!("without fsync {lost} losses");
    assert!(lost > 10, "without fsync only {lost} losses were found: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_what_is_held_stays_held() {
    let folder = tempfile::tempdir().unwrap();
    let binary = path("netwarden", "netwarden");
    let report = full::run(&binary, folder.path(), 7, true, &mut |line| println!("{line}")).await.unwrap();
    println!("{report}");
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
}

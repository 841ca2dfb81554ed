//! Exported files: verified with the public key alone, and found out when touched.

use netwarden_tlog::VerifyingKey;

use super::{Place, append, at, key, sample};
use crate::check::Problem;
use crate::{AuditError, Record, Report, Trail, Value, verify_export};

async fn trail(place: &Place) -> Trail {
    let (store, trail) = place.open().await;
    for n in 0..40 {
        let large = (n == 22).then(|| Value::text("x".repeat(5_000)));
        append(&store, vec![Record { new: large, ..sample(n) }]).await;
        if [10, 20, 30].contains(&(n + 1)) {
            trail.checkpoint(at(n as i64)).await.unwrap().unwrap();
        }
    }
    trail
}

async fn exported(trail: &Trail, range: std::ops::Range<u64>) -> Vec<String> {
    let mut file = Vec::new();
    trail.export(range, at(1_000), &mut file).await.unwrap();
    String::from_utf8(file).unwrap().lines().map(str::to_owned).collect()
}

fn check(lines: &[String]) -> Report {
    let text = lines.join("\n") + "\n";
    // From the text of the key, as somebody elsewhere has it.
    let public: VerifyingKey = VerifyingKey::of(key(1).as_ref()).unwrap().to_string().parse().unwrap();
    verify_export(text.as_bytes(), &public).unwrap()
}

// proves: AUD-03
#[tokio::test]
async fn every_export_verifies_offline_and_no_touched_one_does() {
    let place = Place::new();
    let trail = trail(&place).await;
    for (start, end) in [(0, 40), (0, 0), (0, 1), (7, 8), (13, 27), (10, 20), (35, 40), (40, 40)] {
        let report = check(&exported(&trail, start..end).await);
        assert_eq!(report.problem, None, "{start}..{end}");
        assert_eq!((report.first, report.records), (start, end - start));
    }
    let lines = exported(&trail, 13..27).await;
    for n in 1..lines.len() {
        let index = 12 + n as u64;
        let mut missing = lines.clone();
        missing.remove(n);
        let problem = check(&missing).problem.unwrap();
        let expected = if index == 26 {
            Problem::Truncated { expected: 27, found: 26 }
        } else {
            Problem::Missing { index }
        };
        assert_eq!(problem, expected);
        let mut twice = lines.clone();
        twice.insert(n, lines[n].clone());
        assert!(check(&twice).problem.is_some(), "{n}");
        // A lie in the leaf, in the words, and in both.
        for (from, to) in [("YWxpY2", "bWxpY2"), ("alice", "mlice")] {
            let mut altered = lines.clone();
            altered[n] = altered[n].replace(from, to);
            if altered[n] != lines[n] {
                let problem = check(&altered).problem.unwrap();
                assert!(matches!(problem, Problem::Altered { index: i, .. } if i == index), "{problem}");
            }
        }
    }
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    assert_eq!(check(&swapped).problem, Some(Problem::Reordered { index: 15, found: 16 }));
    let mut value = lines.clone();
    let with_value = value.iter_mut().find(|line| line.contains("\"values\"")).unwrap();
    *with_value = with_value.replace("eHh4eHh4eHh4eHh4", "eHh4eHh4eHh4eHh5");
    assert!(matches!(check(&value).problem, Some(Problem::Value { index: 22, .. })));
}

#[tokio::test]
async fn a_run_with_a_forged_header_is_refused() {
    let place = Place::new();
    let trail = trail(&place).await;
    let lines = exported(&trail, 13..27).await;
    let header: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut header = header.clone();
        change(&mut header);
        let mut lines = lines.clone();
        lines[0] = header.to_string();
        check(&lines).problem
    };
    assert_eq!(with(&|_| {}), None);
    let other = trail_of_another_key().await;
    for (what, problem) in [
        ("start", with(&|h| h["start"] = 14.into())),
        ("end", with(&|h| h["end"] = 26.into())),
        ("before", with(&|h| h["before"] = "AAAAAAAAAAA=".into())),
        ("after", with(&|h| h["after"] = serde_json::json!([]))),
        ("no checkpoint", with(&|h| h["checkpoints"] = serde_json::json!([]))),
        ("stranger's checkpoint", with(&|h| h["checkpoints"] = serde_json::json!([other]))),
        ("format", with(&|h| h["format"] = "x".into())),
        ("version", with(&|h| h["version"] = 3.into())),
        ("no version", with(&|h| h["version"] = 0.into())),
    ] {
        assert!(problem.is_some(), "{what}");
    }
    assert!(check(&[]).problem.is_some());
    assert!(check(&["not json".to_owned()]).problem.is_some());
    let mut garbage = lines.clone();
    garbage[5] = "{}".to_owned();
    assert!(matches!(check(&garbage).problem, Some(Problem::Altered { index: 17, .. })));
}

async fn trail_of_another_key() -> String {
    let place = Place::new();
    let (store, _) = place.open().await;
    append(&store, (0..40).map(sample).collect()).await;
    let trail = Trail::new(store, key(2), crate::CheckpointPolicy::default()).unwrap();
    trail.checkpoint(at(0)).await.unwrap().unwrap().note
}

#[tokio::test]
async fn what_does_not_exist_is_not_exported() {
    let place = Place::new();
    let trail = trail(&place).await;
    let mut file = Vec::new();
    for range in [0..41, 50..60, 30..41] {
        let refused = trail.export(range, at(0), &mut file).await;
        assert!(matches!(refused, Err(AuditError::NoSuchRange { .. })), "{refused:?}");
    }
}

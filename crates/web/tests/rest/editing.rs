//! Two who edit at once, what an edit may say, and what it leaves behind.

use std::io::BufReader;

use netwarden_audit::{VerifyingKey, verify_export};
use serde_json::{Value, json};

use crate::desk::{Bench, MAC, PORT, bench};

pub async fn ended(bench: &Bench, job: &Value) -> Value {
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..500 {
        let job = bench.call(Some("administrator"), "GET", &path, None).await.json();
        if job["state"] != "running" {
            return job;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the job did not end");
}

#[tokio::test]
async fn who_edits_an_older_version_is_told_so_and_changes_nothing() {
    let bench = bench().await;
    let ne = bench.ne.0;
    let group = json!({ "reason": "a test", "name": "desks" });
    assert_eq!(bench.json("operator", "POST", "/api/v1/groups", group).await.status, 201);
    let edits = [
        (format!("/api/v1/elements/{ne}"), "PATCH", json!({ "reason": "a", "region": "north" })),
        (format!("/api/v1/endpoints/{MAC}"), "PATCH", json!({ "reason": "a", "note": "hall" })),
        (format!("/api/v1/ports/{ne}/{PORT}"), "PATCH", json!({ "reason": "a", "protected": true })),
        ("/api/v1/groups/desks".to_owned(), "PATCH", json!({ "reason": "a", "description": "x" })),
        ("/api/v1/system/parameters/ui.page_rows".to_owned(), "PUT", json!({ "reason": "a", "value": "50" })),
        ("/api/v1/users/helpdesk".to_owned(), "PATCH", json!({ "reason": "a", "roles": ["Operator"] })),
    ];
    for (path, method, body) in edits {
        let read = bench.call(Some("administrator"), "GET", &path, None).await;
        let tag = read.headers["etag"].to_str().unwrap().to_owned();
        let edit = async |tag: &str| {
            let body = Some(("application/json", body.to_string()));
            bench.call_with(Some("administrator"), method, &path, body, &[("if-match", tag)]).await
        };
        let first = edit(&tag).await;
        assert!(first.status.is_success(), "{path}: {}", first.body);
        let second = edit(&tag).await;
        assert_eq!(second.status, 412, "{path}: {}", second.body);
        assert!(second.detail().contains("changed by somebody else"), "{path}: {}", second.detail());
        let again = bench.call(Some("administrator"), "GET", &path, None).await;
        let now = again.headers["etag"].to_str().unwrap().to_owned();
        assert_ne!(now, tag, "{path}");
        assert!(edit(&now).await.status.is_success(), "{path}");
    }
}

// proves: NAC-02
#[tokio::test]
async fn how_an_element_is_polled_is_set_by_method_and_scan() {
    let bench = bench().await;
    let path = format!("/api/v1/elements/{}", bench.ne.0);
    let change = json!({
        "reason": "a test",
        "schedules": { "forwarding": { "interval_s": 15, "timeout_ms": 500, "retries": 1 }, "addresses": { "retries": 0 } },
        "scans": { "sessions": false, "neighbours": false },
        "class": "router", "groups": ["core"], "region": "north", "device_sets": ["a", "b"],
    });
    let answer = bench.json("operator", "PATCH", &path, change).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = answer.json();
    assert_eq!(
        found["schedules"]["forwarding"],
        json!({ "interval_s": 15, "timeout_ms": 500, "retries": 1 })
    );
    assert_eq!(found["schedules"]["addresses"]["retries"], 0);
    assert_eq!(found["schedules"]["inventory"]["interval_s"], 600, "what was not named stays");
    assert_eq!(found["scans_off"], json!(["neighbours", "sessions"]));
    assert_eq!((&found["region"], &found["class"]), (&json!("north"), &json!("router")));
    let listed =
        bench.call(Some("operator"), "GET", "/api/v1/elements?region=north&device_sets=b", None).await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1, "{}", listed.body);
    for (change, words) in [
        (json!({ "schedules": { "forwarding": { "interval_s": 4 } } }), "5 to 86400 s"),
        (json!({ "schedules": { "forwarding": { "timeout_ms": 99 } } }), "100 to 60000 ms"),
        (json!({ "schedules": { "forwarding": { "retries": 11 } } }), "0 to 10 times"),
        (json!({ "schedules": { "everything": {} } }), "'everything' is no method"),
        (json!({ "scans": { "interfaces": false } }), "always read"),
        (json!({ "scans": { "ports": false } }), "'ports' is no scan"),
        (json!({ "region": "x".repeat(65) }), "1 to 64"),
        (json!({ "address": "no such:address:x" }), "'x' is no UDP port"),
    ] {
        let mut change = change;
        change["reason"] = "a test".into();
        let answer = bench.json("operator", "PATCH", &path, change.clone()).await;
        assert!(answer.status.is_client_error(), "{change}: {}", answer.body);
        assert!(answer.detail().contains(words), "{change}: {}", answer.detail());
    }
}

#[tokio::test]
async fn a_rule_is_posted_enabled_with_right_and_record_or_not_at_all() {
    let bench = bench().await;
    let rule = |enabled: Value| json!({ "reason": "a", "name": "seen", "on": ["mac_online"], "reactions": [{ "do": "quarantine" }], "enabled": enabled });
    let made = bench.json("operator", "POST", "/api/v1/rules", rule(true.into())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.json()["enabled"], true);
    assert_eq!(bench.records("rule.enable", "success").await, 1);
    let refused = bench.json("operator", "PUT", "/api/v1/rules/seen", rule(false.into())).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.detail().contains("disable it by itself"), "{}", refused.detail());
    assert_eq!(bench.json("operator", "PUT", "/api/v1/rules/seen", rule(true.into())).await.status, 200);
    assert_eq!(bench.json("operator", "POST", "/api/v1/rules", rule("yes".into())).await.status, 400);
}

#[tokio::test]
async fn a_port_that_somebody_else_has_shut_can_be_switched_on() {
    let bench = bench().await;
    let path = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let on = async || {
        bench.json("operator", "POST", &format!("{path}/on"), json!({ "reason": "it was forgotten" })).await
    };
    let up = on().await;
    assert_eq!(up.status, 409, "{}", up.body);
    assert!(up.detail().contains("ifAdminStatus is up"), "{}", up.detail());
    bench.shut_from_outside().await;
    let asked = on().await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let shown = bench.call(Some("helpdesk"), "GET", &path, None).await.json();
    assert!(shown["enforcement"].as_str().unwrap().contains("switched on"), "{shown}");
    assert_eq!(shown["because"], "operator: it was forgotten");
    let held = bench.call(Some("helpdesk"), "GET", "/api/v1/ports?enforced=true", None).await.json();
    assert_eq!(held["items"].as_array().unwrap().len(), 1);
    assert_eq!(bench.records("port.on", "success").await, 1);
}

#[tokio::test]
async fn an_export_verifies_offline_and_an_altered_one_does_not() {
    let bench = bench().await;
    let whole = bench.call(Some("revisor"), "GET", "/api/v1/audit/export", None).await;
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(whole.headers["content-type"], "application/jsonl");
    let key = bench.call(Some("revisor"), "GET", "/api/v1/audit/key", None).await.json();
    let key: VerifyingKey = key["key"].as_str().unwrap().parse().unwrap();
    let verify = |text: &str| verify_export(BufReader::new(text.as_bytes()), &key).unwrap();
    let report = verify(&whole.body);
    assert!(report.problem.is_none() && report.records > 0, "{:?}", report.problem);
    assert!(verify(&whole.body.replacen("administrator", "somebodyelse1", 1)).problem.is_some());
    let cut = whole.body.trim_end().rsplit_once('\n').unwrap().0;
    assert!(verify(cut).problem.is_some(), "a part is not the whole");
    assert_eq!(bench.records("audit.export", "success").await, 1);
    let beyond = bench.call(Some("revisor"), "GET", "/api/v1/audit/export?until=999999", None).await;
    assert_eq!(beyond.status, 422, "{}", beyond.body);
    let helpdesk = bench.call(Some("helpdesk"), "GET", "/api/v1/audit/export", None).await;
    assert_eq!(helpdesk.status, 403);
}

// proves: SCL-03
#[tokio::test]
async fn verification_and_backup_are_jobs_whose_results_are_for_those_who_may() {
    let bench = bench().await;
    let started = bench.json("administrator", "POST", "/api/v1/audit/verify", json!({})).await;
    assert_eq!(started.status, 202, "{}", started.body);
    let job = ended(&bench, &started.json()).await;
    assert_eq!((&job["state"], &job["result"]["fault"]), (&json!("done"), &Value::Null), "{job}");
    assert!(job["result"]["leaves"].as_u64().unwrap() > 0);
    let path = format!("/api/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(bench.call(Some("helpdesk"), "GET", &path, None).await.status, 403);
    assert_eq!(bench.call(Some("revisor"), "GET", &path, None).await.status, 200);
    let listed = bench.call(Some("helpdesk"), "GET", "/api/v1/jobs", None).await;
    assert!(!listed.body.contains("verification"), "{}", listed.body);

    let started = bench.json("operator", "POST", "/api/v1/system/backups", json!({ "name": "b1" })).await;
    let job = ended(&bench, &started.json()).await;
    assert_eq!(job["state"], "done", "{job}");
    let copy = std::fs::read(bench.folder.path().join("backups/b1.db")).unwrap();
    assert!(copy.starts_with(b"SQLite format 3\0"));
    // The key file's octets are in no copy.
    let key = std::fs::read_to_string(bench.folder.path().join("keys/key")).unwrap();
    let secret = key.split_whitespace().nth(2).unwrap();
    assert!(!copy.windows(secret.len()).any(|window| window == secret.as_bytes()));
    let again = bench.json("operator", "POST", "/api/v1/system/backups", json!({ "name": "b1" })).await;
    assert_eq!(again.status, 409, "{}", again.body);
    assert_eq!(bench.call(Some("operator"), "GET", "/api/v1/system/backups/b1", None).await.status, 403);
}

#[tokio::test]
async fn why_names_who_accepted_the_baseline_and_who_imported() {
    let bench = bench().await;
    let why = async |mac: &str| {
        bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
        let answer = bench.call(Some("helpdesk"), "GET", &format!("/api/v1/endpoints/{mac}/why"), None).await;
        let person =
            answer.json()["chain"].as_array().unwrap().iter().find(|l| l["stage"] == "person").cloned();
        person.unwrap_or_else(|| panic!("{}", answer.body))["text"].as_str().unwrap().to_owned()
    };
    let taken =
        bench.json("operator", "POST", "/api/v1/adoption/baseline", json!({ "reason": "taken over" })).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    let text = why(MAC).await;
    assert!(
        text.starts_with("operator authorised it with the baseline") && text.ends_with("taken over"),
        "{text}"
    );
    let path = "/api/v1/adoption/import?kind=endpoints&reason=inventory";
    let csv = Some(("text/csv", "mac,owner\n00:1b:21:3a:4f:70,anna\n".to_owned()));
    assert_eq!(bench.call(Some("operator"), "POST", path, csv).await.status, 200);
    assert_eq!(why("00:1b:21:3a:4f:70").await, "operator imported it: inventory");
}

// proves: NEM-09
#[tokio::test]
async fn a_parameters_old_and_new_value_stand_in_the_record_of_its_change() {
    let bench = bench().await;
    let path = "/api/v1/system/parameters/ui.page_rows";
    let old = bench.call(Some("administrator"), "GET", path, None).await.json()["value"].clone();
    let set = json!({ "reason": "long screens", "value": "70" });
    assert_eq!(bench.json("administrator", "PUT", path, set).await.status, 204);
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let records = "/api/v1/audit?operation=parameter.modify&object=ui.page_rows";
    let listed = bench.call(Some("revisor"), "GET", records, None).await.json();
    let [record] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&record["old"], &record["new"]), (&old, &json!("70")), "{record}");
    assert_eq!((&record["user"], &record["details"]), (&json!("administrator"), &json!("long screens")));
}

/// Whatever governs silence besides, such as the demo's quicker clock, stays when groups are edited.
#[tokio::test]
async fn a_group_changes_the_time_outs_of_its_members_only() {
    use std::time::Duration;

    let bench = bench().await;
    let keeper = bench.desk.engine.keeper();
    let quick = Duration::from_secs(7);
    keeper
        .adjust(move |network| {
            let settings = network.settings().clone();
            network.set_settings(netwarden_inventory::Settings { offline_after: quick, ..settings });
        })
        .await
        .unwrap();
    let group = json!({ "reason": "a test", "name": "desks", "offline_after_s": 3_600 });
    assert_eq!(bench.json("operator", "POST", "/api/v1/groups", group).await.status, 201);
    let settings = keeper.picture().read().settings().clone();
    assert_eq!(settings.offline_after, quick);
    assert_eq!(settings.offline_after_by_group["desks"], Duration::from_secs(3_600));
    let gone = bench.call(Some("operator"), "DELETE", "/api/v1/groups/desks?reason=x", None).await;
    assert_eq!(gone.status, 204);
    let settings = keeper.picture().read().settings().clone();
    assert!(settings.offline_after == quick && settings.offline_after_by_group.is_empty());
}

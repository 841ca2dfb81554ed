//! Long work: every kind of it shows how far it is, can be cancelled, and keeps its result (SCL-03).

use std::time::{Duration, Instant};

use netwarden_web::openapi;
use serde_json::{Value, json};

use crate::desk::{Answer, Bench, bench};

/// A route that begins long work, its address, and the body with its type.
type Beginning = (&'static str, String, Option<(&'static str, String)>);

/// Every act of the interface that begins long work.
fn begun(bench: &Bench) -> Vec<Beginning> {
    let ne = bench.ne.0;
    let json = |body: Value| Some(("application/json", body.to_string()));
    vec![
        (
            "/api/v1/adoption/import",
            "/api/v1/adoption/import?kind=elements&reason=a+test".to_owned(),
            Some(("text/csv", "address\n127.8.0.1\n".to_owned())),
        ),
        ("/api/v1/audit/verify", "/api/v1/audit/verify".to_owned(), None),
        ("/api/v1/elements/discover", "/api/v1/elements/discover".to_owned(), json(json!({}))),
        (
            "/api/v1/elements/{id}/preflight",
            format!("/api/v1/elements/{ne}/preflight"),
            json(json!({ "reason": "x" })),
        ),
        ("/api/v1/rules/{rule}/rehearse", "/api/v1/rules/seen/rehearse".to_owned(), json(json!({}))),
        ("/api/v1/system/backups", "/api/v1/system/backups".to_owned(), json(json!({ "name": "copy" }))),
        (
            "/api/v1/system/rotate-keys",
            "/api/v1/system/rotate-keys".to_owned(),
            json(json!({ "reason": "x", "layer": "working" })),
        ),
    ]
}

async fn job(bench: &Bench, id: &str) -> Value {
    bench.call(Some("administrator"), "GET", &format!("/api/v1/jobs/{id}"), None).await.json()
}

async fn cancel(bench: &Bench, id: &str) -> Answer {
    bench.call(Some("administrator"), "POST", &format!("/api/v1/jobs/{id}/cancel"), None).await
}

async fn ended(bench: &Bench, id: &str, within: Duration) -> Value {
    let begun = Instant::now();
    while begun.elapsed() < within {
        let job = job(bench, id).await;
        if job["state"] != "running" {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not end: {}", job(bench, id).await);
}

// proves: SCL-03
#[tokio::test]
async fn every_kind_of_long_work_is_a_job_that_can_be_cancelled() {
    let bench = bench().await;
    let rule = json!({ "reason": "a test", "name": "seen", "on": ["mac_online"],
                       "reactions": [{ "do": "quarantine" }] });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/rules", rule).await.status, 201);
    let document = serde_json::to_value(openapi()).unwrap();
    let is_job = |item: &Value| {
        let schema = &item["post"]["responses"]["202"]["content"]["application/json"]["schema"]["$ref"];
        schema == "#/components/schemas/Job"
    };
    let paths = document["paths"].as_object().unwrap().iter();
    let starting: Vec<&str> = paths
        .filter(|(path, item)| is_job(item) && !path.ends_with("/cancel"))
        .map(|(path, _)| path.as_str())
        .collect();
    let all = begun(&bench);
    let known: Vec<&str> = all.iter().map(|(path, ..)| *path).collect();
    assert_eq!(starting, known, "who adds long work shows here that it can be cancelled");
    for (path, address, body) in all {
        let started = bench.call(Some("administrator"), "POST", &address, body).await;
        assert_eq!(started.status, 202, "{path}: {}", started.body);
        let started = started.json();
        assert!(started["done"].is_u64() && started.get("total").is_some(), "{path}: {started}");
        let id = started["id"].as_str().unwrap();
        let asked = cancel(&bench, id).await;
        assert!([202, 409].contains(&asked.status.as_u16()), "{path}: {}", asked.body);
        let job = ended(&bench, id, Duration::from_secs(20)).await;
        assert!(["cancelled", "done", "failed"].contains(&job["state"].as_str().unwrap()), "{path}: {job}");
    }
}

// proves: SCL-03
#[tokio::test]
async fn searches_and_imports_show_how_far_they_are_and_end_when_they_are_told_to() {
    let bench = bench().await;
    let set = json!({ "name": "core", "kind": "v2c", "community": "a-community" });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/credentials", set).await.status, 201);
    let of_search = json!({ "subnet": "127.8.0.0/20", "port": 9, "allow_v2c": true });
    let rows: String = (0..400).map(|n| format!("127.9.{}.{},core\n", n / 200, n % 200 + 1)).collect();
    let rows = ("text/csv", format!("address,credential\n{rows}"));
    let search = ("application/json", of_search.to_string());
    for (path, body, total) in [
        ("/api/v1/elements/discover", search, 4_094),
        ("/api/v1/adoption/import?kind=elements&reason=a+test", rows, 400),
    ] {
        let started = bench.call(Some("administrator"), "POST", path, Some(body)).await;
        assert_eq!(started.status, 202, "{path}: {}", started.body);
        let id = started.json()["id"].as_str().unwrap().to_owned();
        let mut begun = job(&bench, &id).await;
        while begun["total"].is_null() && begun["state"] == "running" {
            tokio::time::sleep(Duration::from_millis(1)).await;
            begun = job(&bench, &id).await;
        }
        assert_eq!(begun["total"], total, "{begun}");
        assert_eq!(cancel(&bench, &id).await.status, 202);
        let job = ended(&bench, &id, Duration::from_secs(60)).await;
        assert_eq!(job["state"], "cancelled", "{job}");
        assert!(job["done"].as_u64().unwrap() < total, "{job}");
        assert!(job["result"].is_object(), "what was found by then is kept: {job}");
    }
}

//! The baseline: who is shown for review, who is accepted, and who is bound to a port by that.

use serde_json::{Value, json};

use crate::desk::{Bench, MAC, PORT, bench};

const BASELINE: &str = "/api/v1/adoption/baseline";

async fn bound_to(bench: &Bench) -> Value {
    let shown = bench.call(Some("operator"), "GET", &format!("/api/v1/endpoints/{MAC}"), None).await;
    shown.json()["bound_to"].clone()
}

// proves: NAC-07
#[tokio::test]
async fn the_parameter_binds_who_is_accepted_unless_the_baseline_says_otherwise() {
    let accept = async |parameter: &str, bind: Value| {
        let bench = bench().await;
        let path = "/api/v1/system/parameters/inventory.bind_on_baseline";
        let set = json!({ "reason": "a test", "value": parameter });
        assert_eq!(bench.json("administrator", "PUT", path, set).await.status, 204);
        let mut wish = json!({ "reason": "a test" });
        if !bind.is_null() {
            wish["bind"] = bind;
        }
        let accepted = bench.json("operator", "POST", BASELINE, wish).await;
        assert_eq!(accepted.json()["endpoints"], json!([MAC]), "{}", accepted.body);
        bound_to(&bench).await
    };
    assert_eq!(accept("true", Value::Null).await, "sw1 Gi1/0/1");
    assert_eq!(accept("true", false.into()).await, Value::Null);
    assert_eq!(accept("false", Value::Null).await, Value::Null);
    assert_eq!(accept("false", true.into()).await, "sw1 Gi1/0/1");
}

// proves: NAC-07
#[tokio::test]
async fn a_review_says_what_is_known_of_each_and_its_filters_choose() {
    let bench = bench().await;
    let reviewed = async |query: &str| {
        let answer = bench.call(Some("operator"), "GET", &format!("{BASELINE}?{query}"), None).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.json()["entries"].as_array().unwrap().clone()
    };
    let entries = reviewed("").await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        entries[0],
        json!({
            "mac": MAC, "group": null, "vendor": "Intel Corporate", "mac_randomised": false, "status": "new",
            "ne": "sw1", "ne_id": bench.ne.0, "port": "Gi1/0/1", "vlan": 10, "ips": [], "name": null,
            "port_endpoints": 1,
        })
    );
    assert!(reviewed("vlan=11").await.is_empty());
    let path = format!("/api/v1/endpoints/{MAC}/block");
    assert_eq!(bench.json("operator", "POST", &path, json!({ "reason": "a test" })).await.status, 200);
    assert!(reviewed("").await.is_empty(), "who was refused is left alone");
    assert_eq!(reviewed("unauthorised=true").await[0]["status"], "unauthorised");
    let wish = json!({ "reason": "a test", "review": true, "unauthorised": true });
    let said = bench.json("operator", "POST", BASELINE, wish).await.json();
    assert_eq!((&said["accepted"], &said["entries"][0]["mac"]), (&json!(false), &json!(MAC)));

    // Beside it a phone with a private address; then both behind a port that turns out to be an uplink.
    const PHONE: &str = "02:1b:21:3a:4f:5e";
    bench.seen(&[MAC, PHONE]).await;
    let macs = async |query: &str| {
        let found = reviewed(query).await;
        found.iter().map(|entry| entry["mac"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(macs("").await, [PHONE]);
    assert!(macs("randomised=false").await.is_empty());
    assert_eq!(macs("unlocated=false").await, [PHONE]);
    let port = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let uplink = json!({ "reason": "a test", "role": "uplink" });
    assert_eq!(bench.json("operator", "PATCH", &port, uplink).await.status, 204);
    assert_eq!(reviewed("").await[0]["port"], Value::Null);
    assert!(macs("unlocated=false").await.is_empty());
}

//! Acts on ports: what is repeated, what is held, and what is given back with whose authorisation.

use serde_json::json;

use crate::desk::{MAC, PORT, bench};

#[tokio::test]
async fn a_key_stands_for_one_act_and_for_no_other() {
    let bench = bench().await;
    let port = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let ask = async |path: &str, body: serde_json::Value| {
        let body = Some(("application/json", body.to_string()));
        bench.call_with(Some("operator"), "POST", path, body, &[("idempotency-key", "k-1")]).await
    };
    let off = format!("{port}/off");
    let first = ask(&off, json!({ "reason": "a test" })).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = ask(&off, json!({ "reason": "the answer was lost" })).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    for (path, body) in [
        (format!("{port}/release"), json!({ "reason": "a test" })),
        (format!("{port}/move"), json!({ "reason": "a test", "vlan": 20 })),
        (format!("/api/v1/endpoints/{MAC}/move"), json!({ "reason": "a test" })),
    ] {
        let other = ask(&path, body).await;
        assert_eq!(other.status, 409, "{path}: {}", other.body);
        let why = other.detail();
        assert!(why.starts_with("the Idempotency-Key stands for another act already (shut_port"), "{why}");
    }
    assert_eq!(bench.records("port.off", "success").await, 1);
    assert_eq!(bench.records("port.release", "success").await, 0, "what was refused is not recorded as done");
}

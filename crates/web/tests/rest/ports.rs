//! Acts on ports: what is repeated, what is held, and what is given back with whose authorisation.

use netwarden_model::Mac;
use netwarden_store::{Tx, execute, values};
use serde_json::json;

use crate::desk::{Bench, MAC, PORT, bench};

/// What release restores, as the reconciler keeps it.
const EARLIER: &str = r#"{"if_index":1,"admin_status":1,"vlan":null}"#;

/// `count` rows of desired states, of ports `name-0` and so on, because of [`MAC`].
async fn put_desired(bench: &Bench, name: &str, count: usize, progress: &'static str, held: bool) {
    let (ne, name) = (bench.ne.0, name.to_owned());
    let mac = i64::try_from(MAC.parse::<Mac>().unwrap().to_u64()).unwrap();
    bench
        .desk
        .store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                for at in 0..count {
                    let sql = "INSERT INTO desired_ports (ne, port, request, access, endpoint, progress, note, \
                               attempts, since, earlier, revision) \
                               VALUES ($1, $2, $3, '{\"access\":\"shut\"}', $4, $5, '', 0, 0, $6, 1)";
                    let earlier = held.then(|| EARLIER.to_owned());
                    let (port, request) = (format!("{name}-{at}"), vec![0_u8; 16]);
                    execute(tx, sql, values![ne, port, request, mac, progress, earlier]).await?;
                }
                Ok::<(), netwarden_store::StoreError>(())
            })
        })
        .await
        .unwrap();
}

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

#[tokio::test]
async fn an_element_stays_while_one_port_is_held_behind_hundreds_of_released_ones() {
    let bench = bench().await;
    put_desired(&bench, "old", 150, "released", false).await;
    put_desired(&bench, "held", 1, "verified", true).await;
    let path = format!("/api/v1/elements/{}?reason=a+test", bench.ne.0);
    let refused = bench.call(Some("administrator"), "DELETE", &path, None).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.detail().contains("port held-0"), "{}", refused.detail());
}

#[tokio::test]
async fn authorising_finds_the_held_port_behind_hundreds_of_released_ones() {
    let bench = bench().await;
    put_desired(&bench, "old", 150, "released", false).await;
    put_desired(&bench, "held", 1, "verified", true).await;
    let path = format!("/api/v1/endpoints/{MAC}/authorise");
    let done = bench.json("operator", "POST", &path, json!({ "reason": "a test" })).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.json()["request"].is_string(), "its port is released: {}", done.body);
}

//! A person who is erased: the account goes, the trail forgets what it says of it, and verifies as before.

use serde_json::{Value, json};

use crate::desk::{Bench, bench};
use crate::editing::ended;

const TEXT: &str = "on the fifth floor, until the end of May";

async fn told(bench: &Bench) -> String {
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    bench.call(Some("administrator"), "GET", "/api/v1/audit?object=ann&limit=100", None).await.body
}

async fn verified(bench: &Bench) -> Value {
    let started = bench.call(Some("administrator"), "POST", "/api/v1/audit/verify", None).await;
    let job = ended(bench, &started.json()).await;
    assert_eq!(job["state"], "done", "{job}");
    job["result"].clone()
}

// proves: SEC-08
#[tokio::test]
async fn whoever_is_erased_is_forgotten_and_the_trail_still_verifies() {
    let bench = bench().await;
    let reason = json!({ "reason": "asked for it in writing" });
    let new = json!({ "name": " Ann ", "password": "Horse-battery/3", "roles": ["helpdesk"],
                      "mobile": "+43 660 1234567", "mail": "ann@example.org" });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/users", new).await.status, 201);
    let change = json!({ "reason": "a test", "attributes": { "description": TEXT } });
    let changed = bench.as_admin("PATCH", "/users/ann", change).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let contact = format!("contact/{}", changed.json()["id"]);
    let kept = async || bench.desk.vault.named_secret(&contact).await.unwrap();
    assert!(told(&bench).await.contains(TEXT) && kept().await.is_some());
    assert_eq!(verified(&bench).await["erased"], 0);

    let nobody = bench.as_admin("POST", "/users/nobody/erase", reason.clone()).await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    let erased = bench.as_admin("POST", "/users/ann/erase", reason.clone()).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let texts = erased.json()["texts"].as_u64().unwrap();
    assert_eq!(texts, 2, "changed from, and to");
    assert_eq!(bench.as_admin("GET", "/users/ann", json!({})).await.status, 404);
    let trail = told(&bench).await;
    assert!(!trail.contains(TEXT) && trail.contains("user.erase") && trail.contains("\"erased\""), "{trail}");
    assert!(trail.contains("helpdesk"), "what the account could do stays: {trail}");
    let report = verified(&bench).await;
    assert_eq!((&report["fault"], &report["erased"]), (&Value::Null, &json!(texts)));
    assert!(kept().await.is_none());

    // Nothing is left to erase; whoever was deleted before can be erased later.
    assert_eq!(bench.as_admin("POST", "/users/ann/erase", reason.clone()).await.status, 404);
    let again = json!({ "name": "bea", "password": "Horse-battery/3", "roles": ["helpdesk"],
                        "attributes": { "welcome": TEXT } });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/users", again).await.status, 201);
    assert_eq!(bench.as_admin("DELETE", "/users/bea?reason=a+test", json!({})).await.status, 204);
    assert_eq!(bench.as_admin("POST", "/users/bea/erase", reason).await.json()["texts"], 1);
}

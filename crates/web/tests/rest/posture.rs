//! What is reported of an endpoint's configuration, from the report to event, page and trail.

use netwarden_inventory::Settings;
use serde_json::{Value, json};

use crate::desk::{Bench, MAC, bench};

async fn report(bench: &Bench, user: &str, body: Value) -> crate::desk::Answer {
    bench.json(user, "PUT", &format!("/api/v1/endpoints/{MAC}/posture"), body).await
}

async fn told_events(bench: &Bench) -> Value {
    let path = "/api/v1/events?kind=now_noncompliant";
    bench.call(Some("operator"), "GET", path, None).await.json()
}

// proves: NAC-04, NAC-08
#[tokio::test]
async fn what_is_reported_stands_in_record_page_and_events() {
    let bench = bench().await;
    let nothing = bench.page("operator", &format!("/endpoints/{MAC}")).await.body;
    assert!(!nothing.contains("Security configuration"), "{nothing}");

    let configuration = json!({
        "firewall": { "found": "off", "expected": "on" },
        "os": { "found": "<b>Debian</b> 13" },
    });
    let body = json!({ "reason": "scan 7", "fingerprint": "9f2c41aa", "configuration": configuration });
    let told = report(&bench, "helpdesk", body.clone()).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let shown = told.json();
    assert_eq!((&shown["fingerprint"], &shown["compliance"]), (&json!("9f2c41aa"), &json!("non_compliant")));
    assert_eq!(shown["configuration"], configuration);
    assert_eq!(bench.records("endpoint.report", "success").await, 1);

    let events = told_events(&bench).await;
    let event = &events["items"][0];
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
    assert!(event.to_string().contains("firewall"), "{event}");

    let page = bench.page("operator", &format!("/endpoints/{MAC}")).await.body;
    for needed in ["Security configuration", "firewall", "&#60;b&#62;Debian&#60;/b&#62; 13", "not compliant"]
    {
        assert!(page.contains(needed), "{needed}: {page}");
    }

    // The same again is no news, and it stands after a restart of the picture.
    assert_eq!(report(&bench, "helpdesk", body).await.status, 200);
    let again = told_events(&bench).await;
    assert_eq!(again["items"].as_array().unwrap().len(), 1, "{again}");
    let (read, settings) = (bench.desk.store.read(), Settings::default());
    let loaded = netwarden_inventory::sql::load(read, settings, bench.desk.clock.now()).await.unwrap();
    assert_eq!(loaded.endpoint(MAC.parse().unwrap()).unwrap().configuration.len(), 2);
}

#[tokio::test]
async fn reports_that_cannot_be_kept_are_refused_in_words() {
    let bench = bench().await;
    let with = |configuration: Value| json!({ "reason": "x", "configuration": configuration });
    for (body, status, said) in [
        (with(json!({ "a b": { "found": "x" } })), 422, "'a b' is no name of a property"),
        (with(json!({ "a": { "found": "" } })), 422, "a has 1 to 256 characters"),
        (with(json!({ "a": { "found": "x", "colour": 1 } })), 400, "colour"),
        (json!({ "fingerprint": "x" }), 400, "reason"),
        (json!({ "reason": " ", "fingerprint": "x" }), 422, "a reason is needed"),
    ] {
        let refused = report(&bench, "operator", body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.body);
        assert!(refused.detail().contains(said), "{body}: {}", refused.body);
    }
    let path = "/api/v1/endpoints/00:1b:21:99:99:99/posture";
    let unknown = bench.json("operator", "PUT", path, json!({ "reason": "x" })).await;
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    assert_eq!(report(&bench, "revisor", json!({ "reason": "x" })).await.status, 403);
}

//! Roles that count under a condition only, over HTTP: at the next request, in sessions that are open.

use jiff::SignedDuration;
use netwarden_identity::{Grant, Plane};
use serde_json::{Value, json};

use crate::desk::{Bench, bench};

impl Bench {
    async fn role(&self, name: &str, condition: &str) {
        let body =
            json!({ "reason": "a test", "name": name, "operations": ["ne.read"], "condition": condition });
        let made = self.json("administrator", "POST", "/api/v1/roles", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.json()["condition"], condition);
    }

    async fn becomes(&self, user: &str, change: Value) {
        let changed = self.json("administrator", "PATCH", &format!("/api/v1/users/{user}"), change).await;
        assert!(changed.status.is_success(), "{}", changed.body);
    }

    async fn reads(&self, who: &str) -> u16 {
        self.call(Some(who), "GET", "/api/v1/elements", None).await.status.as_u16()
    }
}

// proves: IAM-05, IAM-03
#[tokio::test]
async fn a_role_counts_while_its_condition_holds_and_says_so_where_it_does_not() {
    let bench = bench().await;
    bench.role("early", "session.age_s < 600 && session.strength == 'password'").await;
    let ann = bench.joins_plane(Plane::Om, "ann", "early").await;
    assert_eq!(bench.reads(&ann).await, 200);
    bench.wait(SignedDuration::from_secs(700));
    let late = bench.call(Some(&ann), "GET", "/api/v1/elements", None).await;
    assert_eq!(late.status, 403);
    assert!(late.detail().contains("the condition of the role 'early' does not hold now"), "{}", late.body);
    assert_eq!(
        bench.call(Some(&ann), "GET", "/api/v1/sessions/own", None).await.status,
        200,
        "one's own goes on"
    );
    // A page offers nothing of it, and answers nothing.
    let page = bench.page(&ann, "/system").await;
    assert!(page.status.is_success() && !page.body.contains("href=\"/elements\""), "{}", page.body);
    assert_eq!(bench.page(&ann, "/elements").await.status, 403);
    // Changed, it counts at the next request.
    let other = json!({ "reason": "a test", "condition": "session.age_s < 6000" });
    let changed = bench.json("administrator", "PATCH", "/api/v1/roles/early", other).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(bench.reads(&ann).await, 200);
    let always = json!({ "reason": "a test", "condition": "" });
    assert_eq!(bench.json("administrator", "PATCH", "/api/v1/roles/early", always).await.status, 200);
    let shown = bench.call(Some("administrator"), "GET", "/api/v1/roles/early", None).await;
    assert_eq!(shown.json().get("condition"), None, "{}", shown.body);
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let made =
        bench.call(Some("administrator"), "GET", "/api/v1/audit?operation=role.create", None).await.json();
    let record = format!("/api/v1/audit/{}", made["items"][0]["index"]);
    let record = bench.call(Some("administrator"), "GET", &record, None).await;
    assert!(record.body.contains("session.age_s < 600"), "the trail has the condition: {}", record.body);
}

// proves: IAM-05
#[tokio::test]
async fn labels_of_the_account_and_places_are_asked_for() {
    let bench = bench().await;
    bench.role("nightly", "'night' in user.labels").await;
    let ann = bench.joins_plane(Plane::Om, "ann", "nightly").await;
    assert_eq!(bench.reads(&ann).await, 403);
    bench.becomes("ann", json!({ "reason": "a test", "attributes": { "labels": ["night", "vie-2"] } })).await;
    assert_eq!(bench.reads(&ann).await, 200);
    let shown = bench.call(Some("administrator"), "GET", "/api/v1/users/ann", None).await.json();
    assert_eq!(shown["attributes"]["labels"], json!(["night", "vie-2"]), "{shown}");
    bench.becomes("ann", json!({ "reason": "a test", "attributes": { "clear": ["labels"] } })).await;
    assert_eq!(bench.reads(&ann).await, 403);
    for (labels, told) in [(json!(["a b"]), "'a b' is no label"), (json!([""]), "'' is no label")] {
        let body = json!({ "reason": "a test", "attributes": { "labels": labels } });
        let refused = bench.json("administrator", "PATCH", "/api/v1/users/ann", body).await;
        assert!(refused.status == 422 && refused.detail().contains(told), "{}", refused.body);
    }
    // A place is a login policy of addresses, and counts from when it is made.
    bench.role("inside", "'office' in request.places").await;
    let roles = [Grant::from("inside")].map(|grant| grant.to_string());
    bench.becomes("ann", json!({ "reason": "a test", "roles": roles })).await;
    let from = async |address: &str| {
        let address = Some(address.parse().unwrap());
        let caller = bench.desk.identify_bearer(&ann, address).await.unwrap();
        bench.desk.elements(&caller, netwarden_operate::ListWish::default()).await.is_ok()
    };
    assert!(!from("192.0.2.7").await, "there is no such place");
    let office =
        json!({ "reason": "a test", "name": "office", "kind": "addresses", "lines": "192.0.2.0/24" });
    let made = bench.json("administrator", "POST", "/api/v1/policies/logins", office).await;
    assert!(made.status.is_success(), "{}", made.body);
    assert!(from("192.0.2.7").await && !from("198.51.100.7").await);
}

// proves: IAM-05
#[tokio::test]
async fn a_condition_that_is_not_understood_is_refused_at_its_place_and_nothing_is_lost() {
    let bench = bench().await;
    let body = json!({ "reason": "a test", "name": "odd", "operations": ["ne.read"], "condition": "now >\n sesion.age_s" });
    let refused = bench.json("administrator", "POST", "/api/v1/roles", body).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(
        refused.detail().contains("line 2, column 2: there is no property 'sesion.age_s'"),
        "{}",
        refused.body
    );
    let fields = "name=odd&op-ne.read=true&condition=session.age_s+%3C&reason=a+test";
    let form = bench.form("administrator", "/system/new-role", fields).await;
    assert!(
        form.body.contains("session.age_s &#60;") || form.body.contains("session.age_s &lt;"),
        "{}",
        form.body
    );
    assert!(form.body.contains("line 1, column"), "{}", form.body);
    // Who changes when a role counts must be able to do all that it says.
    bench.role("early", "session.age_s < 600").await;
    let keeper = json!({ "reason": "a test", "name": "keeper", "operations": ["role.read", "role.modify"] });
    assert_eq!(bench.json("administrator", "POST", "/api/v1/roles", keeper).await.status, 201);
    let kay = bench.joins_plane(Plane::Om, "kay", "keeper").await;
    let wider = json!({ "reason": "a test", "condition": "" });
    assert_eq!(bench.json(&kay, "PATCH", "/api/v1/roles/early", wider).await.status, 403);
}

//! Ways to more rights than one has, each of which ends in a refusal with a record: one's own role, domain, label and
//! place; the local user who is `admin`; the trail of other planes.

use netwarden_identity::Plane;
use serde_json::{Value, json};

use crate::desk::{Answer, Bench, bench};

impl Bench {
    async fn sends_as(&self, secret: &str, method: &str, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1{path}");
        self.call(Some(secret), method, &path, Some(("application/json", body.to_string()))).await
    }

    /// A manager of security with more roles, as somebody else gave them.
    async fn manager(&self, name: &str, more: &[&str]) -> String {
        let secret = self.joins_plane(Plane::Om, name, "smmanagers").await;
        let roles: Vec<&str> = ["smmanagers"].into_iter().chain(more.iter().copied()).collect();
        let kay = self.joins_plane(Plane::Om, &format!("keeper-of-{name}"), "smmanagers").await;
        let body = json!({ "reason": "a test", "roles": roles });
        let given = self.sends_as(&kay, "PATCH", &format!("/users/{name}"), body).await;
        assert_eq!(given.status, 200, "{}", given.body);
        secret
    }
}

const OWN: &str = "nobody gives rights to their own account";

// proves: IAM-03, IAM-20
#[tokio::test]
async fn nobody_changes_what_their_own_rights_rest_on() {
    let bench = bench().await;
    bench.separate().await;
    let boss = bench.joins_plane(Plane::Om, "boss", "smmanagers").await;
    let role = json!({ "reason": "a test", "name": "night", "operations": ["ne.read"],
        "condition": "session.strength == 'second_factor' || 'office' in request.places || 'night' in user.labels" });
    assert_eq!(bench.sends_as(&boss, "POST", "/roles", role).await.status, 201);
    let north = json!({ "reason": "a test", "name": "north", "belongs": { "regions": ["north"] } });
    assert_eq!(bench.sends_as(&boss, "POST", "/domains", north).await.status, 201);
    let ann = bench.manager("ann", &["night", "operator@north"]).await;
    // The role does not count now, and stays as it is all the same; so does the domain.
    let wider = json!({ "reason": "a test", "condition": "", "operations": ["ne.read", "port.off"] });
    let tried = bench.sends_as(&ann, "PATCH", "/roles/night", wider.clone()).await;
    assert!(tried.status == 403 && tried.detail().contains(OWN), "{}", tried.body);
    let everything = json!({ "reason": "a test", "belongs": { "classes": ["switch"] } });
    let tried = bench.sends_as(&ann, "PATCH", "/domains/north", everything.clone()).await;
    assert!(tried.status == 403 && tried.detail().contains(OWN), "{}", tried.body);
    let label = json!({ "reason": "a test", "attributes": { "labels": ["night"] } });
    let tried = bench.sends_as(&ann, "PATCH", "/users/ann", label.clone()).await;
    assert!(tried.status == 403 && tried.detail().contains(OWN), "{}", tried.body);
    let place = json!({ "reason": "a test", "name": "office", "kind": "addresses", "lines": "0.0.0.0/0" });
    let tried = bench.sends_as(&ann, "POST", "/policies/logins", place.clone()).await;
    assert!(tried.status == 403 && tried.detail().contains(OWN), "{}", tried.body);
    for operation in ["role.modify", "domain.modify", "user.modify", "policy.create"] {
        assert_eq!(bench.records(operation, "denied").await, 1, "{operation}");
    }
    // Somebody whose rights do not rest on it may.
    for (method, path, body) in [
        ("PATCH", "/roles/night", wider),
        ("PATCH", "/domains/north", everything),
        ("PATCH", "/users/ann", label),
        ("POST", "/policies/logins", place),
    ] {
        let done = bench.sends_as(&boss, method, path, body).await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.body);
    }
    // A token of somebody whose rights one keeps would be those rights.
    let token = json!({ "name": "lent", "days": 1, "operations": ["ne.read"], "user": "operator" });
    assert_eq!(bench.sends_as(&boss, "POST", "/tokens", token).await.status, 403);
}

// proves: IAM-01
#[tokio::test]
async fn the_local_user_who_is_somebody_is_not_made_somebody_else() {
    let bench = bench().await;
    let map = async |user: &str, how: &str| {
        let body = json!({ "reason": "a test", how: 4711 });
        bench.sends_as(&bench.secrets["administrator"], "PATCH", &format!("/users/{user}"), body).await
    };
    assert_eq!(map("operator", "map_uid").await.status, 200);
    let tried = map("revisor", "map_uid").await;
    assert!(!tried.status.is_success() && tried.detail().contains("unmap it there first"), "{}", tried.body);
    map("revisor", "unmap_uid").await;
    let known = async || {
        let caller = bench.desk.identify_local(Plane::Om, 4711).await.unwrap();
        caller.name().map(str::to_owned)
    };
    assert_eq!(known().await.as_deref(), Some("operator"), "another account's mapping stays");
    assert_eq!(map("operator", "unmap_uid").await.status, 200);
    assert_eq!(known().await, None);
    assert_eq!(map("revisor", "map_uid").await.status, 200);
}

// proves: IAM-01
#[tokio::test]
async fn the_whole_trail_is_exported_by_those_alone_who_may_see_the_whole() {
    let bench = bench().await;
    let export = async |prefix: &str, secret: &str| {
        bench.call(Some(secret), "GET", &format!("{prefix}/api/v1/audit/export"), None).await.status.as_u16()
    };
    assert_eq!(export("", &bench.secrets["administrator"]).await, 200, "one administrator keeps all");
    bench.separate().await;
    for user in ["administrator", "operator", "revisor"] {
        assert_eq!(export("", &bench.secrets[user]).await, 403, "{user}");
    }
    for (plane, prefix, role, status) in [
        (Plane::Om, "", "smmanagers", 403),
        (Plane::Om, "", "administrators", 403),
        (Plane::Management, "/management", "administrators", 403),
        (Plane::Management, "/management", "smmanagers", 200),
        (Plane::Tenant, "/tenant", "company_tenant", 403),
    ] {
        let secret = bench.joins_plane(plane, &format!("{role}-of-{plane}"), role).await;
        assert_eq!(export(prefix, &secret).await, status, "{role} of {plane}");
    }
}

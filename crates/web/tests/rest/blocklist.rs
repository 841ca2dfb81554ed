//! The blocklist over HTTP: what is denied at the next request, to whom, until when, and that nobody shuts themselves out.

use jiff::SignedDuration;
use netwarden_identity::Plane;
use serde_json::json;

use crate::desk::{Answer, Bench, MAC, PASSWORD, bench};

impl Bench {
    async fn lists_of(&self, kind: &str, who: &str, denies: &[&str], ends: Option<i64>) -> Answer {
        let ends = ends.map(|seconds| self.desk.clock.now() + SignedDuration::from_secs(seconds));
        let body =
            json!({ "reason": "seen at night", "kind": kind, "who": who, "denies": denies, "ends_at": ends });
        self.json("administrator", "POST", "/api/v1/blocklist", body).await
    }

    async fn takes_off(&self, entry: &Answer) {
        let path = format!("/api/v1/blocklist/{}?reason=it+was+a+mistake", entry.json()["id"]);
        assert_eq!(self.call(Some("administrator"), "DELETE", &path, None).await.status, 204);
    }
}

// proves: SEC-10
#[tokio::test]
async fn a_listed_user_is_denied_at_the_next_request_what_the_entry_names() {
    let bench = bench().await;
    let asks = async |path: &str| bench.call(Some("operator"), "GET", &format!("/api/v1{path}"), None).await;
    assert_eq!(asks("/rules").await.status, 200);
    // An object of operations, and an operation.
    let rules = bench.lists_of("user", "Operator", &["rule", "endpoint.read"], None).await;
    assert_eq!(rules.status, 201, "{}", rules.body);
    let id = rules.json()["id"].as_i64().unwrap();
    for path in ["/rules", "/endpoints"] {
        let denied = asks(path).await;
        assert_eq!(denied.status, 403, "{path}: {}", denied.body);
        assert!(
            denied.detail().contains(&format!("entry {id} of the blocklist denies it")),
            "{}",
            denied.body
        );
    }
    assert_eq!(asks("/elements").await.status, 200);
    assert_eq!(bench.call(Some("revisor"), "GET", "/api/v1/rules", None).await.status, 200, "somebody else");
    assert!(bench.records("rule.read", "denied").await >= 1);
    let page = bench.page("operator", "/rules").await;
    assert_eq!(page.status, 403, "{}", page.body);
    bench.takes_off(&rules).await;
    assert_eq!(asks("/rules").await.status, 200);

    // Signing in: the session goes on, and there is no other.
    let login = async |password: &str| {
        let body = json!({ "user": "operator", "password": password }).to_string();
        bench.call(None, "POST", "/api/v1/sessions", Some(("application/json", body))).await
    };
    let no_more = bench.lists_of("user", " operator", &["session.login"], None).await;
    assert_eq!(no_more.status, 201, "{}", no_more.body);
    assert_eq!((asks("/rules").await.status.as_u16(), login(PASSWORD).await.status.as_u16()), (200, 403));
    bench.takes_off(&no_more).await;

    // Everything: the session is over, and another is not opened, which is told to who knows the password.
    let all = bench.lists_of("user", "operator", &["everything"], Some(3_600)).await;
    assert_eq!(all.status, 201, "{}", all.body);
    assert_eq!(asks("/elements").await.status, 401);
    let barred = login(PASSWORD).await;
    assert_eq!(barred.status, 403, "{}", barred.body);
    assert!(barred.detail().contains("on the blocklist"), "{}", barred.body);
    assert_eq!(login("wrong").await.status, 401);
    // It ends by itself.
    bench.wait(SignedDuration::from_secs(3_601));
    assert_eq!(login(PASSWORD).await.status, 201);
    let administrator = bench
        .desk
        .login(Plane::Om, "administrator", zeroize::Zeroizing::new(PASSWORD.to_owned()), None)
        .await;
    let administrator = administrator.unwrap().secret;
    let listed = bench.call(Some(&administrator), "GET", "/api/v1/blocklist", None).await.json();
    assert_eq!(listed["total"]["count"], 1, "what has ended is still told of: {listed}");
    assert_eq!(bench.records("blocklist.add", "success").await, 3);
    assert_eq!(bench.records("blocklist.remove", "success").await, 2);
}

// proves: SEC-10
#[tokio::test]
async fn nobody_comes_in_from_a_listed_address_but_to_the_platform() {
    let bench = bench().await;
    let operator = bench.secrets["operator"].clone();
    let from = async |address: &str, path: &str| {
        let bearer = format!("Bearer {operator}");
        bench.from(address, "GET", path, &[("authorization", bearer.as_str())], Vec::new()).await.status
    };
    let (inside, outside) = ("203.0.113.77", "203.0.114.1");
    assert_eq!(from(inside, "/api/v1/elements").await, 200);
    let entry = bench.lists_of("address", "203.0.113.0/24", &["everything"], None).await;
    assert_eq!(entry.status, 201, "{}", entry.body);
    for path in ["/api/v1/elements", "/sign-in", "/healthz", "/tenant/sign-in"] {
        assert_eq!(from(inside, path).await, 403, "{path}");
        assert_ne!(from(outside, path).await, 403, "{path}");
    }
    assert_ne!(from(inside, "/management/sign-in").await, 403);
    assert!(bench.records("session.login", "denied").await >= 1);
    // From the platform's plane it is mended.
    let keeper = bench.joins_plane(Plane::Management, "keeper", "smmanagers").await;
    let path = format!("/management/api/v1/blocklist/{}?reason=that+is+us", entry.json()["id"]);
    assert_eq!(bench.call(Some(&keeper), "DELETE", &path, None).await.status, 204);
    assert_eq!(from(inside, "/api/v1/elements").await, 200);
    // A part of it only: it depends on from where the same session is used.
    let part = bench.lists_of("address", "203.0.113.70-203.0.113.80", &["ne.read"], None).await;
    assert_eq!(part.status, 201, "{}", part.body);
    assert_eq!(from(inside, "/api/v1/elements").await, 403);
    assert_eq!(from(inside, "/api/v1/rules").await, 200);
    assert_eq!(from(outside, "/api/v1/elements").await, 200);
}

// proves: SEC-10
#[tokio::test]
async fn a_listed_tenant_is_denied_and_goes_off_the_list_when_deleted() {
    let bench = bench().await;
    let wile = bench.joins_plane(Plane::Tenant, "wile", "company_tenant").await;
    let mine = async || bench.call(Some(&wile), "GET", "/tenant/api/v1/users", None).await;
    assert_eq!(mine().await.status, 200);
    let part = bench.lists_of("tenant", "home", &["user"], None).await;
    assert_eq!(part.status, 201, "{}", part.body);
    assert_eq!(mine().await.status, 403);
    let all = bench.lists_of("tenant", "home", &["everything"], None).await;
    assert_eq!(all.status, 201, "{}", all.body);
    assert_eq!(mine().await.status, 401);
    let cookie = format!("__Host-netwarden-tenant={wile}");
    let page =
        bench.call_with(None, "GET", "/tenant/system/accounts", None, &[("cookie", cookie.as_str())]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    bench.takes_off(&all).await;
    let one = bench.lists_of("user", "tenant/wile", &["everything"], None).await;
    assert_eq!(one.status, 201, "{}", one.body);
    assert_eq!(mine().await.status, 401);
    let gone = bench.call(Some("administrator"), "DELETE", "/api/v1/tenants/home?reason=x", None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let left = bench.call(Some("administrator"), "GET", "/api/v1/blocklist", None).await.json();
    assert_eq!(left["items"], json!([]), "nor does an entry wait for who gets the name next");
}

// proves: SEC-10
#[tokio::test]
async fn what_cannot_be_listed_is_told_and_nobody_shuts_themselves_out() {
    let bench = bench().await;
    for (kind, who, denies, ends, told) in [
        ("printer", "x", vec!["everything"], None, "cannot be on the blocklist"),
        ("device", "x", vec![], None, "no MAC address"),
        ("user", "otto", vec!["network"], None, "'network' is nothing that can be denied"),
        ("user", "a b", vec!["everything"], None, "name"),
        ("user", "admin", vec!["everything"], None, "never on the blocklist"),
        ("user", "tenant/admin", vec!["everything"], None, "never on the blocklist"),
        ("address", "203.0.113.0/33", vec!["everything"], None, "no address, range or network"),
        ("address", "at 1 2", vec!["everything"], None, "no address, range or network"),
        ("address", "203.0.113.1\n203.0.113.2", vec!["everything"], None, "no address, range or network"),
        ("tenant", "nowhere", vec!["everything"], None, "no tenant 'nowhere'"),
        ("user", "otto", vec![], None, "at least one thing"),
        ("user", "otto", vec!["notifications"], None, "'notifications' is nothing that can be denied"),
        ("user", "otto", vec!["port.of"], None, "'port.of' is nothing that can be denied"),
        ("user", "otto", vec!["port"], Some(0), "ends in the future"),
        ("user", "administrator", vec!["everything"], None, "keep you from taking it away"),
        ("user", "administrator", vec!["blocklist"], None, "keep you from taking it away"),
        ("user", "administrator", vec!["blocklist.remove"], None, "keep you from taking it away"),
        ("user", "administrator", vec!["session.prove"], None, "keep you from taking it away"),
        ("user", "otto", vec!["system.alive"], None, "nothing that can be denied"),
    ] {
        let refused = bench.lists_of(kind, who, &denies, ends).await;
        assert_eq!(refused.status, 422, "{kind} {who} {denies:?}: {}", refused.body);
        assert!(refused.detail().contains(told), "{kind} {who} {denies:?}: {}", refused.body);
    }
    let listed = bench.call(Some("administrator"), "GET", "/api/v1/blocklist", None).await.json();
    assert_eq!(listed["items"], json!([]));
    assert_eq!(bench.records("blocklist.add", "success").await, 0);
    // One's own rights otherwise may go, and a source needs no more than its address.
    assert_eq!(bench.lists_of("user", "administrator", &["backup"], None).await.status, 201);
    let source = bench.lists_of("source", "198.51.100.7", &[], None).await;
    assert_eq!(source.json()["denies"], json!(["notifications"]), "{}", source.body);
    let deaf =
        |address: &str| bench.desk.identity.is_deaf_to(address.parse().unwrap(), bench.desk.clock.now());
    assert!(deaf("198.51.100.7") && !deaf("198.51.100.8"));
    bench.takes_off(&source).await;
    assert!(!deaf("198.51.100.7"));
    let none = bench.call(Some("administrator"), "DELETE", "/api/v1/blocklist/4711?reason=x", None).await;
    assert_eq!(none.status, 404, "{}", none.body);
}

// proves: SEC-10
#[tokio::test]
async fn a_listed_device_is_refused_until_its_entry_ends_and_is_then_what_it_was() {
    let bench = bench().await;
    let endpoint = format!("/api/v1/endpoints/{MAC}");
    let status = async || {
        let shown = bench.call(Some("administrator"), "GET", &endpoint, None).await.json();
        (shown["status"].as_str().unwrap().to_owned(), shown["valid_until"].clone())
    };
    let reason = json!({ "reason": "a test" });
    let authorise = json!({ "reason": "a test", "until": "2100-01-01T00:00:00Z" });
    let path = format!("{endpoint}/authorise");
    let authorised = bench.json("administrator", "POST", &path, authorise).await;
    assert_eq!(authorised.status, 200, "{}", authorised.body);
    let before = status().await;
    assert_eq!(before.0, "authorised");

    let entry = bench.lists_of("device", MAC, &[], Some(600)).await;
    assert_eq!(
        (entry.status.as_u16(), &entry.json()["denies"]),
        (201, &json!(["network"])),
        "{}",
        entry.body
    );
    assert_eq!(status().await.0, "unauthorised", "at once");
    let refused = bench.json("administrator", "POST", &path, reason).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.detail().contains("is on the blocklist"), "{}", refused.body);
    let again = bench.lists_of("device", MAC, &[], None).await;
    assert_eq!(again.status, 409, "{}", again.body);
    // Nor does anybody else.
    let list = format!("mac,status\n{MAC},authorised\n");
    let path_of_import = "/api/v1/adoption/import?kind=endpoints&reason=x";
    let imported = bench.call(Some("administrator"), "POST", path_of_import, Some(("text/csv", list))).await;
    assert!(imported.body.contains("is on the blocklist"), "{}", imported.body);
    let edited = json!({ "reason": "a test", "status": "authorised" });
    let _ = bench.json("administrator", "PATCH", &endpoint, edited).await;
    assert_eq!(status().await.0, "unauthorised");
    assert_eq!(bench.desk.keep_listed_devices().await.unwrap(), 0, "nothing is to be done");
    // Its end comes by itself.
    bench.wait(SignedDuration::from_secs(601));
    assert_eq!(bench.desk.keep_listed_devices().await.unwrap(), 1);
    assert_eq!(status().await, before);
    assert_eq!(bench.desk.keep_listed_devices().await.unwrap(), 0);
    assert_eq!(bench.records("endpoint.block", "success").await, 1);
    assert_eq!(bench.records("endpoint.authorise", "success").await, 2, "by hand, and when the entry ended");

    // Taken off the list it is at once what it was; one that nobody has seen can be on it, too.
    let entry = bench.lists_of("device", MAC, &[], None).await;
    assert_eq!(status().await.0, "unauthorised");
    bench.takes_off(&entry).await;
    assert_eq!(status().await, before);
    // What somebody says of it meanwhile holds afterwards.
    let entry = bench.lists_of("device", MAC, &[], None).await;
    let block = json!({ "reason": "stolen" });
    assert_eq!(bench.json("administrator", "POST", &format!("{endpoint}/block"), block).await.status, 200);
    bench.takes_off(&entry).await;
    assert_eq!(status().await.0, "unauthorised");
    for nobody in ["01:00:5e:00:00:01", "00:00:00:00:00:00"] {
        assert_eq!(bench.lists_of("device", nobody, &[], None).await.status, 422, "{nobody}");
    }
    let stranger = bench.lists_of("device", "00:1b:21:00:00:77", &[], None).await;
    assert_eq!(stranger.status, 201, "{}", stranger.body);
    let shown = bench.call(Some("administrator"), "GET", "/api/v1/endpoints/00:1b:21:00:00:77", None).await;
    assert_eq!(shown.json()["status"], "unauthorised", "{}", shown.body);
}

//! What makes no sense is refused in one clear sentence, and changes nothing.

use serde_json::json;

use crate::desk::{MAC, PORT, bench};

#[tokio::test]
async fn bad_requests_are_told_in_one_sentence() {
    let bench = bench().await;
    let long = "x".repeat(2 << 20);
    let sent = |text: &str| Some(("application/json", text.to_owned()));
    let authorise = format!("/api/v1/endpoints/{MAC}/authorise");
    let port = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    for (method, path, body, status, words) in [
        ("GET", "/api/v1/endpoints/00:1b:21", None, 400, "is no MAC address"),
        ("GET", "/api/v1/endpoints/ff:ff:ff:ff:ff:ff", None, 404, "does not exist"),
        ("GET", "/api/v1/endpoints/%ff%fe", None, 400, "address cannot be read"),
        ("GET", "/api/v1/endpoints?limit=99999999999999999999", None, 400, "whole number from 1 to 1000"),
        ("GET", "/api/v1/endpoints?limit=1000000", None, 422, "1 to 1000 rows"),
        ("GET", "/api/v1/endpoints?limit=-1", None, 400, "whole number"),
        ("GET", "/api/v1/endpoints?after=AAAA", None, 422, ""),
        ("GET", "/api/v1/events?after=x", None, 422, "is not where a list"),
        ("GET", "/api/v1/endpoints?password=x", None, 422, "there is no column 'password'"),
        ("GET", "/api/v1/endpoints?sort=note%27%3B--", None, 422, "there is no column"),
        ("GET", "/api/v1/endpoints?vlan=ten", None, 422, "is no whole number"),
        ("GET", "/api/v1/history?mac=x&ip=y", None, 400, "exactly one"),
        ("GET", "/api/v1/history?ip=300.1.1.1", None, 400, "no IP address"),
        ("GET", "/api/v1/jobs/not-a-uuid", None, 400, ""),
        ("GET", "/api/v1/elements/9223372036854775808", None, 400, ""),
        ("GET", "/api/v1/elements/999", None, 404, "network element 999 does not exist"),
        ("POST", authorise.as_str(), sent("{"), 400, "no JSON"),
        ("POST", authorise.as_str(), sent(r#"{"reason":"a","colour":"red"}"#), 400, "unknown field `colour`"),
        ("POST", authorise.as_str(), sent(r#"{"reason":7}"#), 400, "invalid type"),
        ("POST", authorise.as_str(), sent(r#"{"reason":"  "}"#), 422, "reason is needed"),
        ("POST", authorise.as_str(), Some(("text/plain", "{}".into())), 415, "application/json"),
        ("POST", authorise.as_str(), sent(&format!(r#"{{"reason":"{long}"}}"#)), 413, "larger"),
        ("POST", "/api/v1/rules", sent(r#"{"name":"a","on":["no_such_kind"],"reason":"a"}"#), 400, "no rule"),
        (
            "POST",
            "/api/v1/rules",
            sent(r#"{"name":"a","on":["mac_online"],"condition":"1 +","reason":"a"}"#),
            422,
            "",
        ),
        (
            "POST",
            "/api/v1/tokens",
            sent(r#"{"name":"a","days":1,"operations":["rm -rf"]}"#),
            400,
            "is no operation",
        ),
        ("POST", "/api/v1/elements/discover", sent(r#"{"subnet":"10.0.0.0/8"}"#), 422, "4096"),
        (
            "POST",
            "/api/v1/system/backups",
            sent(r#"{"name":"../../etc/passwd"}"#),
            422,
            "begins with a letter",
        ),
        ("GET", "/api/v1/system/backups/..%2F..%2Fetc%2Fpasswd", None, 422, "begins with a letter"),
        ("PATCH", port.as_str(), sent(r#"{"reason":"a","role":"boss"}"#), 400, "'boss' is no role"),
        ("DELETE", "/api/v1/endpoints", None, 405, "does not take that method"),
        ("GET", "/api/v2/endpoints", None, 404, "nothing at this address"),
    ] {
        let answer = bench.call(Some("administrator"), method, path, body).await;
        let shown: String = path.chars().take(80).collect();
        assert_eq!(answer.status, status, "{method} {shown}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {shown}");
        let detail = answer.detail();
        assert!(!detail.is_empty() && detail.len() < 700, "{method} {shown}: {detail}");
        assert!(detail.contains(words), "{method} {shown}: {detail}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let bench = bench().await;
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let page = bench.call(Some("administrator"), "GET", "/api/v1/audit?limit=1", None).await.json();
    let cursor = page["next"].as_str().unwrap();
    let path = format!("/api/v1/endpoints?sort=name&after={cursor}");
    let answer = bench.call(Some("administrator"), "GET", &path, None).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
}

#[tokio::test]
async fn an_edit_of_an_old_revision_is_refused() {
    let bench = bench().await;
    let rule =
        json!({ "reason": "a", "name": "seen", "on": ["mac_online"], "reactions": [{ "do": "quarantine" }] });
    let made = bench.json("operator", "POST", "/api/v1/rules", rule.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!((made.status.as_u16(), tag.as_str()), (201, "\"1\""));
    for status in [200, 412] {
        let body = Some(("application/json", rule.to_string()));
        let sent = [("if-match", tag.as_str())];
        let answer = bench.call_with(Some("operator"), "PUT", "/api/v1/rules/seen", body, &sent).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let body = Some(("application/json", rule.to_string()));
    let answer =
        bench.call_with(Some("operator"), "PUT", "/api/v1/rules/seen", body, &[("if-match", "x")]).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_repeated_act_is_done_once() {
    let bench = bench().await;
    let path = format!("/api/v1/ports/{}/{PORT}/off", bench.ne.0);
    let mut requests = Vec::new();
    for key in ["k1", "k1", "k2"] {
        let body = Some(("application/json", r#"{"reason":"a test"}"#.to_owned()));
        let answer =
            bench.call_with(Some("operator"), "POST", &path, body, &[("idempotency-key", key)]).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        requests.push(answer.json()["request"].as_str().unwrap().to_owned());
    }
    assert_eq!(requests[0], requests[1]);
    assert_ne!(requests[1], requests[2]);
    assert_eq!(bench.records("port.off", "success").await, 2);
}

#[tokio::test]
async fn why_says_who_asked_and_what_was_done() {
    let bench = bench().await;
    let path = format!("/api/v1/endpoints/{MAC}/why");
    let before = bench.call(Some("helpdesk"), "GET", &path, None).await.json();
    let access = before["access"].as_str().unwrap();
    assert!(
        access.contains("on sw1 port Gi1/0/1 in VLAN 10")
            && access.contains("nothing of ours is on its port"),
        "{access}"
    );
    assert!(!before["chain"].as_array().unwrap().is_empty());
    let moved = format!("/api/v1/endpoints/{MAC}/move");
    bench.json("operator", "POST", &moved, json!({ "reason": "it misbehaves" })).await;
    let after = bench.call(Some("helpdesk"), "GET", &path, None).await.json();
    let chain = after["chain"].as_array().unwrap();
    let person = chain.iter().find(|link| link["stage"] == "person").unwrap();
    assert_eq!(person["text"], "operator asked for it: it misbehaves");
    let access = after["access"].as_str().unwrap();
    assert!(access.contains("moved to VLAN 666"), "{access}");
}

#[tokio::test]
async fn no_answer_shows_a_secret() {
    let bench = bench().await;
    let secret = "open sesame now";
    let body = json!({ "name": "watch", "kind": "v3", "user": "watch", "auth_protocol": "SHA-256", "auth_password": secret });
    let made = bench.json("operator", "POST", "/api/v1/credentials", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    for path in ["/api/v1/credentials", "/api/v1/audit?limit=1000", "/api/v1/tokens", "/api/v1/users"] {
        let answer = bench.call(Some("administrator"), "GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.contains("sesame") && !made.body.contains("sesame"), "{path}");
    }
}

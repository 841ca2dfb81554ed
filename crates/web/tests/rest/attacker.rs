//! What somebody tries who means harm. Forced browsing is in ratchet.rs and planes.rs, ids of others in domains.rs and
//! planes.rs, forms of other sites and fixed sessions in pages.rs, used codes in factors.rs; the rest is here. Nothing
//! gets through, and the trail knows of it.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use crate::desk::{Answer, Bench, PASSWORD, bench};
use crate::ratchet::routes;

impl Bench {
    /// A request over the network from an address, with whatever headers and body.
    pub async fn from(
        &self,
        address: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        let source: SocketAddr = format!("{address}:40000").parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(source));
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if stream { Vec::new() } else { to_bytes(body, 1 << 24).await.unwrap().to_vec() };
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn guesses(
        &self,
        address: &str,
        user: &str,
        password: &str,
        headers: &[(&str, &str)],
    ) -> StatusCode {
        let body = json!({ "user": user, "password": password }).to_string();
        let all = [&[("content-type", "application/json")], headers].concat();
        self.from(address, "POST", "/api/v1/sessions", &all, body.into_bytes()).await.status
    }

    /// Failed and denied logins that the trail knows of, counted ones included.
    async fn told_of(&self, text: &str) -> bool {
        self.desk.trail.tick(self.desk.clock.now()).await.unwrap();
        let path = "/api/v1/audit?operation=session.login&limit=1000";
        self.call(Some("administrator"), "GET", path, None).await.body.contains(text)
    }
}

// proves: IAM-08, AUD-14
#[tokio::test]
async fn guessing_from_one_address_locks_it_and_from_many_locks_the_account() {
    let bench = bench().await;
    // From one address, a name each time, and a forged source each time.
    for guess in 0..10 {
        let forged = format!("203.0.113.{guess}");
        let headers = [("x-forwarded-for", forged.as_str()), ("x-real-ip", forged.as_str())];
        let name = format!("name-{guess}");
        assert_eq!(bench.guesses("198.51.100.66", &name, "guess", &headers).await, 401);
    }
    assert_eq!(bench.guesses("198.51.100.66", "operator", PASSWORD, &[]).await, 401, "the address is locked");
    assert_eq!(bench.guesses("198.51.100.67", "operator", PASSWORD, &[]).await, 201, "another is not");
    assert!(bench.told_of("198.51.100.66").await && !bench.told_of("203.0.113.").await, "the forged ones");
    // From many addresses at one account.
    for guess in 0..5 {
        let from = format!("192.0.2.{}", 100 + guess);
        assert_eq!(bench.guesses(&from, "helpdesk", "guess", &[]).await, 401);
    }
    assert_eq!(bench.guesses("192.0.2.200", "helpdesk", PASSWORD, &[]).await, 401, "the account is locked");
    assert!(bench.told_of("the account is locked from now on").await);
    // 'admin' would be locked as an address, never as an account.
    assert_eq!(bench.guesses("192.0.2.201", "operator", PASSWORD, &[]).await, 201);
}

// proves: IAM-11, AUD-14
#[tokio::test]
async fn headers_change_neither_who_asks_nor_from_where_nor_what() {
    let bench = bench().await;
    let office =
        json!({ "reason": "a test", "name": "office", "kind": "addresses", "lines": "192.0.2.0/24" });
    assert!(bench.json("administrator", "POST", "/api/v1/policies/logins", office).await.status.is_success());
    let bound = json!({ "reason": "a test", "attributes": { "address_policy": "office" } });
    assert_eq!(bench.json("administrator", "PATCH", "/api/v1/users/operator", bound).await.status, 200);
    let secret = format!("Bearer {}", bench.secrets["operator"]);
    let forged = [
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1;proto=https;by=127.0.0.1"),
        ("x-real-ip", "192.0.2.1"),
        ("true-client-ip", "192.0.2.1"),
        ("via", "1.1 127.0.0.1"),
    ];
    let all = [&[("authorization", secret.as_str())][..], &forged].concat();
    for (from, status) in [("198.51.100.9", 401), ("192.0.2.9", 200)] {
        let answer = bench.from(from, "GET", "/api/v1/elements", &all, Vec::new()).await;
        assert_eq!(answer.status, status, "{from}: {}", answer.body);
    }
    // Another method or path in a header is none.
    let secret = format!("Bearer {}", bench.secrets["helpdesk"]);
    let told = [
        ("authorization", secret.as_str()),
        ("content-type", "application/json"),
        ("x-http-method-override", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/api/v1/endpoints"),
        ("x-rewrite-url", "/api/v1/endpoints"),
        ("x-forwarded-prefix", "/management"),
        ("netwarden-plane", "management"),
    ];
    assert_eq!(bench.from("192.0.2.9", "GET", "/api/v1/users", &told, Vec::new()).await.status, 403);
    let own = bench.from("192.0.2.9", "GET", "/api/v1/sessions/own", &told, Vec::new()).await;
    assert_eq!((own.status.as_u16(), own.json()["plane"].as_str().unwrap()), (200, "om"));
    let count = async || bench.call(Some("administrator"), "GET", "/api/v1/users", None).await.json();
    let users = count().await["total"].clone();
    let body = json!({ "reason": "a test" }).to_string().into_bytes();
    let answer = bench.from("192.0.2.9", "POST", "/api/v1/users/revisor/unlock", &told, body).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(count().await["total"], users);
    // Two secrets, or a half one, are none.
    for value in ["Bearer", "Bearer  ", "Basic b3BlcmF0b3I6eA==", "Bearer nws_x, Bearer nws_y", "bearer\tx"] {
        let answer =
            bench.from("192.0.2.9", "GET", "/api/v1/users", &[("authorization", value)], Vec::new()).await;
        assert_eq!(answer.status, 401, "{value:?}");
    }
}

/// Bodies that nothing takes.
fn broken() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = "application/json";
    let deep = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
    let deep_object = [br#"{"a":"#.repeat(20_000), b"1".to_vec(), b"}".repeat(20_000)].concat();
    vec![
        ("nothing", json, Vec::new()),
        ("half of it", json, br#"{"reason": "a te"#.to_vec()),
        ("a list", json, b"[1, 2, 3]".to_vec()),
        ("a number", json, b"1e999999".to_vec()),
        ("null", json, b"null".to_vec()),
        ("deep lists", json, deep),
        ("deep objects", json, deep_object),
        ("no UTF-8", json, b"{\"reason\": \"\xff\xfe\"}".to_vec()),
        ("a NUL", json, b"{\"reason\": \"\\u0000\", \"name\": \"\\u0000\"}".to_vec()),
        ("half a surrogate", json, br#"{"reason": "\ud800"}"#.to_vec()),
        ("the same twice", json, br#"{"reason": "a", "reason": "b"}"#.to_vec()),
        (
            "unknown fields",
            json,
            br#"{"reason": "a", "__proto__": {"admin": true}, "is_admin": true}"#.to_vec(),
        ),
        (
            "another kind",
            "text/xml",
            b"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>".to_vec(),
        ),
        ("a form", "application/x-www-form-urlencoded", b"reason=a&name=b".to_vec()),
        ("too much", json, [b"{\"reason\": \"".to_vec(), vec![b'x'; 3 << 20], b"\"}".to_vec()].concat()),
    ]
}

// proves: IAM-19
#[tokio::test]
async fn whatever_is_sent_ends_in_a_sentence_and_never_in_an_error_of_the_server() {
    let bench = bench().await;
    let secret = format!("Bearer {}", bench.secrets["administrator"]);
    let (mut asked, mut wrong) = (0, Vec::new());
    for route in routes().keys() {
        let (method, path) = route.split_once(' ').unwrap();
        let path = filled(path, "7");
        // These end the session that asks.
        if path.starts_with("/api/v1/sessions/") && method == "DELETE" {
            continue;
        }
        if method != "GET" {
            for (what, kind, body) in broken() {
                let headers = [("authorization", secret.as_str()), ("content-type", kind)];
                let answer = bench.from("192.0.2.9", method, &path, &headers, body).await;
                asked += 1;
                if answer.status.is_server_error() || answer.body.contains("panicked") {
                    wrong.push(format!("{route}, {what}: {} {}", answer.status, answer.body));
                }
            }
        }
        for odd in [
            "%00",
            "..%2f..%2fetc",
            "%ff",
            "-1",
            "99999999999999999999",
            "%27%20OR%201=1--",
            "%7B%7B7*7%7D%7D",
            "%0d%0aX:y",
        ] {
            let path = filled(route.split_once(' ').unwrap().1, odd);
            for query in [
                "",
                "?limit=-1",
                "?limit=99999999999999999999",
                "?sort=name;drop&after=%00",
                "?text=%27%22%25_%00&name[]=x",
            ] {
                if method != "GET" && !query.is_empty() {
                    continue;
                }
                let headers = [("authorization", secret.as_str()), ("content-type", "application/json")];
                let answer = bench
                    .from("192.0.2.9", method, &format!("{path}{query}"), &headers, b"{}".to_vec())
                    .await;
                asked += 1;
                if answer.status.is_server_error() || answer.headers.contains_key("x") {
                    wrong.push(format!("{method} {path}{query}: {} {}", answer.status, answer.body));
                }
            }
        }
    }
    assert!(asked > 3_000, "only {asked} were asked");
    assert!(wrong.is_empty(), "{} of {asked}: {wrong:#?}", wrong.len());
    // It is all still there.
    assert_eq!(bench.call(Some("administrator"), "GET", "/api/v1/sessions/own", None).await.status, 200);
    assert_eq!(bench.call(None, "GET", "/healthz", None).await.status, 200);
}

/// A route's path with `with` for each of its parameters.
fn filled(path: &str, with: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { with } else { part });
    parts.collect::<Vec<_>>().join("/")
}

// proves: IAM-19
#[tokio::test]
async fn no_other_method_does_anything() {
    let bench = bench().await;
    let secret = format!("Bearer {}", bench.secrets["administrator"]);
    let known = routes();
    let paths: std::collections::BTreeSet<String> =
        known.keys().map(|route| filled(route.split_once(' ').unwrap().1, "7")).collect();
    let has = |method: &str, path: &str| {
        known.keys().any(|route| {
            let (its, template) = route.split_once(' ').unwrap();
            its == method && filled(template, "7") == path
        })
    };
    for path in &paths {
        for method in
            ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "get"]
        {
            if has(method, path) {
                continue;
            }
            let headers = [("authorization", secret.as_str())];
            let answer = bench.from("192.0.2.9", method, path, &headers, Vec::new()).await;
            let none = matches!(answer.status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND);
            // Two routes can be one path here: what belongs to the other is refused for what it lacks.
            let is_shadowed =
                answer.status.is_client_error() || answer.status == StatusCode::OK && method == "GET";
            assert!(none || is_shadowed, "{method} {path}: {}", answer.status);
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_else() {
    let bench = bench().await;
    let password = PASSWORD.replace('/', "%2F");
    for to in [
        "//evil.example",
        "/%5Cevil.example",
        "\\evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:x=1",
        "%09//evil.example",
        "/%2F/evil.example",
    ] {
        for prefix in ["", "/management"] {
            let fields = format!("user=operator&password={password}&to={to}");
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let path = format!("{prefix}/sign-in");
            let answer = bench.from("192.0.2.9", "POST", &path, &form, fields.into_bytes()).await;
            let led = answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned());
            let Some(led) = led else {
                assert_eq!((prefix, answer.status.as_u16()), ("/management", 401), "{to}");
                continue;
            };
            assert!(
                led.starts_with('/') && !led.starts_with("//") && !led.contains('\\'),
                "{to} leads to {led}"
            );
            assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1, "{to}");
        }
    }
}

/// What the time of a refusal tells of who there is: reported, for clocks of test machines prove nothing.
// proves: IAM-14
#[tokio::test]
async fn a_name_that_nobody_has_is_refused_like_any_other() {
    let bench = bench().await;
    let mut times = [Vec::new(), Vec::new()];
    let mut said = std::collections::BTreeSet::new();
    for round in 0..12 {
        for (slot, user) in ["revisor", "nobody-at-all"].into_iter().enumerate() {
            let body = json!({ "user": user, "password": "wrong" }).to_string().into_bytes();
            let kind = [("content-type", "application/json")];
            let from = format!("198.51.100.{}", 10 + round);
            let begun = Instant::now();
            let answer = bench.from(&from, "POST", "/api/v1/sessions", &kind, body).await;
            times[slot].push(begun.elapsed().as_micros());
            said.insert((answer.status.as_u16(), answer.body));
        }
    }
    assert_eq!(said.len(), 1, "one answer whatever the reason: {said:?}");
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    println!(
        "median of a refusal: {} us for a name there is, {} us for one there is not",
        medians[0], medians[1]
    );
}

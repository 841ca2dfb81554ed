//! What is turned away at the limits of access, and who is not (SEC-09).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures::stream;
use netwarden_identity::Plane;
use netwarden_operate::Origin;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::desk::{Answer, Bench, PASSWORD, bench};

impl Bench {
    async fn limit(&self, parameter: &str, value: &str) {
        let body = json!({ "value": value, "reason": "a test" });
        let path = format!("/api/v1/system/parameters/{parameter}");
        let set = self.json("administrator", "PUT", &path, body).await;
        assert_eq!(set.status, 204, "{}", set.body);
    }

    /// A request from there of which the body never comes: it has taken a place, until it is dropped.
    async fn lingers(&self, address: &str) -> JoinHandle<()> {
        let source: SocketAddr = format!("{address}:40000").parse().unwrap();
        let (says, mut read) = mpsc::channel(1);
        let never = stream::poll_fn(move |_| -> Poll<Option<Result<Bytes, Infallible>>> {
            let _ = says.try_send(());
            Poll::Pending
        });
        let mut request = Request::post("/api/v1/sessions")
            .header("content-type", "application/json")
            .body(Body::from_stream(never))
            .unwrap();
        request.extensions_mut().insert(ConnectInfo(source));
        let app = self.app.clone();
        let lingering = tokio::spawn(async move { drop(app.oneshot(request).await) });
        read.recv().await.expect("its body is waited for");
        lingering
    }

    async fn get_from(&self, address: &str, secret: Option<&str>, path: &str) -> Answer {
        let bearer = secret.map(|secret| format!("Bearer {secret}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        self.from(address, "GET", path, &headers, Vec::new()).await
    }

    async fn session_of(&self, user: &str, address: &str) -> String {
        let origin =
            Origin { address: Some(address.parse().unwrap()), device: "a program of the tests".to_owned() };
        let password = Zeroizing::new(PASSWORD.to_owned());
        self.desk.login(Plane::Om, user, password, origin).await.unwrap().secret.to_string()
    }
}

// proves: SEC-09
#[tokio::test]
async fn who_keeps_the_system_going_has_places_that_strangers_cannot_take() {
    let bench = bench().await;
    let administrator = bench.session_of("administrator", "192.0.2.1").await;
    let helpdesk = bench.session_of("helpdesk", "192.0.2.2").await;
    bench.limit("access.requests_at_once", "16").await;
    // Fourteen are for everybody, four at most of one address.
    let mut lingering = Vec::new();
    for n in 0..14 {
        lingering.push(bench.lingers(&format!("198.51.100.{}", n / 4)).await);
    }
    let comes = async || bench.get_from("203.0.113.1", None, "/api/v1/sessions/own").await;
    let stranger = comes().await;
    assert_eq!(stranger.status, 503, "{}", stranger.body);
    assert_eq!(stranger.headers["retry-after"], "5");
    assert_eq!(stranger.json()["detail"], "the server is at its limits: try again in a few seconds");
    let page = bench
        .from("203.0.113.1", "GET", "/sign-in", &[("accept", "text/html"), ("accept-language", "de")], vec![])
        .await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("Der Server ist an seinen Grenzen"), "{}", page.body);

    // From wherever an administrator comes; others where somebody has logged in lately.
    let path = "/api/v1/endpoints?limit=1";
    for (address, secret, expected) in [
        ("203.0.113.2", Some(&administrator), 200),
        ("203.0.113.2", Some(&helpdesk), 503),
        ("192.0.2.2", Some(&helpdesk), 200),
        ("203.0.113.2", None, 503),
        ("192.0.2.2", None, 401),
        ("198.51.100.0", Some(&administrator), 200),
        ("198.51.100.0", Some(&helpdesk), 429),
    ] {
        let answer = bench.get_from(address, secret.map(String::as_str), path).await;
        assert_eq!(answer.status.as_u16(), expected, "{address}: {}", answer.body);
    }
    // The local socket has no limits.
    assert_eq!(bench.call(Some("helpdesk"), "GET", path, None).await.status, 200);

    // The trail names somebody who was turned away, and the counter counts them all.
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let path = "/api/v1/audit?text=too+many+requests";
    let told = bench.call(Some("administrator"), "GET", path, None).await;
    assert!(told.body.contains("203.0.113.1"), "{}", told.body);
    let metrics = bench.call(Some("administrator"), "GET", "/metrics", None).await.body;
    let counted = metrics.lines().find_map(|line| line.strip_prefix("netwarden_turned_away_total ")).unwrap();
    assert!(counted.parse::<f64>().unwrap() >= 5.0, "{counted}");

    // Who leaves makes room.
    for one in lingering {
        one.abort();
        drop(one.await);
    }
    assert_eq!(comes().await.status, 401);
}

// proves: SEC-09
#[tokio::test]
async fn a_source_has_its_rate_and_who_is_logged_in_another_besides() {
    let bench = bench().await;
    let operator = bench.session_of("operator", "192.0.2.1").await;
    bench.limit("access.source_requests_per_s", "1").await;
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(bench.get_from("198.51.100.1", None, "/healthz").await.status.as_u16());
    }
    let passed = answers.iter().filter(|status| **status == 200).count();
    // Ten at once, and one for each second that the test took.
    assert!((10..20).contains(&passed) && answers.ends_with(&[429]), "{answers:?}");
    let own = bench.get_from("198.51.100.1", Some(&operator), "/api/v1/endpoints?limit=1").await;
    assert_eq!(own.status, 200, "{}", own.body);
    let none = bench
        .get_from("198.51.100.1", Some("nws_0000000000000000000000000000000000000000000"), "/healthz")
        .await;
    assert_eq!(none.status, 429, "{}", none.body);
    // IPv6: a host has a whole /64.
    for n in 0..30 {
        bench.get_from(&format!("[2001:db8::{n:x}]"), None, "/healthz").await;
    }
    assert_eq!(bench.get_from("[2001:db8::ffff]", None, "/healthz").await.status, 429);
    assert_eq!(bench.get_from("[2001:db8:0:1::1]", None, "/healthz").await.status, 200);
    // No header says otherwise.
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let told = bench.from("198.51.100.1", "GET", "/healthz", &[(header, "192.0.2.77")], vec![]).await;
        assert_eq!(told.status, 429, "{header}");
    }
    bench.limit("access.source_requests_per_s", "0").await;
    assert_eq!(bench.get_from("198.51.100.1", None, "/healthz").await.status, 200);
}

// proves: SEC-09, IAM-08
#[tokio::test]
async fn what_was_tried_counts_although_nobody_waits_for_it() {
    let bench = bench().await;
    let body = json!({ "user": "operator", "password": "a guess" }).to_string();
    for _ in 0..5 {
        let headers = [("content-type", "application/json")];
        let attempt =
            bench.from("198.51.100.7", "POST", "/api/v1/sessions", &headers, body.clone().into_bytes());
        // It has come as far as the login, and the client has gone.
        let mut attempt = Box::pin(attempt);
        assert!(futures::poll!(&mut attempt).is_pending());
    }
    let is_counted = async || {
        let path = "/api/v1/logins?all=true&user=operator&was_refused=true";
        let told = bench.call(Some("administrator"), "GET", path, None).await.json();
        told["items"].as_array().is_some_and(|items| items.len() == 5)
    };
    for tries in 0.. {
        if is_counted().await {
            break;
        }
        assert!(tries < 500, "the five were not counted");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

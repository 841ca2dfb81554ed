//! The whole REST interface over a desk and a database of its own: any address, query, header and body of an
//! identified caller.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use tower::ServiceExt;

use crate::script::Script;
use crate::served::desk::Bench;
use crate::served::{encoded, part, served};

/// Addresses that only read, and such whose change stays within the database. Left out is what ends the
/// session, writes a file or sends a datagram.
const ADDRESSES: &[(&str, &str)] = &[
    ("GET", "/api/v1/endpoints"),
    ("GET", "/api/v1/endpoints/{}"),
    ("GET", "/api/v1/endpoints/{}/why"),
    ("GET", "/api/v1/endpoints/{}/history"),
    ("GET", "/api/v1/history"),
    ("GET", "/api/v1/elements"),
    ("GET", "/api/v1/elements/{}"),
    ("GET", "/api/v1/ports"),
    ("GET", "/api/v1/ports/1/{}"),
    ("GET", "/api/v1/ports/1/{}/why"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/events/{}"),
    ("GET", "/api/v1/rules"),
    ("GET", "/api/v1/rules/{}"),
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/users"),
    ("GET", "/api/v1/tokens"),
    ("GET", "/api/v1/credentials"),
    ("GET", "/api/v1/jobs/{}"),
    ("GET", "/api/v1/system/parameters"),
    ("GET", "/api/v1/elements/{}/ports"),
    ("GET", "/api/v1/ports/1/{}/history"),
    ("GET", "/api/v1/audit/{}"),
    ("GET", "/api/v1/rules/{}/revisions"),
    ("GET", "/api/v1/jobs"),
    ("GET", "/api/v1/groups"),
    ("GET", "/{}"),
    ("PATCH", "/api/v1/endpoints/{}"),
    ("POST", "/api/v1/endpoints/{}/authorise"),
    ("POST", "/api/v1/endpoints/{}/block"),
    ("PATCH", "/api/v1/ports/1/{}"),
    ("POST", "/api/v1/rules"),
    ("PUT", "/api/v1/rules/{}"),
    ("POST", "/api/v1/rules/check"),
    ("PUT", "/api/v1/system/parameters/{}"),
    ("POST", "/api/v1/endpoints/{}/move"),
    ("POST", "/api/v1/adoption/import?kind=endpoints&reason=a"),
];

const NAMES: &[&str] = &[
    "text",
    "sort",
    "after",
    "limit",
    "mac",
    "vlan",
    "kind",
    "from",
    "until",
    "ip",
    "name",
    "ne",
    "online",
    "status",
    "severity",
    "at",
    "operation",
    "outcome",
    "on",
    "reason",
];

const FIELDS: &[&str] = &[
    "reason",
    "name",
    "on",
    "condition",
    "reactions",
    "enabled",
    "until",
    "owner",
    "note",
    "group",
    "status",
    "role",
    "value",
    "description",
    "period",
    "severity",
    "alarm",
    "protected",
    "custom1",
    "bound_to",
];

fn json(script: &mut Script<'_>, depth: u8) -> serde_json::Value {
    match script.byte() % 10 {
        0 => serde_json::Value::Null,
        1 => script.byte().is_multiple_of(2).into(),
        2 => script.byte().into(),
        3 => script.long().cast_signed().into(),
        4 if depth < 5 => (0..script.byte() % 4).map(|_| json(script, depth + 1)).collect(),
        5 if depth < 5 => object(script, depth),
        6 => ["new_endpoint", "mac_online", "quarantine", "authorised", "2030-01-01T00:00:00Z", "1h"]
            [usize::from(script.byte() % 6)]
        .into(),
        _ => script.text().into(),
    }
}

fn object(script: &mut Script<'_>, depth: u8) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    for _ in 0..script.byte() % 8 {
        let name = match script.byte() {
            255 => script.text(),
            known => FIELDS[usize::from(known) % FIELDS.len()].to_owned(),
        };
        object.insert(name, json(script, depth + 1));
    }
    object.into()
}

/// One request: it is answered without a failure of ours, refusals are problem details of one sentence, and
/// nothing that was sent comes back as a header.
pub fn rest(octets: &[u8]) {
    served(async |bench| asked(octets, bench).await);
}

async fn asked(octets: &[u8], bench: &Bench) {
    let mut script = Script(octets);
    let (method, address) = *script.choose(ADDRESSES);
    let mut uri = match address.split_once("{}") {
        Some((before, after)) => format!("{before}{}{after}", part(&mut script)),
        None => address.to_owned(),
    };
    for _ in 0..script.byte() % 5 {
        let name = match script.byte() {
            255 => encoded(script.octets()),
            known => NAMES[usize::from(known) % NAMES.len()].to_owned(),
        };
        uri.push(if uri.contains('?') { '&' } else { '?' });
        uri.push_str(&format!("{name}={}", encoded(script.octets())));
    }
    let mut request = Request::builder().method(method).uri(&uri);
    let secret = &bench.secrets["administrator"];
    request = request.header("authorization", format!("Bearer {secret}"));
    for name in ["if-match", "idempotency-key", "accept", "last-event-id"] {
        if script.byte() % 8 == 0
            && let Ok(value) = HeaderValue::from_bytes(script.octets())
        {
            request = request.header(HeaderName::from_static(name), value);
        }
    }
    let body = if method == "GET" {
        Body::empty()
    } else if script.byte() % 4 == 0 || address.contains("import") {
        request = request
            .header("content-type", if address.contains("import") { "text/csv" } else { "application/json" });
        Body::from(script.0.to_vec())
    } else {
        request = request.header("content-type", "application/json");
        let mut body = object(&mut script, 0);
        if let Some(body) = body.as_object_mut().filter(|body| !body.contains_key("reason")) {
            body.insert("reason".to_owned(), "a test".into());
        }
        Body::from(body.to_string())
    };
    let Ok(request) = request.body(body) else { return };
    let response = bench.app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    assert!(!parts.status.is_server_error(), "{method} {uri}: {}", parts.status);
    assert_ne!(parts.status, StatusCode::UNAUTHORIZED, "{method} {uri}: the session is gone");
    let kind = parts.headers.get("content-type").map(HeaderValue::as_bytes).unwrap_or_default();
    assert_eq!(parts.headers.get("x-content-type-options").map(HeaderValue::as_bytes), Some(&b"nosniff"[..]));
    if kind == b"text/event-stream" {
        return;
    }
    let body = to_bytes(body, 16 << 20).await.expect("an answer of bounded size");
    let path = uri.split('?').next().unwrap_or_default();
    if parts.status.is_client_error() && !is_of_rest(path) {
        assert!(kind.starts_with(b"text/html"), "{method} {uri}");
    } else if parts.status.is_client_error() {
        assert_eq!(kind, b"application/problem+json", "{method} {uri}");
        let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem is JSON");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty() && detail.len() < 2_000, "{method} {uri}: {} octets", detail.len());
    }
}

/// Beside REST, health and metrics stand the pages of the console, which answer people.
fn is_of_rest(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics"].contains(&path)
}

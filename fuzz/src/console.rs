//! The console: what it reads of addresses, cookies and forms, and every page of it, asked for and sent by a
//! browser that says what it likes.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use netwarden_web::testing::{self, Remembered};
use netwarden_web::{PAGES, PageOf};
use tower::ServiceExt;

use crate::script::Script;
use crate::served::desk::Bench;
use crate::served::{encoded, part, served};

/// Forms whose change stays within the database. All others are sent as well, but without the proof of their
/// session: they end it, write a file, start long work or send a datagram.
const PROVEN: &[&str] = &[
    "/endpoints/{mac}/authorise",
    "/endpoints/{mac}/block",
    "/endpoints/{mac}/move",
    "/endpoints/authorise",
    "/endpoints/block",
    "/elements/{ne}/enforce",
    "/elements/{ne}/observe",
    "/elements/{ne}/maintain",
    "/elements/{ne}/maintained",
    "/elements/{ne}/ports/{port}/off",
    "/elements/{ne}/ports/{port}/on",
    "/elements/{ne}/ports/{port}/quarantine",
    "/elements/{ne}/ports/{port}/release",
    "/elements/{ne}/ports/{port}/move",
    "/elements/{ne}/ports/{port}/protect",
    "/elements/{ne}/ports/{port}/unprotect",
    "/rules/new",
    "/rules/{id}/edit",
    "/rules/{id}/enable",
    "/rules/{id}/disable",
    "/rules/{id}/delete",
    "/rules/draft",
    "/rules/check",
    "/rules/starter",
    "/jobs/{job}/cancel",
    "/system/stop",
    "/system/resume",
    "/system/parameters/{parameter}",
    "/system/credentials/order",
    "/system/credentials/{set}",
    "/system/credentials/{set}/remove",
    "/system/new-group",
    "/system/groups/{group}",
    "/system/groups/{group}/remove",
    "/system/channels/{channel}",
    "/system/channels/{channel}/remove",
    "/system/sources/{source}/remove",
    "/system/backups/{backup}/remove",
    "/system/new-login-policy",
    "/system/login-policies/{policy}",
    "/system/account-policy/{setting}",
    "/acknowledge",
    "/adopt/baseline",
    "/adopt/enforce/{ne}/vlan",
    "/adopt/enforce/{ne}/switch",
];

const NAMES: &[&str] = &[
    "text",
    "sort",
    "after",
    "limit",
    "done",
    "to",
    "as",
    "kind",
    "status",
    "mac",
    "macs",
    "vlan",
    "name",
    "q",
    "page",
    "job",
    "copy",
    "starter",
    "old",
    "new",
    "list",
    "column",
    "show",
    "density",
    "chart",
    "charts",
    "language",
    "theme",
    "until",
    "from",
    "owner",
    "group",
    "version",
    "value",
    "description",
    "offline_after_s",
    "condition",
    "on-new_endpoint",
    "severity",
    "bind",
    "quarantine_vlan",
    "count",
    "position-1",
    "add",
    "lines",
    "failures",
];

/// It stands in no page, and would be an element in one into which a text came as it is.
const MARK: &str = "\"'><x-mark>";

/// An input for one of them.
pub fn console(octets: &[u8]) {
    let mut script = Script(octets);
    match script.byte() % 8 {
        0 => query(&script.text(), &script.text()),
        1 => led(&String::from_utf8_lossy(script.0)),
        2 | 3 => remembered(&mut script),
        _ => served(async |bench| asked(&mut script, bench).await),
    }
}

/// What was read from a query is written as the same, whatever the path before it.
fn query(text: &str, path: &str) {
    let pairs = testing::query_pairs(text);
    assert!(pairs.iter().all(|(_, value)| !value.is_empty()), "{text}");
    let address = testing::query_at(text, path);
    let written = address.strip_prefix(path).expect("the path stays in front");
    assert_eq!(written.is_empty(), pairs.is_empty(), "{address}");
    let again = written.strip_prefix('?').unwrap_or_default();
    assert_eq!(testing::query_pairs(again), pairs, "{address}");
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~%=&?".contains(&octet);
    assert!(written.bytes().all(is_plain), "{written}");
    assert_eq!(encoded(text.as_bytes()), testing::escaped(text));
}

/// A browser that is led there stays here (WHATWG URL section 4.4: tabs and line ends are nothing, `\` is `/`).
fn led(path: &str) {
    let to = testing::inside(path);
    assert!(to == path || to == "/", "{path:?} became {to:?}");
    let read: String = to.trim().chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    let read = read.replace('\\', "/");
    assert!(read.starts_with('/') && !read.starts_with("//"), "{to:?}");
    assert!(HeaderValue::from_str(to).is_ok(), "{to:?}");
}

/// Any cookies, and any choice: what is written is a cookie each, and comes back as what was chosen.
fn remembered(script: &mut Script<'_>) {
    let mut headers = HeaderMap::new();
    for _ in 0..script.byte() % 4 {
        let names = ["__Host-netwarden-list-a=", "__Host-netwarden-list-", "; ", ""];
        let name = names[usize::from(script.byte() % 4)];
        if let Ok(line) = HeaderValue::from_bytes(&[name.as_bytes(), script.octets()].concat()) {
            headers.append(header::COOKIE, line);
        }
    }
    for name in ["__Host-netwarden-list-a", "__Host-netwarden", "a"] {
        let Some(value) = testing::cookie(&headers, name) else { continue };
        let lines = || headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        assert!(lines().any(|line| line.contains(&format!("{name}={value}"))), "{name}={value}");
        assert!(!value.contains(';'), "{value}");
    }
    let mut view = Remembered::of(&headers);
    if script.byte().is_multiple_of(2) {
        let path = script.text();
        let tight = script.byte().is_multiple_of(2);
        let hidden = (0..script.byte() % 8).map(|_| script.text()).collect();
        view = view.with_list(&path, tight, hidden);
    }
    let written = view.set_cookies();
    let mut sent = HeaderMap::new();
    for cookie in &written {
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000");
        let (_, value) = pair.split_once('=').expect("a name and a value");
        let is_plain =
            |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b".~_-".contains(&octet);
        assert!(cookie.len() < 4_096 && value.bytes().all(is_plain), "{cookie}");
        sent.append(header::COOKIE, HeaderValue::from_str(pair).expect("a header"));
    }
    let again = Remembered::of(&sent);
    assert_eq!(again.set_cookies(), written, "what was written is written again");
    assert!(again == view, "{written:?} came back as {again:?}");
}

/// A text as it is written into a field, or sent in an address.
fn value(script: &mut Script<'_>) -> String {
    let known =
        ["true", "1", "desks", "authorised", "new_endpoint", "/endpoints", "00:1b:21:3a:4f:5e", "a test"];
    match script.byte() % 8 {
        0 => script.choose(&known).to_string(),
        1 => encoded(format!("{}{MARK}", script.text()).as_bytes()),
        _ => encoded(script.octets()),
    }
}

fn pairs(script: &mut Script<'_>) -> String {
    let mut text = String::new();
    for _ in 0..script.byte() % 8 {
        let name = match script.byte() {
            255 => value(script),
            known => NAMES[usize::from(known) % NAMES.len()].to_owned(),
        };
        text.push_str(&format!("{name}={}&", value(script)));
    }
    text
}

/// The address of a page about anything.
fn address(script: &mut Script<'_>, page: &PageOf) -> String {
    let mut address = String::new();
    for piece in page.path.split_inclusive('}') {
        let (before, place) = piece.split_once('{').unwrap_or((piece, ""));
        address.push_str(before);
        if !place.is_empty() {
            address.push_str(&part(script));
        }
    }
    if script.byte().is_multiple_of(2) {
        address.push_str(&format!("?{}", pairs(script)));
    }
    address
}

/// One page or form: it is answered without a failure of ours, leads nowhere else, and what was sent stands in
/// it as text only; without its proof a form does nothing.
async fn asked(script: &mut Script<'_>, bench: &Bench) {
    // By two octets: there may be more than 256.
    let chosen = usize::from(script.byte()) << 8 | usize::from(script.byte());
    let page = &PAGES[chosen % PAGES.len()];
    // The one reads the whole trail, the other a password, which takes its time.
    if page.path == "/audit/export" || page.path == "/sign-in" && page.method == "post" {
        return;
    }
    let (secret, address) = (&bench.secrets["administrator"], address(script, page));
    let mut request = Request::builder().method(page.method.to_uppercase().as_str()).uri(&address);
    request = request.header(header::COOKIE, format!("__Host-netwarden-om={secret}"));
    for name in ["cookie", "accept-language", "hx-request", "last-event-id", "sec-fetch-site", "origin"] {
        if script.byte() % 8 == 7
            && let Ok(value) = HeaderValue::from_bytes(script.octets())
        {
            request = request.header(HeaderName::from_static(name), value);
        }
    }
    let (mut proven, mut body) = (false, Vec::new());
    if page.method == "post" {
        if script.byte() % 8 != 7 {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        proven = PROVEN.contains(&page.path) && script.byte() % 8 != 7;
        if proven {
            body.extend(format!("proof={}&reason=a+test&", testing::proof_of(secret)).into_bytes());
        }
        body.extend(pairs(script).into_bytes());
        // The rest as it is: not everything that is sent was encoded.
        body.extend(script.0);
    }
    let Ok(request) = request.body(Body::from(body)) else { return };
    let (parts, body) = bench.app.clone().oneshot(request).await.unwrap().into_parts();
    let at = format!("{} {address}", page.method);
    head(&at, parts.status, &parts.headers, page.path == "/look");
    if page.method == "post" && !proven && page.path != "/look" {
        assert!(parts.status.is_client_error(), "{at} without its proof: {}", parts.status);
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if kind == b"text/event-stream" {
        return;
    }
    let body = to_bytes(body, 16 << 20).await.expect("an answer of bounded size");
    if kind.starts_with(b"text/html") {
        let text = std::str::from_utf8(&body).expect("a page is UTF-8");
        assert!(!text.contains("<x-mark"), "{at}: a text became a part of the page");
    } else if page.path != "/assets/{hash}/{name}" {
        let answer = String::from_utf8_lossy(&body);
        assert!(!parts.status.is_client_error(), "{at}: a refusal that is no page: {answer}");
    }
}

/// What holds of every answer's head.
fn head(at: &str, status: StatusCode, headers: &HeaderMap, sets_cookies: bool) {
    assert!(!status.is_server_error(), "{at}: {status}");
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().expect("ASCII"));
    assert_eq!(text(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{at}");
    let policy = text(header::CONTENT_SECURITY_POLICY).unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{at}: {policy}");
    assert!(sets_cookies || !headers.contains_key(header::SET_COOKIE), "{at}");
    if let Some(to) = text(header::LOCATION) {
        led(to);
        assert_eq!(testing::inside(to), to, "{at}");
        assert!(!to.starts_with("/sign-in"), "{at}: the session is gone");
    }
}

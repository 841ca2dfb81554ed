//! The command line against tables of what people type, and against a server that answers as told.

use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use super::fault::{DENIED, FAILED, Fault, NOT_FOUND, USAGE};
use super::session::{Printer, Session};
use super::*;

mod parity;

#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    verbs: Verbs,
}

fn parse(line: &str) -> Result<Verbs, clap::Error> {
    let words = line.split_whitespace();
    CommandLine::try_parse_from(std::iter::once("netwarden").chain(words)).map(|line| line.verbs)
}

#[test]
fn the_whole_command_line_is_sound() {
    CommandLine::command().debug_assert();
    crate::Arguments::command().debug_assert();
}

#[test]
fn what_people_type_is_understood() {
    let lines = [
        "endpoints list",
        "endpoints list printer --status new --ne core --vlan 7 --online --sort -last_seen --limit 10 --format csv",
        "endpoints list --all --filter vendor=HP --filter owner=a=b",
        "endpoints show 001b.213a.4f5e",
        "endpoints why 00-1B-21-3A-4F-5E --format json",
        "endpoints history 192.0.2.7 --at 2h",
        "endpoints history printer-3 --from 2026-11-01 --until now",
        "endpoints authorise 0:1b:21:3a:4f:5e --until 2026-12-31 --owner Ann --note x --group Office --reason hired",
        "endpoints authorise 001b213a4f5e --keep-port",
        "endpoints block 001b213a4f5e --reason stolen",
        "endpoints move 001b213a4f5e --vlan 7 --bounce --reason x",
        "endpoints set 001b213a4f5e --bind core Gi1/0/7 --reason x",
        "endpoints set 001b213a4f5e --unbind --owner= --reason x",
        "endpoints import endpoints.csv --reason x",
        "ne list",
        "ne add 192.0.2.10 --allow-v2c",
        "ne set 3 --quarantine-vlan 666 --enforcement on",
        "ne set core --enforcement off --maintenance 2h --reason x",
        "ne remove core --reason gone",
        "ne poll core",
        "ne discover 192.0.2.0/24 --port 1161 --add --reason x",
        "ne neighbours",
        "ne topology",
        "ne detail core",
        "ne preflight core --vlan 666 --reason x",
        "ne import elements.csv --reason x",
        "ports list --ne core --role uplink",
        "ports history core Gi1/0/7 --at 2026-11-22T10:00:00Z",
        "ports history core Gi1/0/7 --all",
        "ports why 3 Gi1/0/7",
        "ports on core Gi1/0/7 --reason x",
        "ports off core Gi1/0/7 --reason x",
        "ports move core Gi1/0/7 --vlan 7 --reason x",
        "ports release core Gi1/0/7 --reason x",
        "ports set core Gi1/0/7 --role uplink --protected yes",
        "events list --kind enforcement_observed --kind new_endpoint --from 7d",
        "events list --mac 001b213a4f5e --severity major",
        "events show 17",
        "events follow --format json",
        "rules list --disabled",
        "rules show 3 --toml",
        "rules add rule.toml --reason x",
        "rules edit rogue rule.json --reason x",
        "rules enable rogue --reason x",
        "rules disable rogue --reason x",
        "rules delete rogue --reason x",
        "rules revisions rogue",
        "rules check a.toml b.toml",
        "rules rehearse rogue --from 30d",
        "audit list --user admin --kind security --from 2026-11-01 --sort -at",
        "audit verify",
        "audit verify trail.jsonl --key netwarden+00000000+AAAA",
        "system status",
        "system parameters",
        "system set inventory.offline_after_s 900 --reason x",
        "system set x -5 --reason x",
        "system stop --reason x",
        "system resume --reason x",
        "system baseline --review",
        "system baseline --group Office --ne 3 --vlan 7 --bind --reason taken",
        "system baseline --no-bind --without-randomised --without-unlocated --with-unauthorised --reason taken",
        "system backup before-upgrade",
        "system backup --detach",
        "system backups",
        "system fetch-backup before-upgrade -o copy.db",
        "system remove-backup before-upgrade --reason x",
        "system health",
        "system statistics",
        "system statistics endpoints.online --from 7d --step 3600",
        "system rotate-keys root --reason x",
        "audit export -o trail.jsonl --from 10 --until 20",
        "audit key",
        "endpoints forget 001b213a4f5e --reason x",
        "endpoints group Office --description desks --offline-after 3600 --reason x",
        "endpoints remove-group Office --reason x",
        "ports show core Gi1/0/7",
        "ports list --enforced",
        "ne set core --interval forwarding=30 --timeout forwarding=500 --retries addresses=1 --scan arp=off",
        "ne set core --region north --class router --groups a,b --device-sets x --reason x",
        "ne list --region north --class switch --group a --device-set x",
        "users show ann",
        "users set ann --mobile= --mail ann@example.org --reason x",
        "passwords rules --filter on=true",
        "passwords set no_spaces=off validity=90 --profile nist-800-63b --hash argon2id --warning-days 14 --reason x",
        "passwords set --hacker-word netzwerk --reason x",
        "passwords dictionary words.txt --reason x",
        "passwords try --user ann --administrator --secrets-stdin",
        "users set ann --role Operator --enabled no --reason x",
        "users import users.csv --reason x",
        "users set ann --label night --label vie-2 --reason x",
        "users reset-password ann --reason x --plane management",
        "sessions shared --filter kind=travel",
        "roles add night --operation port.off --condition hour(now,'UTC')>=22 --reason x",
        "users reset-password ann --reason x",
        "users unlock ann --reason x",
        "users remove ann --reason x",
        "users erase ann --reason x",
        "sessions list",
        "sessions show",
        "sessions end 7 --reason x",
        "credentials list",
        "credentials add --name core --user ops --auth-protocol SHA-256 --priv-protocol AES-128",
        "credentials add --name old --v2c --secrets-stdin",
        "credentials remove old",
        "credentials order core old",
        "jobs list",
        "jobs wait 0190",
        "endpoints groups",
        "endpoints history ann --user",
        "audit show 7",
        "tokens list --everybody",
        "users list",
        "users add ann --role Helpdesk --role Revisor",
        "tokens add backup --days 30 --operation endpoint.read",
        "tokens list",
        "tokens revoke 7",
        "login --user admin --change-password --server https://192.0.2.1:8443",
        "completions bash",
        "endpoints --format json list",
        "--help",
        "endpoints list --help",
    ];
    for line in lines {
        match parse(line) {
            Ok(_) => {}
            Err(error) => assert!(!error.use_stderr(), "{line}: {error}"),
        }
    }
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_sent() {
    let lines = [
        ("endpoints", "subcommand"),
        ("endpoints show 00:1b:21:3a:4f", "12 hexadecimal digits"),
        ("endpoints show 00:1b:21:3a:4f:5g", "'g'"),
        ("endpoints list --vlan 4095", "4095"),
        ("endpoints list --online --offline", "cannot be used with"),
        ("endpoints list --limit 0", "0"),
        ("endpoints list --limit 1001", "1001"),
        ("endpoints list --filter vlan", "NAME=VALUE"),
        ("endpoints history x --at 2h --from 3h", "cannot be used with"),
        ("endpoints set 001b213a4f5e --reason x", "required"),
        ("endpoints set 001b213a4f5e --bind core", "2 values"),
        ("ne set 3 --reason x", "required"),
        ("ne set 3 --enforcement maybe", "maybe"),
        ("ne add 192.0.2.1 --unanswered", "--credential"),
        ("ports move core", "required"),
        ("ports set core Gi1 --role trunk", "trunk"),
        ("events list --kind nothing", "no kind of event"),
        ("rules check", "required"),
        ("audit verify trail.jsonl", "--key"),
        ("credentials add --name x", "required"),
        ("credentials add --name x --user a --v2c", "cannot be used with"),
        ("tokens add x --days 367", "367"),
        ("users add ann", "--role"),
        ("passwords set --reason x", "required"),
        ("passwords set min_length --reason x", "RULE=NUMBER"),
        ("passwords set min_length=many --reason x", "RULE=NUMBER"),
        ("system status --format yaml", "yaml"),
        ("system status --fingerprint 00:11", "fingerprint"),
    ];
    for (line, said) in lines {
        let Err(error) = parse(line) else { panic!("{line}: it was understood") };
        assert!(error.use_stderr(), "{line}: {error}");
        assert!(error.to_string().contains(said), "{line}: {error}");
    }
}

#[test]
fn options_of_the_server_stand_before_or_after_the_verb() {
    for line in [
        "endpoints --socket /run/nw.sock --format json list",
        "endpoints list --socket /run/nw.sock --format json",
    ] {
        let Ok(Verbs::Endpoints(noun)) = parse(line) else { panic!("{line}") };
        assert_eq!(noun.connection.socket.as_deref(), Some(std::path::Path::new("/run/nw.sock")));
        assert_eq!(noun.connection.format, Format::Json);
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut crate::Arguments::command(), "netwarden", &mut script);
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("authorise") && script.contains("rehearse"), "{shell}");
    }
}

/// What was sent: method, path with query, headers that count, body.
#[derive(Debug, Clone)]
struct Sent {
    line: String,
    if_match: Option<String>,
    key: Option<String>,
    body: Value,
}

type Log = Arc<Mutex<Vec<Sent>>>;

/// A server on a local socket that answers as `respond` says.
struct Server {
    session: Session,
    log: Log,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(format: Format, respond: impl Fn(&str) -> Response + Clone + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("nw.sock");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let log = Log::default();
        let kept = Arc::clone(&log);
        let app = axum::Router::new().fallback(move |request: Request| {
            let (respond, kept) = (respond.clone(), Arc::clone(&kept));
            async move {
                let (head, body) = request.into_parts();
                let line = format!("{} {}", head.method, head.uri);
                let header = |name: &str| {
                    head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
                };
                let (if_match, key) = (header("if-match"), header("idempotency-key"));
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                kept.lock().unwrap().push(Sent { line: line.clone(), if_match, key, body });
                respond(&line)
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = netwarden_api::Client::local(&socket).unwrap();
        Self { session: Session { client, out: Printer::keeping(format) }, log, _folder: folder }
    }

    async fn run(&self, line: &str) -> Result<(), Fault> {
        match parse(line).map_err(|error| error.to_string()).unwrap() {
            Verbs::Endpoints(noun) => endpoints::run(&self.session, noun.verb).await,
            Verbs::Ne(noun) => ne::run(&self.session, noun.verb).await,
            Verbs::Ports(noun) => ports::run(&self.session, noun.verb).await,
            Verbs::Events(noun) => events::run(&self.session, noun.verb).await,
            Verbs::Rules(noun) => rules::run(&self.session, noun.verb).await,
            Verbs::Audit(noun) => audit::run(&self.session, noun.verb).await,
            Verbs::System(noun) => system::run(&self.session, noun.verb).await,
            Verbs::Credentials(noun) => credentials::run(&self.session, noun.verb).await,
            Verbs::Channels(noun) => channels::run(&self.session, noun.verb).await,
            Verbs::Names(noun) => names::run(&self.session, noun.verb).await,
            Verbs::Users(noun) => users::run(&self.session, noun.verb).await,
            Verbs::Passwords(noun) => passwords::run(&self.session, noun.verb).await,
            Verbs::Roles(noun) => roles::run(&self.session, noun.verb).await,
            Verbs::Factors(noun) => factors::run(&self.session, noun.verb).await,
            Verbs::Blocklist(noun) => blocklist::run(&self.session, noun.verb).await,
            Verbs::Tenants(noun) => tenants::run(&self.session, noun.verb).await,
            Verbs::Domains(noun) => domains::run(&self.session, noun.verb).await,
            Verbs::Policies(noun) => policies::run(&self.session, noun.verb).await,
            Verbs::Sessions(noun) => users::run_sessions(&self.session, noun.verb).await,
            Verbs::Tokens(noun) => users::run_tokens(&self.session, noun.verb).await,
            Verbs::Jobs(noun) => jobs::run(&self.session, noun.verb).await,
            Verbs::Login(_) | Verbs::DhcpAgent(_) | Verbs::Completions { .. } => panic!("not by a session"),
        }
    }

    fn sent(&self) -> Vec<Sent> {
        self.log.lock().unwrap().clone()
    }

    fn printed(&self) -> String {
        self.session.out.printed()
    }
}

fn ok(body: Value) -> Response {
    axum::Json(body).into_response()
}

fn problem(status: u16) -> Response {
    let problem =
        netwarden_api::Problem::new(status, "x", "X", format!("the sentence for {status}\u{1b}[2J"));
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], axum::Json(problem)).into_response()
}

fn element(id: i64, name: &str) -> Value {
    json!({
        "id": id, "name": name, "address": "192.0.2.1:161", "credential": null, "status": "reachable",
        "enforcement": false, "allow_v2c": false, "quarantine_vlan": null, "voice_vlan": null,
        "forwarding_interval_s": 60, "last_poll": null, "descr": null, "location": null, "class": "", "groups": [],
        "maintenance": null,
    })
}

fn user(id: i64) -> Value {
    json!({"id": id, "name": "=1+1", "roles": ["evil\u{1b}[2J \u{202e}x"], "enabled": true})
}

#[tokio::test]
async fn problem_documents_become_sentences_and_exit_codes() {
    for (status, code) in
        [(401, DENIED), (403, DENIED), (404, NOT_FOUND), (409, FAILED), (422, FAILED), (503, FAILED)]
    {
        let server = Server::start(Format::Json, move |_| problem(status));
        let fault = server.run("system status").await.unwrap_err();
        assert_eq!(fault.code(), code, "{status}");
        assert!(fault.to_string().contains(&format!("the sentence for {status}")), "{fault}");
        assert_eq!(server.printed(), "", "nothing but data on standard output");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_said_and_not_taken() {
    let server = Server::start(Format::Table, |_| (StatusCode::BAD_GATEWAY, "<html>").into_response());
    let fault = server.run("system status").await.unwrap_err();
    assert!(fault.to_string().contains("502"), "{fault}");
    let server = Server::start(Format::Table, |_| ok(json!({"surprise": 1})));
    assert_eq!(server.run("system status").await.unwrap_err().code(), FAILED);
    assert_eq!(server.run("endpoints list").await.unwrap_err().code(), FAILED);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let client = netwarden_api::Client::local(std::path::Path::new("/nowhere/nw.sock")).unwrap();
    let session = Session { client, out: Printer::keeping(Format::Json) };
    let fault = system::run(&session, system::Verb::Status).await.unwrap_err();
    assert!(fault.to_string().contains("/nowhere/nw.sock"), "{fault}");
    assert_eq!(fault.code(), FAILED);
}

fn pages(line: &str) -> Response {
    let total = json!({"count": 10000, "more": true});
    if line.contains("after=two") {
        return ok(json!({"items": [user(3)], "total": total}));
    }
    ok(json!({"items": [user(1), user(2)], "next": "two", "total": total}))
}

#[tokio::test]
async fn all_follows_the_pages_in_every_format() {
    let server = Server::start(Format::Json, pages);
    server.run("users list --all --sort -name").await.unwrap();
    let printed: Value = serde_json::from_str(&server.printed()).unwrap();
    assert_eq!(printed["items"].as_array().unwrap().len(), 3);
    assert_eq!(printed["total"]["count"], 3);
    assert!(!server.printed().contains('\u{1b}') && !server.printed().contains('\u{202e}'));
    let lines: Vec<String> = server.sent().into_iter().map(|sent| sent.line).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("limit=1000") && lines[0].contains("sort=-name"), "{lines:?}");
    assert!(lines[1].contains("after=two"), "{lines:?}");

    let server = Server::start(Format::Csv, pages);
    server.run("users list --all").await.unwrap();
    let csv = server.printed();
    assert_eq!(csv.lines().count(), 4, "one head line: {csv}");
    assert!(csv.contains("1,'=1+1,"), "{csv}");

    let server = Server::start(Format::Table, pages);
    server.run("users list --all").await.unwrap();
    assert_eq!(server.printed().lines().count(), 4);
    assert!(!server.printed().contains('\u{1b}'));
}

#[tokio::test]
async fn a_page_is_printed_as_it_came() {
    let server = Server::start(Format::Json, pages);
    server.run("users list --limit 2").await.unwrap();
    let printed: Value = serde_json::from_str(&server.printed()).unwrap();
    assert_eq!(printed["next"], "two");
    assert_eq!(printed["total"], json!({"count": 10000, "more": true}));
    assert!(server.sent()[0].line.contains("limit=2"));
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let again = |_: &str| ok(json!({"items": [], "next": "x", "total": {"count": 1, "more": false}}));
    let server = Server::start(Format::Csv, again);
    let fault = server.run("users list --all").await.unwrap_err();
    assert!(fault.to_string().contains("same page"), "{fault}");
}

#[tokio::test]
async fn empty_lists_are_whole_documents() {
    let empty = |_: &str| ok(json!({"items": [], "total": {"count": 0, "more": false}}));
    let server = Server::start(Format::Json, empty);
    server.run("users list --all").await.unwrap();
    let printed: Value = serde_json::from_str(&server.printed()).unwrap();
    assert_eq!(printed["items"], json!([]));
}

#[tokio::test]
async fn elements_are_named_by_name_and_ports_by_names_with_slashes() {
    let respond = |line: &str| {
        if line.starts_with("GET /api/v1/elements") {
            let items = [element(4, "core-2"), element(9, "core")];
            return ok(json!({"items": items, "total": {"count": 2, "more": false}}));
        }
        ok(json!({"request": "r"}))
    };
    let server = Server::start(Format::Json, respond);
    server.run("ports off core Gi1/0/7 --reason noisy").await.unwrap();
    let sent = server.sent();
    assert_eq!(sent[1].line, "POST /api/v1/ports/9/Gi1%2F0%2F7/off");
    assert_eq!(sent[1].body, json!({"reason": "noisy"}));
    assert!(sent[1].key.as_deref().is_some_and(|key| key.len() > 30), "acts carry an Idempotency-Key");
    let fault = server.run("ports off nowhere Gi1/0/7 --reason x").await.unwrap_err();
    assert_eq!(fault.code(), NOT_FOUND);
    assert_eq!(server.sent().len(), 3, "nothing is sent for an element that is not there");
}

#[tokio::test]
async fn an_edit_without_a_revision_carries_the_tag_that_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.json");
    std::fs::write(&file, r#"{"name": "r", "on": ["new_endpoint"]}"#).unwrap();
    let respond = |_: &str| {
        let rule =
            json!({"id": 1, "revision": 7, "enabled": false, "changed_at": null, "name": "r", "on": []});
        ([(header::ETAG, "\"7\"")], axum::Json(rule)).into_response()
    };
    let server = Server::start(Format::Json, respond);
    server.run(&format!("rules edit r {} --reason x", file.display())).await.unwrap();
    let sent = server.sent();
    assert_eq!((sent[1].line.as_str(), sent[1].if_match.as_deref()), ("PUT /api/v1/rules/r", Some("\"7\"")));
}

#[tokio::test]
async fn histories_ask_for_what_was_named() {
    let cases = [
        (
            "endpoints history 001b.213a.4f5e",
            "GET /api/v1/endpoints/00%3A1b%3A21%3A3a%3A4f%3A5e/history?limit=50",
        ),
        (
            "endpoints history 192.0.2.7 --at 2026-11-22T10:00:00Z",
            "GET /api/v1/history?at=2026-11-22T10%3A00%3A00Z&ip=192.0.2.7&limit=50",
        ),
        (
            "endpoints history printer-3 --limit 7 --after x",
            "GET /api/v1/history?name=printer-3&limit=7&after=x",
        ),
        ("endpoints history ann --user", "GET /api/v1/history?user=ann&limit=50"),
        ("ports history 3 Gi1/0/7", "GET /api/v1/ports/3/Gi1%2F0%2F7/history?limit=50"),
    ];
    for (line, expected) in cases {
        let server = Server::start(Format::Csv, |_| ok(json!([])));
        server.run(line).await.unwrap();
        assert_eq!(server.sent()[0].line, expected);
        assert!(server.printed().starts_with("from,until,"), "{}", server.printed());
    }
}

// proves: SCL-03
#[tokio::test]
async fn all_of_a_history_is_followed_through_its_pages() {
    let respond = |line: &str| {
        let row = |port: &str| {
            json!({"mac": "00:1b:21:3a:4f:5e", "ne_id": 1, "ne": "sw1", "port": port, "vlan": 10, "user": null,
                   "from": "2026-11-22T10:00:00Z", "until": null, "last_seen": null})
        };
        let total = json!({"count": 2, "more": false});
        if line.contains("after=two") {
            return ok(json!({"items": [row("p1")], "total": total}));
        }
        ok(json!({"items": [row("p2")], "next": "two", "total": total}))
    };
    let server = Server::start(Format::Csv, respond);
    server.run("endpoints history 00:1b:21:3a:4f:5e --all").await.unwrap();
    assert_eq!(server.printed().lines().count(), 3, "{}", server.printed());
    assert!(server.sent()[0].line.ends_with("?limit=1000"), "{}", server.sent()[0].line);
    let server = Server::start(Format::Json, respond);
    server.run("ports history 3 Gi1/0/7").await.unwrap();
    assert!(server.printed().contains("\"next\": \"two\""), "who asks for a page sees that there is more");
}

#[tokio::test]
async fn following_ends_where_the_server_refuses_and_filters_what_comes() {
    let event = |seq: i64, kind: &str| {
        let event = json!({
            "seq": seq, "at": "2026-11-22T10:00:00Z", "recorded_at": "2026-11-22T10:00:00Z", "kind": kind,
            "severity": "minor", "outcome": "success", "subject": "x", "ne_id": null, "port": null, "text": "t",
            "details": {}, "endpoint": null, "cause": null,
        });
        format!(": alive\n\nid: {seq}\nevent: {kind}\ndata: {event}\n\n")
    };
    let body = event(4, "new_endpoint") + &event(5, "tick");
    let respond =
        move |line: &str| if line.contains("after=5") { problem(401) } else { body.clone().into_response() };
    let server = Server::start(Format::Json, respond);
    let fault = server.run("events follow --kind new_endpoint --severity warning").await.unwrap_err();
    assert_eq!(fault.code(), DENIED);
    let printed: Vec<Value> =
        server.printed().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(printed.len(), 1);
    assert_eq!(printed[0]["seq"], 4);
    let lines: Vec<String> = server.sent().into_iter().map(|sent| sent.line).collect();
    assert_eq!(lines, ["GET /api/v1/events/stream", "GET /api/v1/events/stream?after=5"]);
}

#[tokio::test]
async fn rows_that_were_refused_make_an_import_fail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "mac\n001b213a4f5e\nx\n").unwrap();
    let line = format!("endpoints import {} --reason taken", file.display());
    let server = Server::start(Format::Json, |_| {
        ok(json!({"imported": 1, "refused": ["line 3: 'x' is no MAC address"]}))
    });
    let fault = server.run(&line).await.unwrap_err();
    assert_eq!((fault.code(), fault.to_string().as_str()), (FAILED, "1 row was refused"));
    assert_eq!(server.sent()[0].line, "POST /api/v1/adoption/import?kind=endpoints&reason=taken");
    let server = Server::start(Format::Table, |_| ok(json!({"imported": 2, "refused": []})));
    server.run(&line).await.unwrap();
    assert_eq!(server.printed(), "2 imported\n");
}

#[tokio::test]
async fn a_rule_file_with_a_revision_changes_that_one_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.toml");
    std::fs::write(&file, "revision = 3\nname = 'r'\non = ['new_endpoint']\n").unwrap();
    let server = Server::start(Format::Json, |_| problem(412));
    let fault = server.run(&format!("rules edit r {} --reason x", file.display())).await.unwrap_err();
    assert_eq!(fault.code(), FAILED);
    let sent = server.sent();
    assert_eq!((sent[0].line.as_str(), sent[0].if_match.as_deref()), ("PUT /api/v1/rules/r", Some("\"3\"")));
    assert_eq!((&sent[0].body["name"], &sent[0].body["reason"]), (&json!("r"), &json!("x")));
}

fn job(state: &str) -> Value {
    json!({
        "id": "j", "what": "rehearsal of rule 'r'", "state": state, "done": 1, "total": 2, "error": null,
        "result": {"events": 2}, "started_at": "2026-11-22T10:00:00Z",
    })
}

#[tokio::test]
async fn a_job_is_followed_to_its_end() {
    for (state, done) in [("done", true), ("cancelled", false), ("failed", false)] {
        let looks = Arc::new(Mutex::new(0));
        let respond = move |line: &str| {
            if line.starts_with("POST") {
                return ok(job("running"));
            }
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            ok(job(if *looks > 2 { state } else { "running" }))
        };
        let server = Server::start(Format::Json, respond);
        let outcome = server.run("rules rehearse r --from 2026-11-01T00:00:00Z").await;
        assert_eq!(outcome.is_ok(), done, "{state}");
        assert_eq!(serde_json::from_str::<Value>(&server.printed()).unwrap()["events"], 2);
        assert_eq!(server.sent()[0].body["from"], "2026-11-01T00:00:00Z");
    }
}

#[tokio::test]
async fn a_trail_that_is_not_whole_fails() {
    let bad = |_: &str| {
        let mut ended = job("done");
        ended["result"] = json!({"leaves": 9, "checkpoints": 1, "fault": "record 4 is missing"});
        ok(ended)
    };
    let server = Server::start(Format::Json, bad);
    let fault = server.run("audit verify").await.unwrap_err();
    assert!(fault.to_string().contains("record 4 is missing"), "{fault}");
    assert_eq!(fault.code(), FAILED);
}

#[test]
fn a_file_is_verified_without_a_server() {
    let Ok(Verbs::Audit(noun)) = parse("audit verify nothing.jsonl --key x") else { panic!() };
    assert!(noun.verb.is_offline());
    let fault = audit::run_offline(&noun.connection, &noun.verb).unwrap_err();
    assert_eq!(fault.code(), USAGE, "{fault}");
}

#[tokio::test]
async fn what_stands_in_no_page_of_a_subnet_is_printed_as_it_is() {
    let found = json!({"found": [
        {"found_by": "sweep", "address": "192.0.2.7:161", "name": "sw\u{1b}[2J", "credential": "core", "added": 4},
        {"found_by": "neighbour", "addresses": ["192.0.2.8"], "name": null},
    ]});
    let respond = move |line: &str| {
        let mut job = job(if line.starts_with("POST") { "running" } else { "done" });
        job["result"] = found.clone();
        ok(job)
    };
    let server = Server::start(Format::Table, respond.clone());
    server.run("ne discover 192.0.2.0/24").await.unwrap();
    let text = server.printed();
    assert!(text.contains("as 4") && text.contains("192.0.2.8") && !text.contains('\u{1b}'), "{text}");
    let server = Server::start(Format::Json, respond);
    server.run("ne neighbours").await.unwrap();
    assert_eq!(server.sent()[0].body["subnet"], "");
}

#[tokio::test]
async fn rules_and_a_dictionary_are_sent_as_they_were_written() {
    let policy = json!({
        "profile": "source", "warning_days": 7, "hash": "argon2id,m=19456,t=2,p=1", "hacker_words": ["admin"],
        "dictionary_words": 0, "dictionary_changed_at": null, "dictionary_changed_by": null, "conflicts": [],
    });
    let server = Server::start(Format::Json, move |line| match line.contains("dictionary") {
        true => ok(json!({ "words": 2, "left_out": 1 })),
        false => ok(policy.clone()),
    });
    server
        .run("passwords set min_length=12 no_spaces=off no_word=on --hash argon2id --reason x")
        .await
        .unwrap();
    let body = server.sent()[0].body.clone();
    assert_eq!(body["rules"]["min_length"], json!({ "on": true, "number": 12 }));
    assert_eq!(body["rules"]["no_spaces"], json!({ "on": false }));
    assert_eq!(body["rules"]["no_word"], json!({ "on": true }));
    assert_eq!((&body["hash"], &body["reason"]), (&json!("argon2id"), &json!("x")));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("words.txt");
    std::fs::write(&file, "one word\n").unwrap();
    server.run(&format!("passwords dictionary {} --reason x", file.display())).await.unwrap();
    assert_eq!(server.sent()[1].line, "PUT /api/v1/policies/passwords/dictionary?reason=x");
    assert!(server.printed().contains("\"left_out\": 1"), "{}", server.printed());
}

#[tokio::test]
async fn users_of_a_file_are_printed_with_their_passwords_and_refused_rows_make_it_fail() {
    let server = Server::start(Format::Table, |_| {
        ok(
            json!({ "made": [{ "name": "ann", "password": "ph6bd-7txt8" }], "refused": ["line 3: the name is missing"] }),
        )
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    std::fs::write(&file, "name,roles\nann,guest\n,guest\n").unwrap();
    let failed = server.run(&format!("users import {} --reason x", file.display())).await.unwrap_err();
    assert!(failed.to_string().contains("1 row was refused"), "{failed}");
    assert_eq!(server.sent()[0].line, "POST /api/v1/imports/users?reason=x");
    assert!(server.printed().contains("ph6bd-7txt8"), "{}", server.printed());
}

#[tokio::test]
async fn what_was_told_is_acknowledged_and_no_more() {
    let server = Server::start(Format::Json, |line| match line {
        "GET /api/v1/sessions/own" => ok(json!({
            "user": "ann", "roles": [], "through": "session", "must_change_password": false,
            "notice": { "failures": 3 },
        })),
        _ => StatusCode::NO_CONTENT.into_response(),
    });
    server.run("sessions acknowledge").await.unwrap();
    let sent = server.sent();
    assert_eq!(sent[1].line, "POST /api/v1/sessions/own/acknowledge");
    assert_eq!(sent[1].body, json!({ "failures": 3 }));
}

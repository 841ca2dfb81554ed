//! One-shots against servers that are really there: SMTP and syslog over TLS, HTTP, programs.

// Helpers of tests fail by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use netwarden_actions::notify::digest::FloodLimit;
use netwarden_actions::notify::mail::{Frame, MailSecurity, MailServer};
use netwarden_actions::notify::syslog::{SyslogServer, SyslogTransport};
use netwarden_actions::notify::webhook::{SIGNATURE_HEADER, TIMESTAMP_HEADER, Webhook, signature};
use netwarden_actions::notify::{Channels, Secret, Trust, command::Program};
use netwarden_actions::{ActionError, EndpointChange, Endpoints, Finish, Performer, RequestState, TxFuture};
use netwarden_model::{Action, ActionRequest, Clock, EndpointStatus, EventKind, Mac};
use netwarden_spine::Spine;
use netwarden_store::Store;
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use support::{Bench, killed_after, rogue};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Notes what it was told to change; a group named `none` does not exist, `broken` is a fault.
#[derive(Debug)]
struct Noted {
    store: Store,
    changes: Mutex<Vec<String>>,
}

impl Endpoints for Noted {
    fn change<'a>(
        &'a self,
        _: &'a ActionRequest,
        endpoint: Mac,
        change: EndpointChange,
        finish: Finish,
    ) -> TxFuture<'a, Result<(), ActionError>> {
        Box::pin(async move {
            let done = match &change {
                EndpointChange::Status(status) => Ok(format!("status is {}", status.as_str())),
                EndpointChange::Group(group) if group == "none" => Err("there is no group 'none'".to_owned()),
                EndpointChange::Group(group) if group == "broken" => {
                    return Err(ActionError::Facts("broken".to_owned()));
                }
                EndpointChange::Group(group) => Ok(format!("{endpoint} is in {group}")),
            };
            if let EndpointChange::Status(status) = change {
                self.changes.lock().unwrap().push(format!("{endpoint} {}", status.as_str()));
            }
            self.store.write(move |tx| finish(tx, done)).await
        })
    }
}

struct Reactions {
    bench: Bench,
    performer: Arc<Performer<Noted>>,
    noted: Arc<Noted>,
}

impl Reactions {
    async fn new(channels: Channels) -> Self {
        let bench = Bench::new().await;
        let noted = Arc::new(Noted { store: bench.test.store.clone(), changes: Mutex::default() });
        let performer = Self::performer(&bench, &noted, channels).await;
        Self { bench, performer, noted }
    }

    async fn performer(bench: &Bench, noted: &Arc<Noted>, channels: Channels) -> Arc<Performer<Noted>> {
        let spine = Spine::open(bench.test.store.clone()).await.unwrap();
        let (_, channels) = watch::channel(Arc::new(channels));
        let clock: Arc<dyn Clock> = bench.clock.clone();
        let store = bench.test.store.clone();
        Arc::new(Performer::new(store, spine, Arc::clone(noted), channels, clock))
    }

    async fn outcome(&self, action: Action) -> (RequestState, String) {
        let id = self.bench.ask(action).await;
        self.performer.perform().await.unwrap();
        self.bench.state_of(id).await
    }
}

/// A certificate for 127.0.0.1 and localhost that signs itself.
fn certificate() -> (String, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// What a mail server was given.
#[derive(Debug, Clone, Default)]
struct Inbox(Arc<Mutex<Vec<String>>>);

impl Inbox {
    fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Talks SMTP as far as a submission needs it (RFC 5321 section 4.1).
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, answer_data: &'static str) {
        let mut stream = BufReader::new(stream);
        let _ = stream.write_all(b"220 test ESMTP\r\n").await;
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let verb = line.split_whitespace().next().unwrap_or_default().to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-test\r\n250 8BITMIME\r\n",
                "DATA" => {
                    let _ = stream.write_all(b"354 go on\r\n").await;
                    let mut mail = String::new();
                    loop {
                        line.clear();
                        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                            return;
                        }
                        if line == ".\r\n" {
                            break;
                        }
                        mail.push_str(&line);
                    }
                    if answer_data.is_empty() {
                        std::future::pending::<()>().await;
                    }
                    if answer_data.starts_with('2') {
                        self.0.lock().unwrap().push(mail);
                    }
                    answer_data
                }
                "QUIT" => "221 bye\r\n",
                _ => "250 ok\r\n",
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }

    async fn listen(&self, tls: Option<TlsAcceptor>, answer_data: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let inbox = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (inbox, tls) = (inbox.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                inbox.talk(stream, answer_data).await;
                            }
                        }
                        None => inbox.talk(stream, answer_data).await,
                    }
                });
            }
        });
        port
    }
}

fn mail_server(port: u16, security: MailSecurity) -> Channels {
    let server = MailServer {
        host: "127.0.0.1".into(),
        port,
        security,
        credentials: None,
        from: "Netwarden <netwarden@example.org>".into(),
        recipients: vec![],
        frame: Frame::default(),
        domain: "nw.example.org".into(),
        timeout: Duration::from_secs(5),
        flood: FloodLimit::default(),
    };
    Channels { mail: Some(server), ..Channels::default() }
}

fn mail(subject: &str) -> Action {
    Action::Mail {
        to: vec!["soc@example.org".into()],
        subject: subject.into(),
        body: "Grüße\nzwei Zeilen".into(),
    }
}

// proves: NAC-11
#[tokio::test]
async fn mail_goes_over_tls_to_the_server_whose_certificate_is_pinned() {
    let (pem, tls) = certificate();
    let inbox = Inbox::default();
    let port = inbox.listen(Some(tls), "250 queued\r\n").await;
    let reactions = Reactions::new(mail_server(port, MailSecurity::Implicit(Trust::Pinned(pem)))).await;
    let id = reactions.bench.ask(mail("Rogue on p3")).await;
    reactions.performer.perform().await.unwrap();
    let (state, note) = reactions.bench.state_of(id).await;
    assert_eq!(state, RequestState::Done, "{note}");
    let mails = inbox.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains(&format!("Message-ID: <{id}@nw.example.org>")), "{}", mails[0]);
    assert!(mails[0].contains("Subject: Rogue on p3"));
    assert_eq!(reactions.bench.events().await, [i64::from(EventKind::ReactionDone.code())]);
    assert_eq!(reactions.bench.count("SELECT count(*) AS n FROM audit_open").await, 0);
    reactions.performer.perform().await.unwrap();
    assert_eq!(inbox.mails().len(), 1, "done once");
}

#[tokio::test]
async fn mail_goes_to_no_server_that_cannot_prove_itself() {
    let (_, tls) = certificate();
    let (other, _) = certificate();
    let inbox = Inbox::default();
    let port = inbox.listen(Some(tls), "250 queued\r\n").await;
    let reactions = Reactions::new(mail_server(port, MailSecurity::Implicit(Trust::Pinned(other)))).await;
    let (state, note) = reactions.outcome(mail("x")).await;
    assert_eq!(state, RequestState::Pending, "{note}");
    assert!(note.contains("tried again"), "{note}");
    // A server without STARTTLS is given nothing.
    let plain = inbox.listen(None, "250 queued\r\n").await;
    let (pem, _) = certificate();
    let reactions = Reactions::new(mail_server(plain, MailSecurity::StartTls(Trust::Pinned(pem)))).await;
    let (state, _) = reactions.outcome(mail("x")).await;
    assert_eq!(state, RequestState::Pending);
    assert_eq!(inbox.mails(), Vec::<String>::new());
}

#[tokio::test]
async fn a_flood_of_mail_becomes_five_and_a_digest() {
    let inbox = Inbox::default();
    let port = inbox.listen(None, "250 queued\r\n").await;
    let reactions = Reactions::new(mail_server(port, MailSecurity::DangerPlain)).await;
    for n in 0..40 {
        reactions.bench.ask(mail(&format!("alarm {n}"))).await;
    }
    reactions.performer.perform().await.unwrap();
    reactions.performer.perform().await.unwrap();
    assert_eq!(inbox.mails().len(), 5);
    reactions.bench.later(301);
    reactions.performer.perform().await.unwrap();
    let mails = inbox.mails();
    assert_eq!(mails.len(), 6);
    assert!(mails[5].contains("Subject: 35 messages"), "{}", mails[5]);
    let ids: std::collections::BTreeSet<&str> =
        mails.iter().filter_map(|mail| mail.lines().find(|line| line.starts_with("Message-ID:"))).collect();
    assert_eq!(ids.len(), 6);
    assert_eq!(
        reactions.bench.count("SELECT count(*) AS n FROM action_requests WHERE state = 'done'").await,
        40
    );
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again_and_one_that_refuses_is_not() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let reactions = Reactions::new(mail_server(closed, MailSecurity::DangerPlain)).await;
    let id = reactions.bench.ask(mail("x")).await;
    for _ in 0..12 {
        reactions.performer.perform().await.unwrap();
        reactions.bench.later(601);
    }
    let (state, note) = reactions.bench.state_of(id).await;
    assert_eq!(state, RequestState::Failed);
    assert!(note.contains("given up after 10 attempts"), "{note}");
    assert_eq!(reactions.bench.events().await, [i64::from(EventKind::ReactionFailed.code())]);

    let inbox = Inbox::default();
    let port = inbox.listen(None, "554 no\r\n").await;
    let reactions = Reactions::new(mail_server(port, MailSecurity::DangerPlain)).await;
    assert_eq!(reactions.outcome(mail("x")).await.0, RequestState::Failed);
}

#[tokio::test]
async fn an_interrupted_mail_is_unknown_and_never_repeated() {
    let inbox = Inbox::default();
    // Takes the mail and never answers.
    let port = inbox.listen(None, "").await;
    let channels = mail_server(port, MailSecurity::DangerPlain);
    let reactions = Reactions::new(channels).await;
    let id = reactions.bench.ask(mail("x")).await;
    let killed = tokio::time::timeout(Duration::from_millis(500), reactions.performer.perform()).await;
    assert!(killed.is_err());
    assert_eq!(reactions.bench.state_of(id).await.0, RequestState::Opened);

    let well = Inbox::default();
    let port = well.listen(None, "250 queued\r\n").await;
    let channels = mail_server(port, MailSecurity::DangerPlain);
    let again = Reactions::performer(&reactions.bench, &reactions.noted, channels).await;
    assert_eq!(again.recover().await.unwrap(), [id]);
    again.perform().await.unwrap();
    let (state, note) = reactions.bench.state_of(id).await;
    assert_eq!(state, RequestState::Unknown);
    assert!(note.contains("not repeated"), "{note}");
    assert_eq!(well.mails(), Vec::<String>::new());
    assert_eq!(reactions.bench.events().await, [i64::from(EventKind::ReactionFailed.code())]);
    assert_eq!(reactions.bench.count("SELECT count(*) AS n FROM audit_open").await, 0);
    assert_eq!(again.recover().await.unwrap(), []);
}

type Posted = Arc<Mutex<Vec<(axum::http::HeaderMap, String)>>>;

async fn web() -> (String, Posted) {
    let posted = Posted::default();
    let app = axum::Router::new()
        .route(
            "/hook",
            axum::routing::post(
                |axum::extract::State(posted): axum::extract::State<Posted>,
                 headers: axum::http::HeaderMap,
                 body: String| async move {
                    posted.lock().unwrap().push((headers, body));
                },
            ),
        )
        .route("/away", axum::routing::post(|| async { axum::response::Redirect::temporary("/hook") }))
        .route("/refuses", axum::routing::post(|| async { axum::http::StatusCode::FORBIDDEN }))
        .route("/slow", axum::routing::post(|| async { tokio::time::sleep(Duration::from_secs(60)).await }))
        .with_state(Arc::clone(&posted));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, posted)
}

fn hook(url: String, danger_allow_plain: bool) -> Webhook {
    let timeout = Duration::from_millis(800);
    Webhook { url, secret: Secret::new("key"), trust: Trust::System, timeout, danger_allow_plain }
}

fn post(name: &str) -> Action {
    Action::Webhook { name: name.into(), body: serde_json::json!({"event": "unauthorised"}) }
}

// proves: NAC-11
#[tokio::test]
async fn a_webhook_is_signed_and_follows_no_redirect() {
    let (base, posted) = web().await;
    let of = |path: &str| hook(format!("{base}{path}"), true);
    let mut channels = Channels::default();
    for path in ["/hook", "/away", "/refuses", "/slow"] {
        channels.webhooks.insert(path.to_owned(), of(path));
    }
    channels.webhooks.insert("plain".into(), hook(format!("{base}/hook"), false));
    channels.webhooks.insert("unsigned".into(), Webhook { secret: Secret::new(""), ..of("/hook") });
    channels.webhooks.insert("file".into(), hook("file:///etc/passwd".into(), true));
    let reactions = Reactions::new(channels).await;
    assert_eq!(
        reactions.outcome(post("/hook")).await,
        (RequestState::Done, "webhook at 127.0.0.1 answered 200".into())
    );
    let (headers, body) = posted.lock().unwrap().remove(0);
    let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let timestamp: i64 = text(TIMESTAMP_HEADER).parse().unwrap();
    assert_eq!(timestamp, reactions.bench.now().as_second());
    assert_eq!(text(SIGNATURE_HEADER), signature(&Secret::new("key"), timestamp, body.as_bytes()).unwrap());

    for (name, words) in [
        ("/away", "redirects are not followed"),
        ("/refuses", "answered 403"),
        ("/slow", "127.0.0.1"),
        ("plain", "not https"),
        ("unsigned", "no key"),
        ("file", "not by file"),
        ("nowhere", "no webhook named 'nowhere' is configured"),
    ] {
        let (state, note) = reactions.outcome(post(name)).await;
        assert_eq!(state, RequestState::Failed, "{name}: {note}");
        assert!(note.contains(words), "{name}: {note}");
    }
    assert_eq!(posted.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_webhook_goes_only_to_the_pinned_certificate() {
    let (pem, tls) = certificate();
    let (other, _) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let mut request = [0_u8; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    let mut channels = Channels::default();
    channels
        .webhooks
        .insert("right".into(), Webhook { trust: Trust::Pinned(pem), ..hook(url.clone(), false) });
    channels.webhooks.insert("wrong".into(), Webhook { trust: Trust::Pinned(other), ..hook(url, false) });
    let reactions = Reactions::new(channels).await;
    assert_eq!(reactions.outcome(post("right")).await.0, RequestState::Done);
    let (state, note) = reactions.outcome(post("wrong")).await;
    assert_eq!(state, RequestState::Pending, "{note}");
}

// proves: NAC-11
#[tokio::test]
async fn syslog_goes_over_tls_and_is_sent_again_under_the_same_record_id() {
    let (pem, tls) = certificate();
    let (other, _) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text).await;
            into.lock().unwrap().push(text);
        }
    });
    let server = |trust| SyslogServer {
        host: "127.0.0.1".into(),
        port,
        transport: SyslogTransport::Tls(trust),
        hostname: "nw".into(),
        timeout: Duration::from_secs(5),
    };
    let mut channels = Channels::default();
    channels.syslog.insert("siem".into(), server(Trust::Pinned(pem)));
    channels.syslog.insert("impostor".into(), server(Trust::Pinned(other)));
    let reactions = Reactions::new(channels.clone()).await;
    let say = |name: &str| Action::Syslog { name: name.into(), message: "port p3 shut".into() };
    let id = reactions.bench.ask(say("siem")).await;
    reactions.performer.perform().await.unwrap();
    assert_eq!(reactions.bench.state_of(id).await.0, RequestState::Done);
    let text = received.lock().unwrap().remove(0);
    let (length, line) = text.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), line.len());
    assert!(line.contains(&format!("record=\"{id}\"")) && line.ends_with("port p3 shut"), "{line}");
    assert_eq!(reactions.outcome(say("impostor")).await.0, RequestState::Pending);
    assert_eq!(received.lock().unwrap().len(), 0);

    // Interrupted between T2 and T3: sent again, since the receiver knows the id.
    let id = reactions.bench.ask(say("siem")).await;
    reactions
        .bench
        .test
        .store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE action_requests SET state = 'opened' WHERE state = 'pending' AND channel = 'siem'";
                netwarden_store::execute(tx, sql, []).await
            })
        })
        .await
        .unwrap();
    let again = Reactions::performer(&reactions.bench, &reactions.noted, channels).await;
    assert_eq!(again.recover().await.unwrap(), []);
    again.perform().await.unwrap();
    assert_eq!(reactions.bench.state_of(id).await.0, RequestState::Done);
    assert!(received.lock().unwrap()[0].contains(&id.to_string()));
}

// proves: NAC-11
#[tokio::test]
async fn a_command_gets_event_data_as_plain_arguments() {
    let mut channels = Channels::default();
    let program = Program {
        path: "/bin/echo".into(),
        folder: "/bin".into(),
        args: vec!["alarm:".into()],
        environment: BTreeMap::new(),
        time_limit: Duration::from_secs(5),
        output_limit: 4096,
    };
    channels.commands.insert("say".into(), program);
    let reactions = Reactions::new(channels).await;
    let args = vec!["; rm -rf /".to_owned(), "$(reboot)".to_owned()];
    let (state, note) = reactions.outcome(Action::Command { name: "say".into(), args }).await;
    assert_eq!(
        (state, note.as_str()),
        (RequestState::Done, "/bin/echo ended well; output: alarm: ; rm -rf / $(reboot)")
    );
}

// proves: NAC-11
#[tokio::test]
async fn endpoints_are_changed_in_the_transaction_of_their_outcome() {
    let reactions = Reactions::new(Channels::default()).await;
    let status = Action::SetStatus { endpoint: rogue(), status: EndpointStatus::Unauthorised };
    assert_eq!(reactions.outcome(status).await, (RequestState::Done, "status is unauthorised".into()));
    assert_eq!(reactions.noted.changes.lock().unwrap().len(), 1);
    let group = |group: &str| Action::SetGroup { endpoint: rogue(), group: group.into() };
    assert_eq!(
        reactions.outcome(group("none")).await,
        (RequestState::Failed, "there is no group 'none'".into())
    );
    // A fault of the database takes nothing away from the others, and is tried again.
    let broken = reactions.bench.ask(group("broken")).await;
    assert_eq!(reactions.outcome(group("printers")).await.0, RequestState::Done);
    assert_eq!(reactions.bench.state_of(broken).await.0, RequestState::Pending);
}

#[tokio::test]
async fn killed_anywhere_a_webhook_is_posted_at_most_once_and_never_forgotten() {
    let (base, posted) = web().await;
    let mut channels = Channels::default();
    channels.webhooks.insert("/hook".into(), hook(format!("{base}/hook"), true));
    for polls in 1..40 {
        let reactions = Reactions::new(channels.clone()).await;
        let id = reactions.bench.ask(post("/hook")).await;
        killed_after(polls, reactions.performer.perform()).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        let again = Reactions::performer(&reactions.bench, &reactions.noted, channels.clone()).await;
        again.recover().await.unwrap();
        again.perform().await.unwrap();
        let (state, note) = reactions.bench.state_of(id).await;
        let times = posted.lock().unwrap().drain(..).count();
        match state {
            RequestState::Done => assert_eq!(times, 1, "killed at step {polls}: {note}"),
            RequestState::Unknown => assert!(times <= 1, "killed at step {polls}: {note}"),
            other => panic!("killed at step {polls}: {other:?}: {note}"),
        }
        assert_eq!(reactions.bench.count("SELECT count(*) AS n FROM audit_open").await, 0);
    }
}

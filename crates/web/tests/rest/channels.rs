//! Channels as audited data: who may define them, what stays secret, what counts at once.

use std::os::unix::fs::PermissionsExt;

use netwarden_audit::{AuditQuery, Reach};
use netwarden_store::{Condition, Page};
use serde_json::{Value, json};

use crate::desk::{Bench, PORT, bench};

fn sent(body: Value) -> Option<(&'static str, String)> {
    Some(("application/json", body.to_string()))
}

/// Old value, new value and details of every record of an operation, oldest first.
async fn trail(bench: &Bench, operation: &str) -> Vec<String> {
    bench.desk.trail.tick(bench.desk.clock.now()).await.unwrap();
    let query = AuditQuery {
        filters: vec![("operation".into(), Condition::Eq(operation.into()))],
        page: Page::first(100),
        ..AuditQuery::default()
    };
    let listed = bench.desk.trail.list(&Reach::all(), query).await.unwrap().items;
    listed.iter().map(|record| format!("{record:?}")).collect()
}

fn hook(url: &str) -> Value {
    json!({ "kind": "webhook", "url": url })
}

#[tokio::test]
async fn a_secret_is_kept_never_shown_and_stays_with_its_destination() {
    let bench = bench().await;
    let at = "/api/v1/channels";
    let new = json!({ "name": "soc", "reason": "a test", "definition": hook("https://soc.example.org/a"), "secret": "open sesame" });
    let made = bench.call(Some("operator"), "POST", at, sent(new.clone())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.body.contains("soc.example.org") && !made.body.contains("sesame"));
    let again = bench.call(Some("operator"), "POST", at, sent(new)).await;
    assert_eq!(again.status, 409, "{}", again.body);

    // Elsewhere with the secret that one does not know: refused. With it: taken.
    let one = "/api/v1/channels/soc";
    let away = json!({ "reason": "a test", "definition": hook("https://attacker.example/") });
    let refused = bench.call(Some("operator"), "PUT", one, sent(away.clone())).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("give its secret anew"), "{}", refused.body);
    let mut with = away;
    with["secret"] = "another one".into();
    assert_eq!(bench.call(Some("operator"), "PUT", one, sent(with)).await.status, 200);

    let listed = bench.call(Some("revisor"), "GET", at, None).await;
    assert_eq!(listed.status, 200);
    assert!(!listed.body.contains("another one"));
    let records = trail(&bench, "channel.modify").await.join("\n");
    assert!(records.contains("soc.example.org") && records.contains("attacker.example"), "{records}");
    assert!(!records.contains("sesame") && !records.contains("another one"), "{records}");
}

// proves: NEM-09
#[tokio::test]
async fn channels_are_system_properties_with_the_rights_of_table_12() {
    let bench = bench().await;
    let at = "/api/v1/channels";
    let new = json!({ "name": "log", "reason": "a test", "definition": { "kind": "syslog", "host": "log.example.org" } });
    for (user, read, write) in
        [("helpdesk", 403, 403), ("revisor", 200, 403), ("operator", 200, 201), ("administrator", 200, 409)]
    {
        assert_eq!(bench.call(Some(user), "GET", at, None).await.status, read, "{user}");
        let answer = bench.call(Some(user), "POST", at, sent(new.clone())).await;
        assert_eq!(answer.status, write, "{user}: {}", answer.body);
    }
    // Without a reason, out of range, or what does not go together: nothing is kept.
    for (definition, words) in [
        (json!({ "kind": "syslog", "host": "a b" }), "host"),
        (json!({ "kind": "syslog", "host": "log", "transport": "carrier-pigeon" }), "carrier-pigeon"),
        (json!({ "kind": "webhook", "url": "http://soc/" }), "https://"),
        (json!({ "kind": "webhook", "url": "https://soc/" }), "needs a secret"),
        (json!({ "kind": "mail", "host": "mx", "from": "nobody" }), "no mail address"),
        (json!({ "kind": "mail", "host": "mx", "from": "a@b.example", "text": "none" }), "{text}"),
        (json!({ "kind": "mail", "host": "mx", "from": "a@b.example", "at_once": 0 }), "at_once"),
        (
            json!({ "kind": "mail", "host": "mx", "from": "a@b.example", "user": "u", "security": "danger-plain" }),
            "not sent in clear",
        ),
        (json!({ "kind": "syslog", "host": "log", "ca_pem": "x" }), "PEM"),
    ] {
        let body = json!({ "name": "wrong", "reason": "a test", "definition": definition });
        let answer = bench.call(Some("operator"), "POST", at, sent(body)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
    }
    let listed = bench.call(Some("operator"), "GET", at, None).await;
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1, "{}", listed.body);
}

#[tokio::test]
async fn only_an_administrator_defines_commands_and_only_of_the_named_folder() {
    let bench = bench().await;
    let folder = bench.folder.path().join("commands");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("tell");
    std::fs::write(&program, "#!/bin/sh\necho \"told $1\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let at = "/api/v1/channels";
    let command = |program: &str| {
        sent(json!({ "name": "tell", "reason": "a test",
            "definition": { "kind": "command", "program": program, "args": ["the desk; id"] } }))
    };
    let refused = bench.call(Some("operator"), "POST", at, command("tell")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(bench.records("channel.define_command", "denied").await, 1);
    for wrong in ["/bin/sh", "../sh", "sh", ".hidden", ""] {
        let answer = bench.call(Some("administrator"), "POST", at, command(wrong)).await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.body);
    }
    let made = bench.call(Some("administrator"), "POST", at, command("tell")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    // An operator may neither change nor remove it.
    let change = sent(json!({ "reason": "a test", "definition": { "kind": "command", "program": "tell" } }));
    assert_eq!(bench.call(Some("operator"), "PUT", "/api/v1/channels/tell", change).await.status, 403);
    let form = bench.form("operator", "/system/channels/tell", "time_limit_s=x&reason=a+test").await;
    assert_eq!(form.status, 403, "nor is its form shown: {}", form.body);
    let gone = bench.call(Some("operator"), "DELETE", "/api/v1/channels/tell?reason=x", None).await;
    assert_eq!(gone.status, 403, "{}", gone.body);
    let told = bench.call(Some("operator"), "POST", "/api/v1/channels/tell/test", sent(json!({}))).await;
    assert_eq!(told.json()["delivered"], true, "{}", told.body);
    assert!(told.json()["outcome"].as_str().unwrap().contains("told the desk; id"), "{}", told.body);
}

#[tokio::test]
async fn a_test_tells_the_outcome_and_is_recorded_with_it() {
    let bench = bench().await;
    let receiver = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = receiver.local_addr().unwrap().port();
    let at = "/api/v1/channels";
    let log = json!({ "kind": "syslog", "host": "127.0.0.1", "port": port, "transport": "danger-udp" });
    let new = sent(json!({ "name": "log", "reason": "a test", "definition": log }));
    let made = bench.call(Some("operator"), "POST", at, new).await;
    assert_eq!(made.json()["exception"], "syslog server 'log' is spoken to in clear", "{}", made.body);
    let told = bench.call(Some("operator"), "POST", "/api/v1/channels/log/test", sent(json!({}))).await;
    assert_eq!(told.json()["delivered"], true, "{}", told.body);
    let mut buffer = [0_u8; 2048];
    let read = receiver.recv(&mut buffer).await.unwrap();
    let message = String::from_utf8_lossy(&buffer[..read]).into_owned();
    assert!(message.contains("nw.example.org netwarden") && message.contains("asked for by operator"));

    // Nobody listens there.
    let dead = json!({ "kind": "webhook", "url": "https://127.0.0.1:1/" });
    let new = sent(json!({ "name": "dead", "reason": "a test", "definition": dead, "secret": "k" }));
    assert_eq!(bench.call(Some("operator"), "POST", at, new).await.status, 201);
    let told = bench.call(Some("operator"), "POST", "/api/v1/channels/dead/test", sent(json!({}))).await;
    assert_eq!(told.json()["delivered"], false, "{}", told.body);
    assert_eq!(bench.records("channel.test", "failure").await, 1);
}

#[tokio::test]
async fn a_channel_that_an_enabled_rule_uses_stays() {
    let bench = bench().await;
    let at = "/api/v1/channels";
    let log = json!({ "kind": "syslog", "host": "127.0.0.1", "port": 9, "transport": "danger-udp" });
    let new = sent(json!({ "name": "log", "reason": "a test", "definition": log }));
    assert_eq!(bench.call(Some("operator"), "POST", at, new).await.status, 201);
    let rule = sent(json!({ "reason": "a test", "name": "seen", "on": ["mac_online"],
        "alarm": { "to": "syslog", "name": "log" } }));
    assert_eq!(bench.call(Some("operator"), "POST", "/api/v1/rules", rule).await.status, 201);
    let reason = || sent(json!({ "reason": "a test" }));
    let one = "/api/v1/channels/log?reason=x";
    assert_eq!(bench.call(Some("operator"), "POST", "/api/v1/rules/seen/enable", reason()).await.status, 200);
    let refused = bench.call(Some("operator"), "DELETE", one, None).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("rule 'seen'"), "{}", refused.body);
    assert_eq!(
        bench.call(Some("operator"), "POST", "/api/v1/rules/seen/disable", reason()).await.status,
        200
    );
    assert_eq!(bench.call(Some("operator"), "DELETE", one, None).await.status, 204);
}

#[tokio::test]
async fn a_protected_port_is_refused_at_once() {
    let bench = bench().await;
    let port = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let protect = sent(json!({ "reason": "a test", "protected": true }));
    assert_eq!(bench.call(Some("operator"), "PATCH", &port, protect).await.status, 204);
    for act in ["off", "move"] {
        let asked = sent(json!({ "reason": "a test" }));
        let refused = bench.call(Some("operator"), "POST", &format!("{port}/{act}"), asked).await;
        assert_eq!(refused.status, 409, "{act}: {}", refused.body);
        assert!(refused.body.contains("is on the list of protected ports"), "{}", refused.body);
    }
    assert_eq!(bench.records("port.off", "success").await, 0);
    let open = sent(json!({ "reason": "a test", "protected": false }));
    assert_eq!(bench.call(Some("operator"), "PATCH", &port, open).await.status, 204);
    let asked = sent(json!({ "reason": "a test" }));
    assert_eq!(bench.call(Some("operator"), "POST", &format!("{port}/off"), asked).await.status, 202);
}

//! Names on their way: a source, what it is sent, the endpoint, its history, the rights.

use std::time::Duration;

use netwarden_identity::Operation;
use serde_json::{Value, json};

use crate::desk::{Bench, MAC, bench};

const SOURCES: &str = "/api/v1/names/sources";

async fn add(bench: &Bench, name: &str, kind: &str) {
    let body = json!({ "reason": "a test", "name": name, "kind": kind });
    let answer = bench.json("administrator", "POST", SOURCES, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

async fn named(bench: &Bench, name: &str) -> Value {
    for _ in 0..500 {
        let shown =
            bench.call(Some("revisor"), "GET", &format!("/api/v1/endpoints/{MAC}"), None).await.json();
        if shown["host_name"] == name {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the endpoint was not named {name}");
}

fn lease(name: &str) -> Value {
    json!({ "whole": true, "leases": [
        { "ip": "10.0.0.7", "mac": MAC, "host_name": name, "domain": "example.net", "state": "active" },
        { "ip": "10.0.0.8", "mac": "00:1b:21:99:99:99", "host_name": "nobody", "state": "active" },
    ]})
}

#[tokio::test]
async fn what_an_agent_sends_names_the_endpoint_and_is_found_again() {
    let bench = bench().await;
    add(&bench, "dhcp 1", "isc").await;
    // The agent's token is for this one operation.
    let operator = bench.desk.identify_bearer(&bench.secrets["operator"], None).await.unwrap();
    let token = bench.lent(&operator, Operation::NameSourcePush).await.secret.to_string();
    let push = format!("{SOURCES}/dhcp%201/leases");
    let sent = bench.json(&token, "POST", &push, lease("laptop-7")).await;
    assert_eq!((sent.status.as_u16(), &sent.json()["changed"]), (200, &json!(2)), "{}", sent.body);
    assert_eq!(bench.json(&token, "POST", &push, lease("laptop-7")).await.json()["changed"], 0);
    for (method, path) in [
        ("GET", SOURCES),
        ("GET", "/api/v1/endpoints"),
        ("DELETE", "/api/v1/names/sources/dhcp%201?reason=x"),
    ] {
        assert_eq!(bench.call(Some(&token), method, path, None).await.status, 403, "{method} {path}");
    }
    let shown = named(&bench, "laptop-7").await;
    // Its access did not change by it.
    assert_eq!(shown["status"], "new");
    // Nobody is put on the list by a lease.
    let stranger = bench.call(Some("revisor"), "GET", "/api/v1/endpoints/00:1b:21:99:99:99", None).await;
    assert_eq!(stranger.status, 404);

    bench.json(&token, "POST", &push, lease("renamed-9")).await;
    named(&bench, "renamed-9").await;
    let listed = bench.call(Some("revisor"), "GET", "/api/v1/endpoints?text=renamed", None).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let names =
        bench.call(Some("revisor"), "GET", &format!("/api/v1/endpoints/{MAC}/names"), None).await.json();
    let names = names.as_array().unwrap();
    assert_eq!(
        (&names[0]["name"], &names[0]["until"], &names[0]["source"]),
        (&json!("renamed-9"), &Value::Null, &json!("dhcp 1"))
    );
    assert_eq!((&names[1]["name"], &names[1]["ip"]), (&json!("laptop-7"), &json!("10.0.0.7")));
    let history = bench.call(Some("revisor"), "GET", "/api/v1/history?name=laptop-7", None).await.json();
    assert_eq!(history["items"].as_array().or(history.as_array()).unwrap().len(), 1, "{history}");

    // The source is switched off: nothing is taken, and the refusal says so.
    let off = json!({ "reason": "a test", "enabled": false });
    assert_eq!(bench.json("operator", "PATCH", &format!("{SOURCES}/dhcp%201"), off).await.status, 200);
    let refused = bench.json(&token, "POST", &push, lease("x")).await;
    assert_eq!(refused.status, 409);
    assert!(refused.detail().contains("switched off"), "{}", refused.detail());
}

#[tokio::test]
async fn exports_are_taken_and_their_bad_rows_told() {
    let bench = bench().await;
    add(&bench, "windows", "windows").await;
    let export = format!(
        "\"IPAddress\",\"ClientId\",\"HostName\",\"AddressState\"\n\"10.0.0.7\",\"{MAC}\",\"pc7.example.net\",\"Active\"\n\"nowhere\",\"x\",\"y\",\"Active\"\n"
    );
    let path = format!("{SOURCES}/windows/import?reason=a+test");
    let taken = bench.call(Some("operator"), "POST", &path, Some(("text/plain", export))).await;
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!((&taken.json()["leases"], &taken.json()["changed"]), (&json!(1), &json!(1)));
    assert!(taken.json()["dropped"][0].as_str().unwrap().starts_with("line 3: "), "{}", taken.body);
    named(&bench, "pc7").await;
    let wrong =
        bench.call(Some("operator"), "POST", &path, Some(("text/plain", "what is this".into()))).await;
    assert_eq!(wrong.status, 422, "a file without leases does not empty the source: {}", wrong.body);
    let status = bench.call(Some("revisor"), "GET", SOURCES, None).await.json();
    assert_eq!(
        (&status["items"][0]["entries"], &status["items"][0]["dropped"]),
        (&json!(1), &json!(1)),
        "{status}"
    );
    let helpdesk = bench.call(Some("helpdesk"), "GET", SOURCES, None).await;
    assert_eq!(helpdesk.status, 403, "rights are those of system parameters");
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let bench = bench().await;
    let body = json!({ "reason": "a test", "name": "grid", "kind": "infoblox", "address": "https://127.0.0.1:9",
        "settings": { "user": "reader" }, "secret": "open sesame" });
    let made = bench.json("operator", "POST", SOURCES, body.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json()["has_secret"]), (201, &json!(true)), "{}", made.body);
    let id = 1;
    let kept = bench.desk.vault.named_secret(&format!("names/{id}")).await.unwrap();
    assert_eq!(kept.unwrap().as_slice(), b"open sesame");
    assert_eq!(bench.json("operator", "POST", SOURCES, body).await.status, 409, "the name is taken");
    let change = json!({ "reason": "a test", "interval_s": 60, "secret": "close sesame" });
    assert_eq!(bench.json("operator", "PATCH", &format!("{SOURCES}/grid"), change).await.status, 200);
    let trail = bench.call(Some("administrator"), "GET", "/api/v1/audit?object_kind=name_source", None).await;
    let listed = bench.call(Some("administrator"), "GET", SOURCES, None).await;
    for text in [&made.body, &trail.body, &listed.body] {
        assert!(!text.contains("sesame"), "{text}");
    }
    for (change, word) in [
        (json!({ "reason": "a test", "address": "http://x" }), "https://"),
        (json!({ "reason": "a test", "secret": "" }), "secret"),
        (json!({ "reason": "a test", "settings": { "zones": ["x"] } }), "zones"),
        (json!({ "reason": "a test", "settings": { "surprise": 1 } }), "surprise"),
        (json!({ "reason": " " }), "reason"),
    ] {
        let refused = bench.json("operator", "PATCH", &format!("{SOURCES}/grid"), change).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.detail().contains(word), "{}", refused.detail());
    }
    assert_eq!(
        bench.call(Some("operator"), "DELETE", &format!("{SOURCES}/grid?reason=a+test"), None).await.status,
        204
    );
    assert!(bench.desk.vault.named_secret(&format!("names/{id}")).await.unwrap().is_none());
    assert_eq!(bench.call(Some("operator"), "POST", &format!("{SOURCES}/grid/run"), None).await.status, 404);
}

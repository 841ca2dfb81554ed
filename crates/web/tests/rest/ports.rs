//! Acts on ports: what is repeated, what is held, and what is given back with whose authorisation.

use std::time::Duration;

use netwarden_model::event::{NacPayload, Outcome};
use netwarden_model::{EndpointFacts, EndpointStatus, EventKind, Mac, NewEvent, Payload, Subject};
use netwarden_store::{Tx, execute, query_all, values};
use serde_json::json;

use crate::desk::{Bench, MAC, PORT, bench};

/// What release restores, as the reconciler keeps it.
const EARLIER: &str = r#"{"if_index":1,"admin_status":1,"vlan":null}"#;

/// `count` rows of desired states, of ports `name-0` and so on, because of [`MAC`].
async fn put_desired(bench: &Bench, name: &str, count: usize, progress: &'static str, held: bool) {
    let (ne, name) = (bench.ne.0, name.to_owned());
    let mac = i64::try_from(MAC.parse::<Mac>().unwrap().to_u64()).unwrap();
    bench
        .desk
        .store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                for at in 0..count {
                    let sql = "INSERT INTO desired_ports (ne, port, request, access, endpoint, progress, note, \
                               attempts, since, earlier, revision) \
                               VALUES ($1, $2, $3, '{\"access\":\"shut\"}', $4, $5, '', 0, 0, $6, 1)";
                    let earlier = held.then(|| EARLIER.to_owned());
                    let (port, request) = (format!("{name}-{at}"), vec![0_u8; 16]);
                    execute(tx, sql, values![ne, port, request, mac, progress, earlier]).await?;
                }
                Ok::<(), netwarden_store::StoreError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_stands_for_one_act_and_for_no_other() {
    let bench = bench().await;
    let port = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let ask = async |path: &str, body: serde_json::Value| {
        let body = Some(("application/json", body.to_string()));
        bench.call_with(Some("operator"), "POST", path, body, &[("idempotency-key", "k-1")]).await
    };
    let off = format!("{port}/off");
    let first = ask(&off, json!({ "reason": "a test" })).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = ask(&off, json!({ "reason": "the answer was lost" })).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    for (path, body) in [
        (format!("{port}/release"), json!({ "reason": "a test" })),
        (format!("{port}/move"), json!({ "reason": "a test", "vlan": 20 })),
        (format!("/api/v1/endpoints/{MAC}/move"), json!({ "reason": "a test" })),
    ] {
        let other = ask(&path, body).await;
        assert_eq!(other.status, 409, "{path}: {}", other.body);
        let why = other.detail();
        assert!(why.starts_with("the Idempotency-Key stands for another act already (shut_port"), "{why}");
    }
    assert_eq!(bench.records("port.off", "success").await, 1);
    assert_eq!(bench.records("port.release", "success").await, 0, "what was refused is not recorded as done");
}

#[tokio::test]
async fn an_element_stays_while_one_port_is_held_behind_hundreds_of_released_ones() {
    let bench = bench().await;
    put_desired(&bench, "old", 150, "released", false).await;
    put_desired(&bench, "held", 1, "verified", true).await;
    let path = format!("/api/v1/elements/{}?reason=a+test", bench.ne.0);
    let refused = bench.call(Some("administrator"), "DELETE", &path, None).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.detail().contains("port held-0"), "{}", refused.detail());
}

#[tokio::test]
async fn authorising_finds_the_held_port_behind_hundreds_of_released_ones() {
    let bench = bench().await;
    put_desired(&bench, "old", 150, "released", false).await;
    put_desired(&bench, "held", 1, "verified", true).await;
    let path = format!("/api/v1/endpoints/{MAC}/authorise");
    let done = bench.json("operator", "POST", &path, json!({ "reason": "a test" })).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.json()["request"].is_string(), "its port is released: {}", done.body);
}

/// Another endpoint on the port.
const OTHER: &str = "00:1b:21:3a:4f:60";

/// Puts the port into quarantine because of [`MAC`].
async fn quarantined(bench: &Bench) {
    let moved = bench
        .json("operator", "POST", &format!("/api/v1/endpoints/{MAC}/move"), json!({ "reason": "unknown" }))
        .await;
    assert_eq!(moved.status, 202, "{}", moved.body);
}

/// What is said of the port that we hold; null where nothing of ours is on it.
async fn held(bench: &Bench) -> serde_json::Value {
    let path = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    bench.call(Some("helpdesk"), "GET", &path, None).await.json()["enforcement"].clone()
}

async fn import(bench: &Bench, macs: &[&str]) {
    let csv = format!("mac\n{}\n", macs.join("\n"));
    let path = "/api/v1/adoption/import?kind=endpoints&reason=inventory";
    let taken = bench.call(Some("operator"), "POST", path, Some(("text/csv", csv))).await;
    assert_eq!(taken.json()["imported"], macs.len(), "{}", taken.body);
}

/// Who asked for the port's release, and why, as the chain of cause tells it.
async fn released_by(bench: &Bench) -> Vec<String> {
    let path = format!("/api/v1/ports/{}/{PORT}/why", bench.ne.0);
    let chain = bench.call(Some("administrator"), "GET", &path, None).await.json();
    let links = chain["chain"].as_array().unwrap();
    let released = links.iter().find(|link| link["text"].as_str().unwrap().contains("is to be released"));
    let at = released.unwrap_or_else(|| panic!("{chain}"))["at"].clone();
    let causes = links.iter().filter(|link| link["at"] == at && link["stage"] != "request");
    causes.map(|link| link["text"].as_str().unwrap().to_owned()).collect()
}

// proves: NAC-12
#[tokio::test]
async fn authorising_releases_the_port_in_the_same_transaction() {
    let bench = bench().await;
    quarantined(&bench).await;
    let path = format!("/api/v1/endpoints/{MAC}/authorise");
    let kept = json!({ "reason": "a test", "release": false });
    assert!(bench.json("operator", "POST", &path, kept).await.json()["request"].is_null());
    assert!(!held(&bench).await.is_null(), "as it was asked for");
    let done = bench.json("operator", "POST", &path, json!({ "reason": "known" })).await;
    assert!(done.json()["request"].is_string(), "{}", done.body);
    assert!(held(&bench).await.is_null());
    assert_eq!(released_by(&bench).await, ["operator asked for it: known"]);
}

// proves: NAC-06
#[tokio::test]
async fn who_is_imported_gets_the_port_back_once_nobody_else_stands_against_it() {
    let bench = bench().await;
    quarantined(&bench).await;
    bench.seen(&[MAC, OTHER]).await;
    import(&bench, &[MAC]).await;
    assert!(!held(&bench).await.is_null(), "{OTHER} would come in with it");
    import(&bench, &[OTHER]).await;
    assert!(held(&bench).await.is_null(), "both may connect");
    assert_eq!(released_by(&bench).await, ["operator asked for it: inventory"]);

    // A port that was moved although its endpoint was authorised stays where a person put it.
    quarantined(&bench).await;
    import(&bench, &[MAC, OTHER]).await;
    assert!(!held(&bench).await.is_null());
}

#[tokio::test]
async fn the_baseline_gives_back_the_ports_of_whom_it_accepts() {
    let bench = bench().await;
    bench.seen(&[MAC, OTHER]).await;
    let block = format!("/api/v1/endpoints/{OTHER}/block");
    assert_eq!(bench.json("operator", "POST", &block, json!({ "reason": "not ours" })).await.status, 200);
    quarantined(&bench).await;
    let accept = async |wish: serde_json::Value| {
        let accepted = bench.json("operator", "POST", "/api/v1/adoption/baseline", wish).await;
        assert_eq!(accepted.status, 200, "{}", accepted.body);
    };
    accept(json!({ "reason": "taken over" })).await;
    assert!(!held(&bench).await.is_null(), "the refused one is on the port");
    accept(json!({ "reason": "taken over", "unauthorised": true })).await;
    assert!(held(&bench).await.is_null());
    assert_eq!(released_by(&bench).await, ["operator asked for it: taken over"]);
}

// proves: NAC-11
#[tokio::test]
async fn a_rule_that_authorises_gives_back_the_port() {
    let bench = bench().await;
    let rule = json!({
        "reason": "a test", "name": "let in", "on": ["unauthorised"], "enabled": true,
        "reactions": [{ "do": "set_status", "status": "authorised" }],
    });
    let made = bench.json("operator", "POST", "/api/v1/rules", rule).await;
    assert_eq!(made.status, 201, "{}", made.body);
    quarantined(&bench).await;
    // Who is refused while present raises the event.
    let block = format!("/api/v1/endpoints/{MAC}/block");
    assert_eq!(bench.json("operator", "POST", &block, json!({ "reason": "a test" })).await.status, 200);
    for _ in 0..500 {
        if held(&bench).await.is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(held(&bench).await.is_null());
    let causes = released_by(&bench).await;
    assert!(causes.iter().any(|cause| cause.starts_with("rule 'let in'")), "{causes:?}");
    assert_eq!(bench.records("rule.release_port", "success").await, 1);
}

/// Between an event and its judgement lies a moment in which somebody may authorise the endpoint.
// proves: NAC-11
#[tokio::test]
async fn who_was_authorised_before_their_event_was_judged_gets_the_port_back() {
    let bench = bench().await;
    let rule = json!({ "name": "quarantine", "reason": "a test", "on": ["unauthorised"], "condition": "true",
        "reactions": [{ "do": "quarantine" }] });
    let made = bench.json("administrator", "POST", "/api/v1/rules", rule).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let enable = format!("/api/v1/rules/{}/enable", made.json()["id"]);
    assert!(
        bench.json("administrator", "POST", &enable, json!({ "reason": "a test" })).await.status.is_success()
    );
    let authorise = format!("/api/v1/endpoints/{MAC}/authorise");
    let done = bench.json("administrator", "POST", &authorise, json!({ "reason": "a test" })).await;
    assert!(done.status.is_success(), "{}", done.body);
    let mac: Mac = MAC.parse().unwrap();
    let facts = bench.desk.engine.keeper().picture().read().facts(mac).unwrap();
    assert_eq!(facts.status, EndpointStatus::Authorised);
    // Its event was written when nobody had said anything of it yet; beside it one of somebody else.
    let kind = EventKind::Unauthorised;
    let event = |mac: Mac, facts: EndpointFacts| NewEvent {
        at: bench.desk.clock.now(),
        kind,
        subject: Subject::Mac(mac),
        ne: facts.ne,
        port: facts.port.clone(),
        severity: kind.default_severity(),
        outcome: Outcome::Success,
        facts: Some(facts),
        payload: Payload::Nac(NacPayload::Unauthorised),
        cause: None,
    };
    let late = event(mac, EndpointFacts { status: EndpointStatus::New, ..facts });
    let spine = bench.desk.spine.clone();
    let at = bench.desk.clock.now();
    let appended = bench
        .desk
        .store
        .write(move |tx: &Tx| Box::pin(async move { spine.append(tx, at, &[late]).await.map(drop) }));
    appended.await.unwrap();
    let requests = async || {
        let sql = "SELECT request_key, action FROM action_requests ORDER BY request_key";
        let rows = query_all(bench.desk.store.read(), sql, []).await.unwrap();
        let texts = rows.iter().map(|row| {
            (row.try_get_by_index::<String>(0).unwrap(), row.try_get_by_index::<String>(1).unwrap())
        });
        texts.collect::<Vec<_>>()
    };
    let mut found = requests().await;
    for _ in 0..500 {
        if found.len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = requests().await;
    }
    let late = found.iter().find(|(key, _)| key.starts_with("late:rule:"));
    assert_eq!(late.map(|(_, action)| action.as_str()), Some("release_port"), "{found:?}");
    assert!(found.iter().any(|(key, action)| key.starts_with("rule:") && action == "move_port"), "{found:?}");
    let sql = "SELECT count(*) FROM desired_ports WHERE progress <> 'released'";
    let held = query_all(bench.desk.store.read(), sql, []).await.unwrap();
    assert_eq!(held[0].try_get_by_index::<i64>(0).unwrap(), 0, "nothing of ours is on the port");
    assert_eq!(bench.records("rule.release_port", "success").await, 1);
}

//! Every route is held to the operation that it declares: who may not, gets and leaves a refusal; what
//! changes something leaves a record. The lists of exceptions may only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use netwarden_identity::{Access, OPERATIONS, Operation, Role};
use netwarden_operate::Caller;
use netwarden_web::{OPERATION, openapi};
use serde_json::{Value, json};

use crate::calls::calls;
use crate::desk::{Bench, PORT, bench};

/// Routes that need no identification (IAM-19).
const OPEN: &[&str] = &["GET /healthz", "GET /readyz", "POST /api/v1/sessions"];

/// Routes of changes that have no call in the table.
const NOT_CALLED: &[&str] = &[
    // It needs an agent that answers; the lab adds elements.
    "POST /api/v1/elements",
    // They need an authenticator (passkeys.rs has one), or a code of the moment (factors.rs has it).
    "POST /api/v1/factors/passkeys/answer",
    "POST /api/v1/factors/{id}/confirm",
    "POST /api/v1/sessions/own/passkey",
    "POST /api/v1/sessions/own/passkey/answer",
    "POST /api/v1/sessions/own/prove",
];

/// Operations that nothing asks for: rights that mean nothing yet. It may only shrink.
const NEVER_ASKED: &[(&str, &str)] = &[
    ("system.alive", "whoever asks is answered: there is nothing to decide"),
    ("system.check", "the self-test that it is kept for is not built yet"),
    ("system.stop", "the service manager stops the server, by a signal"),
    ("user.read_own", "one's own account is shown with the session, under session.read_own"),
    ("endpoint.create", "an endpoint is made by its first edit, under the right to that edit"),
    ("enforcement.read", "what is enforced is shown with its port, under port.read"),
    ("backup.restore", "it is done on the machine itself while the server is down"),
    ("probe.run", "the probe speaks with elements itself, without a server"),
];

/// The text of every file of the product that may ask, without its tests.
fn sources() -> String {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders = vec![crates.join("operate/src"), crates.join("web/src")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let whole = std::fs::read_to_string(path).unwrap();
                text.push_str(whole.split("#[cfg(test)]").next().unwrap());
            }
        }
    }
    text
}

// proves: IAM-04
#[test]
fn every_operation_is_asked_for_somewhere() {
    let sources = sources();
    let named: BTreeSet<&str> = sources
        .split("Operation::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap())
        .collect();
    let never: Vec<&str> = OPERATIONS
        .iter()
        .filter(|line| !named.contains(format!("{:?}", line.operation).as_str()))
        .map(|line| line.name)
        .collect();
    let excepted: Vec<&str> = NEVER_ASKED.iter().map(|(name, _)| *name).collect();
    assert_eq!(never, excepted, "operations that nothing asks for, and those that may remain so");
}

pub fn routes() -> BTreeMap<String, Operation> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !["get", "put", "post", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            let route = format!("{} {path}", method.to_uppercase());
            let declared = operation[OPERATION].as_str();
            let declared = declared.unwrap_or_else(|| panic!("{route} declares no operation"));
            routes.insert(route, declared.parse::<Operation>().unwrap());
        }
    }
    routes
}

/// What the table's calls need: somebody else's token, and a job that runs.
pub async fn prepared(bench: &Bench) -> (i64, String) {
    let operator = bench.secrets["operator"].clone();
    let caller: Caller = bench.desk.identify_bearer(&operator, None).await.unwrap();
    let token = bench.lent(&caller, Operation::EventRead).await;
    let now = bench.desk.clock.now();
    let job =
        bench.desk.jobs.start("waiting".into(), Operation::RuleRehearse, None, now, |progress| async move {
            while !progress.is_cancelled() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(Value::Null)
        });
    (token.id, job.to_string())
}

#[tokio::test]
async fn every_route_declares_an_operation_and_has_a_call() {
    let bench = bench().await;
    let called: BTreeSet<String> =
        calls(&bench, 1, "x").iter().map(|call| format!("{} {}", call.method, call.route)).collect();
    let routes = routes();
    let missing: Vec<&String> = routes
        .keys()
        .filter(|route| !called.contains(*route) && !NOT_CALLED.contains(&route.as_str()))
        .collect();
    assert!(missing.is_empty(), "no call in the table: {missing:?}");
    let unknown: Vec<&String> = called.iter().filter(|route| !routes.contains_key(*route)).collect();
    assert!(unknown.is_empty(), "no such routes: {unknown:?}");
}

// proves: IAM-19
#[tokio::test]
async fn nobody_gets_anything_unidentified() {
    let bench = bench().await;
    for call in calls(&bench, 1, "019f0000-0000-7000-8000-000000000000") {
        let route = format!("{} {}", call.method, call.route);
        for user in [None, Some("no-such-secret")] {
            let answer = bench.call(user, call.method, &call.path, call.body()).await;
            if OPEN.contains(&route.as_str()) {
                continue;
            }
            assert_eq!(answer.status, 401, "{route}: {}", answer.body);
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{route}");
        }
    }
    let sent = Some(("application/json", r#"{"address":"192.0.2.1"}"#.to_owned()));
    assert_eq!(bench.call(None, "POST", "/api/v1/elements", sent).await.status, 401);
    // Hundreds of failures from one place leave one record.
    assert_eq!(bench.records("session.login", "denied").await, 1);
}

fn who_lacks(operation: Operation) -> Option<&'static str> {
    match operation.declaration().access {
        Access::Anyone => None,
        Access::Own => Some("foreign"),
        Access::Roles(roles) => Some(
            [(Role::Helpdesk, "helpdesk"), (Role::Revisor, "revisor"), (Role::Operator, "operator")]
                .into_iter()
                .find(|(role, _)| !roles.contains(role))
                .map_or("foreign", |(_, name)| name),
        ),
    }
}

// proves: AUD-14
#[tokio::test]
async fn who_lacks_the_right_is_refused_and_recorded() {
    let bench = bench().await;
    let (token, job) = prepared(&bench).await;
    let routes = routes();
    for call in calls(&bench, token, &job) {
        let route = format!("{} {}", call.method, call.route);
        let operation = routes[&route];
        let Some(user) = who_lacks(operation) else { continue };
        let before = bench.records(operation.name(), "denied").await;
        let answer = bench.call(Some(user), call.method, &call.path, call.body()).await;
        assert_eq!(answer.status, 403, "{route} as {user}: {}", answer.body);
        let after = bench.records(operation.name(), "denied").await;
        assert_eq!(after, before + 1, "{route} as {user} left no record of {operation}");
    }
}

#[tokio::test]
async fn what_changes_something_leaves_a_record() {
    let bench = bench().await;
    let (token, job) = prepared(&bench).await;
    let routes = routes();
    let mut left = BTreeSet::new();
    for call in calls(&bench, token, &job) {
        let route = format!("{} {}", call.method, call.route);
        let operation = routes[&route];
        let before = bench.records(operation.name(), "success").await;
        let answer = bench.call(Some("administrator"), call.method, &call.path, call.body()).await;
        assert_eq!(answer.status, call.status, "{route}: {}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store", "{route}");
        if operation.is_change() {
            // What a job does is completed in its own time.
            let mut after = before;
            for _ in 0..200 {
                after = bench.records(operation.name(), "success").await;
                if after > before {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(after > before, "{route} left no record of {operation}");
            left.insert(route);
        }
    }
    let changes = routes.iter().filter(|(_, operation)| operation.is_change());
    let missing: Vec<&String> =
        changes.map(|(route, _)| route).filter(|route| !left.contains(*route)).collect();
    assert_eq!(missing, NOT_CALLED, "changes without an audited call");
}

#[tokio::test]
async fn a_port_is_protected_with_the_right_to_that_and_a_record_of_its_own() {
    let bench = bench().await;
    let path = format!("/api/v1/ports/{}/{PORT}", bench.ne.0);
    let set = async |body: Value| bench.json("operator", "PATCH", &path, body).await.status;
    assert_eq!(set(json!({ "reason": "a test", "protected": true })).await, 204);
    let counts = async || {
        (bench.records("port.protect", "success").await, bench.records("port.modify", "success").await)
    };
    assert_eq!(counts().await, (1, 0));
    assert_eq!(set(json!({ "reason": "a test", "role": "access" })).await, 204);
    assert_eq!(counts().await, (1, 1));
    assert_eq!(set(json!({ "reason": "a test", "role": "auto", "protected": false })).await, 204);
    assert_eq!(counts().await, (2, 2));
    // A token for the one is none for the other.
    let operator = bench.desk.identify_bearer(&bench.secrets["operator"], None).await.unwrap();
    let token = bench.lent(&operator, Operation::PortModify).await;
    let body = json!({ "reason": "a test", "protected": true });
    assert_eq!(bench.json(&token.secret, "PATCH", &path, body).await.status, 403);
}

#[tokio::test]
async fn a_token_of_another_account_is_made_with_the_right_to_that() {
    let bench = bench().await;
    let wanted =
        |user: &str| json!({ "name": "script", "days": 3, "operations": ["event.read"], "user": user });
    for (caller, status) in [("operator", 403), ("helpdesk", 403), ("administrator", 201)] {
        let answer = bench.json(caller, "POST", "/api/v1/tokens", wanted("revisor")).await;
        assert_eq!(answer.status, status, "{caller}: {}", answer.body);
    }
    assert_eq!(bench.records("token.create", "success").await, 1);
    assert_eq!(bench.records("token.create", "denied").await, 2);
    let made = bench.json("administrator", "POST", "/api/v1/tokens", wanted("revisor")).await.json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(bench.call(Some(token), "GET", "/api/v1/events", None).await.status, 200);
    assert_eq!(bench.call(Some(token), "GET", "/api/v1/elements", None).await.status, 403, "it is narrower");
    let listed = bench.call(Some("revisor"), "GET", "/api/v1/tokens", None).await.json();
    assert_eq!(listed["items"][0]["user"], "revisor", "it is its owner's: {listed}");
    let nobody = bench.json("administrator", "POST", "/api/v1/tokens", wanted("nobody")).await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
}

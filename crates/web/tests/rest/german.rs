//! What the server says, on the pages of a reader of German; REST says it in English.

use serde_json::json;

use crate::desk::{Answer, Bench, MAC, PORT, bench};

/// What the German browser of `user` is answered, to a form where it sends one.
async fn asked(bench: &Bench, user: &str, path: &str, form: Option<String>) -> Answer {
    let cookie = format!("__Host-netwarden={}", bench.secrets[user]);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "de")];
    let method = if form.is_some() { "POST" } else { "GET" };
    let form = form.map(|fields| ("application/x-www-form-urlencoded", fields));
    bench.call_with(None, method, path, form, &headers).await
}

async fn page(bench: &Bench, user: &str, path: &str) -> Answer {
    asked(bench, user, path, None).await
}

/// Says all of `german`, and nothing of `english`.
fn says(answer: &Answer, german: &[&str], english: &[&str]) {
    for text in german {
        assert!(answer.body.contains(text), "'{text}' is missing: {}", answer.body);
    }
    for text in english {
        assert!(!answer.body.contains(text), "'{text}' is there: {}", answer.body);
    }
}

// proves: SCL-04
#[tokio::test]
async fn causes_ports_events_and_parts_are_told_in_german() {
    let bench = bench().await;
    let at_rest = page(&bench, "operator", &format!("/endpoints/{MAC}")).await;
    says(
        &at_rest,
        &[
            "am Port ist nichts von uns gesetzt",
            &format!("neues Endgerät: {MAC} (neu) an sw1 Port Gi1/0/1"),
            &format!("{MAC} wurde an sw1 Port Gi1/0/1 in VLAN 10 gesehen"),
        ],
        &["nothing of ours", "was seen on", "sw1 port"],
    );
    let moved = json!({ "reason": "it misbehaves" });
    bench.json("operator", "POST", &format!("/api/v1/endpoints/{MAC}/move"), moved).await;
    let endpoint = page(&bench, "operator", &format!("/endpoints/{MAC}")).await;
    says(
        &endpoint,
        &[
            "operator hat es verlangt: it misbehaves",
            "in VLAN 666 verschoben",
            "an sw1 Port Gi1/0/1 in VLAN 10",
        ],
        &["asked for it", "is to be moved", "sw1 port"],
    );
    let here = format!("/elements/{}/ports/{PORT}", bench.ne.0);
    for path in [here.as_str(), "/ports"] {
        says(
            &page(&bench, "operator", path).await,
            &["in VLAN 666 verschoben"],
            &["would be moved", "is to be moved"],
        );
    }
    says(
        &page(&bench, "operator", "/ports.csv").await,
        &["in VLAN 666 verschoben"],
        &["would be moved", "is to be moved"],
    );
    let events = page(&bench, "operator", "/events?kind=new_endpoint").await;
    says(&events, &[&format!("{MAC} (neu) an sw1 Port Gi1/0/1")], &["(new)"]);
    says(&page(&bench, "operator", "/system").await, &["wird gelesen und geschrieben"], &["it is read and"]);
}

// proves: SCL-04
#[tokio::test]
async fn refusals_are_told_in_german() {
    let bench = bench().await;
    let unknown = page(&bench, "operator", "/endpoints/00:1b:21:00:00:99").await;
    assert_eq!(unknown.status, 404);
    says(&unknown, &["Nicht gefunden", "Endgerät 00:1b:21:00:00:99 gibt es nicht"], &["does not exist"]);
    let denied = page(&bench, "helpdesk", "/system/parameters").await;
    assert_eq!(denied.status, 403);
    says(
        &denied,
        &["Nicht erlaubt", "parameter.read ist nicht erlaubt: keine Ihrer Rollen gibt das Recht dazu"],
        &["is not permitted", "none of the user"],
    );
    let filtered = page(&bench, "operator", "/endpoints?vlan=ten").await;
    says(
        &filtered,
        &["vlan: „ten“ ist nicht lesbar; gebraucht wird eine ganze Zahl"],
        &["is no whole number"],
    );
    let start = page(&bench, "operator", "/").await.body;
    let proof = start.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let act = async |act: &str, reason: &str| {
        let path = format!("/elements/{}/ports/{PORT}/{act}", bench.ne.0);
        asked(&bench, "operator", &path, Some(format!("proof={proof}&reason={reason}"))).await
    };
    says(&act("off", "").await, &["eine Begründung ist nötig"], &["a reason is needed"]);
    assert_eq!(act("protect", "x").await.status, 303);
    let spared = act("off", "x").await;
    assert_eq!(spared.status, 409);
    says(
        &spared,
        &["Gi1/0/1 an sw1 steht auf der Liste geschützter Ports und wird nie abgeschaltet"],
        &["is never shut"],
    );
}

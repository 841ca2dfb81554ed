//! Every list is paged, searched and sorted by the server, and refuses what it does not offer (SCL-03).

use netwarden_web::openapi;
use serde_json::{Value, json};

use crate::desk::{Bench, MAC, PORT, bench};

/// Lists that come whole, and why they may. It may only shrink.
const WHOLE: &[(&str, &str)] = &[
    ("/api/v1/endpoints/{mac}/names", "one line a source of names"),
    ("/api/v1/rules/{rule}/revisions", "numbers and times of one rule's texts"),
    ("/api/v1/statistics", "the product's own series"),
];

/// What stands in a path of the bench.
fn filled(path: &str, bench: &Bench) -> String {
    path.replace("{mac}", MAC)
        .replace("{ne}", &bench.ne.0.to_string())
        .replace("{id}", &bench.ne.0.to_string())
        .replace("{port}", PORT)
        .replace("{operation}", "port.off")
        .replace("{account}", "administrator")
}

/// Paths that answer GET, with what their schema is called or that it is an array.
fn lists() -> (Vec<String>, Vec<String>) {
    let document = serde_json::to_value(openapi()).unwrap();
    let (mut paged, mut whole) = (Vec::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default();
        if schema["type"] == "array" {
            whole.push(path.clone());
        } else if name.starts_with("Page") || schema["properties"].get("next").is_some() {
            paged.push(path.clone());
        }
    }
    (paged, whole)
}

// proves: SCL-03
#[test]
fn no_list_comes_whole_without_a_reason() {
    let (paged, whole) = lists();
    assert!(paged.len() > 15, "{paged:?}");
    let excepted: Vec<&str> = WHOLE.iter().map(|(path, _)| *path).collect();
    assert_eq!(whole, excepted);
}

// proves: SCL-03
#[tokio::test]
async fn every_list_is_cut_into_pages_and_refuses_what_it_does_not_offer() {
    let bench = bench().await;
    for path in lists().0 {
        let path = filled(&path, &bench);
        let ask = async |query: &str| {
            let join = if path.contains("history") { "mac=00:1b:21:3a:4f:5e&" } else { "" };
            let join = if path == "/api/v1/history" { join } else { "" };
            bench.call(Some("administrator"), "GET", &format!("{path}?{join}{query}"), None).await
        };
        let one = ask("limit=1").await;
        assert_eq!(one.status, 200, "{path}: {}", one.body);
        assert!(one.json()["items"].as_array().unwrap().len() <= 1, "{path}");
        for (query, what) in
            [("limit=0", "1 to 1"), ("limit=1001", "1 to 1"), ("after=AAAA", ""), ("limit=x", "limit")]
        {
            let refused = ask(query).await;
            assert!(refused.status.is_client_error(), "{path}?{query}: {}", refused.body);
            assert!(refused.detail().contains(what), "{path}?{query}: {}", refused.detail());
        }
        let refused = ask("no_such_column=1").await;
        assert!(refused.status.is_client_error(), "{path}: {}", refused.body);
        assert!(refused.detail().contains("no_such_column"), "{path}: {}", refused.detail());
    }
}

async fn column(bench: &Bench, path: &str, query: &str, name: &str) -> (Vec<Value>, Value) {
    let answer = bench.call(Some("administrator"), "GET", &format!("/api/v1{path}?{query}"), None).await;
    assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.body);
    let page = answer.json();
    let found = page["items"].as_array().unwrap().iter().map(|item| item[name].clone()).collect();
    (found, page["next"].clone())
}

// proves: SCL-03
#[tokio::test]
async fn short_lists_are_searched_sorted_and_continued_too() {
    let bench = bench().await;
    for name in ["alpha", "beta", "gamma"] {
        let set = json!({ "name": name, "kind": "v2c", "community": "a-community" });
        assert_eq!(bench.json("administrator", "POST", "/api/v1/credentials", set).await.status, 201);
        let hook = json!({ "kind": "webhook", "url": format!("https://{name}.example/hook") });
        let channel = json!({ "reason": "a test", "name": name, "definition": hook, "secret": "a key" });
        let made = bench.json("administrator", "POST", "/api/v1/channels", channel).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    for path in ["/credentials", "/channels"] {
        let (first, next) = column(&bench, path, "text=a&sort=-name&limit=2", "name").await;
        assert_eq!(first, ["gamma", "beta"], "{path}");
        let after = format!("text=a&sort=-name&limit=2&after={}", next.as_str().unwrap());
        assert_eq!(column(&bench, path, &after, "name").await, (vec![json!("alpha")], Value::Null), "{path}");
        assert_eq!(column(&bench, path, "name=ETA", "name").await.0, ["beta"], "{path}");
    }
    let (found, _) = column(&bench, "/channels", "to=gamma.example&kind=webhook", "name").await;
    assert_eq!(found, ["gamma"]);

    let (all, _) = column(&bench, "/system/parameters", "limit=1000", "name").await;
    assert!(all.len() > 20 && all.is_sorted_by(|a, b| a.as_str() < b.as_str()));
    let change = json!({ "reason": "a test", "value": "200" });
    let set = bench.json("administrator", "PUT", "/api/v1/system/parameters/ui.page_rows", change).await;
    assert_eq!(set.status, 204, "{}", set.body);
    let (changed, _) = column(&bench, "/system/parameters", "changed=true", "name").await;
    assert_eq!(changed, ["ui.page_rows"]);
}

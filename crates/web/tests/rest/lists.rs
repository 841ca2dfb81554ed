//! Every list is paged, searched and sorted by the server, and refuses what it does not offer (SCL-03).

use netwarden_web::openapi;
use serde_json::{Value, json};

use crate::desk::{Bench, MAC, PORT, bench};

/// What comes whole, and why it is no list that somebody would page, search or sort. It may only shrink.
const WHOLE: &[(&str, &str)] = &[
    // A property of one endpoint: at most one name a source, of which an administrator keeps a handful, in the
    // order in which they count.
    ("/api/v1/endpoints/{mac}/names", "one line a source of names"),
    // Part of the program, as the columns of a list are: it grows with a new version only.
    ("/api/v1/statistics", "the product's own series"),
];

/// A rule of the bench, whose revisions are a list too.
const RULE: &str = "watched";

async fn with_rule() -> Bench {
    let bench = bench().await;
    let rule = |condition: &str| {
        json!({ "reason": "a test", "name": RULE, "on": ["mac_online"], "condition": condition,
                "reactions": [{ "do": "quarantine" }] })
    };
    let made = bench.json("administrator", "POST", "/api/v1/rules", rule("")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/api/v1/rules/{RULE}");
    for condition in ["endpoint.status == 'new'", "endpoint.vlan == 10"] {
        let edited = bench.json("administrator", "PUT", &path, rule(condition)).await;
        assert_eq!(edited.status, 200, "{}", edited.body);
    }
    bench
}

/// What stands in a path of the bench.
fn filled(path: &str, bench: &Bench) -> String {
    path.replace("{mac}", MAC)
        .replace("{ne}", &bench.ne.0.to_string())
        .replace("{id}", &bench.ne.0.to_string())
        .replace("{port}", PORT)
        .replace("{operation}", "port.off")
        .replace("{account}", "administrator")
        .replace("{name}", PORT)
        .replace("{rule}", RULE)
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

/// A list of the bench with a query; histories need somebody whom they are about.
async fn asked(bench: &Bench, path: &str, query: &str) -> crate::desk::Answer {
    let whom = if path == "/api/v1/history" { format!("mac={MAC}&") } else { String::new() };
    bench.call(Some("administrator"), "GET", &format!("{path}?{whom}{query}"), None).await
}

// proves: SCL-03
#[tokio::test]
async fn every_list_is_searched_and_sorted() {
    let document = serde_json::to_value(openapi()).unwrap();
    let bench = with_rule().await;
    for path in lists().0 {
        let parameters = document["paths"][&path]["get"]["parameters"].as_array().unwrap();
        let offered: Vec<&str> = parameters.iter().map(|one| one["name"].as_str().unwrap()).collect();
        for name in ["text", "sort", "limit", "after"] {
            assert!(offered.contains(&name), "{path} does not offer {name}: {offered:?}");
        }
        let path = filled(&path, &bench);
        let none = asked(&bench, &path, "text=nothing-is-called-so").await;
        assert_eq!(none.status, 200, "{path}: {}", none.body);
        assert_eq!(none.json()["items"], json!([]), "{path} does not search");
        let refused = asked(&bench, &path, "sort=no_such_column").await;
        assert!(refused.status.is_client_error(), "{path}: {}", refused.body);
        // What it sorts by, as it says itself.
        let known = match path.as_str() {
            "/api/v1/events" => vec!["at".to_owned()],
            _ => {
                let all: Vec<String> =
                    refused.detail().split(&[' ', ',', ';'][..]).map(str::to_owned).collect();
                let mut sorts = Vec::new();
                for name in all.iter().filter(|word| !word.is_empty() && !word.contains('\'')) {
                    if asked(&bench, &path, &format!("sort={name}")).await.status == 200 {
                        sorts.push(name.clone());
                    }
                }
                sorts
            }
        };
        assert!(!known.is_empty(), "{path} sorts by nothing: {}", refused.detail());
        for name in known {
            for query in [format!("sort={name}&limit=1000"), format!("sort=-{name}&limit=1000")] {
                let sorted = asked(&bench, &path, &query).await;
                assert_eq!(sorted.status, 200, "{path}?{query}: {}", sorted.body);
            }
        }
    }
}

// proves: SCL-03
#[tokio::test]
async fn revisions_and_histories_are_searched_sorted_and_continued() {
    let bench = with_rule().await;
    let path = format!("/rules/{RULE}/revisions");
    let (all, _) = column(&bench, &path, "", "revision").await;
    assert_eq!(all, [json!(1), json!(2), json!(3)], "the oldest first");
    let (first, next) = column(&bench, &path, "sort=-revision&limit=2", "revision").await;
    assert_eq!(first, [json!(3), json!(2)]);
    let after = format!("sort=-revision&limit=2&after={}", next.as_str().unwrap());
    assert_eq!(column(&bench, &path, &after, "revision").await.0, [json!(1)]);
    assert_eq!(column(&bench, &path, "text=vlan", "revision").await.0, [json!(3)]);
    assert_eq!(column(&bench, &path, "written_by=admin&revision=2", "revision").await.0, [json!(2)]);
    let here = format!("/endpoints/{MAC}/history");
    for (query, count) in
        [("text=SW1", 1), ("text=gi1/0/1&sort=port", 1), ("text=sw2", 0), ("sort=-started", 1)]
    {
        assert_eq!(column(&bench, &here, query, "port").await.0.len(), count, "{query}");
    }
    let port = format!("/ports/{}/{PORT}/history", bench.ne.0);
    let (found, _) = column(&bench, &port, &format!("sort=-mac&text={MAC}"), "mac").await;
    assert_eq!(found, [json!(MAC)], "a port's history is searched by whom it is about");
}

// proves: SCL-03
#[tokio::test]
async fn every_list_is_cut_into_pages_and_refuses_what_it_does_not_offer() {
    let bench = with_rule().await;
    for path in lists().0 {
        let path = filled(&path, &bench);
        let ask = async |query: &str| asked(&bench, &path, query).await;
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

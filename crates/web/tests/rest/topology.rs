//! The map: what it tells to whom, by REST and by the pages; its files.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use netwarden_inventory::ElementBase;
use netwarden_model::NeId;
use netwarden_model::element::Element;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk::{Answer, Bench, MAC, bench};

impl Bench {
    async fn shown(&self, path: &str, accepted: &str) -> Answer {
        let cookie = format!("__Host-netwarden-om={}", self.secrets["operator"]);
        self.call_with(None, "GET", path, None, &[("cookie", &cookie), ("accept-language", accepted)]).await
    }

    /// `count` further elements in memory, of which nothing was read.
    async fn add(&self, count: i64, region: Option<&str>) {
        for id in 0..count {
            let element = Element {
                id: NeId(1_000 + id),
                name: format!("<b>sw{id}</b>"),
                address: ([127, 0, 0, 1], 1_000).into(),
                credential: None,
                enforcement: false,
                allow_v2c: false,
                quarantine_vlan: None,
                voice_vlan: None,
            };
            let base = ElementBase::new(element, self.desk.clock.now());
            let base = ElementBase { region: region.map(str::to_owned), ..base };
            self.desk.engine.keeper().adjust(move |network| network.put_element(base)).await.unwrap();
        }
    }
}

fn nodes(answer: &Answer) -> Vec<Value> {
    answer.json()["nodes"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).clone()
}

// proves: NAC-20
#[tokio::test]
async fn the_map_says_what_is_there_and_again_only_when_it_has_changed() {
    let bench = bench().await;
    let ne = bench.ne.0.to_string();
    let rest = bench.call(Some("operator"), "GET", "/api/v1/topology", None).await;
    assert_eq!(nodes(&rest)[0]["id"], ne);
    assert_eq!(nodes(&rest)[0]["endpoints"], 1);
    assert_eq!(bench.call(Some("helpdesk"), "GET", "/api/v1/topology", None).await.status, 403);
    let graph = bench.shown("/topology/graph", "de").await;
    let node = &nodes(&graph)[0];
    assert_eq!((&node["id"], &node["href"]), (&json!(ne), &json!(format!("/elements/{ne}"))));
    assert_eq!(node["counts"], "• 1");
    assert!(node["told"].as_array().unwrap().contains(&json!("1 Endgerät")), "{node}");
    let version = graph.json()["version"].as_str().unwrap().to_owned();
    let again = format!("/topology/graph?have={version}");
    assert_eq!(bench.shown(&again, "de").await.status, 204);
    assert_eq!(bench.shown(&again, "en").await.status, 200, "other words");
    bench.add(1, None).await;
    let changed = bench.shown(&again, "de").await;
    assert_eq!(nodes(&changed).len(), 2);
    let place = |node: &Value| (node["x"].clone(), node["y"].clone());
    assert_ne!(place(&nodes(&changed)[0]), place(&nodes(&changed)[1]));
}

// proves: NAC-20
#[tokio::test]
async fn what_is_sought_is_found_where_it_is() {
    let bench = bench().await;
    let ne = bench.ne.0.to_string();
    for sought in ["sw1", MAC, &MAC.to_uppercase()] {
        let hits =
            bench.shown(&format!("/topology/find?q={}", sought.replace(':', "%3A")), "en").await.json();
        let found = hits.as_array().unwrap().iter().filter(|hit| hit["node"] == ne.as_str()).count();
        assert_eq!(found, 1, "{sought}: {hits}");
    }
    assert_eq!(bench.shown("/topology/find?q=nobody-is-called-so", "en").await.json(), json!([]));
}

#[tokio::test]
async fn a_large_map_is_folded_and_its_address_opens_it() {
    let bench = bench().await;
    bench.add(200, Some("north & south")).await;
    let page = bench.shown("/topology", "en").await.body;
    assert!(page.contains("<option value=\"switch\" selected>"), "{page}");
    assert!(page.contains("rel=\"next\" href=\"/topology?after=100\""), "a page of the table");
    assert!(page.contains("&#60;b&#62;sw0") && !page.contains("<b>sw0"), "names are text");
    let last = bench.shown("/topology?after=200", "en").await.body;
    assert!(last.contains("sw199") && !last.contains("rel=\"next\""));
    let folded = nodes(&bench.shown("/topology/graph?by=region", "en").await);
    assert_eq!(folded.len(), 2);
    let group = &folded[1];
    assert_eq!(group["holds"].as_array().unwrap().len(), 200);
    let open = group["href"].as_str().unwrap();
    assert_eq!(open, "/topology?by=region&open=region%20north%20%26%20south");
    let opened = bench.shown(open, "en").await.body;
    assert!(opened.contains("<a class=\"chip\" href=\"/topology?by=region\""), "and a way back");
    let graph = open.replace("/topology", "/topology/graph");
    assert_eq!(nodes(&bench.shown(&graph, "en").await).len(), 201);
}

#[tokio::test]
async fn files_are_sent_compressed_to_those_who_take_it_and_pages_to_nobody() {
    let bench = bench().await;
    let page = bench.shown("/topology", "en").await.body;
    let addresses: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(addresses.len(), 6, "{addresses:?}");
    let ask = async |path: &str, accepted: &str| {
        let cookie = format!("__Host-netwarden-om={}", bench.secrets["operator"]);
        let request = Request::get(path).header("accept-encoding", accepted).header("cookie", cookie);
        let response = bench.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        assert_eq!(parts.status, 200, "{path}");
        (parts.headers, to_bytes(body, 1 << 24).await.unwrap())
    };
    for address in addresses {
        let (plain, whole) = ask(address, "identity").await;
        let (headers, sent) = ask(address, "gzip, br").await;
        assert!(!plain.contains_key("content-encoding"));
        for headers in [&plain, &headers] {
            assert_eq!(headers["vary"], "Accept-Encoding", "{address}");
            assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
        }
        if whole.len() > 4_096 {
            assert_eq!(headers["content-encoding"], "gzip", "{address}");
            assert!(sent.len() * 2 < whole.len(), "{address}: {} of {}", sent.len(), whole.len());
        }
    }
    // Pages hold secrets beside words of the one who asks.
    for path in ["/topology", "/topology/graph", "/endpoints", "/sign-in"] {
        assert!(!ask(path, "gzip, br").await.0.contains_key("content-encoding"), "{path}");
    }
    let elsewhere = bench.shown("/endpoints", "en").await.body;
    assert!(!elsewhere.contains("echarts"), "only where something is drawn");
}

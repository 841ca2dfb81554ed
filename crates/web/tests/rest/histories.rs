//! The past, page by page: nothing of it is cut off unsaid.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_model::Mac;
use netwarden_store::{Tx, execute, to_micros, values};

use crate::desk::{Bench, MAC, PORT, bench};

/// Ids that the keeper does not reach while a test runs.
const FIRST: i64 = 1_000_000;
/// More than the largest page.
const STAYS: i64 = 1_250;

/// Stays of one minute each on the only port, two of which began at the same time.
async fn put_stays(bench: &Bench) -> Timestamp {
    let mac = i64::try_from(MAC.parse::<Mac>().unwrap().to_u64()).unwrap();
    let began: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let first = to_micros(began);
    bench
        .desk
        .store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                for at in 0..STAYS {
                    let sql = "INSERT INTO sightings (id, mac, port_id, vlan, started, ended) \
                               SELECT $1, $2, id, 10, $3, $4 FROM ports";
                    let started = first + at / 2 * 60_000_000;
                    execute(tx, sql, values![FIRST + at, mac, started, started + 60_000_000]).await?;
                }
                Ok::<(), netwarden_store::StoreError>(())
            })
        })
        .await
        .unwrap();
    began
}

// proves: SCL-03, NAC-16
#[tokio::test]
async fn every_stay_is_reached_through_the_pages_and_none_twice() {
    let bench = bench().await;
    let began = put_stays(&bench).await;
    let port = format!("/api/v1/ports/{}/{PORT}/history", bench.ne.0);
    let span = format!("from={began}&until=2026-04-01T00:00:00Z");
    for path in [format!("/api/v1/endpoints/{MAC}/history"), format!("/api/v1/history?mac={MAC}"), port] {
        let join = if path.contains('?') { '&' } else { '?' };
        let (mut found, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = format!("{path}{join}{span}&limit=500{after}");
            let answer = bench.call(Some("revisor"), "GET", &page, None).await;
            assert_eq!(answer.status, 200, "{page}: {}", answer.body);
            let listed = answer.json();
            assert_eq!(listed["total"], serde_json::json!({ "count": STAYS, "more": false }), "{path}");
            found.extend(listed["items"].as_array().unwrap().iter().map(|row| row["from"].to_string()));
            pages += 1;
            let Some(next) = listed["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((pages, found.len()), (3, 1_250), "{path}");
        assert!(found.is_sorted_by(|one, next| one >= next), "the latest first: {path}");
        assert_eq!(
            found.iter().collect::<BTreeSet<_>>().len(),
            625,
            "each of both that began together: {path}"
        );
    }
    let beyond = format!("/api/v1/endpoints/{MAC}/history?limit=1001");
    assert_eq!(bench.call(Some("revisor"), "GET", &beyond, None).await.status, 422);
    let forged = format!("/api/v1/endpoints/{MAC}/history?after=AAAA");
    assert_eq!(bench.call(Some("revisor"), "GET", &forged, None).await.status, 422);
}

// proves: SCL-03
#[tokio::test]
async fn groups_are_paged_searched_and_sorted_by_the_server() {
    let bench = bench().await;
    for name in ["desks", "phones", "printers"] {
        let group = serde_json::json!({ "reason": "a test", "name": name });
        assert_eq!(bench.json("operator", "POST", "/api/v1/groups", group).await.status, 201);
    }
    let names = async |query: &str| {
        let answer = bench.call(Some("operator"), "GET", &format!("/api/v1/groups?{query}"), None).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let page = answer.json();
        let names =
            page["items"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), page["next"].as_str().map(str::to_owned))
    };
    let (first, next) = names("sort=-name&limit=2").await;
    assert_eq!(first, ["printers", "phones"]);
    let (rest, end) = names(&format!("sort=-name&limit=2&after={}", next.unwrap())).await;
    assert_eq!((rest, end), (vec!["desks".to_owned()], None));
    assert_eq!(names("text=esk").await.0, ["desks"]);
}

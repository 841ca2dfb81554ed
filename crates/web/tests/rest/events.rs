//! The list of events: searched by what names those whom they are about, and turned round.

use serde_json::json;

use crate::desk::{MAC, bench};

// proves: SCL-03
#[tokio::test]
async fn events_are_searched_by_what_names_their_subject() {
    let bench = bench().await;
    let other = "00:1b:21:00:00:77";
    bench.seen(&[MAC, other]).await;
    for tries in 0.. {
        let told = bench.call(Some("helpdesk"), "GET", "/api/v1/events?limit=200", None).await.body;
        if told.contains(other) {
            break;
        }
        assert!(tries < 500, "no event tells of it: {told}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let note = json!({ "reason": "a test", "owner": "Hall Porter" });
    bench.json("operator", "PATCH", &format!("/api/v1/endpoints/{other}"), note).await;
    let found = async |query: &str| {
        let answer =
            bench.call(Some("helpdesk"), "GET", &format!("/api/v1/events?limit=200&{query}"), None).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let items = answer.json()["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| {
                (item["subject"].as_str().unwrap().to_owned(), item["kind"].as_str().unwrap().to_owned())
            })
            .collect::<Vec<_>>()
    };
    for text in [other, "001b.2100.0077", "hall+porter", "000077"] {
        let found = found(&format!("text={text}")).await;
        assert!(!found.is_empty() && found.iter().all(|(subject, _)| subject == other), "{text}: {found:?}");
    }
    let of_element = found("text=SW1").await;
    assert!(
        [MAC, other].iter().all(|mac| of_element.iter().any(|(subject, _)| subject == mac)),
        "{of_element:?}"
    );
    let of_kind = found("text=new+endpoint").await;
    assert!(of_kind.len() >= 2 && of_kind.iter().all(|(_, kind)| kind == "new_endpoint"), "{of_kind:?}");
    let both = found("text=hall+porter&kind=mac_online").await;
    assert!(both.iter().all(|(subject, kind)| subject == other && kind == "mac_online"), "{both:?}");
    assert_eq!(found("text=nobody+of+that+name").await, []);
    // Of one that is not known any more the log still tells.
    assert_eq!(found("text=00:1b:21:99:99:99").await, []);

    let oldest = found("text=sw1&sort=at").await;
    let newest = found("text=sw1&sort=-at").await;
    assert!(oldest.len() > 1 && oldest.iter().rev().eq(newest.iter()), "{oldest:?} {newest:?}");
    let refused = bench.call(Some("helpdesk"), "GET", "/api/v1/events?sort=kind", None).await;
    assert!(refused.status == 422 && refused.detail().contains("sort takes -at"), "{}", refused.body);
    assert_eq!(bench.call(Some("foreign"), "GET", "/api/v1/events?text=sw1", None).await.status, 403);

    let page = bench.page("helpdesk", "/events?text=hall+porter").await.body;
    assert!(page.contains(other) && !page.contains(&format!("{MAC} (")), "{page}");
    assert!(
        page.contains("name=\"text\"") && !page.contains("data-live"),
        "what is searched is not live: {page}"
    );
    assert!(page.contains("sort=at"), "{page}");
    assert!(bench.page("helpdesk", "/events.csv?text=hall+porter").await.body.contains(other));
}

/// A text that fits too much is refused rather than answered in part.
#[tokio::test]
async fn a_text_that_fits_many_asks_for_more_of_it() {
    let bench = bench().await;
    for n in 0..40 {
        let note = json!({ "reason": "a test", "note": "one of many" });
        let path = format!("/api/v1/endpoints/02:00:00:00:00:{n:02x}");
        assert_eq!(bench.json("operator", "PATCH", &path, note).await.status, 200);
    }
    let wide = bench.call(Some("operator"), "GET", "/api/v1/events?text=one+of+many", None).await;
    assert_eq!(wide.status, 422, "{}", wide.body);
    assert!(wide.detail().contains("fits more than 32") && wide.json()["input"] == "text", "{}", wide.body);
    let narrow = bench.call(Some("operator"), "GET", "/api/v1/events?text=020000000027", None).await;
    assert_eq!(narrow.status, 200, "{}", narrow.body);
}

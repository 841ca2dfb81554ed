//! Metrics, health and statistics.

use std::io::Write;
use std::process::{Command, Stdio};

use netwarden_inventory::{Lack, Read};
use netwarden_model::Reading;
use netwarden_model::element::{Method, Scan};
use serde_json::json;

use crate::desk::bench;

// proves: NEM-06
#[tokio::test]
async fn prometheus_own_tool_takes_the_metrics() {
    let bench = bench().await;
    let answer = bench.call(Some("revisor"), "GET", "/metrics", None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("netwarden_endpoints{status=\"new\"} 1"), "{}", answer.body);
    assert!(answer.body.contains("netwarden_poll_duration_seconds_bucket{le=\"+Inf\"}"));
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = spawned else {
        println!("skipped: promtool (Debian package prometheus) is not installed");
        return;
    };
    tool.stdin.take().unwrap().write_all(answer.body.as_bytes()).unwrap();
    let found = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&found.stderr).into_owned() + &String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success() && said.trim().is_empty(), "{said}");
}

// proves: NEM-06
#[tokio::test]
async fn health_needs_no_login_and_the_start_page_draws_what_the_statistics_say() {
    let bench = bench().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(bench.call(None, "GET", path, None).await.status, 200, "{path}");
    }
    let chart = async || bench.page("operator", "/?chart=endpoints.online").await.body;
    assert!(!chart().await.contains("class=\"bar-of\""), "nothing was counted yet");
    let seen = bench.desk.collect_statistics(None).await.unwrap();
    bench.desk.collect_statistics(Some(seen)).await.unwrap();
    let drawn = chart().await;
    assert!(drawn.contains("class=\"bar-of\"") && drawn.contains(": 1</title>"), "{drawn}");
}

// proves: NEM-06
#[tokio::test]
async fn statistics_are_kept_and_read_and_parts_tell_how_they_are() {
    let bench = bench().await;
    let seen = bench.desk.collect_statistics(None).await.unwrap();
    bench.desk.collect_statistics(Some(seen)).await.unwrap();
    let answer =
        bench.call(Some("helpdesk"), "GET", "/api/v1/statistics/endpoints.online?step_s=60", None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let points = answer.json()["points"].as_array().unwrap().clone();
    assert!(!points.is_empty() && points[0]["mean"] == 1.0, "{}", answer.body);
    let nothing = bench.call(Some("helpdesk"), "GET", "/api/v1/statistics/nothing", None).await;
    assert_eq!(nothing.status, 404);
    let health = bench.call(Some("helpdesk"), "GET", "/api/v1/system/health", None).await.json();
    let names: Vec<&str> =
        health["parts"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["database", "trail", "judge", "poller", "enforcement"]);
}

#[tokio::test]
async fn an_element_that_is_read_in_part_says_of_what() {
    let bench = bench().await;
    let lack = Lack { scan: Scan::Forwarding, reason: "dot1qTpFdbTable: out of order".into() };
    let read = Read::Partly(vec![Method::Forwarding], vec![lack]);
    let poller = async || {
        let health = bench.call(Some("helpdesk"), "GET", "/api/v1/system/health", None).await.json();
        health["parts"].as_array().unwrap().iter().find(|part| part["name"] == "poller").unwrap().clone()
    };
    assert_eq!(poller().await["state"], "ok");
    for _ in 0..3 {
        let keeper = bench.desk.engine.keeper();
        keeper.read(bench.ne, read.clone(), Reading::default(), bench.desk.clock.now()).await;
    }
    for _ in 0..500 {
        if poller().await["state"] == "degraded" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let text = poller().await["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with("read in part for several polls: 1"), "{text}");
    let shown = bench.call(Some("operator"), "GET", &format!("/api/v1/elements/{}", bench.ne.0), None).await;
    assert_eq!(shown.json()["incomplete"], json!({"forwarding": ["dot1qTpFdbTable: out of order"]}));
    // The picture is ahead of the store, so the event may come a little later.
    let told = async || {
        let events = bench.call(Some("operator"), "GET", "/api/v1/events?kind=ne_incomplete", None).await;
        events.json()["items"].as_array().unwrap().len()
    };
    for _ in 0..500 {
        if told().await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(told().await, 1);
}

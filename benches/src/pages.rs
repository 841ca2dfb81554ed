//! Every page of the console, asked for as a browser does, with its size.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::ask::Draw;
use crate::numbers::Percentiles;

/// A page whose address is drawn anew for each asking.
struct Page {
    name: &'static str,
    address: fn(&mut Draw) -> String,
}

const PAGES: &[Page] = &[
    Page { name: "overview", address: |_| "/".to_owned() },
    Page { name: "endpoints", address: |_| "/endpoints".to_owned() },
    Page { name: "endpoints, new and online", address: |_| "/endpoints?status=new&online=true".to_owned() },
    Page { name: "endpoints, text", address: |d| format!("/endpoints?text={}", part(&d.endpoint().mac())) },
    Page { name: "one endpoint", address: |d| format!("/endpoints/{}", d.endpoint().mac()) },
    Page { name: "search", address: |d| format!("/search?q={}", part(&d.endpoint().mac())) },
    Page { name: "elements", address: |_| "/elements".to_owned() },
    Page { name: "one element", address: |d| format!("/elements/{}", d.ne()) },
    Page { name: "topology", address: |_| "/topology".to_owned() },
    Page { name: "topology's graph", address: |_| "/topology/graph".to_owned() },
    Page { name: "events", address: |_| "/events".to_owned() },
    Page { name: "events, severity major", address: |_| "/events?severity=major".to_owned() },
    Page { name: "events of a MAC", address: |d| format!("/events?mac={}", d.endpoint().mac()) },
    Page { name: "rules", address: |_| "/rules".to_owned() },
    Page { name: "audit", address: |_| "/audit".to_owned() },
    Page { name: "system", address: |_| "/system".to_owned() },
];

/// The last half of an address, as people type it.
fn part(mac: &netwarden_model::Mac) -> String {
    mac.to_string().chars().skip(9).collect()
}

/// Asks for each page `times` times with the session `secret`; the server is our own on loopback.
pub async fn run(server: &str, secret: &str, draw: &mut Draw, times: usize) -> anyhow::Result<Value> {
    // Its certificate was pinned when the secret was fetched.
    let http = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let cookie = format!("__Host-netwarden-om={secret}");
    let mut results = Vec::new();
    for page in PAGES {
        let (mut took, mut largest) = (Vec::new(), 0);
        for round in 0..times + 5 {
            let (time, octets) = ask(&http, server, &cookie, &(page.address)(draw)).await?;
            largest = largest.max(octets);
            if round >= 5 {
                took.push(time);
            }
        }
        results.push(json!({ "name": page.name, "octets": largest, "warm": Percentiles::of(took) }));
    }
    Ok(Value::Array(results))
}

async fn ask(
    http: &reqwest::Client,
    server: &str,
    cookie: &str,
    path: &str,
) -> anyhow::Result<(Duration, usize)> {
    let started = Instant::now();
    let answer =
        http.get(format!("{server}{path}")).header("cookie", cookie).send().await.context(path.to_owned())?;
    let status = answer.status();
    let octets = answer.bytes().await?.len();
    if status.as_u16() != 200 {
        bail!("{path} was answered with {status}");
    }
    Ok((started.elapsed(), octets))
}

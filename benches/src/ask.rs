//! The named set of questions: lists, searches and history, over HTTPS with a token, one after the other.
//!
//! Cold: before each question the pages of the database are taken out of the system's cache, so that it
//! is answered from the disk; what the server itself holds in memory it keeps, as it would in service.
//! Warm: the same kinds of questions, each time about something else, again and again.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use netwarden_api::Client;
use netwarden_api::client::segment;
use serde_json::{Value, json};

use crate::events::{Endpoint, Past};
use crate::fill::Sizes;
use crate::numbers::{Percentiles, Sequence};

/// Of `admin`, once the one-time password was used.
const PASSWORD: &str = "Vb7#qLx2mTz9";

/// The server that is asked.
#[derive(Debug)]
pub struct Target {
    /// The password of `admin` that its first start printed; it is changed at the first asking.
    pub one_time: String,
    /// https://HOST:PORT
    pub server: String,
    /// Of its certificate.
    pub fingerprint: String,
    /// Its SQLite file.
    pub database: PathBuf,
}

/// A question: path below /api/v1 and query.
type Question = (String, Vec<(&'static str, String)>);

struct Named {
    name: &'static str,
    ask: fn(&mut Draw) -> Question,
}

/// Draws whom a question is about.
pub struct Draw {
    sequence: Sequence,
    sizes: Sizes,
}

impl Draw {
    /// An endpoint.
    pub fn endpoint(&mut self) -> Endpoint {
        Endpoint { number: self.sequence.below(self.sizes.endpoints), elements: self.sizes.elements }
    }

    /// An element's id.
    pub fn ne(&mut self) -> usize {
        self.sequence.below(self.sizes.elements) + 1
    }

    fn time(&mut self) -> String {
        Past::new().at(100 + self.sequence.below(800), 1_000).to_string()
    }
}

fn list(path: &str, query: &[(&'static str, &str)]) -> Question {
    (path.to_owned(), query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
}

const QUESTIONS: &[Named] = &[
    Named { name: "endpoints, first page", ask: |_| list("/endpoints", &[]) },
    Named { name: "endpoints, last seen first", ask: |_| list("/endpoints", &[("sort", "-last_seen")]) },
    Named {
        name: "endpoints by name, 1,000 rows",
        ask: |_| list("/endpoints", &[("sort", "name"), ("limit", "1000")]),
    },
    Named {
        name: "endpoints, new and online",
        ask: |_| list("/endpoints", &[("status", "new"), ("online", "true")]),
    },
    Named { name: "endpoints of an element", ask: |d| list("/endpoints", &[("ne", &d.ne().to_string())]) },
    Named {
        name: "endpoints of a group, by vendor",
        ask: |_| list("/endpoints", &[("group", "printers"), ("sort", "vendor")]),
    },
    Named { name: "endpoints of a vendor", ask: |_| list("/endpoints", &[("vendor", "raspberry")]) },
    Named {
        name: "endpoints, name contains",
        ask: |d| {
            let name = d.endpoint().host_name();
            list("/endpoints", &[("name", name.get(4..).unwrap_or(""))])
        },
    },
    Named {
        name: "endpoints, owner contains",
        ask: |d| {
            let owner = d.endpoint().owner();
            list("/endpoints", &[("owner", &owner)])
        },
    },
    Named {
        name: "endpoints, VLAN",
        ask: |d| {
            let vlan = d.endpoint().vlan();
            list("/endpoints", &[("vlan", &vlan.to_string())])
        },
    },
    Named {
        name: "endpoints, text of 9 letters",
        ask: |d| {
            let name = d.endpoint().host_name();
            list("/endpoints", &[("text", &name)])
        },
    },
    Named {
        name: "endpoints, text of 3 letters",
        ask: |d| {
            let part = format!("{:03}", d.sequence.below(1_000));
            list("/endpoints", &[("text", &part)])
        },
    },
    Named {
        name: "endpoints, text of 2 letters",
        ask: |d| {
            let part = format!("{:02}", d.sequence.below(100));
            list("/endpoints", &[("text", &part)])
        },
    },
    Named {
        name: "endpoints, part of a MAC",
        ask: |d| {
            let mac = d.endpoint().mac().to_string();
            list("/endpoints", &[("text", mac.get(6..).unwrap_or(""))])
        },
    },
    Named {
        name: "endpoints, text that nobody has",
        ask: |_| list("/endpoints", &[("text", "no such thing anywhere")]),
    },
    Named {
        name: "endpoint with an address",
        ask: |d| {
            let ip = d.endpoint().ip().to_string();
            list("/endpoints", &[("ip", &ip)])
        },
    },
    Named { name: "one endpoint", ask: |d| list(&format!("/endpoints/{}", d.endpoint().mac()), &[]) },
    Named {
        name: "why is it where it is",
        ask: |d| list(&format!("/endpoints/{}/why", d.endpoint().mac()), &[]),
    },
    Named {
        name: "history of a MAC",
        ask: |d| list(&format!("/endpoints/{}/history", d.endpoint().mac()), &[]),
    },
    Named {
        name: "where was a MAC at a time",
        ask: |d| {
            let (mac, at) = (d.endpoint().mac().to_string(), d.time());
            list("/history", &[("mac", &mac), ("at", &at)])
        },
    },
    Named {
        name: "who had an address at a time",
        ask: |d| {
            let (ip, at) = (d.endpoint().ip().to_string(), d.time());
            list("/history", &[("ip", &ip), ("at", &at)])
        },
    },
    Named {
        name: "where was a name",
        ask: |d| {
            let name = format!("{}.example.net", d.endpoint().host_name());
            list("/history", &[("name", &name)])
        },
    },
    Named {
        name: "where was a user",
        ask: |d| {
            let user = format!("user{:05}", d.sequence.below(10_007));
            list("/history", &[("user", &user)])
        },
    },
    Named {
        name: "what was on a port",
        ask: |d| {
            let (ne, e) = (d.ne(), d.endpoint());
            list(&format!("/ports/{ne}/{}/history", segment(&e.port_name(0).0)), &[])
        },
    },
    Named { name: "events, newest", ask: |_| list("/events", &[]) },
    Named {
        name: "events of a MAC",
        ask: |d| {
            let mac = d.endpoint().mac().to_string();
            list("/events", &[("mac", &mac)])
        },
    },
    Named { name: "events of a rare kind", ask: |_| list("/events", &[("kind", "mac_spoofing")]) },
    Named {
        name: "events of three kinds up to a time",
        ask: |d| {
            let until = d.time();
            list("/events", &[("kind", "unauthorised,new_endpoint,endpoint_moved"), ("until", &until)])
        },
    },
    Named {
        name: "events of an hour",
        ask: |d| {
            let from = Past::new().at(100 + d.sequence.below(800), 1_000);
            let until = from.checked_add(jiff::SignedDuration::from_hours(1)).unwrap_or(from);
            list("/events", &[("from", &from.to_string()), ("until", &until.to_string())])
        },
    },
    Named { name: "events, severity major", ask: |_| list("/events", &[("severity", "major")]) },
    Named { name: "events of an element", ask: |d| list("/events", &[("ne", &d.ne().to_string())]) },
    Named {
        name: "one event",
        ask: |d| {
            let seq = d.sequence.below(d.sizes.events) + 1;
            list(&format!("/events/{seq}"), &[])
        },
    },
    Named { name: "ports of an element", ask: |d| list("/ports", &[("ne", &d.ne().to_string())]) },
    Named {
        name: "ports, text",
        ask: |d| {
            let room = format!("room {:03}", d.sequence.below(997));
            list("/ports", &[("text", &room)])
        },
    },
    Named { name: "elements by name", ask: |_| list("/elements", &[("sort", "name")]) },
    Named {
        name: "elements, text",
        ask: |d| {
            let name = format!("sw-{:04}", d.ne());
            list("/elements", &[("text", &name)])
        },
    },
    Named { name: "rules", ask: |_| list("/rules", &[]) },
    Named { name: "audit, newest", ask: |_| list("/audit", &[]) },
    Named { name: "status of the system", ask: |_| list("/system/status", &[]) },
];

/// See the module.
pub async fn run(target: &Target, sizes: Sizes, cold: usize, warm: usize) -> anyhow::Result<Value> {
    let fingerprint = target.fingerprint.parse().map_err(|error| anyhow::anyhow!("fingerprint: {error}"))?;
    let secret = log_in(&Client::anonymous(&target.server, fingerprint)?, &target.one_time).await?;
    let client = Client::remote(&target.server, secret.clone(), fingerprint)?;
    let mut draw = Draw { sequence: Sequence(7), sizes };
    // The connection and its TLS session are there before the first question is timed.
    put(&client, &list("/system/status", &[])).await?;

    let mut results = Vec::new();
    for named in QUESTIONS {
        let mut times = Vec::new();
        for _ in 0..cold {
            forget(target)?;
            let question = (named.ask)(&mut draw);
            times.push(put(&client, &question).await.context(named.name)?.0);
        }
        let cold = Percentiles::of(times);
        let (mut times, mut rows) = (Vec::new(), 0);
        for round in 0..warm + 5 {
            let question = (named.ask)(&mut draw);
            let (time, found) = put(&client, &question).await.context(named.name)?;
            rows = rows.max(found);
            if round >= 5 {
                times.push(time);
            }
        }
        results
            .push(json!({ "name": named.name, "rows": rows, "cold": cold, "warm": Percentiles::of(times) }));
    }
    let pages = crate::pages::run(&target.server, &secret, &mut draw, warm).await?;
    Ok(json!({ "questions": results, "pages": pages }))
}

/// The secret of a session of `admin`.
async fn log_in(client: &Client, one_time: &str) -> anyhow::Result<String> {
    let again = json!({ "user": "admin", "password": PASSWORD });
    let first = json!({ "user": "admin", "password": one_time, "new_password": PASSWORD });
    let opened: Value = match client.post("/sessions", &again).await {
        Ok(opened) => opened,
        Err(_) => client.post("/sessions", &first).await.context("logging in")?,
    };
    let secret = opened.get("token").and_then(Value::as_str);
    Ok(secret.with_context(|| format!("the answer has no token: {opened}"))?.to_owned())
}

/// Puts a question; how long the whole answer took, and how many rows it had.
async fn put(client: &Client, (path, query): &Question) -> anyhow::Result<(Duration, usize)> {
    let started = Instant::now();
    let answer: Value = client.get(path, query).await.with_context(|| format!("{path} {query:?}"))?;
    let time = started.elapsed();
    let rows = answer.get("items").unwrap_or(&answer).as_array().map_or(1, Vec::len);
    Ok((time, rows))
}

/// Takes the database's pages out of the system's cache (posix_fadvise by dd of coreutils).
fn forget(target: &Target) -> anyhow::Result<()> {
    let file = target.database.display();
    let log = format!("{file}-wal");
    for path in [file.to_string(), log] {
        if !std::path::Path::new(&path).exists() {
            continue;
        }
        let done = Command::new("dd")
            .args([&format!("if={path}"), "iflag=nocache", "count=0", "status=none"])
            .status()
            .context("dd")?;
        if !done.success() {
            bail!("dd cannot take {path} out of the cache: {done}");
        }
    }
    Ok(())
}

//! From the receipt of a MAC-notification trap to the GET that shows the quarantine VLAN.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use crate::process::wait_until;
use crate::product::{Product, link};
use crate::topology::Lab;

/// What many runs took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latency {
    /// One run each, shortest first.
    pub times: Vec<Duration>,
    /// Runs in which a poll found the endpoint before a trap told of it.
    pub found_by_poll: usize,
}

impl Latency {
    /// The time that `percent` of the runs did not exceed (nearest rank); None without runs.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.times.len() * percent).div_ceil(100).max(1);
        self.times.get(rank - 1).copied()
    }
}

/// Plugs the rogue in `runs` times, each time with a MAC address that nobody has seen, and takes the
/// times from the server's own record: its log for the trap, its attempt for the GET. The rule
/// [`crate::product::QUARANTINE`] must judge, and enforcement be on.
pub fn measure(
    lab: &Lab,
    product: &Product,
    runs: u16,
    mut told: impl FnMut(u16, Duration),
) -> anyhow::Result<Latency> {
    // Every run changes a port for another unknown endpoint: more than the guard rails usually allow.
    for (name, value) in [
        ("enforcement.budget_per_ne", "10000"),
        ("enforcement.budget_in_all", "10000"),
        ("enforcement.shared_ports", "act"),
    ] {
        product.ask(&["system", "set", name, value, "--reason", "measuring"])?;
    }
    let mut latency = Latency::default();
    for run in 0..runs {
        let [high, low] = run.to_be_bytes();
        let mac = format!("02:77:00:00:{high:02x}:{low:02x}");
        lab.link_down("rogue")?;
        lab.set_mac("rogue", &mac)?;
        lab.link_up("rogue")?;
        wait_until("the first frame", Duration::from_secs(20), || {
            lab.pings("rogue", "10.77.10.103");
            Ok(traps(&product.log()).contains_key(&mac))
        })
        .with_context(|| product.log())?;
        let chain = product.wait_for_quarantine(&mac)?;
        let read_back = time_of(link(&chain, "read_back"))?;
        let received = traps(&product.log()).get(&mac).copied().context("no trap told of the rogue")?;
        match Duration::try_from(read_back.duration_since(received)) {
            Ok(took) => {
                told(run, took);
                latency.times.push(took);
            }
            Err(_) => latency.found_by_poll += 1,
        }
        product.ask(&["ports", "release", "sw2", "p2", "--reason", "next run"])?;
        wait_until("the port is released", Duration::from_secs(20), || {
            let held = product.ask(&["system", "status"])?;
            Ok(held.get("ports_enforced").is_some_and(|ports| ports == 0)
                && lab.port_vlan("sw2", "p2")? == 10)
        })?;
    }
    lab.link_down("rogue")?;
    latency.times.sort();
    Ok(latency)
}

fn time_of(link: Option<&serde_json::Value>) -> anyhow::Result<Timestamp> {
    let at = link.and_then(|link| link.get("at")?.as_str()).context("a link without a time")?;
    at.parse().with_context(|| format!("'{at}' is no time"))
}

/// When the first trap told of each address, from the server's log.
fn traps(log: &str) -> BTreeMap<String, Timestamp> {
    let mut first = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("MAC notification received")) {
        let mut words = line.split_whitespace();
        let at = words.next().and_then(|at| at.parse::<Timestamp>().ok());
        let mac = words.find_map(|word| word.strip_prefix("mac="));
        if let (Some(at), Some(mac)) = (at, mac) {
            first.entry(mac.to_owned()).or_insert(at);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=100).map(Duration::from_millis).collect();
        let latency = Latency { times, found_by_poll: 0 };
        assert_eq!(latency.percentile(50), Some(Duration::from_millis(50)));
        assert_eq!(latency.percentile(99), Some(Duration::from_millis(99)));
        assert_eq!(latency.percentile(100), Some(Duration::from_millis(100)));
        assert_eq!(Latency::default().percentile(50), None);
        let one = Latency { times: vec![Duration::from_millis(7)], found_by_poll: 0 };
        assert_eq!(one.percentile(1), Some(Duration::from_millis(7)));
    }

    #[test]
    fn the_first_trap_of_an_address_counts() {
        let log = "2026-11-22T22:00:01.000002Z DEBUG netwarden_engine::traps: MAC notification received ne=2 mac=02:00:00:00:00:01 learned=true\n\
                   2026-11-22T22:00:02.000000Z DEBUG netwarden_engine::traps: MAC notification received ne=1 mac=02:00:00:00:00:01 learned=true\n\
                   2026-11-22T22:00:03Z  INFO other: mac=02:00:00:00:00:02\n";
        let found = traps(log);
        assert_eq!(found.len(), 1);
        assert_eq!(found["02:00:00:00:00:01"], "2026-11-22T22:00:01.000002Z".parse().unwrap());
    }
}

//! In the lab: everything is given back while the server is down, and how fast quarantine follows a trap.

use std::thread::sleep;
use std::time::Duration;

use netwarden_lab::latency::measure;
use netwarden_lab::product::QUARANTINE;

use crate::lab::{adopted, shut_out, text, wait_for_pings};

// proves: NAC-13
#[test]
fn all_is_released_while_the_server_is_down_and_stays_released() {
    let Some((lab, mut product)) = adopted() else { return };
    product.add_rule(QUARANTINE).unwrap();
    product.enforce().unwrap();
    shut_out(&lab, &product);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 666);

    product.kill();
    let released = product.run(&["release", "--all", "--reason", "fire drill"]).unwrap();
    assert!(released.status.success(), "{released:?}\n{}", lab.complaints());
    let said = String::from_utf8_lossy(&released.stdout).into_owned();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["released NE 2 port p2"]);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 10, "the switch itself");
    wait_for_pings(&lab, &product);
    let again = product.run(&["release", "--all"]).unwrap();
    assert!(again.status.success() && again.stdout.is_empty(), "{again:?}");

    // The server comes back: what was released stays so, and the record says who did it.
    product.start().unwrap();
    let before = product.ask(&["system", "status"]).unwrap()["polls_good"].as_u64().unwrap();
    for _ in 0..2 {
        for ne in ["sw1", "sw2"] {
            product.ask(&["ne", "poll", ne]).unwrap();
        }
        sleep(Duration::from_secs(2));
        assert!(lab.pings("rogue", "10.77.10.103"), "{}", product.log());
    }
    let status = product.ask(&["system", "status"]).unwrap();
    assert!(status["polls_good"].as_u64().unwrap() > before, "it did read the network: {status}");
    assert_eq!(status["ports_enforced"], 0, "{status}");
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 10);
    let records = product.list(&["audit", "list", "--limit", "200"]).unwrap();
    let release = records.iter().find(|record| record["operation"] == "port.release").unwrap();
    assert_eq!(text(release, "outcome"), "success", "{release}");
    assert!(text(release, "user").starts_with("local uid"), "{release}");
    assert!(product.run(&["audit", "verify"]).unwrap().status.success());
    let why = product.ask(&["ports", "why", "sw2", "p2"]).unwrap();
    assert!(why.to_string().contains("fire drill"), "{why}");
}

// proves: NAC-13
#[test]
fn all_is_released_through_the_server_while_it_runs() {
    let Some((lab, product)) = adopted() else { return };
    product.add_rule(QUARANTINE).unwrap();
    product.enforce().unwrap();
    shut_out(&lab, &product);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 666);

    let released = product.run(&["release", "--all", "--reason", "fire drill"]).unwrap();
    assert!(released.status.success(), "{released:?}\n{}", lab.complaints());
    let said = String::from_utf8_lossy(&released.stdout).into_owned();
    assert_eq!(said.lines().collect::<Vec<_>>(), ["released NE 2 port p2"]);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 10, "it was waited for");
    wait_for_pings(&lab, &product);
    let again = product.run(&["release", "--all"]).unwrap();
    assert!(again.status.success() && again.stdout.is_empty(), "{again:?}");
    // The list is of the search index, which follows the trail.
    let mut asked = None;
    for _ in 0..100 {
        let list = ["audit", "list", "--operation", "enforcement.release_all"];
        asked = product.list(&list).unwrap().into_iter().next();
        if asked.is_some() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let asked = asked.expect("a record of who released all");
    assert_eq!(text(&asked, "outcome"), "success", "{asked}");
}

// proves: NAC-15
#[test]
fn quarantine_follows_the_trap() {
    let Some((lab, product)) = adopted() else { return };
    product.add_rule(QUARANTINE).unwrap();
    product.enforce().unwrap();
    let latency = measure(&lab, &product, 3, |run, took| println!("run {run}: {took:?}")).unwrap();
    // How long it takes is a benchmark (`cargo xtask lab --latency 100`), not a test.
    assert_eq!(latency.times.len() + latency.found_by_poll, 3);
    assert!(!latency.times.is_empty(), "traps led to it: {latency:?}");
}

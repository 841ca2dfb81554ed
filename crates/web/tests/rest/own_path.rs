//! The server's and its gateway's ports, by hand and by rule (NAC-13).

use std::time::Duration;

use netwarden_inventory::Read;
use netwarden_model::access::PortAccess;
use netwarden_model::element::Method;
use netwarden_model::reading::{ArpEntry, FdbEntry, FdbStatus};
use netwarden_model::{IfIndex, Mac, Reading};
use serde_json::json;

use crate::desk::{Bench, GATEWAY, MAC, PORT, SERVER_MAC, bench, interface};

const OTHER: &str = "00:1b:21:00:00:77";

fn mac(text: &str) -> Mac {
    text.parse().unwrap()
}

/// The port shows these addresses, and a router's cache says whose the gateway's address is.
async fn read(bench: &Bench, learned: &[&str], gateway: &str) {
    let row = |text: &&str| FdbEntry {
        mac: mac(text),
        if_index: Some(IfIndex(1)),
        if_name: Some("Gi1/0/1".into()),
        vlan: Some(10.try_into().unwrap()),
        status: FdbStatus::Learned,
    };
    let entry = ArpEntry {
        ip: GATEWAY.parse().unwrap(),
        mac: mac(gateway),
        if_index: Some(IfIndex(1)),
        if_name: None,
    };
    let reading = Reading {
        interfaces: vec![interface("up")],
        fdb: learned.iter().map(row).collect(),
        arp: vec![entry],
        ..Reading::default()
    };
    let keeper = bench.desk.engine.keeper();
    keeper.read(bench.ne, Read::Methods(Method::ALL.to_vec()), reading, bench.desk.clock.now()).await;
    let port = netwarden_operate::port_ref(bench.ne.0, "Gi1/0/1");
    let mut wanted: Vec<Mac> = learned.iter().map(|text| mac(text)).collect();
    wanted.sort_unstable();
    for _ in 0..500 {
        if keeper.picture().read().learned_on(port.ne, &port.port) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the forwarding table was not read");
}

/// Why the port would not be shut.
async fn refusal(bench: &Bench) -> Option<String> {
    let port = netwarden_operate::port_ref(bench.ne.0, "Gi1/0/1");
    bench.desk.engine.refusal(&port, &PortAccess::Shut).await.unwrap().map(|never| never.to_string())
}

async fn shut(bench: &Bench) -> crate::desk::Answer {
    let path = format!("/api/v1/ports/{}/{PORT}/off", bench.ne.0);
    bench.json("operator", "POST", &path, json!({ "reason": "a test" })).await
}

// proves: NAC-13
#[tokio::test]
async fn the_port_of_the_server_or_its_gateway_is_never_shut_by_hand() {
    let bench = bench().await;
    assert_eq!(refusal(&bench).await, None);
    read(&bench, &[MAC, SERVER_MAC], OTHER).await;
    let why = refusal(&bench).await.unwrap();
    assert!(why.contains(SERVER_MAC) && why.contains("own path"), "{why}");
    let answer = shut(&bench).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.detail().contains("own path"), "{}", answer.detail());

    read(&bench, &[MAC, OTHER], OTHER).await;
    let why = refusal(&bench).await.unwrap();
    assert!(why.contains(OTHER), "the gateway's: {why}");
    assert_eq!(shut(&bench).await.status, 409);

    read(&bench, &[MAC], OTHER).await;
    assert_eq!(refusal(&bench).await, None, "it has left the port");
    assert_eq!(shut(&bench).await.status, 202);
}

// proves: NAC-13
#[tokio::test]
async fn whoever_takes_the_gateways_address_from_it_is_not_spared_for_that() {
    let bench = bench().await;
    let attacker = "00:1b:21:00:00:66";
    read(&bench, &[MAC, OTHER], OTHER).await;
    read(&bench, &[MAC, OTHER, attacker], attacker).await;
    let why = refusal(&bench).await.unwrap();
    assert!(why.contains(OTHER), "still the gateway's: {why}");
    read(&bench, &[attacker], attacker).await;
    assert_eq!(refusal(&bench).await, None, "the attacker's port is not spared");
}

// proves: NAC-13
#[tokio::test]
async fn addresses_that_the_machine_cannot_know_are_a_parameter() {
    let bench = bench().await;
    assert_eq!(refusal(&bench).await, None);
    let path = "/api/v1/system/parameters/enforcement.own_macs";
    let set = json!({ "value": MAC, "reason": "the host of our container" });
    let answer = bench.json("operator", "PUT", path, set).await;
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.body);
    assert_eq!(bench.records("parameter.modify", "success").await, 1);
    assert_eq!(shut(&bench).await.status, 409);
}

// proves: NAC-13
#[tokio::test]
async fn a_rules_request_for_the_servers_port_is_refused() {
    let bench = bench().await;
    let rule = json!({ "reason": "a test", "name": "new ones", "on": ["new_endpoint"],
        "reactions": [{ "do": "shut_port" }], "enabled": true });
    let made = bench.json("operator", "POST", "/api/v1/rules", rule).await;
    assert_eq!(made.status, 201, "{}", made.body);
    read(&bench, &[MAC, SERVER_MAC, "00:1b:21:00:00:55"], OTHER).await;
    for _ in 0..500 {
        let events =
            bench.call(Some("operator"), "GET", "/api/v1/events?kind=enforcement_failed", None).await;
        if events.body.contains("own path") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let events = bench.call(Some("operator"), "GET", "/api/v1/events", None).await;
    panic!("nothing was refused: {}", events.body);
}

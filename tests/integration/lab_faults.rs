//! In the lab: what is asked for and cannot be, who lies, and that the rest goes on.

use std::process::{Command, Output};
use std::time::Duration;

use netwarden_lab::process::wait_until;
use netwarden_lab::product::Product;
use netwarden_lab::{AGENT_PASSWORD, AGENT_USER, Lab};

use crate::lab::{adopted, text};

/// The sentence with which a command failed.
fn refusal(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(said.trim().lines().count(), 1, "one sentence: {said}");
    assert!(output.stdout.is_empty(), "{output:?}");
    said
}

/// What is said of a port after an order, once it has come to its end.
fn end_of(product: &Product, switch: &str, port: &str, expected: &str) {
    let mut why = serde_json::Value::Null;
    wait_until(expected, Duration::from_secs(20), || {
        why = product.ask(&["ports", "why", switch, port])?;
        Ok(why.to_string().contains(expected))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {why:#}\n{}", product.log()));
}

// proves: NAC-12
#[test]
fn what_cannot_be_is_said_in_one_sentence_and_the_rest_goes_on() {
    let Some((lab, product)) = adopted() else { return };
    product.enforce().unwrap();

    let silent = product.run(&["ne", "add", "10.77.255.99", "--reason", "lab"]).unwrap();
    assert!(refusal(&silent).contains("10.77.255.99"), "{silent:?}");
    let unknown = product.run(&["ne", "add", "no-such-host.invalid", "--reason", "lab"]).unwrap();
    assert!(refusal(&unknown).contains("no-such-host.invalid"), "{unknown:?}");
    let wrong = product
        .command(&["credentials", "add", "--name", "wrong", "--user", AGENT_USER])
        .env("NETWARDEN_AUTH_PASSWORD", "not-the-password")
        .env("NETWARDEN_PRIV_PASSWORD", "not-the-password")
        .output()
        .unwrap();
    assert!(wrong.status.success(), "{wrong:?}");
    product.ask(&["ne", "remove", "router", "--reason", "lab"]).unwrap();
    let router = ["ne", "add", "10.77.255.13", "--reason", "lab"];
    let denied = product.run(&[&router[..], &["--credential", "wrong"]].concat()).unwrap();
    assert!(refusal(&denied).contains("password"), "{denied:?}");
    product.ask(&router).unwrap();

    // A VLAN that the switch does not have; the earlier one stays.
    product.ask(&["ports", "move", "sw1", "p1", "--vlan", "777", "--reason", "lab"]).unwrap();
    end_of(&product, "sw1", "p1", "777 does not exist");
    assert_eq!(lab.port_vlan("sw1", "p1").unwrap(), 10);

    // The way to the other switch, and a port that somebody has protected.
    let denied = product.run(&["ports", "off", "sw1", "trunk", "--reason", "lab"]).unwrap();
    assert!(refusal(&denied).contains("uplink"), "{denied:?}");
    product.ask(&["ports", "set", "sw2", "p3", "--protected", "yes", "--reason", "the boss"]).unwrap();
    let denied = product.run(&["ports", "off", "sw2", "p3", "--reason", "lab"]).unwrap();
    assert!(refusal(&denied).contains("protected"), "{denied:?}");
    assert!(lab.pings("pc4", "10.77.10.1"), "over the trunk, from the protected port");

    // The rest goes on.
    product.ask(&["ports", "move", "sw1", "p2", "--vlan", "666", "--reason", "lab"]).unwrap();
    end_of(&product, "sw1", "p2", "read_back");
    assert_eq!(lab.port_vlan("sw1", "p2").unwrap(), 666);
    assert!(!lab.pings("pc2", "10.77.10.1"));
    let elements = product.list(&["ne", "list"]).unwrap();
    assert_eq!(elements.len(), Lab::AGENTS.len(), "{elements:#?}");
    assert!(elements.iter().all(|element| text(element, "status") == "reachable"), "{elements:#?}");
}

/// net-snmp's sender of notifications, on sw2; `kind` is `snmpinform` or `snmptrap`.
fn notify(lab: &Lab, kind: &str, password: &str, if_index: &str) -> Output {
    Command::new("ip")
        .args(["netns", "exec", &lab.namespace("sw2"), kind, "-v3", "-r", "1", "-t", "1", "-l", "authPriv"])
        .args(["-u", AGENT_USER, "-a", "SHA-256", "-A", password, "-x", "AES", "-X", password])
        .arg(format!("{}:{}", Lab::SERVER, netwarden_lab::product::TRAP_PORT))
        .args(["", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1", "i", if_index])
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", lab.dir().join("informs"))
        .output()
        .unwrap()
}

// proves: SEC-02, NAC-15
#[test]
fn informs_are_answered_for_who_knows_the_password_and_nobody_else() {
    let Some((lab, product)) = adopted() else { return };
    // Nothing is due by itself for a while: the next poll is the inform's.
    for element in product.list(&["ne", "list"]).unwrap() {
        let ne = element["id"].to_string();
        let mut quiet = vec!["ne", "set", &ne, "--reason", "lab"];
        for method in ["inventory=3600", "forwarding=3600", "addresses=3600"] {
            quiet.extend(["--interval", method]);
        }
        product.ask(&quiet).unwrap();
    }
    let polls = || product.ask(&["system", "status"]).unwrap()["polls_good"].as_u64().unwrap();
    let mut before = polls();
    wait_until("the polls that were under way are done", Duration::from_secs(20), || {
        std::thread::sleep(Duration::from_secs(2));
        let now = polls();
        Ok(std::mem::replace(&mut before, now) == now)
    })
    .unwrap();
    let good = notify(&lab, "snmpinform", AGENT_PASSWORD, "2");
    assert!(good.status.success(), "answered as authoritative engine: {good:?}\n{}", product.log());
    wait_until("its poll is done", Duration::from_secs(10), || Ok(polls() > before)).unwrap();
    let forged = notify(&lab, "snmpinform", "not-the-password", "2");
    assert!(!forged.status.success(), "a wrong digest is not answered: {forged:?}");
    assert!(notify(&lab, "snmpinform", AGENT_PASSWORD, "3").status.success(), "the receiver goes on");
}

//! The lab itself, without Netwarden: its switches forward, show what they learn, and follow SETs.

// Helpers of tests fail by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use netwarden_lab::{AGENT_PASSWORD, AGENT_USER, Lab, why_not};

fn snmp(lab: &Lab, program: &str, agent: &str, arguments: &[&str]) -> String {
    let output = Command::new("ip")
        .args(["netns", "exec", &lab.namespace("mgmt"), program, "-v3", "-l", "authPriv", "-u", AGENT_USER])
        .args([
            "-a",
            "SHA-256",
            "-A",
            AGENT_PASSWORD,
            "-x",
            "AES",
            "-X",
            AGENT_PASSWORD,
            "-On",
            "-Oe",
            "-r",
            "5",
        ])
        .arg(agent)
        .args(arguments)
        .env("MIBS", "")
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_port_moved_by_set_is_cut_off_and_comes_back() {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return;
    }
    let lab = Lab::start(Path::new(env!("CARGO_BIN_EXE_netwarden-lab-bridge")), 1162).unwrap();
    lab.link_up("rogue").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(lab.pings("rogue", "10.77.10.103"), "neighbours on one switch");
    assert!(lab.pings("rogue", "10.77.10.101"), "over the trunk");

    let fdb = snmp(&lab, "snmpbulkwalk", "10.77.255.12", &[".1.3.6.1.2.1.17.7.1.2.2.1.2"]);
    let mac = lab.mac("rogue").unwrap();
    let index: Vec<String> = mac.split(':').map(|o| u8::from_str_radix(o, 16).unwrap().to_string()).collect();
    let row = format!(".1.3.6.1.2.1.17.7.1.2.2.1.2.10.{} = INTEGER: ", index.join("."));
    let line = fdb.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("{row} in\n{fdb}"));
    let port = line.rsplit(' ').next().unwrap();

    let pvid = format!(".1.3.6.1.2.1.17.7.1.4.5.1.1.{port}");
    let answer = snmp(&lab, "snmpset", "10.77.255.12", &[&pvid, "u", "666"]);
    assert!(answer.contains("Gauge32: 666"), "{answer}");
    assert!(!lab.pings("rogue", "10.77.10.103"), "in another VLAN nobody answers");
    snmp(&lab, "snmpset", "10.77.255.12", &[&pvid, "u", "10"]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(lab.pings("rogue", "10.77.10.103"), "back again");

    let refused = snmp(&lab, "snmpset", "10.77.255.12", &[&pvid, "u", "777"]);
    assert!(refused.contains("inconsistentValue"), "{refused}");
}

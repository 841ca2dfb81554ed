//! The console in Chromium, against the lab: `tests/browser/lab.mjs`.

use std::process::Command;

use netwarden_lab::Lab;
use netwarden_lab::product::QUARANTINE;
use serde_json::json;

use crate::binary::run;
use crate::browser::suite;
use crate::lab::{adopted, shut_out, wait_for_pings};

// proves: NAC-12
#[test]
fn the_rogue_is_found_and_given_back_in_a_browser_on_a_real_network() {
    let Some(folder) = suite() else { return };
    let Some((lab, product)) = adopted() else { return };
    product.add_rule(QUARANTINE).unwrap();
    product.enforce().unwrap();
    shut_out(&lab, &product);
    let about = json!({
        "origin": format!("https://{}:8443", Lab::SERVER),
        "certificate": lab.dir().join("data/server.crt"),
        "password": product.said("one-time password").unwrap(),
        "socket": lab.dir().join("data/netwarden.sock"),
        "mac": lab.mac("rogue").unwrap(),
        "place": "sw2 · p2",
    });
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &lab.namespace("mgmt"), "node", "lab.mjs"]).current_dir(folder);
    assert!(run(command.env("NETWARDEN_LAB", about.to_string())).status.success(), "{}", product.log());
    // What the page said is so on the switch, and for the rogue.
    wait_for_pings(&lab, &product);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 10);
}

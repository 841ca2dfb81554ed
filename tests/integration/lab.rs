//! The main job on a real network: Open vSwitch, net-snmp, lldpd, endpoints that ping one another, and
//! servers for mail and syslog that are not ours. Everything by the command line.

use std::time::Duration;

use netwarden_lab::process::wait_until;
use netwarden_lab::product::{ALARM, ALARM_TO, Product, QUARANTINE, TRAP_PORT, link};
use netwarden_lab::{Lab, why_not};
use serde_json::Value;

use crate::binary::path;

/// The network with the product beside it, adopted; None where namespaces are not permitted.
pub fn adopted() -> Option<(Lab, Product)> {
    if let Some(reason) = why_not() {
        println!("skipped: {reason}");
        return None;
    }
    let lab = Lab::start(&path("netwarden-lab-bridge", "netwarden-lab"), TRAP_PORT).unwrap();
    let mut product = Product::install(&lab, &path("netwarden", "netwarden")).unwrap();
    product.start().unwrap();
    product.adopt(&lab).unwrap();
    Some((lab, product))
}

/// Plugs the rogue in and waits until its pings have stopped and its port is read back as quarantined.
pub fn shut_out(lab: &Lab, product: &Product) -> Vec<Value> {
    let mac = lab.mac("rogue").unwrap();
    lab.link_up("rogue").unwrap();
    wait_until("the rogue's pings stop", Duration::from_secs(30), || {
        let cut = !lab.pings("rogue", "10.77.10.103") && !lab.pings("rogue", "10.77.10.101");
        Ok(cut && link(&product.chain(&mac), "sighting").is_some())
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}\n{}", product.log(), lab.complaints()));
    product.wait_for_quarantine(&mac).unwrap()
}

/// Waits until the rogue's neighbour answers it again.
pub fn wait_for_pings(lab: &Lab, product: &Product) {
    wait_until("the rogue's pings go again", Duration::from_secs(30), || {
        Ok(lab.pings("rogue", "10.77.10.103"))
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}", product.log()));
}

/// What stands in a field, as text.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

// proves: NAC-01, NAC-03, NAC-11, NAC-12, NAC-13, NAC-15
#[test]
fn the_rogue_is_found_cut_off_and_released_on_a_real_network() {
    let Some((lab, product)) = adopted() else { return };
    uplinks_are_told_by_lldp(&product);
    product.add_rule(QUARANTINE).unwrap();
    product.add_rule(ALARM).unwrap();
    product.enforce().unwrap();

    let mac = lab.mac("rogue").unwrap();
    let chain = shut_out(&lab, &product);
    let stages: Vec<&str> = chain.iter().map(|link| text(link, "stage")).collect();
    for stage in ["set", "request", "rule", "event", "sighting"] {
        assert!(stages.contains(&stage), "{stage} in {chain:#?}");
    }
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 666, "the switch itself");
    assert!(lab.pings("pc3", "10.77.10.1"), "nobody else is cut off");
    the_alarm_has_arrived(&lab, &product, &mac);

    // Somebody authorises it: the port comes back as it was.
    product.ask(&["endpoints", "authorise", &mac, "--reason", "it is the new printer"]).unwrap();
    wait_for_pings(&lab, &product);
    assert_eq!(lab.port_vlan("sw2", "p2").unwrap(), 10);

    let records = product.list(&["audit", "list", "--limit", "200"]).unwrap();
    assert!(records.iter().any(|record| record["operation"] == "endpoint.authorise"), "{records:#?}");
    let verified = product.run(&["audit", "verify"]).unwrap();
    assert!(verified.status.success(), "{verified:?}");
    by_tls_from_elsewhere(&product, &mac);
}

fn uplinks_are_told_by_lldp(product: &Product) {
    for (switch, neighbour) in [("sw1", "sw2"), ("sw2", "sw1")] {
        let ports = product.list(&["ports", "list", "--ne", switch]).unwrap();
        let trunk = ports.iter().find(|port| port["name"] == "trunk").unwrap();
        assert_eq!(text(trunk, "role"), "uplink", "{trunk}");
        let reason = text(trunk, "role_reason");
        assert!(reason.contains("LLDP") && reason.contains(neighbour), "{reason}");
    }
    for (host, switch, port) in Lab::HOSTS {
        let ports = product.list(&["ports", "list", "--ne", switch]).unwrap();
        let access = ports.iter().find(|candidate| candidate["name"] == port).unwrap();
        assert_ne!(text(access, "role"), "uplink", "the port of {host}: {access}");
    }
}

fn the_alarm_has_arrived(lab: &Lab, product: &Product, mac: &str) {
    let (mail, syslog) = (lab.mail().unwrap(), lab.syslog().unwrap());
    wait_until("mail and syslog have come", Duration::from_secs(30), || {
        Ok(!mail.received()?.is_empty() && !syslog.received().is_empty())
    })
    .unwrap_or_else(|error| panic!("{error:#}\n{}\n{}\n{}", product.log(), mail.log(), syslog.log()));
    let mails = mail.received().unwrap();
    assert_eq!(mails.len(), 1, "{mails:#?}");
    let (head, body) = mails[0].split_once("\n\n").unwrap();
    let header = |name: &str| {
        let start = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name} in {head}"))
    };
    assert_eq!(header("Subject"), format!("new endpoint {mac}"));
    assert_eq!(header("To"), ALARM_TO);
    assert_eq!(header("Envelope-to"), ALARM_TO);
    assert!(head.contains("esmtps") && head.contains("TLS1."), "it came over TLS: {head}");
    assert_eq!(body.trim(), format!("{mac} appeared on sw2 port p2."));
    let id = header("Message-ID");
    let request = id.strip_prefix('<').and_then(|id| id.strip_suffix("@netwarden.lab>"));
    assert!(request.is_some_and(is_uuid), "the Message-ID is the request's own: {id}");

    let lines = syslog.received();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let line = &lines[0];
    assert_eq!(
        (line.version.as_str(), line.hostname.as_str(), line.app_name.as_str(), line.message_id.as_str()),
        ("1", "netwarden.lab", "netwarden", "event")
    );
    let record = line
        .structured_data
        .strip_prefix("[netwarden@32473 record=\"")
        .and_then(|data| data.strip_suffix("\"]"));
    assert!(record.is_some_and(is_uuid), "{line:?}");
    assert!(line.text.ends_with(&format!("new endpoint {mac} on sw2 port p2")), "{line:?}");
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// The same command line from another place: pinned certificate, login, token.
fn by_tls_from_elsewhere(product: &Product, mac: &str) {
    let fingerprint = product.said("certificate").unwrap();
    let server = format!("https://{}:8443", Lab::SERVER);
    let remote = |verb: &[&str], fingerprint: &str, token: &str| {
        let mut arguments = verb.to_vec();
        arguments.extend(["--format", "json", "--server", &server]);
        product
            .command(&arguments)
            .env("NETWARDEN_FINGERPRINT", fingerprint)
            .env("NETWARDEN_TOKEN", token)
            .env("NETWARDEN_PASSWORD", product.said("one-time password").unwrap())
            .env("NETWARDEN_NEW_PASSWORD", "Nobody-guesses/this7")
            .output()
            .unwrap()
    };
    let login = remote(&["login", "--change-password"], &fingerprint, "");
    assert!(login.status.success(), "{login:?}");
    let session: Value = serde_json::from_slice(&login.stdout).unwrap();
    let token = text(&session, "token");
    let show = ["endpoints", "show", mac];
    let answered = remote(&show, &fingerprint, token);
    assert!(answered.status.success(), "{answered:?}");
    let shown: Value = serde_json::from_slice(&answered.stdout).unwrap();
    assert_eq!(text(&shown, "status"), "authorised");

    let other = if fingerprint.starts_with('0') { "1" } else { "0" };
    let wrong = format!("{other}{}", &fingerprint[1..]);
    let refused = remote(&show, &wrong, token);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("pinned is") && said.trim().lines().count() == 1, "{said}");
    assert!(refused.stdout.is_empty());

    let nobody = remote(&show, &fingerprint, "nwt_nobody");
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
}

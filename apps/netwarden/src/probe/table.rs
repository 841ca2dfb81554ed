//! A reading as tables for people.

use std::fmt::Write;

use netwarden_model::reading::{NeighbourProtocol, Reading};
use netwarden_model::{IfIndex, VlanId};

use crate::output::{Rows, or_dash};

/// The whole reading: the system, then one table a part; empty parts say so in a word.
pub fn render(reading: &Reading) -> String {
    let mut text = system(reading);
    section(&mut text, "interfaces", interfaces(reading));
    section(&mut text, "VLANs", vlans(reading));
    section(&mut text, "forwarding table", fdb(reading));
    section(&mut text, "ARP and ND", arp(reading));
    section(&mut text, "neighbours", neighbours(reading));
    section(&mut text, "802.1X sessions", sessions(reading));
    section(&mut text, "quirks", quirks(reading));
    text
}

fn section(text: &mut String, title: &str, rows: Rows) {
    match rows.len() {
        0 => {
            let _ = writeln!(text, "\n{title}: none");
        }
        count => {
            let _ = write!(text, "\n{title} ({count})\n{}", rows.to_table());
        }
    }
}

fn system(reading: &Reading) -> String {
    let system = &reading.system;
    let up = system.up_time_cs.map(|ticks| {
        let seconds = ticks / 100;
        format!(
            "{} d {:02}:{:02}:{:02}",
            seconds / 86_400,
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60
        )
    });
    let mut rows = Rows::new(&["system", ""]);
    for (name, value) in [
        ("name", system.name.clone()),
        ("description", system.descr.as_ref().map(|d| d.split_whitespace().collect::<Vec<_>>().join(" "))),
        ("object id", system.object_id.clone()),
        ("location", system.location.clone()),
        ("contact", system.contact.clone()),
        ("up for", up),
        ("bridge address", system.bridge_address.map(|mac| mac.to_string())),
        ("LLDP chassis", system.chassis_mac.map(|mac| mac.to_string())),
        ("engine id", system.engine_id.clone()),
        ("engine boots", system.engine_boots.map(|boots| boots.to_string())),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            rows.push([name.to_owned(), value]);
        }
    }
    rows.to_table()
}

fn interfaces(reading: &Reading) -> Rows {
    let mut rows =
        Rows::new(&["ifIndex", "name", "alias", "MAC", "type", "admin", "oper", "speed", "PVID", "LAG"]);
    for interface in &reading.interfaces {
        rows.push([
            interface.if_index.to_string(),
            or_dash(&interface.name),
            or_dash(&interface.alias.as_ref().filter(|alias| !alias.is_empty())),
            or_dash(&interface.mac),
            interface.type_name.clone().unwrap_or_else(|| or_dash(&interface.if_type)),
            or_dash(&interface.admin_status),
            or_dash(&interface.oper_status),
            interface.speed.map_or_else(|| "-".to_owned(), speed),
            or_dash(&interface.pvid),
            or_dash(&interface.lag.and_then(|lag| name_of(reading, lag))),
        ]);
    }
    rows
}

fn vlans(reading: &Reading) -> Rows {
    let mut rows = Rows::new(&["VLAN", "name", "egress", "untagged", "PVID of", "configured"]);
    for vlan in &reading.vlans {
        let ports = |ports: &[IfIndex]| port_list(reading, ports);
        rows.push([
            vlan.id.to_string(),
            or_dash(&vlan.name),
            ports(&vlan.egress),
            ports(&vlan.untagged),
            ports(&vlan.pvid_of),
            if vlan.configured { "yes" } else { "only seen" }.to_owned(),
        ]);
    }
    rows
}

fn fdb(reading: &Reading) -> Rows {
    let mut rows = Rows::new(&["MAC", "VLAN", "interface", "ifIndex", "status"]);
    for entry in &reading.fdb {
        rows.push([
            entry.mac.to_string(),
            or_dash(&entry.vlan),
            or_dash(&entry.if_name),
            or_dash(&entry.if_index),
            word(&entry.status),
        ]);
    }
    rows
}

fn arp(reading: &Reading) -> Rows {
    let mut rows = Rows::new(&["IP", "MAC", "interface", "ifIndex"]);
    for entry in &reading.arp {
        rows.push([
            entry.ip.to_string(),
            entry.mac.to_string(),
            or_dash(&entry.if_name),
            or_dash(&entry.if_index),
        ]);
    }
    rows
}

fn neighbours(reading: &Reading) -> Rows {
    let mut rows =
        Rows::new(&["interface", "by", "system", "port", "chassis", "addresses", "capabilities", "platform"]);
    for neighbour in &reading.neighbours {
        let addresses: Vec<String> = neighbour.addresses.iter().map(ToString::to_string).collect();
        rows.push([
            or_dash(&neighbour.if_name),
            match neighbour.protocol {
                NeighbourProtocol::Lldp => "LLDP",
                NeighbourProtocol::Cdp => "CDP",
            }
            .to_owned(),
            or_dash(&neighbour.system_name),
            or_dash(&neighbour.port_id),
            or_dash(&neighbour.chassis_id),
            addresses.join(" "),
            neighbour.capabilities.join(" "),
            or_dash(&neighbour.platform),
        ]);
    }
    rows
}

fn sessions(reading: &Reading) -> Rows {
    let mut rows =
        Rows::new(&["interface", "MAC", "IP", "user", "VLAN", "method", "domain", "host mode", "status"]);
    for session in &reading.sessions {
        rows.push([
            or_dash(&session.if_name),
            or_dash(&session.mac),
            or_dash(&session.ip),
            or_dash(&session.user),
            or_dash(&session.vlan),
            or_dash(&session.method),
            or_dash(&session.domain),
            or_dash(&session.host_mode),
            or_dash(&session.status),
        ]);
    }
    rows
}

fn quirks(reading: &Reading) -> Rows {
    let mut rows = Rows::new(&["quirk", "rows", "dropped"]);
    for count in &reading.quirks {
        rows.push([word(&count.quirk), count.rows.to_string(), count.dropped.to_string()]);
    }
    rows
}

/// The word that JSON uses for a unit variant.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn name_of(reading: &Reading, if_index: IfIndex) -> Option<String> {
    reading.interfaces.iter().find(|i| i.if_index == if_index).and_then(|i| i.name.clone())
}

/// Port names, the first few of them where there are many: a VLAN on a stack has hundreds.
fn port_list(reading: &Reading, ports: &[IfIndex]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = ports
        .iter()
        .take(SHOWN)
        .map(|port| name_of(reading, *port).unwrap_or_else(|| port.to_string()))
        .collect();
    if ports.len() > SHOWN {
        names.push(format!("+{}", ports.len() - SHOWN));
    }
    if names.is_empty() { "-".to_owned() } else { names.join(" ") }
}

/// Bit/s in the largest unit that divides it.
fn speed(bits: u64) -> String {
    for (unit, size) in
        [("Tbit/s", 1_000_000_000_000), ("Gbit/s", 1_000_000_000), ("Mbit/s", 1_000_000), ("kbit/s", 1000)]
    {
        if bits >= size && bits.is_multiple_of(size / 10) {
            let tenths = bits / (size / 10);
            return if tenths.is_multiple_of(10) {
                format!("{} {unit}", tenths / 10)
            } else {
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bits} bit/s")
}

/// How a VLAN is named in sentences.
pub fn vlan_name(reading: &Reading, id: VlanId) -> String {
    match reading.vlans.iter().find(|vlan| vlan.id == id).and_then(|vlan| vlan.name.as_deref()) {
        Some(name) if !name.is_empty() => format!("VLAN {id} ({name})"),
        _ => format!("VLAN {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_in_their_largest_unit() {
        for (bits, text) in [
            (0, "0 bit/s"),
            (64_000, "64 kbit/s"),
            (2_500_000_000, "2.5 Gbit/s"),
            (1_000_000_000, "1 Gbit/s"),
            (100_000_000, "100 Mbit/s"),
        ] {
            assert_eq!(speed(bits), text);
        }
    }

    #[test]
    fn an_empty_reading_says_that_there_is_nothing() {
        let text = render(&Reading::default());
        assert!(text.contains("forwarding table: none"), "{text}");
    }
}

//! `probe --preflight`: would enforcement work here, and would it cut our own path?

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::ExitCode;

use anyhow::bail;
use netwarden_collect::preflight::{OwnPath, Preflight, preflight};
use netwarden_model::reading::Interface;
use netwarden_model::{Reading, VlanId};
use netwarden_reach::{Snmp, SnmpSession};
use netwarden_snmp::{Oid, Value, VarBind};
use serde::Serialize;

use super::{ProbeArguments, read, table};
use crate::output::{Format, Rows};

/// dot1qPvid (RFC 4363).
const DOT1Q_PVID: [u32; 13] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1];
/// vmVlan (CISCO-VLAN-MEMBERSHIP-MIB).
const VM_VLAN: [u32; 14] = [1, 3, 6, 1, 4, 1, 9, 9, 68, 1, 2, 2, 1, 2];
/// IANAifType: ports that can be access ports.
const ETHERNET: [u32; 3] = [6, 62, 117];

/// What is told of one port.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    judged: Preflight,
    /// The present PVID could be set to itself; absent where it was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pvid_settable: Option<bool>,
    /// Why it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Judges one port or every Ethernet port; exit code 1 where enforcement would not work on the named port,
/// or on none at all.
pub async fn run(session: &SnmpSession, arguments: &ProbeArguments) -> anyhow::Result<ExitCode> {
    let reading = read(session).await?.reading;
    let vlan = VlanId::new(i64::from(arguments.vlan))?;
    let path = own_path(session.target(), &reading, arguments);
    let ports = ports(&reading, arguments.port.as_deref())?;
    let mut answers = Vec::new();
    for port in ports {
        let judged = preflight(&reading, port.if_index, vlan, &path);
        let (pvid_settable, refusal) = match judged.would_work() {
            true => set_to_itself(session, port).await,
            false => (None, None),
        };
        answers.push(Answer { judged, pvid_settable, refusal });
    }
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&answers)?),
        Format::Table | Format::Csv => print!("{}", render(&reading, vlan, &answers)),
    }
    let works = answers.iter().any(|a| a.judged.would_work() && a.pvid_settable != Some(false));
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ports<'r>(reading: &'r Reading, named: Option<&str>) -> anyhow::Result<Vec<&'r Interface>> {
    let Some(named) = named else {
        let ethernet =
            |interface: &&Interface| interface.if_type.is_some_and(|kind| ETHERNET.contains(&kind));
        return Ok(reading.interfaces.iter().filter(ethernet).collect());
    };
    let found: Vec<&Interface> = reading
        .interfaces
        .iter()
        .filter(|i| i.name.as_deref() == Some(named) || i.if_index.to_string() == named)
        .collect();
    match found.as_slice() {
        [] => bail!("the element has no port {named}"),
        [_] => Ok(found),
        several => bail!("{} ports are called {named}: name one by its ifIndex", several.len()),
    }
}

/// The present PVID, set to itself: an agent that refuses this would refuse a quarantine as well.
async fn set_to_itself(session: &SnmpSession, port: &Interface) -> (Option<bool>, Option<String>) {
    let Some(pvid) = port.pvid else { return (None, None) };
    let number = u32::from(pvid.get());
    let mut refusal = None;
    let by_bridge = port.base_port.map(|base| (Oid::from(DOT1Q_PVID).child([base]), Value::Gauge32(number)));
    let by_cisco = (
        Oid::from(VM_VLAN).child([port.if_index.0]),
        Value::Integer(i32::try_from(number).unwrap_or_default()),
    );
    for (oid, value) in by_bridge.into_iter().chain([by_cisco]) {
        match session.set(&[VarBind::new(oid, value)]).await {
            Ok(_) => return (Some(true), None),
            // What the first object's refusal says is what the administrator must mend.
            Err(error) => refusal = refusal.or(Some(error.to_string())),
        }
    }
    (Some(false), refusal)
}

fn own_path(target: SocketAddr, reading: &Reading, arguments: &ProbeArguments) -> OwnPath {
    let server_ips = own_address(target).into_iter().collect();
    OwnPath {
        server_macs: arguments.own_mac.clone(),
        server_ips,
        gateway_mac: None,
        gateway_ip: None,
        management_vlan: management_vlan(reading, target.ip()),
    }
}

/// The address that this machine would send from; no datagram leaves for it.
fn own_address(target: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if target.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback())
}

/// The VLAN of the interface whose cache holds somebody of our own subnet: named `Vlan N` by most makers.
fn management_vlan(reading: &Reading, agent: IpAddr) -> Option<VlanId> {
    let same_net = |ip: &IpAddr| match (ip, agent) {
        (IpAddr::V4(a), IpAddr::V4(b)) => a.octets().get(..3) == b.octets().get(..3),
        (IpAddr::V6(a), IpAddr::V6(b)) => a.segments().get(..4) == b.segments().get(..4),
        _ => false,
    };
    let name =
        reading.arp.iter().find(|entry| same_net(&entry.ip)).and_then(|entry| entry.if_name.clone())?;
    let digits: String =
        name.to_ascii_lowercase().strip_prefix("vlan")?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn render(reading: &Reading, vlan: VlanId, answers: &[Answer]) -> String {
    let mut rows = Rows::new(&["port", "would work", "PVID", "endpoints", "what stands against it"]);
    for answer in answers {
        let judged = &answer.judged;
        let mut against: Vec<String> = judged.obstacles.iter().map(ToString::to_string).collect();
        against.extend(answer.refusal.clone());
        let works = judged.would_work() && answer.pvid_settable != Some(false);
        let pvid =
            judged.pvid_now.map_or_else(|| "-".to_owned(), |now| format!("{now} → {}", judged.pvid_then));
        rows.push([
            judged.if_name.clone().unwrap_or_else(|| judged.if_index.to_string()),
            if works { "yes" } else { "no" }.to_owned(),
            pvid,
            judged.endpoints.len().to_string(),
            against.join("; "),
        ]);
    }
    let name = reading.system.name.clone().unwrap_or_else(|| "the element".to_owned());
    format!("moving a port of {name} to {}\n\n{}", table::vlan_name(reading, vlan), rows.to_table())
}

#[cfg(test)]
mod tests {
    use netwarden_model::reading::ArpEntry;
    use netwarden_model::{IfIndex, Mac};

    use super::*;

    #[test]
    fn the_management_vlan_is_where_our_subnet_is() {
        let entry = |ip: &str, name: &str| ArpEntry {
            ip: ip.parse().unwrap(),
            mac: Mac::new([2, 0, 0, 0, 0, 1]),
            if_index: Some(IfIndex(1)),
            if_name: Some(name.to_owned()),
        };
        let reading = Reading {
            arp: vec![entry("192.0.2.9", "Vlan10"), entry("198.51.100.7", "vlan 99")],
            ..Reading::default()
        };
        assert_eq!(management_vlan(&reading, "198.51.100.2".parse().unwrap()), VlanId::new(99).ok());
        assert_eq!(management_vlan(&reading, "203.0.113.2".parse().unwrap()), None);
    }

    #[test]
    fn a_port_is_named_by_name_or_index() {
        let error = ports(&Reading::default(), Some("Gi0/1")).unwrap_err();
        assert!(error.to_string().contains("no port Gi0/1"), "{error}");
    }
}

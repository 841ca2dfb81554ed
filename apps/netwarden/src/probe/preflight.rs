//! `probe --preflight`: would enforcement work here, and would it cut our own path?

use std::process::ExitCode;

use anyhow::bail;
use netwarden_collect::preflight::{
    OwnPath, Preflight, VlanChange, ethernet_ports, management_vlan, preflight, try_pvid,
};
use netwarden_engine::Machine;
use netwarden_model::reading::Interface;
use netwarden_model::{Reading, VlanId};
use netwarden_reach::SnmpSession;
use serde::Serialize;

use super::{ProbeArguments, read, table};
use crate::output::{Format, Rows};

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
    let management = arguments.management_vlan.map(|id| VlanId::new(i64::from(id))).transpose()?;
    let mut path = Machine::default().path_to(session.target());
    path.server_macs.extend(&arguments.own_mac);
    path.management_vlan = management.or_else(|| management_vlan(&reading, session.target().ip()));
    let ports = ports(&reading, arguments.port.as_deref())?;
    let answers = answers(session, &reading, &ports, vlan, &path).await;
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&answers)?),
        Format::Table | Format::Csv => print!("{}", render(&reading, vlan, &answers)),
    }
    let works = answers.iter().any(|a| a.judged.would_work() && a.pvid_settable != Some(false));
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges each port, and tries on the element those that nothing stands against.
async fn answers(
    session: &SnmpSession,
    reading: &Reading,
    ports: &[&Interface],
    vlan: VlanId,
    path: &OwnPath,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    for port in ports {
        let judged = preflight(reading, port.if_index, vlan, path);
        let (pvid_settable, refusal) = match judged.would_work() {
            true => match try_pvid(session, port).await {
                Some(Ok(())) => (Some(true), None),
                Some(Err(refusal)) => (Some(false), Some(refusal)),
                None => (None, None),
            },
            false => (None, None),
        };
        answers.push(Answer { judged, pvid_settable, refusal });
    }
    answers
}

fn ports<'r>(reading: &'r Reading, named: Option<&str>) -> anyhow::Result<Vec<&'r Interface>> {
    let Some(named) = named else {
        return Ok(ethernet_ports(reading).collect());
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

fn render(reading: &Reading, vlan: VlanId, answers: &[Answer]) -> String {
    let rows = rows(answers.iter().map(|answer| {
        let works = answer.judged.would_work() && answer.pvid_settable != Some(false);
        (&answer.judged, works, answer.refusal.as_deref())
    }));
    let name = reading.system.name.clone().unwrap_or_else(|| "the element".to_owned());
    format!("moving a port of {name} to {}\n\n{}", table::vlan_name(reading, vlan), rows.to_table())
}

/// Ports as they were judged, whether enforcement would work on each, and what its agent refused.
pub fn rows<'j>(judged: impl Iterator<Item = (&'j Preflight, bool, Option<&'j str>)>) -> Rows {
    let mut rows =
        Rows::new(&["port", "would work", "PVID", "VLAN sets", "endpoints", "what stands against it"]);
    for (judged, works, refusal) in judged {
        let mut against: Vec<String> = judged.obstacles.iter().map(ToString::to_string).collect();
        against.extend(refusal.map(str::to_owned));
        let pvid =
            judged.pvid_now.map_or_else(|| "-".to_owned(), |now| format!("{now} → {}", judged.pvid_then));
        rows.push([
            judged.port_name(),
            if works { "yes" } else { "no" }.to_owned(),
            pvid,
            judged.vlans.iter().map(sets).collect::<Vec<_>>().join("; "),
            judged.endpoints.len().to_string(),
            against.join("; "),
        ]);
    }
    rows
}

/// What would be different of one VLAN's port sets: `10: -egress -untagged`.
fn sets(change: &VlanChange) -> String {
    let word = |(before, after): (bool, bool), set: &str| match (before, after) {
        (false, true) => format!(" +{set}"),
        (true, false) => format!(" -{set}"),
        _ => String::new(),
    };
    format!("{}:{}{}", change.vlan, word(change.egress, "egress"), word(change.untagged, "untagged"))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use netwarden_collect::preflight::Obstacle;
    use netwarden_model::reading::ArpEntry;
    use netwarden_model::{IfIndex, Mac};
    use netwarden_reach::{
        AuthProtocol, Credentials, EngineConfig, PrivProtocol, Secret, SessionOptions, SnmpEngine,
    };
    use netwarden_simulator::world::layout::{MANAGEMENT, QUARANTINE, USERS};
    use netwarden_simulator::{Campus, CampusOptions, Community};

    use crate::clock::SystemClock;

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

    /// A simulated access switch as this community, or the usual user, reads it.
    async fn switch(community: Option<&str>) -> (Campus, SnmpSession, Reading) {
        let read_only = Community { name: "public".to_owned(), write: false };
        let options =
            CampusOptions { communities: vec![read_only], ..CampusOptions::new(Arc::new(SystemClock)) };
        let campus = Campus::start(options).await.unwrap();
        let engine = SnmpEngine::start(EngineConfig::default()).unwrap();
        let credentials = match community {
            Some(community) => Credentials::V2c { community: Secret::new(community) },
            None => Credentials::V3 {
                user: "netwarden".into(),
                auth: Some((AuthProtocol::Sha256, Secret::new("simulated-auth"))),
                privacy: Some((PrivProtocol::Aes128, Secret::new("simulated-priv"))),
                context: String::new(),
            },
        };
        let address = campus.agent("acc-a1").unwrap().address;
        let session = engine.session(address, &credentials, SessionOptions::default()).unwrap();
        let reading = read(&session).await.unwrap().reading;
        (campus, session, reading)
    }

    // proves: NAC-13
    #[tokio::test]
    async fn an_agents_pvid_is_tried_where_nothing_stands_against_it_and_nothing_is_changed() {
        let (campus, session, reading) = switch(None).await;
        let vlan = |id: u16| VlanId::new(i64::from(id)).unwrap();
        let path = OwnPath { management_vlan: Some(vlan(MANAGEMENT)), ..OwnPath::default() };
        let all = ports(&reading, None).unwrap();
        let judged = answers(&session, &reading, &all, vlan(QUARANTINE), &path).await;
        let (works, not): (Vec<&Answer>, Vec<&Answer>) =
            judged.iter().partition(|answer| answer.judged.would_work());
        assert!(!works.is_empty() && !not.is_empty(), "{judged:?}");
        for answer in &works {
            assert_eq!((answer.pvid_settable, &answer.refusal), (Some(true), &None), "{answer:?}");
        }
        let uplink = |answer: &&&Answer| {
            answer.judged.obstacles.iter().any(|met| matches!(met, Obstacle::Uplink { .. }))
        };
        assert!(not.iter().any(|answer| uplink(&answer)), "{not:?}");
        assert!(not.iter().all(|answer| answer.pvid_settable.is_none()), "what is refused is not tried");
        // One request a port, and none of them changed anything.
        let log = campus.set_log();
        assert_eq!(log.len(), works.len());
        assert!(log.iter().all(|set| set.changes.is_empty()), "{log:?}");

        let table = render(&reading, vlan(QUARANTINE), &judged);
        let moved = format!("{USERS}: -egress -untagged; {QUARANTINE}: +egress +untagged");
        assert!(table.contains(&moved), "{table}");
        campus.stop().await;
    }

    #[tokio::test]
    async fn what_an_agent_refuses_is_told() {
        let (campus, session, reading) = switch(Some("public")).await;
        let quarantine = VlanId::new(i64::from(QUARANTINE)).unwrap();
        let all = ports(&reading, None).unwrap();
        let mut judged = answers(&session, &reading, &all, quarantine, &OwnPath::default()).await;
        judged.retain(|answer| answer.judged.would_work());
        assert!(!judged.is_empty());
        assert!(judged.iter().all(|answer| answer.pvid_settable == Some(false)), "{judged:?}");
        let refusal = judged[0].refusal.clone().unwrap();
        let table = render(&reading, quarantine, &judged);
        assert!(refusal.contains("authorizationError"), "{refusal}");
        assert!(table.contains("authorizationError") && !table.contains(" yes "), "{table}");
        assert_eq!(campus.set_log(), []);
        campus.stop().await;
    }

    #[test]
    fn the_gateway_is_the_one_of_the_routes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let word = u32::from_ne_bytes([192, 0, 2, 1]);
        std::fs::write(at("route"), format!("eth0 00000000 {word:08X} 0003 0 0 0 00000000")).unwrap();
        std::fs::write(at("arp"), "192.0.2.1 0x1 0x2 00:1b:21:00:00:01 * eth0").unwrap();
        let machine = Machine {
            interfaces: at("net"),
            routes: at("route"),
            routes_v6: at("route6"),
            neighbours: at("arp"),
        };
        let path = machine.path_to(([127, 0, 0, 1], 161).into());
        assert_eq!(path.gateway_ips, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(path.gateway_macs, ["00:1b:21:00:00:01".parse::<Mac>().unwrap()]);
        let gateway = path.gateway_macs[0];
        let row = netwarden_model::reading::FdbEntry {
            mac: gateway,
            if_index: Some(IfIndex(1)),
            if_name: None,
            vlan: None,
            status: netwarden_model::reading::FdbStatus::Learned,
        };
        let reading = Reading { fdb: vec![row], ..Reading::default() };
        let judged = preflight(&reading, IfIndex(1), VlanId::new(666).unwrap(), &path);
        let carries = Obstacle::CarriesGateway { mac: gateway };
        assert!(judged.obstacles.contains(&carries), "{:?}", judged.obstacles);
    }

    #[test]
    fn a_port_is_named_by_name_or_index() {
        let error = ports(&Reading::default(), Some("Gi0/1")).unwrap_err();
        assert!(error.to_string().contains("no port Gi0/1"), "{error}");
    }
}

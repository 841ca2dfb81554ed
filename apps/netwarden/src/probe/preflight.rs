//! `probe --preflight`: would enforcement work here, and would it cut our own path?

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::bail;
use netwarden_collect::preflight::{
    OwnPath, Preflight, ethernet_ports, management_vlan, preflight, try_pvid,
};
use netwarden_model::reading::Interface;
use netwarden_model::{Reading, VlanId};
use netwarden_reach::{SnmpSession, own_address};
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
    let path = own_path(session.target(), &reading, arguments);
    let ports = ports(&reading, arguments.port.as_deref())?;
    let mut answers = Vec::new();
    for port in ports {
        let judged = preflight(&reading, port.if_index, vlan, &path);
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
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&answers)?),
        Format::Table | Format::Csv => print!("{}", render(&reading, vlan, &answers)),
    }
    let works = answers.iter().any(|a| a.judged.would_work() && a.pvid_settable != Some(false));
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    use super::*;

    #[test]
    fn a_port_is_named_by_name_or_index() {
        let error = ports(&Reading::default(), Some("Gi0/1")).unwrap_err();
        assert!(error.to_string().contains("no port Gi0/1"), "{error}");
    }
}

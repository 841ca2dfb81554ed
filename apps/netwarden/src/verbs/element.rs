//! `netwarden ne detail` and `netwarden ne preflight`: one element more closely.

use anyhow::Context;
use netwarden_api::network::{Detail, PreflightWish};
use netwarden_collect::preflight::Preflight;
use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;
use super::job;
use super::list::answer;
use super::session::{Printer, Session};
use crate::output::{Cell, Format, Rows};
use crate::probe;

/// Prints its VLANs, its neighbours and how its polls go; `path` leads to it.
pub(super) async fn detail(session: &Session, path: &str) -> Result<(), Fault> {
    let answered: Value = session.client.get(path, &[]).await?;
    if session.out.format == Format::Json {
        return answer(&session.out, &answered);
    }
    let detail: Detail = serde_json::from_value(answered).context("the server told something unknown")?;
    let mut vlans = Rows::new(&["VLAN", "endpoints", "use", "ports with it as PVID"]);
    for vlan in &detail.vlans {
        let of = [(vlan.quarantine, "quarantine"), (vlan.voice, "voice")];
        let of: Vec<&str> = of.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
        vlans.push([vlan.vlan.to_string(), vlan.endpoints.to_string(), of.join(", "), vlan.ports.join(" ")]);
    }
    session.out.rows(&vlans)?;
    let mut neighbours =
        Rows::new(&["port", "neighbour", "its port", "by", "capabilities", "element", "system"]);
    for neighbour in detail.neighbours {
        neighbours.push_cells([
            neighbour.port.into(),
            Cell::from(&neighbour.name),
            neighbour.remote_port.into(),
            Cell::from(&neighbour.protocol),
            Cell::from(&neighbour.capabilities.join(", ")),
            neighbour.ne.into(),
            neighbour.descr.into(),
        ]);
    }
    session.out.rows(&neighbours)?;
    let mut polls = Rows::new(&["what is read", "last good poll"]);
    for (method, at) in &detail.last_good {
        polls.push([method.clone(), at.to_string()]);
    }
    session.out.rows(&polls)?;
    if let Some(trouble) = &detail.trouble {
        session.out.note(&format!("{} polls failed since the last good one: {trouble}", detail.failures));
    }
    Ok(())
}

/// Starts a preflight, waits for it unless `detach`, and prints its ports.
pub(super) async fn preflight(
    session: &Session,
    path: &str,
    wish: &PreflightWish,
    detach: bool,
) -> Result<(), Fault> {
    let started: job::Started = session.client.post(path, wish).await?;
    job::finish(session, &started, detach, report).await
}

/// What a preflight has found, as far as it is printed.
#[derive(Debug, Deserialize)]
struct Report {
    vlan: u16,
    tried: Option<String>,
    refusal: Option<String>,
    ports: Vec<Preflight>,
}

fn report(out: &Printer, result: &Value) -> Result<(), Fault> {
    if out.format == Format::Json {
        return answer(out, result);
    }
    let report: Report =
        serde_json::from_value(result.clone()).context("the preflight found something unknown")?;
    out.rows(&probe::preflight::rows(report.ports.iter().map(|port| (port, port.would_work(), None))))?;
    let works = report.ports.iter().filter(|port| port.would_work()).count();
    out.note(&format!("{works} of {} ports could be moved to VLAN {}", report.ports.len(), report.vlan));
    match (&report.tried, &report.refusal) {
        (Some(port), None) => out.note(&format!("the agent let the PVID of {port} be set to itself")),
        (Some(port), Some(why)) => out.note(&format!("the agent refused to set the PVID of {port}: {why}")),
        (None, _) => {}
    }
    Ok(())
}

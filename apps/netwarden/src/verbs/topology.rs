//! `netwarden ne topology`: what joins elements.

use std::collections::HashMap;

use anyhow::Context;
use netwarden_api::topology::Topology;
use serde_json::Value;

use super::fault::Fault;
use super::list::answer;
use super::session::Session;
use crate::output::{Cell, Format, Rows};

/// Prints it, a link a row.
pub(super) async fn run(session: &Session) -> Result<(), Fault> {
    let answered: Value = session.client.get("/topology", &[]).await?;
    if session.out.format == Format::Json {
        return answer(&session.out, &answered);
    }
    let map: Topology = serde_json::from_value(answered).context("/topology answered something unknown")?;
    let names: HashMap<&str, &str> =
        map.nodes.iter().map(|node| (node.id.as_str(), node.name.as_str())).collect();
    let mut rows = Rows::new(&["from", "port", "to", "port there", "known by", "status", "physical links"]);
    for link in &map.links {
        let name = |node: &str| Cell::from(names.get(node).copied().unwrap_or(node));
        rows.push_cells([
            name(&link.from.node),
            link.from.port.clone().into(),
            name(&link.to.node),
            link.to.port.clone().into(),
            Cell::from(&link.by),
            Cell::from(&link.status),
            link.members.into(),
        ]);
    }
    session.out.rows(&rows)?;
    let joined = |node: &str| map.links.iter().any(|link| link.from.node == node || link.to.node == node);
    let alone = map.nodes.iter().filter(|node| !joined(&node.id)).count();
    session
        .out
        .note(&format!("{} links, {alone} network elements without any that is known", map.links.len()));
    Ok(())
}

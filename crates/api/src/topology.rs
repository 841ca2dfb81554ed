//! The map of the network at layer 2.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What there is, and what is joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Topology {
    /// Network elements, their neighbours that are none, and segments between them.
    pub nodes: Vec<TopologyNode>,
    /// What is joined.
    pub links: Vec<TopologyLink>,
}

/// Something that links end at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopologyNode {
    /// Its name in `links`; an element's is its id.
    pub id: String,
    /// `element`; `neighbour`: announced by LLDP or CDP, forwards frames, and is no element; `segment`:
    /// something between three or more ports that does not announce itself.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Element's id.
    pub ne_id: Option<i64>,
    /// Element's device class.
    pub class: Option<String>,
    /// Region in which an element stands.
    pub region: Option<String>,
    /// `reachable`, `unreachable` or `unknown`.
    pub status: String,
    /// Endpoints that are online on its ports.
    pub endpoints: usize,
    /// Ports whose access is held: quarantined, moved or shut.
    pub held: usize,
    /// What a neighbour says that it is.
    pub descr: Option<String>,
    /// A neighbour's management addresses.
    pub addresses: Vec<String>,
}

/// Two ports that are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopologyLink {
    /// One end.
    pub from: TopologyEnd,
    /// The other.
    pub to: TopologyEnd,
    /// Why it is known: `lldp`, `cdp` or `fdb` (forwarding tables).
    pub by: String,
    /// `up`, `down` or `unknown`.
    pub status: String,
    /// Physical links in it: more than one where it is an aggregate (LAG).
    pub members: usize,
}

/// An end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopologyEnd {
    /// Which node.
    pub node: String,
    /// Its port; absent where unknown.
    pub port: Option<String>,
}

//! The map of the network at layer 2: a picture that scripts draw, and a table that says the same.
//!
//! Where each node stands is decided here, so that it is the same for everybody and stays; the script draws,
//! zooms and asks again for states.

mod fold;
mod graph;
mod layout;
mod tree;

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use netwarden_api::Total;
use netwarden_api::topology::{Topology, TopologyLink};
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish};
use serde::Serialize;

use self::fold::By;
use self::graph::{Graph, status};
use self::tree::Tree;
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::table::{Cell, Chip, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::refusal::Refusal;
use crate::shape;

const PATH: &str = "/topology";
const COLUMNS: Columns = &[
    ("column-name", None),
    ("column-status", None),
    ("column-region", None),
    ("column-endpoints", None),
    ("topology-held", None),
    ("topology-uplinks", None),
    ("topology-links", None),
];
/// Rows of the table on a page.
const ROWS: usize = 100;
/// Uplinks that a row names.
const NAMED: usize = 4;
/// Hits of each kind that a search yields.
const HITS: u64 = 6;

/// What of the map is folded, as the address says it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    by: By,
    open: BTreeSet<String>,
}

impl Wish {
    fn of(query: &Query, map: &Topology) -> Self {
        let open = query.pairs().filter(|(name, _)| *name == "open").map(|(_, group)| group.to_owned());
        Self { by: By::of(query.get("by"), map.nodes.len()), open: open.collect() }
    }

    /// Below `path`, with one group more or less.
    fn at(&self, path: &str, with: Option<&str>, without: Option<&str>) -> String {
        let mut address = format!("{path}?by={}", self.by.as_str());
        for group in self.open.iter().map(String::as_str).filter(|group| Some(*group) != without).chain(with)
        {
            address.push_str(&format!("&open={}", escaped(group)));
        }
        address
    }
}

#[derive(Template)]
#[template(path = "topology.html")]
struct TopologyPage {
    frame: Frame,
    /// Word, text, chosen.
    choices: Vec<(&'static str, String, bool)>,
    /// Groups that are open, and the address with each folded.
    chips: Vec<Chip>,
    graph: String,
    focus: String,
    /// Where there is nothing to draw.
    empty: bool,
    table: Table,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let map = shape::topology(desk.topology(visitor.caller()).await?);
        let wish = Wish::of(&query, &map);
        let table = table(l, &query, &map);
        let empty = map.nodes.is_empty();
        let folded = fold::fold(map, wish.by, &wish.open);
        let chips = folded.open.iter().map(|(group, name)| Chip {
            text: l.t1("topology-open", "name", name.as_str()),
            href: wish.at(PATH, None, Some(group)),
        });
        let choices =
            By::ALL.into_iter().map(|by| (by.as_str(), l.word("topology-by", by.as_str()), by == wish.by));
        frame::page(&TopologyPage {
            choices: choices.collect(),
            chips: chips.collect(),
            graph: wish.at("/topology/graph", None, None),
            focus: query.get("focus").unwrap_or_default().to_owned(),
            empty,
            table,
            frame: Frame::of(&desk, &visitor, l.t("nav-topology")).await,
        })
    })
    .await
}

fn table(l: Language, query: &Query, map: &Topology) -> Table {
    let at: HashMap<&str, usize> =
        map.nodes.iter().zip(0..).map(|(node, at)| (node.id.as_str(), at)).collect();
    let ends =
        |link: &TopologyLink| Some((*at.get(link.from.node.as_str())?, *at.get(link.to.node.as_str())?));
    let tree = Tree::of(map.nodes.len(), map.links.iter().filter_map(ends));
    let level = |node: usize| tree.stands.get(node).map_or(0, |stand| stand.level);
    let mut joined: HashMap<usize, Vec<(&TopologyLink, usize, bool)>> = HashMap::new();
    for link in &map.links {
        if let Some((from, to)) = ends(link) {
            joined.entry(from).or_default().push((link, to, true));
            joined.entry(to).or_default().push((link, from, false));
        }
    }
    let first: usize = query.get("after").and_then(|after| after.parse().ok()).unwrap_or_default();
    let listed = map.nodes.iter().enumerate().filter(|(_, node)| node.kind != "segment");
    let total = listed.clone().count();
    let rows = listed.skip(first).take(ROWS).map(|(index, node)| {
        let links = joined.get(&index).map_or(&[][..], Vec::as_slice);
        let mut up: Vec<String> = links
            .iter()
            .filter(|(_, other, _)| level(*other) < level(index))
            .filter_map(|(link, other, from_here)| {
                let (here, there) = if *from_here { (&link.from, &link.to) } else { (&link.to, &link.from) };
                let far = graph::end(l, map.nodes.get(*other)?, there.port.as_deref());
                Some(format!("{} → {far}", here.port.as_deref().unwrap_or("?")))
            })
            .collect();
        if up.len() > NAMED {
            let more = up.len() - NAMED;
            up.truncate(NAMED);
            up.push(l.t1("topology-more", "count", graph::number(more)));
        }
        let name = match node.ne_id {
            Some(ne) => Cell::Link { text: node.name.clone(), href: format!("/elements/{ne}") },
            None => Cell::Text(node.name.clone()),
        };
        let count = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        Row {
            cells: vec![
                name,
                Cell::Status { word: node.status.clone(), text: status(l, node) },
                Cell::text(node.region.clone()),
                Cell::Text(count(node.endpoints)),
                Cell::Text(count(node.held)),
                Cell::Text(up.join("; ")),
                Cell::Text(count(links.len())),
            ],
        }
    });
    let next = (first.saturating_add(ROWS) < total).then(|| first.saturating_add(ROWS).to_string());
    Table::new(l, PATH, &l.t("topology-table"), COLUMNS, &[], query)
        .filled(query, rows.collect(), next.as_deref())
        .counted(Total { count: u64::try_from(total).unwrap_or(u64::MAX), more: false })
        .or_empty(l.t("elements-none"))
}

/// What the script draws. With `have`, only where it is another than that.
pub(crate) async fn graph(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let map = shape::topology(desk.topology(visitor.caller()).await?);
        let wish = Wish::of(&query, &map);
        let folded = fold::fold(map, wish.by, &wish.open);
        let graph = Graph::of(visitor.language(), folded, |group| wish.at(PATH, Some(group), None));
        if query.get("have") == Some(&graph.version) {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        Ok(Json(graph).into_response())
    })
    .await
}

/// Something that a search has found, and the node of the map where it is.
#[derive(Debug, Serialize)]
struct Hit {
    title: String,
    about: String,
    /// None where it is nowhere.
    node: Option<String>,
}

/// Nodes by name, and those where endpoints, elements and ports are that are called so.
pub(crate) async fn find(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::NeRead).await?;
        let text = query.get("q").unwrap_or_default().trim().to_owned();
        let hits = if text.is_empty() { Vec::new() } else { found(&desk, &visitor, &text).await? };
        Ok(Json(hits).into_response())
    })
    .await
}

async fn found(desk: &Desk, visitor: &Visitor, text: &str) -> Result<Vec<Hit>, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let wish = || ListWish { text: Some(text.to_owned()), limit: Some(HITS), ..ListWish::default() };
    let elements = shape::page(desk.elements(caller, wish()).await?, shape::element);
    let mut hits: Vec<Hit> = elements
        .items
        .into_iter()
        .map(|element| Hit {
            about: format!("{} · {}", element.address, l.word("state", &element.status)),
            node: Some(element.id.to_string()),
            title: element.name,
        })
        .collect();
    if visitor.may(desk, Operation::EndpointRead) {
        let endpoints = shape::page(desk.endpoints(caller, wish()).await?, shape::endpoint);
        hits.extend(endpoints.items.into_iter().map(|endpoint| {
            let name = endpoint.dns_name.or(endpoint.host_name).or(endpoint.owner);
            let place = endpoint.ne.zip(endpoint.port).map(|(ne, port)| format!("{ne} · {port}"));
            let about =
                [name, Some(endpoint.ips.join(" ")), Some(place.unwrap_or_else(|| l.t("topology-nowhere")))];
            let about: Vec<String> = about.into_iter().flatten().filter(|text| !text.is_empty()).collect();
            Hit {
                title: endpoint.mac,
                about: about.join(" · "),
                node: endpoint.ne_id.map(|ne| ne.to_string()),
            }
        }));
    }
    let map = shape::topology(desk.topology(caller).await?);
    let sought = text.to_lowercase();
    let strangers = map.nodes.into_iter().filter(|node| node.kind == "neighbour");
    let called = strangers.filter(|node| node.name.to_lowercase().contains(&sought)).take(6);
    hits.extend(called.map(|node| Hit { about: status(l, &node), title: node.name, node: Some(node.id) }));
    Ok(hits)
}

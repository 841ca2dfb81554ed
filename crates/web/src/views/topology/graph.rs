//! The map as the script draws it: every word, number and place is decided here.

use netwarden_api::topology::{TopologyLink, TopologyNode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::language::Language;
use super::super::ports;
use super::fold::{Folded, Shown};
use super::layout::places;

/// Characters of a name in the picture.
const LONGEST_NAME: usize = 22;
/// Characters of a line that is shown beside the pointer.
const LONGEST_LINE: usize = 120;
/// Links that such lines name.
const MOST_LINES: usize = 8;

/// What is drawn.
#[derive(Debug, Serialize)]
pub(super) struct Graph {
    /// Changes with anything below.
    pub(super) version: String,
    nodes: Vec<Node>,
    links: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Node {
    id: String,
    x: i64,
    y: i64,
    name: String,
    /// What stands below the name.
    counts: String,
    /// `element`, `neighbour`, `segment` or `group`.
    kind: String,
    /// `reachable`, `unreachable` or `unknown`; of a group the worst.
    status: String,
    /// Some of its ports are held.
    held: bool,
    /// Nothing hangs on it.
    leaf: bool,
    /// In words, line by line.
    told: Vec<String>,
    /// Where it leads.
    href: Option<String>,
    /// Nodes for which it stands.
    holds: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Line {
    from: usize,
    to: usize,
    status: String,
    /// Physical links in it.
    members: usize,
    /// Only told by forwarding tables.
    guessed: bool,
    told: Vec<String>,
}

impl Graph {
    /// Of a folded map; `open` is where a group is open.
    pub(super) fn of(l: Language, folded: Folded, open: impl Fn(&str) -> String) -> Self {
        let names: std::collections::HashMap<&str, &TopologyNode> =
            folded.nodes.iter().flat_map(|shown| &shown.nodes).map(|node| (node.id.as_str(), node)).collect();
        let links: Vec<Line> = folded
            .links
            .iter()
            .map(|((from, to), links)| {
                let mut told: Vec<String> = links
                    .iter()
                    .take(MOST_LINES)
                    .filter_map(|link| {
                        told_link(
                            l,
                            link,
                            names.get(link.from.node.as_str())?,
                            names.get(link.to.node.as_str())?,
                        )
                    })
                    .collect();
                if links.len() > MOST_LINES {
                    told.push(l.t1("topology-more", "count", number(links.len() - MOST_LINES)));
                }
                Line {
                    from: *from,
                    to: *to,
                    status: worst(links.iter().map(|link| link.status.as_str()), &["down", "unknown", "up"]),
                    members: links.iter().map(|link| link.members).sum(),
                    guessed: links.iter().all(|link| link.by == "fdb"),
                    told,
                }
            })
            .collect();
        // A neighbour has no page; the port at which it was heard has one.
        let heard_at = |id: &str| {
            let link =
                folded.links.values().flatten().find(|link| link.from.node == id || link.to.node == id)?;
            let end = if link.from.node == id { &link.to } else { &link.from };
            Some(ports::address(end.node.parse().ok()?, end.port.as_deref()?))
        };
        let places = places(&folded.tree);
        let below = folded.tree.below();
        let nodes: Vec<Node> = folded
            .nodes
            .iter()
            .zip(places)
            .enumerate()
            .map(|(index, (shown, place))| {
                let stands_below = folded.tree.stands.get(index).is_some_and(|stand| stand.parent.is_some());
                let leaf = stands_below && folded.tree.is_last(index, &below);
                let href = match (&shown.group, shown.nodes.first()) {
                    (Some(_), _) => Some(open(&shown.id)),
                    (None, Some(node)) => {
                        node.ne_id.map(|ne| format!("/elements/{ne}")).or_else(|| heard_at(&node.id))
                    }
                    (None, None) => None,
                };
                Node { x: place.x, y: place.y, href, leaf, ..drawn(l, shown) }
            })
            .collect();
        let mut graph = Self { version: String::new(), nodes, links };
        let content = serde_json::to_vec(&graph).unwrap_or_default();
        graph.version = Sha256::digest(content).iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        graph
    }
}

fn drawn(l: Language, shown: &Shown) -> Node {
    let all = &shown.nodes;
    let endpoints: usize = all.iter().map(|node| node.endpoints).sum();
    let held: usize = all.iter().map(|node| node.held).sum();
    let (mut counts, mut told, kind, name) = match (&shown.group, all.as_slice()) {
        (None, [node]) => {
            let mut told = vec![node.name.clone(), status(l, node)];
            told.extend(node.class.clone().into_iter().chain(node.region.clone()).chain(node.descr.clone()));
            told.extend(Some(node.addresses.join(" ")).filter(|addresses| !addresses.is_empty()));
            let name = if node.kind == "segment" { String::new() } else { node.name.clone() };
            (Vec::new(), told, node.kind.clone(), name)
        }
        (group, _) => {
            let name = group.clone().unwrap_or_default();
            let down = all.iter().filter(|node| node.status == "unreachable").count();
            let below = !shown.id.starts_with("region ");
            let key = if below { "topology-group-below" } else { "topology-group-region" };
            let mut told =
                vec![l.with(key, &[("count", number(all.len()).into()), ("name", name.as_str().into())])];
            let mut counts = Vec::new();
            if down > 0 {
                told.push(l.t1("topology-group-down", "count", number(down)));
                counts.push(format!("■ {down}"));
            }
            told.push(l.t("topology-group-opens"));
            let called = l.t1("topology-group", "count", number(all.len()));
            (counts, told, "group".to_owned(), if below { called } else { format!("{name}: {called}") })
        }
    };
    if endpoints > 0 {
        counts.insert(0, format!("• {endpoints}"));
        told.push(l.t1("socket-endpoints", "count", number(endpoints)));
    }
    if held > 0 {
        counts.push(format!("▲ {held}"));
        told.push(l.t1("topology-held-ports", "count", number(held)));
    }
    Node {
        id: shown.id.clone(),
        x: 0,
        y: 0,
        name: short(&name, LONGEST_NAME),
        counts: counts.join("  "),
        kind,
        status: worst(all.iter().map(|node| node.status.as_str()), &["unreachable", "unknown", "reachable"]),
        held: held > 0,
        leaf: false,
        told: told.iter().map(|line| short(line, LONGEST_LINE)).collect(),
        href: None,
        holds: if shown.group.is_some() {
            all.iter().map(|node| node.id.clone()).collect()
        } else {
            Vec::new()
        },
    }
}

/// How a node is, in words.
pub(super) fn status(l: Language, node: &TopologyNode) -> String {
    match node.kind.as_str() {
        "element" => l.word("state", &node.status),
        kind => l.word("topology-kind", kind),
    }
}

/// A node and its port, as an end of a link.
pub(super) fn end(l: Language, node: &TopologyNode, port: Option<&str>) -> String {
    let name = if node.kind == "segment" { status(l, node) } else { node.name.clone() };
    match port {
        Some(port) => format!("{name} · {port}"),
        None => name,
    }
}

fn told_link(l: Language, link: &TopologyLink, from: &TopologyNode, to: &TopologyNode) -> Option<String> {
    let ends = [end(l, from, link.from.port.as_deref()), end(l, to, link.to.port.as_deref())];
    let [from, to] = ends.map(|end| short(&end, LONGEST_LINE / 3));
    let mut about = vec![l.word("topology-by", &link.by), l.word("topology-link", &link.status)];
    about.extend((link.members > 1).then(|| l.t1("topology-members", "count", number(link.members))));
    Some(format!("{from} — {to} ({})", about.join(", ")))
}

/// The first of `order` that there is, else the last.
fn worst<'w>(words: impl Iterator<Item = &'w str> + Clone, order: &[&str]) -> String {
    let found = order.iter().find(|word| words.clone().any(|one| one == **word));
    found.or(order.last()).map(|word| (*word).to_owned()).unwrap_or_default()
}

/// A name as one line of so many characters, at most.
fn short(text: &str, most: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= most {
        return text.chars().map(clean).collect();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).map(clean).collect();
    short.push('…');
    short
}

pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_and_stay_one_line() {
        assert_eq!(short("sw-floor2", 22), "sw-floor2");
        assert_eq!(short("a\nb\u{7}c", 22), "a b c");
        assert_eq!(short(&"ä".repeat(10_000), 5), "ääää…");
    }

    #[test]
    fn a_group_is_as_its_worst() {
        let order = ["unreachable", "unknown", "reachable"];
        assert_eq!(worst(["reachable", "unreachable"].into_iter(), &order), "unreachable");
        assert_eq!(worst(["reachable"].into_iter(), &order), "reachable");
        assert_eq!(worst([].into_iter(), &order), "reachable");
    }
}

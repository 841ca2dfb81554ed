//! Folding of a large map: what belongs together becomes one node until its reader opens it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use netwarden_api::topology::{Topology, TopologyLink, TopologyNode};

use super::tree::Tree;

/// Fewer than these are shown instead of a node that stands for them.
const FEWEST: usize = 3;
/// Up to so many nodes a map is shown as it is, unless its reader says otherwise.
const SMALL: usize = 150;

/// By what a map is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Not at all.
    Nothing,
    /// What hangs on a switch, and has nothing below itself, becomes one node.
    Switch,
    /// The elements of a region become one node.
    Region,
}

impl By {
    pub(super) const ALL: [Self; 3] = [By::Nothing, By::Switch, By::Region];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            By::Nothing => "all",
            By::Switch => "switch",
            By::Region => "region",
        }
    }

    /// As its reader wants it, else as its size demands.
    pub(super) fn of(word: Option<&str>, nodes: usize) -> Self {
        let by_size = if nodes > SMALL { By::Switch } else { By::Nothing };
        By::ALL.into_iter().find(|by| Some(by.as_str()) == word).unwrap_or(by_size)
    }
}

/// A node that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// Name of the group in an address, for one that stands for others; else the node's id.
    pub(super) id: String,
    /// What it is, or all that it stands for.
    pub(super) nodes: Vec<TopologyNode>,
    /// What the group is called after: the switch on which it hangs, or its region.
    pub(super) group: Option<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) nodes: Vec<Shown>,
    /// Links between two nodes, by their indexes.
    pub(super) links: BTreeMap<(usize, usize), Vec<TopologyLink>>,
    /// The groups that are open: address and name.
    pub(super) open: Vec<(String, String)>,
    pub(super) tree: Tree,
}

/// A map with all groups folded but those in `open`.
pub(super) fn fold(map: Topology, by: By, open: &BTreeSet<String>) -> Folded {
    let groups = match by {
        By::Nothing => HashMap::new(),
        By::Switch => by_switch(&map),
        By::Region => by_region(&map),
    };
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for (group, _) in groups.values() {
        *sizes.entry(group).or_default() += 1;
    }
    let is_folded =
        |group: &str| sizes.get(group).is_some_and(|size| *size >= FEWEST) && !open.contains(group);
    let mut shown: Vec<Shown> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut opened = BTreeMap::new();
    for node in map.nodes {
        let group = groups.get(&node.id);
        if let Some((group, name)) = group.filter(|(group, _)| open.contains(group)) {
            opened.insert(group.clone(), name.clone());
        }
        let group = group.filter(|(group, _)| is_folded(group));
        let id = group.map_or_else(|| node.id.clone(), |(group, _)| group.clone());
        let known = group.and_then(|(group, _)| shown.iter().position(|one| one.id == *group));
        at.insert(node.id.clone(), known.unwrap_or(shown.len()));
        match known.and_then(|known| shown.get_mut(known)) {
            Some(known) => known.nodes.push(node),
            None => shown.push(Shown { id, nodes: vec![node], group: group.map(|(_, name)| name.clone()) }),
        }
    }
    let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for link in map.links {
        let (Some(from), Some(to)) = (at.get(&link.from.node), at.get(&link.to.node)) else { continue };
        if from != to {
            links.entry((*from.min(to), *from.max(to))).or_default().push(link);
        }
    }
    let tree = Tree::of(shown.len(), links.keys().copied());
    Folded { nodes: shown, links, open: opened.into_iter().collect(), tree }
}

/// Group and its name, by the node's id.
type Groups = HashMap<String, (String, String)>;

fn by_switch(map: &Topology) -> Groups {
    let at: HashMap<&str, usize> =
        map.nodes.iter().zip(0..).map(|(node, at)| (node.id.as_str(), at)).collect();
    let ends =
        |link: &TopologyLink| Some((*at.get(link.from.node.as_str())?, *at.get(link.to.node.as_str())?));
    let tree = Tree::of(map.nodes.len(), map.links.iter().filter_map(ends));
    let below = tree.below();
    let mut groups = Groups::new();
    for (head, inside) in map.nodes.iter().zip(&below) {
        for index in inside {
            if let Some(node) = map.nodes.get(*index).filter(|_| tree.is_last(*index, &below)) {
                groups.insert(node.id.clone(), (format!("below {}", head.id), head.name.clone()));
            }
        }
    }
    groups
}

fn by_region(map: &Topology) -> Groups {
    let mut groups: Groups = map
        .nodes
        .iter()
        .filter_map(|node| {
            let region = node.region.clone()?;
            Some((node.id.clone(), (format!("region {region}"), region)))
        })
        .collect();
    // What is no element stands where all that it is joined to does.
    let mut around: HashMap<&str, BTreeSet<Option<&(String, String)>>> = HashMap::new();
    for link in &map.links {
        around.entry(&link.from.node).or_default().insert(groups.get(&link.to.node));
        around.entry(&link.to.node).or_default().insert(groups.get(&link.from.node));
    }
    let mut taken = Groups::new();
    for node in map.nodes.iter().filter(|node| node.ne_id.is_none()) {
        let near = around.get(node.id.as_str());
        if let Some(Some(group)) = near.filter(|near| near.len() == 1).and_then(BTreeSet::first) {
            taken.insert(node.id.clone(), (*group).clone());
        }
    }
    groups.extend(taken);
    groups
}

#[cfg(test)]
mod tests {
    use netwarden_api::topology::TopologyEnd;

    use super::*;

    fn node(id: &str, region: Option<&str>) -> TopologyNode {
        let ne_id = id.parse().ok();
        TopologyNode {
            id: id.to_owned(),
            kind: if ne_id.is_some() { "element" } else { "neighbour" }.to_owned(),
            name: format!("sw{id}"),
            ne_id,
            class: None,
            region: region.map(str::to_owned),
            status: "reachable".to_owned(),
            endpoints: 1,
            held: 0,
            descr: None,
            addresses: Vec::new(),
        }
    }

    fn link(from: &str, to: &str) -> TopologyLink {
        let end = |node: &str| TopologyEnd { node: node.to_owned(), port: None };
        let (by, status) = ("lldp".to_owned(), "up".to_owned());
        TopologyLink { from: end(from), to: end(to), by, status, members: 1 }
    }

    /// 1 is the core, 2 to 4 hang on it; 5 to 8 hang on 2, 9 and 10 on 3, a stranger on 4.
    fn map() -> Topology {
        let region = |id: i32| match id {
            2 | 5..=8 => Some("north"),
            3 | 9 | 10 => Some("south"),
            _ => None,
        };
        let mut nodes: Vec<TopologyNode> = (1..=10).map(|id| node(&id.to_string(), region(id))).collect();
        nodes.push(node("neighbour x", None));
        let mut links: Vec<TopologyLink> = (2..=4).map(|id: i32| link("1", &id.to_string())).collect();
        links.extend((5..=8).map(|id: i32| link("2", &id.to_string())));
        links.extend([link("3", "9"), link("3", "10"), link("4", "neighbour x")]);
        Topology { nodes, links }
    }

    fn ids(folded: &Folded) -> Vec<&str> {
        folded.nodes.iter().map(|shown| shown.id.as_str()).collect()
    }

    #[test]
    fn nothing_is_folded_unless_asked_for_or_large() {
        assert_eq!(By::of(None, 150), By::Nothing);
        assert_eq!(By::of(None, 151), By::Switch);
        assert_eq!(By::of(Some("all"), 500), By::Nothing);
        assert_eq!(By::of(Some("nonsense"), 3), By::Nothing);
        let folded = fold(map(), By::Nothing, &BTreeSet::new());
        assert_eq!((folded.nodes.len(), folded.links.len()), (11, 10));
    }

    #[test]
    fn what_hangs_on_a_switch_is_one_node_until_opened() {
        let folded = fold(map(), By::Switch, &BTreeSet::new());
        assert_eq!(ids(&folded), ["1", "2", "3", "4", "below 2", "9", "10", "neighbour x"]);
        let group = &folded.nodes[4];
        assert_eq!((group.nodes.len(), group.group.as_deref()), (4, Some("sw2")));
        assert_eq!(folded.links[&(1, 4)].len(), 4, "their links are one");
        let opened = fold(map(), By::Switch, &BTreeSet::from(["below 2".to_owned(), "below 99".to_owned()]));
        assert_eq!(opened.nodes.len(), 11);
        assert_eq!(opened.open, [("below 2".to_owned(), "sw2".to_owned())]);
    }

    #[test]
    fn regions_are_nodes_and_what_leads_between_them_stays() {
        let folded = fold(map(), By::Region, &BTreeSet::new());
        assert_eq!(ids(&folded), ["1", "region north", "region south", "4", "neighbour x"]);
        let links: Vec<_> = folded.links.keys().copied().collect();
        assert_eq!(links, [(0, 1), (0, 2), (0, 3), (3, 4)]);
        let mut inside = map();
        inside.links.push(link("9", "neighbour y"));
        inside.nodes.push(node("neighbour y", None));
        let folded = fold(inside, By::Region, &BTreeSet::new());
        assert_eq!(folded.nodes.len(), 5, "a stranger in the midst of a region belongs to it");
    }
}

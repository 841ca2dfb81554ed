//! Links that nobody announces, told from forwarding tables.
//!
//! An element's own address is learned by the others on the port that leads to it. Of all elements behind a
//! port that one is next to which no other separates from it: in a loop-free topology C stands between A and
//! B exactly where C reaches the two by different ports. Ports that are next to each other make a link; three
//! and more of them meet in something that forwards and is not ours, a segment.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use netwarden_model::NeId;

use super::{End, Joint, Link, LinkBy};
use crate::element::{Role, UplinkBy};
use crate::endpoint::Place;
use crate::network::Network;
use crate::table::NO_PORT;

/// By which port an element reaches another.
type Directions = HashMap<(NeId, NeId), u32>;

/// A port that takes part: of an element, and where that port is not known, seen from which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Socket {
    ne: NeId,
    slot: Option<u32>,
    seen_from: Option<Place>,
}

impl Network {
    /// Links between elements at ports on which nothing is announced.
    pub(super) fn table_links(&self, announced: &BTreeSet<Place>) -> Vec<Link> {
        let silent = self.silent_uplinks(announced);
        if silent.is_empty() {
            return Vec::new();
        }
        let directions = self.directions();
        let mut behind: HashMap<Place, Vec<NeId>> = HashMap::new();
        for ((from, to), slot) in &directions {
            let place = Place { ne: *from, slot: *slot };
            if silent.contains(&place) {
                behind.entry(place).or_default().push(*to);
            }
        }
        let between = central_first(&directions);
        let mut groups = Groups::default();
        for (place, others) in &behind {
            for other in others {
                let back = directions.get(&(*other, place.ne)).map(|slot| Place { ne: *other, slot: *slot });
                // Who announces itself there is next to it, and this element is not.
                let taken = back.is_some_and(|back| announced.contains(&back));
                if !taken && !is_separated(&directions, &between, place.ne, *other) {
                    let here = Socket { ne: place.ne, slot: Some(place.slot), seen_from: None };
                    let there = match back {
                        Some(back) => Socket { ne: back.ne, slot: Some(back.slot), seen_from: None },
                        None => Socket { ne: *other, slot: None, seen_from: Some(*place) },
                    };
                    groups.join(here, there);
                }
            }
        }
        self.joined(groups)
    }

    fn joined(&self, groups: Groups) -> Vec<Link> {
        let mut links = Vec::new();
        let mut segments = 0u32;
        for sockets in groups.all() {
            let end = |socket: &Socket| self.end(socket.ne, socket.slot);
            let place = |socket: &Socket| socket.slot.map(|slot| Place { ne: socket.ne, slot });
            if let [one, other] = sockets.as_slice() {
                let mut ends = [end(one), end(other)];
                ends.sort();
                links.push(self.link(ends, &[place(one), place(other)], LinkBy::Tables));
                continue;
            }
            for socket in &sockets {
                let ends = [end(socket), End { at: Joint::Segment(segments), port: None }];
                links.push(self.link(ends, &[place(socket)], LinkBy::Tables));
            }
            segments += 1;
        }
        links
    }

    /// Ports that lead to elements of ours, says their role, and on which nobody announces himself.
    fn silent_uplinks(&self, announced: &BTreeSet<Place>) -> BTreeSet<Place> {
        let mut silent = BTreeSet::new();
        for (ne, element) in &self.elements {
            for (slot, port) in element.ports.iter() {
                let place = Place { ne: *ne, slot };
                let leads = port.role() == Role::Uplink && element.ports.stands_for(slot) == slot;
                if leads && !announced.contains(&place) {
                    silent.insert(place);
                }
            }
        }
        silent
    }

    /// By which port each element reaches each other, as far as its table or the port's role says.
    fn directions(&self) -> Directions {
        let mut found = Directions::new();
        for (mac, owners) in &self.own {
            // An address that several have (a virtual router's) is nowhere in particular.
            let Some(owner) = owners.first().filter(|_| owners.len() == 1 && !mac.is_virtual_router()) else {
                continue;
            };
            for from in self.seen.get(mac).into_iter().flatten().filter(|from| *from != owner) {
                let Some(element) = self.elements.get(from) else { continue };
                let row = element.fdb.rows_of(*mac).iter().find(|row| row.slot != NO_PORT);
                if let Some(row) = row {
                    found.entry((*from, *owner)).or_insert_with(|| element.ports.stands_for(row.slot));
                }
            }
        }
        for (ne, element) in &self.elements {
            for (slot, port) in element.ports.iter() {
                if let Some(far) = port.uplink.as_ref().and_then(UplinkBy::element)
                    && self.elements.contains_key(&far)
                {
                    found.entry((*ne, far)).or_insert_with(|| element.ports.stands_for(slot));
                }
            }
        }
        found
    }
}

/// Elements by the number of their ports that lead to others, most first: those stand between most pairs,
/// so that asking them first ends most searches at once.
fn central_first(directions: &Directions) -> Vec<NeId> {
    let mut ports: BTreeMap<NeId, HashSet<u32>> = BTreeMap::new();
    for ((from, _), slot) in directions {
        ports.entry(*from).or_default().insert(*slot);
    }
    let mut elements: Vec<(usize, NeId)> = ports.iter().map(|(ne, slots)| (slots.len(), *ne)).collect();
    elements.sort_by_key(|(ports, ne)| (std::cmp::Reverse(*ports), *ne));
    // What has one way only stands between nobody.
    elements.into_iter().filter(|(ports, _)| *ports > 1).map(|(_, ne)| ne).collect()
}

fn is_separated(directions: &Directions, between: &[NeId], one: NeId, other: NeId) -> bool {
    between.iter().any(|third| {
        let way = |to: NeId| directions.get(&(*third, to));
        *third != one && *third != other && way(one).zip(way(other)).is_some_and(|(a, b)| a != b)
    })
}

/// Sockets that meet.
#[derive(Default)]
struct Groups {
    parents: BTreeMap<Socket, Socket>,
}

impl Groups {
    fn root(&mut self, of: Socket) -> Socket {
        let mut root = of;
        while let Some(parent) = self.parents.get(&root).filter(|parent| **parent != root) {
            root = *parent;
        }
        self.parents.insert(of, root);
        root
    }

    fn join(&mut self, one: Socket, other: Socket) {
        let (one, other) = (self.root(one), self.root(other));
        let (low, high) = (one.min(other), one.max(other));
        self.parents.insert(high, low);
        self.parents.insert(low, low);
    }

    /// Each group in order, and the groups in order.
    fn all(mut self) -> Vec<Vec<Socket>> {
        let sockets: Vec<Socket> = self.parents.keys().copied().collect();
        let mut groups: BTreeMap<Socket, Vec<Socket>> = BTreeMap::new();
        for socket in sockets {
            groups.entry(self.root(socket)).or_default().push(socket);
        }
        groups.into_values().filter(|group| group.len() > 1).collect()
    }
}

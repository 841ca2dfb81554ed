//! The network at layer 2: which elements are joined, by which ports (NAC-20).
//!
//! What LLDP and CDP announce joins two ports, whether the far element is ours or not. What they announced
//! and no longer do stays as long as the port's role remembers it, so that a link that is down is seen to be
//! down. Where nothing is announced, forwarding tables are asked (`tables`). Derived from the picture
//! whenever somebody wants to look; nothing is kept, and nothing is decided by it.

mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use netwarden_model::reading::{Neighbour, NeighbourProtocol};
use netwarden_model::{IfIndex, NeId};

use crate::element::{ElementState, Port, Reachability, UplinkBy};
use crate::endpoint::Place;
use crate::network::Network;

/// ifType ethernetCsmacd (IANAifType-MIB).
const ETHERNET: u32 = 6;

/// What stands at an end of a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Joint {
    /// An element of ours.
    Element(NeId),
    /// A neighbour that is no element: chassis id, else name.
    Neighbour(String),
    /// Something between three or more ports of ours that does not announce itself.
    Segment(u32),
}

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// What stands there.
    pub at: Joint,
    /// Its port; None where unknown.
    pub port: Option<String>,
}

/// Why a link is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkBy {
    /// IEEE 802.1AB.
    Lldp,
    /// Cisco Discovery Protocol.
    Cdp,
    /// Forwarding tables.
    Tables,
}

impl LinkBy {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            LinkBy::Lldp => "lldp",
            LinkBy::Cdp => "cdp",
            LinkBy::Tables => "fdb",
        }
    }
}

/// Does a link carry frames, as far as reachable ends tell?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkStatus {
    /// An end says up, and none says otherwise.
    Up,
    /// An end says that it is not up.
    Down,
    /// No end tells.
    Unknown,
}

impl LinkStatus {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            LinkStatus::Up => "up",
            LinkStatus::Down => "down",
            LinkStatus::Unknown => "unknown",
        }
    }
}

/// Two ports that are joined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Its ends, in order.
    pub ends: [End; 2],
    /// Why it is known.
    pub by: LinkBy,
    /// Does it carry frames?
    pub status: LinkStatus,
    /// Physical links in it: more than one where an end is an aggregate.
    pub members: usize,
}

/// A neighbour that forwards frames and is no element of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stranger {
    /// What it calls itself.
    pub name: Option<String>,
    /// What it is.
    pub descr: Option<String>,
    /// Its management addresses.
    pub addresses: BTreeSet<IpAddr>,
}

/// The network at layer 2.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// What is joined.
    pub links: Vec<Link>,
    /// Neighbours that are no elements, by their key in [`Joint::Neighbour`].
    pub strangers: BTreeMap<String, Stranger>,
    /// Endpoints that are online, by element.
    pub endpoints: BTreeMap<NeId, usize>,
}

/// What one port of ours says of what is at its other end.
#[derive(Debug, Clone)]
struct Heard {
    here: Place,
    far: Far,
    by: LinkBy,
}

#[derive(Debug, Clone)]
enum Far {
    /// An element, and its port where it could be told.
    Element(NeId, Option<u32>),
    /// A stranger's key, and its word for the port.
    Stranger(String, Option<String>),
}

impl Network {
    /// The network at layer 2, as the picture has it now.
    pub fn links(&self) -> Links {
        let mut found = Links::default();
        for endpoint in self.endpoints.values().filter(|endpoint| endpoint.online) {
            if let Some(place) = endpoint.place {
                *found.endpoints.entry(place.ne).or_default() += 1;
            }
        }
        let heard = self.heard(&mut found.strangers);
        let mut links = BTreeMap::new();
        let pairs = Pairs::of(&heard);
        for one in &heard {
            let (far, slot) = match &one.far {
                Far::Element(ne, slot) => {
                    let slot = slot.or_else(|| pairs.answer(one.here, *ne));
                    (self.end(*ne, slot), slot.map(|slot| Place { ne: *ne, slot }))
                }
                Far::Stranger(key, port) => {
                    (End { at: Joint::Neighbour(key.clone()), port: port.clone() }, None)
                }
            };
            let mut ends = [self.end(one.here.ne, Some(one.here.slot)), far];
            ends.sort();
            let places = [Some(one.here), slot];
            let link = self.link(ends, &places, one.by);
            links
                .entry(link.ends.clone())
                .and_modify(|known: &mut Link| known.by = known.by.min(one.by))
                .or_insert(link);
        }
        found.links = links.into_values().collect();
        let announced: BTreeSet<Place> = heard.iter().map(|one| one.here).collect();
        found.links.extend(self.table_links(&announced));
        found
    }

    fn link(&self, ends: [End; 2], places: &[Option<Place>], by: LinkBy) -> Link {
        let told: Vec<bool> = places.iter().flatten().filter_map(|place| self.carries(*place)).collect();
        let status = match (told.is_empty(), told.iter().all(|up| *up)) {
            (true, _) => LinkStatus::Unknown,
            (false, true) => LinkStatus::Up,
            (false, false) => LinkStatus::Down,
        };
        let members = places.iter().flatten().map(|place| self.members(*place)).max().unwrap_or(1);
        Link { ends, by, status, members }
    }

    fn end(&self, ne: NeId, slot: Option<u32>) -> End {
        let port = slot.and_then(|slot| self.port_at(Place { ne, slot }));
        End { at: Joint::Element(ne), port: port.map(|port| port.name.0.clone()) }
    }

    /// True where the port is up; None where its element does not answer, or does not say.
    fn carries(&self, place: Place) -> Option<bool> {
        let element = self.elements.get(&place.ne)?;
        if element.live.reachability != Reachability::Reachable {
            return None;
        }
        self.port_at(place)?.oper_status.as_ref().map(|status| status == "up")
    }

    /// Physical links that a port has; where no interface stands for an aggregate, its first member does.
    fn members(&self, place: Place) -> usize {
        let Some(element) = self.elements.get(&place.ne) else { return 1 };
        let others = element.ports.members(place.slot).count();
        let itself = self.port_at(place).is_some_and(|port| port.if_type == Some(ETHERNET));
        if others == 0 { 1 } else { others + usize::from(itself) }
    }

    /// What ports of ours say: what is announced now, and what their role remembers of it.
    fn heard(&self, strangers: &mut BTreeMap<String, Stranger>) -> Vec<Heard> {
        let by_address = self.forwarders_by_address();
        let mut heard = Vec::new();
        for (ne, element) in &self.elements {
            let mut spoken = BTreeSet::new();
            for at in element.neighbours.iter() {
                let Some(slot) = at.slot.map(|slot| element.ports.stands_for(slot)) else { continue };
                let Some(far) = self.far(*ne, &at.neighbour, &by_address, strangers) else { continue };
                let by = match at.neighbour.protocol {
                    NeighbourProtocol::Lldp => LinkBy::Lldp,
                    NeighbourProtocol::Cdp => LinkBy::Cdp,
                };
                spoken.insert(slot);
                heard.push(Heard { here: Place { ne: *ne, slot }, far, by });
            }
            for (slot, port) in element.ports.iter() {
                if let Some(UplinkBy::Neighbour { ne: Some(far), .. }) = &port.uplink
                    && spoken.insert(slot)
                    && self.elements.contains_key(far)
                {
                    let here = Place { ne: *ne, slot };
                    heard.push(Heard { here, far: Far::Element(*far, None), by: LinkBy::Lldp });
                }
            }
        }
        heard
    }

    /// What a neighbour is: an element of ours, or a stranger that forwards. Telephones and access points
    /// bridge as well, and are endpoints here, as they are for the roles of ports.
    fn far(
        &self,
        ne: NeId,
        neighbour: &Neighbour,
        by_address: &HashMap<IpAddr, Option<NeId>>,
        strangers: &mut BTreeMap<String, Stranger>,
    ) -> Option<Far> {
        let owners = neighbour.chassis_mac.and_then(|mac| self.own.get(&mac));
        let by_mac = owners.filter(|owners| !owners.contains(&ne)).and_then(|owners| owners.first()).copied();
        let managed = by_mac.or_else(|| {
            neighbour
                .addresses
                .iter()
                .find_map(|ip| by_address.get(ip).copied().flatten())
                .filter(|far| *far != ne)
        });
        if let Some(far) = managed {
            let slot = self.elements.get(&far).and_then(|element| announced_port(element, neighbour));
            return Some(Far::Element(far, slot));
        }
        let for_endpoints = neighbour.capabilities.iter().any(|c| c == "telephone" || c == "wlan_ap");
        if !neighbour.forwards() || for_endpoints {
            return None;
        }
        let key = neighbour.chassis_id.clone().or_else(|| neighbour.system_name.clone())?;
        let stranger = strangers.entry(key.clone()).or_default();
        stranger.name = stranger.name.take().or_else(|| neighbour.system_name.clone());
        stranger.descr = stranger
            .descr
            .take()
            .or_else(|| neighbour.platform.clone())
            .or_else(|| neighbour.system_descr.clone());
        stranger.addresses.extend(&neighbour.addresses);
        Some(Far::Stranger(key, neighbour.port_id.clone().or_else(|| neighbour.port_descr.clone())))
    }

    /// Our forwarding elements by their management address; None where several share one.
    fn forwarders_by_address(&self) -> HashMap<IpAddr, Option<NeId>> {
        let mut found = HashMap::new();
        for (ne, element) in self.elements.iter().filter(|(_, element)| element.base.class != "host") {
            let ip = element.base.element.address.ip();
            found.entry(ip).and_modify(|known| *known = None).or_insert(Some(*ne));
        }
        found
    }
}

/// The port of ours that a neighbour means by what it announces: its name, its address or its number
/// (LldpPortIdSubtype 5, 3, 7; IEEE 802.1AB 8.5.3).
fn announced_port(element: &ElementState, neighbour: &Neighbour) -> Option<u32> {
    let words: Vec<&str> =
        [&neighbour.port_id, &neighbour.port_descr].into_iter().flatten().map(String::as_str).collect();
    let is_named =
        |port: &Port, word: &&str| port.name.0 == **word || port.raw_name.as_deref() == Some(*word);
    let named = words.iter().find_map(|word| element.ports.iter().find(|(_, port)| is_named(port, word)));
    let found = named.map(|(slot, _)| slot).or_else(|| {
        let id = neighbour.port_id.as_deref()?;
        if let Ok(mac) = id.parse() {
            return element.ports.iter().find(|(_, port)| port.mac == Some(mac)).map(|(slot, _)| slot);
        }
        element.ports.slot_at(IfIndex(id.parse().ok()?))
    })?;
    Some(element.ports.stands_for(found))
}

/// Who has heard whom, so that the two ends of a link find each other where only one names both ports.
struct Pairs(HashMap<(NeId, NeId), Vec<Slots>>);

/// A port of the one, and of the other where it is known.
type Slots = (u32, Option<u32>);

impl Pairs {
    fn of(heard: &[Heard]) -> Self {
        let mut pairs: HashMap<_, Vec<_>> = HashMap::new();
        for one in heard {
            if let Far::Element(far, slot) = &one.far {
                let known = pairs.entry((one.here.ne, *far)).or_default();
                if !known.contains(&(one.here.slot, *slot)) {
                    known.push((one.here.slot, *slot));
                }
            }
        }
        Self(pairs)
    }

    /// The port of `far` that hears `here`: one that names it, else the only one that names none.
    fn answer(&self, here: Place, far: NeId) -> Option<u32> {
        let said = self.0.get(&(far, here.ne))?;
        if let Some((slot, _)) = said.iter().find(|(_, named)| *named == Some(here.slot)) {
            return Some(*slot);
        }
        let silent: BTreeSet<u32> =
            said.iter().filter(|(_, named)| named.is_none()).map(|(slot, _)| *slot).collect();
        silent.first().copied().filter(|_| silent.len() == 1)
    }
}

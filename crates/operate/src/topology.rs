//! The map of the network at layer 2 (NAC-20), as far as its reader may see it.

use std::collections::BTreeMap;

use netwarden_identity::Operation;
use netwarden_inventory::{Joint, Link, Links, Network, Stranger};
use netwarden_model::{NeId, Scope};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;

/// An element on the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedElement {
    /// Which.
    pub ne: NeId,
    /// Its name.
    pub name: String,
    /// Device class.
    pub class: String,
    /// Region in which it stands.
    pub region: Option<String>,
    /// `unknown`, `reachable` or `unreachable`.
    pub status: &'static str,
    /// Endpoints that are online on its ports.
    pub endpoints: usize,
    /// Ports whose access we hold, or want to: quarantined, moved or shut.
    pub held: usize,
}

/// The map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Elements inside the caller's scope, by id.
    pub elements: Vec<MappedElement>,
    /// Neighbours of those that are no elements, by their key in [`Joint::Neighbour`].
    pub strangers: BTreeMap<String, Stranger>,
    /// What is joined.
    pub links: Vec<Link>,
}

impl Desk {
    /// Elements inside the caller's scope and what joins them. What leads out of the scope is left out.
    pub async fn topology(&self, caller: &Caller) -> Result<Topology, OperateError> {
        self.permit_of(caller, Operation::NeRead).await?;
        let mut held: BTreeMap<NeId, usize> = BTreeMap::new();
        for port in self.held_ports().await?.keys() {
            *held.entry(port.ne).or_default() += 1;
        }
        let network = self.engine.keeper().picture().read();
        Ok(within(&network, network.links(), &held, &caller.scope(Operation::NeRead)))
    }
}

fn within(network: &Network, found: Links, held: &BTreeMap<NeId, usize>, scope: &Scope) -> Topology {
    let elements =
        network.elements().filter(|(ne, _)| scope.contains(Some(*ne))).map(|(ne, state)| MappedElement {
            ne,
            name: state.base.element.name.clone(),
            class: state.base.class.clone(),
            region: state.base.region.clone(),
            status: state.live.reachability.as_str(),
            endpoints: found.endpoints.get(&ne).copied().unwrap_or_default(),
            held: held.get(&ne).copied().unwrap_or_default(),
        });
    let elements = elements.collect();
    let is_inside = |joint: &Joint| match joint {
        Joint::Element(ne) => scope.contains(Some(*ne)),
        Joint::Neighbour(_) | Joint::Segment(_) => true,
    };
    let mut links: Vec<Link> =
        found.links.into_iter().filter(|link| link.ends.iter().all(|end| is_inside(&end.at))).collect();
    let mut ends: BTreeMap<Joint, usize> = BTreeMap::new();
    for end in links.iter().flat_map(|link| &link.ends) {
        *ends.entry(end.at.clone()).or_default() += 1;
    }
    // A segment with one port of the scope joins nothing.
    links.retain(|link| {
        let joins = |joint: &Joint| !matches!(joint, Joint::Segment(_)) || ends.get(joint) > Some(&1);
        link.ends.iter().all(|end| joins(&end.at))
    });
    let mut strangers = found.strangers;
    strangers.retain(|key, _| ends.contains_key(&Joint::Neighbour(key.clone())));
    Topology { elements, strangers, links }
}

#[cfg(test)]
mod tests {

    use netwarden_inventory::{ElementBase, End, LinkBy, LinkStatus, Settings};
    use netwarden_model::element::Element;

    use super::*;

    fn network(count: i64) -> Network {
        let mut network = Network::new(Settings::default());
        for ne in 1..=count {
            let element = Element {
                id: NeId(ne),
                name: format!("sw{ne}"),
                address: "192.0.2.1:161".parse().unwrap(),
                credential: None,
                enforcement: false,
                allow_v2c: false,
                quarantine_vlan: None,
                voice_vlan: None,
            };
            network.put_element(ElementBase::new(element, "2026-03-02T08:00:00Z".parse().unwrap()));
        }
        network
    }

    fn link(one: Joint, other: Joint) -> Link {
        let ends = [End { at: one, port: None }, End { at: other, port: None }];
        Link { ends, by: LinkBy::Lldp, status: LinkStatus::Up, members: 1 }
    }

    #[test]
    fn what_leads_out_of_the_scope_is_not_told() {
        let ne = |id| Joint::Element(NeId(id));
        let stranger = |key: &str| Joint::Neighbour(key.into());
        let links = vec![
            link(ne(1), ne(2)),
            link(ne(2), ne(3)),
            link(ne(1), stranger("seen")),
            link(ne(3), stranger("hidden")),
            link(ne(1), Joint::Segment(0)),
            link(ne(3), Joint::Segment(0)),
            link(ne(1), Joint::Segment(1)),
            link(ne(2), Joint::Segment(1)),
            link(ne(3), Joint::Segment(1)),
        ];
        let strangers = ["seen", "hidden"].map(|key| (key.to_owned(), Stranger::default())).into();
        let found = Links { links, strangers, endpoints: [(NeId(2), 5), (NeId(3), 7)].into() };
        let network = network(3);
        let held = [(NeId(2), 1)].into();
        let scope = Scope::from([NeId(1), NeId(2)]);
        let map = within(&network, found.clone(), &held, &scope);
        let told: Vec<_> = map.elements.iter().map(|e| (e.ne.0, e.endpoints, e.held)).collect();
        assert_eq!(told, [(1, 0, 0), (2, 5, 1)]);
        assert_eq!(map.strangers.keys().collect::<Vec<_>>(), ["seen"]);
        let expected = vec![
            link(ne(1), ne(2)),
            link(ne(1), stranger("seen")),
            link(ne(1), Joint::Segment(1)),
            link(ne(2), Joint::Segment(1)),
        ];
        assert_eq!(map.links, expected);
        let all = within(&network, found, &held, &Scope::All);
        assert_eq!((all.elements.len(), all.links.len(), all.strangers.len()), (3, 9, 2));
        let nothing = within(&network, Links::default(), &held, &Scope::from([]));
        assert_eq!(nothing.elements, []);
    }
}

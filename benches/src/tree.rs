//! How the elements of the large database hang together: two cores, distribution switches on both of them,
//! access switches with two links to one distribution switch; every end tells by LLDP what is on the other.

use netwarden_model::IfIndex;
use netwarden_model::reading::{Neighbour, NeighbourProtocol};
use netwarden_store::{Value, values};

/// Switches at the top.
const CORES: usize = 2;
/// Elements for one distribution switch.
const BELOW: usize = 24;
/// ifIndex of the first port that leads to another switch.
const FIRST_IF_INDEX: u32 = 10_200;

/// One end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The element, from 1.
    pub ne: usize,
    /// Which of its ports to other switches, from 1.
    pub port: usize,
}

impl End {
    fn name(self) -> String {
        format!("TenGigabitEthernet1/1/{}", self.port)
    }

    fn if_index(self) -> u32 {
        FIRST_IF_INDEX + u32::try_from(self.port).unwrap_or(0)
    }

    /// The row of its port in the order of `ports`' columns.
    pub fn row(self, id: i64) -> Vec<Value> {
        values![
            id,
            i64::try_from(self.ne).unwrap_or(0),
            self.name(),
            i64::from(self.if_index()),
            "",
            "up",
            "up",
            10_000_000_000_i64,
            1_i64,
            false,
            "uplink",
        ]
        .into()
    }

    /// What this end's element has learnt of `other`.
    pub fn told_of(self, other: End) -> Neighbour {
        let ne = u32::try_from(other.ne).unwrap_or(0).to_be_bytes();
        Neighbour {
            if_index: Some(IfIndex(self.if_index())),
            if_name: Some(self.name()),
            protocol: NeighbourProtocol::Lldp,
            chassis_id: Some(format!("02:fe:{:02x}:{:02x}:{:02x}:{:02x}", ne[0], ne[1], ne[2], ne[3])),
            chassis_mac: None,
            port_id: Some(other.name()),
            port_descr: None,
            system_name: Some(format!("sw-{:04}", other.ne)),
            system_descr: None,
            platform: None,
            addresses: vec![crate::fill::address(other.ne).ip()],
            capabilities: vec!["bridge".to_owned()],
        }
    }
}

/// All links among `elements`, lower end first.
pub fn links(elements: usize) -> Vec<(End, End)> {
    let distribution = elements.saturating_sub(CORES).div_ceil(BELOW + 1);
    let mut used = vec![0; elements + 1];
    let mut end = |ne: usize| {
        let port = used.get_mut(ne).map_or(0, |used| {
            *used += 1;
            *used
        });
        End { ne, port }
    };
    let mut links = Vec::new();
    for ne in 2..=elements {
        let above = if ne <= CORES {
            [1, 1]
        } else if ne <= CORES + distribution {
            [1, 2]
        } else {
            let one = CORES + 1 + (ne - CORES - distribution - 1) % distribution.max(1);
            [one, one]
        };
        links.extend(above.map(|above| (end(ne), end(above))));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_reached_and_no_port_is_used_twice() {
        let links = links(500);
        assert_eq!(links.len(), 2 * 499);
        let ends: std::collections::BTreeSet<_> =
            links.iter().flat_map(|(a, b)| [(a.ne, a.port), (b.ne, b.port)]).collect();
        assert_eq!(ends.len(), 2 * links.len());
        assert!(links.iter().all(|(below, above)| above.ne < below.ne));
        assert!((2..=500).all(|ne| links.iter().any(|(below, _)| below.ne == ne)));
    }
}

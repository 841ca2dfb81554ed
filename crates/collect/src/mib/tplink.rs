//! TPLINK-DOT1Q-VLAN-MIB: VLANs of TP-Link's JetStream switches, with port lists as text.

use std::collections::BTreeMap;

use netwarden_model::reading::{Quirk, QuirkTally};

use super::bridge::BasePorts;
use super::interfaces::Names;
use super::vlan::VlanTables;
use crate::convention::{text, unsigned, vlan_id, vlan_of_index};
use crate::table::Table;

const PORT_NUMBER: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 1, 1, 1, 1];
const PORT_TYPE: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 1, 1, 1, 2];
const PORT_PVID: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 1, 1, 1, 3];
const VLAN_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 2, 1, 1, 2];
const VLAN_TAGGED: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 2, 1, 1, 3];
const VLAN_UNTAGGED: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 14, 1, 2, 1, 1, 4];

/// vlanPortConfigTable and vlanConfigTable.
pub const COLUMNS: &[&[u32]] = &[PORT_NUMBER, PORT_TYPE, PORT_PVID, VLAN_NAME, VLAN_TAGGED, VLAN_UNTAGGED];

/// VLANs; `1/0/1-2,1/0/25,LAG1` names ports as vlanPortNumber does.
pub fn vlans(table: &Table, tally: &mut QuirkTally) -> VlanTables {
    let mut tables = VlanTables::default();
    let mut ports: BTreeMap<String, u32> = BTreeMap::new();
    for (index, value) in table.column(PORT_NUMBER) {
        let [if_index] = index else { continue };
        if let Some(name) = text(value) {
            ports.insert(name, *if_index);
        }
        if let Some(id) = table.get(PORT_PVID, index).and_then(vlan_id) {
            tables.pvids.insert(*if_index, id);
        }
        match table.get(PORT_TYPE, index).and_then(unsigned) {
            Some(0) => tables.trunk.insert(*if_index, false),
            Some(1) => tables.trunk.insert(*if_index, true),
            _ => None,
        };
    }
    for (column, untagged) in [(VLAN_NAME, false), (VLAN_TAGGED, false), (VLAN_UNTAGGED, true)] {
        for (index, value) in table.column(column) {
            let id = match index {
                [id] => vlan_of_index(*id),
                _ => None,
            };
            let Some(id) = id else {
                tally.dropped(Quirk::IndexMalformed);
                continue;
            };
            tables.fdb_ids.know(id);
            let row = tables.row(id);
            if column == VLAN_NAME {
                row.name = text(value);
                continue;
            }
            for name in text(value).iter().flat_map(|list| expand(list)) {
                if let Some(port) = ports.get(&name) {
                    tables.member(id, *port, untagged);
                }
            }
        }
    }
    tables
}

/// Bridge ports by the names of the interfaces, for JetStream switches whose base-port map is missing
/// or leads nowhere: bridge port 7 is `gigabitEthernet 1/0/7`.
pub fn base_ports(names: &Names) -> BasePorts {
    let mut ports = BasePorts::default();
    let mut twice = Vec::new();
    for (if_index, name) in names.iter() {
        let tail = name.and_then(|name| name.rsplit_once("1/0/")).map(|(_, tail)| tail);
        let Some(number) = tail.and_then(|tail| tail.split([' ', ':']).next()?.parse::<u32>().ok()) else {
            continue;
        };
        if ports.has(number) {
            twice.push(number);
        }
        ports.insert(number, if_index);
    }
    for number in twice {
        ports.remove(number);
    }
    ports
}

/// The names in a list: `1/0/1-3` stands for three of them, `LAG1-2` for two.
fn expand(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (head, last) = match part.split_once('-') {
            Some((head, last)) => (head, last.rsplit('/').next().unwrap_or(last)),
            None => (part, ""),
        };
        let digits = head.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (prefix, first) = head.split_at_checked(head.len() - digits).unwrap_or((head, ""));
        let Ok(first) = first.parse::<u32>() else { continue };
        let last = last.parse::<u32>().unwrap_or(first);
        // no switch has more ports than this; a longer range is nonsense
        if last >= first && last - first < 1024 {
            names.extend((first..=last).map(|n| format!("{prefix}{n}")));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_by_their_names_where_only_one_has_it() {
        let mut names = Names::default();
        for (if_index, name) in [
            (49153, "gigabitEthernet 1/0/1"),
            (49154, "gigabitEthernet 1/0/2 : fiber"),
            (49155, "ten-gigabitEthernet 1/0/2"),
            (1, "Vlan-interface1"),
        ] {
            names.insert(if_index, Some(name.to_owned()));
        }
        assert_eq!(base_ports(&names).iter().collect::<Vec<_>>(), [(1, 49153)]);
    }

    #[test]
    fn lists_are_expanded_and_nonsense_is_not() {
        assert_eq!(expand("1/0/1-2, 1/0/25,LAG1-2"), ["1/0/1", "1/0/2", "1/0/25", "LAG1", "LAG2"]);
        assert_eq!(expand("1/0/3-1/0/4"), ["1/0/3", "1/0/4"]);
        assert_eq!(expand("x,,-,1/0/1-4294967295"), Vec::<String>::new());
    }
}

//! Which ports make up an aggregate: IEEE8023-LAG-MIB, PAgP, ifStackTable (RFC 2863).

use std::collections::BTreeMap;

use netwarden_model::IfIndex;
use netwarden_model::reading::Interface;

use super::if_type;
use super::interfaces::Names;
use crate::convention::unsigned;
use crate::table::Table;

const ATTACHED_AGG_ID: &[u32] = &[1, 2, 840, 10006, 300, 43, 1, 2, 1, 1, 13];
const PAGP_GROUP_IF_INDEX: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 98, 1, 1, 1, 1, 8];
const IF_STACK_STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 2, 1, 3];

/// dot3adAggPortAttachedAggID.
pub const COLUMNS: &[&[u32]] = &[ATTACHED_AGG_ID];
/// The same with pagpGroupIfIndex (CISCO-PAGP-MIB).
pub const CISCO_COLUMNS: &[&[u32]] = &[ATTACHED_AGG_ID, PAGP_GROUP_IF_INDEX];
/// ifStackStatus: asked for where the others say nothing and there are aggregates.
pub const STACK_COLUMNS: &[&[u32]] = &[IF_STACK_STATUS];

/// Aggregate by member.
pub type Members = BTreeMap<u32, u32>;

/// From the first two tables. A port that is on its own is attached to itself, or to nothing.
pub fn attached(table: &Table, names: &Names) -> Members {
    let mut members = Members::new();
    for column in [ATTACHED_AGG_ID, PAGP_GROUP_IF_INDEX] {
        for (index, value) in table.column(column) {
            let ([port], Some(aggregate)) = (index, unsigned(value)) else { continue };
            if aggregate != 0 && aggregate != *port && names.has(aggregate) && names.has(*port) {
                members.entry(*port).or_insert(aggregate);
            }
        }
    }
    members
}

/// From ifStackTable: the layer above a port, where that is an aggregate.
pub fn stacked(table: &Table, interfaces: &[Interface]) -> Members {
    let is_aggregate =
        |number: u32| interfaces.iter().any(|i| i.if_index == IfIndex(number) && may_be_aggregate(i));
    let mut members = Members::new();
    for (index, _) in table.column(IF_STACK_STATUS) {
        let [higher, lower] = index else { continue };
        if *higher != 0 && *lower != 0 && higher != lower && is_aggregate(*higher) {
            members.entry(*lower).or_insert(*higher);
        }
    }
    members
}

/// True where an interface's type is that of an aggregate.
pub fn may_be_aggregate(interface: &Interface) -> bool {
    matches!(interface.if_type, Some(if_type::IEEE_8023AD_LAG | if_type::PROP_MULTIPLEXOR))
}

/// Writes the aggregates into the interfaces.
pub fn settle(members: &Members, interfaces: &mut [Interface]) {
    for interface in interfaces {
        interface.lag = members.get(&interface.if_index.0).copied().map(IfIndex);
    }
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn members_are_found_and_single_ports_are_none() {
        let mut names = Names::default();
        for n in [1, 2, 3, 1000] {
            names.insert(n, None);
        }
        let cell = |port: u32, n| VarBind::new(Oid::from(ATTACHED_AGG_ID).child([port]), Value::Integer(n));
        let members =
            attached(&Table::new(vec![cell(1, 1000), cell(2, 2), cell(3, 0), cell(4, 1000)]), &names);
        assert_eq!(members, [(1, 1000)].into());
    }
}

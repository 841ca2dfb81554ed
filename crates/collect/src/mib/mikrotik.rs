//! MIKROTIK-MIB mtxrNeighborTable: on which interface RouterOS has an LLDP neighbour.

use crate::convention::unsigned;
use crate::mib::lldp::PortsByRow;
use crate::table::Table;

const NEIGHBOR_INTERFACE: &[u32] = &[1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1, 8];

/// mtxrNeighborInterfaceID.
pub const COLUMNS: &[&[u32]] = &[NEIGHBOR_INTERFACE];

/// ifIndex by lldpRemIndex.
pub fn ports(table: &Table) -> PortsByRow {
    table
        .column(NEIGHBOR_INTERFACE)
        .filter_map(|(index, value)| match index {
            [row] => unsigned(value).filter(|n| *n > 0).map(|if_index| (*row, if_index)),
            _ => None,
        })
        .collect()
}

//! IF-MIB (RFC 2863): ifTable, ifXTable, ifStackTable; IEEE8023-LAG-MIB: who is in which aggregate.

use std::sync::Arc;

use super::Cell;
use super::snapshot::{Column, TableBuilder, scalar};
use crate::world::device::{Device, PortKind};

/// ifNumber.
pub const IF_NUMBER: [u32; 8] = [1, 3, 6, 1, 2, 1, 2, 1];
/// ifEntry.
pub const IF_ENTRY: [u32; 9] = [1, 3, 6, 1, 2, 1, 2, 2, 1];
/// ifAdminStatus.
pub const IF_ADMIN_STATUS: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
/// ifXEntry.
pub const IF_X_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
/// ifStackEntry.
pub const IF_STACK_ENTRY: [u32; 10] = [1, 3, 6, 1, 2, 1, 31, 1, 2, 1];
/// dot3adAggPortEntry.
pub const AGG_PORT_ENTRY: [u32; 10] = [1, 2, 840, 10006, 300, 43, 1, 2, 1, 1];

/// IANAifType of a port.
pub fn if_type(kind: PortKind) -> i32 {
    match kind {
        PortKind::Ethernet => 6,
        PortKind::Aggregate => 161,
        PortKind::Vlan(_) => 136,
    }
}

pub(super) fn tables(device: &Device, speed: f64) -> Vec<Arc<Column>> {
    let mut interfaces = TableBuilder::new(&IF_ENTRY, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let mut extended = TableBuilder::new(&IF_X_ENTRY, &[1, 14, 15, 17, 18]);
    let mut stack = TableBuilder::new(&IF_STACK_ENTRY, &[3]);
    // dot3adAggPortSelectedAggID, dot3adAggPortAttachedAggID
    let mut aggregated = TableBuilder::new(&AGG_PORT_ENTRY, &[12, 13]);
    for port in &device.ports {
        let index = port.if_index;
        let admin = if port.admin_up { 1 } else { 2 };
        let oper = if port.oper_up { 1 } else { 2 };
        interfaces.row(
            vec![index],
            vec![
                Cell::Int(index as i32),
                Cell::text(&format!("{} Interface", port.name)),
                Cell::Int(if_type(port.kind)),
                Cell::Int(1500),
                // RFC 2863: 4,294,967,295 where the speed does not fit.
                Cell::Gauge(port.speed_mbps.saturating_mul(1_000_000)),
                Cell::Mac(port.mac.octets()),
                Cell::Int(admin),
                Cell::Int(oper),
                Cell::Ticks(device.at_up_time_cs(port.last_change, speed)),
            ],
        );
        extended.row(
            vec![index],
            vec![
                Cell::text(&port.name),
                Cell::Int(1),
                Cell::Gauge(port.speed_mbps),
                Cell::Int(if port.kind == PortKind::Ethernet { 1 } else { 2 }),
                Cell::text(&port.alias),
            ],
        );
        let aggregate = port.member_of.and_then(|a| device.port(a)).map(|a| a.if_index);
        if port.kind != PortKind::Aggregate {
            stack.row(vec![index, 0], vec![Cell::Int(1)]);
        }
        match aggregate {
            Some(aggregate) => {
                stack.row(vec![aggregate, index], vec![Cell::Int(1)]);
                if device.model.dot3ad {
                    let id = Cell::Int(aggregate as i32);
                    aggregated.row(vec![index], vec![id.clone(), id]);
                }
            }
            None => stack.row(vec![0, index], vec![Cell::Int(1)]),
        }
    }
    let mut columns = vec![scalar(&IF_NUMBER, Cell::Int(device.ports.len() as i32))];
    columns.extend(interfaces.finish());
    columns.extend(extended.finish());
    columns.extend(stack.finish());
    columns.extend(aggregated.finish());
    columns
}

//! TIMETRA-SERV-MIB tlsFdbInfoTable: addresses learned in the VPLS services of Nokia's service routers.

use netwarden_model::reading::{FdbStatus, Quirk, QuirkTally};

use super::bridge::RawFdb;
use crate::convention::{mac_of_index, unsigned};
use crate::table::Table;

const LOCALE: &[u32] = &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 4, 2, 4, 1, 4];
const PORT_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 4, 2, 4, 1, 5];
const ENCAP_VALUE: &[u32] = &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 4, 2, 4, 1, 6];

/// tlsFdbLocale, tlsFdbPortId, tlsFdbEncapValue.
pub const FDB_COLUMNS: &[&[u32]] = &[LOCALE, PORT_ID, ENCAP_VALUE];

/// Rows learned at a local access point (sap); the index is service and address, the port is an
/// ifIndex, and the outer VLAN stands in the lower 12 bits of the encapsulation.
pub fn forwarding(table: &Table, tally: &mut QuirkTally) -> Vec<RawFdb> {
    let mut rows = Vec::new();
    for (index, value) in table.column(PORT_ID) {
        if !matches!(table.get(LOCALE, index).and_then(unsigned), None | Some(1)) {
            continue;
        }
        let mac = match index {
            [_service, octets @ ..] if octets.len() == 6 => mac_of_index(octets),
            _ => None,
        };
        let Some(mac) = mac else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let Some(port) = unsigned(value) else {
            tally.dropped(Quirk::ValueMalformed);
            continue;
        };
        let vlan = table.get(ENCAP_VALUE, index).and_then(unsigned).map(|encap| encap & 0xfff);
        rows.push(RawFdb { mac, port, fdb_id: vlan, status: FdbStatus::Learned });
    }
    rows
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn only_local_access_points_count() {
        let cell = |column: &[u32], octet: u32, n| {
            VarBind::new(Oid::from(column).child([100, 2, 0, 0, 0, 0, octet]), Value::Integer(n))
        };
        let rows = forwarding(
            &Table::new(vec![
                cell(LOCALE, 1, 1),
                cell(PORT_ID, 1, 35684352),
                cell(ENCAP_VALUE, 1, (7 << 16) + 500),
                cell(LOCALE, 2, 2),
                cell(PORT_ID, 2, 0),
            ]),
            &mut QuirkTally::default(),
        );
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].port, rows[0].fdb_id), (35684352, Some(500)));
    }
}

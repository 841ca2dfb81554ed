//! LLDP neighbours in makers' own MIBs: TIMETRA-LLDP-MIB (Nokia service routers), NMS-LLDP-MIB (BDCOM
//! and those who build on it), TPLINK-LLDPINFO-MIB (JetStream).

use std::collections::BTreeMap;
use std::net::IpAddr;

use netwarden_model::IfIndex;
use netwarden_model::reading::{Neighbour, NeighbourProtocol, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use super::lldp;
use crate::convention::{ip_of_bytes, is_host_address, mac, text, unsigned};
use crate::table::Table;

/// tmnxLldpRemTable, laid out as lldpV2RemTable: time mark, ifIndex, destination address, number.
pub const TIMETRA_COLUMNS: &[&[u32]] = &[
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 4],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 5],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 6],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 7],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 8],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 9],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 10],
    &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 1, 1, 12],
];

/// tmnxLldpRemManAddrIfSubtype, whose index has the address.
pub const TIMETRA_ADDRESSES: &[u32] = &[1, 3, 6, 1, 4, 1, 6527, 3, 1, 2, 59, 4, 2, 1, 3];

const TPLINK_PORT_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 1];
const TPLINK_CHASSIS_ID: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 4];
const TPLINK_PORT_ID_DESCR: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 6];
const TPLINK_PORT_DESCR: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 8];
const TPLINK_DEVICE_NAME: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 9];
const TPLINK_DEVICE_DESCR: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 10];
const TPLINK_CAPABILITIES: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 12];
const TPLINK_ADDRESS: &[u32] = &[1, 3, 6, 1, 4, 1, 11863, 6, 35, 1, 2, 2, 1, 13];

/// lldpNeighborInfoTable: local port, chassis, port, name, description, capabilities, address; all of
/// them texts.
pub const TPLINK_COLUMNS: &[&[u32]] = &[
    TPLINK_PORT_ID,
    TPLINK_CHASSIS_ID,
    TPLINK_PORT_ID_DESCR,
    TPLINK_PORT_DESCR,
    TPLINK_DEVICE_NAME,
    TPLINK_DEVICE_DESCR,
    TPLINK_CAPABILITIES,
    TPLINK_ADDRESS,
];

/// Columns of NMS-LLDP-MIB lldpRemTable under a maker's enterprise number: the local port first, then
/// those of LLDP-MIB's lldpRemTable.
pub fn nms_columns(enterprise: u32) -> Vec<Vec<u32>> {
    [2, 4, 5, 6, 7, 8, 9, 10, 12]
        .into_iter()
        .map(|column| vec![1, 3, 6, 1, 4, 1, enterprise, 127, 1, 4, 1, 1, column])
        .collect()
}

/// Neighbours of tmnxLldpRemTable.
pub fn timetra(remote: &Table, details: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    lldp::by_interface(remote, TIMETRA_COLUMNS, details, TIMETRA_ADDRESSES, names, tally)
}

/// Neighbours of NMS-LLDP-MIB, whose index is not what the MIB says; the column of the local port
/// has the ifIndex.
pub fn nms(remote: &Table, columns: &[&[u32]], names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    let Some((local, columns)) = columns.split_first() else { return Vec::new() };
    lldp::rows(remote, columns, tally, |index, tally| {
        let if_index = remote.get(local, index).and_then(unsigned)?;
        Some((names.known(if_index, tally), Vec::new()))
    })
    .map(|mut neighbour| {
        neighbour.if_name = neighbour.if_index.and_then(|i| names.name(i));
        neighbour
    })
    .collect()
}

/// Neighbours of lldpNeighborInfoTable; the index is the local port and a number.
pub fn tplink(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    let mut rows: BTreeMap<&[u32], [Option<ValueRef<'_>>; 8]> = BTreeMap::new();
    for (at, column) in TPLINK_COLUMNS.iter().enumerate() {
        for (index, value) in table.column(column) {
            if let Some(cell) = rows.entry(index).or_default().get_mut(at) {
                *cell = Some(value);
            }
        }
    }
    let mut neighbours = Vec::new();
    for (index, [local, chassis, port, port_descr, name, descr, capabilities, address]) in rows {
        let [number, _] = index else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let by_name = || local.and_then(text).and_then(|local| ending_with(&local, names));
        let if_index = Some(*number).filter(|n| *n > 0 && names.has(*n)).map(IfIndex).or_else(by_name);
        if if_index.is_none() {
            tally.met(Quirk::InterfaceUnknown);
        }
        let chassis_mac = chassis.and_then(mac).filter(|mac| mac.is_endpoint());
        let neighbour = Neighbour {
            if_index,
            if_name: if_index.and_then(|i| names.name(i)),
            protocol: NeighbourProtocol::Lldp,
            chassis_id: chassis_mac.map(|mac| mac.to_string()).or_else(|| chassis.and_then(text)),
            chassis_mac,
            port_id: port.and_then(text),
            port_descr: port_descr.and_then(text),
            system_name: name.and_then(text),
            system_descr: descr.and_then(text),
            platform: None,
            addresses: address.and_then(ip).into_iter().collect(),
            capabilities: capabilities.and_then(text).map(|t| words(&t)).unwrap_or_default(),
        };
        if neighbour.chassis_id.is_some() || neighbour.system_name.is_some() || neighbour.port_id.is_some() {
            neighbours.push(neighbour);
        }
    }
    neighbours
}

/// The interface whose name ends with a port as JetStream writes it (`1/0/7`), where it is one only.
fn ending_with(local: &str, names: &Names) -> Option<IfIndex> {
    if local.is_empty() {
        return None;
    }
    let fits = |name: &str| {
        name.strip_suffix(local).is_some_and(|head| !head.ends_with(|c: char| c.is_ascii_digit() || c == '/'))
    };
    let mut found = names.iter().filter(|(_, name)| name.is_some_and(fits));
    match (found.next(), found.next()) {
        (Some((if_index, _)), None) => Some(IfIndex(if_index)),
        _ => None,
    }
}

/// An IpAddress, or the text that some releases send in its place (`::192.0.2.1` among them).
fn ip(value: ValueRef<'_>) -> Option<IpAddr> {
    let ip = match value {
        ValueRef::IpAddress(ip) => Some(IpAddr::V4(ip)),
        other => text(other)
            .and_then(|t| t.parse::<IpAddr>().ok())
            .or_else(|| other.as_bytes().and_then(ip_of_bytes)),
    }?;
    let ip = match ip {
        // an IPv4-compatible address (RFC 4291 section 2.5.5.1), whatever its low half
        IpAddr::V6(v6) => match v6.octets() {
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d] if a != 0 => IpAddr::from([a, b, c, d]),
            _ => IpAddr::V6(v6),
        },
        v4 => v4,
    };
    Some(ip).filter(|ip| is_host_address(*ip))
}

fn words(said: &str) -> Vec<String> {
    let said = said.to_ascii_lowercase();
    [
        ("repeater", "repeater"),
        ("bridge", "bridge"),
        ("wlan access point", "wlan_ap"),
        ("router", "router"),
        ("telephone", "telephone"),
        ("docsis", "docsis"),
        ("station only", "station"),
    ]
    .into_iter()
    .filter(|(word, _)| said.contains(word))
    .map(|(_, capability)| capability.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        for (if_index, name) in [
            (49153, "gigabitEthernet 1/0/1"),
            (49163, "gigabitEthernet 1/0/11"),
            (49164, "gigabitEthernet 1/0/12 "),
            (35684352, "1/1/1"),
        ] {
            names.insert(if_index, Some(name.trim().to_owned()));
        }
        names
    }

    fn bind(column: &[u32], index: &[u32], value: Value) -> VarBind {
        VarBind::new(Oid::from(column).child(index), value)
    }

    fn octets(text: &str) -> Value {
        Value::OctetString(text.as_bytes().to_vec())
    }

    #[test]
    fn jetstream_neighbours_by_index_and_by_the_name_of_their_port() {
        let mut tally = QuirkTally::default();
        let found = tplink(
            &Table::new(vec![
                bind(TPLINK_CHASSIS_ID, &[49153, 1], octets("A4:B9:84:7E:92:4B")),
                bind(TPLINK_PORT_ID_DESCR, &[49153, 1], octets("eth1")),
                bind(TPLINK_DEVICE_NAME, &[49153, 1], octets("router")),
                bind(TPLINK_CAPABILITIES, &[49153, 1], octets("Bridge WLAN Access Point Router")),
                bind(TPLINK_ADDRESS, &[49153, 1], octets("::192.0.2.7")),
                bind(TPLINK_PORT_ID, &[1, 1], octets("1/0/1")),
                bind(TPLINK_DEVICE_NAME, &[1, 1], octets("by-name")),
                bind(TPLINK_PORT_ID, &[2, 1], octets("1")),
                bind(TPLINK_DEVICE_NAME, &[2, 1], octets("lost")),
                bind(TPLINK_DEVICE_NAME, &[3], octets("no index")),
            ]),
            &names(),
            &mut tally,
        );
        let rows: Vec<_> = found
            .iter()
            .map(|n| (n.system_name.as_deref().unwrap_or_default(), n.if_index.map(|i| i.0)))
            .collect();
        assert_eq!(rows, [("by-name", Some(49153)), ("lost", None), ("router", Some(49153))]);
        let router = &found[2];
        assert_eq!(router.chassis_id.as_deref(), Some("a4:b9:84:7e:92:4b"));
        assert_eq!(router.capabilities, ["bridge", "wlan_ap", "router"]);
        assert_eq!(router.addresses, [IpAddr::from([192, 0, 2, 7])]);
        let counts: Vec<_> = tally.into_counts().iter().map(|c| (c.quirk, c.rows, c.dropped)).collect();
        assert_eq!(counts, [(Quirk::IndexMalformed, 1, 1), (Quirk::InterfaceUnknown, 1, 0)]);
    }

    #[test]
    fn nokia_and_bdcom_name_the_interface_each_in_its_way() {
        let mut tally = QuirkTally::default();
        let column = |n| [&TIMETRA_COLUMNS[0][..14], &[n]].concat();
        let table = Table::new(vec![
            bind(&column(9), &[0, 35684352, 1, 4], octets("pe1")),
            bind(&column(7), &[0, 35684352, 1, 4], octets("1/2/3")),
        ]);
        let address = bind(TIMETRA_ADDRESSES, &[0, 35684352, 1, 4, 1, 4, 192, 0, 2, 9], Value::Integer(2));
        let found = timetra(&table, &Table::new(vec![address]), &names(), &mut tally);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].if_name.as_deref(), Some("1/1/1"));
        assert_eq!(found[0].addresses, [IpAddr::from([192, 0, 2, 9])]);

        let columns = nms_columns(3320);
        let columns: Vec<&[u32]> = columns.iter().map(Vec::as_slice).collect();
        let table = Table::new(vec![
            bind(columns[0], &[0, 5], Value::Integer(49163)),
            bind(columns[6], &[0, 5], octets("olt")),
            bind(columns[6], &[0, 6], octets("nowhere")),
        ]);
        let found = nms(&table, &columns, &names(), &mut tally);
        assert_eq!(found.len(), 1, "without a local port it is not told where");
        assert_eq!(found[0].if_index, Some(IfIndex(49163)));
    }
}

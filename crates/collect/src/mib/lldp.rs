//! LLDP-MIB (IEEE 802.1AB-2005) and LLDP-V2-MIB (IEEE 802.1AB-2009).

use std::collections::BTreeMap;
use std::net::IpAddr;

use netwarden_model::IfIndex;
use netwarden_model::reading::{Interface, Neighbour, NeighbourProtocol, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::bridge::BasePorts;
use super::interfaces::Names;
use crate::convention::{
    inet_address, ip_of_bytes, is_host_address, mac_of_bytes, text, text_of_bytes, unsigned,
};
use crate::table::Table;

/// The columns of lldpRemTable that are read, from chassis id's subtype (4) to enabled capabilities (12).
pub const REMOTE_COLUMNS: &[&[u32]] = &[
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 4],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 5],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 6],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 7],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 8],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 9],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 10],
    &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 12],
];

/// The same of lldpV2RemTable.
pub const V2_REMOTE_COLUMNS: &[&[u32]] = &[
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 5],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 6],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 7],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 8],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 9],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 10],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 11],
    &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 1, 1, 13],
];

const LOC_PORT_ID_SUBTYPE: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 2];
const LOC_PORT_ID: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 3];
const LOC_PORT_DESC: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 4];
const REM_MAN_ADDR: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 4, 2, 1, 3];
const REM_MAN_ADDR_ID: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 4, 2, 1, 4];
const V2_REM_MAN_ADDR: &[u32] = &[1, 3, 111, 2, 802, 1, 1, 13, 1, 4, 2, 1, 3];

/// lldpLocPortTable and lldpRemManAddrTable: only asked for where there are neighbours.
pub const DETAIL_COLUMNS: &[&[u32]] =
    &[LOC_PORT_ID_SUBTYPE, LOC_PORT_ID, LOC_PORT_DESC, REM_MAN_ADDR, REM_MAN_ADDR_ID];

/// lldpV2RemManAddrTable.
pub const V2_DETAIL_COLUMNS: &[&[u32]] = &[V2_REM_MAN_ADDR];

/// The words of LldpSystemCapabilitiesMap, by bit.
const CAPABILITIES: [&str; 8] =
    ["other", "repeater", "bridge", "wlan_ap", "router", "telephone", "docsis", "station"];

/// How LLDP's own port numbers become interfaces.
///
/// lldpLocPortNum should be the bridge port, else the ifIndex (IEEE 802.1AB 11.5.1), but devices
/// number as they please; what they say of the port (id and description) is trusted first.
#[derive(Debug)]
pub struct LocalPorts<'a> {
    interfaces: &'a [Interface],
    base_ports: &'a BasePorts,
    names: &'a Names,
    if_index_first: bool,
}

impl<'a> LocalPorts<'a> {
    /// Of a device whose interfaces and base ports have been read.
    pub fn new(interfaces: &'a [Interface], base_ports: &'a BasePorts, names: &'a Names) -> Self {
        Self { interfaces, base_ports, names, if_index_first: false }
    }

    /// Of a device whose local port numbers are ifIndexes, even where a bridge port has that number
    /// (RouterOS).
    pub fn numbered_by_if_index(self) -> Self {
        Self { if_index_first: true, ..self }
    }

    /// The interface of local port `number`, of which lldpLocPortTable tells in `details`.
    fn resolve(&self, number: u32, details: &Table) -> Option<IfIndex> {
        let at = [number];
        let subtype = details.get(LOC_PORT_ID_SUBTYPE, &at).and_then(unsigned);
        let id_value = details.get(LOC_PORT_ID, &at);
        let id = id_value.and_then(text);
        let descr = details.get(LOC_PORT_DESC, &at).and_then(text);
        let is_number = |t: &String| t.bytes().all(|b| b.is_ascii_digit());
        let by_id = match subtype {
            Some(1) => id.as_deref().and_then(|id| self.only(|i| i.alias.as_deref() == Some(id))),
            Some(3) => {
                let mac = id_value.and_then(ValueRef::as_bytes).and_then(mac_of_bytes);
                mac.and_then(|mac| self.only(|i| i.mac == Some(mac)))
            }
            Some(5) => id.as_deref().and_then(|id| self.called(id)),
            _ => id.as_ref().filter(|id| !is_number(id)).and_then(|id| self.called(id)),
        };
        by_id
            .or_else(|| {
                let mac = id_value.and_then(ValueRef::as_bytes).filter(|b| b.len() == 6)?;
                let mac = mac_of_bytes(mac)?;
                self.only(|i| i.mac == Some(mac))
            })
            .or_else(|| descr.as_ref().filter(|d| !is_number(d)).and_then(|d| self.called(d)))
            .or_else(|| (self.if_index_first && self.names.has(number)).then_some(IfIndex(number)))
            .or_else(|| {
                let if_index = self.base_ports.iter().find(|(port, _)| *port == number)?.1;
                self.names.has(if_index).then_some(IfIndex(if_index))
            })
            .or_else(|| self.names.has(number).then_some(IfIndex(number)))
            .or_else(|| id.as_deref().and_then(|id| self.called(id)))
            .or_else(|| {
                let number: u32 = id.as_deref()?.parse().ok()?;
                self.names.has(number).then_some(IfIndex(number))
            })
    }

    /// The interface whose ifName, ifDescr or ifAlias this is, where it is one only.
    pub fn called(&self, name: &str) -> Option<IfIndex> {
        self.only(|i| i.name.as_deref() == Some(name))
            .or_else(|| self.only(|i| i.descr.as_deref() == Some(name)))
            .or_else(|| self.only(|i| i.alias.as_deref() == Some(name)))
            .or_else(|| self.only(|i| i.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name))))
    }

    fn only(&self, fits: impl Fn(&Interface) -> bool) -> Option<IfIndex> {
        let mut found = self.interfaces.iter().filter(|i| fits(i));
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one.if_index),
            _ => None,
        }
    }
}

/// Where the local port of a neighbour is told, where not in LLDP's own tables.
pub type PortsByRow = BTreeMap<u32, u32>;

/// Neighbours of lldpRemTable. `by_row` maps lldpRemIndex to ifIndex for agents that give no local
/// port (RouterOS).
pub fn neighbours(
    remote: &Table,
    details: &Table,
    ports: &LocalPorts<'_>,
    by_row: &PortsByRow,
    tally: &mut QuirkTally,
) -> Vec<Neighbour> {
    let mut addresses: BTreeMap<Vec<u32>, Vec<IpAddr>> = BTreeMap::new();
    for column in [REM_MAN_ADDR, REM_MAN_ADDR_ID] {
        for (index, _) in details.column(column) {
            // lldpRemTimeMark, local port, lldpRemIndex, then the address
            let Some((row, rest)) = index.split_at_checked(3) else { continue };
            add_address(addresses.entry(row.to_vec()).or_default(), rest);
        }
    }
    rows(remote, REMOTE_COLUMNS, tally, |index, tally| match index {
        [_, port, row] => Some((
            if *port == 0 { by_row.get(row).copied().map(IfIndex) } else { ports.resolve(*port, details) },
            addresses.get(index).cloned().unwrap_or_default(),
        )),
        [row] => Some((by_row.get(row).copied().map(IfIndex), Vec::new())),
        _ => {
            tally.dropped(Quirk::IndexMalformed);
            None
        }
    })
    .map(|mut neighbour| {
        neighbour.if_name = neighbour.if_index.and_then(|i| ports.names.name(i));
        neighbour
    })
    .collect()
}

/// Neighbours of lldpV2RemTable, whose rows name the interface by ifIndex.
pub fn v2_neighbours(
    remote: &Table,
    details: &Table,
    names: &Names,
    tally: &mut QuirkTally,
) -> Vec<Neighbour> {
    by_interface(remote, V2_REMOTE_COLUMNS, details, V2_REM_MAN_ADDR, names, tally)
}

/// Neighbours of a table laid out as lldpV2RemTable: the index is time mark, ifIndex, destination
/// address and a number; that of `addresses` is the same with a management address behind it.
pub(super) fn by_interface(
    remote: &Table,
    columns: &[&[u32]],
    details: &Table,
    address_column: &[u32],
    names: &Names,
    tally: &mut QuirkTally,
) -> Vec<Neighbour> {
    let mut addresses: BTreeMap<Vec<u32>, Vec<IpAddr>> = BTreeMap::new();
    for (index, _) in details.column(address_column) {
        let Some((row, rest)) = index.split_at_checked(4) else { continue };
        add_address(addresses.entry(row.to_vec()).or_default(), rest);
    }
    rows(remote, columns, tally, |index, tally| {
        let [_, if_index, _, _] = index else {
            tally.dropped(Quirk::IndexMalformed);
            return None;
        };
        Some((names.known(*if_index, tally), addresses.get(index).cloned().unwrap_or_default()))
    })
    .map(|mut neighbour| {
        neighbour.if_name = neighbour.if_index.and_then(|i| names.name(i));
        neighbour
    })
    .collect()
}

/// lldpRemManAddrSubtype (AddressFamilyNumbers: 1 IPv4, 2 IPv6, as InetAddressType) and address.
fn add_address(list: &mut Vec<IpAddr>, index: &[u32]) {
    if let Some((ip, _)) = inet_address(index)
        && is_host_address(ip)
        && !list.contains(&ip)
    {
        list.push(ip);
    }
}

/// Where a neighbour is, and its management addresses.
pub(super) type Place = (Option<IfIndex>, Vec<IpAddr>);

/// Rows of a table with the columns of lldpRemTable; `place` tells of an index where that is.
pub(super) fn rows<'t>(
    remote: &'t Table,
    columns: &'t [&'t [u32]],
    tally: &mut QuirkTally,
    mut place: impl FnMut(&[u32], &mut QuirkTally) -> Option<Place>,
) -> impl Iterator<Item = Neighbour> {
    let mut by_index: BTreeMap<&[u32], [Option<ValueRef<'_>>; 8]> = BTreeMap::new();
    for (number, column) in columns.iter().enumerate() {
        for (index, value) in remote.column(column) {
            let row = by_index.entry(index).or_default();
            if let Some(cell) = row.get_mut(number) {
                *cell = Some(value);
            }
        }
    }
    let mut neighbours = Vec::new();
    for (index, cells) in by_index {
        let Some((if_index, addresses)) = place(index, tally) else { continue };
        let [chassis_type, chassis, port_type, port, port_descr, name, descr, enabled] = cells;
        let bytes = |value: Option<ValueRef<'_>>| value.and_then(ValueRef::as_bytes).map(<[u8]>::to_vec);
        let chassis_bytes = bytes(chassis).unwrap_or_default();
        let neighbour = Neighbour {
            if_index,
            if_name: None,
            protocol: NeighbourProtocol::Lldp,
            chassis_id: identifier(&chassis_bytes, chassis_type.and_then(unsigned), 4, 5),
            chassis_mac: match chassis_type.and_then(unsigned) {
                Some(4) | None => mac_of_bytes(&chassis_bytes).filter(|mac| mac.is_endpoint()),
                _ => None,
            },
            port_id: identifier(&bytes(port).unwrap_or_default(), port_type.and_then(unsigned), 3, 4),
            port_descr: port_descr.and_then(text),
            system_name: name.and_then(text),
            system_descr: descr.and_then(text),
            platform: None,
            addresses,
            capabilities: enabled.and_then(ValueRef::as_bytes).map(capabilities).unwrap_or_default(),
        };
        // rows of nothing but zeros are empty slots of some agents
        if neighbour.chassis_id.is_some() || neighbour.system_name.is_some() || neighbour.port_id.is_some() {
            neighbours.push(neighbour);
        }
    }
    neighbours.into_iter()
}

/// An LldpChassisId or LldpPortId as text: `mac_type` and `address_type` are the subtypes that make
/// it a MAC or a network address (family octet first).
fn identifier(bytes: &[u8], subtype: Option<u32>, mac_type: u32, address_type: u32) -> Option<String> {
    if bytes.is_empty() {
        return None;
    }
    if subtype == Some(mac_type) {
        if let Some(mac) = mac_of_bytes(bytes) {
            return mac.is_endpoint().then(|| mac.to_string());
        }
    } else if subtype == Some(address_type) {
        let ip = match bytes {
            [1, rest @ ..] if rest.len() == 4 => ip_of_bytes(rest),
            [2, rest @ ..] if rest.len() == 16 => ip_of_bytes(rest),
            _ => ip_of_bytes(bytes),
        };
        if let Some(ip) = ip {
            return Some(ip.to_string());
        }
    }
    let readable = bytes.iter().all(|b| matches!(b, 0 | b'\n' | b' '..=b'~')) || bytes.len() > 8;
    if readable || subtype == Some(5) && mac_type == 3 {
        let text = text_of_bytes(bytes);
        return (!text.is_empty()).then_some(text);
    }
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":"))
}

/// LldpSystemCapabilitiesMap: BITS, sent by some agents as the text of their hexadecimal.
fn capabilities(bytes: &[u8]) -> Vec<String> {
    let Some(octet) = bytes.first() else { return Vec::new() };
    let as_text = std::str::from_utf8(bytes).ok().and_then(|t| {
        let mut parts = t.split(' ');
        let hex = parts.next().filter(|h| h.len() == 2 && bytes.len() > 2)?;
        u8::from_str_radix(hex, 16).ok()
    });
    let octet = as_text.unwrap_or(*octet);
    CAPABILITIES
        .iter()
        .enumerate()
        .filter(|(bit, _)| octet >> (7 - bit) & 1 == 1)
        .map(|(_, word)| (*word).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;
    use crate::mib::interfaces;

    fn octets(column: &[u32], index: &[u32], value: &[u8]) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::OctetString(value.to_vec()))
    }

    fn number(column: &[u32], index: &[u32], n: i32) -> VarBind {
        VarBind::new(Oid::from(column).child(index), Value::Integer(n))
    }

    fn device() -> Vec<Interface> {
        let mut cells = Vec::new();
        for (if_index, name) in [(513, "xe-0/0/0"), (518, "xe-0/0/1"), (101, "swp00"), (1, "mgmt")] {
            cells.push(octets(interfaces::IF_NAME, &[if_index], name.as_bytes()));
        }
        interfaces::decode(&Table::new(cells), &mut QuirkTally::default())
    }

    #[test]
    fn local_ports_by_name_base_port_and_number() {
        let interfaces = device();
        let names = Names::of(&interfaces);
        let mut base_ports = BasePorts::default();
        base_ports.insert(7, 518);
        let ports = LocalPorts::new(&interfaces, &base_ports, &names);
        let details = Table::new(vec![
            number(LOC_PORT_ID_SUBTYPE, &[3], 5),
            octets(LOC_PORT_ID, &[3], b"xe-0/0/0"),
            number(LOC_PORT_ID_SUBTYPE, &[101], 7),
            octets(LOC_PORT_ID, &[101], b"1"),
            octets(LOC_PORT_DESC, &[9], b"xe-0/0/1"),
            number(LOC_PORT_ID_SUBTYPE, &[12], 7),
            octets(LOC_PORT_ID, &[12], b"513"),
        ]);
        assert_eq!(ports.resolve(3, &details), Some(IfIndex(513)), "interfaceName");
        assert_eq!(ports.resolve(7, &details), Some(IfIndex(518)), "base port");
        assert_eq!(ports.resolve(101, &details), Some(IfIndex(101)), "a local '1' is no ifIndex");
        assert_eq!(ports.resolve(9, &details), Some(IfIndex(518)), "description");
        assert_eq!(ports.resolve(12, &details), Some(IfIndex(513)), "local number, as a last resort");
        assert_eq!(ports.resolve(13, &details), None);
    }

    // proves: NAC-03
    #[test]
    fn a_bridge_is_a_neighbour_that_forwards() {
        let interfaces = device();
        let names = Names::of(&interfaces);
        let base_ports = BasePorts::default();
        let row = [0, 513, 3];
        let remote = Table::new(vec![
            number(REMOTE_COLUMNS[0], &row, 4),
            octets(REMOTE_COLUMNS[1], &row, &[0, 0x1b, 0x21, 0, 0, 1]),
            number(REMOTE_COLUMNS[2], &row, 5),
            octets(REMOTE_COLUMNS[3], &row, b"Gi1/0/1"),
            octets(REMOTE_COLUMNS[5], &row, b"core"),
            octets(REMOTE_COLUMNS[7], &row, &[0b0010_1000]),
            octets(REMOTE_COLUMNS[5], &[1, 2], b"malformed"),
        ]);
        let details = Table::new(vec![number(REM_MAN_ADDR, &[0, 513, 3, 1, 4, 192, 0, 2, 1], 2)]);
        let mut tally = QuirkTally::default();
        let found = neighbours(
            &remote,
            &details,
            &LocalPorts::new(&interfaces, &base_ports, &names),
            &PortsByRow::new(),
            &mut tally,
        );
        let [core] = found.as_slice() else { panic!("one expected: {found:?}") };
        assert_eq!(core.if_name.as_deref(), Some("xe-0/0/0"));
        assert_eq!(core.chassis_id.as_deref(), Some("00:1b:21:00:00:01"));
        assert_eq!(core.capabilities, ["bridge", "router"]);
        assert_eq!(core.addresses, [IpAddr::from([192, 0, 2, 1])]);
        assert!(core.forwards());
    }

    #[test]
    fn identifiers_of_every_kind() {
        assert_eq!(identifier(b"0:1b:21:0:0:1", Some(4), 4, 5).as_deref(), Some("00:1b:21:00:00:01"));
        assert_eq!(identifier(&[1, 10, 0, 0, 1], Some(5), 4, 5).as_deref(), Some("10.0.0.1"));
        assert_eq!(identifier(&[0, 1, 2, 3, 4, 5], Some(7), 4, 5).as_deref(), Some("00:01:02:03:04:05"));
        assert_eq!(identifier(b"Port 7", Some(5), 3, 4).as_deref(), Some("Port 7"));
        assert_eq!(identifier(&[0; 6], Some(4), 4, 5), None);
        assert_eq!(capabilities(b"28 2 4"), ["bridge", "router"]);
    }
}

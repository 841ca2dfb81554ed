//! CISCO-CDP-MIB cdpCacheTable, and Foundry's FDP, which is made after it.

use std::collections::BTreeMap;

use netwarden_model::reading::{Neighbour, NeighbourProtocol, Quirk, QuirkTally};
use netwarden_snmp::ValueRef;

use super::interfaces::Names;
use crate::convention::{ip_of_bytes, is_host_address, mac_of_bytes, text, text_of_bytes, unsigned};
use crate::table::Table;

const CACHE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

/// cdpCacheTable: address, version, device id, port, platform, capabilities, system name.
pub const COLUMNS: &[&[u32]] = &[
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 4],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 5],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 6],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 7],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 8],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 9],
    &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 17],
];

/// snFdpCacheTable (FOUNDRY-SN-SWITCH-GROUP-MIB): address, version, device id, port, platform,
/// capabilities. Its rows are FDP's and CDP's.
pub const FOUNDRY_COLUMNS: &[&[u32]] = &[
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 5],
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 6],
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 3],
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 7],
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 8],
    &[1, 3, 6, 1, 4, 1, 1991, 1, 1, 3, 20, 1, 2, 1, 1, 9],
];

/// Neighbours of cdpCacheTable.
pub fn neighbours(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    debug_assert!(COLUMNS.iter().all(|column| column.starts_with(CACHE)));
    decode(table, COLUMNS, names, tally)
}

/// Neighbours of snFdpCacheTable.
pub fn foundry_neighbours(table: &Table, names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    decode(table, FOUNDRY_COLUMNS, names, tally)
}

fn decode(table: &Table, columns: &[&[u32]], names: &Names, tally: &mut QuirkTally) -> Vec<Neighbour> {
    let mut rows: BTreeMap<&[u32], [Option<ValueRef<'_>>; 7]> = BTreeMap::new();
    for (number, column) in columns.iter().enumerate() {
        for (index, value) in table.column(column) {
            if let Some(cell) = rows.entry(index).or_default().get_mut(number) {
                *cell = Some(value);
            }
        }
    }
    let mut neighbours = Vec::new();
    for (index, cells) in rows {
        // ifIndex and a number
        let [number, _] = index else {
            tally.dropped(Quirk::IndexMalformed);
            continue;
        };
        let [address, version, device, port, platform, capability, name] = cells;
        let device_id = device.and_then(device_id);
        let if_index = names.known(*number, tally);
        neighbours.push(Neighbour {
            if_index,
            if_name: if_index.and_then(|i| names.name(i)),
            protocol: NeighbourProtocol::Cdp,
            chassis_mac: device
                .and_then(ValueRef::as_bytes)
                .and_then(mac_of_bytes)
                .filter(|mac| mac.is_endpoint() && device_id.as_deref() == Some(mac.to_string().as_str())),
            port_id: port.and_then(text),
            port_descr: None,
            system_name: name.and_then(text).or_else(|| device_id.clone()),
            system_descr: version.and_then(text),
            platform: platform.and_then(text),
            addresses: address
                .and_then(ValueRef::as_bytes)
                .and_then(ip_of_bytes)
                .filter(|ip| is_host_address(*ip))
                .into_iter()
                .collect(),
            capabilities: capability.map(capabilities).unwrap_or_default(),
            chassis_id: device_id,
        });
    }
    neighbours
}

/// cdpCacheDeviceId: a name, or six octets that are a MAC (HP sends those).
fn device_id(value: ValueRef<'_>) -> Option<String> {
    let bytes = value.as_bytes()?;
    let readable = bytes.iter().all(|b| matches!(b, 0 | b' '..=b'~' | 0x80..));
    if bytes.len() == 6 && !bytes.iter().all(|b| matches!(b, b' '..=b'~')) || !readable {
        return mac_of_bytes(bytes).map(|mac| mac.to_string());
    }
    Some(text_of_bytes(bytes)).filter(|t| !t.is_empty())
}

/// cdpCacheCapabilities: four octets, the last with the common bits; FDP sends a text.
fn capabilities(value: ValueRef<'_>) -> Vec<String> {
    let Some(bytes) = value.as_bytes() else {
        return unsigned(value).map(words).unwrap_or_default();
    };
    if bytes.len() == 4 && !bytes.iter().all(u8::is_ascii_alphabetic) {
        return words(bytes.iter().fold(0, |sum, b| sum << 8 | u32::from(*b)));
    }
    let said = text_of_bytes(bytes).to_ascii_lowercase();
    [("router", "router"), ("switch", "bridge"), ("bridge", "bridge"), ("host", "station")]
        .into_iter()
        .filter(|(word, _)| said.contains(word))
        .map(|(_, capability)| capability.to_owned())
        .collect()
}

fn words(bits: u32) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (mask, word) in [
        (0x01, "router"),
        (0x02 | 0x04 | 0x08, "bridge"),
        (0x10, "station"),
        (0x40, "repeater"),
        (0x80, "telephone"),
    ] {
        if bits & mask != 0 {
            words.push(word.to_owned());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    #[test]
    fn a_switch_and_a_phone() {
        let mut names = Names::default();
        names.insert(10101, Some("Gi0/1".into()));
        let cell = |column: usize, index: [u32; 2], value: &[u8]| {
            VarBind::new(Oid::from(COLUMNS[column]).child(index), Value::OctetString(value.to_vec()))
        };
        let mut tally = QuirkTally::default();
        let found = neighbours(
            &Table::new(vec![
                cell(0, [10101, 1], &[192, 0, 2, 7]),
                cell(2, [10101, 1], b"sw7.example.net"),
                cell(3, [10101, 1], b"GigabitEthernet0/2"),
                cell(5, [10101, 1], &[0, 0, 0, 0x29]),
                cell(2, [10101, 2], &[0, 0x1b, 0x21, 0xff, 0, 1]),
                cell(5, [10101, 2], &[0, 0, 0, 0x90]),
            ]),
            &names,
            &mut tally,
        );
        assert_eq!(found[0].system_name.as_deref(), Some("sw7.example.net"));
        assert_eq!(found[0].capabilities, ["router", "bridge"]);
        assert!(found[0].forwards());
        assert_eq!(found[1].chassis_mac, "00:1b:21:ff:00:01".parse().ok());
        assert_eq!(found[1].capabilities, ["station", "telephone"]);
        assert!(!found[1].forwards());
    }
}

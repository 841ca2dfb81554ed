//! Recordings of devices (`.snmprec`).

use std::collections::BTreeSet;

use async_snmp_value::line;
use netwarden_simulator::Recording;

/// Any file: every line is a variable, a remark, or refused by its number; what was read and is written once
/// more is read as the same.
pub fn recording(octets: &[u8]) {
    let (read, rejects) = Recording::parse(octets);
    let lines = octets.split(|octet| *octet == b'\n').count();
    assert!(read.len() + rejects.len() <= lines);
    let refused: BTreeSet<usize> = rejects.iter().map(|reject| reject.line).collect();
    assert_eq!(refused.len(), rejects.len(), "a line is refused once");
    assert!(refused.iter().all(|line| (1..=lines).contains(line)));
    assert!(read.rows().is_sorted_by(|a, b| a.0 < b.0));
    let mut file = String::new();
    for (oid, value) in read.rows() {
        file.push_str(&line(oid, value));
    }
    let (again, rejects) = Recording::parse(file.as_bytes());
    assert_eq!(rejects, []);
    assert_eq!(again.rows(), read.rows());
}

/// The crate's values, as lines.
mod async_snmp_value {
    use async_snmp::{Oid, Value};

    pub(super) fn line(oid: &Oid, value: &Value) -> String {
        let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let (kind, text) = match value {
            Value::Integer(number) => ("2", number.to_string()),
            Value::OctetString(octets) => ("4x", hex(octets)),
            Value::Null => ("5", String::new()),
            Value::ObjectIdentifier(oid) => ("6", oid.to_string()),
            Value::IpAddress(octets) => ("64x", hex(octets)),
            Value::Counter32(number) => ("65", number.to_string()),
            Value::Gauge32(number) => ("66", number.to_string()),
            Value::TimeTicks(number) => ("67", number.to_string()),
            Value::Opaque(octets) => ("68x", hex(octets)),
            Value::Counter64(number) => ("70", number.to_string()),
            other => panic!("{other:?} does not stand in a recording"),
        };
        format!("{oid}|{kind}|{text}\n")
    }
}

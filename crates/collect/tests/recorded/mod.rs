//! A device that answers from a recording: GET and walks in OID order, no SET, no contexts.

#![allow(dead_code)] // each test binary uses its own part

use std::collections::BTreeMap;
use std::path::Path;

use netwarden_reach::{Snmp, SnmpError, VlanContext, Walked};
use netwarden_snmp::{Oid, Value, VarBind};

/// Variables by OID.
#[derive(Debug, Clone, Default)]
pub struct RecordedDevice {
    variables: BTreeMap<Oid, Value>,
}

impl RecordedDevice {
    /// From lines `OID|TYPE|VALUE`: TYPE is the ASN.1 tag, with `x` where the value is hexadecimal.
    pub fn load(path: &Path) -> std::io::Result<Self> {
        let text = std::fs::read(path)?;
        let variables = text.split(|byte| *byte == b'\n').filter_map(line).collect();
        Ok(Self { variables })
    }

    /// From bindings made by hand.
    pub fn of(bindings: impl IntoIterator<Item = VarBind>) -> Self {
        Self { variables: bindings.into_iter().map(|b| (b.oid, b.value)).collect() }
    }
}

fn line(line: &[u8]) -> Option<(Oid, Value)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut parts = line.splitn(3, |byte| *byte == b'|');
    let oid: Oid = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let tag = std::str::from_utf8(parts.next()?).ok()?;
    let raw = parts.next()?;
    let (tag, bytes) = match tag.strip_suffix('x') {
        Some(tag) => (tag, hex(raw)?),
        None => (tag, raw.to_vec()),
    };
    let text = || std::str::from_utf8(&bytes).ok().map(str::trim);
    let value = match tag {
        "2" => Value::Integer(i32::try_from(text()?.parse::<i64>().ok()?).ok()?),
        "4" => Value::OctetString(bytes),
        "5" => Value::Null,
        "6" => text()?.parse::<Oid>().ok()?.into(),
        "64" => match <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(octets) if line.contains(&b'x') => Value::IpAddress(octets.into()),
            _ => Value::IpAddress(text()?.parse().ok()?),
        },
        "65" => Value::Counter32(text()?.parse().ok()?),
        "66" => Value::Gauge32(text()?.parse().ok()?),
        "67" => Value::TimeTicks(text()?.parse().ok()?),
        "68" => Value::Opaque(bytes),
        "70" => Value::Counter64(text()?.parse().ok()?),
        _ => return None,
    };
    Some((oid, value))
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim();
    (0..text.len() / 2).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

impl Snmp for RecordedDevice {
    async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        let value = |oid| self.variables.get(oid).cloned().unwrap_or(Value::NoSuchInstance);
        Ok(oids.iter().map(|oid| VarBind::new(oid.clone(), value(oid))).collect())
    }

    async fn walk(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
        let below = columns.iter().flat_map(|column| {
            self.variables
                .range(column.clone()..)
                .take_while(|(oid, _)| oid.starts_with(column))
                .map(|(oid, value)| VarBind::new(oid.clone(), value.clone()))
        });
        Ok(below.collect())
    }

    async fn set(&self, bindings: &[VarBind]) -> Result<Vec<VarBind>, SnmpError> {
        Err(SnmpError::Status {
            agent: "recording".into(),
            status: "notWritable".into(),
            oid: bindings.first().map(|b| b.oid.clone()).unwrap_or_default(),
        })
    }

    fn in_vlan_context(&self, _context: VlanContext) -> Self {
        Self::default()
    }
}

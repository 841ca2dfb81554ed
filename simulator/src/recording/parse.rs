//! `.snmprec`: one variable a line, `OID|TYPE|VALUE`.
//!
//! TYPE is the ASN.1 tag as a number: 2 INTEGER, 4 OCTET STRING, 5 NULL, 6 OBJECT IDENTIFIER,
//! 64 IpAddress, 65 Counter32, 66 Gauge32, 67 TimeTicks, 68 Opaque, 70 Counter64; `x` behind it: VALUE
//! is hexadecimal; `e`: VALUE has `\xNN`, `\n`, `\r`, `\t`, `\\` escapes. Otherwise the text is taken as
//! it is. Empty lines and comments (`#`) are skipped; lines may come in any order; of several for one
//! OID the first counts.

use async_snmp::{Oid, Value};
use bytes::Bytes;

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Reject {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// The variables of a recorded device, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    rows: Vec<(Oid, Value)>,
}

impl Recording {
    /// Reads a file's content: all lines that can be read, and why the others cannot.
    pub fn parse(octets: &[u8]) -> (Self, Vec<Reject>) {
        let mut rows = Vec::new();
        let mut rejects = Vec::new();
        for (number, line) in octets.split(|o| *o == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.iter().all(u8::is_ascii_whitespace) || line.starts_with(b"#") {
                continue;
            }
            match parse_line(line) {
                Ok(row) => rows.push(row),
                Err(reason) => rejects.push(Reject { line: number + 1, reason }),
            }
        }
        (Self::from_rows(rows), rejects)
    }

    /// From variables in any order.
    pub fn from_rows(mut rows: Vec<(Oid, Value)>) -> Self {
        rows.sort_by(|a, b| a.0.cmp(&b.0)); // stable: the first of equal ones stays
        rows.dedup_by(|later, earlier| later.0 == earlier.0);
        Self { rows }
    }

    /// How many variables there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All variables, ascending.
    pub fn rows(&self) -> &[(Oid, Value)] {
        &self.rows
    }

    /// A variable's value.
    pub fn get(&self, oid: &Oid) -> Option<&Value> {
        let at = self.rows.binary_search_by(|(o, _)| o.cmp(oid)).ok()?;
        self.rows.get(at).map(|(_, value)| value)
    }

    /// The variable after `oid`.
    pub fn next(&self, oid: &Oid) -> Option<&(Oid, Value)> {
        self.rows.get(self.position_after(oid))
    }

    /// How many variables are not after `oid`.
    pub(super) fn position_after(&self, oid: &Oid) -> usize {
        self.rows.partition_point(|(o, _)| o <= oid)
    }
}

fn parse_line(line: &[u8]) -> Result<(Oid, Value), String> {
    let mut parts = line.splitn(3, |o| *o == b'|');
    let (Some(oid), Some(tag), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("it is not OID|TYPE|VALUE".to_owned());
    };
    let oid = parse_oid(text(oid)?)?;
    let tag = text(tag)?.trim();
    let digits = tag.trim_end_matches(['x', 'e']);
    let octets = match tag.get(digits.len()..) {
        Some("x") => hexadecimal(text(value)?)?,
        Some("e") => unescape(value)?,
        Some("") => value.to_vec(),
        _ => return Err(format!("'{tag}' is no type")),
    };
    let raw = digits.len() != tag.len();
    let number = || -> Result<i64, String> {
        let text = text(&octets)?.trim();
        text.parse::<i64>().map_err(|_| format!("'{text}' is no number"))
    };
    let unsigned =
        || number().and_then(|n| u32::try_from(n).map_err(|_| format!("{n} does not fit 32 bits")));
    let value = match digits {
        "2" => Value::Integer(
            number().and_then(|n| i32::try_from(n).map_err(|_| format!("{n} does not fit 32 bits")))?,
        ),
        "4" => Value::OctetString(Bytes::from(octets)),
        "5" => Value::Null,
        "6" => Value::ObjectIdentifier(parse_oid(text(&octets)?)?),
        "64" => Value::IpAddress(address(&octets, raw)?),
        "65" => Value::Counter32(unsigned()?),
        "66" => Value::Gauge32(unsigned()?),
        "67" => Value::TimeTicks(unsigned()?),
        "68" => Value::Opaque(Bytes::from(octets)),
        "70" => {
            let text = text(&octets)?.trim();
            Value::Counter64(text.parse().map_err(|_| format!("'{text}' is no 64-bit number"))?)
        }
        other => return Err(format!("'{other}' is no type that is known")),
    };
    Ok((oid, value))
}

fn text(octets: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(octets).map_err(|_| "it is not text".to_owned())
}

fn parse_oid(text: &str) -> Result<Oid, String> {
    let text = text.trim().trim_start_matches('.');
    let arcs: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
    let oid = Oid::new(arcs.map_err(|_| format!("'{text}' is no OID"))?);
    oid.validate_for_wire().map_err(|e| format!("'{text}' is no OID: {e}"))?;
    Ok(oid)
}

fn hexadecimal(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|o| !o.is_ascii_whitespace()).collect();
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| match pair {
            [_, _] => u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("?"), 16)
                .map_err(|_| "it is not hexadecimal".to_owned()),
            _ => Err("it has an odd number of hexadecimal digits".to_owned()),
        })
        .collect()
}

fn unescape(value: &[u8]) -> Result<Vec<u8>, String> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'\\' {
            octets.push(*first);
            continue;
        }
        let Some((kind, tail)) = rest.split_first() else { return Err("a \\ stands at the end".to_owned()) };
        rest = tail;
        octets.push(match kind {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'0' => 0,
            b'x' => {
                let Some((pair, tail)) = rest.split_at_checked(2) else {
                    return Err("\\x needs two digits".to_owned());
                };
                rest = tail;
                hexadecimal(text(pair)?)?.first().copied().unwrap_or(0)
            }
            other => *other,
        });
    }
    Ok(octets)
}

/// Dotted, or the four octets themselves.
fn address(octets: &[u8], raw: bool) -> Result<[u8; 4], String> {
    let as_is = <[u8; 4]>::try_from(octets).map_err(|_| "an IpAddress has four octets".to_owned());
    if raw {
        return as_is;
    }
    match text(octets).ok().and_then(|t| t.trim().parse::<Ipv4>().ok()) {
        Some(address) => Ok(address.octets()),
        None => as_is,
    }
}

type Ipv4 = std::net::Ipv4Addr;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(line: &str) -> Result<Value, String> {
        parse_line(line.as_bytes()).map(|(_, value)| value)
    }

    #[test]
    fn every_type_is_read() {
        let octets = |o: &[u8]| Value::OctetString(Bytes::copy_from_slice(o));
        for (line, expected) in [
            ("1.3.6.1.2|2|-7", Value::Integer(-7)),
            ("1.3.6.1.2|4|a|b", octets(b"a|b")),
            ("1.3.6.1.2|4|", octets(b"")),
            ("1.3.6.1.2|4|\\Backbone\\", octets(b"\\Backbone\\")),
            ("1.3.6.1.2|4x|00FFa0", octets(&[0, 255, 160])),
            ("1.3.6.1.2|4e|a\\x00\\n\\\\", octets(b"a\0\n\\")),
            ("1.3.6.1.2|5|", Value::Null),
            (".1.3.6.1.2|6|.1.3.6.1.4.1.9", Value::ObjectIdentifier(Oid::from_slice(&[1, 3, 6, 1, 4, 1, 9]))),
            ("1.3.6.1.2|64|10.0.0.1", Value::IpAddress([10, 0, 0, 1])),
            ("1.3.6.1.2|64x|0A000001", Value::IpAddress([10, 0, 0, 1])),
            ("1.3.6.1.2|65|4294967295", Value::Counter32(u32::MAX)),
            ("1.3.6.1.2|66|5", Value::Gauge32(5)),
            ("1.3.6.1.2|67|6", Value::TimeTicks(6)),
            ("1.3.6.1.2|68x|9f78", Value::Opaque(Bytes::from_static(&[0x9f, 0x78]))),
            ("1.3.6.1.2|70|18446744073709551615", Value::Counter64(u64::MAX)),
        ] {
            assert_eq!(one(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn unusable_lines_are_named_and_the_rest_is_served_in_order() {
        let file = b"# walked in May\n1.3.6.9|2|2\r\n\n1.3.6.1|2|1\n1.3.6.9|2|3\nnonsense\n1.3|99|x\n1.3.x|2|1\n1.3.6|2|9999999999\n1.3.6|4x|abc\n\xff\xfe|2|1\n";
        let (recording, rejects) = Recording::parse(file);
        let rows: Vec<_> = recording.rows().iter().map(|(o, v)| (o.to_string(), v.clone())).collect();
        assert_eq!(
            rows,
            [("1.3.6.1".to_owned(), Value::Integer(1)), ("1.3.6.9".to_owned(), Value::Integer(2))]
        );
        assert_eq!(rejects.iter().map(|r| r.line).collect::<Vec<_>>(), [6, 7, 8, 9, 10, 11]);
    }

    proptest! {
        #[test]
        fn arbitrary_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            Recording::parse(&octets);
        }

        #[test]
        fn arbitrary_lines_never_panic(line in "[0-9.]{0,12}\\|[0-9xe]{0,3}\\|.{0,20}") {
            Recording::parse(line.as_bytes());
        }

        #[test]
        fn what_is_written_is_read_back(
            rows in proptest::collection::btree_map(
                proptest::collection::vec(any::<u32>(), 1..8), proptest::collection::vec(any::<u8>(), 0..12), 0..20)
        ) {
            let mut file = String::new();
            for (arcs, octets) in rows.iter().rev() {
                let oid: String = arcs.iter().map(|a| format!(".{a}")).collect();
                let hex: String = octets.iter().map(|o| format!("{o:02x}")).collect();
                file.push_str(&format!("1.3{oid}|4x|{hex}\n"));
            }
            let (recording, rejects) = Recording::parse(file.as_bytes());
            prop_assert_eq!(rejects, []);
            prop_assert_eq!(recording.len(), rows.len());
            for (arcs, octets) in rows {
                let oid = Oid::new([1, 3].into_iter().chain(arcs));
                prop_assert_eq!(recording.get(&oid), Some(&Value::OctetString(octets.into())));
            }
        }
    }
}

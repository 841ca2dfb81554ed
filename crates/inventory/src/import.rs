//! CSV import of network elements and endpoints: good rows are taken, bad ones are named by line and
//! reason, and the rest goes on (NEM-01, NAC-06).
//!
//! Lines that begin with `#` are remarks. The first line names the columns, in any order and in either case; `;` and tabulators separate as
//! well as `,`. Unknown columns are named once and otherwise ignored.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use netwarden_model::{EndpointStatus, Mac, VlanId};

/// What an import yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported<T> {
    /// Good rows, with their lines.
    pub rows: Vec<(u64, T)>,
    /// Rows that were left out.
    pub rejected: Vec<Rejected>,
}

/// A row (or a column, on line 1) that was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Rejected {
    /// Counted from 1; the heading is line 1.
    pub line: u64,
    /// One clear sentence.
    pub reason: String,
}

/// A network element to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementRow {
    /// Name; the address where the file gives none.
    pub name: String,
    /// Where its agent answers; port 161 unless given.
    pub address: SocketAddr,
    /// Name of a credential set.
    pub credential: Option<String>,
    /// Device class.
    pub class: Option<String>,
    /// Groups, separated by blanks or `|` in the file.
    pub groups: Vec<String>,
    /// Region in which it stands.
    pub region: Option<String>,
    /// Device sets, separated as the groups are.
    pub device_sets: Vec<String>,
    /// Quarantine VLAN.
    pub quarantine_vlan: Option<VlanId>,
    /// Voice VLAN.
    pub voice_vlan: Option<VlanId>,
}

/// An endpoint for the reference list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its address, whatever its spelling was.
    pub mac: Mac,
    /// Authorised unless given.
    pub status: EndpointStatus,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// Group's name.
    pub group: Option<String>,
    /// Element (by name or address) and port where it belongs.
    pub bound_to: Option<(String, String)>,
    /// First user-defined column.
    pub custom1: Option<String>,
    /// Second user-defined column.
    pub custom2: Option<String>,
}

/// Reads network elements: columns `address` (needed), `name`, `port`, `credential`, `class`, `groups`,
/// `region`, `device_sets`, `quarantine_vlan`, `voice_vlan`.
pub fn elements(text: &[u8]) -> Imported<ElementRow> {
    let known = [
        "address",
        "name",
        "port",
        "credential",
        "class",
        "groups",
        "region",
        "device_sets",
        "quarantine_vlan",
        "voice_vlan",
    ];
    let mut seen = BTreeMap::new();
    read(text, &known, "address", |line, row| {
        let port = match row.get("port") {
            None => None,
            Some(port) => {
                Some(port.parse::<u16>().ok().filter(|p| *p > 0).ok_or(format!("'{port}' is no UDP port"))?)
            }
        };
        let given = row.get("address").ok_or("the address is missing")?;
        let address = socket_address(given, port).ok_or(format!("'{given}' is no IP address"))?;
        if let Some(earlier) = seen.insert(address, line) {
            return Err(format!("{address} stands on line {earlier} already"));
        }
        Ok(ElementRow {
            name: row.get("name").unwrap_or(given).to_owned(),
            address,
            credential: row.text("credential"),
            class: row.text("class"),
            groups: row.get("groups").map(words).unwrap_or_default(),
            region: row.text("region"),
            device_sets: row.get("device_sets").map(words).unwrap_or_default(),
            quarantine_vlan: row.vlan("quarantine_vlan")?,
            voice_vlan: row.vlan("voice_vlan")?,
        })
    })
}

/// Reads endpoints: columns `mac` (needed), `status`, `valid_until` (RFC 3339, or a date: until its
/// end, UTC), `owner`, `note`, `group`, `ne` and `port` (both or none), `custom1`, `custom2`.
pub fn endpoints(text: &[u8]) -> Imported<EndpointRow> {
    let known =
        ["mac", "status", "valid_until", "owner", "note", "group", "ne", "port", "custom1", "custom2"];
    let mut seen = BTreeMap::new();
    read(text, &known, "mac", |line, row| {
        let given = row.get("mac").ok_or("the MAC address is missing")?;
        let mac: Mac = given.parse().map_err(|e: netwarden_model::ParseMacError| e.to_string())?;
        if !mac.is_endpoint() {
            return Err(format!("{mac} is no address that an endpoint can have"));
        }
        let status = match row.get("status").map(str::to_lowercase).as_deref() {
            None | Some("authorised" | "authorized") => EndpointStatus::Authorised,
            Some("new") => EndpointStatus::New,
            Some("unauthorised" | "unauthorized") => EndpointStatus::Unauthorised,
            Some(other) => return Err(format!("'{other}' is no status (new, authorised, unauthorised)")),
        };
        let bound_to = match (row.text("ne"), row.text("port")) {
            (Some(ne), Some(port)) => Some((ne, port)),
            (None, None) => None,
            _ => return Err("ne and port name a port together only".to_owned()),
        };
        let valid_until = row.get("valid_until").map(end_of).transpose()?;
        if let Some(earlier) = seen.insert(mac, line) {
            return Err(format!("{mac} stands on line {earlier} already"));
        }
        Ok(EndpointRow {
            mac,
            status,
            valid_until,
            owner: row.text("owner"),
            note: row.text("note"),
            group: row.text("group"),
            bound_to,
            custom1: row.text("custom1"),
            custom2: row.text("custom2"),
        })
    })
}

/// The cells of a row that are not empty, by column.
pub struct Cells<'a>(BTreeMap<&'a str, String>);

impl Cells<'_> {
    /// What stands in the column.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }

    /// What stands in the column, of its own.
    pub fn text(&self, column: &str) -> Option<String> {
        self.0.get(column).cloned()
    }

    fn vlan(&self, column: &str) -> Result<Option<VlanId>, String> {
        self.get(column)
            .map(|text| text.parse().map_err(|_| format!("{column}: '{text}' is no VLAN id (1 to 4094)")))
            .transpose()
    }
}

/// Reads rows of `known` columns, of which `needed` must be there.
pub fn read<T>(
    text: &[u8],
    known: &[&str],
    needed: &str,
    mut parse: impl FnMut(u64, &Cells) -> Result<T, String>,
) -> Imported<T> {
    let mut imported = Imported { rows: Vec::new(), rejected: Vec::new() };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let heading = text.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|d| heading.contains(d)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text);
    let heading = match reader.byte_headers() {
        Ok(heading) => heading.clone(),
        Err(error) => {
            imported
                .rejected
                .push(Rejected { line: 1, reason: format!("the heading cannot be read: {error}") });
            return imported;
        }
    };
    let columns: Vec<String> = heading
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).to_lowercase().replace([' ', '-'], "_"))
        .collect();
    if !columns.iter().any(|column| column == needed) {
        let reason = format!("the heading has no column '{needed}' (columns: {})", known.join(", "));
        imported.rejected.push(Rejected { line: 1, reason });
        return imported;
    }
    for column in columns.iter().filter(|column| !column.is_empty() && !known.contains(&column.as_str())) {
        imported
            .rejected
            .push(Rejected { line: 1, reason: format!("column '{column}' is not known and ignored") });
    }
    let mut record = csv::ByteRecord::new();
    let mut lines = Lines { text, at: 0, line: 1 };
    loop {
        let line = lines.of(reader.position().byte());
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return imported,
            Err(error) => {
                imported.rejected.push(Rejected { line, reason: format!("the row cannot be read: {error}") });
                if !matches!(
                    error.kind(),
                    csv::ErrorKind::Utf8 { .. } | csv::ErrorKind::UnequalLengths { .. }
                ) {
                    return imported;
                }
                continue;
            }
        }
        if record.get(0).is_some_and(|cell| cell.starts_with(b"#")) {
            continue;
        }
        match cells(&columns, &record).and_then(|cells| parse(line, &cells)) {
            Ok(row) => imported.rows.push((line, row)),
            Err(reason) => imported.rejected.push(Rejected { line, reason }),
        }
    }
}

/// Numbers lines as an editor does. The reader's own count takes a row after CR LF for one of the line
/// before, and knows no line that ends with CR alone.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at `offset` or behind the line ends that stand there. Offsets rise.
    fn of(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        while let Some((octet, rest)) = self.text.get(self.at..).and_then(<[u8]>::split_first) {
            if self.at >= offset && !matches!(octet, b'\r' | b'\n') {
                break;
            }
            self.at += 1;
            let ends = *octet == b'\n' || (*octet == b'\r' && rest.first() != Some(&b'\n'));
            self.line += u64::from(ends);
        }
        self.line
    }
}

fn cells<'a>(columns: &'a [String], record: &csv::ByteRecord) -> Result<Cells<'a>, String> {
    if record.len() > columns.len() {
        return Err(format!("{} cells where the heading has {} columns", record.len(), columns.len()));
    }
    let mut cells = BTreeMap::new();
    for (column, cell) in columns.iter().zip(record) {
        let text = std::str::from_utf8(cell).map_err(|_| format!("{column}: the text is not UTF-8"))?;
        if !text.is_empty() {
            cells.insert(column.as_str(), text.to_owned());
        }
    }
    Ok(Cells(cells))
}

fn socket_address(text: &str, port: Option<u16>) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return (address.port() > 0 && port.is_none_or(|port| port == address.port())).then_some(address);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port.unwrap_or(161)))
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', '|']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn end_of(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("valid_until: '{text}' is neither a date (2026-12-31) nor a time (RFC 3339)");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let next = day.tomorrow().map_err(|_| wrong())?;
    next.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_mac_is_read() {
        let text = "MAC;Owner\n00:1b:21:3a:4f:5e;a\n00-1B-21-3A-4F-5F;b\n001b.213a.4f60;c\n001b213a4f61;d\n0:1b:21:3a:4f:62;e\n";
        let imported = endpoints(text.as_bytes());
        assert_eq!(imported.rejected, []);
        let macs: Vec<String> = imported.rows.iter().map(|(_, row)| row.mac.to_string()).collect();
        let last: Vec<&str> = macs.iter().map(|mac| &mac[15..]).collect();
        assert_eq!(last, ["5e", "5f", "60", "61", "62"]);
        assert!(imported.rows.iter().all(|(_, row)| row.status == EndpointStatus::Authorised));
    }

    #[test]
    fn bad_rows_are_named_by_line_and_the_good_ones_go_on() {
        let text = b"mac,status,valid_until,ne,port,colour\n\
            00:1b:21:3a:4f:5e,authorised,2030-12-31,sw1,Gi1/0/1,red\n\
            00:1b:21:3a:4f,authorised,,,,\n\
            00:1b:21:3a:4f:5f,maybe,,,,\n\
            00:1b:21:3a:4f:5e,,,,,\n\
            # a remark\n\
            \"00:1b:21:3a:4f:60\",,soon,,,\n\
            00:1b:21:3a:4f:61,,,sw1,,\n\
            \xff\xfe,,,,,\n\
            00:1b:21:3a:4f:62,,,,,,,too,many\n\
            01:00:5e:00:00:01\n\
            001b213a4f63,new\n";
        let imported = endpoints(text);
        let good: Vec<u64> = imported.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(good, [2, 12]);
        let bad: Vec<u64> = imported.rejected.iter().map(|row| row.line).collect();
        assert_eq!(bad, [1, 3, 4, 5, 7, 8, 9, 10, 11]);
        assert!(
            imported
                .rejected
                .iter()
                .any(|row| row.to_string().contains("line 5: ") && row.reason.contains("line 2"))
        );
        assert_eq!(imported.rows[0].1.valid_until, "2031-01-01T00:00:00Z".parse().ok());
    }

    #[test]
    fn lines_are_counted_as_an_editor_does_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let rows = ["mac,note", "001b213a4f63,\"a\nb\"", "", "bad,", "# remark", "001b213a4f64,"];
            let imported = endpoints(rows.join(end).as_bytes());
            let good: Vec<u64> = imported.rows.iter().map(|(line, _)| *line).collect();
            let bad: Vec<u64> = imported.rejected.iter().map(|row| row.line).collect();
            // The note takes a line more.
            assert_eq!((good, bad), (vec![2, 7], vec![5]), "{end:?}");
        }
    }

    #[test]
    fn elements_with_and_without_ports() {
        let text = "name\taddress\tport\tquarantine_vlan\ncore\t10.0.0.1\t\t666\nlab\t[2001:db8::1]:1161\t\t\nedge\t2001:db8::2\t1161\t\nbad\t10.0.0\t\t\nworse\t10.0.0.9\t\t4095\n";
        let imported = elements(text.as_bytes());
        let addresses: Vec<String> = imported.rows.iter().map(|(_, row)| row.address.to_string()).collect();
        assert_eq!(addresses, ["10.0.0.1:161", "[2001:db8::1]:1161", "[2001:db8::2]:1161"]);
        assert_eq!(imported.rejected.iter().map(|row| row.line).collect::<Vec<_>>(), [5, 6]);
        assert!(elements(b"name\nx\n").rejected[0].reason.contains("'address'"));
        assert!(elements(b"").rejected.len() == 1);
    }
}

//! Delimited exports: with a heading whose columns go by several names, or without one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::tz::TimeZone;
use netwarden_model::Mac;
use serde::{Deserialize, Serialize};

use super::{text, time};
use crate::lease::{Gathered, Lease, LeaseState, Parsed};

/// What a column of an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The address.
    Ip,
    /// The hardware address.
    Mac,
    /// Client identifier or DUID.
    ClientId,
    /// The client's name.
    HostName,
    /// The domain beside the name.
    Domain,
    /// Since when the client has the address.
    Starts,
    /// Until when.
    Ends,
    /// How the lease stands.
    State,
}

/// The headings of an export that has others than those that are known. Where there are any, no other column
/// is read.
pub type Columns = BTreeMap<Part, String>;

/// How the file is to be read, where it does not tell itself.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Of times that bear no zone.
    pub zone: TimeZone,
    /// Headings; none where they are those that are known.
    pub columns: Columns,
}

/// Octets of a heading, at most.
const LONGEST_HEADING: usize = 128;

impl Reading {
    /// With these headings.
    ///
    /// # Errors
    /// One sentence where the address has none, one is empty or overlong, or two are the same.
    pub fn new(zone: TimeZone, columns: Columns) -> Result<Self, String> {
        if !columns.is_empty() && !columns.contains_key(&Part::Ip) {
            return Err("columns: the one that holds the address (ip) has no name".to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        for heading in columns.values() {
            if plain(heading).is_empty() || heading.len() > LONGEST_HEADING {
                return Err(format!("columns: a heading has 1 to {LONGEST_HEADING} characters"));
            }
            if !seen.insert(plain(heading)) {
                return Err(format!("columns: two are called '{heading}'"));
            }
        }
        Ok(Self { zone, columns })
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, columns: Columns::new() }
    }
}

/// The names of columns, in lower case without blanks, hyphens and underscores.
pub(crate) type Aliases = &'static [(&'static str, Part)];

/// What a kind of export is known by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub(crate) columns: Aliases,
    pub(crate) state: fn(&str) -> Option<LeaseState>,
}

impl Known {
    /// What the column of this heading holds.
    pub(crate) fn part_of(self, heading: &str, reading: &Reading) -> Option<Part> {
        let plain = plain(heading);
        if reading.columns.is_empty() {
            return self.columns.iter().find(|(name, _)| *name == plain).map(|(_, part)| *part);
        }
        reading.columns.iter().find(|(_, told)| self::plain(told) == plain).map(|(part, _)| *part)
    }
}

/// Reads the files of an export, the oldest first.
pub(crate) fn read_all(files: &[&[u8]], known: Known, reading: &Reading) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        before += read(&text::decode(file), before, known, reading, &mut gathered);
    }
    gathered.finish()
}

/// Reads one file. Without a heading that names an address, each cell is taken for what it looks like:
/// one address, one MAC, and the first name.
pub(crate) fn read(text: &str, before: u64, known: Known, reading: &Reading, gathered: &mut Gathered) -> u64 {
    // The reader counts a line that ends with CR and LF only when it goes on.
    let text = &text.replace("\r\n", "\n");
    let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
    let first = text.lines().find(|line| !is_remark(line)).unwrap_or_default();
    let delimiter = [b';', b'\t', b'|'].into_iter().find(|d| first.as_bytes().contains(d)).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut heading: Option<Vec<Option<Part>>> = None;
    let mut is_first = true;
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return lines,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                gathered.drop_row(before + line, format!("the row cannot be read: {error}"));
                return lines;
            }
        }
        let line = before + record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) || record.get(0).is_some_and(is_remark) {
            continue;
        }
        if std::mem::take(&mut is_first) {
            let columns: Vec<Option<Part>> = record.iter().map(|cell| known.part_of(cell, reading)).collect();
            if columns.contains(&Some(Part::Ip)) {
                heading = Some(columns);
                continue;
            }
            // Who has said how the columns are called wants no guesses.
            if let Some(told) = reading.columns.get(&Part::Ip) {
                gathered.drop_row(line, format!("no column is called '{told}'"));
                return lines;
            }
        }
        let cells: Vec<(Part, &str)> = match &heading {
            Some(columns) => {
                let cells = columns.iter().zip(record.iter());
                cells.filter_map(|(part, cell)| Some(((*part)?, cell))).collect()
            }
            None => recognised(&record),
        };
        match lease_of(&cells, known, &reading.zone) {
            Ok((lease, odd)) => {
                odd.into_iter().for_each(|reason| gathered.drop_row(line, reason));
                gathered.put(lease);
            }
            Err(reason) => gathered.drop_row(line, reason),
        }
    }
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start_matches('"').trim_start();
    line.is_empty() || line.starts_with('#')
}

/// A heading as it is compared.
fn plain(heading: &str) -> String {
    let marks = |c: &char| !matches!(c, ' ' | '-' | '_' | '.' | '/');
    heading.chars().filter(marks).flat_map(char::to_lowercase).collect()
}

fn recognised(record: &csv::StringRecord) -> Vec<(Part, &str)> {
    let mut cells: Vec<(Part, &str)> = Vec::new();
    for cell in record.iter().filter(|cell| !cell.is_empty()) {
        let part = if cell.parse::<IpAddr>().is_ok() {
            Part::Ip
        } else if cell.parse::<Mac>().is_ok() {
            Part::Mac
        } else if looks_like_a_name(cell) {
            Part::HostName
        } else {
            continue;
        };
        if !cells.iter().any(|(seen, _)| *seen == part) {
            cells.push((part, cell));
        }
    }
    cells
}

/// Letters with a letter or digit around them, no date and no number.
fn looks_like_a_name(cell: &str) -> bool {
    cell.chars().any(char::is_alphabetic)
        && !cell.contains([':', '/', '\\', '=', '@'])
        && cell.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '\''))
}

/// A lease from cells whose parts are known; odd cells that are not needed are told beside it.
pub(crate) fn lease_of(
    cells: &[(Part, &str)],
    known: Known,
    zone: &TimeZone,
) -> Result<(Lease, Vec<String>), String> {
    let get = |wanted: Part| {
        cells
            .iter()
            .find(|(part, cell)| *part == wanted && !cell.trim().is_empty())
            .map(|(_, cell)| cell.trim())
    };
    let text = get(Part::Ip).ok_or("the row has no address")?;
    let shown = |text: &str| text.chars().take(64).collect::<String>();
    let ip: IpAddr = text.parse().map_err(|_| format!("'{}' is no address", shown(text)))?;
    let mut odd = Vec::new();
    let state = match get(Part::State) {
        None => LeaseState::Active,
        Some(word) => {
            (known.state)(word).ok_or_else(|| format!("'{}' is no state of a lease", shown(word)))?
        }
    };
    let mut lease = Lease::new(ip, state);
    if let Some(text) = get(Part::Mac) {
        match text.parse::<Mac>() {
            Ok(mac) => lease.mac = Some(mac),
            // Identifiers that are no Ethernet address: of other hardware, of RAS clients.
            Err(_) if looks_like_an_id(text) => lease.client_id = Some(text.to_lowercase().replace('-', ":")),
            Err(error) => odd.push(error.to_string()),
        }
    }
    if let Some(id) = get(Part::ClientId).filter(|id| looks_like_an_id(id)) {
        lease.client_id = Some(id.to_lowercase().replace('-', ":"));
    }
    if let Some(name) = get(Part::HostName)
        && let Err(reason) = lease.take_name(name)
    {
        odd.push(reason);
    }
    if let Some(domain) = get(Part::Domain) {
        match crate::name::written(domain) {
            Ok(domain) => lease.domain = domain.map(|domain| domain.full()).or(lease.domain),
            Err(reason) => odd.push(reason),
        }
    }
    lease.starts = get(Part::Starts).and_then(|text| time::read(text, zone));
    lease.ends = get(Part::Ends).and_then(|text| time::read(text, zone));
    Ok((lease, odd))
}

fn looks_like_an_id(text: &str) -> bool {
    (2..=400).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | ':'))
}

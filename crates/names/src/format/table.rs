//! Delimited exports: with a heading whose columns go by several names, or without one.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use netwarden_model::Mac;

use super::{text, time};
use crate::lease::{Gathered, Lease, LeaseState, Parsed};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Ip,
    Mac,
    ClientId,
    Name,
    Domain,
    Starts,
    Ends,
    State,
}

/// The names of columns, in lower case without blanks, hyphens and underscores.
pub(crate) type Aliases = &'static [(&'static str, Part)];

/// Reads the files of an export, the oldest first.
pub(crate) fn read_all(
    files: &[&[u8]],
    aliases: Aliases,
    zone: &TimeZone,
    state: fn(&str) -> Option<LeaseState>,
) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        before += read(&text::decode(file), before, aliases, zone, state, &mut gathered);
    }
    gathered.finish()
}

/// Reads one file. Without a heading that names an address, each cell is taken for what it looks like:
/// one address, one MAC, and the first name.
pub(crate) fn read(
    text: &str,
    before: u64,
    aliases: Aliases,
    zone: &TimeZone,
    state: fn(&str) -> Option<LeaseState>,
    gathered: &mut Gathered,
) -> u64 {
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
            let columns: Vec<Option<Part>> = record.iter().map(|cell| part_of(cell, aliases)).collect();
            if columns.contains(&Some(Part::Ip)) {
                heading = Some(columns);
                continue;
            }
        }
        let cells: Vec<(Part, &str)> = match &heading {
            Some(columns) => {
                let cells = columns.iter().zip(record.iter());
                cells.filter_map(|(part, cell)| Some(((*part)?, cell))).collect()
            }
            None => recognised(&record),
        };
        match lease_of(&cells, zone, state) {
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

fn part_of(cell: &str, aliases: Aliases) -> Option<Part> {
    let plain: String = cell
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '_' | '.' | '/'))
        .flat_map(char::to_lowercase)
        .collect();
    aliases.iter().find(|(name, _)| *name == plain).map(|(_, part)| *part)
}

fn recognised(record: &csv::StringRecord) -> Vec<(Part, &str)> {
    let mut cells: Vec<(Part, &str)> = Vec::new();
    for cell in record.iter().filter(|cell| !cell.is_empty()) {
        let part = if cell.parse::<IpAddr>().is_ok() {
            Part::Ip
        } else if cell.parse::<Mac>().is_ok() {
            Part::Mac
        } else if looks_like_a_name(cell) {
            Part::Name
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
    zone: &TimeZone,
    state: fn(&str) -> Option<LeaseState>,
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
        Some(word) => state(word).ok_or_else(|| format!("'{}' is no state of a lease", shown(word)))?,
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
    if let Some(name) = get(Part::Name)
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

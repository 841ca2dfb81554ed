//! What sources of names send and answer: lease files and exports, pages of Infoblox, entries of a directory.

use std::collections::BTreeSet;

use netwarden_names::format::ldap::{self, Entry};
use netwarden_names::format::{Columns, Format, Part, Reading, infoblox, parse};
use netwarden_names::{Dropped, LdapAttributes, Lease, Settings, written};

use crate::script::Script;

/// Reasons that a file is told of its rows, at most: a thousand, and that there are more.
const MOST_REASONS: usize = 1_001;

/// The first octet says of what kind the rest is.
pub fn leases(octets: &[u8]) {
    let Some((kind, rest)) = octets.split_first() else { return };
    match usize::from(*kind) {
        kind if kind < Format::ALL.len() => file(Format::ALL[kind], rest, &Reading::default()),
        b if b == usize::from(b'c') => told(rest),
        b if b == usize::from(b'i') => page(rest),
        b if b == usize::from(b'l') => entry(rest),
        b if b == usize::from(b's') => settings(rest),
        kind => file(Format::ALL[kind % Format::ALL.len()], rest, &Reading::default()),
    }
}

/// One lease an address, each with names that are names, and reasons that point into the file.
fn file(format: Format, octets: &[u8], reading: &Reading) {
    let parsed = parse(format, &[octets], reading);
    let addresses: BTreeSet<_> = parsed.leases.iter().map(|lease| lease.ip).collect();
    assert_eq!(addresses.len(), parsed.leases.len());
    parsed.leases.iter().for_each(sound);
    // UTF-16 has its line ends in two octets each.
    let lines = 1 + octets.iter().filter(|octet| matches!(octet, b'\n' | b'\r')).count() as u64;
    assert!(parsed.dropped.len() <= MOST_REASONS);
    for Dropped { line, reason } in &parsed.dropped {
        assert!((1..=lines).contains(line), "line {line} of {lines}: {reason}");
        assert!(reason.len() <= 400 + octets.len(), "{reason}");
    }
    // Two files of the same say the same.
    let twice = parse(format, &[octets, b"\n", octets], reading);
    assert_eq!(twice.leases.len(), parsed.leases.len());
}

/// A table whose headings the source tells.
fn told(octets: &[u8]) {
    let mut script = Script(octets);
    let parts = [Part::Ip, Part::Mac, Part::ClientId, Part::HostName, Part::Domain, Part::Ends, Part::State];
    let format = *script.choose(&[Format::Windows, Format::Hanewin, Format::Qip]);
    let count = script.byte() % 8;
    let columns: Columns = (0..count).map(|_| (*script.choose(&parts), script.text())).collect();
    let Ok(reading) = Reading::new(jiff::tz::TimeZone::UTC, columns) else { return };
    file(format, script.0, &reading);
}

fn page(octets: &[u8]) {
    let Ok(page) = infoblox::page(octets, 7) else { return };
    assert!(page.leases.len() as u64 <= page.objects);
    page.leases.iter().for_each(sound);
    let places = 7..7 + page.objects;
    assert!(page.dropped.iter().all(|dropped| places.contains(&dropped.line)), "{:?}", page.dropped);
}

fn entry(octets: &[u8]) {
    let mut script = Script(octets);
    let names = LdapAttributes::default();
    let known = names.wanted();
    let mut entry = Entry::new();
    while !script.is_done() {
        let name = match script.byte() % 4 {
            0 => script.text().to_lowercase(),
            1 => format!("{};binary", script.choose(&known).to_lowercase()),
            _ => script.choose(&known).to_lowercase(),
        };
        entry.entry(name).or_default().push(script.octets().to_vec());
    }
    if let Ok((lease, odd)) = ldap::lease_of(&entry, &names) {
        sound(&lease);
        assert!(odd.len() <= known.len());
    }
}

fn settings(octets: &[u8]) {
    let Ok(settings) = serde_json::from_slice::<Settings>(octets) else { return };
    let again = serde_json::to_vec(&settings).unwrap();
    assert_eq!(serde_json::from_slice::<Settings>(&again).unwrap(), settings);
}

/// What is sent to the server and kept there is what was read.
fn sound(lease: &Lease) {
    for name in [&lease.host_name, &lease.domain].into_iter().flatten() {
        let read = written(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.map(|read| read.full()).as_ref(), Some(name));
    }
    assert!(lease.client_id.as_ref().is_none_or(|id| id.len() <= 800), "{lease:?}");
    let sent = serde_json::to_vec(lease).unwrap();
    assert_eq!(&serde_json::from_slice::<Lease>(&sent).unwrap(), lease);
}

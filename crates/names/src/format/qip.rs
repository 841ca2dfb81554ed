//! Exports of VitalQIP: objects as a delimited table with a heading, or as `Keyword=value` lines with an
//! empty line between objects, the form in which its command line prints and takes object profiles.

use super::table::{self, Aliases, Known, Part, Reading};
use super::text;
use crate::lease::{Gathered, LeaseState, Parsed};

const COLUMNS: Aliases = &[
    ("objectaddress", Part::Ip),
    ("objectaddr", Part::Ip),
    ("objaddr", Part::Ip),
    ("ipaddress", Part::Ip),
    ("ipaddr", Part::Ip),
    ("address", Part::Ip),
    ("macaddress", Part::Mac),
    ("macaddr", Part::Mac),
    ("hardwareaddress", Part::Mac),
    ("mac", Part::Mac),
    ("clientid", Part::ClientId),
    ("duid", Part::ClientId),
    ("objectname", Part::HostName),
    ("objname", Part::HostName),
    ("hostname", Part::HostName),
    ("name", Part::HostName),
    ("domainname", Part::Domain),
    ("domain", Part::Domain),
    ("leasestart", Part::Starts),
    ("leasegranted", Part::Starts),
    ("leaseexpiration", Part::Ends),
    ("leaseexpires", Part::Ends),
    ("expirationdate", Part::Ends),
    ("leasestate", Part::State),
    ("leasestatus", Part::State),
    ("status", Part::State),
];

const KNOWN: Known = Known { columns: COLUMNS, state };

/// Reads exports, the oldest first.
pub fn parse(files: &[&[u8]], reading: &Reading) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        let text = text::decode(file);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let is_keyed = first
            .split_once('=')
            .is_some_and(|(key, _)| KNOWN.part_of(key, reading).is_some() || !key.contains([',', ';', '\t']));
        before += match is_keyed {
            true => profiles(&text, before, reading, &mut gathered),
            false => table::read(&text, before, KNOWN, reading, &mut gathered),
        };
    }
    gathered.finish()
}

fn profiles(text: &str, before: u64, reading: &Reading, gathered: &mut Gathered) -> u64 {
    let mut lines = 0;
    let mut began = before + 1;
    let mut cells: Vec<(Part, &str)> = Vec::new();
    let mut any = false;
    // One more empty line than the file has ends the last object.
    for (line, row) in (before + 1..).zip(text.lines().chain([""])) {
        lines += 1;
        if !row.trim().is_empty() {
            if !any {
                began = line;
            }
            any = true;
            if let Some((key, value)) = row.split_once('=')
                && let Some(part) = KNOWN.part_of(key, reading)
            {
                cells.push((part, value.trim().trim_matches('"')));
            }
            continue;
        }
        if std::mem::take(&mut any) {
            match table::lease_of(&cells, KNOWN, &reading.zone) {
                Ok((lease, odd)) => {
                    odd.into_iter().for_each(|reason| gathered.drop_row(began, reason));
                    gathered.put(lease);
                }
                Err(reason) => gathered.drop_row(began, reason),
            }
            cells.clear();
        }
    }
    lines
}

/// States of leases and of objects: a static object is its owner's for good.
fn state(word: &str) -> Option<LeaseState> {
    Some(match word.to_lowercase().as_str() {
        "active" | "leased" | "used" | "dynamic" | "d-dhcp" | "a-dhcp" => LeaseState::Active,
        "static" | "reserved" | "m-dhcp" => LeaseState::Reserved,
        "expired" => LeaseState::Expired,
        "released" => LeaseState::Released,
        "offered" => LeaseState::Offered,
        "declined" | "abandoned" => LeaseState::Declined,
        "free" | "unused" | "available" => LeaseState::Free,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: NAC-05
    #[test]
    fn tables_and_profiles() {
        let table = "Object Address,Object Name,Domain Name,MAC Address,Status\n10.0.0.17,pc17,example.net,001b213a4f5e,Dynamic\n10.0.0.300,x,,,\n";
        let profiles = "ObjectAddress=10.0.0.18\nObjectName=printer\nDomainName=example.net\nMACAddress=00:1b:21:3a:4f:5f\nObjectClass=Printer\n\nObjectName=lonely\n\nObjectAddress=10.0.0.19\nObjectName=pc19\n";
        let parsed = parse(&[table.as_bytes(), profiles.as_bytes()], &Reading::default());
        let rows: Vec<_> = parsed
            .leases
            .iter()
            .map(|lease| (lease.ip.to_string(), lease.host_name.clone().unwrap(), lease.domain.clone()))
            .collect();
        let domain = Some("example.net".to_owned());
        assert_eq!(
            rows,
            [
                ("10.0.0.17".to_owned(), "pc17".to_owned(), domain.clone()),
                ("10.0.0.18".to_owned(), "printer".to_owned(), domain),
                ("10.0.0.19".to_owned(), "pc19".to_owned(), None),
            ]
        );
        assert_eq!(parsed.leases[0].mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 10]);
    }

    #[test]
    fn keywords_that_the_source_tells_are_the_only_ones() {
        let told = [(Part::Ip, "Addr V4"), (Part::HostName, "Label")];
        let columns = told.map(|(part, heading)| (part, heading.to_owned())).into_iter().collect();
        let reading = Reading::new(jiff::tz::TimeZone::UTC, columns).unwrap();
        let parsed = parse(&[b"AddrV4=10.0.0.18\nLabel=printer\nObjectName=other\nStatus=odd\n"], &reading);
        assert_eq!((parsed.leases.len(), parsed.dropped.len()), (1, 0));
        assert_eq!(parsed.leases[0].host_name.as_deref(), Some("printer"));
    }
}

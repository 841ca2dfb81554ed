//! Exports of haneWIN's DHCP server. Its manual shows the list of clients and its export as a text file
//! without fixing the columns, so both are taken: a table with a heading, under the names that the
//! program's window has in English and German, and a table without one, whose cells are known by what
//! they look like.

use jiff::tz::TimeZone;

use super::table::{self, Aliases, Part};
use crate::lease::{LeaseState, Parsed};

const COLUMNS: Aliases = &[
    ("ipaddress", Part::Ip),
    ("ipadresse", Part::Ip),
    ("ip", Part::Ip),
    ("address", Part::Ip),
    ("hardwareaddress", Part::Mac),
    ("hardwareadresse", Part::Mac),
    ("macaddress", Part::Mac),
    ("mac", Part::Mac),
    ("clientidentifier", Part::ClientId),
    ("identifier", Part::ClientId),
    ("hostname", Part::Name),
    ("name", Part::Name),
    ("rechnername", Part::Name),
    ("domain", Part::Domain),
    ("domainname", Part::Domain),
    ("leaseend", Part::Ends),
    ("leaseexpires", Part::Ends),
    ("expires", Part::Ends),
    ("ablauf", Part::Ends),
    ("leasestart", Part::Starts),
    ("state", Part::State),
    ("status", Part::State),
];

/// Reads exports, the oldest first.
pub fn parse(files: &[&[u8]], zone: &TimeZone) -> Parsed {
    table::read_all(files, COLUMNS, zone, state)
}

fn state(word: &str) -> Option<LeaseState> {
    Some(match word.to_lowercase().as_str() {
        "active" | "aktiv" | "leased" | "dynamic" | "dynamisch" | "bound" => LeaseState::Active,
        "static" | "statisch" | "fixed" | "reserved" | "fest" => LeaseState::Reserved,
        "expired" | "abgelaufen" | "inactive" | "inaktiv" => LeaseState::Expired,
        "released" | "freigegeben" => LeaseState::Released,
        "offered" => LeaseState::Offered,
        "declined" => LeaseState::Declined,
        "free" | "frei" => LeaseState::Free,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_a_heading() {
        let headed = "IP Address\tHardware Address\tName\tState\tLease end\n10.0.0.17\t00:1b:21:3a:4f:5e\tpc17\tdynamic\t22.11.2026 14:05\n10.0.0.18\t00:1b:21:3a:4f:5f\tprinter\tstatic\t\n";
        let bare =
            "00-1B-21-3A-4F-60;10.0.0.19;pc19.example.net;255.255.255.0\n00-1B-21-3A-4F-61;nowhere;x\n";
        let parsed = parse(&[headed.as_bytes(), bare.as_bytes()], &TimeZone::UTC);
        let rows: Vec<_> = parsed
            .leases
            .iter()
            .map(|lease| {
                (lease.ip.to_string(), lease.mac.unwrap().to_string(), lease.host_name.clone().unwrap())
            })
            .collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2], ("10.0.0.19".into(), "00:1b:21:3a:4f:60".into(), "pc19".into()));
        assert_eq!(parsed.leases[1].state, LeaseState::Reserved);
        assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [5]);
    }
}

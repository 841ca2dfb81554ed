//! Exports of haneWIN's DHCP server. Its manual shows the list of clients and its export as a text file
//! without fixing the columns, so both are taken: a table with a heading, under the names that the
//! program's window has in English and German, and a table without one, whose cells are known by what
//! they look like.

use super::table::{self, Aliases, Known, Part, Reading};
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
    ("hostname", Part::HostName),
    ("name", Part::HostName),
    ("rechnername", Part::HostName),
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
pub fn parse(files: &[&[u8]], reading: &Reading) -> Parsed {
    table::read_all(files, Known { columns: COLUMNS, state }, reading)
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

    // proves: NAC-05
    #[test]
    fn with_and_without_a_heading() {
        let headed = "IP Address\tHardware Address\tName\tState\tLease end\n10.0.0.17\t00:1b:21:3a:4f:5e\tpc17\tdynamic\t22.11.2026 14:05\n10.0.0.18\t00:1b:21:3a:4f:5f\tprinter\tstatic\t\n";
        let bare =
            "00-1B-21-3A-4F-60;10.0.0.19;pc19.example.net;255.255.255.0\n00-1B-21-3A-4F-61;nowhere;x\n";
        let parsed = parse(&[headed.as_bytes(), bare.as_bytes()], &Reading::default());
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

    // proves: NAC-05
    #[test]
    fn headings_that_the_source_tells_are_the_only_ones() {
        let told = [(Part::Ip, "Zugewiesen"), (Part::Mac, "Adapter-Nr."), (Part::HostName, "Station")];
        let columns = told.map(|(part, heading)| (part, heading.to_owned())).into_iter().collect();
        let reading = Reading::new(jiff::tz::TimeZone::UTC, columns).unwrap();
        // Another column is called as an address usually is, and the states are words of its own.
        let file = "Address;station;ADAPTER NR;Zugewiesen;Status\n\
                    10.9.9.9;pc17;00-1B-21-3A-4F-5E;10.0.0.17;in Betrieb\n";
        let parsed = parse(&[file.as_bytes()], &reading);
        assert_eq!(parsed.dropped, []);
        let lease = &parsed.leases[0];
        assert_eq!((parsed.leases.len(), lease.ip), (1, "10.0.0.17".parse().unwrap()));
        assert_eq!(lease.mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(lease.host_name.as_deref(), Some("pc17"));
        // No column of that name: nothing is guessed.
        let parsed = parse(&[b"10.0.0.17;00-1B-21-3A-4F-5E;pc17\n".as_slice()], &reading);
        assert_eq!(parsed.leases, []);
        assert_eq!(parsed.dropped[0].to_string(), "line 1: no column is called 'Zugewiesen'");
    }
}

//! Kea's memfile lease files (Kea ARM, "The Memfile backend"): CSV that is only ever appended to.
//!
//! A row replaces earlier rows of its address; a valid lifetime of 0 removes it. Commas inside a value
//! are written as `&#x2c`. Lease file clean-up renames the files, so leases stand in a set of them:
//! `FILE.completed`, or `FILE.2` and `FILE.1`, and `FILE` itself, the last the newest.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;

use crate::lease::{Gathered, Lease, LeaseState, Parsed};

/// A lifetime without end (RFC 2131 section 3.3).
const INFINITE: u64 = 0xffff_ffff;

/// An IPv6 lease of a prefix: no endpoint's address.
const PREFIX_DELEGATION: &str = "2";

/// Which of the two servers wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// kea-dhcp4.
    V4,
    /// kea-dhcp6.
    V6,
}

/// The endings of the files that hold leases beside `FILE`, the oldest first. Where `.completed` is
/// there, clean-up has finished and only it and `FILE` count (`.2` and `.1` are in it).
pub const COMPLETED: &str = ".completed";
/// See [`COMPLETED`].
pub const EARLIER: [&str; 2] = [".2", ".1"];

/// Reads lease files, the oldest first.
pub fn parse(files: &[&[u8]], family: Family) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        let mut columns: Option<Columns> = None;
        let mut lines = 0;
        for (line, octets) in (before + 1..).zip(file.split(|octet| *octet == b'\n')) {
            lines += 1;
            let text = String::from_utf8_lossy(octets);
            let text = text.trim_end_matches('\r');
            if text.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = text.split(',').collect();
            match &columns {
                None => match Columns::of(&cells) {
                    Some(heading) => columns = Some(heading),
                    None => {
                        gathered.drop_row(line, "the heading has no column 'address'");
                        break;
                    }
                },
                Some(columns) => row(columns, &cells, family, line, &mut gathered),
            }
        }
        before += lines;
    }
    gathered.finish()
}

/// Where the columns are: versions of Kea added some and moved none, but the heading says.
struct Columns(Vec<String>);

impl Columns {
    fn of(cells: &[&str]) -> Option<Self> {
        let heading: Vec<String> = cells.iter().map(|cell| cell.trim().to_lowercase()).collect();
        heading.iter().any(|column| column == "address").then_some(Self(heading))
    }

    fn get<'c>(&self, cells: &[&'c str], name: &str) -> &'c str {
        let place = self.0.iter().position(|column| column == name);
        place.and_then(|place| cells.get(place)).copied().unwrap_or("")
    }
}

fn row(columns: &Columns, cells: &[&str], family: Family, line: u64, gathered: &mut Gathered) {
    // Beyond the heading's last column only user contexts with unescaped commas go: they hold no names.
    let needed = columns.0.iter().position(|column| column == "hostname").map_or(1, |at| at + 1);
    if cells.len() < needed {
        return gathered.drop_row(line, format!("{} cells where {needed} are needed", cells.len()));
    }
    let text = columns.get(cells, "address");
    let ip = match (text.trim().parse::<IpAddr>(), family) {
        (Ok(ip @ IpAddr::V4(_)), Family::V4) | (Ok(ip @ IpAddr::V6(_)), Family::V6) => ip,
        _ => {
            let shown: String = text.chars().take(64).collect();
            return gathered.drop_row(line, format!("'{shown}' is no address of this family"));
        }
    };
    if columns.get(cells, "lease_type") == PREFIX_DELEGATION {
        return;
    }
    let number = |name: &str| columns.get(cells, name).trim().parse::<u64>().ok();
    let Some(lifetime) = number("valid_lifetime") else {
        return gathered.drop_row(line, "the valid lifetime is no number");
    };
    if lifetime == 0 {
        return gathered.remove(ip);
    }
    let state = match columns.get(cells, "state").trim() {
        "" | "0" => LeaseState::Active,
        "1" => LeaseState::Declined,
        "2" => LeaseState::Expired,
        "3" => LeaseState::Released,
        // A registered address (RFC 9686) is its client's own choice.
        "4" => LeaseState::Active,
        other => {
            let shown: String = other.chars().take(16).collect();
            return gathered.drop_row(line, format!("'{shown}' is no state of a lease"));
        }
    };
    let mut lease = Lease::new(ip, state);
    let hardware = columns.get(cells, "hwaddr").trim();
    if !hardware.is_empty() {
        match hardware.parse::<Mac>() {
            Ok(mac) => lease.mac = Some(mac),
            Err(error) => gathered.drop_row(line, error.to_string()),
        }
    }
    let client = match family {
        Family::V4 => columns.get(cells, "client_id"),
        Family::V6 => columns.get(cells, "duid"),
    };
    lease.client_id = Some(client.trim().to_lowercase()).filter(|id| !id.is_empty() && id.len() <= 400);
    let expire = number("expire").and_then(|at| i64::try_from(at).ok());
    if let Some(expire) = expire {
        let start = i64::try_from(lifetime).ok().and_then(|lifetime| expire.checked_sub(lifetime));
        lease.starts = start.and_then(|at| Timestamp::from_second(at).ok());
        if lifetime != INFINITE {
            lease.ends = Timestamp::from_second(expire).ok();
        }
    }
    if let Err(reason) = lease.take_name(&unescape(columns.get(cells, "hostname"))) {
        gathered.drop_row(line, reason);
    }
    gathered.put(lease);
}

/// `&#xNN` is the character with that code.
fn unescape(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once("&#x") {
        plain.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                plain.push(char::from(octet));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push_str("&#x");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n";

    #[test]
    fn rows_replace_remove_and_expire() {
        let file = format!(
            "{V4}10.0.0.1,00:1b:21:3a:4f:5e,01:00:1b:21:3a:4f:5e,3600,1795172400,1,0,0,old,0,,0\n\
             10.0.0.2,00:1b:21:3a:4f:5f,,4294967295,6090000000,1,1,1,printer.example.net.,0,,0\n\
             10.0.0.1,00:1b:21:3a:4f:5e,01:00:1b:21:3a:4f:5e,3600,1795176000,1,0,0,a&#x2cb,0,{{ \"x\": 1&#x2c \"y\": 2 }},0\n\
             10.0.0.3,00:1b:21:3a:4f:60,,3600,1795176000,1,0,0,gone,0,,0\n\
             10.0.0.3,00:1b:21:3a:4f:60,,0,1795176000,1,0,0,gone,0,,0\n\
             10.0.0.4,,,86400,1795176000,1,0,0,,1,,0\n\
             10.0.0.5,00:1b:21:3a:4f:61,,3600,1795176000,1,0,0,x,2,,0\n\
             10.0.0.6,00:1b:21:3a:4f:62,,abc,1795176000,1,0,0,x,0,,0\n\
             2001:db8::1,00:1b:21:3a:4f:62,,3600,1795176000,1,0,0,x,0,,0\n\
             10.0.0.7,00:1b:21"
        );
        let parsed = parse(&[file.as_bytes()], Family::V4);
        let names: Vec<_> = parsed
            .leases
            .iter()
            .map(|lease| (lease.ip.to_string(), lease.host_name.clone().unwrap_or_default(), lease.state))
            .collect();
        let expected = [
            ("10.0.0.1", "a,b", LeaseState::Active),
            ("10.0.0.2", "printer", LeaseState::Active),
            ("10.0.0.4", "", LeaseState::Declined),
            ("10.0.0.5", "x", LeaseState::Expired),
        ];
        assert_eq!(names, expected.map(|(ip, name, state)| (ip.to_owned(), name.to_owned(), state)));
        assert_eq!(parsed.leases[0].starts, Timestamp::from_second(1_795_172_400).ok());
        assert_eq!(parsed.leases[1].ends, None);
        assert_eq!(parsed.leases[1].domain.as_deref(), Some("example.net"));
        assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [9, 10, 11]);
    }

    #[test]
    fn the_set_of_files_is_read_in_order_and_older_headings_too() {
        let old = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname\n\
                   10.0.0.1,00:1b:21:3a:4f:5e,,3600,1795172400,1,0,0,first\n10.0.0.2,00:1b:21:3a:4f:5f,,3600,1795172400,1,0,0,kept\n";
        let new = format!("{V4}10.0.0.1,00:1b:21:3a:4f:5e,,3600,1795176000,1,0,0,second,0,,0\n");
        let parsed = parse(&[old.as_bytes(), new.as_bytes()], Family::V4);
        let names: Vec<_> = parsed.leases.iter().filter_map(|lease| lease.host_name.as_deref()).collect();
        assert_eq!(names, ["second", "kept"]);
    }

    #[test]
    fn version_six_has_duids_and_no_prefixes() {
        let file = "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n\
            2001:db8::17,00:01:00:01:2F:D2:00:00:00:1b:21:3a:4f:5e,4000,1795176000,1,3000,0,7,128,1,1,pc6.example.net.,00:1b:21:3a:4f:5e,0,,1,2,0\n\
            2001:db8:1::,00:01,4000,1795176000,1,3000,2,7,56,0,0,,,0,,,,0\n";
        let parsed = parse(&[file.as_bytes()], Family::V6);
        assert_eq!((parsed.leases.len(), parsed.dropped.len()), (1, 0));
        let lease = &parsed.leases[0];
        assert_eq!(lease.client_id.as_deref(), Some("00:01:00:01:2f:d2:00:00:00:1b:21:3a:4f:5e"));
        assert_eq!(lease.mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(lease.host_name.as_deref(), Some("pc6"));
    }
}

//! What `netsh dhcp server \\SERVER scope SCOPE show clients 1` prints, and the reservations of a
//! `dump`: one client a line, `IP - mask - unique id - end of lease -type- name`.

use std::net::IpAddr;

use jiff::tz::TimeZone;
use netwarden_model::Mac;

use super::{hex, text, time};
use crate::lease::{Gathered, Lease, LeaseState, Parsed};

/// Reads listings, the oldest first. Lines around the table (headings, counts, results) are no rows.
pub fn parse(files: &[&[u8]], zone: &TimeZone) -> Parsed {
    let mut gathered = Gathered::default();
    let mut before = 0;
    for file in files {
        let text = text::decode(file);
        let mut lines = 0;
        for (line, row) in (before + 1..).zip(text.lines()) {
            lines += 1;
            let read =
                match row.trim().get(..12).is_some_and(|start| start.eq_ignore_ascii_case("dhcp server ")) {
                    true => reservation(row).transpose(),
                    false => client(row, zone).transpose(),
                };
            match read {
                None => {}
                Some(Ok((lease, odd))) => {
                    odd.into_iter().for_each(|reason| gathered.drop_row(line, reason));
                    gathered.put(lease);
                }
                Some(Err(reason)) => gathered.drop_row(line, reason),
            }
        }
        before += lines;
    }
    gathered.finish()
}

type Row = Result<Option<(Lease, Vec<String>)>, String>;

/// A line that begins with an address is a row.
fn client(row: &str, zone: &TimeZone) -> Row {
    let row = row.trim();
    let (first, rest) = row.split_once([' ', '\t']).unwrap_or((row, ""));
    let Ok(ip) = first.trim_end_matches('-').parse::<IpAddr>() else { return Ok(None) };
    let part = |text: &str| text.trim_start().strip_prefix('-').map(|text| text.trim_start().to_owned());
    let after = part(rest).ok_or("after the address there is no '-'")?;
    let (mask, after) = after.split_once([' ', '-', '\t']).ok_or("after the mask there is nothing")?;
    mask.parse::<IpAddr>().map_err(|_| "the second column is no mask".to_owned())?;
    let after = after.trim_start().trim_start_matches('-').trim_start();
    // The identifier's own hyphens have no blanks around them.
    let (id, after) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
    let mut lease = Lease::new(ip, LeaseState::Active);
    identify(&mut lease, id.trim_end_matches('-'));
    let after = after.trim_start().trim_start_matches('-').trim_start();
    let (ends, name) = kind_in(after).ok_or("the row has no type of client (-D- and the like)")?;
    let upper = ends.to_ascii_uppercase();
    if upper.contains("INACTIVE") {
        lease.state = LeaseState::Reserved;
    } else if !upper.contains("NEVER") {
        lease.ends = time::read(ends, zone);
    }
    let odd = lease.take_name(name).err().into_iter().collect();
    Ok(Some((lease, odd)))
}

/// Splits at the type: `-D-`, `-D -`, `-U` and the like (DHCP, BOOTP, unspecified, RAS, none).
fn kind_in(text: &str) -> Option<(&str, &str)> {
    for (at, _) in text.match_indices('-') {
        let mut rest = text.get(at + 1..)?.chars();
        let kind = rest.next().map(|kind| kind.to_ascii_uppercase());
        if !matches!(kind, Some('D' | 'B' | 'U' | 'R' | 'N')) {
            continue;
        }
        let rest = rest.as_str();
        if rest.is_empty() || rest.starts_with(['-', ' ', '\t']) {
            let name = rest.trim_start().trim_start_matches('-').trim();
            return Some((text.get(..at)?.trim().trim_end_matches('-').trim_end(), name));
        }
    }
    None
}

/// `Dhcp Server \\srv Scope 10.0.0.0 Add reservedip 10.0.0.5 001b213a4f5e "name" "note" "BOTH"`.
fn reservation(row: &str) -> Row {
    let words: Vec<&str> = row.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| word.eq_ignore_ascii_case("reservedip")) else {
        return Ok(None);
    };
    let ip = words.get(at + 1).copied().unwrap_or_default();
    let ip = ip.parse().map_err(|_| "the reservation has no address".to_owned())?;
    let mut lease = Lease::new(ip, LeaseState::Reserved);
    identify(&mut lease, words.get(at + 2).copied().unwrap_or_default());
    let name = row.split('"').nth(1).unwrap_or_default();
    let odd = lease.take_name(name).err().into_iter().collect();
    Ok(Some((lease, odd)))
}

fn identify(lease: &mut Lease, id: &str) {
    match id.parse::<Mac>() {
        Ok(mac) => lease.mac = Some(mac),
        Err(_) => {
            let digits: Vec<u8> = id.bytes().filter(u8::is_ascii_hexdigit).take(400).collect();
            let octets = digits
                .chunks_exact(2)
                .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            lease.client_id = hex(&octets.collect::<Vec<u8>>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = r#"
Changed the current scope context to 10.0.0.0 scope.

Type : N - NONE, D - DHCP B - BOOTP, U - UNSPECIFIED, R - RESERVATION IP
============================================================================================
IP Address      - Subnet Mask    - Unique ID           - Lease Expires        -Type -Name
============================================================================================

10.0.0.17       - 255.255.255.0  - 00-1b-21-3a-4f-5e   -11/22/2026 2:05:00 PM    -D-  pc17.example.net
10.0.0.18       - 255.255.255.0  - 00-1b-21-3a-4f-5f   - NEVER EXPIRES        -D-  printer
10.0.0.19       - 255.255.255.0  -00-1b-21-3a-4f-60-   - INACTIVE             -D-  kept-for-anna
10.0.0.20       - 255.255.255.0  - 52-41-53-20-d0-fe-1a-77-01-00-00-00 - 22.11.2026 14:05:00 -D-  RAS-client
10.0.0.21       - 255.255.255.0  - 00-1b-21-3a-4f-61   -11/22/2026 2:05:00 PM    -U
10.0.0.22       - 255.255.255.0
10.0.0.23 x

No of Clients(version 4): 7 in the Scope : 10.0.0.0.

Command completed successfully.
Dhcp Server \\dc1.example.net Scope 10.0.0.0 Add reservedip 10.0.0.30 001b213a4f70 "camera-3.example.net" "hall" "BOTH"
Dhcp Server \\dc1.example.net Scope 10.0.0.0 set state 1
"#;

    #[test]
    fn rows_of_the_listing_and_of_a_dump() {
        let parsed = parse(&[LISTING.as_bytes()], &TimeZone::UTC);
        let rows: Vec<String> = parsed
            .leases
            .iter()
            .map(|lease| {
                let mac = lease.mac.map(|mac| mac.to_string()).unwrap_or_default();
                format!(
                    "{} {mac} {} {}",
                    lease.ip,
                    lease.host_name.clone().unwrap_or_default(),
                    lease.state.as_str()
                )
            })
            .collect();
        assert_eq!(
            rows,
            [
                "10.0.0.17 00:1b:21:3a:4f:5e pc17 active",
                "10.0.0.18 00:1b:21:3a:4f:5f printer active",
                "10.0.0.19 00:1b:21:3a:4f:60 kept-for-anna reserved",
                "10.0.0.20  RAS-client active",
                "10.0.0.21 00:1b:21:3a:4f:61  active",
                "10.0.0.30 00:1b:21:3a:4f:70 camera-3 reserved",
            ]
        );
        assert_eq!(parsed.leases[0].ends.map(|at| at.to_string()).as_deref(), Some("2026-11-22T14:05:00Z"));
        assert_eq!(parsed.leases[1].ends, None);
        assert_eq!(parsed.dropped.iter().map(|row| row.line).collect::<Vec<_>>(), [14, 15]);
    }
}

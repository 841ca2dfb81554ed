//! Leases that a directory keeps: objects of class `dhcpLeases` (draft-ietf-dhc-ldap-schema, whose OIDs
//! are Novell's, as Open Enterprise Server stores them), or others under attribute names that the source
//! names. NDS keeps addresses as numbers and octets; all of these forms are read.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netwarden_model::Mac;

use super::{hex, time};
use crate::lease::{Lease, LeaseState};
use crate::source::LdapAttributes;

/// An entry: attribute names in lower case, their values as octets.
pub type Entry = BTreeMap<String, Vec<Vec<u8>>>;

/// The lease that an entry holds, and what of it could not be read.
///
/// # Errors
/// Where it holds none: one sentence.
pub fn lease_of(entry: &Entry, names: &LdapAttributes) -> Result<(Lease, Vec<String>), String> {
    let value = |name: &str| {
        // Attribute descriptions carry options (RFC 4512 section 2.5): `cn;binary`.
        let name = name.to_lowercase();
        entry
            .iter()
            .find(|(key, _)| key.split(';').next() == Some(&name))
            .and_then(|(_, values)| values.first())
    };
    let text = |name: &str| value(name).map(|value| String::from_utf8_lossy(value).trim().to_owned());
    let ip = value(&names.ip).ok_or_else(|| format!("the entry has no '{}'", names.ip))?;
    let ip = address(ip).ok_or_else(|| format!("'{}' holds no address", names.ip))?;
    let mut odd = Vec::new();
    let state = match text(&names.state).as_deref() {
        None => LeaseState::Active,
        Some(word) => state(word).unwrap_or_else(|| {
            odd.push(format!("'{}' is no state of a lease", word.chars().take(32).collect::<String>()));
            LeaseState::Active
        }),
    };
    let mut lease = Lease::new(ip, state);
    if let Some(octets) = value(&names.mac) {
        match hardware(octets) {
            Some(mac) => lease.mac = Some(mac),
            None => odd.push(format!("'{}' holds no Ethernet address", names.mac)),
        }
    }
    lease.client_id = value(&names.client_id).filter(|id| id.len() <= 128).and_then(|id| hex(id));
    for name in &names.host_name {
        if lease.host_name.is_none()
            && let Some(name) = text(name)
            && let Err(reason) = lease.take_name(&name)
        {
            odd.push(reason);
        }
    }
    if let Some(domain) = text(&names.domain) {
        match crate::name::written(&domain) {
            Ok(domain) => lease.domain = domain.map(|domain| domain.full()).or(lease.domain),
            Err(reason) => odd.push(reason),
        }
    }
    let at = |name: &str| {
        let text = text(name)?;
        // NDS keeps times as seconds since 1970.
        let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds > 0);
        seconds
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .or_else(|| time::read(&text, &TimeZone::UTC))
    };
    lease.starts = at(&names.starts);
    lease.ends = at(&names.ends);
    Ok((lease, odd))
}

/// Text, a 32-bit number in decimal, or 4 or 16 octets.
fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(text) = std::str::from_utf8(octets) {
        let text = text.trim();
        if let Ok(ip) = text.parse() {
            return Some(ip);
        }
        if let Ok(number) = text.parse::<i64>() {
            // A signed INTEGER of LDAP holds the upper half of the addresses as negative numbers.
            let bits =
                u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))?;
            return Some(Ipv4Addr::from_bits(bits).into());
        }
    }
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

/// `ethernet 00:1b:...`, text in any spelling, 6 octets, or 7 with the hardware type 1 in front
/// (RFC 2131 htype).
fn hardware(octets: &[u8]) -> Option<Mac> {
    if let Ok(text) = std::str::from_utf8(octets) {
        let text = text.trim();
        let bare = text.rsplit_once(' ').map_or(text, |(_, mac)| mac);
        if let Ok(mac) = bare.parse() {
            return Some(mac);
        }
    }
    match octets {
        [1, rest @ ..] if rest.len() == 6 => Mac::from_slice(rest),
        octets if octets.len() == 6 => Mac::from_slice(octets),
        _ => None,
    }
}

fn state(word: &str) -> Option<LeaseState> {
    Some(match word.to_lowercase().as_str() {
        "active" | "assigned" | "dynamic" | "1" => LeaseState::Active,
        "reserved" | "manual" | "static" => LeaseState::Reserved,
        "expired" => LeaseState::Expired,
        "released" => LeaseState::Released,
        "declined" | "abandoned" => LeaseState::Declined,
        "free" | "backup" | "reset" | "unassigned" => LeaseState::Free,
        "offered" => LeaseState::Offered,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pairs: &[(&str, &[u8])]) -> Entry {
        pairs.iter().map(|(name, value)| (name.to_lowercase(), vec![value.to_vec()])).collect()
    }

    #[test]
    fn dhcp_leases_objects() {
        let entry = entry(&[
            ("cn", b"10.0.0.17"),
            ("dhcpAddressState", b"ACTIVE"),
            ("dhcpHWAddress", b"ethernet 00:1b:21:3a:4f:5e"),
            ("dhcpAssignedHostName", b"pc17"),
            ("dhcpDomainName", b"example.net"),
            ("dhcpStartTimeOfState", b"20261122100000Z"),
            ("dhcpExpirationTime", b"20261122140500Z"),
        ]);
        let (lease, odd) = lease_of(&entry, &LdapAttributes::default()).unwrap();
        assert_eq!(odd, Vec::<String>::new());
        assert_eq!(lease.ip.to_string(), "10.0.0.17");
        assert_eq!(lease.mac, "00:1b:21:3a:4f:5e".parse().ok());
        assert_eq!(
            (lease.host_name.as_deref(), lease.domain.as_deref()),
            (Some("pc17"), Some("example.net"))
        );
        assert_eq!(lease.ends.map(|at| at.to_string()).as_deref(), Some("2026-11-22T14:05:00Z"));
    }

    #[test]
    fn numbers_and_octets_as_nds_keeps_them() {
        let names = LdapAttributes {
            ip: "ipNumber".into(),
            mac: "macAddress".into(),
            host_name: vec!["hostName".into()],
            ends: "leaseExpiration".into(),
            ..LdapAttributes::default()
        };
        let cases: [(&[u8], &[u8]); 4] = [
            (b"167772177", b"\x01\x00\x1b\x21\x3a\x4f\x5e"),
            (b"-1062731759", b"\x00\x1b\x21\x3a\x4f\x5e"),
            (b"\x0a\x00\x00\x11", b"001b213a4f5e"),
            (b"2001:db8::11", b"00-1b-21-3a-4f-5e"),
        ];
        let ips = ["10.0.0.17", "192.168.0.17", "10.0.0.17", "2001:db8::11"];
        for ((ip, mac), expected) in cases.into_iter().zip(ips) {
            let entry = entry(&[
                ("ipNumber", ip),
                ("macAddress", mac),
                ("hostName;lang-de", b"pc17"),
                ("leaseExpiration", b"1795356300"),
            ]);
            let (lease, odd) = lease_of(&entry, &names).unwrap();
            assert_eq!((lease.ip.to_string().as_str(), odd.len()), (expected, 0));
            assert_eq!(lease.mac, "00:1b:21:3a:4f:5e".parse().ok());
            assert_eq!(lease.host_name.as_deref(), Some("pc17"));
            assert_eq!(lease.ends, Timestamp::from_second(1_795_356_300).ok());
        }
    }

    #[test]
    fn what_is_none_is_told() {
        let names = LdapAttributes::default();
        assert!(lease_of(&entry(&[("objectClass", b"top")]), &names).unwrap_err().contains("'cn'"));
        assert!(lease_of(&entry(&[("cn", b"config")]), &names).is_err());
        let (_, odd) =
            lease_of(&entry(&[("cn", b"10.0.0.1"), ("dhcpHWAddress", b"token-ring x")]), &names).unwrap();
        assert_eq!(odd.len(), 1);
    }
}

//! Finding elements: the addresses of a subnet, the neighbours of known elements, the credentials
//! that work. What is found is proposed; accepting it is a person's step.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use netwarden_model::reading::{Neighbour, System};
use netwarden_model::{Mac, Reading};
use netwarden_reach::{Snmp, SnmpError};

use crate::convention::is_host_address;
use crate::mib::system;

/// The most addresses that one sweep tries; a /20.
pub const SWEEP_LIMIT: usize = 4096;

/// A subnet in CIDR notation (RFC 4632, RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    address: IpAddr,
    prefix: u8,
}

/// Why a subnet cannot be swept.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SubnetError {
    /// Not `ADDRESS/PREFIX`.
    #[error("'{0}' is no subnet: it needs an address and a prefix length, as in 192.0.2.0/24")]
    Syntax(String),
    /// More addresses than a sweep may try.
    #[error("{subnet} has {addresses} addresses; a sweep tries at most {limit}")]
    TooLarge {
        /// The subnet.
        subnet: Subnet,
        /// Its addresses, hosts or not; capped at the largest number.
        addresses: u128,
        /// The most that may be tried.
        limit: usize,
    },
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    /// Reads `192.0.2.0/24`, `2001:db8::/120`, and a lone address as itself only.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SubnetError::Syntax(text.to_owned());
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse::<u8>().ok().filter(|p| *p <= width).ok_or_else(wrong)?,
            None => width,
        };
        Ok(Self { address, prefix })
    }
}

impl Subnet {
    /// The host addresses in order: without network and broadcast address in IPv4 subnets larger than
    /// a /31 (RFC 3021), without the subnet-router anycast address in IPv6 ones (RFC 4291 section 2.6.1).
    ///
    /// # Errors
    /// Where there are more than `limit` addresses.
    pub fn hosts(&self, limit: usize) -> Result<Vec<IpAddr>, SubnetError> {
        let width: u32 = if self.address.is_ipv4() { 32 } else { 128 };
        let host_bits = width.saturating_sub(u32::from(self.prefix));
        let count = 1_u128.checked_shl(host_bits).unwrap_or(u128::MAX);
        if count > u128::try_from(limit).unwrap_or(u128::MAX) {
            return Err(SubnetError::TooLarge { subnet: *self, addresses: count, limit });
        }
        let number = match self.address {
            IpAddr::V4(ip) => u128::from(u32::from(ip)),
            IpAddr::V6(ip) => u128::from(ip),
        };
        let network = number & !(count - 1);
        let (first, last) = match (self.address.is_ipv4(), host_bits) {
            (true, 2..) => (network + 1, network + count - 2),
            (false, 1..) => (network + 1, network + (count - 1)),
            _ => (network, network + (count - 1)),
        };
        Ok((first..=last)
            .map(|n| match self.address {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(n).unwrap_or(u32::MAX))),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(n)),
            })
            .collect())
    }
}

/// An element that a known one sees beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Addresses that it announced and that are not known, at least one.
    pub addresses: Vec<IpAddr>,
    /// The name that it announced.
    pub name: Option<String>,
    /// Its chassis id, where that is a MAC.
    pub chassis_mac: Option<Mac>,
    /// What it runs, in its own words.
    pub descr: Option<String>,
}

/// Neighbours that forward frames and are at none of the `known` addresses. Telephones and stations
/// are endpoints, no elements; where an address is missing, the ARP caches of the readings are asked.
pub fn candidates<'r>(
    readings: impl IntoIterator<Item = &'r Reading>,
    known: &BTreeSet<IpAddr>,
) -> Vec<Candidate> {
    let readings: Vec<&Reading> = readings.into_iter().collect();
    let mut by_mac: BTreeMap<Mac, BTreeSet<IpAddr>> = BTreeMap::new();
    for pairing in readings.iter().flat_map(|reading| &reading.arp) {
        by_mac.entry(pairing.mac).or_default().insert(pairing.ip);
    }
    let mut found: BTreeMap<(Option<Mac>, BTreeSet<IpAddr>), Candidate> = BTreeMap::new();
    for neighbour in readings.iter().flat_map(|reading| &reading.neighbours) {
        if !may_be_element(neighbour) {
            continue;
        }
        let mut addresses: BTreeSet<IpAddr> =
            neighbour.addresses.iter().copied().filter(|ip| is_host_address(*ip)).collect();
        if addresses.is_empty()
            && let Some(ips) = neighbour.chassis_mac.and_then(|mac| by_mac.get(&mac))
        {
            addresses.extend(ips);
        }
        // known at one address is known: its others are no other element
        if addresses.is_empty() || addresses.iter().any(|ip| known.contains(ip)) {
            continue;
        }
        found.entry((neighbour.chassis_mac, addresses.clone())).or_insert_with(|| Candidate {
            addresses: addresses.into_iter().collect(),
            name: neighbour.system_name.clone(),
            chassis_mac: neighbour.chassis_mac,
            descr: neighbour.system_descr.clone().or_else(|| neighbour.platform.clone()),
        });
    }
    found.into_values().collect()
}

fn may_be_element(neighbour: &Neighbour) -> bool {
    let has = |word: &str| neighbour.capabilities.iter().any(|c| c == word);
    // a telephone announces its built-in switch as a bridge
    if has("telephone") {
        return false;
    }
    neighbour.forwards() || has("wlan_ap") || neighbour.capabilities.is_empty()
}

/// Credentials that an element answered to.
#[derive(Debug)]
pub struct Answered<S> {
    /// Their place in the list that was tried.
    pub set: usize,
    /// The session that answered.
    pub session: S,
    /// What it said of itself.
    pub system: System,
}

/// Tries credential sets in order against one element and stops at the first that it answers to.
/// `open` makes a session from one set.
///
/// # Errors
/// Where none was answered: why, for each set in order.
pub async fn try_credentials<K, S, Fut>(
    sets: impl IntoIterator<Item = K>,
    open: impl Fn(K) -> Fut,
) -> Result<Answered<S>, Vec<SnmpError>>
where
    S: Snmp,
    Fut: Future<Output = Result<S, SnmpError>>,
{
    let mut failures = Vec::new();
    for (set, credentials) in sets.into_iter().enumerate() {
        let session = match open(credentials).await {
            Ok(session) => session,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        match session.get(&system::oids()).await {
            Ok(scalars) => {
                // an answer of nothing but exceptions is an answer: the credentials are right
                let system = system::decode(&scalars).map(|(system, _)| system).unwrap_or_default();
                return Ok(Answered { set, session, system });
            }
            Err(error) => failures.push(error),
        }
    }
    Err(failures)
}

#[cfg(test)]
mod tests {
    use netwarden_model::reading::{ArpEntry, NeighbourProtocol};

    use super::*;

    #[test]
    fn subnets_list_their_hosts() {
        let hosts = |text: &str| text.parse::<Subnet>().unwrap().hosts(SWEEP_LIMIT);
        let list = |text: &str| hosts(text).unwrap().iter().map(IpAddr::to_string).collect::<Vec<_>>();
        assert_eq!(list("192.0.2.9/30"), ["192.0.2.9", "192.0.2.10"]);
        assert_eq!(list("192.0.2.8/31"), ["192.0.2.8", "192.0.2.9"]);
        assert_eq!(list("192.0.2.8"), ["192.0.2.8"]);
        assert_eq!(list("255.255.255.252/30"), ["255.255.255.253", "255.255.255.254"]);
        assert_eq!(list("2001:db8::/127"), ["2001:db8::1"]);
        assert_eq!(hosts("10.0.0.0/20").unwrap().len(), 4094);
        for text in ["10.0.0.0/19", "0.0.0.0/0", "::/0", "2001:db8::/64"] {
            assert!(matches!(hosts(text), Err(SubnetError::TooLarge { .. })), "{text}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0/24", "10.0.0.0/-1", "10.0.0.0/24/1", "switch"] {
            assert!(matches!(text.parse::<Subnet>(), Err(SubnetError::Syntax(_))), "{text}");
        }
    }

    fn neighbour(name: &str, capabilities: &[&str], addresses: &[[u8; 4]]) -> Neighbour {
        Neighbour {
            if_index: None,
            if_name: None,
            protocol: NeighbourProtocol::Lldp,
            chassis_id: None,
            chassis_mac: None,
            port_id: None,
            port_descr: None,
            system_name: Some(name.to_owned()),
            system_descr: None,
            platform: None,
            addresses: addresses.iter().map(|a| IpAddr::from(*a)).collect(),
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
        }
    }

    #[test]
    fn switches_beside_known_ones_are_candidates_and_telephones_are_not() {
        let mac: Mac = "02:00:00:00:00:07".parse().unwrap();
        let mut by_arp = neighbour("by-arp", &["bridge"], &[]);
        by_arp.chassis_mac = Some(mac);
        let reading = Reading {
            neighbours: vec![
                neighbour("new", &["bridge"], &[[192, 0, 2, 2]]),
                neighbour("new", &["bridge"], &[[192, 0, 2, 2]]),
                neighbour("known", &["bridge"], &[[192, 0, 2, 3], [192, 0, 2, 4]]),
                neighbour("phone", &["bridge", "telephone"], &[[192, 0, 2, 5]]),
                neighbour("pc", &["station"], &[[192, 0, 2, 6]]),
                neighbour("mute", &[], &[[0, 0, 0, 0]]),
                by_arp,
            ],
            arp: vec![ArpEntry { ip: IpAddr::from([192, 0, 2, 7]), mac, if_index: None, if_name: None }],
            ..Reading::default()
        };
        let known = [IpAddr::from([192, 0, 2, 4])].into();
        let names: Vec<_> = candidates([&reading], &known).into_iter().filter_map(|c| c.name).collect();
        assert_eq!(names, ["new", "by-arp"]);
    }
}

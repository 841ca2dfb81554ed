//! What every source of DHCP host names is reduced to.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;
use serde::{Deserialize, Serialize};

/// The state of an address, as far as it matters for names. Failover's `backup` and `free` are both
/// addresses that nobody has (ISC dhcpd, dhcpd.leases(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseState {
    /// The client has it.
    Active,
    /// It is kept for the client, whether or not it has it now.
    Reserved,
    /// It was offered and not taken yet.
    Offered,
    /// The client had it and did not renew.
    Expired,
    /// The client gave it back.
    Released,
    /// Somebody else was found to use it.
    Declined,
    /// Nobody has it.
    Free,
}

impl LeaseState {
    /// Every state.
    pub const ALL: [LeaseState; 7] = [
        LeaseState::Active,
        LeaseState::Reserved,
        LeaseState::Offered,
        LeaseState::Expired,
        LeaseState::Released,
        LeaseState::Declined,
        LeaseState::Free,
    ];

    /// The word used in interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            LeaseState::Active => "active",
            LeaseState::Reserved => "reserved",
            LeaseState::Offered => "offered",
            LeaseState::Expired => "expired",
            LeaseState::Released => "released",
            LeaseState::Declined => "declined",
            LeaseState::Free => "free",
        }
    }

    /// The client's name belongs to the client while it has the address, and afterwards to nobody else.
    pub const fn names_its_client(self) -> bool {
        !matches!(self, LeaseState::Declined | LeaseState::Free)
    }
}

impl std::str::FromStr for LeaseState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("'{text}' is no state of a lease"))
    }
}

/// One address and its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The address.
    pub ip: IpAddr,
    /// The client's hardware address, where the source tells.
    pub mac: Option<Mac>,
    /// Client identifier (RFC 2132 section 9.14) or DUID (RFC 8415 section 11), hexadecimal.
    pub client_id: Option<String>,
    /// The client's name, its first label only.
    pub host_name: Option<String>,
    /// The domain that stood behind the name or beside it.
    pub domain: Option<String>,
    /// Since when.
    pub starts: Option<Timestamp>,
    /// Until when; None where it has no end or the source does not tell.
    pub ends: Option<Timestamp>,
    /// How it stands.
    pub state: LeaseState,
}

impl Lease {
    /// A lease of which nothing but address and state is known.
    pub const fn new(ip: IpAddr, state: LeaseState) -> Self {
        Self {
            ip,
            mac: None,
            client_id: None,
            host_name: None,
            domain: None,
            starts: None,
            ends: None,
            state,
        }
    }

    /// Takes a host name (`host`) or a domain that has been taken apart already.
    ///
    /// # Errors
    /// Where it cannot be used, as [`crate::written`] says.
    pub fn take_part(&mut self, text: &str, host: bool) -> Result<(), String> {
        let whole = crate::name::written(text)?.map(|written| written.full());
        match host {
            true => self.host_name = whole,
            false => self.domain = whole,
        }
        Ok(())
    }

    /// Takes a name as the source writes it. An unusable one is told as reason, and the lease has none.
    pub(crate) fn take_name(&mut self, text: &str) -> Result<(), String> {
        let written = crate::name::written(text)?;
        if let Some(written) = written {
            self.host_name = Some(written.host);
            if written.domain.is_some() {
                self.domain = written.domain;
            }
        }
        Ok(())
    }
}

/// A row that was left out, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Dropped {
    /// Counted from 1 through all files handed in; entries of directories and web interfaces are counted
    /// likewise.
    pub line: u64,
    /// One clear sentence.
    pub reason: String,
}

/// What was read: good rows, and why others are missing. There is one lease an address, the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// By address.
    pub leases: Vec<Lease>,
    /// In the order of the lines.
    pub dropped: Vec<Dropped>,
}

/// Leases by address as they are read: later ones replace earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    leases: std::collections::BTreeMap<IpAddr, Lease>,
    dropped: Vec<Dropped>,
}

/// Reasons that are kept; more are counted.
const REASONS: usize = 1_000;

impl Gathered {
    pub(crate) fn put(&mut self, lease: Lease) {
        self.leases.insert(lease.ip, lease);
    }

    pub(crate) fn remove(&mut self, ip: IpAddr) {
        self.leases.remove(&ip);
    }

    pub(crate) fn drop_row(&mut self, line: u64, reason: impl Into<String>) {
        if self.dropped.len() < REASONS {
            self.dropped.push(Dropped { line, reason: reason.into() });
        } else if self.dropped.len() == REASONS {
            self.dropped.push(Dropped { line, reason: "this and further rows could not be read".to_owned() });
        }
    }

    pub(crate) fn finish(self) -> Parsed {
        Parsed { leases: self.leases.into_values().collect(), dropped: self.dropped }
    }
}

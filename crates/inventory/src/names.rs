//! Names that DNS and DHCP give to endpoints (NAC-05).
//!
//! They are kept as intervals like every other fact, raise no event and change no access: what a device
//! calls itself proves nothing.

use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_model::Mac;

use crate::changes::Changes;
use crate::network::Network;
use crate::plan::Draft;

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// From DNS, by look-up or zone transfer.
    Dns,
    /// Host name of a DHCP lease.
    Dhcp,
}

impl NameKind {
    /// The word used in interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            NameKind::Dns => "dns",
            NameKind::Dhcp => "dhcp",
        }
    }
}

/// A name that a source tells of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFact {
    /// The endpoint.
    pub mac: Mac,
    /// Which of its names.
    pub kind: NameKind,
    /// The name; None where it has none any more.
    pub name: Option<String>,
    /// Name of the source.
    pub source: String,
    /// The address by which it is named.
    pub ip: Option<IpAddr>,
}

/// A name's interval that begins, or only ends (`fact.name` None).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// What begins.
    pub fact: NameFact,
    /// When; the interval before ends then.
    pub at: Timestamp,
}

impl Network {
    /// What these names change. An address that is no known endpoint's changes nothing: a lease puts no
    /// device on the list.
    pub fn plan_names(&self, facts: &[NameFact], now: Timestamp) -> Changes {
        let mut draft = Draft::new(self, now);
        for fact in facts {
            let Some(known) = draft.endpoint(fact.mac) else { continue };
            let present = match fact.kind {
                NameKind::Dns => &known.dns_name,
                NameKind::Dhcp => &known.host_name,
            };
            if *present == fact.name {
                continue;
            }
            let endpoint = draft.endpoint_mut(fact.mac);
            match fact.kind {
                NameKind::Dns => endpoint.dns_name.clone_from(&fact.name),
                NameKind::Dhcp => endpoint.host_name.clone_from(&fact.name),
            }
            draft.changes.names.push(NameRow { fact: fact.clone(), at: now });
        }
        draft.finish()
    }
}

//! Who is denied what, although their rights or their address would let them (SEC-10). Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use jiff::Timestamp;
use netwarden_model::{Mac, Plane};

use crate::admission::Addresses;
use crate::operation::{OPERATIONS, ObjectKind, Operation};
use crate::tenant::TenantPath;

/// Entries that are kept at most: each is looked at with every request.
pub const MOST_ENTRIES: usize = 2_000;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A user of the network's or of the tenants' plane.
    User,
    /// Whoever comes from there.
    Address,
    /// The users of a tenant, and of those below it.
    Tenant,
    /// Whoever sends notifications (traps and informs) from there.
    Source,
    /// A device, by its MAC address.
    Device,
}

impl ListedKind {
    /// All of them.
    pub const ALL: [ListedKind; 5] =
        [ListedKind::User, ListedKind::Address, ListedKind::Tenant, ListedKind::Source, ListedKind::Device];

    /// The word used in interfaces and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            ListedKind::User => "user",
            ListedKind::Address => "address",
            ListedKind::Tenant => "tenant",
            ListedKind::Source => "source",
            ListedKind::Device => "device",
        }
    }

    /// The kind of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Who is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// This user.
    User(Plane, String),
    /// Whoever comes from one of these addresses.
    Address(Addresses),
    /// The users of this tenant, and of those below it.
    Tenant(TenantPath),
    /// Notifications from one of these addresses.
    Source(Addresses),
    /// This device.
    Device(Mac),
}

/// What is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// The system as a whole: no session, no token, no page.
    Everything,
    /// Every operation on objects of a kind.
    Object(ObjectKind),
    /// An operation.
    Operation(Operation),
    /// That notifications are heard.
    Notifications,
    /// That a device is in the network.
    Network,
}

const EVERYTHING: &str = "everything";
const NOTIFICATIONS: &str = "notifications";
const NETWORK: &str = "network";

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Everything => EVERYTHING,
            Resource::Object(kind) => kind.as_str(),
            Resource::Operation(operation) => operation.name(),
            Resource::Notifications => NOTIFICATIONS,
            Resource::Network => NETWORK,
        })
    }
}

/// A word that names no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is nothing that can be denied: everything, an object of operations (port) and an operation (port.off) are"
)]
pub struct NoResource(pub String);

impl FromStr for Resource {
    type Err = NoResource;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let object = || OPERATIONS.iter().find(|line| line.object.as_str() == word).map(|line| line.object);
        match word {
            EVERYTHING => Ok(Resource::Everything),
            NOTIFICATIONS => Ok(Resource::Notifications),
            NETWORK => Ok(Resource::Network),
            _ => match word.parse::<Operation>() {
                // Signs of life are everybody's.
                Ok(Operation::SystemAlive) => Err(NoResource(word.to_owned())),
                Ok(operation) => Ok(Resource::Operation(operation)),
                Err(_) => {
                    object().map(Resource::Object).ok_or_else(|| NoResource(word.chars().take(64).collect()))
                }
            },
        }
    }
}

/// An entry as decisions read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its row.
    pub id: i64,
    /// Who is listed.
    pub who: Who,
    /// What they are denied.
    pub denies: BTreeSet<Resource>,
    /// It holds until then; None for until somebody takes it away.
    pub ends: Option<Timestamp>,
}

impl Entry {
    fn holds(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}

/// Somebody who may be listed.
#[derive(Debug, Clone, Copy)]
pub struct Comer<'a> {
    /// Their plane. The platform's is never on a list: from there what is wrong with one is mended.
    pub plane: Plane,
    /// Their name; None while that is not known.
    pub name: Option<&'a str>,
    /// Their tenant.
    pub tenant: Option<&'a TenantPath>,
    /// From where they come; None for the local socket, which is never listed.
    pub address: Option<IpAddr>,
}

/// All entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocklist(Vec<Entry>);

impl Blocklist {
    /// Of these entries.
    pub const fn of(entries: Vec<Entry>) -> Self {
        Self(entries)
    }

    /// What somebody is denied at `now`.
    pub fn denied(&self, comer: Comer<'_>, now: Timestamp) -> Denied {
        let mut denied = Denied::default();
        if comer.plane == Plane::Management {
            return denied;
        }
        for entry in self.0.iter().filter(|entry| entry.holds(now)) {
            let is_meant = match &entry.who {
                Who::User(plane, name) => *plane == comer.plane && comer.name == Some(name.as_str()),
                Who::Address(addresses) => comer.address.is_some_and(|address| addresses.contains(address)),
                Who::Tenant(tenant) => comer.tenant.is_some_and(|own| own.is_within(tenant)),
                Who::Source(_) | Who::Device(_) => false,
            };
            if is_meant {
                denied.0.extend(entry.denies.iter().map(|resource| (*resource, entry.id)));
            }
        }
        denied
    }

    /// The entry that keeps a device out of the network.
    pub fn of_device(&self, device: Mac, now: Timestamp) -> Option<i64> {
        let is_meant = |entry: &&Entry| entry.holds(now) && entry.who == Who::Device(device);
        self.0.iter().find(is_meant).map(|entry| entry.id)
    }

    /// True where notifications from there are not to be heard.
    pub fn is_deaf_to(&self, source: IpAddr, now: Timestamp) -> bool {
        self.0.iter().any(|entry| match &entry.who {
            Who::Source(addresses) => entry.holds(now) && addresses.contains(source),
            _ => false,
        })
    }
}

/// What somebody is denied, and by which entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denied(BTreeSet<(Resource, i64)>);

impl Denied {
    /// The entry that denies everything.
    pub fn everything(&self) -> Option<i64> {
        self.0.iter().find(|(resource, _)| *resource == Resource::Everything).map(|(_, entry)| *entry)
    }

    /// The entry that denies an operation. Nobody is kept from leaving.
    pub fn operation(&self, operation: Operation) -> Option<i64> {
        let is_meant = |resource: &Resource| match resource {
            Resource::Everything => true,
            Resource::Object(kind) => *kind == operation.object(),
            Resource::Operation(one) => *one == operation,
            Resource::Notifications | Resource::Network => false,
        };
        let found = self.0.iter().find(|(resource, _)| is_meant(resource)).map(|(_, entry)| *entry);
        found.filter(|_| operation != Operation::SessionLogout)
    }
}

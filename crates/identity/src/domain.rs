//! Domains: parts of the network, named by what belongs to them (IAM-05). Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use netwarden_model::NeId;
use serde::{Deserialize, Serialize};

use crate::admission::Addresses;

/// Entries of each kind that a domain has at most.
pub const MOST_ENTRIES: usize = 1_000;

/// What belongs to a domain: every element that any of these names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domain {
    /// Elements in these regions.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    /// Elements in these device sets.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub device_sets: BTreeSet<String>,
    /// Elements of these classes: device types.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub classes: BTreeSet<String>,
    /// Elements whose address lies in one of these, an entry each: an address, a range, or a network.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub subnets: BTreeSet<String>,
    /// These elements.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub elements: BTreeSet<NeId>,
}

/// What of an element says where it belongs.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'e> {
    /// Its id.
    pub ne: NeId,
    /// Where it is.
    pub region: Option<&'e str>,
    /// The sets it is in.
    pub device_sets: &'e [String],
    /// What it is.
    pub class: Option<&'e str>,
    /// Where it is reached.
    pub address: IpAddr,
}

/// Why a domain cannot be as it is described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing belongs to it, and nothing ever would.
    #[error("a domain names at least one region, device set, class, subnet or element")]
    Empty,
    /// Too many entries.
    #[error("a domain names at most {MOST_ENTRIES} of each")]
    TooMany,
    /// Empty, too long, or with characters that nobody sees.
    #[error("'{0}' cannot be the name of a region, a device set or a class")]
    Name(String),
    /// No address, range or network.
    #[error("'{0}' is no address, range or network")]
    Subnet(String),
}

impl Domain {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// The first thing that cannot.
    pub fn check(&self) -> Result<(), DomainError> {
        let names = [&self.regions, &self.device_sets, &self.classes];
        let sizes = names.map(BTreeSet::len).into_iter().chain([self.subnets.len(), self.elements.len()]);
        let (most, all) = sizes.fold((0, 0), |(most, all), size| (size.max(most), all + size));
        if all == 0 {
            return Err(DomainError::Empty);
        }
        if most > MOST_ENTRIES {
            return Err(DomainError::TooMany);
        }
        let fits =
            |name: &&String| (1..=128).contains(&name.trim().len()) && !name.chars().any(char::is_control);
        if let Some(bad) = names.into_iter().flatten().find(|name| !fits(name)) {
            return Err(DomainError::Name(bad.chars().take(64).collect()));
        }
        match self
            .subnets
            .iter()
            .find(|subnet| subnet.contains(['\n', '#']) || Addresses::parse(subnet).is_err())
        {
            Some(bad) => Err(DomainError::Subnet(bad.chars().take(64).collect())),
            None => Ok(()),
        }
    }

    /// Whether an element belongs to it, asked of many.
    fn test(&self) -> impl Fn(&Standing<'_>) -> bool + '_ {
        // What cannot be read contains nothing.
        let subnets: Vec<Addresses> =
            self.subnets.iter().filter_map(|subnet| Addresses::parse(subnet).ok()).collect();
        move |element| {
            self.elements.contains(&element.ne)
                || element.region.is_some_and(|region| self.regions.contains(region))
                || element.class.is_some_and(|class| self.classes.contains(class))
                || element.device_sets.iter().any(|set| self.device_sets.contains(set))
                || subnets.iter().any(|subnet| subnet.contains(element.address))
        }
    }

    /// Whether an element belongs to it.
    pub fn contains(&self, element: &Standing<'_>) -> bool {
        self.test()(element)
    }
}

/// The elements of every domain, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(BTreeMap<String, Arc<BTreeSet<NeId>>>);

impl Members {
    /// Which of `elements` belong to which of `domains`.
    pub fn of<'e>(
        domains: &BTreeMap<String, Domain>,
        elements: impl Iterator<Item = Standing<'e>> + Clone,
    ) -> Self {
        let of_one = |(name, domain): (&String, &Domain)| {
            let test = domain.test();
            let members: BTreeSet<NeId> =
                elements.clone().filter(|element| test(element)).map(|element| element.ne).collect();
            (name.clone(), Arc::new(members))
        };
        Self(domains.iter().map(of_one).collect())
    }

    /// The elements of a domain; None for one that is not known, to which nothing belongs.
    pub fn get(&self, domain: &str) -> Option<&Arc<BTreeSet<NeId>>> {
        self.0.get(domain)
    }

    /// True where the element belongs to the domain.
    pub fn contains(&self, domain: &str, ne: NeId) -> bool {
        self.get(domain).is_some_and(|members| members.contains(&ne))
    }
}

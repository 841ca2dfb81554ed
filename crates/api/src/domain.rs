//! Domains: parts of the network to which rights are confined.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What belongs to a domain: every element that any of these names; at most 1,000 of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Belongs {
    /// Elements in these regions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Elements in these device sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_sets: Vec<String>,
    /// Elements of these classes: device types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Elements whose address lies in one of these: an address, a range (`192.0.2.1-192.0.2.9`) or a network
    /// (`192.0.2.0/24`), of IPv4 or IPv6.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<String>,
    /// These elements, by id, name or address; answers have their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<String>,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Domain {
    /// Name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What belongs to it.
    pub belongs: Belongs,
    /// How many elements belong to it now.
    pub elements: usize,
    /// When it was made or changed last.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: String,
}

/// A domain to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomain {
    /// Why, for the record.
    pub reason: String,
    /// Name: 1 to 64 lower-case letters, digits, `_` and `-`. A role is confined to it as `ROLE@NAME`.
    pub name: String,
    /// What it is for, at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// What belongs to it.
    pub belongs: Belongs,
}

/// What a domain is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainChange {
    /// Why, for the record.
    pub reason: String,
    /// What it is for; as it is where absent.
    #[serde(default)]
    pub description: Option<String>,
    /// All that belongs to it; as it is where absent.
    #[serde(default)]
    pub belongs: Option<Belongs>,
}

//! Names of endpoints and where they come from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A source of names; never its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NameSource {
    /// Name.
    pub name: String,
    /// `reverse_dns`, `zone`, `ldap`, `infoblox`; or a kind of lease file: `isc`, `kea4`, `kea6`, `windows`,
    /// `netsh`, `hanewin`, `qip`.
    pub kind: String,
    /// Server or URL; empty where files are sent.
    pub address: String,
    /// Seconds from one run to the next.
    pub interval_s: u64,
    /// It is asked, or what it sends is taken.
    pub enabled: bool,
    /// Settings of its kind.
    pub settings: serde_json::Value,
    /// The vault holds a secret for it.
    pub has_secret: bool,
    /// Last run, or last message.
    pub ran_at: Option<Timestamp>,
    /// Last that succeeded.
    pub good_at: Option<Timestamp>,
    /// How the last went.
    pub outcome: Option<String>,
    /// Addresses that it knows.
    pub entries: u64,
    /// Rows of the last run that were left out.
    pub dropped: u64,
}

/// A new source of names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNameSource {
    /// Why, for the record.
    pub reason: String,
    /// Unique name.
    pub name: String,
    /// What it is; see the list.
    pub kind: String,
    /// Server or URL; absent where files are sent.
    #[serde(default)]
    pub address: String,
    /// Seconds from one run to the next; 300 where absent.
    pub interval_s: Option<u64>,
    /// Settings of its kind.
    #[serde(default)]
    pub settings: serde_json::Value,
    /// Password, or TSIG key in base64.
    pub secret: Option<String>,
}

/// A change of a source; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameSourceChange {
    /// Why, for the record.
    pub reason: String,
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// Seconds from one run to the next.
    pub interval_s: Option<u64>,
    /// Whether it is asked, or what it sends is taken.
    pub enabled: Option<bool>,
    /// All settings of its kind.
    pub settings: Option<serde_json::Value>,
    /// Its secret; empty for none.
    pub secret: Option<String>,
}

/// A lease, as a DHCP agent sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// The address.
    pub ip: String,
    /// The client's hardware address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Client identifier or DUID, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// Its domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// `active`, `reserved`, `offered`, `expired`, `released`, `declined` or `free`.
    pub state: String,
}

/// What a DHCP agent sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leases {
    /// It replaces all that the source has told.
    #[serde(default)]
    pub whole: bool,
    /// New and changed leases.
    #[serde(default)]
    pub leases: Vec<Lease>,
    /// Addresses without a lease.
    #[serde(default)]
    pub gone: Vec<String>,
    /// Rows of its file that the agent could not read.
    #[serde(default)]
    pub dropped: u64,
}

/// What came of leases that were sent or uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeasesTaken {
    /// Leases in it.
    pub leases: u64,
    /// Those that differ from what was known.
    pub changed: u64,
    /// Rows that were left out, by line and reason.
    pub dropped: Vec<String>,
}

/// A name that an endpoint has or had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointName {
    /// `dns` or `dhcp`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The source that told it.
    pub source: String,
    /// The address by which it was named.
    pub ip: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Until when; absent while it has it.
    pub until: Option<Timestamp>,
}

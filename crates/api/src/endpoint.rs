//! Endpoints, their history and why their access is what it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An endpoint (NAC-04). What is unknown is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    /// MAC address, as 00:1b:21:3a:4f:5e.
    pub mac: String,
    /// Organisation of the MAC's prefix.
    pub vendor: Option<String>,
    /// Locally administered address.
    pub mac_randomised: bool,
    /// `new`, `authorised` or `unauthorised`.
    pub status: String,
    /// `unknown`, `compliant` or `non_compliant`.
    pub compliance: String,
    /// Seen at present.
    pub online: bool,
    /// Element's name.
    pub ne: Option<String>,
    /// Element's id.
    pub ne_id: Option<i64>,
    /// Access port (ifName).
    pub port: Option<String>,
    /// What the port is called by its administrator (ifAlias).
    pub port_alias: Option<String>,
    /// ifIndex of the port as the element counts now.
    pub if_index: Option<u32>,
    /// VLAN id.
    pub vlan: Option<u16>,
    /// Addresses.
    pub ips: Vec<String>,
    /// By reverse look-up.
    pub dns_name: Option<String>,
    /// From DHCP.
    pub host_name: Option<String>,
    /// User of its 802.1X session.
    pub user: Option<String>,
    /// Fingerprint, as it was reported.
    pub fingerprint: Option<String>,
    /// Security configuration, as it was reported: properties by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub configuration: BTreeMap<String, Setting>,
    /// Group's name.
    pub group: Option<String>,
    /// The port it is bound to, as `element port`.
    pub bound_to: Option<String>,
    /// Who it belongs to.
    pub owner: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// Own seconds without sight until it is offline.
    #[serde(default)]
    pub offline_after_s: Option<u64>,
    /// The authorisation ends then.
    pub valid_until: Option<Timestamp>,
    /// First sight; absent while it only stands on the reference list.
    pub first_seen: Option<Timestamp>,
    /// Last sight.
    pub last_seen: Option<Timestamp>,
    /// First column of the user's own.
    pub custom1: Option<String>,
    /// Second column of the user's own.
    pub custom2: Option<String>,
}

/// A property of an endpoint's security configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What it is; 1 to 256 characters.
    pub found: String,
    /// What it should be; absent where any value will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

impl Setting {
    /// True where it is not as it should be.
    pub fn differs(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| *expected != self.found)
    }
}

/// What was found of an endpoint; what is absent stays as it was reported before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Posture {
    /// Fingerprint, 1 to 256 characters; another one than the known raises `fingerprint_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The whole configuration, at most 64 properties; the empty one takes back what was reported. A property
    /// that is not as expected raises `now_noncompliant`; once all are, `now_compliant` follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<BTreeMap<String, Setting>>,
    /// Who found it and how; goes into the trail.
    pub reason: String,
}

/// Yes, it may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Authorise {
    /// Why, for the record.
    pub reason: String,
    /// Until then; for ever where absent.
    pub until: Option<Timestamp>,
    /// Who it belongs to.
    pub owner: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// Put it into this group as well.
    pub group: Option<String>,
    /// Release its port where we had quarantined it; yes unless said otherwise.
    pub release: Option<bool>,
}

/// A reason, for acts that need nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why, for the record.
    pub reason: String,
}

/// Move the port on which the endpoint is into another VLAN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Why, for the record.
    pub reason: String,
    /// The VLAN; the element's quarantine VLAN where absent.
    pub vlan: Option<u16>,
    /// Take the link down and up so that the client renews its lease.
    #[serde(default)]
    pub bounce: bool,
}

/// What was asked for; the reconciler does it and reads it back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Requested {
    /// Id of the request; absent where nothing had to be asked of the network.
    pub request: Option<String>,
}

/// A group of endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Unique name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Seconds without sight until its members are offline; the system's own setting where absent.
    #[serde(default)]
    pub offline_after_s: Option<u64>,
    /// Endpoints in it.
    #[serde(default)]
    pub endpoints: u64,
}

/// A group to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    /// Why, for the record.
    pub reason: String,
    /// Unique name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Seconds without sight until its members are offline (10 to 2,592,000).
    #[serde(default)]
    pub offline_after_s: Option<u64>,
}

/// Changes to a group; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// Why, for the record.
    pub reason: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Seconds without sight until its members are offline; 0 for the system's own setting.
    #[serde(default)]
    pub offline_after_s: Option<u64>,
}

/// Where something was, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sighting {
    /// MAC address.
    pub mac: String,
    /// Element's id.
    pub ne_id: i64,
    /// Element's name.
    pub ne: String,
    /// Port.
    pub port: String,
    /// VLAN id.
    pub vlan: Option<u16>,
    /// From then.
    pub from: Timestamp,
    /// Until then; absent while it lasts.
    pub until: Option<Timestamp>,
    /// Last sight.
    pub last_seen: Option<Timestamp>,
    /// User of its 802.1X session.
    pub user: Option<String>,
}

/// The chain of cause, newest first: effect ← request ← event ← sighting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Why {
    /// The present access in one sentence.
    pub access: String,
    /// The links, newest cause first.
    pub chain: Vec<WhyLink>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyLink {
    /// `sighting`, `event`, `rule`, `request`, `set`, `read_back`, `person`.
    pub stage: String,
    /// When.
    pub at: Timestamp,
    /// What, in one sentence.
    pub text: String,
    /// Where to read more: an address below `/api/v1`.
    pub link: Option<String>,
}

/// Changes to an endpoint (PATCH); what is absent stays, an empty text clears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointChange {
    /// Why, for the record.
    pub reason: String,
    /// Who it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Group's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Bind it to this port, or to none where `unbind` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<BoundTo>,
    /// It belongs to no port any longer.
    pub unbind: bool,
    /// First column of the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom1: Option<String>,
    /// Second column of the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom2: Option<String>,
    /// Seconds without sight until it is offline; 0 for the system's own setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_after_s: Option<u64>,
}

/// A port by its element's id and its ifName.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoundTo {
    /// Element's id.
    pub ne_id: i64,
    /// ifName.
    pub port: String,
}

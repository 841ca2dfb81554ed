//! Network elements, ports, credentials and adoption.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A network element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Element {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Address and port of its agent.
    pub address: String,
    /// Name of the credentials in use.
    pub credential: Option<String>,
    /// `unknown`, `reachable` or `unreachable`.
    pub status: String,
    /// Enforcement is switched on.
    pub enforcement: bool,
    /// Less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy) is allowed, as an exception.
    pub allow_v2c: bool,
    /// Quarantine VLAN.
    pub quarantine_vlan: Option<u16>,
    /// Voice VLAN.
    pub voice_vlan: Option<u16>,
    /// Seconds between polls of the forwarding table.
    pub forwarding_interval_s: u64,
    /// How each method is polled: `inventory` (interfaces, vlans, neighbours), `forwarding` (forwarding,
    /// sessions) and `addresses` (arp).
    #[serde(default)]
    pub schedules: BTreeMap<String, Schedule>,
    /// Scans that are switched off.
    #[serde(default)]
    pub scans_off: Vec<String>,
    /// Region in which it stands.
    #[serde(default)]
    pub region: Option<String>,
    /// Device sets that it belongs to.
    #[serde(default)]
    pub device_sets: Vec<String>,
    /// Last good poll.
    pub last_poll: Option<Timestamp>,
    /// Scans that the last poll did not bring to their end, with the tables that are missing and why.
    #[serde(default)]
    pub incomplete: BTreeMap<String, Vec<String>>,
    /// sysDescr.
    pub descr: Option<String>,
    /// sysLocation.
    pub location: Option<String>,
    /// Device class.
    pub class: String,
    /// Groups.
    pub groups: Vec<String>,
    /// When its work is being done on.
    pub maintenance: Option<Maintenance>,
}

/// How a method is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// Seconds between two polls.
    pub interval_s: u64,
    /// Milliseconds until a request counts as lost.
    pub timeout_ms: u64,
    /// Retransmissions after the first loss.
    pub retries: u8,
}

/// Changes to how a method is polled; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleChange {
    /// Seconds between two polls (5 to 86,400).
    pub interval_s: Option<u64>,
    /// Milliseconds until a request counts as lost (100 to 60,000).
    pub timeout_ms: Option<u64>,
    /// Retransmissions after the first loss (0 to 10).
    pub retries: Option<u8>,
}

/// A new element; its credentials are found by trying the sets in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewElement {
    /// Name; sysName where absent.
    pub name: Option<String>,
    /// `HOST[:PORT]`.
    pub address: String,
    /// Name of the credentials; tried in order where absent.
    pub credential: Option<String>,
    /// Device class: `switch` where absent.
    #[serde(default)]
    pub class: Option<String>,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Region in which it stands.
    #[serde(default)]
    pub region: Option<String>,
    /// Device sets that it belongs to.
    #[serde(default)]
    pub device_sets: Vec<String>,
    /// Quarantine VLAN.
    pub quarantine_vlan: Option<u16>,
    /// Voice VLAN.
    pub voice_vlan: Option<u16>,
    /// Allow less than SNMPv3 authPriv (v1, v2c, v3 without authentication or privacy), as an audited
    /// exception.
    #[serde(default)]
    pub allow_v2c: bool,
    /// Keep it with the named credentials even if it does not answer now.
    #[serde(default)]
    pub unanswered: bool,
    /// Why, for the record.
    #[serde(default)]
    pub reason: String,
}

/// Changes to an element; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ElementChange {
    /// Why, for the record.
    pub reason: String,
    /// Name.
    pub name: Option<String>,
    /// Switch enforcement on or off.
    pub enforcement: Option<bool>,
    /// Name of other credentials.
    pub credential: Option<String>,
    /// Quarantine VLAN; 0 clears it.
    pub quarantine_vlan: Option<u16>,
    /// Voice VLAN; 0 clears it.
    pub voice_vlan: Option<u16>,
    /// Allow less than SNMPv3 authPriv.
    pub allow_v2c: Option<bool>,
    /// `HOST[:PORT]` of its agent.
    #[serde(default)]
    pub address: Option<String>,
    /// Device class.
    #[serde(default)]
    pub class: Option<String>,
    /// Groups; all of them.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// Region in which it stands; an empty text clears it.
    #[serde(default)]
    pub region: Option<String>,
    /// Device sets that it belongs to; all of them.
    #[serde(default)]
    pub device_sets: Option<Vec<String>>,
    /// Seconds between polls of the forwarding table (5 to 86,400).
    pub forwarding_interval_s: Option<u64>,
    /// How methods are polled: `inventory`, `forwarding`, `addresses`.
    #[serde(default)]
    pub schedules: BTreeMap<String, ScheduleChange>,
    /// Scans that are switched on or off: `vlans`, `neighbours`, `forwarding`, `sessions`, `arp`.
    #[serde(default)]
    pub scans: BTreeMap<String, bool>,
    /// Its work is being done on: nothing is enforced meanwhile.
    pub maintenance: Option<Maintenance>,
    /// Ends the maintenance window.
    #[serde(default)]
    pub end_maintenance: bool,
}

/// A span of time in which an element is being worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// First moment inside.
    pub from: Timestamp,
    /// First moment after it.
    pub until: Timestamp,
}

/// A port of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Port {
    /// Element's id.
    pub ne_id: i64,
    /// Element's name.
    pub ne: String,
    /// ifName.
    pub name: String,
    /// ifIndex at present.
    pub if_index: Option<u32>,
    /// ifAlias.
    pub alias: Option<String>,
    /// ifAdminStatus.
    pub admin_status: Option<String>,
    /// ifOperStatus.
    pub oper_status: Option<String>,
    /// PVID.
    pub pvid: Option<u16>,
    /// `access`, `uplink`, `aggregate` (of several ports, none of them acted on), or `logical`: an interface that is
    /// no port, such as that of a VLAN.
    pub role: String,
    /// Why it has that role.
    pub role_reason: Option<String>,
    /// Never shut or moved.
    pub protected: bool,
    /// Endpoints on it now.
    pub endpoints: u32,
    /// What we want of it, where we changed it: for instance `quarantined in VLAN 666, verified`.
    pub enforcement: Option<String>,
    /// Who wanted that, and why.
    #[serde(default)]
    pub because: Option<String>,
}

/// What an administrator says of a port; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortChange {
    /// Why, for the record.
    pub reason: String,
    /// Protected ports are never shut or moved.
    pub protected: Option<bool>,
    /// Set its role by hand: `access`, `uplink`, or `auto`.
    pub role: Option<String>,
}

/// Credentials as they are listed: never the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// `v1`, `v2c` or `v3`.
    pub kind: String,
    /// Lower ones are tried first.
    pub position: i64,
}

/// New credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// Name.
    pub name: String,
    /// `v1`, `v2c` or `v3`.
    pub kind: String,
    /// v1 and v2c: community.
    pub community: Option<String>,
    /// v3: user name.
    pub user: Option<String>,
    /// v3: `SHA-1`, `SHA-224`, `SHA-256`, `SHA-384`, `SHA-512`.
    pub auth_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub auth_password: Option<String>,
    /// v3: `AES-128`, `AES-192`, `AES-256`, `AES-192-Reeder`, `AES-256-Reeder`.
    pub priv_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub priv_password: Option<String>,
    /// v3: contextName, usually absent.
    pub context: Option<String>,
}

/// Another name or other secrets of a set: without `kind` the secrets stay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialChange {
    /// Why, for the record.
    pub reason: String,
    /// Name; stays where absent.
    pub name: Option<String>,
    /// `v1`, `v2c` or `v3`, as it is: all secrets are given anew.
    pub kind: Option<String>,
    /// v1 and v2c: community.
    pub community: Option<String>,
    /// v3: user name.
    pub user: Option<String>,
    /// v3: `SHA-1`, `SHA-224`, `SHA-256`, `SHA-384`, `SHA-512`.
    pub auth_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub auth_password: Option<String>,
    /// v3: `AES-128`, `AES-192`, `AES-256`, `AES-192-Reeder`, `AES-256-Reeder`.
    pub priv_protocol: Option<String>,
    /// v3: at least 8 characters.
    pub priv_password: Option<String>,
    /// v3: contextName, usually absent.
    pub context: Option<String>,
}

/// The order in which credentials are tried: every id once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialOrder {
    /// Ids, the first tried first.
    pub order: Vec<i64>,
}

/// Accept what is present, so that it is not taken for new (the baseline step of adoption).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Why, for the record.
    #[serde(default)]
    pub reason: String,
    /// Only what is on this element.
    pub ne_id: Option<i64>,
    /// Only what is in this VLAN.
    pub vlan: Option<u16>,
    /// Put them into this group.
    pub group: Option<String>,
    /// Bind each endpoint to the port on which it is; as the parameter `inventory.bind_on_baseline` says where
    /// absent.
    pub bind: Option<bool>,
    /// Locally administered addresses as well; yes unless said otherwise.
    pub randomised: Option<bool>,
    /// Those whose port is not known as well; yes unless said otherwise.
    pub unlocated: Option<bool>,
    /// Those that were refused as well; no unless said otherwise.
    pub unauthorised: Option<bool>,
    /// Only those in one of these groups, an empty text for those in none; all where there is no name.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Not these MAC addresses.
    #[serde(default)]
    pub except: Vec<String>,
    /// Only those who had been seen by then: give the time of the review, lest somebody be accepted who came
    /// after it.
    pub seen_by: Option<Timestamp>,
    /// Only say who would be accepted.
    #[serde(default)]
    pub review: bool,
}

/// Who was, or would be, accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineResult {
    /// Whether they were.
    pub accepted: bool,
    /// When it was looked who is present: `seen_by` of an acceptance that follows a review.
    pub at: Timestamp,
    /// MAC addresses.
    pub endpoints: Vec<String>,
    /// The same endpoints, with what is known of them: by group, those in none first, and by MAC.
    #[serde(default)]
    pub entries: Vec<BaselineEntry>,
}

/// An endpoint that was, or would be, accepted, as it was before. What is unknown is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BaselineEntry {
    /// MAC address.
    pub mac: String,
    /// The group in which it was.
    pub group: Option<String>,
    /// Organisation of the MAC's prefix.
    pub vendor: Option<String>,
    /// Locally administered address: it changes, so accepting it accepts little.
    pub mac_randomised: bool,
    /// `new` or `unauthorised`.
    pub status: String,
    /// Element's name.
    pub ne: Option<String>,
    /// Element's id.
    pub ne_id: Option<i64>,
    /// Access port.
    pub port: Option<String>,
    /// VLAN id.
    pub vlan: Option<u16>,
    /// Addresses.
    pub ips: Vec<String>,
    /// Name, from DNS or DHCP.
    pub name: Option<String>,
    /// Endpoints on its port, itself included: bind with care where there are several.
    pub port_endpoints: u32,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportResult {
    /// Rows taken.
    pub imported: u64,
    /// Rows refused, with line and reason.
    pub refused: Vec<String>,
}

/// Look for elements that are not in the inventory: neighbours of known ones and, where a subnet is
/// named, every address of it, asked with the credentials in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Discover {
    /// `192.0.2.0/24`, at most 4,096 addresses; neighbours only where empty.
    pub subnet: String,
    /// UDP port of the agents; 161 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Try credentials of less than SNMPv3 authPriv too.
    pub allow_v2c: bool,
    /// Add what answers.
    pub add: bool,
    /// Why, for the record.
    pub reason: String,
}

/// What is known of an element beside its ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Detail {
    /// VLANs, as far as PVIDs and learned addresses show them.
    pub vlans: Vec<VlanOn>,
    /// Who announces itself by LLDP or CDP.
    pub neighbours: Vec<NeighbourOn>,
    /// Last good poll by method: `inventory`, `forwarding` and `addresses`; absent where there was none.
    pub last_good: BTreeMap<String, Timestamp>,
    /// Failed polls since the last good one.
    pub failures: u32,
    /// Why the last of them failed.
    pub trouble: Option<String>,
    /// When that was.
    pub trouble_at: Option<Timestamp>,
}

/// A VLAN on an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VlanOn {
    /// Its id.
    pub vlan: u16,
    /// Ports that have it as their PVID.
    pub ports: Vec<String>,
    /// Endpoints on the element's access ports that are in it.
    pub endpoints: u64,
    /// It is the element's quarantine VLAN.
    pub quarantine: bool,
    /// It is the element's voice VLAN.
    pub voice: bool,
}

/// A neighbour of an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NeighbourOn {
    /// The local port; absent where it cannot be told.
    pub port: Option<String>,
    /// `LLDP` or `CDP`.
    pub protocol: String,
    /// What it calls itself, else its chassis.
    pub name: String,
    /// What it calls its port.
    pub remote_port: Option<String>,
    /// The first line of its system or platform.
    pub descr: Option<String>,
    /// `bridge`, `router`, `telephone` and the like.
    pub capabilities: Vec<String>,
    /// Id of our element that it is.
    pub ne_id: Option<i64>,
    /// Name of that element.
    pub ne: Option<String>,
}

/// A preflight that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PreflightWish {
    /// The VLAN that ports would be moved to; the element's quarantine VLAN where absent.
    pub vlan: Option<u16>,
    /// Why, for the record.
    pub reason: String,
}

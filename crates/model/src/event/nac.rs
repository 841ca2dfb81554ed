//! Payloads of network access control.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::access::PortAccess;
use crate::{EventSeq, Mac, NeId, PortName, PortRef, RequestId, RuleId, RuleRevision, VlanId};

/// What an event of network access control has beside the endpoint's properties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "detail", rename_all = "snake_case")]
pub enum NacPayload {
    /// An endpoint appeared on its access port, or was away and is back.
    MacOnline,
    /// Not seen for longer than its time-out.
    MacOffline {
        /// Seconds since it was last seen.
        silent_for_s: u64,
    },
    /// A MAC that was never seen before.
    NewEndpoint,
    /// A new or refused endpoint is in the network (again).
    Unauthorised,
    /// Its access port changed.
    EndpointMoved {
        /// Where it was.
        from: PortRef,
        /// Where it is.
        to: PortRef,
    },
    /// Its MAC is used where it should not be.
    MacSpoofing {
        /// Where it belongs: the port it is bound to, or where it was first.
        known: PortRef,
        /// Where it was found.
        found: PortRef,
        /// Why that is no roaming.
        because: SpoofingReason,
    },
    /// An IP address changed its owner, or has two.
    ArpSpoofing {
        /// The contested address.
        ip: IpAddr,
        /// Whose it was.
        known: Mac,
        /// Who claims it.
        found: Mac,
    },
    /// The agent reports another fingerprint than the stored one.
    FingerprintChanged {
        /// The stored one.
        known: String,
        /// The reported one.
        found: String,
    },
    /// A TPM's signature does not verify.
    WrongTpmSignature,
    /// A property of the security configuration is not as it should be.
    NowNoncompliant {
        /// Which property.
        property: String,
        /// What the policy wants.
        expected: String,
        /// What the agent reported.
        found: String,
    },
    /// All properties are as they should be again.
    NowCompliant,
    /// An element does not answer.
    NeUnreachable {
        /// Why, in one sentence.
        reason: String,
    },
    /// An element answers again.
    NeReachable,
    /// sysUpTime or snmpEngineBoots show a restart.
    NeRebooted {
        /// Seconds since its restart.
        up_for_s: u64,
    },
    /// A part of this system fails.
    CriticalSystemFailure {
        /// Which part.
        component: String,
        /// Why, in one sentence.
        reason: String,
    },
    /// A port's access was changed and read back as wanted, or its earlier values were restored.
    Enforcement {
        /// The request behind it.
        request: RequestId,
        /// The port.
        port: PortRef,
        /// What is wanted; None for a release.
        access: Option<PortAccess>,
        /// What was read back, or why it failed, is held or only observed.
        note: String,
    },
    /// A reaction other than enforcement ended.
    Reaction {
        /// The request behind it.
        request: RequestId,
        /// How it ended.
        note: String,
    },
    /// Rules were added, changed, enabled or disabled: from here on the new revision judges.
    RuleSetChanged {
        /// The rule; its text stands in the rules' own tables under this revision.
        rule: RuleId,
        /// The new revision.
        revision: RuleRevision,
        /// Whether it is enabled now.
        enabled: bool,
    },
    /// What holds for all rules: from here on it judges so.
    RuleSettingsChanged {
        /// Where each element quarantines; the others do nowhere.
        quarantine: Vec<QuarantineAt>,
        /// Events with so many of our own requests behind them are judged no more.
        max_depth: u8,
    },
    /// Time, as rules see it: one event each quarter of an hour.
    Tick {
        /// The element whose time zone and schedule it speaks for; None for all.
        ne: Option<NeId>,
    },
    /// A port where endpoints were at home is taken for one that leads to another element from now on. Or
    /// somebody behind a port claims to be an element of ours and is not believed.
    PortBecameUplink {
        /// What says so.
        because: UplinkReason,
        /// Who is there: the name or address that it shows.
        neighbour: String,
        /// The element of ours that it is, or claims to be.
        element: Option<NeId>,
        /// Endpoints that were at home on the port or are bound to it; none has a place there any more.
        endpoints: u32,
        /// False where nothing but the claim itself bears it out: the port stays what it was.
        believed: bool,
    },
    /// An element answers, and has not given a part for several polls.
    NeIncomplete {
        /// Which part, in the word of its scan.
        part: String,
        /// What is missing and why, in one sentence.
        reason: String,
    },
}

/// What says that a port leads to another element (NAC-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UplinkReason {
    /// An LLDP or CDP announcement.
    Neighbour,
    /// An address of an element of ours, learned on the port.
    ElementMac,
    /// Its addresses are on different ports of another element.
    Behind,
    /// Many addresses that are at home elsewhere.
    Count,
}

impl UplinkReason {
    /// The word used in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            UplinkReason::Neighbour => "neighbour",
            UplinkReason::ElementMac => "element_mac",
            UplinkReason::Behind => "behind",
            UplinkReason::Count => "count",
        }
    }
}

/// Why a MAC's second place is taken for a masquerade (NAC-07).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SpoofingReason {
    /// The endpoint is bound to another port.
    BoundElsewhere,
    /// Both ports learned it again within the same targeted re-reads.
    TwiceAtOnce,
    /// Its class (printer, camera, ...) changed with the move.
    ClassChanged {
        /// The class it had.
        was: String,
        /// The class it shows now.
        is: String,
    },
}

/// Where an element quarantines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineAt {
    /// The element.
    pub ne: NeId,
    /// Its quarantine VLAN.
    pub vlan: VlanId,
}

/// Where an endpoint is attached, as sightings record it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attachment {
    /// The element.
    pub ne: NeId,
    /// The access port.
    pub port: PortName,
    /// The VLAN in which it was learned; None where the element does not tell.
    pub vlan: Option<VlanId>,
}

/// The event that led to another one, for the chain of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedTo(pub EventSeq);

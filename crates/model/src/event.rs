//! Events: what happened, to whom, with everything a rule may ask frozen into it.
//!
//! An event is written once and never changed. Its payload carries a version; older versions are
//! read through up-casters in the payload's own file.

pub mod nac;
pub mod people;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Cause;
use crate::{EndpointFacts, EventSeq, Mac, NeId, PortName, Severity};

pub use nac::NacPayload;
pub use people::PeoplePayload;

/// The kinds of events; the word is what rules and interfaces use (NAC-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each is described at its payload
pub enum EventKind {
    MacOnline,
    MacOffline,
    NewEndpoint,
    Unauthorised,
    EndpointMoved,
    MacSpoofing,
    ArpSpoofing,
    FingerprintChanged,
    WrongTpmSignature,
    NowNoncompliant,
    NowCompliant,
    NeUnreachable,
    NeReachable,
    NeRebooted,
    CriticalSystemFailure,
    EnforcementDone,
    EnforcementFailed,
    EnforcementHeld,
    EnforcementObserved,
    ReactionDone,
    ReactionFailed,
    RuleSetChanged,
    Tick,
    RuleSettingsChanged,
    PortBecameUplink,
    NeIncomplete,
    LoginFailures,
    OperationRefused,
    SharedAccount,
}

impl EventKind {
    /// Every kind, in the order of the codes.
    pub const ALL: [EventKind; 29] = [
        EventKind::MacOnline,
        EventKind::MacOffline,
        EventKind::NewEndpoint,
        EventKind::Unauthorised,
        EventKind::EndpointMoved,
        EventKind::MacSpoofing,
        EventKind::ArpSpoofing,
        EventKind::FingerprintChanged,
        EventKind::WrongTpmSignature,
        EventKind::NowNoncompliant,
        EventKind::NowCompliant,
        EventKind::NeUnreachable,
        EventKind::NeReachable,
        EventKind::NeRebooted,
        EventKind::CriticalSystemFailure,
        EventKind::EnforcementDone,
        EventKind::EnforcementFailed,
        EventKind::EnforcementHeld,
        EventKind::EnforcementObserved,
        EventKind::ReactionDone,
        EventKind::ReactionFailed,
        EventKind::RuleSetChanged,
        EventKind::Tick,
        EventKind::RuleSettingsChanged,
        EventKind::PortBecameUplink,
        EventKind::NeIncomplete,
        EventKind::LoginFailures,
        EventKind::OperationRefused,
        EventKind::SharedAccount,
    ];

    /// The word used in rules and interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::MacOnline => "mac_online",
            EventKind::MacOffline => "mac_offline",
            EventKind::NewEndpoint => "new_endpoint",
            EventKind::Unauthorised => "unauthorised",
            EventKind::EndpointMoved => "endpoint_moved",
            EventKind::MacSpoofing => "mac_spoofing",
            EventKind::ArpSpoofing => "arp_spoofing",
            EventKind::FingerprintChanged => "fingerprint_changed",
            EventKind::WrongTpmSignature => "wrong_tpm_signature",
            EventKind::NowNoncompliant => "now_noncompliant",
            EventKind::NowCompliant => "now_compliant",
            EventKind::NeUnreachable => "ne_unreachable",
            EventKind::NeReachable => "ne_reachable",
            EventKind::NeRebooted => "ne_rebooted",
            EventKind::CriticalSystemFailure => "critical_system_failure",
            EventKind::EnforcementDone => "enforcement_done",
            EventKind::EnforcementFailed => "enforcement_failed",
            EventKind::EnforcementHeld => "enforcement_held",
            EventKind::EnforcementObserved => "enforcement_observed",
            EventKind::ReactionDone => "reaction_done",
            EventKind::ReactionFailed => "reaction_failed",
            EventKind::RuleSetChanged => "rule_set_changed",
            EventKind::Tick => "tick",
            EventKind::RuleSettingsChanged => "rule_settings_changed",
            EventKind::PortBecameUplink => "port_became_uplink",
            EventKind::NeIncomplete => "ne_incomplete",
            EventKind::LoginFailures => "login_failures",
            EventKind::SharedAccount => "shared_account",
            EventKind::OperationRefused => "operation_refused",
        }
    }

    /// The code under which the store keeps the kind; never reused.
    pub const fn code(self) -> i16 {
        self as i16 + 1
    }

    /// The reverse of [`EventKind::code`].
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code).ok()?.checked_sub(1).and_then(|at| Self::ALL.get(at)).copied()
    }

    /// The severity that an event of this kind has unless its maker says otherwise.
    pub const fn default_severity(self) -> Severity {
        match self {
            EventKind::Unauthorised
            | EventKind::EnforcementHeld
            | EventKind::NeUnreachable
            | EventKind::NeIncomplete => Severity::Minor,
            EventKind::MacSpoofing
            | EventKind::ArpSpoofing
            | EventKind::FingerprintChanged
            | EventKind::WrongTpmSignature
            | EventKind::EnforcementFailed
            | EventKind::ReactionFailed
            | EventKind::PortBecameUplink
            | EventKind::LoginFailures
            | EventKind::SharedAccount => Severity::Major,
            EventKind::CriticalSystemFailure => Severity::Critical,
            EventKind::NowNoncompliant | EventKind::NeRebooted | EventKind::OperationRefused => {
                Severity::Warning
            }
            _ => Severity::Info,
        }
    }
}

impl std::fmt::Display for EventKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for EventKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("'{text}' is no kind of event"))
    }
}

/// Whom an event is about; also the key by which a rule's `period` counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An endpoint.
    Mac(Mac),
    /// A network element.
    Ne(NeId),
    /// A part of this system, by name.
    System(String),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Mac(mac) => mac.fmt(f),
            Subject::Ne(ne) => write!(f, "NE {ne}"),
            Subject::System(part) => f.write_str(part),
        }
    }
}

/// How what the event tells of went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened, or succeeded.
    Success,
    /// It was tried and failed.
    Failure,
    /// Nobody knows: the attempt was interrupted.
    Unknown,
}

/// The payload: one file a capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "capability", rename_all = "snake_case")]
pub enum Payload {
    /// Network access control.
    Nac(NacPayload),
    /// Users of this system.
    People(PeoplePayload),
}

/// An event that is about to be appended: it has no place in the log yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEvent {
    /// When it happened, as far as can be known: the poll's or trap's time.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// To whom.
    pub subject: Subject,
    /// The element that showed it.
    pub ne: Option<NeId>,
    /// The port that showed it.
    pub port: Option<PortName>,
    /// How bad it is.
    pub severity: Severity,
    /// How it went.
    pub outcome: Outcome,
    /// All properties of the endpoint, as they were (NAC-09); None where it is about no endpoint.
    pub facts: Option<EndpointFacts>,
    /// Its own details.
    pub payload: Payload,
    /// The request that caused it, where we did; rules do not react to their own effects.
    pub cause: Option<Cause>,
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the log.
    pub seq: EventSeq,
    /// When it was written; at least as late as `event.at` unless clocks disagree.
    pub recorded_at: Timestamp,
    /// What was written.
    #[serde(flatten)]
    pub event: NewEvent,
}

impl std::ops::Deref for Event {
    type Target = NewEvent;
    fn deref(&self) -> &NewEvent {
        &self.event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_word_and_one_code_each() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_code(kind.code()), Some(kind));
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(EventKind::from_code(0), None);
        assert_eq!(EventKind::from_code(30), None);
    }
}

//! Rules as administrators write them (NAC-10, NAC-11). Times and texts as in TOML and JSON.

use jiff::SignedDuration;
use jiff::civil::Time;
use netwarden_model::{EndpointStatus, EventKind, RuleId, RuleRevision, Severity, VlanId};
use serde::{Deserialize, Serialize};

/// A rule: on these events, if this holds, at most so often, raise this alarm and do this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id; 0 until it is stored.
    #[serde(default = "no_rule")]
    pub id: RuleId,
    /// Its revision, from 1; 0 until it is stored.
    #[serde(default = "no_revision")]
    pub revision: RuleRevision,
    /// Its name; unique.
    pub name: String,
    /// What it is for, in sentences.
    #[serde(default)]
    pub description: String,
    /// Whether it judges.
    #[serde(default)]
    pub enabled: bool,
    /// The kinds of events that it looks at; at least one.
    pub on: Vec<EventKind>,
    /// CEL over the properties of [`crate::properties::PROPERTIES`]; empty for always.
    #[serde(default)]
    pub condition: String,
    /// How often at most, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// How bad a match is.
    #[serde(default = "minor")]
    pub severity: Severity,
    /// Where a match is announced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<Destination>,
    /// What a match does, in this order.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}

const fn no_rule() -> RuleId {
    RuleId(0)
}

const fn no_revision() -> RuleRevision {
    RuleRevision(0)
}

const fn minor() -> Severity {
    Severity::Minor
}

const fn yes() -> bool {
    true
}

/// Limits repetition and schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// At most once in this time for each subject; as `PT1H`, `1h` or `1h 30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SignedDuration>,
    /// Only at these times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// Hours of the week, by the time of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The days on which `from` lies; empty for every day.
    #[serde(default)]
    pub days: Vec<Day>,
    /// From this time of day, included.
    #[serde(default = "Time::midnight")]
    pub from: Time,
    /// To this time of day, excluded; where it is not after `from`, the next day's. Equal to `from`:
    /// 24 hours.
    #[serde(default = "Time::midnight")]
    pub to: Time,
    /// IANA name of the time zone.
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Where an alarm goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", deny_unknown_fields)]
pub enum Destination {
    /// Mail, with a text made from the event.
    Mail {
        /// Addresses.
        addresses: Vec<String>,
    },
    /// A configured webhook.
    Webhook {
        /// Its name.
        name: String,
    },
    /// A configured syslog server.
    Syslog {
        /// Its name.
        name: String,
    },
}

/// What a match does. Texts are templates: `{{ endpoint.mac }}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reaction {
    /// Move the endpoint's port to the quarantine VLAN.
    Quarantine {
        /// Which; the element's own where none is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vlan: Option<VlanId>,
        /// Take the link down and up, so that the client renews its lease.
        #[serde(default = "yes")]
        bounce: bool,
    },
    /// Move the endpoint's port to a VLAN.
    MovePort {
        /// Which.
        vlan: VlanId,
        /// Take the link down and up, so that the client renews its lease.
        #[serde(default = "yes")]
        bounce: bool,
    },
    /// Shut the endpoint's port.
    ShutPort,
    /// Give the endpoint's port back what it had.
    ReleasePort,
    /// Change the endpoint's status.
    SetStatus {
        /// The new one.
        status: EndpointStatus,
    },
    /// Change the endpoint's group.
    SetGroup {
        /// The new group's name.
        group: String,
    },
    /// Send mail.
    Mail {
        /// Addresses; no templates.
        to: Vec<String>,
        /// Subject line.
        subject: String,
        /// Text.
        body: String,
    },
    /// POST the event to a configured webhook.
    Webhook {
        /// Its name.
        name: String,
    },
    /// Send a message to a configured syslog server.
    Syslog {
        /// Its name.
        name: String,
        /// The message.
        message: String,
    },
    /// Run a configured command; no shell is involved.
    Command {
        /// Its name in the configuration.
        name: String,
        /// Each is passed as one argument, whatever is inserted.
        #[serde(default)]
        args: Vec<String>,
    },
}

impl Reaction {
    /// True where it changes a port.
    pub const fn is_of_port(&self) -> bool {
        matches!(
            self,
            Reaction::Quarantine { .. }
                | Reaction::MovePort { .. }
                | Reaction::ShutPort
                | Reaction::ReleasePort
        )
    }

    /// True where it needs an endpoint.
    pub const fn is_of_endpoint(&self) -> bool {
        matches!(self, Reaction::SetStatus { .. } | Reaction::SetGroup { .. })
    }

    /// True where it lets an endpoint into the network.
    pub const fn authorises(&self) -> bool {
        matches!(self, Reaction::ReleasePort | Reaction::SetStatus { status: EndpointStatus::Authorised })
    }
}

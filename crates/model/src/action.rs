//! Action requests: the seam between deciding and acting.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::PortAccess;
use crate::{EndpointStatus, EventSeq, Mac, PortRef, RequestId, RuleId, RuleRevision};

/// Something that a rule or a person wants done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Put a port into an access state, and keep it there until release.
    SetPortAccess {
        /// Which port.
        port: PortRef,
        /// What it is to give.
        access: PortAccess,
        /// The endpoint because of which, if there is one.
        endpoint: Option<Mac>,
    },
    /// Restore what a port had before we changed it.
    ReleasePort {
        /// Which port.
        port: PortRef,
    },
    /// Change an endpoint's status.
    SetStatus {
        /// Which endpoint.
        endpoint: Mac,
        /// The new status.
        status: EndpointStatus,
    },
    /// Change an endpoint's group.
    SetGroup {
        /// Which endpoint.
        endpoint: Mac,
        /// The new group's name.
        group: String,
    },
    /// Send mail.
    Mail {
        /// Recipients.
        to: Vec<String>,
        /// Subject line.
        subject: String,
        /// Text.
        body: String,
    },
    /// POST the event to a configured webhook.
    Webhook {
        /// Its name in the configuration.
        name: String,
        /// The JSON body.
        body: serde_json::Value,
    },
    /// Send a syslog message (RFC 5424) to a configured server.
    Syslog {
        /// Its name in the configuration.
        name: String,
        /// MSG part.
        message: String,
    },
    /// Run a configured command, without a shell.
    Command {
        /// Its name in the configuration.
        name: String,
        /// Arguments, each passed as one.
        args: Vec<String>,
    },
}

impl Action {
    /// The word used in interfaces, audit and the store.
    pub const fn name(&self) -> &'static str {
        match self {
            Action::SetPortAccess { access: PortAccess::Shut, .. } => "shut_port",
            Action::SetPortAccess { access: PortAccess::Open, .. } => "open_port",
            Action::SetPortAccess { .. } => "move_port",
            Action::ReleasePort { .. } => "release_port",
            Action::SetStatus { .. } => "set_status",
            Action::SetGroup { .. } => "set_group",
            Action::Mail { .. } => "mail",
            Action::Webhook { .. } => "webhook",
            Action::Syslog { .. } => "syslog",
            Action::Command { .. } => "command",
        }
    }

    /// True where the wish is a lasting state that is reconciled; the others are done once.
    pub const fn is_desired_state(&self) -> bool {
        matches!(self, Action::SetPortAccess { .. } | Action::ReleasePort { .. })
    }
}

/// Who or what wanted it; nothing acts without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Originator {
    /// A rule matched.
    Rule {
        /// Which rule.
        rule: RuleId,
        /// Which revision of it.
        revision: RuleRevision,
        /// Its name at that time.
        name: String,
        /// The event that it matched.
        event: EventSeq,
    },
    /// A person asked for it.
    Person {
        /// User name.
        user: String,
        /// Why, in their words.
        reason: String,
    },
    /// The system itself: re-assertion after a restart, end of an authorisation.
    System {
        /// Why.
        reason: String,
    },
}

/// What caused an event: the request, and how many requests lie between it and something from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The request whose effect it is.
    pub request: RequestId,
    /// The rule that asked for it; None where a person or the system itself did, and in events from
    /// before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// 1 for the effect of a request that an outside event caused, and so on; limited by the rules.
    pub depth: u8,
}

/// What makes a request unique: one event, judged by one revision of a rule, asks for one reaction once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestKey(pub String);

impl RequestKey {
    /// The key of a rule's reaction number `reaction` to `event`.
    pub fn of_rule(event: EventSeq, rule: RuleId, revision: RuleRevision, reaction: usize) -> Self {
        Self(format!("rule:{event}:{rule}:{revision}:{reaction}"))
    }

    /// The key of what a person asked for under an Idempotency-Key.
    pub fn of_person(user: &str, idempotency_key: &str) -> Self {
        Self(format!("person:{user}:{idempotency_key}"))
    }
}

/// A durable request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// Its id.
    pub id: RequestId,
    /// What makes it unique.
    pub key: RequestKey,
    /// When it was made.
    pub at: Timestamp,
    /// Who wanted it.
    pub originator: Originator,
    /// How deep in a chain of our own effects it stands; 0 for a person's.
    pub depth: u8,
    /// What is wanted.
    pub action: Action,
}

//! Guard rails: whether a port may be touched now. Pure: settings, facts, what was enforced lately
//! and the time go in, one verdict with one clear sentence comes out.
//!
//! Two kinds: what is never done, whoever asks (uplinks, trunks, aggregates, protected ports, our own
//! path), and what only slows or stops automatic reactions (budget, maintenance window, endpoints
//! that share the port), which a person's explicit act may pass. Release is never held back.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::access::PortAccess;
use netwarden_model::action::Originator;
use netwarden_model::{EndpointStatus, Mac, NeId, PortName, PortRef, RuleId, VlanId};
use serde::{Deserialize, Serialize};

/// How many ports may be changed in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Ports of one element; default 5.
    pub per_element: u32,
    /// Ports of all elements together; default 20.
    pub in_all: u32,
    /// The time in which they are counted; default 10 minutes.
    pub window: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { per_element: 5, in_all: 20, window: Duration::from_secs(600) }
    }
}

/// What to do where several endpoints share a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedPorts {
    /// Hold where an authorised endpoint would lose its access too.
    #[default]
    HoldWhereAuthorised,
    /// Hold wherever there is more than one endpoint.
    HoldAlways,
    /// Act as on any other port.
    Act,
}

/// The settings of enforcement that hold for the whole system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Nothing is changed on any element while this is on; releases are.
    pub global_stop: bool,
    /// How many ports may be changed in which time.
    pub budget: Budget,
    /// Ports that are never shut or moved.
    pub protected: BTreeSet<PortRef>,
    /// What to do where several endpoints share a port.
    pub shared_ports: SharedPorts,
    /// Rules that act on shared ports all the same.
    pub despite_sharing: BTreeSet<RuleId>,
    /// Our own addresses and our gateway's: a port that shows one of them carries our own path.
    pub own_path: BTreeSet<Mac>,
}

/// What is known of the element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementFacts {
    /// Its id.
    pub ne: NeId,
    /// The name shown.
    pub name: String,
    /// Whether anything may be changed on it.
    pub enforcement: bool,
    /// Windows in which only people act on it, each from (inclusive) until (exclusive).
    pub maintenance: Vec<(Timestamp, Timestamp)>,
    /// Its VLANs as last read; None where they were never read.
    pub vlans: Option<BTreeSet<VlanId>>,
    /// The VLAN that a telephone keeps tagged when its port is moved.
    pub voice_vlan: Option<VlanId>,
}

/// One endpoint on the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentEndpoint {
    /// Its address.
    pub mac: Mac,
    /// Whether it may connect.
    pub status: EndpointStatus,
    /// Seen in the voice VLAN: it does not count as sharing the port.
    pub voice: bool,
}

/// What is known of the port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortFacts {
    /// ifIndex when it was last read: a hint where to look first.
    pub if_index: Option<u32>,
    /// It leads to another network element.
    pub uplink: bool,
    /// It carries several VLANs to another element or host by configuration.
    pub trunk: bool,
    /// It is an aggregate, or a member of one.
    pub lag: bool,
    /// It is no port: the interface of a VLAN, a loopback, a tunnel.
    pub logical: bool,
    /// The endpoints on it now.
    pub endpoints: Vec<PresentEndpoint>,
    /// Every address that the forwarding table shows on it, endpoint or not.
    pub learned: Vec<Mac>,
}

/// An enforcement that was sent to an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    /// Where.
    pub port: PortRef,
    /// When.
    pub at: Timestamp,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'a> {
    /// Which port.
    pub port: &'a PortRef,
    /// What it is to give.
    pub access: &'a PortAccess,
    /// The endpoint because of which.
    pub endpoint: Option<Mac>,
    /// Who wants it.
    pub originator: &'a Originator,
    /// The element shows our own change no more (it restarted, somebody undid it): the port was
    /// counted in the budget when it was first changed.
    pub reassertion: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Go,
    /// The element is observe-only: nothing is sent; the sentence says what would have been done.
    ObserveOnly(String),
    /// Held back; it is judged again, at the latest at that time.
    Held {
        /// Why.
        why: String,
        /// When it may go on, where that is known.
        until: Option<Timestamp>,
        /// Someone must look at it: the budget is used up.
        alarm: bool,
    },
    /// Never done; asking again does not help.
    Refused(String),
}

/// Judges. `recent` are the enforcements of at least the budget's window, on all elements.
pub fn judge(
    settings: &Settings,
    element: &ElementFacts,
    facts: &PortFacts,
    recent: &[Enforced],
    question: &Question<'_>,
    now: Timestamp,
) -> Verdict {
    let by_person = matches!(question.originator, Originator::Person { .. });
    if let Some(why) = never(settings, element, facts, question) {
        return Verdict::Refused(why.to_string());
    }
    if !element.enforcement {
        let shown = would(question.access);
        return Verdict::ObserveOnly(format!(
            "{} on {} would have been {shown}, but enforcement is off for this element",
            question.port.port, element.name
        ));
    }
    if settings.global_stop {
        return Verdict::Held {
            why: "enforcement is stopped for the whole network".to_owned(),
            until: None,
            alarm: false,
        };
    }
    if by_person {
        return Verdict::Go;
    }
    if let Some((_, until)) = element.maintenance.iter().find(|(from, until)| *from <= now && now < *until) {
        return Verdict::Held {
            why: format!("{} is in its maintenance window until {until}", element.name),
            until: Some(*until),
            alarm: false,
        };
    }
    if let Some(why) = shared(settings, facts, question) {
        return Verdict::Held { why, until: None, alarm: false };
    }
    if !question.reassertion
        && let Some((why, until)) = over_budget(&settings.budget, element, recent, question.port, now)
    {
        return Verdict::Held { why, until: Some(until), alarm: true };
    }
    Verdict::Go
}

/// From so many endpoints on, rules leave a port alone whatever is set: it may be an uplink that is not
/// recognised yet.
const CROWD: usize = 8;

/// That a port is never given an access, whoever asks (NAC-13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Never {
    /// The port.
    pub port: PortName,
    /// The name of its element.
    pub element: String,
    /// It would be shut; else moved.
    pub shut: bool,
    /// What stands against it.
    pub spared: Spared,
}

/// What stands against an access of a port, whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spared {
    /// It is on the list of protected ports.
    Protected,
    /// It leads to another network element.
    Uplink,
    /// It is an aggregate, or a member of one.
    Aggregate,
    /// It is a trunk by configuration.
    Trunk,
    /// It is no port: the interface of a VLAN, a loopback, a tunnel.
    Logical,
    /// This address of ours, or of our gateway, is behind it.
    OwnPath(Mac),
    /// The element does not have this VLAN.
    NoVlan(VlanId),
}

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, element, shut, spared } = self;
        let act = if *shut { "shut" } else { "moved" };
        match spared {
            Spared::Protected => {
                write!(f, "{port} on {element} is on the list of protected ports and is never {act}")
            }
            Spared::Uplink => {
                write!(f, "{port} on {element} is an uplink to another network element and is never {act}")
            }
            Spared::Aggregate => {
                write!(f, "{port} on {element} belongs to a link aggregate and is never {act}")
            }
            Spared::Logical => write!(f, "{port} on {element} is no physical port and is never {act}"),
            Spared::Trunk => write!(f, "{port} on {element} is a trunk and is never {act}"),
            Spared::OwnPath(own) => write!(
                f,
                "{port} on {element} carries this system's own path ({own} is behind it) and is never {act}"
            ),
            Spared::NoVlan(vlan) => {
                write!(f, "VLAN {vlan} does not exist on {element}, so {port} cannot be moved to it")
            }
        }
    }
}

/// Why a request for a port's access would be refused whenever it comes to it, and whoever asks: what
/// interfaces ask before they accept one. None where it may be asked for; it may still be held then.
pub fn refusal(
    settings: &Settings,
    element: &ElementFacts,
    facts: &PortFacts,
    port: &PortRef,
    access: &PortAccess,
) -> Option<Never> {
    let originator = Originator::System { reason: String::new() };
    let question = Question { port, access, endpoint: None, originator: &originator, reassertion: false };
    never(settings, element, facts, &question)
}

/// What is never done, whoever asks (NAC-13).
fn never(
    settings: &Settings,
    element: &ElementFacts,
    facts: &PortFacts,
    question: &Question<'_>,
) -> Option<Never> {
    let vlan = match question.access {
        PortAccess::Shut => None,
        PortAccess::Vlan { vlan, .. } => Some(*vlan),
        // Opening a port cuts nobody off.
        PortAccess::Open => return None,
    };
    let mut behind = facts.endpoints.iter().map(|seen| seen.mac).chain(facts.learned.iter().copied());
    let spared = if settings.protected.contains(question.port) {
        Spared::Protected
    } else if facts.uplink {
        Spared::Uplink
    } else if facts.lag {
        Spared::Aggregate
    } else if facts.logical {
        Spared::Logical
    } else if facts.trunk {
        Spared::Trunk
    } else if let Some(own) = behind.find(|mac| settings.own_path.contains(mac)) {
        Spared::OwnPath(own)
    } else {
        let vlans = element.vlans.as_ref();
        Spared::NoVlan(vlan.filter(|vlan| vlans.is_some_and(|vlans| !vlans.contains(vlan)))?)
    };
    Some(Never {
        port: question.port.port.clone(),
        element: element.name.clone(),
        shut: vlan.is_none(),
        spared,
    })
}

fn would(access: &PortAccess) -> String {
    match access {
        PortAccess::Shut => "shut".to_owned(),
        PortAccess::Open => "switched on".to_owned(),
        PortAccess::Vlan { vlan, bounce: false } => format!("moved to VLAN {vlan}"),
        PortAccess::Vlan { vlan, bounce: true } => format!("moved to VLAN {vlan} and bounced"),
    }
}

fn shared(settings: &Settings, facts: &PortFacts, question: &Question<'_>) -> Option<String> {
    if let Originator::Rule { rule, .. } = question.originator
        && settings.despite_sharing.contains(rule)
    {
        return None;
    }
    if *question.access == PortAccess::Open {
        return None;
    }
    let plain: Vec<&PresentEndpoint> = facts.endpoints.iter().filter(|seen| !seen.voice).collect();
    if plain.len() < 2 {
        return None;
    }
    // While a neighbour is not adopted and does not announce itself, its uplink looks like this.
    if plain.len() >= CROWD {
        return Some(format!(
            "{} endpoints are on {}: it may lead to another network element that is not known yet",
            plain.len(),
            question.port.port
        ));
    }
    let others = || plain.iter().filter(|seen| Some(seen.mac) != question.endpoint);
    match settings.shared_ports {
        SharedPorts::Act => None,
        SharedPorts::HoldAlways => Some(format!(
            "{} endpoints share {}; ports with several endpoints are not acted on",
            plain.len(),
            question.port.port
        )),
        SharedPorts::HoldWhereAuthorised => {
            let bystander = others().find(|seen| seen.status == EndpointStatus::Authorised)?;
            Some(format!(
                "authorised endpoint {} shares {} and would lose its access too",
                bystander.mac, question.port.port
            ))
        }
    }
}

/// Why the port would go over the budget, and when the oldest change leaves the window.
fn over_budget(
    budget: &Budget,
    element: &ElementFacts,
    recent: &[Enforced],
    port: &PortRef,
    now: Timestamp,
) -> Option<(String, Timestamp)> {
    let start = now.checked_sub(budget.window).unwrap_or(Timestamp::MIN);
    let counted: Vec<&Enforced> =
        recent.iter().filter(|done| done.at > start && done.at <= now && done.port != *port).collect();
    let minutes = budget.window.as_secs() / 60;
    let check = |of: Vec<&Enforced>, limit: u32, whose: &str| {
        let ports: BTreeSet<&PortRef> = of.iter().map(|done| &done.port).collect();
        if ports.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            return None;
        }
        let oldest = of.iter().map(|done| done.at).min().unwrap_or(now);
        let until = oldest.checked_add(budget.window).unwrap_or(Timestamp::MAX);
        Some((format!("the budget of {limit} ports in {minutes} minutes {whose} is used up"), until))
    };
    let here = counted.iter().copied().filter(|done| done.port.ne == element.ne).collect();
    check(here, budget.per_element, &format!("on {}", element.name))
        .or_else(|| check(counted, budget.in_all, "on all elements together"))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

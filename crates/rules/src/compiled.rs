//! A rule after every check that saving it makes.

use netwarden_conditions::{Zone, zone};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use netwarden_model::access::PortAccess;
use netwarden_model::{Action, EndpointStatus, EventKind, NeId, VlanId};

use crate::rule::{Day, Destination, Period, Reaction, Rule, Schedule};
use crate::template::{Template, TemplateError, plain};
use crate::view::View;
use crate::{Condition, ConditionError};

/// Most reactions of one rule.
pub const MAX_REACTIONS: usize = 16;

/// Most addresses, or arguments, of one reaction.
pub const MAX_ITEMS: usize = 64;

/// Longest name of a rule, group, webhook, server or command, in characters.
pub const MAX_NAME: usize = 100;

/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 4000;

/// Why a rule cannot be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The condition.
    #[error("rule '{rule}': condition, {error}")]
    Condition {
        /// The rule's name.
        rule: String,
        /// What and where.
        error: ConditionError,
    },
    /// A template of a reaction.
    #[error("rule '{rule}': reaction {reaction}, {error}")]
    Template {
        /// The rule's name.
        rule: String,
        /// Which reaction, from 1.
        reaction: usize,
        /// What is wrong.
        error: TemplateError,
    },
    /// Anything else.
    #[error("rule '{rule}': {message}")]
    Other {
        /// The rule's name.
        rule: String,
        /// Which part of it.
        part: RulePart,
        /// What is wrong, in one sentence.
        message: String,
    },
}

/// A part of a rule, where an interface shows what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePart {
    /// What it is called.
    Name,
    /// What it is for.
    Description,
    /// Its kinds of events.
    Events,
    /// When it holds.
    Condition,
    /// How often at most, and when.
    Period,
    /// Where a match is announced.
    Alarm,
    /// The reactions as a whole.
    Reactions,
    /// One reaction, from 1.
    Reaction(usize),
}

impl RuleError {
    /// The part of the rule that is wrong.
    pub const fn part(&self) -> RulePart {
        match self {
            RuleError::Condition { .. } => RulePart::Condition,
            RuleError::Template { reaction, .. } => RulePart::Reaction(*reaction),
            RuleError::Other { part, .. } => *part,
        }
    }

    /// What is wrong with that part, without the rule's name and the place.
    pub fn message(&self) -> String {
        match self {
            RuleError::Condition { error, .. } => error.message.clone(),
            RuleError::Template { error, .. } => error.to_string(),
            RuleError::Other { message, .. } => message.clone(),
        }
    }
}

/// Where enforcement puts what it quarantines: each element's own VLAN, else the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuarantineVlans {
    /// For elements that have none of their own.
    pub default: Option<VlanId>,
    /// The elements' own.
    pub by_element: std::collections::BTreeMap<NeId, VlanId>,
}

impl QuarantineVlans {
    /// The VLAN for an element.
    pub fn of(&self, ne: NeId) -> Option<VlanId> {
        self.by_element.get(&ne).copied().or(self.default)
    }
}

/// A checked rule, ready to judge.
#[derive(Debug, Clone)]
pub struct CompiledRule {
    rule: Arc<Rule>,
    condition: Condition,
    schedule: Option<CompiledSchedule>,
    reactions: Vec<CompiledReaction>,
}

#[derive(Debug, Clone)]
struct CompiledSchedule {
    days: Vec<Day>,
    from: jiff::civil::Time,
    to: jiff::civil::Time,
    zone: Zone,
}

#[derive(Debug, Clone)]
enum CompiledReaction {
    /// Anything without templates.
    Plain(Reaction),
    Mail {
        to: Vec<String>,
        subject: Template,
        body: Template,
    },
    Syslog {
        name: String,
        message: Template,
    },
    Command {
        name: String,
        args: Vec<Template>,
    },
}

impl CompiledRule {
    /// Checks `rule` in every respect that does not need other rules.
    pub fn compile(rule: Rule) -> Result<Self, RuleError> {
        let other = |part: RulePart| {
            let rule = rule.name.clone();
            move |message: String| RuleError::Other { rule, part, message }
        };
        name("the rule's name", &rule.name).map_err(other(RulePart::Name))?;
        if rule.description.chars().count() > MAX_DESCRIPTION {
            let message = format!("the description is longer than {MAX_DESCRIPTION} characters");
            return Err(other(RulePart::Description)(message));
        }
        if rule.on.is_empty() {
            return Err(other(RulePart::Events)("it names no kind of event".to_owned()));
        }
        if rule.reactions.len() > MAX_REACTIONS {
            return Err(other(RulePart::Reactions)(format!("it has more than {MAX_REACTIONS} reactions")));
        }
        if rule.reactions.is_empty() && rule.alarm.is_none() {
            return Err(other(RulePart::Reactions)("it has neither an alarm nor a reaction".to_owned()));
        }
        if let Some(alarm) = &rule.alarm {
            check_alarm(alarm).map_err(other(RulePart::Alarm))?;
        }
        let condition = Condition::compile(&rule.condition)
            .map_err(|error| RuleError::Condition { rule: rule.name.clone(), error })?;
        check_fit(&rule, &condition).map_err(|(at, message)| other(RulePart::Reaction(at))(message))?;
        let schedule = match &rule.period {
            Some(period) => compile_period(period).map_err(other(RulePart::Period))?,
            None => None,
        };
        let reactions = rule
            .reactions
            .iter()
            .enumerate()
            .map(|(at, reaction)| compile_reaction(&rule.name, at + 1, reaction))
            .collect::<Result<_, _>>()?;
        Ok(Self { rule: Arc::new(rule), condition, schedule, reactions })
    }

    /// The rule as it was written.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Its condition.
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// At most once in this time for each subject.
    pub fn every(&self) -> Option<SignedDuration> {
        self.rule.period.as_ref().and_then(|period| period.every)
    }

    /// Whether the schedule lets it judge at `at`.
    pub fn is_on_schedule(&self, at: Timestamp) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.covers(at))
    }

    /// How many reactions it has, the alarm counted as number 0 whether there is one or not.
    pub(crate) fn reactions(&self) -> usize {
        self.reactions.len() + 1
    }

    /// Whether reaction number `reaction` (0 is the alarm) changes a port.
    pub(crate) fn is_of_port(&self, reaction: usize) -> bool {
        reaction.checked_sub(1).and_then(|at| self.rule.reactions.get(at)).is_some_and(Reaction::is_of_port)
    }

    /// The action that reaction number `reaction` asks for: 0 is the alarm, the reactions follow. None
    /// where there is no such reaction.
    pub(crate) fn action(
        &self,
        reaction: usize,
        view: View<'_>,
        vlans: &QuarantineVlans,
    ) -> Result<Option<Action>, String> {
        let Some(at) = reaction.checked_sub(1) else {
            return Ok(self.rule.alarm.as_ref().map(|alarm| self.announce(alarm, view)));
        };
        let Some(reaction) = self.reactions.get(at) else { return Ok(None) };
        Ok(Some(match reaction {
            CompiledReaction::Plain(reaction) => self.plain(reaction, view, vlans)?,
            CompiledReaction::Mail { to, subject, body } => {
                Action::Mail { to: to.clone(), subject: subject.line(view), body: body.text(view) }
            }
            CompiledReaction::Syslog { name, message } => {
                Action::Syslog { name: name.clone(), message: message.line(view) }
            }
            CompiledReaction::Command { name, args } => Action::Command {
                name: name.clone(),
                args: args
                    .iter()
                    .map(|arg| arg.argument(view))
                    .collect::<Result<_, _>>()
                    .map_err(|error| error.to_string())?,
            },
        }))
    }

    fn plain(&self, reaction: &Reaction, view: View<'_>, vlans: &QuarantineVlans) -> Result<Action, String> {
        let port = || view.port().ok_or_else(|| "the event has no known port".to_owned());
        let endpoint = || view.endpoint().ok_or_else(|| "the event is about no endpoint".to_owned());
        let moved = |vlan, bounce| {
            Ok(Action::SetPortAccess {
                port: port()?,
                access: PortAccess::Vlan { vlan, bounce },
                endpoint: view.endpoint(),
            })
        };
        match reaction {
            Reaction::Quarantine { vlan, bounce } => {
                let ne = port()?.ne;
                let vlan = vlan
                    .or_else(|| vlans.of(ne))
                    .ok_or_else(|| format!("NE {ne} has no quarantine VLAN, and the rule names none"))?;
                moved(vlan, *bounce)
            }
            Reaction::MovePort { vlan, bounce } => moved(*vlan, *bounce),
            Reaction::ShutPort => Ok(Action::SetPortAccess {
                port: port()?,
                access: PortAccess::Shut,
                endpoint: view.endpoint(),
            }),
            Reaction::ReleasePort => Ok(Action::ReleasePort { port: port()? }),
            Reaction::SetStatus { status } => {
                Ok(Action::SetStatus { endpoint: endpoint()?, status: *status })
            }
            Reaction::SetGroup { group } => {
                Ok(Action::SetGroup { endpoint: endpoint()?, group: group.clone() })
            }
            Reaction::Webhook { name } => Ok(Action::Webhook { name: name.clone(), body: self.body(view) }),
            Reaction::Mail { .. } | Reaction::Syslog { .. } | Reaction::Command { .. } => {
                Err("a reaction with templates was taken for one without".to_owned())
            }
        }
    }

    fn announce(&self, alarm: &Destination, view: View<'_>) -> Action {
        let event = view.event();
        let line = format!("{}: {} of {}", self.rule.name, event.kind.as_str(), event.subject);
        let line = plain(&line);
        match alarm {
            Destination::Mail { addresses } => Action::Mail {
                to: addresses.clone(),
                subject: format!("[{}] {line}", self.rule.severity.as_str()),
                body: self.letter(view),
            },
            Destination::Webhook { name } => Action::Webhook { name: name.clone(), body: self.body(view) },
            Destination::Syslog { name } => Action::Syslog {
                name: name.clone(),
                message: format!("{line} (severity {}, event {})", self.rule.severity.as_str(), event.seq),
            },
        }
    }

    /// The alarm's mail: what happened, then every property that is known.
    fn letter(&self, view: View<'_>) -> String {
        let mut out = format!("Rule '{}' matched.\n", self.rule.name);
        if !self.rule.description.is_empty() {
            out.push_str(&self.rule.description);
            out.push('\n');
        }
        out.push('\n');
        for known in crate::properties::PROPERTIES {
            let Ok(template) = Template::parse(&format!("{{{{{}}}}}", known.name)) else { continue };
            let value = template.line(view);
            if !value.is_empty() {
                out.push_str(&format!("{}: {value}\n", known.name));
            }
        }
        out
    }

    fn body(&self, view: View<'_>) -> serde_json::Value {
        serde_json::json!({
            "rule": { "id": self.rule.id, "revision": self.rule.revision, "name": self.rule.name },
            "severity": self.rule.severity,
            "event": view.event(),
        })
    }
}

impl CompiledSchedule {
    fn covers(&self, at: Timestamp) -> bool {
        let local = self.zone.zone.to_datetime(at);
        let (time, today) = (local.time(), day(local.weekday()));
        let yesterday = day(local.weekday().previous());
        let on = |day: Day| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.to {
            on(today) && time >= self.from && time < self.to
        } else {
            // over midnight: the evening of one day, the morning of the next
            (on(today) && time >= self.from) || (on(yesterday) && time < self.to)
        }
    }
}

const fn day(weekday: jiff::civil::Weekday) -> Day {
    use jiff::civil::Weekday as W;
    match weekday {
        W::Monday => Day::Mon,
        W::Tuesday => Day::Tue,
        W::Wednesday => Day::Wed,
        W::Thursday => Day::Thu,
        W::Friday => Day::Fri,
        W::Saturday => Day::Sat,
        W::Sunday => Day::Sun,
    }
}

fn compile_period(period: &Period) -> Result<Option<CompiledSchedule>, String> {
    if let Some(every) = period.every
        && (every < SignedDuration::from_secs(1) || every > SignedDuration::from_hours(24 * 366))
    {
        return Err(format!("the period {every:#} is not between one second and 366 days"));
    }
    let Some(Schedule { days, from, to, time_zone }) = &period.schedule else { return Ok(None) };
    let zone = zone(time_zone).ok_or_else(|| format!("'{time_zone}' is no time zone known here"))?;
    Ok(Some(CompiledSchedule { days: days.clone(), from: *from, to: *to, zone }))
}

fn check_alarm(alarm: &Destination) -> Result<(), String> {
    match alarm {
        Destination::Mail { addresses } => check_addresses(addresses),
        Destination::Webhook { name: given } => name("the alarm's webhook", given),
        Destination::Syslog { name: given } => name("the alarm's syslog server", given),
    }
}

fn check_addresses(addresses: &[String]) -> Result<(), String> {
    // None at all means the recipients of the mail channel.
    if addresses.len() > MAX_ITEMS {
        return Err(format!("a mail takes {MAX_ITEMS} addresses at most"));
    }
    for address in addresses {
        let parts = address
            .split_once('@')
            .filter(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>');
        if parts.is_none() || address.len() > 254 || address.contains(odd) {
            return Err(format!("'{}' is no mail address", address.escape_debug()));
        }
    }
    Ok(())
}

fn name(what: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.chars().count() > MAX_NAME {
        return Err(format!("{what} is longer than {MAX_NAME} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what} holds a control character"));
    }
    Ok(())
}

/// Kinds of events that are about no endpoint; only one of them is about a port.
const fn has_no_endpoint(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::NeUnreachable
            | EventKind::NeReachable
            | EventKind::NeRebooted
            | EventKind::NeIncomplete
            | EventKind::PortBecameUplink
            | EventKind::CriticalSystemFailure
            | EventKind::RuleSetChanged
            | EventKind::RuleSettingsChanged
            | EventKind::Tick
            | EventKind::LoginFailures
            | EventKind::SharedAccount
            | EventKind::OperationRefused
    )
}

/// Whether condition, events and reactions go together; else which reaction does not, and why.
fn check_fit(rule: &Rule, condition: &Condition) -> Result<(), (usize, String)> {
    for (at, reaction) in rule.reactions.iter().enumerate() {
        let at = at + 1;
        let suits = |kind: EventKind| match kind {
            EventKind::PortBecameUplink => !reaction.is_of_endpoint(),
            kind => !has_no_endpoint(kind),
        };
        if (reaction.is_of_port() || reaction.is_of_endpoint())
            && let Some(kind) = rule.on.iter().find(|kind| !suits(**kind))
        {
            return Err((at, format!("reaction {at} needs an endpoint, and {kind} is about none")));
        }
        if reaction.authorises() {
            // names are anybody's choice: they ease identification only (NAC-05)
            if let Some(name) = condition.properties().iter().find(|p| p.is_identification_only()) {
                let message = format!(
                    "reaction {at} lets an endpoint in, and the condition asks for {}, which any endpoint can claim",
                    name.name()
                );
                return Err((at, message));
            }
        }
    }
    Ok(())
}

fn compile_reaction(rule: &str, at: usize, reaction: &Reaction) -> Result<CompiledReaction, RuleError> {
    let other = |message: String| RuleError::Other {
        rule: rule.to_owned(),
        part: RulePart::Reaction(at),
        message: format!("reaction {at}, {message}"),
    };
    let template = |text: &str| {
        Template::parse(text).map_err(|error| RuleError::Template {
            rule: rule.to_owned(),
            reaction: at,
            error,
        })
    };
    Ok(match reaction {
        Reaction::Mail { to, subject, body } => {
            check_addresses(to).map_err(&other)?;
            CompiledReaction::Mail { to: to.clone(), subject: template(subject)?, body: template(body)? }
        }
        Reaction::Syslog { name: given, message } => {
            name("the syslog server", given).map_err(&other)?;
            CompiledReaction::Syslog { name: given.clone(), message: template(message)? }
        }
        Reaction::Command { name: given, args } => {
            name("the command", given).map_err(&other)?;
            if args.len() > MAX_ITEMS {
                return Err(other(format!("the command has more than {MAX_ITEMS} arguments")));
            }
            if args.iter().any(|arg| arg.contains('\0')) {
                return Err(other("an argument holds a NUL character".to_owned()));
            }
            CompiledReaction::Command {
                name: given.clone(),
                args: args.iter().map(|arg| template(arg)).collect::<Result<_, _>>()?,
            }
        }
        Reaction::SetGroup { group } => {
            name("the group", group).map_err(&other)?;
            CompiledReaction::Plain(reaction.clone())
        }
        Reaction::SetStatus { status: EndpointStatus::New } => {
            return Err(other("the status 'new' is not given by rules".to_owned()));
        }
        Reaction::Webhook { name: given } => {
            name("the webhook", given).map_err(&other)?;
            CompiledReaction::Plain(reaction.clone())
        }
        plain => CompiledReaction::Plain(plain.clone()),
    })
}

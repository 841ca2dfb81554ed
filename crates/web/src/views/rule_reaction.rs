//! A reaction in the form of a rule: its fields, from the reaction and back.

use netwarden_model::{EndpointStatus, VlanId};
use netwarden_operate::{Reaction, RulePart};

use super::language::Language;
use super::rule_form::{Fault, Fields};

/// Kinds of reactions, as rules have them.
pub(super) const REACTIONS: [&str; 10] = [
    "quarantine",
    "move_port",
    "shut_port",
    "release_port",
    "set_status",
    "set_group",
    "mail",
    "webhook",
    "syslog",
    "command",
];

/// A reaction's fields; which of them count depends on its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WrittenReaction {
    pub(super) kind: String,
    pub(super) vlan: String,
    pub(super) bounce: bool,
    pub(super) status: String,
    pub(super) group: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) body: String,
    pub(super) name: String,
    pub(super) message: String,
    pub(super) args: String,
}

impl WrittenReaction {
    pub(super) fn of_fields(fields: &Fields<'_>, place: u32) -> Self {
        let get = |name: &str| fields.get(&format!("{name}.{place}"));
        let line = |name: &str| get(name).trim().to_owned();
        Self {
            kind: get("do"),
            vlan: line("vlan"),
            bounce: fields.has(&format!("bounce.{place}")),
            status: get("status"),
            group: line("group"),
            to: get("to"),
            subject: line("subject"),
            body: get("body"),
            name: line("name"),
            message: line("message"),
            args: get("args"),
        }
    }

    pub(super) fn of(reaction: &Reaction) -> Self {
        let blank = |kind: &str| Self { kind: kind.to_owned(), ..Self::default() };
        let number = |vlan: VlanId| vlan.get().to_string();
        match reaction {
            Reaction::Quarantine { vlan, bounce } => {
                Self { vlan: vlan.map(number).unwrap_or_default(), bounce: *bounce, ..blank("quarantine") }
            }
            Reaction::MovePort { vlan, bounce } => {
                Self { vlan: number(*vlan), bounce: *bounce, ..blank("move_port") }
            }
            Reaction::ShutPort => blank("shut_port"),
            Reaction::ReleasePort => blank("release_port"),
            Reaction::SetStatus { status } => {
                Self { status: status.as_str().to_owned(), ..blank("set_status") }
            }
            Reaction::SetGroup { group } => Self { group: group.clone(), ..blank("set_group") },
            Reaction::Mail { to, subject, body } => {
                Self { to: to.join(", "), subject: subject.clone(), body: body.clone(), ..blank("mail") }
            }
            Reaction::Webhook { name } => Self { name: name.clone(), ..blank("webhook") },
            Reaction::Syslog { name, message } => {
                Self { name: name.clone(), message: message.clone(), ..blank("syslog") }
            }
            Reaction::Command { name, args } => {
                Self { name: name.clone(), args: lines_of(args), ..blank("command") }
            }
        }
    }

    pub(super) fn reaction(&self, l: Language, at: usize) -> Result<Reaction, Fault> {
        let wrong = |key: &str| Fault::at(RulePart::Reaction(at), l.t(key));
        let vlan = || self.vlan.parse::<VlanId>().map_err(|_| wrong("error-no-vlan"));
        Ok(match self.kind.as_str() {
            "quarantine" if self.vlan.is_empty() => Reaction::Quarantine { vlan: None, bounce: self.bounce },
            "quarantine" => Reaction::Quarantine { vlan: Some(vlan()?), bounce: self.bounce },
            "move_port" => Reaction::MovePort { vlan: vlan()?, bounce: self.bounce },
            "shut_port" => Reaction::ShutPort,
            "release_port" => Reaction::ReleasePort,
            "set_status" => {
                let known = [EndpointStatus::Authorised, EndpointStatus::Unauthorised];
                let status = known.into_iter().find(|status| status.as_str() == self.status);
                Reaction::SetStatus { status: status.ok_or_else(|| wrong("rule-no-status"))? }
            }
            "set_group" => Reaction::SetGroup { group: self.group.clone() },
            "mail" => Reaction::Mail {
                to: addresses(&self.to),
                subject: self.subject.clone(),
                body: self.body.clone(),
            },
            "webhook" => Reaction::Webhook { name: self.name.clone() },
            "syslog" => Reaction::Syslog { name: self.name.clone(), message: self.message.clone() },
            "command" => Reaction::Command { name: self.name.clone(), args: of_lines(&self.args) },
            _ => return Err(wrong("rule-no-reaction")),
        })
    }
}

/// Addresses between blanks, commas or semicolons.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Arguments, one a line; as a list of JSON where lines would not give the same arguments back.
fn lines_of(args: &[String]) -> String {
    let lines = args.join("\n");
    if of_lines(&lines) == args { lines } else { serde_json::to_string(args).unwrap_or(lines) }
}

fn of_lines(text: &str) -> Vec<String> {
    if text.starts_with('[')
        && let Ok(args) = serde_json::from_str(text)
    {
        return args;
    }
    let text = text.trim_end_matches('\n');
    if text.is_empty() { Vec::new() } else { text.split('\n').map(str::to_owned).collect() }
}

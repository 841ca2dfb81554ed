//! Rules in words: what they look at, how often, and what they do.

use netwarden_operate::{Destination, Period, Reaction, Rule};

use super::language::Language;
use super::rule_form::{clock, day_word};

/// Its kinds of events.
pub(super) fn kinds(l: Language, rule: &Rule) -> String {
    rule.on.iter().map(|kind| l.word("kind", kind.as_str())).collect::<Vec<_>>().join(", ")
}

/// Its condition; a rule without one always matches.
pub(super) fn condition(l: Language, rule: &Rule) -> String {
    if rule.condition.is_empty() { l.t("rule-always") } else { rule.condition.clone() }
}

/// How often at most, and when; empty where it has no period.
pub(super) fn period(l: Language, period: Option<&Period>) -> String {
    let Some(period) = period else { return String::new() };
    let every = period.every.map(|every| l.t1("rule-every", "every", format!("{every:#}")));
    let schedule = period.schedule.as_ref().map(|schedule| {
        let days: Vec<String> = schedule.days.iter().map(|day| l.word("day", day_word(*day))).collect();
        let days = if days.is_empty() { l.t("rule-every-day") } else { days.join(", ") };
        l.with(
            "rule-schedule",
            &[
                ("days", days.into()),
                ("from", clock(schedule.from).into()),
                ("to", clock(schedule.to).into()),
                ("zone", schedule.time_zone.clone().into()),
            ],
        )
    });
    every.into_iter().chain(schedule).collect::<Vec<_>>().join("; ")
}

/// Where a match is announced; empty where it is not.
pub(super) fn alarm(l: Language, alarm: Option<&Destination>) -> String {
    match alarm {
        None => String::new(),
        Some(Destination::Mail { addresses }) if addresses.is_empty() => l.t("alarm-mail-usual"),
        Some(Destination::Mail { addresses }) => l.t1("alarm-mail", "to", addresses.join(", ")),
        Some(Destination::Webhook { name }) => l.t1("alarm-webhook", "name", name.clone()),
        Some(Destination::Syslog { name }) => l.t1("alarm-syslog", "name", name.clone()),
    }
}

/// What a match does, a sentence each.
pub(super) fn reactions(l: Language, rule: &Rule) -> Vec<String> {
    rule.reactions.iter().map(|one| reaction(l, one)).collect()
}

pub(super) fn reaction(l: Language, reaction: &Reaction) -> String {
    let bounced = |text: String, bounce: bool| match bounce {
        true => format!("{text} {}", l.t("reaction-bounce")),
        false => text,
    };
    match reaction {
        Reaction::Quarantine { vlan: None, bounce } => bounced(l.t("reaction-quarantine"), *bounce),
        Reaction::Quarantine { vlan: Some(vlan), bounce } | Reaction::MovePort { vlan, bounce } => {
            bounced(l.t1("reaction-move", "vlan", vlan.get().to_string()), *bounce)
        }
        Reaction::ShutPort => l.t("reaction-shut"),
        Reaction::ReleasePort => l.t("reaction-release"),
        Reaction::SetStatus { status } => {
            l.t1("reaction-status", "status", l.word("status", status.as_str()))
        }
        Reaction::SetGroup { group } => l.t1("reaction-group", "group", group.clone()),
        Reaction::Mail { to, subject, .. } if to.is_empty() => {
            l.t1("reaction-mail-usual", "subject", subject.clone())
        }
        Reaction::Mail { to, subject, .. } => {
            l.with("reaction-mail", &[("to", to.join(", ").into()), ("subject", subject.clone().into())])
        }
        Reaction::Webhook { name } => l.t1("reaction-webhook", "name", name.clone()),
        Reaction::Syslog { name, message } => {
            l.with("reaction-syslog", &[("name", name.clone().into()), ("message", message.clone().into())])
        }
        Reaction::Command { name, args } => {
            l.with("reaction-command", &[("name", name.clone().into()), ("args", args.join(" ").into())])
        }
    }
}

/// A field of a rule, as revisions are compared by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) text: String,
}

/// All that a rule says, field by field; a mail's text stands below its sentence.
pub(super) fn fields(l: Language, rule: &Rule) -> Vec<Field> {
    let mut fields: Vec<Field> = [
        ("column-name", rule.name.clone()),
        ("rule-description", rule.description.clone()),
        ("column-on", kinds(l, rule)),
        ("column-condition", rule.condition.clone()),
        ("rule-period", period(l, rule.period.as_ref())),
        ("column-severity", l.word("severity", rule.severity.as_str())),
        ("rule-alarm", alarm(l, rule.alarm.as_ref())),
    ]
    .map(|(key, text)| Field { name: l.t(key), text })
    .into();
    for (one, at) in rule.reactions.iter().zip(1i64..) {
        let mut text = reaction(l, one);
        if let Reaction::Mail { body, .. } = one {
            text = format!("{text}\n{body}");
        }
        fields.push(Field { name: l.t1("rule-reaction-no", "at", at.to_string()), text });
    }
    fields
}

//! The form of a rule: what stands in its fields, from a rule and back. Pure; whether the rule makes sense
//! is for `operate` to say.

use jiff::SignedDuration;
use jiff::civil::Time;
use netwarden_model::{EventKind, RuleId, RuleRevision, Severity};
use netwarden_operate::{Day, Destination, Period, Rule, RuleError, RulePart, Schedule};

use super::language::Language;
use super::rule_reaction::{REACTIONS, WrittenReaction, addresses};

pub(super) const ALARMS: [&str; 3] = ["mail", "webhook", "syslog"];
pub(super) const SEVERITIES: [Severity; 5] =
    [Severity::Info, Severity::Warning, Severity::Minor, Severity::Major, Severity::Critical];
const DAYS: [(&str, Day); 7] = [
    ("mon", Day::Mon),
    ("tue", Day::Tue),
    ("wed", Day::Wed),
    ("thu", Day::Thu),
    ("fri", Day::Fri),
    ("sat", Day::Sat),
    ("sun", Day::Sun),
];

/// The word of a day.
pub(super) fn day_word(day: Day) -> &'static str {
    DAYS.iter().find(|(_, known)| *known == day).map_or("", |(word, _)| word)
}

/// Why what was written cannot be kept, and where in the form that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// None: it is about no field.
    pub(super) part: Option<RulePart>,
    pub(super) text: String,
}

impl Fault {
    pub(super) fn at(part: RulePart, text: String) -> Self {
        Self { part: Some(part), text }
    }

    pub(super) fn of(l: Language, error: &RuleError) -> Self {
        Self::at(error.part(), l.heard(&error.message()))
    }
}

/// What stands in the fields of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) on: Vec<String>,
    pub(super) condition: String,
    pub(super) severity: String,
    pub(super) every: String,
    pub(super) scheduled: bool,
    pub(super) days: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) zone: String,
    pub(super) alarm: String,
    pub(super) alarm_to: String,
    pub(super) alarm_name: String,
    pub(super) reactions: Vec<WrittenReaction>,
    pub(super) enabled: bool,
    pub(super) reason: String,
    /// The rule that is edited.
    pub(super) rule: Option<i64>,
    /// The revision that the edit began with.
    pub(super) revision: i64,
}

/// Fields as the form sends them; browsers end lines with CR LF.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [(String, String)]);

impl Fields<'_> {
    pub(super) fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.replace("\r\n", "\n")).unwrap_or_default()
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

impl Written {
    /// An empty form.
    pub(super) fn blank() -> Self {
        Self {
            severity: Severity::Minor.as_str().to_owned(),
            from: "00:00".to_owned(),
            to: "00:00".to_owned(),
            zone: "UTC".to_owned(),
            ..Self::default()
        }
    }

    /// What the form holds.
    pub(super) fn of_fields(fields: &Fields<'_>) -> Self {
        let mut places: Vec<u32> =
            fields.0.iter().filter_map(|(name, _)| name.strip_prefix("do.")?.parse().ok()).collect();
        places.sort_unstable();
        places.dedup();
        Self {
            name: fields.get("name").trim().to_owned(),
            description: fields.get("description").trim().to_owned(),
            on: fields.all("on"),
            condition: fields.get("condition"),
            severity: fields.get("severity"),
            every: fields.get("every").trim().to_owned(),
            scheduled: fields.has("scheduled"),
            days: fields.all("day"),
            from: fields.get("from").trim().to_owned(),
            to: fields.get("to").trim().to_owned(),
            zone: fields.get("zone").trim().to_owned(),
            alarm: fields.get("alarm"),
            alarm_to: fields.get("alarm_to"),
            alarm_name: fields.get("alarm_name").trim().to_owned(),
            reactions: places.into_iter().map(|place| WrittenReaction::of_fields(fields, place)).collect(),
            enabled: fields.has("enabled"),
            reason: fields.get("reason"),
            rule: fields.get("rule").parse().ok(),
            // What is no revision was never this rule's, so it meets none.
            revision: fields.get("revision").parse().unwrap_or(i64::MAX),
        }
    }

    /// A rule, to be edited.
    pub(super) fn of_rule(rule: &Rule) -> Self {
        let period = rule.period.clone().unwrap_or_default();
        let (alarm, alarm_to, alarm_name) = match &rule.alarm {
            None => ("", String::new(), String::new()),
            Some(Destination::Mail { addresses }) => ("mail", addresses.join(", "), String::new()),
            Some(Destination::Webhook { name }) => ("webhook", String::new(), name.clone()),
            Some(Destination::Syslog { name }) => ("syslog", String::new(), name.clone()),
        };
        let mut written = Self {
            name: rule.name.clone(),
            description: rule.description.clone(),
            on: rule.on.iter().map(|kind| kind.as_str().to_owned()).collect(),
            condition: rule.condition.clone(),
            severity: rule.severity.as_str().to_owned(),
            every: period.every.map(|every| format!("{every:#}")).unwrap_or_default(),
            alarm: alarm.to_owned(),
            alarm_to,
            alarm_name,
            reactions: rule.reactions.iter().map(WrittenReaction::of).collect(),
            enabled: rule.enabled,
            rule: (rule.id.0 != 0).then_some(rule.id.0),
            revision: rule.revision.0,
            ..Self::blank()
        };
        if let Some(schedule) = period.schedule {
            written.scheduled = true;
            written.days = schedule.days.iter().map(|day| day_word(*day).to_owned()).collect();
            written.from = clock(schedule.from);
            written.to = clock(schedule.to);
            written.zone = schedule.time_zone;
        }
        written
    }

    /// The rule that was written.
    pub(super) fn rule(&self, l: Language) -> Result<Rule, Fault> {
        let kind = |word: &String| {
            word.parse::<EventKind>().map_err(|error| Fault::at(RulePart::Events, l.heard(&error)))
        };
        let severity = SEVERITIES.into_iter().find(|severity| severity.as_str() == self.severity);
        let reactions = self.reactions.iter().zip(1..).map(|(reaction, at)| reaction.reaction(l, at));
        let enabled = self.enabled && self.rule.is_none();
        Ok(Rule {
            id: RuleId(self.rule.unwrap_or(0)),
            revision: RuleRevision(self.revision),
            name: self.name.clone(),
            description: self.description.clone(),
            enabled,
            on: self.on.iter().map(kind).collect::<Result<_, _>>()?,
            condition: if self.condition.trim().is_empty() { String::new() } else { self.condition.clone() },
            period: self.period(l)?,
            severity: severity.unwrap_or(Severity::Minor),
            alarm: match self.alarm.as_str() {
                "mail" => Some(Destination::Mail { addresses: addresses(&self.alarm_to) }),
                "webhook" => Some(Destination::Webhook { name: self.alarm_name.clone() }),
                "syslog" => Some(Destination::Syslog { name: self.alarm_name.clone() }),
                _ => None,
            },
            reactions: reactions.collect::<Result<_, _>>()?,
        })
    }

    fn period(&self, l: Language) -> Result<Option<Period>, Fault> {
        let wrong = |key: &str, text: &str| Fault::at(RulePart::Period, l.t1(key, "text", text.to_owned()));
        let every = match self.every.as_str() {
            "" => None,
            text => Some(text.parse::<SignedDuration>().map_err(|_| wrong("rule-no-duration", text))?),
        };
        let schedule = if self.scheduled {
            let time = |text: &str| text.parse::<Time>().map_err(|_| wrong("rule-no-time", text));
            let days = DAYS.iter().filter(|(word, _)| self.days.iter().any(|day| day == word));
            Some(Schedule {
                days: days.map(|(_, day)| *day).collect(),
                from: time(&self.from)?,
                to: time(&self.to)?,
                time_zone: self.zone.clone(),
            })
        } else {
            None
        };
        Ok((every.is_some() || schedule.is_some()).then_some(Period { every, schedule }))
    }

    /// What a button of the form wants of the reactions; true where it was one.
    pub(super) fn rearranged(&mut self, fields: &Fields<'_>) -> bool {
        let place = |name: &str| fields.get(name).parse::<usize>().ok()?.checked_sub(1);
        if fields.has("add") {
            let kind = fields.get("kind");
            if REACTIONS.contains(&kind.as_str()) {
                self.reactions.push(WrittenReaction { kind, bounce: true, ..WrittenReaction::default() });
            }
        } else if let Some(at) = place("remove").filter(|at| *at < self.reactions.len()) {
            self.reactions.remove(at);
        } else if let Some(at) = place("earlier").filter(|at| (1..self.reactions.len()).contains(at)) {
            self.reactions.swap(at - 1, at);
        } else {
            return false;
        }
        true
    }
}

/// Hours and minutes; seconds only where there are some.
pub(super) fn clock(time: Time) -> String {
    let shape = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.strftime(shape).to_string()
}

#[cfg(test)]
mod tests {
    use netwarden_model::{EndpointStatus, VlanId};
    use netwarden_operate::Reaction;

    use super::*;

    /// As a browser sends what the form holds.
    fn sent(written: &Written) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.replace('\n', "\r\n")));
        for (name, value) in [
            ("name", &written.name),
            ("description", &written.description),
            ("condition", &written.condition),
            ("severity", &written.severity),
            ("every", &written.every),
            ("from", &written.from),
            ("to", &written.to),
            ("zone", &written.zone),
            ("alarm", &written.alarm),
            ("alarm_to", &written.alarm_to),
            ("alarm_name", &written.alarm_name),
            ("revision", &written.revision.to_string()),
        ] {
            add(name, value);
        }
        written.on.iter().for_each(|kind| add("on", kind));
        written.days.iter().for_each(|day| add("day", day));
        if written.scheduled {
            add("scheduled", "on");
        }
        for (reaction, at) in written.reactions.iter().zip(1..) {
            for (name, value) in [
                ("do", &reaction.kind),
                ("vlan", &reaction.vlan),
                ("status", &reaction.status),
                ("group", &reaction.group),
                ("to", &reaction.to),
                ("subject", &reaction.subject),
                ("body", &reaction.body),
                ("name", &reaction.name),
                ("message", &reaction.message),
                ("args", &reaction.args),
            ] {
                add(&format!("{name}.{at}"), value);
            }
            if reaction.bounce {
                add(&format!("bounce.{at}"), "on");
            }
        }
        fields
    }

    fn everything() -> Rule {
        let args = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect();
        let vlan = VlanId::new(20).unwrap();
        Rule {
            id: RuleId(0),
            revision: RuleRevision(3),
            name: "all of it".into(),
            description: "two\nlines".into(),
            enabled: false,
            on: vec![EventKind::NewEndpoint, EventKind::Unauthorised],
            condition: "endpoint.status == 'new' &&\n  endpoint.vlan == 20".into(),
            period: Some(Period {
                every: Some(SignedDuration::from_secs(5_400)),
                schedule: Some(Schedule {
                    days: vec![Day::Mon, Day::Sun],
                    from: Time::constant(8, 0, 0, 0),
                    to: Time::constant(17, 30, 15, 0),
                    time_zone: "Europe/Berlin".into(),
                }),
            }),
            severity: Severity::Critical,
            alarm: Some(Destination::Mail { addresses: args(&["a@example.org", "b@example.org"]) }),
            reactions: vec![
                Reaction::Quarantine { vlan: None, bounce: false },
                Reaction::Quarantine { vlan: Some(vlan), bounce: true },
                Reaction::MovePort { vlan, bounce: true },
                Reaction::ShutPort,
                Reaction::ReleasePort,
                Reaction::SetStatus { status: EndpointStatus::Unauthorised },
                Reaction::SetGroup { group: "printers".into() },
                Reaction::Mail {
                    to: args(&["c@example.org"]),
                    subject: "{{ endpoint.mac }}".into(),
                    body: "first\n\nsecond".into(),
                },
                Reaction::Webhook { name: "desk".into() },
                Reaction::Syslog { name: "default".into(), message: "{{ event.kind }}".into() },
                Reaction::Command { name: "tell".into(), args: args(&["--mac", "{{ endpoint.mac }}"]) },
                Reaction::Command { name: "tell".into(), args: args(&["two\nlines", ""]) },
                Reaction::Command { name: "tell".into(), args: args(&["[\"a list\"]"]) },
                Reaction::Command { name: "tell".into(), args: Vec::new() },
            ],
        }
    }

    #[test]
    fn a_rule_comes_back_from_its_form_as_it_was() {
        let rule = everything();
        let written = Written::of_rule(&rule);
        let fields = sent(&written);
        let back = Written::of_fields(&Fields(&fields)).rule(Language::English).unwrap();
        assert_eq!(back, rule);
        let alarms = [
            None,
            Some(Destination::Webhook { name: "w".into() }),
            Some(Destination::Syslog { name: "s".into() }),
        ];
        for alarm in alarms {
            let rule = Rule { alarm, period: None, ..rule.clone() };
            let fields = sent(&Written::of_rule(&rule));
            assert_eq!(Written::of_fields(&Fields(&fields)).rule(Language::English).unwrap(), rule);
        }
    }

    #[test]
    fn what_is_no_rule_is_told_at_its_field() {
        let rule = everything();
        let with = |change: &dyn Fn(&mut Written)| {
            let mut written = Written::of_rule(&rule);
            change(&mut written);
            written.rule(Language::English).unwrap_err().part
        };
        assert_eq!(with(&|w| w.every = "often".into()), Some(RulePart::Period));
        assert_eq!(with(&|w| w.from = "25:00".into()), Some(RulePart::Period));
        assert_eq!(with(&|w| w.on = vec!["earthquake".into()]), Some(RulePart::Events));
        assert_eq!(with(&|w| w.reactions[2].vlan = "4095".into()), Some(RulePart::Reaction(3)));
        assert_eq!(with(&|w| w.reactions[5].status = "new".into()), Some(RulePart::Reaction(6)));
        assert_eq!(with(&|w| w.reactions[0].kind = "dance".into()), Some(RulePart::Reaction(1)));
    }

    #[test]
    fn reactions_are_added_removed_and_put_earlier() {
        let press = |written: &mut Written, name: &str, value: &str| {
            let fields = [(name.to_owned(), value.to_owned()), ("kind".to_owned(), "mail".to_owned())];
            written.rearranged(&Fields(&fields))
        };
        let kinds = |written: &Written| {
            written.reactions.iter().map(|reaction| reaction.kind.clone()).collect::<Vec<_>>().join(" ")
        };
        let mut written = Written::blank();
        assert!(press(&mut written, "add", "x"));
        written.reactions.push(WrittenReaction { kind: "shut_port".into(), ..Default::default() });
        assert!(press(&mut written, "earlier", "2"));
        assert_eq!(kinds(&written), "shut_port mail");
        for (name, value) in
            [("earlier", "1"), ("earlier", "3"), ("remove", "0"), ("remove", "3"), ("x", "1")]
        {
            assert!(!press(&mut written, name, value), "{name} {value}");
        }
        assert!(press(&mut written, "remove", "1"));
        assert_eq!(kinds(&written), "mail");
    }
}

//! The editor of rules: a form beside the list of properties, with the condition checked as it is typed.
//! Buttons of the form that change only the form send it to `/rules/draft`, which keeps nothing.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::EventKind;
use netwarden_operate::{
    ChannelDefinition, Desk, FUNCTIONS, OperateError, PROPERTIES, PropertyDescription, PropertyType, Rule,
    RulePart,
};

use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::notifications::telling;
use super::rehearsals::{self, Span};
use super::rule_check::{Checked, checked};
use super::rule_form::{ALARMS, Fault, Fields, SEVERITIES, Written};
use super::rule_reaction::REACTIONS;
use super::rule_starter::told_in;
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::{Place, Sent};
use crate::refusal::Refusal;

/// Something that can be chosen: its value, its text, and whether it is.
struct Choice {
    value: &'static str,
    text: String,
    chosen: bool,
}

/// A property in the list beside the form.
struct Known {
    name: &'static str,
    kind: String,
    about: String,
    sample: String,
    /// The sample is of a recorded event.
    is_recorded: bool,
}

/// Properties with the same first word.
struct Family {
    name: &'static str,
    known: Vec<Known>,
}

/// Names that fields suggest.
#[derive(Default)]
struct Names {
    webhooks: Vec<String>,
    syslogs: Vec<String>,
    commands: Vec<String>,
    groups: Vec<String>,
}

#[derive(Template)]
#[template(path = "rule_editor.html")]
struct EditorPage {
    frame: Frame,
    l: Language,
    w: Written,
    fault: Option<Fault>,
    /// The revision that somebody else has written meanwhile.
    newer: Option<i64>,
    checked: Checked,
    kinds: Vec<Choice>,
    severities: Vec<Choice>,
    days: Vec<Choice>,
    alarms: Vec<Choice>,
    reactions: Vec<Choice>,
    families: Vec<Family>,
    functions: &'static [&'static str],
    names: Names,
    may_enable: bool,
    may_rehearse: bool,
    spans: Vec<Span>,
}

impl EditorPage {
    fn action(&self) -> String {
        self.w.rule.map_or_else(|| "/rules/new".to_owned(), |id| format!("/rules/{id}/edit"))
    }

    fn back(&self) -> String {
        self.w.rule.map_or_else(|| "/rules".to_owned(), |id| format!("/rules/{id}"))
    }

    /// What is wrong with the field of this name.
    fn fault_at(&self, field: &str) -> Option<&str> {
        let fault = self.fault.as_ref()?;
        let at = match fault.part? {
            RulePart::Name => "name",
            RulePart::Description => "description",
            RulePart::Events => "events",
            RulePart::Condition => "condition",
            RulePart::Period => "period",
            RulePart::Alarm => "alarm",
            RulePart::Reactions => "reactions",
            RulePart::Reaction(_) => return None,
        };
        (at == field).then_some(fault.text.as_str())
    }

    /// What is wrong with a reaction, from 1; templates hand over references.
    fn fault_of(&self, reaction: &usize) -> Option<&str> {
        let fault = self.fault.as_ref()?;
        (fault.part == Some(RulePart::Reaction(*reaction))).then_some(fault.text.as_str())
    }

    /// What is wrong with no field of the rule.
    fn other_fault(&self) -> Option<&str> {
        self.fault.as_ref().filter(|fault| fault.part.is_none()).map(|fault| fault.text.as_str())
    }

    fn reaction_title(&self, kind: &str) -> String {
        self.l.word("do", kind)
    }
}

/// A form, and what is told with it.
pub(super) struct Editing {
    written: Written,
    fault: Option<Fault>,
    newer: Option<i64>,
    status: StatusCode,
}

impl Editing {
    fn of(written: Written) -> Self {
        Self { written, fault: None, newer: None, status: StatusCode::OK }
    }

    /// With why it was not done; what was written stays.
    pub(super) fn refused(written: Written, fault: Fault) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { written, fault: Some(fault), newer: None, status }
    }

    pub(super) async fn shown(self, desk: &Desk, visitor: &Visitor) -> Result<Response, Refusal> {
        let (l, mut w) = (visitor.language(), self.written);
        if let Some(id) = w.rule {
            // The form of a kept rule does not say whether it judges.
            w.enabled = desk.rule(visitor.caller(), &id.to_string()).await?.rule.enabled;
        }
        let title = match (w.rule, w.name.as_str()) {
            (None, _) => l.t("rule-new"),
            (Some(_), name) => l.t1("rule-edit-title", "name", name.to_owned()),
        };
        let choices = |words: &[&'static str], kind: &str, chosen: &dyn Fn(&str) -> bool| {
            let choice =
                |word: &&'static str| Choice { value: word, text: l.word(kind, word), chosen: chosen(word) };
            words.iter().map(choice).collect::<Vec<_>>()
        };
        let kinds: Vec<&'static str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let page = EditorPage {
            checked: checked(desk, visitor, &w.condition).await?,
            kinds: choices(&kinds, "kind", &|word| w.on.iter().any(|on| on == word)),
            severities: choices(&SEVERITIES.map(|severity| severity.as_str()), "severity", &|word| {
                w.severity == word
            }),
            days: choices(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "day", &|word| {
                w.days.iter().any(|day| day == word)
            }),
            alarms: choices(&ALARMS, "alarm-to", &|word| w.alarm == word),
            reactions: choices(&REACTIONS, "do", &|_| false),
            families: families(desk, visitor, &w).await?,
            functions: FUNCTIONS,
            names: names(desk, visitor).await?,
            may_enable: w.rule.is_none() && visitor.may(desk, Operation::RuleEnable),
            may_rehearse: visitor.may(desk, Operation::RuleRehearse),
            spans: rehearsals::spans(l),
            frame: Frame::of(desk, visitor, title).await,
            l,
            fault: self.fault,
            newer: self.newer,
            w,
        };
        let mut response = frame::page(&page)?;
        *response.status_mut() = self.status;
        Ok(response)
    }
}

/// Every property with its type and a value: of a recent event of the chosen kinds where one had it.
async fn families(desk: &Desk, visitor: &Visitor, w: &Written) -> Result<Vec<Family>, Refusal> {
    let l = visitor.language();
    let recorded = if visitor.may(desk, Operation::EventRead) {
        let kinds: Vec<EventKind> = w.on.iter().filter_map(|kind| kind.parse().ok()).collect();
        desk.property_samples(visitor.caller(), &kinds).await?
    } else {
        BTreeMap::new()
    };
    let mut families: Vec<Family> = Vec::new();
    for described in PROPERTIES {
        let name = described.name.split('.').next().unwrap_or(described.name);
        let sample = recorded.get(described.name);
        let known = Known {
            name: described.name,
            kind: type_of(l, described),
            about: about(l, described),
            sample: sample.cloned().unwrap_or_else(|| described.sample.to_owned()),
            is_recorded: sample.is_some(),
        };
        match families.last_mut() {
            Some(family) if family.name == name => family.known.push(known),
            _ => families.push(Family { name, known: vec![known] }),
        }
    }
    Ok(families)
}

fn type_of(l: Language, described: &PropertyDescription) -> String {
    match described.kind {
        PropertyType::Choice(choice) => choice.words().join(", "),
        other => l.word("type", &other.as_str().replace(' ', "-").to_lowercase()),
    }
}

/// What a property tells: the catalogue's words where it has some, else those of the list.
fn about(l: Language, described: &PropertyDescription) -> String {
    let word = l.word("about", described.name);
    if word == described.name { described.description.to_owned() } else { word }
}

async fn names(desk: &Desk, visitor: &Visitor) -> Result<Names, Refusal> {
    let mut names = Names::default();
    if visitor.may(desk, Operation::ChannelRead) {
        for channel in desk.channels(visitor.caller()).await? {
            match channel.definition {
                ChannelDefinition::Webhook(_) => names.webhooks.push(channel.name),
                ChannelDefinition::Syslog(_) => names.syslogs.push(channel.name),
                ChannelDefinition::Command(_) => names.commands.push(channel.name),
                ChannelDefinition::Mail(_) => {}
            }
        }
    }
    if visitor.may(desk, Operation::GroupRead) {
        let groups = desk.groups(visitor.caller()).await?;
        names.groups = groups.into_iter().map(|shown| shown.group.name).collect();
    }
    Ok(names)
}

/// An empty form; or a rule of the starter set (`starter`, from 0), another rule (`copy`), or one that tells of
/// a kind of event by mail (`tell`), to begin with.
pub(crate) async fn new_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        desk.permit_of(caller, Operation::RuleCreate).await?;
        let written = if let Some(copied) = query.get("copy") {
            let rule = desk.rule(caller, copied).await?.rule;
            let name = l.t1("rule-copy-of", "name", rule.name.clone());
            begun(&Rule { name, ..rule })
        } else if let Some(at) = query.get("starter").and_then(|at| at.parse::<usize>().ok()) {
            desk.starter_rules(caller, told_in(l)).await?.get(at).map_or_else(Written::blank, begun)
        } else if let Some(kind) = query.get("tell").and_then(|kind| kind.parse::<EventKind>().ok()) {
            begun(&telling(l, kind))
        } else {
            Written::blank()
        };
        Editing::of(written).shown(&desk, &visitor).await
    })
    .await
}

/// The form of a new rule that says what `rule` says.
fn begun(rule: &Rule) -> Written {
    Written { rule: None, revision: 0, enabled: false, ..Written::of_rule(rule) }
}

pub(crate) async fn edit_page(State(desk): State<Desk>, visitor: Visitor, Place(id): Place<i64>) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::RuleModify).await?;
        let rule = desk.rule(visitor.caller(), &id.to_string()).await?.rule;
        Editing::of(Written::of_rule(&rule)).shown(&desk, &visitor).await
    })
    .await
}

/// The form once more, with a reaction added, removed or put earlier; nothing is kept.
pub(crate) async fn draft(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let fields = Fields(&fields);
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleRead).await?;
        let mut written = Written::of_fields(&fields);
        written.rearranged(&fields);
        Editing::of(written).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn add(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let fields = Fields(&fields);
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleCreate).await?;
        let written = Written { rule: None, revision: 0, ..Written::of_fields(&fields) };
        save(&desk, &visitor, written).await
    })
    .await
}

pub(crate) async fn edit(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let fields = Fields(&fields);
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleModify).await?;
        let mut written = Written { rule: Some(id), ..Written::of_fields(&fields) };
        // Who was told of a newer revision, and saves over it, says over which.
        if let Ok(over) = fields.get("over").parse() {
            written.revision = over;
        }
        save(&desk, &visitor, written).await
    })
    .await
}

async fn save(desk: &Desk, visitor: &Visitor, written: Written) -> Result<Response, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let rule = match written.rule(l) {
        Ok(rule) => rule,
        Err(fault) => return Editing::refused(written, fault).shown(desk, visitor).await,
    };
    if let Err(error) = desk.examine_rule(caller, rule.clone()).await? {
        return Editing::refused(written, Fault::of(l, &error)).shown(desk, visitor).await;
    }
    let kept = match written.rule {
        None => desk.add_rule(caller, rule, &written.reason).await,
        Some(id) => desk.edit_rule(caller, &id.to_string(), rule, None, &written.reason).await,
    };
    let error = match kept {
        Ok(kept) => return Ok(led_to(&format!("/rules/{}?done=saved", kept.id.0))),
        Err(error) => error,
    };
    let (part, newer, status) = match &error {
        OperateError::Invalid(_) => (None, None, StatusCode::UNPROCESSABLE_ENTITY),
        OperateError::Conflict(_) => (Some(RulePart::Name), None, StatusCode::CONFLICT),
        OperateError::Outdated(_) => {
            let present = match written.rule {
                Some(id) => Some(desk.rule(caller, &id.to_string()).await?.rule.revision.0),
                None => None,
            };
            (None, present, StatusCode::PRECONDITION_FAILED)
        }
        _ => return Err(error.into()),
    };
    let fault = Some(Fault { part, text: l.said(&error.said()) });
    Editing { written, fault, newer, status }.shown(desk, visitor).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_says_what_the_list_of_properties_says() {
        for described in PROPERTIES {
            let key = format!("about-{}", described.name.replace(['.', '_'], "-"));
            assert_eq!(Language::English.t(&key), described.description, "{key}");
            assert_ne!(Language::German.t(&key), described.description, "{key} has no German text");
        }
    }
}

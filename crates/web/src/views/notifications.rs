//! Who is told of what (AUD-15): for each kind of event the rules that announce it, to whom and with which
//! text. It is another view of the rules; each is set where it is a rule.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_model::EventKind;
use netwarden_operate::{Desk, ListWish, Reaction, Rule};

use super::frame::{self, Frame, answered};
use super::language::Language;
use super::rule_words;
use super::sheet::AT_ONCE;
use super::visitor::Visitor;
use crate::refusal::Refusal;

/// What one rule announces.
struct Told {
    rule: String,
    href: String,
    enabled: bool,
    /// Where it goes and what it says, a sentence each; the texts as they are written below it.
    ways: Vec<(String, String)>,
}

/// A kind of event, and who is told of it.
struct OfKind {
    title: String,
    told: Vec<Told>,
    /// A new rule that tells of it.
    add: String,
}

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage {
    frame: Frame,
    kinds: Vec<OfKind>,
    may_add: bool,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let rules = all(&desk, &visitor).await?;
        let announcing: Vec<(&Rule, Vec<(String, String)>)> =
            rules.iter().map(|rule| (rule, ways(l, rule))).filter(|(_, ways)| !ways.is_empty()).collect();
        let of_kind = |kind: EventKind| {
            let told = announcing.iter().filter(|(rule, _)| rule.on.contains(&kind));
            let told = told.map(|(rule, ways)| Told {
                rule: rule.name.clone(),
                href: format!("/rules/{}", rule.id.0),
                enabled: rule.enabled,
                ways: ways.clone(),
            });
            OfKind {
                title: l.word("kind", kind.as_str()),
                told: told.collect(),
                add: format!("/rules/new?tell={}", kind.as_str()),
            }
        };
        let kinds = EventKind::ALL.into_iter().map(of_kind).collect();
        let frame = Frame::of(&desk, &visitor, l.t("notifications")).await;
        let may_add = visitor.may(&desk, Operation::RuleCreate);
        frame::page(&NotificationsPage { frame, kinds, may_add })
    })
    .await
}

async fn all(desk: &Desk, visitor: &Visitor) -> Result<Vec<Rule>, Refusal> {
    let mut wanted = ListWish { limit: Some(AT_ONCE), ..ListWish::default() };
    let mut rules = Vec::new();
    loop {
        let page = desk.list_rules(visitor.caller(), wanted.clone()).await?;
        rules.extend(page.items.into_iter().map(|listed| listed.rule));
        wanted.after = page.next;
        if wanted.after.is_none() {
            return Ok(rules);
        }
    }
}

/// How a rule tells people and other systems; what it does to ports and endpoints is no telling.
fn ways(l: Language, rule: &Rule) -> Vec<(String, String)> {
    let alarm = rule.alarm.as_ref().map(|alarm| (rule_words::alarm(l, Some(alarm)), String::new()));
    let reactions = rule.reactions.iter().filter_map(|reaction| {
        let text = match reaction {
            Reaction::Mail { body, .. } => body.clone(),
            Reaction::Webhook { .. } | Reaction::Syslog { .. } => String::new(),
            _ => return None,
        };
        Some((rule_words::reaction(l, reaction), text))
    });
    alarm.into_iter().chain(reactions).collect()
}

/// The rule that tells of `kind` by mail, to begin with: its text names what nearly every event has.
pub(super) fn telling(l: Language, kind: EventKind) -> Rule {
    let title = l.word("kind", kind.as_str());
    let mail = Reaction::Mail {
        to: Vec::new(),
        subject: format!("{title}: {{{{ event.subject }}}}"),
        body: [
            "{{ event.kind }}: {{ event.subject }}, {{ event.at }}",
            "{{ endpoint.dns_name }} {{ endpoint.status }}",
            "{{ endpoint.ne }} {{ endpoint.port }}",
        ]
        .join("\n"),
    };
    Rule {
        id: netwarden_model::RuleId(0),
        revision: netwarden_model::RuleRevision(0),
        name: l.t1("notification-of", "kind", title),
        description: String::new(),
        enabled: false,
        on: vec![kind],
        condition: String::new(),
        period: None,
        severity: netwarden_model::Severity::Minor,
        alarm: None,
        reactions: vec![mail],
    }
}

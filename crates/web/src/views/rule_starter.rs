//! The starter set of rules: offered where there is none yet, kept disabled.

use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::act::{Act, Given};
use super::dialog::{asked, submitted};
use super::frame::led_to;
use super::language::Language;
use super::visitor::Visitor;
use crate::refusal::Refusal;

/// Rules are kept in the language of who takes them over: they are that person's from then on.
pub(super) fn told_in(l: Language) -> impl Fn(&str) -> String {
    move |text| l.heard(text)
}

async fn act_of(desk: &Desk, visitor: &Visitor) -> Result<Act, Refusal> {
    let (l, rules) =
        (visitor.language(), desk.starter_rules(visitor.caller(), told_in(visitor.language())).await?);
    let names: Vec<String> = rules.into_iter().map(|rule| rule.name).collect();
    Ok(Act {
        title: l.t("starter-title"),
        told: vec![l.t("starter-told"), l.t("starter-alarms"), names.join(", ")],
        inputs: Vec::new(),
        button: l.t("act-starter"),
        dangerous: false,
        action: "/rules/starter".to_owned(),
        back: "/rules".to_owned(),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::RuleCreate, act_of(&desk, &visitor)).await
}

pub(crate) async fn add(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        desk.add_starter_rules(visitor.caller(), told_in(visitor.language()), &given.reason).await?;
        Ok(led_to("/rules?done=starter"))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor)).await
}

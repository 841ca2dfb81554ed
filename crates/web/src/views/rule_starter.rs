//! The starter set of rules: offered where there is none yet, kept disabled.

use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::act::{Act, ActForm};
use super::frame::{answered, led_to};
use super::language::Language;
use super::visitor::Visitor;
use crate::refusal::Refusal;

fn act_of(l: Language, names: &[String]) -> Act {
    Act {
        title: l.t("starter-title"),
        told: vec![l.t("starter-told"), l.t("starter-alarms"), names.join(", ")],
        inputs: Vec::new(),
        button: l.t("act-starter"),
        dangerous: false,
        action: "/rules/starter".to_owned(),
        back: "/rules".to_owned(),
        fault: None,
        reason: String::new(),
    }
}

async fn names_of(desk: &Desk, visitor: &Visitor) -> Result<Vec<String>, Refusal> {
    Ok(desk.starter_rules(visitor.caller()).await?.into_iter().map(|rule| rule.name).collect())
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::RuleCreate).await?;
        let names = names_of(&desk, &visitor).await?;
        act_of(visitor.language(), &names).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn add(
    State(desk): State<Desk>,
    visitor: Visitor,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.add_starter_rules(visitor.caller(), &given.reason).await {
            Ok(_) => Ok(led_to("/rules?done=starter")),
            Err(error) => {
                let names = names_of(&desk, &visitor).await?;
                let act = act_of(visitor.language(), &names);
                act.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

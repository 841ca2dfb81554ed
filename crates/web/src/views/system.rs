//! The system: its parts, its parameters, and the global stop.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::act::{Act, ActForm, notice};
use super::endpoints::Button;
use super::frame::{self, Frame, answered, led_to};
use super::ports::verb;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    parts: Table,
    /// None where the reader may not see them.
    parameters: Option<Table>,
    buttons: Vec<Button>,
}

const PARTS: Columns = &[("column-part", None), ("column-status", None), ("column-what", None)];
const PARAMETERS: Columns = &[("column-parameter", None), ("column-value", None), ("column-meaning", None)];

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let none = Query::default();
        let parts = parts(&desk, &visitor).await?;
        let parameters = if visitor.may(&desk, Operation::ParameterRead) {
            let rows = desk.parameters(caller).await?.into_iter().map(|(declaration, value)| Row {
                cells: vec![
                    Cell::Code(declaration.name.to_owned()),
                    Cell::Code(value),
                    Cell::Text(declaration.description.to_owned()),
                ],
            });
            let rows = rows.collect();
            Some(Table::new(l, "", &l.t("parameters"), PARAMETERS, &[], &none).filled(&none, rows, None))
        } else {
            None
        };
        let frame = Frame::of(&desk, &visitor, l.t("nav-system")).await;
        let (operation, key, verb) = if frame.stopped {
            (Operation::EnforcementResume, "act-resume", "resume")
        } else {
            (Operation::EnforcementStop, "act-stop", "stop")
        };
        let mut buttons = Vec::new();
        if visitor.may(&desk, operation) {
            buttons.push(Button { text: l.t(key), href: format!("/system/{verb}"), dangerous: true });
        }
        let undo = |done: &str| match done {
            "stop" => Some("/system/resume".to_owned()),
            "resume" => Some("/system/stop".to_owned()),
            _ => None,
        };
        let frame = frame.with_notice(notice(l, &query, undo));
        frame::page(&SystemPage { frame, parts, parameters, buttons })
    })
    .await
}

/// How every part is.
pub(super) async fn parts(desk: &Desk, visitor: &Visitor) -> Result<Table, Refusal> {
    let (l, none) = (visitor.language(), Query::default());
    let rows = desk.health(visitor.caller()).await?.into_iter().map(|part| {
        let word = part.state.as_str();
        Row {
            cells: vec![
                Cell::Text(l.word("part", part.name)),
                Cell::Status { word: word.to_owned(), text: l.word("state", word) },
                Cell::Text(part.text),
            ],
        }
    });
    Ok(Table::new(l, "", &l.t("parts"), PARTS, &[], &none).filled(&none, rows.collect(), None))
}

async fn act_of(desk: &Desk, visitor: &Visitor, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let (title, told, button) = match verb {
        "stop" => ("stop-title", "stop-told", "act-stop"),
        _ => ("resume-title", "resume-told", "act-resume"),
    };
    let held = i64::try_from(desk.ports_enforced().await?).unwrap_or(i64::MAX);
    Ok(Act {
        title: l.t(title),
        told: vec![l.t(told), l.t1("stop-held", "count", held)],
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: true,
        action: format!("/system/{verb}"),
        back: "/system".to_owned(),
        fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
) -> Response {
    answered(&desk, &visitor, async {
        let verb = verb(&uri);
        let operation =
            if verb == "stop" { Operation::EnforcementStop } else { Operation::EnforcementResume };
        desk.permit_of(visitor.caller(), operation).await?;
        act_of(&desk, &visitor, verb).await?.shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let verb = verb(&uri);
        match desk.set_global_stop(visitor.caller(), verb == "stop", &given.reason).await {
            Ok(()) => Ok(led_to(&format!("/system?done={verb}"))),
            Err(error) => {
                act_of(&desk, &visitor, verb).await?.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

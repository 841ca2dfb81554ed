//! Rules: the list, one with its revisions, and switching it on and off.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, Rule};

use super::act::{Act, ActForm, notice};
use super::endpoints::{Button, Property, listed, wish};
use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::ports::verb;
use super::table::{Cell, Columns, Filters, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-status", None),
    ("column-on", None),
    ("column-condition", None),
    ("column-revision", None),
    ("column-changed", None),
];
const FILTERS: Filters =
    &[("name", "filter-name", None), ("enabled", "column-status", Some(("rule", &["true", "false"])))];

fn is_on(l: Language, rule: &Rule) -> Cell {
    let word = if rule.enabled { "true" } else { "false" };
    let colour = if rule.enabled { "enabled" } else { "disabled" };
    Cell::Status { word: colour.to_owned(), text: l.word("rule", word) }
}

fn kinds(l: Language, rule: &Rule) -> String {
    rule.on.iter().map(|kind| l.word("kind", kind.as_str())).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let page = shape::page(desk.list_rules(visitor.caller(), wish(&query)).await?, |listed| listed);
        let rows = page.items.iter().map(|listed| Row {
            cells: vec![
                Cell::Link { text: listed.rule.name.clone(), href: format!("/rules/{}", listed.rule.id.0) },
                is_on(l, &listed.rule),
                Cell::Text(kinds(l, &listed.rule)),
                Cell::Code(listed.rule.condition.clone()),
                Cell::Text(listed.rule.revision.0.to_string()),
                Cell::Time(Some(listed.changed_at)),
            ],
        });
        let table = Table::new(l, "/rules", &l.t("nav-rules"), COLUMNS, FILTERS, &query)
            .filled(&query, rows.collect(), page.next.as_deref())
            .counted(page.total)
            .or_empty(l.t("rules-none"));
        listed(&desk, &visitor, l.t("nav-rules"), table).await
    })
    .await
}

#[derive(Template)]
#[template(path = "rule.html")]
struct RulePage {
    frame: Frame,
    status: Cell,
    description: String,
    properties: Vec<Property>,
    condition: String,
    reactions: String,
    revisions: Table,
    buttons: Vec<Button>,
}

const REVISIONS: Columns =
    &[("column-revision", None), ("column-time", None), ("column-user", None), ("column-condition", None)];

pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let found = desk.rule(caller, &id.to_string()).await?;
        let rule = found.rule;
        let revisions = desk.rule_revisions(caller, &id.to_string()).await?;
        let rows = revisions.iter().map(|revision| Row {
            cells: vec![
                Cell::Text(revision.rule.revision.0.to_string()),
                Cell::Time(Some(revision.written_at)),
                Cell::Text(revision.written_by.clone()),
                Cell::Code(revision.rule.condition.clone()),
            ],
        });
        let revisions = Table::new(l, "", &l.t("revisions"), REVISIONS, &[], &Query::default()).filled(
            &Query::default(),
            rows.collect(),
            None,
        );
        let here = format!("/rules/{id}");
        let undo = |done: &str| match done {
            "enable" => Some(format!("{here}/disable")),
            "disable" => Some(format!("{here}/enable")),
            _ => None,
        };
        let (operation, key, verb) = if rule.enabled {
            (Operation::RuleDisable, "act-disable", "disable")
        } else {
            (Operation::RuleEnable, "act-enable", "enable")
        };
        let mut buttons = Vec::new();
        if visitor.may(&desk, operation) {
            buttons.push(Button {
                text: l.t(key),
                href: format!("{here}/{verb}"),
                dangerous: verb == "enable",
            });
        }
        let frame = Frame::of(&desk, &visitor, rule.name.clone()).await.with_notice(notice(l, &query, undo));
        frame::page(&RulePage {
            frame,
            status: is_on(l, &rule),
            description: rule.description.clone(),
            properties: vec![
                Property { name: l.t("column-on"), cell: Cell::Text(kinds(l, &rule)) },
                Property { name: l.t("column-revision"), cell: Cell::Text(rule.revision.0.to_string()) },
                Property { name: l.t("column-changed"), cell: Cell::Time(Some(found.changed_at)) },
            ],
            condition: rule.condition.clone(),
            reactions: reactions(&rule),
            revisions,
            buttons,
        })
    })
    .await
}

/// What it does, as it is written in its text.
fn reactions(rule: &Rule) -> String {
    let mut value = serde_json::to_value(rule).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        for known in ["id", "revision", "enabled", "name", "description", "on", "condition"] {
            object.remove(known);
        }
    }
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

async fn act_of(desk: &Desk, visitor: &Visitor, id: i64, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let rule = desk.rule(visitor.caller(), &id.to_string()).await?.rule;
    let (title, told, button) = match verb {
        "enable" => ("enable-title", "enable-told", "act-enable"),
        _ => ("disable-title", "disable-told", "act-disable"),
    };
    Ok(Act {
        title: l.t1(title, "name", rule.name.clone()),
        told: vec![l.t1(told, "kinds", kinds(l, &rule))],
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: verb == "enable",
        action: format!("/rules/{id}/{verb}"),
        back: format!("/rules/{id}"),
        fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(id): Place<i64>,
) -> Response {
    answered(&desk, &visitor, async {
        let verb = verb(&uri);
        let operation = if verb == "enable" { Operation::RuleEnable } else { Operation::RuleDisable };
        desk.permit_of(visitor.caller(), operation).await?;
        act_of(&desk, &visitor, id, verb).await?.shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(id): Place<i64>,
    ActForm { 0: given }: ActForm,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let verb = verb(&uri);
        let on = verb == "enable";
        match desk.enable_rule(visitor.caller(), &id.to_string(), on, &given.reason, None).await {
            Ok(_) => Ok(led_to(&format!("/rules/{id}?done={verb}"))),
            Err(error) => {
                let act = act_of(&desk, &visitor, id, verb).await?;
                act.refused(&desk, &visitor, &given, error.into()).await
            }
        }
    })
    .await
}

//! Fifth step: rules judge, nothing is sent, and what would have been done is looked at.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_api::event::Event;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish};

use super::Course;
use crate::address::Query;
use crate::refusal::Refusal;
use crate::views::events::{self, what};
use crate::views::frame::{self, Frame, answered};
use crate::views::section::{table, told};
use crate::views::table::{Cell, Columns, Row, Table};
use crate::views::visitor::Visitor;

/// Acts that are shown, the latest first.
const SHOWN: u64 = 50;
const COLUMNS: Columns = &[("column-time", None), ("column-what", None), ("column-number", None)];
const RULES: Columns = &[("column-name", None), ("column-status", None), ("column-condition", None)];

#[derive(Template)]
#[template(path = "adopt_observe.html")]
struct ObservePage {
    frame: Frame,
    course: Course,
    rules: Table,
    observed: Table,
}

/// What would have been done, the latest first; nothing for those who may not read events.
pub(super) async fn observed(desk: &Desk, visitor: &Visitor, limit: u64) -> Result<Vec<Event>, Refusal> {
    if !visitor.may(desk, Operation::EventRead) {
        return Ok(Vec::new());
    }
    let wanted = ListWish {
        filters: vec![("kind".to_owned(), "enforcement_observed".to_owned())],
        limit: Some(limit),
        ..ListWish::default()
    };
    let found = desk.list_events(visitor.caller(), wanted).await?;
    let told = |event| events::told(visitor.language(), desk, visitor.caller(), event);
    found.items.iter().map(told).collect()
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        let l = visitor.language();
        let rows = observed(&desk, &visitor, SHOWN).await?;
        let rows = rows.iter().map(|event| Row {
            cells: vec![
                Cell::Time(Some(event.at)),
                what(event, visitor.may(&desk, Operation::NeRead)),
                Cell::Link { text: format!("#{}", event.seq), href: format!("/events/{}", event.seq) },
            ],
        });
        let observed = table(l, l.t("observe-acts"), COLUMNS, rows.collect(), l.t("observe-none"));
        let mut rules = Vec::new();
        if visitor.may(&desk, Operation::RuleRead) {
            let wanted = ListWish { limit: Some(200), ..ListWish::default() };
            rules = desk.list_rules(visitor.caller(), wanted).await?.items;
        }
        let rules = rules.iter().map(|listed| {
            let rule = &listed.rule;
            let (colour, word) = if rule.enabled { ("enabled", "true") } else { ("disabled", "false") };
            Row {
                cells: vec![
                    Cell::Link { text: rule.name.clone(), href: format!("/rules/{}", rule.id.0) },
                    Cell::Status { word: colour.to_owned(), text: l.word("rule", word) },
                    Cell::Code(rule.condition.clone()),
                ],
            }
        });
        let rules = table(l, l.t("nav-rules"), RULES, rules.collect(), l.t("observe-no-rules"));
        let frame = Frame::of(&desk, &visitor, l.t("adopt-observe")).await;
        frame::page(&ObservePage {
            frame: frame.with_notice(told(l, &query)),
            course: Course::of(&desk, &visitor, "observe").await?,
            rules,
            observed,
        })
    })
    .await
}

//! Rehearsals: over which span, started as a job, and what a rule would have done to whom.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;
use netwarden_model::{NeId, PortRef, RuleId, RuleRevision, Subject};
use netwarden_operate::{Desk, Effect, MAX_LISTED, RehearsalReport, Said};

use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::rule_editor::Editing;
use super::rule_form::{Fault, Fields, Written};
use super::rule_words;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use super::{endpoints, jobs, ports};
use crate::address::Query;
use crate::input::{Place, Sent};
use crate::refusal::Refusal;

/// A span of the past that can be chosen.
pub(super) struct Span {
    pub(super) value: &'static str,
    pub(super) text: String,
}

const HOUR: i64 = 1;
const SPANS: [(&str, Option<i64>); 5] = [
    ("day", Some(24 * HOUR)),
    ("hour", Some(HOUR)),
    ("week", Some(7 * 24 * HOUR)),
    ("month", Some(30 * 24 * HOUR)),
    ("all", None),
];

/// What can be chosen, the usual one first.
pub(super) fn spans(l: Language) -> Vec<Span> {
    SPANS.iter().map(|(value, _)| Span { value, text: l.word("span", value) }).collect()
}

type Bounds = (Option<Timestamp>, Option<Timestamp>);

/// The span that a form asks for: its own bounds, else one of [`SPANS`].
fn bounds(l: Language, fields: &Fields<'_>, now: Timestamp) -> Result<Bounds, Fault> {
    let bound = |name: &str| match fields.get(name).trim() {
        "" => Ok(None),
        text => {
            let at = text.parse::<DateTime>().ok().and_then(|at| at.to_zoned(TimeZone::UTC).ok());
            let wrong = || Fault { part: None, text: l.t1("rehearse-no-time", "text", text.to_owned()) };
            at.map(|at| Some(at.timestamp())).ok_or_else(wrong)
        }
    };
    let (from, until) = (bound("from-time")?, bound("until-time")?);
    if from.is_some() || until.is_some() {
        return Ok((from, until));
    }
    let span = fields.get("span");
    let hours = SPANS.iter().find(|(value, _)| *value == span).and_then(|(_, hours)| *hours);
    let from = hours.map(|hours| now.saturating_sub(SignedDuration::from_hours(hours)));
    Ok((from.and_then(Result::ok), None))
}

#[derive(Template)]
#[template(path = "rehearse.html")]
struct RehearsePage {
    frame: Frame,
    rule: i64,
    name: String,
    condition: String,
    reactions: Vec<String>,
    spans: Vec<Span>,
    from: String,
    until: String,
    fault: Option<String>,
}

async fn form(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    given: Option<(&Fields<'_>, String)>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let rule = desk.rule(visitor.caller(), &id.to_string()).await?.rule;
    let text = |name: &str| given.as_ref().map(|(fields, _)| fields.get(name)).unwrap_or_default();
    let refused = given.is_some();
    let mut response = frame::page(&RehearsePage {
        frame: Frame::of(desk, visitor, l.t1("rehearse-title", "name", rule.name.clone())).await,
        rule: id,
        condition: rule_words::condition(l, &rule),
        reactions: rule_words::reactions(l, &rule),
        name: rule.name,
        spans: spans(l),
        from: text("from-time"),
        until: text("until-time"),
        fault: given.map(|(_, fault)| fault),
    })?;
    if refused {
        *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, Place(id): Place<i64>) -> Response {
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::RuleRehearse).await?;
        form(&desk, &visitor, id, None).await
    })
    .await
}

/// Of a rule that is kept.
pub(crate) async fn start(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let fields = Fields(&fields);
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleRehearse).await?;
        let (from, until) = match bounds(visitor.language(), &fields, desk.clock.now()) {
            Ok(bounds) => bounds,
            Err(fault) => return form(&desk, &visitor, id, Some((&fields, fault.text))).await,
        };
        let job = desk.rehearse_named(visitor.caller(), &id.to_string(), from, until).await?;
        Ok(led_to(&jobs::address(job)))
    })
    .await
}

#[derive(Template)]
#[template(path = "rehearse.html", block = "told_fault")]
struct FaultPart {
    fault: Option<String>,
}

/// Of what stands in the editor, which is not kept.
pub(crate) async fn start_draft(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let (l, fields) = (visitor.language(), Fields(&fields));
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleRehearse).await?;
        let written = Written::of_fields(&fields);
        let started = async {
            let mut rule = match written.rule(l) {
                Ok(rule) => rule,
                Err(fault) => return Ok(Err(fault)),
            };
            (rule.id, rule.revision) = (RuleId(0), RuleRevision(0));
            if rule.name.is_empty() {
                rule.name = l.t("rule-unnamed");
            }
            let (from, until) = match bounds(l, &fields, desk.clock.now()) {
                Ok(bounds) => bounds,
                Err(fault) => return Ok(Err(fault)),
            };
            if let Err(error) = desk.examine_rule(visitor.caller(), rule.clone()).await? {
                return Ok(Err(Fault::of(visitor.language(), &error)));
            }
            Ok::<_, Refusal>(Ok(desk.rehearse_rule(visitor.caller(), rule, from, until).await?))
        };
        match started.await? {
            Ok(job) => Ok(led_to(&jobs::address(job))),
            // What is refused is not put into the page: beside the form it is an answer like any other.
            Err(fault) if visitor.part => frame::page(&FaultPart { fault: Some(fault.text) }),
            Err(fault) => Editing::refused(written, fault).shown(&desk, &visitor).await,
        }
    })
    .await
}

/// What a rehearsal found, as a job's page shows it.
pub(super) struct Found {
    pub(super) told: Vec<String>,
    /// Where the rule is; None where it is not kept.
    pub(super) rule: Option<String>,
    pub(super) reasons: Vec<String>,
    pub(super) shut: Vec<Cell>,
    pub(super) moved: Vec<Cell>,
    /// What would have happened to whom.
    pub(super) effects: Table,
    pub(super) before: Option<String>,
    pub(super) next: Option<String>,
}

const EFFECTS: Columns = &[
    ("column-time", None),
    ("column-event", None),
    ("column-whom", None),
    ("column-port", None),
    ("column-would", None),
];
/// Rows of a page of effects.
const ROWS: usize = 50;

/// Shapes a report; `at` is the address of the job's page.
pub(super) fn found(
    desk: &Desk,
    visitor: &Visitor,
    report: &RehearsalReport,
    at: &str,
    query: &Query,
) -> Found {
    let l = visitor.language();
    let place = |port: &PortRef| port_cell(desk, visitor, port);
    let page = query.get("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
    let first = (page - 1).saturating_mul(ROWS);
    let rows = report.effects.iter().skip(first).take(ROWS).map(|effect| row(desk, visitor, effect));
    let none = Query::default();
    let effects = Table::new(l, "", &l.t("rehearsed-effects"), EFFECTS, &[], &none)
        .filled(&none, rows.collect(), None)
        .or_empty(l.t("rehearsed-none"));
    let link = |page: usize| format!("{at}?page={page}");
    let rules = &report.rules;
    Found {
        told: told(l, report),
        rule: rules.first().filter(|rule| rule.rule != 0).map(|rule| format!("/rules/{}", rule.rule)),
        reasons: rules.iter().flat_map(|rule| rule.reasons.iter().map(|why| l.heard(why))).collect(),
        shut: rules.iter().flat_map(|rule| rule.shut.iter().map(place)).collect(),
        moved: rules.iter().flat_map(|rule| rule.moved.iter().map(place)).collect(),
        effects,
        before: (page > 1).then(|| link(page - 1)),
        next: (first.saturating_add(ROWS) < report.effects.len()).then(|| link(page + 1)),
    }
}

/// A report in sentences.
pub(super) fn told(l: Language, report: &RehearsalReport) -> Vec<String> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut told = Vec::new();
    if report.cancelled {
        told.push(l.t("rehearsed-partly"));
    }
    told.push(l.with(
        "rehearsed-events",
        &[("events", number(report.events).into()), ("matched", number(report.matched_events).into())],
    ));
    for rule in &report.rules {
        let held = rule.held + rule.own_effects;
        for (key, count) in [
            ("rehearsed-subjects", rule.subjects.len() as u64),
            ("rehearsed-shut", rule.shut.len() as u64),
            ("rehearsed-moved", rule.moved.len() as u64),
            ("rehearsed-held", held),
            ("rehearsed-failures", rule.failures),
        ] {
            if count > 0 {
                told.push(l.t1(key, "count", number(count)));
            }
        }
        let asked = rule.actions.iter().map(|(action, count)| format!("{} {count}", l.word("do", action)));
        let asked: Vec<String> = asked.collect();
        if !asked.is_empty() {
            told.push(l.t1("rehearsed-actions", "actions", asked.join(", ")));
        }
    }
    if report.matched_events > MAX_LISTED as u64 {
        told.push(l.t1("rehearsed-listed", "count", number(MAX_LISTED as u64)));
    }
    told
}

fn row(desk: &Desk, visitor: &Visitor, effect: &Effect) -> Row {
    let l = visitor.language();
    let subject = effect.subject.to_string();
    let whom = match (&effect.subject, &effect.name) {
        (Subject::Mac(_), Some(name)) => {
            Cell::Link { text: format!("{name} · {subject}"), href: endpoints::address(&subject) }
        }
        (Subject::Mac(_), None) => Cell::CodeLink { href: endpoints::address(&subject), text: subject },
        (Subject::Ne(ne), _) => {
            Cell::Link { text: element_name(desk, visitor, *ne), href: format!("/elements/{}", ne.0) }
        }
        (Subject::System(_), _) => Cell::Text(subject),
    };
    let would = match (effect.held, effect.actions.is_empty()) {
        (true, _) => l.t("would-held"),
        (false, true) => l.t("would-nothing"),
        (false, false) => {
            effect.actions.iter().map(|action| l.word("do", action)).collect::<Vec<_>>().join(", ")
        }
    };
    Row {
        cells: vec![
            Cell::Time(Some(effect.at)),
            Cell::Link {
                text: format!("{} · #{}", l.word("kind", effect.kind.as_str()), effect.seq.0),
                href: format!("/events/{}", effect.seq.0),
            },
            whom,
            effect.port.as_ref().map_or(Cell::Text(String::new()), |port| port_cell(desk, visitor, port)),
            Cell::Text(would),
        ],
    }
}

fn port_cell(desk: &Desk, visitor: &Visitor, port: &PortRef) -> Cell {
    let name = element_name(desk, visitor, port.ne);
    Cell::Link { text: format!("{name} · {}", port.port), href: ports::address(port.ne.0, &port.port.0) }
}

/// An element's name where the reader may see it; else its id.
fn element_name(desk: &Desk, visitor: &Visitor, ne: NeId) -> String {
    let network = desk.engine.keeper().picture().read();
    let seen = network.element(ne).filter(|_| visitor.caller().scope(Operation::NeRead).contains(Some(ne)));
    seen.map_or_else(
        || visitor.language().said(&Said::Element { ne }),
        |state| state.base.element.name.clone(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_chosen_or_bounded() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let of = |fields: &[(&str, &str)]| {
            let fields: Vec<_> = fields.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            bounds(Language::English, &Fields(&fields), now)
        };
        assert_eq!(of(&[("span", "hour")]), Ok((at("2026-03-01T11:00:00Z"), None)));
        assert_eq!(of(&[("span", "all")]), Ok((None, None)));
        assert_eq!(of(&[]), Ok((None, None)));
        assert_eq!(
            of(&[("span", "day"), ("until-time", "2026-02-01T00:30")]),
            Ok((None, at("2026-02-01T00:30:00Z")))
        );
        assert!(of(&[("from-time", "yesterday")]).is_err());
    }
}

//! Rules: the list, one with its revisions, switching it on and off, and taking it away.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish, Rule, WrittenRevision};

use super::act::{Act, Given, notice};
use super::dialog::{asked, submitted};
use super::endpoints::{Button, Property, wish};
use super::frame::{self, Frame, Notice, answered, led_to};
use super::language::Language;
use super::ports::verb;
use super::rule_starter::told_in;
use super::rule_words::{self, kinds};
use super::table::{Cell, Columns, Filters, ListPart, Row, Table};
use super::visitor::Visitor;
use super::{jobs, rehearsals};
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;
use crate::shape;

const COLUMNS: Columns = &[
    ("column-name", Some("name")),
    ("column-status", None),
    ("column-on", None),
    ("column-condition", None),
    ("reactions", None),
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

#[derive(Template)]
#[template(path = "rules.html")]
struct ListPage {
    frame: Frame,
    table: Table,
    links: Vec<Button>,
    /// Rules to begin with, where there is none yet: what each is called, is for, and its form.
    starter: Vec<(String, String, String)>,
    may_add: bool,
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let (l, caller) = (visitor.language(), visitor.caller());
        let page = shape::page(desk.list_rules(caller, wish(&query)?).await?, |listed| listed);
        let rows: Vec<Row> = page
            .items
            .iter()
            .map(|listed| Row {
                cells: vec![
                    Cell::Link {
                        text: listed.rule.name.clone(),
                        href: format!("/rules/{}", listed.rule.id.0),
                    },
                    is_on(l, &listed.rule),
                    Cell::Text(kinds(l, &listed.rule)),
                    Cell::Code(listed.rule.condition.clone()),
                    Cell::Text(in_short(l, &listed.rule)),
                    Cell::Text(listed.rule.revision.0.to_string()),
                    Cell::Time(Some(listed.changed_at)),
                ],
            })
            .collect();
        let is_filtered = query.without(&["done"]).pairs().next().is_some();
        let is_first_use = rows.is_empty() && !is_filtered;
        let empty = if is_first_use { l.t("rules-none-yet") } else { l.t("rules-none") };
        let table = Table::new(l, "/rules", &l.t("nav-rules"), COLUMNS, FILTERS, &query)
            .filled(&query, rows, page.next.as_deref())
            .counted(page.total)
            .or_empty(empty);
        if visitor.part {
            return frame::page(&ListPart { table });
        }
        let starter = if is_first_use { starter(&desk, &visitor).await? } else { Vec::new() };
        let mut links = Vec::new();
        let may_add = visitor.may(&desk, Operation::RuleCreate);
        if may_add {
            links.push(link(l, "rule-new", "/rules/new"));
        }
        links.push(link(l, "notifications", "/rules/notifications"));
        links.push(link(l, "jobs", "/jobs"));
        let told = match query.get("done") {
            Some("deleted") => Some(Notice { text: l.t("done-deleted"), undo: None }),
            Some("starter") => Some(Notice { text: l.t("done-starter"), undo: None }),
            _ => None,
        };
        let frame = Frame::of(&desk, &visitor, l.t("nav-rules")).await.with_notice(told);
        frame::page(&ListPage { frame, table, links, starter, may_add })
    })
    .await
}

/// What it does, in a word each.
fn in_short(l: Language, rule: &Rule) -> String {
    let alarm = rule.alarm.as_ref().map(|_| l.t("rule-alarm"));
    let value = serde_json::to_value(&rule.reactions).unwrap_or_default();
    let reactions = value.as_array().into_iter().flatten();
    let words = reactions.filter_map(|reaction| Some(l.word("do", reaction.get("do")?.as_str()?)));
    alarm.into_iter().chain(words).collect::<Vec<_>>().join(", ")
}

async fn starter(desk: &Desk, visitor: &Visitor) -> Result<Vec<(String, String, String)>, Refusal> {
    let rules =
        desk.starter_rules(visitor.caller(), told_in(visitor.language())).await?.into_iter().enumerate();
    Ok(rules.map(|(at, rule)| (rule.name, rule.description, format!("/rules/new?starter={at}"))).collect())
}

fn link(l: Language, key: &str, href: impl Into<String>) -> Button {
    Button { text: l.t(key), href: href.into(), dangerous: false }
}

/// A revision in the list of them.
struct Written {
    number: i64,
    at: Cell,
    by: String,
    condition: String,
    /// It is offered as the older, or the newer, of the two to compare.
    is_old: bool,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "rule.html")]
struct RulePage {
    frame: Frame,
    here: String,
    status: Cell,
    description: String,
    properties: Vec<Property>,
    condition: String,
    reactions: Vec<String>,
    /// The last rehearsal of this revision, in sentences, and where it is.
    rehearsed: Option<(Vec<String>, String)>,
    revisions: Vec<Written>,
    links: Vec<Button>,
    buttons: Vec<Button>,
}

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
        let all = desk.rule_revisions(caller, &id.to_string()).await?;
        let here = format!("/rules/{id}");
        let undo = |done: &str| match done {
            "enable" => Some(format!("{here}/disable")),
            "disable" => Some(format!("{here}/enable")),
            _ => None,
        };
        let told = match query.get("done") {
            Some("saved") => Some(Notice { text: l.t("done-saved"), undo: None }),
            _ => notice(l, &query, undo),
        };
        let rehearsed = desk.last_rehearsal(caller, rule.id, rule.revision).await?;
        let (links, buttons) = offered(&desk, &visitor, &rule);
        frame::page(&RulePage {
            frame: Frame::of(&desk, &visitor, rule.name.clone()).await.with_notice(told),
            status: is_on(l, &rule),
            description: rule.description.clone(),
            properties: properties(l, &rule, found.changed_at),
            condition: rule_words::condition(l, &rule),
            reactions: rule_words::reactions(l, &rule),
            rehearsed: rehearsed.map(|(job, report)| (rehearsals::told(l, &report), jobs::address(job.id))),
            revisions: revisions(&all),
            here,
            links,
            buttons,
        })
    })
    .await
}

fn properties(l: Language, rule: &Rule, changed: jiff::Timestamp) -> Vec<Property> {
    let all = [
        ("column-on", kinds(l, rule)),
        ("rule-period", rule_words::period(l, rule.period.as_ref())),
        ("column-severity", l.word("severity", rule.severity.as_str())),
        ("rule-alarm", rule_words::alarm(l, rule.alarm.as_ref())),
        ("column-revision", rule.revision.0.to_string()),
    ];
    let said = all.into_iter().filter(|(_, text)| !text.is_empty());
    let mut properties: Vec<Property> =
        said.map(|(key, text)| Property { name: l.t(key), cell: Cell::Text(text) }).collect();
    properties.push(Property { name: l.t("column-changed"), cell: Cell::Time(Some(changed)) });
    properties
}

/// The newest first; the two newest are offered for comparison.
fn revisions(all: &[WrittenRevision]) -> Vec<Written> {
    let newest_first = all.iter().rev().enumerate();
    newest_first
        .map(|(at, revision)| Written {
            number: revision.rule.revision.0,
            at: Cell::Time(Some(revision.written_at)),
            by: revision.written_by.clone(),
            condition: revision.rule.condition.clone(),
            is_old: at == 1,
            is_new: at == 0,
        })
        .collect()
}

/// Pages to go to, and acts.
fn offered(desk: &Desk, visitor: &Visitor, rule: &Rule) -> (Vec<Button>, Vec<Button>) {
    let (l, here) = (visitor.language(), format!("/rules/{}", rule.id.0));
    let links = [
        (Operation::RuleModify, "rule-edit", format!("{here}/edit")),
        (Operation::RuleRehearse, "rule-rehearse", format!("{here}/rehearse")),
        (Operation::RuleCreate, "rule-copy", format!("/rules/new?copy={}", rule.id.0)),
    ];
    let (operation, key, verb) = match rule.enabled {
        true => (Operation::RuleDisable, "act-disable", "disable"),
        false => (Operation::RuleEnable, "act-enable", "enable"),
    };
    let acts = [(operation, key, verb), (Operation::RuleDelete, "act-delete", "delete")];
    let links = links.into_iter().filter(|(operation, ..)| visitor.may(desk, *operation));
    let acts = acts.into_iter().filter(|(operation, ..)| visitor.may(desk, *operation));
    (
        links.map(|(_, key, href)| link(l, key, href)).collect(),
        acts.map(|(_, key, verb)| Button {
            text: l.t(key),
            href: format!("{here}/{verb}"),
            dangerous: verb != "disable",
        })
        .collect(),
    )
}

fn operation_of(verb: &str) -> Operation {
    match verb {
        "enable" => Operation::RuleEnable,
        "disable" => Operation::RuleDisable,
        _ => Operation::RuleDelete,
    }
}

async fn act_of(desk: &Desk, visitor: &Visitor, id: i64, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let rule = desk.rule(visitor.caller(), &id.to_string()).await?.rule;
    let (title, told, button) = match verb {
        "enable" => ("enable-title", "enable-told", "act-enable"),
        "disable" => ("disable-title", "disable-told", "act-disable"),
        _ => ("delete-title", "delete-told", "act-delete"),
    };
    let mut told = vec![l.t1(told, "kinds", kinds(l, &rule))];
    if verb == "enable" {
        told.extend(consequences(desk, visitor, &rule).await?);
    }
    Ok(Act {
        title: l.t1(title, "name", rule.name.clone()),
        told,
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: verb != "disable",
        action: format!("/rules/{id}/{verb}"),
        back: format!("/rules/{id}"),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

/// What enabling a rule will do to whom, as far as that can be known.
async fn consequences(desk: &Desk, visitor: &Visitor, rule: &Rule) -> Result<Vec<String>, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let mut told: Vec<String> = Vec::new();
    told.extend(
        rule.alarm.as_ref().map(|alarm| l.t1("enable-alarm", "to", rule_words::alarm(l, Some(alarm)))),
    );
    told.extend(rule_words::reactions(l, rule));
    let is_of_port = rule.reactions.iter().any(netwarden_operate::Reaction::is_of_port);
    if is_of_port && visitor.may(desk, Operation::NeRead) {
        let enforced = async |enforced: bool| {
            let filters = vec![("enforcement".to_owned(), enforced.to_string())];
            let wish = ListWish { filters, limit: Some(1), ..ListWish::default() };
            let page = shape::page(desk.elements(caller, wish).await?, |element| element);
            Ok::<_, Refusal>(i64::try_from(page.total.count).unwrap_or(i64::MAX))
        };
        let (acts, only_observes) = (enforced(true).await?, enforced(false).await?);
        told.push(l.with("enable-elements", &[("acts", acts.into()), ("observes", only_observes.into())]));
    }
    if is_of_port && desk.standing().await?.stopped {
        told.push(l.t("banner-stopped"));
    }
    match desk.last_rehearsal(caller, rule.id, rule.revision).await? {
        None => told.push(l.t("enable-not-rehearsed")),
        Some((_, report)) => {
            told.push(l.t("enable-rehearsed"));
            told.extend(rehearsals::told(l, &report));
        }
    }
    Ok(told)
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(id): Place<i64>,
) -> Response {
    let verb = verb(&uri);
    asked(&desk, &visitor, operation_of(verb), act_of(&desk, &visitor, id, verb)).await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    Place(id): Place<i64>,
    given: Given,
) -> Response {
    let verb = verb(&uri);
    let done = async {
        let (caller, named) = (visitor.caller(), id.to_string());
        if verb == "delete" {
            desk.delete_rule(caller, &named, &given.reason, None).await?;
            return Ok(led_to("/rules?done=deleted"));
        }
        desk.enable_rule(caller, &named, verb == "enable", &given.reason, None).await?;
        Ok(led_to(&format!("/rules/{id}?done={verb}")))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, id, verb)).await
}

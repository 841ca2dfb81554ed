//! `netwarden rules …`: kept, switched, rehearsed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::rule::{Rehearse, Revision, Rule, RuleText};
use netwarden_rules::rehearse::Report;
use serde_json::{Value, json};

use super::ask::ReasonArgument;
use super::fault::{Fault, failed};
use super::job;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::rule_file::{self, RuleFile};
use super::session::{Printer, Session};
use super::when::Sense;
use crate::output::{Cell, Format, Rows};

/// Verbs of rules.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists rules.
    List(ListArguments),
    /// Shows a rule; --toml as a file for `rules edit`.
    Show {
        /// Name or id.
        rule: String,
        /// As the file that `rules edit` takes, with the revision that it changes.
        #[arg(long)]
        toml: bool,
    },
    /// Keeps a new rule from a TOML or JSON file, disabled.
    Add {
        /// The file; `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Keeps a new revision of a rule. A file that names a revision changes that one only.
    Edit {
        /// Name or id.
        rule: String,
        /// The file; `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Lets a rule judge from the next event on.
    Enable(Act),
    /// Lets a rule judge no longer.
    Disable(Act),
    /// Takes a rule away; its revisions stay.
    Delete(Act),
    /// Lists the revisions of a rule.
    Revisions {
        /// Name or id.
        rule: String,
        /// Found in name, description, condition or author.
        #[arg(long)]
        text: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Checks rule files without keeping them.
    Check {
        /// The files; `-` for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Says what a rule would have done on the events recorded so far; Ctrl-C cancels.
    Rehearse(RehearseArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in name or description.
    text: Option<String>,
    /// Only those that judge.
    #[arg(long, conflicts_with = "disabled")]
    enabled: bool,
    /// Only those that do not.
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    paging: Paging,
}

/// One rule and a reason.
#[derive(Debug, Args)]
pub struct Act {
    /// Name or id.
    rule: String,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What to rehearse.
#[derive(Debug, Args)]
pub struct RehearseArguments {
    /// Name or id.
    rule: String,
    /// From then on; the beginning of the log where missing.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then; now where missing.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Do not wait: print the job's id.
    #[arg(long)]
    detach: bool,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let client = &session.client;
    match verb {
        Verb::List(arguments) => {
            let enabled = match (arguments.enabled, arguments.disabled) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            let filters = Filters::default().with("text", arguments.text).with("enabled", enabled);
            list::<Rule>(session, "/rules", filters, &arguments.paging).await
        }
        Verb::Show { rule, toml } => {
            let answer: Value = client.get(&path(&rule, ""), &[]).await?;
            if toml {
                return session.out.write(&rule_file::to_toml(answer)?);
            }
            show::<Rule>(&session.out, answer)
        }
        Verb::Add { file, reason } => {
            let RuleFile { rule, .. } = rule_file::read(&file)?;
            let body = with_reason(rule, reason)?;
            show::<Rule>(&session.out, client.post("/rules", &body).await?)
        }
        Verb::Edit { rule, file, reason } => edit(session, &rule, rule_file::read(&file)?, reason).await,
        Verb::Enable(act) => switch(session, act, "/enable").await,
        Verb::Disable(act) => switch(session, act, "/disable").await,
        Verb::Delete(Act { rule, reason }) => {
            let query = [("reason", reason.get()?)];
            let request = client.request(Method::DELETE, &path(&rule, "")).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        Verb::Revisions { rule, text, paging } => {
            let filters = Filters::default().with("text", text);
            list::<Revision>(session, &path(&rule, "/revisions"), filters, &paging).await
        }
        Verb::Check { files } => check(session, files).await,
        Verb::Rehearse(arguments) => rehearse(session, arguments).await,
    }
}

async fn edit(session: &Session, named: &str, file: RuleFile, reason: ReasonArgument) -> Result<(), Fault> {
    let path = path(named, "");
    let tag = match file.revision {
        // Changed by somebody else since the file was written: the server says so (412).
        Some(revision) => Some(format!("\"{revision}\"")),
        None => session.client.request(Method::GET, &path).send_tagged::<Value>().await?.1,
    };
    let tag = tag.ok_or_else(|| failed("the server names no revision to change"))?;
    let body = with_reason(file.rule, reason)?;
    let request = session.client.request(Method::PUT, &path).if_match(&tag).json(&body);
    show::<Rule>(&session.out, request.send().await?)
}

async fn switch(session: &Session, act: Act, below: &str) -> Result<(), Fault> {
    let body = json!({ "reason": act.reason.get()? });
    show::<Rule>(&session.out, session.client.post(&path(&act.rule, below), &body).await?)
}

async fn check(session: &Session, files: Vec<PathBuf>) -> Result<(), Fault> {
    let mut wrong = 0;
    let mut rows = Rows::new(&["file", "rule", "verdict"]);
    for file in &files {
        let name = file.display().to_string();
        let verdict = match rule_file::read(file) {
            Err(Fault::Failed(error)) => Err((None, format!("{error:#}"))),
            Err(fault) => return Err(fault),
            Ok(RuleFile { rule, name, .. }) => {
                let sent = session.client.post::<_, Value>("/rules/check", &rule).await;
                match sent {
                    Ok(_) => Ok(name),
                    Err(netwarden_api::ClientError::Problem(problem))
                        if matches!(problem.status, 400 | 422) =>
                    {
                        Err((Some(name), problem.detail))
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        let (rule, words) = match verdict {
            Ok(rule) => (Some(rule), "can be kept".to_owned()),
            Err((rule, words)) => {
                wrong += 1;
                (rule, words)
            }
        };
        rows.push_cells([Cell::from(name), rule.into(), words.into()]);
    }
    session.out.rows(&rows)?;
    match wrong {
        0 => Ok(()),
        1 => Err(Fault::Bad("1 rule cannot be kept".to_owned())),
        count => Err(Fault::Bad(format!("{count} rules cannot be kept"))),
    }
}

async fn rehearse(session: &Session, arguments: RehearseArguments) -> Result<(), Fault> {
    let time =
        |text: &Option<String>, sense| text.as_deref().map(|text| session.out.time(text, sense)).transpose();
    let body = Rehearse {
        from: time(&arguments.from, Sense::PastFrom)?,
        until: time(&arguments.until, Sense::PastUntil)?,
    };
    let started: job::Started = session.client.post(&path(&arguments.rule, "/rehearse"), &body).await?;
    job::finish(session, &started, arguments.detach, report).await
}

/// Prints what a rehearsal found.
fn report(out: &Printer, result: &Value) -> Result<(), Fault> {
    if out.format == Format::Json {
        return out.json(result);
    }
    let Ok(report) = serde_json::from_value::<Report>(result.clone()) else {
        return answer(out, result);
    };
    let mut rows = Rows::new(&[
        "rule",
        "matches",
        "held back",
        "own effects",
        "actions",
        "ports shut",
        "ports moved",
        "subjects",
        "first",
        "last",
        "failures",
        "reasons",
    ]);
    for rule in &report.rules {
        let actions: Vec<String> =
            rule.actions.iter().map(|(action, count)| format!("{action} {count}")).collect();
        let ports = |ports: &std::collections::BTreeSet<netwarden_model::PortRef>| {
            let names: Vec<String> = ports.iter().map(ToString::to_string).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let reasons: Vec<&str> = rule.reasons.iter().map(String::as_str).collect();
        rows.push_cells([
            Cell::from(&rule.name),
            rule.matches.into(),
            rule.held.into(),
            rule.own_effects.into(),
            (!actions.is_empty()).then(|| actions.join(", ")).into(),
            ports(&rule.shut).into(),
            ports(&rule.moved).into(),
            rule.subjects.len().into(),
            rule.first.into(),
            rule.last.into(),
            rule.failures.into(),
            (!reasons.is_empty()).then(|| reasons.join("; ")).into(),
        ]);
    }
    out.rows(&rows)?;
    let partly = if report.cancelled { ", cancelled: this is the beginning only" } else { "" };
    out.note(&format!("{} events read, {} matched{partly}", report.events, report.matched_events));
    Ok(())
}

/// The rule's text with the reason beside it.
fn with_reason(mut rule: Value, reason: ReasonArgument) -> Result<Value, Fault> {
    if let Some(fields) = rule.as_object_mut() {
        fields.insert("reason".to_owned(), reason.get()?.into());
    }
    Ok(rule)
}

fn path(named: &str, below: &str) -> String {
    format!("/rules/{}{below}", segment(named))
}

/// A part of a rule as the rule engine has it.
fn rest(text: &RuleText, name: &str) -> Option<String> {
    match text.rest.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(word)) => Some(word.clone()),
        Some(Value::Array(items)) if items.is_empty() => None,
        Some(other) => Some(other.to_string()),
    }
}

impl Tabular for Rule {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "enabled",
        "on",
        "severity",
        "revision",
        "changed",
        "description",
        "condition",
        "reactions",
        "alarm",
        "period",
    ];
    const BRIEF: usize = 8;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.text.name),
            self.enabled.into(),
            Cell::Text(self.text.on.join(", ")),
            rest(&self.text, "severity").into(),
            self.revision.into(),
            self.changed_at.into(),
            Cell::from(&self.text.description),
            Cell::from(&self.text.condition),
            rest(&self.text, "reactions").into(),
            rest(&self.text, "alarm").into(),
            rest(&self.text, "period").into(),
        ]
    }
}

impl Tabular for Revision {
    const COLUMNS: &'static [&'static str] =
        &["revision", "written", "by", "on", "condition", "description", "reactions", "alarm", "period"];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.revision.into(),
            self.written_at.into(),
            Cell::from(&self.written_by),
            Cell::Text(self.text.on.join(", ")),
            Cell::from(&self.text.condition),
            Cell::from(&self.text.description),
            rest(&self.text, "reactions").into(),
            rest(&self.text, "alarm").into(),
            rest(&self.text, "period").into(),
        ]
    }
}

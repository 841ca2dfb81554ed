//! Rules as files, in TOML or JSON: read with the rule engine's own types, so that a wrong word is said
//! with its line before anything is sent.

use std::path::Path;

use anyhow::Context;
use netwarden_rules::Rule;
use serde_json::Value;

use super::fault::{Fault, failed};

/// What the server adds to a rule and a file may hold without harm.
const OF_THE_SERVER: [&str; 3] = ["id", "revision", "changed_at"];

/// A rule from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// Its name.
    pub name: String,
    /// The revision from which the file was made, where it says so.
    pub revision: Option<i64>,
    /// What is sent.
    pub rule: Value,
}

/// Reads a file; `-` is standard input.
pub fn read(file: &Path) -> Result<RuleFile, Fault> {
    let text = super::import::read(file)?;
    Ok(parse(&text).with_context(|| format!("{} is no rule", file.display()))?)
}

fn parse(text: &str) -> anyhow::Result<RuleFile> {
    let is_json = text.trim_start().starts_with('{');
    let mut table: Value = if is_json { serde_json::from_str(text)? } else { toml::from_str(text)? };
    let revision = table.get("revision").and_then(Value::as_i64).filter(|revision| *revision > 0);
    let has_server_words =
        table.as_object().is_some_and(|table| OF_THE_SERVER.iter().any(|name| table.contains_key(*name)));
    // The text itself where that is possible: its errors name the line.
    let rule: Rule = if is_json || has_server_words {
        if let Some(table) = table.as_object_mut() {
            table.retain(|name, _| !OF_THE_SERVER.contains(&name.as_str()));
        }
        serde_json::from_value(table)?
    } else {
        toml::from_str(text)?
    };
    let name = rule.name.clone();
    let mut sent = serde_json::to_value(rule)?;
    if let Some(sent) = sent.as_object_mut() {
        sent.retain(|name, _| !OF_THE_SERVER.contains(&name.as_str()));
    }
    Ok(RuleFile { name, revision, rule: sent })
}

/// The file of a rule that the server answered, with its revision.
pub fn to_toml(mut answer: Value) -> Result<String, Fault> {
    let table = answer.as_object_mut().ok_or_else(|| failed("the server's answer is no rule"))?;
    table.retain(|name, value| !matches!(name.as_str(), "id" | "changed_at" | "enabled") && !value.is_null());
    // The rule engine's order of fields, which is the one that people expect.
    let mut ordered = toml::Table::new();
    let _ = table.remove("id");
    for (name, value) in table.iter() {
        let value = toml::Value::try_from(value).with_context(|| format!("{name} cannot stand in a file"))?;
        ordered.insert(name.clone(), value);
    }
    Ok(toml::to_string_pretty(&ordered).context("the rule cannot stand in a file")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "name = 'rogue'\non = ['new_endpoint']\ncondition = 'endpoint.vlan == 7'\n\
                        [period]\nevery = '1h'\n[[reactions]]\ndo = 'quarantine'\nvlan = 666\n";

    #[test]
    fn toml_and_json_are_the_same_rule() {
        let toml = parse(FILE).unwrap();
        assert_eq!((toml.name.as_str(), toml.revision), ("rogue", None));
        assert_eq!(toml.rule["reactions"][0]["vlan"], 666);
        assert!(toml.rule.get("id").is_none() && toml.rule.get("revision").is_none());
        assert_eq!(parse(&toml.rule.to_string()).unwrap(), toml);
    }

    #[test]
    fn what_the_server_shows_can_be_edited() {
        let mut shown = parse(FILE).unwrap().rule;
        shown["id"] = 3.into();
        shown["revision"] = 7.into();
        shown["changed_at"] = "2026-11-22T00:00:00Z".into();
        let file = to_toml(shown.clone()).unwrap();
        let read = parse(&file).unwrap();
        assert_eq!(read.revision, Some(7));
        assert_eq!(read.rule, parse(FILE).unwrap().rule);
        assert_eq!(parse(&shown.to_string()).unwrap().revision, Some(7));
    }

    #[test]
    fn a_wrong_word_is_said_with_its_line() {
        let error = parse("name = 'x'\non = ['new_endpoint']\nconditon = 'true'\n").unwrap_err();
        assert!(format!("{error:#}").contains("conditon"), "{error:#}");
        let error = parse("name = 'x'\non = ['new_endpiont']\n").unwrap_err();
        assert!(format!("{error:#}").contains("line 2"), "{error:#}");
        assert!(parse("").is_err() && parse("{").is_err() && parse("[1]").is_err());
    }
}

//! Two revisions of a rule side by side, field by field.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_operate::{Desk, Rule, WrittenRevision};

use super::frame::{self, Frame, answered};
use super::language::Language;
use super::rule_words::{Field, fields};
use super::visitor::Visitor;
use crate::address::Query;
use crate::input::Place;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "rule_diff.html")]
struct DiffPage {
    frame: Frame,
    here: String,
    name: String,
    numbers: Vec<i64>,
    old: i64,
    new: i64,
    old_told: String,
    new_told: String,
    differences: Vec<Difference>,
    same: String,
}

/// Two revisions side by side, field by field: `old` and `new`, the two newest unless given.
pub(crate) async fn show(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let all = desk.rule_revisions(visitor.caller(), &id.to_string()).await?;
        let newest = all.last().map_or(1, |revision| revision.rule.revision.0);
        let number = |name: &str, usual: i64| query.get(name).and_then(|n| n.parse().ok()).unwrap_or(usual);
        let (old, new) = (number("old", (newest - 1).max(1)), number("new", newest));
        let find = |number: i64| {
            let none = || Refusal::not_found(l.t1("rule-no-revision", "revision", number.to_string()));
            all.iter().find(|revision| revision.rule.revision.0 == number).ok_or_else(none)
        };
        let (before, after) = (find(old)?, find(new)?);
        let (differences, same) = compared(l, &before.rule, &after.rule);
        let told = |revision: &WrittenRevision| {
            let values = [
                ("revision", revision.rule.revision.0.to_string().into()),
                ("user", revision.written_by.clone().into()),
            ];
            l.with("revision-by", &values)
        };
        frame::page(&DiffPage {
            frame: Frame::of(&desk, &visitor, l.t1("rule-diff-title", "name", after.rule.name.clone())).await,
            here: format!("/rules/{id}"),
            name: after.rule.name.clone(),
            numbers: all.iter().map(|revision| revision.rule.revision.0).collect(),
            old,
            new,
            old_told: told(before),
            new_told: told(after),
            differences,
            same: same.join(", "),
        })
    })
    .await
}

/// A field in which two revisions differ: what is common before, the two middles, what is common behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) name: String,
    pub(super) before: String,
    pub(super) old: String,
    pub(super) new: String,
    pub(super) behind: String,
    /// None: this revision has no such field.
    pub(super) has_old: bool,
    pub(super) has_new: bool,
}

/// Where two rules differ, and the names of the fields in which they do not.
pub(super) fn compared(l: Language, old: &Rule, new: &Rule) -> (Vec<Difference>, Vec<String>) {
    let (old, new) = (fields(l, old), fields(l, new));
    let (mut differences, mut same) = (Vec::new(), Vec::new());
    for at in 0..old.len().max(new.len()) {
        let (before, after) = (old.get(at), new.get(at));
        let Some(name) = before.or(after).map(|field| field.name.clone()) else { continue };
        if before == after {
            same.push(name);
            continue;
        }
        let text = |field: Option<&Field>| field.map(|field| field.text.clone()).unwrap_or_default();
        let (common, old_middle, new_middle, behind) = middles(&text(before), &text(after));
        differences.push(Difference {
            name,
            before: common,
            old: old_middle,
            new: new_middle,
            behind,
            has_old: before.is_some(),
            has_new: after.is_some(),
        });
    }
    (differences, same)
}

/// The common beginning, the two middles and the common end of two texts.
fn middles(old: &str, new: &str) -> (String, String, String, String) {
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let begin = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - begin;
    let end = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let middle = |text: &[char]| text.iter().skip(begin).take(text.len() - begin - end).collect();
    (old.iter().take(begin).collect(), middle(&old), middle(&new), old.iter().skip(old.len() - end).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_between_what_is_common() {
        for (old, new, expected) in [
            ("a == 1 && b", "a == 2 && b", ("a == ", "1", "2", " && b")),
            ("", "new", ("", "", "new", "")),
            ("aa", "aaa", ("aa", "", "a", "")),
            ("äöü", "äxü", ("ä", "ö", "x", "ü")),
            ("one", "two", ("", "one", "two", "")),
        ] {
            let (before, old_middle, new_middle, behind) = middles(old, new);
            assert_eq!(
                (before.as_str(), old_middle.as_str(), new_middle.as_str(), behind.as_str()),
                expected,
                "{old} / {new}"
            );
        }
    }
}

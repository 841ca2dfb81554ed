//! The check of a condition while it is typed: what saving would say, marked at its place.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{ConditionError, Desk};

use super::frame::{self, answered};
use super::language::Language;
use super::rule_form::{Fields, Written};
use super::visitor::Visitor;
use crate::input::Sent;
use crate::refusal::Refusal;

/// What the check told.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) good: bool,
    pub(super) text: String,
    /// As it was understood, where that is not as it was written.
    pub(super) understood: String,
    /// The condition around the fault.
    pub(super) marked: Option<Marked>,
    /// What else would keep the rule from being saved.
    pub(super) besides: Option<String>,
}

/// A text in which one place is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) before: String,
    pub(super) here: String,
    pub(super) behind: String,
}

#[derive(Template)]
#[template(path = "rule_check.html")]
struct CheckPart {
    l: Language,
    checked: Checked,
}

/// What saving this condition would say.
pub(super) async fn checked(desk: &Desk, visitor: &Visitor, condition: &str) -> Result<Checked, Refusal> {
    let l = visitor.language();
    let plain = |good, text| Checked { good, text, understood: String::new(), marked: None, besides: None };
    if condition.trim().is_empty() {
        return Ok(plain(true, l.t("rule-always")));
    }
    Ok(match desk.examine_condition(visitor.caller(), condition).await? {
        Ok(examined) => {
            let steps = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let values = [("cost", steps(examined.cost).into()), ("limit", steps(examined.limit).into())];
            let told = l.with("condition-good", &values);
            let is_other = examined.understood != condition.trim();
            Checked {
                understood: if is_other { examined.understood } else { String::new() },
                ..plain(true, told)
            }
        }
        Err(error) => {
            let line = error.line.to_string();
            let column = error.column.to_string();
            let values = [
                ("line", line.into()),
                ("column", column.into()),
                ("message", l.heard(&error.message).into()),
            ];
            let told = l.with("condition-wrong", &values);
            Checked { marked: Some(marked(condition, &error)), ..plain(false, told) }
        }
    })
}

/// The word at the place of the error; the sign where there is none; the last one where the text ends.
fn marked(condition: &str, error: &ConditionError) -> Marked {
    let line: usize = condition.split_inclusive('\n').take(error.line.saturating_sub(1)).map(str::len).sum();
    let in_line = condition.get(line..).unwrap_or_default();
    let column =
        in_line.char_indices().nth(error.column.saturating_sub(1)).map_or(in_line.len(), |(at, _)| at);
    let mut at = (line + column).min(condition.trim_end().len());
    if at == condition.trim_end().len() {
        let last = condition.trim_end().chars().next_back().map_or(0, char::len_utf8);
        at -= last;
    }
    let (before, rest) = condition.split_at_checked(at).unwrap_or((condition, ""));
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let end = if word > 0 { word } else { rest.chars().next().map_or(0, char::len_utf8) };
    let (here, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
    Marked { before: before.to_owned(), here: here.to_owned(), behind: behind.to_owned() }
}

/// Checks what stands in the form.
pub(crate) async fn check(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(fields): Sent<Vec<(String, String)>>,
) -> Response {
    answered(&desk, &visitor, async {
        let fields = Fields(&fields);
        visitor.proven(&fields.get("proof"))?;
        desk.permit_of(visitor.caller(), Operation::RuleRead).await?;
        let (l, written) = (visitor.language(), Written::of_fields(&fields));
        let mut checked = checked(&desk, &visitor, &written.condition).await?;
        // A rule that has no name yet is not finished: it is not told what else it lacks.
        if checked.good && !written.name.is_empty() {
            let fault = match written.rule(l) {
                Err(fault) => Some(fault.text),
                Ok(rule) => {
                    let examined = desk.examine_rule(visitor.caller(), rule).await?;
                    examined.err().map(|error| l.heard(&error.message()))
                }
            };
            checked.besides = fault.map(|fault| l.t1("condition-besides", "fault", fault));
        }
        frame::page(&CheckPart { l, checked })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_marked() {
        let at = |condition: &str, line, column| {
            let error = ConditionError { line, column, message: String::new() };
            let marked = marked(condition, &error);
            (marked.before, marked.here, marked.behind)
        };
        let is =
            |before: &str, here: &str, behind: &str| (before.to_owned(), here.to_owned(), behind.to_owned());
        assert_eq!(at("endpoint.stauts == 'new'", 1, 1), is("", "endpoint.stauts", " == 'new'"));
        assert_eq!(at("true &&\n  ü == 1", 2, 3), is("true &&\n  ", "ü", " == 1"));
        assert_eq!(at("a && )", 1, 6), is("a && ", ")", ""));
        assert_eq!(at("a &&", 1, 5), is("a &", "&", ""));
        assert_eq!(at("a &&\n", 2, 1), is("a &", "&", "\n"));
        assert_eq!(at("a", 9, 9), is("", "a", ""));
        assert_eq!(at("", 1, 1), is("", "", ""));
    }
}

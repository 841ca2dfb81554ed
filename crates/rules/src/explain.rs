//! Why a rule did, or did not, match an event: part by part, in words.

use netwarden_model::{Event, EventKind};
use serde::{Deserialize, Serialize};

use crate::compiled::CompiledRule;
use crate::evaluate::Evaluation;
use crate::node::Node;
use crate::properties::{Property, PropertyType};
use crate::value::{Value, write_literal};
use crate::view::View;

/// The explanation of one rule on one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whether event kind and condition match; period and depth of cause are not looked at.
    pub matches: bool,
    /// The whole in one sentence.
    pub summary: String,
    /// The condition, part by part, outer parts first.
    pub parts: Vec<Part>,
}

/// A part of a condition and what it gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How deep it stands; 0 for the whole condition.
    pub depth: usize,
    /// The part, as it was understood.
    pub text: String,
    /// `true`, `false`, or why it has no value.
    pub result: String,
    /// The properties that it asks for and their values, in words.
    pub because: Vec<String>,
}

/// Most parts that are explained.
const MAX_PARTS: usize = 200;

/// Explains `rule` on `event`.
pub fn explain(rule: &CompiledRule, event: &Event) -> Explanation {
    let text = rule.rule();
    if !text.on.contains(&event.kind) {
        let kinds: Vec<&str> = text.on.iter().map(|kind: &EventKind| kind.as_str()).collect();
        return Explanation {
            matches: false,
            summary: format!(
                "rule '{}' does not look at {}, only at {}",
                text.name,
                event.kind,
                kinds.join(", ")
            ),
            parts: Vec::new(),
        };
    }
    let view = View::new(event);
    let mut parts = Vec::new();
    describe(rule.condition().node(), 0, view, &mut parts);
    let (matches, summary) = match rule.condition().holds(view) {
        Ok(true) if !rule.is_on_schedule(event.at) => {
            (false, format!("rule '{}' matches, but the event is outside of its schedule", text.name))
        }
        Ok(true) => (true, format!("rule '{}' matches", text.name)),
        Ok(false) => (false, format!("rule '{}' does not match: {}", text.name, culprit(&parts))),
        Err(error) => (false, format!("rule '{}' could not be judged: {error}", text.name)),
    };
    Explanation { matches, summary, parts }
}

/// The first false part that has no parts of its own, else the first false one.
fn culprit(parts: &[Part]) -> String {
    let lowest = parts.iter().enumerate().find(|(at, part)| {
        part.result == "false" && parts.get(at + 1).is_none_or(|next| next.depth <= part.depth)
    });
    let Some((_, part)) = lowest else { return "its condition is false".to_owned() };
    if part.because.is_empty() {
        return format!("{} is false", part.text);
    }
    format!("{} is false, since {}", part.text, part.because.join(" and "))
}

fn describe(node: &Node, depth: usize, view: View<'_>, parts: &mut Vec<Part>) {
    if parts.len() >= MAX_PARTS {
        return;
    }
    let result = match Evaluation::new(view).truth(node) {
        Ok(truth) => truth.to_string(),
        Err(error) => error.to_string(),
    };
    let inner: Vec<&Node> = match node {
        Node::And(inner) | Node::Or(inner) => inner.iter().collect(),
        Node::Not(one) => vec![one],
        _ => Vec::new(),
    };
    let mut because = Vec::new();
    if inner.is_empty() {
        properties(node, view, &mut because);
    }
    parts.push(Part { depth, text: node.to_string(), result, because });
    for part in inner {
        describe(part, depth + 1, view, parts);
    }
}

fn properties(node: &Node, view: View<'_>, out: &mut Vec<String>) {
    if let Node::Property(property) = node {
        let said = say(*property, view);
        if !out.contains(&said) {
            out.push(said);
        }
    }
    node.parts(&mut |part| properties(part, view, out));
}

fn say(property: Property, view: View<'_>) -> String {
    let name = property.name();
    match (property.kind(), view.get(property)) {
        (_, Value::Null) => format!("{name} is not known"),
        (_, Value::Text(text)) if text.is_empty() => format!("{name} is not known"),
        (_, Value::List(items)) if items.is_empty() => format!("{name} is empty"),
        (PropertyType::Time, Value::Int(second)) => match jiff::Timestamp::from_second(second) {
            Ok(at) => format!("{name} is {at}"),
            Err(_) => format!("{name} is {second}"),
        },
        (_, Value::Text(text)) => {
            let mut said = format!("{name} is ");
            // writing to a String cannot fail
            let _ = write_literal(&mut said, &text);
            said
        }
        (_, value) => format!("{name} is {value}"),
    }
}

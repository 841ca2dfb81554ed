//! Why a rule did, or did not, match an event: part by part, in words.

use netwarden_conditions::Part;
use netwarden_model::{Event, EventKind};
use serde::{Deserialize, Serialize};

use crate::compiled::CompiledRule;
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
    let parts = rule.condition().explained(view);
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

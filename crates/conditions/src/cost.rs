//! What a condition costs at most, computed when it is saved: CEL sets no limit on evaluation, and
//! five nested `all()` over 20 items are three million evaluations.
//!
//! One step is about ten nanoseconds. Evaluation counts the same steps by the same charges, with the
//! sizes it meets; it can never count more than the bound (`tests/reference.rs` shows it).

use crate::node::{Fold, Node};
use crate::property::{MAX_LIST, MAX_TEXT, Property, PropertyType};

/// Most steps that one evaluation of a condition may need: about a millisecond.
pub const MAX_COST: u64 = 100_000;

/// Longest source of a condition, in characters.
pub const MAX_SOURCE: usize = 4096;

/// Longest regular expression, in characters.
pub const MAX_PATTERN: usize = 256;

/// Largest compiled regular expression, in octets.
pub(crate) const MAX_COMPILED_PATTERN: usize = 256 * 1024;

/// Longest text that joining may make, in octets.
pub(crate) const MAX_JOINED: usize = 16 * 1024;

/// Charge for reading a text once from end to end.
pub(crate) fn reading(octets: usize) -> u64 {
    octets as u64 / 32
}

/// Charge for looking for one text in another.
pub(crate) fn searching(octets: usize) -> u64 {
    octets as u64 / 8
}

/// Charge for matching a text: linear in both, as the engine promises (no backtracking).
pub(crate) fn matching(octets: usize, pattern: usize) -> u64 {
    (octets as u64 / 8 + 1).saturating_mul(1 + pattern as u64 / 8)
}

/// How much a part of a condition costs and gives at most.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bound {
    /// Steps.
    pub(crate) cost: u64,
    /// Octets of its text, or of each text in its list.
    pub(crate) text: usize,
    /// Items of its list.
    pub(crate) items: usize,
}

/// The bound of `node`; `locals` are those of the comprehensions' variables in scope.
pub(crate) fn bound<P: Property>(node: &Node<P>, locals: &mut Vec<Bound>) -> Bound {
    let mut of = |node: &Node<P>| bound(node, locals);
    let scalar = |cost: u64| Bound { cost: cost.saturating_add(1), text: 0, items: 0 };
    match node {
        Node::Null | Node::Bool(_) | Node::Int(_) => scalar(0),
        Node::Text(text) => Bound { cost: 1, text: text.len(), items: 0 },
        Node::List(items) => {
            let mut sum = Bound { cost: 1, text: 0, items: items.len() };
            for item in items {
                let item = of(item);
                sum.cost = sum.cost.saturating_add(item.cost);
                sum.text = sum.text.max(item.text);
            }
            sum
        }
        Node::Property(property) => property_bound(*property),
        Node::Local { slot, .. } => {
            let known = locals.get(*slot).copied().unwrap_or_default();
            Bound { cost: 1 + reading(known.text), text: known.text, items: 0 }
        }
        Node::Not(part) | Node::Negate(part) => scalar(of(part).cost),
        Node::And(parts) | Node::Or(parts) => {
            scalar(parts.iter().fold(0, |sum, part| sum.saturating_add(of(part).cost)))
        }
        Node::Compare(_, left, right) => {
            let (left, right) = (of(left), of(right));
            scalar(sum([left.cost, right.cost, reading(left.text.min(right.text))]))
        }
        Node::In(item, list) => {
            let (item, list) = (of(item), of(list));
            let each = 1 + reading(item.text.min(list.text));
            scalar(sum([item.cost, list.cost, each.saturating_mul(list.items as u64)]))
        }
        Node::Arithmetic(_, left, right) => scalar(sum([of(left).cost, of(right).cost])),
        Node::Join(left, right) => {
            let (left, right) = (of(left), of(right));
            let text = left.text.saturating_add(right.text);
            Bound { cost: sum([1, left.cost, right.cost, reading(text)]), text, items: 0 }
        }
        Node::If(parts) => {
            let [condition, yes, no] = parts.as_ref();
            let (condition, yes, no) = (of(condition), of(yes), of(no));
            Bound {
                cost: sum([1, condition.cost, yes.cost.max(no.cost)]),
                text: yes.text.max(no.text),
                items: yes.items.max(no.items),
            }
        }
        Node::Test(_, text, other) => {
            let (text, other) = (of(text), of(other));
            scalar(sum([text.cost, other.cost, searching(text.text.saturating_add(other.text))]))
        }
        Node::Matches(text, pattern) => {
            let text = of(text);
            scalar(sum([text.cost, matching(text.text, pattern.as_str().len())]))
        }
        Node::Size(part) => {
            let part = of(part);
            scalar(sum([part.cost, reading(part.text)]))
        }
        Node::ToText(part) => Bound { cost: sum([1, of(part).cost]), text: 20, items: 0 },
        Node::Lower(part) => {
            let part = of(part);
            // a letter's lower case can take more octets than the letter
            let text = part.text.saturating_mul(3);
            Bound { cost: sum([1, part.cost, reading(text)]), text, items: 0 }
        }
        Node::Oui(part) => Bound { cost: sum([2, of(part).cost]), text: 8, items: 0 },
        Node::InSubnet(part, _) => scalar(sum([of(part).cost, 5])),
        Node::Hour(part, _) => scalar(sum([of(part).cost, 20])),
        Node::Weekday(part, _) => Bound { cost: sum([21, of(part).cost]), text: 3, items: 0 },
        Node::Fold { fold, list, body, .. } => {
            let list = of(list);
            locals.push(Bound { cost: 1, text: list.text, items: 0 });
            let body = bound(body, locals);
            locals.pop();
            let each = sum([1, body.cost]);
            let cost = sum([1, list.cost, each.saturating_mul(list.items as u64)]);
            match fold {
                Fold::All | Fold::Exists | Fold::ExistsOne => Bound { cost, text: 0, items: 0 },
                Fold::Filter => Bound { cost, ..list },
                Fold::Map => Bound { cost, text: body.text, items: list.items },
            }
        }
    }
}

/// What reading a property costs and gives at most.
pub(crate) fn property_bound<P: Property>(property: P) -> Bound {
    match property.kind() {
        PropertyType::Bool | PropertyType::Number | PropertyType::Time => {
            Bound { cost: 1, text: 0, items: 0 }
        }
        PropertyType::Text => Bound { cost: 2, text: MAX_TEXT, items: 0 },
        PropertyType::Choice(_) => Bound { cost: 1, text: 24, items: 0 },
        PropertyType::Mac => Bound { cost: 5, text: 17, items: 0 },
        PropertyType::Ip => Bound { cost: 5, text: 45, items: 0 },
        PropertyType::Ips => Bound { cost: 1 + 5 * MAX_LIST as u64, text: 45, items: MAX_LIST },
        PropertyType::Texts => Bound { cost: 1 + 2 * MAX_LIST as u64, text: MAX_TEXT, items: MAX_LIST },
    }
}

fn sum<const N: usize>(costs: [u64; N]) -> u64 {
    costs.into_iter().fold(0, u64::saturating_add)
}

//! Why a condition holds or not: part by part, in words.

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::evaluate::Evaluation;
use crate::node::Node;
use crate::property::{Property, PropertyType, Reads};
use crate::value::{Value, write_literal};

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

impl<P: Property> Condition<P> {
    /// What each part of the condition gives, outer parts first.
    pub fn explained<'a>(&'a self, from: impl Reads<'a, P>) -> Vec<Part> {
        let mut parts = Vec::new();
        describe(self.node(), 0, from, &mut parts);
        parts
    }
}

fn describe<'a, P: Property>(
    node: &'a Node<P>,
    depth: usize,
    from: impl Reads<'a, P>,
    parts: &mut Vec<Part>,
) {
    if parts.len() >= MAX_PARTS {
        return;
    }
    let result = match Evaluation::new(from).truth(node) {
        Ok(truth) => truth.to_string(),
        Err(error) => error.to_string(),
    };
    let inner: Vec<&Node<P>> = match node {
        Node::And(inner) | Node::Or(inner) => inner.iter().collect(),
        Node::Not(one) => vec![one],
        _ => Vec::new(),
    };
    let mut because = Vec::new();
    if inner.is_empty() {
        properties(node, from, &mut because);
    }
    parts.push(Part { depth, text: node.to_string(), result, because });
    for part in inner {
        describe(part, depth + 1, from, parts);
    }
}

fn properties<'a, P: Property>(node: &Node<P>, from: impl Reads<'a, P>, out: &mut Vec<String>) {
    if let Node::Property(property) = node {
        let said = say(*property, from);
        if !out.contains(&said) {
            out.push(said);
        }
    }
    node.parts(&mut |part| properties(part, from, out));
}

fn say<'a, P: Property>(property: P, from: impl Reads<'a, P>) -> String {
    let name = property.name();
    match (property.kind(), from.get(property)) {
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

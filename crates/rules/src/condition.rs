//! A rule's condition: CEL, checked when it is saved, evaluated on events.

use cel::Env;

use crate::cost::{MAX_COST, MAX_JOINED, MAX_SOURCE, bound};
use crate::evaluate::{Evaluation, EvaluationError};
use crate::lower::Lowering;
use crate::node::{Comparison, Node};
use crate::properties::Property;
use crate::view::View;

/// Why a condition cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ConditionError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong, in one sentence.
    pub message: String,
}

impl ConditionError {
    /// From an offset in octets.
    pub(crate) fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = source.get(..source.floor_char_boundary(offset)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { line, column, message: message.into() }
    }
}

/// A checked condition.
#[derive(Debug, Clone)]
pub struct Condition {
    source: String,
    node: Node,
    properties: Vec<Property>,
    cost: u64,
}

/// A literal to which a property must be equal for a condition to hold; the index of rule sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Text(String),
}

impl Condition {
    /// Parses and checks `source`; the empty text is the condition that always holds.
    pub fn compile(source: &str) -> Result<Self, ConditionError> {
        if source.trim().is_empty() {
            return Ok(Self {
                source: String::new(),
                node: Node::Bool(true),
                properties: Vec::new(),
                cost: 1,
            });
        }
        if source.chars().count() > MAX_SOURCE {
            return Err(ConditionError::at(
                source,
                0,
                format!("the condition is longer than {MAX_SOURCE} characters"),
            ));
        }
        check_nesting(source)?;
        // without macros: all(), exists() and so on stay calls, with their places
        let parser = Env::default().with_optional_support(false).parser();
        let (expression, places) = parser.parse_with_source_info(source).map_err(|errors| {
            let Some(first) = errors.errors.first() else {
                return ConditionError::at(source, 0, "the condition is not understood");
            };
            ConditionError {
                line: usize::try_from(first.pos.0).unwrap_or(1).max(1),
                column: usize::try_from(first.pos.1).unwrap_or(0).max(1),
                message: first.msg.replace("Syntax error: ", "").replace('\n', " "),
            }
        })?;
        let (node, properties) = Lowering::new(source, &places).condition(&expression)?;
        let limit = bound(&node, &mut Vec::new());
        if limit.cost > MAX_COST {
            return Err(ConditionError::at(
                source,
                0,
                format!("the condition may cost {} steps for one event; the limit is {MAX_COST}", limit.cost),
            ));
        }
        if longest_text(&node) > MAX_JOINED {
            return Err(ConditionError::at(
                source,
                0,
                format!(
                    "the condition may make a text of {} octets; the limit is {MAX_JOINED}",
                    longest_text(&node)
                ),
            ));
        }
        Ok(Self { source: source.to_owned(), node, properties, cost: limit.cost })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// As it was understood: CEL with every guard against missing numbers written out.
    pub fn canonical(&self) -> String {
        self.node.to_string()
    }

    /// The properties that it mentions, each once.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// Most steps that one evaluation takes.
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether it holds for the event behind `view`.
    pub fn holds(&self, view: View<'_>) -> Result<bool, EvaluationError> {
        Evaluation::new(view).truth(&self.node)
    }

    /// Whether it holds, and how many steps that took.
    pub fn holds_counting(&self, view: View<'_>) -> (Result<bool, EvaluationError>, u64) {
        let mut evaluation = Evaluation::new(view);
        let holds = evaluation.truth(&self.node);
        (holds, evaluation.steps())
    }

    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }

    /// The parts that must all hold.
    pub(crate) fn conjuncts(&self) -> &[Node] {
        match &self.node {
            Node::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Properties that must have one of a few values for the condition to hold.
    pub(crate) fn equalities(&self) -> Vec<(Property, Vec<Key>)> {
        self.conjuncts()
            .iter()
            .filter_map(|part| match part {
                Node::Compare(Comparison::Equal, left, right) => match (left.as_ref(), right.as_ref()) {
                    (Node::Property(property), literal) | (literal, Node::Property(property)) => {
                        Some((*property, vec![key(literal)?]))
                    }
                    _ => None,
                },
                Node::In(item, list) => match (item.as_ref(), list.as_ref()) {
                    (Node::Property(property), Node::List(items)) => {
                        Some((*property, items.iter().map(key).collect::<Option<_>>()?))
                    }
                    _ => None,
                },
                Node::Property(property) => Some((*property, vec![Key::Bool(true)])),
                _ => None,
            })
            .collect()
    }
}

fn key(node: &Node) -> Option<Key> {
    match node {
        Node::Bool(truth) => Some(Key::Bool(*truth)),
        Node::Int(number) => Some(Key::Int(*number)),
        Node::Text(text) => Some(Key::Text(text.clone())),
        _ => None,
    }
}

/// Brackets nest at most this deep: parsers recurse.
const MAX_NESTING: usize = 32;

/// Most unary and conditional operators in one condition: each nests without a bracket.
const MAX_NESTING_OPERATORS: usize = 64;

fn check_nesting(source: &str) -> Result<(), ConditionError> {
    let mut depth = 0usize;
    let mut operators = 0usize;
    for (at, c) in source.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '!' | '-' | '?' => operators += 1,
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(ConditionError::at(source, at, format!("brackets nest deeper than {MAX_NESTING}")));
        }
        if operators > MAX_NESTING_OPERATORS {
            return Err(ConditionError::at(
                source,
                at,
                format!("there are more than {MAX_NESTING_OPERATORS} of '!', '-' and '?'"),
            ));
        }
    }
    Ok(())
}

fn longest_text(node: &Node) -> usize {
    let mut longest = 0;
    walk(node, &mut Vec::new(), &mut longest);
    longest
}

/// Visits every part with the bounds of the comprehensions' variables in scope.
fn walk(node: &Node, locals: &mut Vec<crate::cost::Bound>, longest: &mut usize) {
    if matches!(node, Node::Join(..) | Node::Lower(_)) {
        *longest = (*longest).max(bound(node, locals).text);
    }
    match node {
        Node::Fold { list, body, .. } => {
            walk(list, locals, longest);
            let item = bound(list, locals);
            locals.push(crate::cost::Bound { cost: 1, text: item.text, items: 0 });
            walk(body, locals, longest);
            locals.pop();
        }
        other => other.parts(&mut |part| walk(part, locals, longest)),
    }
}

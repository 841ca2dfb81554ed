//! A condition: CEL, checked when it is saved, evaluated as often as one likes.

use cel::Env;

use crate::cost::{MAX_COST, MAX_JOINED, MAX_SOURCE, bound};
use crate::evaluate::{Evaluation, EvaluationError};
use crate::lower::Lowering;
use crate::node::{Comparison, Node};
use crate::property::{Property, Reads};

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
        // Words of the condition stand in it; it is one line all the same.
        let message: String = message.into();
        Self { line, column, message: plain(&message) }
    }
}

/// A checked condition.
#[derive(Debug, Clone)]
pub struct Condition<P> {
    source: String,
    node: Node<P>,
    properties: Vec<P>,
    cost: u64,
}

/// A literal to which a property must be equal for a condition to hold; the index of rule sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

impl<P: Property> Condition<P> {
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
                message: plain(&first.msg.replace("Syntax error: ", "")),
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
    pub fn properties(&self) -> &[P] {
        &self.properties
    }

    /// Most steps that one evaluation takes.
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether it holds for what is read from `from`.
    pub fn holds<'a>(&'a self, from: impl Reads<'a, P>) -> Result<bool, EvaluationError> {
        Evaluation::new(from).truth(&self.node)
    }

    /// Whether it holds, and how many steps that took.
    pub fn holds_counting<'a>(&'a self, from: impl Reads<'a, P>) -> (Result<bool, EvaluationError>, u64) {
        let mut evaluation = Evaluation::new(from);
        let holds = evaluation.truth(&self.node);
        (holds, evaluation.steps())
    }

    pub(crate) const fn node(&self) -> &Node<P> {
        &self.node
    }

    /// The parts that must all hold.
    pub(crate) fn conjuncts(&self) -> &[Node<P>] {
        match &self.node {
            Node::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Properties that must have one of a few values for the condition to hold.
    pub fn equalities(&self) -> Vec<(P, Vec<Key>)> {
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

fn key<P>(node: &Node<P>) -> Option<Key> {
    match node {
        Node::Bool(truth) => Some(Key::Bool(*truth)),
        Node::Int(number) => Some(Key::Int(*number)),
        Node::Text(text) => Some(Key::Text(text.clone())),
        _ => None,
    }
}

/// Most links (operators, calls, selections, brackets) that may stand inside or behind one another: each
/// makes the tree one level deeper, parsers recurse, and a full stack ends the process. `&&` and `||`,
/// which the parser balances, and commas begin anew.
const MAX_DEPTH: usize = 64;

/// Refuses what would make a deep tree, before it is parsed. Looks at characters only, so it counts a
/// little more than there is, never less; texts and comments are passed over as CEL's lexer does.
fn check_nesting(source: &str) -> Result<(), ConditionError> {
    let mut outer: Vec<usize> = Vec::new();
    let mut outside = 0usize;
    let mut chain = 0usize;
    let mut before = ' ';
    let mut raw = false;
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let at = source.len() - rest.len();
        let mut taken = c.len_utf8();
        let mut is_prefix = false;
        match c {
            '\'' | '"' => taken = quoted(rest, raw),
            '/' if rest.starts_with("//") => taken = rest.find('\n').unwrap_or(rest.len()),
            '&' | '|' | ',' => chain = 0,
            '(' | '[' | '{' => {
                outer.push(chain + 1);
                outside += chain + 1;
                chain = 0;
            }
            ')' | ']' | '}' => {
                if let Some(links) = outer.pop() {
                    outside -= links;
                    chain = links;
                }
            }
            '=' if matches!(before, '=' | '<' | '>' | '!') => {}
            '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '?' | '.' => chain += 1,
            c if c.is_alphanumeric() || c == '_' => {
                taken = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let word = rest.get(..taken).unwrap_or("");
                chain += usize::from(word == "in");
                is_prefix = matches!(word, "r" | "R" | "br" | "bR" | "Br" | "BR");
            }
            _ => {}
        }
        let (passed, next) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        before = passed.chars().next_back().unwrap_or(' ');
        raw = is_prefix;
        rest = next;
        if outside + chain > MAX_DEPTH {
            return Err(ConditionError::at(
                source,
                at,
                format!(
                    "more than {MAX_DEPTH} operators, calls or brackets inside or behind one another: divide it by '&&' or '||'"
                ),
            ));
        }
    }
    Ok(())
}

/// Length of the text literal that `rest` begins with, in octets.
fn quoted(rest: &str, raw: bool) -> usize {
    let quote = rest.get(..1).unwrap_or("'");
    let triple = quote.repeat(3);
    let end = if rest.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = end.len();
    while let Some(behind) = rest.get(at..).filter(|behind| !behind.is_empty()) {
        if behind.starts_with(end) {
            return at + end.len();
        }
        let mut chars = behind.chars();
        at += chars.next().map_or(1, char::len_utf8);
        if behind.starts_with('\\') && !raw {
            at += chars.next().map_or(0, char::len_utf8);
        }
    }
    rest.len()
}

fn longest_text<P: Property>(node: &Node<P>) -> usize {
    let mut longest = 0;
    walk(node, &mut Vec::new(), &mut longest);
    longest
}

/// Visits every part with the bounds of the comprehensions' variables in scope.
fn walk<P: Property>(node: &Node<P>, locals: &mut Vec<crate::cost::Bound>, longest: &mut usize) {
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

/// Without control characters, line and paragraph separators.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

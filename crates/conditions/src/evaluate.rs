//! Evaluation of a checked condition on one event: no allocation but for texts that are made, no
//! panic, and never more steps than the bound computed when the rule was saved.

use std::borrow::Cow;

use jiff::Timestamp;
use netwarden_model::Mac;

use crate::cost::{MAX_COST, matching, property_bound, reading, searching};
use crate::node::{Comparison, Fold, Node, Operator, TextTest, Zone};
use crate::property::{Property, Reads};
use crate::value::Value;

/// Why a condition has no value for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The result does not fit into 64 bits.
    #[error("'{operator}' overflows 64 bits")]
    Overflow {
        /// The operator.
        operator: &'static str,
    },
    /// A division or remainder by zero.
    #[error("'{operator}' divides by zero")]
    DivisionByZero {
        /// The operator.
        operator: &'static str,
    },
    /// More steps than the static bound allows: a fault of this program, not of the rule.
    #[error("the condition needs more than {MAX_COST} steps")]
    Budget,
    /// A value of another type than checked: a fault of this program, not of the rule.
    #[error("a part of the condition gave another type of value than it was checked for")]
    Type,
}

/// One evaluation.
pub(crate) struct Evaluation<'a, R> {
    from: R,
    locals: Vec<Value<'a>>,
    steps: u64,
}

type Result<T> = std::result::Result<T, EvaluationError>;

impl<'a, R> Evaluation<'a, R> {
    pub(crate) const fn new(from: R) -> Self {
        Self { from, locals: Vec::new(), steps: 0 }
    }

    /// Steps taken so far.
    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    fn charge(&mut self, steps: u64) -> Result<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_COST { Err(EvaluationError::Budget) } else { Ok(()) }
    }

    /// The truth of `node`.
    pub(crate) fn truth<P: Property>(&mut self, node: &'a Node<P>) -> Result<bool>
    where
        R: Reads<'a, P>,
    {
        match self.value(node)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(EvaluationError::Type),
        }
    }

    /// The value of `node`.
    pub(crate) fn value<P: Property>(&mut self, node: &'a Node<P>) -> Result<Value<'a>>
    where
        R: Reads<'a, P>,
    {
        if !matches!(node, Node::Property(_)) {
            self.charge(1)?;
        }
        Ok(match node {
            Node::Null => Value::Null,
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Int(number) => Value::Int(*number),
            Node::Text(text) => Value::text(text),
            Node::List(items) => {
                Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_>>()?)
            }
            Node::Property(property) => {
                self.charge(property_bound(*property).cost)?;
                self.from.get(*property)
            }
            Node::Local { slot, .. } => {
                let value = self.locals.get(*slot).cloned().ok_or(EvaluationError::Type)?;
                if let Value::Text(text) = &value {
                    self.charge(reading(text.len()))?;
                }
                value
            }
            Node::Not(part) => Value::Bool(!self.truth(part)?),
            Node::And(parts) => Value::Bool(self.connect(parts, false)?),
            Node::Or(parts) => Value::Bool(self.connect(parts, true)?),
            Node::Compare(how, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Value::Bool(self.compare(*how, &left, &right)?)
            }
            Node::In(item, list) => Value::Bool(self.is_in(item, list)?),
            Node::Arithmetic(operator, left, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                Value::Int(calculate(*operator, left, right)?)
            }
            Node::Negate(part) => {
                let number = self.number(part)?;
                Value::Int(number.checked_neg().ok_or(EvaluationError::Overflow { operator: "-" })?)
            }
            Node::Join(left, right) => {
                let (left, right) = (self.text(left)?, self.text(right)?);
                self.charge(reading(left.len() + right.len()))?;
                Value::owned(format!("{left}{right}"))
            }
            Node::If(parts) => {
                let [condition, yes, no] = parts.as_ref();
                if self.truth(condition)? { self.value(yes)? } else { self.value(no)? }
            }
            Node::Test(test, text, other) => {
                let (text, other) = (self.text(text)?, self.text(other)?);
                self.charge(searching(text.len() + other.len()))?;
                Value::Bool(match test {
                    TextTest::StartsWith => text.starts_with(other.as_ref()),
                    TextTest::EndsWith => text.ends_with(other.as_ref()),
                    TextTest::Contains => text.contains(other.as_ref()),
                })
            }
            Node::Matches(text, pattern) => {
                let text = self.text(text)?;
                self.charge(matching(text.len(), pattern.as_str().len()))?;
                Value::Bool(pattern.is_match(&text))
            }
            Node::Size(of) => match self.value(of)? {
                Value::Text(text) => {
                    self.charge(reading(text.len()))?;
                    Value::Int(count(text.chars().count()))
                }
                Value::List(items) => Value::Int(count(items.len())),
                _ => return Err(EvaluationError::Type),
            },
            Node::ToText(of) => Value::owned(self.number(of)?.to_string()),
            Node::Lower(of) => {
                let text = self.text(of)?.to_lowercase();
                self.charge(reading(text.len()))?;
                Value::owned(text)
            }
            Node::Oui(of) => {
                self.charge(1)?;
                Value::owned(oui(&self.text(of)?))
            }
            Node::InSubnet(ip, subnet) => {
                self.charge(5)?;
                Value::Bool(subnet.contains(&self.text(ip)?))
            }
            Node::Hour(of, zone) => {
                self.charge(20)?;
                match self.value(of)? {
                    Value::Int(second) => hour(second, zone).map_or(Value::Null, Value::Int),
                    _ => Value::Null,
                }
            }
            Node::Weekday(of, zone) => {
                self.charge(20)?;
                match self.value(of)? {
                    Value::Int(second) => Value::text(weekday(second, zone)),
                    _ => Value::text(""),
                }
            }
            Node::Fold { fold, list, body, .. } => self.fold(*fold, list, body)?,
        })
    }

    /// `&&` (absorbing false) and `||` (absorbing true): the absorbing value decides whatever fails
    /// beside it, as CEL has it.
    fn connect<P: Property>(&mut self, parts: &'a [Node<P>], absorbing: bool) -> Result<bool>
    where
        R: Reads<'a, P>,
    {
        let mut failed = None;
        for part in parts {
            match self.truth(part) {
                Ok(truth) if truth == absorbing => return Ok(absorbing),
                Ok(_) => {}
                Err(EvaluationError::Budget) => return Err(EvaluationError::Budget),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(!absorbing), Err)
    }

    fn is_in<P: Property>(&mut self, item: &'a Node<P>, list: &'a Node<P>) -> Result<bool>
    where
        R: Reads<'a, P>,
    {
        let item = self.value(item)?;
        let items = match self.value(list)? {
            Value::List(items) => items,
            _ => return Err(EvaluationError::Type),
        };
        for other in &items {
            self.charge(1)?;
            if self.compare(Comparison::Equal, &item, other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fold<P: Property>(&mut self, fold: Fold, list: &'a Node<P>, body: &'a Node<P>) -> Result<Value<'a>>
    where
        R: Reads<'a, P>,
    {
        let Value::List(items) = self.value(list)? else { return Err(EvaluationError::Type) };
        let mut kept = Vec::new();
        let mut found = 0;
        let mut failed = None;
        for item in items {
            self.charge(1)?;
            self.locals.push(item);
            let result = self.value(body);
            let item = self.locals.pop().ok_or(EvaluationError::Type)?;
            match (fold, result) {
                (_, Err(EvaluationError::Budget)) => return Err(EvaluationError::Budget),
                (Fold::All, Ok(Value::Bool(false))) => return Ok(Value::Bool(false)),
                (Fold::Exists, Ok(Value::Bool(true))) => return Ok(Value::Bool(true)),
                (Fold::All | Fold::Exists, Ok(_)) => {}
                (Fold::All | Fold::Exists, Err(error)) => failed = Some(error),
                (_, Err(error)) => return Err(error),
                (Fold::ExistsOne, Ok(truth)) => found += usize::from(truth == Value::Bool(true)),
                (Fold::Filter, Ok(truth)) => {
                    if truth == Value::Bool(true) {
                        kept.push(item);
                    }
                }
                (Fold::Map, Ok(value)) => kept.push(value),
            }
        }
        match (fold, failed) {
            (_, Some(error)) => Err(error),
            (Fold::All, None) => Ok(Value::Bool(true)),
            (Fold::Exists, None) => Ok(Value::Bool(false)),
            (Fold::ExistsOne, None) => Ok(Value::Bool(found == 1)),
            (Fold::Filter | Fold::Map, None) => Ok(Value::List(kept)),
        }
    }

    fn compare(&mut self, how: Comparison, left: &Value<'a>, right: &Value<'a>) -> Result<bool> {
        if let (Value::Text(left), Value::Text(right)) = (left, right) {
            self.charge(reading(left.len().min(right.len())))?;
        }
        let order = match (left, right) {
            _ if !how.is_order() => return Ok((left == right) == (how == Comparison::Equal)),
            (Value::Int(left), Value::Int(right)) => left.cmp(right),
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            _ => return Err(EvaluationError::Type),
        };
        Ok(match how {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            _ => order.is_ge(),
        })
    }

    fn number<P: Property>(&mut self, node: &'a Node<P>) -> Result<i64>
    where
        R: Reads<'a, P>,
    {
        match self.value(node)? {
            Value::Int(number) => Ok(number),
            _ => Err(EvaluationError::Type),
        }
    }

    fn text<P: Property>(&mut self, node: &'a Node<P>) -> Result<Cow<'a, str>>
    where
        R: Reads<'a, P>,
    {
        match self.value(node)? {
            Value::Text(text) => Ok(text),
            _ => Err(EvaluationError::Type),
        }
    }
}

fn count(items: usize) -> i64 {
    i64::try_from(items).unwrap_or(i64::MAX)
}

fn calculate(operator: Operator, left: i64, right: i64) -> Result<i64> {
    let symbol = operator.symbol();
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => {
            return Err(EvaluationError::DivisionByZero { operator: symbol });
        }
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    };
    result.ok_or(EvaluationError::Overflow { operator: symbol })
}

/// The first three octets of a MAC address as `00:1b:21`; the empty text for anything else.
pub(crate) fn oui(mac: &str) -> String {
    match mac.parse::<Mac>() {
        Ok(mac) => mac.to_string().chars().take(8).collect(),
        Err(_) => String::new(),
    }
}

/// The hour, 0 to 23, of a time in seconds since 1970-01-01 UTC.
pub(crate) fn hour(second: i64, zone: &Zone) -> Option<i64> {
    Timestamp::from_second(second).ok().map(|at| zone.zone.to_datetime(at).hour().into())
}

/// The day of the week, `mon` to `sun`, of a time in seconds since 1970-01-01 UTC.
pub(crate) fn weekday(second: i64, zone: &Zone) -> &'static str {
    use jiff::civil::Weekday as W;
    let Ok(at) = Timestamp::from_second(second) else { return "" };
    match zone.zone.to_datetime(at).weekday() {
        W::Monday => "mon",
        W::Tuesday => "tue",
        W::Wednesday => "wed",
        W::Thursday => "thu",
        W::Friday => "fri",
        W::Saturday => "sat",
        W::Sunday => "sun",
    }
}

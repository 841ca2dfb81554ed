//! A checked condition: every name resolved, every type known, everything that costs bounded.
//!
//! Displays as CEL, with what checking made explicit: what a missing number does, how MAC addresses
//! are spelt. The reference interpreter gives the same result for that text (`tests/reference.rs`).

use std::fmt;
use std::net::IpAddr;

use jiff::tz::TimeZone;
use regex::Regex;

use crate::property::Property;
use crate::value::write_literal;

/// A part of a condition.
#[derive(Debug, Clone)]
pub(crate) enum Node<P> {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Node<P>>),
    Property(P),
    /// A comprehension's variable, by its place among those in scope.
    Local {
        slot: usize,
        name: String,
    },
    Not(Box<Node<P>>),
    And(Vec<Node<P>>),
    Or(Vec<Node<P>>),
    Compare(Comparison, Box<Node<P>>, Box<Node<P>>),
    In(Box<Node<P>>, Box<Node<P>>),
    Arithmetic(Operator, Box<Node<P>>, Box<Node<P>>),
    Negate(Box<Node<P>>),
    Join(Box<Node<P>>, Box<Node<P>>),
    If(Box<[Node<P>; 3]>),
    Test(TextTest, Box<Node<P>>, Box<Node<P>>),
    Matches(Box<Node<P>>, Box<Regex>),
    Size(Box<Node<P>>),
    ToText(Box<Node<P>>),
    Lower(Box<Node<P>>),
    Oui(Box<Node<P>>),
    InSubnet(Box<Node<P>>, Subnet),
    Hour(Box<Node<P>>, Zone),
    Weekday(Box<Node<P>>, Zone),
    Fold {
        fold: Fold,
        list: Box<Node<P>>,
        name: String,
        body: Box<Node<P>>,
    },
}

impl<P> Node<P> {
    /// Calls `visit` with each part directly inside.
    pub(crate) fn parts<'a>(&'a self, visit: &mut dyn FnMut(&'a Node<P>)) {
        match self {
            Node::Null
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Text(_)
            | Node::Property(_)
            | Node::Local { .. } => {}
            Node::List(items) | Node::And(items) | Node::Or(items) => items.iter().for_each(visit),
            Node::If(items) => items.iter().for_each(visit),
            Node::Not(one)
            | Node::Negate(one)
            | Node::Matches(one, _)
            | Node::Size(one)
            | Node::ToText(one)
            | Node::Lower(one)
            | Node::Oui(one)
            | Node::InSubnet(one, _)
            | Node::Hour(one, _)
            | Node::Weekday(one, _) => visit(one),
            Node::Compare(_, left, right)
            | Node::In(left, right)
            | Node::Arithmetic(_, left, right)
            | Node::Join(left, right)
            | Node::Test(_, left, right) => {
                visit(left);
                visit(right);
            }
            Node::Fold { list, body, .. } => {
                visit(list);
                visit(body);
            }
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    pub(crate) const fn is_order(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::NotEqual)
    }
}

/// Arithmetic on whole numbers of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }
}

/// What is asked of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

impl TextTest {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            TextTest::StartsWith => "startsWith",
            TextTest::EndsWith => "endsWith",
            TextTest::Contains => "contains",
        }
    }
}

/// What is made of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Fold {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Fold::All => "all",
            Fold::Exists => "exists",
            Fold::ExistsOne => "exists_one",
            Fold::Filter => "filter",
            Fold::Map => "map",
        }
    }
}

/// An IP prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subnet {
    pub(crate) address: IpAddr,
    pub(crate) length: u8,
}

impl Subnet {
    /// Reads `192.0.2.0/24` or `2001:db8::/32`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.trim().split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let length: u8 = length.parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        (length <= widest).then_some(Self { address, length })
    }

    /// True where `ip` lies inside; an address of the other family, or no address at all, does not.
    pub(crate) fn contains(&self, ip: &str) -> bool {
        match (self.address, ip.parse()) {
            (IpAddr::V4(net), Ok(IpAddr::V4(ip))) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                net.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(net), Ok(IpAddr::V6(ip))) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                net.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// A time zone and the name by which it was asked for.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Its name in the database of time zones (IANA).
    pub name: String,
    /// Its rules.
    pub zone: TimeZone,
}

impl<P: Property> fmt::Display for Node<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Null => f.write_str("null"),
            Node::Bool(truth) => write!(f, "{truth}"),
            Node::Int(number) => write!(f, "{number}"),
            Node::Text(text) => write_literal(f, text),
            Node::List(items) => {
                f.write_str("[")?;
                joined(f, items, ", ")?;
                f.write_str("]")
            }
            Node::Property(property) => f.write_str(property.name()),
            Node::Local { name, .. } => f.write_str(name),
            Node::Not(part) => write!(f, "!{}", Operand(part)),
            Node::And(parts) => joined(f, parts, " && "),
            Node::Or(parts) => joined(f, parts, " || "),
            Node::Compare(how, left, right) => {
                write!(f, "{} {} {}", Operand(left), how.symbol(), Operand(right))
            }
            Node::In(item, list) => write!(f, "{} in {}", Operand(item), Operand(list)),
            Node::Arithmetic(operator, left, right) => {
                write!(f, "{} {} {}", Operand(left), operator.symbol(), Operand(right))
            }
            Node::Negate(part) => write!(f, "-({part})"),
            Node::Join(left, right) => write!(f, "{} + {}", Operand(left), Operand(right)),
            Node::If(parts) => {
                let [condition, yes, no] = parts.as_ref();
                write!(f, "{} ? {} : {}", Operand(condition), Operand(yes), Operand(no))
            }
            Node::Test(test, text, other) => {
                write!(f, "{}.{}({other})", Operand(text), test.name())
            }
            Node::Matches(text, pattern) => {
                write!(f, "{}.matches(", Operand(text))?;
                write_literal(f, pattern.as_str())?;
                f.write_str(")")
            }
            Node::Size(of) => write!(f, "size({of})"),
            Node::ToText(of) => write!(f, "string({of})"),
            Node::Lower(of) => write!(f, "lower({of})"),
            Node::Oui(of) => write!(f, "oui({of})"),
            Node::InSubnet(ip, subnet) => {
                write!(f, "in_subnet({ip}, '{}/{}')", subnet.address, subnet.length)
            }
            Node::Hour(of, zone) => write!(f, "hour({of}, '{}')", zone.name),
            Node::Weekday(of, zone) => write!(f, "weekday({of}, '{}')", zone.name),
            Node::Fold { fold, list, name, body } => {
                write!(f, "{}.{}({name}, {body})", Operand(list), fold.name())
            }
        }
    }
}

fn joined<P: Property>(f: &mut fmt::Formatter<'_>, parts: &[Node<P>], with: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(with)?;
        }
        write!(f, "{}", Operand(part))?;
    }
    Ok(())
}

/// A part inside another one: in parentheses unless it stands for itself.
struct Operand<'a, P>(&'a Node<P>);

impl<P: Property> fmt::Display for Operand<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::And(_)
            | Node::Or(_)
            | Node::Compare(..)
            | Node::In(..)
            | Node::Arithmetic(..)
            | Node::Join(..)
            | Node::If(_)
            | Node::Not(_)
            | Node::Negate(_) => write!(f, "({})", self.0),
            Node::Int(number) if *number < 0 => write!(f, "({number})"),
            other => write!(f, "{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        for (subnet, ip, inside) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7/24", "192.0.2.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.0.2.1/32", "192.0.2.1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "192.0.2.1", false),
            ("192.0.2.0/24", "", false),
        ] {
            assert_eq!(Subnet::parse(subnet).unwrap().contains(ip), inside, "{ip} in {subnet}");
        }
        for wrong in ["192.0.2.0", "192.0.2.0/33", "::/129", "x/8", "192.0.2.0/-1"] {
            assert_eq!(Subnet::parse(wrong), None, "{wrong}");
        }
    }
}

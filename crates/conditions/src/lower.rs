//! From CEL's syntax tree to a checked condition: names are resolved, types and costs are checked,
//! and what a missing number does is made explicit.
//!
//! A missing number is `null`. Equality takes it as it is (`endpoint.vlan == null`). Whatever would
//! fail on it, ordering and arithmetic, gets a guard: `endpoint.vlan > 10` becomes
//! `endpoint.vlan != null && endpoint.vlan > 10`. So an unknown never matches and never fails.

use std::net::IpAddr;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};
use jiff::tz::TimeZoneDatabase;
use netwarden_model::Mac;
use regex::RegexBuilder;

use crate::condition::ConditionError;
use crate::cost::{MAX_COMPILED_PATTERN, MAX_PATTERN};
use crate::node::{Comparison, Fold, Node, Operator, Subnet, TextTest, Zone};
use crate::property::{Choice, Property, PropertyType};

/// The type of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Null,
    Bool,
    Number,
    Text(Spelling),
    List(Item),
}

/// What is known of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    Free,
    Mac,
    Ip,
    Choice(Choice),
}

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    Bool,
    Number,
    Text(Spelling),
}

impl Type {
    fn word(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Bool => "a truth value",
            Type::Number => "a number",
            Type::Text(_) => "a text",
            Type::List(_) => "a list",
        }
    }

    fn of_item(item: Item) -> Self {
        match item {
            Item::Bool => Type::Bool,
            Item::Number => Type::Number,
            Item::Text(spelling) => Type::Text(spelling),
        }
    }
}

/// A part with its type, and the parts on whose being null its value depends.
struct Typed<P> {
    node: Node<P>,
    kind: Type,
    /// Numbers inside that can be null.
    nulls: Vec<Node<P>>,
    /// True where a null among them makes evaluation fail rather than give null.
    strict: bool,
    /// Place in the source, in octets.
    at: u32,
}

type Lowered<P> = Result<Typed<P>, ConditionError>;

pub(crate) struct Lowering<'s, P> {
    source: &'s str,
    places: &'s SourceInfo,
    locals: Vec<(String, Item)>,
    properties: Vec<P>,
}

impl<'s, P: Property> Lowering<'s, P> {
    pub(crate) fn new(source: &'s str, places: &'s SourceInfo) -> Self {
        Self { source, places, locals: Vec::new(), properties: Vec::new() }
    }

    /// The condition and the properties that it mentions.
    pub(crate) fn condition(mut self, expression: &IdedExpr) -> Result<(Node<P>, Vec<P>), ConditionError> {
        let typed = self.lower(expression)?;
        if typed.kind != Type::Bool {
            return Err(self.error(
                typed.at,
                format!("the condition gives {}, it must be true or false", typed.kind.word()),
            ));
        }
        self.properties.sort_unstable();
        self.properties.dedup();
        Ok((typed.node, self.properties))
    }

    fn error(&self, at: u32, message: impl Into<String>) -> ConditionError {
        ConditionError::at(self.source, at as usize, message)
    }

    fn place(&self, expression: &IdedExpr) -> u32 {
        self.places.offset_for(expression.id).map_or(0, |(start, _)| start)
    }

    fn lower(&mut self, expression: &IdedExpr) -> Lowered<P> {
        let at = self.place(expression);
        let exact = |node, kind| Typed { node, kind, nulls: Vec::new(), strict: false, at };
        match &expression.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(truth) => Ok(exact(Node::Bool(*truth.inner()), Type::Bool)),
                LiteralValue::Int(number) => Ok(exact(Node::Int(*number.inner()), Type::Number)),
                LiteralValue::String(text) => {
                    Ok(exact(Node::Text(text.inner().to_owned()), Type::Text(Spelling::Free)))
                }
                LiteralValue::Null => Ok(exact(Node::Null, Type::Null)),
                LiteralValue::UInt(_) => Err(self.error(at, "numbers are written without 'u'")),
                LiteralValue::Double(_) => Err(self.error(at, "only whole numbers are known here")),
                LiteralValue::Bytes(_) => Err(self.error(at, "texts are written without 'b'")),
            },
            Expr::Ident(_) | Expr::Select(_) => self.name(expression, at),
            Expr::List(list) => {
                if !list.optional_indices.is_empty() {
                    return Err(self.error(at, "optional list items are not known here"));
                }
                let mut items = Vec::with_capacity(list.elements.len());
                let mut of: Option<Item> = None;
                for element in &list.elements {
                    let item = self.lower(element)?;
                    if !item.nulls.is_empty() {
                        return Err(self.error(item.at, "a list may not hold a number that can be missing"));
                    }
                    let kind = match item.kind {
                        Type::Bool => Item::Bool,
                        Type::Number => Item::Number,
                        Type::Text(spelling) => Item::Text(spelling),
                        other => {
                            return Err(self.error(item.at, format!("a list may not hold {}", other.word())));
                        }
                    };
                    of = Some(match (of, kind) {
                        (None, kind) => kind,
                        (Some(Item::Text(a)), Item::Text(b)) => {
                            Item::Text(if a == b { a } else { Spelling::Free })
                        }
                        (Some(known), kind) if known == kind => kind,
                        _ => return Err(self.error(item.at, "a list holds values of one type only")),
                    });
                    items.push(item.node);
                }
                match of {
                    Some(of) => Ok(exact(Node::List(items), Type::List(of))),
                    None => Err(self.error(at, "an empty list says nothing")),
                }
            }
            Expr::Call(call) => self.call(call, at),
            Expr::Map(_) | Expr::Struct(_) => Err(self.error(at, "maps and structures are not known here")),
            Expr::Comprehension(_) | Expr::Unspecified => {
                Err(self.error(at, "this part of the condition is not understood"))
            }
        }
    }

    /// A property by its dotted name, or a comprehension's variable.
    fn name(&mut self, expression: &IdedExpr, at: u32) -> Lowered<P> {
        let Some((start, name)) = self.dotted(expression) else {
            return Err(self.error(at, "'.' stands between the parts of a property's name only"));
        };
        if let Some((slot, (name, item))) =
            self.locals.iter().enumerate().rev().find(|(_, (local, _))| *local == name)
        {
            return Ok(Typed {
                node: Node::Local { slot, name: name.clone() },
                kind: Type::of_item(*item),
                nulls: Vec::new(),
                strict: false,
                at: start,
            });
        }
        let Some(property) = P::find(&name) else {
            return Err(self.error(start, unknown_property::<P>(&name)));
        };
        self.properties.push(property);
        let node = Node::Property(property);
        let nulls = if property.is_nullable() { vec![node.clone()] } else { Vec::new() };
        let kind = match property.kind() {
            PropertyType::Bool => Type::Bool,
            PropertyType::Number | PropertyType::Time => Type::Number,
            PropertyType::Text => Type::Text(Spelling::Free),
            PropertyType::Mac => Type::Text(Spelling::Mac),
            PropertyType::Ip => Type::Text(Spelling::Ip),
            PropertyType::Choice(choice) => Type::Text(Spelling::Choice(choice)),
            PropertyType::Ips => Type::List(Item::Text(Spelling::Ip)),
            PropertyType::Texts => Type::List(Item::Text(Spelling::Free)),
        };
        Ok(Typed { node, kind, nulls, strict: false, at: start })
    }

    fn dotted(&self, expression: &IdedExpr) -> Option<(u32, String)> {
        match &expression.expr {
            Expr::Ident(name) => Some((self.place(expression), name.clone())),
            Expr::Select(select) if !select.test => {
                let (at, name) = self.dotted(&select.operand)?;
                Some((at, format!("{name}.{}", select.field)))
            }
            _ => None,
        }
    }

    fn call(&mut self, call: &CallExpr, at: u32) -> Lowered<P> {
        let args = call.args.as_slice();
        if call.target.is_none()
            && let Some(done) = self.operator(&call.func_name, args, at)
        {
            return done;
        }
        self.function(call, at)
    }

    fn operator(&mut self, name: &str, args: &[IdedExpr], at: u32) -> Option<Lowered<P>> {
        Some(match (name, args) {
            (operators::LOGICAL_AND, [left, right]) => self.connect(left, right, at, true),
            (operators::LOGICAL_OR, [left, right]) => self.connect(left, right, at, false),
            (operators::LOGICAL_NOT, [part]) => self
                .expect(part, Type::Bool, "'!' needs")
                .map(|part| Typed { node: Node::Not(Box::new(part.node)), at, ..part }),
            (operators::NEGATE, [part]) => {
                self.expect(part, Type::Number, "'-' needs").map(|part| match part.node {
                    Node::Int(number) if number != i64::MIN => Typed { node: Node::Int(-number), at, ..part },
                    node => Typed {
                        node: Node::Negate(Box::new(node)),
                        strict: !part.nulls.is_empty(),
                        at,
                        ..part
                    },
                })
            }
            (operators::EQUALS, [left, right]) => self.compare(Comparison::Equal, left, right, at),
            (operators::NOT_EQUALS, [left, right]) => self.compare(Comparison::NotEqual, left, right, at),
            (operators::LESS, [left, right]) => self.compare(Comparison::Less, left, right, at),
            (operators::LESS_EQUALS, [left, right]) => self.compare(Comparison::LessOrEqual, left, right, at),
            (operators::GREATER, [left, right]) => self.compare(Comparison::Greater, left, right, at),
            (operators::GREATER_EQUALS, [left, right]) => {
                self.compare(Comparison::GreaterOrEqual, left, right, at)
            }
            (operators::ADD, [left, right]) => self.add(left, right, at),
            (operators::SUBSTRACT, [left, right]) => self.arithmetic(Operator::Subtract, left, right, at),
            (operators::MULTIPLY, [left, right]) => self.arithmetic(Operator::Multiply, left, right, at),
            (operators::DIVIDE, [left, right]) => self.arithmetic(Operator::Divide, left, right, at),
            (operators::MODULO, [left, right]) => self.arithmetic(Operator::Remainder, left, right, at),
            (operators::IN, [item, list]) => self.membership(item, list, at),
            (operators::CONDITIONAL, [condition, yes, no]) => self.conditional(condition, yes, no, at),
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, _) => Err(self
                .error(at, "lists are not indexed here, since an item may be missing: use exists() or 'in'")),
            _ => return None,
        })
    }

    /// Lowers a part that must be of `kind` (texts of any spelling are one kind).
    fn expect(&mut self, part: &IdedExpr, kind: Type, who: &str) -> Lowered<P> {
        let part = self.lower(part)?;
        let fits = match (kind, part.kind) {
            (Type::Text(_), Type::Text(_)) | (Type::List(_), Type::List(_)) => true,
            (wanted, found) => wanted == found,
        };
        if fits {
            return Ok(part);
        }
        Err(self.error(part.at, format!("{who} {}, this is {}", kind.word(), part.kind.word())))
    }

    fn connect(&mut self, left: &IdedExpr, right: &IdedExpr, at: u32, and: bool) -> Lowered<P> {
        let word = if and { "'&&' needs" } else { "'||' needs" };
        let mut parts = Vec::new();
        for side in [left, right] {
            match (self.expect(side, Type::Bool, word)?.node, and) {
                (Node::And(inner), true) | (Node::Or(inner), false) => parts.extend(inner),
                (node, _) => parts.push(node),
            }
        }
        Ok(truth(if and { Node::And(parts) } else { Node::Or(parts) }, at))
    }

    fn compare(&mut self, how: Comparison, left: &IdedExpr, right: &IdedExpr, at: u32) -> Lowered<P> {
        let mut left = self.lower(left)?;
        let mut right = self.lower(right)?;
        match (left.kind, right.kind) {
            (Type::Number, Type::Number) | (Type::Text(_), Type::Text(_)) => {}
            (Type::Bool, Type::Bool) if !how.is_order() => {}
            (Type::Number, Type::Null) | (Type::Null, Type::Number) if !how.is_order() => {
                if left.nulls.is_empty() && right.nulls.is_empty() {
                    return Err(self.error(at, "this number is never missing"));
                }
            }
            // a missing text is the empty text
            (Type::Text(_), Type::Null) if !how.is_order() => {
                right = Typed { node: Node::Text(String::new()), kind: Type::Text(Spelling::Free), ..right };
            }
            (Type::Null, Type::Text(_)) if !how.is_order() => {
                left = Typed { node: Node::Text(String::new()), kind: Type::Text(Spelling::Free), ..left };
            }
            (Type::List(_), _) | (_, Type::List(_)) => {
                return Err(self.error(at, "lists are not compared: use size(), 'in', all() or exists()"));
            }
            (a, b) => {
                return Err(
                    self.error(at, format!("'{}' compares {} with {}", how.symbol(), a.word(), b.word()))
                );
            }
        }
        if !how.is_order() {
            let (a, b) = (left.kind, right.kind);
            self.spell(&mut right, a)?;
            self.spell(&mut left, b)?;
        }
        let guards = guards(&[&left, &right], how.is_order());
        Ok(guarded(Node::Compare(how, Box::new(left.node), Box::new(right.node)), guards, at))
    }

    /// Checks a literal against what it is compared with, and spells it as the property does.
    fn spell(&self, literal: &mut Typed<P>, other: Type) -> Result<(), ConditionError> {
        let (Node::Text(text), Type::Text(spelling)) = (&mut literal.node, other) else {
            return Ok(());
        };
        match self.spelt(text, spelling, literal.at)? {
            Some(canonical) => *text = canonical,
            None => return Ok(()),
        }
        Ok(())
    }

    fn spelt(&self, text: &str, spelling: Spelling, at: u32) -> Result<Option<String>, ConditionError> {
        if text.is_empty() {
            return Ok(None); // asks whether the property is missing
        }
        match spelling {
            Spelling::Free => Ok(None),
            Spelling::Mac => match text.parse::<Mac>() {
                Ok(mac) => Ok(Some(mac.to_string())),
                Err(error) => Err(self.error(at, error.to_string())),
            },
            Spelling::Ip => match text.parse::<IpAddr>() {
                Ok(ip) => Ok(Some(ip.to_string())),
                Err(_) => Err(self.error(at, format!("'{text}' is no IP address"))),
            },
            Spelling::Choice(choice) => {
                let words = choice.words();
                if words.contains(&text) {
                    return Ok(None);
                }
                Err(self.error(at, format!("'{text}' is none of {}", words.join(", "))))
            }
        }
    }

    fn membership(&mut self, item: &IdedExpr, list: &IdedExpr, at: u32) -> Lowered<P> {
        let mut item = self.lower(item)?;
        let mut list = self.expect(list, Type::List(Item::Bool), "'in' needs")?;
        let Type::List(of) = list.kind else {
            return Err(self.error(list.at, "'in' needs a list"));
        };
        let (a, b) = (item.kind, Type::of_item(of));
        if !matches!((a, b), (Type::Text(_), Type::Text(_))) && a != b {
            return Err(self.error(at, format!("'in' looks for {} among {}", a.word(), plural(b))));
        }
        self.spell(&mut item, b)?;
        if let (Node::List(items), Type::Text(spelling)) = (&mut list.node, a) {
            for literal in items {
                if let Node::Text(text) = literal
                    && let Some(canonical) = self.spelt(text, spelling, list.at)?
                {
                    *text = canonical;
                }
            }
        }
        let guards = guards(&[&item, &list], false);
        Ok(guarded(Node::In(Box::new(item.node), Box::new(list.node)), guards, at))
    }

    fn add(&mut self, left: &IdedExpr, right: &IdedExpr, at: u32) -> Lowered<P> {
        let left = self.lower(left)?;
        let right = self.lower(right)?;
        match (left.kind, right.kind) {
            (Type::Number, Type::Number) => Ok(combined(Operator::Add, left, right, at)),
            (Type::Text(_), Type::Text(_)) => {
                let (nulls, strict) = union(&[&left, &right], false);
                Ok(Typed {
                    node: Node::Join(Box::new(left.node), Box::new(right.node)),
                    kind: Type::Text(Spelling::Free),
                    nulls,
                    strict,
                    at,
                })
            }
            (a, b) => {
                Err(self
                    .error(at, format!("'+' adds numbers or joins texts, not {} and {}", a.word(), b.word())))
            }
        }
    }

    fn arithmetic(&mut self, operator: Operator, left: &IdedExpr, right: &IdedExpr, at: u32) -> Lowered<P> {
        let who = format!("'{}' needs", operator.symbol());
        let left = self.expect(left, Type::Number, &who)?;
        let right = self.expect(right, Type::Number, &who)?;
        Ok(combined(operator, left, right, at))
    }

    fn conditional(&mut self, condition: &IdedExpr, yes: &IdedExpr, no: &IdedExpr, at: u32) -> Lowered<P> {
        let condition = self.expect(condition, Type::Bool, "'?' needs")?;
        let yes = self.lower(yes)?;
        let no = self.lower(no)?;
        let kind = match (yes.kind, no.kind) {
            (Type::Text(a), Type::Text(b)) => Type::Text(if a == b { a } else { Spelling::Free }),
            (Type::Bool, Type::Bool) => Type::Bool,
            (Type::Number, Type::Number) => Type::Number,
            (a, b) => {
                return Err(self.error(
                    at,
                    format!("both sides of ':' must be of one type, not {} and {}", a.word(), b.word()),
                ));
            }
        };
        let (nulls, strict) = union(&[&yes, &no], false);
        Ok(Typed { node: Node::If(Box::new([condition.node, yes.node, no.node])), kind, nulls, strict, at })
    }

    fn function(&mut self, call: &CallExpr, at: u32) -> Lowered<P> {
        let name = call.func_name.as_str();
        let text = Type::Text(Spelling::Free);
        match (name, call.target.as_deref(), call.args.as_slice()) {
            ("has", None, [of]) => self.has(of, at),
            ("size", None, [of]) | ("size", Some(of), []) => {
                let of = self.lower(of)?;
                if !matches!(of.kind, Type::Text(_) | Type::List(_)) {
                    return Err(self
                        .error(of.at, format!("size() needs a text or a list, this is {}", of.kind.word())));
                }
                Ok(wrap(of, Type::Number, at, |node| Node::Size(Box::new(node))))
            }
            ("startsWith" | "endsWith" | "contains", Some(of), [other]) => {
                let test = match name {
                    "startsWith" => TextTest::StartsWith,
                    "endsWith" => TextTest::EndsWith,
                    _ => TextTest::Contains,
                };
                let who = format!("{name}() needs");
                let of = self.expect(of, text, &who)?;
                let mut other = self.expect(other, text, &who)?;
                if let (Type::Text(Spelling::Mac | Spelling::Ip), Node::Text(literal)) =
                    (of.kind, &mut other.node)
                {
                    *literal = literal.to_ascii_lowercase();
                }
                let guards = guards(&[&of, &other], false);
                Ok(guarded(Node::Test(test, Box::new(of.node), Box::new(other.node)), guards, at))
            }
            ("matches", Some(of), [pattern]) => {
                let of = self.expect(of, text, "matches() needs")?;
                let pattern = self.pattern(pattern)?;
                let guards = guards(&[&of], false);
                Ok(guarded(Node::Matches(Box::new(of.node), Box::new(pattern)), guards, at))
            }
            ("string", None, [of]) => {
                let of = self.lower(of)?;
                match of.kind {
                    Type::Text(_) => Ok(of),
                    Type::Number => {
                        let strict = !of.nulls.is_empty();
                        let made = wrap(of, text, at, |node| Node::ToText(Box::new(node)));
                        Ok(Typed { strict, ..made })
                    }
                    other => {
                        Err(self.error(of.at, format!("string() needs a number, this is {}", other.word())))
                    }
                }
            }
            ("lower", None, [of]) => {
                let of = self.expect(of, text, "lower() needs")?;
                Ok(wrap(of, text, at, |node| Node::Lower(Box::new(node))))
            }
            ("oui", None, [of]) => {
                let of = self.expect(of, text, "oui() needs")?;
                Ok(wrap(of, text, at, |node| Node::Oui(Box::new(node))))
            }
            ("in_subnet", None, [ip, subnet]) => {
                let ip = self.expect(ip, text, "in_subnet() needs")?;
                let prefix = self.literal(
                    subnet,
                    "in_subnet() needs the prefix as a plain text, such as '192.0.2.0/24'",
                )?;
                let Some(subnet) = Subnet::parse(&prefix) else {
                    return Err(self.error(
                        self.place(subnet),
                        format!("'{prefix}' is no IP prefix, such as '192.0.2.0/24' or '2001:db8::/32'"),
                    ));
                };
                let guards = guards(&[&ip], false);
                Ok(guarded(Node::InSubnet(Box::new(ip.node), subnet), guards, at))
            }
            ("hour", None, [time, zone]) => {
                let time = self.expect(time, Type::Number, "hour() needs")?;
                let zone = self.zone(zone)?;
                let (mut nulls, strict) = (time.nulls, time.strict);
                let node = Node::Hour(Box::new(time.node), zone);
                // a time outside the calendar gives null too
                if !strict {
                    nulls = vec![node.clone()];
                }
                Ok(Typed { node, kind: Type::Number, nulls, strict, at })
            }
            ("weekday", None, [time, zone]) => {
                let time = self.expect(time, Type::Number, "weekday() needs")?;
                let zone = self.zone(zone)?;
                let (nulls, strict) = if time.strict { (time.nulls, true) } else { (Vec::new(), false) };
                let node = Node::Weekday(Box::new(time.node), zone);
                Ok(Typed { node, kind: text, nulls, strict, at })
            }
            ("all" | "exists" | "exists_one" | "filter" | "map", Some(list), [variable, body]) => {
                let fold = match name {
                    "all" => Fold::All,
                    "exists" => Fold::Exists,
                    "exists_one" => Fold::ExistsOne,
                    "filter" => Fold::Filter,
                    _ => Fold::Map,
                };
                self.fold(fold, list, variable, body, at)
            }
            _ => Err(self.error(
                at,
                format!("{name}() is not known with this use; there are {}", FUNCTIONS.join(", ")),
            )),
        }
    }

    fn has(&mut self, of: &IdedExpr, at: u32) -> Lowered<P> {
        let of = self.lower(of)?;
        let Node::Property(_) = of.node else {
            return Err(self.error(of.at, "has() needs a property"));
        };
        match of.kind {
            Type::Text(_) => {
                let missing = Box::new(Node::Text(String::new()));
                Ok(truth(Node::Compare(Comparison::NotEqual, Box::new(of.node), missing), at))
            }
            Type::List(_) => {
                let size = Box::new(Node::Size(Box::new(of.node)));
                Ok(truth(Node::Compare(Comparison::Greater, size, Box::new(Node::Int(0))), at))
            }
            _ if of.nulls.is_empty() => Err(self.error(of.at, "this property is never missing")),
            _ => Ok(truth(not_null(of.node), at)),
        }
    }

    fn fold(
        &mut self,
        fold: Fold,
        list: &IdedExpr,
        variable: &IdedExpr,
        body: &IdedExpr,
        at: u32,
    ) -> Lowered<P> {
        let list = self.expect(list, Type::List(Item::Bool), &format!("{}() needs", fold.name()))?;
        let (Type::List(item), Expr::Ident(name)) = (list.kind, &variable.expr) else {
            return Err(self.error(
                self.place(variable),
                format!("{}() needs a plain name for its items first", fold.name()),
            ));
        };
        if matches!(name.as_str(), "event" | "endpoint" | "ne" | "now") {
            return Err(self.error(self.place(variable), format!("'{name}' already has a meaning")));
        }
        if self.locals.iter().any(|(known, _)| known == name) {
            return Err(self.error(self.place(variable), format!("'{name}' is already in use here")));
        }
        self.locals.push((name.clone(), item));
        let body = self.lower(body);
        self.locals.pop();
        let body = body?;
        let (kind, nulls, strict) = match (fold, body.kind) {
            (Fold::Map, _) if !body.nulls.is_empty() => {
                return Err(self.error(body.at, "map() may not give a number that can be missing"));
            }
            (Fold::Map, Type::Bool) => (Type::List(Item::Bool), list.nulls, list.strict),
            (Fold::Map, Type::Number) => (Type::List(Item::Number), list.nulls, list.strict),
            (Fold::Map, Type::Text(spelling)) => (Type::List(Item::Text(spelling)), list.nulls, list.strict),
            (Fold::Filter, Type::Bool) => (list.kind, list.nulls, list.strict),
            (_, Type::Bool) => (Type::Bool, Vec::new(), false),
            (_, other) => {
                return Err(self.error(
                    body.at,
                    format!("{}() needs a truth value for each item, this is {}", fold.name(), other.word()),
                ));
            }
        };
        let node =
            Node::Fold { fold, list: Box::new(list.node), name: name.clone(), body: Box::new(body.node) };
        Ok(Typed { node, kind, nulls, strict, at })
    }

    fn literal(&self, part: &IdedExpr, wanted: &str) -> Result<String, ConditionError> {
        match &part.expr {
            Expr::Literal(LiteralValue::String(text)) => Ok(text.inner().to_owned()),
            _ => Err(self.error(self.place(part), wanted)),
        }
    }

    fn pattern(&self, part: &IdedExpr) -> Result<regex::Regex, ConditionError> {
        let at = self.place(part);
        let pattern = self.literal(
            part,
            "matches() needs its regular expression as a plain text, so that its cost is known",
        )?;
        if pattern.chars().count() > MAX_PATTERN {
            return Err(
                self.error(at, format!("the regular expression is longer than {MAX_PATTERN} characters"))
            );
        }
        RegexBuilder::new(&pattern)
            .size_limit(MAX_COMPILED_PATTERN)
            .dfa_size_limit(MAX_COMPILED_PATTERN)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => self.error(
                    at,
                    format!(
                        "the regular expression needs more than {limit} octets when compiled: simplify it"
                    ),
                ),
                other => {
                    let last = other.to_string();
                    let why = last.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
                    self.error(at, format!("'{pattern}' is no regular expression: {why}"))
                }
            })
    }

    fn zone(&self, part: &IdedExpr) -> Result<Zone, ConditionError> {
        let name = self.literal(part, "the time zone is given as a plain text, such as 'Europe/Berlin'")?;
        match zone(&name) {
            Some(zone) => Ok(zone),
            None => Err(self.error(self.place(part), format!("'{name}' is no time zone known here"))),
        }
    }
}

/// The time zone of that IANA name, from the database compiled in: the same on every machine.
pub fn zone(name: &str) -> Option<Zone> {
    if name == "UTC" {
        return Some(Zone { name: name.to_owned(), zone: jiff::tz::TimeZone::UTC });
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    // the database finds names without regard to case; keep the canonical one
    let name = zone.iana_name().unwrap_or(name).to_owned();
    Some(Zone { name, zone })
}

/// The functions of conditions, as people write them.
pub static FUNCTIONS: &[&str] = &[
    "has(property)",
    "size(text or list)",
    "text.startsWith(text)",
    "text.endsWith(text)",
    "text.contains(text)",
    "text.matches('regular expression')",
    "lower(text)",
    "string(number)",
    "in_subnet(ip, '192.0.2.0/24')",
    "oui(mac)",
    "hour(time, 'Europe/Berlin')",
    "weekday(time, 'Europe/Berlin')",
    "list.all(item, condition)",
    "list.exists(item, condition)",
    "list.exists_one(item, condition)",
    "list.filter(item, condition)",
    "list.map(item, value)",
];

/// What is said of a name that is no property of the vocabulary.
pub fn unknown_property<P: Property>(name: &str) -> String {
    match P::suggest(name) {
        Some(close) => format!("there is no property '{name}'; did you mean '{close}'?"),
        None => format!("there is no property '{name}'"),
    }
}

fn plural(kind: Type) -> &'static str {
    match kind {
        Type::Bool => "truth values",
        Type::Number => "numbers",
        _ => "texts",
    }
}

fn truth<P>(node: Node<P>, at: u32) -> Typed<P> {
    Typed { node, kind: Type::Bool, nulls: Vec::new(), strict: false, at }
}

fn not_null<P>(node: Node<P>) -> Node<P> {
    Node::Compare(Comparison::NotEqual, Box::new(node), Box::new(Node::Null))
}

/// What must not be null for these parts to be evaluated: all their nullable numbers where `all`,
/// else only those on which evaluation would fail.
fn guards<P: Property>(parts: &[&Typed<P>], all: bool) -> Vec<Node<P>> {
    let mut seen: Vec<(String, Node<P>)> = Vec::new();
    for part in parts.iter().filter(|part| all || part.strict) {
        for null in &part.nulls {
            let text = null.to_string();
            if !seen.iter().any(|(known, _)| *known == text) {
                seen.push((text, null.clone()));
            }
        }
    }
    seen.into_iter().map(|(_, node)| node).collect()
}

fn guarded<P: Property>(node: Node<P>, guards: Vec<Node<P>>, at: u32) -> Typed<P> {
    if guards.is_empty() {
        return truth(node, at);
    }
    truth(Node::And(guards.into_iter().map(not_null).chain([node]).collect()), at)
}

fn union<P: Property>(parts: &[&Typed<P>], strict: bool) -> (Vec<Node<P>>, bool) {
    let nulls = guards(parts, true);
    let strict = strict && !nulls.is_empty() || parts.iter().any(|part| part.strict);
    (nulls, strict)
}

fn combined<P: Property>(operator: Operator, left: Typed<P>, right: Typed<P>, at: u32) -> Typed<P> {
    let (nulls, strict) = union(&[&left, &right], true);
    Typed {
        node: Node::Arithmetic(operator, Box::new(left.node), Box::new(right.node)),
        kind: Type::Number,
        nulls,
        strict,
        at,
    }
}

/// A function of one part that fails where the part fails.
fn wrap<P>(part: Typed<P>, kind: Type, at: u32, make: impl FnOnce(Node<P>) -> Node<P>) -> Typed<P> {
    Typed { node: make(part.node), kind, nulls: part.nulls, strict: part.strict, at }
}

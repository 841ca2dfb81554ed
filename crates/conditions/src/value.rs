//! Values of conditions and templates.

use std::borrow::Cow;
use std::fmt;

/// What a property or a part of a condition evaluates to. Texts borrow from the event where they can.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A number that is not known. Texts and lists that are not known are empty instead.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number; times are seconds since 1970-01-01 UTC.
    Int(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// A text that borrows.
    pub fn text(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }

    /// A text of its own.
    pub fn owned(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}

impl fmt::Display for Value<'_> {
    /// As people read it: texts without quotation marks, nothing for what is unknown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => Ok(()),
            Value::Bool(truth) => truth.fmt(f),
            Value::Int(number) => number.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// Writes `text` as a CEL string literal.
pub fn write_literal(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('\'')?;
    for c in text.chars() {
        match c {
            '\'' => f.write_str("\\'")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if (c as u32) < 0x20 || c == '\u{7f}' => write!(f, "\\u{:04x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('\'')
}

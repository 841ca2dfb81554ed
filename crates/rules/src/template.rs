//! Texts with `{{ property }}` in them.
//!
//! What is inserted comes from the network and may be chosen by an attacker (a host name, an ifAlias).
//! So each place that uses a text says what it must not contain: see [`Template::line`] and
//! [`Template::argument`].

use netwarden_conditions::Property as _;

use crate::properties::Property;
use crate::view::View;

/// Longest template, in characters.
pub const MAX_TEMPLATE: usize = 16_384;

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that is no property.
    #[error("'{template}': {message}")]
    Property {
        /// The template's beginning.
        template: String,
        /// What is wrong.
        message: String,
    },
    /// `{{` without `}}`.
    #[error("'{template}': '{{{{' is not closed by '}}}}'")]
    Open {
        /// The template's beginning.
        template: String,
    },
    /// Too long.
    #[error("'{template}...' is longer than {MAX_TEMPLATE} characters")]
    Length {
        /// The template's beginning.
        template: String,
    },
}

/// Why a text made from a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A value would turn an argument into an option of the command.
    #[error("the argument '{0}' would begin with '-' because of what was inserted")]
    Option(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Text(String),
    Property(Property),
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
}

impl Template {
    /// Parses `text`; unknown properties are refused.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let shown = || text.chars().take(60).collect::<String>();
        if text.chars().count() > MAX_TEMPLATE {
            return Err(TemplateError::Length { template: shown() });
        }
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) =
                after.split_once("}}").ok_or_else(|| TemplateError::Open { template: shown() })?;
            let name = name.trim();
            let property = Property::find(name).ok_or_else(|| TemplateError::Property {
                template: shown(),
                message: netwarden_conditions::unknown_property::<Property>(name),
            })?;
            if !before.is_empty() {
                segments.push(Segment::Text(before.to_owned()));
            }
            segments.push(Segment::Property(property));
            rest = behind;
        }
        if !rest.is_empty() {
            segments.push(Segment::Text(rest.to_owned()));
        }
        Ok(Self { segments })
    }

    /// The text for one event, over several lines if need be; control characters other than the
    /// template's own are replaced by blanks.
    pub fn text(&self, view: View<'_>) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.push_str(text),
                Segment::Property(property) => out.push_str(&plain(&readable(view, *property))),
            }
        }
        out
    }

    /// As [`Template::text`], in one line: nothing that is inserted can begin a new header or record.
    pub fn line(&self, view: View<'_>) -> String {
        plain(&self.text(view))
    }

    /// One argument of a command. Times are numbers here. An inserted value cannot turn it into an
    /// option: where the argument begins with `-` although the template does not, it is refused.
    pub fn argument(&self, view: View<'_>) -> Result<String, RenderError> {
        let mut out = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.push_str(text),
                Segment::Property(property) => out.push_str(&plain(&view.get(*property).to_string())),
            }
        }
        let meant = matches!(self.segments.first(), Some(Segment::Text(text)) if text.starts_with('-'));
        if out.starts_with('-') && !meant {
            return Err(RenderError::Option(out.chars().take(60).collect()));
        }
        Ok(out)
    }
}

/// A value for people: times as RFC 3339.
fn readable(view: View<'_>, property: Property) -> String {
    use crate::properties::PropertyType;
    use netwarden_conditions::Value;
    match (property.kind(), view.get(property)) {
        (PropertyType::Time, Value::Int(second)) => match jiff::Timestamp::from_second(second) {
            Ok(at) => at.to_string(),
            Err(_) => second.to_string(),
        },
        (_, value) => value.to_string(),
    }
}

/// Without control characters, line and paragraph separators.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

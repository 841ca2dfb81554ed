//! A form of several fields: choices, secrets, lines of text, each with its hint and its fault at its
//! place. Like the dialog of an act it is a page of its own where there are no scripts.

use askama::Template;
use axum::response::Response;

use super::act::{Given, described};
use super::dialog::Dialog;
use super::frame::{self, Frame};
use super::language::Language;
use crate::refusal::Refusal;

/// How a field is filled in.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text,
    /// A whole number within these bounds.
    Number(i64, i64),
    /// What nobody may read over a shoulder; it is never filled in by a page.
    Secret,
    /// Several lines.
    Lines(u8),
    /// Value and text of what can be chosen.
    Choice(Vec<(String, String)>),
    /// Yes or no; its value is `true` where it is ticked.
    Tick,
    /// No field: what those below it are about.
    Heading,
}

/// A field of a form.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) hint: String,
    pub(super) required: bool,
    /// Why it was not taken.
    pub(super) fault: Option<String>,
    /// It is the first that was not taken: what is to be mended first has the focus.
    pub(super) focus: bool,
}

impl Field {
    pub(super) fn new(name: impl Into<String>, label: String, kind: Kind) -> Self {
        Self {
            name: name.into(),
            label,
            kind,
            value: String::new(),
            hint: String::new(),
            required: false,
            fault: None,
            focus: false,
        }
    }

    pub(super) fn with(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(super) const fn needed(mut self) -> Self {
        self.required = true;
        self
    }

    /// It is no field.
    pub(super) const fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading)
    }

    /// What screen readers tell with the field.
    pub(super) fn described(&self) -> String {
        described(&self.name, self.fault.is_some(), !self.hint.is_empty())
    }
}

/// A reason, as the last field of what is recorded with one.
pub(super) fn reason(l: Language) -> Field {
    Field::new("reason", l.t("column-reason"), Kind::Lines(2)).needed()
}

/// A form that is to be filled in.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) title: String,
    /// What it is for; a sentence each.
    pub(super) told: Vec<String>,
    pub(super) fields: Vec<Field>,
    /// Carried along unseen: the version that it was made on, what was chosen before.
    pub(super) hidden: Vec<(String, String)>,
    pub(super) button: String,
    pub(super) dangerous: bool,
    pub(super) action: String,
    pub(super) back: String,
    /// Why it was not done, where no field is to blame.
    pub(super) fault: Option<String>,
}

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    frame: Frame,
    form: Form,
}

#[derive(Template)]
#[template(path = "form.html", block = "dialog")]
struct FormPart {
    frame: Frame,
    form: Form,
}

impl Form {
    /// A form without fields, whose button bears `button`, and from which one goes back to `back`.
    pub(super) fn new(title: String, button: String, action: impl Into<String>, back: &str) -> Self {
        Self {
            title,
            told: Vec::new(),
            fields: Vec::new(),
            hidden: Vec::new(),
            button,
            dangerous: false,
            action: action.into(),
            back: back.to_owned(),
            fault: None,
        }
    }

    pub(super) fn telling(mut self, told: impl IntoIterator<Item = String>) -> Self {
        self.told.extend(told);
        self
    }

    pub(super) fn asking(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.fields.extend(fields);
        self
    }

    pub(super) fn carrying(mut self, name: &str, value: impl Into<String>) -> Self {
        self.hidden.push((name.to_owned(), value.into()));
        self
    }

    pub(super) const fn dangerous(mut self) -> Self {
        self.dangerous = true;
        self
    }

    /// Puts the sentence at the field that it is about: the one that it names; else the only one that is empty
    /// and must not be, or the only one that there is besides the reason; else above them all.
    fn blame(&mut self, detail: String, input: Option<&str>) {
        let named = input.and_then(|name| self.fields.iter_mut().find(|field| field.name == name));
        if let Some(field) = named {
            field.fault = Some(detail);
            return;
        }
        let mut empty = self.fields.iter_mut().filter(|field| field.fault.is_some());
        if let (Some(field), None) = (empty.next(), empty.next()) {
            field.fault = Some(detail);
            return;
        }
        if self.fields.iter().any(|field| field.fault.is_some()) {
            return;
        }
        let mut others = self.fields.iter_mut().filter(|field| field.name != "reason");
        match (others.next(), others.next()) {
            (Some(field), None) => field.fault = Some(detail),
            _ => self.fault = Some(detail),
        }
    }
}

impl Dialog for Form {
    fn title(&self) -> &str {
        &self.title
    }

    fn page(self, frame: Frame, part: bool) -> Result<Response, Refusal> {
        if part {
            frame::page(&FormPart { frame, form: self })
        } else {
            frame::page(&FormPage { frame, form: self })
        }
    }

    fn put_back(&mut self, l: Language, given: &Given, why: String, input: Option<&str>) {
        for field in &mut self.fields {
            let text =
                if field.name == "reason" { Some(given.reason.as_str()) } else { given.get(&field.name) };
            match field.kind {
                Kind::Secret | Kind::Heading => {}
                Kind::Tick => field.value = text.map(|_| "true".to_owned()).unwrap_or_default(),
                _ => field.value = text.unwrap_or_default().to_owned(),
            }
            let is_empty = text.is_none_or(|text| text.trim().is_empty());
            if field.required && is_empty {
                field.fault = Some(l.t("field-needed"));
            }
        }
        self.blame(why, input);
        if let Some(first) = self.fields.iter_mut().find(|field| field.fault.is_some()) {
            first.focus = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn given(pairs: &[(&str, &str)], reason: &str) -> Given {
        let rest = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()));
        Given { proof: String::new(), reason: reason.to_owned(), rest: rest.collect() }
    }

    fn form(fields: &[(&str, Kind)]) -> Form {
        let fields = fields.iter().map(|(name, kind)| Field::new(*name, String::new(), kind.clone()));
        Form::new(String::new(), String::new(), "/x", "/").asking(fields).asking([reason(Language::English)])
    }

    fn unfit() -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "", "it is unfit")
    }

    #[test]
    fn a_fault_stands_at_its_field_where_that_can_be_told() {
        let mut one = form(&[("value", Kind::Text)]);
        one.fill(Language::English, &given(&[("value", "x")], "why"), unfit()).unwrap();
        assert_eq!(one.fields[0].fault.as_deref(), Some("it is unfit"));
        assert_eq!((one.fields[0].value.as_str(), one.fault), ("x", None));

        let mut silent = form(&[("value", Kind::Text)]);
        silent.fill(Language::English, &given(&[("value", "x")], "  "), unfit()).unwrap();
        assert_eq!(silent.fields[0].fault, None);
        assert_eq!(silent.fields[1].fault.as_deref(), Some("it is unfit"));

        let mut two = form(&[("a", Kind::Text), ("b", Kind::Text)]);
        two.fill(Language::English, &given(&[], "why"), unfit()).unwrap();
        assert_eq!(two.fault.as_deref(), Some("it is unfit"));

        let mut named = form(&[("a", Kind::Text), ("b", Kind::Text)]);
        let filled = given(&[("a", "1"), ("b", "2")], "why");
        named.fill(Language::English, &filled, unfit().at("b")).unwrap();
        assert_eq!((named.fault.as_deref(), named.fields[1].fault.as_deref()), (None, Some("it is unfit")));
        assert_eq!(named.fields.iter().map(|field| field.focus).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(named.fields[0].value, "1", "what was written stays");
    }

    #[test]
    fn secrets_are_not_written_back() {
        let mut asked = form(&[("password", Kind::Secret), ("on", Kind::Tick)]);
        asked
            .fill(Language::English, &given(&[("password", "sesame"), ("on", "true")], "why"), unfit())
            .unwrap();
        assert_eq!((asked.fields[0].value.as_str(), asked.fields[1].value.as_str()), ("", "true"));
    }

    #[test]
    fn what_no_form_can_mend_is_passed_on() {
        let denied = Refusal::new(StatusCode::FORBIDDEN, "denied", "", "no");
        assert!(form(&[]).fill(Language::English, &given(&[], ""), denied).is_err());
    }
}

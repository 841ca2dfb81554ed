//! The dialog of an act: what will happen to whom, a reason, and the button. The same form is a page of
//! its own where there are no scripts.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use askama::Template;
use axum::extract::{FromRequest, Request};
use axum::response::Response;
use netwarden_model::VlanId;
use netwarden_operate::{Said, Version, vlan};
use zeroize::{Zeroize, Zeroizing};

use super::dialog::Dialog;
use super::frame::{self, Frame, Notice};
use super::language::Language;
use crate::address::Query;
use crate::input::{Text, must_be_form};
use crate::refusal::Refusal;

/// A field of the form besides the reason.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) label: String,
    /// HTML's `type`.
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) hint: String,
    /// Why it was not taken.
    pub(super) fault: Option<String>,
}

impl Input {
    pub(super) fn new(name: &'static str, label: String, kind: &'static str) -> Self {
        Self { name, label, kind, value: String::new(), hint: String::new(), fault: None }
    }

    pub(super) fn with(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(super) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What screen readers tell with the field.
    pub(super) fn described(&self) -> String {
        described(self.name, self.fault.is_some(), !self.hint.is_empty())
    }
}

/// Ids of what is told of a field: its fault, then its hint.
pub(super) fn described(name: &str, fault: bool, hint: bool) -> String {
    let fault = fault.then(|| format!("fault-{name}"));
    let hint = hint.then(|| format!("hint-{name}"));
    fault.into_iter().chain(hint).collect::<Vec<_>>().join(" ")
}

/// An act that is about to be done.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) title: String,
    /// What it will do, to whom; a sentence each.
    pub(super) told: Vec<String>,
    pub(super) inputs: Vec<Input>,
    /// What stands on the button.
    pub(super) button: String,
    /// It takes something away from somebody.
    pub(super) dangerous: bool,
    /// Where its form goes.
    pub(super) action: String,
    /// Where one comes back to.
    pub(super) back: String,
    /// Why it was not done, where it was tried and no field is to blame.
    pub(super) fault: Option<String>,
    /// Why the reason was not taken.
    pub(super) reason_fault: Option<String>,
    /// The reason that was given then.
    pub(super) reason: String,
}

#[derive(Template)]
#[template(path = "act.html")]
struct ActPage {
    frame: Frame,
    act: Act,
}

#[derive(Template)]
#[template(path = "act.html", block = "dialog")]
struct ActPart {
    frame: Frame,
    act: Act,
}

impl Dialog for Act {
    fn title(&self) -> &str {
        &self.title
    }

    fn page(self, frame: Frame, part: bool) -> Result<Response, Refusal> {
        if part {
            frame::page(&ActPart { frame, act: self })
        } else {
            frame::page(&ActPage { frame, act: self })
        }
    }

    fn put_back(&mut self, _: Language, given: &Given, why: String, input: Option<&str>) {
        self.reason.clone_from(&given.reason);
        for input in &mut self.inputs {
            if let Some(value) = given.get(input.name) {
                value.clone_into(&mut input.value);
            }
        }
        let shown = self.inputs.iter_mut().filter(|input| input.kind != "hidden");
        let blamed = input.and_then(|name| shown.into_iter().find(|input| input.name == name));
        match (blamed, input) {
            (Some(blamed), _) => blamed.fault = Some(why),
            (None, Some("reason")) => self.reason_fault = Some(why),
            _ => self.fault = Some(why),
        }
    }
}

impl Act {
    /// The field that is to blame has the focus; else the reason, which every act asks for.
    fn is_reason_first(&self) -> bool {
        self.inputs.iter().all(|input| input.fault.is_none())
    }
}

/// What a form carries besides its proof and its reason, by name. It may hold passwords, so all of it is wiped
/// when it goes.
#[derive(Clone, Default)]
pub(super) struct Given {
    pub(super) proof: String,
    pub(super) reason: String,
    pub(super) rest: BTreeMap<String, Zeroizing<String>>,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("names", &self.rest.keys()).finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequest<S> for Given {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        must_be_form(request.headers())?;
        let Text(body) = Text::from_request(request, state).await?;
        let given = Self::of(&body)?;
        // The body as it came holds the same passwords; nobody else has it any more.
        if let Ok(mut body) = body.try_into_mut() {
            body.as_mut().zeroize();
        }
        Ok(given)
    }
}

impl Given {
    /// As a browser sends it. What is there twice says nothing clear, and is refused.
    pub(super) fn of(body: &[u8]) -> Result<Self, Refusal> {
        let (mut proof, mut reason, mut rest) = (None, None, BTreeMap::new());
        for (name, value) in form_urlencoded::parse(body) {
            let value = Zeroizing::new(value.into_owned());
            let before = match &*name {
                "proof" => proof.replace(value),
                "reason" => reason.replace(value),
                _ => rest.insert(name.clone().into_owned(), value),
            };
            if before.is_some() {
                let name: String = name.chars().take(64).collect();
                return Err(Refusal::malformed(Said::FieldTwice { name }));
            }
        }
        let text =
            |value: Option<Zeroizing<String>>| value.map(|value| value.to_string()).unwrap_or_default();
        Ok(Self { proof: text(proof), reason: text(reason), rest })
    }

    /// What a field carries, as it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.rest.get(name).map(|value| value.as_str())
    }

    /// What was written into a field; None where nothing was.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The words of a field, which blanks or commas divide; None where there is no such field.
    pub(super) fn words(&self, name: &str) -> Option<BTreeSet<String>> {
        let divides = |c: char| c == ',' || c.is_whitespace();
        let words = self.get(name)?.split(divides).filter(|word| !word.is_empty());
        Some(words.map(str::to_owned).collect())
    }

    /// A secret as it was written, blanks and all; None where nothing was.
    pub(super) fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.get(name).filter(|secret| !secret.is_empty()).map(|secret| Zeroizing::new(secret.to_owned()))
    }

    /// A whole number of seconds; None where nothing was written.
    pub(super) fn seconds<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let shown: String = text.chars().take(32).collect();
        text.parse().map(Some).map_err(|_| Refusal::malformed(Said::NoSeconds { given: shown }).at(name))
    }

    /// A VLAN; None where nothing was written.
    pub(super) fn vlan(&self, l: Language, name: &str) -> Result<Option<VlanId>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let unfit = || Refusal::malformed(l.t("error-no-vlan")).at(name);
        let number = text.parse().map_err(|_| unfit())?;
        Ok(Some(vlan(number).map_err(|_| unfit())?))
    }

    /// The version that the form was made on.
    pub(super) fn version(&self) -> Option<Version> {
        self.text("version").map(Version::presented)
    }
}

/// What was done before this page was called: `done` in its address.
pub(super) fn notice(l: Language, query: &Query, undo: impl Fn(&str) -> Option<String>) -> Option<Notice> {
    let text = match query.get("done")? {
        "authorise" => l.t("done-authorise"),
        "block" => l.t("done-block"),
        "move" | "quarantine" => l.t("done-move"),
        "off" => l.t("done-off"),
        "on" => l.t("done-on"),
        "release" => l.t("done-release"),
        "enforce" => l.t("done-enforce"),
        "observe" => l.t("done-observe"),
        "enable" => l.t("done-enable"),
        "disable" => l.t("done-disable"),
        "stop" => l.t("done-stop"),
        "resume" => l.t("done-resume"),
        "password" => l.t("done-password"),
        "charts" => l.t("done-charts"),
        "edit" => l.t("done-edit"),
        "maintain" => l.t("done-maintain"),
        "maintained" => l.t("done-maintained"),
        "remove" => l.t("done-remove"),
        "poll" => l.t("done-poll"),
        "protect" => l.t("done-protect"),
        "unprotect" => l.t("done-unprotect"),
        _ => return None,
    };
    Some(Notice { text, undo: query.get("done").and_then(undo) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_by_name_and_shows_no_secret_in_a_log() {
        let given = Given::of(b"proof=p&reason=a+test&password=open%20sesame&name=b").unwrap();
        assert_eq!((given.proof.as_str(), given.reason.as_str()), ("p", "a test"));
        assert_eq!((given.get("password"), given.get("name")), (Some("open sesame"), Some("b")));
        assert!(!format!("{given:?}").contains("sesame"));
        for twice in [&b"reason=a&reason=b"[..], b"proof=a&proof=a", b"name=a&name=b"] {
            assert_eq!(Given::of(twice).unwrap_err().problem().status, 400);
        }
    }

    #[test]
    fn a_fault_stands_at_the_input_that_it_is_about() {
        let act = || Act {
            title: String::new(),
            told: Vec::new(),
            inputs: vec![
                Input::new("vlan", String::new(), "text"),
                Input::new("macs", String::new(), "hidden"),
            ],
            button: String::new(),
            dangerous: false,
            action: String::new(),
            back: String::new(),
            fault: None,
            reason_fault: None,
            reason: String::new(),
        };
        let given = Given::of(b"reason=why&vlan=x").unwrap();
        let put = |input: Option<&str>| {
            let mut act = act();
            act.put_back(Language::English, &given, "unfit".into(), input);
            assert_eq!((act.inputs[0].value.as_str(), act.reason.as_str()), ("x", "why"));
            (act.inputs[0].fault.is_some(), act.reason_fault.is_some(), act.fault.is_some())
        };
        assert_eq!(put(Some("vlan")), (true, false, false));
        assert_eq!(put(Some("reason")), (false, true, false));
        assert_eq!(put(Some("macs")), (false, false, true), "what is hidden is told above");
        assert_eq!(put(None), (false, false, true));
    }
}

//! The dialog of an act: what will happen to whom, a reason, and the button. The same form is a page of
//! its own where there are no scripts.

use std::collections::BTreeMap;
use std::str::FromStr;

use askama::Template;
use axum::response::Response;
use netwarden_model::VlanId;
use netwarden_operate::{Said, Version, vlan};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::dialog::Dialog;
use super::frame::{self, Frame, Notice};
use super::language::Language;
use crate::address::Query;
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
    /// Why it was not done, where it was tried.
    pub(super) fault: Option<String>,
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

    fn put_back(&mut self, _: Language, given: &Given, why: String) {
        self.fault = Some(why);
        self.reason.clone_from(&given.reason);
        for input in &mut self.inputs {
            if let Some(value) = given.rest.get(input.name) {
                input.value.clone_from(value);
            }
        }
    }
}

/// What a form carries besides its proof and its reason, by name.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Given {
    #[serde(default)]
    pub(super) proof: String,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, String>,
}

impl Given {
    /// What a field carries, as it was sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.rest.get(name).map(String::as_str)
    }

    /// What was written into a field; None where nothing was.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A secret as it was written, blanks and all; None where nothing was.
    pub(super) fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.get(name).filter(|secret| !secret.is_empty()).map(|secret| Zeroizing::new(secret.to_owned()))
    }

    /// A whole number of seconds; None where nothing was written.
    pub(super) fn seconds<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let shown: String = text.chars().take(32).collect();
        text.parse().map(Some).map_err(|_| Refusal::malformed(Said::NoSeconds { given: shown }))
    }

    /// A VLAN; None where nothing was written.
    pub(super) fn vlan(&self, l: Language, name: &str) -> Result<Option<VlanId>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().map_err(|_| Refusal::malformed(l.t("error-no-vlan")))?;
        Ok(Some(vlan(number)?))
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

//! The dialog of an act: what will happen to whom, a reason, and the button. The same form is a page of
//! its own where there are no scripts.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Form;
use axum::response::Response;
use netwarden_operate::Desk;
use serde::Deserialize;

use super::frame::{self, Frame, Notice};
use super::language::Language;
use super::visitor::Visitor;
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

impl Act {
    /// The form, as a page or as what a dialog holds.
    pub(super) async fn shown(self, desk: &Desk, visitor: &Visitor) -> Result<Response, Refusal> {
        let frame = Frame::of(desk, visitor, self.title.clone()).await;
        if visitor.part {
            frame::page(&ActPart { frame, act: self })
        } else {
            frame::page(&ActPage { frame, act: self })
        }
    }

    /// The form once more, with why it was not done; what was written stays.
    pub(super) async fn refused(
        mut self,
        desk: &Desk,
        visitor: &Visitor,
        given: &Given,
        refusal: Refusal,
    ) -> Result<Response, Refusal> {
        let problem = refusal.problem();
        if !matches!(problem.status, 400 | 409 | 412 | 422) {
            return Err(refusal);
        }
        self.fault = Some(problem.detail.clone());
        self.reason = given.reason.clone();
        for input in &mut self.inputs {
            if let Some(value) = given.rest.get(input.name) {
                input.value.clone_from(value);
            }
        }
        let status = axum::http::StatusCode::from_u16(problem.status).unwrap_or_default();
        let frame = Frame::of(desk, visitor, self.title.clone()).await;
        let mut response = frame::page(&ActPage { frame, act: self })?;
        *response.status_mut() = status;
        Ok(response)
    }
}

/// What the form of an act carries.
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
    /// What was written into a field; None where nothing was.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.rest.get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// The form of an act.
pub(super) type ActForm = Form<Given>;

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

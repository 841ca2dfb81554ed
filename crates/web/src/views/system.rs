//! The system: its parts, its parameters, and the global stop.

use askama::Template;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::act::{Act, Given, notice};
use super::dialog::{asked, submitted};
use super::endpoints::Button;
use super::frame::{self, Frame, answered, led_to};
use super::ports::verb;
use super::table::{Cell, Columns, Row, Table};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;

#[derive(Template)]
#[template(path = "system.html")]
struct SystemPage {
    frame: Frame,
    parts: Option<Table>,
    sections: Vec<Section>,
    buttons: Vec<Button>,
}

const PARTS: Columns = &[("column-part", None), ("column-status", None), ("column-what", None)];

/// A part of System, with what it is for.
struct Section {
    text: String,
    about: String,
    href: &'static str,
}

/// The parts that this reader may see.
fn sections(desk: &Desk, visitor: &Visitor) -> Vec<Section> {
    let l = visitor.language();
    let all = [
        (Operation::AdoptionRead, "adopt-title", "adopt-about", "/adopt"),
        (Operation::ParameterRead, "parameters", "parameters-about", "/system/parameters"),
        (Operation::CredentialRead, "credentials", "credentials-about", "/system/credentials"),
        (Operation::ChannelRead, "channels", "channels-about", "/system/channels"),
        (Operation::GroupRead, "groups", "groups-about", "/system/groups"),
        (Operation::NameSourceRead, "sources", "sources-about", "/system/sources"),
        (Operation::BackupRead, "backups", "backups-about", "/system/backups"),
        (Operation::TenantRead, "tenants", "tenants-about", "/system/tenants"),
        (Operation::UserRead, "accounts", "accounts-about", "/system/accounts"),
        (Operation::RoleRead, "roles", "roles-about", "/system/roles"),
        (Operation::DomainRead, "domains", "domains-about", "/system/domains"),
        (Operation::BlocklistRead, "blocklist", "blocklist-about", "/system/blocklist"),
        (Operation::SessionRead, "online", "online-about", "/system/sessions"),
        (Operation::TokenRead, "tokens", "tokens-about", "/system/tokens"),
        (Operation::SessionHistory, "logins", "logins-about", "/system/logins"),
        (Operation::SessionHistory, "sharings", "sharings-about", "/system/sharing"),
        (Operation::PolicyRead, "passwords", "passwords-about", "/system/passwords"),
        (Operation::PolicyRead, "account-policy", "account-policy-about", "/system/account-policy"),
        (Operation::PolicyRead, "login-policies", "login-policies-about", "/system/login-policies"),
    ];
    all.into_iter()
        .filter(|(operation, ..)| visitor.may(desk, *operation))
        .map(|(_, text, about, href)| Section { text: l.t(text), about: l.t(about), href })
        .collect()
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        // What is permitted of it is shown; that may be no more than what leads elsewhere.
        let parts = match visitor.may(&desk, Operation::SystemStatus) {
            true => Some(parts(&desk, &visitor).await?),
            false => None,
        };
        let sections = sections(&desk, &visitor);
        let frame = Frame::of(&desk, &visitor, l.t("nav-system")).await;
        let (operation, key, verb) = if frame.stopped {
            (Operation::EnforcementResume, "act-resume", "resume")
        } else {
            (Operation::EnforcementStop, "act-stop", "stop")
        };
        let mut buttons = Vec::new();
        if visitor.may(&desk, operation) {
            buttons.push(Button { text: l.t(key), href: format!("/system/{verb}"), dangerous: true });
        }
        let undo = |done: &str| match done {
            "stop" => Some("/system/resume".to_owned()),
            "resume" => Some("/system/stop".to_owned()),
            _ => None,
        };
        let frame = frame.with_notice(notice(l, &query, undo));
        frame::page(&SystemPage { frame, parts, sections, buttons })
    })
    .await
}

/// How every part is.
pub(super) async fn parts(desk: &Desk, visitor: &Visitor) -> Result<Table, Refusal> {
    let (l, none) = (visitor.language(), Query::default());
    let rows = desk.health(visitor.caller()).await?.into_iter().map(|part| {
        let word = part.state.as_str();
        Row {
            cells: vec![
                Cell::Text(l.word("part", part.name)),
                Cell::Status { word: word.to_owned(), text: l.word("state", word) },
                Cell::Text(l.said(&part.text)),
            ],
        }
    });
    Ok(Table::new(l, "", &l.t("parts"), PARTS, &[], &none).filled(&none, rows.collect(), None))
}

async fn act_of(desk: &Desk, visitor: &Visitor, verb: &str) -> Result<Act, Refusal> {
    let l = visitor.language();
    let (title, told, button) = match verb {
        "stop" => ("stop-title", "stop-told", "act-stop"),
        _ => ("resume-title", "resume-told", "act-resume"),
    };
    let held = desk.ports_enforced(&visitor.caller().scope(Operation::EnforcementStop)).await?;
    let held = i64::try_from(held).unwrap_or(i64::MAX);
    Ok(Act {
        title: l.t(title),
        told: vec![l.t(told), l.t1("stop-held", "count", held)],
        inputs: Vec::new(),
        button: l.t(button),
        dangerous: true,
        action: format!("/system/{verb}"),
        back: "/system".to_owned(),
        fault: None,
        reason_fault: None,
        reason: String::new(),
    })
}

pub(crate) async fn act_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
) -> Response {
    let verb = verb(&uri);
    let operation = if verb == "stop" { Operation::EnforcementStop } else { Operation::EnforcementResume };
    asked(&desk, &visitor, operation, act_of(&desk, &visitor, verb)).await
}

pub(crate) async fn act(
    State(desk): State<Desk>,
    visitor: Visitor,
    OriginalUri(uri): OriginalUri,
    given: Given,
) -> Response {
    let verb = verb(&uri);
    let done = async {
        desk.set_global_stop(visitor.caller(), verb == "stop", &given.reason).await?;
        Ok(led_to(&format!("/system?done={verb}")))
    };
    submitted(&desk, &visitor, &given, done, act_of(&desk, &visitor, verb)).await
}

//! What surrounds every page: navigation, search, the reader, the state of the system; and how a page,
//! a part of one or a refusal becomes an answer.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use netwarden_identity::{Operation, Plane};
use netwarden_operate::{Desk, Said};

use super::assets;
use super::language::Language;
use super::refused;
use super::visitor::{Look, Visitor, sent_to, to_prove};
use crate::refusal::Refusal;

/// An entry of the navigation.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) href: &'static str,
    pub(super) text: String,
    pub(super) current: bool,
}

/// What was done, told on the page that follows.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) text: String,
    /// Where it can be undone.
    pub(super) undo: Option<String>,
}

/// What the reader is told after a login until they say that they have read it (IAM-13).
#[derive(Debug, Clone)]
pub(super) struct LoginNotice {
    pub(super) welcome: String,
    /// A sentence each: the last success, the last failure, failures since.
    pub(super) told: Vec<String>,
    /// Somebody else may have tried.
    pub(super) alarming: bool,
    pub(super) failures: i64,
}

/// The surroundings of a page.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) l: Language,
    pub(super) look: Look,
    pub(super) title: String,
    pub(super) user: String,
    /// What the reader is in, where it is not the network.
    pub(super) plane: Option<String>,
    /// The search is theirs.
    pub(super) searches: bool,
    pub(super) proof: String,
    pub(super) here: String,
    pub(super) entries: Vec<Entry>,
    /// All enforcement is stopped.
    pub(super) stopped: bool,
    /// Nothing new is recorded.
    pub(super) disk_full: bool,
    /// When the reader's password ends, where that is soon or past; empty else.
    pub(super) password_ends: String,
    /// The global stop, or its end, from every page; None for who may not.
    pub(super) stop: Option<(String, &'static str)>,
    pub(super) notice: Option<Notice>,
    /// What the reader is to be told after the login, and has not acknowledged.
    pub(super) login: Option<LoginNotice>,
    pub(super) assets: &'static assets::Addresses,
}

const ENTRIES: &[(&str, &str, Operation)] = &[
    ("/", "nav-overview", Operation::SystemStatus),
    ("/endpoints", "nav-endpoints", Operation::EndpointRead),
    ("/elements", "nav-elements", Operation::NeRead),
    ("/topology", "nav-topology", Operation::NeRead),
    ("/events", "nav-events", Operation::EventRead),
    ("/rules", "nav-rules", Operation::RuleRead),
    ("/audit", "nav-audit", Operation::AuditRead),
    ("/system", "nav-system", Operation::SessionReadOwn),
];

impl Frame {
    /// For a reader, about `title`.
    pub(super) async fn of(desk: &Desk, visitor: &Visitor, title: impl Into<String>) -> Self {
        let l = visitor.language();
        let path = visitor.here.split('?').next().unwrap_or("/");
        let current = |href: &str| match href {
            "/" => path == "/",
            // Adoption and long work are begun on the page of the system.
            "/system" => [href, "/adopt", "/jobs"].iter().any(|href| is_below(path, href)),
            _ => is_below(path, href),
        };
        let entries = ENTRIES
            .iter()
            .filter(|(href, _, operation)| match *href {
                "/" => Self::has_start(desk, visitor),
                _ => visitor.may(desk, *operation),
            })
            .map(|(href, key, _)| Entry { href, text: l.t(key), current: current(href) })
            .collect();
        let standing = desk.standing().await.unwrap_or_default();
        let (operation, key, href) = match standing.stopped {
            true => (Operation::EnforcementResume, "act-resume", "/system/resume"),
            false => (Operation::EnforcementStop, "act-stop", "/system/stop"),
        };
        Self {
            l,
            look: visitor.look,
            title: title.into(),
            user: visitor.name().to_owned(),
            plane: Some(visitor.caller().plane())
                .filter(|plane| *plane != Plane::Om)
                .map(|plane| l.word("plane", plane.as_str())),
            searches: visitor.may(desk, Operation::EndpointRead),
            proof: visitor.proof.clone(),
            here: visitor.here.clone(),
            entries,
            stopped: standing.stopped,
            disk_full: standing.disk_full,
            password_ends: visitor
                .password_ends()
                .map(|ends| ends.strftime("%Y-%m-%d %H:%M UTC").to_string())
                .unwrap_or_default(),
            stop: visitor.may(desk, operation).then(|| (l.t(key), href)),
            notice: None,
            login: Box::pin(login_notice(desk, visitor)).await,
            assets: assets::addresses(),
        }
    }

    /// True where the start page, which tells of the network and the system, is the reader's to see.
    pub(super) fn has_start(desk: &Desk, visitor: &Visitor) -> bool {
        visitor.caller().plane() == Plane::Om && visitor.may(desk, Operation::SystemStatus)
    }

    /// For one who has not signed in.
    pub(super) fn outside(look: Look, title: String) -> Self {
        Self {
            l: look.language,
            look,
            title,
            user: String::new(),
            plane: None,
            searches: false,
            proof: String::new(),
            here: "/".to_owned(),
            entries: Vec::new(),
            stopped: false,
            disk_full: false,
            password_ends: String::new(),
            stop: None,
            notice: None,
            login: None,
            assets: assets::addresses(),
        }
    }

    pub(super) fn with_notice(mut self, notice: Option<Notice>) -> Self {
        self.notice = notice;
        self
    }
}

/// The notice, where the login of this session was not acknowledged yet. A page is shown without it rather than
/// not at all.
async fn login_notice(desk: &Desk, visitor: &Visitor) -> Option<LoginNotice> {
    if !visitor.has_notice() {
        return None;
    }
    let notice = desk.notice(visitor.caller()).await.ok().flatten()?;
    let l = visitor.language();
    let place = |from: &str| if from.is_empty() { l.said(&Said::LocalSocket) } else { from.to_owned() };
    let when = |key: &str, (at, from): &(jiff::Timestamp, String)| {
        let at = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        l.with(key, &[("at", at.into()), ("from", place(from).into())])
    };
    let success = match &notice.success {
        Some(success) => when("login-last-success", success),
        None => l.t("login-first"),
    };
    let failure = notice.failure.as_ref().map(|failure| when("login-last-failure", failure));
    let failures = (notice.failures > 0).then(|| l.t1("login-failures", "count", notice.failures));
    Some(LoginNotice {
        welcome: notice.welcome,
        told: std::iter::once(success).chain(failure).chain(failures).collect(),
        alarming: notice.failures > 0,
        failures: notice.failures,
    })
}

fn is_below(path: &str, href: &str) -> bool {
    path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

/// A page, or a part of one.
pub(super) fn page(template: &impl Template) -> Result<Response, Refusal> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "Failed", "the page could not be made")
    })?;
    let mut response = Html(text).into_response();
    // A part and the whole have the same address.
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("HX-Request, Cookie"));
    Ok(response)
}

/// After an act: the page on which its effect is seen.
pub(super) fn led_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// The answer, or why there is none, on a page.
pub(super) async fn answered(
    desk: &Desk,
    visitor: &Visitor,
    answer: impl Future<Output = Result<Response, Refusal>>,
) -> Response {
    match answer.await {
        Ok(response) => response,
        // What is dangerous goes on where the second factor was proven once more.
        Err(refusal) if refusal.is_step_up() => sent_to(&to_prove(&visitor.here), visitor.part),
        Err(refusal) => refused::shown(desk, visitor, &refusal).await,
    }
}

//! Why a page is not shown, on a page: what and where, and what can be done about it. It holds also for what is
//! refused before any page is asked for: an address that nothing is at, or that cannot be read.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use netwarden_operate::Desk;

use super::frame::{self, Frame};
use super::visitor::{Look, Visitor};
use crate::address::escaped;
use crate::refusal::{Refusal, Refused};

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    frame: Frame,
    status: u16,
    text: String,
    /// The address that it is about.
    at: String,
    /// What can be done about it.
    advice: String,
    /// What to look for instead, where it was not found.
    search: Option<String>,
}

/// The refusal on a page for this reader.
pub(super) async fn shown(desk: &Desk, visitor: &Visitor, refusal: &Refusal) -> Response {
    let frame = Frame::of(desk, visitor, title(visitor.look, refusal)).await;
    page(frame, &visitor.here, refusal)
}

fn title(look: Look, refusal: &Refusal) -> String {
    let l = look.language;
    match refusal.problem().kind.rsplit(':').next().unwrap_or_default() {
        "denied" | "foreign-form" => l.t("refused-forbidden"),
        "not-found" | "no-route" => l.t("refused-not-found"),
        "invalid" => l.t("refused-invalid"),
        "malformed" | "media-type" | "too-large" => l.t("refused-malformed"),
        "outdated" => l.t("refused-outdated"),
        "conflict" => l.t("refused-conflict"),
        "unrecorded" => l.t("refused-unrecorded"),
        "busy" => l.t("refused-busy"),
        "failed" => l.t("refused-failed"),
        _ => l.t("refused-other"),
    }
}

fn page(frame: Frame, here: &str, refusal: &Refusal) -> Response {
    let (l, problem) = (frame.l, refusal.problem());
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let advice = match status {
        _ if refusal.is_busy() => "advice-busy",
        StatusCode::FORBIDDEN if problem.kind.ends_with("foreign-form") => "advice-foreign-form",
        StatusCode::FORBIDDEN => "advice-forbidden",
        StatusCode::NOT_FOUND if problem.kind.ends_with("no-route") => "advice-no-route",
        StatusCode::NOT_FOUND => "advice-not-found",
        StatusCode::SERVICE_UNAVAILABLE => "advice-unrecorded",
        StatusCode::INTERNAL_SERVER_ERROR => "advice-failed",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "advice-conflict",
        _ => "advice-other",
    };
    let path = here.split('?').next().unwrap_or_default();
    let is_signed_in = !frame.entries.is_empty();
    let sought = path.split('/').nth(2).filter(|_| status == StatusCode::NOT_FOUND && is_signed_in);
    let refused = RefusedPage {
        status: problem.status,
        text: l.said(refusal.detail()),
        at: here.chars().take(200).collect(),
        advice: l.t(advice),
        search: sought.map(|sought| format!("/search?q={}", in_query(sought))),
        frame,
    };
    match frame::page(&refused) {
        Ok(mut response) => {
            *response.status_mut() = status;
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// A segment of a path as a value of a query: what it escapes stays escaped.
fn in_query(segment: &str) -> String {
    segment.split('%').map(escaped).collect::<Vec<_>>().join("%")
}

/// What REST and those that watch the server are answered in JSON or plain text.
fn is_for_programs(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics"].contains(&path)
}

/// Turns what a reader's address was refused with into a page; programs keep problem details (RFC 9457).
pub(crate) async fn on_a_page(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if is_for_programs(request.uri().path()) {
        return next.run(request).await;
    }
    // What is known of the request apart from its body, should a page about it be needed.
    let mut asked = Request::new(());
    asked.method_mut().clone_from(request.method());
    asked.uri_mut().clone_from(request.uri());
    asked.headers_mut().clone_from(request.headers());
    asked.extensions_mut().clone_from(request.extensions());
    let response = next.run(request).await;
    let Some(Refused(refusal)) = response.extensions().get::<Refused>() else { return response };
    let (mut parts, ()) = asked.into_parts();
    let look = Look::of(&parts.headers);
    let visitor = match refusal.is_for_nobody() {
        true => None,
        false => Visitor::from_request_parts(&mut parts, &desk).await.ok(),
    };
    match visitor {
        Some(visitor) => shown(&desk, &visitor, refusal).await,
        None => {
            let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
            page(Frame::outside(look, title(look, refusal)), here, refusal)
        }
    }
}

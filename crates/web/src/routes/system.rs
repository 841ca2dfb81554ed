//! `/system`, and what stands beside `/api/v1`: health, metrics, the document itself.

use std::fmt::Write as _;
use std::path::{Component, PathBuf};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_api::Problem;
use netwarden_api::endpoint::Reason;
use netwarden_api::system::{Backup, Parameter, ParameterChange, ReleasedPorts, Status};
use netwarden_operate::Desk;
use netwarden_operate::parameters::Domain;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Body, Place};
use crate::refusal::Refusal;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(parameters))
        .routes(routes!(set_parameter))
        .routes(routes!(stop))
        .routes(routes!(resume))
        .routes(routes!(release_all))
        .routes(routes!(backup))
        .routes(routes!(document))
}

/// What stands beside `/api/v1`.
pub(super) fn outside() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// The state of the whole, and what needs attention.
#[utoipa::path(get, path = "/system/status", tag = "system",
    responses((status = 200, body = Status), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.status"))))]
async fn status(State(desk): State<Desk>, asker: Asker) -> Answer<Status> {
    let status = desk.status(&asker.caller).await?;
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: desk.started,
        elements: wide(status.counters.elements),
        elements_unreachable: wide(status.unreachable),
        endpoints: wide(status.counters.endpoints),
        endpoints_online: wide(status.counters.online),
        endpoints_new: wide(status.new),
        endpoints_unauthorised: wide(status.unauthorised),
        ports_enforced: desk.ports_enforced().await?,
        latest_event: status.latest.0,
        judging_behind: status.behind,
        global_stop: status.stopped,
        polls_good: status.polls.good,
        polls_failed: status.polls.failed,
        audit_records: status.records,
    }))
}

/// Every parameter with its value, default, meaning and range.
#[utoipa::path(get, path = "/system/parameters", tag = "system",
    responses((status = 200, body = Vec<Parameter>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("parameter.read"))))]
async fn parameters(State(desk): State<Desk>, asker: Asker) -> Answer<Vec<Parameter>> {
    let parameters = desk.parameters(&asker.caller).await?;
    let shaped = parameters.into_iter().map(|(declaration, value)| Parameter {
        name: declaration.name.to_owned(),
        value,
        default: declaration.default.to_owned(),
        description: match declaration.domain {
            Domain::Integer(min, max) => format!("{} ({min} to {max})", declaration.description),
            Domain::Truth => format!("{} (true or false)", declaration.description),
            Domain::Word(words) => format!("{} ({})", declaration.description, words.join(", ")),
        },
    });
    Ok(Json(shaped.collect()))
}

/// Sets a parameter; it counts at once.
#[utoipa::path(put, path = "/system/parameters/{name}", tag = "system", params(("name" = String, Path)),
    request_body = ParameterChange,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("parameter.modify"))))]
async fn set_parameter(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(change): Body<ParameterChange>,
) -> Result<StatusCode, Refusal> {
    desk.set_parameter(&asker.caller, &name, &change.value, &change.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops all enforcement; releases go on.
#[utoipa::path(post, path = "/system/stop", tag = "system", request_body = Reason,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("enforcement.stop"))))]
async fn stop(
    State(desk): State<Desk>,
    asker: Asker,
    Body(why): Body<Reason>,
) -> Result<StatusCode, Refusal> {
    desk.set_global_stop(&asker.caller, true, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets enforcement go on.
#[utoipa::path(post, path = "/system/resume", tag = "system", request_body = Reason,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("enforcement.resume"))))]
async fn resume(
    State(desk): State<Desk>,
    asker: Asker,
    Body(why): Body<Reason>,
) -> Result<StatusCode, Refusal> {
    desk.set_global_stop(&asker.caller, false, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for the release of every port that we hold.
#[utoipa::path(post, path = "/system/release-all", tag = "system", request_body = Reason,
    responses((status = 202, body = ReleasedPorts), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("enforcement.release_all"))))]
async fn release_all(
    State(desk): State<Desk>,
    asker: Asker,
    Body(why): Body<Reason>,
) -> Result<(StatusCode, Json<ReleasedPorts>), Refusal> {
    let ports = desk.release_all(&asker.caller, &why.reason).await?;
    let ports = ports.iter().map(ToString::to_string).collect();
    Ok((StatusCode::ACCEPTED, Json(ReleasedPorts { ports })))
}

/// Writes a consistent copy of the database to a file on the server.
#[utoipa::path(post, path = "/system/backup", tag = "system", request_body = Backup,
    responses((status = 201, body = Backup), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.create"))))]
async fn backup(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<Backup>,
) -> Result<(StatusCode, Json<Backup>), Refusal> {
    let to = wish.to.map(PathBuf::from).filter(|to| {
        let plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
        to.is_absolute() && to.components().all(plain)
    });
    let to = to.ok_or_else(|| Refusal::malformed("'to' must be the whole path of a file on the server"))?;
    desk.backup(&asker.caller, to.clone()).await?;
    Ok((StatusCode::CREATED, Json(Backup { to: Some(to.display().to_string()) })))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "system",
    responses((status = 200, body = Object), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.read_own"))))]
async fn document(State(desk): State<Desk>, asker: Asker) -> Result<Response, Refusal> {
    desk.own_session(&asker.caller).await?;
    Ok(Json(super::openapi()).into_response())
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-netwarden-operation" = json!("system.alive"))))]
async fn healthz() -> &'static str {
    "alive\n"
}

/// The database can be read, so that requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 503, body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.alive"))))]
async fn readyz(State(desk): State<Desk>) -> Result<&'static str, Refusal> {
    // What is wrong is told to those who may read the log, not to everybody.
    match desk.spine.latest().await {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Err(Refusal::new(status, "not-ready", "Not ready", "the database cannot be read"))
        }
    }
}

/// Counters in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.metrics"))))]
async fn metrics(State(desk): State<Desk>, asker: Asker) -> Result<Response, Refusal> {
    let status = desk.metrics(&asker.caller).await?;
    let wide = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let lines = [
        ("netwarden_elements", "gauge", "Network elements in the inventory", wide(status.counters.elements)),
        (
            "netwarden_elements_unreachable",
            "gauge",
            "Network elements that do not answer",
            wide(status.unreachable),
        ),
        ("netwarden_endpoints", "gauge", "Endpoints known", wide(status.counters.endpoints)),
        ("netwarden_endpoints_online", "gauge", "Endpoints that are online", wide(status.counters.online)),
        ("netwarden_endpoints_new", "gauge", "Endpoints that nobody has judged", wide(status.new)),
        (
            "netwarden_endpoints_unauthorised",
            "gauge",
            "Endpoints that are refused",
            wide(status.unauthorised),
        ),
        ("netwarden_forwarding_rows", "gauge", "Forwarding rows in memory", wide(status.counters.rows)),
        ("netwarden_events_total", "counter", "Events in the log", status.latest.0),
        ("netwarden_events_unjudged", "gauge", "Events that wait for the rules", status.behind),
        (
            "netwarden_enforcement_stopped",
            "gauge",
            "1 while all enforcement is stopped",
            i64::from(status.stopped),
        ),
        ("netwarden_polls_good_total", "counter", "Polls that succeeded", whole(status.polls.good)),
        ("netwarden_polls_failed_total", "counter", "Polls that failed", whole(status.polls.failed)),
        ("netwarden_polls_under_way", "gauge", "Polls under way", wide(status.polls.under_way)),
        ("netwarden_audit_records_total", "counter", "Records in the audit trail", whole(status.records)),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

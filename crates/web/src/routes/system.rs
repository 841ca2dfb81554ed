//! `/system`: state, parameters, stop, keys, the document itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use netwarden_api::endpoint::Reason;
use netwarden_api::rule::Job;
use netwarden_api::system::{Parameter, ParameterChange, ReleasedPorts, RotateKeys, Status};
use netwarden_api::{Page, Problem};
use netwarden_identity::Operation;
use netwarden_operate::parameters::{Declaration, Domain};
use netwarden_operate::{Desk, KeyLayer, OperateError, parameter_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::contract::contract;
use crate::input::{Body, IfMatch, ListParams, Place, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(parameters))
        .routes(routes!(parameter, set_parameter))
        .routes(routes!(stop))
        .routes(routes!(resume))
        .routes(routes!(release_all))
        .routes(routes!(rotate_keys))
        .routes(routes!(document))
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
        ports_enforced: desk.ports_enforced(&asker.caller.scope(Operation::SystemStatus)).await?,
        latest_event: status.latest.0,
        judging_behind: status.behind,
        global_stop: status.stopped,
        disk_full: status.disk_full,
        polls_good: status.polls.good,
        polls_failed: status.polls.failed,
        audit_records: status.records,
    }))
}

/// Parameters with their values, defaults, meanings and ranges, by name; filters name, value, changed.
#[utoipa::path(get, path = "/system/parameters", tag = "system", params(ListParams),
    responses((status = 200, body = Page<Parameter>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("parameter.read"))))]
async fn parameters(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Parameter>> {
    let listed = desk.list_parameters(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, |(declaration, value)| shaped(declaration, value))))
}

pub(super) fn shaped(declaration: &Declaration, value: String) -> Parameter {
    Parameter {
        name: declaration.name.to_owned(),
        value,
        default: declaration.default.to_owned(),
        description: match declaration.domain {
            Domain::Integer(min, max) => format!("{} ({min} to {max})", declaration.description),
            Domain::OffOr(min, max) => {
                format!("{} (0 for no limit, or {min} to {max})", declaration.description)
            }
            Domain::Truth => format!("{} (true or false)", declaration.description),
            Domain::Word(words) => format!("{} ({})", declaration.description, words.join(", ")),
            Domain::Roles => {
                format!("{} (names of roles, with commas between them)", declaration.description)
            }
            Domain::Macs => format!("{} (MAC addresses, with commas between them)", declaration.description),
        },
    }
}

/// One parameter, with the version of its value as ETag.
#[utoipa::path(get, path = "/system/parameters/{name}", tag = "system", params(("name" = String, Path)),
    responses((status = 200, body = Parameter), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("parameter.read"))))]
async fn parameter(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    let (declaration, value) = desk.parameter(&asker.caller, &name).await?;
    let version = parameter_version(declaration.name, &value);
    Ok(tagged(StatusCode::OK, &version, shaped(declaration, value)))
}

/// Sets a parameter; it counts at once.
#[utoipa::path(put, path = "/system/parameters/{name}", tag = "system",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ParameterChange,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("parameter.modify"))))]
async fn set_parameter(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<ParameterChange>,
) -> Result<StatusCode, Refusal> {
    desk.set_parameter(&asker.caller, &name, &change.value, &change.reason, expected).await?;
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

/// Starts to make new keys: `root`, or `working`, under which everything is then sealed anew; the job's result has
/// `resealed` and `unreadable`.
#[utoipa::path(post, path = "/system/rotate-keys", tag = "system", request_body = RotateKeys,
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.rotate_keys"))))]
async fn rotate_keys(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<RotateKeys>,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    let layer = match wish.layer.as_str() {
        "root" => KeyLayer::Root,
        "working" => KeyLayer::Working,
        _ => return Err(Refusal::malformed("layer must be root or working")),
    };
    let id = desk.rotate_keys(&asker.caller, layer, &wish.reason).await?;
    super::jobs::started(&desk, &asker, id).await
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "system",
    responses((status = 200, body = Object), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.read_own"))))]
async fn document(State(desk): State<Desk>, asker: Asker) -> Result<Response, Refusal> {
    desk.own_session(&asker.caller).await?;
    let failed = |error: serde_json::Error| OperateError::Failed(error.to_string());
    Ok(Json(contract().map_err(failed)?).into_response())
}

//! `/groups`: groups of endpoints.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::endpoint::{Group, GroupChange, NewGroup};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, GroupEdit, ShownGroup};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, change, remove))
}

fn shaped(shown: ShownGroup) -> Group {
    Group {
        name: shown.group.name,
        description: shown.group.description,
        offline_after_s: shown.group.offline_after_s.and_then(|silence| u64::try_from(silence).ok()),
        endpoints: shown.endpoints,
    }
}

fn answered(status: StatusCode, shown: ShownGroup) -> Response {
    let version = shown.version.clone();
    tagged(status, &version, shaped(shown))
}

fn seconds(silence: u64) -> i64 {
    i64::try_from(silence).unwrap_or(i64::MAX)
}

/// Groups of endpoints; filters name, description.
#[utoipa::path(get, path = "/groups", tag = "endpoints", params(ListParams),
    responses((status = 200, body = Page<Group>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("group.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Group>> {
    Ok(Json(shape::page(desk.list_groups(&asker.caller, wish).await?, shaped)))
}

/// One group, with its version as ETag.
#[utoipa::path(get, path = "/groups/{name}", tag = "endpoints", params(("name" = String, Path)),
    responses((status = 200, body = Group), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("group.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    Ok(answered(StatusCode::OK, desk.group(&asker.caller, &name).await?))
}

/// Makes a group.
#[utoipa::path(post, path = "/groups", tag = "endpoints", request_body = NewGroup,
    responses((status = 201, body = Group), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("group.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewGroup>,
) -> Result<Response, Refusal> {
    let group = netwarden_operate::Group {
        name: new.name,
        description: new.description,
        offline_after_s: new.offline_after_s.map(seconds),
    };
    Ok(answered(StatusCode::CREATED, desk.create_group(&asker.caller, group, &new.reason).await?))
}

/// Changes a group; with If-Match only where nobody was faster.
#[utoipa::path(patch, path = "/groups/{name}", tag = "endpoints",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = GroupChange,
    responses((status = 200, body = Group), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("group.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<GroupChange>,
) -> Result<Response, Refusal> {
    let edit = GroupEdit {
        description: change.description,
        offline_after_s: change.offline_after_s.map(|silence| (silence > 0).then(|| seconds(silence))),
        expected,
    };
    Ok(answered(StatusCode::OK, desk.edit_group(&asker.caller, &name, edit, &change.reason).await?))
}

/// Removes a group that nobody is in any longer.
#[utoipa::path(delete, path = "/groups/{name}", tag = "endpoints",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("group.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_group(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

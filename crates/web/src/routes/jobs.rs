//! `/jobs`: long work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::rule::Job;
use netwarden_api::{Page, Problem};
use netwarden_operate::Desk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Answer;
use crate::ask::Asker;
use crate::input::{ListParams, Place, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(cancel))
}

/// A job that the caller has just started.
pub(super) async fn started(
    desk: &Desk,
    asker: &Asker,
    id: Uuid,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(shape::job(desk.job(&asker.caller, id).await?))))
}

/// Jobs of this server, the newest first; filters what, state, operation.
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(ListParams),
    responses((status = 200, body = Page<Job>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("job.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Job>> {
    Ok(Json(shape::page(desk.list_jobs(&asker.caller, wish).await?, shape::job)))
}

/// One job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("job.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(id): Place<Uuid>) -> Answer<Job> {
    Ok(Json(shape::job(desk.job(&asker.caller, id).await?)))
}

/// Asks it to end; one's own needs no further right.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 202), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("job.cancel"))))]
async fn cancel(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<Uuid>,
) -> Result<StatusCode, Refusal> {
    desk.cancel_job(&asker.caller, id).await?;
    Ok(StatusCode::ACCEPTED)
}

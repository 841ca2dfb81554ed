//! `/system/backups`: copies of the database in the server's own folder, by name.

use axum::Json;
use axum::body::Body as Octets;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_api::rule::Job;
use netwarden_api::system::{Backup, NewBackup};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Backup as Kept, Desk};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;
use crate::stream::octets;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(download, remove))
}

fn shaped(found: Kept) -> Backup {
    Backup { name: found.name, octets: found.octets, made_at: found.made }
}

/// Backups, the latest first; filter name.
#[utoipa::path(get, path = "/system/backups", tag = "system", params(ListParams),
    responses((status = 200, body = Page<Backup>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Backup>> {
    Ok(Json(shape::page(desk.list_backups(&asker.caller, wish).await?, shaped)))
}

/// Starts a backup in the server's folder; the job's result has `name` and `octets`. The key file is never
/// in it.
#[utoipa::path(post, path = "/system/backups", tag = "system", request_body = NewBackup,
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<NewBackup>,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    let id = desk.create_backup(&asker.caller, wish.name).await?;
    super::jobs::started(&desk, &asker, id).await
}

/// A backup, to be kept elsewhere.
#[utoipa::path(get, path = "/system/backups/{name}", tag = "system", params(("name" = String, Path)),
    responses((status = 200, body = String, content_type = "application/vnd.sqlite3"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.download"))))]
async fn download(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    let (backup, file) = desk.open_backup(&asker.caller, &name).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
        (header::CONTENT_LENGTH, backup.octets.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.db\"", backup.name)),
    ];
    Ok((headers, Octets::from_stream(octets(file, None))).into_response())
}

/// Removes a backup.
#[utoipa::path(delete, path = "/system/backups/{name}", tag = "system", params(("name" = String, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_backup(&asker.caller, &name, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

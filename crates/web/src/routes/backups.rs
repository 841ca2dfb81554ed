//! `/system/backups`: copies of the database in the server's own folder, by name.

use axum::Json;
use axum::body::Body as Octets;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_api::Problem;
use netwarden_api::rule::Job;
use netwarden_api::system::{Backup, NewBackup};
use netwarden_operate::Desk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, Place, ReasonParam};
use crate::refusal::Refusal;
use crate::stream::octets;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(download, remove))
}

/// Backups, the latest first.
#[utoipa::path(get, path = "/system/backups", tag = "system",
    responses((status = 200, body = Vec<Backup>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("backup.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker) -> Answer<Vec<Backup>> {
    let backups = desk.backups(&asker.caller).await?.into_iter();
    let shaped = backups.map(|found| Backup { name: found.name, octets: found.octets, made_at: found.made });
    Ok(Json(shaped.collect()))
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

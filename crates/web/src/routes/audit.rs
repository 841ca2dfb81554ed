//! `/audit`: the trail, read and verified. It has no route that changes it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_api::audit::{Key, Record};
use netwarden_api::rule::Job;
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, Export, ListWish};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, ListParams, Place, Wish};
use crate::refusal::Refusal;
use crate::shape;
use crate::stream::octets;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
        .routes(routes!(key))
        .routes(routes!(export))
        .routes(routes!(show))
}

/// Records that the caller may read, the latest first; filters kind, user, plane, operation, object_kind,
/// object, address, session, request, outcome, from, until.
#[utoipa::path(get, path = "/audit", tag = "audit", params(ListParams),
    responses((status = 200, body = Page<Record>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Record>> {
    Ok(Json(shape::page(desk.list_audit(&asker.caller, wish).await?, shape::record)))
}

/// One record, by its index.
#[utoipa::path(get, path = "/audit/{index}", tag = "audit", params(("index" = u64, Path)),
    responses((status = 200, body = Record), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(index): Place<u64>) -> Answer<Record> {
    let filters = vec![("index".to_owned(), index.to_string())];
    let listed = desk.list_audit(&asker.caller, ListWish { filters, ..ListWish::default() }).await?;
    let missing = || Refusal::not_found(format!("audit record {index} does not exist"));
    Ok(Json(shape::record(listed.items.into_iter().next().ok_or_else(missing)?)))
}

/// Starts a verification of the whole trail: every leaf, every root, every signature; the job's result
/// has `leaves`, `checkpoints`, and `fault` where something is wrong.
#[utoipa::path(post, path = "/audit/verify", tag = "audit",
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.verify"))))]
async fn verify(State(desk): State<Desk>, asker: Asker) -> Result<(StatusCode, Json<Job>), Refusal> {
    let id = desk.verify_audit(&asker.caller).await?;
    super::jobs::started(&desk, &asker, id).await
}

/// The public key with which exports are verified; keep it where the server cannot change it.
#[utoipa::path(get, path = "/audit/key", tag = "audit",
    responses((status = 200, body = Key), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.verify"))))]
async fn key(State(desk): State<Desk>, asker: Asker) -> Answer<Key> {
    Ok(Json(Key { key: desk.audit_key(&asker.caller).await? }))
}

/// Which records an export holds.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Part {
    /// The first one; 0 where absent.
    from: Option<u64>,
    /// One past the last; all that there are where absent.
    until: Option<u64>,
}

/// Records as JSON lines, as they are read, which `netwarden audit verify FILE` verifies with the public
/// key alone. An answer that breaks off is not the whole, and verification says so.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(Part),
    responses((status = 200, body = String, content_type = "application/jsonl"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.export"))))]
async fn export(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(part): Asked<Part>,
) -> Result<Response, Refusal> {
    let Export { range, lines, ended } = desk.export_audit(&asker.caller, part.from, part.until).await?;
    let file = format!("attachment; filename=\"audit-{}-{}.jsonl\"", range.start, range.end);
    let headers =
        [(header::CONTENT_TYPE, "application/jsonl".to_owned()), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, Body::from_stream(octets(lines, Some(ended)))).into_response())
}

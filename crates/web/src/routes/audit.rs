//! `/audit`: the trail, read and verified. It has no route that changes it.

use axum::Json;
use axum::extract::State;
use netwarden_api::audit::{Record, Verification};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, ListWish};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{ListParams, Place, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(verify)).routes(routes!(show))
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
    let found = listed.items.into_iter().next().ok_or_else(|| {
        let status = axum::http::StatusCode::NOT_FOUND;
        Refusal::new(status, "not-found", "Not found", format!("audit record {index} does not exist"))
    })?;
    Ok(Json(shape::record(found)))
}

/// Verifies the whole trail: every leaf, every root, every signature.
#[utoipa::path(get, path = "/audit/verify", tag = "audit",
    responses((status = 200, body = Verification), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("audit.verify"))))]
async fn verify(State(desk): State<Desk>, asker: Asker) -> Answer<Verification> {
    let report = desk.verify_audit(&asker.caller).await?;
    Ok(Json(shape::verification(&report)))
}

//! `/blocklist`: who is denied what.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::system::{BlocklistEntry, NewBlocklistEntry};
use netwarden_api::{Page, Problem};
use netwarden_operate::{BlockWish, Desk, ListedEntry};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(show, remove))
}

fn shaped(entry: ListedEntry) -> BlocklistEntry {
    BlocklistEntry {
        id: entry.id,
        kind: entry.kind,
        who: entry.who,
        denies: entry.denies.into_iter().collect(),
        ends_at: entry.ends,
        reason: entry.reason,
        made_at: entry.made,
        made_by: entry.made_by,
    }
}

/// Entries of the blocklist, ended ones too; filters kind, who.
#[utoipa::path(get, path = "/blocklist", tag = "blocklist", params(ListParams),
    responses((status = 200, body = Page<BlocklistEntry>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("blocklist.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<BlocklistEntry>> {
    Ok(Json(shape::page(desk.blocklist(&asker.caller, wish).await?, shaped)))
}

/// Puts somebody on the blocklist, from their next request on.
#[utoipa::path(post, path = "/blocklist", tag = "blocklist", request_body = NewBlocklistEntry,
    responses((status = 201, body = BlocklistEntry), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("blocklist.add"))))]
async fn add(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewBlocklistEntry>,
) -> Result<(StatusCode, Json<BlocklistEntry>), Refusal> {
    let denies = new.denies.into_iter().collect();
    let wish = BlockWish { kind: new.kind, who: new.who, denies, ends: new.ends_at };
    Ok((StatusCode::CREATED, Json(shaped(desk.block_listed(&asker.caller, wish, &new.reason).await?))))
}

/// One entry.
#[utoipa::path(get, path = "/blocklist/{id}", tag = "blocklist", params(("id" = i64, Path)),
    responses((status = 200, body = BlocklistEntry), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("blocklist.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Answer<BlocklistEntry> {
    Ok(Json(shaped(desk.blocklist_entry(&asker.caller, id).await?)))
}

/// Takes an entry off the blocklist.
#[utoipa::path(delete, path = "/blocklist/{id}", tag = "blocklist", params(("id" = i64, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("blocklist.remove"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.unblock_listed(&asker.caller, id, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

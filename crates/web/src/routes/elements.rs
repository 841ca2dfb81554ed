//! `/elements`: network elements.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::network::{Element, ElementChange, NewElement, Port};
use netwarden_api::{Page, Problem};
use netwarden_model::element::Method;
use netwarden_model::{NeId, VlanId};
use netwarden_operate::{Desk, ElementEdit, ElementWish, MaintenanceWindow, vlan};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
        .routes(routes!(poll))
        .routes(routes!(ports))
}

/// Elements; filters name, address, class, status, enforcement, groups, system.
#[utoipa::path(get, path = "/elements", tag = "elements", params(ListParams),
    responses((status = 200, body = Page<Element>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Element>> {
    let listed = desk.elements(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, shape::element)))
}

/// Adds an element that answers to one of the credential sets; it is only observed at first.
#[utoipa::path(post, path = "/elements", tag = "elements", request_body = NewElement,
    responses((status = 201, body = Element), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.create"))))]
async fn add(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewElement>,
) -> Result<(StatusCode, Json<Element>), Refusal> {
    let wish = ElementWish {
        name: new.name,
        address: new.address,
        credential: new.credential,
        class: None,
        groups: Vec::new(),
        quarantine_vlan: new.quarantine_vlan.map(vlan).transpose()?,
        voice_vlan: new.voice_vlan.map(vlan).transpose()?,
        allow_v2c: new.allow_v2c,
        unanswered: new.unanswered,
    };
    let ne = desk.add_element(&asker.caller, wish, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shape::element(desk.element(&asker.caller, ne).await?))))
}

/// One element.
#[utoipa::path(get, path = "/elements/{id}", tag = "elements", params(("id" = i64, Path)),
    responses((status = 200, body = Element), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Answer<Element> {
    Ok(Json(shape::element(desk.element(&asker.caller, NeId(id)).await?)))
}

/// Changes an element. Switching enforcement needs enforcement.enable or enforcement.disable, a
/// maintenance window ne.set_maintenance.
#[utoipa::path(patch, path = "/elements/{id}", tag = "elements", params(("id" = i64, Path)),
    request_body = ElementChange,
    responses((status = 200, body = Element), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Body(change): Body<ElementChange>,
) -> Answer<Element> {
    let maintenance = match (change.maintenance, change.end_maintenance) {
        (Some(_), true) => {
            return Err(Refusal::malformed("maintenance and end_maintenance exclude each other"));
        }
        (Some(window), false) => Some(Some(MaintenanceWindow { from: window.from, until: window.until })),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let intervals = change.forwarding_interval_s.map(|s| (Method::Forwarding, Duration::from_secs(s)));
    let edit = ElementEdit {
        name: change.name,
        class: None,
        groups: None,
        credential: change.credential,
        quarantine_vlan: cleared_by_zero(change.quarantine_vlan)?,
        voice_vlan: cleared_by_zero(change.voice_vlan)?,
        allow_v2c: change.allow_v2c,
        intervals: intervals.into_iter().collect::<BTreeMap<_, _>>(),
        enforcement: change.enforcement,
        maintenance,
    };
    desk.edit_element(&asker.caller, NeId(id), edit, &change.reason).await?;
    Ok(Json(shape::element(desk.element(&asker.caller, NeId(id)).await?)))
}

#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
fn cleared_by_zero(id: Option<u16>) -> Result<Option<Option<VlanId>>, Refusal> {
    Ok(match id {
        None => None,
        Some(0) => Some(None),
        Some(id) => Some(Some(vlan(id)?)),
    })
}

/// Takes an element out; its history stays.
#[utoipa::path(delete, path = "/elements/{id}", tag = "elements", params(("id" = i64, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.remove_element(&asker.caller, NeId(id), &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads everything of it as soon as the poller can.
#[utoipa::path(post, path = "/elements/{id}/poll", tag = "elements", params(("id" = i64, Path)),
    responses((status = 202), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.poll"))))]
async fn poll(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Result<StatusCode, Refusal> {
    desk.poll_element(&asker.caller, NeId(id)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Its ports.
#[utoipa::path(get, path = "/elements/{id}/ports", tag = "elements", params(("id" = i64, Path), ListParams),
    responses((status = 200, body = Page<Port>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.read"))))]
async fn ports(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Wish(mut wish): Wish,
) -> Answer<Page<Port>> {
    wish.filters.push(("ne".to_owned(), id.to_string()));
    Ok(Json(shape::page(desk.ports(&asker.caller, wish).await?, shape::port)))
}

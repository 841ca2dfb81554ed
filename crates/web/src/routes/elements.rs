//! `/elements`: network elements.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::network::{Detail, Element, ElementChange, NewElement, Port, PreflightWish};
use netwarden_api::rule::Job;
use netwarden_api::{Page, Problem};
use netwarden_model::element::{Method, Scan};
use netwarden_model::{NeId, VlanId};
use netwarden_operate::{Desk, ElementEdit, ElementWish, MaintenanceWindow, ScheduleEdit, vlan};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
        .routes(routes!(poll))
        .routes(routes!(ports))
        .routes(routes!(detail))
        .routes(routes!(preflight))
}

/// Elements; filters name, address, class, status, enforcement, groups, region,
/// device_sets, system.
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
        class: new.class,
        groups: new.groups,
        region: new.region,
        device_sets: new.device_sets,
        quarantine_vlan: new.quarantine_vlan.map(vlan).transpose()?,
        voice_vlan: new.voice_vlan.map(vlan).transpose()?,
        allow_v2c: new.allow_v2c,
        unanswered: new.unanswered,
    };
    let ne = desk.add_element(&asker.caller, wish, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shape::element(desk.element(&asker.caller, ne).await?))))
}

/// One element, with the version of what is administered as ETag.
#[utoipa::path(get, path = "/elements/{id}", tag = "elements", params(("id" = i64, Path)),
    responses((status = 200, body = Element), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Result<Response, Refusal> {
    shown(&desk, &asker, id).await
}

async fn shown(desk: &Desk, asker: &Asker, id: i64) -> Result<Response, Refusal> {
    let shown = desk.element(&asker.caller, NeId(id)).await?;
    let version = shown.version.clone();
    Ok(tagged(StatusCode::OK, &version, shape::element(shown)))
}

/// Changes an element. Switching enforcement needs enforcement.enable or enforcement.disable, a
/// maintenance window ne.set_maintenance. With If-Match only where nobody was faster.
#[utoipa::path(patch, path = "/elements/{id}", tag = "elements",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header)),
    request_body = ElementChange,
    responses((status = 200, body = Element), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    IfMatch(expected): IfMatch,
    Body(change): Body<ElementChange>,
) -> Result<Response, Refusal> {
    let maintenance = match (change.maintenance, change.end_maintenance) {
        (Some(_), true) => {
            return Err(Refusal::malformed("maintenance and end_maintenance exclude each other"));
        }
        (Some(window), false) => Some(Some(MaintenanceWindow { from: window.from, until: window.until })),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let mut schedules = BTreeMap::new();
    for (word, wish) in change.schedules {
        let method = Method::from_word(&word)
            .ok_or_else(|| no_word("method", &word, "inventory, forwarding, addresses"))?;
        let edit = ScheduleEdit {
            interval: wish.interval_s.map(Duration::from_secs),
            timeout: wish.timeout_ms.map(Duration::from_millis),
            retries: wish.retries,
        };
        schedules.insert(method, edit);
    }
    if let Some(interval) = change.forwarding_interval_s {
        let edit: &mut ScheduleEdit = schedules.entry(Method::Forwarding).or_default();
        edit.interval = Some(Duration::from_secs(interval));
    }
    let mut scans = BTreeMap::new();
    for (word, on) in change.scans {
        let known = "interfaces, vlans, neighbours, forwarding, sessions, arp";
        scans.insert(Scan::from_word(&word).ok_or_else(|| no_word("scan", &word, known))?, on);
    }
    let edit = ElementEdit {
        name: change.name,
        address: change.address,
        class: change.class,
        groups: change.groups,
        region: change.region.map(|region| Some(region).filter(|region| !region.is_empty())),
        device_sets: change.device_sets,
        credential: change.credential,
        quarantine_vlan: cleared_by_zero(change.quarantine_vlan)?,
        voice_vlan: cleared_by_zero(change.voice_vlan)?,
        allow_v2c: change.allow_v2c,
        schedules,
        scans,
        enforcement: change.enforcement,
        maintenance,
        expected,
    };
    desk.edit_element(&asker.caller, NeId(id), edit, &change.reason).await?;
    shown(&desk, &asker, id).await
}

fn no_word(what: &str, word: &str, known: &str) -> Refusal {
    let shown: String = word.chars().take(32).collect();
    Refusal::malformed(format!("'{shown}' is no {what} ({known})"))
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

/// What is known of it beside its ports: VLANs, neighbours, how its polls go.
#[utoipa::path(get, path = "/elements/{id}/detail", tag = "elements", params(("id" = i64, Path)),
    responses((status = 200, body = Detail), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.read"))))]
async fn detail(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Answer<Detail> {
    Ok(Json(shape::detail(desk.element_detail(&asker.caller, NeId(id)).await?)))
}

/// Starts a preflight: every port is judged, whether it could be moved to the VLAN, what would change and
/// whether our own path is behind it; the present PVID of one port is set to itself. The job's result has
/// `ports`, `tried` and `refusal`.
#[utoipa::path(post, path = "/elements/{id}/preflight", tag = "elements", params(("id" = i64, Path)),
    request_body = PreflightWish,
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("probe.preflight"))))]
async fn preflight(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Body(wish): Body<PreflightWish>,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    let with = wish.vlan.map(vlan).transpose()?;
    let started = desk.preflight(&asker.caller, NeId(id), with, &wish.reason).await?;
    super::jobs::started(&desk, &asker, started).await
}

//! `/ports`: ports of elements. Names are percent-encoded, for they contain slashes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::endpoint::{Move, Reason, Requested, Sighting, Why};
use netwarden_api::network::{Port, PortChange};
use netwarden_api::{Page, Problem};
use netwarden_model::access::PortAccess;
use netwarden_operate::{Desk, PortEdit, PortWish, RoleOverride, Where, port_ref, vlan};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::endpoints::{Span, accepted, sightings};
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, Key, ListParams, Place, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

type Acted = Result<(StatusCode, Json<Requested>), Refusal>;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, change))
        .routes(routes!(history))
        .routes(routes!(why))
        .routes(routes!(on))
        .routes(routes!(off))
        .routes(routes!(r#move))
        .routes(routes!(release))
}

/// Ports; filters ne, ne_name, name, alias, role, protected, oper_status, admin_status, pvid, and
/// `enforced=true` for those whose access we hold, or want to.
#[utoipa::path(get, path = "/ports", tag = "ports", params(ListParams, ("ne" = Option<i64>, Query)),
    responses((status = 200, body = Page<Port>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Port>> {
    Ok(Json(shape::page(desk.ports(&asker.caller, wish).await?, shape::port)))
}

/// One port, with the version of what an administrator says of it as ETag.
#[utoipa::path(get, path = "/ports/{ne}/{name}", tag = "ports", params(("ne" = i64, Path), ("name" = String, Path)),
    responses((status = 200, body = Port), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
) -> Result<Response, Refusal> {
    let shown = desk.port(&asker.caller, &port_ref(ne, &name)).await?;
    let version = shown.version.clone();
    Ok(tagged(StatusCode::OK, &version, shape::port(shown)))
}

/// Changes what an administrator says of it: its role, and whether it is protected, which needs port.protect.
#[utoipa::path(patch, path = "/ports/{ne}/{name}", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = PortChange,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    IfMatch(expected): IfMatch,
    Body(change): Body<PortChange>,
) -> Result<StatusCode, Refusal> {
    let role = match change.role.as_deref() {
        None => None,
        Some("auto") => Some(None),
        Some("access") => Some(Some(RoleOverride::Access)),
        Some("uplink") => Some(Some(RoleOverride::Uplink)),
        Some(other) => {
            let shown: String = other.chars().take(32).collect();
            return Err(Refusal::malformed(format!("'{shown}' is no role of a port (access, uplink, auto)")));
        }
    };
    let edit = PortEdit { role, protected: change.protected };
    desk.edit_port(&asker.caller, port_ref(ne, &name), edit, &change.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was on it, the latest first.
#[utoipa::path(get, path = "/ports/{ne}/{name}/history", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), Span),
    responses((status = 200, body = Page<Sighting>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.history"))))]
async fn history(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    Asked(span): Asked<Span>,
) -> Answer<Page<Sighting>> {
    sightings(&desk, &asker, &Where::Port(port_ref(ne, &name)), span).await
}

/// Why it is as it is: the chain of cause, newest first.
#[utoipa::path(get, path = "/ports/{ne}/{name}/why", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path)),
    responses((status = 200, body = Why), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.read"))))]
async fn why(State(desk): State<Desk>, asker: Asker, Place((ne, name)): Place<(i64, String)>) -> Answer<Why> {
    Ok(Json(shape::why(desk.why_port(&asker.caller, &port_ref(ne, &name)).await?)))
}

/// Takes back that it was shut.
#[utoipa::path(post, path = "/ports/{ne}/{name}/on", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Reason,
    responses((status = 202, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.on"))))]
async fn on(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    Key(key): Key,
    Body(wish): Body<Reason>,
) -> Acted {
    Ok(accepted(&desk.switch_on(&asker.caller, port_ref(ne, &name), &wish.reason, key).await?))
}

/// Shuts it (ifAdminStatus down), until release.
#[utoipa::path(post, path = "/ports/{ne}/{name}/off", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Reason,
    responses((status = 202, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.off"))))]
async fn off(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    Key(key): Key,
    Body(wish): Body<Reason>,
) -> Acted {
    let shut = PortWish::Access(PortAccess::Shut);
    Ok(accepted(&desk.change_port(&asker.caller, port_ref(ne, &name), shut, None, &wish.reason, key).await?))
}

/// Moves it to a VLAN, the element's quarantine VLAN unless one is named, until release.
#[utoipa::path(post, path = "/ports/{ne}/{name}/move", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Move,
    responses((status = 202, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.move"))))]
async fn r#move(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    Key(key): Key,
    Body(wish): Body<Move>,
) -> Acted {
    let bounce = wish.bounce;
    let moved = match wish.vlan {
        Some(id) => PortWish::Access(PortAccess::Vlan { vlan: vlan(id)?, bounce }),
        None => PortWish::Quarantine { bounce },
    };
    Ok(accepted(&desk.change_port(&asker.caller, port_ref(ne, &name), moved, None, &wish.reason, key).await?))
}

/// Restores what it had before we changed it.
#[utoipa::path(post, path = "/ports/{ne}/{name}/release", tag = "ports",
    params(("ne" = i64, Path), ("name" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Reason,
    responses((status = 202, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("port.release"))))]
async fn release(
    State(desk): State<Desk>,
    asker: Asker,
    Place((ne, name)): Place<(i64, String)>,
    Key(key): Key,
    Body(wish): Body<Reason>,
) -> Acted {
    let released = PortWish::Release;
    Ok(accepted(
        &desk.change_port(&asker.caller, port_ref(ne, &name), released, None, &wish.reason, key).await?,
    ))
}

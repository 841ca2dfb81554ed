//! `/tenants`: customers with users of their own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::system::OneTimePassword;
use netwarden_api::tenant::{NewAdministrator, NewTenant, Tenant, TenantChange, TenantKind};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, TenantEdit, TenantWish, tenant_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(add_administrator))
}

fn shaped(kept: netwarden_identity::Tenant) -> Tenant {
    use netwarden_identity::TenantKind as Kind;

    Tenant {
        name: kept.name,
        kind: match kept.kind {
            Kind::Agency => TenantKind::Agency,
            Kind::Company => TenantKind::Company,
            Kind::Basic => TenantKind::Basic,
        },
        agency: kept.agency,
        description: Some(kept.description).filter(|text| !text.is_empty()),
        enabled: kept.enabled,
        users: u64::try_from(kept.users).unwrap_or(0),
        changed_at: kept.changed,
        changed_by: kept.changed_by,
    }
}

/// Tenants; filters name, kind, agency, enabled.
#[utoipa::path(get, path = "/tenants", tag = "tenants", params(ListParams),
    responses((status = 200, body = Page<Tenant>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Tenant>> {
    Ok(Json(shape::page(desk.list_tenants(&asker.caller, wish).await?, shaped)))
}

/// Makes a tenant, with a key of its own.
#[utoipa::path(post, path = "/tenants", tag = "tenants", request_body = NewTenant,
    responses((status = 201, body = Tenant), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewTenant>,
) -> Result<(StatusCode, Json<Tenant>), Refusal> {
    let kind = match new.kind {
        TenantKind::Agency => "agency",
        TenantKind::Company => "company",
        TenantKind::Basic => "basic",
    };
    let wish = TenantWish {
        name: new.name,
        kind: kind.to_owned(),
        agency: new.agency,
        description: new.description,
    };
    let made = desk.create_tenant(&asker.caller, wish, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shaped(made))))
}

fn answered(kept: netwarden_identity::Tenant) -> Response {
    let version = tenant_version(&kept);
    tagged(StatusCode::OK, &version, shaped(kept))
}

/// One tenant, with the version of what can be edited as ETag.
#[utoipa::path(get, path = "/tenants/{name}", tag = "tenants", params(("name" = String, Path)),
    responses((status = 200, body = Tenant), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    Ok(answered(desk.tenant(&asker.caller, &name).await?))
}

/// Describes a tenant otherwise, or lets its users in or not, from their next request on.
#[utoipa::path(patch, path = "/tenants/{name}", tag = "tenants",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = TenantChange,
    responses((status = 200, body = Tenant), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<TenantChange>,
) -> Result<Response, Refusal> {
    let edit = TenantEdit { description: change.description, enabled: change.enabled, expected };
    Ok(answered(desk.change_tenant(&asker.caller, &name, edit, &change.reason).await?))
}

/// Deletes a tenant that keeps no others, with its accounts (at most 1,000) and its keys.
#[utoipa::path(delete, path = "/tenants/{name}", tag = "tenants",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_tenant(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a tenant an account that keeps its users; the one-time password is shown this once.
#[utoipa::path(post, path = "/tenants/{name}/administrators", tag = "tenants", params(("name" = String, Path)),
    request_body = NewAdministrator,
    responses((status = 201, body = OneTimePassword), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("tenant.add_administrator"))))]
async fn add_administrator(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(new): Body<NewAdministrator>,
) -> Result<(StatusCode, Json<OneTimePassword>), Refusal> {
    let password = desk.add_tenant_administrator(&asker.caller, &name, &new.user, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(OneTimePassword { password: password.to_string() })))
}

//! `/credentials`: sets with which elements are asked; never their secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::network::{Credential, CredentialChange, CredentialOrder, NewCredential};
use netwarden_api::{Page, Problem};
use netwarden_model::CredentialId;
use netwarden_operate::{CredentialEntry, CredentialWish, Desk, credential_version, order_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use crate::ask::Asker;
use crate::input::{Body, IfMatch, ListParams, Place, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(order))
        .routes(routes!(show, change, remove))
}

fn shaped(entry: CredentialEntry) -> Credential {
    Credential { id: entry.id.0, name: entry.name, kind: entry.kind, position: entry.position }
}

fn answered(status: StatusCode, entry: CredentialEntry) -> Response {
    tagged(status, &credential_version(&entry), shaped(entry))
}

/// Sets in the order in which they are tried unless sorted otherwise; filters name, kind. The ETag is that
/// order's, of all sets.
#[utoipa::path(get, path = "/credentials", tag = "credentials", params(ListParams),
    responses((status = 200, body = Page<Credential>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Result<Response, Refusal> {
    let version = order_version(&desk.credentials(&asker.caller).await?);
    let listed = desk.list_credentials(&asker.caller, wish).await?;
    Ok(tagged(StatusCode::OK, &version, shape::page(listed, shaped)))
}

/// One set, never its secrets.
#[utoipa::path(get, path = "/credentials/{id}", tag = "credentials", params(("id" = i64, Path)),
    responses((status = 200, body = Credential), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(id): Place<i64>) -> Result<Response, Refusal> {
    Ok(answered(StatusCode::OK, desk.credential(&asker.caller, CredentialId(id)).await?))
}

/// Gives a set another name or other secrets; with If-Match only where nobody was faster.
#[utoipa::path(patch, path = "/credentials/{id}", tag = "credentials",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header)),
    request_body = CredentialChange,
    responses((status = 200, body = Credential), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    IfMatch(expected): IfMatch,
    Body(change): Body<CredentialChange>,
) -> Result<Response, Refusal> {
    let wish = CredentialWish {
        name: change.name.unwrap_or_default(),
        kind: change.kind.unwrap_or_default(),
        community: change.community.map(Zeroizing::new),
        user: change.user,
        auth_protocol: change.auth_protocol,
        auth_password: change.auth_password.map(Zeroizing::new),
        priv_protocol: change.priv_protocol,
        priv_password: change.priv_password.map(Zeroizing::new),
        context: change.context,
    };
    let id = CredentialId(id);
    let entry = desk.edit_credential(&asker.caller, id, wish, &change.reason, expected).await?;
    Ok(answered(StatusCode::OK, entry))
}

/// Keeps a new set, sealed, behind the others.
#[utoipa::path(post, path = "/credentials", tag = "credentials", request_body = NewCredential,
    responses((status = 201, body = Credential), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewCredential>,
) -> Result<(StatusCode, Json<Credential>), Refusal> {
    let wish = CredentialWish {
        name: new.name,
        kind: new.kind,
        community: new.community.map(Zeroizing::new),
        user: new.user,
        auth_protocol: new.auth_protocol,
        auth_password: new.auth_password.map(Zeroizing::new),
        priv_protocol: new.priv_protocol,
        priv_password: new.priv_password.map(Zeroizing::new),
        context: new.context,
    };
    let entry = desk.create_credential(&asker.caller, wish).await?;
    Ok((StatusCode::CREATED, Json(shaped(entry))))
}

/// Sets the order in which they are tried.
#[utoipa::path(put, path = "/credentials/order", tag = "credentials",
    params(("If-Match" = Option<String>, Header)), request_body = CredentialOrder,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.modify"))))]
async fn order(
    State(desk): State<Desk>,
    asker: Asker,
    IfMatch(expected): IfMatch,
    Body(order): Body<CredentialOrder>,
) -> Result<StatusCode, Refusal> {
    let order = order.order.into_iter().map(CredentialId).collect();
    desk.order_credentials(&asker.caller, order, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a set that no element uses.
#[utoipa::path(delete, path = "/credentials/{id}", tag = "credentials",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Refusal> {
    desk.delete_credential(&asker.caller, CredentialId(id), expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

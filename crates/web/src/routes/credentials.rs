//! `/credentials`: sets with which elements are asked; never their secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::Problem;
use netwarden_api::network::{Credential, CredentialOrder, NewCredential};
use netwarden_model::CredentialId;
use netwarden_operate::{CredentialWish, Desk};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Body, Place};
use crate::refusal::Refusal;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(order)).routes(routes!(remove))
}

/// All sets, in the order in which they are tried.
#[utoipa::path(get, path = "/credentials", tag = "credentials",
    responses((status = 200, body = Vec<Credential>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker) -> Answer<Vec<Credential>> {
    let entries = desk.credentials(&asker.caller).await?;
    let shaped = entries.into_iter().map(|entry| Credential {
        id: entry.id.0,
        name: entry.name,
        kind: entry.kind,
        position: entry.position,
    });
    Ok(Json(shaped.collect()))
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
    let shaped = Credential { id: entry.id.0, name: entry.name, kind: entry.kind, position: entry.position };
    Ok((StatusCode::CREATED, Json(shaped)))
}

/// Sets the order in which they are tried.
#[utoipa::path(put, path = "/credentials/order", tag = "credentials", request_body = CredentialOrder,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.modify"))))]
async fn order(
    State(desk): State<Desk>,
    asker: Asker,
    Body(order): Body<CredentialOrder>,
) -> Result<StatusCode, Refusal> {
    let order = order.order.into_iter().map(CredentialId).collect();
    desk.order_credentials(&asker.caller, order).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a set that no element uses.
#[utoipa::path(delete, path = "/credentials/{id}", tag = "credentials", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("credential.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
) -> Result<StatusCode, Refusal> {
    desk.delete_credential(&asker.caller, CredentialId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

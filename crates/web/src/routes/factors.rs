//! `/factors`, `/sessions/own/prove`: second factors.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use netwarden_api::factor::{BegunFactor, Code, Factor, NewFactor, PasskeyAnswer, PasskeyAsked, Proven};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, OperateError, Said};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(remove))
        .routes(routes!(confirm))
        .routes(routes!(prove))
        .routes(routes!(begin_passkey))
        .routes(routes!(make_passkey))
        .routes(routes!(ask_passkey))
        .routes(routes!(prove_passkey))
        .routes(routes!(reset))
}

/// One's own second factors; filter label.
#[utoipa::path(get, path = "/factors", tag = "factors", params(ListParams),
    responses((status = 200, body = Page<Factor>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.read_own"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Factor>> {
    Ok(Json(shape::page(desk.own_factors(&asker.caller, wish).await?, |factor| Factor {
        id: factor.id,
        kind: factor.kind.as_str().to_owned(),
        label: factor.label,
        created_at: factor.created,
        last_used_at: factor.last_used,
        confirmed: factor.confirmed,
    })))
}

/// Begins to set up a one-time password by time (RFC 6238); the password is asked again. It opens nothing before
/// its first code.
#[utoipa::path(post, path = "/factors", tag = "factors", request_body = NewFactor,
    responses((status = 201, body = BegunFactor), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.add_own"))))]
async fn begin(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewFactor>,
) -> Result<(StatusCode, Json<BegunFactor>), Refusal> {
    let begun = desk.begin_factor(&asker.caller, &new.label, Zeroizing::new(new.password)).await?;
    let shown = BegunFactor { id: begun.id, secret: begun.secret.to_string(), uri: begun.uri.to_string() };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Ends the setting up with the first code; proves the session, which gets a new secret.
#[utoipa::path(post, path = "/factors/{id}/confirm", tag = "factors", params(("id" = i64, Path)),
    request_body = Code,
    responses((status = 200, body = Proven), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.add_own"))))]
async fn confirm(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Body(code): Body<Code>,
) -> Answer<Proven> {
    let token = desk.confirm_factor(&asker.caller, id, &Zeroizing::new(code.code)).await?;
    Ok(Json(Proven { token: token.to_string() }))
}

/// Takes away one of one's own.
#[utoipa::path(delete, path = "/factors/{id}", tag = "factors", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.remove_own"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
) -> Result<StatusCode, Refusal> {
    desk.remove_factor(&asker.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Proves a second factor in the caller's session, which gets a new secret: the one before is good for nothing
/// more.
#[utoipa::path(post, path = "/sessions/own/prove", tag = "sessions", request_body = Code,
    responses((status = 200, body = Proven), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.prove"))))]
async fn prove(State(desk): State<Desk>, asker: Asker, Body(code): Body<Code>) -> Answer<Proven> {
    let token = desk.prove(&asker.caller, &Zeroizing::new(code.code)).await?;
    Ok(Json(Proven { token: token.to_string() }))
}

fn asked(options: &str) -> Result<PasskeyAsked, Refusal> {
    let options = serde_json::from_str(options).map_err(|error| OperateError::failed(&error))?;
    Ok(PasskeyAsked { options })
}

/// Begins to make a passkey (Web Authentication Level 3) for the console's name; the password is asked again.
#[utoipa::path(post, path = "/factors/passkeys", tag = "factors", request_body = NewFactor,
    responses((status = 200, body = PasskeyAsked), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.add_own"))))]
async fn begin_passkey(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewFactor>,
) -> Answer<PasskeyAsked> {
    let options = desk.begin_passkey(&asker.caller, &new.label, Zeroizing::new(new.password)).await?;
    Ok(Json(asked(&options)?))
}

/// Makes the passkey that was asked for; proves the session, which gets a new secret.
#[utoipa::path(post, path = "/factors/passkeys/answer", tag = "factors", request_body = PasskeyAnswer,
    responses((status = 200, body = Proven), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.add_own"))))]
async fn make_passkey(
    State(desk): State<Desk>,
    asker: Asker,
    Body(answer): Body<PasskeyAnswer>,
) -> Answer<Proven> {
    let token = desk.make_passkey(&asker.caller, &answer.credential.to_string()).await?;
    Ok(Json(Proven { token: token.to_string() }))
}

/// Asks for a signature of one of the account's passkeys.
#[utoipa::path(post, path = "/sessions/own/passkey", tag = "sessions",
    responses((status = 200, body = PasskeyAsked), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.prove"))))]
async fn ask_passkey(State(desk): State<Desk>, asker: Asker) -> Answer<PasskeyAsked> {
    match desk.ask_passkey(&asker.caller).await? {
        Some(options) => Ok(Json(asked(&options)?)),
        None => Err(OperateError::Conflict(Said::NoSecondFactor).into()),
    }
}

/// Proves the caller's session by the signature that was asked for; the session gets a new secret.
#[utoipa::path(post, path = "/sessions/own/passkey/answer", tag = "sessions", request_body = PasskeyAnswer,
    responses((status = 200, body = Proven), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.prove"))))]
async fn prove_passkey(
    State(desk): State<Desk>,
    asker: Asker,
    Body(answer): Body<PasskeyAnswer>,
) -> Answer<Proven> {
    let token = desk.prove_passkey(&asker.caller, &answer.credential.to_string()).await?;
    Ok(Json(Proven { token: token.to_string() }))
}

/// Takes all second factors from an account whose owner has lost theirs, and ends its sessions.
#[utoipa::path(delete, path = "/users/{name}/factors", tag = "users", params(("name" = String, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("factor.reset"))))]
async fn reset(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.reset_factors(&asker.caller, &name, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/sessions/own`, `/tokens`: who one is.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use netwarden_api::account::{Acknowledgement, ListedLogin, LoginNotice, SharedAccount};
use netwarden_api::system::{Login, NewToken, PasswordChange, Secret, Session, Token};
use netwarden_api::{Page, Problem};
use netwarden_identity::{Operation, SecondFactor, Through};
use netwarden_operate::{Desk, Notice, Origin, TokenFor};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Body, ListParams, Place, Wish};
use crate::planes::Asked;
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(own, logout))
        .routes(routes!(acknowledge))
        .routes(routes!(logins))
        .routes(routes!(sharings))
        .routes(routes!(password))
        .routes(routes!(tokens, create_token))
        .routes(routes!(revoke))
}

/// Where a request comes from, for callers who are not identified yet.
struct From(Origin);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(crate::ask::origin(parts)))
    }
}

/// Opens a session; with `new_password` the present one is changed at once, where it must be.
#[utoipa::path(post, path = "/sessions", tag = "sessions", request_body = Login, security(()),
    responses((status = 201, body = Secret), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.login"))))]
async fn login(
    State(desk): State<Desk>,
    Asked(plane): Asked,
    From(origin): From,
    Body(login): Body<Login>,
) -> Result<(StatusCode, Json<Secret>), Refusal> {
    let password = Zeroizing::new(login.password);
    let address = origin.address;
    let opened = desk.login(plane, &login.user, password.clone(), origin).await?;
    let (mut must_change_password, mut password_ends_at) =
        (opened.must_change_password, opened.password_ends);
    let (mut secret, mut second_factor) = (opened.secret, opened.second_factor);
    if let (SecondFactor::Missing, Some(code)) = (second_factor, login.code) {
        let caller = desk.identify_bearer(&secret, address).await?;
        secret = match desk.prove(&caller, &Zeroizing::new(code)).await {
            Ok(secret) => secret,
            Err(error) => {
                // Nobody has its secret: it must not count as one of the account's sessions.
                desk.logout(&caller).await?;
                return Err(error.into());
            }
        };
        second_factor = SecondFactor::Proven { until: opened.ends };
    }
    if let Some(new) = login.new_password {
        let caller = desk.identify_bearer(&secret, address).await?;
        desk.change_own_password(&caller, password, Zeroizing::new(new)).await?;
        (must_change_password, password_ends_at) = (false, None);
    }
    let secret = Secret {
        token: secret.to_string(),
        second_factor: Some(second_factor.as_str().to_owned()),
        expires_at: opened.ends,
        must_change_password,
        password_ends_at,
    };
    Ok((StatusCode::CREATED, Json(secret)))
}

/// Who the caller is.
#[utoipa::path(get, path = "/sessions/own", tag = "sessions",
    responses((status = 200, body = Session), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.read_own"))))]
async fn own(State(desk): State<Desk>, asker: Asker) -> Answer<Session> {
    let user = desk.own_session(&asker.caller).await?;
    let through = match user.through {
        Through::Session(_) => "session",
        Through::Token { .. } => "token",
        Through::LocalUid(_) => "local",
    };
    Ok(Json(Session {
        plane: user.plane().to_string(),
        user: user.name.clone(),
        roles: user.grants.iter().map(ToString::to_string).collect(),
        through: through.to_owned(),
        must_change_password: user.must_change_password,
        password_ends_at: user.password_ends,
        second_factor: user.second_factor.as_str().to_owned(),
        notice: desk.notice(&asker.caller).await?.map(noticed),
    }))
}

fn noticed(notice: Notice) -> LoginNotice {
    let (last_success_at, last_success_from) = notice.success.unzip();
    let (last_failure_at, last_failure_from) = notice.failure.unzip();
    LoginNotice {
        welcome: Some(notice.welcome).filter(|welcome| !welcome.is_empty()),
        last_success_at,
        last_success_from,
        last_failure_at,
        last_failure_from,
        failures: u32::try_from(notice.failures).unwrap_or(u32::MAX),
    }
}

/// Says that the notice after the login was read; 409 where there is none.
#[utoipa::path(post, path = "/sessions/own/acknowledge", tag = "sessions", request_body = Acknowledgement,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.acknowledge"))))]
async fn acknowledge(
    State(desk): State<Desk>,
    asker: Asker,
    Body(read): Body<Acknowledgement>,
) -> Result<StatusCode, Refusal> {
    desk.acknowledge(&asker.caller, read.failures.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logins, let in and refused, the newest first: one's own, or with `all` everybody's, which needs
/// session.history; filters user, address, refused, was_refused. Of each account the last 500 of both are kept.
#[utoipa::path(get, path = "/logins", tag = "sessions", params(ListParams, Whose),
    responses((status = 200, body = Page<ListedLogin>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.history_own"))))]
async fn logins(State(desk): State<Desk>, asker: Asker, Wish(mut wish): Wish) -> Answer<Page<ListedLogin>> {
    let all = wish.filters.iter().any(|(name, value)| name == "all" && value == "true");
    wish.filters.retain(|(name, _)| name != "all");
    let listed = desk.logins(&asker.caller, all, wish).await?;
    Ok(Json(shape::page(listed, |login| ListedLogin {
        id: login.id,
        user: login.user,
        at: login.at,
        address: login.address,
        refused: login.refused,
    })))
}

/// Accounts that two people seem to use, each with what was seen; filters user, kind.
#[utoipa::path(get, path = "/sharings", tag = "sessions", params(ListParams),
    responses((status = 200, body = Page<SharedAccount>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.history"))))]
async fn sharings(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<SharedAccount>> {
    let listed = desk.sharings(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, |one| SharedAccount {
        id: one.id,
        user: one.user,
        at: one.at,
        kind: one.kind,
        told: one.told,
    })))
}

/// Ends the caller's session.
#[utoipa::path(delete, path = "/sessions/own", tag = "sessions",
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.logout"))))]
async fn logout(State(desk): State<Desk>, asker: Asker) -> Result<StatusCode, Refusal> {
    desk.logout(&asker.caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the caller's own password.
#[utoipa::path(put, path = "/users/own/password", tag = "users", request_body = PasswordChange,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.change_own_password"))))]
async fn password(
    State(desk): State<Desk>,
    asker: Asker,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Refusal> {
    desk.change_own_password(&asker.caller, Zeroizing::new(change.old), Zeroizing::new(change.new)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes a parameter that the handler takes from the filters")]
struct Whose {
    /// Everybody's, which needs a right of its own; one's own where absent.
    all: Option<bool>,
}

/// The caller's tokens, without their secrets.
#[utoipa::path(get, path = "/tokens", tag = "tokens", params(ListParams, Whose),
    responses((status = 200, body = Page<Token>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("token.read_own"))))]
async fn tokens(State(desk): State<Desk>, asker: Asker, Wish(mut wish): Wish) -> Answer<Page<Token>> {
    let all = wish.filters.iter().any(|(name, value)| name == "all" && value == "true");
    wish.filters.retain(|(name, _)| name != "all");
    let listed = desk.tokens(&asker.caller, all, wish).await?;
    Ok(Json(shape::page(listed, |(token, user)| Token {
        id: token.id,
        name: token.label,
        user,
        expires_at: token.expires,
        revoked_at: token.revoked,
        last_used_at: token.last_used,
        operations: token.operations.iter().map(ToString::to_string).collect(),
        domains: token.domains.into_iter().collect(),
    })))
}

/// Makes a token of the caller's own, or with token.create another account's; its secret is shown this once.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = Secret), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("token.create_own"))))]
async fn create_token(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<Secret>), Refusal> {
    let operations = new.operations.iter().map(|name| name.parse::<Operation>());
    let operations: BTreeSet<Operation> =
        operations.collect::<Result<_, _>>().map_err(|error| Refusal::malformed(error.to_string()))?;
    let domains = new.domains.into_iter().collect();
    let wish = TokenFor { label: new.name, operations, domains, days: new.days };
    let made = match &new.user {
        None => desk.create_token(&asker.caller, wish).await?,
        Some(user) => desk.create_token_for(&asker.caller, user, wish).await?,
    };
    let expires_at = made.1;
    let secret = Secret {
        second_factor: None,
        token: made.0.secret.to_string(),
        expires_at,
        must_change_password: false,
        password_ends_at: None,
    };
    Ok((StatusCode::CREATED, Json(secret)))
}

/// Revokes a token; somebody else's needs token.revoke.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", params(("id" = i64, Path)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("token.revoke"))))]
async fn revoke(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
) -> Result<StatusCode, Refusal> {
    desk.revoke_token(&asker.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

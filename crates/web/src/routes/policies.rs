//! `/policies/accounts`, `/policies/logins`: what holds for accounts, and from where and when they may be used.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::account::{LoginPolicy, LoginPolicyChange, NewLoginPolicy};
use netwarden_api::system::{Parameter, ParameterChange};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, LoginPolicyWish, login_policy_version, parameter_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use super::system::shaped as setting;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(account_settings))
        .routes(routes!(account_setting, set_account_setting))
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
}

/// The account policy: lockouts, alarm, sessions, unused accounts, login mode, each with its value, default,
/// meaning and range, by name; filters name, value, changed.
#[utoipa::path(get, path = "/policies/accounts", tag = "policies", params(ListParams),
    responses((status = 200, body = Page<Parameter>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn account_settings(
    State(desk): State<Desk>,
    asker: Asker,
    Wish(wish): Wish,
) -> Answer<Page<Parameter>> {
    let listed = desk.list_account_settings(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, |(declaration, value)| setting(declaration, value))))
}

/// One setting of the account policy, with the version of its value as ETag.
#[utoipa::path(get, path = "/policies/accounts/{name}", tag = "policies", params(("name" = String, Path)),
    responses((status = 200, body = Parameter), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn account_setting(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    let (declaration, value) = desk.account_setting(&asker.caller, &name).await?;
    let version = parameter_version(declaration.name, &value);
    Ok(tagged(StatusCode::OK, &version, setting(declaration, value)))
}

/// Sets something of the account policy; it counts from the next request on. `identity.login_mode` as `single`
/// ends the sessions of all but `admin`.
#[utoipa::path(put, path = "/policies/accounts/{name}", tag = "policies",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ParameterChange,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.modify"))))]
async fn set_account_setting(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<ParameterChange>,
) -> Result<StatusCode, Refusal> {
    desk.set_account_setting(&asker.caller, &name, &change.value, &change.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shaped(policy: netwarden_operate::LoginPolicy) -> LoginPolicy {
    LoginPolicy {
        name: policy.name,
        kind: policy.kind.as_str().to_owned(),
        lines: policy.lines,
        users: u64::try_from(policy.users).unwrap_or(0),
        changed_at: policy.changed,
        changed_by: policy.changed_by,
    }
}

fn answered(policy: netwarden_operate::LoginPolicy) -> Response {
    tagged(StatusCode::OK, &login_policy_version(&policy), shaped(policy))
}

/// Login policies; filters name, kind.
#[utoipa::path(get, path = "/policies/logins", tag = "policies", params(ListParams),
    responses((status = 200, body = Page<LoginPolicy>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<LoginPolicy>> {
    Ok(Json(shape::page(desk.login_policies(&asker.caller, wish).await?, shaped)))
}

/// Makes a login policy.
#[utoipa::path(post, path = "/policies/logins", tag = "policies", request_body = NewLoginPolicy,
    responses((status = 201, body = LoginPolicy), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewLoginPolicy>,
) -> Result<(StatusCode, Json<LoginPolicy>), Refusal> {
    let wish = LoginPolicyWish { name: new.name.clone(), kind: new.kind, lines: new.lines };
    desk.create_login_policy(&asker.caller, wish, &new.reason).await?;
    let made = desk.login_policy(&asker.caller, &new.name).await?;
    Ok((StatusCode::CREATED, Json(shaped(made))))
}

/// One login policy, with the version of what it says as ETag.
#[utoipa::path(get, path = "/policies/logins/{name}", tag = "policies", params(("name" = String, Path)),
    responses((status = 200, body = LoginPolicy), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    Ok(answered(desk.login_policy(&asker.caller, &name).await?))
}

/// Gives a login policy other lines; the accounts that follow it have them from their next request on.
#[utoipa::path(patch, path = "/policies/logins/{name}", tag = "policies",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = LoginPolicyChange,
    responses((status = 200, body = LoginPolicy), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<LoginPolicyChange>,
) -> Result<Response, Refusal> {
    let changed =
        desk.change_login_policy(&asker.caller, &name, change.lines, &change.reason, expected).await?;
    Ok(answered(changed))
}

/// Deletes a login policy that no account follows.
#[utoipa::path(delete, path = "/policies/logins/{name}", tag = "policies",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_login_policy(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/users`, `/sessions`: accounts and sessions as their administrator keeps them.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::endpoint::Reason;
use netwarden_api::system::{ListedSession, NewUser, OneTimePassword, User, UserChange};
use netwarden_api::{Page, Problem};
use netwarden_identity::{Account, Contact, Role};
use netwarden_operate::{AccountEdit, Desk, account_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change, remove))
        .routes(routes!(reset_password))
        .routes(routes!(unlock))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

fn shaped(account: Account) -> User {
    User {
        id: account.id.0,
        name: account.name,
        roles: account.roles.iter().map(ToString::to_string).collect(),
        enabled: account.enabled,
        must_change_password: account.must_change_password,
        last_login: account.last_success,
        mobile: None,
        mail: None,
    }
}

/// One account, with how its user is reached.
fn answered((account, contact): (Account, Contact)) -> Response {
    let version = account_version(&account, &contact);
    let known = |text: String| (!text.is_empty()).then_some(text);
    let user = User { mobile: known(contact.mobile), mail: known(contact.mail), ..shaped(account) };
    tagged(StatusCode::OK, &version, user)
}

fn roles(names: &[String]) -> BTreeSet<Role> {
    names.iter().map(|role| Role::from(role.to_lowercase().as_str())).collect()
}

/// Accounts; filters name, roles, enabled.
#[utoipa::path(get, path = "/users", tag = "users", params(ListParams),
    responses((status = 200, body = Page<User>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<User>> {
    Ok(Json(shape::page(desk.users(&asker.caller, wish).await?, shaped)))
}

/// Makes a user, whose password must be changed at the first login.
#[utoipa::path(post, path = "/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = User), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<User>), Refusal> {
    let password = Zeroizing::new(new.password);
    desk.create_user(&asker.caller, &new.name, password, roles(&new.roles)).await?;
    Ok((StatusCode::CREATED, Json(shaped(desk.user(&asker.caller, &new.name).await?))))
}

/// One account, with the version of what can be edited as ETag.
#[utoipa::path(get, path = "/users/{name}", tag = "users", params(("name" = String, Path)),
    responses((status = 200, body = User), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    Ok(answered(desk.user_with_contact(&asker.caller, &name).await?))
}

/// Changes an account: its roles, whether it may log in, which local user it is, how its user is reached. With If-Match only where
/// nobody was faster.
#[utoipa::path(patch, path = "/users/{name}", tag = "users",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = UserChange,
    responses((status = 200, body = User), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.set_roles"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<UserChange>,
) -> Result<Response, Refusal> {
    let local_uid = match (change.map_uid, change.unmap_uid) {
        (Some(_), Some(_)) => return Err(Refusal::malformed("map_uid and unmap_uid exclude each other")),
        (Some(uid), None) => Some((uid, true)),
        (None, Some(uid)) => Some((uid, false)),
        (None, None) => None,
    };
    let roles = change.roles.as_deref().map(roles);
    let (mobile, mail) = (change.mobile, change.mail);
    let edit = AccountEdit { roles, enabled: change.enabled, local_uid, mobile, mail, expected };
    Ok(answered(desk.edit_user(&asker.caller, &name, edit, &change.reason).await?))
}

/// Deletes an account with its tokens and sessions.
#[utoipa::path(delete, path = "/users/{name}", tag = "users",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_user(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account a one-time password, shown this once; ends its sessions, unless the rule for that is off,
/// and revokes its tokens.
#[utoipa::path(post, path = "/users/{name}/reset-password", tag = "users", params(("name" = String, Path)),
    request_body = Reason,
    responses((status = 200, body = OneTimePassword), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.reset_password"))))]
async fn reset_password(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(why): Body<Reason>,
) -> Answer<OneTimePassword> {
    let password = desk.reset_password(&asker.caller, &name, &why.reason).await?;
    Ok(Json(OneTimePassword { password: password.to_string() }))
}

/// Lifts the lock that failed logins have brought upon an account.
#[utoipa::path(post, path = "/users/{name}/unlock", tag = "users", params(("name" = String, Path)),
    request_body = Reason,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.unlock"))))]
async fn unlock(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(why): Body<Reason>,
) -> Result<StatusCode, Refusal> {
    desk.unlock_user(&asker.caller, &name, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everybody's sessions; filters user, address.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListParams),
    responses((status = 200, body = Page<ListedSession>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.read"))))]
async fn sessions(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<ListedSession>> {
    let listed = desk.list_sessions(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, |session| ListedSession {
        id: session.id,
        user: session.user,
        address: session.address,
        created_at: session.created,
        last_used_at: session.last_used,
        ends_at: session.ends,
    })))
}

/// Ends somebody's session.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = i64, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.end"))))]
async fn end_session(
    State(desk): State<Desk>,
    asker: Asker,
    Place(id): Place<i64>,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.end_session(&asker.caller, id, &why.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

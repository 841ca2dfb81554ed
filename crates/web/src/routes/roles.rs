//! `/roles`, `/operations`, `/users/{name}/rights`: what may be done, and by whom.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use netwarden_api::role::{Holder, NewRole, Operation, Right, Role, RoleChange};
use netwarden_api::{Page, Problem};
use netwarden_identity::{Access, Declaration, Roles};
use netwarden_operate::{Desk, OperateError, RoleEdit, RoleWish, ShownRole};
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
        .routes(routes!(operations))
        .routes(routes!(who_may))
        .routes(routes!(rights))
}

fn shaped(role: ShownRole) -> Role {
    let (changed_at, changed_by) = role.changed.unzip();
    Role {
        name: role.name,
        built_in: role.built_in,
        description: Some(role.description).filter(|text| !text.is_empty()),
        operations: role.operations.iter().map(ToString::to_string).collect(),
        condition: Some(role.condition).filter(|text| !text.is_empty()),
        changed_at,
        changed_by,
    }
}

/// Roles, those that are built in first; filters name, built_in.
#[utoipa::path(get, path = "/roles", tag = "roles", params(ListParams),
    responses((status = 200, body = Page<Role>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Role>> {
    Ok(Json(shape::page(desk.list_roles(&asker.caller, wish).await?, shaped)))
}

/// Makes a role of operations that the caller may do all.
#[utoipa::path(post, path = "/roles", tag = "roles", request_body = NewRole,
    responses((status = 201, body = Role), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewRole>,
) -> Result<(StatusCode, Json<Role>), Refusal> {
    let condition = new.condition.unwrap_or_default();
    let wish = RoleWish { description: new.description, operations: new.operations, condition };
    desk.create_role(&asker.caller, &new.name, wish, &new.reason).await?;
    let (made, _) = desk.role(&asker.caller, &new.name).await?;
    Ok((StatusCode::CREATED, Json(shaped(made))))
}

async fn answered(desk: &Desk, asker: &Asker, name: &str) -> Result<Response, Refusal> {
    let (role, version) = desk.role(&asker.caller, name).await?;
    Ok(match version {
        Some(version) => tagged(StatusCode::OK, &version, shaped(role)),
        None => Json(shaped(role)).into_response(),
    })
}

/// One role, with the version of what can be edited as ETag where it was made here.
#[utoipa::path(get, path = "/roles/{name}", tag = "roles", params(("name" = String, Path)),
    responses((status = 200, body = Role), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    answered(&desk, &asker, &name).await
}

/// Changes a role; whoever has it may do what it says from their next action on.
#[utoipa::path(patch, path = "/roles/{name}", tag = "roles",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = RoleChange,
    responses((status = 200, body = Role), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<RoleChange>,
) -> Result<Response, Refusal> {
    let RoleChange { description, operations, condition, reason } = change;
    let edit = RoleEdit { description, operations, condition, expected };
    desk.change_role(&asker.caller, &name, edit, &reason).await?;
    answered(&desk, &asker, &name).await
}

/// Deletes a role that no account has.
#[utoipa::path(delete, path = "/roles/{name}", tag = "roles",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_role(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn operation(roles: &Roles, line: &'static Declaration) -> Operation {
    let access = match line.access {
        Access::Anyone => "anyone",
        Access::Own => "own",
        Access::Roles(_) => "roles",
    };
    let built_in = netwarden_identity::Role::built_in(roles.plane());
    Operation {
        name: line.name.to_owned(),
        object: line.object.as_str().to_owned(),
        change: line.change,
        access: access.to_owned(),
        roles: built_in.filter(|role| roles.has(role, line.operation)).map(ToString::to_string).collect(),
    }
}

/// Every operation of the caller's plane, with the built-in roles that give it; filters name, object, change, access.
#[utoipa::path(get, path = "/operations", tag = "roles", params(ListParams),
    responses((status = 200, body = Page<Operation>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("role.read"))))]
async fn operations(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Operation>> {
    let listed = desk.list_operations(&asker.caller, wish).await?;
    let roles = desk.identity.roles(asker.caller.plane()).await.map_err(OperateError::from)?;
    Ok(Json(shape::page(listed, |line| operation(&roles, line))))
}

/// The accounts that may do an operation, and through which of their roles; filters user, enabled, domain.
#[utoipa::path(get, path = "/operations/{operation}/users", tag = "roles",
    params(("operation" = String, Path), ListParams),
    responses((status = 200, body = Page<Holder>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.read"))))]
async fn who_may(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Wish(wish): Wish,
) -> Answer<Page<Holder>> {
    let listed = desk.who_may(&asker.caller, &name, wish).await?;
    Ok(Json(shape::page(listed, |holder| Holder {
        user: holder.user,
        enabled: holder.enabled,
        through: holder.through.iter().map(ToString::to_string).collect(),
    })))
}

/// What an account may do, and through which of its roles; filters operation, object, change.
#[utoipa::path(get, path = "/users/{account}/rights", tag = "roles",
    params(("account" = String, Path), ListParams),
    responses((status = 200, body = Page<Right>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.read"))))]
async fn rights(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Wish(wish): Wish,
) -> Answer<Page<Right>> {
    let listed = desk.list_rights(&asker.caller, &name, wish).await?;
    Ok(Json(shape::page(listed, |right| Right {
        operation: right.operation.to_string(),
        object: right.operation.object().as_str().to_owned(),
        change: right.operation.is_change(),
        through: right.through.iter().map(ToString::to_string).collect(),
    })))
}

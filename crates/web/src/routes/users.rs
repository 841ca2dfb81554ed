//! `/users`, `/sessions`: accounts and sessions as their administrator keeps them.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::account::{AttributeChanges, Attributes, ImportedUsers, MadeUser};
use netwarden_api::endpoint::Reason;
use netwarden_api::system::{Erased, ListedSession, NewUser, OneTimePassword, User, UserChange};
use netwarden_api::{Page, Problem};
use netwarden_identity::{Account, AttributesEdit, Contact, Grant, Grants, UnusedAct};
use netwarden_operate::{AccountEdit, Desk, NewAccount, OperateError, account_version};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Text, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(import))
        .routes(routes!(show, change, remove))
        .routes(routes!(reset_password))
        .routes(routes!(unlock))
        .routes(routes!(erase))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

fn shaped(account: Account) -> User {
    User {
        id: account.id.0,
        name: account.name,
        tenant: account.tenant.map(|tenant| tenant.name),
        roles: account.grants.iter().map(ToString::to_string).collect(),
        enabled: account.enabled,
        must_change_password: account.must_change_password,
        last_login: account.last_success,
        mobile: None,
        mail: None,
        kind: account.kind,
        created_at: Some(account.created),
        last_used_at: Some(account.last_used),
        attributes: shown(account.attributes, account.address_policy, account.hours_policy, account.logins),
    }
}

fn shown(
    of: netwarden_identity::Attributes,
    address_policy: Option<String>,
    hours_policy: Option<String>,
    logins: i64,
) -> Attributes {
    let text = |text: String| (!text.is_empty()).then_some(text);
    Attributes {
        description: text(of.description),
        welcome: text(of.welcome),
        labels: of.labels.into_iter().collect(),
        address_policy,
        hours_policy,
        max_sessions: of.max_sessions,
        valid_until: of.ends,
        allowed_logins: of.allowed_logins,
        used_logins: of.allowed_logins.map(|_| u32::try_from(logins).unwrap_or(u32::MAX)),
        unused_days: of.unused_days,
        unused_act: of.unused_act.map(|act| act.as_str().to_owned()),
        idle_s: of.idle_s,
        password_validity_days: of.renewal.validity_days,
        password_warning_days: of.renewal.warning_days,
        password_min_use_days: of.renewal.min_use_days,
    }
}

/// What is wanted of an account's attributes and of its login policies.
struct Wanted {
    attributes: AttributesEdit,
    address_policy: Option<Option<String>>,
    hours_policy: Option<Option<String>>,
}

fn wanted(of: AttributeChanges) -> Result<Wanted, Refusal> {
    let act = of.unused_act.map(|act| act.parse::<UnusedAct>()).transpose().map_err(OperateError::from)?;
    let mut wanted = Wanted {
        attributes: AttributesEdit {
            description: of.description,
            welcome: of.welcome,
            labels: of.labels.map(|labels| labels.into_iter().collect()),
            max_sessions: of.max_sessions.map(Some),
            valid_days: of.valid_days.map(Some),
            allowed_logins: of.allowed_logins.map(Some),
            ends: None,
            unused_days: of.unused_days.map(Some),
            unused_act: act.map(Some),
            idle_s: of.idle_s.map(Some),
            password_validity_days: of.password_validity_days.map(Some),
            password_warning_days: of.password_warning_days.map(Some),
            password_min_use_days: of.password_min_use_days.map(Some),
        },
        address_policy: of.address_policy.map(Some),
        hours_policy: of.hours_policy.map(Some),
    };
    for name in of.clear {
        let attributes = &mut wanted.attributes;
        match name.as_str() {
            "description" => attributes.description = Some(String::new()),
            "welcome" => attributes.welcome = Some(String::new()),
            "labels" => attributes.labels = Some(BTreeSet::new()),
            "max_sessions" => attributes.max_sessions = Some(None),
            "valid_days" | "valid_until" => attributes.valid_days = Some(None),
            "allowed_logins" => attributes.allowed_logins = Some(None),
            "unused_days" => attributes.unused_days = Some(None),
            "unused_act" => attributes.unused_act = Some(None),
            "idle_s" => attributes.idle_s = Some(None),
            "password_validity_days" => attributes.password_validity_days = Some(None),
            "password_warning_days" => attributes.password_warning_days = Some(None),
            "password_min_use_days" => attributes.password_min_use_days = Some(None),
            "address_policy" => wanted.address_policy = Some(None),
            "hours_policy" => wanted.hours_policy = Some(None),
            _ => {
                let shown: String = name.chars().take(32).collect();
                return Err(Refusal::malformed(format!("clear: there is no attribute '{shown}'")));
            }
        }
    }
    Ok(wanted)
}

/// One account, with how its user is reached.
fn answered((account, contact): (Account, Contact)) -> Response {
    let version = account_version(&account, &contact);
    let known = |text: String| (!text.is_empty()).then_some(text);
    let user = User { mobile: known(contact.mobile), mail: known(contact.mail), ..shaped(account) };
    tagged(StatusCode::OK, &version, user)
}

fn grants(names: &[String]) -> Grants {
    names.iter().map(|role| Grant::from(role.to_lowercase().as_str())).collect()
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
    let Wanted { attributes, address_policy, hours_policy } = wanted(new.attributes)?;
    let account = NewAccount {
        tenant: new.tenant,
        name: new.name.clone(),
        password: Some(Zeroizing::new(new.password)),
        grants: grants(&new.roles),
        like: new.like,
        mobile: new.mobile.unwrap_or_default(),
        mail: new.mail.unwrap_or_default(),
        attributes,
        address_policy,
        hours_policy,
        reason: String::new(),
    };
    desk.create_user(&asker.caller, account).await?;
    Ok((StatusCode::CREATED, Json(shaped(desk.user(&asker.caller, &new.name).await?))))
}

/// Makes accounts from a CSV file with the columns `name` (needed), `roles`, `like`, `mobile`, `mail`, `description`,
/// `labels`, `address_policy`, `hours_policy`, `max_sessions`, `valid_days`; at most 250. Each gets a one-time password,
/// shown this once. Rows that are refused are told by line and reason, and leave the others alone.
#[utoipa::path(post, path = "/imports/users", tag = "users", params(ReasonParam),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportedUsers), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.create"))))]
async fn import(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(why): Asked<ReasonParam>,
    Text(csv): Text,
) -> Answer<ImportedUsers> {
    let imported = desk.import_users(&asker.caller, &csv, &why.reason).await?;
    let made = imported.made.into_iter();
    let made = made.map(|(name, password)| MadeUser { name, password: password.to_string() }).collect();
    Ok(Json(ImportedUsers { made, refused: imported.refused }))
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

/// Changes an account: its roles, whether it may log in, which local user it is, how its user is reached, its
/// attributes and login policies. With If-Match only where nobody was faster.
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
    let grants = change.roles.as_deref().map(grants);
    let (mobile, mail) = (change.mobile, change.mail);
    let Wanted { attributes, address_policy, hours_policy } = wanted(change.attributes)?;
    let enabled = change.enabled;
    let edit = AccountEdit {
        grants,
        enabled,
        local_uid,
        mobile,
        mail,
        attributes,
        address_policy,
        hours_policy,
        expected,
    };
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

/// Erases a person: the account, where there still is one, with all that is kept of it, and its attributes in the
/// audit trail, which verifies as before; what the account did stays there under its name.
#[utoipa::path(post, path = "/users/{name}/erase", tag = "users", params(("name" = String, Path)),
    request_body = Reason,
    responses((status = 200, body = Erased), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("user.erase"))))]
async fn erase(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(why): Body<Reason>,
) -> Answer<Erased> {
    Ok(Json(Erased { texts: desk.erase_user(&asker.caller, &name, &why.reason).await? }))
}

/// Whose sessions are listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes a parameter that the handler takes from the filters")]
struct Own {
    /// One's own, which anybody may see; everybody's where absent.
    own: Option<bool>,
}

/// Everybody's sessions, with what each did last, or with `own` one's own; filters user, address.
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(ListParams, Own),
    responses((status = 200, body = Page<ListedSession>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("session.read"))))]
async fn sessions(
    State(desk): State<Desk>,
    asker: Asker,
    Wish(mut wish): Wish,
) -> Answer<Page<ListedSession>> {
    let own = wish.filters.iter().any(|(name, value)| name == "own" && value == "true");
    wish.filters.retain(|(name, _)| name != "own");
    let listed = match own {
        true => desk.own_sessions(&asker.caller, wish).await?,
        false => desk.list_sessions(&asker.caller, wish).await?,
    };
    Ok(Json(shape::page(listed, |session| {
        let doing = desk.doing(&asker.caller, session.id);
        ListedSession {
            id: session.id,
            user: session.user,
            address: session.address,
            created_at: session.created,
            last_used_at: session.last_used,
            ends_at: session.ends,
            operation: doing.as_ref().map(|doing| doing.operation.to_string()),
            operation_at: doing.as_ref().map(|doing| doing.at),
            object: doing.and_then(|doing| doing.object),
        }
    })))
}

/// Ends a session: one's own, or with session.end somebody else's, which needs a reason.
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

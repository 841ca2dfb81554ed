//! `/rules`: kept, enabled, rehearsed. `{rule}` is an id or a name.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use netwarden_api::endpoint::Reason;
use netwarden_api::rule::{Job, Rehearse, Revision, Rule, RuleChange, RuleText};
use netwarden_api::{Page, Problem};
use netwarden_model::RuleRevision;
use netwarden_operate::{Desk, Version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(check))
        .routes(routes!(show, edit, remove))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(rehearse))
        .routes(routes!(revisions))
}

/// What the interface says of a rule, as the engine has it, and whether it is to judge, where it says so.
fn read(text: RuleText) -> Result<(netwarden_operate::Rule, Option<bool>), Refusal> {
    let enabled = match text.rest.get("enabled") {
        None => None,
        Some(serde_json::Value::Bool(enabled)) => Some(*enabled),
        Some(_) => return Err(Refusal::malformed("this is no rule: enabled is true or false")),
    };
    let text = serde_json::to_value(text).map_err(|error| Refusal::malformed(error.to_string()))?;
    let named = |error: serde_json::Error| Refusal::malformed(format!("this is no rule: {error}"));
    let mut rule: netwarden_operate::Rule = serde_json::from_value(text).map_err(named)?;
    // Which rule and which revision it is are not the text's to say.
    rule.id = netwarden_model::RuleId(0);
    rule.revision = RuleRevision(0);
    rule.enabled = false;
    Ok((rule, enabled))
}

fn text(rule: &netwarden_operate::Rule) -> Result<RuleText, Refusal> {
    let unreadable = |error: serde_json::Error| {
        let detail = format!("rule {} cannot be shown: {error}", rule.id);
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "Failed", detail)
    };
    let mut value = serde_json::to_value(rule).map_err(unreadable)?;
    if let Some(fields) = value.as_object_mut() {
        for name in ["id", "revision", "enabled"] {
            fields.remove(name);
        }
    }
    serde_json::from_value(value).map_err(unreadable)
}

fn shaped(rule: &netwarden_operate::Rule, changed_at: Option<Timestamp>) -> Result<Rule, Refusal> {
    Ok(Rule {
        id: rule.id.0,
        revision: rule.revision.0,
        enabled: rule.enabled,
        changed_at,
        text: text(rule)?,
    })
}

/// With the revision as its ETag.
fn tagged(status: StatusCode, rule: Rule) -> Response {
    crate::input::tagged(status, &Version::counted(rule.revision), rule)
}

/// Rules; filters name, enabled.
#[utoipa::path(get, path = "/rules", tag = "rules", params(ListParams),
    responses((status = 200, body = Page<Rule>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Rule>> {
    let page = shape::page(desk.list_rules(&asker.caller, wish).await?, |listed| {
        shaped(&listed.rule, Some(listed.changed_at))
    });
    let items = page.items.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next: page.next, total: page.total }))
}

/// Keeps a new rule, disabled unless `enabled` is true, which needs rule.enable besides.
#[utoipa::path(post, path = "/rules", tag = "rules", request_body = RuleChange,
    responses((status = 201, body = Rule), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.create"))))]
async fn add(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<RuleChange>,
) -> Result<Response, Refusal> {
    let (mut rule, enabled) = read(new.text)?;
    rule.enabled = enabled.unwrap_or(false);
    let rule = desk.add_rule(&asker.caller, rule, &new.reason).await?;
    Ok(tagged(StatusCode::CREATED, shaped(&rule, None)?))
}

/// Checks a rule without keeping it.
#[utoipa::path(post, path = "/rules/check", tag = "rules", request_body = RuleText,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.read"))))]
async fn check(
    State(desk): State<Desk>,
    asker: Asker,
    Body(text): Body<RuleText>,
) -> Result<StatusCode, Refusal> {
    desk.check_rule(&asker.caller, read(text)?.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One rule, with its revision as ETag.
#[utoipa::path(get, path = "/rules/{rule}", tag = "rules", params(("rule" = String, Path)),
    responses((status = 200, body = Rule), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
) -> Result<Response, Refusal> {
    let listed = desk.rule(&asker.caller, &rule).await?;
    Ok(tagged(StatusCode::OK, shaped(&listed.rule, Some(listed.changed_at))?))
}

/// Keeps a new revision; with If-Match only where nobody was faster.
#[utoipa::path(put, path = "/rules/{rule}", tag = "rules",
    params(("rule" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = RuleChange,
    responses((status = 200, body = Rule), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.modify"))))]
async fn edit(
    State(desk): State<Desk>,
    asker: Asker,
    Place(named): Place<String>,
    IfMatch(expected): IfMatch,
    Body(new): Body<RuleChange>,
) -> Result<Response, Refusal> {
    let (mut rule, enabled) = read(new.text)?;
    // A tag that is no revision was never this rule's, so it meets none.
    let revision = expected.map(|version| version.as_str().parse().unwrap_or(i64::MAX));
    rule.revision = RuleRevision(revision.unwrap_or(0));
    let kept = desk.edit_rule(&asker.caller, &named, rule, enabled, &new.reason).await?;
    Ok(tagged(StatusCode::OK, shaped(&kept, None)?))
}

/// Takes a rule away; its revisions stay.
#[utoipa::path(delete, path = "/rules/{rule}", tag = "rules",
    params(("rule" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_rule(&asker.caller, &rule, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets it judge from the next event on.
#[utoipa::path(post, path = "/rules/{rule}/enable", tag = "rules",
    params(("rule" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = Reason,
    responses((status = 200, body = Rule), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.enable"))))]
async fn enable(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
    IfMatch(expected): IfMatch,
    Body(why): Body<Reason>,
) -> Result<Response, Refusal> {
    let rule = desk.enable_rule(&asker.caller, &rule, true, &why.reason, expected).await?;
    Ok(tagged(StatusCode::OK, shaped(&rule, None)?))
}

/// It judges no longer.
#[utoipa::path(post, path = "/rules/{rule}/disable", tag = "rules",
    params(("rule" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = Reason,
    responses((status = 200, body = Rule), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.disable"))))]
async fn disable(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
    IfMatch(expected): IfMatch,
    Body(why): Body<Reason>,
) -> Result<Response, Refusal> {
    let rule = desk.enable_rule(&asker.caller, &rule, false, &why.reason, expected).await?;
    Ok(tagged(StatusCode::OK, shaped(&rule, None)?))
}

/// Starts a rehearsal on the recorded events; the job's result is its report.
#[utoipa::path(post, path = "/rules/{rule}/rehearse", tag = "rules", params(("rule" = String, Path)),
    request_body = Rehearse,
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.rehearse"))))]
async fn rehearse(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
    Body(span): Body<Rehearse>,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    let id = desk.rehearse_named(&asker.caller, &rule, span.from, span.until).await?;
    super::jobs::started(&desk, &asker, id).await
}

/// Its revisions, the oldest first unless sorted otherwise.
#[utoipa::path(get, path = "/rules/{rule}/revisions", tag = "rules",
    params(("rule" = String, Path), ListParams),
    responses((status = 200, body = Page<Revision>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("rule.read"))))]
async fn revisions(
    State(desk): State<Desk>,
    asker: Asker,
    Place(rule): Place<String>,
    Wish(wish): Wish,
) -> Answer<Page<Revision>> {
    let listed = desk.list_rule_revisions(&asker.caller, &rule, wish).await?;
    let page = shape::page(listed, |revision| {
        Ok(Revision {
            revision: revision.rule.revision.0,
            written_at: revision.written_at,
            written_by: revision.written_by,
            text: text(&revision.rule)?,
        })
    });
    let items = page.items.into_iter().collect::<Result<_, Refusal>>()?;
    Ok(Json(Page { items, next: page.next, total: page.total }))
}

//! `/policies/passwords`: what is asked of passwords.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::password::{
    BrokenRule, DictionaryTaken, PasswordConflict, PasswordPolicy, PasswordPolicyChange, PasswordRule,
    PasswordTrial, PasswordVerdict,
};
use netwarden_api::{Page, Problem};
use netwarden_identity::password::{Conflict, PolicyEdit, Profile, Rule};
use netwarden_operate::{Desk, MOST_DICTIONARY_OCTETS, OperateError, Said, ShownPasswords, ShownRule};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, ReasonParam, Text, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    // What is too large by one octet is still told so in words.
    let uploads = OpenApiRouter::new()
        .routes(routes!(dictionary))
        .layer(DefaultBodyLimit::max(2 * MOST_DICTIONARY_OCTETS));
    OpenApiRouter::new()
        .routes(routes!(show, change))
        .routes(routes!(rules))
        .routes(routes!(try_password))
        .merge(uploads)
}

fn conflict(conflict: &Conflict) -> PasswordConflict {
    PasswordConflict {
        profile: conflict.profile.to_string(),
        rule: conflict.rule.to_string(),
        text: conflict.to_string(),
    }
}

fn shaped(shown: &ShownPasswords) -> PasswordPolicy {
    let uploaded = shown.dictionary.changed;
    PasswordPolicy {
        profile: shown.policy.profile.to_string(),
        warning_days: shown.policy.warning_days,
        hash: shown.policy.hash.to_string(),
        hacker_words: shown.policy.hacker_words.clone(),
        dictionary_words: shown.dictionary.words.try_into().unwrap_or(u64::MAX),
        dictionary_changed_at: uploaded,
        dictionary_changed_by: uploaded.map(|_| shown.dictionary.by.clone()),
        conflicts: shown.conflicts.iter().map(conflict).collect(),
    }
}

fn rule(shown: ShownRule) -> PasswordRule {
    let number = shown.rule.number();
    PasswordRule {
        position: shown.rule.position(),
        rule: shown.rule.to_string(),
        text: shown.rule.text().to_owned(),
        on: shown.setting.on,
        number: number.map(|_| shown.setting.number),
        least: number.map(|number| number.least),
        most: number.map(|number| number.most),
        usual: number.map(|number| number.usual),
        unit: number.map(|number| number.unit.as_str().to_owned()),
        conflicts: shown.conflicts.iter().map(conflict).collect(),
    }
}

/// Reads what a change says in words.
fn edit(change: PasswordPolicyChange) -> Result<PolicyEdit, OperateError> {
    let invalid = |said: Said| OperateError::Invalid(said);
    let profile = change.profile.map(|name| {
        name.parse::<Profile>().map_err(|error| invalid(Said::NoPasswordProfile { given: error.0 }))
    });
    let mut rules = Vec::with_capacity(change.rules.len());
    for (word, setting) in change.rules {
        let rule = word.parse::<Rule>();
        let rule = rule.map_err(|error| invalid(Said::NoPasswordRule { given: error.0 }))?;
        rules.push((rule, setting.on, setting.number));
    }
    let hash = change.hash.map(|text| text.parse()).transpose();
    Ok(PolicyEdit {
        profile: profile.transpose()?,
        rules,
        warning_days: change.warning_days,
        hacker_words: change.hacker_words,
        hash: hash.map_err(netwarden_identity::IdentityError::from)?,
    })
}

/// What is set for passwords, with its version as ETag; the rules have a list of their own.
#[utoipa::path(get, path = "/policies/passwords", tag = "policies",
    responses((status = 200, body = PasswordPolicy), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker) -> Result<Response, Refusal> {
    let shown = desk.password_policy(&asker.caller).await?;
    Ok(tagged(StatusCode::OK, &shown.version, shaped(&shown)))
}

/// The rules for passwords, each with switch, number, range and the profiles that ask something else; filters
/// rule, on, conflicts.
#[utoipa::path(get, path = "/policies/passwords/rules", tag = "policies", params(ListParams),
    responses((status = 200, body = Page<PasswordRule>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.read"))))]
async fn rules(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<PasswordRule>> {
    Ok(Json(shape::page(desk.list_password_rules(&asker.caller, wish).await?, rule)))
}

/// Sets what is asked of passwords, from the next one on. With If-Match only where nobody was faster.
#[utoipa::path(patch, path = "/policies/passwords", tag = "policies",
    params(("If-Match" = Option<String>, Header)), request_body = PasswordPolicyChange,
    responses((status = 200, body = PasswordPolicy), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    IfMatch(expected): IfMatch,
    Body(change): Body<PasswordPolicyChange>,
) -> Result<Response, Refusal> {
    desk.permit_of(&asker.caller, netwarden_identity::Operation::PolicyModify).await?;
    let reason = change.reason.clone();
    let shown = desk.edit_password_policy(&asker.caller, edit(change)?, &reason, expected).await?;
    Ok(tagged(StatusCode::OK, &shown.version, shaped(&shown)))
}

/// Puts a dictionary in place of the present one: text in UTF-8, one word a line, at most 1 MiB and 100,000
/// words. No password holds one of its words, whatever the case. An empty one is none.
#[utoipa::path(put, path = "/policies/passwords/dictionary", tag = "policies", params(ReasonParam),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = DictionaryTaken), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.set_dictionary"))))]
async fn dictionary(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(why): Asked<ReasonParam>,
    Text(octets): Text,
) -> Answer<DictionaryTaken> {
    let (entry, left_out) = desk.set_dictionary(&asker.caller, &octets, &why.reason).await?;
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Ok(Json(DictionaryTaken { words: count(entry.words), left_out: count(left_out) }))
}

/// Which rules a password would break; earlier passwords are not looked at. It is neither stored nor recorded.
#[utoipa::path(post, path = "/policies/passwords/try", tag = "policies", request_body = PasswordTrial,
    responses((status = 200, body = PasswordVerdict), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("policy.try_password"))))]
async fn try_password(
    State(desk): State<Desk>,
    asker: Asker,
    Body(trial): Body<PasswordTrial>,
) -> Answer<PasswordVerdict> {
    let password = Zeroizing::new(trial.password);
    let broken = desk.try_password(&asker.caller, &trial.user, trial.is_administrator, password).await?;
    let told =
        broken.iter().map(|breach| BrokenRule { rule: breach.as_str().to_owned(), text: breach.to_string() });
    Ok(Json(PasswordVerdict { good: broken.is_empty(), broken: told.collect() }))
}

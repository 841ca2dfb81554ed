//! `/names`: sources of names, what they are sent, and the names of endpoints.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use netwarden_api::name as api;
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, Lease, NameSourceEdit, NameSourceWish, SentLeases, ShownNameSource, Taken};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, ListParams, MacAt, Place, ReasonParam, Text, Wish};
use crate::refusal::Refusal;
use crate::shape;

/// Octets of an export, and of a message of leases, at most.
const LARGEST_FILE: usize = 64 << 20;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    let files = OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(push))
        .layer(DefaultBodyLimit::max(LARGEST_FILE));
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(change, remove))
        .routes(routes!(run))
        .routes(routes!(names))
        .merge(files)
}

/// Sources of names, never their secrets, by name; filters name, kind, address, enabled.
#[utoipa::path(get, path = "/names/sources", tag = "names", params(ListParams),
    responses((status = 200, body = Page<api::NameSource>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<api::NameSource>> {
    Ok(Json(shape::page(desk.list_name_sources(&asker.caller, wish).await?, shaped)))
}

/// Adds a source; it is asked at once.
#[utoipa::path(post, path = "/names/sources", tag = "names", request_body = api::NewNameSource,
    responses((status = 201, body = api::NameSource), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<api::NewNameSource>,
) -> Result<(StatusCode, Json<api::NameSource>), Refusal> {
    let wish = NameSourceWish {
        name: new.name,
        kind: new.kind,
        address: new.address,
        interval_s: new.interval_s,
        settings: new.settings,
        secret: new.secret.map(Zeroizing::new),
    };
    let source = desk.create_name_source(&asker.caller, wish, &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shaped(source))))
}

/// Changes a source.
#[utoipa::path(patch, path = "/names/sources/{name}", tag = "names", params(("name" = String, Path)),
    request_body = api::NameSourceChange,
    responses((status = 200, body = api::NameSource), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(change): Body<api::NameSourceChange>,
) -> Answer<api::NameSource> {
    let edit = NameSourceEdit {
        name: change.name,
        address: change.address,
        interval_s: change.interval_s,
        enabled: change.enabled,
        settings: change.settings,
        secret: change.secret.map(Zeroizing::new),
    };
    Ok(Json(shaped(desk.modify_name_source(&asker.caller, &name, edit, &change.reason).await?)))
}

/// Removes a source; the names that it gave stay until another gives others.
#[utoipa::path(delete, path = "/names/sources/{name}", tag = "names",
    params(("name" = String, Path), ReasonParam),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Asked(query): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_name_source(&asker.caller, &name, &query.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a source now; how that went stands in the list.
#[utoipa::path(post, path = "/names/sources/{name}/run", tag = "names", params(("name" = String, Path)),
    responses((status = 202), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.run"))))]
async fn run(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<StatusCode, Refusal> {
    desk.run_name_source(&asker.caller, &name).await?;
    Ok(StatusCode::ACCEPTED)
}

/// How an export is taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Export {
    /// It is all that the source says (where absent), or comes beside what is known.
    #[serde(default = "yes")]
    replace: bool,
    /// Why, for the record.
    #[serde(default)]
    reason: String,
}

const fn yes() -> bool {
    true
}

/// Takes an export of a DHCP server; bad rows are told by line and reason and the good ones go on.
#[utoipa::path(post, path = "/names/sources/{name}/import", tag = "names",
    params(("name" = String, Path), Export),
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = api::LeasesTaken), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.import"))))]
async fn import(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Asked(export): Asked<Export>,
    Text(file): Text,
) -> Answer<api::LeasesTaken> {
    let taken = desk.import_leases(&asker.caller, &name, &file, export.replace, &export.reason).await?;
    Ok(Json(taken_shape(taken)))
}

/// Takes what a DHCP agent sends. Its token needs this operation and no other.
#[utoipa::path(post, path = "/names/sources/{name}/leases", tag = "names", params(("name" = String, Path)),
    request_body = api::Leases,
    responses((status = 200, body = api::LeasesTaken), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("name_source.push"))))]
async fn push(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    Body(sent): Body<api::Leases>,
) -> Answer<api::LeasesTaken> {
    let leases = sent.leases.into_iter().map(lease).collect::<Result<Vec<_>, _>>()?;
    let gone = sent.gone.iter().map(|ip| address(ip)).collect::<Result<Vec<_>, _>>()?;
    let sent = SentLeases { whole: sent.whole, leases, gone, dropped: sent.dropped };
    Ok(Json(taken_shape(desk.push_leases(&asker.caller, &name, sent).await?)))
}

/// The names that an endpoint has and had, with their sources, the latest first.
#[utoipa::path(get, path = "/endpoints/{mac}/names", tag = "endpoints", params(("mac" = String, Path)),
    responses((status = 200, body = Vec<api::EndpointName>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.history"))))]
async fn names(State(desk): State<Desk>, asker: Asker, MacAt(mac): MacAt) -> Answer<Vec<api::EndpointName>> {
    let names = desk.names_of(&asker.caller, mac).await?;
    let shaped = names.into_iter().map(|view| api::EndpointName {
        kind: view.kind,
        name: view.name,
        source: view.source,
        ip: view.ip.map(|ip| ip.to_string()),
        since: view.started,
        until: view.ended,
    });
    Ok(Json(shaped.collect()))
}

fn shaped(shown: ShownNameSource) -> api::NameSource {
    let ShownNameSource { source, run } = shown;
    api::NameSource {
        kind: source.kind.as_str().to_owned(),
        name: source.name,
        address: source.address,
        interval_s: source.interval.as_secs(),
        enabled: source.enabled,
        settings: serde_json::to_value(&source.settings).unwrap_or_default(),
        has_secret: source.has_secret,
        ran_at: run.as_ref().map(|run| run.ran_at),
        good_at: run.as_ref().and_then(|run| run.good_at),
        outcome: run.as_ref().map(|run| run.outcome.clone()),
        entries: run.as_ref().map_or(0, |run| run.entries),
        dropped: run.as_ref().map_or(0, |run| run.dropped),
    }
}

fn taken_shape(taken: Taken) -> api::LeasesTaken {
    api::LeasesTaken { leases: taken.leases, changed: taken.changed, dropped: taken.dropped }
}

fn address(text: &str) -> Result<std::net::IpAddr, Refusal> {
    let shown: String = text.chars().take(64).collect();
    text.parse().map_err(|_| Refusal::malformed(format!("'{shown}' is no IP address")))
}

fn lease(row: api::Lease) -> Result<Lease, Refusal> {
    let ip = address(&row.ip)?;
    let mut lease =
        Lease::new(ip, row.state.parse().map_err(|why: String| Refusal::malformed(format!("{ip}: {why}")))?);
    lease.mac = match row.mac {
        None => None,
        Some(text) => {
            let shown: String = text.chars().take(64).collect();
            Some(shown.parse().map_err(|error: netwarden_model::ParseMacError| {
                Refusal::malformed(format!("{ip}: {error}"))
            })?)
        }
    };
    if row.client_id.as_ref().is_some_and(|id| id.len() > 400 || !id.is_ascii()) {
        return Err(Refusal::malformed(format!("{ip}: the client identifier is too long")));
    }
    lease.client_id = row.client_id;
    // The agent has taken names apart; whoever else sends is held to the same.
    for (name, part) in [(row.host_name, true), (row.domain, false)] {
        let Some(name) = name else { continue };
        lease.take_part(&name, part).map_err(|why| Refusal::malformed(format!("{ip}: {why}")))?;
    }
    lease.starts = row.starts;
    lease.ends = row.ends;
    Ok(lease)
}

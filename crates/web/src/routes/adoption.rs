//! `/adoption`: finding elements, and accepting what is present before anything is enforced.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use netwarden_api::Problem;
use netwarden_api::network::{Baseline, BaselineResult, Discover, ImportResult};
use netwarden_api::rule::Job;
use netwarden_model::NeId;
use netwarden_operate::{BaselineFilter, Desk, Search, vlan};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, Text};
use crate::refusal::Refusal;

/// Octets of a file that is imported, at most.
const LARGEST_FILE: usize = 64 << 20;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    let imports = OpenApiRouter::new().routes(routes!(import)).layer(DefaultBodyLimit::max(LARGEST_FILE));
    OpenApiRouter::new().routes(routes!(review, accept)).routes(routes!(discover)).merge(imports)
}

/// What a file holds, and why it is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct File {
    /// `endpoints` or `elements`.
    kind: String,
    /// Why, for the record.
    #[serde(default)]
    reason: String,
}

/// Takes a CSV file; bad rows are told by line and reason and the good ones go on. Endpoints are taken at
/// once; elements (which needs ne.import) are asked first, in a job whose result says the same.
#[utoipa::path(post, path = "/adoption/import", tag = "adoption", params(File),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportResult), (status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.import"))))]
async fn import(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(file): Asked<File>,
    Text(csv): Text,
) -> Result<Response, Refusal> {
    match file.kind.as_str() {
        "endpoints" => {
            let outcome = desk.import_endpoints(&asker.caller, &csv, &file.reason).await?;
            let result = ImportResult { imported: outcome.imported, refused: outcome.refused };
            Ok(Json(result).into_response())
        }
        "elements" => {
            let id = desk.import_elements(&asker.caller, &csv, &file.reason).await?;
            Ok(super::jobs::started(&desk, &asker, id).await?.into_response())
        }
        _ => Err(Refusal::malformed("kind must be endpoints or elements")),
    }
}

/// Which endpoints a review looks at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Review {
    /// Only what is on this element.
    ne: Option<i64>,
    /// Only what is in this VLAN.
    vlan: Option<u16>,
}

fn filter(ne: Option<i64>, id: Option<u16>) -> Result<BaselineFilter, Refusal> {
    Ok(BaselineFilter {
        elements: ne.into_iter().map(NeId).collect(),
        vlans: id.map(vlan).transpose()?.into_iter().collect(),
        ..BaselineFilter::default()
    })
}

/// Who would be accepted.
#[utoipa::path(get, path = "/adoption/baseline", tag = "adoption", params(Review),
    responses((status = 200, body = BaselineResult), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("adoption.read"))))]
async fn review(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(asked): Asked<Review>,
) -> Answer<BaselineResult> {
    reviewed(&desk, &asker, &filter(asked.ne, asked.vlan)?).await
}

async fn reviewed(desk: &Desk, asker: &Asker, filter: &BaselineFilter) -> Answer<BaselineResult> {
    let entries = desk.review_baseline(&asker.caller, filter).await?;
    let endpoints = entries.into_values().flatten().map(|entry| entry.mac.to_string()).collect();
    Ok(Json(BaselineResult { accepted: false, endpoints }))
}

/// Accepts who is present, so that they are not taken for new; with `review` only says who that is.
#[utoipa::path(post, path = "/adoption/baseline", tag = "adoption", request_body = Baseline,
    responses((status = 200, body = BaselineResult), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("adoption.accept"))))]
async fn accept(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<Baseline>,
) -> Answer<BaselineResult> {
    let filter = filter(wish.ne_id, wish.vlan)?;
    if wish.review {
        return reviewed(&desk, &asker, &filter).await;
    }
    let macs = desk.accept_baseline(&asker.caller, &filter, wish.group, wish.bind, &wish.reason).await?;
    Ok(Json(BaselineResult { accepted: true, endpoints: macs.iter().map(ToString::to_string).collect() }))
}

/// Starts a search for elements; the job's result says what was found.
#[utoipa::path(post, path = "/elements/discover", tag = "adoption", request_body = Discover,
    responses((status = 202, body = Job), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("adoption.discover"))))]
async fn discover(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<Discover>,
) -> Result<(StatusCode, Json<Job>), Refusal> {
    let search = Search {
        subnet: Some(wish.subnet).filter(|subnet| !subnet.trim().is_empty()),
        port: wish.port,
        allow_v2c: wish.allow_v2c,
        add: wish.add,
    };
    let id = desk.discover(&asker.caller, search, &wish.reason).await?;
    super::jobs::started(&desk, &asker, id).await
}

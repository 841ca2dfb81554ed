//! `/adoption`: finding elements, and accepting what is present before anything is enforced.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use netwarden_api::Problem;
use netwarden_api::network::{Baseline, BaselineEntry, BaselineResult, Discover, ImportResult};
use netwarden_api::rule::Job;
use netwarden_model::{Mac, NeId};
use netwarden_operate::{BaselineFilter, Candidate, Desk, Search, vlan};
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
/// once, and what we hold of a port because of those who are authorised by that is given back where nobody
/// else is on it who may not connect; elements (which needs ne.import) are asked first, in a job whose result says the same.
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
    /// Locally administered addresses as well; yes unless said otherwise.
    randomised: Option<bool>,
    /// Those whose port is not known as well; yes unless said otherwise.
    unlocated: Option<bool>,
    /// Those that were refused as well; no unless said otherwise.
    unauthorised: Option<bool>,
}

impl Review {
    fn filter(&self) -> Result<BaselineFilter, Refusal> {
        let usual = BaselineFilter::default();
        Ok(BaselineFilter {
            elements: self.ne.into_iter().map(NeId).collect(),
            vlans: self.vlan.map(vlan).transpose()?.into_iter().collect(),
            randomised: self.randomised.unwrap_or(usual.randomised),
            unlocated: self.unlocated.unwrap_or(usual.unlocated),
            unauthorised: self.unauthorised.unwrap_or(usual.unauthorised),
            ..usual
        })
    }
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
    let at = desk.clock.now();
    let entries = desk.review_baseline(&asker.caller, &asked.filter()?).await?;
    Ok(Json(shaped(false, at, entries)))
}

fn mac(text: &str) -> Result<Mac, Refusal> {
    let shown: String = text.chars().take(64).collect();
    text.parse().map_err(|_| Refusal::malformed(format!("except: '{shown}' is no MAC address")))
}

fn shaped(accepted: bool, at: Timestamp, candidates: Vec<Candidate>) -> BaselineResult {
    let entries: Vec<BaselineEntry> = candidates.into_iter().map(entry).collect();
    let endpoints = entries.iter().map(|entry| entry.mac.clone()).collect();
    BaselineResult { accepted, at, endpoints, entries }
}

fn entry(candidate: Candidate) -> BaselineEntry {
    let Candidate { group, ne, entry } = candidate;
    BaselineEntry {
        mac: entry.mac.to_string(),
        group,
        vendor: entry.vendor,
        mac_randomised: entry.mac_randomised,
        status: entry.status.as_str().to_owned(),
        ne,
        ne_id: entry.port.as_ref().map(|port| port.ne.0),
        port: entry.port.map(|port| port.port.0),
        vlan: entry.vlan.map(|vlan| vlan.get()),
        ips: entry.ips.iter().map(ToString::to_string).collect(),
        name: entry.name,
        port_endpoints: entry.port_endpoints,
    }
}

/// Accepts who is present, so that they are not taken for new; with `review` only says who that is. What we
/// hold of a port because of them is given back where nobody else is on it who may not connect.
#[utoipa::path(post, path = "/adoption/baseline", tag = "adoption", request_body = Baseline,
    responses((status = 200, body = BaselineResult), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("adoption.accept"))))]
async fn accept(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<Baseline>,
) -> Answer<BaselineResult> {
    let asked = Review {
        ne: wish.ne_id,
        vlan: wish.vlan,
        randomised: wish.randomised,
        unlocated: wish.unlocated,
        unauthorised: wish.unauthorised,
    };
    let mut filter = asked.filter()?;
    filter.groups = wish.groups.into_iter().map(|name| Some(name).filter(|name| !name.is_empty())).collect();
    filter.except = wish.except.iter().map(|text| mac(text)).collect::<Result<_, _>>()?;
    filter.seen_by = wish.seen_by;
    let at = desk.clock.now();
    let candidates = if wish.review {
        desk.review_baseline(&asker.caller, &filter).await?
    } else {
        desk.accept_baseline(&asker.caller, &filter, wish.group, wish.bind, &wish.reason).await?
    };
    Ok(Json(shaped(!wish.review, at, candidates)))
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

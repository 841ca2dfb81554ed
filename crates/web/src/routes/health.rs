//! Health, metrics and statistics (NEM-06): what stands beside `/api/v1`, and how things were over time.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use netwarden_api::Problem;
use netwarden_api::system::{Health, OwnCharts, Part, Point, Series, Statistics};
use netwarden_operate::{Desk, Measured};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, Place};
use crate::refusal::Refusal;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(series))
        .routes(routes!(statistics))
        .routes(routes!(own_charts, choose_charts))
}

/// What stands beside `/api/v1`.
pub(super) fn outside() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// How every part of the system is.
#[utoipa::path(get, path = "/system/health", tag = "system",
    responses((status = 200, body = Health), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.status"))))]
async fn health(State(desk): State<Desk>, asker: Asker) -> Answer<Health> {
    let parts = desk.health(&asker.caller).await?;
    let worst = parts.iter().map(|part| part.state).max().unwrap_or_default();
    let shaped = parts.into_iter().map(|part| Part {
        name: part.name.to_owned(),
        state: part.state.as_str().to_owned(),
        text: part.text.to_string(),
    });
    Ok(Json(Health { state: worst.as_str().to_owned(), parts: shaped.collect() }))
}

/// The series of statistics that are kept.
#[utoipa::path(get, path = "/statistics", tag = "statistics",
    responses((status = 200, body = Vec<Series>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.statistics"))))]
async fn series(State(desk): State<Desk>, asker: Asker) -> Answer<Vec<Series>> {
    let series = desk.statistics_series(&asker.caller).await?.into_iter();
    Ok(Json(series.map(|found| Series { name: found.name, description: found.description }).collect()))
}

/// Which part of a series.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Span {
    /// From then; a day before `until` where absent.
    from: Option<Timestamp>,
    /// Until then; now where absent.
    until: Option<Timestamp>,
    /// Seconds that a point stands for; at least so many that there are at most 500 points.
    step_s: Option<u64>,
}

/// A series over time.
#[utoipa::path(get, path = "/statistics/{series}", tag = "statistics", params(("series" = String, Path), Span),
    responses((status = 200, body = Statistics), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.statistics"))))]
async fn statistics(
    State(desk): State<Desk>,
    asker: Asker,
    Place(series): Place<String>,
    Asked(span): Asked<Span>,
) -> Answer<Statistics> {
    let (step_s, points) =
        desk.statistics(&asker.caller, &series, span.from, span.until, span.step_s).await?;
    let points =
        points.into_iter().map(|p| Point { at: p.at, min: p.min, mean: p.mean, max: p.max, sum: p.sum });
    Ok(Json(Statistics { series, step_s, points: points.collect() }))
}

/// The charts of the caller's own start page.
#[utoipa::path(get, path = "/users/own/charts", tag = "statistics",
    responses((status = 200, body = OwnCharts), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("chart.read_own"))))]
async fn own_charts(State(desk): State<Desk>, asker: Asker) -> Answer<OwnCharts> {
    Ok(Json(OwnCharts { charts: desk.own_charts(&asker.caller).await? }))
}

/// Chooses the charts of the caller's own start page, in their order; none at all for the usual ones.
#[utoipa::path(put, path = "/users/own/charts", tag = "statistics", request_body = OwnCharts,
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("chart.choose_own"))))]
async fn choose_charts(
    State(desk): State<Desk>,
    asker: Asker,
    Body(wish): Body<OwnCharts>,
) -> Result<StatusCode, Refusal> {
    desk.choose_own_charts(&asker.caller, wish.charts).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain")),
    extensions(("x-netwarden-operation" = json!("system.alive"))))]
async fn healthz() -> &'static str {
    "alive\n"
}

/// The database can be read, so that requests can be served.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 503, body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.alive"))))]
async fn readyz(State(desk): State<Desk>) -> Result<&'static str, Refusal> {
    // What is wrong is told to those who may read the log, not to everybody.
    match desk.spine.latest().await {
        Ok(_) => Ok("ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Err(Refusal::new(status, "not-ready", "Not ready", "the database cannot be read"))
        }
    }
}

/// Counters in Prometheus' text format (version 0.0.4).
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("system.metrics"))))]
async fn metrics(State(desk): State<Desk>, asker: Asker) -> Result<Response, Refusal> {
    let text = exposition(&desk.metrics(&asker.caller).await?);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Metrics as text: names with units, each with HELP and TYPE; a family's samples stand together.
fn exposition(measured: &[Measured]) -> String {
    let mut text = String::new();
    for family in measured {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP {} {}", family.name, family.help);
        let _ = writeln!(text, "# TYPE {} {}", family.name, family.kind);
        for sample in &family.samples {
            let labels: Vec<String> =
                sample.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(text, "{}{}{labels} {}", family.name, sample.suffix, sample.value);
        }
    }
    text
}

/// A label's value: backslash, quotation mark and line feed are escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

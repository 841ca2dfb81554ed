//! `/events`: the log, and what is appended to it, live.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures::{Stream, StreamExt};
use netwarden_api::event::Event;
use netwarden_api::{Page, Problem, Total};
use netwarden_model::EventSeq;
use netwarden_operate::Desk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{ListParams, Place, Wish};
use crate::live;
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(stream)).routes(routes!(show))
}

/// Events, newest first, or with sort=at the oldest; filters kind (several by commas), mac, ne, severity (at
/// least), from, until. A text is found in kinds and in what names endpoints and network elements.
#[utoipa::path(get, path = "/events", tag = "events", params(ListParams),
    responses((status = 200, body = Page<Event>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("event.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Event>> {
    let listed = desk.list_events(&asker.caller, wish).await?;
    let items = listed.items.iter().map(shape::event).collect::<Result<Vec<_>, _>>()?;
    // The log is not counted: it can be very long, and only grows.
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let total = Total { count, more: listed.next.is_some() };
    Ok(Json(Page { items, next: listed.next, total }))
}

/// One event.
#[utoipa::path(get, path = "/events/{seq}", tag = "events", params(("seq" = i64, Path)),
    responses((status = 200, body = Event), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("event.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, Place(seq): Place<i64>) -> Answer<Event> {
    Ok(Json(shape::event(&desk.event(&asker.caller, EventSeq(seq)).await?)?))
}

/// Events as they are appended, as server-sent events; `id` is the place in the log. Filters as for the
/// list; it begins after the place `after`, or after Last-Event-ID, which browsers send when they
/// reconnect, else with what is appended from now on.
#[utoipa::path(get, path = "/events/stream", tag = "events", params(("after" = Option<i64>, Query)),
    responses((status = 200, body = Event, content_type = "text/event-stream"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("event.read"))))]
async fn stream(
    State(desk): State<Desk>,
    asker: Asker,
    headers: HeaderMap,
    Wish(wish): Wish,
) -> Result<Sse<impl Stream<Item = Result<Sent, axum::Error>>>, Refusal> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let given = wish.after.map(|after| after.parse::<i64>());
    let given = given.transpose().map_err(|_| Refusal::malformed("after is no place in the log"))?;
    let shape = |_: &_, _: &_, event: &_| shape::event(event);
    let tail = live::tail(desk, asker, last.or(given).map(EventSeq), wish.filters, shape).await?;
    let sent =
        tail.map(|event| Sent::default().id(event.seq.to_string()).event(&event.kind).json_data(&event));
    Ok(Sse::new(sent).keep_alive(KeepAlive::new()))
}

//! `/events`: the log, and what is appended to it, live.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use futures::Stream;
use netwarden_api::event::Event;
use netwarden_api::{Page, Problem, Total};
use netwarden_model::EventSeq;
use netwarden_operate::Desk;
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, ListParams, Place, Wish};
use crate::refusal::Refusal;
use crate::shape;

/// Events read at once for a stream.
const CHUNK: u64 = 500;
/// A stream's caller is identified anew at least so often.
const AGAIN: Duration = Duration::from_secs(30);

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(stream)).routes(routes!(show))
}

/// Events, newest first; filters kind (several by commas), mac, ne, severity (at least), from, until.
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

/// Where a stream begins.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct After {
    /// With the event after this place; with what is appended from now on where absent. A browser that
    /// reconnects says so by Last-Event-ID.
    after: Option<i64>,
}

/// Events as they are appended, as server-sent events; `id` is the place in the log.
#[utoipa::path(get, path = "/events/stream", tag = "events", params(After),
    responses((status = 200, body = Event, content_type = "text/event-stream"), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("event.read"))))]
async fn stream(
    State(desk): State<Desk>,
    asker: Asker,
    headers: HeaderMap,
    Asked(after): Asked<After>,
) -> Result<Sse<impl Stream<Item = Result<Sent, axum::Error>>>, Refusal> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let appended = desk.spine.subscribe();
    let after = match last.or(after.after) {
        Some(seq) => EventSeq(seq),
        None => *appended.borrow(),
    };
    // Refused now rather than in the middle of the answer.
    let (events, position) = desk.events_after(&asker.caller, after, CHUNK).await?;
    let waiting = events.iter().map(shape::event).collect::<Result<_, _>>()?;
    let tail = Tail { desk, asker, appended, position, waiting };
    Ok(Sse::new(futures::stream::unfold(tail, next)).keep_alive(KeepAlive::new()))
}

struct Tail {
    desk: Desk,
    asker: Asker,
    appended: watch::Receiver<EventSeq>,
    position: EventSeq,
    waiting: VecDeque<Event>,
}

/// The next event; None where the caller's rights have ended, or the server does.
async fn next(mut tail: Tail) -> Option<(Result<Sent, axum::Error>, Tail)> {
    loop {
        if let Some(event) = tail.waiting.pop_front() {
            let sent = Sent::default().id(event.seq.to_string()).event(&event.kind).json_data(&event);
            return Some((sent, tail));
        }
        let position = tail.position;
        let wait = tail.appended.wait_for(|latest| *latest > position);
        if let Ok(ended @ Err(_)) = tokio::time::timeout(AGAIN, wait).await {
            drop(ended);
            return None;
        }
        tail.asker.again(&tail.desk).await.ok()?;
        let (events, position) = tail.desk.events_after(&tail.asker.caller, position, CHUNK).await.ok()?;
        tail.position = position;
        for event in &events {
            tail.waiting.push_back(shape::event(event).ok()?);
        }
    }
}

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
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{ListParams, Place, Wish};
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
    let appended = desk.spine.subscribe();
    let given = wish.after.map(|after| after.parse::<i64>());
    let given = given.transpose().map_err(|_| Refusal::malformed("after is no place in the log"))?;
    let after = match last.or(given) {
        Some(seq) => EventSeq(seq),
        None => *appended.borrow(),
    };
    let filters = wish.filters;
    // Refused now rather than in the middle of the answer.
    let (events, position) = desk.events_after(&asker.caller, &filters, after, CHUNK).await?;
    let waiting = events.iter().map(shape::event).collect::<Result<_, _>>()?;
    let tail = Tail { desk, asker, appended, position, waiting, filters };
    Ok(Sse::new(futures::stream::unfold(tail, next)).keep_alive(KeepAlive::new()))
}

struct Tail {
    desk: Desk,
    asker: Asker,
    appended: watch::Receiver<EventSeq>,
    position: EventSeq,
    waiting: VecDeque<Event>,
    filters: Vec<(String, String)>,
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
        let (events, position) =
            tail.desk.events_after(&tail.asker.caller, &tail.filters, position, CHUNK).await.ok()?;
        tail.position = position;
        for event in &events {
            tail.waiting.push_back(shape::event(event).ok()?);
        }
    }
}

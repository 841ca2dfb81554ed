//! Events as they are appended, for a caller whose right to see them is looked at again and again.

use std::collections::VecDeque;
use std::time::Duration;

use futures::Stream;
use netwarden_model::{Event, EventSeq};
use netwarden_operate::{Caller, Desk};
use tokio::sync::watch;

use crate::ask::Asker;
use crate::refusal::Refusal;

/// Events read at once for a stream.
const CHUNK: u64 = 500;
/// A stream's caller is identified anew at least so often.
const AGAIN: Duration = Duration::from_secs(30);

/// Events after the place `after`, else those appended from now on, each as `shape` makes it for the caller. It
/// ends where the caller's rights do, or the server.
pub(crate) async fn tail<T, F>(
    desk: Desk,
    asker: Asker,
    after: Option<EventSeq>,
    filters: Vec<(String, String)>,
    shape: F,
) -> Result<impl Stream<Item = T>, Refusal>
where
    F: Fn(&Desk, &Caller, &Event) -> Result<T, Refusal>,
{
    let appended = desk.spine.subscribe();
    let after = after.unwrap_or_else(|| *appended.borrow());
    // Refused now rather than in the middle of the answer.
    let (events, position) = desk.events_after(&asker.caller, &filters, after, CHUNK).await?;
    let waiting = events.iter().map(|event| shape(&desk, &asker.caller, event)).collect::<Result<_, _>>()?;
    let tail = Tail { desk, asker, appended, position, waiting, filters, shape };
    Ok(futures::stream::unfold(tail, next))
}

struct Tail<T, F> {
    desk: Desk,
    asker: Asker,
    appended: watch::Receiver<EventSeq>,
    position: EventSeq,
    waiting: VecDeque<T>,
    filters: Vec<(String, String)>,
    shape: F,
}

async fn next<T, F>(mut tail: Tail<T, F>) -> Option<(T, Tail<T, F>)>
where
    F: Fn(&Desk, &Caller, &Event) -> Result<T, Refusal>,
{
    loop {
        if let Some(event) = tail.waiting.pop_front() {
            return Some((event, tail));
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
            tail.waiting.push_back((tail.shape)(&tail.desk, &tail.asker.caller, event).ok()?);
        }
    }
}

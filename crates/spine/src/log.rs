//! The log as its writers and readers hold it.

use std::sync::Arc;

use jiff::Timestamp;
use netwarden_model::{Event, EventSeq, NewEvent, Scope};
use netwarden_store::{Listed, Page, READ_CHUNK, Store, Tx};
use tokio::sync::watch;

use crate::cursor::{self, Claim, Consumer, Start};
use crate::{Counted, EventQuery, SpineError, query, sql};

/// The event log of this node. Clones share it.
#[derive(Debug, Clone)]
pub struct Spine {
    store: Store,
    latest: Arc<watch::Sender<EventSeq>>,
}

impl Spine {
    /// The log in `store`, which was opened with [`crate::MIGRATIONS`].
    pub async fn open(store: Store) -> Result<Self, SpineError> {
        let latest = sql::latest(store.read()).await?;
        Ok(Self { store, latest: Arc::new(watch::channel(latest).0) })
    }

    /// Appends `events` within the caller's transaction, so that they stand or fall with the state
    /// that yielded them. Answers with their places, without gaps. Subscribers are woken after the
    /// COMMIT, and only then. `now` is the time of recording; should the clock have gone back, the last
    /// recorded time is kept instead.
    pub async fn append(
        &self,
        tx: &Tx,
        now: Timestamp,
        events: &[NewEvent],
    ) -> Result<Vec<EventSeq>, SpineError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let last = sql::append(tx, now, events).await?;
        let latest = Arc::clone(&self.latest);
        tx.after_commit(move || raise(&latest, EventSeq(last)));
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        Ok((last - count + 1..=last).map(EventSeq).collect())
    }

    /// Tells subscribers that everything up to `seq` is committed. [`Spine::append`] does this by
    /// itself; it is for logs that another process has written to.
    pub fn committed(&self, seq: EventSeq) {
        raise(&self.latest, seq);
    }

    /// The last committed place, and every change of it. A consumer reads on until it has reached it.
    pub fn subscribe(&self) -> watch::Receiver<EventSeq> {
        self.latest.subscribe()
    }

    /// The last committed place; 0 where the log is empty.
    pub async fn latest(&self) -> Result<EventSeq, SpineError> {
        Ok(sql::latest(self.store.read()).await?)
    }

    /// The last place that was recorded at `time` or before; 0 where there is none.
    pub async fn seq_at(&self, time: Timestamp) -> Result<EventSeq, SpineError> {
        Ok(sql::seq_at(self.store.read(), time).await?)
    }

    /// Up to `limit` events (5,000 at most) after `after`, oldest first. Fewer than that means that the
    /// end was reached.
    pub async fn read_from(&self, after: EventSeq, limit: u64) -> Result<Vec<Event>, SpineError> {
        sql::read_from(self.store.read(), after, limit.min(READ_CHUNK)).await
    }

    /// How many events of each kind there are after `after` and up to `until`, for each minute that has any.
    pub async fn count_kinds(&self, after: EventSeq, until: EventSeq) -> Result<Vec<Counted>, SpineError> {
        sql::count_kinds(self.store.read(), after, until).await
    }

    /// The event at `seq`, if there is one.
    pub async fn get(&self, seq: EventSeq) -> Result<Option<Event>, SpineError> {
        sql::get(self.store.read(), seq).await
    }

    /// The events that `query` describes and `scope` allows, newest first. Events of no element are
    /// inside `Scope::All` only.
    pub async fn list(
        &self,
        query: &EventQuery,
        scope: &Scope,
        page: &Page,
    ) -> Result<Listed<Event>, SpineError> {
        query::list(self.store.read(), query, scope, page).await
    }

    /// Takes the cursor of `consumer` over; whoever held it before can no longer move it.
    pub async fn claim(&self, consumer: &str, start: Start) -> Result<Claim, SpineError> {
        let consumer = consumer.to_owned();
        self.store.write(move |tx| Box::pin(async move { cursor::claim(tx, &consumer, start).await })).await
    }

    /// Moves the cursor of `consumer` from exactly `from` to `to`, within the transaction that stores
    /// what the events between them led to.
    ///
    /// # Errors
    /// [`SpineError::CursorLost`] where somebody else claimed or moved it: the transaction must not be
    /// kept, which returning the error brings about.
    pub async fn advance(
        &self,
        tx: &Tx,
        consumer: &str,
        epoch: i64,
        from: EventSeq,
        to: EventSeq,
    ) -> Result<(), SpineError> {
        cursor::advance(tx, consumer, epoch, from, to).await
    }

    /// All consumers, by name.
    pub async fn consumers(&self) -> Result<Vec<Consumer>, SpineError> {
        cursor::consumers(self.store.read()).await
    }
}

fn raise(latest: &watch::Sender<EventSeq>, seq: EventSeq) {
    latest.send_if_modified(|known| {
        let higher = seq > *known;
        if higher {
            *known = seq;
        }
        higher
    });
}

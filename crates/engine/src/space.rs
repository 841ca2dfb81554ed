//! Says plainly when the disk is full: as an event, which is written from the store's reserve, and in the log.
//!
//! The store itself refuses what is new and lets re-assertion and release through; this loop only tells.

use std::sync::Arc;
use std::time::Duration;

use netwarden_model::Clock;
use netwarden_spine::Spine;
use netwarden_store::{Space, Store};

use crate::failures;

/// How long to wait before the event is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What the event is about.
const COMPONENT: &str = "database";

const REASON: &str = "the disk that holds the database is full: nothing new is recorded or done until space is \
                      freed; ports that are held are set again and released from the reserve";

/// Tells every change until the task is ended.
pub(crate) async fn tell(store: Store, spine: Spine, clock: Arc<dyn Clock>) {
    let mut space = store.space();
    let mut told = Space::Enough;
    loop {
        let now = *space.borrow_and_update();
        if now != told {
            match now {
                Space::OnReserve => {
                    tracing::error!("{REASON}");
                    if let Err(error) =
                        failures::record(&store, &spine, clock.as_ref(), COMPONENT, REASON).await
                    {
                        let reason = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::error!(%error, reason, "that the disk is full could not be recorded yet");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                }
                Space::Enough => tracing::warn!("the disk has space again: everything goes on"),
            }
            told = now;
        }
        if space.changed().await.is_err() {
            return;
        }
    }
}

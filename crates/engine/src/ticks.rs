//! Time, as rules see it: one recorded event each quarter of an hour, on the quarter. Rules know no clock,
//! so that they replay; a rule of a schedule judges ticks. 96 rows a day need no tidying up.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::event::NacPayload;
use netwarden_model::{Clock, EventKind, NewEvent, Outcome, Payload, Scope, Subject};
use netwarden_spine::{EventQuery, Spine, SpineError};
use netwarden_store::{Page, Store, Tx};

use crate::failures::Trouble;

/// Seconds between two ticks.
const EVERY_S: i64 = 15 * 60;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The quarter of an hour (UTC) in which `now` lies.
fn quarter(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(EVERY_S)).unwrap_or(now)
}

/// Records ticks, for ever. Those that nobody was there to record are not made up for: one follows at the
/// start, so that what became due meanwhile is judged then.
pub(crate) async fn keep(store: Store, spine: Spine, clock: Arc<dyn Clock>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = None;
    let mut trouble = Trouble::default();
    loop {
        look.tick().await;
        let at = quarter(clock.now());
        if last == Some(at) {
            continue;
        }
        match record(&store, &spine, clock.as_ref(), at).await {
            Ok(()) => {
                last = Some(at);
                if trouble.over().is_some() {
                    tracing::info!("the time is recorded again");
                }
            }
            Err(error) if trouble.failed(clock.now()) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the time cannot be recorded");
            }
            Err(_) => {}
        }
    }
}

/// The tick of `at`, unless it is the last one in the log: a restart within the quarter repeats nothing.
async fn record(store: &Store, spine: &Spine, clock: &dyn Clock, at: Timestamp) -> Result<(), SpineError> {
    let query = EventQuery { kinds: vec![EventKind::Tick], ..EventQuery::default() };
    let last = spine.list(&query, &Scope::All, &Page::first(1)).await?;
    if last.items.first().is_some_and(|tick| tick.at == at) {
        return Ok(());
    }
    let event = NewEvent {
        at,
        kind: EventKind::Tick,
        subject: Subject::System("clock".to_owned()),
        ne: None,
        port: None,
        severity: EventKind::Tick.default_severity(),
        outcome: Outcome::Success,
        facts: None,
        payload: Payload::Nac(NacPayload::Tick { ne: None }),
        cause: None,
    };
    let (spine, now) = (spine.clone(), clock.now());
    store.write(move |tx: &Tx| Box::pin(async move { spine.append(tx, now, &[event]).await.map(drop) })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_lie_on_the_quarter() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, tick) in [
            ("2026-11-22T22:45:00Z", "2026-11-22T22:45:00Z"),
            ("2026-11-22T22:59:59.999Z", "2026-11-22T22:45:00Z"),
            ("2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:45:00Z"),
        ] {
            assert_eq!(quarter(at(now)), at(tick), "{now}");
        }
    }
}

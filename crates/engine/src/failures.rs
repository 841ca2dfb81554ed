//! Failures of our own parts: told once and not each second, and recorded as `critical_system_failure`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use netwarden_model::event::NacPayload;
use netwarden_model::{Clock, EventKind, NewEvent, Outcome, Payload, Subject};
use netwarden_spine::{Spine, SpineError};
use netwarden_store::Store;
use tokio::sync::watch;

/// The longest silence about a failure that goes on.
const SILENCE: SignedDuration = SignedDuration::from_mins(5);

/// How long a loop that failed waits before it tries again.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// A failure that may go on: worth a line when it begins, then after 2, 4, 8 ... seconds up to every five
/// minutes, and when it is over.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    next: Option<(Timestamp, SignedDuration)>,
    failures: u64,
}

impl Trouble {
    /// It failed at `now`; true where that is to be told.
    pub(crate) fn failed(&mut self, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        let silence = match self.next {
            Some((next, _)) if now < next => return false,
            Some((_, silence)) => silence.saturating_mul(2).min(SILENCE),
            None => SignedDuration::from_secs(2),
        };
        self.next = Some((now.checked_add(silence).unwrap_or(Timestamp::MAX), silence));
        true
    }

    /// It works; how often it had failed, where it had.
    pub(crate) fn over(&mut self) -> Option<u64> {
        self.next.take().map(|_| std::mem::take(&mut self.failures))
    }
}

/// Where failures of the engine's own parts are told.
#[derive(Debug, Clone)]
pub(crate) struct Failures {
    store: Store,
    spine: Spine,
    clock: Arc<dyn Clock>,
    ended: watch::Sender<Option<String>>,
}

impl Failures {
    pub(crate) fn new(store: Store, spine: Spine, clock: Arc<dyn Clock>) -> Self {
        Self { store, spine, clock, ended: watch::channel(None).0 }
    }

    /// Says which part has ended, once one has.
    pub(crate) fn ended(&self) -> watch::Receiver<Option<String>> {
        self.ended.subscribe()
    }

    /// Runs a part that must not end while the engine runs. Where it does, that is recorded and said:
    /// whoever holds the engine ends too, and starts again from what is stored.
    pub(crate) async fn watch(self, part: &'static str, runs: impl Future<Output = ()> + Send) {
        let reason = match AssertUnwindSafe(runs).catch_unwind().await {
            Ok(()) => "it ended".to_owned(),
            Err(panic) => match panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
            {
                Some(message) => format!("it crashed: {message}"),
                None => "it crashed".to_owned(),
            },
        };
        tracing::error!(part, reason, "a part of the engine has ended");
        if let Err(error) = record(&self.store, &self.spine, self.clock.as_ref(), part, &reason).await {
            tracing::error!(part, %error, "that a part of the engine has ended could not be recorded");
        }
        self.ended.send_replace(Some(format!("{part}: {reason}")));
    }
}

/// Appends `critical_system_failure` of `component`, on a full disk too.
pub(crate) async fn record(
    store: &Store,
    spine: &Spine,
    clock: &dyn Clock,
    component: &str,
    reason: &str,
) -> Result<(), SpineError> {
    let now = clock.now();
    let kind = EventKind::CriticalSystemFailure;
    let event = NewEvent {
        at: now,
        kind,
        subject: Subject::System(component.to_owned()),
        ne: None,
        port: None,
        severity: kind.default_severity(),
        outcome: Outcome::Failure,
        facts: None,
        payload: Payload::Nac(NacPayload::CriticalSystemFailure {
            component: component.to_owned(),
            reason: reason.to_owned(),
        }),
        cause: None,
    };
    let spine = spine.clone();
    store
        .write_essential(move |tx| {
            let (spine, event) = (spine.clone(), event.clone());
            Box::pin(async move { spine.append(tx, now, std::slice::from_ref(&event)).await.map(drop) })
        })
        .await
}

#[cfg(test)]
mod tests {
    use netwarden_model::EventSeq;
    use netwarden_store::testing::TestStore;
    use netwarden_testkit::VirtualClock;

    use super::*;

    #[test]
    fn a_failure_that_goes_on_is_told_ever_more_seldom_and_its_end_once() {
        let mut trouble = Trouble::default();
        let told: Vec<i64> =
            (0..1_000).filter(|s| trouble.failed(Timestamp::from_second(*s).unwrap())).collect();
        assert_eq!(told, [0, 2, 6, 14, 30, 62, 126, 254, 510, 810]);
        assert_eq!((trouble.over(), trouble.over()), (Some(1_000), None));
        assert!(trouble.failed(Timestamp::from_second(1_000).unwrap()), "a new one is told at once");
    }

    // proves: NAC-08
    #[tokio::test]
    async fn a_part_that_crashes_is_an_event_and_ends_the_engine() {
        let test = TestStore::sqlite(&[netwarden_spine::MIGRATIONS]).await.unwrap();
        let spine = Spine::open(test.store.clone()).await.unwrap();
        let clock = Arc::new(VirtualClock::at(Timestamp::UNIX_EPOCH));
        let failures = Failures::new(test.store.clone(), spine.clone(), clock);
        let ended = failures.ended();
        assert_eq!(*ended.borrow(), None);
        failures.watch("keeper", async { panic!("no such row") }).await;
        assert_eq!(ended.borrow().as_deref(), Some("keeper: it crashed: no such row"));
        let event = spine.get(EventSeq(1)).await.unwrap().unwrap();
        assert_eq!(event.kind, EventKind::CriticalSystemFailure);
        let Payload::Nac(NacPayload::CriticalSystemFailure { component, reason }) = &event.payload else {
            panic!("{event:?}")
        };
        assert_eq!((component.as_str(), reason.as_str()), ("keeper", "it crashed: no such row"));
    }
}

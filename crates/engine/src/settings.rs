//! What holds for all rules, kept in the log: rules must replay, so where elements quarantine is an event
//! like a change of the rules themselves, and a backlog is judged by what was valid then.

use std::sync::Arc;

use netwarden_model::{Clock, EventKind, EventSeq, NewEvent, Outcome, Payload, Scope, Subject};
use netwarden_rules::Settings;
use netwarden_spine::{EventQuery, Spine, SpineError};
use netwarden_store::{Page, Store, Tx};
use tokio::sync::watch;

use crate::failures::{PAUSE, Trouble};

/// What the log says that holds after the event `at`, or after its last one; None where it never said.
///
/// # Errors
/// Where the log cannot be read.
pub async fn recorded(spine: &Spine, at: Option<EventSeq>) -> Result<Option<Settings>, SpineError> {
    let query = EventQuery { kinds: vec![EventKind::RuleSettingsChanged], ..EventQuery::default() };
    let before = at.map(|at| at.0.saturating_add(1).to_string());
    let page = Page { after: before, ..Page::first(1) };
    let found = spine.list(&query, &Scope::All, &page).await?;
    Ok(found.items.first().and_then(Settings::of))
}

/// Appends an event whenever `settings` are others than the log says, for ever. After a crash between a
/// change and its event, the next start finds the difference.
pub(crate) async fn keep(
    store: Store,
    spine: Spine,
    clock: Arc<dyn Clock>,
    mut settings: watch::Receiver<Settings>,
) {
    let mut trouble = Trouble::default();
    loop {
        let wanted = settings.borrow_and_update().clone();
        match record(&store, &spine, clock.as_ref(), &wanted).await {
            Ok(()) => {
                if trouble.over().is_some() {
                    tracing::info!("where elements quarantine is recorded again");
                }
                if settings.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            Err(error) => {
                if trouble.failed(clock.now()) {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "where elements quarantine cannot be recorded: rules judge by what was recorded before"
                    );
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn record(
    store: &Store,
    spine: &Spine,
    clock: &dyn Clock,
    wanted: &Settings,
) -> Result<(), SpineError> {
    if recorded(spine, None).await?.unwrap_or_default() == *wanted {
        return Ok(());
    }
    let at = clock.now();
    let kind = EventKind::RuleSettingsChanged;
    let event = NewEvent {
        at,
        kind,
        subject: Subject::System("rules".to_owned()),
        ne: None,
        port: None,
        severity: kind.default_severity(),
        outcome: Outcome::Success,
        facts: None,
        payload: Payload::Nac(wanted.payload()),
        cause: None,
    };
    let spine = spine.clone();
    store.write(move |tx: &Tx| Box::pin(async move { spine.append(tx, at, &[event]).await.map(drop) })).await
}

//! Sessions end when nobody uses them (IAM-12), and accounts that nobody uses are switched off or deleted when
//! the account policy, or the account, says so (IAM-06). From stored state alone: whatever was missed is made up
//! for at the next look.

use std::time::Duration;

use netwarden_audit::{Kind, ObjectRef, Outcome, Record};
use netwarden_identity::accounts::set_enabled;
use netwarden_identity::{Operation, UnusedAct};
use netwarden_model::Severity;
use netwarden_store::Tx;

use crate::accounts::forget_user;
use crate::desk::Desk;
use crate::error::OperateError;

/// Between two looks at sessions.
const INTERVAL: Duration = Duration::from_secs(60);
/// Looks at sessions for one at accounts. An account that is overdue lets nobody in meanwhile.
const EVERY: u32 = 10;

/// Looks again and again, until the task ends.
pub async fn keep_accounts(desk: Desk) {
    let mut tick = tokio::time::interval(INTERVAL);
    for looks in (0..EVERY).cycle() {
        tick.tick().await;
        if let Err(error) = desk.identity.end_idle_sessions(desk.clock.now()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "sessions cannot be ended");
        }
        if looks == 0
            && let Err(error) = desk.end_unused_accounts().await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "unused accounts cannot be kept");
        }
    }
}

impl Desk {
    /// Does to accounts that nobody uses what is to become of them; how many there were.
    pub async fn end_unused_accounts(&self) -> Result<usize, OperateError> {
        let now = self.clock.now();
        let mut count = 0;
        for (user, name, _) in self.identity.overdue(now).await? {
            let record = |operation: Operation| Record {
                level: Severity::Warning,
                cause: Some("the account was not used for as long as accounts may be".to_owned()),
                ..Record::new(
                    now,
                    Kind::Security,
                    operation.name(),
                    ObjectRef::new("user", name.as_str()),
                    Outcome::Success,
                )
            };
            let (disabled, deleted) = (record(Operation::UserDisable), record(Operation::UserDelete));
            let (vault, identity) = (std::sync::Arc::clone(&self.vault), self.identity.clone());
            let ended = self
                .store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        // It may have been used, or set otherwise, since it was looked at.
                        let record = match identity.overdue_now(tx, user, now).await? {
                            None | Some(UnusedAct::None) => return Ok(false),
                            Some(UnusedAct::Disable) => {
                                set_enabled(tx, user, false, now).await?;
                                disabled
                            }
                            Some(UnusedAct::Delete) => {
                                forget_user(tx, &vault, user).await?;
                                deleted
                            }
                        };
                        netwarden_audit::record(tx, &record).await?;
                        Ok::<bool, OperateError>(true)
                    })
                })
                .await?;
            count += usize::from(ended);
        }
        Ok(count)
    }
}

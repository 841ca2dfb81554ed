//! Accounts that nobody uses are switched off or deleted when the account policy, or the account, says so
//! (IAM-06). From stored state alone: whatever was missed is made up for at the next look.

use std::time::Duration;

use netwarden_audit::{Kind, ObjectRef, Outcome, Record};
use netwarden_identity::accounts::{delete_user, set_enabled};
use netwarden_identity::{Operation, UnusedAct};
use netwarden_model::Severity;
use netwarden_store::Tx;

use crate::accounts::contact_name;
use crate::desk::Desk;
use crate::error::OperateError;

/// Between two looks. An account that is overdue lets nobody in meanwhile.
const INTERVAL: Duration = Duration::from_secs(600);

/// Looks again and again, until the task ends.
pub async fn keep_accounts(desk: Desk) {
    let mut tick = tokio::time::interval(INTERVAL);
    loop {
        tick.tick().await;
        if let Err(error) = desk.end_unused_accounts().await {
            tracing::error!(error = &error as &dyn std::error::Error, "unused accounts cannot be kept");
        }
    }
}

impl Desk {
    /// Does to accounts that nobody uses what is to become of them; how many there were.
    pub async fn end_unused_accounts(&self) -> Result<usize, OperateError> {
        let now = self.clock.now();
        let overdue = self.identity.overdue(now).await?;
        let count = overdue.len();
        for (user, name, act) in overdue {
            let operation = match act {
                UnusedAct::Disable => Operation::UserDisable,
                UnusedAct::Delete => Operation::UserDelete,
                UnusedAct::None => continue,
            };
            let record = Record {
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
            let vault = std::sync::Arc::clone(&self.vault);
            self.store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        match act {
                            UnusedAct::Delete => {
                                crate::charts::forget_charts(tx, user).await?;
                                delete_user(tx, user).await?;
                                vault.remove_secret(tx, &contact_name(user)).await?;
                            }
                            _ => set_enabled(tx, user, false).await?,
                        }
                        netwarden_audit::record(tx, &record).await?;
                        Ok::<(), OperateError>(())
                    })
                })
                .await?;
        }
        Ok(count)
    }
}

//! Sessions end when nobody uses them (IAM-12), and accounts that nobody uses are switched off or deleted when
//! the account policy, or the account, says so (IAM-06). From stored state alone: whatever was missed is made up
//! for at the next look.

use std::time::Duration;

use netwarden_audit::{Kind, ObjectRef, Outcome, Record};
use netwarden_identity::accounts::set_enabled;
use netwarden_identity::{Operation, UnusedAct};
use netwarden_model::event::PeoplePayload;
use netwarden_model::{EventKind, Severity};
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
        if let Err(error) = desk.keep_listed_devices().await {
            tracing::error!(error = &error as &dyn std::error::Error, "listed devices cannot be kept out");
        }
        if let Err(error) = desk.look_for_shared_accounts().await {
            tracing::error!(error = &error as &dyn std::error::Error, "shared accounts cannot be looked for");
        }
        if looks == 0
            && let Err(error) = desk.end_unused_accounts().await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "unused accounts cannot be kept");
        }
    }
}

impl Desk {
    /// Looks for accounts that two people seem to use; each finding that is news is kept, recorded and told as an
    /// event. How many there were.
    pub async fn look_for_shared_accounts(&self) -> Result<usize, OperateError> {
        let now = self.clock.now();
        let mut count = 0;
        for suspect in self.identity.shared_accounts(now).await? {
            let sharing = &suspect.sharing;
            let record = Record {
                plane: suspect.plane,
                level: Severity::Warning,
                details: Some(sharing.told.clone()),
                ..Record::new(
                    now,
                    Kind::Security,
                    "user.shared",
                    ObjectRef::new("user", suspect.name.as_str()),
                    Outcome::Success,
                )
            };
            let payload = PeoplePayload::SharedAccount {
                user: crate::people::named_in(suspect.plane, &suspect.name),
                because: sharing.told.clone(),
                address: suspect.address,
            };
            let event = crate::events::of_people(EventKind::SharedAccount, payload, now);
            let spine = self.spine.clone();
            let noted = self
                .store
                .write(move |tx: &Tx| {
                    Box::pin(async move {
                        if !netwarden_identity::note_sharing(tx, &suspect, now).await? {
                            return Ok(false);
                        }
                        netwarden_audit::record(tx, &record).await?;
                        spine.append(tx, now, &[event]).await?;
                        Ok::<bool, OperateError>(true)
                    })
                })
                .await?;
            count += usize::from(noted);
        }
        Ok(count)
    }

    /// Does to accounts that nobody uses what is to become of them; how many there were.
    pub async fn end_unused_accounts(&self) -> Result<usize, OperateError> {
        let now = self.clock.now();
        let mut count = 0;
        for (user, plane, name) in self.identity.overdue(now).await? {
            let record = |operation: Operation| Record {
                plane,
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

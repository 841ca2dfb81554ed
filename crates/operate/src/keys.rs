//! New keys (SEC-05), in the background: a new working key holds at once, and what was sealed before is sealed anew step
//! by step. A restart goes on with what is left.

use std::sync::Arc;

use netwarden_audit::{Kind, ObjectRef, Outcome, Record, Redacted};
use netwarden_identity::Operation;
use netwarden_vault::{Place, VaultError};
use serde_json::json;
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::jobs::Progress;
use crate::ports::require_reason;
use crate::said::Said;

/// Values that are sealed anew in one transaction: some milliseconds of the writer.
const AT_ONCE: u32 = 200;

/// Which of the two layers of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLayer {
    /// The root key and its components.
    Root,
    /// The working key that seals secrets.
    Working,
}

impl KeyLayer {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyLayer::Root => "root",
            KeyLayer::Working => "working",
        }
    }
}

impl Desk {
    /// Starts to make new keys: `root` new components and a new root key over the same working keys, `working` a
    /// new working key under which all secrets are sealed anew. Nothing is lost at any moment of a crash. The job's
    /// result has `resealed`, and `unreadable` with what could not be opened before either.
    pub async fn rotate_keys(
        &self,
        caller: &Caller,
        layer: KeyLayer,
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::SystemRotateKeys).await?;
        require_reason(reason)?;
        let mut record = permit.warning(Some(Redacted.into()), Some(Redacted.into()), reason);
        record.object.id = Some(layer.as_str().to_owned());
        let opened = self.open_record(record).await?;
        let (desk, at) = (self.clone(), permit.at);
        let work = move |progress: Arc<Progress>| async move {
            let result = match layer {
                KeyLayer::Root => desk.vault.rotate_root(at).await.map(|()| Resealed::default()),
                KeyLayer::Working => match desk.vault.rotate_working(at).await {
                    Ok(()) => desk.reseal(&progress).await,
                    Err(error) => Err(error),
                },
            };
            let (outcome, details) = match &result {
                Ok(resealed) => (Outcome::Success, (layer == KeyLayer::Working).then(|| resealed.told())),
                Err(error) => (Outcome::Failure, Some(error.to_string())),
            };
            let completed = desk.complete(opened, outcome, details).await;
            let resealed = result.map_err(|error| OperateError::from(error).said())?;
            completed.map_err(|error| error.said())?;
            Ok::<_, Said>(json!({ "resealed": resealed.count, "unreadable": resealed.unreadable }))
        };
        let what = Said::KeysAnew { layer: layer.as_str().to_owned() };
        Ok(self.jobs.start(what, Operation::SystemRotateKeys, owner(caller), permit.at, work))
    }

    /// Goes on with what an earlier run of the server has left under an older key.
    pub async fn finish_resealing(&self) -> Result<(), OperateError> {
        if self.vault.sealed_before().await? == 0 {
            return Ok(());
        }
        let resealed = self.reseal(&Progress::default()).await?;
        if resealed.count == 0 {
            return Ok(());
        }
        let object = ObjectRef { kind: "system".to_owned(), id: Some(KeyLayer::Working.as_str().to_owned()) };
        let record = Record {
            new: Some(Redacted.into()),
            details: Some(resealed.told()),
            ..Record::new(
                self.clock.now(),
                Kind::System,
                Operation::SystemRotateKeys.name(),
                object,
                Outcome::Success,
            )
        };
        self.record(record).await
    }

    async fn reseal(&self, progress: &Progress) -> Result<Resealed, VaultError> {
        progress.set_total(self.vault.sealed_before().await?);
        let (mut place, mut done) = (Some(Place::default()), 0);
        let mut resealed = Resealed::default();
        // Where it is cancelled, the next start of the server goes on; until then older keys open the rest.
        while let Some(from) = place.take_if(|_| !progress.is_cancelled()) {
            let step = self.vault.reseal_some(from, AT_ONCE).await?;
            done += step.done;
            progress.set_done(done);
            resealed.unreadable.extend(step.unreadable);
            place = step.next;
        }
        resealed.is_unfinished = place.is_some();
        resealed.count = done - u64::try_from(resealed.unreadable.len()).unwrap_or(done);
        Ok(resealed)
    }
}

/// What was sealed anew.
#[derive(Debug, Default)]
struct Resealed {
    count: u64,
    /// What could not be opened before either.
    unreadable: Vec<String>,
    /// It was cancelled: the rest waits for the next start.
    is_unfinished: bool,
}

impl Resealed {
    fn told(&self) -> String {
        let rest = if self.is_unfinished { ", and others not yet: it was cancelled" } else { "" };
        let sealed = format!("{} values were sealed anew{rest}", self.count);
        match self.unreadable.as_slice() {
            [] => sealed,
            unreadable => format!("{sealed}; these could not be opened: {}", unreadable.join(", ")),
        }
    }
}

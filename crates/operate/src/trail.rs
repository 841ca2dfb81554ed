//! The trail for its readers: verified as a job, exported as a stream, its public key (AUD).

use std::ops::{ControlFlow, Range};

use netwarden_audit::Value;
use netwarden_identity::Operation;
use tokio::io::DuplexStream;
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::said::Said;

/// Octets of an export that wait for their reader; the export pauses meanwhile.
const WAITING: usize = 256 << 10;

/// An export under way.
#[derive(Debug)]
pub struct Export {
    /// Which records it holds.
    pub range: Range<u64>,
    /// The JSON lines, as they are made.
    pub lines: DuplexStream,
    /// Ends with the export: an error says that what was read is not the whole.
    pub ended: tokio::task::JoinHandle<Result<(), OperateError>>,
}

impl Desk {
    /// Starts a verification of the whole trail: every leaf, every root, every signature. The job's
    /// result is the report.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::AuditVerify).await?;
        let trail = self.trail.clone();
        let work = move |progress: std::sync::Arc<crate::jobs::Progress>| async move {
            let mut told = |done, total| {
                progress.set_total(total);
                progress.set_done(done);
                if progress.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let report = trail.verify(&[], &mut told).await.map_err(|error| error.to_string())?;
            Ok::<_, Said>(serde_json::json!({
                "leaves": report.records,
                "checkpoints": report.checkpoints,
                "erased": report.erased,
                "fault": report.problem.as_ref().map(ToString::to_string),
            }))
        };
        Ok(self.jobs.start(Said::Verification, Operation::AuditVerify, owner(caller), permit.at, work))
    }

    /// The public key with which exports are verified, to be kept where the server cannot change it.
    pub async fn audit_key(&self, caller: &Caller) -> Result<String, OperateError> {
        self.permit_of(caller, Operation::AuditVerify).await?;
        Ok(self.trail.key().to_string())
    }

    /// Starts an export of records, the first to the last of them unless `from` (included) and `until`
    /// (not included) say otherwise. It leaves a record of its own, behind what it exports.
    pub async fn export_audit(
        &self,
        caller: &Caller,
        from: Option<u64>,
        until: Option<u64>,
    ) -> Result<Export, OperateError> {
        let permit = self.permit_of(caller, Operation::AuditExport).await?;
        let size = self.trail.size().await?;
        let range = from.unwrap_or(0)..until.unwrap_or(size);
        if range.start > range.end || range.end > size {
            return Err(OperateError::Invalid(Said::NoSuchRecords {
                last: size.saturating_sub(1),
                start: range.start,
                end: range.end,
            }));
        }
        let words = format!("records {} to {}", range.start, range.end);
        self.record(permit.record(None, Some(Value::text(words)), "")).await?;
        let (lines, mut into) = tokio::io::duplex(WAITING);
        let (trail, wanted, at) = (self.trail.clone(), range.clone(), permit.at);
        let ended = tokio::spawn(async move { Ok(trail.export(wanted, at, &mut into).await?) });
        Ok(Export { range, lines, ended })
    }
}

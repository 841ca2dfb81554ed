//! CSV imports: good rows are taken, bad ones are named by line and reason (NEM-01, NAC-06).

use std::collections::BTreeMap;
use std::sync::Arc;

use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_inventory::edit::EndpointEdit;
use netwarden_inventory::import::{ElementRow, EndpointRow, Imported, Rejected, elements, endpoints};
use netwarden_model::{EndpointStatus, Mac, NeId, PortName, PortRef};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::{ElementWish, owner};
use crate::endpoints::{Act, Readmitted};
use crate::error::OperateError;
use crate::jobs::Progress;
use crate::ports::require_reason;
use crate::said::Said;

/// Rows that are written in one transaction; the writer is not held longer by an import.
const CHUNK: usize = 500;
/// Elements that are tried at the same time.
const AT_ONCE: usize = 32;

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportOutcome {
    /// Rows that were taken.
    pub imported: u64,
    /// Rows that were not, with line and reason, by line.
    pub refused: Vec<String>,
}

impl Desk {
    /// Takes endpoints into the reference list.
    pub async fn import_endpoints(
        &self,
        caller: &Caller,
        csv: &[u8],
        reason: &str,
    ) -> Result<ImportOutcome, OperateError> {
        let permit = self.permit_of(caller, Operation::EndpointImport).await?;
        require_reason(reason)?;
        let Imported { rows, mut rejected } = endpoints(csv);
        let mut good: Vec<(u64, Mac, EndpointEdit)> = Vec::with_capacity(rows.len());
        {
            let network = self.engine.keeper().picture().read();
            for (line, row) in rows {
                let mac = row.mac;
                // Each row is tried by itself, so that a bad one does not take its chunk with it.
                let planned =
                    edit_of(&network, row).and_then(|edit| match network.plan_edit(mac, &edit, permit.at) {
                        Ok(_) => Ok(edit),
                        Err(error) => Err(error.to_string()),
                    });
                match planned {
                    Ok(edit) => good.push((line, mac, edit)),
                    Err(reason) => rejected.push(Rejected { line, reason }),
                }
            }
        }
        let mut outcome = ImportOutcome::default();
        for chunk in good.chunks(CHUNK) {
            let lines = chunk.iter().map(|(line, ..)| *line);
            let (first, last) = (lines.clone().min().unwrap_or(0), lines.max().unwrap_or(0));
            let edits: Vec<(Mac, EndpointEdit)> =
                chunk.iter().map(|(_, mac, edit)| (*mac, edit.clone())).collect();
            let count = u64::try_from(edits.len()).unwrap_or(u64::MAX);
            let macs: Vec<Mac> = edits.iter().map(|(mac, _)| *mac).collect();
            let words = format!("{count} endpoints, lines {first} to {last}: {reason}");
            let mut records = vec![permit.record(None, crate::ports::as_value(&macs), &words)];
            records.extend(self.records_of(&permit, "imported", reason, &macs));
            let readmitted = self.readmitted(&edits);
            let plan = move |network: &netwarden_inventory::Network, now| {
                let edits = edits.iter().map(|(mac, edit)| (*mac, edit));
                network
                    .plan_edits(edits, now)
                    .map_err(|error| netwarden_engine::KeeperError::Refused(error.to_string()))
            };
            match self.edit_and_readmit(Act::of(&permit, reason), records, readmitted, plan).await {
                Ok(_) => outcome.imported += count,
                // The network has changed since the rows were tried.
                Err(netwarden_engine::KeeperError::Refused(reason)) => {
                    rejected.extend(
                        chunk.iter().map(|(line, ..)| Rejected { line: *line, reason: reason.clone() }),
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        outcome.refused = told(rejected);
        Ok(outcome)
    }

    /// Who may connect by these edits and might not before. The port of one who might was moved for another
    /// reason, which a list that comes again does not undo.
    fn readmitted(&self, edits: &[(Mac, EndpointEdit)]) -> Readmitted {
        let network = self.engine.keeper().picture().read();
        let is = |mac: &Mac| network.endpoint(*mac).map(|endpoint| endpoint.status);
        let authorised = Some(EndpointStatus::Authorised);
        let newly = edits.iter().filter(|(mac, edit)| edit.status == authorised && is(mac) != authorised);
        Readmitted { endpoints: newly.map(|(mac, _)| *mac).collect(), whoever_shares: false }
    }

    /// Starts an import of elements; its outcome is the job's result. An element whose credentials are
    /// named is kept even if it does not answer now; for others all sets are tried.
    pub async fn import_elements(
        &self,
        caller: &Caller,
        csv: &[u8],
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::NeImport).await?;
        require_reason(reason)?;
        let Imported { rows, rejected } = elements(csv);
        let what = Said::ImportOf { elements: rows.len() };
        self.record(permit.record(None, None, &format!("{what}: {reason}"))).await?;
        let (desk, caller, reason) = (self.clone(), caller.clone(), reason.to_owned());
        let owner = owner(&caller);
        let start = move |progress| import(desk, caller, rows, rejected, reason, progress);
        Ok(self.jobs.start(what, Operation::NeImport, owner, permit.at, start))
    }

    async fn import_element(
        &self,
        caller: &Caller,
        row: ElementRow,
        reason: &str,
    ) -> Result<NeId, OperateError> {
        let object = Object::of(ObjectKind::Ne);
        let permit = self.permit(caller, Operation::NeImport, &object, Some(row.address.to_string())).await?;
        let sets = self.opened_sets(row.credential.as_deref()).await?;
        // A row without a name bears its address as one, which sysName is better than.
        let name = Some(row.name).filter(|name| *name != row.address.ip().to_string());
        let wish = ElementWish {
            name,
            address: row.address.to_string(),
            unanswered: row.credential.is_some(),
            credential: row.credential,
            class: row.class,
            groups: row.groups,
            region: row.region,
            device_sets: row.device_sets,
            quarantine_vlan: row.quarantine_vlan,
            voice_vlan: row.voice_vlan,
            allow_v2c: false,
        };
        self.put_new_element(&permit, wish, &sets, reason).await
    }
}

async fn import(
    desk: Desk,
    caller: Caller,
    rows: Vec<(u64, ElementRow)>,
    mut rejected: Vec<Rejected>,
    reason: String,
    progress: Arc<Progress>,
) -> Result<serde_json::Value, Said> {
    progress.set_total(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    let mut outcome = ImportOutcome::default();
    let (mut waiting, mut tries, mut done) = (rows.into_iter(), JoinSet::new(), 0);
    loop {
        while tries.len() < AT_ONCE && !progress.is_cancelled() {
            let Some((line, row)) = waiting.next() else { break };
            let (desk, caller, reason) = (desk.clone(), caller.clone(), reason.clone());
            tries.spawn(async move { (line, desk.import_element(&caller, row, &reason).await) });
        }
        let Some(tried) = tries.join_next().await else { break };
        done += 1;
        progress.set_done(done);
        match tried.map_err(|error| error.to_string())? {
            (_, Ok(_)) => outcome.imported += 1,
            (line, Err(error)) => rejected.push(Rejected { line, reason: error.to_string() }),
        }
    }
    rejected
        .extend(waiting.map(|(line, _)| Rejected { line, reason: "the import was cancelled".to_owned() }));
    outcome.refused = told(rejected);
    serde_json::to_value(outcome).map_err(|error| error.to_string().into())
}

pub(crate) fn told(mut rejected: Vec<Rejected>) -> Vec<String> {
    rejected.sort_by_key(|row| row.line);
    rejected.iter().map(ToString::to_string).collect()
}

fn edit_of(network: &netwarden_inventory::Network, row: EndpointRow) -> Result<EndpointEdit, String> {
    let bound_to = match row.bound_to {
        None => None,
        Some((element, port)) => Some(Some(PortRef { ne: named(network, &element)?, port: PortName(port) })),
    };
    Ok(EndpointEdit {
        status: Some(row.status),
        valid_until: (row.status == EndpointStatus::Authorised).then_some(row.valid_until),
        owner: row.owner.map(Some),
        note: row.note.map(Some),
        group: row.group.map(Some),
        bound_to,
        custom1: row.custom1.map(Some),
        custom2: row.custom2.map(Some),
        ..EndpointEdit::default()
    })
}

/// An element by its name or its address; a name that several bear is refused.
pub(crate) fn named(network: &netwarden_inventory::Network, text: &str) -> Result<NeId, String> {
    let mut found: BTreeMap<NeId, ()> = BTreeMap::new();
    for (ne, state) in network.elements() {
        let element = &state.base.element;
        if element.name == text
            || element.address.to_string() == text
            || element.address.ip().to_string() == text
        {
            found.insert(ne, ());
        }
    }
    match (found.len(), found.first_key_value()) {
        (1, Some((ne, ()))) => Ok(*ne),
        (0, _) => Err(format!("there is no network element '{text}'")),
        _ => Err(format!("'{text}' names several network elements")),
    }
}

//! Taking requests: idempotent by key, in the transaction of what caused them. A wish about a port
//! changes its desired state at once; a one-shot waits for its performer.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_model::action::Originator;
use netwarden_model::{Action, ActionRequest, Mac, NeId, PortRef, RequestId, RequestKey, Scope};
use netwarden_store::Tx;

use crate::ActionError;
use crate::desired::{Input, Standing, step};
use crate::sql::{self, DesiredPort, Progressed, RequestState};

/// What became of a request that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// It is new.
    New,
    /// One with the same key was taken before: nothing more is done.
    Repeated,
}

/// Takes a request. A repeated key changes nothing, so that a replayed batch asks for nothing twice.
pub async fn request(tx: &Tx, request: &ActionRequest) -> Result<Requested, ActionError> {
    if !sql::insert_request(tx, request).await? {
        return Ok(Requested::Repeated);
    }
    match &request.action {
        Action::SetPortAccess { port, access, endpoint } => match sql::desired_port(tx, port).await? {
            None => {
                let row = DesiredPort {
                    id: 0,
                    port: port.clone(),
                    request: request.id,
                    access: access.clone(),
                    endpoint: *endpoint,
                    standing: Standing::new(request.at),
                    earlier: None,
                    revision: 0,
                };
                sql::insert_desired(tx, &row).await?;
            }
            Some(mut row) => {
                sql::supersede(tx, request.at, row.request, request.id).await?;
                row.request = request.id;
                row.access = access.clone();
                sql::set_because_of(tx, row.id, *endpoint).await?;
                row.endpoint = *endpoint;
                feed(tx, request.at, row, Input::Wanted).await?;
            }
        },
        Action::ReleasePort { port } => match sql::desired_port(tx, port).await? {
            Some(mut row) => {
                sql::supersede(tx, request.at, row.request, request.id).await?;
                row.request = request.id;
                let row = feed(tx, request.at, row, Input::ReleaseWanted).await?;
                if sql::is_released(&row) {
                    finish(tx, request, "nothing of ours was on the port").await?;
                }
            }
            None => finish(tx, request, "nothing of ours was on the port").await?,
        },
        _ => {}
    }
    Ok(Requested::New)
}

async fn finish(tx: &Tx, request: &ActionRequest, note: &str) -> Result<(), ActionError> {
    let done = Progressed { state: RequestState::Done, note, audit: None, outcome: None };
    sql::set_request(tx, request.at, request.id, done).await
}

/// Lets a state take an input inside a transaction that has just read it.
async fn feed(
    tx: &Tx,
    now: Timestamp,
    mut row: DesiredPort,
    input: Input,
) -> Result<DesiredPort, ActionError> {
    let (standing, _) = step(now, row.standing.clone(), input)?;
    row.standing = standing;
    sql::save_desired(tx, &row).await?;
    Ok(row)
}

/// An element has restarted: everything that is wanted of its ports is looked at again at once.
/// Answers with the number of ports.
pub async fn reassert(tx: &Tx, now: Timestamp, ne: NeId) -> Result<usize, ActionError> {
    feed_element(tx, now, ne, &Input::Rebooted).await
}

/// Enforcement was switched on for an element: what was only observed, held or refused so far is
/// judged again. Answers with the number of ports.
pub async fn reconsider(tx: &Tx, now: Timestamp, ne: NeId) -> Result<usize, ActionError> {
    feed_element(tx, now, ne, &Input::Reconsider).await
}

async fn feed_element(tx: &Tx, now: Timestamp, ne: NeId, input: &Input) -> Result<usize, ActionError> {
    let mut fed = 0;
    for row in sql::desired_of(tx, ne).await? {
        if sql::is_released(&row) {
            continue;
        }
        feed(tx, now, row, input.clone()).await?;
        fed += 1;
    }
    Ok(fed)
}

/// The one switch that stops all enforcement (releases go on), or lifts the stop: then what is held
/// is judged again.
pub async fn set_global_stop(tx: &Tx, now: Timestamp, by: &str, stop: bool) -> Result<(), ActionError> {
    sql::write_stop(tx, now, by, stop).await?;
    if !stop {
        for row in sql::desired_unreleased(tx).await? {
            if row.standing.progress == netwarden_model::access::Progress::Held {
                feed(tx, now, row, Input::Reconsider).await?;
            }
        }
    }
    Ok(())
}

/// Asks for the release of every port on which something of ours may stand, and takes back wishes
/// that were not carried out yet. `new_id` draws the requests' ids.
pub async fn release_all(
    tx: &Tx,
    now: Timestamp,
    originator: &Originator,
    mut new_id: impl FnMut() -> RequestId + Send,
) -> Result<Vec<PortRef>, ActionError> {
    let mut ports = Vec::new();
    for row in sql::desired_unreleased(tx).await? {
        let id = new_id();
        let release = ActionRequest {
            id,
            key: RequestKey(format!("release-all:{id}")),
            at: now,
            originator: originator.clone(),
            depth: 0,
            action: Action::ReleasePort { port: row.port.clone() },
        };
        request(tx, &release).await?;
        ports.push(row.port);
    }
    Ok(ports)
}

/// Endpoints that may connect from now on, and who or what wanted that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readmission {
    /// When.
    pub at: Timestamp,
    /// Who or what.
    pub originator: Originator,
    /// As in [`ActionRequest::depth`].
    pub depth: u8,
    /// What makes it unique; each release adds its port to it.
    pub key: RequestKey,
    /// Who may connect.
    pub endpoints: BTreeSet<Mac>,
    /// Where ports come back; whoever lets them in may do so there.
    pub scope: Scope,
    /// Only what was taken since then comes back; None for all.
    pub since: Option<Timestamp>,
}

/// Asks for the release of the ports that are held because of endpoints that may connect from now on, in
/// the transaction that lets them. `stands_against` names somebody else on a port who still may not
/// connect: then the port stays as it is, because of them from now on. Answers with the new requests, each
/// with the endpoint because of which the port was held.
pub async fn readmit(
    tx: &Tx,
    readmission: &Readmission,
    stands_against: impl Fn(&PortRef) -> Option<Mac> + Send,
    mut new_id: impl FnMut() -> RequestId + Send,
) -> Result<Vec<(Mac, ActionRequest)>, ActionError> {
    let mut asked = Vec::new();
    for row in sql::desired_because_of(tx, &readmission.endpoints).await? {
        let Some(mac) = row.endpoint.filter(|_| readmission.scope.contains(Some(row.port.ne))) else {
            continue;
        };
        if readmission.since.is_some_and(|since| row.standing.since < since) {
            continue;
        }
        if let Some(other) = stands_against(&row.port) {
            sql::set_because_of(tx, row.id, Some(other)).await?;
            continue;
        }
        let release = ActionRequest {
            id: new_id(),
            key: RequestKey(format!("{}:{}/{}", readmission.key.0, row.port.ne, row.port.port)),
            at: readmission.at,
            originator: readmission.originator.clone(),
            depth: readmission.depth,
            action: Action::ReleasePort { port: row.port },
        };
        if request(tx, &release).await? == Requested::New {
            asked.push((mac, release));
        }
    }
    Ok(asked)
}

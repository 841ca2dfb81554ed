//! Reactions that change an endpoint: through the keeper, like every change of the inventory.

use std::collections::BTreeSet;

use netwarden_actions::{
    ActionError, EndpointChange, Endpoints, Finish, Readmission, TxFuture, Wake, readmit,
};
use netwarden_audit::{Kind, ObjectRef, Outcome, Record, Value};
use netwarden_inventory::Network;
use netwarden_inventory::edit::EndpointEdit;
use netwarden_model::action::Originator;
use netwarden_model::{ActionRequest, EndpointStatus, Mac, PortRef, RequestId, RequestKey};
use netwarden_store::Tx;

use crate::keeper::{KeeperError, KeeperHandle, Picture};

/// Changes endpoints for the performer of reactions.
#[derive(Debug)]
pub struct KeptEndpoints {
    /// Through whom they are changed.
    pub keeper: KeeperHandle,
    /// Who carries out the releases that follow.
    pub enforcer: Wake,
}

impl Endpoints for KeptEndpoints {
    fn change<'a>(
        &'a self,
        request: &'a ActionRequest,
        endpoint: Mac,
        change: EndpointChange,
        finish: Finish,
    ) -> TxFuture<'a, Result<(), ActionError>> {
        let (edit, finish) = match change {
            EndpointChange::Status(status) => {
                let edit = EndpointEdit { status: Some(status), ..EndpointEdit::default() };
                let releases = status == EndpointStatus::Authorised;
                (edit, if releases { self.and_release(request.clone(), endpoint, finish) } else { finish })
            }
            EndpointChange::Group(group) => {
                (EndpointEdit { group: Some(Some(group)), ..EndpointEdit::default() }, finish)
            }
        };
        Box::pin(async move {
            let plan = move |network: &Network, now| {
                network
                    .plan_edit(endpoint, &edit, now)
                    .map_err(|error| KeeperError::Refused(error.to_string()))
            };
            self.keeper.react(plan, finish).await.map_err(|error| match error {
                KeeperError::Action(error) => error,
                error => ActionError::Facts(error.to_string()),
            })
        })
    }
}

impl KeptEndpoints {
    /// An authorisation by a rule gives back what was taken because of the endpoint, as one by a person
    /// does, in the transaction of the change.
    fn and_release(&self, request: ActionRequest, endpoint: Mac, finish: Finish) -> Finish {
        let (picture, enforcer) = (self.keeper.picture().clone(), self.enforcer.clone());
        Box::new(move |tx, done| {
            Box::pin(async move {
                let is_changed = done.is_ok();
                finish(tx, done).await?;
                if is_changed && release(tx, &picture, &request, endpoint).await? > 0 {
                    tx.after_commit(move || enforcer.now());
                }
                Ok(())
            })
        })
    }
}

async fn release(
    tx: &Tx,
    picture: &Picture,
    request: &ActionRequest,
    endpoint: Mac,
) -> Result<usize, ActionError> {
    // The picture is as it was before the change, which is not committed yet. Who was authorised already
    // was moved for another reason than its status.
    let was = picture.read().endpoint(endpoint).map(|endpoint| endpoint.status);
    if was == Some(EndpointStatus::Authorised) {
        return Ok(0);
    }
    let readmission = Readmission {
        at: request.at,
        originator: request.originator.clone(),
        depth: request.depth,
        key: RequestKey(format!("{}:release", request.key.0)),
        endpoints: BTreeSet::from([endpoint]),
        scope: netwarden_model::Scope::All,
        since: None,
    };
    let stands_against = |port: &PortRef| picture.read().not_authorised_on(port, &readmission.endpoints);
    let asked = readmit(tx, &readmission, stands_against, || RequestId(uuid::Uuid::now_v7())).await?;
    for (endpoint, release) in &asked {
        netwarden_audit::record(tx, &record_of(*endpoint, release)).await?;
    }
    Ok(asked.len())
}

/// The record of a release that follows from an authorisation.
pub(crate) fn record_of(endpoint: Mac, release: &ActionRequest) -> Record {
    let object = match netwarden_actions::port_of(&release.action) {
        Some(port) => ObjectRef::new("port", format!("{}/{}", port.ne, port.port)),
        None => ObjectRef::any("port"),
    };
    let mut record = Record::new(release.at, Kind::System, "rule.release_port", object, Outcome::Success);
    record.request = Some(release.id.to_string());
    record.new = serde_json::to_string(&release.action).ok().map(Value::text);
    record.details = Some(format!("it was held because of {endpoint}, which is authorised now"));
    if let Originator::Rule { rule, revision, name, event } = &release.originator {
        record.cause = Some(format!("rule {rule} '{name}' revision {revision} on event {event}"));
    }
    record
}

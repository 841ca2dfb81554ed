//! Reactions that change an endpoint: through the keeper, like every change of the inventory.

use netwarden_actions::{ActionError, EndpointChange, Endpoints, Finish, TxFuture};
use netwarden_inventory::edit::EndpointEdit;
use netwarden_model::Mac;

use crate::keeper::{KeeperError, KeeperHandle};

/// Changes endpoints for the performer of reactions.
#[derive(Debug)]
pub struct KeptEndpoints(pub KeeperHandle);

impl Endpoints for KeptEndpoints {
    fn change<'a>(
        &'a self,
        endpoint: Mac,
        change: EndpointChange,
        finish: Finish,
    ) -> TxFuture<'a, Result<(), ActionError>> {
        let edit = match change {
            EndpointChange::Status(status) => {
                EndpointEdit { status: Some(status), ..EndpointEdit::default() }
            }
            EndpointChange::Group(group) => {
                EndpointEdit { group: Some(Some(group)), ..EndpointEdit::default() }
            }
        };
        Box::pin(async move {
            let plan = move |network: &netwarden_inventory::Network, now| {
                network
                    .plan_edit(endpoint, &edit, now)
                    .map_err(|error| KeeperError::Refused(error.to_string()))
            };
            self.0.react(plan, finish).await.map_err(|error| match error {
                KeeperError::Action(error) => error,
                error => ActionError::Facts(error.to_string()),
            })
        })
    }
}

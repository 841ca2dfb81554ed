//! `release --all` while the server is down: from the stored earlier values alone.

use std::sync::Arc;

use netwarden_model::action::Originator;
use netwarden_model::{Clock, EndpointFacts, Mac, NeId, PortRef, RequestId};
use netwarden_spine::Spine;
use netwarden_store::Store;

use crate::enforce::{Directory, Enforcer, Pace};
use crate::guard::{ElementFacts, PortFacts, Settings};
use crate::request::release_all;
use crate::switch::Sessions;
use crate::{ActionError, sql};

/// What came of releasing everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Released {
    /// Ports that were read back as they were before our first change, or that we never changed.
    pub released: Vec<PortRef>,
    /// Ports that are not released yet, with the reason; the server goes on with them when it runs.
    pub failed: Vec<(PortRef, String)>,
}

/// Knows nothing: a release needs nothing but the stored earlier values.
#[derive(Debug)]
struct Nothing;

impl Directory for Nothing {
    async fn settings(&self) -> Result<Settings, ActionError> {
        Ok(Settings { global_stop: true, ..Settings::default() })
    }

    async fn element(&self, _: NeId) -> Result<Option<ElementFacts>, ActionError> {
        Ok(None)
    }

    async fn port(&self, _: &PortRef) -> Result<Option<PortFacts>, ActionError> {
        Ok(None)
    }

    async fn endpoint(&self, _: Mac) -> Result<Option<EndpointFacts>, ActionError> {
        Ok(None)
    }
}

/// Releases every port, one element after the other, without inventory, rules or a running server.
/// Every release is a request with `originator` behind it, audited and told like any other.
/// `new_id` draws the requests' ids.
pub async fn release_all_offline<S: Sessions>(
    store: &Store,
    sessions: S,
    clock: Arc<dyn Clock>,
    originator: Originator,
    new_id: impl FnMut() -> RequestId + Send + Clone + Sync + 'static,
) -> Result<Released, ActionError> {
    let now = clock.now();
    let ports = store
        .write_essential(move |tx| {
            let (originator, new_id) = (originator.clone(), new_id.clone());
            Box::pin(async move { release_all(tx, now, &originator, new_id).await })
        })
        .await?;
    let spine = Spine::open(store.clone()).await?;
    let enforcer = Enforcer::new(store.clone(), spine, sessions, Nothing, clock, Pace::default());
    let failed = enforcer.drain_releases().await?;
    let mut released = Vec::new();
    for port in ports {
        let row = sql::desired_port(store.read(), &port).await?;
        if row.is_some_and(|row| sql::is_released(&row)) {
            released.push(port);
        }
    }
    Ok(Released { released, failed })
}

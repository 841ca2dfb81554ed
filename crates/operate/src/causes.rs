//! What caused an event or a record of the trail, and what an event has caused in turn.

use netwarden_actions::{ActionError, Chain};
use netwarden_audit::ListedRecord;
use netwarden_identity::Operation;
use netwarden_inventory::sql::{Where, sightings_at};
use netwarden_model::{EventSeq, RequestId, Subject};
use netwarden_store::{Condition, ListQuery, Page};
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::lists::ListWish;
use crate::said::Thing;
use crate::why::{Link, Stage, Target, ordered, port_of, sighting_link};

/// Requests of one event that are told of.
const EFFECTS: u64 = 20;

/// An event's place between cause and effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Causes {
    /// What led to it, newest first.
    pub before: Vec<Link>,
    /// What it led to, newest first.
    pub after: Vec<Link>,
}

impl Desk {
    /// What caused an event, and what it has caused.
    pub async fn why_event(&self, caller: &Caller, seq: EventSeq) -> Result<Causes, OperateError> {
        let event = self.event(caller, seq).await?;
        let mut before = match &event.cause {
            Some(cause) => self.links_of_request(caller, cause.request).await?,
            None => Vec::new(),
        };
        if let (None, Subject::Mac(mac)) = (&event.cause, &event.subject) {
            let seen = sightings_at(
                self.store.read(),
                &caller.scope(Operation::EndpointExplain),
                &Where::Mac(*mac),
                event.at,
            )
            .await?;
            before.extend(seen.iter().map(sighting_link));
        }
        let query =
            ListQuery::new(&netwarden_actions::sql::REQUESTS, &caller.scope(Operation::EndpointExplain))
                .filter("event", Condition::Eq(seq.0.into()))?
                .page(Page::first(EFFECTS));
        let mut chains = Vec::new();
        for request in netwarden_actions::list_requests(self.store.read(), &query).await?.items {
            let attempts = netwarden_actions::attempts_of(self.store.read(), request.request.id).await?;
            chains.push(Chain { request, attempts });
        }
        let mut after = self.links(caller, &chains, None).await?;
        // The event itself and what came before it stand on its page already.
        after.retain(|link| link.target != Some(Target::Event(seq)) && link.stage != Stage::Sighting);
        before.retain(|link| link.target != Some(Target::Event(seq)));
        Ok(Causes { before: ordered(before), after: ordered(after) })
    }

    /// A record of the trail with the chain of cause that its request stands in.
    pub async fn why_record(
        &self,
        caller: &Caller,
        index: u64,
    ) -> Result<(ListedRecord, Vec<Link>), OperateError> {
        let filters = vec![("index".to_owned(), index.to_string())];
        let found = self.list_audit(caller, ListWish { filters, ..ListWish::default() }).await?;
        let found = found.items.into_iter().next();
        let found = found.ok_or_else(|| OperateError::not_found(Thing::AuditRecord, index))?;
        let request = found.record.request.as_deref().and_then(|id| id.parse::<Uuid>().ok());
        let mut links = match request {
            Some(id) => self.links_of_request(caller, RequestId(id)).await?,
            None => Vec::new(),
        };
        links.retain(|link| link.target != Some(Target::Record(index)));
        Ok((found, ordered(links)))
    }

    /// Nothing where the request is forgotten, or is about what is outside the caller's scope.
    async fn links_of_request(&self, caller: &Caller, id: RequestId) -> Result<Vec<Link>, OperateError> {
        let request = match netwarden_actions::request_by_id(self.store.read(), id).await {
            Ok(request) => request,
            Err(ActionError::NoSuchRequest(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        if !caller
            .scope(Operation::EndpointExplain)
            .contains(port_of(&request.request.action).map(|port| port.ne))
        {
            return Ok(Vec::new());
        }
        let attempts = netwarden_actions::attempts_of(self.store.read(), id).await?;
        self.links(caller, &[Chain { request, attempts }], None).await
    }
}

//! The list of events: filtered, searched, the newest or the oldest first.
//!
//! A log of ten million events is not read through for a text. What people write is the name of something that
//! events are about: an endpoint (by address, name or user), a network element, or a kind of event. So the text
//! is looked up there, and the events of what it fits are read from the log's own indexes: as many short reads
//! as it fits things, which [`MOST_FITTING`] bounds, whatever the length of the log.

use jiff::Timestamp;
use netwarden_identity::{Circumstances, Object, Operation, decide};
use netwarden_inventory::sql::{self, ENDPOINTS};
use netwarden_model::event::{Outcome, PeoplePayload};
use netwarden_model::{Event, EventKind, Mac, NewEvent, Payload, Scope, Subject};
use netwarden_spine::About;
use netwarden_store::{ListQuery, Listed, Page};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::lists::{ListWish, event_query, page};
use crate::said::Said;

/// An event about a user of this system.
pub(crate) fn of_people(kind: EventKind, payload: PeoplePayload, at: Timestamp) -> NewEvent {
    NewEvent {
        at,
        kind,
        subject: Subject::System(format!("user {}", payload.user())),
        ne: None,
        port: None,
        severity: kind.default_severity(),
        outcome: Outcome::Failure,
        facts: None,
        payload: Payload::People(payload),
        cause: None,
    }
}

/// Endpoints, and as many network elements, that a text may fit.
const MOST_FITTING: usize = 32;

/// True where it tells of a user: only those see it who may see who logs in.
pub(crate) const fn is_of_people(event: &Event) -> bool {
    matches!(event.event.payload, Payload::People(_))
}

impl Desk {
    /// True where the caller may see events about users.
    pub(crate) fn may_see_people(&self, caller: &Caller) -> bool {
        let circumstances = Circumstances { at: self.clock.now(), address: caller.address };
        let object = Object::of(Operation::SessionHistory.object());
        decide(&caller.subject, Operation::SessionHistory, &object, &circumstances).allowed
    }

    /// Events, newest first unless sorted by `at`: filters `kind` (several by commas), `mac`, `ne`, `severity` (at
    /// least so), `from`, `until`. A text is found in the kind, and in what names the endpoint or the network
    /// element that they are about.
    pub async fn list_events(&self, caller: &Caller, wish: ListWish) -> Result<Listed<Event>, OperateError> {
        let wish = self.paged(wish);
        let page = page(&wish)?;
        let mut query = event_query(wish.filters)?;
        query.oldest_first = match wish.sort.as_deref() {
            None | Some("-at") => false,
            Some("at") => true,
            Some(_) => return Err(OperateError::Invalid(Said::EventsByTime)),
        };
        if let Some(text) = wish.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            self.permit_of(caller, Operation::EventRead).await?;
            query.about = Some(self.named_by(text, &caller.scope(Operation::EventRead)).await?);
        }
        self.events(caller, &query, &page).await
    }

    /// What of the network, and which kinds of events, the text names.
    async fn named_by(&self, text: &str, scope: &Scope) -> Result<Vec<About>, OperateError> {
        let too_many = || OperateError::Invalid(Said::TextFitsMany { most: MOST_FITTING });
        let mut about: Vec<About> = kinds_named(text).map(About::Kind).collect();
        {
            let network = self.engine.keeper().picture().read();
            let wanted = text.to_lowercase();
            let fits = |name: &str| name.to_lowercase().contains(&wanted);
            let elements = network.elements().filter(|(ne, element)| {
                let address = element.base.element.address.ip().to_string();
                scope.contains(Some(*ne)) && (fits(&element.base.element.name) || address == text)
            });
            let elements: Vec<About> = elements.take(MOST_FITTING + 1).map(|(ne, _)| About::Ne(ne)).collect();
            if elements.len() > MOST_FITTING {
                return Err(too_many());
            }
            about.extend(elements);
        }
        // Also of one that the inventory does not know any more.
        if let Ok(mac) = text.parse::<Mac>() {
            about.push(About::Subject(Subject::Mac(mac)));
            return Ok(about);
        }
        let limit = u64::try_from(MOST_FITTING + 1).unwrap_or(u64::MAX);
        let query = ListQuery::new(&ENDPOINTS, scope).search(&["text"], text)?.page(Page::first(limit));
        let endpoints = sql::list_endpoints(self.store.read(), &query).await?.items;
        if endpoints.len() > MOST_FITTING {
            return Err(too_many());
        }
        about.extend(endpoints.into_iter().map(|row| About::Subject(Subject::Mac(row.mac()))));
        Ok(about)
    }
}

/// Kinds whose word holds the text, as `mac spoof` and `spoofing` are in `mac_spoofing`.
fn kinds_named(text: &str) -> impl Iterator<Item = EventKind> {
    let text = text.to_lowercase().replace([' ', '-'], "_");
    EventKind::ALL.into_iter().filter(move |kind| kind.as_str().contains(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_by_a_part_of_their_word() {
        let named = |text: &str| kinds_named(text).map(|kind| kind.as_str()).collect::<Vec<_>>();
        assert_eq!(named("spoof"), ["mac_spoofing", "arp_spoofing"]);
        assert_eq!(named("MAC spoof"), ["mac_spoofing"]);
        assert!(named("printer").is_empty());
    }
}

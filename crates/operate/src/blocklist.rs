//! The blocklist (SEC-10): who is denied what, until when and why, although their rights or their address would let them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use netwarden_identity::blocklist::Comer;
use netwarden_identity::{
    BLOCKLIST, Blocklist, ListedEntry, ListedKind, NewEntry, NoResource, Object, ObjectKind, Operation,
    Resource, Subject, blocklists,
};
use netwarden_inventory::edit::EndpointEdit;
use netwarden_model::{EndpointStatus, Plane};
use netwarden_store::{Condition, ListQuery, Tx};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::listed_devices::LISTING;
use crate::lists::{Counted, Filters, ListWish, Reads, filled};
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing};

const FILTERS: Filters = &[("kind", Reads::Text), ("who", Reads::Part)];

/// An entry that is wished for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockWish {
    /// `user`, `address`, `tenant`, `source` or `device`.
    pub kind: String,
    /// Who: a user (`tenant/` before the name of one of a tenant), an address, range or network, a tenant, or a MAC
    /// address.
    pub who: String,
    /// What is denied: `everything`, objects of operations, operations. Of sources and devices nothing is said.
    pub denies: BTreeSet<String>,
    /// It holds until then; None for until somebody takes it away.
    pub ends: Option<Timestamp>,
}

impl Desk {
    /// Entries of the blocklist, ended ones too; filters `kind`, `who`.
    pub async fn blocklist(
        &self,
        caller: &Caller,
        wish: ListWish,
    ) -> Result<Counted<ListedEntry>, OperateError> {
        self.permit_of(caller, Operation::BlocklistRead).await?;
        let all = ListQuery::unscoped(&BLOCKLIST);
        let query = filled(all, FILTERS, &["who", "denies", "reason"], self.paged(wish))?;
        let listed = self.identity.list_blocklist(&query).await?;
        Ok(Counted { count: query.count(self.store.read()).await?, items: listed.items, next: listed.next })
    }

    /// One entry.
    pub async fn blocklist_entry(&self, caller: &Caller, id: i64) -> Result<ListedEntry, OperateError> {
        self.permit_of(caller, Operation::BlocklistRead).await?;
        self.entry(id).await
    }

    /// Puts somebody on the blocklist; it holds from their next request on. Nobody shuts themselves out, and `admin` is
    /// never on it.
    pub async fn block_listed(
        &self,
        caller: &Caller,
        wish: BlockWish,
        reason: &str,
    ) -> Result<ListedEntry, OperateError> {
        let permit = self.permit_entry(caller, Operation::BlocklistAdd, &wish.who).await?;
        require_reason(reason)?;
        let unknown = || Said::NoListedKind { given: wish.kind.chars().take(32).collect() };
        let kind = ListedKind::of_word(&wish.kind).ok_or_else(|| OperateError::Invalid(unknown()))?;
        let denies = wish.denies.iter().map(|word| word.trim().parse()).collect::<Result<_, NoResource>>();
        let denies: BTreeSet<Resource> = denies.map_err(netwarden_identity::IdentityError::from)?;
        if kind == ListedKind::Device {
            self.can_be_refused(&wish.who, permit.at)?;
        }
        let new = NewEntry { kind, who: wish.who, denies, ends: wish.ends, reason: reason.trim().to_owned() };
        let told = serde_json::json!({
            "kind": wish.kind, "who": new.who, "denies": wish.denies, "ends": wish.ends,
        });
        let record = permit.warning(None, as_value(&told), reason);
        let (by, at, own) = (permit.user().to_owned(), permit.at, caller.clone());
        let _one_at_a_time = LISTING.lock().await;
        let id = self
            .store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let (id, entry) = blocklists::create(tx, &new, &by, at).await?;
                    if keeps_out(&own, Blocklist::of(vec![entry]), at) {
                        return Err(OperateError::Invalid(Said::BlocksOneself));
                    }
                    netwarden_audit::record(tx, &record).await?;
                    Ok(id)
                })
            })
            .await?;
        // What hears notifications asks for what was read last.
        self.identity.blocklist().await?;
        if kind == ListedKind::Device {
            self.keep_all_devices(None).await?;
        }
        self.entry(id).await
    }

    /// Takes an entry off the blocklist.
    pub async fn unblock_listed(&self, caller: &Caller, id: i64, reason: &str) -> Result<(), OperateError> {
        let permit = self.permit_entry(caller, Operation::BlocklistRemove, &id.to_string()).await?;
        require_reason(reason)?;
        let entry = self.entry(id).await?;
        let _one_at_a_time = LISTING.lock().await;
        if entry.kind == ListedKind::Device.as_str() {
            // Where this is all that is done, the entry holds again at the next look.
            self.keep_all_devices(Some(id)).await?;
            // Nobody else knows what was said of it.
            let devices = self.identity.listed_devices().await?;
            if devices.iter().any(|device| device.id == id && device.was.is_some()) {
                return Err(OperateError::Failed(
                    "what was said of the device could not be said again; the entry stays".to_owned(),
                ));
            }
        }
        let record = permit.warning(as_value(&entry), None, reason);
        self.store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    blocklists::delete(tx, id).await?;
                    netwarden_audit::record(tx, &record).await?;
                    Ok::<(), OperateError>(())
                })
            })
            .await?;
        self.identity.blocklist().await?;
        Ok(())
    }

    /// The entry of the blocklist by which nobody comes in from there; the trail has it, once a minute.
    pub async fn shut_out(&self, plane: Plane, from: IpAddr) -> Result<Option<i64>, OperateError> {
        let Some(entry) = self.identity.shut_out(plane, from, self.clock.now()) else { return Ok(None) };
        self.refuse_unidentified(plane, &from.to_string(), &format!("entry {entry} of the blocklist"))
            .await?;
        Ok(Some(entry))
    }

    /// Refuses a device that cannot be kept out: an element's own address is no endpoint's.
    fn can_be_refused(&self, who: &str, now: Timestamp) -> Result<(), OperateError> {
        let Ok(mac) = who.trim().parse() else { return Ok(()) };
        let edit = EndpointEdit { status: Some(EndpointStatus::Unauthorised), ..EndpointEdit::default() };
        let planned = self.engine.keeper().picture().read().plan_edit(mac, &edit, now);
        planned.map(drop).map_err(|error| OperateError::Invalid(error.to_string().into()))
    }

    async fn permit_entry(
        &self,
        caller: &Caller,
        operation: Operation,
        named: &str,
    ) -> Result<Permit, OperateError> {
        let named = named.trim().chars().take(64).collect();
        self.permit(caller, operation, &Object::of(ObjectKind::Blocklist), Some(named)).await
    }

    async fn entry(&self, id: i64) -> Result<ListedEntry, OperateError> {
        let query = ListQuery::unscoped(&BLOCKLIST).filter("id", Condition::Eq(id.into()))?;
        let mut listed = self.identity.list_blocklist(&query).await?;
        listed.items.pop().ok_or_else(|| OperateError::not_found(Thing::BlocklistEntry, id))
    }
}

/// True where these entries keep the caller from taking them away again.
fn keeps_out(caller: &Caller, entries: Blocklist, now: Timestamp) -> bool {
    let Subject::User(user) = &caller.subject else { return false };
    let comer = Comer {
        plane: user.plane(),
        name: Some(&user.name),
        tenant: user.tenant.as_ref(),
        address: caller.address,
    };
    // Taking it away asks for a proof of the second factor.
    let denied = entries.denied(comer, now);
    [Operation::BlocklistRemove, Operation::SessionProve]
        .into_iter()
        .any(|operation| denied.operation(operation).is_some())
}

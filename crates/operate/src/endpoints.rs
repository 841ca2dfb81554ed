//! Endpoints: the reference list by hand (NAC-06, NAC-12).

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_actions::Readmission;
use netwarden_audit::{ObjectRef, Record, Value};
use netwarden_engine::KeeperError;
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_inventory::baseline::{BaselineEntry, BaselineFilter};
use netwarden_inventory::edit::EndpointEdit;
use netwarden_inventory::{Changes, Network, Posture};
use netwarden_model::access::PortAccess;
use netwarden_model::action::Originator;
use netwarden_model::{EndpointStatus, Mac, NeId, PortRef, RequestId, RequestKey, Scope, VlanId};

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::ports::{as_value, require_reason};
use crate::said::{Said, Thing, Word};
use crate::version::{Version, met, not_edited};

/// What an authorisation says beside yes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorisation {
    /// Until then; for ever where None.
    pub until: Option<Timestamp>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// A note.
    pub note: Option<String>,
    /// Its group from now on.
    pub group: Option<String>,
    /// Release its port where we had cut it off.
    pub release: bool,
}

/// Endpoints that may connect from now on: what was taken because of them comes back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readmitted {
    /// Who they are.
    pub(crate) endpoints: BTreeSet<Mac>,
    /// Whoever else is on their ports; otherwise a port stays as it is while somebody is on it who may not
    /// connect.
    pub(crate) whoever_shares: bool,
}

/// Who changes endpoints, when, and how far what follows from it goes.
#[derive(Debug)]
pub(crate) struct Act {
    at: Timestamp,
    user: String,
    originator: Originator,
    scope: Scope,
    /// Only what was taken since then comes back.
    since: Option<Timestamp>,
    /// Of what follows from it, as far as that is the same for all.
    record: Record,
}

impl Act {
    /// Somebody who may.
    pub(crate) fn of(permit: &Permit, reason: &str) -> Self {
        let user = permit.user().to_owned();
        Self {
            at: permit.at,
            originator: Originator::Person { user: user.clone(), reason: reason.to_owned() },
            user,
            scope: permit.caller.scope(permit.operation),
            since: None,
            record: permit.record(None, None, reason),
        }
    }

    /// The system itself, everywhere.
    pub(crate) fn of_system(record: Record, reason: &str, since: Timestamp) -> Self {
        let originator = Originator::System { reason: reason.to_owned() };
        Self { at: record.at, user: String::new(), originator, scope: Scope::All, since: Some(since), record }
    }
}

/// An endpoint that the baseline step would authorise, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The group in which it is.
    pub group: Option<String>,
    /// Name of the element where it is.
    pub ne: Option<String>,
    /// Itself.
    pub entry: BaselineEntry,
}

impl Desk {
    /// Puts an endpoint on the reference list, and releases the port that was cut off because of it.
    pub async fn authorise(
        &self,
        caller: &Caller,
        mac: Mac,
        wish: Authorisation,
        reason: &str,
    ) -> Result<Option<RequestId>, OperateError> {
        let edit = EndpointEdit {
            status: Some(EndpointStatus::Authorised),
            valid_until: Some(wish.until),
            owner: wish.owner.map(Some),
            note: wish.note.map(Some),
            group: wish.group.map(Some),
            ..EndpointEdit::default()
        };
        let permit = self.permit_endpoint(caller, Operation::EndpointAuthorise, mac).await?;
        // Who authorises this one has seen its port; whoever else is there, it comes back.
        let endpoints = if wish.release { BTreeSet::from([mac]) } else { BTreeSet::new() };
        let readmitted = Readmitted { endpoints, whoever_shares: true };
        let asked = self.put_edit(permit, mac, edit, reason, None, readmitted).await?;
        Ok(asked.into_iter().next())
    }

    /// Refuses an endpoint; rules on `unauthorised` act on it at once where it is online.
    pub async fn block(&self, caller: &Caller, mac: Mac, reason: &str) -> Result<(), OperateError> {
        let edit = EndpointEdit { status: Some(EndpointStatus::Unauthorised), ..EndpointEdit::default() };
        self.edit_endpoint(caller, Operation::EndpointBlock, mac, edit, reason, None).await
    }

    /// Takes an endpoint off the reference list: it is judged as if nobody had ever said anything of it.
    /// Its history stays.
    pub async fn forget_endpoint(
        &self,
        caller: &Caller,
        mac: Mac,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let edit = EndpointEdit {
            status: Some(EndpointStatus::New),
            valid_until: Some(None),
            owner: Some(None),
            note: Some(None),
            group: Some(None),
            bound_to: Some(None),
            custom1: Some(None),
            custom2: Some(None),
            offline_after: Some(None),
            ..EndpointEdit::default()
        };
        let known = self.engine.keeper().picture().read().endpoint(mac).is_some();
        let permit = self.permit_endpoint(caller, Operation::EndpointDelete, mac).await?;
        if !known {
            return Err(crate::lists::no_endpoint(mac));
        }
        self.put_edit(permit, mac, edit, reason, expected, Readmitted::default()).await.map(drop)
    }

    /// Changes an endpoint's properties; with `expected` only where it still is that version.
    pub async fn edit_endpoint(
        &self,
        caller: &Caller,
        operation: Operation,
        mac: Mac,
        edit: EndpointEdit,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let permit = self.permit_endpoint(caller, operation, mac).await?;
        self.put_edit(permit, mac, edit, reason, expected, Readmitted::default()).await.map(drop)
    }

    async fn put_edit(
        &self,
        permit: Permit,
        mac: Mac,
        edit: EndpointEdit,
        reason: &str,
        expected: Option<Version>,
        readmitted: Readmitted,
    ) -> Result<Vec<RequestId>, OperateError> {
        require_reason(reason)?;
        check(&edit)?;
        let (said, at) = (edit.status, permit.at);
        let old = self.engine.keeper().picture().read().facts(mac);
        let record = permit.record(old.as_ref().and_then(as_value), as_value(&edit), reason);
        let what = move || Said::called(Thing::Endpoint, mac);
        let plan = move |network: &Network, now| {
            let present = network.endpoint(mac).map_or_else(|| Version::of(""), endpoint_version);
            met(expected.as_ref(), &present, what())
                .map_err(|error| KeeperError::Outdated(error.to_string()))?;
            network.plan_edit(mac, &edit, now).map_err(|error| KeeperError::Refused(error.to_string()))
        };
        let edited = self.edit_and_readmit(Act::of(&permit, reason), vec![record], readmitted, plan).await;
        let asked = edited.map_err(|error| not_edited(error, what()))?;
        self.note_said(mac, said, at).await?;
        Ok(asked)
    }

    /// Changes endpoints with these records and, in the same transaction, asks for the release of the ports
    /// that are held because of those who may connect from now on: that follows from what was permitted, and
    /// no crash comes between.
    pub(crate) async fn edit_and_readmit<F>(
        &self,
        act: Act,
        records: Vec<Record>,
        readmitted: Readmitted,
        plan: F,
    ) -> Result<Vec<RequestId>, KeeperError>
    where
        F: FnOnce(&Network, Timestamp) -> Result<Changes, KeeperError> + Send + 'static,
    {
        let Readmitted { endpoints, whoever_shares } = readmitted;
        let readmission = Readmission {
            at: act.at,
            key: RequestKey::of_person(&act.user, &format!("readmission {}", Self::request_id())),
            originator: act.originator,
            depth: 0,
            endpoints,
            scope: act.scope,
            since: act.since,
        };
        let (picture, wake) = (self.engine.keeper().picture().clone(), self.engine.enforcer().clone());
        let of_release = act.record;
        let (tell, told) = tokio::sync::oneshot::channel();
        let with: netwarden_engine::With = Box::new(move |tx| {
            Box::pin(async move {
                netwarden_audit::record_many(tx, &records).await?;
                let stands_against = |port: &PortRef| {
                    let other = picture.read().not_authorised_on(port, &readmission.endpoints);
                    other.filter(|_| !whoever_shares)
                };
                let asked =
                    netwarden_actions::readmit(tx, &readmission, stands_against, Desk::request_id).await?;
                for (mac, release) in &asked {
                    let mut record = of_release.clone();
                    record.object = ObjectRef::new("endpoint", mac.to_string());
                    record.new = as_value(&release.action);
                    record.request = Some(release.id.to_string());
                    netwarden_audit::record(tx, &record).await?;
                }
                if !asked.is_empty() {
                    tx.after_commit(move || wake.now());
                }
                let _ = tell.send(asked.into_iter().map(|(_, release)| release.id).collect());
                Ok(())
            })
        });
        self.engine.keeper().edit_with(with, plan).await?;
        Ok(told.await.unwrap_or_default())
    }

    /// Moves the port on which an endpoint is; to its element's quarantine VLAN unless one is named.
    pub async fn move_endpoint(
        &self,
        caller: &Caller,
        mac: Mac,
        vlan: Option<VlanId>,
        bounce: bool,
        reason: &str,
        key: Option<String>,
    ) -> Result<RequestId, OperateError> {
        let permit = self.permit_endpoint(caller, Operation::EndpointMove, mac).await?;
        require_reason(reason)?;
        let (port, quarantine) = {
            let network = self.engine.keeper().picture().read();
            let port =
                network.location(mac).ok_or_else(|| OperateError::Conflict(Said::NothingToMove { mac }))?;
            let quarantine = network.element(port.ne).and_then(|e| e.base.element.quarantine_vlan);
            (port, quarantine)
        };
        let vlan = vlan
            .or(quarantine)
            .ok_or_else(|| OperateError::Invalid(Said::NoQuarantineVlan { ne: port.ne }))?;
        let access = PortAccess::Vlan { vlan, bounce };
        let action = netwarden_model::Action::SetPortAccess { port, access, endpoint: Some(mac) };
        self.ask(permit, action, reason, key).await
    }

    /// Who would be accepted by the baseline step of adoption, by group and MAC.
    pub async fn review_baseline(
        &self,
        caller: &Caller,
        filter: &BaselineFilter,
    ) -> Result<Vec<Candidate>, OperateError> {
        self.permit_of(caller, Operation::AdoptionRead).await?;
        Ok(self.candidates(filter))
    }

    fn candidates(&self, filter: &BaselineFilter) -> Vec<Candidate> {
        let network = self.engine.keeper().picture().read();
        let name = |ne| network.element(ne).map(|element| element.base.element.name.clone());
        let in_group = |(group, entries): (Option<String>, Vec<BaselineEntry>)| {
            entries.into_iter().map(move |entry| (group.clone(), entry))
        };
        let all = network.baseline(filter).into_iter().flat_map(in_group);
        all.map(|(group, entry)| {
            let ne = entry.port.as_ref().and_then(|port| name(port.ne));
            Candidate { group, ne, entry }
        })
        .collect()
    }

    /// Accepts who is present, so that the first rules do not take them for new. Where `bind` is None the
    /// parameter `inventory.bind_on_baseline` says whether they are bound to their ports.
    pub async fn accept_baseline(
        &self,
        caller: &Caller,
        filter: &BaselineFilter,
        group: Option<String>,
        bind: Option<bool>,
        reason: &str,
    ) -> Result<Vec<Candidate>, OperateError> {
        let permit = self.permit_of(caller, Operation::AdoptionAccept).await?;
        require_reason(reason)?;
        let mut accepted = self.candidates(filter);
        loop {
            let macs: Vec<Mac> = accepted.iter().map(|candidate| candidate.entry.mac).collect();
            let words = format!("{} endpoints: {reason}", macs.len());
            let mut records = vec![permit.record(None, as_value(&macs), &words)];
            records.extend(self.records_of(&permit, "authorised by the baseline", reason, &macs));
            let readmitted = Readmitted { endpoints: macs.iter().copied().collect(), whoever_shares: false };
            let group = group.clone();
            let plan = move |network: &Network, now| {
                network
                    .plan_baseline(&macs, group.as_deref(), bind, now)
                    .map_err(|error| KeeperError::Refused(error.to_string()))
            };
            let refusal =
                match self.edit_and_readmit(Act::of(&permit, reason), records, readmitted, plan).await {
                    Ok(_) => return Ok(accepted),
                    Err(KeeperError::Refused(why)) => KeeperError::Refused(why),
                    Err(error) => return Err(error.into()),
                };
            // An element was read meanwhile whose own address was taken for an endpoint's: it is none any
            // more. Each turn takes somebody out, so there is an end.
            let left = self.candidates(filter);
            let left: BTreeSet<Mac> = left.iter().map(|candidate| candidate.entry.mac).collect();
            let before = accepted.len();
            accepted.retain(|candidate| left.contains(&candidate.entry.mac));
            if accepted.len() == before {
                return Err(refusal.into());
            }
        }
    }

    /// A record of each endpoint, for changes of many at once: who asks about one finds it there.
    pub(crate) fn records_of(&self, permit: &Permit, new: &str, reason: &str, macs: &[Mac]) -> Vec<Record> {
        let network = self.engine.keeper().picture().read();
        let record = |mac: &Mac| {
            let old = network.endpoint(*mac).map(|endpoint| Value::text(endpoint.status.as_str()));
            let mut record = permit.record(old, Some(Value::text(new)), reason);
            record.object = ObjectRef::new("endpoint", mac.to_string());
            record
        };
        macs.iter().map(record).collect()
    }

    /// Takes what a management of endpoints or an agent has found of one (NAC-04): events follow where it is
    /// not as it should be, and rules act on those.
    pub async fn report_posture(
        &self,
        caller: &Caller,
        mac: Mac,
        posture: Posture,
        reason: &str,
    ) -> Result<(), OperateError> {
        let permit = self.permit_endpoint(caller, Operation::EndpointReport, mac).await?;
        require_reason(reason)?;
        posture.check().map_err(|error| OperateError::Invalid(error.to_string().into()))?;
        let old = {
            let network = self.engine.keeper().picture().read();
            let known = network.endpoint(mac).ok_or_else(|| crate::lists::no_endpoint(mac))?;
            Posture {
                fingerprint: known.fingerprint.clone(),
                configuration: Some(known.configuration.clone()),
            }
        };
        let record = permit.record(as_value(&old), as_value(&posture), reason);
        let plan = move |network: &Network, now| {
            network.plan_posture(mac, &posture, now).map_err(|error| KeeperError::Refused(error.to_string()))
        };
        let edited =
            self.edit_and_readmit(Act::of(&permit, reason), vec![record], Readmitted::default(), plan).await;
        edited.map(drop).map_err(OperateError::from)
    }

    async fn permit_endpoint(
        &self,
        caller: &Caller,
        operation: Operation,
        mac: Mac,
    ) -> Result<Permit, OperateError> {
        let ne: Option<NeId> = self.engine.keeper().picture().read().location(mac).map(|port| port.ne);
        let object = Object::placed(ObjectKind::Endpoint, ne);
        self.permit(caller, operation, &object, Some(mac.to_string())).await
    }
}

/// The version of what people and rules set of an endpoint.
pub(crate) fn endpoint_version(endpoint: &netwarden_inventory::Endpoint) -> Version {
    let names = (&endpoint.owner, &endpoint.note, &endpoint.group, &endpoint.custom1, &endpoint.custom2);
    Version::of(&(endpoint.status, endpoint.valid_until, names, &endpoint.bound_to, endpoint.offline_after))
}

/// Characters of a text that people note of an endpoint.
const LONGEST_TEXT: usize = 1_000;

fn check(edit: &EndpointEdit) -> Result<(), OperateError> {
    let texts = [
        ("owner", &edit.owner),
        ("note", &edit.note),
        ("group", &edit.group),
        ("custom1", &edit.custom1),
        ("custom2", &edit.custom2),
    ];
    for (what, text) in texts {
        let Some(Some(text)) = text else { continue };
        if text.chars().count() > LONGEST_TEXT || text.chars().any(|c| c.is_control() && c != '\n') {
            let (what, most) = (Word::new("property", what), LONGEST_TEXT);
            return Err(OperateError::Invalid(Said::TextRange { what, most }));
        }
    }
    Ok(())
}

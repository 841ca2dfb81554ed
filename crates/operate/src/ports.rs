//! Ports: moving, switching and releasing them by hand (NAC-12), and what an administrator says of them.

use std::collections::BTreeSet;

use netwarden_actions::request;
use netwarden_audit::Value;
use netwarden_identity::{Object, ObjectKind, Operation};
use netwarden_inventory::Role;
use netwarden_inventory::edit::PortEdit;
use netwarden_model::access::{PortAccess, Progress};
use netwarden_model::action::Originator;
use netwarden_model::{Action, ActionRequest, Mac, PortRef, RequestId, RequestKey};
use netwarden_store::Tx;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::error::OperateError;
use crate::said::{Said, Thing, Word};
use crate::version::{Version, met, not_edited};

/// What is wanted of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortWish {
    /// This access, until release.
    Access(PortAccess),
    /// The element's quarantine VLAN, until release.
    Quarantine {
        /// Take the link down and up, so that the client renews its lease.
        bounce: bool,
    },
    /// What it had before we changed it.
    Release,
}

impl Desk {
    /// Asks for an access of a port, or its release; the reconciler does it and reads it back. The same
    /// key asks for nothing twice.
    pub async fn change_port(
        &self,
        caller: &Caller,
        port: PortRef,
        wish: PortWish,
        endpoint: Option<Mac>,
        reason: &str,
        key: Option<String>,
    ) -> Result<RequestId, OperateError> {
        let operation = match &wish {
            PortWish::Access(PortAccess::Vlan { .. }) | PortWish::Quarantine { .. } => Operation::PortMove,
            PortWish::Access(PortAccess::Shut) => Operation::PortOff,
            PortWish::Access(PortAccess::Open) => Operation::PortOn,
            PortWish::Release => Operation::PortRelease,
        };
        let permit = self.permit_port(caller, operation, &port).await?;
        require_reason(reason)?;
        self.known_port(&port)?;
        let action = match wish {
            PortWish::Access(access) => Action::SetPortAccess { port, access, endpoint },
            PortWish::Quarantine { bounce } => {
                let vlan = self
                    .base_of(port.ne)?
                    .element
                    .quarantine_vlan
                    .ok_or_else(|| OperateError::Invalid(Said::NoQuarantineVlan { ne: port.ne }))?;
                Action::SetPortAccess { port, access: PortAccess::Vlan { vlan, bounce }, endpoint }
            }
            PortWish::Release => Action::ReleasePort { port },
        };
        self.ask(permit, action, reason, key).await
    }

    /// Changes what an administrator says of a port: its role, and whether it is protected; each has a right and
    /// a record of its own.
    pub async fn edit_port(
        &self,
        caller: &Caller,
        port: PortRef,
        edit: PortEdit,
        reason: &str,
        expected: Option<Version>,
    ) -> Result<(), OperateError> {
        let mut permits = Vec::new();
        for operation in operations_of(&edit) {
            permits.push(self.permit_port(caller, operation, &port).await?);
        }
        require_reason(reason)?;
        let old = {
            let network = self.engine.keeper().picture().read();
            let found = network.element(port.ne).and_then(|element| element.port(&port.port));
            let found = found.ok_or_else(|| not_known(&port))?;
            PortEdit { role: Some(found.role_override), protected: Some(found.protected) }
        };
        let records =
            permits.iter().map(|permit| permit.record(as_value(&old), as_value(&edit), reason)).collect();
        let what = Said::called(Thing::Port, &port);
        let called = what.clone();
        let plan = move |network: &netwarden_inventory::Network, now| {
            met(expected.as_ref(), &port_version(network, &port), called)
                .map_err(|error| netwarden_engine::KeeperError::Outdated(error.to_string()))?;
            network
                .plan_port_edit(&port, &edit, now)
                .map_err(|error| netwarden_engine::KeeperError::Refused(error.to_string()))
        };
        self.engine.keeper().edit_many(records, plan).await.map_err(|error| not_edited(error, what))
    }

    /// Writes a request with its record, and wakes who carries it out.
    pub(crate) async fn ask(
        &self,
        permit: Permit,
        action: Action,
        reason: &str,
        key: Option<String>,
    ) -> Result<RequestId, OperateError> {
        if let Action::SetPortAccess { port, access, .. } = &action
            && let Some(why) = self.engine.refusal(port, access).await?
        {
            return Err(OperateError::Conflict(why.into()));
        }
        let id = Self::request_id();
        let user = permit.user().to_owned();
        let key = key.unwrap_or_else(|| id.to_string());
        let wanted = ActionRequest {
            id,
            key: RequestKey::of_person(&user, &key),
            at: permit.at,
            originator: Originator::Person { user, reason: reason.to_owned() },
            depth: 0,
            action,
        };
        let mut record = permit.record(None, as_value(&wanted.action), reason);
        record.request = Some(id.to_string());
        let wake = self.engine.enforcer().clone();
        let is_release = matches!(wanted.action, Action::ReleasePort { .. });
        // What was shut out must come back in although the disk is full.
        if is_release {
            let job = (wanted, record, wake);
            return self
                .store
                .write_essential(move |tx: &Tx| {
                    let (wanted, record, wake) = job.clone();
                    asked(tx, id, wanted, record, wake)
                })
                .await;
        }
        self.store.write(move |tx: &Tx| asked(tx, id, wanted, record, wake)).await
    }

    /// Switches a port on: takes back that we shut it, or opens it where somebody else did.
    pub async fn switch_on(
        &self,
        caller: &Caller,
        port: PortRef,
        reason: &str,
        key: Option<String>,
    ) -> Result<RequestId, OperateError> {
        let permit = self.permit_port(caller, Operation::PortOn, &port).await?;
        require_reason(reason)?;
        self.known_port(&port)?;
        let held = netwarden_actions::desired_port(self.store.read(), &port).await?;
        let held = held.filter(|row| row.standing.progress != Progress::Released);
        let action = match held.map(|row| row.access) {
            Some(PortAccess::Shut) => Action::ReleasePort { port },
            // To open it would forget why it was moved.
            Some(PortAccess::Vlan { vlan, .. }) => {
                let port = Said::port(&port).into();
                return Err(OperateError::Conflict(Said::HeldInVlan { port, vlan }));
            }
            Some(PortAccess::Open) => {
                let port = Said::port(&port).into();
                return Err(OperateError::Conflict(Said::ToBeOnAlready { port }));
            }
            None if self.is_logical(&port) => {
                let port = Said::port(&port).into();
                return Err(OperateError::Conflict(Said::NoPhysicalPort { port }));
            }
            None if self.is_up(&port) => {
                let port = Said::port(&port).into();
                return Err(OperateError::Conflict(Said::IsOnAlready { port }));
            }
            None => Action::SetPortAccess { port, access: PortAccess::Open, endpoint: None },
        };
        self.ask(permit, action, reason, key).await
    }

    /// Those of `ports` that their elements still have, each once.
    pub fn known_ports(&self, ports: impl IntoIterator<Item = PortRef>) -> Vec<PortRef> {
        let network = self.engine.keeper().picture().read();
        let known = ports.into_iter().filter(|port| network.role(port).is_some());
        known.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn is_logical(&self, port: &PortRef) -> bool {
        self.engine.keeper().picture().read().role(port) == Some(Role::Logical)
    }

    fn is_up(&self, port: &PortRef) -> bool {
        let network = self.engine.keeper().picture().read();
        let found = network.element(port.ne).and_then(|element| element.port(&port.port));
        found.is_some_and(|found| found.admin_status.as_deref() == Some("up"))
    }

    pub(crate) async fn permit_port(
        &self,
        caller: &Caller,
        operation: Operation,
        port: &PortRef,
    ) -> Result<Permit, OperateError> {
        let object = Object::placed(ObjectKind::Port, Some(port.ne));
        self.permit(caller, operation, &object, Some(format!("{}/{}", port.ne, port.port))).await
    }

    fn known_port(&self, port: &PortRef) -> Result<(), OperateError> {
        let network = self.engine.keeper().picture().read();
        let known = network.element(port.ne).is_some_and(|element| element.port(&port.port).is_some());
        if known { Ok(()) } else { Err(not_known(port)) }
    }
}

/// The version of what an administrator says of a port.
pub(crate) fn port_version(network: &netwarden_inventory::Network, port: &PortRef) -> Version {
    let found = network.element(port.ne).and_then(|element| element.port(&port.port));
    Version::of(&found.map(|found| (found.role_override, found.protected)))
}

/// Writes a request and its record; answers with the first one's id where it is a repetition, and refuses
/// where the same key asks for something else: a client that reuses keys would take its act for done.
fn asked(
    tx: &Tx,
    id: RequestId,
    wanted: ActionRequest,
    record: netwarden_audit::Record,
    wake: netwarden_actions::Wake,
) -> netwarden_actions::TxFuture<'_, Result<RequestId, OperateError>> {
    Box::pin(async move {
        if request(tx, &wanted).await? == netwarden_actions::Requested::Repeated {
            let first = netwarden_actions::request_by_key(tx, &wanted.key).await?;
            return match first.map(|row| row.request) {
                // Who repeats an act is answered as the first time.
                Some(first) if first.action == wanted.action => Ok(first.id),
                Some(first) => Err(OperateError::Conflict(Said::KeyTaken {
                    action: Word::new("do", first.action.name()),
                    at: first.at,
                })),
                None => Ok(id),
            };
        }
        netwarden_audit::record(tx, &record).await?;
        tx.after_commit(move || wake.now());
        Ok(id)
    })
}

/// Acts that people will ask about later need a word why.
pub(crate) fn require_reason(reason: &str) -> Result<(), OperateError> {
    if reason.trim().is_empty() {
        return Err(OperateError::Invalid(Said::ReasonNeeded));
    }
    Ok(())
}

pub(crate) fn not_known(port: &PortRef) -> OperateError {
    OperateError::NotFound(Said::PortOfElement { port: port.port.clone(), ne: port.ne })
}

/// The rights that an edit needs: naming nothing still needs the one to modify.
fn operations_of(edit: &PortEdit) -> Vec<Operation> {
    let mut operations = Vec::new();
    if edit.role.is_some() || edit.protected.is_none() {
        operations.push(Operation::PortModify);
    }
    if edit.protected.is_some() {
        operations.push(Operation::PortProtect);
    }
    operations
}

pub(crate) fn as_value<T: serde::Serialize>(value: &T) -> Option<Value> {
    serde_json::to_string(value).ok().map(Value::text)
}

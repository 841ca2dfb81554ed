//! The reference list (NAC-06) and what else people and rules set of endpoints and ports.

use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::event::NacPayload;
use netwarden_model::{EndpointStatus, EventKind, Mac, PortRef, VlanId};
use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::element::RoleOverride;
use crate::network::Network;
use crate::plan::Draft;

/// What shall be different of an endpoint; None leaves a property alone, Some(None) clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct EndpointEdit {
    /// May it connect?
    pub status: Option<EndpointStatus>,
    /// Until when the authorisation holds.
    pub valid_until: Option<Option<Timestamp>>,
    /// Who answers for it.
    pub owner: Option<Option<String>>,
    /// A note.
    pub note: Option<Option<String>>,
    /// Group's name.
    pub group: Option<Option<String>>,
    /// The port where it belongs.
    pub bound_to: Option<Option<PortRef>>,
    /// First user-defined column.
    pub custom1: Option<Option<String>>,
    /// Second user-defined column.
    pub custom2: Option<Option<String>>,
    /// Name by reverse look-up.
    pub dns_name: Option<Option<String>>,
    /// Name from DHCP.
    pub host_name: Option<Option<String>>,
    /// Own time-out for mac_offline.
    pub offline_after: Option<Option<Duration>>,
}

/// What shall be different of a port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::option_option, reason = "absent, cleared and set are three different wishes")]
pub struct PortEdit {
    /// What it is, whatever the evidence.
    pub role: Option<Option<RoleOverride>>,
    /// Never shut or moved.
    pub protected: Option<bool>,
}

/// What an element shows of a port after an act on it, by the act's own reading; None where it was not asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// PVID.
    pub pvid: Option<VlanId>,
    /// True where ifAdminStatus is up.
    pub admin_up: Option<bool>,
}

/// Why an edit is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    /// A group address, or all zeros.
    #[error("{0} is no address that an endpoint can have")]
    NotAnEndpoint(Mac),
    /// The address is an element's.
    #[error("{0} is an address of a network element, which is no endpoint")]
    OfAnElement(Mac),
    /// It is on the blocklist.
    #[error("{0} is on the blocklist, which keeps it out of the network")]
    KeptOut(Mac),
    /// The port is not known.
    #[error("{0} is not in the inventory")]
    UnknownPort(PortRef),
    /// An authorisation that would end before it begins.
    #[error("the authorisation of {mac} would end at {until}, which is past")]
    AlreadyOver {
        /// Whose.
        mac: Mac,
        /// The end asked for.
        until: Timestamp,
    },
}

impl Network {
    /// What an edit of one endpoint changes. An endpoint that is not known yet is put on the list. One
    /// that is online and becomes refused raises `unauthorised`, so that rules act on it at once.
    pub fn plan_edit(&self, mac: Mac, edit: &EndpointEdit, now: Timestamp) -> Result<Changes, EditError> {
        self.plan_edits([(mac, edit)], now)
    }

    /// The same for many endpoints at once: all or nothing.
    pub fn plan_edits<'e>(
        &self,
        edits: impl IntoIterator<Item = (Mac, &'e EndpointEdit)>,
        now: Timestamp,
    ) -> Result<Changes, EditError> {
        let mut draft = Draft::new(self, now);
        for (mac, edit) in edits {
            draft.edit_endpoint(mac, edit)?;
        }
        Ok(draft.finish())
    }

    /// What an edit of a port changes: endpoints on it are located anew.
    pub fn plan_port_edit(
        &self,
        port: &PortRef,
        edit: &PortEdit,
        now: Timestamp,
    ) -> Result<Changes, EditError> {
        let mut draft = Draft::new(self, now);
        let unknown = || EditError::UnknownPort(port.clone());
        let slot = draft.ports(port.ne).and_then(|ports| ports.slot_of(&port.port)).ok_or_else(unknown)?;
        let stands_for = draft.ports(port.ne).map_or(slot, |ports| ports.stands_for(slot));
        let ports = draft.ports_mut(port.ne).ok_or_else(unknown)?;
        if let (Some(protected), Some(port)) = (edit.protected, ports.get_mut(slot)) {
            port.protected = protected;
        }
        // A LAG's role is one: it is kept at the aggregate.
        if let (Some(role), Some(port)) = (edit.role, ports.get_mut(stands_for)) {
            port.role_override = role;
        }
        let mut dirty = std::collections::BTreeSet::from([(port.ne, stands_for)]);
        let macs = draft.fdb(port.ne).map_or_else(Vec::new, |fdb| fdb.macs_on(stands_for).to_vec());
        draft.ports_of_macs(&macs, None, &mut dirty);
        let mut moved = draft.reconsider_roles(dirty);
        moved.extend(macs);
        for mac in moved {
            draft.relocate(mac);
        }
        Ok(draft.finish())
    }
}

impl Network {
    /// Takes what was read of a port after an act on it, which is newer than the last poll.
    pub fn plan_shown(&self, port: &PortRef, shown: Shown, now: Timestamp) -> Changes {
        let mut draft = Draft::new(self, now);
        let slot = draft.ports(port.ne).and_then(|ports| ports.slot_of(&port.port));
        if let (Some(slot), Some(ports)) = (slot, draft.ports_mut(port.ne))
            && let Some(port) = ports.get_mut(slot)
        {
            port.pvid = shown.pvid.or(port.pvid);
            if let Some(up) = shown.admin_up {
                port.admin_status = Some(if up { "up" } else { "down" }.to_owned());
            }
        }
        draft.finish()
    }
}

impl Draft<'_> {
    pub(crate) fn edit_endpoint(&mut self, mac: Mac, edit: &EndpointEdit) -> Result<(), EditError> {
        if !mac.is_endpoint() {
            return Err(EditError::NotAnEndpoint(mac));
        }
        if self.is_own(mac) {
            return Err(EditError::OfAnElement(mac));
        }
        if edit.status == Some(EndpointStatus::Authorised) && self.is_kept_out(mac) {
            return Err(EditError::KeptOut(mac));
        }
        if let Some(Some(until)) = edit.valid_until
            && until <= self.now
            && edit.status.is_none_or(|status| status == EndpointStatus::Authorised)
        {
            return Err(EditError::AlreadyOver { mac, until });
        }
        if let Some(Some(port)) = &edit.bound_to
            && self.place_of(port).is_none()
        {
            return Err(EditError::UnknownPort(port.clone()));
        }
        let before = self.endpoint(mac).map(|endpoint| endpoint.status);
        let endpoint = self.endpoint_mut(mac);
        if let Some(status) = edit.status {
            endpoint.status = status;
            // An end that was set for an earlier authorisation does not end this one.
            if edit.valid_until.is_none() && before != Some(status) {
                endpoint.valid_until = None;
            }
        }
        set(&mut endpoint.valid_until, &edit.valid_until);
        set(&mut endpoint.owner, &edit.owner);
        set(&mut endpoint.note, &edit.note);
        set(&mut endpoint.group, &edit.group);
        set(&mut endpoint.bound_to, &edit.bound_to);
        set(&mut endpoint.custom1, &edit.custom1);
        set(&mut endpoint.custom2, &edit.custom2);
        set(&mut endpoint.dns_name, &edit.dns_name);
        set(&mut endpoint.host_name, &edit.host_name);
        set(&mut endpoint.offline_after, &edit.offline_after);
        let (online, status, place) = (endpoint.online, endpoint.status, endpoint.place);
        if online && before != Some(status) && status == EndpointStatus::Unauthorised {
            self.endpoint_event(EventKind::Unauthorised, mac, NacPayload::Unauthorised);
        }
        if let (Some(Some(_)), true, Some(place)) = (&edit.bound_to, online, place) {
            self.check_binding(mac, place);
        }
        Ok(())
    }
}

fn set<T: Clone>(property: &mut Option<T>, wish: &Option<Option<T>>) {
    if let Some(wish) = wish {
        property.clone_from(wish);
    }
}

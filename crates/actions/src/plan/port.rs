//! A port's plan put together: VLAN by whichever MIB the element offers, and ifAdminStatus.
//!
//! The order keeps an endpoint out at every moment: a port is shut before its VLAN changes and
//! opened after it.

use netwarden_model::VlanId;
use netwarden_model::access::PortAccess;
use serde::{Deserialize, Serialize};

use super::q_bridge::Steps;
use super::{Plan, PlanError, admin_status, cisco, q_bridge};

/// What the element shows of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// ifIndex now.
    pub if_index: u32,
    /// ifAdminStatus; None where it is not shown.
    pub admin_status: Option<i64>,
    /// How its VLAN can be set.
    pub vlan: VlanMethod,
}

/// By which MIB a port's VLAN is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VlanMethod {
    /// Q-BRIDGE-MIB.
    QBridge(q_bridge::State),
    /// CISCO-VLAN-MEMBERSHIP-MIB.
    Cisco(cisco::State),
    /// Neither, or it was not read since no VLAN is concerned.
    None,
}

/// The values that release restores: what was there before our first change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// ifIndex when they were taken; a hint only, the port is found by its name.
    pub if_index: u32,
    /// ifAdminStatus, while ours may differ from it: the port is shut, or its link is being bounced.
    /// None where we have not touched it, so that release leaves alone what someone else has set.
    pub admin_status: Option<i64>,
    /// The VLAN's objects; None where only ifAdminStatus was changed.
    pub vlan: Option<EarlierVlan>,
}

impl Earlier {
    /// What is still to be restored once `access` has been read back as wanted: a port that is open
    /// again in its new VLAN has its ifAdminStatus already.
    #[must_use]
    pub fn settled(mut self, access: &PortAccess) -> Self {
        if matches!(access, PortAccess::Vlan { .. }) {
            self.admin_status = None;
        }
        self
    }
}

/// The VLAN's earlier values, by MIB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mib", rename_all = "snake_case")]
pub enum EarlierVlan {
    /// Q-BRIDGE-MIB.
    QBridge(q_bridge::Earlier),
    /// CISCO-VLAN-MEMBERSHIP-MIB.
    Cisco(cisco::Earlier),
}

impl VlanMethod {
    fn name(&self) -> &'static str {
        match self {
            VlanMethod::QBridge(_) => "Q-BRIDGE-MIB",
            VlanMethod::Cisco(_) => "CISCO-VLAN-MEMBERSHIP-MIB",
            VlanMethod::None => "neither",
        }
    }
}

impl EarlierVlan {
    fn name(&self) -> &'static str {
        match self {
            EarlierVlan::QBridge(_) => "Q-BRIDGE-MIB",
            EarlierVlan::Cisco(_) => "CISCO-VLAN-MEMBERSHIP-MIB",
        }
    }
}

/// The plan that gives the port `access`. `stored` are the earlier values kept since the first
/// change, `voice` the VLAN that a telephone keeps tagged.
pub fn set_access(
    state: &State,
    access: &PortAccess,
    voice: Option<VlanId>,
    stored: Option<&Earlier>,
) -> Result<Plan, PlanError> {
    let stored_admin = stored.and_then(|stored| stored.admin_status);
    let stored_vlan = stored.and_then(|stored| stored.vlan.as_ref());
    let mut earlier =
        Earlier { if_index: state.if_index, admin_status: stored_admin, vlan: stored_vlan.cloned() };
    match access {
        PortAccess::Shut | PortAccess::Open => {
            let current = state.admin_status.ok_or(PlanError::NoAdminStatus)?;
            let wanted = if *access == PortAccess::Open { admin_status::UP } else { admin_status::DOWN };
            let Steps { sets, expect } = admin_status::bring(state.if_index, current, wanted);
            earlier.admin_status = stored_admin.or(Some(current));
            Ok(Plan { earlier, sets, bounce: None, expect })
        }
        PortAccess::Vlan { vlan, bounce } => {
            let (kept, Steps { mut sets, mut expect }) = match (&state.vlan, stored_vlan) {
                (VlanMethod::QBridge(seen), None) => {
                    let (kept, steps) = q_bridge::move_to(seen, *vlan, voice, None)?;
                    (EarlierVlan::QBridge(kept), steps)
                }
                (VlanMethod::QBridge(seen), Some(EarlierVlan::QBridge(kept))) => {
                    let (kept, steps) = q_bridge::move_to(seen, *vlan, voice, Some(kept))?;
                    (EarlierVlan::QBridge(kept), steps)
                }
                (VlanMethod::Cisco(seen), None) => {
                    let (kept, steps) = cisco::move_to(seen, *vlan, None)?;
                    (EarlierVlan::Cisco(kept), steps)
                }
                (VlanMethod::Cisco(seen), Some(EarlierVlan::Cisco(kept))) => {
                    let (kept, steps) = cisco::move_to(seen, *vlan, Some(kept))?;
                    (EarlierVlan::Cisco(kept), steps)
                }
                (VlanMethod::None, None) => return Err(PlanError::NoVlanMethod),
                (offered, Some(stored)) => return Err(changed(stored, offered)),
            };
            earlier.vlan = Some(kept);
            let moves = !sets.is_empty();
            let opens = match (state.admin_status, stored_admin) {
                // A port that we shut before, or that a lost bounce left down, opens in its new VLAN.
                (Some(current), Some(wanted)) => {
                    let steps = admin_status::bring(state.if_index, current, wanted);
                    let opens = !steps.sets.is_empty();
                    sets.extend(steps.sets);
                    expect.extend(steps.expect);
                    opens
                }
                _ => false,
            };
            // Opening a port gives its client a new link anyhow; a port that is down by its
            // administrator's will has no client to bounce.
            let bounces = *bounce && moves && !opens && state.admin_status == Some(admin_status::UP);
            if bounces && stored_admin.is_none() {
                earlier.admin_status = state.admin_status;
                expect.extend(admin_status::bring(state.if_index, admin_status::UP, admin_status::UP).expect);
            }
            let bounce = bounces.then(|| admin_status::oid(state.if_index));
            Ok(Plan { earlier, sets, bounce, expect })
        }
    }
}

/// The plan that restores `earlier`: the VLAN's objects first, then ifAdminStatus.
pub fn release(state: &State, earlier: &Earlier, bounce: bool) -> Result<Plan, PlanError> {
    let Steps { mut sets, mut expect } = match (&state.vlan, &earlier.vlan) {
        (_, None) => Steps { sets: Vec::new(), expect: Vec::new() },
        (VlanMethod::QBridge(seen), Some(EarlierVlan::QBridge(kept))) => q_bridge::restore(seen, kept)?,
        (VlanMethod::Cisco(seen), Some(EarlierVlan::Cisco(kept))) => cisco::restore(seen, kept)?,
        (offered, Some(stored)) => return Err(changed(stored, offered)),
    };
    let moves = !sets.is_empty();
    let mut opened = false;
    if let Some(wanted) = earlier.admin_status {
        let current = state.admin_status.ok_or(PlanError::NoAdminStatus)?;
        let steps = admin_status::bring(state.if_index, current, wanted);
        opened = !steps.sets.is_empty();
        sets.extend(steps.sets);
        expect.extend(steps.expect);
    }
    let bounces = bounce && moves && !opened && state.admin_status == Some(admin_status::UP);
    let mut earlier = earlier.clone();
    if bounces && earlier.admin_status.is_none() {
        // A bounce that is interrupted leaves the link down: whoever goes on with the release must know
        // that it was up.
        earlier.admin_status = state.admin_status;
        expect.extend(admin_status::bring(state.if_index, admin_status::UP, admin_status::UP).expect);
    }
    let bounce = bounces.then(|| admin_status::oid(state.if_index));
    Ok(Plan { earlier, sets, bounce, expect })
}

fn changed(stored: &EarlierVlan, offered: &VlanMethod) -> PlanError {
    PlanError::MethodChanged { stored: stored.name(), offered: offered.name() }
}

#[cfg(test)]
#[path = "port_tests.rs"]
mod tests;

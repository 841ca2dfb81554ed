//! What is known of an element beside its ports: VLANs, neighbours, how its polls go; and the preflight, which
//! says before anything is enforced whether it would work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_audit::Value;
use netwarden_collect::preflight::{
    OwnPath, Preflight, ethernet_ports, management_vlan, preflight, try_pvid,
};
use netwarden_engine::Machine;
use netwarden_identity::{Object, Operation};
use netwarden_inventory::{ElementState, Network};
use netwarden_model::element::Method;
use netwarden_model::reading::{Neighbour, NeighbourProtocol};
use netwarden_model::{Mac, NeId, PortName, Scope, VlanId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::{no_element, owner};
use crate::error::{OperateError, chain};
use crate::jobs::Progress;
use crate::said::Said;

/// A VLAN on an element, as far as PVIDs and learned addresses show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VlanOn {
    /// The VLAN.
    pub vlan: VlanId,
    /// Ports that have it as their PVID.
    pub ports: Vec<PortName>,
    /// Endpoints on this element's access ports that are in it.
    pub endpoints: usize,
    /// It is the element's quarantine VLAN.
    pub quarantine: bool,
    /// It is the element's voice VLAN.
    pub voice: bool,
}

/// Who announced itself at a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeighbourOn {
    /// The local port; None where it cannot be told.
    pub port: Option<PortName>,
    /// `LLDP` or `CDP`.
    pub protocol: &'static str,
    /// What it calls itself, else its chassis.
    pub name: String,
    /// What it calls its port.
    pub remote_port: Option<String>,
    /// Its system or platform, the first line of it.
    pub descr: Option<String>,
    /// What it can do: `bridge`, `router`, `telephone` and the like.
    pub capabilities: Vec<String>,
    /// Our element, and its name, where it is one.
    pub element: Option<(NeId, String)>,
}

/// How polls of one method go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollsOf {
    /// The method.
    pub method: Method,
    /// Something of it is read here.
    pub on: bool,
    /// Between two polls.
    pub interval: Duration,
    /// The last good one.
    pub last_good: Option<Timestamp>,
}

/// What is known of an element beside its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementDetail {
    /// By id.
    pub vlans: Vec<VlanOn>,
    /// In the order of their ports.
    pub neighbours: Vec<NeighbourOn>,
    /// One of each method.
    pub polls: Vec<PollsOf>,
    /// Failed polls since the last good one.
    pub failures: u32,
    /// When the last of them was, and why it failed.
    pub trouble: Option<(Timestamp, String)>,
}

/// What a preflight has found; the result of its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightReport {
    /// The VLAN that ports would be moved to.
    pub vlan: VlanId,
    /// What the element calls it.
    pub vlan_name: Option<String>,
    /// The VLAN in which the element is managed, where that can be told.
    pub management_vlan: Option<VlanId>,
    /// The port whose present PVID was set to itself; None where no port could be moved at all.
    pub tried: Option<String>,
    /// Why the agent refused it; None where it did not.
    pub refusal: Option<String>,
    /// Every port that can be an access port.
    pub ports: Vec<Preflight>,
}

impl Desk {
    /// VLANs, neighbours and polls of an element.
    pub async fn element_detail(&self, caller: &Caller, ne: NeId) -> Result<ElementDetail, OperateError> {
        let object = Object::placed(Operation::NeRead.object(), Some(ne));
        self.permit(caller, Operation::NeRead, &object, Some(ne.to_string())).await?;
        let network = self.engine.keeper().picture().read();
        let state = network.element(ne).ok_or_else(|| no_element(ne))?;
        let base = &state.base;
        let polls = Method::ALL.into_iter().map(|method| PollsOf {
            method,
            on: base.polls(method),
            interval: base.schedule(method).interval,
            last_good: state.live.last_good.get(&method).copied(),
        });
        Ok(ElementDetail {
            vlans: vlans(&network, ne, state),
            neighbours: neighbours(&network, ne, state, &caller.scope(Operation::NeRead)),
            polls: polls.collect(),
            failures: state.live.failures,
            trouble: state.live.trouble.clone(),
        })
    }

    /// Starts a preflight: the element is read, every port is judged, and the present PVID of one port that
    /// could be moved is set to itself, which shows whether the agent takes what we would send. The job's
    /// result is a [`PreflightReport`].
    pub async fn preflight(
        &self,
        caller: &Caller,
        ne: NeId,
        vlan: Option<VlanId>,
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let object = Object::placed(Operation::ProbePreflight.object(), Some(ne));
        let permit = self.permit(caller, Operation::ProbePreflight, &object, Some(ne.to_string())).await?;
        let base = self.base_of(ne)?;
        let vlan = vlan
            .or(base.element.quarantine_vlan)
            .ok_or_else(|| OperateError::Invalid(Said::NoQuarantineVlan { ne }))?;
        self.record(permit.record(None, Some(Value::text(format!("VLAN {vlan}"))), reason)).await?;
        let what = Said::PreflightOf { name: base.element.name.clone(), vlan };
        let desk = self.clone();
        let work = move |progress| async move { desk.judge_ports(ne, vlan, progress).await };
        Ok(self.jobs.start(what, Operation::ProbePreflight, owner(caller), permit.at, work))
    }

    async fn judge_ports(
        self,
        ne: NeId,
        vlan: VlanId,
        progress: Arc<Progress>,
    ) -> Result<serde_json::Value, Said> {
        // The reading is most of it: that, and the trial of one PVID, are its two steps.
        progress.set_total(2);
        let session = self.engine.sessions().session(ne, None).await.map_err(|error| error.to_string())?;
        let read = tokio::select! {
            read = netwarden_collect::read(&session, &Method::ALL, None) => read,
            () = progress.cancelled() => return Err(Said::Cancelled),
        };
        let reading = read.map_err(|error| chain(&error))?.reading;
        progress.set_done(1);
        let path = OwnPath {
            management_vlan: management_vlan(&reading, session.target().ip()),
            ..Machine::default().path_to(session.target())
        };
        let ports: Vec<_> = ethernet_ports(&reading).collect();
        let judged: Vec<_> =
            ports.iter().map(|port| preflight(&reading, port.if_index, vlan, &path)).collect();
        let movable = ports.iter().zip(&judged).find(|(_, judged)| judged.would_work());
        let movable = movable.map(|(port, _)| *port).filter(|_| !progress.is_cancelled());
        let answer = match movable {
            Some(port) => try_pvid(&session, port).await,
            None => None,
        };
        progress.set_done(2);
        let tried = movable.filter(|_| answer.is_some());
        let report = PreflightReport {
            vlan,
            vlan_name: reading.vlans.iter().find(|of| of.id == vlan).and_then(|of| of.name.clone()),
            management_vlan: path.management_vlan,
            tried: tried.map(|port| port.name.clone().unwrap_or_else(|| port.if_index.to_string())),
            refusal: answer.and_then(Result::err),
            ports: judged,
        };
        serde_json::to_value(report).map_err(|error| error.to_string().into())
    }
}

fn vlans(network: &Network, ne: NeId, state: &ElementState) -> Vec<VlanOn> {
    let mut ports: BTreeMap<VlanId, Vec<PortName>> = BTreeMap::new();
    let mut inside: BTreeMap<VlanId, BTreeSet<Mac>> = BTreeMap::new();
    for port in state.ports() {
        if let Some(pvid) = port.pvid {
            ports.entry(pvid).or_default().push(port.name.clone());
        }
        for endpoint in network.endpoints_on(ne, &port.name) {
            for vlan in endpoint.sightings.iter().filter_map(|sighting| sighting.vlan) {
                inside.entry(vlan).or_default().insert(endpoint.mac);
            }
        }
    }
    let (quarantine, voice) = (state.base.element.quarantine_vlan, state.base.element.voice_vlan);
    let named = quarantine.into_iter().chain(voice);
    let all: BTreeSet<VlanId> = ports.keys().chain(inside.keys()).copied().chain(named).collect();
    let on = |vlan| VlanOn {
        vlan,
        ports: ports.get(&vlan).cloned().unwrap_or_default(),
        endpoints: inside.get(&vlan).map_or(0, BTreeSet::len),
        quarantine: quarantine == Some(vlan),
        voice: voice == Some(vlan),
    };
    all.into_iter().map(on).collect()
}

/// An element of ours outside the scope is shown as it announces itself, and not as ours.
fn neighbours(network: &Network, ne: NeId, state: &ElementState, scope: &Scope) -> Vec<NeighbourOn> {
    let mut shown: Vec<(Option<u32>, NeighbourOn)> = Vec::new();
    for at in state.neighbours.iter() {
        let neighbour = &at.neighbour;
        let place = at.slot.and_then(|slot| usize::try_from(slot).ok());
        let port = place.and_then(|place| state.ports().nth(place)).map(|port| port.name.clone());
        let name = neighbour.system_name.clone().or_else(|| neighbour.chassis_id.clone());
        let descr = neighbour.platform.as_ref().or(neighbour.system_descr.as_ref());
        let on = NeighbourOn {
            port,
            protocol: match neighbour.protocol {
                NeighbourProtocol::Lldp => "LLDP",
                NeighbourProtocol::Cdp => "CDP",
            },
            name: name.unwrap_or_default(),
            remote_port: neighbour.port_descr.clone().or_else(|| neighbour.port_id.clone()),
            descr: descr.and_then(|descr| descr.lines().next().map(str::to_owned)),
            capabilities: neighbour.capabilities.clone(),
            element: adopted(network, ne, neighbour).filter(|(id, _)| scope.contains(Some(*id))),
        };
        shown.push((at.slot, on));
    }
    shown.sort_by_key(|(slot, _)| *slot);
    shown.into_iter().map(|(_, on)| on).collect()
}

/// Our element that a neighbour is: by an address of its own, else by its management address where no two
/// elements share that.
fn adopted(network: &Network, ne: NeId, neighbour: &Neighbour) -> Option<(NeId, String)> {
    let others = || network.elements().filter(|(other, _)| *other != ne);
    let by_mac = neighbour
        .chassis_mac
        .and_then(|mac| others().find(|(_, element)| element.live.own_macs.contains(&mac)));
    let found = by_mac.or_else(|| {
        let at = |element: &ElementState| element.base.element.address.ip();
        let mut fitting = others().filter(|(_, element)| neighbour.addresses.contains(&at(element)));
        let found = fitting.next()?;
        let is_shared = network.elements().filter(|(_, element)| at(element) == at(found.1)).count() > 1;
        (!is_shared).then_some(found)
    });
    found.map(|(id, element)| (id, element.base.element.name.clone()))
}

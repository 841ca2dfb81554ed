//! Preflight of an element: what a quarantine would change on each of its ports, what stands against it, and
//! through which of them this server itself is reached. It reads and sets nothing.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use netwarden_audit::Value;
use netwarden_collect::preflight::{OwnPath, Preflight, preflight};
use netwarden_identity::{Object, Operation};
use netwarden_model::element::Method;
use netwarden_model::{NeId, VlanId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::caller::Caller;
use crate::desk::Desk;
use crate::elements::owner;
use crate::error::OperateError;
use crate::jobs::Progress;

/// What a preflight has found; the result of its job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightReport {
    /// The VLAN that ports would be moved to.
    pub vlan: VlanId,
    /// What the element calls it.
    pub vlan_name: Option<String>,
    /// Every bridge port.
    pub ports: Vec<Preflight>,
}

impl Desk {
    /// Starts a preflight: the element is read, and every port judged. The job's result is a
    /// [`PreflightReport`].
    pub async fn preflight(
        &self,
        caller: &Caller,
        ne: NeId,
        vlan: Option<VlanId>,
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let object = Object::placed(Operation::ProbePreflight.object(), Some(ne));
        let permit = self.permit(caller, Operation::ProbePreflight, &object, Some(ne.to_string())).await?;
        let element = self.base_of(ne)?.element;
        let vlan = vlan.or(element.quarantine_vlan).ok_or_else(|| {
            OperateError::Invalid(format!("network element {ne} has no quarantine VLAN: name a VLAN"))
        })?;
        self.record(permit.record(None, Some(Value::text(format!("VLAN {vlan}"))), reason)).await?;
        let what = format!("preflight of {} with VLAN {vlan}", element.name);
        let desk = self.clone();
        let work = move |progress| async move { desk.judge_ports(ne, element.address, vlan, progress).await };
        Ok(self.jobs.start(what, Operation::ProbePreflight, owner(caller), permit.at, work))
    }

    async fn judge_ports(
        self,
        ne: NeId,
        address: SocketAddr,
        vlan: VlanId,
        progress: Arc<Progress>,
    ) -> Result<serde_json::Value, String> {
        let session = self.engine.sessions().session(ne, None).await;
        let session = session.map_err(|error| OperateError::failed(&error).to_string())?;
        let read = netwarden_collect::read(&session, &Method::ALL, None).await;
        let reading = read.map_err(|error| OperateError::failed(&error).to_string())?.reading;
        let path = OwnPath { server_ips: own_address(address).into_iter().collect(), ..OwnPath::default() };
        let ports = reading.interfaces.iter().filter(|port| port.base_port.is_some() || port.pvid.is_some());
        let ports: Vec<Preflight> =
            ports.map(|port| preflight(&reading, port.if_index, vlan, &path)).collect();
        let all = u64::try_from(ports.len()).unwrap_or(u64::MAX);
        progress.set_total(all);
        progress.set_done(all);
        let vlan_name = reading.vlans.iter().find(|of| of.id == vlan).and_then(|of| of.name.clone());
        serde_json::to_value(PreflightReport { vlan, vlan_name, ports }).map_err(|error| error.to_string())
    }
}

/// The address from which datagrams to `address` leave. Connecting a UDP socket asks the routing table and
/// sends nothing.
fn own_address(address: SocketAddr) -> Option<IpAddr> {
    let any: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(address).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_address_is_that_of_the_way_to_the_element() {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 161));
        assert_eq!(own_address(loopback), Some(IpAddr::from([127, 0, 0, 1])));
    }
}

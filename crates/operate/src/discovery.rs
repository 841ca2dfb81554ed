//! Discovery of elements that are not in the inventory: subnets swept, neighbours of known ones (NEM-01).

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use netwarden_collect::discovery::{SWEEP_LIMIT, Subnet, candidates};
use netwarden_identity::Operation;
use netwarden_model::{NeId, Reading};
use netwarden_reach::SnmpError;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::caller::{Caller, Permit};
use crate::desk::Desk;
use crate::elements::{ElementWish, OpenedSet, SNMP_PORT, allowed, owner, try_sets};
use crate::error::OperateError;
use crate::jobs::Progress;
use crate::ports::require_reason;
use crate::said::Said;

/// Addresses that are tried at the same time.
const SWEEP_AT_ONCE: usize = 128;
/// Elements that are added at the same time.
const ADD_AT_ONCE: usize = 32;
/// Agents that answered but not to us, of which a search tells why.
const REFUSED: usize = 200;

/// What a search is to cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// In CIDR notation; None for the neighbours of known elements only.
    pub subnet: Option<String>,
    /// UDP port of the agents; 161 where None.
    pub port: Option<u16>,
    /// Sets of less than SNMPv3 authPriv are tried too.
    pub allow_v2c: bool,
    /// What answers is added.
    pub add: bool,
}

impl Desk {
    /// Starts a search for elements that are not in the inventory: neighbours of known ones and, where
    /// a subnet is named, every address of it. What is found is proposed in the job's result.
    pub async fn discover(
        &self,
        caller: &Caller,
        search: Search,
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::AdoptionDiscover).await?;
        let may_add =
            if search.add { Some(self.permit_of(caller, Operation::NeCreate).await?) } else { None };
        let mut addresses = Vec::new();
        if let Some(text) = &search.subnet {
            let subnet: Subnet = text.parse().map_err(unfit)?;
            addresses = subnet.hosts(SWEEP_LIMIT).map_err(unfit)?;
        }
        let (known, neighbours) = self.neighbours();
        let port = search.port.unwrap_or(SNMP_PORT);
        let addresses: Vec<SocketAddr> = addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        let addresses = addresses.into_iter().filter(|address| !known.contains(address)).collect();
        let all = self.opened_sets(None).await?;
        let sets = allowed(&all, search.allow_v2c);
        if search.subnet.is_some() && sets.is_empty() {
            return Err(OperateError::Conflict(match all.is_empty() {
                true => Said::NoCredentials,
                false => Said::AllInClear,
            }));
        }
        let what = match &search.subnet {
            None => Said::SearchAmongNeighbours,
            Some(subnet) => Said::SearchIn { subnet: subnet.clone() },
        };
        let details = what.clone().noted(reason);
        self.record(permit.record(None, None, &details.to_string())).await?;
        let sweep = Sweep {
            desk: self.clone(),
            addresses,
            sets,
            neighbours,
            may_add,
            reason: reason.to_owned(),
            search,
        };
        let start = move |progress| sweep.run(progress);
        Ok(self.jobs.start(what, Operation::AdoptionDiscover, owner(caller), permit.at, start))
    }

    /// Starts to add elements, each tried with the credentials that are named for it, else with all. The
    /// job's result says of each whether it was added, or why not.
    pub async fn add_elements(
        &self,
        caller: &Caller,
        wishes: Vec<ElementWish>,
        reason: &str,
    ) -> Result<Uuid, OperateError> {
        let permit = self.permit_of(caller, Operation::NeCreate).await?;
        require_reason(reason)?;
        if wishes.is_empty() {
            return Err(OperateError::Invalid(Said::ChooseElement));
        }
        let what = Said::Adding { elements: wishes.len() };
        self.record(permit.record(None, None, &format!("{what}: {reason}"))).await?;
        let (desk, reason, owner) = (self.clone(), reason.to_owned(), owner(caller));
        let caller = caller.clone();
        let work = move |progress| added(desk, caller, wishes, reason, progress);
        Ok(self.jobs.start(what, Operation::NeCreate, owner, permit.at, work))
    }

    fn neighbours(&self) -> (BTreeSet<SocketAddr>, Vec<serde_json::Value>) {
        let network = self.engine.keeper().picture().read();
        let at: BTreeSet<SocketAddr> = network.elements().map(|(_, e)| e.base.element.address).collect();
        let known = at.iter().map(SocketAddr::ip).collect();
        let readings: Vec<Reading> = network
            .elements()
            .map(|(_, element)| Reading {
                neighbours: element.neighbours.iter().map(|at| at.neighbour.clone()).collect(),
                ..Reading::default()
            })
            .collect();
        let found = candidates(&readings, &known);
        let proposals = found.into_iter().map(|candidate| {
            serde_json::json!({
                "found_by": "neighbour",
                "address": candidate.addresses.first(),
                "addresses": candidate.addresses,
                "name": candidate.name,
                "descr": candidate.descr,
                "chassis_mac": candidate.chassis_mac,
            })
        });
        (at, proposals.collect())
    }
}

/// A search under way.
struct Sweep {
    desk: Desk,
    addresses: Vec<SocketAddr>,
    sets: Vec<OpenedSet>,
    neighbours: Vec<serde_json::Value>,
    may_add: Option<Permit>,
    search: Search,
    reason: String,
}

impl Sweep {
    async fn run(self, progress: Arc<Progress>) -> Result<serde_json::Value, Said> {
        progress.set_total(u64::try_from(self.addresses.len()).unwrap_or(u64::MAX));
        let sets: Arc<[OpenedSet]> = self.sets.clone().into();
        let mut found: BTreeMap<SocketAddr, serde_json::Value> = BTreeMap::new();
        let (mut silent, mut refused) = (0u64, BTreeMap::new());
        let (mut waiting, mut tries, mut done) = (self.addresses.iter().copied(), JoinSet::new(), 0);
        loop {
            while tries.len() < SWEEP_AT_ONCE && !progress.is_cancelled() {
                let Some(address) = waiting.next() else { break };
                let (engine, sets) = (self.desk.engine.sessions().engine().clone(), Arc::clone(&sets));
                tries.spawn(async move { (address, try_sets(&engine, address, &sets).await) });
            }
            let Some(tried) = tries.join_next().await else { break };
            done += 1;
            progress.set_done(done);
            let (address, answer) = tried.map_err(|error| error.to_string())?;
            if let Err(reasons) = &answer {
                match reasons.iter().find(|reason| !matches!(reason, SnmpError::Timeout { .. })) {
                    Some(reason) if refused.len() < REFUSED => {
                        refused.insert(address, reason.to_string());
                    }
                    Some(_) => {}
                    None => silent += 1,
                }
            }
            if let Ok((set, system)) = answer {
                let added = self.add(address, &set).await;
                let proposal = serde_json::json!({
                    "found_by": "sweep",
                    "address": address,
                    "credential": set.name,
                    "name": system.name,
                    "descr": system.descr,
                    "location": system.location,
                    "added": added.as_ref().and_then(|added| added.as_ref().ok()),
                    "not_added": added.and_then(|added| added.err()).map(|error| error.to_string()),
                });
                found.insert(address, proposal);
            }
        }
        let found: Vec<serde_json::Value> = found.into_values().chain(self.neighbours).collect();
        let refused: Vec<String> = refused.into_values().collect();
        Ok(serde_json::json!({ "found": found, "silent": silent, "refused": refused }))
    }

    /// Adds what has answered, where that was wished for.
    async fn add(&self, address: SocketAddr, set: &OpenedSet) -> Option<Result<NeId, OperateError>> {
        let permit = self.may_add.as_ref()?;
        let wish = ElementWish {
            address: address.to_string(),
            credential: Some(set.name.clone()),
            allow_v2c: self.search.allow_v2c && !set.credentials.is_protected(),
            ..ElementWish::default()
        };
        Some(self.desk.put_new_element(permit, wish, std::slice::from_ref(set), &self.reason).await)
    }
}

async fn added(
    desk: Desk,
    caller: Caller,
    wishes: Vec<ElementWish>,
    reason: String,
    progress: Arc<Progress>,
) -> Result<serde_json::Value, Said> {
    progress.set_total(u64::try_from(wishes.len()).unwrap_or(u64::MAX));
    let mut found: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    let (mut waiting, mut tries, mut done) = (wishes.into_iter(), JoinSet::new(), 0);
    loop {
        while tries.len() < ADD_AT_ONCE && !progress.is_cancelled() {
            let Some(wish) = waiting.next() else { break };
            let (desk, caller, reason) = (desk.clone(), caller.clone(), reason.clone());
            tries.spawn(async move {
                let address = wish.address.clone();
                let (credential, answer) =
                    (wish.credential.clone(), desk.add_element(&caller, wish, &reason).await);
                (address, credential, answer)
            });
        }
        let Some(tried) = tries.join_next().await else { break };
        done += 1;
        progress.set_done(done);
        let (address, credential, answer) = tried.map_err(|error| error.to_string())?;
        let name = answer.as_ref().ok().and_then(|ne| desk.base_of(*ne).ok()).map(|base| base.element.name);
        let proposal = serde_json::json!({
            "found_by": "chosen",
            "address": address,
            "credential": credential,
            "name": name,
            "added": answer.as_ref().ok(),
            "not_added": answer.as_ref().err().map(ToString::to_string),
        });
        found.insert(address, proposal);
    }
    for wish in waiting {
        let cancelled = serde_json::json!({
            "found_by": "chosen", "address": wish.address, "not_added": "it was cancelled before",
        });
        found.insert(wish.address, cancelled);
    }
    let found: Vec<serde_json::Value> = found.into_values().collect();
    Ok(serde_json::json!({ "found": found }))
}

fn unfit(error: impl std::fmt::Display) -> OperateError {
    OperateError::Invalid(Said::SubnetUnfit { why: error.to_string() })
}

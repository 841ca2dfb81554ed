//! Which addresses carry our own path to the network: a port that shows one of them is never cut (NAC-13).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netwarden_model::Mac;

use crate::machine::{Machine, local_address};

/// How long what the kernel said is relied on: a moved cable or a new lease is noticed after it.
const FRESH: Duration = Duration::from_secs(10);

/// What the kernel says of us and those next to us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ourselves {
    /// MACs of our interfaces.
    pub(crate) macs: BTreeSet<Mac>,
    /// Our addresses towards the elements, and our gateways': routers' caches know their MACs.
    pub(crate) addresses: BTreeSet<IpAddr>,
    /// Who is behind addresses of our own subnets, for networks without a router that we read.
    pub(crate) neighbours: BTreeMap<IpAddr, Mac>,
}

/// Asks the kernel, and remembers for a while; clones share what is remembered.
#[derive(Debug, Clone)]
pub(crate) struct OwnPath {
    machine: Arc<Machine>,
    known: Arc<Mutex<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    at: Instant,
    elements: BTreeSet<SocketAddr>,
    told: Arc<Ourselves>,
}

impl OwnPath {
    pub(crate) fn new(machine: Machine) -> Self {
        Self { machine: Arc::new(machine), known: Arc::default() }
    }

    /// What is on the way to `elements`. The kernel is asked on a thread that may block.
    pub(crate) async fn towards(&self, elements: BTreeSet<SocketAddr>) -> Arc<Ourselves> {
        if let Some(known) = &*self.known()
            && known.elements == elements
            && known.at.elapsed() < FRESH
        {
            return Arc::clone(&known.told);
        }
        let (machine, targets) = (Arc::clone(&self.machine), elements.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let mut addresses = machine.gateways();
            addresses.extend(targets.into_iter().filter_map(local_address));
            Ourselves { macs: machine.macs(), addresses, neighbours: machine.neighbours() }
        });
        match asked.await {
            Ok(told) => {
                let told = Arc::new(told);
                *self.known() = Some(Known { at: Instant::now(), elements, told: Arc::clone(&told) });
                told
            }
            // The thread ended early, as at shutdown: what was known still holds.
            Err(_) => self.known().as_ref().map(|known| Arc::clone(&known.told)).unwrap_or_default(),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

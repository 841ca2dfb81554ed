//! The campus as a pure model: devices, endpoints, forwarding by the VLAN sets, learning and ageing.
//!
//! Knows no socket and no clock: time comes in through [`World::advance`], chance through the seed.
//! What agents and the demo's narrator need to hear comes out as [`Effect`]s.

pub mod attach;
pub mod change;
pub mod device;
pub mod endpoint;
pub mod forward;
pub mod layout;
pub mod port_set;
pub mod truth;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use netwarden_model::Mac;

pub use change::{Change, ChangeError};
pub use device::{Device, DeviceNo, Place, PortNo};
pub use endpoint::{Endpoint, EndpointKind, EndpointNo};
pub use truth::{Located, Truth};

use crate::time::{Chance, SimTime};

/// Forwarding rows that were not confirmed for this long are forgotten (IEEE 802.1Q 8.8.3: 300 s).
pub const FDB_AGEING: Duration = Duration::from_secs(300);
/// ARP and ND rows that were not confirmed for this long are forgotten.
pub const ARP_AGEING: Duration = Duration::from_secs(1200);
/// How often tables are swept for rows that are too old.
const SWEEP: Duration = Duration::from_secs(15);
/// How often an endpoint repeats its claim on an address that is not its own, in milliseconds.
const CLAIM_PERIOD_MS: u64 = 5_000;

/// How often a device's own processor sends a frame in the management VLAN.
const DEVICE_PERIOD: Duration = Duration::from_secs(60);

/// Something that an agent reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// ifOperStatus of a port changed to up.
    LinkUp(Place),
    /// ifOperStatus of a port changed to down.
    LinkDown(Place),
    /// A port that notifies learned an address.
    Learned {
        /// The port.
        place: Place,
        /// In which VLAN.
        vlan: u16,
        /// Which address.
        mac: Mac,
    },
    /// An address was forgotten or learned elsewhere.
    Forgotten {
        /// The port.
        place: Place,
        /// In which VLAN.
        vlan: u16,
        /// Which address.
        mac: Mac,
    },
    /// A device goes down to restart.
    GoingDown(DeviceNo),
    /// A device is back.
    Booted(DeviceNo),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Endpoint(EndpointNo),
    Device(DeviceNo),
}

/// The campus.
#[derive(Debug, Clone)]
pub struct World {
    now: SimTime,
    pub(crate) devices: Vec<Device>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) attached: HashMap<Place, Vec<EndpointNo>>,
    chance: Chance,
    agenda: BinaryHeap<Reverse<(SimTime, Sender)>>,
    next_sweep: SimTime,
    effects: Vec<Effect>,
    boots_due: Vec<(SimTime, DeviceNo)>,
}

impl World {
    /// An empty world at `now`.
    pub fn new(seed: u64, now: SimTime) -> Self {
        Self {
            now,
            devices: Vec::new(),
            endpoints: Vec::new(),
            attached: HashMap::new(),
            chance: Chance::new(seed),
            agenda: BinaryHeap::new(),
            next_sweep: now.after(SWEEP),
            effects: Vec::new(),
            boots_due: Vec::new(),
        }
    }

    /// The world's time.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// All devices, by [`DeviceNo`].
    pub fn devices(&self) -> impl Iterator<Item = (DeviceNo, &Device)> {
        self.devices.iter().enumerate().filter_map(|(n, d)| u16::try_from(n).ok().map(|n| (DeviceNo(n), d)))
    }

    /// One device.
    pub fn device(&self, device: DeviceNo) -> Option<&Device> {
        self.devices.get(usize::from(device.0))
    }

    pub(crate) fn device_mut(&mut self, device: DeviceNo) -> Option<&mut Device> {
        self.devices.get_mut(usize::from(device.0))
    }

    /// The device of this name.
    pub fn device_named(&self, name: &str) -> Option<DeviceNo> {
        self.devices().find(|(_, d)| d.name == name).map(|(n, _)| n)
    }

    /// The port with this ifName on the device of this name.
    pub fn place(&self, device: &str, if_name: &str) -> Option<Place> {
        let number = self.device_named(device)?;
        let port = self.device(number)?.port_named(if_name)?;
        Some(Place { device: number, port })
    }

    /// `device port`, for sentences.
    pub fn place_name(&self, place: Place) -> String {
        self.device(place.device)
            .map_or_else(String::new, |d| format!("{} port {}", d.name, d.port_name(place.port)))
    }

    /// All endpoints, by [`EndpointNo`].
    pub fn endpoints(&self) -> impl Iterator<Item = (EndpointNo, &Endpoint)> {
        self.endpoints
            .iter()
            .enumerate()
            .filter_map(|(n, e)| u32::try_from(n).ok().map(|n| (EndpointNo(n), e)))
    }

    /// One endpoint.
    pub fn endpoint(&self, endpoint: EndpointNo) -> Option<&Endpoint> {
        self.endpoints.get(endpoint.0 as usize)
    }

    pub(crate) fn endpoint_mut(&mut self, endpoint: EndpointNo) -> Option<&mut Endpoint> {
        self.endpoints.get_mut(endpoint.0 as usize)
    }

    /// The endpoint of this name.
    pub fn endpoint_named(&self, name: &str) -> Option<EndpointNo> {
        self.endpoints().find(|(_, e)| e.name == name).map(|(n, _)| n)
    }

    /// The endpoints on a port.
    pub fn at(&self, place: Place) -> &[EndpointNo] {
        self.attached.get(&place).map_or(&[], Vec::as_slice)
    }

    /// What happened since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn chance(&mut self) -> &mut Chance {
        &mut self.chance
    }

    /// Lets time pass until `to`: endpoints and devices send what is due, tables age, devices that
    /// restart come back. Does nothing where `to` is not later than [`World::now`].
    pub fn advance(&mut self, to: SimTime) {
        while let Some(Reverse((due, sender))) = self.agenda.peek().copied() {
            if due > to {
                break;
            }
            self.agenda.pop();
            self.pass_to(due);
            match sender {
                Sender::Endpoint(endpoint) => self.endpoint_due(endpoint, due),
                Sender::Device(device) => self.device_due(device),
            }
        }
        self.pass_to(to);
    }

    /// Ages tables and brings restarted devices back up to `to`.
    fn pass_to(&mut self, to: SimTime) {
        while self.next_sweep <= to {
            self.now = self.now.max(self.next_sweep);
            self.next_sweep = self.next_sweep.after(SWEEP);
            self.sweep();
        }
        self.now = self.now.max(to);
        let due: Vec<DeviceNo> =
            self.boots_due.iter().filter(|(at, _)| *at <= self.now).map(|(_, d)| *d).collect();
        self.boots_due.retain(|(at, _)| *at > to);
        for device in due {
            self.finish_boot(device);
        }
    }

    /// Has `endpoint` send its next frame in `wait`, unless it is due sooner.
    pub(crate) fn schedule(&mut self, endpoint: EndpointNo, wait: Duration) {
        let (now, due) = (self.now, self.now.after(wait));
        if let Some(e) = self.endpoint_mut(endpoint)
            && (e.next <= now || e.next > due)
        {
            e.next = due;
            self.agenda.push(Reverse((due, Sender::Endpoint(endpoint))));
        }
    }

    pub(crate) fn schedule_device(&mut self, device: DeviceNo, wait: Duration) {
        self.agenda.push(Reverse((self.now.after(wait), Sender::Device(device))));
    }

    fn endpoint_due(&mut self, endpoint: EndpointNo, due: SimTime) {
        // An entry that was overtaken by an earlier one is stale.
        let Some(e) = self.endpoint(endpoint) else { return };
        if e.next != due || !e.awake || e.place.is_none() {
            return;
        }
        // Who claims another's address repeats it before the owner speaks again: a claim that is not
        // repeated is overwritten by the owner's next frame.
        let period = if e.claims.is_empty() { u64::from(e.period_s.max(1)) * 1000 } else { CLAIM_PERIOD_MS };
        self.endpoint_sends(endpoint);
        let jitter = self.chance.below(period / 4 + 1);
        self.schedule(endpoint, Duration::from_millis(period - period / 8 + jitter));
    }

    fn device_due(&mut self, device: DeviceNo) {
        self.device_sends(device);
        let jitter = self.chance.below(10_000);
        self.schedule_device(device, DEVICE_PERIOD + Duration::from_millis(jitter));
    }

    fn sweep(&mut self) {
        let now = self.now;
        let mut forgotten = Vec::new();
        for (number, device) in self.devices.iter_mut().enumerate() {
            let Ok(number) = u16::try_from(number) else { break };
            let mut changed = false;
            device.fdb.retain(|(vlan, mac), row| {
                let keep = now.since(row.seen) <= FDB_AGEING;
                if !keep {
                    changed = true;
                    forgotten.push((Place { device: DeviceNo(number), port: row.port }, *vlan, *mac));
                }
                keep
            });
            let before = device.arp.len();
            device.arp.retain(|_, row| now.since(row.seen) <= ARP_AGEING);
            if changed || before != device.arp.len() {
                device.touch();
            }
        }
        // HashMap order differs from run to run; effects must not.
        forgotten.sort_unstable_by_key(|(place, vlan, mac)| (*place, *vlan, *mac));
        for (place, vlan, mac) in forgotten {
            self.effects.push(Effect::Forgotten { place, vlan, mac });
        }
    }

    /// Takes a device down; it comes back after `down_for`, with empty tables, a fresh sysUpTime and,
    /// where its model does so, other ifIndexes.
    pub fn reboot(&mut self, device: DeviceNo, down_for: Duration) {
        let now = self.now;
        let Some(d) = self.device_mut(device) else { return };
        d.rebooting = true;
        d.fdb.clear();
        d.arp.clear();
        d.touch_config();
        self.boots_due.push((now.after(down_for), device));
        self.effects.push(Effect::GoingDown(device));
        self.refresh_links();
    }

    fn finish_boot(&mut self, device: DeviceNo) {
        let now = self.now;
        let Some(d) = self.device_mut(device) else { return };
        d.rebooting = false;
        d.booted = now;
        d.up_before_s = 0;
        if d.model.renumbers {
            for port in &mut d.ports {
                // Units come up in another order: what was 10xxx is 20xxx now, and on.
                port.if_index = port.if_index % 10_000 + (port.if_index / 10_000 + 1) * 10_000;
            }
        }
        d.touch_config();
        self.effects.push(Effect::Booted(device));
        self.refresh_links();
    }
}

#[cfg(test)]
mod tests;

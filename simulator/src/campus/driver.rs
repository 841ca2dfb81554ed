//! The task that lets time pass on the campus.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc, watch};

use super::{Announcement, Booter, TICK, perform};
use crate::agent::notify::{Content, MacChange, Notification, TUPLES_A_MESSAGE};
use crate::agent::{Notifier, RunningAgent};
use crate::day::Happening;
use crate::time::SimTime;
use crate::world::{DeviceNo, Effect, World};

/// Notifications that wait for a slow receiver before new ones are dropped, per device.
const QUEUE: usize = 1024;

pub(super) struct Driver {
    pub(super) booter: Booter,
    pub(super) running: Vec<Option<RunningAgent>>,
    pub(super) script: VecDeque<(SimTime, Happening)>,
    pub(super) announcements: broadcast::Sender<Announcement>,
    pub(super) history: Arc<Mutex<Vec<Announcement>>>,
    pub(super) mac_histories: HashMap<DeviceNo, u32>,
    pub(super) senders: HashMap<DeviceNo, mpsc::Sender<Notification>>,
}

impl Driver {
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        for index in 0..self.running.len() {
            self.open_sender(DeviceNo(index as u16));
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.booter.shared);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shared.changed.notified() => {}
                _ = stopped.changed() => break,
            }
            self.step().await;
        }
        for agent in self.running.into_iter().flatten() {
            agent.stop().await;
        }
    }

    async fn step(&mut self) {
        let shared = Arc::clone(&self.booter.shared);
        let now = shared.sim_now();
        let mut announced = Vec::new();
        let (effects, notifications) = shared.with(|world| {
            while self.script.front().is_some_and(|(at, _)| *at <= now) {
                let Some((at, happening)) = self.script.pop_front() else { break };
                world.advance(at);
                announced.push(perform(world, happening, shared.wall_time()));
            }
            world.advance(now);
            let effects = world.take_effects();
            let notifications = self.notifications(world, &effects, shared.speed());
            (effects, notifications)
        });
        for announcement in announced {
            self.history.lock().unwrap_or_else(PoisonError::into_inner).push(announcement.clone());
            drop(self.announcements.send(announcement)); // nobody listening is fine
        }
        for effect in &effects {
            match effect {
                Effect::GoingDown(device) => self.take_down(*device).await,
                Effect::Booted(device) => self.bring_up(*device).await,
                _ => {}
            }
        }
        for (device, notification) in notifications {
            self.send(device, notification);
        }
    }

    /// What the agents tell about these effects, in order; addresses of one device in one message.
    fn notifications(
        &mut self,
        world: &World,
        effects: &[Effect],
        speed: f64,
    ) -> Vec<(DeviceNo, Notification)> {
        let mut told = Vec::new();
        let mut macs: BTreeMap<DeviceNo, Vec<MacChange>> = BTreeMap::new();
        let up_time = |device: DeviceNo| world.device(device).map_or(0, |d| d.up_time_cs(world.now(), speed));
        for effect in effects {
            match effect {
                Effect::LinkUp(place) | Effect::LinkDown(place) => {
                    let up = matches!(effect, Effect::LinkUp(_));
                    let notification = world
                        .device(place.device)
                        .and_then(|d| Notification::link(d, place.port, up, up_time(place.device)));
                    told.extend(notification.map(|n| (place.device, n)));
                }
                Effect::Learned { place, vlan, mac } | Effect::Forgotten { place, vlan, mac } => {
                    let port = world.device(place.device).and_then(|d| d.port(place.port));
                    let Some(port) = port.filter(|p| p.notifies) else { continue };
                    let Some(base_port) = port.base_port.and_then(|b| u16::try_from(b).ok()) else {
                        continue;
                    };
                    let learned = matches!(effect, Effect::Learned { .. });
                    macs.entry(place.device).or_default().push(MacChange {
                        learned,
                        vlan: *vlan,
                        mac: *mac,
                        base_port,
                    });
                }
                Effect::Booted(device) => {
                    told.push((
                        *device,
                        Notification { up_time_cs: up_time(*device), content: Content::ColdStart },
                    ));
                }
                Effect::GoingDown(_) => {}
            }
        }
        for (device, changes) in macs {
            for changes in changes.chunks(TUPLES_A_MESSAGE) {
                let index = self.mac_histories.entry(device).or_default();
                *index = *index % 500 + 1; // cmnHistTable is a ring
                let content = Content::Macs { index: *index, changes: changes.to_vec() };
                told.push((device, Notification { up_time_cs: up_time(device), content }));
            }
        }
        told
    }

    fn send(&self, device: DeviceNo, notification: Notification) {
        if self.booter.target.is_none() {
            return;
        }
        if let Some(sender) = self.senders.get(&device)
            && sender.try_send(notification).is_err()
        {
            tracing::warn!(device = device.0, "a notification is dropped: the receiver is too slow");
        }
    }

    /// Each agent's notifications go out in order by a task of their own, so that an inform that waits
    /// holds up nobody else.
    fn open_sender(&mut self, device: DeviceNo) {
        if self.booter.target.is_none() {
            return;
        }
        let Some(agent) = self.running.get(usize::from(device.0)).and_then(Option::as_ref) else { return };
        let notifier: Notifier = agent.notifier();
        let (sender, mut queue) = mpsc::channel::<Notification>(QUEUE);
        tokio::spawn(async move {
            while let Some(notification) = queue.recv().await {
                notifier.notify(&notification).await;
            }
        });
        self.senders.insert(device, sender);
    }

    async fn take_down(&mut self, device: DeviceNo) {
        self.senders.remove(&device);
        if let Some(agent) = self.running.get_mut(usize::from(device.0)).and_then(Option::take) {
            agent.stop().await;
        }
    }

    async fn bring_up(&mut self, device: DeviceNo) {
        match self.booter.boot(device).await {
            Ok(agent) => {
                if let Some(slot) = self.running.get_mut(usize::from(device.0)) {
                    *slot = Some(agent);
                }
                self.open_sender(device);
            }
            Err(error) => tracing::error!(%error, "an agent did not come back after its restart"),
        }
    }
}

//! The poller: hundreds of elements in flight, each at its own pace; a slow or dumb one holds nobody up.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_collect::{DeviceProfile, Outcome, Part, ReadError};
use netwarden_inventory::{Lack, PollWish, Read};
use netwarden_model::element::{Method, Scan};
use netwarden_model::{Clock, NeId, Reading};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::agenda::{Agenda, Job, What};
use crate::keeper::KeeperHandle;
use crate::sessions::{SessionError, Sessions};

/// The poller looks at its agenda at least so often, whatever it believes to be due.
const AT_LEAST: Duration = Duration::from_secs(1);

/// No poll of one element lasts longer: an agent that trickles must not keep its place for ever.
const LONGEST_POLL: Duration = Duration::from_secs(300);

/// What others tell the poller.
#[derive(Debug)]
pub enum Order {
    /// An element was added or its intervals changed.
    Put(NeId, BTreeMap<Method, Duration>),
    /// An element was taken out.
    Remove(NeId),
    /// Something is to be read soon.
    Wish(PollWish),
}

/// Counters for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollStats {
    /// Polls that succeeded.
    pub good: u64,
    /// Polls that failed.
    pub failed: u64,
    /// Polls under way.
    pub under_way: usize,
    /// How long ended polls have taken, in microseconds, all together.
    pub took_us: u64,
    /// Ended polls by how long they took: at most as many seconds as [`POLL_BOUNDS_S`] says at the same
    /// place, and longer than the one before; the last counts the others.
    pub by_time: [u64; POLL_BOUNDS_S.len() + 1],
}

/// Bounds of [`PollStats::by_time`], in seconds.
pub const POLL_BOUNDS_S: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

impl PollStats {
    fn took(&mut self, time: Duration) {
        self.took_us = self.took_us.saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let seconds = time.as_secs_f64();
        let place = POLL_BOUNDS_S.iter().position(|bound| seconds <= *bound).unwrap_or(POLL_BOUNDS_S.len());
        if let Some(count) = self.by_time.get_mut(place) {
            *count += 1;
        }
    }
}

/// The poller.
#[derive(Debug)]
pub struct Poller {
    sessions: Arc<Sessions>,
    keeper: KeeperHandle,
    clock: Arc<dyn Clock>,
    in_flight: watch::Receiver<usize>,
    orders: mpsc::UnboundedReceiver<Order>,
    agenda: Agenda,
    profiles: HashMap<NeId, DeviceProfile>,
    stats: watch::Sender<PollStats>,
}

/// One poll's end.
struct Polled {
    job: Job,
    at: Timestamp,
    took: Duration,
    outcome: Result<Outcome, PollError>,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("it took longer than {} s", LONGEST_POLL.as_secs())]
    TooLong,
}

impl Poller {
    /// A poller that takes `orders`; `in_flight` says how many elements may be polled at the same time.
    pub fn new(
        sessions: Arc<Sessions>,
        keeper: KeeperHandle,
        clock: Arc<dyn Clock>,
        in_flight: watch::Receiver<usize>,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> (Self, watch::Receiver<PollStats>) {
        let (stats, shown) = watch::channel(PollStats::default());
        let agenda = Agenda::default();
        (Self { sessions, keeper, clock, in_flight, orders, agenda, profiles: HashMap::new(), stats }, shown)
    }

    /// Runs until nobody can give orders any more.
    pub async fn run(mut self) {
        let mut polls: JoinSet<Polled> = JoinSet::new();
        loop {
            self.start_due(&mut polls);
            let wait = self.until_next_due();
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                Some(ended) = polls.join_next() => match ended {
                    Ok(polled) => self.finish(polled).await,
                    // Only a defect of ours ends a poll so; the element is polled again after a restart.
                    Err(error) => tracing::error!(%error, "a poll broke off"),
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Put(ne, intervals) => {
                self.sessions.forget(ne);
                self.agenda.put(ne, intervals, self.clock.now());
            }
            Order::Remove(ne) => {
                self.agenda.remove(ne);
                self.profiles.remove(&ne);
                self.sessions.forget(ne);
            }
            Order::Wish(wish) => self.agenda.wish(wish),
        }
    }

    fn start_due(&mut self, polls: &mut JoinSet<Polled>) {
        let free = self.in_flight.borrow().saturating_sub(self.agenda.under_way());
        for job in self.agenda.take_due(self.clock.now(), free) {
            let profile = self.profiles.get(&job.ne).cloned();
            polls.spawn(poll(
                Arc::clone(&self.sessions),
                self.keeper.clone(),
                Arc::clone(&self.clock),
                job,
                profile,
            ));
        }
        let under_way = self.agenda.under_way();
        self.stats.send_if_modified(|stats| std::mem::replace(&mut stats.under_way, under_way) != under_way);
    }

    fn until_next_due(&self) -> Duration {
        let Some(due) = self.agenda.next_due() else { return AT_LEAST };
        let wait = due.duration_since(self.clock.now());
        // What is due and was not started waits for a free place, which wakes the loop.
        Duration::try_from(wait).unwrap_or(AT_LEAST).clamp(Duration::from_millis(1), AT_LEAST)
    }

    async fn finish(&mut self, polled: Polled) {
        let Polled { job, at, took, outcome } = polled;
        self.stats.send_modify(|stats| stats.took(took));
        self.agenda.done(&job, self.clock.now(), rand::random());
        match outcome {
            Ok(outcome) => {
                self.stats.send_modify(|stats| stats.good += 1);
                let off = scans_off(&self.keeper, job.ne);
                for part in outcome.incomplete.iter().filter(|incomplete| !off.contains(&incomplete.part)) {
                    tracing::warn!(ne = %job.ne, %part, "an element was read in part");
                }
                let covered = covered(&job.what, &outcome);
                self.profiles.insert(job.ne, outcome.profile);
                self.keeper.read(job.ne, covered, outcome.reading, at).await;
            }
            Err(error) => {
                self.stats.send_modify(|stats| stats.failed += 1);
                tracing::debug!(ne = %job.ne, %error, "a poll failed");
                self.keeper.failed(job.ne, error.to_string(), at).await;
            }
        }
    }
}

/// What was asked for and what of it is missing: a table that could not be read says nothing.
fn covered(what: &What, outcome: &Outcome) -> Read {
    match what {
        What::Methods(methods) => {
            let lacks = outcome.incomplete.iter().map(|incomplete| Lack {
                scan: scan_of(incomplete.part),
                reason: format!("{}: {}", incomplete.table, incomplete.reason),
            });
            Read::Partly(methods.clone(), lacks.collect())
        }
        What::Macs(macs) => Read::Macs(macs.iter().map(|(mac, _)| *mac).collect()),
    }
}

/// The scan that reads a part.
const fn scan_of(part: Part) -> Scan {
    match part {
        Part::Interfaces => Scan::Interfaces,
        Part::Vlans => Scan::Vlans,
        Part::Neighbours => Scan::Neighbours,
        Part::Fdb => Scan::Forwarding,
        Part::Sessions => Scan::Sessions,
        Part::Arp => Scan::Arp,
    }
}

async fn poll(
    sessions: Arc<Sessions>,
    keeper: KeeperHandle,
    clock: Arc<dyn Clock>,
    job: Job,
    profile: Option<DeviceProfile>,
) -> Polled {
    let begun = clock.now();
    let reading = async {
        let schedule = schedule_of(&keeper, &job);
        let session = sessions.session(job.ne, schedule).await?;
        let mut outcome = match &job.what {
            What::Methods(methods) => {
                let off = scans_off(&keeper, job.ne);
                netwarden_collect::read_without(&session, methods, profile.as_ref(), &off).await?
            }
            What::Macs(macs) => netwarden_collect::read_macs(&session, macs, profile.as_ref()).await?,
        };
        identify(&mut outcome.reading, &session);
        Ok(outcome)
    };
    let outcome = tokio::time::timeout(LONGEST_POLL, reading).await.unwrap_or(Err(PollError::TooLong));
    let at = clock.now();
    let took = Duration::try_from(at.duration_since(begun)).unwrap_or_default();
    Polled { job, at, took, outcome }
}

/// The parts that are not read of an element, by its administrator's will.
fn scans_off(keeper: &KeeperHandle, ne: NeId) -> BTreeSet<Part> {
    let network = keeper.picture().read();
    let Some(element) = network.element(ne) else { return BTreeSet::new() };
    let part = |scan: &Scan| match scan {
        Scan::Interfaces => Part::Interfaces,
        Scan::Vlans => Part::Vlans,
        Scan::Neighbours => Part::Neighbours,
        Scan::Forwarding => Part::Fdb,
        Scan::Sessions => Part::Sessions,
        Scan::Arp => Part::Arp,
    };
    element.base.scans_off.iter().map(part).collect()
}

/// The patience of the method that is read; the most patient one where several are.
fn schedule_of(keeper: &KeeperHandle, job: &Job) -> Option<netwarden_model::element::Schedule> {
    let network = keeper.picture().read();
    let base = &network.element(job.ne)?.base;
    let methods: &[Method] = match &job.what {
        What::Methods(methods) => methods,
        What::Macs(_) => &[Method::Forwarding],
    };
    methods.iter().map(|method| base.schedule(*method)).max_by_key(|schedule| schedule.timeout)
}

/// What only the session knows of the agent.
fn identify(reading: &mut Reading, session: &netwarden_reach::SnmpSession) {
    reading.system.engine_id =
        session.engine_id().map(|id| id.iter().map(|octet| format!("{octet:02x}")).collect());
    reading.system.engine_boots = session.engine_boots();
}

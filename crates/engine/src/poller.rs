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
                let covered = covered(&job.what, &outcome);
                self.log_gaps(job.ne, &covered);
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

impl Poller {
    /// Tells where a scan begins to be incomplete, and where it is whole again: not at each poll between.
    fn log_gaps(&self, ne: NeId, read: &Read) {
        let network = self.keeper.picture().read();
        let Some(element) = network.element(ne) else { return };
        for scan in
            read.asked().iter().flat_map(|method| Scan::ALL.into_iter().filter(|s| s.method() == *method))
        {
            let known = element.live.gaps.contains_key(&scan);
            if known && read.has(scan) {
                tracing::info!(%ne, scan = scan.as_str(), "an element is read whole again");
            } else if !known && !element.base.scans_off.contains(&scan) {
                for lack in read.lacks().iter().filter(|lack| lack.scan == scan) {
                    let reason = &lack.reason;
                    tracing::warn!(%ne, scan = scan.as_str(), reason, "an element is read in part");
                }
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use netwarden_inventory::{ElementBase, Network, Settings};
    use netwarden_model::element::Element;
    use netwarden_model::event::NacPayload;
    use netwarden_model::{EventKind, Payload};
    use netwarden_reach::{Snmp, SnmpError, VlanContext, WalkQuirk, Walked};
    use netwarden_snmp::{Oid, Value, VarBind};

    use super::*;

    const NE: NeId = NeId(1);

    /// An agent with one interface whose forwarding tables lead back to their beginning, while `loops`.
    #[derive(Clone)]
    struct Agent {
        loops: bool,
    }

    impl Snmp for Agent {
        async fn get(&self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
            let value = |oid: &Oid| match oid.to_string().as_str() {
                "1.3.6.1.2.1.1.1.0" => Value::OctetString(b"a switch".to_vec()),
                "1.3.6.1.2.1.1.3.0" => Value::TimeTicks(100_000),
                _ => Value::NoSuchInstance,
            };
            Ok(oids.iter().map(|oid| VarBind::new(oid.clone(), value(oid))).collect())
        }

        async fn walk(&self, columns: &[Oid]) -> Result<Walked, SnmpError> {
            let mut walked = Walked::default();
            for column in columns {
                let text = column.to_string();
                // dot1dTpFdbTable and dot1qTpFdbTable
                let forwarding =
                    text.starts_with("1.3.6.1.2.1.17.4.3.1") || text.starts_with("1.3.6.1.2.1.17.7.1.2.2.1");
                if self.loops && forwarding {
                    walked
                        .quirks
                        .push(WalkQuirk::NotIncreasing { column: column.clone(), at: column.clone() });
                }
            }
            Ok(walked)
        }

        async fn set(&self, _: &[VarBind]) -> Result<Vec<VarBind>, SnmpError> {
            Ok(Vec::new())
        }

        fn in_vlan_context(&self, _: VlanContext) -> Self {
            self.clone()
        }
    }

    async fn polled(network: &mut Network, agent: &Agent, at: Timestamp) -> Vec<NacPayload> {
        let methods = vec![Method::Forwarding];
        let outcome = netwarden_collect::read(agent, &methods, None).await.unwrap();
        let read = covered(&What::Methods(methods), &outcome);
        let changes = network.plan_reading(NE, &read, &outcome.reading, at).unwrap();
        let told = changes.events.iter().filter(|event| event.kind == EventKind::NeIncomplete);
        let told = told.map(|event| match &event.payload {
            Payload::Nac(payload) => payload.clone(),
            Payload::People(payload) => panic!("{payload:?}"),
        });
        let told = told.collect();
        network.commit(changes);
        told
    }

    #[tokio::test]
    async fn an_agent_whose_table_has_no_end_is_told_by_name_once_until_it_is_whole_again() {
        let mut network = Network::new(Settings::default());
        let element = Element {
            id: NE,
            name: "sw-loop".into(),
            address: SocketAddr::from(([192, 0, 2, 1], 161)),
            credential: None,
            enforcement: false,
            allow_v2c: false,
            quarantine_vlan: None,
            voice_vlan: None,
        };
        let mut now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        network.put_element(ElementBase::new(element, now));
        let mut agent = Agent { loops: true };
        for round in 0..2 {
            for poll in 1..=6 {
                now += jiff::SignedDuration::from_secs(60);
                let told = polled(&mut network, &agent, now).await;
                assert_eq!(told.len(), usize::from(poll == 3), "round {round}, poll {poll}: {told:?}");
                for payload in told {
                    let NacPayload::NeIncomplete { part, reason } = payload else { panic!("{payload:?}") };
                    assert_eq!(part, "forwarding");
                    assert!(reason.contains("out of order"), "{reason}");
                }
            }
            let live = &network.element(NE).unwrap().live;
            assert!(live.gaps[&Scan::Forwarding].reasons[0].contains("out of order"), "{live:?}");
            assert!(!live.last_good.contains_key(&Method::Forwarding) || round == 1, "it is no evidence");
            agent.loops = false;
            now += jiff::SignedDuration::from_secs(60);
            assert_eq!(polled(&mut network, &agent, now).await, []);
            assert!(network.element(NE).unwrap().live.gaps.is_empty());
            agent.loops = true;
        }
    }
}

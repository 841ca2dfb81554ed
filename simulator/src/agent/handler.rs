//! Serves a device of a shared world: GET, GETNEXT and GETBULK from its tables, SET into the world.
//!
//! A SET request is staged binding by binding in the test phase and applied as one at its first
//! commit, so that it takes effect as if all at once (RFC 3416 section 4.2.5). The agent runs one SET
//! at a time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_snmp::handler::{
    BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, PreparedSet, RequestContext,
    SetCommitError, SetCommitResult, SetTestError, SetTestResult, SetUndoResult,
};
use async_snmp::{Oid, Value, VarBind};
use bytes::Bytes;
use jiff::Timestamp;
use netwarden_model::Clock;
use tokio::sync::Notify;

use super::engine::EngineId;
use super::set;
use crate::mib::{Cell, Found, Tables};
use crate::time::SimTime;
use crate::world::change::Applied;
use crate::world::{Change, DeviceNo, World};

/// One variable of a SET request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetChange {
    /// `ifAdminStatus`, `dot1qPvid`, `dot1qVlanStaticEgressPorts`, `dot1qVlanStaticUntaggedPorts`.
    pub object: &'static str,
    /// ifName of the port, or the VLAN's id.
    pub instance: String,
    /// The value that was there: `up`, a VLAN id, ifNames with commas between.
    pub before: String,
    /// The value that was set.
    pub after: String,
}

/// A SET request that an agent carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRecord {
    /// When.
    pub at: Timestamp,
    /// When, in the world.
    pub sim_time: SimTime,
    /// sysName of the agent's device.
    pub device: String,
    /// What it changed; variables that already had the value are not listed, so this is empty where the
    /// request changed nothing.
    pub changes: Vec<SetChange>,
}

/// The world, shared by its agents and by whoever drives it.
#[derive(Debug)]
pub struct SharedWorld {
    world: Mutex<World>,
    versions: Vec<AtomicU64>,
    set_log: Mutex<Vec<SetRecord>>,
    /// Rung after a SET, so that its notifications go out at once.
    pub(crate) changed: Notify,
    clock: Arc<dyn Clock>,
    speed: f64,
    start: (Instant, SimTime),
    stands_still: bool,
}

impl SharedWorld {
    /// A world in which no time passes: nobody sends, nothing ages. Its agents' sysUpTime runs on.
    pub fn still(world: World, clock: Arc<dyn Clock>) -> Self {
        Self { stands_still: true, ..Self::new(world, 1.0, clock) }
    }

    /// A world that passes `speed` times as fast as real time, beginning now.
    pub fn new(world: World, speed: f64, clock: Arc<dyn Clock>) -> Self {
        let versions = world.devices().map(|(_, d)| AtomicU64::new(d.version)).collect();
        let start = (Instant::now(), world.now());
        Self {
            world: Mutex::new(world),
            versions,
            set_log: Mutex::default(),
            changed: Notify::new(),
            clock,
            speed,
            start,
            stands_still: false,
        }
    }

    /// Simulated seconds in a real one.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// The present time.
    pub fn wall_time(&self) -> Timestamp {
        self.clock.now()
    }

    /// The simulated time that corresponds to this moment: to where the world is to be advanced.
    pub fn sim_now(&self) -> SimTime {
        if self.stands_still { self.start.1 } else { self.agents_now() }
    }

    /// The time by which agents count sysUpTime.
    fn agents_now(&self) -> SimTime {
        let (began, at) = self.start;
        at.after(began.elapsed().mul_f64(self.speed))
    }

    /// Looks at the world or changes it; agents see changes when this returns.
    pub fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.lock();
        let result = act(&mut world);
        self.publish(&world);
        result
    }

    /// All SET requests carried out so far, in order.
    pub fn set_log(&self) -> Vec<SetRecord> {
        self.set_log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, world: &World) {
        for ((_, device), version) in world.devices().zip(&self.versions) {
            version.store(device.version, Ordering::Release);
        }
    }

    fn version(&self, device: DeviceNo) -> u64 {
        self.versions.get(usize::from(device.0)).map_or(0, |v| v.load(Ordering::Acquire))
    }
}

/// Serves one device.
#[derive(Debug)]
pub struct DeviceHandler {
    shared: Arc<SharedWorld>,
    device: DeviceNo,
    engine: EngineId,
    boots: u32,
    started: Instant,
    tables: RwLock<Arc<Tables>>,
    staged: Arc<Mutex<Staged>>,
    delay: Duration,
    /// The requests that have waited, the last of them last.
    waited: Mutex<VecDeque<i32>>,
}

/// Requests of which it is remembered that they have waited: more than an agent has under way at once.
const WAITED: usize = 64;

#[derive(Debug, Default)]
struct Staged {
    request: Option<i32>,
    changes: Vec<Change>,
}

impl DeviceHandler {
    /// For a device whose engine has booted `boots` times.
    pub fn new(shared: Arc<SharedWorld>, device: DeviceNo, engine: EngineId, boots: u32) -> Self {
        Self {
            shared,
            device,
            engine,
            boots,
            started: Instant::now(),
            tables: RwLock::default(),
            staged: Arc::default(),
            delay: Duration::ZERO,
            waited: Mutex::default(),
        }
    }

    /// Every request that reads waits so long before it is answered, as it would for a slow device. It
    /// holds up neither other agents nor other requests to this one.
    #[must_use]
    pub fn with_delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// How long this variable waits: the first of a request for all of them.
    fn wait(&self, request: i32) -> Duration {
        if self.delay.is_zero() {
            return Duration::ZERO;
        }
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        if waited.contains(&request) {
            return Duration::ZERO;
        }
        waited.push_back(request);
        if waited.len() > WAITED {
            waited.pop_front();
        }
        self.delay
    }

    /// `result`, after the delay.
    fn answer<'a, T: Send + 'a>(&self, request: i32, result: T) -> BoxFuture<'a, HandlerResult<T>> {
        let wait = self.wait(request);
        if wait.is_zero() {
            return Box::pin(std::future::ready(Ok(result)));
        }
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            Ok(result)
        })
    }

    fn tables(&self) -> Arc<Tables> {
        let version = self.shared.version(self.device);
        {
            let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
            if tables.version == version {
                return Arc::clone(&tables);
            }
        }
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let world = self.shared.lock();
        *tables = Arc::new(tables.updated(&world, self.device, self.shared.speed));
        Arc::clone(&tables)
    }

    fn value(&self, cell: &Cell) -> Value {
        match cell {
            Cell::UpTime => {
                let now = self.shared.agents_now();
                let world = self.shared.lock();
                let ticks = world.device(self.device).map_or(0, |d| d.up_time_cs(now, self.shared.speed));
                Value::TimeTicks(ticks)
            }
            Cell::EngineId => Value::OctetString(Bytes::copy_from_slice(self.engine.octets())),
            Cell::EngineBoots => Value::Integer(self.boots as i32),
            Cell::EngineTime => {
                let seconds = self.started.elapsed().as_secs();
                Value::Integer(i32::try_from(seconds).unwrap_or(i32::MAX))
            }
            Cell::Absent => Value::NoSuchInstance,
            Cell::Int(number) => Value::Integer(*number),
            Cell::Octets(octets) => Value::OctetString(Bytes::copy_from_slice(octets)),
            Cell::Mac(mac) => Value::OctetString(Bytes::copy_from_slice(mac)),
            Cell::Oid(arcs) => Value::ObjectIdentifier(Oid::from_slice(arcs)),
            Cell::Ip(ip) => Value::IpAddress(*ip),
            Cell::Counter(number) => Value::Counter32(*number),
            Cell::Gauge(number) => Value::Gauge32(*number),
            Cell::Ticks(ticks) => Value::TimeTicks(*ticks),
        }
    }

    fn test(&self, request: i32, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        let change = {
            let world = self.shared.lock();
            let device = world.device(self.device).ok_or(SetTestError::GeneralFailure)?;
            let change = set::test(device, oid, value)?;
            if let Change::Admin { port, .. } = change
                && !set::can_be_shut(device, port)
            {
                return Err(SetTestError::NotWritable);
            }
            change
        };
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        if staged.request != Some(request) {
            *staged = Staged { request: Some(request), changes: Vec::new() };
        }
        staged.changes.push(change);
        Ok(())
    }
}

impl MibHandler for DeviceHandler {
    fn get<'a>(&'a self, ctx: &'a RequestContext, oid: &'a Oid) -> BoxFuture<'a, HandlerResult<GetResult>> {
        let tables = self.tables();
        let result = match tables.snapshot.get(oid.arcs()) {
            Found::Cell(cell) => GetResult::Value(self.value(cell)),
            Found::NoInstance => GetResult::NoSuchInstance,
            Found::NoObject => GetResult::NoSuchObject,
        };
        self.answer(ctx.request_id(), result)
    }

    fn get_next<'a>(
        &'a self,
        ctx: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        let tables = self.tables();
        let result = match tables.snapshot.next(oid.arcs()) {
            Some((object, index, cell)) => {
                let name = Oid::new(object.iter().chain(index).copied());
                GetNextResult::Value(VarBind::new(name, self.value(cell)))
            }
            None => GetNextResult::EndOfMibView,
        };
        self.answer(ctx.request_id(), result)
    }

    fn test_set<'a>(
        &'a self,
        ctx: &'a RequestContext,
        oid: &'a Oid,
        value: &'a Value,
    ) -> BoxFuture<'a, SetTestResult> {
        let result = self.test(ctx.request_id(), oid.arcs(), value).map(|()| {
            Box::new(Transaction {
                shared: Arc::clone(&self.shared),
                device: self.device,
                staged: Arc::clone(&self.staged),
                applied: None,
            }) as Box<dyn PreparedSet>
        });
        Box::pin(std::future::ready(result))
    }
}

/// A binding that passed its test. The first of a request to be committed applies all of them.
struct Transaction {
    shared: Arc<SharedWorld>,
    device: DeviceNo,
    staged: Arc<Mutex<Staged>>,
    applied: Option<Applied>,
}

impl Transaction {
    fn take_staged(&self) -> Vec<Change> {
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *staged).changes
    }

    fn apply(&mut self) -> Result<(), SetCommitError> {
        let changes = self.take_staged();
        if changes.is_empty() {
            return Ok(()); // done with the request's first binding
        }
        let (wall, sim) = (self.shared.wall_time(), self.shared.sim_now());
        let record = self.shared.with(|world| {
            world.advance(sim);
            let applied = world.apply(self.device, &changes).map_err(|error| {
                tracing::debug!(%error, "SET refused");
                SetCommitError::Failed
            })?;
            let device = world.device(self.device).ok_or(SetCommitError::Failed)?;
            let changes = applied
                .changed
                .iter()
                .map(|(before, after)| {
                    let (object, instance, was) = set::describe(device, before);
                    let (_, _, is) = set::describe(device, after);
                    SetChange { object, instance, before: was, after: is }
                })
                .collect();
            let record = SetRecord { at: wall, sim_time: sim, device: device.name.clone(), changes };
            self.applied = Some(applied);
            Ok(record)
        })?;
        self.shared.set_log.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl PreparedSet for Transaction {
    fn commit<'a>(
        &'a mut self,
        _ctx: &'a RequestContext,
        _oid: &'a Oid,
        _value: &'a Value,
    ) -> BoxFuture<'a, SetCommitResult> {
        let result = self.apply();
        Box::pin(std::future::ready(result))
    }

    fn undo<'a>(
        &'a mut self,
        _ctx: &'a RequestContext,
        _oid: &'a Oid,
        _value: &'a Value,
    ) -> BoxFuture<'a, SetUndoResult> {
        if let Some(applied) = self.applied.take() {
            self.shared.with(|world| world.undo(self.device, applied));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn free<'a>(
        &'a mut self,
        _ctx: &'a RequestContext,
        _oid: &'a Oid,
        _value: &'a Value,
    ) -> BoxFuture<'a, ()> {
        self.take_staged();
        Box::pin(std::future::ready(()))
    }
}

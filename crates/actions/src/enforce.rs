//! The reconciler of ports: from stored intent to what the element shows, both signalled and
//! periodic.
//!
//! ```text
//! request ─▶ desired_ports ─▶ run(): one worker an element ─▶ drive(): judge ─▶ plan
//!                                                              │ T2: attempt, earlier values, leaf "opened"
//!                                                              ▼ SETs ─▶ read back ─▶ bounce
//!                                                                T3: outcome, leaf "completed", event
//! ```
//!
//! One worker an element: a PortList is read, changed and written back as a whole, so two ports of
//! one element are never changed at the same time. A row that a worker finds `attempted` when it
//! begins was interrupted between T2 and T3; the element itself then tells what was done.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use netwarden_model::access::{PortAccess, Progress};
use netwarden_model::{Action, Clock, EndpointFacts, Mac, NeId, PortRef};
use netwarden_spine::Spine;
use netwarden_store::Store;
use tokio::sync::watch;

use crate::ActionError;
use crate::desired::{Effect, Input, Told, step};
use crate::guard::{ElementFacts, PortFacts, Question, Settings, Verdict, judge};
use crate::outcome::{self, Opened};
use crate::plan::{Plan, Shown};
use crate::sql::{self, DesiredPort, Purpose, RequestRow};
use crate::switch::{self, Goal, Sessions, SwitchError};

/// What is known of the network, as `inventory` and the settings give it.
pub trait Directory: Send + Sync {
    /// The settings of enforcement now.
    fn settings(&self) -> impl Future<Output = Result<Settings, ActionError>> + Send;

    /// An element; None where it is not in the inventory.
    fn element(&self, ne: NeId) -> impl Future<Output = Result<Option<ElementFacts>, ActionError>> + Send;

    /// A port; None where nothing is known of it.
    fn port(&self, port: &PortRef) -> impl Future<Output = Result<Option<PortFacts>, ActionError>> + Send;

    /// All properties of an endpoint, to be frozen into the outcome's event (NAC-09).
    fn endpoint(&self, mac: Mac) -> impl Future<Output = Result<Option<EndpointFacts>, ActionError>> + Send;

    /// The element shows this of a port by now. Who keeps no picture does nothing with it.
    fn shown(&self, _port: &PortRef, _shown: Shown) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// How the reconciler works.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How often due states are looked for without a signal.
    pub period: Duration,
    /// How long a bounced link stays down; clients need to notice.
    pub bounce: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { period: Duration::from_secs(2), bounce: Duration::from_secs(2) }
    }
}

/// Wakes a reconciler or performer; clones wake the same one. To be called after commit:
/// `tx.after_commit(move || wake.now())`.
#[derive(Debug, Clone)]
pub struct Wake(Arc<watch::Sender<u64>>);

impl Default for Wake {
    fn default() -> Self {
        Self(Arc::new(watch::channel(0).0))
    }
}

impl Wake {
    /// There is something to do.
    pub fn now(&self) {
        self.0.send_modify(|calls| *calls = calls.wrapping_add(1));
    }

    /// What sees every call from now on; calls while nobody waits are not lost.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// The reconciler of ports.
#[derive(Debug)]
pub struct Enforcer<S, D> {
    store: Store,
    spine: Spine,
    sessions: S,
    directory: D,
    clock: Arc<dyn Clock>,
    pace: Pace,
    wake: Wake,
    busy: Mutex<BTreeSet<NeId>>,
}

/// What stands in `busy` while an element's worker runs, whatever ends it.
struct Worker<'a> {
    busy: &'a Mutex<BTreeSet<NeId>>,
    ne: NeId,
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.ne);
    }
}

impl<S: Sessions, D: Directory> Enforcer<S, D> {
    /// A reconciler; nothing happens until [`Enforcer::run`] or [`Enforcer::reconcile`].
    pub fn new(
        store: Store,
        spine: Spine,
        sessions: S,
        directory: D,
        clock: Arc<dyn Clock>,
        pace: Pace,
    ) -> Self {
        let busy = Mutex::new(BTreeSet::new());
        Self { store, spine, sessions, directory, clock, pace, wake: Wake::default(), busy }
    }

    /// What wakes it at once.
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Reconciles for ever. A slow element holds up nobody but itself.
    pub async fn run(self: Arc<Self>)
    where
        S: 'static,
        D: 'static,
    {
        let mut workers = tokio::task::JoinSet::new();
        let mut woken = self.wake.listen();
        loop {
            match sql::due_elements(self.store.read(), self.clock.now()).await {
                Ok(due) => {
                    for ne in due {
                        if self.is_busy(ne) {
                            continue;
                        }
                        let this = Arc::clone(&self);
                        workers.spawn(async move {
                            if let Err(error) = this.reconcile_element(ne).await {
                                tracing::error!(%ne, error = &error as &dyn std::error::Error, "enforcement is interrupted");
                                return;
                            }
                            // What came for this element while its worker was at its end.
                            if this.is_due(ne).await {
                                this.wake.now();
                            }
                        });
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "due ports cannot be read");
                }
            }
            while workers.try_join_next().is_some() {}
            let _ = tokio::time::timeout(self.pace.period, woken.changed()).await;
        }
    }

    /// Everything that is due now, element after element.
    pub async fn reconcile(&self) -> Result<(), ActionError> {
        for ne in sql::due_elements(self.store.read(), self.clock.now()).await? {
            self.reconcile_element(ne).await?;
        }
        Ok(())
    }

    /// Everything that is due now on one element, unless a worker is at it.
    pub async fn reconcile_element(&self, ne: NeId) -> Result<(), ActionError> {
        let Some(_worker) = self.occupy(ne) else { return Ok(()) };
        let began = self.clock.now();
        let mut last: Option<(i64, i64)> = None;
        while let Some(row) = sql::next_due(self.store.read(), ne, self.clock.now().max(began)).await? {
            // A row that comes again unchanged would come for ever.
            if last == Some((row.id, row.revision)) {
                return Ok(());
            }
            last = Some((row.id, row.revision));
            self.drive(row).await?;
        }
        Ok(())
    }

    /// Drives every state that is being released, and nothing else; for `release --all` while the
    /// server is down. Answers with what could not be released yet, and why.
    pub(crate) async fn drain_releases(&self) -> Result<Vec<(PortRef, String)>, ActionError> {
        let mut failed = Vec::new();
        for row in sql::desired_unreleased(self.store.read()).await? {
            if row.standing.progress != Progress::Releasing {
                continue;
            }
            let (port, ne) = (row.port.clone(), row.port.ne);
            let Some(_worker) = self.occupy(ne) else { continue };
            self.drive(row).await?;
            if let Some(row) = sql::desired_port(self.store.read(), &port).await?
                && !sql::is_released(&row)
            {
                failed.push((port, row.standing.note));
            }
        }
        Ok(failed)
    }

    async fn is_due(&self, ne: NeId) -> bool {
        matches!(sql::next_due(self.store.read(), ne, self.clock.now()).await, Ok(Some(_)))
    }

    fn is_busy(&self, ne: NeId) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).contains(&ne)
    }

    fn occupy(&self, ne: NeId) -> Option<Worker<'_>> {
        let free = self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(ne);
        free.then_some(Worker { busy: &self.busy, ne })
    }

    /// Takes one state as far as it goes now.
    async fn drive(&self, mut row: DesiredPort) -> Result<(), ActionError> {
        let request = sql::request_by_id(self.store.read(), row.request).await?;
        let mut drive = Drive { request, plan: None, opened: None, session: None };
        let mut input = match row.standing.progress {
            Progress::Attempted => Input::Interrupted,
            _ => Input::Tick,
        };
        loop {
            let now = self.clock.now();
            let (standing, effects) = step(now, row.standing.clone(), input)?;
            row.standing = standing;
            let Some(effect) = effects.into_iter().next() else {
                return outcome::save(&self.store, &row).await;
            };
            input = match effect {
                Effect::Judge => Input::Judged(self.judge(&row, &drive.request).await?),
                Effect::Plan => match self.plan(&row, &mut drive).await? {
                    Ok(plan) => {
                        let changes = !plan.sets.is_empty();
                        drive.plan = Some(plan);
                        Input::Planned { changes }
                    }
                    Err(why) => Input::PlanFailed { why: why.to_string() },
                },
                Effect::RecordAttempt => {
                    let Some(plan) = &drive.plan else { return Ok(()) };
                    match self.record_attempt(&mut row, &drive.request, plan).await? {
                        Recorded::Opened(opened) => {
                            drive.opened = Some(opened);
                            Input::AttemptRecorded
                        }
                        Recorded::Denied(verdict) => Input::Judged(verdict),
                        // A newer wish has taken this one's place: it has its own turn.
                        Recorded::Stale => return Ok(()),
                    }
                }
                Effect::Send => Input::Sent { error: self.send(&mut drive).await },
                Effect::ReadBack => Input::ReadBack { result: self.read_back(&row, &mut drive).await? },
                Effect::Tell(told) => {
                    let endpoint = match row.endpoint {
                        Some(mac) => self.directory.endpoint(mac).await?,
                        None => None,
                    };
                    return self.conclude(row, drive, told, endpoint).await;
                }
            };
        }
    }

    async fn judge(&self, row: &DesiredPort, request: &RequestRow) -> Result<Verdict, ActionError> {
        let (element, facts, settings) = match self.known(row).await? {
            Ok(known) => known,
            Err(verdict) => return Ok(verdict),
        };
        let now = self.clock.now();
        let from = now.checked_sub(settings.budget.window).unwrap_or(Timestamp::MIN);
        let recent = sql::enforced_since(self.store.read(), from).await?;
        let attempts = sql::attempts_of(self.store.read(), row.request).await?;
        let question = Question {
            port: &row.port,
            access: &row.access,
            endpoint: row.endpoint,
            originator: &request.request.originator,
            reassertion: !attempts.is_empty(),
        };
        Ok(judge(&settings, &element, &facts, &recent, &question, now))
    }

    /// Facts and settings; a verdict where something is not known: nothing is guessed.
    async fn known(
        &self,
        row: &DesiredPort,
    ) -> Result<Result<(ElementFacts, PortFacts, Settings), Verdict>, ActionError> {
        let hold = |why: String| Ok(Err(Verdict::Held { why, until: None, alarm: false }));
        let Some(element) = self.directory.element(row.port.ne).await? else {
            return hold(format!("NE {} is not in the inventory", row.port.ne));
        };
        let Some(facts) = self.directory.port(&row.port).await? else {
            let (port, name) = (&row.port.port, &element.name);
            return hold(format!("nothing is known of {port} on {name}, so it may be an uplink"));
        };
        let mut settings = self.directory.settings().await?;
        settings.global_stop |= sql::global_stop(self.store.read()).await?.is_some();
        Ok(Ok((element, facts, settings)))
    }

    async fn plan(
        &self,
        row: &DesiredPort,
        drive: &mut Drive<S::Session>,
    ) -> Result<Result<Plan, SwitchError>, ActionError> {
        let (hint, voice) = if row.standing.progress == Progress::Releasing {
            (None, None)
        } else {
            let facts = self.directory.port(&row.port).await?;
            let element = self.directory.element(row.port.ne).await?;
            (facts.and_then(|facts| facts.if_index), element.and_then(|element| element.voice_vlan))
        };
        let hint = hint.or(row.earlier.as_ref().map(|earlier| earlier.if_index));
        let goal = match (&row.earlier, row.standing.progress) {
            (Some(earlier), Progress::Releasing) => {
                let bounce = matches!(row.access, PortAccess::Vlan { bounce: true, .. });
                Goal::Release { earlier, bounce }
            }
            (earlier, _) => Goal::Access { access: &row.access, voice, earlier: earlier.as_ref() },
        };
        if drive.session.is_none() {
            match self.sessions.session(row.port.ne).await {
                Ok(session) => drive.session = Some(session),
                Err(error) => return Ok(Err(error.into())),
            }
        }
        let Some(session) = &drive.session else { return Ok(Err(no_session().into())) };
        Ok(switch::plan(session, &row.port.port, hint, goal).await)
    }

    async fn send(&self, drive: &mut Drive<S::Session>) -> Option<String> {
        let (Some(session), Some(plan)) = (&drive.session, &drive.plan) else {
            return Some(no_session().to_string());
        };
        let sent = switch::send(session, &plan.sets).await;
        if let Some(opened) = &mut drive.opened {
            opened.set_at = Some(self.clock.now());
        }
        sent.err().map(|error| error.to_string())
    }

    /// After SETs: the plan's objects, and the bounce where they are as wanted. While verified: a
    /// fresh plan, which has SETs where somebody has undone ours.
    async fn read_back(
        &self,
        row: &DesiredPort,
        drive: &mut Drive<S::Session>,
    ) -> Result<Result<(), String>, ActionError> {
        if drive.opened.is_none() {
            return Ok(match self.plan(row, drive).await? {
                Ok(plan) if plan.sets.is_empty() => Ok(()),
                Ok(plan) => Err(format!("the port is no more as wanted ({})", plan.describe())),
                // What cannot be read has not been undone as far as anybody knows.
                Err(error) => {
                    tracing::warn!(port = %row.port, %error, "a verified port cannot be read");
                    Ok(())
                }
            });
        }
        let (Some(session), Some(plan)) = (&drive.session, &drive.plan) else {
            return Ok(Err(no_session().to_string()));
        };
        // The link is not down yet, so its state is left for the second look.
        let read = switch::read_back(session, plan).await;
        if let Some(opened) = &mut drive.opened {
            opened.read_at = Some(self.clock.now());
        }
        if read.is_err() || plan.bounce.is_none() {
            return Ok(read);
        }
        if let Err(error) = switch::bounce(session, plan, self.pace.bounce).await {
            tracing::warn!(port = %row.port, %error, "the link was not bounced as planned");
        }
        Ok(switch::read_back(session, plan).await)
    }

    /// T2. The guard rails are asked once more inside the transaction, where no other port can take
    /// the last of the budget at the same time.
    async fn record_attempt(
        &self,
        row: &mut DesiredPort,
        request: &RequestRow,
        plan: &Plan,
    ) -> Result<Recorded, ActionError> {
        let now = self.clock.now();
        let releasing = row.standing.progress == Progress::Releasing;
        let known = if releasing {
            None
        } else {
            match self.known(row).await? {
                Ok(known) => Some(known),
                Err(verdict) => return Ok(Recorded::Denied(verdict)),
            }
        };
        let (after, _) = step(now, row.standing.clone(), Input::AttemptRecorded)?;
        let mut written = row.clone();
        written.standing = after;
        written.earlier = Some(plan.earlier.clone());
        let before = row.clone();
        let wanted = plan.describe();
        let (request, stored) = (request.clone(), written.clone());
        let recorded = self
            .store
            .write_essential(move |tx| {
                let (stored, before, request) = (stored.clone(), before.clone(), request.clone());
                let (known, wanted) = (known.clone(), wanted.clone());
                Box::pin(async move {
                    let attempts = sql::attempts_of(tx, stored.request).await?;
                    if let Some((element, facts, settings)) = &known {
                        let window = settings.budget.window;
                        let from = now.checked_sub(window).unwrap_or(Timestamp::MIN);
                        let recent = sql::enforced_since(tx, from).await?;
                        let question = Question {
                            port: &before.port,
                            access: &before.access,
                            endpoint: before.endpoint,
                            originator: &request.request.originator,
                            reassertion: !attempts.is_empty(),
                        };
                        let verdict = judge(settings, element, facts, &recent, &question, now);
                        if verdict != Verdict::Go {
                            return Ok(Recorded::Denied(verdict));
                        }
                    }
                    let purpose = match (releasing, attempts.is_empty()) {
                        (true, _) => Purpose::Release,
                        (false, true) => Purpose::Set,
                        (false, false) => Purpose::Reassert,
                    };
                    if !sql::save_desired(tx, &stored).await? {
                        return Ok(Recorded::Stale);
                    }
                    let opened = outcome::open(tx, now, &stored, &request.request, purpose, &wanted).await?;
                    Ok::<_, ActionError>(Recorded::Opened(opened))
                })
            })
            .await?;
        if let Recorded::Opened(_) = &recorded {
            row.earlier = written.earlier;
            row.revision += 1;
        }
        Ok(recorded)
    }

    /// T3.
    async fn conclude(
        &self,
        mut row: DesiredPort,
        drive: Drive<S::Session>,
        told: Told,
        endpoint: Option<EndpointFacts>,
    ) -> Result<(), ActionError> {
        match (told, row.standing.progress) {
            (Told::Done, Progress::Released) => row.earlier = None,
            (Told::Done, _) => {
                // Where all was as wanted without us, there are earlier values all the same: those that
                // an interrupted attempt has stored.
                let access = row.access.clone();
                row.earlier = row.earlier.map(|earlier| earlier.settled(&access));
                row.standing.changed = row.earlier.is_some();
            }
            _ => {}
        }
        let is_release = matches!(drive.request.request.action, Action::ReleasePort { .. });
        let wanted = drive.plan.as_ref().map(Plan::describe).unwrap_or_default();
        let end = outcome::End { told, wanted, is_release, opened: drive.opened, endpoint };
        let shown = drive.plan.filter(|_| told == Told::Done).map(|plan| (row.port.clone(), plan.shown()));
        outcome::conclude(&self.store, &self.spine, self.clock.now(), row, drive.request, end).await?;
        if let Some((port, shown)) = shown {
            self.directory.shown(&port, shown).await;
        }
        Ok(())
    }
}

/// What one state gathers on its way.
struct Drive<N> {
    request: RequestRow,
    plan: Option<Plan>,
    opened: Option<Opened>,
    session: Option<N>,
}

/// What T2 came to.
enum Recorded {
    Opened(Opened),
    Denied(Verdict),
    Stale,
}

fn no_session() -> switch::SessionError {
    switch::SessionError("there is no session with the element".to_owned())
}

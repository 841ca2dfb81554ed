//! The performers of one-shots: what is done once and cannot be read back.
//!
//! ```text
//! request (pending) ─▶ T2: opened, leaf "opened" ─▶ mail, POST, message, command ─▶ T3: done or failed
//! ```
//!
//! Found opened at start means that the process ended in between: nobody knows whether it happened.
//! It becomes `unknown`, raises an alarm and is not repeated; only syslog is sent again, since its
//! receiver knows the record's id. What certainly did not leave (no connection) is tried again.
//! Changes of an endpoint need no T2: they are done in one transaction with their outcome.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use netwarden_audit::{ObjectRef, RecordIndex};
use netwarden_model::event::NacPayload;
use netwarden_model::{
    Action, ActionRequest, Clock, EndpointStatus, EventKind, Mac, NewEvent, Outcome, Payload, RequestId,
    Severity, Subject,
};
use netwarden_spine::Spine;
use netwarden_store::{Store, Tx};
use tokio::sync::watch;

use crate::enforce::Wake;
use crate::notify::digest::{Decision, decide};
use crate::notify::mail::{self, Mail};
use crate::notify::syslog::SyslogMessage;
use crate::notify::{Channels, Delivery, chain, command, syslog, webhook};
use crate::outcome::{append, cause_of, complete, record_of};
use crate::sql::{self, Progressed, RequestRow, RequestState};
use crate::{ActionError, outcome};

/// A future that borrows a transaction.
pub type TxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Concludes a change in the transaction that makes it: told what was changed, or why it cannot be.
pub type Finish =
    Box<dyn for<'t> FnOnce(&'t Tx, Result<String, String>) -> TxFuture<'t, Result<(), ActionError>> + Send>;

/// What is to be different of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointChange {
    /// Its status.
    Status(EndpointStatus),
    /// Its group's name.
    Group(String),
}

/// Changes endpoints; whoever keeps the inventory does. The change and `finish` stand or fall together.
pub trait Endpoints: Send + Sync + 'static {
    /// Changes an endpoint, as `request` asks, and concludes in the same transaction; where it cannot be
    /// changed, only that is concluded.
    fn change<'a>(
        &'a self,
        request: &'a ActionRequest,
        endpoint: Mac,
        change: EndpointChange,
        finish: Finish,
    ) -> TxFuture<'a, Result<(), ActionError>>;
}

/// Kinds of one-shots that do not wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Endpoint,
    Mail,
    Webhook,
    Syslog,
    Command,
}

impl Lane {
    const ALL: [Lane; 5] = [Lane::Endpoint, Lane::Mail, Lane::Webhook, Lane::Syslog, Lane::Command];

    /// The words of [`Action::name`].
    const fn actions(self) -> &'static [&'static str] {
        match self {
            Lane::Endpoint => &["set_status", "set_group"],
            Lane::Mail => &["mail"],
            Lane::Webhook => &["webhook"],
            Lane::Syslog => &["syslog"],
            Lane::Command => &["command"],
        }
    }

    /// Requests that are under way at once.
    const fn width(self) -> u32 {
        match self {
            Lane::Webhook | Lane::Command => 8,
            Lane::Mail => 1_000,
            // In order.
            Lane::Endpoint | Lane::Syslog => 1,
        }
    }

    fn of(action: &Action) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.actions().contains(&action.name()))
    }
}

/// Attempts at what certainly did not leave; then it has failed. Syslog goes on for ever.
const ATTEMPTS: u32 = 10;

/// The wait before the next attempt at what did not leave: 10 s, doubled, 10 minutes at most.
fn retry_after(attempts: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    Duration::from_secs(10).saturating_mul(factor).min(Duration::from_secs(600))
}

/// The performer of one-shots.
#[derive(Debug)]
pub struct Performer<E> {
    store: Store,
    spine: Spine,
    endpoints: Arc<E>,
    channels: watch::Receiver<Arc<Channels>>,
    clock: Arc<dyn Clock>,
    period: Duration,
    wake: Wake,
}

impl<E: Endpoints> Performer<E> {
    /// A performer; `channels` may change while it runs. Nothing happens until [`Performer::run`] or
    /// [`Performer::perform`].
    pub fn new(
        store: Store,
        spine: Spine,
        endpoints: Arc<E>,
        channels: watch::Receiver<Arc<Channels>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            spine,
            endpoints,
            channels,
            clock,
            period: Duration::from_secs(2),
            wake: Wake::default(),
        }
    }

    /// What wakes it at once.
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// What an interruption left opened: to be called once, before anything is performed. Answers
    /// with the requests whose outcome nobody knows.
    pub async fn recover(&self) -> Result<Vec<RequestId>, ActionError> {
        let mut unknown = Vec::new();
        for lane in Lane::ALL {
            let left = sql::one_shots(
                self.store.read(),
                lane.actions(),
                RequestState::Opened,
                Timestamp::MAX,
                u32::MAX,
            );
            for row in left.await? {
                let id = row.request.id;
                let (spine, now) = (self.spine.clone(), self.clock.now());
                self.store
                    .write_essential(move |tx| {
                        let (spine, row) = (spine.clone(), row.clone());
                        Box::pin(async move { settle_interrupted(tx, &spine, now, lane, &row).await })
                    })
                    .await?;
                if lane != Lane::Syslog {
                    tracing::error!(request = %id, "a reaction was interrupted; whether it happened is unknown");
                    unknown.push(id);
                }
            }
        }
        Ok(unknown)
    }

    /// Recovers, then performs for ever. A slow server holds up nothing but its own kind.
    pub async fn run(self: Arc<Self>) {
        while let Err(error) = self.recover().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "interrupted reactions cannot be settled"
            );
            tokio::time::sleep(self.period).await;
        }
        let mut lanes = tokio::task::JoinSet::new();
        for lane in Lane::ALL {
            let this = Arc::clone(&self);
            lanes.spawn(async move {
                let mut woken = this.wake.listen();
                loop {
                    if let Err(error) = this.perform_lane(lane).await {
                        tracing::error!(
                            ?lane,
                            error = &error as &dyn std::error::Error,
                            "reactions are interrupted"
                        );
                    }
                    let _ = tokio::time::timeout(this.period, woken.changed()).await;
                }
            });
        }
        while lanes.join_next().await.is_some() {}
    }

    /// Everything that is due now.
    pub async fn perform(self: &Arc<Self>) -> Result<(), ActionError> {
        for lane in Lane::ALL {
            self.perform_lane(lane).await?;
        }
        Ok(())
    }

    async fn perform_lane(self: &Arc<Self>, lane: Lane) -> Result<(), ActionError> {
        if lane == Lane::Mail {
            return self.perform_mail().await;
        }
        loop {
            let due = sql::one_shots(
                self.store.read(),
                lane.actions(),
                RequestState::Pending,
                self.clock.now(),
                lane.width(),
            );
            let due = due.await?;
            if due.is_empty() {
                return Ok(());
            }
            let mut under_way = tokio::task::JoinSet::new();
            for row in due {
                let this = Arc::clone(self);
                under_way.spawn(async move {
                    match lane {
                        Lane::Endpoint => this.change_endpoint(row).await,
                        _ => this.perform_one(row).await,
                    }
                });
            }
            while let Some(ended) = under_way.join_next().await {
                match ended {
                    Ok(result) => result?,
                    Err(error) => tracing::error!(%error, "a performer ended before its time"),
                }
            }
        }
    }

    async fn perform_one(&self, row: RequestRow) -> Result<(), ActionError> {
        let Some(opened) = self.open(vec![row]).await? else { return Ok(()) };
        let delivery = match opened.first() {
            Some((row, _)) => self.deliver(row).await,
            None => return Ok(()),
        };
        self.close(opened, delivery).await
    }

    async fn deliver(&self, row: &RequestRow) -> Delivery {
        let channels = self.channels.borrow().clone();
        let unknown =
            |what: &str, name: &str| Delivery::Failed(format!("no {what} named '{name}' is configured"));
        match &row.request.action {
            Action::Webhook { name, body } => match channels.webhooks.get(name) {
                Some(hook) => webhook::post(hook, row.request.id, self.clock.now(), body).await,
                None => unknown("webhook", name),
            },
            Action::Syslog { name, message } => match channels.syslog.get(name) {
                Some(server) => {
                    let (record, at) = (row.request.id, row.request.at);
                    let said = SyslogMessage { record, at, severity: Severity::Warning, text: message };
                    syslog::send(server, &said).await
                }
                None => unknown("syslog server", name),
            },
            Action::Command { name, args } => match channels.commands.get(name) {
                Some(program) => command::run(program, args).await,
                None => unknown("command", name),
            },
            other => Delivery::Failed(format!("{} is no one-shot", other.name())),
        }
    }

    /// Mail goes by recipients, so that a flood becomes few mails.
    async fn perform_mail(&self) -> Result<(), ActionError> {
        let now = self.clock.now();
        let waiting = sql::one_shots(
            self.store.read(),
            Lane::Mail.actions(),
            RequestState::Pending,
            Timestamp::MAX,
            Lane::Mail.width(),
        );
        let mut by_recipients: BTreeMap<String, Vec<RequestRow>> = BTreeMap::new();
        for row in waiting.await? {
            by_recipients.entry(row.channel.clone().unwrap_or_default()).or_default().push(row);
        }
        let Some(server) = self.channels.borrow().mail.clone() else {
            for rows in by_recipients.into_values() {
                if let Some(opened) = self.open(rows).await? {
                    self.close(opened, Delivery::Failed("no mail server is configured".to_owned())).await?;
                }
            }
            return Ok(());
        };
        for (recipients, mut rows) in by_recipients {
            // The server could not be reached a moment ago.
            if rows.iter().any(|row| row.next_at > now) {
                continue;
            }
            let from = now.checked_sub(server.flood.window).unwrap_or(Timestamp::MIN);
            let sent = sql::mails_sent(self.store.read(), &recipients, from).await?;
            let asked: Vec<Timestamp> = rows.iter().map(|row| row.request.at).collect();
            let batches: Vec<Vec<RequestRow>> = match decide(&server.flood, &sent, &asked, now) {
                Decision::Digest => vec![rows],
                Decision::Send { now, .. } => {
                    rows.drain(..now.min(rows.len())).map(|row| vec![row]).collect()
                }
            };
            for batch in batches {
                let Some(opened) = self.open(batch).await? else { continue };
                let mails: Vec<Mail> = opened.iter().filter_map(|(row, _)| mail_of(row)).collect();
                let one = if mails.len() > 1 { mail::digest(&mails) } else { mails.into_iter().next() };
                let delivery = match one {
                    Some(mail) => mail::send(&server, &mail).await,
                    None => Delivery::Failed("there is nothing to send".to_owned()),
                };
                self.close(opened, delivery).await?;
            }
        }
        Ok(())
    }

    /// T2: all of a batch or none; None where somebody else has taken one of them.
    async fn open(
        &self,
        rows: Vec<RequestRow>,
    ) -> Result<Option<Vec<(RequestRow, RecordIndex)>>, ActionError> {
        let Some(batch) = rows.first().map(|row| row.request.id) else { return Ok(None) };
        let now = self.clock.now();
        let opened: Result<_, Taken> = self
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let mut opened = Vec::with_capacity(rows.len());
                    for mut row in rows {
                        if !sql::take(tx, now, row.request.id, batch).await? {
                            return Err(Taken::Already);
                        }
                        row.attempts = row.attempts.saturating_add(1);
                        let index = open_leaf(tx, now, &row.request).await?;
                        sql::set_audit(tx, row.request.id, index).await?;
                        opened.push((row, index));
                    }
                    Ok(opened)
                })
            })
            .await;
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(Taken::Already) => Ok(None),
            Err(Taken::Error(error)) => Err(error),
        }
    }

    /// T3.
    async fn close(
        &self,
        opened: Vec<(RequestRow, RecordIndex)>,
        delivery: Delivery,
    ) -> Result<(), ActionError> {
        let (spine, now) = (self.spine.clone(), self.clock.now());
        self.store
            .write_essential(move |tx| {
                let (spine, opened, delivery) = (spine.clone(), opened.clone(), delivery.clone());
                Box::pin(async move {
                    for (row, audit) in &opened {
                        close_one(tx, &spine, now, row, *audit, &delivery).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The change, its leaf, its event and the request's outcome, in one transaction.
    async fn change_endpoint(&self, row: RequestRow) -> Result<(), ActionError> {
        let (spine, endpoints, now) = (self.spine.clone(), Arc::clone(&self.endpoints), self.clock.now());
        let id = row.request.id;
        let attempts = row.attempts.saturating_add(1);
        let (endpoint, change) = match &row.request.action {
            Action::SetStatus { endpoint, status } => (*endpoint, EndpointChange::Status(*status)),
            Action::SetGroup { endpoint, group } => (*endpoint, EndpointChange::Group(group.clone())),
            other => return Err(ActionError::Facts(format!("{} changes no endpoint", other.name()))),
        };
        let asked = row.request.clone();
        let finish: Finish = Box::new(move |tx, done| {
            Box::pin(async move {
                let request = &row.request;
                if !sql::take(tx, now, request.id, request.id).await? {
                    // Somebody else has taken it: the change is rolled back with this.
                    return Err(ActionError::NoSuchRequest(request.id.to_string()));
                }
                let index = open_leaf(tx, now, request).await?;
                let delivery = done.map_or_else(Delivery::Failed, Delivery::Done);
                close_one(tx, &spine, now, &row, index, &delivery).await
            })
        });
        let changed = endpoints.change(&asked, endpoint, change, finish).await;
        let Err(error) = changed else { return Ok(()) };
        // Rolled back: it is tried again later, and the others meanwhile.
        let next = now.checked_add(retry_after(attempts)).unwrap_or(Timestamp::MAX);
        let note = format!("not done yet: {}", chain(&error));
        self.store
            .write(move |tx| Box::pin(async move { sql::put_back(tx, now, id, next, &note).await }))
            .await?;
        tracing::error!(request = %id, error = &error as &dyn std::error::Error, "an endpoint could not be changed");
        Ok(())
    }
}

/// Why a batch was not taken.
enum Taken {
    Already,
    Error(ActionError),
}

impl From<ActionError> for Taken {
    fn from(error: ActionError) -> Self {
        Taken::Error(error)
    }
}

impl From<netwarden_store::StoreError> for Taken {
    fn from(error: netwarden_store::StoreError) -> Self {
        Taken::Error(error.into())
    }
}

fn mail_of(row: &RequestRow) -> Option<Mail> {
    match &row.request.action {
        Action::Mail { to, subject, body } => Some(Mail {
            request: row.request.id,
            at: row.request.at,
            to: to.clone(),
            subject: subject.clone(),
            body: body.clone(),
        }),
        _ => None,
    }
}

fn object(request: &ActionRequest) -> ObjectRef {
    match &request.action {
        Action::SetStatus { endpoint, .. } | Action::SetGroup { endpoint, .. } => {
            ObjectRef::new("endpoint", endpoint.to_string())
        }
        Action::Mail { .. } => ObjectRef::any("mail"),
        Action::Webhook { name, .. } => ObjectRef::new("webhook", name.clone()),
        Action::Syslog { name, .. } => ObjectRef::new("syslog_server", name.clone()),
        Action::Command { name, .. } => ObjectRef::new("command", name.clone()),
        other => outcome::port_of(other)
            .map_or_else(|| ObjectRef::any("port"), |port| ObjectRef::new("port", port.to_string())),
    }
}

async fn open_leaf(tx: &Tx, now: Timestamp, request: &ActionRequest) -> Result<RecordIndex, ActionError> {
    let operation = format!("reaction.{}", request.action.name());
    let record = record_of(now, request, &operation, object(request), netwarden_audit::Outcome::Opened);
    Ok(netwarden_audit::open(tx, &record).await?.index())
}

async fn close_one(
    tx: &Tx,
    spine: &Spine,
    now: Timestamp,
    row: &RequestRow,
    audit: RecordIndex,
    delivery: &Delivery,
) -> Result<(), ActionError> {
    use netwarden_audit::Outcome::{Failure, Success};
    let id = row.request.id;
    let endless = Lane::of(&row.request.action) == Some(Lane::Syslog);
    let (state, note) = match delivery {
        Delivery::Done(note) => (RequestState::Done, note.clone()),
        Delivery::Failed(note) => (RequestState::Failed, note.clone()),
        Delivery::NotSent(why) if endless || row.attempts < ATTEMPTS => {
            let next = now.checked_add(retry_after(row.attempts)).unwrap_or(Timestamp::MAX);
            let note = format!("not sent, tried again at {next}: {why}");
            complete(tx, now, audit, Failure, &note).await?;
            tracing::warn!(request = %id, note, "a reaction did not leave");
            return sql::put_back(tx, now, id, next, &note).await;
        }
        Delivery::NotSent(why) => {
            (RequestState::Failed, format!("given up after {} attempts: {why}", row.attempts))
        }
    };
    let done = state == RequestState::Done;
    complete(tx, now, audit, if done { Success } else { Failure }, &note).await?;
    let (kind, outcome) = if done {
        (EventKind::ReactionDone, Outcome::Success)
    } else {
        tracing::error!(request = %id, note, "a reaction has failed");
        (EventKind::ReactionFailed, Outcome::Failure)
    };
    let seq = append(tx, spine, now, reaction_event(now, row, kind, outcome, &note)).await?;
    let to = Progressed { state, note: &note, audit: Some(audit), outcome: Some(seq) };
    sql::set_request(tx, now, id, to).await
}

fn reaction_event(
    now: Timestamp,
    row: &RequestRow,
    kind: EventKind,
    outcome: Outcome,
    note: &str,
) -> NewEvent {
    let subject = match &row.request.action {
        Action::SetStatus { endpoint, .. } | Action::SetGroup { endpoint, .. } => Subject::Mac(*endpoint),
        other => Subject::System(other.name().to_owned()),
    };
    NewEvent {
        at: now,
        kind,
        subject,
        ne: None,
        port: None,
        severity: kind.default_severity(),
        outcome,
        facts: None,
        payload: Payload::Nac(NacPayload::Reaction { request: row.request.id, note: note.to_owned() }),
        cause: Some(cause_of(&row.request)),
    }
}

async fn settle_interrupted(
    tx: &Tx,
    spine: &Spine,
    now: Timestamp,
    lane: Lane,
    row: &RequestRow,
) -> Result<(), ActionError> {
    let id = row.request.id;
    let unknown = netwarden_audit::Outcome::Unknown;
    if lane == Lane::Syslog {
        let note = "interrupted; sent again under the same record id";
        if let Some(audit) = row.audit {
            complete(tx, now, audit, unknown, note).await?;
        }
        return sql::put_back(tx, now, id, now, note).await;
    }
    let note = "interrupted: whether it happened is unknown, and it is not repeated";
    if let Some(audit) = row.audit {
        complete(tx, now, audit, unknown, note).await?;
    }
    let event = reaction_event(now, row, EventKind::ReactionFailed, Outcome::Unknown, note);
    let seq = append(tx, spine, now, event).await?;
    let to = Progressed { state: RequestState::Unknown, note, audit: None, outcome: Some(seq) };
    sql::set_request(tx, now, id, to).await
}

//! The tables of requests, desired port states and attempts, and nothing else's.

use jiff::Timestamp;
use netwarden_audit::RecordIndex;
use netwarden_model::access::{PortAccess, Progress};
use netwarden_model::action::Originator;
use netwarden_model::{
    Action, ActionRequest, EventSeq, Mac, NeId, PortName, PortRef, RequestId, RequestKey, Scope,
};
use netwarden_store::{
    Column, ColumnKind, ConnectionTrait, Count, ListQuery, ListTable, Listed, Migration, QueryResult,
    StoreError, Tx, Value, execute, from_micros, query_all, query_one, to_micros, values,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ActionError;
use crate::desired::Standing;
use crate::guard::Enforced;
use crate::plan::port::Earlier;

/// The schema of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "actions-0001-requests",
    up: "
CREATE TABLE action_requests (
    id {bytes} NOT NULL PRIMARY KEY,
    request_key TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    originator TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    depth BIGINT NOT NULL,
    action TEXT NOT NULL,
    body TEXT NOT NULL,
    ne BIGINT,
    port TEXT,
    endpoint BIGINT,
    event BIGINT,
    state TEXT NOT NULL,
    note TEXT NOT NULL,
    audit BIGINT,
    outcome_seq BIGINT,
    updated_at BIGINT NOT NULL,
    channel TEXT,
    batch {bytes},
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL
);
CREATE INDEX action_requests_state ON action_requests (state, id);
CREATE INDEX action_requests_port ON action_requests (ne, port, id);
CREATE INDEX action_requests_endpoint ON action_requests (endpoint, id);
CREATE INDEX action_requests_channel ON action_requests (channel, updated_at);
CREATE TABLE desired_ports (
    id {id},
    ne BIGINT NOT NULL,
    port TEXT NOT NULL,
    request {bytes} NOT NULL,
    access TEXT NOT NULL,
    endpoint BIGINT,
    progress TEXT NOT NULL,
    note TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    since BIGINT NOT NULL,
    verified_at BIGINT,
    earlier TEXT,
    revision BIGINT NOT NULL,
    UNIQUE (ne, port)
);
CREATE INDEX desired_ports_next ON desired_ports (next_at);
CREATE TABLE port_attempts (
    id {id},
    request {bytes} NOT NULL,
    ne BIGINT NOT NULL,
    port TEXT NOT NULL,
    purpose TEXT NOT NULL,
    wanted TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    set_at BIGINT,
    read_at BIGINT,
    closed_at BIGINT,
    outcome TEXT,
    note TEXT NOT NULL,
    audit BIGINT NOT NULL,
    outcome_seq BIGINT
);
CREATE INDEX port_attempts_request ON port_attempts (request, id);
CREATE INDEX port_attempts_opened ON port_attempts (opened_at);
CREATE INDEX port_attempts_open ON port_attempts (ne, port) WHERE outcome IS NULL;
CREATE TABLE enforcement_stop (
    id BIGINT NOT NULL PRIMARY KEY,
    stopped_at BIGINT NOT NULL,
    stopped_by TEXT NOT NULL
);
",
}];

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nothing has been done yet.
    Pending,
    /// The attempt is recorded; its effect may be in the network.
    Opened,
    /// Done, and where it can be: read back.
    Done,
    /// Failed, refused or superseded; the note says which.
    Failed,
    /// A one-shot that was interrupted: nobody knows whether it happened, and it is not repeated.
    Unknown,
    /// A guard rail holds it back.
    Held,
    /// Enforcement is off: only what would have been done is recorded.
    Observed,
}

impl RequestState {
    /// The word in interfaces and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            RequestState::Pending => "pending",
            RequestState::Opened => "opened",
            RequestState::Done => "done",
            RequestState::Failed => "failed",
            RequestState::Unknown => "unknown",
            RequestState::Held => "held",
            RequestState::Observed => "observed",
        }
    }
}

/// A request with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRow {
    /// The request.
    pub request: ActionRequest,
    /// How far it has come.
    pub state: RequestState,
    /// Why it stands there, in one sentence.
    pub note: String,
    /// Its leaf in the audit trail: of the last attempt.
    pub audit: Option<RecordIndex>,
    /// The event that told its outcome.
    pub outcome_event: Option<EventSeq>,
    /// When that last changed.
    pub updated_at: Timestamp,
    /// A mail's recipients, or the name of webhook, syslog server or command.
    pub channel: Option<String>,
    /// How often a one-shot was tried.
    pub attempts: u32,
    /// A pending one-shot is not tried before.
    pub next_at: Timestamp,
}

/// A desired port state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredPort {
    /// Its row.
    pub id: i64,
    /// Which port.
    pub port: PortRef,
    /// The wish behind it: of the access, or of its release.
    pub request: RequestId,
    /// What is wanted, or was until release was asked for.
    pub access: PortAccess,
    /// The endpoint because of which.
    pub endpoint: Option<Mac>,
    /// Where it stands.
    pub standing: Standing,
    /// What release restores; None while nothing of ours is on the element.
    pub earlier: Option<Earlier>,
    /// Counts every change of the row: who writes it must have seen the last one.
    pub revision: i64,
}

/// What an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first SETs of a wish; counts in the budget.
    Set,
    /// SETs again for a wish that was attempted before.
    Reassert,
    /// Restoring the earlier values.
    Release,
}

/// One attempt at a port, with the times of its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Its number.
    pub id: i64,
    /// The wish behind it.
    pub request: RequestId,
    /// Which port.
    pub port: PortRef,
    /// What for.
    pub purpose: Purpose,
    /// What is to hold afterwards, in words.
    pub wanted: String,
    /// When it was recorded: nothing was sent before.
    pub opened_at: Timestamp,
    /// When the element had answered the SETs.
    pub set_at: Option<Timestamp>,
    /// When the values had been read back.
    pub read_at: Option<Timestamp>,
    /// When the outcome was recorded.
    pub closed_at: Option<Timestamp>,
    /// `done`, `failed` or `interrupted`; None while nobody has recorded one.
    pub outcome: Option<String>,
    /// What was read back, or what went wrong.
    pub note: String,
    /// The opened leaf in the audit trail.
    pub audit: RecordIndex,
    /// The event that told the outcome.
    pub outcome_event: Option<EventSeq>,
}

/// A word of an enum, as the store keeps it: serde's name.
pub(crate) fn word<T: Serialize>(value: T) -> Result<String, ActionError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

fn from_word<T: for<'de> Deserialize<'de>>(
    text: String,
    what: &'static str,
    of: &str,
) -> Result<T, ActionError> {
    serde_json::from_value(serde_json::Value::String(text))
        .map_err(|_| ActionError::Unreadable { what, of: of.to_owned() })
}

fn from_json<T: for<'de> Deserialize<'de>>(
    text: &str,
    what: &'static str,
    of: &str,
) -> Result<T, ActionError> {
    serde_json::from_str(text).map_err(|_| ActionError::Unreadable { what, of: of.to_owned() })
}

pub(crate) fn id_value(id: RequestId) -> Value {
    Value::from(id.0.as_bytes().to_vec())
}

fn request_id(octets: &[u8]) -> Result<RequestId, ActionError> {
    Uuid::from_slice(octets)
        .map(RequestId)
        .map_err(|_| ActionError::Unreadable { what: "the id", of: "a request".to_owned() })
}

fn mac_value(mac: Option<Mac>) -> Value {
    Value::from(mac.and_then(|mac| i64::try_from(mac.to_u64()).ok()))
}

fn time_value(time: Option<Timestamp>) -> Value {
    Value::from(time.map(to_micros))
}

fn get<T: sea_orm::TryGetable>(row: &QueryResult, column: &str) -> Result<T, ActionError> {
    Ok(row.try_get("", column)?)
}

fn time(row: &QueryResult, column: &str) -> Result<Option<Timestamp>, ActionError> {
    Ok(get::<Option<i64>>(row, column)?.map(from_micros).transpose()?)
}

fn needed_time(row: &QueryResult, column: &str) -> Result<Timestamp, ActionError> {
    Ok(from_micros(get(row, column)?)?)
}

fn index(row: &QueryResult, column: &str) -> Result<Option<RecordIndex>, ActionError> {
    Ok(get::<Option<i64>>(row, column)?.and_then(|index| u64::try_from(index).ok()).map(RecordIndex))
}

fn port_ref(row: &QueryResult) -> Result<PortRef, ActionError> {
    Ok(PortRef { ne: NeId(get(row, "ne")?), port: PortName(get(row, "port")?) })
}

/// What one-shots are counted by against floods: a mail's recipients, a channel's name.
fn channel(action: &Action) -> Option<String> {
    match action {
        Action::Mail { to, .. } => {
            let mut to: Vec<String> = to.iter().map(|to| to.trim().to_lowercase()).collect();
            to.sort();
            Some(to.join(","))
        }
        Action::Webhook { name, .. } | Action::Syslog { name, .. } | Action::Command { name, .. } => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// Inserts the request unless its key is known; answers whether it was new.
pub(crate) async fn insert_request(tx: &Tx, request: &ActionRequest) -> Result<bool, ActionError> {
    let (port, endpoint) = match &request.action {
        Action::SetPortAccess { port, endpoint, .. } => (Some(port), *endpoint),
        Action::ReleasePort { port } => (Some(port), None),
        Action::SetStatus { endpoint, .. } | Action::SetGroup { endpoint, .. } => (None, Some(*endpoint)),
        _ => (None, None),
    };
    let (by, event) = match &request.originator {
        Originator::Rule { name, event, .. } => (format!("rule {name}"), Some(event.0)),
        Originator::Person { user, .. } => (user.clone(), None),
        Originator::System { .. } => ("system".to_owned(), None),
    };
    let inserted = execute(
        tx,
        "INSERT INTO action_requests (id, request_key, at, originator, requested_by, depth, action, body, \
         ne, port, endpoint, event, channel, state, note, updated_at, attempts, next_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', '', $3, 0, $3) \
         ON CONFLICT (request_key) DO NOTHING",
        [
            id_value(request.id),
            Value::from(request.key.0.clone()),
            Value::from(to_micros(request.at)),
            Value::from(serde_json::to_string(&request.originator)?),
            Value::from(by),
            Value::from(i64::from(request.depth)),
            Value::from(request.action.name()),
            Value::from(serde_json::to_string(&request.action)?),
            Value::from(port.map(|port| port.ne.0)),
            Value::from(port.map(|port| port.port.0.clone())),
            mac_value(endpoint),
            Value::from(event),
            Value::from(channel(&request.action)),
        ],
    )
    .await?;
    Ok(inserted == 1)
}

const REQUEST: &str = "id, request_key, at, originator, depth, body, state, note, audit, outcome_seq, updated_at, \
                       channel, attempts, next_at";

fn request_row(row: &QueryResult) -> Result<RequestRow, ActionError> {
    let id = request_id(&get::<Vec<u8>>(row, "id")?)?;
    let of = format!("request {id}");
    let depth: i64 = get(row, "depth")?;
    Ok(RequestRow {
        request: ActionRequest {
            id,
            key: RequestKey(get(row, "request_key")?),
            at: needed_time(row, "at")?,
            originator: from_json(&get::<String>(row, "originator")?, "the originator", &of)?,
            depth: u8::try_from(depth).unwrap_or(u8::MAX),
            action: from_json(&get::<String>(row, "body")?, "the action", &of)?,
        },
        state: from_word(get(row, "state")?, "the state", &of)?,
        note: get(row, "note")?,
        audit: index(row, "audit")?,
        outcome_event: get::<Option<i64>>(row, "outcome_seq")?.map(EventSeq),
        updated_at: needed_time(row, "updated_at")?,
        channel: get(row, "channel")?,
        attempts: u32::try_from(get::<i64>(row, "attempts")?).unwrap_or(u32::MAX),
        next_at: needed_time(row, "next_at")?,
    })
}

/// One request.
pub async fn request_by_id<C: ConnectionTrait>(
    connection: &C,
    id: RequestId,
) -> Result<RequestRow, ActionError> {
    let sql = format!("SELECT {REQUEST} FROM action_requests WHERE id = $1");
    let row = query_one(connection, sql, [id_value(id)]).await?;
    request_row(&row.ok_or_else(|| ActionError::NoSuchRequest(id.to_string()))?)
}

/// The request that bears `key`, if there is one.
pub async fn request_by_key<C: ConnectionTrait>(
    connection: &C,
    key: &RequestKey,
) -> Result<Option<RequestRow>, ActionError> {
    let sql = format!("SELECT {REQUEST} FROM action_requests WHERE request_key = $1");
    query_one(connection, sql, values![key.0.clone()]).await?.as_ref().map(request_row).transpose()
}

/// What a change of a request's state writes.
pub(crate) struct Progressed<'a> {
    pub state: RequestState,
    pub note: &'a str,
    pub audit: Option<RecordIndex>,
    pub outcome: Option<EventSeq>,
}

/// Writes how far a request has come. An audit leaf or event that is None leaves the stored one.
pub(crate) async fn set_request(
    tx: &Tx,
    now: Timestamp,
    id: RequestId,
    to: Progressed<'_>,
) -> Result<(), ActionError> {
    let audit = to.audit.and_then(|index| i64::try_from(index.0).ok());
    let changed = execute(
        tx,
        "UPDATE action_requests SET state = $1, note = $2, audit = COALESCE($3, audit), \
         outcome_seq = COALESCE($4, outcome_seq), updated_at = $5 WHERE id = $6",
        [
            Value::from(to.state.as_str()),
            Value::from(to.note),
            Value::from(audit),
            Value::from(to.outcome.map(|seq| seq.0)),
            Value::from(to_micros(now)),
            id_value(id),
        ],
    )
    .await?;
    if changed == 1 { Ok(()) } else { Err(ActionError::NoSuchRequest(id.to_string())) }
}

/// A request that another one takes the place of before it came to anything.
pub(crate) async fn supersede(
    tx: &Tx,
    now: Timestamp,
    old: RequestId,
    new: RequestId,
) -> Result<(), ActionError> {
    execute(
        tx,
        "UPDATE action_requests SET state = 'failed', note = $1, updated_at = $2 \
         WHERE id = $3 AND state IN ('pending', 'opened', 'held')",
        [Value::from(format!("superseded by request {new}")), Value::from(to_micros(now)), id_value(old)],
    )
    .await?;
    Ok(())
}

const DESIRED: &str = "id, ne, port, request, access, endpoint, progress, note, attempts, next_at, since, \
                       verified_at, earlier, revision";

fn desired_row(row: &QueryResult) -> Result<DesiredPort, ActionError> {
    let port = port_ref(row)?;
    let of = port.to_string();
    let earlier: Option<Earlier> = get::<Option<String>>(row, "earlier")?
        .map(|text| from_json(&text, "the earlier values", &of))
        .transpose()?;
    let endpoint: Option<i64> = get(row, "endpoint")?;
    let attempts: i64 = get(row, "attempts")?;
    Ok(DesiredPort {
        id: get(row, "id")?,
        request: request_id(&get::<Vec<u8>>(row, "request")?)?,
        access: from_json(&get::<String>(row, "access")?, "the access", &of)?,
        endpoint: endpoint.and_then(|bits| u64::try_from(bits).ok()).and_then(Mac::from_u64),
        standing: Standing {
            progress: from_word(get(row, "progress")?, "the progress", &of)?,
            note: get(row, "note")?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            next: time(row, "next_at")?,
            since: needed_time(row, "since")?,
            verified_at: time(row, "verified_at")?,
            changed: earlier.is_some(),
        },
        earlier,
        revision: get(row, "revision")?,
        port,
    })
}

/// The desired state of one port.
pub async fn desired_port<C: ConnectionTrait>(
    connection: &C,
    port: &PortRef,
) -> Result<Option<DesiredPort>, ActionError> {
    let sql = format!("SELECT {DESIRED} FROM desired_ports WHERE ne = $1 AND port = $2");
    let row = query_one(connection, sql, values![port.ne.0, port.port.0.clone()]).await?;
    row.as_ref().map(desired_row).transpose()
}

/// The desired states of one element.
pub async fn desired_of<C: ConnectionTrait>(
    connection: &C,
    ne: NeId,
) -> Result<Vec<DesiredPort>, ActionError> {
    let sql = format!("SELECT {DESIRED} FROM desired_ports WHERE ne = $1 ORDER BY id");
    query_all(connection, sql, values![ne.0]).await?.iter().map(desired_row).collect()
}

/// Every desired state that has not been released.
pub async fn desired_unreleased<C: ConnectionTrait>(connection: &C) -> Result<Vec<DesiredPort>, ActionError> {
    let sql = format!("SELECT {DESIRED} FROM desired_ports WHERE progress <> 'released' ORDER BY ne, id");
    query_all(connection, sql, []).await?.iter().map(desired_row).collect()
}

/// The elements on which something is due.
pub(crate) async fn due_elements<C: ConnectionTrait>(
    connection: &C,
    now: Timestamp,
) -> Result<Vec<NeId>, ActionError> {
    let sql = "SELECT DISTINCT ne FROM desired_ports WHERE next_at <= $1 ORDER BY ne";
    let rows = query_all(connection, sql, values![to_micros(now)]).await?;
    rows.iter().map(|row| Ok(NeId(get(row, "ne")?))).collect()
}

/// The state of `ne` that has been due for longest.
pub(crate) async fn next_due<C: ConnectionTrait>(
    connection: &C,
    ne: NeId,
    now: Timestamp,
) -> Result<Option<DesiredPort>, ActionError> {
    let sql = format!(
        "SELECT {DESIRED} FROM desired_ports WHERE ne = $1 AND next_at <= $2 ORDER BY next_at, id LIMIT 1"
    );
    let row = query_one(connection, sql, values![ne.0, to_micros(now)]).await?;
    row.as_ref().map(desired_row).transpose()
}

/// Makes the row of a port's first wish.
pub(crate) async fn insert_desired(tx: &Tx, row: &DesiredPort) -> Result<(), ActionError> {
    execute(
        tx,
        "INSERT INTO desired_ports (ne, port, request, access, endpoint, progress, note, attempts, next_at, \
         since, verified_at, earlier, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, 1)",
        [
            Value::from(row.port.ne.0),
            Value::from(row.port.port.0.clone()),
            id_value(row.request),
            Value::from(serde_json::to_string(&row.access)?),
            mac_value(row.endpoint),
            Value::from(word(row.standing.progress)?),
            Value::from(row.standing.note.clone()),
            Value::from(i64::from(row.standing.attempts)),
            time_value(row.standing.next),
            Value::from(to_micros(row.standing.since)),
        ],
    )
    .await?;
    Ok(())
}

/// Writes the row if nobody has written it since it was read; answers whether it was written.
pub(crate) async fn save_desired(tx: &Tx, row: &DesiredPort) -> Result<bool, ActionError> {
    let earlier = row.earlier.as_ref().map(serde_json::to_string).transpose()?;
    let changed = execute(
        tx,
        "UPDATE desired_ports SET request = $1, access = $2, endpoint = $3, progress = $4, note = $5, \
         attempts = $6, next_at = $7, since = $8, verified_at = $9, earlier = $10, revision = revision + 1 \
         WHERE id = $11 AND revision = $12",
        [
            id_value(row.request),
            Value::from(serde_json::to_string(&row.access)?),
            mac_value(row.endpoint),
            Value::from(word(row.standing.progress)?),
            Value::from(row.standing.note.clone()),
            Value::from(i64::from(row.standing.attempts)),
            time_value(row.standing.next),
            Value::from(to_micros(row.standing.since)),
            time_value(row.standing.verified_at),
            Value::from(earlier),
            Value::from(row.id),
            Value::from(row.revision),
        ],
    )
    .await?;
    Ok(changed == 1)
}

/// Records an attempt; answers with its number.
pub(crate) async fn insert_attempt(
    tx: &Tx,
    now: Timestamp,
    row: &DesiredPort,
    purpose: Purpose,
    wanted: &str,
    audit: RecordIndex,
) -> Result<i64, ActionError> {
    let inserted = query_one(
        tx,
        "INSERT INTO port_attempts (request, ne, port, purpose, wanted, opened_at, note, audit) \
         VALUES ($1, $2, $3, $4, $5, $6, '', $7) RETURNING id",
        [
            id_value(row.request),
            Value::from(row.port.ne.0),
            Value::from(row.port.port.0.clone()),
            Value::from(word(purpose)?),
            Value::from(wanted),
            Value::from(to_micros(now)),
            Value::from(i64::try_from(audit.0).unwrap_or(i64::MAX)),
        ],
    )
    .await?;
    let row = inserted.ok_or_else(|| StoreError::Unreadable("no number for an attempt".to_owned()))?;
    get(&row, "id")
}

/// What closing an attempt writes.
pub(crate) struct Closing<'a> {
    pub at: Timestamp,
    pub set_at: Option<Timestamp>,
    pub read_at: Option<Timestamp>,
    pub outcome: &'static str,
    pub note: &'a str,
    pub event: Option<EventSeq>,
}

/// Closes an attempt that is open; answers whether it was.
pub(crate) async fn close_attempt(tx: &Tx, id: i64, closing: Closing<'_>) -> Result<bool, ActionError> {
    let changed = execute(
        tx,
        "UPDATE port_attempts SET closed_at = $1, set_at = $2, read_at = $3, outcome = $4, note = $5, \
         outcome_seq = $6 WHERE id = $7 AND outcome IS NULL",
        [
            Value::from(to_micros(closing.at)),
            time_value(closing.set_at),
            time_value(closing.read_at),
            Value::from(closing.outcome),
            Value::from(closing.note),
            Value::from(closing.event.map(|seq| seq.0)),
            Value::from(id),
        ],
    )
    .await?;
    Ok(changed == 1)
}

const ATTEMPT: &str = "id, request, ne, port, purpose, wanted, opened_at, set_at, read_at, closed_at, outcome, \
                       note, audit, outcome_seq";

fn attempt_row(row: &QueryResult) -> Result<Attempt, ActionError> {
    let id: i64 = get(row, "id")?;
    Ok(Attempt {
        id,
        request: request_id(&get::<Vec<u8>>(row, "request")?)?,
        port: port_ref(row)?,
        purpose: from_word(get(row, "purpose")?, "the purpose", &format!("attempt {id}"))?,
        wanted: get(row, "wanted")?,
        opened_at: needed_time(row, "opened_at")?,
        set_at: time(row, "set_at")?,
        read_at: time(row, "read_at")?,
        closed_at: time(row, "closed_at")?,
        outcome: get(row, "outcome")?,
        note: get(row, "note")?,
        audit: index(row, "audit")?.unwrap_or(RecordIndex(0)),
        outcome_event: get::<Option<i64>>(row, "outcome_seq")?.map(EventSeq),
    })
}

/// The attempts made for one request, in order.
pub async fn attempts_of<C: ConnectionTrait>(
    connection: &C,
    request: RequestId,
) -> Result<Vec<Attempt>, ActionError> {
    let sql = format!("SELECT {ATTEMPT} FROM port_attempts WHERE request = $1 ORDER BY id");
    query_all(connection, sql, [id_value(request)]).await?.iter().map(attempt_row).collect()
}

/// Attempts of a port whose outcome nobody has recorded: those of an interruption.
pub(crate) async fn open_attempts<C: ConnectionTrait>(
    connection: &C,
    port: &PortRef,
) -> Result<Vec<Attempt>, ActionError> {
    let sql = format!(
        "SELECT {ATTEMPT} FROM port_attempts WHERE ne = $1 AND port = $2 AND outcome IS NULL ORDER BY id"
    );
    let rows = query_all(connection, sql, values![port.ne.0, port.port.0.clone()]).await?;
    rows.iter().map(attempt_row).collect()
}

/// First SETs sent since `from`, for the budget.
pub async fn enforced_since<C: ConnectionTrait>(
    connection: &C,
    from: Timestamp,
) -> Result<Vec<Enforced>, ActionError> {
    let sql = "SELECT ne, port, opened_at FROM port_attempts WHERE opened_at > $1 AND purpose = 'set'";
    let rows = query_all(connection, sql, values![to_micros(from)]).await?;
    rows.iter().map(|row| Ok(Enforced { port: port_ref(row)?, at: needed_time(row, "opened_at")? })).collect()
}

/// One-shots of these actions (words of [`Action::name`]) in `state`, oldest first.
pub(crate) async fn one_shots<C: ConnectionTrait>(
    connection: &C,
    actions: &[&'static str],
    state: RequestState,
    due: Timestamp,
    limit: u32,
) -> Result<Vec<RequestRow>, ActionError> {
    let words: Vec<String> = actions.iter().map(|action| format!("'{action}'")).collect();
    let sql = format!(
        "SELECT {REQUEST} FROM action_requests WHERE state = $1 AND next_at <= $2 AND action IN ({}) \
         ORDER BY id LIMIT {limit}",
        words.join(", ")
    );
    query_all(connection, sql, values![state.as_str(), to_micros(due)])
        .await?
        .iter()
        .map(request_row)
        .collect()
}

/// The times at which mails went to these recipients after `from`; those of one digest count once.
pub(crate) async fn mails_sent<C: ConnectionTrait>(
    connection: &C,
    channel: &str,
    from: Timestamp,
) -> Result<Vec<Timestamp>, ActionError> {
    let sql = "SELECT updated_at FROM action_requests WHERE channel = $1 AND updated_at > $2 \
               AND action = 'mail' AND state = 'done' AND batch = id";
    let rows = query_all(connection, sql, values![channel, to_micros(from)]).await?;
    rows.iter().map(|row| needed_time(row, "updated_at")).collect()
}

/// Takes a one-shot: pending becomes opened. False where somebody else has taken it.
pub(crate) async fn take(
    tx: &Tx,
    now: Timestamp,
    id: RequestId,
    batch: RequestId,
) -> Result<bool, ActionError> {
    let sql = "UPDATE action_requests SET state = 'opened', batch = $1, attempts = attempts + 1, updated_at = $2 \
               WHERE id = $3 AND state = 'pending'";
    let changed = execute(tx, sql, [id_value(batch), Value::from(to_micros(now)), id_value(id)]).await?;
    Ok(changed == 1)
}

/// Keeps the opened leaf with a one-shot, so that it can be completed after an interruption.
pub(crate) async fn set_audit(tx: &Tx, id: RequestId, audit: RecordIndex) -> Result<(), ActionError> {
    let index = i64::try_from(audit.0).unwrap_or(i64::MAX);
    execute(tx, "UPDATE action_requests SET audit = $1 WHERE id = $2", [Value::from(index), id_value(id)])
        .await?;
    Ok(())
}

/// Puts a one-shot back: it is tried again at `next`.
pub(crate) async fn put_back(
    tx: &Tx,
    now: Timestamp,
    id: RequestId,
    next: Timestamp,
    note: &str,
) -> Result<(), ActionError> {
    let sql = "UPDATE action_requests SET state = 'pending', next_at = $1, note = $2, updated_at = $3 WHERE id = $4 \
               AND state IN ('pending', 'opened')";
    let values = [Value::from(to_micros(next)), Value::from(note), Value::from(to_micros(now)), id_value(id)];
    execute(tx, sql, values).await?;
    Ok(())
}

/// The global stop, if it is on: since when and by whom.
pub async fn global_stop<C: ConnectionTrait>(
    connection: &C,
) -> Result<Option<(Timestamp, String)>, ActionError> {
    let row =
        query_one(connection, "SELECT stopped_at, stopped_by FROM enforcement_stop WHERE id = 1", []).await?;
    row.map(|row| Ok((needed_time(&row, "stopped_at")?, get(&row, "stopped_by")?))).transpose()
}

pub(crate) async fn write_stop(tx: &Tx, now: Timestamp, by: &str, stop: bool) -> Result<(), ActionError> {
    if stop {
        let sql = "INSERT INTO enforcement_stop (id, stopped_at, stopped_by) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
        execute(tx, sql, values![to_micros(now), by]).await?;
    } else {
        execute(tx, "DELETE FROM enforcement_stop WHERE id = 1", []).await?;
    }
    Ok(())
}

/// Requests, as clients may filter them. Those that concern no element are seen without a scope only.
pub static REQUESTS: ListTable = ListTable {
    from: "action_requests",
    id: Column::new("id", "id", ColumnKind::Bytes),
    columns: &[
        Column::new("at", "at", ColumnKind::Integer),
        Column::new("by", "requested_by", ColumnKind::Text),
        Column::new("action", "action", ColumnKind::Text),
        Column::new("state", "state", ColumnKind::Text).sorts(),
        Column::new("ne", "ne", ColumnKind::Integer).nullable(),
        Column::new("port", "port", ColumnKind::Text).nullable(),
        Column::new("endpoint", "endpoint", ColumnKind::Integer).nullable(),
        Column::new("event", "event", ColumnKind::Integer).nullable(),
        Column::new("note", "note", ColumnKind::Text),
    ],
    scope: Some("ne"),
};

/// Desired port states, as clients may filter them.
pub static DESIRED_PORTS: ListTable = ListTable {
    from: "desired_ports",
    id: Column::new("id", "id", ColumnKind::Integer),
    columns: &[
        Column::new("ne", "ne", ColumnKind::Integer),
        Column::new("port", "port", ColumnKind::Text),
        Column::new("progress", "progress", ColumnKind::Text),
        Column::new("endpoint", "endpoint", ColumnKind::Integer).nullable(),
        Column::new("since", "since", ColumnKind::Integer),
        Column::new("note", "note", ColumnKind::Text),
    ],
    scope: Some("ne"),
};

/// A page of requests; `query` is made on [`REQUESTS`].
pub async fn list_requests<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<RequestRow>, ActionError> {
    query.fetch(connection, REQUEST).await?.try_map(|row| request_row(&row))
}

/// A page of desired port states; `query` is made on [`DESIRED_PORTS`].
pub async fn list_desired<C: ConnectionTrait>(
    connection: &C,
    query: &ListQuery,
) -> Result<Listed<DesiredPort>, ActionError> {
    query.fetch(connection, DESIRED).await?.try_map(|row| desired_row(&row))
}

/// How many rows a list has.
pub async fn count<C: ConnectionTrait>(connection: &C, query: &ListQuery) -> Result<Count, ActionError> {
    Ok(query.count(connection).await?)
}

/// The last link of "why": a request with the attempts that were made for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// The request; its originator names rule and event, or the person.
    pub request: RequestRow,
    /// The attempts, in order, with the times of their steps.
    pub attempts: Vec<Attempt>,
}

/// Why a port is as it is: the newest requests about it, newest first, `limit` at most.
pub async fn why_port<C: ConnectionTrait>(
    connection: &C,
    port: &PortRef,
    limit: u32,
) -> Result<Vec<Chain>, ActionError> {
    let sql = format!(
        "SELECT {REQUEST} FROM action_requests WHERE ne = $1 AND port = $2 ORDER BY id DESC LIMIT {limit}"
    );
    chains(connection, query_all(connection, sql, values![port.ne.0, port.port.0.clone()]).await?).await
}

/// Why an endpoint's access is as it is: the newest requests because of it, newest first.
pub async fn why_endpoint<C: ConnectionTrait>(
    connection: &C,
    endpoint: Mac,
    scope: &Scope,
    limit: u32,
) -> Result<Vec<Chain>, ActionError> {
    let sql = format!(
        "SELECT {REQUEST}, ne FROM action_requests WHERE endpoint = $1 ORDER BY id DESC LIMIT {limit}"
    );
    let rows = query_all(connection, sql, [mac_value(Some(endpoint))]).await?;
    let mut inside = Vec::with_capacity(rows.len());
    for row in rows {
        if scope.contains(get::<Option<i64>>(&row, "ne")?.map(NeId)) {
            inside.push(row);
        }
    }
    chains(connection, inside).await
}

async fn chains<C: ConnectionTrait>(
    connection: &C,
    rows: Vec<QueryResult>,
) -> Result<Vec<Chain>, ActionError> {
    let mut chains = Vec::with_capacity(rows.len());
    for row in rows {
        let request = request_row(&row)?;
        let attempts = attempts_of(connection, request.request.id).await?;
        chains.push(Chain { request, attempts });
    }
    Ok(chains)
}

/// True where nothing is being done to a port and nothing is wanted: used by tests and self-tests.
pub fn is_released(row: &DesiredPort) -> bool {
    row.standing.progress == Progress::Released
}

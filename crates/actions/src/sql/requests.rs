//! Requests and what became of them; one-shots among them are taken and put back here.

use jiff::Timestamp;
use netwarden_audit::RecordIndex;
use netwarden_model::action::Originator;
use netwarden_model::{Action, ActionRequest, EventSeq, RequestId, RequestKey};
use netwarden_store::{
    ConnectionTrait, QueryResult, Tx, Value, execute, query_all, query_one, to_micros, values,
};
use serde::{Deserialize, Serialize};

use super::{from_json, from_word, get, id_value, index, mac_value, needed_time, request_id};
use crate::ActionError;

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

pub(super) const REQUEST: &str = "id, request_key, at, originator, depth, body, state, note, audit, outcome_seq, updated_at, \
                       channel, attempts, next_at";

pub(super) fn request_row(row: &QueryResult) -> Result<RequestRow, ActionError> {
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

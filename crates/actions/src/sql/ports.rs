//! Desired port states, the attempts at them, and the global stop.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_audit::RecordIndex;
use netwarden_model::access::{PortAccess, Progress};
use netwarden_model::{EventSeq, Mac, NeId, PortRef, RequestId};
use netwarden_store::{
    ConnectionTrait, QueryResult, StoreError, Tx, Value, execute, query_all, query_one, to_micros, values,
};
use serde::{Deserialize, Serialize};

use super::{
    from_json, from_word, get, id_value, index, mac_value, needed_time, port_ref, request_id, time,
    time_value, word,
};
use crate::ActionError;
use crate::desired::Standing;
use crate::guard::Enforced;
use crate::plan::port::Earlier;

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

pub(super) const DESIRED: &str = "id, ne, port, request, access, endpoint, progress, note, attempts, next_at, since, \
                       verified_at, earlier, revision";

pub(super) fn desired_row(row: &QueryResult) -> Result<DesiredPort, ActionError> {
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

/// Endpoints that are looked for in one statement.
const AT_ONCE: usize = 500;

/// The desired states that hold a port because of one of these endpoints; not those that are released
/// already, or are being released.
pub(crate) async fn desired_because_of(
    tx: &Tx,
    endpoints: &BTreeSet<Mac>,
) -> Result<Vec<DesiredPort>, ActionError> {
    let macs: Vec<Value> = endpoints.iter().map(|mac| mac_value(Some(*mac))).collect();
    let mut found = Vec::new();
    for macs in macs.chunks(AT_ONCE) {
        let marks: Vec<String> = (1..=macs.len()).map(|at| format!("${at}")).collect();
        let sql = format!(
            "SELECT {DESIRED} FROM desired_ports WHERE progress NOT IN ('released', 'releasing') \
             AND endpoint IN ({}) ORDER BY ne, id",
            marks.join(", ")
        );
        for row in query_all(tx, sql, macs.to_vec()).await? {
            found.push(desired_row(&row)?);
        }
    }
    Ok(found)
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

/// Names the endpoint because of which a port is held. Only wishes and readmissions say so, and who carries a
/// wish out never does: it needs no revision, and disturbs no attempt that is under way.
pub(crate) async fn set_because_of(tx: &Tx, id: i64, endpoint: Option<Mac>) -> Result<(), ActionError> {
    let sql = "UPDATE desired_ports SET endpoint = $1 WHERE id = $2";
    execute(tx, sql, [mac_value(endpoint), Value::from(id)]).await?;
    Ok(())
}

/// Writes the row, all but the endpoint because of which, if nobody has written it since it was read; answers
/// whether it was written.
pub(crate) async fn save_desired(tx: &Tx, row: &DesiredPort) -> Result<bool, ActionError> {
    let earlier = row.earlier.as_ref().map(serde_json::to_string).transpose()?;
    let changed = execute(
        tx,
        "UPDATE desired_ports SET request = $1, access = $2, progress = $3, note = $4, attempts = $5, \
         next_at = $6, since = $7, verified_at = $8, earlier = $9, revision = revision + 1 \
         WHERE id = $10 AND revision = $11",
        [
            id_value(row.request),
            Value::from(serde_json::to_string(&row.access)?),
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

/// True where nothing of ours is on the port and nothing is wanted of it.
pub fn is_released(row: &DesiredPort) -> bool {
    row.standing.progress == Progress::Released
}

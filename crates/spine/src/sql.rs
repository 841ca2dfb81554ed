//! Tables of the log and the SQL on them.

use jiff::Timestamp;
use netwarden_model::{Event, EventKind, EventSeq, NeId, NewEvent, Severity};
use netwarden_store::{
    ConnectionTrait, Migration, QueryResult, StoreError, Value, from_micros, insert_many, query_all,
    query_one, to_micros, values,
};

use crate::{SpineError, body, subject};

/// The log's schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "spine-0001-log",
        // Each secondary index costs a good part of the appending rate: one for each question that people ask.
        up: "CREATE TABLE spine_events (
{sqlite} seq INTEGER PRIMARY KEY,
{postgres} seq BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    severity SMALLINT NOT NULL,
    subject {bytes} NOT NULL,
    ne BIGINT,
    body TEXT NOT NULL
);
CREATE INDEX spine_events_subject ON spine_events (subject, seq);
CREATE INDEX spine_events_kind ON spine_events (kind, seq);
CREATE TABLE spine_times (
{sqlite} seq INTEGER PRIMARY KEY,
{postgres} seq BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE spine_cursors (
    consumer TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    epoch BIGINT NOT NULL
);
",
    },
    Migration {
        name: "spine-0002-questions",
        // Few events are more than information, so the second holds little.
        up: "CREATE INDEX spine_events_ne ON spine_events (ne, seq) WHERE ne IS NOT NULL;
CREATE INDEX spine_events_severe ON spine_events (seq, severity) WHERE severity >= 1;
",
    },
    Migration {
        name: "spine-0003-alarms",
        // What needs attention of one element, which its page shows, among all that it ever told.
        up: "CREATE INDEX spine_events_alarms ON spine_events (ne, seq) WHERE severity >= 2;
",
    },
];

/// A place in `spine_times` is written for every so many events ...
const MARK_EVENTS: i64 = 1_000;
/// ... or after so many microseconds.
const MARK_MICROS: i64 = 60_000_000;

pub(crate) const COLUMNS: &str = "seq, recorded_at, at, kind, subject, ne, body";

/// Where the log ends.
struct Head {
    seq: i64,
    recorded_at: i64,
    marked_seq: i64,
    marked_at: i64,
}

/// Appends `events` and answers with the place of the last one. Times of recording never go back, even
/// if the clock does: places are found by them.
pub(crate) async fn append<C: ConnectionTrait>(
    connection: &C,
    now: Timestamp,
    events: &[NewEvent],
) -> Result<i64, SpineError> {
    let head = head(connection).await?;
    let recorded_at = to_micros(now).max(head.recorded_at);
    let mut seq = head.seq;
    let (mut marked_seq, mut marked_at) = (head.marked_seq, head.marked_at);
    let mut marks = Vec::new();
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        let unmarked = marked_seq == 0;
        if unmarked || seq - marked_seq >= MARK_EVENTS || recorded_at - marked_at >= MARK_MICROS {
            (marked_seq, marked_at) = (seq, recorded_at);
            marks.push(vec![seq.into(), recorded_at.into()]);
        }
        rows.push(vec![
            seq.into(),
            recorded_at.into(),
            to_micros(event.at).into(),
            event.kind.code().into(),
            severity_code(event.severity).into(),
            subject::encode(&event.subject).into(),
            Value::BigInt(event.ne.map(|ne| ne.0)),
            body::write(event).map_err(SpineError::Unwritable)?.into(),
        ]);
    }
    let columns = &["seq", "recorded_at", "at", "kind", "severity", "subject", "ne", "body"];
    insert_many(connection, "spine_events", columns, rows).await?;
    insert_many(connection, "spine_times", &["seq", "recorded_at"], marks).await?;
    Ok(seq)
}

async fn head<C: ConnectionTrait>(connection: &C) -> Result<Head, StoreError> {
    let sql = "SELECT e.seq, e.recorded_at, coalesce(t.seq, 0), coalesce(t.recorded_at, 0) \
               FROM (SELECT seq, recorded_at FROM spine_events ORDER BY seq DESC LIMIT 1) e \
               LEFT JOIN (SELECT seq, recorded_at FROM spine_times ORDER BY seq DESC LIMIT 1) t ON 1 = 1";
    let Some(row) = query_one(connection, sql, []).await? else {
        return Ok(Head { seq: 0, recorded_at: i64::MIN, marked_seq: 0, marked_at: 0 });
    };
    Ok(Head {
        seq: row.try_get_by_index(0)?,
        recorded_at: row.try_get_by_index(1)?,
        marked_seq: row.try_get_by_index(2)?,
        marked_at: row.try_get_by_index(3)?,
    })
}

/// The last place; 0 where the log is empty.
pub(crate) async fn latest<C: ConnectionTrait>(connection: &C) -> Result<EventSeq, StoreError> {
    one_seq(connection, "SELECT max(seq) FROM spine_events", []).await
}

/// The last place that was recorded at `time` or before; 0 where there is none.
pub(crate) async fn seq_at<C: ConnectionTrait>(
    connection: &C,
    time: Timestamp,
) -> Result<EventSeq, StoreError> {
    let time = to_micros(time);
    let mark = one_seq(
        connection,
        "SELECT seq FROM spine_times WHERE recorded_at <= $1 ORDER BY seq DESC LIMIT 1",
        values![time],
    )
    .await?;
    if mark.0 == 0 {
        return Ok(mark);
    }
    // Between two marks lie at most a thousand events.
    let within = "SELECT max(seq) FROM spine_events WHERE seq >= $1 AND seq < coalesce(\
                  (SELECT min(seq) FROM spine_times WHERE seq > $1), 9223372036854775807) \
                  AND recorded_at <= $2";
    one_seq(connection, within, values![mark.0, time]).await
}

async fn one_seq<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<EventSeq, StoreError> {
    let row = query_one(connection, sql, values).await?;
    let seq: Option<i64> = row.map_or(Ok(None), |row| row.try_get_by_index(0))?;
    Ok(EventSeq(seq.unwrap_or(0)))
}

/// Up to `limit` events after `after`, oldest first.
pub(crate) async fn read_from<C: ConnectionTrait>(
    connection: &C,
    after: EventSeq,
    limit: u64,
) -> Result<Vec<Event>, SpineError> {
    let sql = format!("SELECT {COLUMNS} FROM spine_events WHERE seq > $1 ORDER BY seq LIMIT {limit}");
    events(&query_all(connection, sql, values![after.0]).await?)
}

pub(crate) async fn get<C: ConnectionTrait>(
    connection: &C,
    seq: EventSeq,
) -> Result<Option<Event>, SpineError> {
    let sql = format!("SELECT {COLUMNS} FROM spine_events WHERE seq = $1");
    query_one(connection, sql, values![seq.0]).await?.as_ref().map(event).transpose()
}

pub(crate) fn events(rows: &[QueryResult]) -> Result<Vec<Event>, SpineError> {
    rows.iter().map(event).collect()
}

/// Reads a row of [`COLUMNS`].
fn event(row: &QueryResult) -> Result<Event, SpineError> {
    let seq = EventSeq(row.try_get_by_index(0)?);
    let unreadable = |reason: String| SpineError::Unreadable { seq, reason };
    let code: i16 = row.try_get_by_index(3)?;
    let kind = EventKind::from_code(code).ok_or_else(|| unreadable(format!("{code} is no kind of event")))?;
    let octets: Vec<u8> = row.try_get_by_index(4)?;
    let subject = subject::decode(&octets).ok_or_else(|| unreadable("it has no subject".to_owned()))?;
    let ne: Option<i64> = row.try_get_by_index(5)?;
    let text: String = row.try_get_by_index(6)?;
    let body = body::read(&text).map_err(unreadable)?;
    Ok(Event {
        seq,
        recorded_at: from_micros(row.try_get_by_index(1)?)?,
        event: NewEvent {
            at: from_micros(row.try_get_by_index(2)?)?,
            kind,
            subject,
            ne: ne.map(NeId),
            port: body.port,
            severity: body.severity,
            outcome: body.outcome,
            facts: body.facts,
            payload: body.payload,
            cause: body.cause,
        },
    })
}

/// The stored form of a severity: orders as severities do.
pub(crate) const fn severity_code(severity: Severity) -> i16 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Minor => 2,
        Severity::Major => 3,
        Severity::Critical => 4,
    }
}

/// Events of one kind in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Which.
    pub kind: EventKind,
    /// When the first of them was recorded, by which lists of events go.
    pub first: Timestamp,
    /// How many there are.
    pub count: u64,
}

/// Events after `after` and up to `until`, by kind and minute of their recording. A kind of a later version is
/// left out.
pub(crate) async fn count_kinds<C: ConnectionTrait>(
    connection: &C,
    after: EventSeq,
    until: EventSeq,
) -> Result<Vec<Counted>, SpineError> {
    let sql = "SELECT kind, MIN(recorded_at), COUNT(*) FROM spine_events WHERE seq > $1 AND seq <= $2 \
               GROUP BY kind, recorded_at / 60000000";
    let mut counts = Vec::new();
    for row in query_all(connection, sql, values![after.0, until.0]).await? {
        let code: i16 = row.try_get_by_index(0).map_err(StoreError::from)?;
        let first = from_micros(row.try_get_by_index(1).map_err(StoreError::from)?)?;
        let count: i64 = row.try_get_by_index(2).map_err(StoreError::from)?;
        if let Some(kind) = EventKind::from_code(code) {
            counts.push(Counted { kind, first, count: u64::try_from(count).unwrap_or(0) });
        }
    }
    Ok(counts)
}

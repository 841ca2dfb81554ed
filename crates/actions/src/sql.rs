//! The tables of requests, desired port states and attempts, and nothing else's.

mod list;
mod ports;
mod requests;

use jiff::Timestamp;
use netwarden_audit::RecordIndex;
use netwarden_model::{Mac, NeId, PortName, PortRef, RequestId};
use netwarden_store::{Migration, QueryResult, Value, from_micros, to_micros};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ActionError;

pub use list::{Chain, DESIRED_PORTS, REQUESTS, count, list_desired, list_requests, why_endpoint, why_port};
pub use ports::{
    Attempt, DesiredPort, Purpose, attempts_of, desired_of, desired_port, desired_unreleased, enforced_since,
    global_stop, is_released,
};
pub(crate) use ports::{
    Closing, close_attempt, desired_because_of, due_elements, insert_attempt, insert_desired, next_due,
    open_attempts, save_desired, set_because_of, write_stop,
};
pub(crate) use requests::{
    Progressed, insert_request, mails_sent, one_shots, put_back, set_audit, set_request, supersede, take,
};
pub use requests::{RequestRow, RequestState, request_by_id, request_by_key};

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

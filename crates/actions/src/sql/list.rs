//! Lists for people and programs, and the chain that says why.

use netwarden_model::{Mac, NeId, PortRef, Scope};
use netwarden_store::{
    Column, ColumnKind, ConnectionTrait, Count, ListQuery, ListTable, Listed, QueryResult, query_all, values,
};
use serde::Serialize;

use super::ports::{Attempt, DESIRED, DesiredPort, attempts_of, desired_row};
use super::requests::{REQUEST, RequestRow, request_row};
use super::{get, mac_value};
use crate::ActionError;

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

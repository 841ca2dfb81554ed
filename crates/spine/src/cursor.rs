//! Consumers' cursors: how far each has come, and who may move it.
//!
//! Whoever claims a cursor raises its epoch, and thereby shuts out the holder before: a node that lost
//! its lease without noticing cannot write any more.

use netwarden_model::EventSeq;
use netwarden_store::{ConnectionTrait, StoreError, Tx, dialect_of, execute, query_all, query_one, values};

use crate::SpineError;

/// A claimed cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// What [`crate::Spine::advance`] must be given.
    pub epoch: i64,
    /// The last event that was consumed; 0 for none.
    pub position: EventSeq,
}

/// Where a consumer that is claimed for the first time begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the first event of the log.
    Beginning,
    /// With what is appended from now on.
    Now,
}

/// A consumer and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// The last event that it consumed.
    pub position: EventSeq,
    /// Who holds it.
    pub epoch: i64,
}

pub(crate) async fn claim(tx: &Tx, consumer: &str, start: Start) -> Result<Claim, SpineError> {
    let position = match start {
        Start::Beginning => EventSeq(0),
        Start::Now => crate::sql::latest(tx).await?,
    };
    let sql = "INSERT INTO spine_cursors (consumer, position, epoch) VALUES ($1, $2, 1) \
               ON CONFLICT (consumer) DO UPDATE SET epoch = spine_cursors.epoch + 1 \
               RETURNING position, epoch";
    let row = query_one(tx, sql, values![consumer, position.0]).await?;
    let Some(row) = row else {
        let reason = format!("the cursor of '{consumer}' on {:?} gave no row", dialect_of(tx));
        return Err(StoreError::Unreadable(reason).into());
    };
    Ok(Claim { position: EventSeq(row.try_get_by_index(0)?), epoch: row.try_get_by_index(1)? })
}

pub(crate) async fn advance(
    tx: &Tx,
    consumer: &str,
    epoch: i64,
    from: EventSeq,
    to: EventSeq,
) -> Result<(), SpineError> {
    if to < from {
        return Err(SpineError::CursorBackwards { consumer: consumer.to_owned(), from, to });
    }
    let sql = "UPDATE spine_cursors SET position = $1 WHERE consumer = $2 AND epoch = $3 AND position = $4";
    match execute(tx, sql, values![to.0, consumer, epoch, from.0]).await? {
        0 => Err(SpineError::CursorLost { consumer: consumer.to_owned(), epoch, from }),
        _ => Ok(()),
    }
}

pub(crate) async fn consumers<C: ConnectionTrait>(connection: &C) -> Result<Vec<Consumer>, SpineError> {
    let sql = "SELECT consumer, position, epoch FROM spine_cursors ORDER BY consumer";
    let rows = query_all(connection, sql, []).await?;
    rows.iter()
        .map(|row| {
            Ok(Consumer {
                name: row.try_get_by_index(0)?,
                position: EventSeq(row.try_get_by_index(1)?),
                epoch: row.try_get_by_index(2)?,
            })
        })
        .collect()
}

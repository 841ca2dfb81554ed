//! The first start, and the records of every start and stop (AUD-01).

use std::collections::BTreeSet;

use jiff::Timestamp;
use netwarden_audit::{Kind, ObjectRef, Outcome, Plane, Record, Value};
use netwarden_identity::accounts::{create_admin, map_local_uid};
use netwarden_identity::{ADMIN, Identity, Operation};
use netwarden_model::Severity;
use netwarden_store::{Store, Tx};
use zeroize::Zeroizing;

use crate::error::OperateError;
use crate::ports::as_value;

/// Which way something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It begins to work.
    Start,
    /// It ends in order.
    Stop,
}

/// Makes `admin` in each plane that has no user at all yet, and lets the local users `uids` be known as `admin`
/// there; answers with the one-time password of the network's plane. Those of the other planes are shown to nobody:
/// whoever is root on this machine opens these planes by setting one. All or nothing in each plane: `admin` without
/// either would lock everybody out. At later starts nothing is mapped: whom an administrator has unmapped stays
/// unmapped.
pub async fn first_start(
    store: &Store,
    identity: &Identity,
    uids: BTreeSet<u32>,
    random: &mut (dyn FnMut() -> [u8; 36] + Send),
    now: Timestamp,
) -> Result<Option<Zeroizing<String>>, OperateError> {
    let mut shown = None;
    for plane in Plane::ALL.iter().copied() {
        let Some((password, hash)) = identity.first_password(plane, &random()).await? else { continue };
        let uids = uids.clone();
        let made = store
            .write(move |tx: &Tx| {
                Box::pin(async move {
                    let Some(admin) = create_admin(tx, plane, &hash, now).await? else { return Ok(false) };
                    let record = |operation, new| of_first_start(plane, operation, new, now);
                    let mut records = vec![record(Operation::UserCreate, None)];
                    for uid in uids {
                        map_local_uid(tx, uid, admin, true).await?;
                        records.push(record(Operation::UserMapLocal, as_value(&(uid, true))));
                    }
                    netwarden_audit::record_many(tx, &records).await?;
                    Ok::<_, OperateError>(true)
                })
            })
            .await?;
        if made && plane == Plane::Om {
            shown = Some(password);
        }
    }
    Ok(shown)
}

fn of_first_start(plane: Plane, operation: Operation, new: Option<Value>, now: Timestamp) -> Record {
    let object = ObjectRef::new("user", ADMIN);
    Record {
        plane,
        level: Severity::Warning,
        new,
        cause: Some("the first start".to_owned()),
        ..Record::new(now, Kind::Security, operation.name(), object, Outcome::Success)
    }
}

/// Records that the audit of this node starts or stops: the first record of a run and its last. It stands in
/// the trail of the management plane (AUD-01).
pub async fn record_audit_turn(store: &Store, turn: Turn, now: Timestamp) -> Result<(), OperateError> {
    let operation = match turn {
        Turn::Start => "audit.start",
        Turn::Stop => "audit.stop",
    };
    let object = ObjectRef::any("audit");
    let record = Record {
        plane: Plane::Management,
        ..Record::new(now, Kind::System, operation, object, Outcome::Success)
    };
    write(store, vec![record]).await
}

/// Records that parts of the system start or stop, one record a part.
pub async fn record_parts_turn(
    store: &Store,
    turn: Turn,
    parts: &[&str],
    now: Timestamp,
) -> Result<(), OperateError> {
    let operation = match turn {
        Turn::Start => "system.start",
        Turn::Stop => "system.stop",
    };
    let of = |part: &&str| {
        Record::new(now, Kind::System, operation, ObjectRef::new("component", *part), Outcome::Success)
    };
    write(store, parts.iter().map(of).collect()).await
}

/// On a full disk too: that the audit stopped is what must not be missing.
async fn write(store: &Store, records: Vec<Record>) -> Result<(), OperateError> {
    store
        .write_essential(move |tx: &Tx| {
            let records = records.clone();
            Box::pin(async move {
                netwarden_audit::record_many(tx, &records).await?;
                Ok::<(), OperateError>(())
            })
        })
        .await
}

//! The clocks of those who send traps, kept over restarts: what was recorded on the wire before a restart
//! of ours cannot be replayed after it (RFC 3414 section 3.2 step 7b).

use netwarden_reach::TrapReceiver;
use netwarden_store::{Migration, Store, StoreError, Tx, execute, query_all, values};

/// Tables of the engine itself.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "engine-0001-trap-senders",
    up: "
CREATE TABLE trap_senders (
    engine_id {bytes} NOT NULL PRIMARY KEY,
    boots BIGINT NOT NULL,
    time BIGINT NOT NULL
);
",
}];

/// A sender's snmpEngineID, snmpEngineBoots and snmpEngineTime.
pub(crate) type SenderClock = (Vec<u8>, u32, u32);

/// Gives `receiver` the clocks that were kept. While we were down the senders' clocks went on, so that
/// what they send now is later than what was kept.
pub(crate) async fn restore(store: &Store, receiver: &TrapReceiver) -> Result<(), StoreError> {
    for (id, boots, time) in load(store).await? {
        receiver.remember_sender(&id, boots, time);
    }
    Ok(())
}

async fn load(store: &Store) -> Result<Vec<SenderClock>, StoreError> {
    let rows = query_all(store.read(), "SELECT engine_id, boots, time FROM trap_senders", []).await?;
    let number = |number: i64| {
        u32::try_from(number).map_err(|_| StoreError::Unreadable("the clock of a sender of traps".to_owned()))
    };
    rows.iter()
        .map(|row| {
            let clock: (Vec<u8>, i64, i64) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            Ok((clock.0, number(clock.1)?, number(clock.2)?))
        })
        .collect()
}

/// Keeps the clocks; none ever goes back.
pub(crate) async fn save(store: &Store, clocks: Vec<SenderClock>) -> Result<(), StoreError> {
    store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                let sql = "INSERT INTO trap_senders (engine_id, boots, time) VALUES ($1, $2, $3) \
                           ON CONFLICT (engine_id) DO UPDATE SET boots = excluded.boots, time = excluded.time \
                           WHERE trap_senders.boots < excluded.boots OR \
                           (trap_senders.boots = excluded.boots AND trap_senders.time < excluded.time)";
                for (id, boots, time) in clocks {
                    execute(tx, sql, values![id, i64::from(boots), i64::from(time)]).await?;
                }
                Ok::<(), StoreError>(())
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use netwarden_store::testing::TestStore;

    use super::*;

    // proves: SEC-02
    #[tokio::test]
    async fn clocks_of_senders_are_kept_and_never_go_back() {
        for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
            let id = |n: u8| vec![0x80, 0, 0, 9, n];
            save(&test.store, vec![(id(1), 3, 500), (id(2), 1, 10)]).await.unwrap();
            save(&test.store, vec![(id(1), 3, 400), (id(2), 2, 5)]).await.unwrap();
            let mut kept = load(&test.store).await.unwrap();
            kept.sort();
            assert_eq!(kept, [(id(1), 3, 500), (id(2), 2, 5)]);
        }
    }
}

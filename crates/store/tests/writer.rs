//! The writer: group commit, failing jobs, full disks, migrations, backup.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netwarden_store::testing::{PostgresServer, TestStore};
use netwarden_store::{
    Chain, ConnectionTrait, Migration, Space, Store, StoreConfig, StoreError, Value, execute, insert_many,
    insert_many_or_ignore, query_all, query_one, values,
};

const SCHEMA: &[Migration] = &[Migration {
    name: "test-0001-rows",
    up: "CREATE TABLE rows (id {id}, n BIGINT NOT NULL UNIQUE, content {bytes}, flag {bool});
",
}];

async fn insert(store: &Store, n: i64) -> Result<(), StoreError> {
    store
        .write(move |tx| {
            Box::pin(
                async move { execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await.map(drop) },
            )
        })
        .await
}

async fn all(store: &Store) -> Vec<i64> {
    let rows = query_all(store.read(), "SELECT n FROM rows ORDER BY n", []).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_share_a_transaction_and_a_failing_one_is_rolled_back_alone() {
    for test in TestStore::all(&[SCHEMA]).await.unwrap() {
        let store = &test.store;
        let commits = Arc::new(AtomicU64::new(0));
        let outcomes = futures::future::join_all((0..200_i64).map(|n| {
            let commits = Arc::clone(&commits);
            store.write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await?;
                    tx.after_commit(move || {
                        commits.fetch_add(1, Ordering::SeqCst);
                    });
                    if n % 10 == 3 {
                        return Err(StoreError::Unsupported("this one wants to fail"));
                    }
                    if n % 10 == 7 {
                        // A unique key that exists: the statement itself fails.
                        execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await?;
                    }
                    Ok(n)
                })
            })
        }))
        .await;
        for (n, outcome) in (0_i64..).zip(&outcomes) {
            match n % 10 {
                3 => assert!(matches!(outcome, Err(StoreError::Unsupported(_))), "{n}: {outcome:?}"),
                7 => assert!(matches!(outcome, Err(StoreError::Duplicate(_))), "{n}: {outcome:?}"),
                _ => assert_eq!(outcome.as_ref().unwrap(), &n),
            }
        }
        let expected: Vec<i64> = (0..200).filter(|n| n % 10 != 3 && n % 10 != 7).collect();
        assert_eq!(all(store).await, expected);
        assert_eq!(commits.load(Ordering::SeqCst), 160, "hooks of rolled back jobs must not be called");
        store.close().await.unwrap();
        assert!(matches!(insert(store, 1_000).await, Err(StoreError::Closed)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_a_failed_write_is_refused_with_it() {
    for test in TestStore::all(&[SCHEMA]).await.unwrap() {
        let store = &test.store;
        for fault in ["an error", "a statement", "a panic"] {
            let chain = Chain::default();
            let base = i64::try_from(all(store).await.len()).unwrap() * 1_000;
            let mut outcomes = Vec::new();
            for n in base..base + 200 {
                let job = store.write_behind::<_, StoreError, _>(&chain, move |tx| {
                    Box::pin(async move {
                        execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await?;
                        match fault {
                            _ if n != base + 50 => Ok(n),
                            "an error" => Err(StoreError::Unsupported("this one wants to fail")),
                            "a statement" => {
                                execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await.map(|_| n)
                            }
                            _ => panic!("this one panics"),
                        }
                    })
                });
                outcomes.push(job.await.unwrap());
            }
            let outcomes = futures::future::join_all(outcomes).await;
            for (n, outcome) in (0_i64..).zip(&outcomes) {
                match n {
                    0..50 => assert_eq!(outcome.as_ref().unwrap(), &(base + n)),
                    50 => assert!(!matches!(outcome, Ok(_) | Err(StoreError::BuiltOnFailed)), "{fault}"),
                    _ => {
                        assert!(matches!(outcome, Err(StoreError::BuiltOnFailed)), "{fault} {n}: {outcome:?}")
                    }
                }
            }
            assert!(chain.is_broken());
            assert_eq!(all(store).await.len() % 50, 0, "{fault}: what was built on it is not there");
            // Others are not concerned, and a new chain begins.
            insert(store, -base - 1).await.unwrap();
            execute_on(store, "DELETE FROM rows WHERE n < 0").await;
            let anew = Chain::default();
            let made = store.write_behind::<_, StoreError, _>(&anew, |_| Box::pin(async { Ok(()) }));
            made.await.unwrap().await.unwrap();
        }
    }
}

async fn execute_on(store: &Store, text: &'static str) {
    let done: Result<_, StoreError> =
        store.write(move |tx| Box::pin(async move { execute(tx, text, []).await.map(drop) })).await;
    done.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_cost_few_commits() {
    let test = TestStore::sqlite(&[SCHEMA]).await.unwrap();
    let store = &test.store;
    store.checkpoint().await.unwrap();
    futures::future::join_all((0..300).map(|n| insert(store, n)))
        .await
        .into_iter()
        .for_each(|it| it.unwrap());
    // Each commit writes at least the pages it touched: 300 commits would make 600 frames and more.
    let wal = std::fs::metadata(test.folder().join("test.db-wal")).unwrap().len();
    assert!(wal < 300 * 4_096, "{wal} octets of log for 300 jobs: they did not share transactions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_or_hangs_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = StoreConfig::sqlite(folder.path().join("a.db"));
    config.job_limit = std::time::Duration::from_millis(200);
    config.reserve_bytes = 0;
    let store = Store::open(config, &[SCHEMA]).await.unwrap();
    let panicking = store.write::<(), StoreError, _>(|tx| {
        Box::pin(async move {
            execute(tx, "INSERT INTO rows (n) VALUES (1)", []).await?;
            panic!("a programming error");
        })
    });
    let hanging = store.write::<(), StoreError, _>(|tx| {
        Box::pin(async move {
            execute(tx, "INSERT INTO rows (n) VALUES (2)", []).await?;
            std::future::pending().await
        })
    });
    let (panicked, hung, fine) = futures::join!(panicking, hanging, insert(&store, 3));
    assert!(matches!(panicked, Err(StoreError::Panicked)), "{panicked:?}");
    assert!(matches!(hung, Err(StoreError::TooSlow(_))), "{hung:?}");
    fine.unwrap();
    assert_eq!(all(&store).await, [3]);
}

#[tokio::test]
async fn a_caller_that_gave_up_before_its_turn_has_written_nothing() {
    let test = TestStore::sqlite(&[SCHEMA]).await.unwrap();
    // On a runtime of one thread the writer has had no turn when the future is dropped.
    let mut given_up = Box::pin(insert(&test.store, 1));
    assert!(futures::poll!(&mut given_up).is_pending());
    drop(given_up);
    insert(&test.store, 2).await.unwrap();
    assert_eq!(all(&test.store).await, [2]);
}

#[tokio::test]
async fn readers_cannot_write() {
    for test in TestStore::all(&[SCHEMA]).await.unwrap() {
        let refused = execute(test.store.read(), "INSERT INTO rows (n) VALUES (1)", []).await;
        assert!(refused.is_err());
        assert!(all(&test.store).await.is_empty());
    }
}

#[tokio::test]
async fn rows_go_in_by_the_thousand() {
    for test in TestStore::all(&[SCHEMA]).await.unwrap() {
        let columns = &["n", "content", "flag"];
        let row = |n: i64| {
            vec![n.into(), Value::Bytes((n % 2 == 0).then(|| vec![n as u8; 3])), (n % 3 == 0).into()]
        };
        let inserted = test
            .store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let first = insert_many(tx, "rows", columns, (0..10_000).map(row)).await?;
                    let again = insert_many_or_ignore(tx, "rows", columns, (9_990..10_010).map(row)).await?;
                    Ok((first, again))
                })
            })
            .await
            .unwrap();
        assert_eq!(inserted, (10_000, 10));
        let sql = "SELECT content, flag FROM rows WHERE n = $1";
        let row = query_one(test.store.read(), sql, values![9_i64]).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<Option<Vec<u8>>>(0).unwrap(), None);
        assert!(row.try_get_by_index::<bool>(1).unwrap());
    }
}

#[tokio::test]
async fn the_sqlite_file_is_as_durability_wants_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/a.db");
    // An existing file that others may read loses that.
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(StoreConfig::sqlite(&path), &[SCHEMA]).await.unwrap();
    insert(&store, 1).await.unwrap();
    let pragmas =
        [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("auto_vacuum", "2")];
    for (pragma, wanted) in pragmas {
        let found = store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let row = query_one(tx, format!("PRAGMA {pragma}"), []).await?.unwrap();
                    Ok(row
                        .try_get_by_index::<String>(0)
                        .or_else(|_| row.try_get_by_index::<i64>(0).map(|it| it.to_string()))?)
                })
            })
            .await
            .unwrap();
        assert_eq!(found, wanted, "{pragma}");
    }
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?} has mode {mode:o}", entry.file_name());
    }
    assert_eq!(std::fs::metadata(path.with_file_name("a.db.reserve")).unwrap().len(), 16 << 20);
}

/// A power cut at a start could else meet a transaction that nobody has asked for.
#[tokio::test]
async fn a_start_that_changes_nothing_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut left = Vec::new();
    for start in 0..3 {
        let store = Store::open(StoreConfig::sqlite(&path), &[SCHEMA]).await.unwrap();
        if start == 0 {
            insert(&store, 1).await.unwrap();
        }
        store.close().await.unwrap();
        left.push(std::fs::read(&path).unwrap());
    }
    assert!(left[0] == left[1] && left[1] == left[2], "the file has changed");
}

#[tokio::test]
async fn migrations_apply_once_and_altered_or_unknown_ones_are_refused() {
    const MORE: &[Migration] = &[
        SCHEMA[0],
        Migration {
            name: "test-0002-more",
            up: "ALTER TABLE rows ADD COLUMN more TEXT;\nCREATE INDEX m ON rows (more);\n",
        },
    ];
    const BAD: &[Migration] = &[
        SCHEMA[0],
        MORE[1],
        Migration { name: "test-0003-bad", up: "CREATE TABLE half (n BIGINT);\nCREATE NONSENSE;\n" },
    ];
    const ALTERED: &[Migration] =
        &[Migration { name: "test-0001-rows", up: "CREATE TABLE rows (id {id});\n" }, MORE[1]];
    let folder = tempfile::tempdir().unwrap();
    let mut configs = vec![StoreConfig::sqlite(folder.path().join("a.db"))];
    let server = PostgresServer::start().unwrap();
    configs.extend(server.as_ref().map(|server| StoreConfig::postgres(&server.url)));
    for config in configs {
        for migrations in [SCHEMA, SCHEMA, MORE, MORE] {
            let store = Store::open(config.clone(), &[migrations]).await.unwrap();
            store.close().await.unwrap();
        }
        let refused = Store::open(config.clone(), &[ALTERED]).await;
        assert!(matches!(refused, Err(StoreError::MigrationAltered(_))), "{refused:?}");
        let refused = Store::open(config.clone(), &[SCHEMA]).await;
        assert!(matches!(refused, Err(StoreError::MigrationUnknown(_))), "{refused:?}");
        let refused = Store::open(config.clone(), &[MORE, SCHEMA]).await;
        assert!(matches!(refused, Err(StoreError::MigrationTwice(_))), "{refused:?}");
        let refused = Store::open(config.clone(), &[BAD]).await;
        assert!(matches!(refused, Err(StoreError::Migration { statement: 2, .. })), "{refused:?}");
        let store = Store::open(config.clone(), &[MORE]).await.unwrap();
        assert!(query_all(store.read(), "SELECT * FROM half", []).await.is_err(), "half a migration is left");
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn two_processes_that_open_at_once_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::sqlite(folder.path().join("a.db"));
    let (one, two) =
        futures::join!(Store::open(config.clone(), &[SCHEMA]), Store::open(config.clone(), &[SCHEMA]),);
    insert(&one.unwrap(), 1).await.unwrap();
    insert(&two.unwrap(), 2).await.unwrap();
}

#[tokio::test]
async fn a_backup_is_complete_private_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt;
    let test = TestStore::sqlite(&[SCHEMA]).await.unwrap();
    for n in 0..50 {
        insert(&test.store, n).await.unwrap();
    }
    let copy = test.folder().join("copy.db");
    test.store.backup_to(&copy).await.unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(test.store.backup_to(&copy).await, Err(StoreError::File { .. })));
    let copied = Store::open(StoreConfig::sqlite(&copy), &[SCHEMA]).await.unwrap();
    assert_eq!(all(&copied).await, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn checkpoints_keep_the_log_short() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = StoreConfig::sqlite(folder.path().join("a.db"));
    config.checkpoint_bytes = 256 << 10;
    let store = Store::open(config, &[SCHEMA]).await.unwrap();
    for round in 0..40_i64 {
        store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let rows = (0..100).map(|n| vec![(round * 100 + n).into(), vec![7_u8; 500].into()]);
                    insert_many(tx, "rows", &["n", "content"], rows).await
                })
            })
            .await
            .unwrap();
    }
    let wal = std::fs::metadata(folder.path().join("a.db-wal")).unwrap().len();
    assert!(wal < 512 << 10, "{wal} octets");
    store.reclaim(10).await.unwrap();
}

#[tokio::test]
async fn a_full_database_is_said_plainly_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut config = StoreConfig::sqlite(&path);
    config.max_pages = Some(60);
    config.reserve_bytes = 64 << 10;
    let store = Store::open(config.clone(), &[SCHEMA]).await.unwrap();
    let space = store.space();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let n = acknowledged.len() as i64;
        let outcome = store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO rows (n, content) VALUES ($1, $2)";
                    execute(tx, sql, values![n, vec![1_u8; 3_000]]).await
                })
            })
            .await;
        match outcome {
            Ok(_) => acknowledged.push(n),
            Err(error) => break error,
        }
    };
    assert!(refused.is_disk_full(), "{refused:?}");
    assert!(refused.to_string().contains("disk") && refused.to_string().contains("full"));
    assert_eq!(*space.borrow(), Space::OnReserve);
    assert!(!folder.path().join("a.db.reserve").exists());
    // New acts are refused at once, what is essential still tries.
    assert!(insert(&store, 5_000).await.unwrap_err().is_disk_full());
    let freed: Result<u64, StoreError> = store
        .write_essential(|tx| {
            Box::pin(async move { execute(tx, "UPDATE rows SET flag = TRUE WHERE n = 0", []).await })
        })
        .await;
    assert_eq!(freed.unwrap(), 1);
    assert_eq!(all(&store).await, acknowledged);
    assert_eq!(store.restore_reserve().await.unwrap(), Space::Enough);
    drop(store);
}

/// A real full disk: a small tmpfs, which needs root.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_the_reserve_lets_essential_writes_through() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        println!("skipped: a tmpfs cannot be mounted here");
        return;
    }
    struct Unmount(std::path::PathBuf);
    impl Drop for Unmount {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
        }
    }
    let _unmount = Unmount(folder.path().to_owned());

    let mut config = StoreConfig::sqlite(folder.path().join("a.db"));
    config.reserve_bytes = 1 << 20;
    config.checkpoint_bytes = 256 << 10;
    let others = folder.path().join("others");
    std::fs::write(&others, vec![0; 3 << 19]).unwrap();
    let store = Store::open(config.clone(), &[SCHEMA]).await.unwrap();
    let mut acknowledged = 0_i64;
    let refused = loop {
        let n = acknowledged;
        let outcome = store
            .write::<_, StoreError, _>(move |tx| {
                Box::pin(async move {
                    let sql = "INSERT INTO rows (n, content) VALUES ($1, $2)";
                    execute(tx, sql, values![n, vec![1_u8; 20_000]]).await
                })
            })
            .await;
        match outcome {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000, "the disk never got full");
    };
    assert!(refused.is_disk_full(), "{refused:?}");
    assert!(insert(&store, 5_000).await.unwrap_err().is_disk_full());
    for n in 10_000..10_010_i64 {
        let essential: Result<u64, StoreError> = store
            .write_essential(move |tx| {
                Box::pin(async move { execute(tx, "INSERT INTO rows (n) VALUES ($1)", values![n]).await })
            })
            .await;
        essential.unwrap();
    }
    assert_eq!(all(&store).await.len() as i64, acknowledged + 10, "something acknowledged is missing");
    // Space that somebody frees brings the reserve back, and ordinary writes with it.
    std::fs::remove_file(&others).unwrap();
    assert_eq!(store.restore_reserve().await.unwrap(), Space::Enough);
    insert(&store, 5_000).await.unwrap();
    store.close().await.unwrap();
    // A start on a disk that others have filled works all the same, by giving the reserve up.
    let filler = folder.path().join("filler");
    let full = std::fs::write(&filler, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    let store = Store::open(config, &[SCHEMA]).await.unwrap();
    assert_eq!(*store.space().borrow(), Space::OnReserve);
    assert_eq!(all(&store).await.len() as i64, acknowledged + 11);
    assert!(insert(&store, 5_001).await.unwrap_err().is_disk_full());
    let released: Result<u64, StoreError> = store
        .write_essential(|tx| {
            Box::pin(async move { execute(tx, "INSERT INTO rows (n) VALUES (20000)", []).await })
        })
        .await;
    released.unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_said_to_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, vec![0x5a; 9_000]).unwrap();
    let refused = Store::open(StoreConfig::sqlite(&path), &[SCHEMA]).await;
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
}

#[tokio::test]
async fn seaorm_statements_go_through_a_transaction() {
    let test = TestStore::sqlite(&[SCHEMA]).await.unwrap();
    let changed: Result<u64, StoreError> = test
        .store
        .write(|tx| {
            Box::pin(async move {
                let insert = sea_orm::sea_query::Query::insert()
                    .into_table("rows")
                    .columns(["n"])
                    .values_panic([7_i64.into()])
                    .to_owned();
                Ok(tx.execute(&insert).await?.rows_affected())
            })
        })
        .await;
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(all(&test.store).await, [7]);
}

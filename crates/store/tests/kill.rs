//! What was acknowledged survives SIGKILL.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use netwarden_store::{Migration, Store, StoreConfig, StoreError, execute, query_all, values};

const SCHEMA: &[Migration] = &[Migration {
    name: "test-0001-rows",
    up: "CREATE TABLE rows (n BIGINT NOT NULL PRIMARY KEY, pair BIGINT NOT NULL);
",
}];
const FILE: &str = "NETWARDEN_TEST_KILL_FILE";
const FROM: &str = "NETWARDEN_TEST_KILL_FROM";

/// Not a test by itself: the process that gets killed. Each job writes two rows, n and -n.
#[tokio::test(flavor = "multi_thread")]
async fn child_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(FILE) else { return };
    let from: i64 = std::env::var(FROM).unwrap().parse().unwrap();
    let store = Store::open(StoreConfig::sqlite(path), &[SCHEMA]).await.unwrap();
    let lanes = (0..8_i64).map(|lane| {
        let store = store.clone();
        async move {
            for step in 0.. {
                let n = from + step * 8 + lane;
                let written: Result<u64, StoreError> = store
                    .write(move |tx| {
                        Box::pin(async move {
                            execute(tx, "INSERT INTO rows (n, pair) VALUES ($1, 1)", values![n]).await?;
                            execute(tx, "INSERT INTO rows (n, pair) VALUES ($1, 2)", values![-n]).await
                        })
                    })
                    .await;
                written.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "acknowledged {n}").unwrap();
                out.flush().unwrap();
            }
        }
    });
    futures::future::join_all(lanes).await;
}

#[tokio::test]
async fn kill_nine_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut acknowledged = BTreeSet::new();
    for round in 1..=8_i64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(FILE, &path)
            .env(FROM, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        // Another number of jobs and another moment each time.
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some(n) = line.strip_prefix("acknowledged ") {
                acknowledged.insert(n.parse::<i64>().unwrap());
                seen += 1;
                if seen == round * 13 {
                    break;
                }
            }
        }
        std::thread::sleep(Duration::from_micros(u64::try_from(round).unwrap() * 700));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had still printed counts too.
        for line in lines.map_while(Result::ok) {
            if let Some(Ok(n)) = line.strip_prefix("acknowledged ").map(str::parse::<i64>) {
                acknowledged.insert(n);
            }
        }
    }
    let store = Store::open(StoreConfig::sqlite(&path), &[SCHEMA]).await.unwrap();
    let rows = query_all(store.read(), "SELECT n FROM rows", []).await.unwrap();
    let found: BTreeSet<i64> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|n| !found.contains(n)).collect();
    assert!(acknowledged.len() > 300, "only {} jobs ran", acknowledged.len());
    assert!(lost.is_empty(), "lost: {lost:?}");
    let halves: Vec<_> = found.iter().filter(|n| !found.contains(&-**n)).collect();
    assert!(halves.is_empty(), "half a job is there: {halves:?}");
}

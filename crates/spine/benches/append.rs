//! Appending to and reading from the log, on SQLite with full synchronisation.

#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use netwarden_model::event::{NacPayload, Payload};
use netwarden_model::{EventKind, EventSeq, Mac, NeId, NewEvent, Outcome, Severity, Subject};
use netwarden_spine::{MIGRATIONS, Spine, SpineError};
use netwarden_store::{Store, StoreConfig};

fn event(n: u64) -> NewEvent {
    NewEvent {
        at: Timestamp::UNIX_EPOCH,
        kind: EventKind::MacOnline,
        subject: Subject::Mac(Mac::from_u64(n).unwrap()),
        ne: Some(NeId(1)),
        port: Some("GigabitEthernet1/0/1".into()),
        severity: Severity::Info,
        outcome: Outcome::Success,
        facts: None,
        payload: Payload::Nac(NacPayload::MacOnline),
        cause: None,
    }
}

fn append(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::sqlite(folder.path().join("bench.db"));
    let store = runtime.block_on(Store::open(config, &[MIGRATIONS])).unwrap();
    let spine = runtime.block_on(Spine::open(store.clone())).unwrap();

    let mut group = criterion.benchmark_group("append");
    for batch in [1_u64, 100, 1_000] {
        let events: Vec<NewEvent> = (0..batch).map(event).collect();
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::from_parameter(batch), |bencher| {
            bencher.iter(|| {
                let (spine, events) = (spine.clone(), events.clone());
                let written: Result<_, SpineError> = runtime.block_on(store.write(move |tx| {
                    Box::pin(async move { spine.append(tx, Timestamp::UNIX_EPOCH, &events).await })
                }));
                written.unwrap()
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("1000", |bencher| {
        bencher.iter(|| runtime.block_on(spine.read_from(EventSeq(0), 1_000)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);

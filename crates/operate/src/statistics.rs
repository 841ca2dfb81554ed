//! Statistics over time (NEM-06): counts and rates, written down at a set interval and kept for a set
//! time, so that their number is bounded whatever the size of the network.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use netwarden_identity::Operation;
use netwarden_inventory::Reachability;
use netwarden_model::{EndpointStatus, EventKind, EventSeq, Scope};
use netwarden_spine::Counted;
use netwarden_store::{Store, StoreError, Tx, execute, insert_many, query_all, to_micros, values};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::said::{Said, Thing};

/// Points of an answer, at most.
const MOST_POINTS: i64 = 500;
/// Rows that one step of forgetting deletes, at most: the writer is not held longer by it.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// Whether the interval has passed is looked at so often, which is the shortest that can be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// A series that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// What it counts, with its unit.
    pub description: String,
}

/// A span of a series, put together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Its beginning.
    pub at: Timestamp,
    /// Least value.
    pub min: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Greatest value.
    pub max: f64,
    /// All of them together, which tells something of what is counted in each interval.
    pub sum: f64,
}

/// What the counters stood at when they were last written down: rates are what came since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The last event that was counted.
    events: EventSeq,
    polls_good: u64,
    polls_failed: u64,
    polls_us: u64,
}

/// The series that count what is, in the order in which they are told.
const STATES: &[(&str, &str)] = &[
    ("endpoints.online", "endpoints that are present"),
    ("endpoints.new", "endpoints that nobody has judged"),
    ("endpoints.authorised", "endpoints that may connect"),
    ("endpoints.unauthorised", "endpoints that are refused"),
    ("elements.reachable", "network elements that answer"),
    ("elements.unreachable", "network elements that do not answer"),
    ("ports.enforced", "ports whose access we hold, or want to"),
    ("judging.behind", "events that wait to be judged"),
    ("polls.good", "polls that succeeded, in the interval"),
    ("polls.failed", "polls that failed, in the interval"),
    ("polls.mean_ms", "mean time of a poll in the interval, in milliseconds"),
];

/// All series: the states, and events of each kind in the interval.
pub fn series() -> Vec<Series> {
    let states = STATES.iter().map(|(name, description)| Series {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
    });
    let events = EventKind::ALL.into_iter().map(|kind| Series {
        name: of_kind(kind),
        description: format!("events of kind {kind}, in the interval"),
    });
    states.chain(events).collect()
}

fn of_kind(kind: EventKind) -> String {
    format!("events.{}", kind.as_str())
}

impl Desk {
    /// The series that are kept.
    pub async fn statistics_series(&self, caller: &Caller) -> Result<Vec<Series>, OperateError> {
        self.permit_of(caller, Operation::StatisticsRead).await?;
        Ok(series())
    }

    /// A series from `from` to `until`, in spans of `step` seconds; where none is given, or one that
    /// would give more than 500 points, the step is as long as it takes.
    pub async fn statistics(
        &self,
        caller: &Caller,
        name: &str,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        step_s: Option<u64>,
    ) -> Result<(i64, Vec<Point>), OperateError> {
        self.permit_of(caller, Operation::StatisticsRead).await?;
        if !series().iter().any(|series| series.name == name) {
            return Err(OperateError::not_found(Thing::Series, Said::quoted(name)));
        }
        let until = until.unwrap_or_else(|| self.clock.now());
        let from =
            from.unwrap_or_else(|| until.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(until));
        let length = until.duration_since(from).as_secs();
        if length < 0 {
            return Err(OperateError::Invalid(Said::EndsBeforeItBegins));
        }
        let least = (length / MOST_POINTS + 1).max(1);
        let mut step = step_s.map_or(least, |step| i64::try_from(step).unwrap_or(i64::MAX)).max(least);
        if name.starts_with("events.") {
            // They are counted by the minute.
            step = step.saturating_add(59) / 60 * 60;
        }
        Ok((step, read(&self.store, name, from, until, step).await?))
    }

    /// Writes down how things are, and what has come since `seen`; forgets what is older than is kept.
    /// What it returns is to be passed the next time.
    pub async fn collect_statistics(&self, seen: Option<Seen>) -> Result<Seen, OperateError> {
        let now = self.clock.now();
        let status = self.status_now().await?;
        let polls = status.polls;
        let present = Seen {
            events: status.latest,
            polls_good: polls.good,
            polls_failed: polls.failed,
            polls_us: polls.took_us,
        };
        // After a start the counters of the process begin anew, and so do the rates.
        let before =
            seen.unwrap_or(Seen { events: status.latest, polls_good: 0, polls_failed: 0, polls_us: 0 });
        let mut values: BTreeMap<String, f64> = BTreeMap::new();
        {
            let network = self.engine.keeper().picture().read();
            let listed = |status| network.endpoints().filter(|endpoint| endpoint.status == status).count();
            let elements = |reachability| {
                network.elements().filter(|(_, element)| element.live.reachability == reachability).count()
            };
            for (name, count) in [
                ("endpoints.online", status.counters.online),
                ("endpoints.new", listed(EndpointStatus::New)),
                ("endpoints.authorised", listed(EndpointStatus::Authorised)),
                ("endpoints.unauthorised", listed(EndpointStatus::Unauthorised)),
                ("elements.reachable", elements(Reachability::Reachable)),
                ("elements.unreachable", elements(Reachability::Unreachable)),
            ] {
                values.insert(name.to_owned(), as_f64(u64::try_from(count).unwrap_or(u64::MAX)));
            }
        }
        let good = polls.good.saturating_sub(before.polls_good);
        let failed = polls.failed.saturating_sub(before.polls_failed);
        values.insert("ports.enforced".to_owned(), as_f64(self.ports_enforced(&Scope::All).await?));
        values.insert("judging.behind".to_owned(), as_f64(u64::try_from(status.behind).unwrap_or(0)));
        values.insert("polls.good".to_owned(), as_f64(good));
        values.insert("polls.failed".to_owned(), as_f64(failed));
        if good + failed > 0 {
            let took_ms = as_f64(polls.took_us.saturating_sub(before.polls_us)) / 1_000.0;
            values.insert("polls.mean_ms".to_owned(), took_ms / as_f64(good + failed));
        }
        let events = self.spine.count_kinds(before.events, present.events).await?;
        write(&self.store, now, values, events, self.parameters_now().statistics_kept()).await?;
        Ok(present)
    }
}

/// Counts of this size are exact in 53 bits, and nobody reads the last digit of greater ones.
#[allow(clippy::cast_precision_loss, reason = "see above")]
const fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Writes down how things are at `now`, and `events` at the minute they were recorded in, so that the number of a span
/// of whole minutes is that of the events that its list shows; forgets what is older than `keep`.
async fn write(
    store: &Store,
    now: Timestamp,
    states: BTreeMap<String, f64>,
    events: Vec<Counted>,
    keep: SignedDuration,
) -> Result<(), OperateError> {
    let now_us = to_micros(now);
    let oldest = now.saturating_sub(keep).map_or(0, to_micros);
    store
        .write(move |tx: &Tx| {
            Box::pin(async move {
                let rows = states.into_iter().map(|(name, value)| values![name, now_us, value].to_vec());
                insert_many(tx, "statistics", &["series", "at", "value"], rows).await?;
                // Of one moment some may have been counted before.
                let add = "INSERT INTO statistics (series, at, value) VALUES ($1, $2, $3) \
                           ON CONFLICT (series, at) DO UPDATE SET value = statistics.value + excluded.value";
                for one in events {
                    let point = values![of_kind(one.kind), to_micros(one.first), as_f64(one.count)];
                    execute(tx, add, point).await?;
                }
                let forget = "DELETE FROM statistics WHERE at < $1 AND at <= \
                              (SELECT MAX(o.at) FROM (SELECT at FROM statistics ORDER BY at LIMIT $2) o)";
                execute(tx, forget, values![oldest, FORGOTTEN_AT_ONCE]).await?;
                Ok::<(), OperateError>(())
            })
        })
        .await
}

async fn read(
    store: &Store,
    name: &str,
    from: Timestamp,
    until: Timestamp,
    step_s: i64,
) -> Result<Vec<Point>, OperateError> {
    let step_us = step_s.saturating_mul(1_000_000);
    let sql = "SELECT (at / $1) * $1 AS began, MIN(value), AVG(value), MAX(value), SUM(value) FROM statistics \
               WHERE series = $2 AND at >= $3 AND at < $4 GROUP BY began ORDER BY began";
    let rows =
        query_all(store.read(), sql, values![step_us, name, to_micros(from), to_micros(until)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Point {
                at: netwarden_store::from_micros(row.try_get_by_index(0)?)?,
                min: row.try_get_by_index(1)?,
                mean: row.try_get_by_index(2)?,
                max: row.try_get_by_index(3)?,
                sum: row.try_get_by_index(4)?,
            })
        })
        .collect::<Result<_, StoreError>>()
        .map_err(OperateError::from)
}

/// Runs until it is ended: writes statistics down at the interval that the parameter says.
pub async fn keep_statistics(desk: Desk) {
    let mut seen = None;
    loop {
        match desk.collect_statistics(seen).await {
            Ok(present) => seen = Some(present),
            Err(error) => tracing::warn!(%error, "statistics could not be written down"),
        }
        // The parameter counts at once, also where a longer interval has begun.
        let began = tokio::time::Instant::now();
        while began.elapsed() < desk.parameters_now().statistics_interval() {
            let left = desk.parameters_now().statistics_interval().saturating_sub(began.elapsed());
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use netwarden_store::{StoreConfig, query_one};

    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn points_are_put_together_and_the_old_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::sqlite(folder.path().join("test.db"));
        config.reserve_bytes = 64 << 10;
        let store = Store::open(config, &[crate::MIGRATIONS]).await.unwrap();
        let keep = SignedDuration::from_secs(1_000);
        for at in 0..100_i64 {
            let value = as_f64(at.unsigned_abs());
            let states = [("polls.good".to_owned(), value), ("polls.failed".to_owned(), 1.0)];
            write(&store, second(at * 20), states.into(), Vec::new(), keep).await.unwrap();
        }
        let points = read(&store, "polls.good", second(1_000), second(1_200), 100).await.unwrap();
        let expected = [(1_000, 50.0, 52.0, 54.0, 260.0), (1_100, 55.0, 57.0, 59.0, 285.0)];
        let found: Vec<_> = points.iter().map(|p| (p.at.as_second(), p.min, p.mean, p.max, p.sum)).collect();
        assert_eq!(found, expected);
        let oldest = query_one(store.read(), "SELECT MIN(at) FROM statistics", []).await.unwrap().unwrap();
        assert_eq!(oldest.try_get_by_index::<i64>(0).unwrap(), to_micros(second(980)));
    }

    #[tokio::test]
    async fn events_count_when_they_happened_however_late_they_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::sqlite(folder.path().join("test.db"));
        config.reserve_bytes = 64 << 10;
        let store = Store::open(config, &[crate::MIGRATIONS]).await.unwrap();
        let keep = SignedDuration::from_hours(1);
        let counted = |at, count| vec![Counted { kind: EventKind::NewEndpoint, first: second(at), count }];
        write(&store, second(1_805), BTreeMap::new(), counted(1_799, 3), keep).await.unwrap();
        write(&store, second(1_815), BTreeMap::new(), counted(1_799, 2), keep).await.unwrap();
        write(&store, second(1_825), BTreeMap::new(), counted(1_801, 1), keep).await.unwrap();
        let name = of_kind(EventKind::NewEndpoint);
        let points = read(&store, &name, second(0), second(3_600), 1_800).await.unwrap();
        let found: Vec<_> = points.iter().map(|point| (point.at.as_second(), point.sum)).collect();
        assert_eq!(found, [(0, 5.0), (1_800, 1.0)]);
    }

    #[test]
    fn series_have_one_name_each() {
        let mut names: Vec<String> = series().into_iter().map(|series| series.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.contains(&"events.new_endpoint".to_owned()));
    }
}

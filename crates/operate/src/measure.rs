//! How the system is, now: its parts for people, its counters for Prometheus (NEM-06).

use std::sync::atomic::Ordering;

use netwarden_engine::POLL_BOUNDS_S;
use netwarden_identity::Operation;
use netwarden_inventory::Reachability;
use netwarden_model::{EndpointStatus, Scope};

use crate::caller::Caller;
use crate::desk::Desk;
use crate::error::OperateError;
use crate::jobs::State as JobState;
use crate::said::Said;

/// Events that may wait to be judged before that is worth a look.
const MUCH_BEHIND: i64 = 10_000;
/// Records of the trail that may wait for the search index before that is worth a look.
const MUCH_UNINDEXED: u64 = 10_000;

/// A family of metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its name, with the unit at its end; counters end with `_total`.
    pub name: &'static str,
    /// `gauge`, `counter` or `histogram`.
    pub kind: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// One sample of a family.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// `_bucket`, `_sum` or `_count` of a histogram; empty for others.
    pub suffix: &'static str,
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

/// How a part is; in the order of worry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartState {
    /// As it should be.
    #[default]
    Ok,
    /// It works, and somebody should look at it.
    Degraded,
    /// It does not work.
    Failed,
}

impl PartState {
    /// The word used in interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            PartState::Ok => "ok",
            PartState::Degraded => "degraded",
            PartState::Failed => "failed",
        }
    }
}

/// A part of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartHealth {
    /// Its name.
    pub name: &'static str,
    /// How it is.
    pub state: PartState,
    /// In one sentence.
    pub text: Said,
}

impl Desk {
    /// How every part of the system is.
    pub async fn health(&self, caller: &Caller) -> Result<Vec<PartHealth>, OperateError> {
        use PartState::{Degraded, Failed, Ok as Fine};

        self.permit_of(caller, Operation::SystemStatus).await?;
        let part = |name, state, text: Said| PartHealth { name, state, text };
        let scope = caller.scope(Operation::SystemStatus);
        let status = match self.status_within(&scope).await {
            Ok(status) => status,
            Err(error) => {
                tracing::error!(%error, "the state of the system cannot be read");
                return Ok(vec![part("database", Failed, Said::CannotBeRead)]);
            }
        };
        let mut parts = Vec::new();
        parts.push(if status.disk_full {
            part("database", Failed, Said::DiskFull)
        } else {
            part("database", Fine, Said::ReadAndWritten)
        });
        parts.push(match self.trail.lag().await {
            Ok(lag) if lag.behind() > MUCH_UNINDEXED => {
                part("trail", Degraded, Said::Unindexed { records: lag.behind() })
            }
            Ok(_) => part("trail", Fine, Said::Records { records: status.records }),
            Err(_) => part("trail", Failed, Said::CannotBeRead),
        });
        let judging = if status.behind > MUCH_BEHIND { Degraded } else { Fine };
        parts.push(part("judge", judging, Said::Unjudged { events: status.behind }));
        let elements = status.counters.elements;
        let poller = match (elements, status.unreachable) {
            (_, 0) if status.incomplete == 0 => Fine,
            (all, silent) if silent == all => Failed,
            _ => Degraded,
        };
        let polled = Said::Polled { silent: status.unreachable, elements, incomplete: status.incomplete };
        parts.push(part("poller", poller, polled));
        parts.push(if status.stopped {
            part("enforcement", Degraded, Said::StoppedByHand)
        } else {
            part("enforcement", Fine, Said::PortsOurs { ports: self.ports_enforced(&scope).await? })
        });
        Ok(parts)
    }

    /// The counters, for who collects metrics.
    pub async fn metrics(&self, caller: &Caller) -> Result<Vec<Measured>, OperateError> {
        self.permit_of(caller, Operation::SystemMetrics).await?;
        let status = self.status_now().await?;
        let enforced = self.ports_enforced(&Scope::All).await?;
        let unindexed = self.trail.lag().await?.behind();
        let running = self.jobs.list().into_iter().filter(|job| job.state == JobState::Running).count();
        let (mut endpoints, mut elements) = ([0_usize; 3], [0_usize; 3]);
        {
            let network = self.engine.keeper().picture().read();
            for endpoint in network.endpoints() {
                let place = match endpoint.status {
                    EndpointStatus::New => 0,
                    EndpointStatus::Authorised => 1,
                    EndpointStatus::Unauthorised => 2,
                };
                endpoints.get_mut(place).into_iter().for_each(|count| *count += 1);
            }
            for (_, element) in network.elements() {
                let place = match element.live.reachability {
                    Reachability::Unknown => 0,
                    Reachability::Reachable => 1,
                    Reachability::Unreachable => 2,
                };
                elements.get_mut(place).into_iter().for_each(|count| *count += 1);
            }
        }
        let by = |label, words: [&str; 3], counts: [usize; 3]| {
            let samples = words.into_iter().zip(counts);
            samples.map(|(word, count)| labelled(vec![(label, word.to_owned())], wide(count))).collect()
        };
        let polls = status.polls;
        let outcome = |word: &str, count| labelled(vec![("outcome", word.to_owned())], exact(count));
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        let started = status_second(self.started);
        Ok(vec![
            family("netwarden_build_info", "gauge", "The version that runs", vec![labelled(version, 1.0)]),
            one("netwarden_start_time_seconds", "gauge", "When the server was started, since 1970", started),
            family(
                "netwarden_endpoints",
                "gauge",
                "Endpoints known",
                by("status", ["new", "authorised", "unauthorised"], endpoints),
            ),
            one("netwarden_endpoints_online", "gauge", "Endpoints present", wide(status.counters.online)),
            family(
                "netwarden_elements",
                "gauge",
                "Network elements by whether they answer",
                by("status", ["unknown", "reachable", "unreachable"], elements),
            ),
            one(
                "netwarden_forwarding_rows",
                "gauge",
                "Forwarding rows in memory",
                wide(status.counters.rows),
            ),
            one("netwarden_ports_enforced", "gauge", "Ports whose access is ours", exact(enforced)),
            one("netwarden_events_total", "counter", "Events in the log", whole(status.latest.0)),
            one("netwarden_events_unjudged", "gauge", "Events that wait for the rules", whole(status.behind)),
            one(
                "netwarden_enforcement_stopped",
                "gauge",
                "1 while all enforcement is stopped",
                truth(status.stopped),
            ),
            one(
                "netwarden_disk_full",
                "gauge",
                "1 while the disk is full and nothing new is recorded or done",
                truth(status.disk_full),
            ),
            family(
                "netwarden_polls_total",
                "counter",
                "Polls that have ended",
                vec![outcome("good", polls.good), outcome("failed", polls.failed)],
            ),
            one("netwarden_polls_under_way", "gauge", "Polls under way", wide(polls.under_way)),
            family(
                "netwarden_poll_duration_seconds",
                "histogram",
                "How long polls have taken",
                durations(&polls),
            ),
            one(
                "netwarden_notifications_unprotected_total",
                "counter",
                "Traps and informs dropped for want of SNMPv3 authPriv or an exception",
                exact(self.engine.unprotected_notifications()),
            ),
            one(
                "netwarden_notifications_unheard_total",
                "counter",
                "Traps and informs dropped because their source is on the blocklist",
                exact(self.engine.unheard_notifications()),
            ),
            one("netwarden_audit_records_total", "counter", "Records in the trail", exact(status.records)),
            one("netwarden_audit_records_unindexed", "gauge", "Records not yet searchable", exact(unindexed)),
            one("netwarden_jobs_running", "gauge", "Long work under way", wide(running)),
            one(
                "netwarden_password_hashes_total",
                "counter",
                "Passwords that were verified or hashed since the start",
                exact(self.identity.password_work()),
            ),
            one(
                "netwarden_turned_away_total",
                "counter",
                "Requests and connections that were turned away at the limits of access since the start",
                exact(self.turned_away.load(Ordering::Relaxed)),
            ),
        ])
    }
}

fn durations(polls: &netwarden_engine::PollStats) -> Vec<Sample> {
    let bounds = POLL_BOUNDS_S.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
    let mut below = 0;
    let mut samples: Vec<Sample> = bounds
        .zip(polls.by_time)
        .map(|(bound, count)| {
            below += count;
            Sample { suffix: "_bucket", ..labelled(vec![("le", bound)], exact(below)) }
        })
        .collect();
    let plain = |suffix, value| Sample { suffix, ..labelled(Vec::new(), value) };
    samples.push(plain("_sum", exact(polls.took_us) / 1_000_000.0));
    samples.push(plain("_count", exact(below)));
    samples
}

fn family(name: &'static str, kind: &'static str, help: &'static str, samples: Vec<Sample>) -> Measured {
    Measured { name, kind, help, samples }
}

fn one(name: &'static str, kind: &'static str, help: &'static str, value: f64) -> Measured {
    family(name, kind, help, vec![labelled(Vec::new(), value)])
}

const fn labelled(labels: Vec<(&'static str, String)>, value: f64) -> Sample {
    Sample { suffix: "", labels, value }
}

const fn truth(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

/// Prometheus' values are of 64 bits; counts of this size are exact in them.
#[allow(clippy::cast_precision_loss, reason = "see above")]
const fn exact(count: u64) -> f64 {
    count as f64
}

fn wide(count: usize) -> f64 {
    exact(u64::try_from(count).unwrap_or(u64::MAX))
}

fn whole(count: i64) -> f64 {
    exact(u64::try_from(count).unwrap_or(0))
}

fn status_second(at: jiff::Timestamp) -> f64 {
    whole(at.as_second())
}

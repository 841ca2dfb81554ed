//! `netwarden dhcp-agent`: watches the lease file of a DHCP server and sends what changes.
//!
//! It keeps nothing on disk and needs nothing but the file, the server and a token for
//! `name_source.push`. What was not acknowledged is sent again; the file may be rotated, rewritten or
//! absent for a while.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use netwarden_api::ClientError;
use netwarden_api::client::segment;
use netwarden_api::name::{Lease, Leases, LeasesTaken};
use netwarden_names::agent::{Change, Sent, files, patience};
use netwarden_names::format::{Columns, Format, Part, Reading, parse};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::super::fault::{Fault, failed};
use super::super::session::Session;

/// Largest set of lease files, in octets.
const LARGEST: u64 = 512 << 20;

/// What the agent watches, and for which source.
#[derive(Debug, Args)]
pub struct AgentArguments {
    /// The lease file: /var/lib/dhcp/dhcpd.leases, /var/lib/kea/kea-leases4.csv, an export that is renewed.
    #[arg(long, value_name = "FILE")]
    leases: PathBuf,
    /// What it is: isc, kea4, kea6, windows, netsh, hanewin, qip.
    #[arg(long)]
    kind: Format,
    /// The source of names on the server, of the same kind.
    #[arg(long)]
    source: String,
    /// Seconds between two looks at the file.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// Zone of times that bear none, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// How a column of an export is called, where not as usual: ip=Adresse, and likewise mac, client_id,
    /// host_name, domain, starts, ends, state. Only those that are named are read.
    #[arg(long, value_name = "PART=HEADING", value_parser = column)]
    column: Vec<(Part, String)>,
    /// Send what there is, and end.
    #[arg(long)]
    once: bool,
}

/// By what a file is known to have changed.
type Mark = Vec<(PathBuf, u64, u64, Option<SystemTime>)>;

/// Runs until SIGTERM or SIGINT.
pub async fn run(session: &Session, arguments: AgentArguments) -> Result<(), Fault> {
    let reading = reading(&arguments)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(anyhow::Error::from)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(anyhow::Error::from)?;
    tokio::select! {
        ended = watch(session, &arguments, &reading) => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

fn column(text: &str) -> Result<(Part, String), String> {
    let (part, heading) = text.split_once('=').ok_or("it is PART=HEADING, such as ip=Adresse")?;
    let part = serde_json::from_value(part.into()).map_err(|error| error.to_string())?;
    Ok((part, heading.to_owned()))
}

fn reading(arguments: &AgentArguments) -> Result<Reading, Fault> {
    let zone = jiff::tz::TimeZone::get(&arguments.time_zone)
        .map_err(|_| Fault::Usage(format!("--time-zone {}: there is no such zone", arguments.time_zone)))?;
    if !arguments.column.is_empty() && !arguments.kind.has_headings() {
        return Err(Fault::Usage(format!(
            "--column: files of kind {} have no headings",
            arguments.kind.as_str()
        )));
    }
    let columns: Columns = arguments.column.iter().cloned().collect();
    Reading::new(zone, columns).map_err(|error| Fault::Usage(format!("--column: {error}")))
}

async fn watch(session: &Session, arguments: &AgentArguments, reading: &Reading) -> Result<(), Fault> {
    let every = Duration::from_secs(arguments.every);
    let mut sent = Sent::default();
    let mut seen: Option<Mark> = None;
    let mut failures = 0u32;
    loop {
        let mark = mark(&arguments.leases, arguments.kind);
        // An absent file is a server that is being set up or a rotation, not a network without leases.
        if mark.is_empty() {
            let what = format!("{} is not there", arguments.leases.display());
            if arguments.once {
                return Err(failed(what));
            }
            tracing::warn!("{what}");
            sleep(every).await;
            continue;
        }
        if seen.as_ref() == Some(&mark) {
            sleep(every).await;
            continue;
        }
        let octets = match read(&mark).await {
            Ok(octets) => octets,
            Err(error) if arguments.once => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the lease file cannot be read now");
                sleep(every).await;
                continue;
            }
        };
        let (kind, reading) = (arguments.kind, reading.clone());
        let parsed = tokio::task::spawn_blocking(move || {
            let parts: Vec<&[u8]> = octets.iter().map(Vec::as_slice).collect();
            parse(kind, &parts, &reading)
        });
        let parsed = parsed.await.map_err(anyhow::Error::from)?;
        for row in parsed.dropped.iter().take(5) {
            tracing::debug!(%row, "left out");
        }
        while let Some(change) = sent.next(&parsed.leases) {
            match push(session, &arguments.source, &change, parsed.dropped.len()).await {
                Ok(taken) => {
                    failures = 0;
                    tracing::info!(leases = taken.leases, changed = taken.changed, "sent");
                    sent.acknowledge(change);
                }
                Err(error) if arguments.once => return Err(error.into()),
                Err(error) => {
                    // Who refuses may have lost the source, or got another under its name; who does not
                    // answer may have taken the message all the same.
                    match &error {
                        ClientError::Problem(_) => sent.forget(),
                        _ => sent.doubt(&change),
                    }
                    failures = failures.saturating_add(1);
                    let wait = patience(failures);
                    tracing::warn!(%error, wait_s = wait.as_secs(), "not sent");
                    sleep(wait).await;
                }
            }
        }
        if arguments.once {
            return Ok(());
        }
        // A file that changed while it was read has another mark than the one that was taken before.
        seen = Some(mark);
        sleep(every).await;
    }
}

fn mark(file: &Path, format: Format) -> Mark {
    let present = files(file, format, |path| path.is_file());
    let marks = present.into_iter().filter_map(|path| {
        let data = std::fs::metadata(&path).ok()?;
        Some((path, data.ino(), data.len(), data.modified().ok()))
    });
    marks.collect()
}

async fn read(mark: &Mark) -> Result<Vec<Vec<u8>>, Fault> {
    let size: u64 = mark.iter().map(|(_, _, size, _)| *size).sum();
    if size > LARGEST {
        return Err(failed(format!("the lease files are larger than {} MiB", LARGEST >> 20)));
    }
    let mut parts = Vec::with_capacity(mark.len());
    for (path, ..) in mark {
        let octets = tokio::fs::read(path).await;
        parts.push(octets.map_err(|error| failed(format!("{} cannot be read: {error}", path.display())))?);
    }
    Ok(parts)
}

async fn push(
    session: &Session,
    source: &str,
    change: &Change,
    dropped: usize,
) -> Result<LeasesTaken, ClientError> {
    let body = Leases {
        whole: change.whole,
        leases: change.leases.iter().map(row).collect(),
        gone: change.gone.iter().map(ToString::to_string).collect(),
        dropped: u64::try_from(dropped).unwrap_or(u64::MAX),
    };
    session.client.post(&format!("/names/sources/{}/leases", segment(source)), &body).await
}

fn row(lease: &netwarden_names::Lease) -> Lease {
    Lease {
        ip: lease.ip.to_string(),
        mac: lease.mac.map(|mac| mac.to_string()),
        client_id: lease.client_id.clone(),
        host_name: lease.host_name.clone(),
        domain: lease.domain.clone(),
        starts: lease.starts,
        ends: lease.ends,
        state: lease.state.as_str().to_owned(),
    }
}

//! `netwarden demo`: a simulated campus and the real server beside it, for somebody's first two minutes.

mod campus;
mod census;
mod story;
mod timeline;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use netwarden_actions::Pace;
use netwarden_model::Clock;
use netwarden_simulator::Script;
use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::output::Format;
use crate::wire::{Options, Server};
use campus::Stage;

/// What `demo` is asked for.
#[derive(Args)]
pub struct DemoArguments {
    /// Ends as soon as the rogue's port has been read back as quarantined, and prints the timeline.
    #[arg(long)]
    once: bool,
    /// Lives through the day without REST, compares the picture with the campus every two seconds, prints what was
    /// found and exits 1 where somebody stood on an uplink or elsewhere, or an attack went unseen.
    #[arg(long, conflicts_with = "once")]
    verify: bool,
    /// How the timeline, or what was found, is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same number gives the same campus and the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Minutes that the day takes.
    #[arg(long, default_value_t = 4.0, value_parser = minutes)]
    minutes: f64,
    /// HTTPS port of REST on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// With --once: seconds after which the demo gives up.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u64).range(5..=3600))]
    limit: u64,
}

/// From 06:00 to 20:00 in seconds.
const DAY_S: f64 = 14.0 * 3600.0;

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    if (0.5..=840.0).contains(&minutes) { Ok(minutes) } else { Err("0.5 to 840 minutes".to_owned()) }
}

/// Runs the demo.
pub async fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    if arguments.once {
        let limit = Duration::from_secs(arguments.limit);
        return match tokio::time::timeout(limit, once(&arguments)).await {
            Ok(outcome) => outcome,
            Err(_) => bail!("the rogue's port was not read back as quarantined within {} s", limit.as_secs()),
        };
    }
    if arguments.verify {
        return verify(&arguments).await;
    }
    day(&arguments).await
}

/// The day, compared with what is told of it.
async fn verify(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let dir = tempfile::tempdir().context("a folder for the demo")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let length = Duration::from_secs_f64(arguments.minutes * 60.0);
    let speed = DAY_S / length.as_secs_f64();
    let server = Server::start(options(dir.path(), speed), Arc::clone(&clock)).await?;
    let stage = Stage::set(&server, Script::Day, speed, arguments.seed, &clock).await?;
    let end = tokio::time::Instant::now() + length;
    stage.import_reference_list(&server).await?;
    stage.enable_quarantine(&server).await?;
    stage.wait_until_read(&server).await?;
    let mut found = census::Census::default();
    tokio::select! {
        () = census::watch(&server, &stage, end, &mut found) => {}
        told = story::tell(&server, &stage) => told?,
    }
    census::count_events(&server, &mut found).await?;
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&found)?),
        Format::Table | Format::Csv => println!(
            "{} comparisons, {} endpoints found where they are; on uplinks {:?}, called uplinks {:?}, elsewhere {:?}, \
             unseen {:?}",
            found.comparisons,
            found.placed,
            found.on_uplinks,
            found.called_uplinks,
            found.elsewhere,
            found.unseen
        ),
    }
    stage.campus.stop().await;
    server.stop().await?;
    Ok(if found.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The rogue alone: from its first frame to the quarantine that is read back.
async fn once(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let dir = tempfile::tempdir().context("a folder for the demo")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = Server::start(options(dir.path(), 1.0), Arc::clone(&clock)).await?;
    let stage = Stage::set(&server, Script::Still, 1.0, arguments.seed, &clock).await?;
    eprintln!("{} agents, waiting until every one of them has been read", stage.campus.agents().len());
    stage.wait_until_read(&server).await?;
    let accepted = stage.accept_present(&server).await?;
    eprintln!("{accepted} endpoints accepted as the baseline; the rule 'quarantine new endpoints' is on");
    stage.enable_quarantine(&server).await?;
    let timeline = timeline::rogue(&server, &stage, arguments.seed).await?;
    match arguments.format {
        Format::Json => println!("{}", serde_json::to_string_pretty(&timeline)?),
        Format::Table | Format::Csv => print!("{}", timeline.to_table()),
    }
    stage.campus.stop().await;
    server.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// Loopback at `port`, or at one that nobody uses at the moment where it is 0.
fn free_address(port: u16) -> anyhow::Result<SocketAddr> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    if port != 0 {
        return Ok(address);
    }
    Ok(std::net::TcpListener::bind(address).and_then(|taken| taken.local_addr())?)
}

/// The whole day, told in sentences, with REST beside it until somebody ends it.
async fn day(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let dir = tempfile::tempdir().context("a folder for the demo")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let speed = DAY_S / (arguments.minutes * 60.0);
    let server = Server::start(options(dir.path(), speed), Arc::clone(&clock)).await?;
    let (stop, stopped) = watch::channel(false);
    let certificate = crate::serve::server_certificate(&dir.path().join("data"), "localhost")?;
    let address = free_address(arguments.port)?;
    let tls = netwarden_web::serve_tls(
        server.desk.clone(),
        address,
        &certificate.chain_pem,
        &certificate.key_pem,
        stopped.clone(),
    )
    .await
    .with_context(|| format!("cannot listen at {address} (--port chooses another)"))?;
    let socket = dir.path().join("data/netwarden.sock");
    let local = netwarden_web::serve_socket(server.desk.clone(), &socket, stopped).await?;

    eprintln!(
        "console    https://localhost:{}  (certificate {}; REST below /api/v1)",
        address.port(),
        certificate.fingerprint
    );
    if let Some(password) = &server.first_password {
        eprintln!("first user admin, one-time password {}", password.as_str());
    }
    eprintln!("try        netwarden endpoints list --socket {}", socket.display());
    let stage = Stage::set(&server, Script::Day, speed, arguments.seed, &clock).await?;
    let listed = stage.import_reference_list(&server).await?;
    stage.enable_quarantine(&server).await?;
    eprintln!(
        "the campus has {} agents; {listed} endpoints are on the reference list; the day takes {} minutes\n",
        stage.campus.agents().len(),
        arguments.minutes
    );
    tokio::select! {
        told = story::tell(&server, &stage) => told?,
        ended = crate::serve::wait_for_end() => ended?,
    }
    stop.send_replace(true);
    let _ = tokio::join!(tls, local);
    stage.campus.stop().await;
    server.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// A server over a folder that goes with the demo; what the network does in hours happens in seconds.
fn options(dir: &std::path::Path, speed: f64) -> Options {
    let scaled = |seconds: f64| Duration::from_secs_f64((seconds / speed).max(2.0));
    Options {
        database: format!("sqlite://{}", dir.join("data/netwarden.db").display()),
        key_file: dir.join("netwarden.key"),
        data_dir: Some(dir.join("data")),
        backup_dir: Some(dir.join("backups")),
        inventory: Some(netwarden_inventory::Settings {
            offline_after: scaled(1800.0),
            fdb_ageing: scaled(300.0),
            locate_grace: Duration::from_secs(5),
            settle_limit: Duration::from_secs(20),
            verify_window: Duration::from_secs(15),
            ..netwarden_inventory::Settings::default()
        }),
        pace: Pace { period: Duration::from_millis(500), bounce: Duration::from_millis(300) },
        host_name: "localhost".to_owned(),
        command_folder: None,
        system_log: None,
    }
}

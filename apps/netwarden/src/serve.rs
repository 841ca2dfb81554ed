//! `netwarden init` and `netwarden serve`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use netwarden_actions::Pace;
use netwarden_model::Clock;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::system_log::SystemLog;
use crate::wire::{Options, Server};

/// Where the configuration is.
#[derive(Args, Clone)]
pub struct ConfigArgument {
    /// The configuration file.
    #[arg(long, env = "NETWARDEN_CONFIG", default_value = config::DEFAULT_PATH)]
    pub config: PathBuf,
}

/// Writes a commented configuration, makes the certificate with its key, and prints the certificate's
/// fingerprint. The key file that seals secrets is made at the first start.
pub fn init(arguments: &ConfigArgument) -> anyhow::Result<ExitCode> {
    let path = &arguments.config;
    if path.exists() {
        bail!("{} is there already: nothing was changed", path.display());
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    write_new(path, config::template()).with_context(|| format!("{} cannot be written", path.display()))?;
    let config = Config::load(path)?;
    crate::wire::private_folder(&config.data_dir)?;
    let certificate = certificate(&config)?;
    eprintln!("Wrote {}. Start the server with: netwarden serve", path.display());
    eprintln!("SHA-256 fingerprint of the server's certificate:");
    println!("{}", certificate.fingerprint);
    Ok(ExitCode::SUCCESS)
}

/// For the owner alone, since the database's address may hold a password; never over a file that is there.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Descriptors beside those of connections: the database, elements, names, channels.
const OTHER_FILES: u64 = 512;

/// Raises the limit on open files as far as it may be raised, since every connection is one (getrlimit(2)); the
/// limit that holds from then on.
fn raise_open_files() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Some(hard),
        Err(_) => Some(soft),
    }
}

/// Runs the server until SIGTERM or SIGINT.
pub async fn serve(arguments: &ConfigArgument) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.config)?;
    let files = raise_open_files();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = Server::start(options(&config)?, clock).await?;
    let connections = u64::try_from(server.desk.access_limits().connections).unwrap_or(u64::MAX);
    if let Some(files) = files.filter(|files| *files < connections.saturating_add(OTHER_FILES)) {
        tracing::warn!(
            files,
            connections,
            "access.connections is more than the limit on open files leaves room for"
        );
    }
    let traps = server.listen(config.traps).await?;
    let certificate = certificate(&config)?;
    let (stop, stopped) = watch::channel(false);
    let tls = netwarden_web::serve_tls(
        server.desk.clone(),
        config.listen,
        &certificate.chain_pem,
        &certificate.key_pem,
        stopped.clone(),
    )
    .await
    .with_context(|| format!("cannot listen at {}", config.listen))?;
    let socket = config.socket();
    let local = netwarden_web::serve_socket(server.desk.clone(), &socket, stopped)
        .await
        .with_context(|| format!("cannot listen at {}", socket.display()))?;
    eprintln!(
        "console at https://{}, REST below /api/v1, traps at udp {traps}, local socket {}",
        config.listen,
        socket.display()
    );
    eprintln!("certificate {}", certificate.fingerprint);
    if let Some(password) = &server.first_password {
        eprintln!("first login: user admin, one-time password {}", password.as_str());
        eprintln!(
            "platform and customers (/management, /tenant) stay shut until root here runs: \
             netwarden users reset-password admin --plane management"
        );
    }
    let failure = tokio::select! {
        ended = wait_for_end() => ended.map(|()| None)?,
        failure = server.failure() => Some(failure),
    };
    eprintln!("ending");
    stop.send_replace(true);
    let _ = tokio::join!(tls, local);
    server.stop().await?;
    match failure {
        None => Ok(ExitCode::SUCCESS),
        Some(part) => anyhow::bail!("a part of the server has ended by itself: {part}"),
    }
}

/// The server's options, as the configuration has them.
pub fn options(config: &Config) -> anyhow::Result<Options> {
    let on_disk = !config.database.contains("://");
    Ok(Options {
        database: config.database_url(),
        key_file: config.key_file.clone(),
        data_dir: on_disk.then(|| config.data_dir.clone()),
        backup_dir: on_disk.then(|| config.backups()),
        inventory: None,
        pace: Pace::default(),
        host_name: config.host_name.clone(),
        command_folder: config.command_folder.clone(),
        system_log: Some(SystemLog::default()),
    })
}

fn certificate(config: &Config) -> anyhow::Result<netwarden_vault::ServerCertificate> {
    server_certificate(&config.data_dir, &config.host_name)
}

/// The server's certificate; made at the first start.
pub fn server_certificate(
    folder: &Path,
    host_name: &str,
) -> anyhow::Result<netwarden_vault::ServerCertificate> {
    netwarden_vault::server_certificate(folder, Some(host_name), SystemClock.now())
        .context("the server's certificate")
}

/// Until somebody wants the process to end.
pub async fn wait_for_end() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

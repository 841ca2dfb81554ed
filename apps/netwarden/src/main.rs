//! The netwarden binary: reads the configuration, wires the crates together, and nothing else.
//!
//! Standard output carries data only; what is said to people goes to standard error.
#![allow(clippy::print_stdout, reason = "the command line's data goes to standard output")]

mod clock;
mod config;
mod demo;
mod output;
mod probe;
mod release;
mod serve;
mod system_log;
mod verbs;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Half of the time of loading an inventory goes into small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code of a command line that could not be understood (as clap gives it).
const USAGE: u8 = 2;

#[derive(Parser)]
#[command(
    name = "netwarden",
    version,
    about = "Sees every device on the network, decides who may connect, and proves who did what",
    after_help = verbs::EXIT_CODES
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// What to log on standard error: error, warn, info, debug, trace, or per module.
    #[arg(long, global = true, env = "NETWARDEN_LOG", default_value = "warn")]
    log: String,
}

#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one in a run")]
enum Command {
    /// Reads one network element, or many, over SNMP and prints what it tells.
    Probe(probe::ProbeArguments),
    /// A simulated campus with the real server beside it; no root, no configuration.
    Demo(demo::DemoArguments),
    /// Writes a commented configuration, makes the server's certificate and prints its fingerprint.
    Init(serve::ConfigArgument),
    /// Restores every port that Netwarden holds from the stored earlier values, even while the server is down.
    Release(release::ReleaseArguments),
    /// Runs the server.
    Serve(serve::ConfigArgument),
    #[command(flatten)]
    Verbs(verbs::Verbs),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    if let Err(error) = start_log(&arguments.log) {
        eprintln!("netwarden: {error:#}");
        return ExitCode::from(USAGE);
    }
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(arguments.command)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netwarden: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Probe(arguments) => probe::run(arguments).await,
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Release(arguments) => release::run(arguments).await,
        Command::Init(arguments) => serve::init(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments).await,
        Command::Verbs(verbs) => Ok(verbs::run(verbs).await),
    }
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    use tracing_subscriber::EnvFilter;

    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log {filter}: no such filter: {error}"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}

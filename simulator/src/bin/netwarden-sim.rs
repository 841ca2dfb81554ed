//! The simulator from the shell: a recorded device, a campus or a generated network as SNMP agents.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use netwarden_model::Clock;
use netwarden_simulator::generate::{GenerateOptions, Generated};
use netwarden_simulator::recording::usual_user;
use netwarden_simulator::{
    Campus, CampusOptions, Community, Credentials, NotificationTarget, Oddity, RecordedAgent, Script,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Switches and routers that do not exist, speaking real SNMP on loopback.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Serves a recorded walk (.snmprec) to SNMPv1, v2c (any community) and v3.
    Recording {
        /// The file; NAME@VLAN.snmprec beside it is served to communities `x@VLAN`.
        file: PathBuf,
        /// Where to answer.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Answer oddly on purpose (SNMPv1 and v2c).
        #[arg(long, value_enum)]
        odd: Option<Odd>,
    },
    /// The demo's campus: 14 switches, 2 routers, some 300 endpoints.
    Campus {
        /// The same seed gives the same campus.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Simulated seconds in a real one.
        #[arg(long, default_value_t = 210.0)]
        speed: f64,
        /// Nothing happens; everybody is there.
        #[arg(long)]
        still: bool,
        /// Port of the first agent; the others follow. Free ports without.
        #[arg(long)]
        first_port: Option<u16>,
        /// Where SNMPv3 traps go.
        #[arg(long)]
        traps: Option<SocketAddr>,
        /// Also answer SNMPv2c with this community, reading and writing.
        #[arg(long)]
        community: Option<String>,
    },
    /// A tree of switches with endpoints, for benchmarks.
    Network {
        /// Switches.
        #[arg(long, default_value_t = 100)]
        switches: u16,
        /// Access ports of each.
        #[arg(long, default_value_t = 48)]
        ports: u16,
        /// Endpoints in all.
        #[arg(long, default_value_t = 4000)]
        endpoints: u32,
        /// No endpoint is known beyond its own switch: all agents have tables of about the same size.
        #[arg(long)]
        local: bool,
        /// Milliseconds that each agent takes over a request.
        #[arg(long, default_value_t = 0)]
        delay_ms: u64,
        /// Also answer SNMPv2c with this community.
        #[arg(long)]
        community: Option<String>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Odd {
    Endless,
    StandsStill,
    Loops,
    TooBig,
    WrongRequestId,
    Truncated,
    GeneralError,
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    // The shell's one place that reads the time.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().what {
        What::Recording { file, listen, odd } => {
            let oddity = match odd {
                None => Oddity::None,
                Some(Odd::Endless) => Oddity::Endless,
                Some(Odd::StandsStill) => Oddity::StandsStill { after: 20 },
                Some(Odd::Loops) => Oddity::Loops,
                Some(Odd::TooBig) => Oddity::TooBigAbove { repetitions: 10 },
                Some(Odd::WrongRequestId) => Oddity::WrongRequestId,
                Some(Odd::Truncated) => Oddity::Truncated,
                Some(Odd::GeneralError) => Oddity::GeneralError,
            };
            let agent = RecordedAgent::start_odd(&file, listen, &[usual_user()], oddity).await?;
            for reject in agent.rejects() {
                eprintln!("{}: {reject}", file.display());
            }
            println!("{} {} variables", agent.address(), agent.variables());
            println!("{}", options_of(&usual_user()));
            wait().await?;
            agent.stop().await;
        }
        What::Campus { seed, speed, still, first_port, traps, community } => {
            let mut options = CampusOptions::new(Arc::new(SystemClock));
            options.seed = seed;
            options.speed = speed;
            options.script = if still { Script::Still } else { Script::Day };
            options.first_port = first_port;
            options.communities = community.into_iter().map(|name| Community { name, write: true }).collect();
            options.notifications =
                traps.map(|address| NotificationTarget { address, credentials: usual_user(), inform: false });
            let campus = Campus::start(options).await?;
            for agent in campus.agents() {
                println!("{} {} {}", agent.address, agent.name, agent.engine_id);
            }
            println!("{}", options_of(&usual_user()));
            let mut heard = campus.subscribe();
            let narrator = tokio::spawn(async move {
                while let Ok(said) = heard.recv().await {
                    println!("{} {}", said.sim_time, said.sentence);
                }
            });
            wait().await?;
            campus.stop().await;
            narrator.abort();
        }
        What::Network { switches, ports, endpoints, local, delay_ms, community } => {
            let delay = Duration::from_millis(delay_ms);
            let options =
                GenerateOptions { switches, ports, endpoints, local, delay, ..GenerateOptions::default() };
            let network = Generated::new(options);
            let communities: Vec<Community> =
                community.into_iter().map(|name| Community { name, write: true }).collect();
            let served = network.serve(&[usual_user()], &communities, Arc::new(SystemClock)).await?;
            for (name, address) in served.agents() {
                println!("{address} {name}");
            }
            println!("{}", options_of(&usual_user()));
            wait().await?;
            served.stop().await;
        }
    }
    Ok(())
}

async fn wait() -> anyhow::Result<()> {
    tokio::signal::ctrl_c().await.context("waiting for the end")
}

/// As net-snmp's tools take them.
fn options_of(user: &Credentials) -> String {
    format!(
        "-v3 -l authPriv -u {} -a {} -A {} -x {} -X {}",
        user.user,
        user.auth.as_str(),
        user.auth_password,
        user.privacy.as_str(),
        user.privacy_password
    )
}

//! What `cargo xtask bench` runs and measures: the engine's full cycle, rules and rehearsal, a large
//! database and the questions that are put to a server that holds it.
//!
//! Each command prints one line of JSON on standard output. Nothing here is part of the product, and
//! nothing of the product depends on it.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

mod ask;
mod cycle;
mod events;
mod fill;
mod judging;
mod logins;
mod numbers;
mod pages;
mod rights;
mod tree;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The one of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(about = "Parts of `cargo xtask bench`")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Full cycles of the real engine over agents that are running.
    Cycle {
        /// One HOST:PORT NAME a line; what follows the agents is ignored.
        #[arg(long)]
        agents: PathBuf,
        /// Endpoints that the agents show.
        #[arg(long)]
        endpoints: usize,
        /// Elements polled at the same time.
        #[arg(long, default_value_t = 200)]
        in_flight: usize,
        /// Further cycles in which nothing changes.
        #[arg(long, default_value_t = 2)]
        unchanged: usize,
    },
    /// Judging, and rehearsal of recorded events from a store.
    Rules {
        /// Events to judge, and to record and rehearse.
        #[arg(long, default_value_t = 1_000_000)]
        events: usize,
    },
    /// The access decision, and lists that are kept to a domain.
    Rights {
        /// Users.
        #[arg(long, default_value_t = 10_000)]
        users: usize,
        /// Roles that were made here.
        #[arg(long, default_value_t = 500)]
        roles: usize,
        /// Network elements.
        #[arg(long, default_value_t = 100_000)]
        elements: usize,
        /// Regions, each with a domain.
        #[arg(long, default_value_t = 200)]
        regions: usize,
    },
    /// Logins, alone, many at once, and while strangers guess.
    Logins {
        /// Seconds of each part.
        #[arg(long, default_value_t = 10)]
        span_s: u64,
    },
    /// Fills the database of a server that is down.
    Fill {
        /// The SQLite file; its tables exist.
        #[arg(long)]
        database: PathBuf,
        /// Network elements, 48 ports each.
        #[arg(long, default_value_t = 1_000)]
        elements: usize,
        /// Endpoints.
        #[arg(long, default_value_t = 200_000)]
        endpoints: usize,
        /// Events.
        #[arg(long, default_value_t = 10_000_000)]
        events: usize,
    },
    /// Puts the named set of questions to a running server over HTTPS.
    Ask {
        /// The password of `admin` that the first start printed.
        #[arg(long)]
        one_time: String,
        /// https://HOST:PORT
        #[arg(long)]
        server: String,
        /// SHA-256 of its certificate.
        #[arg(long)]
        fingerprint: String,
        /// The server's SQLite file: its pages are taken out of the system's cache before each cold question.
        #[arg(long)]
        database: PathBuf,
        /// As the database was filled.
        #[arg(long, default_value_t = 1_000)]
        elements: usize,
        /// As the database was filled.
        #[arg(long, default_value_t = 200_000)]
        endpoints: usize,
        /// As the database was filled.
        #[arg(long, default_value_t = 10_000_000)]
        events: usize,
        /// Cold askings of each question.
        #[arg(long, default_value_t = 10)]
        cold: usize,
        /// Warm askings of each question.
        #[arg(long, default_value_t = 200)]
        warm: usize,
    },
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = match arguments.what {
        What::Cycle { agents, endpoints, in_flight, unchanged } => {
            runtime.block_on(cycle::run(&agents, endpoints, in_flight, unchanged))?
        }
        What::Rules { events } => runtime.block_on(judging::run(events))?,
        What::Rights { users, roles, elements, regions } => {
            runtime.block_on(rights::run(rights::Sizes { users, roles, elements, regions }))?
        }
        What::Logins { span_s } => runtime.block_on(logins::run(span_s))?,
        What::Fill { database, elements, endpoints, events } => {
            runtime.block_on(fill::run(&database, fill::Sizes { elements, endpoints, events }))?
        }
        What::Ask { one_time, server, fingerprint, database, elements, endpoints, events, cold, warm } => {
            let target = ask::Target { one_time, server, fingerprint, database };
            let sizes = fill::Sizes { elements, endpoints, events };
            runtime.block_on(ask::run(&target, sizes, cold, warm))?
        }
    };
    println!("{result}");
    Ok(())
}

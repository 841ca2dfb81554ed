//! The verbs of the command line: `netwarden <noun> <verb>`. Each is one or a few calls of the REST
//! interface, by the local socket or remote, with the same rights as everywhere; none touches the database.

mod ask;
mod audit;
mod blocklist;
mod channels;
mod credentials;
mod domains;
mod element;
mod endpoints;
mod events;
mod factors;
mod fault;
mod import;
mod job;
mod jobs;
mod list;
mod names;
mod ne;
mod passwords;
mod policies;
mod ports;
mod roles;
mod rule_file;
mod rules;
mod save;
mod session;
mod system;
mod tenants;
mod topology;
mod users;
mod when;
mod why;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;
use netwarden_model::Clock;

use crate::clock::SystemClock;
use crate::output::{Format, Rows};

pub use fault::EXIT_CODES;
use fault::Fault;
use list::Filters;
use session::{Connection, Printer};
use when::Sense;

/// Everything that is said to a server.
#[derive(Subcommand)]
pub enum Verbs {
    /// Endpoints: who they are, where they are and were, and whether they may connect.
    #[command(after_help = EXIT_CODES)]
    Endpoints(Noun<endpoints::Verb>),
    /// Network elements: switches and routers.
    #[command(after_help = EXIT_CODES)]
    Ne(Noun<ne::Verb>),
    /// Ports of network elements.
    #[command(after_help = EXIT_CODES)]
    Ports(Noun<ports::Verb>),
    /// Events: what happened and what happens.
    #[command(after_help = EXIT_CODES)]
    Events(Noun<events::Verb>),
    /// Rules: what is done when something happens.
    #[command(after_help = EXIT_CODES)]
    Rules(Noun<rules::Verb>),
    /// The audit trail: who did what, and the proof of it.
    #[command(after_help = EXIT_CODES)]
    Audit(Noun<audit::Verb>),
    /// The system itself: state, parameters, global stop, baseline, backup.
    #[command(after_help = EXIT_CODES)]
    System(Noun<system::Verb>),
    /// Credentials with which elements are read.
    #[command(after_help = EXIT_CODES)]
    Credentials(Noun<credentials::Verb>),
    /// Channels to the outside: mail, webhooks, syslog, commands.
    #[command(after_help = EXIT_CODES)]
    Channels(Noun<channels::Verb>),
    /// Names of endpoints: from DNS, DHCP servers and directories.
    #[command(after_help = EXIT_CODES)]
    Names(Noun<names::Verb>),
    /// Sends the leases of a DHCP server to Netwarden, from the machine on which they are kept.
    #[command(after_help = EXIT_CODES)]
    DhcpAgent(Alone<names::agent::AgentArguments>),
    /// Users.
    #[command(after_help = EXIT_CODES)]
    Users(Noun<users::UserVerb>),
    /// What is asked of passwords.
    #[command(after_help = EXIT_CODES)]
    Passwords(Noun<passwords::Verb>),
    /// What holds for accounts: lockouts, sessions, unused accounts; from where and when they may be used.
    #[command(after_help = EXIT_CODES)]
    Policies(Noun<policies::Verb>),
    /// Roles: what may be done, and by whom.
    #[command(after_help = EXIT_CODES)]
    Roles(Noun<roles::Verb>),
    /// The blocklist: who is denied what, until when and why.
    #[command(after_help = EXIT_CODES)]
    Blocklist(Noun<blocklist::Verb>),
    /// Tenants: customers with users of their own.
    #[command(after_help = EXIT_CODES)]
    Tenants(Noun<tenants::Verb>),
    /// Domains: parts of the network to which roles are confined.
    #[command(after_help = EXIT_CODES)]
    Domains(Noun<domains::Verb>),
    /// Your second factors.
    #[command(after_help = EXIT_CODES)]
    Factors(Noun<factors::Verb>),
    /// Sessions and logins of users.
    #[command(after_help = EXIT_CODES)]
    Sessions(Noun<users::SessionVerb>),
    /// Tokens for programs and for --server.
    #[command(after_help = EXIT_CODES)]
    Tokens(Noun<users::TokenVerb>),
    /// Long work on the server: rehearsals, searches, imports.
    #[command(after_help = EXIT_CODES)]
    Jobs(Noun<jobs::Verb>),
    /// Logs in and prints a token for NETWARDEN_TOKEN.
    #[command(after_help = EXIT_CODES)]
    Login(Alone<users::LoginArguments>),
    /// Prints what makes a shell complete this command line.
    Completions {
        /// For this shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// A noun: the connection and one of its verbs.
#[derive(Args)]
pub struct Noun<V: Subcommand> {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    verb: V,
}

/// A verb without a noun.
#[derive(Args)]
pub struct Alone<A: Args> {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    arguments: A,
}

/// Does what the command line says; the exit code tells how it went.
pub async fn run(verbs: Verbs) -> ExitCode {
    match dispatch(verbs).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(),
    }
}

async fn dispatch(verbs: Verbs) -> Result<(), Fault> {
    match verbs {
        Verbs::Endpoints(Noun { connection, verb }) => endpoints::run(&connection.open()?, verb).await,
        Verbs::Ne(Noun { connection, verb }) => ne::run(&connection.open()?, verb).await,
        Verbs::Ports(Noun { connection, verb }) => ports::run(&connection.open()?, verb).await,
        Verbs::Events(Noun { connection, verb }) => events::run(&connection.open()?, verb).await,
        Verbs::Rules(Noun { connection, verb }) => rules::run(&connection.open()?, verb).await,
        Verbs::Audit(Noun { connection, verb }) if verb.is_offline() => {
            audit::run_offline(&connection, &verb)
        }
        Verbs::Audit(Noun { connection, verb }) => audit::run(&connection.open()?, verb).await,
        Verbs::System(Noun { connection, verb }) => system::run(&connection.open()?, verb).await,
        Verbs::Credentials(Noun { connection, verb }) => credentials::run(&connection.open()?, verb).await,
        Verbs::Channels(Noun { connection, verb }) => channels::run(&connection.open()?, verb).await,
        Verbs::Names(Noun { connection, verb }) => names::run(&connection.open()?, verb).await,
        Verbs::DhcpAgent(Alone { connection, arguments }) => {
            names::agent::run(&connection.open()?, arguments).await
        }
        Verbs::Users(Noun { connection, verb }) => users::run(&connection.open()?, verb).await,
        Verbs::Passwords(Noun { connection, verb }) => passwords::run(&connection.open()?, verb).await,
        Verbs::Roles(Noun { connection, verb }) => roles::run(&connection.open()?, verb).await,
        Verbs::Factors(Noun { connection, verb }) => factors::run(&connection.open()?, verb).await,
        Verbs::Blocklist(Noun { connection, verb }) => blocklist::run(&connection.open()?, verb).await,
        Verbs::Tenants(Noun { connection, verb }) => tenants::run(&connection.open()?, verb).await,
        Verbs::Domains(Noun { connection, verb }) => domains::run(&connection.open()?, verb).await,
        Verbs::Policies(Noun { connection, verb }) => policies::run(&connection.open()?, verb).await,
        Verbs::Sessions(Noun { connection, verb }) => users::run_sessions(&connection.open()?, verb).await,
        Verbs::Tokens(Noun { connection, verb }) => users::run_tokens(&connection.open()?, verb).await,
        Verbs::Jobs(Noun { connection, verb }) => jobs::run(&connection.open()?, verb).await,
        Verbs::Login(Alone { connection, arguments }) => {
            users::login(&connection.open_anonymous()?, arguments).await
        }
        Verbs::Completions { shell } => completions(shell),
    }
}

fn completions(shell: Shell) -> Result<(), Fault> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::Arguments::command(), "netwarden", &mut script);
    let out = Printer::new(Format::Table, jiff::tz::TimeZone::UTC);
    out.write(&String::from_utf8_lossy(&script))
}

/// A point or a span of time, for histories.
#[derive(Debug, Args)]
pub struct TimeSpan {
    /// At that time: 2026-11-22, '2026-11-22 14:05', RFC 3339, or a span such as 2h (ago).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["from", "until"])]
    at: Option<String>,
    /// From then on.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to then.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl TimeSpan {
    fn filters(&self, out: &Printer) -> Result<Filters, Fault> {
        let time =
            |text: &Option<String>, sense| text.as_deref().map(|text| out.time(text, sense)).transpose();
        Ok(Filters::default()
            .with("at", time(&self.at, Sense::PastFrom)?)
            .with("from", time(&self.from, Sense::PastFrom)?)
            .with("until", time(&self.until, Sense::PastUntil)?))
    }
}

impl Printer {
    /// A time as somebody wrote it.
    fn time(&self, text: &str, sense: Sense) -> Result<jiff::Timestamp, Fault> {
        when::parse(text, sense, SystemClock.now(), &self.zone).map_err(Fault::Usage)
    }

    /// Prints rows that were made here, as a table or as CSV; as JSON an object a row.
    fn rows(&self, rows: &Rows) -> Result<(), Fault> {
        match self.format {
            Format::Table => self.write(&rows.to_table_in(&self.zone)),
            Format::Csv => self.write(&rows.to_csv(true)?),
            Format::Json => self.json(&rows.to_json()),
        }
    }
}

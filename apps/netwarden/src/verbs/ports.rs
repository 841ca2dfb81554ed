//! `netwarden ports …`: what is on a port, why, and port control by hand.

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Subcommand, ValueEnum};
use netwarden_api::client::segment;
use netwarden_api::endpoint::{Move, Reason, Sighting, Why};
use netwarden_api::network::{Port, PortChange};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{self, Filters, Paging, Part, Tabular, answer, list, requested, show};
use super::session::Session;
use super::{TimeSpan, ne, why};
use crate::output::Cell;

/// Verbs of ports.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists ports, with what they were taken for and why.
    List(ListArguments),
    /// Shows one port: what it was taken for, and what we hold of it, for whom and why.
    Show(Named),
    /// Says what was on a port, and when.
    History(HistoryArguments),
    /// Says why a port has the access that it has.
    Why(Named),
    /// Switches a port on: takes back that we switched it off, or opens it where somebody else did.
    On(Act),
    /// Switches a port off, until it is released or switched on.
    Off(Act),
    /// Moves a port into a VLAN, until it is released.
    Move(MoveArguments),
    /// Gives a port back what it had before we changed it.
    Release(Act),
    /// Says what a port is: its role, and whether it is protected.
    Set(SetArguments),
}

/// Filters of the list.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Found in name or alias.
    text: Option<String>,
    /// Network element, by name or id.
    #[arg(long)]
    ne: Option<String>,
    /// access, uplink, aggregate or logical.
    #[arg(long)]
    role: Option<String>,
    /// Only those whose access we hold, or want to.
    #[arg(long)]
    enforced: bool,
    #[command(flatten)]
    paging: Paging,
}

/// One port.
#[derive(Debug, Args)]
pub struct Named {
    /// Network element, by name or id.
    ne: String,
    /// ifName of the port.
    port: String,
}

/// One port and a reason.
#[derive(Debug, Args)]
pub struct Act {
    #[command(flatten)]
    port: Named,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Which port, and when.
#[derive(Debug, Args)]
pub struct HistoryArguments {
    #[command(flatten)]
    port: Named,
    #[command(flatten)]
    span: TimeSpan,
    #[command(flatten)]
    part: Part,
}

/// Where to.
#[derive(Debug, Args)]
pub struct MoveArguments {
    #[command(flatten)]
    port: Named,
    /// The VLAN; the element's quarantine VLAN where missing.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// Take the link down and up, so that the client renews its lease.
    #[arg(long)]
    bounce: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// A port's role by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Endpoints are on it.
    Access,
    /// Other elements are behind it.
    Uplink,
    /// By the evidence.
    Auto,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Role::Access => "access",
            Role::Uplink => "uplink",
            Role::Auto => "auto",
        }
    }
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true).args(["role", "protected"])))]
pub struct SetArguments {
    #[command(flatten)]
    port: Named,
    /// Its role; auto leaves it to the evidence.
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// A protected port is never shut or moved.
    #[arg(long, value_name = "yes|no", value_parser = BoolishValueParser::new(), action = ArgAction::Set)]
    protected: Option<bool>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(arguments) => {
            let filters = Filters::default()
                .with("text", arguments.text)
                .with("ne", ne::id_of_filter(session, arguments.ne).await?)
                .with("enforced", arguments.enforced.then_some(true))
                .with("role", arguments.role);
            list::<Port>(session, "/ports", filters, &arguments.paging).await
        }
        Verb::Show(port) => {
            show::<Port>(&session.out, session.client.get(&path(session, &port, "").await?, &[]).await?)
        }
        Verb::History(HistoryArguments { port, span, part }) => {
            let path = path(session, &port, "/history").await?;
            list::part::<Sighting>(session, &path, span.filters(&session.out)?, &part).await
        }
        Verb::Why(port) => {
            let path = path(session, &port, "/why").await?;
            let chain: Why = session.client.get(&path, &[]).await?;
            why::print(&session.out, &format!("Port {} of {}", port.port, port.ne), &chain)
        }
        Verb::On(act) => ask(session, act, "/on").await,
        Verb::Off(act) => ask(session, act, "/off").await,
        Verb::Release(act) => ask(session, act, "/release").await,
        Verb::Move(arguments) => {
            let path = path(session, &arguments.port, "/move").await?;
            let body =
                Move { reason: arguments.reason.get()?, vlan: arguments.vlan, bounce: arguments.bounce };
            requested(&session.out, &session.client.post::<_, Value>(&path, &body).await?)
        }
        Verb::Set(arguments) => {
            let path = path(session, &arguments.port, "").await?;
            let body = PortChange {
                reason: arguments.reason.get()?,
                protected: arguments.protected,
                role: arguments.role.map(|role| role.word().to_owned()),
            };
            answer(&session.out, &session.client.patch::<_, Value>(&path, &body).await?)
        }
    }
}

async fn ask(session: &Session, act: Act, below: &str) -> Result<(), Fault> {
    let path = path(session, &act.port, below).await?;
    let body = Reason { reason: act.reason.get()? };
    requested(&session.out, &session.client.post::<_, Value>(&path, &body).await?)
}

async fn path(session: &Session, port: &Named, below: &str) -> Result<String, Fault> {
    let ne = ne::resolve(session, &port.ne).await?;
    Ok(format!("/ports/{ne}/{}{below}", segment(&port.port)))
}

impl Tabular for Port {
    const COLUMNS: &'static [&'static str] = &[
        "ne",
        "port",
        "alias",
        "admin",
        "oper",
        "pvid",
        "role",
        "why this role",
        "protected",
        "endpoints",
        "enforcement",
        "because",
        "ne id",
        "ifIndex",
    ];
    const BRIEF: usize = 12;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.ne),
            Cell::from(&self.name),
            self.alias.clone().filter(|alias| !alias.is_empty()).into(),
            self.admin_status.clone().into(),
            self.oper_status.clone().into(),
            self.pvid.into(),
            Cell::from(&self.role),
            self.role_reason.clone().into(),
            self.protected.into(),
            self.endpoints.into(),
            self.enforcement.clone().into(),
            self.because.clone().into(),
            self.ne_id.into(),
            self.if_index.into(),
        ]
    }
}

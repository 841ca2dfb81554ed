//! `netwarden policies …`: what holds for accounts, and from where and when they may be used.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::account::{LoginPolicy, LoginPolicyChange, NewLoginPolicy};
use netwarden_api::client::{Method, segment};
use netwarden_api::system::{Parameter, ParameterChange};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of policies.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows the account policy: lockouts, alarm, sessions, unused accounts, login mode.
    Accounts {
        /// Only this setting.
        name: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Sets something of the account policy, for instance identity.lockout_failures 5.
    SetAccounts {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Lists login policies.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a login policy.
    Show {
        /// Its name.
        name: String,
    },
    /// Makes a login policy.
    Add(AddArguments),
    /// Gives a login policy other lines.
    Set {
        /// Its name.
        name: String,
        #[command(flatten)]
        lines: Lines,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Deletes a login policy that no account follows.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// A new login policy.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Its name.
    name: String,
    /// addresses: from where; hours: when.
    #[arg(long, value_name = "addresses|hours")]
    kind: String,
    #[command(flatten)]
    lines: Lines,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What a login policy says.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Lines {
    /// A line: 192.0.2.7, 192.0.2.10-192.0.2.20, 2001:db8::/48; 'zone Europe/Berlin', 'mon-fri 07:00-19:00',
    /// 'from 2026-01-01', 'until 2026-12-31'. Can be given several times.
    #[arg(long = "line", value_name = "LINE")]
    lines: Vec<String>,
    /// A file with the lines; - is standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Lines {
    fn get(self) -> Result<String, Fault> {
        match self.file {
            Some(file) => super::import::read(&file),
            None => Ok(self.lines.join("\n")),
        }
    }
}

fn path(name: &str) -> String {
    format!("/policies/logins/{}", segment(name))
}

/// Does what is said of policies.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::Accounts { name: None, paging } => {
            list::<Parameter>(session, "/policies/accounts", Filters::default(), &paging).await
        }
        Verb::Accounts { name: Some(name), .. } => {
            let path = format!("/policies/accounts/{}", segment(&name));
            show::<Parameter>(out, client.get(&path, &[]).await?)
        }
        Verb::SetAccounts { name, value, reason } => {
            let path = format!("/policies/accounts/{}", segment(&name));
            let body = ParameterChange { reason: reason.get()?, value };
            answer(out, &client.put::<_, Value>(&path, &body).await?)
        }
        Verb::List { paging } => {
            list::<LoginPolicy>(session, "/policies/logins", Filters::default(), &paging).await
        }
        Verb::Show { name } => show::<LoginPolicy>(out, client.get(&path(&name), &[]).await?),
        Verb::Add(AddArguments { name, kind, lines, reason }) => {
            let body = NewLoginPolicy { reason: reason.get()?, name, kind, lines: lines.get()? };
            show::<LoginPolicy>(out, client.post("/policies/logins", &body).await?)
        }
        Verb::Set { name, lines, reason } => {
            let body = LoginPolicyChange { reason: reason.get()?, lines: lines.get()? };
            show::<LoginPolicy>(out, client.patch(&path(&name), &body).await?)
        }
        Verb::Remove { name, reason } => {
            let request = client.request(Method::DELETE, &path(&name)).query(&[("reason", reason.get()?)]);
            answer(out, &request.send::<Value>().await?)
        }
    }
}

impl Tabular for LoginPolicy {
    const COLUMNS: &'static [&'static str] = &["name", "kind", "says", "accounts", "changed", "by"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.kind),
            Cell::Text(self.lines.lines().collect::<Vec<_>>().join("; ")),
            Cell::Number(self.users.to_string()),
            self.changed_at.into(),
            Cell::from(&self.changed_by),
        ]
    }
}

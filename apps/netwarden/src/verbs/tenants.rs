//! `netwarden tenants …`: customers with users of their own.

use clap::{Args, Subcommand, ValueEnum};
use netwarden_api::client::{Method, segment};
use netwarden_api::system::OneTimePassword;
use netwarden_api::tenant::{NewAdministrator, NewTenant, Tenant, TenantChange, TenantKind};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use super::users::shown_once;
use crate::output::Cell;

/// What a tenant is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Keeps other tenants, and its own users.
    Agency,
    /// An enterprise, which keeps its own users.
    Company,
    /// A tenant of the basic kind.
    Basic,
}

impl From<Kind> for TenantKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Agency => Self::Agency,
            Kind::Company => Self::Company,
            Kind::Basic => Self::Basic,
        }
    }
}

const fn word(kind: TenantKind) -> &'static str {
    match kind {
        TenantKind::Agency => "agency",
        TenantKind::Company => "company",
        TenantKind::Basic => "basic",
    }
}

/// Verbs of tenants.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists tenants, with how many accounts each has.
    List {
        /// Found in name or description.
        text: Option<String>,
        /// Only of this kind.
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// Only those that this agency keeps.
        #[arg(long, value_name = "TENANT")]
        agency: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a tenant.
    Show {
        /// Its name.
        name: String,
    },
    /// Makes a tenant, with a key of its own.
    Add(AddArguments),
    /// Describes a tenant otherwise, or lets its users in or not.
    Set(SetArguments),
    /// Gives a tenant an account that keeps its users; prints its one-time password.
    AddAdministrator {
        /// The tenant.
        name: String,
        /// The name of the account, unique among the users of all tenants.
        user: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Deletes a tenant with its accounts and keys.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// A new tenant.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Its name: 1 to 64 lower-case letters, digits, _ and -.
    name: String,
    /// What it is.
    #[arg(long, value_enum, default_value = "company")]
    kind: Kind,
    /// The agency that keeps it; the operator where missing, or the agency that asks.
    #[arg(long, value_name = "TENANT")]
    agency: Option<String>,
    /// Who that is.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What to change.
#[derive(Debug, Args)]
pub struct SetArguments {
    /// Its name.
    name: String,
    /// Who that is.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Whether its users may come in.
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    #[command(flatten)]
    reason: ReasonArgument,
}

fn path(name: &str) -> String {
    format!("/tenants/{}", segment(name))
}

/// Does what is said of tenants.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::List { text, kind, agency, paging } => {
            let filters = Filters::default()
                .with("text", text)
                .with("kind", kind.map(|kind| word(kind.into())))
                .with("agency", agency);
            list::<Tenant>(session, "/tenants", filters, &paging).await
        }
        Verb::Show { name } => show::<Tenant>(out, client.get(&path(&name), &[]).await?),
        Verb::Add(AddArguments { name, kind, agency, description, reason }) => {
            let body = NewTenant { reason: reason.get()?, name, kind: kind.into(), agency, description };
            show::<Tenant>(out, client.post("/tenants", &body).await?)
        }
        Verb::Set(SetArguments { name, description, enabled, reason }) => {
            if description.is_none() && enabled.is_none() {
                return Err(Fault::Usage("one of --description and --enabled is needed".to_owned()));
            }
            let body = TenantChange { reason: reason.get()?, description, enabled };
            show::<Tenant>(out, client.patch(&path(&name), &body).await?)
        }
        Verb::AddAdministrator { name, user, reason } => {
            let body = NewAdministrator { reason: reason.get()?, user };
            let made: OneTimePassword =
                client.post(&format!("{}/administrators", path(&name)), &body).await?;
            shown_once(out, &made)
        }
        Verb::Remove { name, reason } => {
            let request = client.request(Method::DELETE, &path(&name)).query(&[("reason", reason.get()?)]);
            answer(out, &request.send::<Value>().await?)
        }
    }
}

impl Tabular for Tenant {
    const COLUMNS: &'static [&'static str] =
        &["name", "kind", "agency", "enabled", "users", "description", "changed", "by"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::Text(word(self.kind).to_owned()),
            self.agency.clone().into(),
            Cell::Text(if self.enabled { "yes" } else { "no" }.to_owned()),
            Cell::Text(self.users.to_string()),
            Cell::Text(self.description.clone().unwrap_or_default()),
            Some(self.changed_at).into(),
            Cell::from(&self.changed_by),
        ]
    }
}

//! `netwarden roles …`: what may be done, and by whom.

use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::role::{Holder, NewRole, Operation, Right, Role, RoleChange};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of roles.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists roles, those that are built in first.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a role with its operations.
    Show {
        /// Its name.
        name: String,
    },
    /// Makes a role of operations that you may do all.
    Add(AddArguments),
    /// Gives a role other operations, or another description.
    Set(SetArguments),
    /// Deletes a role that no account has.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Lists every operation, with the built-in roles that give it.
    Operations {
        #[command(flatten)]
        paging: Paging,
    },
    /// Lists what an account may do, and through which of its roles.
    Rights {
        /// The account's name.
        user: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Lists the accounts that may do an operation, and through which of their roles.
    WhoMay {
        /// The operation, for instance port.off.
        operation: String,
        /// Only those who may do it in this domain.
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
}

/// A new role.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Its name: 1 to 64 lower-case letters, digits, _ and -.
    name: String,
    /// An operation, for instance port.off; can be given several times.
    #[arg(long = "operation", value_name = "OPERATION", required = true)]
    operations: Vec<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// When it counts, in CEL: for instance "'office' in request.places".
    #[arg(long, value_name = "CEL")]
    condition: Option<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true).args(["operations", "description", "condition"])))]
pub struct SetArguments {
    /// Its name.
    name: String,
    /// An operation; can be given several times, and replaces all others.
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// When it counts, in CEL; empty for always.
    #[arg(long, value_name = "CEL")]
    condition: Option<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

fn path(name: &str) -> String {
    format!("/roles/{}", segment(name))
}

/// Does what is said of roles.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    let none = Filters::default();
    match verb {
        Verb::List { paging } => list::<Role>(session, "/roles", none, &paging).await,
        Verb::Show { name } => show::<Role>(out, client.get(&path(&name), &[]).await?),
        Verb::Add(AddArguments { name, operations, description, condition, reason }) => {
            let body = NewRole { reason: reason.get()?, name, description, operations, condition };
            show::<Role>(out, client.post("/roles", &body).await?)
        }
        Verb::Set(SetArguments { name, operations, description, condition, reason }) => {
            let operations = (!operations.is_empty()).then_some(operations);
            let body = RoleChange { reason: reason.get()?, description, operations, condition };
            show::<Role>(out, client.patch(&path(&name), &body).await?)
        }
        Verb::Remove { name, reason } => {
            let request = client.request(Method::DELETE, &path(&name)).query(&[("reason", reason.get()?)]);
            answer(out, &request.send::<Value>().await?)
        }
        Verb::Operations { paging } => list::<Operation>(session, "/operations", none, &paging).await,
        Verb::Rights { user, paging } => {
            list::<Right>(session, &format!("/users/{}/rights", segment(&user)), none, &paging).await
        }
        Verb::WhoMay { operation, domain, paging } => {
            let path = format!("/operations/{}/users", segment(&operation));
            list::<Holder>(session, &path, none.with("domain", domain), &paging).await
        }
    }
}

impl Tabular for Role {
    const COLUMNS: &'static [&'static str] =
        &["name", "built in", "description", "changed", "by", "condition", "operations"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            self.built_in.into(),
            Cell::Text(self.description.clone().unwrap_or_default()),
            self.changed_at.into(),
            Cell::Text(self.changed_by.clone().unwrap_or_default()),
            Cell::Text(self.condition.clone().unwrap_or_default()),
            Cell::Text(self.operations.join(" ")),
        ]
    }
}

impl Tabular for Operation {
    const COLUMNS: &'static [&'static str] = &["name", "object", "changes", "access", "roles"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.name),
            Cell::from(&self.object),
            self.change.into(),
            Cell::from(&self.access),
            Cell::Text(self.roles.join(" ")),
        ]
    }
}

impl Tabular for Right {
    const COLUMNS: &'static [&'static str] = &["operation", "object", "changes", "through"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::from(&self.operation),
            Cell::from(&self.object),
            self.change.into(),
            Cell::Text(self.through.join(" ")),
        ]
    }
}

impl Tabular for Holder {
    const COLUMNS: &'static [&'static str] = &["user", "enabled", "through"];
    const BRIEF: usize = 3;

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::from(&self.user), self.enabled.into(), Cell::Text(self.through.join(" "))]
    }
}

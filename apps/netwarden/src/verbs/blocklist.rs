//! `netwarden blocklist …`: who is denied what, until when and why.

use clap::{Args, Subcommand};
use netwarden_api::client::Method;
use netwarden_api::system::{BlocklistEntry, NewBlocklistEntry};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use super::when::Sense;
use crate::output::Cell;

/// Verbs of the blocklist.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists its entries, ended ones too.
    List {
        /// Found in who is listed, what is denied, or the reason.
        text: Option<String>,
        /// Only of this kind: user, address, tenant, source or device.
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows an entry.
    Show {
        /// Its id.
        id: i64,
    },
    /// Puts somebody on it, from their next request on.
    Add(AddArguments),
    /// Takes an entry off.
    Remove {
        /// Its id.
        id: i64,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// A new entry: exactly one of --user, --address, --tenant, --source and --device.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("listed").required(true))]
pub struct AddArguments {
    /// A user; tenant/NAME for one of a tenant.
    #[arg(long, value_name = "NAME", group = "listed")]
    user: Option<String>,
    /// An address, a range (192.0.2.1-192.0.2.9) or a network (192.0.2.0/24).
    #[arg(long, value_name = "ADDRESS", group = "listed")]
    address: Option<String>,
    /// The users of a tenant, and of those below it.
    #[arg(long, value_name = "TENANT", group = "listed")]
    tenant: Option<String>,
    /// Whoever sends traps and informs from an address, a range or a network: they are not heard.
    #[arg(long, value_name = "ADDRESS", group = "listed")]
    source: Option<String>,
    /// A device, by its MAC address: it is kept out of the network.
    #[arg(long, value_name = "MAC", group = "listed")]
    device: Option<String>,
    /// What is denied: everything (where missing), an object of operations (port), an operation (port.off); can be given
    /// several times.
    #[arg(long = "deny", value_name = "RESOURCE", conflicts_with_all = ["source", "device"])]
    denies: Vec<String>,
    /// It holds until then, such as 2h, 7d or 2030-01-31; until somebody takes it away where missing.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Does what is said of the blocklist.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::List { text, kind, paging } => {
            let filters = Filters::default().with("text", text).with("kind", kind);
            list::<BlocklistEntry>(session, "/blocklist", filters, &paging).await
        }
        Verb::Show { id } => show::<BlocklistEntry>(out, client.get(&format!("/blocklist/{id}"), &[]).await?),
        Verb::Add(arguments) => {
            let AddArguments { user, address, tenant, source, device, mut denies, until, reason } = arguments;
            let listed = [
                ("user", user),
                ("address", address),
                ("tenant", tenant),
                ("source", source),
                ("device", device),
            ];
            let listed = listed.into_iter().find_map(|(kind, who)| Some((kind, who?)));
            let Some((kind, who)) = listed else {
                let what = "one of --user, --address, --tenant, --source and --device is needed";
                return Err(Fault::Usage(what.to_owned()));
            };
            if denies.is_empty() && !matches!(kind, "source" | "device") {
                denies.push("everything".to_owned());
            }
            let ends_at = until.as_deref().map(|text| out.time(text, Sense::Future)).transpose()?;
            let kind = kind.to_owned();
            let body = NewBlocklistEntry { reason: reason.get()?, kind, who, denies, ends_at };
            show::<BlocklistEntry>(out, client.post("/blocklist", &body).await?)
        }
        Verb::Remove { id, reason } => {
            let request = client.request(Method::DELETE, &format!("/blocklist/{id}"));
            answer(out, &request.query(&[("reason", reason.get()?)]).send::<Value>().await?)
        }
    }
}

impl Tabular for BlocklistEntry {
    const COLUMNS: &'static [&'static str] = &["id", "kind", "who", "denies", "ends", "reason", "made", "by"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.kind),
            Cell::from(&self.who),
            Cell::Text(self.denies.join(" ")),
            self.ends_at.into(),
            Cell::from(&self.reason),
            Some(self.made_at).into(),
            Cell::from(&self.made_by),
        ]
    }
}

//! `netwarden domains …`: parts of the network to which roles are confined.

use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::domain::{Belongs, Domain, DomainChange, NewDomain};
use serde_json::Value;

use super::ask::ReasonArgument;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of domains.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists domains, with how many elements belong to each now.
    List {
        /// Found in name, description or what belongs to it.
        text: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a domain.
    Show {
        /// Its name.
        name: String,
    },
    /// Makes a domain, to which a role is then confined as ROLE@DOMAIN.
    Add(AddArguments),
    /// Says otherwise what belongs to a domain, or what it is for.
    Set(SetArguments),
    /// Deletes a domain to which nobody is confined.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// What belongs to a domain: every element that any of these names. Each can be given several times.
#[derive(Debug, Args)]
pub struct BelongsArguments {
    /// Elements in this region.
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,
    /// Elements in this device set.
    #[arg(long = "device-set", value_name = "SET")]
    device_sets: Vec<String>,
    /// Elements of this class.
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// Elements whose address lies here: an address, a range (192.0.2.1-192.0.2.9) or a network (192.0.2.0/24).
    #[arg(long = "subnet", value_name = "SUBNET")]
    subnets: Vec<String>,
    /// This element, by name, id or address.
    #[arg(long = "ne", value_name = "NE")]
    elements: Vec<String>,
}

impl From<BelongsArguments> for Belongs {
    fn from(arguments: BelongsArguments) -> Self {
        let BelongsArguments { regions, device_sets, classes, subnets, elements } = arguments;
        Self { regions, device_sets, classes, subnets, elements }
    }
}

/// A new domain.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Its name: 1 to 64 lower-case letters, digits, _ and -.
    name: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    #[command(flatten)]
    belongs: BelongsArguments,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What to change.
#[derive(Debug, Args)]
pub struct SetArguments {
    /// Its name.
    name: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    belongs: BelongsArguments,
    #[command(flatten)]
    reason: ReasonArgument,
}

fn path(name: &str) -> String {
    format!("/domains/{}", segment(name))
}

/// Does what is said of domains.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::List { text, paging } => {
            list::<Domain>(session, "/domains", Filters::default().with("text", text), &paging).await
        }
        Verb::Show { name } => show::<Domain>(out, client.get(&path(&name), &[]).await?),
        Verb::Add(AddArguments { name, description, belongs, reason }) => {
            let body = NewDomain { reason: reason.get()?, name, description, belongs: belongs.into() };
            show::<Domain>(out, client.post("/domains", &body).await?)
        }
        Verb::Set(SetArguments { name, description, belongs, reason }) => {
            let belongs = Some(Belongs::from(belongs)).filter(|belongs| *belongs != Belongs::default());
            if belongs.is_none() && description.is_none() {
                let what =
                    "one of --description, --region, --device-set, --class, --subnet and --ne is needed";
                return Err(Fault::Usage(what.to_owned()));
            }
            let body = DomainChange { reason: reason.get()?, description, belongs };
            show::<Domain>(out, client.patch(&path(&name), &body).await?)
        }
        Verb::Remove { name, reason } => {
            let request = client.request(Method::DELETE, &path(&name)).query(&[("reason", reason.get()?)]);
            answer(out, &request.send::<Value>().await?)
        }
    }
}

impl Tabular for Domain {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "elements",
        "regions",
        "device sets",
        "classes",
        "subnets",
        "named elements",
        "description",
        "changed",
        "by",
    ];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        let Belongs { regions, device_sets, classes, subnets, elements } = &self.belongs;
        let joined = |names: &Vec<String>| Cell::Text(names.join(", "));
        vec![
            Cell::from(&self.name),
            Cell::Text(self.elements.to_string()),
            joined(regions),
            joined(device_sets),
            joined(classes),
            joined(subnets),
            joined(elements),
            Cell::Text(self.description.clone().unwrap_or_default()),
            Some(self.changed_at).into(),
            Cell::from(&self.changed_by),
        ]
    }
}

//! `netwarden credentials …`: what elements are read with. Secrets go in and never come out.

use clap::{Args, Subcommand};
use netwarden_api::network::{Credential, CredentialChange, CredentialOrder, NewCredential};
use serde_json::Value;

use super::ask::{ReasonArgument, secret};
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, everything, list, show};
use super::session::Session;
use crate::output::Cell;

/// Verbs of credentials.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists credentials in the order in which they are tried; never their secrets.
    List(Paging),
    /// Keeps credentials. The secrets are asked for without echo, or read from NETWARDEN_AUTH_PASSWORD,
    /// NETWARDEN_PRIV_PASSWORD and NETWARDEN_COMMUNITY, or from standard input.
    Add(AddArguments),
    /// Gives credentials another name, or other secrets: with --user or --v2c these are asked for.
    Set(Box<SetArguments>),
    /// Takes credentials away.
    Remove {
        /// Name or id.
        credential: String,
    },
    /// Sets the order in which they are tried.
    Order {
        /// Names or ids, all of them, the first tried first.
        #[arg(required = true)]
        credentials: Vec<String>,
    },
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true).args(["name", "user", "v2c"])))]
pub struct SetArguments {
    /// Name or id.
    credential: String,
    /// Their new name.
    #[arg(long)]
    name: Option<String>,
    /// SNMPv3: the user's name; its secrets are given anew.
    #[arg(long, conflicts_with = "v2c")]
    user: Option<String>,
    /// SNMPv3: SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.
    #[arg(long, default_value = "SHA-256", conflicts_with = "v2c")]
    auth_protocol: String,
    /// SNMPv3: as in `credentials add`.
    #[arg(long, default_value = "AES-128", conflicts_with = "v2c")]
    priv_protocol: String,
    /// SNMPv3: contextName, usually none.
    #[arg(long, requires = "user")]
    context: Option<String>,
    /// SNMPv2c: the community is given anew.
    #[arg(long)]
    v2c: bool,
    /// Read the secrets from standard input.
    #[arg(long)]
    secrets_stdin: bool,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// New credentials.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("kind").required(true).args(["user", "v2c"])))]
pub struct AddArguments {
    /// Their name.
    #[arg(long)]
    name: String,
    /// SNMPv3: the user's name.
    #[arg(long)]
    user: Option<String>,
    /// SNMPv3: SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.
    #[arg(long, default_value = "SHA-256", conflicts_with = "v2c")]
    auth_protocol: String,
    /// SNMPv3: AES-128, AES-192, AES-256 (key extension of Blumenthal), AES-192-Reeder or AES-256-Reeder
    /// (Cisco's); none for authentication alone.
    #[arg(long, default_value = "AES-128", conflicts_with = "v2c")]
    priv_protocol: String,
    /// SNMPv3: contextName, usually none.
    #[arg(long, requires = "user")]
    context: Option<String>,
    /// SNMPv2c, with a community: only elements that allow it are asked.
    #[arg(long)]
    v2c: bool,
    /// Read the secrets from standard input, a line each: the authentication password, then the privacy
    /// password; or the community.
    #[arg(long)]
    secrets_stdin: bool,
}

/// Does it.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    match verb {
        Verb::List(paging) => list::<Credential>(session, "/credentials", Filters::default(), &paging).await,
        Verb::Add(arguments) => {
            let body = collect(arguments)?;
            show::<Credential>(&session.out, session.client.post("/credentials", &body).await?)
        }
        Verb::Set(arguments) => set(session, *arguments).await,
        Verb::Remove { credential } => {
            let id = resolve(session, &credential).await?;
            answer(&session.out, &session.client.delete::<Value>(&format!("/credentials/{id}")).await?)
        }
        Verb::Order { credentials } => {
            let mut order = Vec::with_capacity(credentials.len());
            for credential in &credentials {
                order.push(resolve(session, credential).await?);
            }
            let body = CredentialOrder { order };
            answer(&session.out, &session.client.put::<_, Value>("/credentials/order", &body).await?)
        }
    }
}

async fn set(session: &Session, arguments: SetArguments) -> Result<(), Fault> {
    let path = format!("/credentials/{}", resolve(session, &arguments.credential).await?);
    let reason = arguments.reason.get()?;
    let with_secrets = arguments.v2c || arguments.user.is_some();
    let given = if with_secrets {
        Some(collect(AddArguments {
            name: String::new(),
            user: arguments.user,
            auth_protocol: arguments.auth_protocol,
            priv_protocol: arguments.priv_protocol,
            context: arguments.context,
            v2c: arguments.v2c,
            secrets_stdin: arguments.secrets_stdin,
        })?)
    } else {
        None
    };
    let given = given.as_ref();
    let body = CredentialChange {
        reason,
        name: arguments.name,
        kind: given.map(|given| given.kind.clone()),
        community: given.and_then(|given| given.community.clone()),
        user: given.and_then(|given| given.user.clone()),
        auth_protocol: given.and_then(|given| given.auth_protocol.clone()),
        auth_password: given.and_then(|given| given.auth_password.clone()),
        priv_protocol: given.and_then(|given| given.priv_protocol.clone()),
        priv_password: given.and_then(|given| given.priv_password.clone()),
        context: given.and_then(|given| given.context.clone()),
    };
    show::<Credential>(&session.out, session.client.patch(&path, &body).await?)
}

fn collect(arguments: AddArguments) -> Result<NewCredential, Fault> {
    let stdin = arguments.secrets_stdin;
    let mut body = NewCredential {
        name: arguments.name,
        kind: if arguments.v2c { "v2c" } else { "v3" }.to_owned(),
        community: None,
        user: arguments.user,
        auth_protocol: None,
        auth_password: None,
        priv_protocol: None,
        priv_password: None,
        context: arguments.context,
    };
    if arguments.v2c {
        body.community = Some(secret("Community", "NETWARDEN_COMMUNITY", stdin)?.to_string());
        return Ok(body);
    }
    body.auth_protocol = Some(arguments.auth_protocol);
    body.auth_password =
        Some(secret("Authentication password", "NETWARDEN_AUTH_PASSWORD", stdin)?.to_string());
    if !arguments.priv_protocol.eq_ignore_ascii_case("none") {
        body.priv_protocol = Some(arguments.priv_protocol);
        body.priv_password = Some(secret("Privacy password", "NETWARDEN_PRIV_PASSWORD", stdin)?.to_string());
    }
    Ok(body)
}

async fn resolve(session: &Session, named: &str) -> Result<i64, Fault> {
    let all: Vec<Credential> = everything(session, "/credentials", &[]).await?;
    let by_name = all.iter().find(|credential| credential.name == named);
    let found = by_name.or_else(|| all.iter().find(|credential| credential.id.to_string() == named));
    match found {
        Some(credential) => Ok(credential.id),
        None => Err(Fault::NotFound { what: "credential", name: named.to_owned() }),
    }
}

impl Tabular for Credential {
    const COLUMNS: &'static [&'static str] = &["position", "name", "kind", "id"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![self.position.into(), Cell::from(&self.name), Cell::from(&self.kind), self.id.into()]
    }
}

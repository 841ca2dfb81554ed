//! `netwarden factors …`: one's own second factors.

use clap::Subcommand;
use netwarden_api::client::Method;
use netwarden_api::factor::{BegunFactor, Code, Factor, NewFactor, Proven};
use serde_json::Value;

use super::ask::secret;
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list};
use super::session::Session;
use crate::output::{Cell, Format};

/// Verbs of second factors.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Lists your second factors.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Begins to set one up; prints what an authenticator app needs. The password is asked again.
    Add {
        /// What to call it, for instance phone.
        label: String,
        /// Read the password from standard input, a line.
        #[arg(long)]
        secrets_stdin: bool,
    },
    /// Ends the setting up with the first code; prints the session's new token.
    Confirm {
        /// Its id.
        id: i64,
        /// The code that the app shows.
        code: String,
    },
    /// Takes one away.
    Remove {
        /// Its id.
        id: i64,
    },
    /// Proves a second factor once more, as dangerous operations ask; prints the session's new token.
    Prove {
        /// The code that the app shows.
        code: String,
    },
}

/// Does what is said of second factors.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::List { paging } => list::<Factor>(session, "/factors", Filters::default(), &paging).await,
        Verb::Add { label, secrets_stdin } => {
            let password = secret("Your password", "NETWARDEN_PASSWORD", secrets_stdin)?.to_string();
            let begun: BegunFactor = client.post("/factors", &NewFactor { label, password }).await?;
            if out.format == Format::Json {
                return out.json(&begun);
            }
            out.write(&format!("{}\n{}\n", begun.secret, begun.uri))?;
            out.note(&format!(
                "It is shown this once. Put it into an app, then: netwarden factors confirm {} CODE",
                begun.id
            ));
            Ok(())
        }
        Verb::Confirm { id, code } => {
            proven(session, &client.post(&format!("/factors/{id}/confirm"), &Code { code }).await?)
        }
        Verb::Remove { id } => {
            answer(out, &client.request(Method::DELETE, &format!("/factors/{id}")).send::<Value>().await?)
        }
        Verb::Prove { code } => proven(session, &client.post("/sessions/own/prove", &Code { code }).await?),
    }
}

fn proven(session: &Session, proven: &Proven) -> Result<(), Fault> {
    let out = &session.out;
    if out.format == Format::Json {
        return out.json(proven);
    }
    out.write(&format!("{}\n", crate::output::plain(&proven.token)))?;
    out.note("It is shown this once and takes the place of the one before; put it into NETWARDEN_TOKEN.");
    Ok(())
}

impl Tabular for Factor {
    const COLUMNS: &'static [&'static str] = &["id", "kind", "label", "confirmed", "created", "last used"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::Text(self.id.to_string()),
            Cell::from(&self.kind),
            Cell::from(&self.label),
            self.confirmed.into(),
            Some(self.created_at).into(),
            self.last_used_at.into(),
        ]
    }
}

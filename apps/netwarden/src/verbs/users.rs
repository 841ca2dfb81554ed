//! `netwarden users …`, `tokens …` and `login`: people and what they carry.

use clap::{Args, Subcommand};
use netwarden_api::client::{Method, segment};
use netwarden_api::endpoint::Reason;
use netwarden_api::system::{
    ListedSession, Login, NewToken, NewUser, OneTimePassword, Secret, Token, User, UserChange,
};
use serde_json::Value;

use super::ask::{ReasonArgument, new_secret, secret};
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, answer, list, show};
use super::session::{Printer, Session};
use crate::output::{Cell, Format, Rows};

/// Verbs of users.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Lists users.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Makes a user. The first password is asked for, or read from NETWARDEN_NEW_PASSWORD or standard
    /// input; it must be changed at the first login.
    Add(AddArguments),
    /// Shows a user.
    Show {
        /// The user's name.
        name: String,
    },
    /// Changes a user: roles, whether they may log in, which local user they are, how they are reached.
    Set(UserSetArguments),
    /// Gives a user a one-time password and prints it, this once; ends their sessions and tokens.
    ResetPassword(UserAct),
    /// Lifts the lock that failed logins have brought upon a user.
    Unlock(UserAct),
    /// Deletes a user with their tokens and sessions.
    Remove(UserAct),
}

/// A new user.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The user's name.
    name: String,
    /// Administrator, Operator, Helpdesk or Revisor; can be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// Read the password from standard input.
    #[arg(long)]
    secrets_stdin: bool,
}

/// Verbs of tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Lists your tokens; never their secrets.
    List {
        /// Everybody's.
        #[arg(long)]
        everybody: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// Makes a token and prints it, this once.
    Add(TokenArguments),
    /// Ends a token.
    Revoke {
        /// Its id, from the list.
        id: String,
    },
}

/// A new token.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// What it is for.
    name: String,
    /// Whose it is: another account's than one's own needs token.create.
    #[arg(long)]
    user: Option<String>,
    /// Days until it ends.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// Only for this operation, for instance endpoint.read; can be given several times. All of yours where
    /// missing.
    #[arg(long = "operation", value_name = "OPERATION")]
    operations: Vec<String>,
}

/// Who logs in.
#[derive(Debug, Args)]
pub struct LoginArguments {
    /// The user's name.
    #[arg(long, default_value = "admin")]
    user: String,
    /// Change the password as well, as the first login demands; asked for, or read from
    /// NETWARDEN_NEW_PASSWORD or standard input (second line).
    #[arg(long)]
    change_password: bool,
    /// Read the password from standard input; else it is asked for, or read from NETWARDEN_PASSWORD.
    #[arg(long)]
    secrets_stdin: bool,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["roles", "enabled", "map_uid", "unmap_uid", "mobile", "mail"])))]
pub struct UserSetArguments {
    /// The user's name.
    name: String,
    /// A role that the user is to have: Administrator, Operator, Helpdesk or Revisor; can be given several
    /// times, and replaces all others.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Whether the user may log in.
    #[arg(long, value_name = "yes|no", value_parser = clap::builder::BoolishValueParser::new(),
        action = clap::ArgAction::Set)]
    enabled: Option<bool>,
    /// The local user with this uid is this user on the local socket.
    #[arg(long, value_name = "UID", conflicts_with = "unmap_uid")]
    map_uid: Option<u32>,
    /// The local user with this uid is nobody any longer.
    #[arg(long, value_name = "UID")]
    unmap_uid: Option<u32>,
    /// Mobile number; empty for none. It is stored encrypted, and no password of the user may hold it.
    #[arg(long, value_name = "NUMBER")]
    mobile: Option<String>,
    /// Mail address; empty for none. It is stored encrypted, and no password of the user may hold it.
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// A user and a reason.
#[derive(Debug, Args)]
pub struct UserAct {
    /// The user's name.
    name: String,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// Verbs of sessions.
#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// Lists everybody's sessions.
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows who one is oneself.
    Show,
    /// Ends somebody's session; without an id one's own.
    End {
        /// Its id, from the list.
        id: Option<i64>,
        #[command(flatten)]
        reason: ReasonArgument,
    },
}

/// Does what is said of sessions.
pub async fn run_sessions(session: &Session, verb: SessionVerb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        SessionVerb::List { paging } => {
            list::<ListedSession>(session, "/sessions", Filters::default(), &paging).await
        }
        SessionVerb::Show => answer(out, &client.get::<Value>("/sessions/own", &[]).await?),
        SessionVerb::End { id: None, .. } => answer(out, &client.delete::<Value>("/sessions/own").await?),
        SessionVerb::End { id: Some(id), reason } => {
            let query = [("reason", reason.get()?)];
            let request = client.request(Method::DELETE, &format!("/sessions/{id}")).query(&query);
            answer(out, &request.send::<Value>().await?)
        }
    }
}

fn user_path(name: &str, below: &str) -> String {
    format!("/users/{}{below}", segment(name))
}

/// Does what is said of users.
pub async fn run(session: &Session, verb: UserVerb) -> Result<(), Fault> {
    match verb {
        UserVerb::List { paging } => list::<User>(session, "/users", Filters::default(), &paging).await,
        UserVerb::Show { name } => {
            show::<User>(&session.out, session.client.get(&user_path(&name, ""), &[]).await?)
        }
        UserVerb::Set(arguments) => {
            let body = UserChange {
                reason: arguments.reason.get()?,
                roles: (!arguments.roles.is_empty()).then_some(arguments.roles),
                enabled: arguments.enabled,
                map_uid: arguments.map_uid,
                unmap_uid: arguments.unmap_uid,
                mobile: arguments.mobile,
                mail: arguments.mail,
            };
            let path = user_path(&arguments.name, "");
            show::<User>(&session.out, session.client.patch(&path, &body).await?)
        }
        UserVerb::ResetPassword(UserAct { name, reason }) => {
            let body = Reason { reason: reason.get()? };
            let made: OneTimePassword =
                session.client.post(&user_path(&name, "/reset-password"), &body).await?;
            match session.out.format {
                Format::Json => session.out.json(&made),
                _ => {
                    session.out.write(&format!("{}\n", crate::output::plain(&made.password)))?;
                    session.out.note("It is shown this once and must be changed at the next login.");
                    Ok(())
                }
            }
        }
        UserVerb::Unlock(UserAct { name, reason }) => {
            let body = Reason { reason: reason.get()? };
            answer(&session.out, &session.client.post::<_, Value>(&user_path(&name, "/unlock"), &body).await?)
        }
        UserVerb::Remove(UserAct { name, reason }) => {
            let query = [("reason", reason.get()?)];
            let request = session.client.request(Method::DELETE, &user_path(&name, "")).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        UserVerb::Add(arguments) => {
            let prompt = format!("First password of {}", arguments.name);
            let password = new_secret(&prompt, "NETWARDEN_NEW_PASSWORD", arguments.secrets_stdin)?;
            let body =
                NewUser { name: arguments.name, password: password.to_string(), roles: arguments.roles };
            show::<User>(&session.out, session.client.post("/users", &body).await?)
        }
    }
}

/// Does what is said of tokens.
pub async fn run_tokens(session: &Session, verb: TokenVerb) -> Result<(), Fault> {
    match verb {
        TokenVerb::List { everybody, paging } => {
            let filters = Filters::default().with("all", everybody.then_some(true));
            list::<Token>(session, "/tokens", filters, &paging).await
        }
        TokenVerb::Add(arguments) => {
            let body = NewToken {
                name: arguments.name,
                days: arguments.days,
                operations: arguments.operations,
                user: arguments.user,
            };
            print(&session.out, &session.client.post("/tokens", &body).await?)
        }
        TokenVerb::Revoke { id } => {
            let request = session.client.request(Method::DELETE, &format!("/tokens/{}", segment(&id)));
            answer(&session.out, &request.send::<Value>().await?)
        }
    }
}

/// Logs in and prints the session's token, so that it can be put into NETWARDEN_TOKEN.
pub async fn login(session: &Session, arguments: LoginArguments) -> Result<(), Fault> {
    let stdin = arguments.secrets_stdin;
    let password = secret(&format!("Password of {}", arguments.user), "NETWARDEN_PASSWORD", stdin)?;
    let new_password = if arguments.change_password {
        Some(new_secret("New password", "NETWARDEN_NEW_PASSWORD", stdin)?.to_string())
    } else {
        None
    };
    let body = Login { user: arguments.user, password: password.to_string(), new_password };
    print(&session.out, &session.client.post("/sessions", &body).await?)
}

fn print(out: &Printer, secret: &Secret) -> Result<(), Fault> {
    match out.format {
        Format::Json => out.json(secret),
        Format::Csv => {
            let mut rows = Rows::new(&["token", "expires"]);
            rows.push_cells([Cell::from(&secret.token), secret.expires_at.into()]);
            out.rows(&rows)
        }
        Format::Table => {
            out.write(&format!("{}\n", crate::output::plain(&secret.token)))?;
            let until = Cell::from(secret.expires_at).shown(&out.zone);
            out.note(&format!("It is shown this once and ends {until}; put it into NETWARDEN_TOKEN."));
            if secret.must_change_password {
                out.note(
                    "Nothing else is permitted before the password is changed: login --change-password.",
                );
            } else if let Some(ends) = secret.password_ends_at {
                let ends = Cell::from(ends).shown(&out.zone);
                out.note(&format!("The password ends {ends}: login --change-password."));
            }
            Ok(())
        }
    }
}

impl Tabular for User {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "roles", "enabled", "last login", "must change password", "mobile", "mail"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.name),
            Cell::Text(self.roles.join(", ")),
            self.enabled.into(),
            self.last_login.into(),
            self.must_change_password.into(),
            Cell::Text(self.mobile.clone().unwrap_or_default()),
            Cell::Text(self.mail.clone().unwrap_or_default()),
        ]
    }
}

impl Tabular for ListedSession {
    const COLUMNS: &'static [&'static str] = &["id", "user", "address", "opened", "last used", "ends"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.user),
            Cell::from(&self.address),
            self.created_at.into(),
            self.last_used_at.into(),
            self.ends_at.into(),
        ]
    }
}

impl Tabular for Token {
    const COLUMNS: &'static [&'static str] = &["id", "name", "user", "expires", "revoked", "operations"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.name),
            Cell::from(&self.user),
            self.expires_at.into(),
            self.revoked_at.into(),
            Cell::Text(self.operations.join(" ")),
        ]
    }
}

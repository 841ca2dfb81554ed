//! `netwarden users …`, `tokens …` and `login`: people and what they carry.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::account::{Acknowledgement, AttributeChanges, ImportedUsers, ListedLogin, SharedAccount};
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
    /// Makes users from a CSV file (columns name, roles, like, mobile, mail, description, labels, address_policy,
    /// hours_policy, max_sessions, valid_days), and prints each one-time password, this once.
    Import {
        /// The file; - for standard input.
        file: PathBuf,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Gives a user a one-time password and prints it, this once; ends their sessions and tokens.
    ResetPassword(UserAct),
    /// Takes all second factors from a user who has lost theirs, and ends their sessions.
    ResetFactors(UserAct),
    /// Lifts the lock that failed logins have brought upon a user.
    Unlock(UserAct),
    /// Deletes a user with their tokens and sessions.
    Remove(UserAct),
    /// Erases a person: the account, where there still is one, and its attributes in the audit trail; what it did
    /// stays there under its name.
    Erase(UserAct),
}

/// A new user.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// The user's name.
    name: String,
    /// Administrator, Operator, Helpdesk or Revisor; can be given several times.
    #[arg(long = "role", required_unless_present = "like")]
    roles: Vec<String>,
    /// Like this user: with their roles, attributes and login policies where nothing else is said.
    #[arg(long, value_name = "USER")]
    like: Option<String>,
    /// The tenant to which it is to belong, on the tenants' plane; your own where missing.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Mobile number. It is stored encrypted, and no password of the user may hold it.
    #[arg(long, value_name = "NUMBER")]
    mobile: Option<String>,
    /// Mail address. It is stored encrypted, and no password of the user may hold it.
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    #[command(flatten)]
    attributes: AttributeArguments,
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
    /// Only in this domain; can be given several times. As far as its owner where missing.
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
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
    /// A code of your second factor, where you have one.
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Read the password from standard input; else it is asked for, or read from NETWARDEN_PASSWORD.
    #[arg(long)]
    secrets_stdin: bool,
}

/// What to change.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["roles", "enabled", "map_uid", "unmap_uid", "mobile", "mail", "description", "welcome", "labels",
        "address_policy", "hours_policy", "max_sessions", "valid_days", "allowed_logins", "unused_days",
        "unused_act", "idle_s", "password_validity_days", "password_warning_days", "password_min_use_days",
        "clear"])))]
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
    attributes: AttributeArguments,
    /// An attribute that is to be as the account policy has it again, by the name of its option without the
    /// dashes in front, for instance idle-s; can be given several times.
    #[arg(long, value_name = "ATTRIBUTE")]
    clear: Vec<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// What is set of a user.
#[derive(Debug, Args)]
#[command(next_help_heading = "Attributes")]
pub struct AttributeArguments {
    /// What the account is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What the user is told after each login.
    #[arg(long, value_name = "TEXT")]
    welcome: Option<String>,
    /// A word that conditions of roles ask for; can be given several times, and replaces all others.
    #[arg(long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// The login policy that says from where the account may be used.
    #[arg(long, value_name = "POLICY")]
    address_policy: Option<String>,
    /// The login policy that says when the account may be used.
    #[arg(long, value_name = "POLICY")]
    hours_policy: Option<String>,
    /// Sessions at once, 1 to 1000.
    #[arg(long, value_name = "NUMBER")]
    max_sessions: Option<u32>,
    /// The account ends so many days from now, 1 to 3660.
    #[arg(long, value_name = "DAYS")]
    valid_days: Option<u32>,
    /// Logins from now on, 1 to 1000000.
    #[arg(long, value_name = "NUMBER")]
    allowed_logins: Option<u32>,
    /// After so many days without a login, token or local socket, 1 to 3660 ...
    #[arg(long, value_name = "DAYS")]
    unused_days: Option<u32>,
    /// ... this becomes of the account.
    #[arg(long, value_name = "none|disable|delete")]
    unused_act: Option<String>,
    /// A session ends after so many seconds without a request, 60 to 86400; 0 for never.
    #[arg(long, value_name = "SECONDS")]
    idle_s: Option<u32>,
    /// A password ends so many days after it was set, 1 to 3660; 0 for never.
    #[arg(long, value_name = "DAYS")]
    password_validity_days: Option<u32>,
    /// The user is told so many days before, 1 to 90.
    #[arg(long, value_name = "DAYS")]
    password_warning_days: Option<u32>,
    /// The user may change it after so many days at the earliest, 0 to 3660.
    #[arg(long, value_name = "DAYS")]
    password_min_use_days: Option<u32>,
}

impl AttributeArguments {
    fn changes(self, clear: &[String]) -> AttributeChanges {
        AttributeChanges {
            description: self.description,
            welcome: self.welcome,
            labels: (!self.labels.is_empty()).then_some(self.labels),
            address_policy: self.address_policy,
            hours_policy: self.hours_policy,
            max_sessions: self.max_sessions,
            valid_days: self.valid_days,
            allowed_logins: self.allowed_logins,
            unused_days: self.unused_days,
            unused_act: self.unused_act,
            idle_s: self.idle_s,
            password_validity_days: self.password_validity_days,
            password_warning_days: self.password_warning_days,
            password_min_use_days: self.password_min_use_days,
            clear: clear.iter().map(|name| name.trim_start_matches('-').replace('-', "_")).collect(),
        }
    }
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
    /// Lists your own sessions.
    Own {
        #[command(flatten)]
        paging: Paging,
    },
    /// Lists accounts that two people seem to use, with what was seen.
    Shared {
        #[command(flatten)]
        paging: Paging,
    },
    /// Lists logins, let in and refused: your own.
    Logins {
        /// Everybody's.
        #[arg(long)]
        everybody: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows who one is oneself, and what there is to be told since the last login.
    Show,
    /// Says that what there was to be told after the login was read.
    Acknowledge,
    /// Ends a session, somebody else's with a reason; without an id the one in use.
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
        SessionVerb::Own { paging } => {
            list::<ListedSession>(session, "/sessions", Filters::default().with("own", Some(true)), &paging)
                .await
        }
        SessionVerb::Shared { paging } => {
            list::<SharedAccount>(session, "/sharings", Filters::default(), &paging).await
        }
        SessionVerb::Logins { everybody, paging } => {
            let filters = Filters::default().with("all", everybody.then_some(true));
            list::<ListedLogin>(session, "/logins", filters, &paging).await
        }
        SessionVerb::Acknowledge => {
            let own: netwarden_api::system::Session = client.get("/sessions/own", &[]).await?;
            let failures = own.notice.map_or(0, |notice| notice.failures);
            let body = Acknowledgement { failures };
            answer(out, &client.post::<_, Value>("/sessions/own/acknowledge", &body).await?)
        }
        SessionVerb::Show => answer(out, &client.get::<Value>("/sessions/own", &[]).await?),
        SessionVerb::End { id: None, .. } => answer(out, &client.delete::<Value>("/sessions/own").await?),
        SessionVerb::End { id: Some(id), reason } => {
            // Of one's own none is asked; the server says where one is needed.
            let query = [("reason", reason.reason.unwrap_or_default())];
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
                attributes: arguments.attributes.changes(&arguments.clear),
            };
            let path = user_path(&arguments.name, "");
            show::<User>(&session.out, session.client.patch(&path, &body).await?)
        }
        UserVerb::ResetFactors(UserAct { name, reason }) => {
            let query = [("reason", reason.get()?)];
            let request = session.client.request(Method::DELETE, &user_path(&name, "/factors")).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        UserVerb::Import { file, reason } => {
            let text = super::import::read(&file)?;
            let request = session.client.request(Method::POST, "/imports/users");
            let request = request.query(&[("reason", reason.get()?)]).text("text/csv", text);
            imported(&session.out, &request.send().await?)
        }
        UserVerb::ResetPassword(UserAct { name, reason }) => {
            let body = Reason { reason: reason.get()? };
            let made: OneTimePassword =
                session.client.post(&user_path(&name, "/reset-password"), &body).await?;
            shown_once(&session.out, &made)
        }
        UserVerb::Unlock(UserAct { name, reason }) => {
            let body = Reason { reason: reason.get()? };
            answer(&session.out, &session.client.post::<_, Value>(&user_path(&name, "/unlock"), &body).await?)
        }
        UserVerb::Erase(UserAct { name, reason }) => {
            let body = Reason { reason: reason.get()? };
            answer(&session.out, &session.client.post::<_, Value>(&user_path(&name, "/erase"), &body).await?)
        }
        UserVerb::Remove(UserAct { name, reason }) => {
            let query = [("reason", reason.get()?)];
            let request = session.client.request(Method::DELETE, &user_path(&name, "")).query(&query);
            answer(&session.out, &request.send::<Value>().await?)
        }
        UserVerb::Add(arguments) => {
            let prompt = format!("First password of {}", arguments.name);
            let password = new_secret(&prompt, "NETWARDEN_NEW_PASSWORD", arguments.secrets_stdin)?;
            let body = NewUser {
                name: arguments.name,
                password: password.to_string(),
                roles: arguments.roles,
                like: arguments.like,
                tenant: arguments.tenant,
                mobile: arguments.mobile,
                mail: arguments.mail,
                attributes: arguments.attributes.changes(&[]),
            };
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
                domains: arguments.domains,
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

/// A one-time password on standard output, what is to be done with it beside.
pub fn shown_once(out: &Printer, made: &OneTimePassword) -> Result<(), Fault> {
    if out.format == Format::Json {
        return out.json(made);
    }
    out.write(&format!("{}\n", crate::output::plain(&made.password)))?;
    out.note("It is shown this once and must be changed at the next login.");
    Ok(())
}

/// Names and passwords on standard output, what was refused beside it.
fn imported(out: &Printer, imported: &ImportedUsers) -> Result<(), Fault> {
    if out.format == Format::Json {
        out.json(imported)?;
    } else {
        let mut rows = Rows::new(&["name", "one-time password"]);
        for made in &imported.made {
            rows.push_cells([Cell::from(&made.name), Cell::from(&made.password)]);
        }
        out.rows(&rows)?;
        for refused in &imported.refused {
            out.note(refused);
        }
        if !imported.made.is_empty() {
            out.note("The passwords are shown this once and must be changed at the next login.");
        }
    }
    super::import::judge(imported.refused.len())
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
    let code = arguments.code;
    let body = Login { user: arguments.user, password: password.to_string(), new_password, code };
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
            match secret.second_factor.as_deref() {
                Some("missing") => out.note(
                    "Nothing else is permitted before the second factor is proven: login --code, or factors prove.",
                ),
                Some("to_be_made") => out.note(
                    "Nothing else is permitted before a second factor is set up: factors add, in the console or here.",
                ),
                _ => {}
            }
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
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "roles",
        "enabled",
        "last login",
        "must change password",
        "mobile",
        "mail",
        "kind",
        "made",
        "last used",
        "description",
        "welcome",
        "labels",
        "address policy",
        "hours policy",
        "max sessions",
        "valid until",
        "allowed logins",
        "used logins",
        "unused days",
        "unused act",
        "idle s",
        "password validity days",
        "password warning days",
        "password min use days",
    ];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        let of = &self.attributes;
        let text = |text: &Option<String>| Cell::Text(text.clone().unwrap_or_default());
        let number =
            |number: Option<u32>| number.map_or_else(|| Cell::from(""), |n| Cell::Number(n.to_string()));
        vec![
            self.id.into(),
            Cell::from(&self.name),
            Cell::Text(self.roles.join(", ")),
            self.enabled.into(),
            self.last_login.into(),
            self.must_change_password.into(),
            Cell::Text(self.mobile.clone().unwrap_or_default()),
            Cell::Text(self.mail.clone().unwrap_or_default()),
            Cell::from(&self.kind),
            self.created_at.into(),
            self.last_used_at.into(),
            text(&of.description),
            text(&of.welcome),
            Cell::Text(of.labels.join(" ")),
            text(&of.address_policy),
            text(&of.hours_policy),
            number(of.max_sessions),
            of.valid_until.into(),
            number(of.allowed_logins),
            number(of.used_logins),
            number(of.unused_days),
            text(&of.unused_act),
            number(of.idle_s),
            number(of.password_validity_days),
            number(of.password_warning_days),
            number(of.password_min_use_days),
        ]
    }
}

impl Tabular for ListedSession {
    const COLUMNS: &'static [&'static str] =
        &["id", "user", "address", "opened", "last used", "did last", "to", "ends", "did it"];
    const BRIEF: usize = 7;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.user),
            Cell::from(&self.address),
            self.created_at.into(),
            self.last_used_at.into(),
            Cell::Text(self.operation.clone().unwrap_or_default()),
            Cell::Text(self.object.clone().unwrap_or_default()),
            self.ends_at.into(),
            self.operation_at.into(),
        ]
    }
}

impl Tabular for SharedAccount {
    const COLUMNS: &'static [&'static str] = &["at", "user", "kind", "what", "id"];
    const BRIEF: usize = 4;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.at.into(),
            Cell::from(&self.user),
            Cell::from(&self.kind),
            Cell::Text(self.told.clone()),
            self.id.into(),
        ]
    }
}

impl Tabular for ListedLogin {
    const COLUMNS: &'static [&'static str] = &["id", "at", "user", "address", "refused"];
    const BRIEF: usize = 5;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.at.into(),
            Cell::from(&self.user),
            Cell::from(&self.address),
            Cell::Text(self.refused.clone().unwrap_or_default()),
        ]
    }
}

impl Tabular for Token {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "user", "expires", "revoked", "last used", "domains", "operations"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            Cell::from(&self.name),
            Cell::from(&self.user),
            self.expires_at.into(),
            self.revoked_at.into(),
            self.last_used_at.into(),
            Cell::Text(self.domains.join(" ")),
            Cell::Text(self.operations.join(" ")),
        ]
    }
}

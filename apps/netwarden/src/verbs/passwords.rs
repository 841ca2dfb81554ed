//! `netwarden passwords …`: what is asked of passwords.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use netwarden_api::client::Method;
use netwarden_api::password::{
    DictionaryTaken, PasswordPolicy, PasswordPolicyChange, PasswordRule, PasswordTrial, PasswordVerdict,
    RuleSetting,
};

use super::ask::{ReasonArgument, secret};
use super::fault::Fault;
use super::list::{Filters, Paging, Tabular, list, show};
use super::session::Session;
use crate::output::{Cell, Format, Rows};

/// Verbs of passwords.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows the profile, how passwords are hashed, the dictionaries and the conflicts with profiles.
    Show,
    /// Lists the rules, each with its switch, number, range and conflicts.
    Rules {
        #[command(flatten)]
        paging: Paging,
    },
    /// Sets rules: a number switches a rule on and sets it, on and off alone switch it.
    Set(SetArguments),
    /// Puts a dictionary in place of the present one: one word a line, at most 1 MiB. An empty file empties it.
    Dictionary {
        /// The file; `-` is standard input.
        file: PathBuf,
        #[command(flatten)]
        reason: ReasonArgument,
    },
    /// Tries a password against the rules. It is asked for, or read from NETWARDEN_TRY_PASSWORD or standard
    /// input; it is neither stored nor recorded.
    Try(TryArguments),
}

/// What to set.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["rules", "profile", "warning_days", "hash", "hacker_words"])))]
pub struct SetArguments {
    /// Rules as RULE=NUMBER, RULE=on or RULE=off, for instance min_length=12; can be given several times.
    #[arg(value_name = "RULE=VALUE", value_parser = rule)]
    rules: Vec<(String, RuleSetting)>,
    /// All rules as under this profile first: source, 3gpp-33.117 or nist-800-63b.
    #[arg(long)]
    profile: Option<String>,
    /// Days before a password's end from which its owner is told.
    #[arg(long, value_name = "DAYS")]
    warning_days: Option<u32>,
    /// How new passwords are hashed: pbkdf2-sha256, argon2id, or either with its cost.
    #[arg(long, value_name = "WAY")]
    hash: Option<String>,
    /// A word of the hacker dictionary; can be given several times, and replaces all others.
    #[arg(long = "hacker-word", value_name = "WORD")]
    hacker_words: Vec<String>,
    #[command(flatten)]
    reason: ReasonArgument,
}

/// A password to be tried.
#[derive(Debug, Args)]
pub struct TryArguments {
    /// The user whose it would be.
    #[arg(long, default_value = "")]
    user: String,
    /// It would be an administrator's.
    #[arg(long)]
    administrator: bool,
    /// Read the password from standard input.
    #[arg(long)]
    secrets_stdin: bool,
}

fn rule(text: &str) -> Result<(String, RuleSetting), String> {
    let wrong = || format!("'{text}' is no RULE=NUMBER, RULE=on or RULE=off");
    let (rule, value) = text.split_once('=').ok_or_else(wrong)?;
    let setting = match value {
        "on" | "off" => RuleSetting { on: Some(value == "on"), number: None },
        number => RuleSetting { on: Some(true), number: Some(number.parse().map_err(|_| wrong())?) },
    };
    Ok((rule.to_owned(), setting))
}

/// Does what is said of passwords.
pub async fn run(session: &Session, verb: Verb) -> Result<(), Fault> {
    let (client, out) = (&session.client, &session.out);
    match verb {
        Verb::Show => show::<PasswordPolicy>(out, client.get("/policies/passwords", &[]).await?),
        Verb::Rules { paging } => {
            list::<PasswordRule>(session, "/policies/passwords/rules", Filters::default(), &paging).await
        }
        Verb::Set(arguments) => {
            let body = PasswordPolicyChange {
                reason: arguments.reason.get()?,
                profile: arguments.profile,
                rules: arguments.rules.into_iter().collect::<BTreeMap<_, _>>(),
                warning_days: arguments.warning_days,
                hash: arguments.hash,
                hacker_words: (!arguments.hacker_words.is_empty()).then_some(arguments.hacker_words),
            };
            show::<PasswordPolicy>(out, client.patch("/policies/passwords", &body).await?)
        }
        Verb::Dictionary { file, reason } => {
            let words = super::import::read(&file)?;
            let request = client
                .request(Method::PUT, "/policies/passwords/dictionary")
                .query(&[("reason", reason.get()?)])
                .text("text/plain", words);
            show::<DictionaryTaken>(out, request.send().await?)
        }
        Verb::Try(arguments) => {
            let password = secret("Password to try", "NETWARDEN_TRY_PASSWORD", arguments.secrets_stdin)?;
            let body = PasswordTrial {
                password: password.to_string(),
                user: arguments.user,
                is_administrator: arguments.administrator,
            };
            verdict(session, &client.post("/policies/passwords/try", &body).await?)
        }
    }
}

/// A password that breaks rules makes the exit code 1.
fn verdict(session: &Session, verdict: &PasswordVerdict) -> Result<(), Fault> {
    match session.out.format {
        Format::Json => session.out.json(verdict)?,
        _ => {
            let mut rows = Rows::new(&["rule", "broken"]);
            for broken in &verdict.broken {
                rows.push_cells([Cell::from(&broken.rule), Cell::from(&broken.text)]);
            }
            session.out.rows(&rows)?;
        }
    }
    match verdict.good {
        true => Ok(()),
        false => Err(Fault::Bad("the password breaks rules".to_owned())),
    }
}

impl Tabular for PasswordRule {
    const COLUMNS: &'static [&'static str] =
        &["no", "rule", "on", "number", "unit", "asks", "least", "most", "usual", "conflicts"];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        let number =
            |number: Option<u32>| number.map_or_else(|| Cell::from(""), |n| Cell::Number(n.to_string()));
        let conflicts: Vec<&str> = self.conflicts.iter().map(|conflict| conflict.text.as_str()).collect();
        vec![
            Cell::Number(self.position.to_string()),
            Cell::from(&self.rule),
            self.on.into(),
            number(self.number),
            Cell::Text(self.unit.clone().unwrap_or_default()),
            Cell::from(&self.text),
            number(self.least),
            number(self.most),
            number(self.usual),
            Cell::Text(conflicts.join("; ")),
        ]
    }
}

impl Tabular for PasswordPolicy {
    const COLUMNS: &'static [&'static str] = &[
        "profile",
        "warning days",
        "hash",
        "dictionary words",
        "dictionary of",
        "dictionary by",
        "hacker words",
        "conflicts",
    ];
    const BRIEF: usize = 6;

    fn cells(&self) -> Vec<Cell> {
        let conflicts: Vec<&str> = self.conflicts.iter().map(|conflict| conflict.text.as_str()).collect();
        vec![
            Cell::from(&self.profile),
            Cell::Number(self.warning_days.to_string()),
            Cell::from(&self.hash),
            Cell::Number(self.dictionary_words.to_string()),
            self.dictionary_changed_at.into(),
            Cell::Text(self.dictionary_changed_by.clone().unwrap_or_default()),
            Cell::Text(self.hacker_words.join(" ")),
            Cell::Text(conflicts.join("; ")),
        ]
    }
}

impl Tabular for DictionaryTaken {
    const COLUMNS: &'static [&'static str] = &["words", "left out"];
    const BRIEF: usize = 2;

    fn cells(&self) -> Vec<Cell> {
        vec![Cell::Number(self.words.to_string()), Cell::Number(self.left_out.to_string())]
    }
}

//! What is set of an account, as fields of a form: empty for what the account policy says.

use std::collections::BTreeSet;

use netwarden_identity::{Account, Attributes, AttributesEdit, Operation, UnusedAct};
use netwarden_operate::{Desk, ListWish, OperateError, PolicyKind, Said};

use super::act::Given;
use super::form::{Field, Kind};
use super::language::Language;
use super::visitor::Visitor;
use crate::refusal::Refusal;

/// Login policies to choose from, at most.
const MOST_POLICIES: u64 = 1_000;

/// What an account is to be set, with its login policies.
pub(super) struct Wanted {
    pub(super) attributes: AttributesEdit,
    pub(super) address_policy: Option<Option<String>>,
    pub(super) hours_policy: Option<Option<String>>,
}

/// Attributes that are numbers, with the bounds of their fields.
const NUMBERS: [(&str, i64, i64); 7] = [
    ("max_sessions", 1, 1_000),
    ("valid_days", 0, 3_660),
    ("allowed_logins", 1, 1_000_000),
    ("idle_s", 0, 86_400),
    ("password_validity_days", 0, 3_660),
    ("password_warning_days", 1, 90),
    ("password_min_use_days", 0, 3_660),
];

fn present(of: &Attributes, name: &str) -> Option<u32> {
    match name {
        "max_sessions" => of.max_sessions,
        "allowed_logins" => of.allowed_logins,
        "idle_s" => of.idle_s,
        "password_validity_days" => of.renewal.validity_days,
        "password_warning_days" => of.renewal.warning_days,
        "password_min_use_days" => of.renewal.min_use_days,
        // An end is a time: the days to it are written anew.
        _ => None,
    }
}

/// The fields, filled in with what an account has.
pub(super) async fn fields(
    desk: &Desk,
    visitor: &Visitor,
    account: Option<&Account>,
) -> Result<Vec<Field>, Refusal> {
    let l = visitor.language();
    let usual = Attributes::default();
    let of = account.map_or(&usual, |account| &account.attributes);
    let (by_address, by_hours) = account
        .map(|account| (account.address_policy.clone(), account.hours_policy.clone()))
        .unwrap_or_default();
    let addresses = policies(desk, visitor, PolicyKind::Addresses, by_address.as_deref()).await?;
    let hours = policies(desk, visitor, PolicyKind::Hours, by_hours.as_deref()).await?;
    let unused_act = of.unused_act.map_or("", UnusedAct::as_str);
    let acts = UnusedAct::ALL.map(|act| (act.as_str().to_owned(), l.word("unused-act", act.as_str())));
    let acts = std::iter::once((String::new(), l.t("attribute-as-policy"))).chain(acts).collect();
    let heading = |key: &'static str| Field::new(key, l.t(key), Kind::Heading);
    let mut fields = vec![
        Field::new("description", l.word("attribute", "description"), Kind::Text).with(&*of.description),
        Field::new("welcome", l.word("attribute", "welcome"), Kind::Lines(2))
            .with(&*of.welcome)
            .hinted(l.t("attribute-welcome-hint")),
        Field::new("labels", l.word("attribute", "labels"), Kind::Text)
            .with(of.labels.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
            .hinted(l.t("attribute-labels-hint")),
        heading("attributes-of-use"),
        Field::new("address_policy", l.word("attribute", "address_policy"), Kind::Choice(addresses))
            .with(by_address.unwrap_or_default()),
        Field::new("hours_policy", l.word("attribute", "hours_policy"), Kind::Choice(hours))
            .with(by_hours.unwrap_or_default()),
    ];
    for (name, least, most) in NUMBERS {
        if name == "password_validity_days" {
            fields.push(heading("attributes-of-password"));
        }
        let value = present(of, name).map(|number| number.to_string()).unwrap_or_default();
        let field = Field::new(name, l.word("attribute", name), Kind::Number(least, most)).with(value);
        fields.push(field.hinted(hint(l, account, name)));
    }
    fields.push(heading("attributes-of-disuse"));
    fields.push(
        Field::new("unused_days", l.word("attribute", "unused_days"), Kind::Number(1, 3_660))
            .with(of.unused_days.map(|days| days.to_string()).unwrap_or_default()),
    );
    fields.push(
        Field::new("unused_act", l.word("attribute", "unused_act"), Kind::Choice(acts)).with(unused_act),
    );
    Ok(fields)
}

fn hint(l: Language, account: Option<&Account>, name: &str) -> String {
    let ends = account.and_then(|account| account.attributes.ends);
    match (name, account) {
        ("valid_days", _) => ends.map_or_else(
            || l.t("attribute-valid-hint"),
            |ends| l.t1("attribute-valid-until", "at", ends.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        ),
        ("allowed_logins", Some(account)) if account.attributes.allowed_logins.is_some() => {
            l.t1("attribute-logins-used", "count", account.logins)
        }
        ("idle_s" | "password_validity_days" | "password_min_use_days", _) => l.t("attribute-zero-hint"),
        _ => String::new(),
    }
}

/// Login policies of a kind to choose from, and none. The one that the account follows is always among them, or
/// saving the form would take it away; the others are there for those who may read them.
async fn policies(
    desk: &Desk,
    visitor: &Visitor,
    kind: PolicyKind,
    followed: Option<&str>,
) -> Result<Vec<(String, String)>, Refusal> {
    let mut names: BTreeSet<String> = followed.map(str::to_owned).into_iter().collect();
    if visitor.may(desk, Operation::PolicyRead) {
        let wish = ListWish {
            filters: vec![("kind".to_owned(), kind.as_str().to_owned())],
            sort: Some("name".to_owned()),
            limit: Some(MOST_POLICIES),
            ..ListWish::default()
        };
        let listed = desk.login_policies(visitor.caller(), wish).await?.items;
        names.extend(listed.into_iter().map(|policy| policy.name));
    }
    let none = (String::new(), visitor.language().t("attribute-no-policy"));
    Ok(std::iter::once(none).chain(names.into_iter().map(|name| (name.clone(), name))).collect())
}

/// What the form wants otherwise than the account has it.
pub(super) fn wanted(given: &Given, account: Option<&Account>) -> Result<Wanted, Refusal> {
    let usual = Attributes::default();
    let of = account.map_or(&usual, |account| &account.attributes);
    let text = |name: &str, present: &str| {
        // Browsers send the lines of a text with a CR at their ends.
        let written = given.get(name).map(|written| written.trim().replace("\r\n", "\n"));
        written.filter(|written| written != present)
    };
    let changed = |name: &str| -> Result<Option<Option<u32>>, Refusal> {
        let written = number(given, name)?;
        Ok((written != present(of, name)).then_some(written))
    };
    let followed = |name: &str, present: Option<&Option<String>>| {
        let written = given.text(name);
        (written != present.cloned().flatten()).then_some(written)
    };
    let act = given.text("unused_act").map(|act| act.parse::<UnusedAct>());
    let act = act.transpose().map_err(OperateError::from)?;
    let unused_days = number(given, "unused_days")?;
    Ok(Wanted {
        attributes: AttributesEdit {
            description: text("description", &of.description),
            welcome: text("welcome", &of.welcome),
            labels: given.words("labels").filter(|labels| *labels != of.labels),
            max_sessions: changed("max_sessions")?,
            // An empty field leaves the end alone; 0 takes it away.
            valid_days: number(given, "valid_days")?.map(|days| Some(days).filter(|days| *days > 0)),
            allowed_logins: changed("allowed_logins")?,
            ends: None,
            unused_days: (unused_days != of.unused_days).then_some(unused_days),
            unused_act: (act != of.unused_act).then_some(act),
            idle_s: changed("idle_s")?,
            password_validity_days: changed("password_validity_days")?,
            password_warning_days: changed("password_warning_days")?,
            password_min_use_days: changed("password_min_use_days")?,
        },
        address_policy: followed("address_policy", account.map(|account| &account.address_policy)),
        hours_policy: followed("hours_policy", account.map(|account| &account.hours_policy)),
    })
}

fn number(given: &Given, name: &str) -> Result<Option<u32>, Refusal> {
    let Some(text) = given.text(name) else { return Ok(None) };
    let wrong = |_| {
        OperateError::Invalid(Said::IsNo {
            column: name.to_owned(),
            given: text.chars().take(32).collect(),
            what: Said::WholeNumber.into(),
        })
    };
    Ok(Some(text.parse().map_err(wrong)?))
}

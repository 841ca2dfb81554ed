//! What is asked of passwords: every rule with its switch and number, profiles, the dictionary, and a field to
//! try a password, which is neither stored nor recorded.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_identity::password::{Params, PolicyEdit, Profile, Rule};
use netwarden_operate::{Desk, OperateError, Said, ShownRule};

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, Told, buttons};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::Query;
use crate::refusal::Refusal;
use crate::shape;

const HERE: &str = "/system/passwords";
const COLUMNS: Columns = &[
    ("column-number", Some("position")),
    ("column-rule-asks", None),
    ("column-status", Some("on")),
    ("column-value", None),
    ("column-default", None),
    ("column-range", None),
    ("column-conflicts", None),
];
const LISTING: &Listing =
    &Listing { path: HERE, columns: COLUMNS, filters: FILTERS, file: "passwords.csv", watched: false };
const FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("on", "filter-rule-on", Some(("truth", &["true", "false"]))),
    ("conflicts", "filter-conflicts", Some(("truth", &["true", "false"]))),
];

/// What a rule asks, in the reader's language; `N` stands for its number.
fn text(l: Language, rule: Rule) -> String {
    l.word("password-rule", rule.as_str())
}

fn with_unit(l: Language, rule: Rule, number: u32) -> String {
    let unit = rule.number().map(|number| l.word("unit", number.unit.as_str())).unwrap_or_default();
    format!("{number} {unit}")
}

fn departures(l: Language, shown: &ShownRule) -> String {
    let told: Vec<String> = shown.conflicts.iter().map(|conflict| l.said(&Said::from(conflict))).collect();
    told.join("; ")
}

fn row(l: Language, shown: &ShownRule) -> Row {
    let rule = shown.rule;
    let (word, key) =
        if shown.setting.on { ("ok", "password-asked-on") } else { ("disabled", "password-asked-off") };
    let number = rule.number();
    let range = number.map(|number| {
        let values = [("least", number.least.to_string().into()), ("most", number.most.to_string().into())];
        l.with("parameter-from-to", &values)
    });
    Row {
        cells: vec![
            Cell::Text(rule.position().to_string()),
            Cell::Text(text(l, rule)),
            Cell::Status { word: word.to_owned(), text: l.t(key) },
            Cell::text(number.map(|_| with_unit(l, rule, shown.setting.number))),
            Cell::text(number.map(|number| with_unit(l, rule, number.usual))),
            Cell::text(range),
            Cell::Text(departures(l, shown)),
        ],
    }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.list_password_rules(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |shown| row(l, &shown));
        let shown = desk.password_policy(visitor.caller()).await?;
        let of_profile = shown.conflicts.iter().filter(|one| one.profile == shown.policy.profile).count();
        let words = i64::try_from(shown.dictionary.words).unwrap_or(i64::MAX);
        let about = [
            l.t("passwords-about"),
            l.t1("passwords-profile", "profile", l.word("profile", shown.policy.profile.as_str())),
            l.t1("passwords-words", "count", words),
            l.t1("passwords-hash", "hash", shown.policy.hash.to_string()),
        ];
        let offered = [
            (Operation::PolicyModify, "passwords-change", format!("{HERE}/rules"), false),
            (Operation::PolicyModify, "passwords-take", format!("{HERE}/profile"), false),
            (Operation::PolicySetDictionary, "passwords-upload", format!("{HERE}/dictionary"), false),
            (Operation::PolicyTryPassword, "passwords-try", format!("{HERE}/try"), false),
        ];
        let departs = i64::try_from(of_profile).unwrap_or(i64::MAX);
        let section = Section {
            title: l.t("passwords"),
            about: about.join(" "),
            warnings: (departs > 0).then(|| l.t1("passwords-depart", "count", departs)).into_iter().collect(),
            buttons: buttons(&desk, &visitor, offered),
            listing: LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// A switch, and a number where the rule has one.
fn rule_fields(l: Language, shown: &ShownRule) -> Vec<Field> {
    let rule = shown.rule;
    let label = format!("{}. {}", rule.position(), text(l, rule));
    let on = if shown.setting.on { "true" } else { "" };
    let switch = Field::new(format!("on-{rule}"), label, Kind::Tick).with(on).hinted(departures(l, shown));
    let number = rule.number().map(|number| {
        let label = l.t1("passwords-number", "unit", l.word("unit", number.unit.as_str()));
        let kind = Kind::Number(number.least.into(), number.most.into());
        Field::new(format!("n-{rule}"), label, kind).with(shown.setting.number.to_string()).needed()
    });
    std::iter::once(switch).chain(number).collect()
}

async fn rules_form(desk: &Desk, visitor: &Visitor) -> Result<Form, Refusal> {
    let l = visitor.language();
    let shown = desk.password_policy(visitor.caller()).await?;
    let rules = desk.password_rules(visitor.caller()).await?;
    let present = shown.policy.hash.to_string();
    let mut ways = vec![present.clone()];
    ways.extend(
        [Params::default(), Params::usual_argon2id()]
            .map(|way| way.to_string())
            .into_iter()
            .filter(|way| *way != present),
    );
    let ways = ways.into_iter().map(|way| (way.clone(), way)).collect();
    Ok(Form::new(l.t("passwords-change"), l.t("act-save"), format!("{HERE}/rules"), HERE)
        .telling([l.t("passwords-change-told")])
        .carrying("version", shown.version.as_str())
        .asking(rules.iter().flat_map(|shown| rule_fields(l, shown)))
        .asking([
            Field::new("warning_days", l.t("passwords-warning"), Kind::Number(1, 90))
                .with(shown.policy.warning_days.to_string())
                .needed(),
            Field::new("hash", l.t("passwords-way"), Kind::Choice(ways)).with(present),
            Field::new("hacker_words", l.t("passwords-hacker"), Kind::Lines(6))
                .with(shown.policy.hacker_words.join("\n"))
                .hinted(l.t("passwords-hacker-hint")),
            reason(l),
        ]))
}

pub(crate) async fn rules_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::PolicyModify, rules_form(&desk, &visitor)).await
}

fn number(given: &Given, name: &str) -> Result<u32, Refusal> {
    let text = given.text(name).unwrap_or_default();
    let wrong = || {
        OperateError::Invalid(Said::IsNo {
            column: name.to_owned(),
            given: text.chars().take(32).collect(),
            what: Said::WholeNumber.into(),
        })
    };
    Ok(text.parse().map_err(|_| wrong())?)
}

/// What the form of all rules says: what is not ticked is off.
fn edit(given: &Given) -> Result<PolicyEdit, Refusal> {
    let mut rules = Vec::with_capacity(Rule::ALL.len());
    for rule in Rule::ALL {
        let on = given.text(&format!("on-{rule}")).is_some();
        let number = rule.number().map(|_| number(given, &format!("n-{rule}"))).transpose()?;
        rules.push((*rule, Some(on), number));
    }
    let words = given.get("hacker_words").unwrap_or_default().lines().map(str::trim);
    let hash = given.text("hash").map(|text| text.parse::<Params>()).transpose();
    Ok(PolicyEdit {
        profile: None,
        rules,
        warning_days: Some(number(given, "warning_days")?),
        hacker_words: Some(words.filter(|word| !word.is_empty()).map(str::to_owned).collect()),
        hash: hash.map_err(|error| OperateError::from(netwarden_identity::IdentityError::from(error)))?,
    })
}

pub(crate) async fn rules(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        desk.permit_of(visitor.caller(), Operation::PolicyModify).await?;
        desk.edit_password_policy(visitor.caller(), edit(&given)?, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, rules_form(&desk, &visitor)).await
}

async fn profile_form(desk: &Desk, visitor: &Visitor) -> Result<Form, Refusal> {
    let (l, shown) = (visitor.language(), desk.password_policy(visitor.caller()).await?);
    let choices =
        Profile::ALL.map(|profile| (profile.as_str().to_owned(), l.word("profile", profile.as_str())));
    Ok(Form::new(l.t("passwords-take"), l.t("passwords-take-act"), format!("{HERE}/profile"), HERE)
        .telling([l.t("passwords-take-told")])
        .carrying("version", shown.version.as_str())
        .asking([
            Field::new("profile", l.t("passwords-profile-field"), Kind::Choice(choices.to_vec()))
                .with(shown.policy.profile.as_str())
                .needed(),
            reason(l),
        ]))
}

pub(crate) async fn profile_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::PolicyModify, profile_form(&desk, &visitor)).await
}

pub(crate) async fn profile(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        desk.permit_of(visitor.caller(), Operation::PolicyModify).await?;
        let name = given.text("profile").unwrap_or_default();
        let profile = name.parse::<Profile>();
        let profile =
            profile.map_err(|error| OperateError::Invalid(Said::NoPasswordProfile { given: error.0 }))?;
        let edit = PolicyEdit { profile: Some(profile), ..PolicyEdit::default() };
        desk.edit_password_policy(visitor.caller(), edit, &given.reason, given.version()).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, profile_form(&desk, &visitor)).await
}

fn dictionary_form(l: Language) -> Form {
    Form::new(l.t("passwords-upload"), l.t("passwords-upload-act"), format!("{HERE}/dictionary"), HERE)
        .telling([l.t("passwords-upload-told")])
        .asking([
            Field::new("words", l.t("passwords-upload-words"), Kind::Lines(10))
                .hinted(l.t("passwords-upload-hint")),
            reason(l),
        ])
}

pub(crate) async fn dictionary_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(dictionary_form(visitor.language())) };
    asked(&desk, &visitor, Operation::PolicySetDictionary, form).await
}

pub(crate) async fn dictionary(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let words = given.get("words").unwrap_or_default();
        desk.set_dictionary(visitor.caller(), words.as_bytes(), &given.reason).await?;
        Ok(led_to(&format!("{HERE}?done=changed")))
    };
    let form = async { Ok(dictionary_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

fn try_form(l: Language) -> Form {
    Form::new(l.t("passwords-try"), l.t("passwords-try-act"), format!("{HERE}/try"), HERE)
        .telling([l.t("passwords-try-told")])
        .asking([
            Field::new("password", l.t("password"), Kind::Secret).needed(),
            Field::new("user", l.t("passwords-try-user"), Kind::Text),
            Field::new("is_administrator", l.t("passwords-try-administrator"), Kind::Tick),
        ])
}

pub(crate) async fn try_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    let form = async { Ok(try_form(visitor.language())) };
    asked(&desk, &visitor, Operation::PolicyTryPassword, form).await
}

/// The verdict stands on a page of its own; the password does not.
pub(crate) async fn try_it(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let l = visitor.language();
        let password = given.secret("password").unwrap_or_default();
        let user = given.text("user").unwrap_or_default();
        let is_administrator = given.text("is_administrator").is_some();
        let broken = desk.try_password(visitor.caller(), &user, is_administrator, password).await?;
        let told = Told {
            title: l.t("passwords-try"),
            good: broken.is_empty(),
            text: match broken.is_empty() {
                true => l.t("passwords-try-good"),
                false => l.said(&Said::from(broken.as_slice())),
            },
            once: String::new(),
            back: (HERE.to_owned(), l.t("passwords")),
        };
        told.shown(&desk, &visitor).await
    };
    let form = async { Ok(try_form(visitor.language())) };
    submitted(&desk, &visitor, &given, done, form).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_says_of_each_rule_what_its_declaration_says() {
        for rule in Rule::ALL {
            assert_eq!(text(Language::English, *rule), rule.text());
            assert_ne!(text(Language::German, *rule), rule.text(), "{rule}");
            assert_ne!(text(Language::German, *rule), rule.as_str(), "{rule}");
        }
        for profile in Profile::ALL {
            for l in [Language::English, Language::German] {
                assert_ne!(l.word("profile", profile.as_str()), profile.as_str());
            }
        }
    }
}

//! Second factors: proving one, one's own, and taking them from an account.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_identity::{FactorKind, Operation};
use netwarden_operate::{BegunFactor, Desk, OperateError, Said};
use qrcode::{Color, QrCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Field, Form, Kind, reason};
use super::frame::{self, Frame, answered, led_to};
use super::section::{Listing, Section, acts, buttons};
use super::sessions::with_cookie;
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::{FACTORS, Visitor, session_cookie};
use crate::address::{Query, escaped, inside};
use crate::input::{Place, Sent};
use crate::refusal::Refusal;
use crate::shape;

const NEW: &str = "/own/factors/new";
const NEW_PASSKEY: &str = "/own/factors/passkey";
const COLUMNS: Columns = &[
    ("column-label", Some("label")),
    ("column-kind", None),
    ("column-status", None),
    ("column-created", Some("created")),
    ("column-last-used", None),
    ("column-acts", None),
];
const FILTERS: Filters = &[("text", "filter-text", None)];
const LISTING: &Listing =
    &Listing { path: FACTORS, columns: COLUMNS, filters: FILTERS, file: "factors.csv", watched: false };

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage {
    frame: Frame,
    to: String,
    /// The options of `navigator.credentials.get`, where the account has passkeys.
    options: Option<String>,
    /// It has an app with codes.
    has_codes: bool,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "passkey.html")]
struct PasskeyPage {
    frame: Frame,
    /// The options of `navigator.credentials.create`.
    options: String,
    name: String,
}

#[derive(Template)]
#[template(path = "factor.html")]
struct FactorPage {
    frame: Frame,
    factor: i64,
    /// The QR code's dark modules as a path, and its width in modules; None where the secret was shown before.
    picture: Option<(String, usize)>,
    secret: String,
    fault: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    proof: String,
    #[serde(default)]
    code: String,
    /// What an authenticator answered.
    #[serde(default)]
    credential: String,
    #[serde(default)]
    to: String,
}

async fn prove_form(
    desk: &Desk,
    visitor: &Visitor,
    to: String,
    fault: Option<&Said>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let mut frame = Frame::of(desk, visitor, l.t("prove-title")).await;
    if visitor.must_prove() {
        frame.entries.clear();
    }
    let fault = fault.map(|said| l.said(said));
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let has_codes = desk.has_codes(visitor.caller()).await?;
    let options = match desk.ask_passkey(visitor.caller()).await {
        // Who has an app as well can go on with that.
        Err(error) if has_codes => {
            tracing::warn!(%error, "no passkey could be asked for");
            None
        }
        other => other?,
    };
    let has_codes = has_codes || options.is_none();
    let mut response = frame::page(&ProvePage { frame, to, options, has_codes, fault })?;
    *response.status_mut() = status;
    Ok(response)
}

pub(crate) async fn prove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let to = Query::of(query.as_deref()).get("to").map_or("/", inside).to_owned();
    answered(&desk, &visitor, async {
        desk.permit_prove(visitor.caller()).await?;
        prove_form(&desk, &visitor, to, None).await
    })
    .await
}

/// Why something was not taken, where something else can be written; other failures are passed on.
fn mendable(error: OperateError) -> Result<Said, Refusal> {
    match error {
        OperateError::Invalid(said) | OperateError::Conflict(said) => Ok(said),
        other => Err(other.into()),
    }
}

pub(crate) async fn prove(State(desk): State<Desk>, visitor: Visitor, Sent(given): Sent<Code>) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let to = inside(&given.to).to_owned();
        let proven = match given.credential.as_str() {
            "" => desk.prove(visitor.caller(), &Zeroizing::new(given.code)).await,
            answer => desk.prove_passkey(visitor.caller(), answer).await,
        };
        match proven {
            Ok(secret) => Ok(with_cookie(led_to(&to), &session_cookie(visitor.caller().plane(), &secret))),
            Err(error) => prove_form(&desk, &visitor, to, Some(&mendable(error)?)).await,
        }
    })
    .await
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.own_factors(visitor.caller(), LISTING.wish(&query)?).await?;
        let rows = shape::page(listed, |factor| {
            let (word, key) = if factor.confirmed { ("ok", "factor-good") } else { ("info", "factor-begun") };
            let remove = format!("{FACTORS}/{}/remove", factor.id);
            Row {
                cells: vec![
                    Cell::Text(factor.label.clone()),
                    Cell::Text(l.t(match factor.kind {
                        FactorKind::Code => "factor-kind-code",
                        FactorKind::Passkey => "factor-kind-passkey",
                    })),
                    Cell::Status { word: word.to_owned(), text: l.t(key) },
                    Cell::Time(Some(factor.created)),
                    Cell::Time(factor.last_used),
                    acts(
                        &desk,
                        &visitor,
                        &factor.label,
                        [(Operation::FactorRemoveOwn, "act-remove", remove, true)],
                    ),
                ],
            }
        });
        let must = visitor.must_make_factor();
        let section = Section {
            title: l.t("factors"),
            about: l.t("factors-about"),
            warnings: if must { vec![l.t("factors-must")] } else { Vec::new() },
            buttons: buttons(
                &desk,
                &visitor,
                [
                    (Operation::FactorAddOwn, "factor-add", NEW.to_owned(), false),
                    (Operation::FactorAddOwn, "passkey-add", NEW_PASSKEY.to_owned(), false),
                ],
            ),
            listing: LISTING,
            rows,
            none: l.t("factors-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn new_form(visitor: &Visitor) -> Form {
    let l = visitor.language();
    Form::new(l.t("factor-add"), l.t("factor-next"), NEW, FACTORS).telling([l.t("factor-add-told")]).asking([
        Field::new("label", l.t("column-label"), Kind::Text).hinted(l.t("factor-label-hint")).needed(),
        Field::new("password", l.t("password"), Kind::Secret).hinted(l.t("factor-password-hint")).needed(),
    ])
}

pub(crate) async fn new_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::FactorAddOwn, async { Ok(new_form(&visitor)) }).await
}

pub(crate) async fn begin(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let label = given.text("label").unwrap_or_default();
        let password = given.secret("password").unwrap_or_default();
        let begun = desk.begin_factor(visitor.caller(), &label, password).await?;
        let picture = picture(&begun.uri);
        let BegunFactor { id, secret, .. } = begun;
        factor_form(&desk, &visitor, id, picture, secret.to_string(), None).await
    };
    submitted(&desk, &visitor, &given, done, async { Ok(new_form(&visitor)) }).await
}

/// A QR code as one path of squares, a module each, with the quiet zone that readers need around it.
fn picture(text: &str) -> Option<(String, usize)> {
    const QUIET: usize = 4;
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.into_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    Some((path, width + 2 * QUIET))
}

async fn factor_form(
    desk: &Desk,
    visitor: &Visitor,
    factor: i64,
    picture: Option<(String, usize)>,
    secret: String,
    fault: Option<&Said>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let frame = Frame::of(desk, visitor, l.t("factor-add")).await;
    let fault = fault.map(|said| l.said(said));
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = frame::page(&FactorPage { frame, factor, picture, secret, fault })?;
    *response.status_mut() = status;
    Ok(response)
}

pub(crate) async fn confirm(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(factor): Place<i64>,
    Sent(given): Sent<Code>,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        match desk.confirm_factor(visitor.caller(), factor, &Zeroizing::new(given.code)).await {
            Ok(secret) => Ok(with_cookie(
                led_to(&format!("{FACTORS}?done=added")),
                &session_cookie(visitor.caller().plane(), &secret),
            )),
            Err(error) => {
                factor_form(&desk, &visitor, factor, None, String::new(), Some(&mendable(error)?)).await
            }
        }
    })
    .await
}

fn passkey_form(desk: &Desk, visitor: &Visitor) -> Form {
    let l = visitor.language();
    let told = match desk.passkey_name() {
        Some(name) => l.t1("passkey-add-told", "name", name.to_owned()),
        None => l.t("passkey-no-name"),
    };
    Form::new(l.t("passkey-add"), l.t("factor-next"), NEW_PASSKEY, FACTORS).telling([told]).asking([
        Field::new("label", l.t("column-label"), Kind::Text).hinted(l.t("passkey-label-hint")).needed(),
        Field::new("password", l.t("password"), Kind::Secret).hinted(l.t("factor-password-hint")).needed(),
    ])
}

pub(crate) async fn passkey_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    asked(&desk, &visitor, Operation::FactorAddOwn, async { Ok(passkey_form(&desk, &visitor)) }).await
}

pub(crate) async fn begin_passkey(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    let done = async {
        let label = given.text("label").unwrap_or_default();
        let password = given.secret("password").unwrap_or_default();
        let options = desk.begin_passkey(visitor.caller(), &label, password).await?;
        let frame = Frame::of(&desk, &visitor, visitor.language().t("passkey-add")).await;
        let name = desk.passkey_name().unwrap_or_default().to_owned();
        frame::page(&PasskeyPage { frame, options, name })
    };
    submitted(&desk, &visitor, &given, done, async { Ok(passkey_form(&desk, &visitor)) }).await
}

pub(crate) async fn make_passkey(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(given): Sent<Code>,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let secret = desk.make_passkey(visitor.caller(), &given.credential).await?;
        let cookie = session_cookie(visitor.caller().plane(), &secret);
        Ok(with_cookie(led_to(&format!("{FACTORS}?done=added")), &cookie))
    })
    .await
}

fn remove_form(visitor: &Visitor, factor: i64) -> Form {
    let l = visitor.language();
    Form::new(l.t("factor-remove"), l.t("act-remove"), format!("{FACTORS}/{factor}/remove"), FACTORS)
        .telling([l.t("factor-remove-told")])
        .dangerous()
}

pub(crate) async fn remove_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(factor): Place<i64>,
) -> Response {
    asked(&desk, &visitor, Operation::FactorRemoveOwn, async { Ok(remove_form(&visitor, factor)) }).await
}

pub(crate) async fn remove(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(factor): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.remove_factor(visitor.caller(), factor).await?;
        Ok(led_to(&format!("{FACTORS}?done=removed")))
    };
    submitted(&desk, &visitor, &given, done, async { Ok(remove_form(&visitor, factor)) }).await
}

const ACCOUNTS: &str = "/system/accounts";

fn reset_form(visitor: &Visitor, name: &str) -> Form {
    let l = visitor.language();
    let action = format!("{ACCOUNTS}/{}/factors", escaped(name));
    Form::new(l.t1("factors-reset-title", "name", name.to_owned()), l.t("factors-reset"), action, ACCOUNTS)
        .telling([l.t("factors-reset-told")])
        .asking([reason(l)])
        .dangerous()
}

pub(crate) async fn reset_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
) -> Response {
    asked(&desk, &visitor, Operation::FactorReset, async { Ok(reset_form(&visitor, &name)) }).await
}

pub(crate) async fn reset(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(name): Place<String>,
    given: Given,
) -> Response {
    let done = async {
        desk.reset_factors(visitor.caller(), &name, &given.reason).await?;
        Ok(led_to(&format!("{ACCOUNTS}?done=changed")))
    };
    submitted(&desk, &visitor, &given, done, async { Ok(reset_form(&visitor, &name)) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_fits_into_a_picture_with_its_quiet_zone() {
        let (path, width) = picture(&"x".repeat(180)).unwrap();
        assert!(path.starts_with("M4 4h1v1h-1z"), "the corner of the first finder pattern: {path}");
        assert!((21 + 8..=177 + 8).contains(&width));
        assert!(picture(&"x".repeat(5_000)).is_none());
    }
}

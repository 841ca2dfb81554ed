//! Signing in and out, one's own password, language and theme.

use askama::Template;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_identity::Plane;
use netwarden_identity::password::Breach;
use netwarden_operate::{Desk, OperateError, Origin, Said};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::frame::{self, Frame, answered, led_to};
use super::language::Language;
use super::view::View;
use super::visitor::{Look, PASSWORD, Theme, Visitor, is_from_here, no_session_cookie, session_cookie};
use crate::address::{Query, inside};
use crate::input::{Sent, Text};
use crate::planes::Asked;
use crate::refusal::Refusal;

/// Where a request comes from.
pub(crate) struct Source(Origin);

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(crate::ask::origin(parts)))
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// What one signs in to, where it is not the network.
    plane: Option<String>,
    to: String,
    user: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    /// Nothing else is permitted before it was changed.
    must: bool,
    /// What is asked of the new one.
    asked: Vec<String>,
    /// What was not taken: the name of its field, none for all of them, and why.
    fault: Option<(&'static str, String)>,
}

impl PasswordPage {
    /// Why the field of this name was not taken.
    fn fault_at(&self, field: &str) -> Option<&str> {
        self.fault.as_ref().filter(|(at, _)| *at == field).map(|(_, why)| why.as_str())
    }
}

pub(crate) async fn sign_in_page(look: Look, Asked(plane): Asked, RawQuery(query): RawQuery) -> Response {
    let to = Query::of(query.as_deref()).get("to").map_or("/", inside).to_owned();
    sign_in_form(look, plane, to, String::new(), None)
}

fn sign_in_form(look: Look, plane: Plane, to: String, user: String, fault: Option<String>) -> Response {
    let frame = Frame::outside(look, look.language.t("sign-in-title"));
    let status = if fault.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    // Most know no other plane than the network's.
    let plane = (plane != Plane::Om).then(|| look.language.word("plane", plane.as_str()));
    match frame::page(&SignInPage { frame, plane, to, user, fault }) {
        Ok(mut response) => {
            *response.status_mut() = status;
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    user: String,
    password: String,
    #[serde(default)]
    to: String,
}

/// Opens a session: a new secret, whatever the browser presented.
pub(crate) async fn sign_in(
    State(desk): State<Desk>,
    look: Look,
    Asked(plane): Asked,
    Source(origin): Source,
    headers: HeaderMap,
    Sent(given): Sent<SignIn>,
) -> Response {
    let l = look.language;
    let to = inside(&given.to).to_owned();
    if !is_from_here(&headers) {
        return sign_in_form(look, plane, to, String::new(), Some(l.t("error-foreign-form")));
    }
    let opened = match desk.login(plane, &given.user, Zeroizing::new(given.password), origin).await {
        Ok(opened) => opened,
        Err(OperateError::Unrecorded(_) | OperateError::Failed(_)) => {
            return sign_in_form(look, plane, to, given.user, Some(l.t("sign-in-failed")));
        }
        // Who gave the right name and password may know what else is in the way.
        Err(error @ OperateError::Barred(_)) => {
            return sign_in_form(look, plane, to, given.user, Some(l.said(&error.said())));
        }
        // Every other failure reads the same; the reason is in the trail.
        Err(_) => return sign_in_form(look, plane, to, given.user, Some(l.t("sign-in-wrong"))),
    };
    let to = if opened.must_change_password { PASSWORD } else { to.as_str() };
    with_cookie(led_to(to), &session_cookie(plane, &opened.secret))
}

pub(crate) async fn sign_out(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(given): Sent<Proof>,
) -> Response {
    let ended = async {
        visitor.proven(&given.proof)?;
        Ok::<_, Refusal>(desk.logout(visitor.caller()).await?)
    };
    match ended.await {
        Ok(()) => with_cookie(led_to("/sign-in"), &no_session_cookie(visitor.caller().plane())),
        Err(refusal) => answered(&desk, &visitor, async { Err(refusal) }).await,
    }
}

#[derive(Deserialize)]
pub(crate) struct Proof {
    #[serde(default)]
    proof: String,
}

pub(crate) async fn password_page(State(desk): State<Desk>, visitor: Visitor) -> Response {
    answered(&desk, &visitor, password_form(&desk, &visitor, None)).await
}

async fn password_form(
    desk: &Desk,
    visitor: &Visitor,
    fault: Option<(&'static str, String)>,
) -> Result<Response, Refusal> {
    let must = match &visitor.caller().subject {
        netwarden_identity::Subject::User(user) => user.must_change_password,
        netwarden_identity::Subject::Unidentified => false,
    };
    let l = visitor.language();
    let rules = desk.rules_of_own_password(visitor.caller()).await?;
    let asked =
        rules.into_iter().map(|(rule, number)| l.said(&Said::from(&Breach::Of(rule, number)))).collect();
    let mut frame = Frame::of(desk, visitor, l.t("password-title")).await;
    if must {
        frame.entries.clear();
    }
    let refused = fault.is_some();
    let mut response = frame::page(&PasswordPage { frame, must, asked, fault })?;
    if refused {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

#[derive(Deserialize)]
pub(crate) struct PasswordChange {
    #[serde(default)]
    proof: String,
    old: String,
    new: String,
    again: String,
}

pub(crate) async fn password(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(given): Sent<PasswordChange>,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let l = visitor.language();
        if given.new != given.again {
            return password_form(&desk, &visitor, Some(("again", l.t("password-differs")))).await;
        }
        let changed = desk
            .change_own_password(visitor.caller(), Zeroizing::new(given.old), Zeroizing::new(given.new))
            .await;
        match changed {
            Ok(()) => Ok(led_to("/?done=password")),
            Err(error @ (OperateError::Unrecorded(_) | OperateError::Failed(_))) => Err(error.into()),
            Err(error) => {
                let said = error.said();
                let field = match said.input() {
                    Some("old") => "old",
                    Some("password") => "new",
                    _ => "",
                };
                password_form(&desk, &visitor, Some((field, l.said(&said)))).await
            }
        }
    })
    .await
}

/// Language, theme and columns, for whoever looks: it changes nothing but this browser's cookies.
pub(crate) async fn look(look: Look, headers: HeaderMap, Text(body): Text) -> Response {
    let given = Query::of(Some(&String::from_utf8_lossy(&body)));
    let to = inside(given.get("to").unwrap_or_default());
    if !is_from_here(&headers) {
        return led_to(to);
    }
    let all = |wanted: &str| -> Vec<String> {
        given.pairs().filter(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned()).collect()
    };
    let view = View::of(&headers);
    let view = match given.get("list") {
        // What is not shown of what could be is left out.
        Some(list) => {
            let shown = all("show");
            let hidden = all("column").into_iter().filter(|column| !shown.contains(column)).collect();
            view.with_list(list, given.get("density") == Some("tight"), hidden)
        }
        None => {
            let language = given.get("language").and_then(Language::of_tag).unwrap_or(look.language);
            let theme = given.get("theme").map_or(look.theme, Theme::of);
            return with_cookie(led_to(to), &Look { language, theme }.set_cookie());
        }
    };
    view.set_cookies().iter().fold(led_to(to), |response, cookie| with_cookie(response, cookie))
}

pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

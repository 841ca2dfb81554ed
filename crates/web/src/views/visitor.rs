//! Who looks at a page: the session's cookie, the proof that a form is ours, language and theme.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use netwarden_identity::{Identified, Operation, Plane, SecondFactor, Subject};
use netwarden_operate::{Caller, Desk};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::language::Language;
use super::view::View;
use crate::address::escaped;
use crate::ask::{Asker, presence, source};
use crate::planes::Asked;
use crate::refusal::Refusal;

/// The session, one for each plane. The prefix binds it to this host and to HTTPS (RFC 6265bis, section 4.1.3.2).
const fn session_name(plane: Plane) -> &'static str {
    match plane {
        Plane::Management => "__Host-netwarden-management",
        Plane::Om => "__Host-netwarden-om",
        Plane::Tenant => "__Host-netwarden-tenant",
    }
}
/// Language and theme, `de.dark`.
const LOOK: &str = "__Host-netwarden-look";

/// Colours of the console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the reader's system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        match word {
            "light" => Theme::Light,
            "dark" => Theme::Dark,
            _ => Theme::System,
        }
    }
}

/// How the reader likes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) language: Language,
    pub(crate) theme: Theme,
}

impl Look {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let accepted = accepted.map(Language::accepted).unwrap_or_default();
        let cookie = cookie(headers, LOOK).unwrap_or_default();
        let (language, theme) = cookie.split_once('.').unwrap_or((cookie, ""));
        Self { language: Language::of_tag(language).unwrap_or(accepted), theme: Theme::of(theme) }
    }

    /// The header that makes a browser remember it for a year.
    pub(super) fn set_cookie(self) -> String {
        let (language, theme) = (self.language.tag(), self.theme.as_str());
        format!("{LOOK}={language}.{theme}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=31536000")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Look {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Look::of(&parts.headers))
    }
}

/// The header that opens a session in the browser.
pub(super) fn session_cookie(plane: Plane, secret: &str) -> String {
    let name = session_name(plane);
    format!("{name}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict")
}

/// The header that takes the session from the browser.
pub(super) fn no_session_cookie(plane: Plane) -> String {
    let name = session_name(plane);
    format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The secret of a session in a plane, as the browser sends it.
pub(crate) fn session_secret(headers: &HeaderMap, plane: Plane) -> Option<&str> {
    cookie(headers, session_name(plane))
}

pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies(headers).find_map(|(found, value)| (found == name).then_some(value))
}

/// Names and values of all cookies.
pub(super) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// An identified reader of the console.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(super) asker: Asker,
    pub(super) look: Look,
    /// How the reader likes lists.
    pub(super) view: View,
    /// What forms carry to prove that this session's page sent them.
    pub(super) proof: String,
    /// Path and query, within the plane.
    pub(super) here: String,
    /// Only a part of the page is wanted, to be put into the page that is there.
    pub(super) part: bool,
}

impl Visitor {
    pub(super) fn caller(&self) -> &Caller {
        &self.asker.caller
    }

    pub(super) fn name(&self) -> &str {
        self.caller().name().unwrap_or_default()
    }

    /// When the reader's password ends, where that is soon or past.
    pub(super) fn password_ends(&self) -> Option<jiff::Timestamp> {
        match &self.caller().subject {
            Subject::User(user) => user.password_ends,
            Subject::Unidentified => None,
        }
    }

    /// There is something that the reader was to be told after the login and has not acknowledged.
    pub(super) fn has_notice(&self) -> bool {
        matches!(&self.caller().subject, Subject::User(user) if user.has_notice)
    }

    /// The second factor is to be proven before anything else.
    pub(super) fn must_prove(&self) -> bool {
        self.stands(SecondFactor::Missing)
    }

    /// A second factor is to be set up before anything else.
    pub(super) fn must_make_factor(&self) -> bool {
        self.stands(SecondFactor::ToBeMade)
    }

    fn stands(&self, as_it: SecondFactor) -> bool {
        matches!(&self.caller().subject, Subject::User(user) if user.second_factor == as_it)
    }

    pub(super) fn language(&self) -> Language {
        self.look.language
    }

    /// True where the reader may do it to something inside their scope; pages show nothing else.
    pub(super) fn may(&self, desk: &Desk, operation: Operation) -> bool {
        desk.may(self.caller(), operation)
    }

    /// Refuses a form that this session's page did not send.
    pub(super) fn proven(&self, given: &str) -> Result<(), Refusal> {
        if bool::from(self.proof.as_bytes().ct_eq(given.as_bytes())) {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign-form",
            "Not sent from this page",
            self.language().t("error-foreign-form"),
        ))
    }
}

/// What a form of the session with this secret must carry.
pub(super) fn proof_of(secret: &str) -> String {
    let digest = Sha256::new().chain_update("netwarden form ").chain_update(secret).finalize();
    digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect()
}

/// Why there is no visitor.
pub(crate) enum Stranger {
    /// They are to sign in, or to choose a password, first.
    Send(Response),
    Refused(Refusal),
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        match self {
            Stranger::Send(response) => response,
            Stranger::Refused(refusal) => refusal.into_response(),
        }
    }
}

impl From<Refusal> for Stranger {
    fn from(refusal: Refusal) -> Self {
        Stranger::Refused(refusal)
    }
}

/// Where those who must choose a password do it, and may go meanwhile.
pub(super) const PASSWORD: &str = "/password";
const MEANWHILE: [&str; 3] = [PASSWORD, "/sign-out", "/look"];
/// Where a second factor is proven.
pub(super) const PROVE: &str = "/prove";
/// Where one's own second factors are.
pub(super) const FACTORS: &str = "/own/factors";

/// Where the reader has to go before anything else; None where they may go on.
fn sent_first(user: &Identified, path: &str, here: &str) -> Option<String> {
    let is_meanwhile = ["/sign-out", "/look"].contains(&path);
    match user.second_factor {
        _ if is_meanwhile => None,
        SecondFactor::Missing => (path != PROVE).then(|| to_prove(here)),
        _ if user.must_change_password => (!MEANWHILE.contains(&path)).then(|| PASSWORD.to_owned()),
        SecondFactor::ToBeMade => {
            let may = path == FACTORS || path.starts_with("/own/factors/") || path == PASSWORD;
            (!may).then(|| FACTORS.to_owned())
        }
        _ => None,
    }
}

/// The page on which a second factor is proven, from where one comes back.
pub(super) fn to_prove(here: &str) -> String {
    format!("{PROVE}?to={}", escaped(here))
}

impl FromRequestParts<Desk> for Visitor {
    type Rejection = Stranger;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Stranger> {
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        if changes && !is_from_here(&parts.headers) {
            let detail = Look::of(&parts.headers).language.t("error-foreign-form");
            let refusal = Refusal::new(StatusCode::FORBIDDEN, "foreign-form", "Not sent from here", detail);
            return Err(refusal.into());
        }
        let plane = Asked::of(parts);
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let address: Option<IpAddr> = source(parts);
        let secret = session_secret(&parts.headers, plane).unwrap_or_default();
        let part = parts.headers.get("hx-request").is_some_and(|value| value == "true");
        let proof = proof_of(secret);
        let secret = Zeroizing::new(secret.to_owned());
        let Some(asker) = Asker::of_secret(desk, plane, secret, address, presence(parts)).await? else {
            let to = if changes { "/".to_owned() } else { here };
            return Err(Stranger::Send(to_sign_in(&to, part)));
        };
        if let Subject::User(user) = &asker.caller.subject
            && let Some(first) = sent_first(user, parts.uri.path(), if changes { "/" } else { &here })
        {
            return Err(Stranger::Send(sent_to(&first, part)));
        }
        let (look, view) = (Look::of(&parts.headers), View::of(&parts.headers));
        Ok(Self { asker, look, view, proof, here, part })
    }
}

fn to_sign_in(to: &str, part: bool) -> Response {
    sent_to(&format!("/sign-in?to={}", escaped(to)), part)
}

/// A part of a page would be put into the page: the whole has to go to the form instead.
pub(super) fn sent_to(address: &str, part: bool) -> Response {
    if !part {
        return Redirect::to(address).into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(value) = HeaderValue::from_str(address) {
        response.headers_mut().insert(HeaderName::from_static("hx-redirect"), value);
    }
    response
}

/// False where the browser says that another site's page sent the request (Fetch Metadata, or Origin of
/// RFC 6454 where that is absent). The cookie is Strict and forms carry a proof besides.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("host").unwrap_or_default();
    origin.strip_prefix("https://").is_some_and(|from| from.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let sent = headers(&[("cookie", "a=1; x__Host-netwarden-om=2; __Host-netwarden-om=3")]);
        assert_eq!(cookie(&sent, session_name(Plane::Om)), Some("3"));
        assert_eq!(cookie(&sent, session_name(Plane::Management)), None);
        assert_eq!(cookie(&sent, LOOK), None);
    }

    #[test]
    fn a_look_is_remembered_and_anything_else_is_ignored() {
        let look = Look { language: Language::German, theme: Theme::Dark };
        assert!(look.set_cookie().starts_with("__Host-netwarden-look=de.dark; Path=/; Secure"));
        for (sent, expected) in [
            ("__Host-netwarden-look=de.dark", look),
            ("__Host-netwarden-look=de", Look { theme: Theme::System, ..look }),
            ("__Host-netwarden-look=xx.yy", Look::default()),
        ] {
            assert_eq!(Look::of(&headers(&[("cookie", sent), ("accept-language", "en")])), expected);
        }
    }

    #[test]
    fn other_sites_forms_are_known() {
        for (pairs, from_here) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://nw"), ("host", "nw")], false),
            (&[("origin", "https://nw:8443"), ("host", "nw:8443")], true),
            (&[("origin", "https://evil"), ("host", "nw:8443")], false),
            (&[("origin", "http://nw"), ("host", "nw")], false),
            (&[("origin", "null"), ("host", "nw")], false),
            (&[], true),
        ] {
            assert_eq!(is_from_here(&headers(pairs)), from_here, "{pairs:?}");
        }
    }

    #[test]
    fn a_proof_is_of_one_session_and_tells_nothing_of_its_secret() {
        assert_ne!(proof_of("a"), proof_of("b"));
        assert_eq!(proof_of("a").len(), 32);
    }
}

//! Where each plane is reached (IAM-01): that of the network at the root, the others below their name. What is
//! served is the same; who comes below a name is of that plane, and what leads on from there stays below it.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use netwarden_identity::Plane;

/// Octets of a page, at most.
const LARGEST_PAGE: usize = 64 << 20;
/// What leads somewhere in a page. Templates escape quotation marks, so that these words before one are theirs.
const LEADING: [&str; 5] = ["href", "action", "formaction", "hx-get", "hx-post"];
/// Headers that lead somewhere.
const HEADERS: [HeaderName; 2] = [header::LOCATION, HeaderName::from_static("hx-redirect")];

/// What stands before every path of a plane.
pub(crate) const fn prefix(plane: Plane) -> &'static str {
    match plane {
        Plane::Om => "",
        Plane::Management => "/management",
        Plane::Tenant => "/tenant",
    }
}

/// The plane whose address was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked(pub(crate) Plane);

impl Asked {
    pub(crate) fn of(parts: &Parts) -> Plane {
        parts.extensions.get::<Plane>().copied().unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Asked::of(parts)))
    }
}

/// Answers as of a plane that has a name of its own in the path; the name was taken off before.
pub(crate) async fn below(plane: Plane, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(plane);
    let mut response = next.run(request).await;
    for name in HEADERS {
        let leads = response.headers().get(&name).and_then(|value| value.to_str().ok());
        if let Some(path) = leads.filter(|path| is_path(path)).map(|path| format!("{}{path}", prefix(plane)))
            && let Ok(value) = HeaderValue::from_str(&path)
        {
            response.headers_mut().insert(name, value);
        }
    }
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    match to_bytes(body, LARGEST_PAGE).await {
        Ok(page) => {
            let page = leading_below(&String::from_utf8_lossy(&page), prefix(plane));
            Response::from_parts(parts, Body::from(page))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// True for a path of this server, as opposed to an address elsewhere.
fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//")
}

/// A page with every path that leads somewhere below `prefix`; the console's own files are the same for all.
fn leading_below(page: &str, prefix: &str) -> String {
    let mut rest = page;
    let mut written = String::with_capacity(page.len() + page.len() / 16);
    while let Some((before, after)) = rest.split_once("=\"") {
        written.push_str(before);
        written.push_str("=\"");
        let word = before.rsplit(|c: char| !c.is_ascii_alphabetic() && c != '-').next().unwrap_or_default();
        if LEADING.contains(&word) && is_path(after) && !after.starts_with("/assets/") {
            written.push_str(prefix);
        }
        rest = after;
    }
    written.push_str(rest);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_somewhere_stays_in_the_plane_and_nothing_else_is_touched() {
        for (page, expected) in [
            (r#"<a href="/system">x</a>"#, r#"<a href="/p/system">x</a>"#),
            (r#"<a class="a" href="/">x</a>"#, r#"<a class="a" href="/p/">x</a>"#),
            (r#"<form action="/sign-in" method="post">"#, r#"<form action="/p/sign-in" method="post">"#),
            (
                r#"<button formaction="/a" hx-get="/b" hx-post="/c">"#,
                r#"<button formaction="/p/a" hx-get="/p/b" hx-post="/p/c">"#,
            ),
            (r#"<input name="to" value="/system">"#, r#"<input name="to" value="/system">"#),
            (
                r#"<link href="/assets/x/y.css"><script src="/assets/x">"#,
                r#"<link href="/assets/x/y.css"><script src="/assets/x">"#,
            ),
            (
                r##"<a href="#main"><a href="//evil"><a href="https://x/">"##,
                r##"<a href="#main"><a href="//evil"><a href="https://x/">"##,
            ),
            (r#"<a href="?after=3">"#, r#"<a href="?after=3">"#),
            ("he said href=&#34;/x&#34;", "he said href=&#34;/x&#34;"),
            (r#"<i data-href="/x">"#, r#"<i data-href="/x">"#),
        ] {
            assert_eq!(leading_below(page, "/p"), expected);
        }
    }
}

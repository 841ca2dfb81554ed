//! What requests carry, read with one clear sentence where it cannot be.

use axum::Json;
use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection, PathRejection};
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_model::Mac;
use netwarden_operate::{ListWish, Said, Version};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::refusal::Refusal;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(unreadable(&rejection)),
        }
    }
}

fn unreadable(rejection: &JsonRejection) -> Refusal {
    match rejection {
        JsonRejection::JsonDataError(error) => Refusal::malformed(Said::BodyUnfit { why: root(error) }),
        JsonRejection::JsonSyntaxError(error) => Refusal::malformed(Said::BodyNoJson { why: root(error) }),
        JsonRejection::MissingJsonContentType(_) => Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            Said::BodyMustBeJson,
        ),
        other => too_large(other.status()),
    }
}

/// The body of a form.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Form::<T>::from_request(request, state).await {
            Ok(Form(sent)) => Ok(Self(sent)),
            Err(rejection) => Err(no_form(&rejection)),
        }
    }
}

fn no_form(rejection: &FormRejection) -> Refusal {
    match rejection {
        FormRejection::FailedToDeserializeForm(_) | FormRejection::FailedToDeserializeFormBody(_) => {
            Refusal::malformed(Said::FormUnreadable { why: root(rejection) })
        }
        FormRejection::InvalidFormContentType(_) => no_form_type(),
        other => too_large(other.status()),
    }
}

fn no_form_type() -> Refusal {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Refusal::new(status, "media-type", "Unsupported media type", Said::BodyMustBeForm)
}

/// Refuses a body that does not say that it is a form.
pub(crate) fn must_be_form(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(no_form_type())
}

/// What lies beneath an error, without what it was wrapped in.
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// A body of text, for imports.
pub(crate) struct Text(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(|rejection: BytesRejection| too_large(rejection.status()))
    }
}

fn too_large(status: StatusCode) -> Refusal {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Refusal::new(status, "too-large", "Too large", Said::BodyTooLarge);
    }
    Refusal::malformed(Said::BodyCutShort)
}

/// The variable parts of the address.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Place<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(place)) => Ok(Self(place)),
            Err(rejection) => Err(Refusal::malformed(misplaced(&rejection))),
        }
    }
}

/// What of an address cannot be read.
fn misplaced(rejection: &PathRejection) -> Said {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return Said::AddressUnreadable { why: rejection.body_text() };
    };
    let (value, expected) = match failed.kind() {
        ErrorKind::ParseErrorAtKey { value, expected_type, .. }
        | ErrorKind::ParseErrorAtIndex { value, expected_type, .. }
        | ErrorKind::ParseError { value, expected_type } => (value, *expected_type),
        ErrorKind::InvalidUtf8InPathParam { .. } => return Said::AddressNoUtf8,
        _ => return Said::AddressUnreadable { why: rejection.body_text() },
    };
    let given: String = value.chars().take(64).collect();
    match expected {
        "i64" | "u64" | "u32" | "u16" => Said::AddressWantsNumber { given },
        _ => Said::AddressUnreadable { why: given },
    }
}

/// A MAC address as part of the address.
pub(crate) struct MacAt(pub(crate) Mac);

impl<S: Send + Sync> FromRequestParts<S> for MacAt {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Place(text) = Place::<String>::from_request_parts(parts, state).await?;
        let shown: String = text.chars().take(64).collect();
        let mac = shown
            .parse::<Mac>()
            .map_err(|_| Refusal::malformed(Said::NoMacAddress { given: shown.clone() }))?;
        Ok(Self(mac))
    }
}

/// The query, as a typed value.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.rsplit_once("string: ").map_or(text.as_str(), |(_, cause)| cause);
                Err(Refusal::malformed(Said::QueryUnreadable { why: text.to_owned() }))
            }
        }
    }
}

/// What every list takes; other names are columns to filter by.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters that Wish reads")]
pub(crate) struct ListParams {
    /// Found in the texts of the list.
    text: Option<String>,
    /// Column to sort by; `-` before it for descending.
    sort: Option<String>,
    /// Rows wanted, 1 to 1,000; 100 unless given.
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// What is wanted of a list.
pub(crate) struct Wish(pub(crate) ListWish);

impl<S: Send + Sync> FromRequestParts<S> for Wish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asked(pairs) = Asked::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        let mut wish = ListWish::default();
        for (name, value) in pairs {
            match name.as_str() {
                "text" => wish.text = Some(value),
                "sort" => wish.sort = Some(value),
                "after" => wish.after = Some(value),
                "limit" => {
                    let shown: String = value.chars().take(32).collect();
                    let wrong = || Refusal::malformed(Said::NoLimit { given: shown.clone() });
                    wish.limit = Some(value.parse().map_err(|_| wrong())?);
                }
                _ => wish.filters.push((name, value)),
            }
        }
        Ok(Self(wish))
    }
}

/// The reason of an act without a body, as `?reason=`.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReasonParam {
    /// Why, for the record.
    #[serde(default)]
    pub(crate) reason: String,
}

/// The Idempotency-Key of an act.
pub(crate) struct Key(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(header) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = header.to_str().unwrap_or_default();
        if key.is_empty() || key.len() > 128 {
            return Err(Refusal::malformed(Said::KeyLength));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

/// The version that an edit was made on, from If-Match (RFC 9110 section 13.1.1).
pub(crate) struct IfMatch(pub(crate) Option<Version>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(header) = parts.headers.get("if-match") else { return Ok(Self(None)) };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let tag = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match tag {
            Some(tag)
                if !tag.is_empty() && tag.len() <= 64 && tag.chars().all(|c| c.is_ascii_alphanumeric()) =>
            {
                Ok(Self(Some(Version::presented(tag))))
            }
            _ => Err(Refusal::malformed(Said::IfMatchForm)),
        }
    }
}

/// An answer with its version as ETag.
pub(crate) fn tagged<T: serde::Serialize>(status: StatusCode, version: &Version, body: T) -> Response {
    let tag = format!("\"{}\"", version.as_str());
    (status, [(header::ETAG, tag)], Json(body)).into_response()
}

//! What requests carry, read with one clear sentence where it cannot be.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FormRejection, JsonRejection};
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_model::Mac;
use netwarden_operate::{ListWish, Version};
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
        JsonRejection::JsonDataError(error) => {
            Refusal::malformed(format!("the body is not what this route takes: {}", root(error)))
        }
        JsonRejection::JsonSyntaxError(error) => {
            Refusal::malformed(format!("the body is no JSON: {}", root(error)))
        }
        JsonRejection::MissingJsonContentType(_) => Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            "the body must be JSON, with 'Content-Type: application/json'",
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
            Refusal::malformed(format!("the form cannot be read: {}", root(rejection)))
        }
        FormRejection::InvalidFormContentType(_) => Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            "the body must be a form, with 'Content-Type: application/x-www-form-urlencoded'",
        ),
        other => too_large(other.status()),
    }
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
        let detail = "the body is larger than this address takes";
        return Refusal::new(status, "too-large", "Too large", detail);
    }
    Refusal::malformed("the body could not be read to its end")
}

/// The variable parts of the address.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Place<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(place)) => Ok(Self(place)),
            Err(rejection) => {
                Err(Refusal::malformed(format!("the address cannot be read: {}", rejection.body_text())))
            }
        }
    }
}

/// A MAC address as part of the address.
pub(crate) struct MacAt(pub(crate) Mac);

impl<S: Send + Sync> FromRequestParts<S> for MacAt {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Place(text) = Place::<String>::from_request_parts(parts, state).await?;
        let shown: String = text.chars().take(64).collect();
        let mac = shown.parse::<Mac>().map_err(|error| Refusal::malformed(error.to_string()))?;
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
                Err(Refusal::malformed(format!("the query cannot be read: {text}")))
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
                    let wrong =
                        || Refusal::malformed(format!("limit: '{shown}' is no whole number from 1 to 1000"));
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
            return Err(Refusal::malformed("an Idempotency-Key has 1 to 128 printable characters"));
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
            _ => Err(Refusal::malformed(
                "If-Match must be the ETag of what was read, as in \"3f2a9c0d1b4e5f6a7b8c9d0e\"",
            )),
        }
    }
}

/// An answer with its version as ETag.
pub(crate) fn tagged<T: serde::Serialize>(status: StatusCode, version: &Version, body: T) -> Response {
    let tag = format!("\"{}\"", version.as_str());
    (status, [(header::ETAG, tag)], Json(body)).into_response()
}

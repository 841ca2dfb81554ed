//! Every failure as problem details (RFC 9457), through one function.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use netwarden_api::Problem;
use netwarden_identity::Because;
use netwarden_operate::{OperateError, Said};

/// What an answer tells of the refusal that it was made from, so that a page can be made of it instead.
#[derive(Debug, Clone)]
pub(crate) struct Refused(pub(crate) Refusal);

/// Of what is dangerous, where the second factor was proven too long ago.
const STEP_UP: &str = "step-up";
/// Of what would be done at a quieter time.
const BUSY: &str = "busy";

/// Seconds after which who came at a busy time may try again (RFC 9110 section 10.2.3).
const RETRY_AFTER_S: &str = "5";

/// Why a request was not served.
#[derive(Debug, Clone)]
pub struct Refusal {
    problem: Problem,
    /// Boxed: a refusal is what nearly every function of a page may answer with.
    detail: Box<Said>,
}

impl Refusal {
    /// The request cannot be read.
    pub fn malformed(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    /// The caller is not identified.
    pub fn not_identified(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not-identified", "Not identified", detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<Said>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// There is too much of it at present.
    pub fn busy(status: StatusCode, detail: impl Into<Said>) -> Self {
        Self::new(status, BUSY, "Too much at once", detail)
    }

    /// Nobody comes in from there.
    pub fn shut_out(entry: i64) -> Self {
        Self::new(StatusCode::FORBIDDEN, "denied", "Not permitted", Said::ShutOut { entry })
    }

    /// Any other.
    pub fn new(status: StatusCode, kind: &str, title: &str, detail: impl Into<Said>) -> Self {
        let detail: Box<Said> = Box::new(detail.into());
        let mut problem = Problem::new(status.as_u16(), kind, title, detail.to_string());
        if matches!(status.as_u16(), 400 | 409 | 422) {
            problem.input = detail.input().map(str::to_owned);
        }
        Self { problem, detail }
    }

    /// It is about the input of this name.
    #[must_use]
    pub fn at(mut self, input: &str) -> Self {
        self.problem.input = Some(input.to_owned());
        self
    }

    /// The input that it is about.
    pub fn input(&self) -> Option<&str> {
        self.problem.input.as_deref()
    }

    /// True where it would be permitted once the second factor was proven anew.
    pub fn is_step_up(&self) -> bool {
        self.problem.kind.ends_with(STEP_UP)
    }

    /// True where it would be done at a quieter time.
    pub fn is_busy(&self) -> bool {
        self.problem.kind.ends_with(BUSY)
    }

    /// True where nobody is to be looked up for the sake of a page about it.
    pub fn is_for_nobody(&self) -> bool {
        self.is_busy() || matches!(*self.detail, Said::ShutOut { .. })
    }

    /// The problem as it is sent.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The problem's detail, for pages in other languages.
    pub fn detail(&self) -> &Said {
        &self.detail
    }
}

impl From<OperateError> for Refusal {
    fn from(error: OperateError) -> Self {
        let detail = error.said();
        let (status, kind, title) = match error {
            OperateError::NotIdentified(_) => return Self::not_identified(detail),
            OperateError::Denied { because: Because::ProofTooOld, .. } => {
                (StatusCode::FORBIDDEN, STEP_UP, "Prove the second factor once more")
            }
            OperateError::Denied { .. } => (StatusCode::FORBIDDEN, "denied", "Not permitted"),
            OperateError::Barred(_) => (StatusCode::FORBIDDEN, "login-barred", "No login at present"),
            OperateError::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            OperateError::Invalid(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Not acceptable as given")
            }
            OperateError::Outdated(_) => {
                (StatusCode::PRECONDITION_FAILED, "outdated", "Changed by somebody else")
            }
            OperateError::Conflict(_) => (StatusCode::CONFLICT, "conflict", "Not possible as things stand"),
            OperateError::Busy(_) => (StatusCode::TOO_MANY_REQUESTS, BUSY, "Too much at once"),
            OperateError::Unrecorded(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unrecorded", "Nothing can be recorded, so nothing is done")
            }
            OperateError::Failed(beneath) => {
                // What lies beneath is for who runs the server; it may name paths and statements.
                tracing::error!(error = %beneath, "an operation failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "failed", "Failed")
            }
        };
        Self::new(status, kind, title, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self.problem)).into_response();
        response.extensions_mut().insert(Refused(self));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

//! The routes: one file a noun, below `/api/v1`; the few others beside them.
#![allow(unused_qualifications, reason = "utoipa::path writes them")]

mod adoption;
mod audit;
mod backups;
mod blocklist;
mod channels;
mod credentials;
mod domains;
mod elements;
mod endpoints;
mod events;
mod factors;
mod groups;
mod health;
mod jobs;
mod names;
mod passwords;
mod policies;
mod ports;
mod roles;
mod rules;
mod sessions;
mod system;
mod tenants;
mod topology;
mod users;

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use netwarden_identity::Plane;
use netwarden_operate::{Desk, Said};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use crate::intake::{Intake, let_in};
use crate::planes;
use crate::refusal::Refusal;

/// The extension of the OpenAPI document that names a route's operation.
pub const OPERATION: &str = "x-netwarden-operation";

/// Octets of a body, at most.
const LARGEST_BODY: usize = 1 << 20;
/// No request takes longer until its answer begins.
const LONGEST: Duration = Duration::from_secs(120);

/// Pages load their own files and nothing else, run nothing that stands in them, and send forms here only.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An answer of JSON.
type Answer<T> = Result<Json<T>, Refusal>;

#[derive(OpenApi)]
#[openapi(info(
    title = "Netwarden",
    description = "Network access control: what is in the network, who may connect, and who did what. \
                   Lists come in pages by key (`after`), errors as problem details (RFC 9457), times as \
                   RFC 3339 in UTC. Acts take an Idempotency-Key.",
    license(name = "Apache-2.0 OR MIT")
))]
struct Document;

fn routes() -> OpenApiRouter<Desk> {
    let api = OpenApiRouter::new()
        .merge(endpoints::routes())
        .merge(groups::routes())
        .merge(elements::routes())
        .merge(ports::routes())
        .merge(topology::routes())
        .merge(credentials::routes())
        .merge(channels::routes())
        .merge(adoption::routes())
        .merge(names::routes())
        .merge(events::routes())
        .merge(roles::routes())
        .merge(domains::routes())
        .merge(tenants::routes())
        .merge(blocklist::routes())
        .merge(factors::routes())
        .merge(rules::routes())
        .merge(audit::routes())
        .merge(jobs::routes())
        .merge(sessions::routes())
        .merge(backups::routes())
        .merge(health::routes())
        .merge(users::routes())
        .merge(passwords::routes())
        .merge(policies::routes())
        .merge(system::routes());
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", api).merge(health::outside())
}

/// The routes and their types, as the sources declare them; [`crate::contract`] is what programs are given.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document.security =
        Some(vec![utoipa::openapi::security::SecurityRequirement::new("bearer", [] as [&str; 0])]);
    document
}

/// Everything that is served, over one desk: the network's plane, and the others below their names.
pub fn router(desk: Desk) -> Router {
    let intake = Intake::new(desk.clone());
    router_behind(desk, intake)
}

/// [`router`], behind a gate that counts connections, too.
pub(crate) fn router_behind(desk: Desk, intake: Intake) -> Router {
    let network = of_one_plane(desk, intake);
    let below =
        |plane| network.clone().layer(from_fn(move |request, next| planes::below(plane, request, next)));
    [Plane::Management, Plane::Tenant]
        .into_iter()
        .fold(network.clone(), |router, plane| router.nest_service(planes::prefix(plane), below(plane)))
}

fn of_one_plane(desk: Desk, intake: Intake) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .merge(crate::views::router())
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn(within_time))
        .layer(from_fn_with_state(intake, let_in))
        .layer(from_fn_with_state(desk.clone(), crate::views::on_a_page))
        .layer(from_fn(guarded))
        .with_state(desk)
}

async fn no_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no-route", "Not found", Said::NothingHere)
}

async fn no_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "no-method", "Method not allowed", Said::NoSuchMethod)
}

/// Ends what takes too long, a body that trickles in included.
async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = Said::TookTooLong { seconds: LONGEST.as_secs() };
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "Too slow", detail).into_response()
        }
    }
}

/// What browsers are to make of answers: nothing is stored, framed, sniffed or run.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let is = |name, begins: &[u8]| {
        headers.get(name).is_some_and(|value: &HeaderValue| value.as_bytes().starts_with(begins))
    };
    // Files of the console are the same for everybody for ever, and say so; nothing else is kept anywhere.
    let may_be_kept = is(header::CACHE_CONTROL, b"public, ");
    let policy = if is(header::CONTENT_TYPE, b"text/html") {
        PAGE_POLICY
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    if !may_be_kept {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

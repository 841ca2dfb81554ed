//! `/endpoints`: the reference list, acts by hand, history and why.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use netwarden_api::endpoint::{
    self, Authorise, Endpoint, EndpointChange, Move, Reason, Requested, Sighting, Why,
};
use netwarden_api::{Page, Problem};
use netwarden_identity::Operation;
use netwarden_model::{Mac, NeId, PortName, PortRef, Setting};
use netwarden_operate::{Authorisation, Desk, EndpointEdit, ListWish, Posture, Where, vlan};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, Key, ListParams, MacAt, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, change, forget))
        .routes(routes!(why))
        .routes(routes!(history))
        .routes(routes!(whereabouts))
        .routes(routes!(authorise))
        .routes(routes!(block))
        .routes(routes!(r#move))
        .routes(routes!(report))
}

/// Endpoints; filters mac, status, compliance, group, vendor, name, ne, port, vlan, online, owner, ip.
#[utoipa::path(get, path = "/endpoints", tag = "endpoints", params(ListParams),
    responses((status = 200, body = Page<Endpoint>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Endpoint>> {
    let listed = desk.endpoints(&asker.caller, wish).await?;
    Ok(Json(shape::page(listed, shape::endpoint)))
}

/// One endpoint, with the version of what people and rules set of it as ETag.
#[utoipa::path(get, path = "/endpoints/{mac}", tag = "endpoints", params(("mac" = String, Path)),
    responses((status = 200, body = Endpoint), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker, MacAt(mac): MacAt) -> Result<Response, Refusal> {
    shown(&desk, &asker, mac).await
}

async fn shown(desk: &Desk, asker: &Asker, mac: Mac) -> Result<Response, Refusal> {
    let shown = desk.endpoint(&asker.caller, mac).await?;
    let version = shown.version.clone();
    Ok(tagged(StatusCode::OK, &version, shape::endpoint(shown)))
}

/// Takes it off the reference list: it is judged anew, and its history stays.
#[utoipa::path(delete, path = "/endpoints/{mac}", tag = "endpoints",
    params(("mac" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.delete"))))]
async fn forget(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.forget_endpoint(&asker.caller, mac, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes an endpoint; one that is not known yet is put on the list. With If-Match only where nobody was
/// faster.
#[utoipa::path(patch, path = "/endpoints/{mac}", tag = "endpoints",
    params(("mac" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = EndpointChange,
    responses((status = 200, body = Endpoint), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    IfMatch(expected): IfMatch,
    Body(change): Body<EndpointChange>,
) -> Result<Response, Refusal> {
    let bound_to = match (change.bound_to, change.unbind) {
        (Some(_), true) => return Err(Refusal::malformed("bound_to and unbind exclude each other")),
        (Some(port), false) => Some(Some(PortRef { ne: NeId(port.ne_id), port: PortName(port.port) })),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let text = |text: Option<String>| text.map(|text| Some(text).filter(|text| !text.is_empty()));
    let offline_after = change.offline_after_s.map(|s| (s > 0).then(|| std::time::Duration::from_secs(s)));
    let edit = EndpointEdit {
        owner: text(change.owner),
        note: text(change.note),
        group: text(change.group),
        bound_to,
        custom1: text(change.custom1),
        custom2: text(change.custom2),
        offline_after,
        ..EndpointEdit::default()
    };
    desk.edit_endpoint(&asker.caller, Operation::EndpointModify, mac, edit, &change.reason, expected).await?;
    shown(&desk, &asker, mac).await
}

/// Why its access is what it is: the chain of cause, newest first.
#[utoipa::path(get, path = "/endpoints/{mac}/why", tag = "endpoints", params(("mac" = String, Path)),
    responses((status = 200, body = Why), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.explain"))))]
async fn why(State(desk): State<Desk>, asker: Asker, MacAt(mac): MacAt) -> Answer<Why> {
    Ok(Json(shape::why(desk.why_endpoint(&asker.caller, mac).await?)))
}

/// The time that a question about the past covers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// At this time; instead of `from` and `until`.
    at: Option<Timestamp>,
    /// From then; the beginning where absent.
    from: Option<Timestamp>,
    /// Until then; now where absent.
    until: Option<Timestamp>,
    /// Found in the port, its element, the user, or what the endpoint is found by.
    text: Option<String>,
    /// Column to sort by (`started`, `mac`, `ne_name`, `port`, `user`); `-` before it for descending.
    sort: Option<String>,
    /// Rows wanted, 1 to 1,000; 100 unless given.
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

impl Span {
    pub(super) fn bounds(&self, desk: &Desk) -> Result<(Timestamp, Timestamp), Refusal> {
        match (self.at, self.from, self.until) {
            (Some(at), None, None) => Ok((at, at)),
            (Some(_), ..) => Err(Refusal::malformed("at excludes from and until")),
            (None, from, until) => {
                Ok((from.unwrap_or(Timestamp::UNIX_EPOCH), until.unwrap_or_else(|| desk.clock.now())))
            }
        }
    }
}

/// Where it was, the latest first; `{mac}` may also be an IP address or a name.
#[utoipa::path(get, path = "/endpoints/{mac}/history", tag = "endpoints", params(("mac" = String, Path), Span),
    responses((status = 200, body = Page<Sighting>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.history"))))]
async fn history(
    State(desk): State<Desk>,
    asker: Asker,
    Place(whom): Place<String>,
    Asked(span): Asked<Span>,
) -> Answer<Page<Sighting>> {
    let whom = match (whom.parse::<Mac>(), whom.parse()) {
        (Ok(mac), _) => Where::Mac(mac),
        (_, Ok(ip)) => Where::Ip(ip),
        // No name has a colon: it was meant for a MAC address.
        (Err(error), _) if whom.contains(':') => return Err(Refusal::malformed(error.to_string())),
        _ => Where::Name(whom),
    };
    sightings(&desk, &asker, &whom, span).await
}

/// Who or what a question about the past is about: exactly one of these.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Whom {
    /// An endpoint.
    mac: Option<String>,
    /// Whoever had this address then.
    ip: Option<String>,
    /// Endpoints with this DNS or host name.
    name: Option<String>,
    /// User of an 802.1X session.
    user: Option<String>,
    /// At this time; instead of `from` and `until`.
    at: Option<Timestamp>,
    /// From then; the beginning where absent.
    from: Option<Timestamp>,
    /// Until then; now where absent.
    until: Option<Timestamp>,
    /// Found in the port, its element, the user, or what the endpoint is found by.
    text: Option<String>,
    /// Column to sort by (`started`, `mac`, `ne_name`, `port`, `user`); `-` before it for descending.
    sort: Option<String>,
    /// Rows wanted, 1 to 1,000; 100 unless given.
    limit: Option<u64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Where a MAC, IP address, name or user was, the latest first.
#[utoipa::path(get, path = "/history", tag = "endpoints", params(Whom),
    responses((status = 200, body = Page<Sighting>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.history"))))]
async fn whereabouts(
    State(desk): State<Desk>,
    asker: Asker,
    Asked(whom): Asked<Whom>,
) -> Answer<Page<Sighting>> {
    let subject = match (whom.mac, whom.ip, whom.name, whom.user) {
        (Some(mac), None, None, None) => {
            Where::Mac(mac.parse::<Mac>().map_err(|error| Refusal::malformed(error.to_string()))?)
        }
        (None, Some(ip), None, None) => {
            Where::Ip(ip.parse().map_err(|_| Refusal::malformed("ip is no IP address"))?)
        }
        (None, None, Some(name), None) => Where::Name(name),
        (None, None, None, Some(user)) => Where::User(user),
        _ => return Err(Refusal::malformed("exactly one of mac, ip, name and user is needed")),
    };
    let span = Span {
        at: whom.at,
        from: whom.from,
        until: whom.until,
        text: whom.text,
        sort: whom.sort,
        limit: whom.limit,
        after: whom.after,
    };
    sightings(&desk, &asker, &subject, span).await
}

pub(super) async fn sightings(
    desk: &Desk,
    asker: &Asker,
    whom: &Where,
    span: Span,
) -> Answer<Page<Sighting>> {
    let bounds = span.bounds(desk)?;
    let wish = ListWish {
        filters: Vec::new(),
        text: span.text,
        sort: span.sort,
        limit: span.limit,
        after: span.after,
    };
    let listed = desk.list_history(&asker.caller, whom, bounds, wish).await?;
    Ok(Json(shape::page(listed, |view| Sighting {
        mac: view.mac.to_string(),
        ne_id: view.port.ne.0,
        ne: view.ne_name.unwrap_or_default(),
        port: view.port.port.0,
        vlan: view.vlan.map(|vlan| vlan.get()),
        from: view.started,
        until: view.ended,
        last_seen: view.last_seen,
        user: view.user,
    })))
}

/// Puts it on the reference list; releases its port where we had cut it off.
#[utoipa::path(post, path = "/endpoints/{mac}/authorise", tag = "endpoints", params(("mac" = String, Path)),
    request_body = Authorise,
    responses((status = 200, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.authorise"))))]
async fn authorise(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    Body(wish): Body<Authorise>,
) -> Answer<Requested> {
    let authorisation = Authorisation {
        until: wish.until,
        owner: wish.owner,
        note: wish.note,
        group: wish.group,
        release: wish.release.unwrap_or(true),
    };
    let request = desk.authorise(&asker.caller, mac, authorisation, &wish.reason).await?;
    Ok(Json(Requested { request: request.map(|id| id.to_string()) }))
}

/// Refuses it; rules on `unauthorised` act where it is online.
#[utoipa::path(post, path = "/endpoints/{mac}/block", tag = "endpoints", params(("mac" = String, Path)),
    request_body = Reason,
    responses((status = 200, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.block"))))]
async fn block(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    Body(wish): Body<Reason>,
) -> Answer<Requested> {
    desk.block(&asker.caller, mac, &wish.reason).await?;
    Ok(Json(Requested { request: None }))
}

/// Moves the port on which it is; to the element's quarantine VLAN unless one is named.
#[utoipa::path(post, path = "/endpoints/{mac}/move", tag = "endpoints",
    params(("mac" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Move,
    responses((status = 202, body = Requested), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.move"))))]
async fn r#move(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    Key(key): Key,
    Body(wish): Body<Move>,
) -> Result<(StatusCode, Json<Requested>), Refusal> {
    let to = wish.vlan.map(vlan).transpose()?;
    let id = desk.move_endpoint(&asker.caller, mac, to, wish.bounce, &wish.reason, key).await?;
    Ok(accepted(&id))
}

/// Takes what a management of endpoints has found of one: its fingerprint and its security configuration.
#[utoipa::path(put, path = "/endpoints/{mac}/posture", tag = "endpoints", params(("mac" = String, Path)),
    request_body = endpoint::Posture,
    responses((status = 200, body = Endpoint), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("endpoint.report"))))]
async fn report(
    State(desk): State<Desk>,
    asker: Asker,
    MacAt(mac): MacAt,
    Body(report): Body<endpoint::Posture>,
) -> Result<Response, Refusal> {
    let setting = |(name, setting): (String, endpoint::Setting)| {
        let endpoint::Setting { found, expected } = setting;
        (name, Setting { found, expected })
    };
    let configuration = report.configuration.map(|all| all.into_iter().map(setting).collect());
    let posture = Posture { fingerprint: report.fingerprint, configuration };
    desk.report_posture(&asker.caller, mac, posture, &report.reason).await?;
    shown(&desk, &asker, mac).await
}

pub(super) fn accepted(id: &impl ToString) -> (StatusCode, Json<Requested>) {
    (StatusCode::ACCEPTED, Json(Requested { request: Some(id.to_string()) }))
}

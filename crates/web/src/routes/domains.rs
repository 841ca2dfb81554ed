//! `/domains`: parts of the network to which rights are confined.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use netwarden_api::domain::{Belongs, Domain, DomainChange, NewDomain};
use netwarden_api::{Page, Problem};
use netwarden_operate::{Desk, DomainWish, ShownDomain, domain_version};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::input::{Asked, Body, IfMatch, ListParams, Place, ReasonParam, Wish, tagged};
use crate::refusal::Refusal;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, change, remove))
}

fn shaped(shown: ShownDomain) -> Domain {
    let ShownDomain { kept, named, elements } = shown;
    let all = |names: std::collections::BTreeSet<String>| names.into_iter().collect();
    Domain {
        name: kept.name,
        description: Some(kept.description).filter(|text| !text.is_empty()),
        belongs: Belongs {
            regions: all(kept.domain.regions),
            device_sets: all(kept.domain.device_sets),
            classes: all(kept.domain.classes),
            subnets: all(kept.domain.subnets),
            elements: named,
        },
        elements,
        changed_at: kept.changed,
        changed_by: kept.changed_by,
    }
}

fn wish(belongs: Belongs) -> DomainWish {
    DomainWish {
        regions: belongs.regions,
        device_sets: belongs.device_sets,
        classes: belongs.classes,
        subnets: belongs.subnets,
        elements: belongs.elements,
    }
}

/// Domains; filter name.
#[utoipa::path(get, path = "/domains", tag = "domains", params(ListParams),
    responses((status = 200, body = Page<Domain>), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("domain.read"))))]
async fn list(State(desk): State<Desk>, asker: Asker, Wish(wish): Wish) -> Answer<Page<Domain>> {
    Ok(Json(shape::page(desk.list_domains(&asker.caller, wish).await?, shaped)))
}

/// Makes a domain.
#[utoipa::path(post, path = "/domains", tag = "domains", request_body = NewDomain,
    responses((status = 201, body = Domain), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("domain.create"))))]
async fn create(
    State(desk): State<Desk>,
    asker: Asker,
    Body(new): Body<NewDomain>,
) -> Result<(StatusCode, Json<Domain>), Refusal> {
    let caller = &asker.caller;
    desk.create_domain(caller, &new.name, &new.description, wish(new.belongs), &new.reason).await?;
    Ok((StatusCode::CREATED, Json(shaped(desk.domain(caller, &new.name).await?))))
}

async fn answered(desk: &Desk, asker: &Asker, name: &str) -> Result<Response, Refusal> {
    let shown = desk.domain(&asker.caller, name).await?;
    let version = domain_version(&shown.kept);
    Ok(tagged(StatusCode::OK, &version, shaped(shown)))
}

/// One domain, with the version of what can be edited as ETag.
#[utoipa::path(get, path = "/domains/{name}", tag = "domains", params(("name" = String, Path)),
    responses((status = 200, body = Domain), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("domain.read"))))]
async fn show(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
) -> Result<Response, Refusal> {
    answered(&desk, &asker, &name).await
}

/// Changes a domain; whoever is confined to it sees what belongs to it from their next action on.
#[utoipa::path(patch, path = "/domains/{name}", tag = "domains",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = DomainChange,
    responses((status = 200, body = Domain), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("domain.modify"))))]
async fn change(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Body(change): Body<DomainChange>,
) -> Result<Response, Refusal> {
    let belongs = change.belongs.map(wish);
    desk.change_domain(&asker.caller, &name, change.description, belongs, &change.reason, expected).await?;
    answered(&desk, &asker, &name).await
}

/// Deletes a domain to which nobody is confined.
#[utoipa::path(delete, path = "/domains/{name}", tag = "domains",
    params(("name" = String, Path), ReasonParam, ("If-Match" = Option<String>, Header)),
    responses((status = 204), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("domain.delete"))))]
async fn remove(
    State(desk): State<Desk>,
    asker: Asker,
    Place(name): Place<String>,
    IfMatch(expected): IfMatch,
    Asked(why): Asked<ReasonParam>,
) -> Result<StatusCode, Refusal> {
    desk.delete_domain(&asker.caller, &name, &why.reason, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

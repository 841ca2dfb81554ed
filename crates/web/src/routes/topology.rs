//! `/topology`: the map of the network at layer 2.

use axum::Json;
use axum::extract::State;
use netwarden_api::Problem;
use netwarden_api::topology::Topology;
use netwarden_operate::Desk;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Answer;
use crate::ask::Asker;
use crate::shape;

pub(super) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Network elements and what joins them, by LLDP, CDP and forwarding tables.
#[utoipa::path(get, path = "/topology", tag = "elements",
    responses((status = 200, body = Topology), (status = "default", body = Problem)),
    extensions(("x-netwarden-operation" = json!("ne.read"))))]
async fn show(State(desk): State<Desk>, asker: Asker) -> Answer<Topology> {
    Ok(Json(shape::topology(desk.topology(&asker.caller).await?)))
}

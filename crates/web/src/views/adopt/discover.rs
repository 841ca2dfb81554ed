//! Second step: finding elements, by sweeping a subnet, by what known elements announce, from a file, or one
//! by its address.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ElementWish, Said, Search};
use uuid::Uuid;

use super::{Course, work};
use crate::address::Query;
use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::dialog::Dialog;
use crate::views::form::{Field, Form, Kind, reason};
use crate::views::frame::{self, Frame, answered, led_to};
use crate::views::section::told;
use crate::views::table::{Cell, Table};
use crate::views::visitor::Visitor;

const HERE: &str = "/adopt/discover";

#[derive(Template)]
#[template(path = "adopt_discover.html")]
struct DiscoverPage {
    frame: Frame,
    course: Course,
    forms: Vec<Form>,
    /// None of the sets can be tried.
    no_sets: bool,
    jobs: Table,
}

/// The ways of finding elements that this reader may go.
async fn forms(desk: &Desk, visitor: &Visitor) -> Result<Vec<Form>, Refusal> {
    let l = visitor.language();
    let in_clear =
        || Field::new("allow_v2c", l.t("field-allow-v2c"), Kind::Tick).hinted(l.t("field-allow-v2c-hint"));
    let mut forms = Vec::new();
    if visitor.may(desk, Operation::AdoptionDiscover) {
        forms.push(
            Form::new(l.t("discover-sweep"), l.t("discover-search"), HERE, "")
                .telling([l.t("discover-sweep-told")])
                .asking([
                    Field::new("subnet", l.t("field-subnet"), Kind::Text).hinted("192.0.2.0/24").needed(),
                    Field::new("port", l.t("field-udp-port"), Kind::Number(1, 65_535)).with("161"),
                    in_clear(),
                ]),
        );
        forms.push(
            Form::new(l.t("discover-neighbours"), l.t("discover-search"), "/adopt/neighbours", "")
                .telling([l.t("discover-neighbours-told")]),
        );
    }
    if visitor.may(desk, Operation::NeCreate) {
        let sets = desk.credentials(visitor.caller()).await?.into_iter();
        let any = (String::new(), l.t("field-any-credential"));
        let sets = std::iter::once(any).chain(sets.map(|set| (set.name.clone(), set.name))).collect();
        forms.push(
            Form::new(l.t("discover-host"), l.t("act-add"), "/adopt/host", "")
                .telling([l.t("discover-host-told")])
                .asking([
                    Field::new("address", l.t("column-address"), Kind::Text)
                        .hinted(l.t("field-address-hint"))
                        .needed(),
                    Field::new("name", l.t("column-name"), Kind::Text).hinted(l.t("field-element-name-hint")),
                    Field::new("credential", l.t("property-credential"), Kind::Choice(sets)),
                    Field::new("quarantine_vlan", l.t("property-quarantine-vlan"), Kind::Number(1, 4_094)),
                    in_clear(),
                ]),
        );
    }
    if visitor.may(desk, Operation::NeImport) {
        forms.push(
            Form::new(l.t("discover-import"), l.t("discover-import-start"), "/adopt/import", "")
                .telling([l.t("discover-import-told")])
                .asking([
                    Field::new("csv", l.t("field-csv"), Kind::Lines(6))
                        .hinted(l.t("field-csv-hint"))
                        .needed(),
                    reason(l),
                ]),
        );
    }
    Ok(forms)
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    query: &Query,
    refused: Option<(&str, &Given, Refusal)>,
) -> Result<Response, Refusal> {
    let l = visitor.language();
    let mut forms = forms(desk, visitor).await?;
    let mut status = None;
    if let Some((action, given, refusal)) = refused {
        match forms.iter_mut().find(|form| form.action == action) {
            Some(form) => status = Some(form.fill(l, given, refusal)?),
            None => return Err(refusal),
        }
    }
    let frame = Frame::of(desk, visitor, l.t("adopt-discover")).await;
    let mut response = frame::page(&DiscoverPage {
        frame: frame.with_notice(told(l, query)),
        course: Course::of(desk, visitor, "discover").await?,
        forms,
        no_sets: desk.credentials(visitor.caller()).await?.is_empty(),
        jobs: work::listed(l, &work::jobs(desk, visitor).await?),
    })?;
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    Ok(response)
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        page(&desk, &visitor, &query, None).await
    })
    .await
}

/// To the page of the job that was started, or back to its form.
async fn started(
    desk: &Desk,
    visitor: &Visitor,
    action: &str,
    given: &Given,
    job: Result<Uuid, Refusal>,
) -> Result<Response, Refusal> {
    match job {
        Ok(id) => Ok(led_to(&format!("/adopt/review?job={id}"))),
        Err(refusal) => page(desk, visitor, &Query::default(), Some((action, given, refusal))).await,
    }
}

fn number(given: &Given, name: &str) -> Result<Option<u16>, Refusal> {
    let Some(text) = given.text(name) else { return Ok(None) };
    let shown: String = text.chars().take(32).collect();
    text.parse().map(Some).map_err(|_| Refusal::malformed(Said::NoPortNumber { given: shown }).at(name))
}

pub(crate) async fn sweep(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.permit_of(visitor.caller(), Operation::AdoptionDiscover).await?;
        let job = async {
            let subnet = given
                .text("subnet")
                .ok_or_else(|| Refusal::malformed(visitor.language().t("field-needed")).at("subnet"))?;
            let search = Search {
                subnet: Some(subnet),
                port: number(&given, "port")?,
                allow_v2c: given.text("allow_v2c").is_some(),
                add: false,
            };
            Ok(desk.discover(visitor.caller(), search, &given.reason).await?)
        };
        let job = job.await;
        started(&desk, &visitor, HERE, &given, job).await
    })
    .await
}

pub(crate) async fn neighbours(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let job = desk.discover(visitor.caller(), Search::default(), &given.reason).await;
        started(&desk, &visitor, "/adopt/neighbours", &given, job.map_err(Refusal::from)).await
    })
    .await
}

/// Adds one element at once.
pub(crate) async fn host(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        desk.permit_of(visitor.caller(), Operation::NeCreate).await?;
        let added = async {
            let wish = ElementWish {
                name: given.text("name"),
                address: given.text("address").unwrap_or_default(),
                credential: given.text("credential"),
                quarantine_vlan: super::vlan_of(visitor.language(), &given, "quarantine_vlan")?,
                allow_v2c: given.text("allow_v2c").is_some(),
                ..ElementWish::default()
            };
            Ok::<_, Refusal>(desk.add_element(visitor.caller(), wish, &given.reason).await?)
        };
        match added.await {
            Ok(_) => Ok(led_to("/adopt/review?done=added")),
            Err(refusal) => {
                page(&desk, &visitor, &Query::default(), Some(("/adopt/host", &given, refusal))).await
            }
        }
    })
    .await
}

pub(crate) async fn import(State(desk): State<Desk>, visitor: Visitor, given: Given) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&given.proof)?;
        let csv = given.text("csv").unwrap_or_default();
        let job = desk.import_elements(visitor.caller(), csv.as_bytes(), &given.reason).await;
        started(&desk, &visitor, "/adopt/import", &given, job.map_err(Refusal::from)).await
    })
    .await
}

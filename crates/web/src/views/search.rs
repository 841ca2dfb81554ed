//! One search over everything: endpoints (addresses, names, owners, users), elements, ports.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::{Desk, ListWish};

use super::endpoints::address;
use super::frame::{self, Frame, answered};
use super::language::Language;
use super::ports;
use super::table::Cell;
use super::visitor::Visitor;
use crate::address::{Query, escaped};
use crate::refusal::Refusal;
use crate::shape;

/// Of each kind.
const SHOWN: u64 = 8;

/// Something that was found.
struct Hit {
    title: String,
    href: String,
    about: String,
    status: Option<Cell>,
}

/// What was found of a kind.
struct Group {
    title: String,
    hits: Vec<Hit>,
    /// Where all of them are.
    all: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    l: Language,
    text: String,
    groups: Vec<Group>,
}

#[derive(Template)]
#[template(path = "search.html", block = "found")]
struct SearchPart {
    l: Language,
    text: String,
    groups: Vec<Group>,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let text = query.get("q").unwrap_or_default().trim().to_owned();
        let groups = if text.is_empty() { Vec::new() } else { found(&desk, &visitor, &text).await? };
        if visitor.part {
            return frame::page(&SearchPart { l, text, groups });
        }
        let frame = Frame::of(&desk, &visitor, l.t("search-title")).await;
        frame::page(&SearchPage { frame, l, text, groups })
    })
    .await
}

fn wish(text: &str) -> ListWish {
    ListWish { text: Some(text.to_owned()), limit: Some(SHOWN), ..ListWish::default() }
}

async fn found(desk: &Desk, visitor: &Visitor, text: &str) -> Result<Vec<Group>, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let endpoints = shape::page(desk.endpoints(caller, wish(text)).await?, shape::endpoint);
    let hits = endpoints.items.into_iter().map(|endpoint| {
        let name = endpoint.dns_name.or(endpoint.host_name).or(endpoint.owner).or(endpoint.vendor);
        let place = endpoint.ne.zip(endpoint.port).map(|(ne, port)| format!("{ne} · {port}"));
        let about = [name, Some(endpoint.ips.join(" ")), place].into_iter().flatten();
        Hit {
            href: address(&endpoint.mac),
            title: endpoint.mac,
            about: about.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · "),
            status: Some(Cell::Status {
                word: endpoint.status.clone(),
                text: l.word("status", &endpoint.status),
            }),
        }
    });
    let all = endpoints.next.map(|_| format!("/endpoints?text={}", escaped(text)));
    let mut groups = vec![Group { title: l.t("nav-endpoints"), hits: hits.collect(), all }];
    if visitor.may(desk, Operation::NeRead) {
        let elements = shape::page(desk.elements(caller, wish(text)).await?, shape::element);
        let hits = elements.items.into_iter().map(|element| Hit {
            href: format!("/elements/{}", element.id),
            about: element.address,
            status: Some(Cell::Status { text: l.word("state", &element.status), word: element.status }),
            title: element.name,
        });
        let all = elements.next.map(|_| format!("/elements?text={}", escaped(text)));
        groups.push(Group { title: l.t("nav-elements"), hits: hits.collect(), all });
    }
    let found = shape::page(desk.ports(caller, wish(text)).await?, shape::port);
    let hits = found.items.into_iter().map(|port| {
        let word = ports::state(&port);
        Hit {
            href: ports::address(port.ne_id, &port.name),
            title: format!("{} · {}", port.ne, port.name),
            about: port.alias.unwrap_or_default(),
            status: Some(Cell::Status { word: word.to_owned(), text: l.word("state", word) }),
        }
    });
    groups.push(Group { title: l.t("ports"), hits: hits.collect(), all: None });
    groups.retain(|group| !group.hits.is_empty());
    Ok(groups)
}

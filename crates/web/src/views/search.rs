//! One search over everything: endpoints, network elements, ports, people on 802.1X or as owners, events.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use netwarden_identity::Operation;
use netwarden_model::{EventSeq, Mac};
use netwarden_operate::{Desk, ListWish, Where};

use super::endpoints::address;
use super::events::{self, severity};
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
    let hits: Vec<Hit> = endpoints
        .items
        .into_iter()
        .map(|endpoint| {
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
        })
        .collect();
    let all = endpoints.next.map(|_| format!("/endpoints?text={}", escaped(text)));
    let first_mac = hits.first().map(|hit| hit.title.clone());
    let mut groups = vec![Group { title: l.t("nav-endpoints"), hits, all }];
    let mut first_element = None;
    if visitor.may(desk, Operation::NeRead) {
        let elements = shape::page(desk.elements(caller, wish(text)).await?, shape::element);
        first_element = elements.items.first().map(|element| element.id);
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
    let all = found.next.map(|_| format!("/ports?text={}", escaped(text)));
    groups.push(Group { title: l.t("ports"), hits: hits.collect(), all });
    groups.push(people(desk, visitor, text).await?);
    if visitor.may(desk, Operation::EventRead) {
        groups.push(events(desk, visitor, text, first_mac, first_element).await?);
    }
    groups.retain(|group| !group.hits.is_empty());
    Ok(groups)
}

/// Whose endpoint is whose: users of 802.1X sessions by their whole name, owners by a part of theirs.
async fn people(desk: &Desk, visitor: &Visitor, text: &str) -> Result<Group, Refusal> {
    let (l, caller) = (visitor.language(), visitor.caller());
    let mut hits: Vec<Hit> = Vec::new();
    if visitor.may(desk, Operation::EndpointHistory) {
        let whom = Where::User(text.to_owned());
        for seen in desk.history(caller, &whom, Timestamp::UNIX_EPOCH, desk.clock.now()).await? {
            let href = address(&seen.mac.to_string());
            if hits.len() < usize::try_from(SHOWN).unwrap_or(8) && hits.iter().all(|hit| hit.href != href) {
                let place = format!("{} · {}", seen.ne_name.unwrap_or_default(), seen.port.port);
                let about = format!("{}, {place}", l.t("search-user"));
                hits.push(Hit { title: seen.user.unwrap_or_default(), href, about, status: None });
            }
        }
    }
    let filters = vec![("owner".to_owned(), text.to_owned())];
    let wanted = ListWish { filters, limit: Some(SHOWN), ..ListWish::default() };
    let owned = shape::page(desk.endpoints(caller, wanted).await?, shape::endpoint);
    hits.extend(owned.items.into_iter().map(|endpoint| Hit {
        href: address(&endpoint.mac),
        about: format!("{}, {}", l.t("property-owner"), endpoint.mac),
        title: endpoint.owner.unwrap_or_default(),
        status: None,
    }));
    let all = owned.next.map(|_| format!("/endpoints?owner={}", escaped(text)));
    Ok(Group { title: l.t("search-people"), hits, all })
}

/// Events by their number, by their kind, or about the first endpoint or element that was found.
async fn events(
    desk: &Desk,
    visitor: &Visitor,
    text: &str,
    mac: Option<String>,
    element: Option<i64>,
) -> Result<Group, Refusal> {
    let (l, caller, title) = (visitor.language(), visitor.caller(), visitor.language().t("nav-events"));
    let hit = |event: &netwarden_model::Event| -> Result<Hit, Refusal> {
        let event = events::told(l, desk, caller, event)?;
        Ok(Hit {
            title: l.word("kind", &event.kind),
            href: format!("/events/{}", event.seq),
            about: format!("#{} · {} · {}", event.seq, event.at.strftime("%Y-%m-%d %H:%M UTC"), event.text),
            status: Some(severity(l, &event)),
        })
    };
    if let Ok(seq) = text.trim_start_matches('#').parse::<i64>() {
        let found = desk.event(caller, EventSeq(seq)).await.ok();
        let hits = found.iter().map(hit).collect::<Result<_, _>>()?;
        return Ok(Group { title, hits, all: None });
    }
    let lower = text.to_lowercase();
    let is_meant =
        |kind: &&&str| kind.contains(&lower) || l.word("kind", kind).to_lowercase().contains(&lower);
    let kinds: Vec<&str> = events::KINDS.iter().filter(is_meant).copied().collect();
    let (name, value) = match (text.parse::<Mac>(), kinds.is_empty(), mac, element) {
        (Ok(mac), ..) => ("mac", mac.to_string()),
        (_, false, ..) => ("kind", kinds.join(",")),
        (.., Some(mac), _) => ("mac", mac),
        (.., Some(element)) => ("ne", element.to_string()),
        _ => return Ok(Group { title, hits: Vec::new(), all: None }),
    };
    let filters = vec![(name.to_owned(), value.clone())];
    let found =
        desk.list_events(caller, ListWish { filters, limit: Some(SHOWN), ..ListWish::default() }).await?;
    let hits = found.items.iter().map(hit).collect::<Result<_, _>>()?;
    let all = found.next.map(|_| format!("/events?{name}={}", escaped(&value)));
    Ok(Group { title, hits, all })
}

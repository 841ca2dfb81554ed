//! Acts at hand wherever a thing is shown: on an endpoint with its port, on the subject of an event.

use netwarden_api::endpoint::Endpoint;
use netwarden_api::event::Event;
use netwarden_identity::Operation;
use netwarden_model::Mac;
use netwarden_operate::{Desk, port_ref};

use super::endpoints::{self, Button};
use super::ports;
use super::visitor::Visitor;
use crate::shape;

/// Acts on an endpoint, and those on the port where it is.
pub(super) async fn with_port(desk: &Desk, visitor: &Visitor, endpoint: &Endpoint) -> Vec<Button> {
    let mut buttons = endpoints::buttons(desk, visitor, endpoint);
    if let (Some(ne), Some(port)) = (endpoint.ne_id, &endpoint.port) {
        buttons.extend(on_port(desk, visitor, ne, port).await);
    }
    buttons
}

/// Acts on a port, with its name where the page is about something else.
async fn on_port(desk: &Desk, visitor: &Visitor, ne: i64, name: &str) -> Vec<Button> {
    if !visitor.may(desk, Operation::PortRead) {
        return Vec::new();
    }
    let Ok(shown) = desk.port(visitor.caller(), &port_ref(ne, name)).await else { return Vec::new() };
    let port = shape::port(shown);
    let l = visitor.language();
    let mut buttons = ports::buttons(desk, visitor, &port);
    // Moving the endpoint is moving its port: that is offered already.
    buttons.retain(|button| !button.href.ends_with("/quarantine") && !button.href.ends_with("/move"));
    buttons.retain(|button| !button.href.ends_with("protect"));
    for button in &mut buttons {
        let act = button.text.clone();
        button.text = l.with("act-of-port", &[("act", act.into()), ("port", port.name.clone().into())]);
    }
    buttons
}

/// Acts on whom or what an event is about; nothing where that is not known any more.
pub(super) async fn on_subject(desk: &Desk, visitor: &Visitor, event: &Event) -> Vec<Button> {
    if let Ok(mac) = event.subject.parse::<Mac>() {
        if !visitor.may(desk, Operation::EndpointRead) {
            return Vec::new();
        }
        return match desk.endpoint(visitor.caller(), mac).await {
            Ok(found) => with_port(desk, visitor, &shape::endpoint(found)).await,
            Err(_) => Vec::new(),
        };
    }
    match (event.ne_id, &event.port) {
        (Some(ne), Some(port)) => on_port(desk, visitor, ne, port).await,
        (Some(ne), None) if visitor.may(desk, Operation::NeRead) => {
            match desk.element(visitor.caller(), netwarden_model::NeId(ne)).await {
                Ok(found) => super::elements::buttons(desk, visitor, &shape::element(found)),
                Err(_) => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The first acts on an endpoint of which only the address is at hand, as in a list of what needs attention.
pub(super) async fn at_hand(desk: &Desk, visitor: &Visitor, subject: &str) -> Vec<Button> {
    let Ok(mac) = subject.parse::<Mac>() else { return Vec::new() };
    match desk.endpoint(visitor.caller(), mac).await {
        Ok(found) => endpoints::buttons(desk, visitor, &shape::endpoint(found)),
        Err(_) => Vec::new(),
    }
}

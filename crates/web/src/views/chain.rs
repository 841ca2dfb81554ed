//! Why something is as it is: the chain of cause as cards, the newest on top.

use jiff::Timestamp;
use netwarden_identity::{AuditReach, Operation, audit_reach};
use netwarden_model::{EventSeq, RuleId};
use netwarden_operate::{Desk, Link, Target, Why};

use super::visitor::Visitor;
use crate::address::escaped;

/// A link of the chain.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) stage: &'static str,
    pub(super) title: String,
    pub(super) at: Timestamp,
    pub(super) text: String,
    pub(super) href: Option<String>,
}

/// The present access and how it came about.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) access: String,
    pub(super) cards: Vec<Card>,
}

impl Chain {
    pub(super) fn of(desk: &Desk, visitor: &Visitor, why: Why) -> Self {
        Self { access: visitor.language().said(&why.access), cards: cards(desk, visitor, why.chain) }
    }
}

/// Links as cards; they lead where this reader may go.
pub(super) fn cards(desk: &Desk, visitor: &Visitor, links: Vec<Link>) -> Vec<Card> {
    links.into_iter().map(|link| card(desk, visitor, link)).collect()
}

fn card(desk: &Desk, visitor: &Visitor, link: Link) -> Card {
    let is_open = |target: &Target| match target {
        Target::Event(_) => visitor.may(desk, Operation::EventRead),
        Target::Rule(..) => visitor.may(desk, Operation::RuleRead),
        // What a chain links to is seldom about the endpoint alone.
        Target::Record(_) => {
            visitor.may(desk, Operation::AuditRead)
                && audit_reach(&visitor.caller().subject) == AuditReach::All
        }
        Target::History(_) => visitor.may(desk, Operation::EndpointRead),
    };
    let l = visitor.language();
    let href = link.target.filter(is_open).map(|target| match target {
        Target::Event(EventSeq(seq)) => format!("/events/{seq}"),
        Target::Rule(RuleId(id), _) => format!("/rules/{id}"),
        Target::Record(index) => format!("/audit/{index}"),
        Target::History(mac) => format!("/endpoints/{}#history", escaped(&mac.to_string())),
    });
    let stage = link.stage.as_str();
    Card { stage, title: l.word("stage", stage), at: link.at, text: l.said(&link.text), href }
}

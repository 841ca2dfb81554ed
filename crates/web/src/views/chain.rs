//! Why something is as it is: the chain of cause as cards, the newest on top.

use jiff::Timestamp;
use netwarden_model::{EventSeq, RuleId};
use netwarden_operate::{Link, Target, Why};

use super::language::Language;
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
    pub(super) fn of(l: Language, why: Why) -> Self {
        Self { access: why.access, cards: cards(l, why.chain) }
    }
}

/// Links as cards.
pub(super) fn cards(l: Language, links: Vec<Link>) -> Vec<Card> {
    links.into_iter().map(|link| card(l, link)).collect()
}

fn card(l: Language, link: Link) -> Card {
    let href = link.target.map(|target| match target {
        Target::Event(EventSeq(seq)) => format!("/events/{seq}"),
        Target::Rule(RuleId(id), _) => format!("/rules/{id}"),
        Target::Record(index) => format!("/audit/{index}"),
        Target::History(mac) => format!("/endpoints/{}#history", escaped(&mac.to_string())),
    });
    let stage = link.stage.as_str();
    Card { stage, title: l.word("stage", stage), at: link.at, text: link.text, href }
}

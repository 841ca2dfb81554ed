//! Many ports: shut, switched on, moved or released.

use futures::future::BoxFuture;
use netwarden_identity::Operation;
use netwarden_model::PortRef;
use netwarden_model::access::PortAccess;
use netwarden_operate::{Desk, OperateError, PortWish, Said, port_ref};

use super::{Asked, Kind, Verb, count, verb};
use crate::refusal::Refusal;
use crate::views::act::Given;
use crate::views::language::Language;
use crate::views::ports::{address, move_wish, told, vlan_input};
use crate::views::table::{Cell, Columns};
use crate::views::visitor::Visitor;

/// Addresses that a dialog names.
const NAMED_MACS: usize = 10;

/// A port of an element.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) struct Port(PortRef);

impl From<PortRef> for Port {
    fn from(port: PortRef) -> Self {
        Self(port)
    }
}

impl Kind for Port {
    const LIST: &'static str = "/ports";
    const NAME: &'static str = "port";
    const BACK: &'static str = "bulk-back-ports";
    const CRUMB: &'static str = "ports";
    const RESULTS: Columns = &[("column-port", None), ("column-outcome", None), ("column-what", None)];
    const VERBS: &'static [Verb] = &[
        verb(
            "release",
            Operation::PortRelease,
            "act-release",
            ["bulk-release-title", "bulk-release-told", "bulk-released"],
            false,
            None,
        ),
        verb(
            "on",
            Operation::PortOn,
            "act-on",
            ["bulk-on-title", "bulk-on-told", "bulk-on-done"],
            false,
            Some("off"),
        ),
        verb(
            "move",
            Operation::PortMove,
            "act-move-port",
            ["bulk-move-title", "bulk-move-told", "bulk-moved"],
            true,
            Some("release"),
        ),
        verb(
            "off",
            Operation::PortOff,
            "act-off",
            ["bulk-off-title", "bulk-off-told", "bulk-off-done"],
            true,
            Some("on"),
        ),
    ];
    type Wish = Option<PortWish>;

    /// `3 Gi1/0/1`: the element's id, a blank, and the port's name, which may have blanks of its own.
    fn read(text: &str) -> Result<Self, Refusal> {
        let found = text.split_once(' ').and_then(|(ne, name)| Some((ne.parse().ok()?, name)));
        let found = found.filter(|(_, name)| !name.is_empty());
        let (ne, name) = found
            .ok_or_else(|| Refusal::malformed(Said::NoPort { given: text.chars().take(64).collect() }))?;
        Ok(Self(port_ref(ne, name)))
    }

    fn written(&self) -> String {
        format!("{} {}", self.0.ne.0, self.0.port)
    }

    fn asked<'a>(
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        all: &'a [Self],
    ) -> BoxFuture<'a, Result<Asked, Refusal>> {
        Box::pin(async move {
            let l = visitor.language();
            let (mut asked, mut macs, mut spared, mut held) = (Asked::default(), Vec::new(), 0, 0);
            for Self(at) in all {
                let shown = desk.port(visitor.caller(), at).await?;
                let on_it: Vec<String> = shown.endpoints.iter().map(ToString::to_string).collect();
                let port = told(l, shown);
                if port.protected || port.role != "access" {
                    spared += 1;
                } else {
                    macs.extend(on_it);
                }
                held += usize::from(port.enforcement.is_some());
                asked.names.push(format!("{} · {}", port.ne, port.name));
            }
            if verb.dangerous {
                let named = macs.iter().take(NAMED_MACS).cloned().collect::<Vec<_>>().join(", ");
                asked.affected.push(match macs.len() {
                    0 => l.t("bulk-affects-nobody"),
                    all => l.with("affected-all", &[("count", count(all).into()), ("macs", named.into())]),
                });
                if spared > 0 {
                    asked.affected.push(l.t1("bulk-spared", "count", count(spared)));
                }
            }
            if held > 0 {
                asked.affected.push(l.t1("bulk-held", "count", count(held)));
            }
            if verb.name == "move" {
                asked.inputs.push(vlan_input(l));
            }
            Ok(asked)
        })
    }

    /// None: it is switched on, which is nothing that we hold.
    fn wish(l: Language, verb: &Verb, given: &Given) -> Result<Option<PortWish>, Refusal> {
        Ok(match verb.name {
            "on" => None,
            "off" => Some(PortWish::Access(PortAccess::Shut)),
            "move" => Some(move_wish(l, given)?),
            _ => Some(PortWish::Release),
        })
    }

    fn act<'a>(
        &'a self,
        desk: &'a Desk,
        visitor: &'a Visitor,
        _: &'a Verb,
        wish: &'a Option<PortWish>,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OperateError>> {
        let (caller, at) = (visitor.caller(), self.0.clone());
        Box::pin(async move {
            match wish {
                None => desk.switch_on(caller, at, reason, None).await.map(drop),
                Some(wish) => desk.change_port(caller, at, wish.clone(), None, reason, None).await.map(drop),
            }
        })
    }

    fn cell<'a>(&'a self, desk: &'a Desk, visitor: &'a Visitor) -> BoxFuture<'a, Cell> {
        Box::pin(async move {
            let href = address(self.0.ne.0, &self.0.port.0);
            match desk.port(visitor.caller(), &self.0).await {
                Ok(found) => {
                    let port = told(visitor.language(), found);
                    Cell::Link { text: format!("{} · {}", port.ne, port.name), href }
                }
                Err(_) => Cell::Text(self.written()),
            }
        })
    }
}

//! Many network elements: enforcement switched on or off, maintenance begun or ended.

use futures::future::BoxFuture;
use netwarden_identity::Operation;
use netwarden_model::NeId;
use netwarden_operate::{Desk, ElementEdit, MaintenanceWindow, OperateError, Said};

use super::{Asked, Kind, Verb, count, verb};
use crate::refusal::Refusal;
use crate::shape;
use crate::views::act::Given;
use crate::views::element_edit::{window_inputs, window_of};
use crate::views::language::Language;
use crate::views::table::{Cell, Columns};
use crate::views::visitor::Visitor;

/// A network element, by its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) struct Element(NeId);

impl Kind for Element {
    const LIST: &'static str = "/elements";
    const NAME: &'static str = "ne";
    const BACK: &'static str = "bulk-back-elements";
    const CRUMB: &'static str = "nav-elements";
    const RESULTS: Columns = &[("column-element", None), ("column-outcome", None), ("column-what", None)];
    const VERBS: &'static [Verb] = &[
        verb(
            "enforce",
            Operation::EnforcementEnable,
            "act-enforce",
            ["bulk-enforce-title", "bulk-enforce-told", "bulk-enforced"],
            true,
            Some("observe"),
        ),
        verb(
            "observe",
            Operation::EnforcementDisable,
            "act-observe",
            ["bulk-observe-title", "bulk-observe-told", "bulk-observed"],
            false,
            Some("enforce"),
        ),
        verb(
            "maintain",
            Operation::NeSetMaintenance,
            "act-maintain",
            ["bulk-maintain-title", "bulk-maintain-told", "bulk-maintains"],
            false,
            Some("maintained"),
        ),
        verb(
            "maintained",
            Operation::NeSetMaintenance,
            "act-maintained",
            ["bulk-maintained-title", "bulk-maintained-told", "bulk-maintained"],
            false,
            None,
        ),
    ];
    type Wish = Option<MaintenanceWindow>;

    fn read(text: &str) -> Result<Self, Refusal> {
        let given = || text.chars().take(64).collect();
        let id = text.parse().map_err(|_| Refusal::malformed(Said::NoElement { given: given() }))?;
        Ok(Self(NeId(id)))
    }

    fn written(&self) -> String {
        self.0.0.to_string()
    }

    fn asked<'a>(
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        all: &'a [Self],
    ) -> BoxFuture<'a, Result<Asked, Refusal>> {
        Box::pin(async move {
            let l = visitor.language();
            let (mut asked, mut without) = (Asked::default(), 0);
            for Self(ne) in all {
                let element = shape::element(desk.element(visitor.caller(), *ne).await?);
                without += usize::from(element.quarantine_vlan.is_none());
                asked.names.push(element.name);
            }
            if verb.name == "enforce" && without > 0 {
                asked.affected.push(l.t1("bulk-no-quarantine", "count", count(without)));
            }
            if verb.name == "maintain" {
                asked.inputs = window_inputs(l, desk.clock.now());
            }
            Ok(asked)
        })
    }

    fn wish(l: Language, verb: &Verb, given: &Given) -> Result<Option<MaintenanceWindow>, Refusal> {
        if verb.name == "maintain" { window_of(l, given).map(Some) } else { Ok(None) }
    }

    fn act<'a>(
        &'a self,
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        window: &'a Option<MaintenanceWindow>,
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OperateError>> {
        let edit = match verb.name {
            "enforce" | "observe" => {
                ElementEdit { enforcement: Some(verb.name == "enforce"), ..ElementEdit::default() }
            }
            _ => ElementEdit { maintenance: Some(*window), ..ElementEdit::default() },
        };
        Box::pin(async move { desk.edit_element(visitor.caller(), self.0, edit, reason).await.map(drop) })
    }

    fn cell<'a>(&'a self, desk: &'a Desk, visitor: &'a Visitor) -> BoxFuture<'a, Cell> {
        Box::pin(async move {
            match desk.element(visitor.caller(), self.0).await {
                Ok(found) => {
                    let text = shape::element(found).name;
                    Cell::Link { text, href: format!("/elements/{}", self.0.0) }
                }
                Err(_) => Cell::Text(self.written()),
            }
        })
    }
}

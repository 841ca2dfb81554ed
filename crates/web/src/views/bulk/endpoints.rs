//! Many endpoints: authorised or refused.

use futures::future::BoxFuture;
use netwarden_identity::Operation;
use netwarden_model::Mac;
use netwarden_operate::{Authorisation, Desk, OperateError, Said};

use super::{Asked, Kind, Verb, count, verb};
use crate::refusal::Refusal;
use crate::shape;
use crate::views::act::Given;
use crate::views::endpoints::address;
use crate::views::language::Language;
use crate::views::table::{Cell, Columns};
use crate::views::visitor::Visitor;

/// An endpoint, by its address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) struct Endpoint(Mac);

impl Kind for Endpoint {
    const LIST: &'static str = "/endpoints";
    const NAME: &'static str = "mac";
    const BACK: &'static str = "bulk-back";
    const CRUMB: &'static str = "nav-endpoints";
    const RESULTS: Columns = &[("column-mac", None), ("column-outcome", None), ("column-what", None)];
    const VERBS: &'static [Verb] = &[
        verb(
            "authorise",
            Operation::EndpointAuthorise,
            "act-authorise",
            ["bulk-authorise-title", "bulk-authorise-told", "bulk-authorised"],
            false,
            Some("block"),
        ),
        verb(
            "block",
            Operation::EndpointBlock,
            "act-block",
            ["bulk-block-title", "bulk-block-told", "bulk-blocked"],
            true,
            Some("authorise"),
        ),
    ];
    type Wish = ();

    fn read(text: &str) -> Result<Self, Refusal> {
        let given: String = text.chars().take(64).collect();
        given.parse().map(Self).map_err(|_| Refusal::malformed(Said::NoMacAddress { given }))
    }

    fn written(&self) -> String {
        self.0.to_string()
    }

    fn asked<'a>(
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        all: &'a [Self],
    ) -> BoxFuture<'a, Result<Asked, Refusal>> {
        Box::pin(async move {
            let l = visitor.language();
            let (mut asked, mut online, mut authorised) = (Asked::default(), 0, 0);
            for Self(mac) in all {
                let endpoint = shape::endpoint(desk.endpoint(visitor.caller(), *mac).await?);
                online += usize::from(endpoint.online);
                authorised += usize::from(endpoint.status == "authorised");
                let name = endpoint.dns_name.or(endpoint.host_name).or(endpoint.owner).or(endpoint.vendor);
                let name = name.map(|name| format!("{} ({name})", endpoint.mac));
                asked.names.push(name.unwrap_or(endpoint.mac));
            }
            if verb.dangerous && online > 0 {
                asked.affected.push(l.t1("bulk-block-online", "count", count(online)));
            }
            if verb.dangerous && authorised > 0 {
                asked.affected.push(l.t1("bulk-block-authorised", "count", count(authorised)));
            }
            Ok(asked)
        })
    }

    fn wish(_: Language, _: &Verb, _: &Given) -> Result<(), Refusal> {
        Ok(())
    }

    fn act<'a>(
        &'a self,
        desk: &'a Desk,
        visitor: &'a Visitor,
        verb: &'a Verb,
        (): &'a (),
        reason: &'a str,
    ) -> BoxFuture<'a, Result<(), OperateError>> {
        Box::pin(async move {
            if verb.name == "block" {
                return desk.block(visitor.caller(), self.0, reason).await;
            }
            let wish = Authorisation { release: true, ..Authorisation::default() };
            desk.authorise(visitor.caller(), self.0, wish, reason).await.map(drop)
        })
    }

    fn cell<'a>(&'a self, _: &'a Desk, _: &'a Visitor) -> BoxFuture<'a, Cell> {
        let mac = self.0.to_string();
        Box::pin(async move { Cell::CodeLink { href: address(&mac), text: mac } })
    }
}

//! First step: with what elements are asked.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::Operation;
use netwarden_operate::Desk;

use super::Course;
use crate::address::Query;
use crate::views::credentials::{adding, listed};
use crate::views::endpoints::Button;
use crate::views::frame::{self, Frame, answered};
use crate::views::section::told;
use crate::views::table::{Cell, Table};
use crate::views::visitor::Visitor;

#[derive(Template)]
#[template(path = "adopt_list.html")]
struct CredentialsPage {
    frame: Frame,
    course: Course,
    warning: String,
    buttons: Vec<Button>,
    table: Table,
}

pub(crate) async fn show(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        desk.permit_of(visitor.caller(), Operation::AdoptionRead).await?;
        let l = visitor.language();
        let entries = desk.credentials(visitor.caller()).await?;
        let in_clear = !entries.is_empty() && entries.iter().all(|entry| !entry.kind.starts_with("v3"));
        let here = "/adopt/credentials";
        let frame = Frame::of(&desk, &visitor, l.t("adopt-credentials")).await;
        frame::page(&CredentialsPage {
            frame: frame.with_notice(told(l, &query)),
            course: Course::of(&desk, &visitor, "credentials").await?,
            warning: if in_clear { l.t("credentials-all-in-clear") } else { String::new() },
            buttons: adding(&desk, &visitor, here, entries.len()),
            table: listed(&desk, &visitor, &entries, here),
        })
    })
    .await
}

//! Who is online, and one's own sessions; who has logged in when; and the notice after a login.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use netwarden_identity::{ListedSharing, Operation};
use netwarden_operate::{Desk, ListedLogin, ListedSession, Said};
use serde::Deserialize;

use super::act::Given;
use super::dialog::{asked, submitted};
use super::form::{Form, reason};
use super::frame::{answered, led_to};
use super::language::Language;
use super::section::{Listing, Section, acts};
use super::table::{Cell, Columns, Filters, Row};
use super::visitor::Visitor;
use crate::address::{Query, inside};
use crate::input::{Place, Sent};
use crate::refusal::Refusal;
use crate::shape;

const ONLINE: &str = "/system/sessions";
const OWN: &str = "/own/sessions";
const SESSION_COLUMNS: Columns = &[
    ("column-user", Some("user")),
    ("column-address", Some("address")),
    ("column-opened", Some("created")),
    ("column-last-used", Some("last_used")),
    ("column-doing", None),
    ("column-acts", None),
];
const SESSION_FILTERS: Filters = &[("text", "filter-text", None)];
const ONLINE_LISTING: &Listing = &Listing {
    path: ONLINE,
    columns: SESSION_COLUMNS,
    filters: SESSION_FILTERS,
    file: "sessions.csv",
    watched: true,
};
const OWN_LISTING: &Listing = &Listing {
    path: OWN,
    columns: SESSION_COLUMNS,
    filters: SESSION_FILTERS,
    file: "sessions.csv",
    watched: false,
};

fn session_row(desk: &Desk, visitor: &Visitor, session: &ListedSession, end: (Operation, String)) -> Row {
    let l = visitor.language();
    let doing = desk.doing(visitor.caller(), session.id).map(|doing| {
        let operation = doing.operation.name().to_owned();
        doing.object.map_or_else(|| operation.clone(), |object| format!("{operation}: {object}"))
    });
    let offered = [(end.0, "session-end", end.1, true)];
    Row {
        cells: vec![
            Cell::Text(session.user.clone()),
            Cell::Text(place(l, &session.address)),
            Cell::Time(Some(session.created)),
            Cell::Time(Some(session.last_used)),
            Cell::text(doing),
            acts(desk, visitor, &session.user, offered),
        ],
    }
}

fn place(l: Language, address: &str) -> String {
    if address.is_empty() { l.said(&Said::LocalSocket) } else { address.to_owned() }
}

pub(crate) async fn list(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut wanted = ONLINE_LISTING.wish(&query)?;
        wanted.sort.get_or_insert_with(|| "-last_used".to_owned());
        let listed = desk.list_sessions(visitor.caller(), wanted).await?;
        let rows = shape::page(listed, |session| {
            let end = (Operation::SessionEnd, format!("{ONLINE}/{}/end", session.id));
            session_row(&desk, &visitor, &session, end)
        });
        let section = Section {
            title: l.t("online"),
            about: l.t("online-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: ONLINE_LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

async fn end_form(desk: &Desk, visitor: &Visitor, id: i64) -> Result<Form, Refusal> {
    let (l, session) = (visitor.language(), desk.session(visitor.caller(), id).await?);
    Ok(Form::new(
        l.t1("session-end-title", "name", &*session.user),
        l.t("session-end"),
        format!("{ONLINE}/{id}/end"),
        ONLINE,
    )
    .telling([l.t("session-end-told")])
    .asking([reason(l)])
    .dangerous())
}

pub(crate) async fn end_page(State(desk): State<Desk>, visitor: Visitor, Place(id): Place<i64>) -> Response {
    asked(&desk, &visitor, Operation::SessionEnd, end_form(&desk, &visitor, id)).await
}

pub(crate) async fn end(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.end_session(visitor.caller(), id, &given.reason).await?;
        Ok(led_to(&format!("{ONLINE}?done=ended")))
    };
    submitted(&desk, &visitor, &given, done, end_form(&desk, &visitor, id)).await
}

pub(crate) async fn own(State(desk): State<Desk>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let mut wanted = OWN_LISTING.wish(&query)?;
        wanted.sort.get_or_insert_with(|| "-last_used".to_owned());
        let listed = desk.own_sessions(visitor.caller(), wanted).await?;
        let rows = shape::page(listed, |session| {
            let end = (Operation::SessionLogout, format!("{OWN}/{}/end", session.id));
            session_row(&desk, &visitor, &session, end)
        });
        let section = Section {
            title: l.t("own-sessions"),
            about: l.t("own-sessions-about"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: OWN_LISTING,
            rows,
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

fn own_end_form(l: Language, id: i64) -> Form {
    Form::new(l.t("own-session-end"), l.t("session-end"), format!("{OWN}/{id}/end"), OWN)
        .telling([l.t("own-session-end-told")])
        .dangerous()
}

pub(crate) async fn own_end_page(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
) -> Response {
    use super::dialog::Dialog;

    answered(&desk, &visitor, async {
        desk.own_session(visitor.caller()).await?;
        own_end_form(visitor.language(), id).shown(&desk, &visitor).await
    })
    .await
}

pub(crate) async fn own_end(
    State(desk): State<Desk>,
    visitor: Visitor,
    Place(id): Place<i64>,
    given: Given,
) -> Response {
    let done = async {
        desk.end_session(visitor.caller(), id, &given.reason).await?;
        Ok(led_to(&format!("{OWN}?done=ended")))
    };
    let form = async { Ok(own_end_form(visitor.language(), id)) };
    submitted(&desk, &visitor, &given, done, form).await
}

const LOGIN_COLUMNS: Columns = &[
    ("column-time", Some("at")),
    ("column-user", Some("user")),
    ("column-address", Some("address")),
    ("column-status", Some("refused")),
];
const LOGIN_FILTERS: Filters = &[
    ("text", "filter-text", None),
    ("was_refused", "filter-was-refused", Some(("truth", &["true", "false"]))),
];
const LOGINS: &Listing = &Listing {
    path: "/system/logins",
    columns: LOGIN_COLUMNS,
    filters: LOGIN_FILTERS,
    file: "logins.csv",
    watched: false,
};
const OWN_LOGINS: &Listing = &Listing {
    path: "/own/logins",
    columns: LOGIN_COLUMNS,
    filters: LOGIN_FILTERS,
    file: "logins.csv",
    watched: false,
};

fn login_row(l: Language, login: &ListedLogin) -> Row {
    let (word, text) = match &login.refused {
        None => ("ok", l.t("login-admitted")),
        Some(because) => ("bad", l.word("login-refused", because)),
    };
    Row {
        cells: vec![
            Cell::Time(Some(login.at)),
            Cell::Text(login.user.clone()),
            Cell::Code(place(l, &login.address)),
            Cell::Status { word: word.to_owned(), text },
        ],
    }
}

async fn logins_of(desk: Desk, visitor: Visitor, query: Option<String>, all: bool) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let (listing, title, about) = match all {
            true => (LOGINS, "logins", "logins-about"),
            false => (OWN_LOGINS, "own-logins", "own-logins-about"),
        };
        let listed = desk.logins(visitor.caller(), all, listing.wish(&query)?).await?;
        let section = Section {
            title: l.t(title),
            about: l.t(about),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing,
            rows: shape::page(listed, |login| login_row(l, &login)),
            none: String::new(),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

pub(crate) async fn logins(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    logins_of(desk, visitor, query, true).await
}

pub(crate) async fn own_logins(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    logins_of(desk, visitor, query, false).await
}

const SHARING: &Listing = &Listing {
    path: "/system/sharing",
    columns: &[
        ("column-time", Some("at")),
        ("column-user", Some("user")),
        ("column-kind", Some("kind")),
        ("column-what", None),
    ],
    filters: &[
        ("text", "filter-text", None),
        ("kind", "filter-kind", Some(("sharing", &["at_once", "travel", "factors"]))),
    ],
    file: "shared-accounts.csv",
    watched: false,
};

/// Accounts that two people seem to use, with what was seen.
pub(crate) async fn sharings(
    State(desk): State<Desk>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query.as_deref());
    answered(&desk, &visitor, async {
        let l = visitor.language();
        let listed = desk.sharings(visitor.caller(), SHARING.wish(&query)?).await?;
        let row = |one: ListedSharing| Row {
            cells: vec![
                Cell::Time(Some(one.at)),
                Cell::Text(one.user),
                Cell::Text(l.word("sharing", &one.kind)),
                Cell::Text(l.heard(&one.told)),
            ],
        };
        let section = Section {
            title: l.t("sharings"),
            about: l.t("sharings-told"),
            warnings: Vec::new(),
            buttons: Vec::new(),
            listing: SHARING,
            rows: shape::page(listed, row),
            none: l.t("sharings-none"),
        };
        section.shown(&desk, &visitor, &query).await
    })
    .await
}

/// That the notice after the login was read.
#[derive(Deserialize)]
pub(crate) struct Read {
    #[serde(default)]
    proof: String,
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    to: String,
}

pub(crate) async fn acknowledge(
    State(desk): State<Desk>,
    visitor: Visitor,
    Sent(read): Sent<Read>,
) -> Response {
    answered(&desk, &visitor, async {
        visitor.proven(&read.proof)?;
        match desk.acknowledge(visitor.caller(), read.failures.into()).await {
            // Another window was faster.
            Ok(()) | Err(netwarden_operate::OperateError::Conflict(_)) => Ok(led_to(inside(&read.to))),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

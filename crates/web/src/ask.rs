//! Who asks: by the secret of a session or a token, or by the local socket's peer.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use netwarden_identity::{Plane, Presence, Subject, Through};
use netwarden_operate::{Caller, Desk, Origin};
use zeroize::Zeroizing;

use crate::planes::Asked;
use crate::refusal::Refusal;
use crate::serve::LocalPeer;
use crate::views::session_secret;

/// Longest secret that is looked up; session ids and tokens are far shorter.
const LONGEST_SECRET: usize = 256;
/// The header of requests that an open page makes by itself.
const WATCH: &str = "x-netwarden-watch";

/// An identified caller. Extracting it refuses everybody else, before anything of the request is read.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) caller: Caller,
    by: By,
}

#[derive(Clone)]
enum By {
    Secret(Plane, Zeroizing<String>, Option<IpAddr>, Presence),
    Uid(Plane, u32),
    Nothing,
}

impl std::fmt::Debug for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            By::Secret(..) => "Secret(..)",
            By::Uid(..) => "Uid",
            By::Nothing => "Nothing",
        })
    }
}

impl Asker {
    /// The holder of a session's secret that came by cookie; None where it is none that holds in this plane. Tokens
    /// are for programs, which present them as such.
    pub(crate) async fn of_secret(
        desk: &Desk,
        plane: Plane,
        secret: Zeroizing<String>,
        address: Option<IpAddr>,
        presence: Presence,
    ) -> Result<Option<Self>, Refusal> {
        if secret.is_empty() || secret.len() > LONGEST_SECRET {
            return Ok(None);
        }
        let by = By::Secret(plane, secret, address, presence);
        let caller = identify(desk, &by).await?;
        let in_session =
            matches!(&caller.subject, Subject::User(user) if matches!(user.through, Through::Session(_)));
        Ok(in_session.then_some(Self { caller, by }))
    }

    /// Identifies the caller once more, for an answer that lasts: sessions end and rights change.
    pub(crate) async fn again(&mut self, desk: &Desk) -> Result<(), Refusal> {
        // That an answer lasts does not show that anybody reads it.
        if let By::Secret(_, _, _, presence) = &mut self.by {
            *presence = Presence::Watches;
        }
        self.caller = identify(desk, &self.by).await?;
        if self.caller.subject == Subject::Unidentified {
            return Err(Refusal::not_identified("the session has ended"));
        }
        Ok(())
    }
}

impl FromRequestParts<Desk> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let by = presented(parts);
        let caller = identify(desk, &by).await?;
        if caller.subject == Subject::Unidentified {
            let from = source(parts).map_or_else(|| "local socket".to_owned(), |address| address.to_string());
            desk.refuse_unidentified(
                Asked::of(parts),
                &from,
                &format!("{} {}", parts.method, parts.uri.path()),
            )
            .await?;
            return Err(Refusal::not_identified(match by {
                By::Secret(..) => {
                    "the session or token does not hold (any longer) in this plane: log in again"
                }
                By::Uid(..) => "this local user is mapped to no account",
                By::Nothing => "log in first, or present a token as 'Authorization: Bearer ...'",
            }));
        }
        Ok(Self { caller, by })
    }
}

/// Where a request comes from; None on the local socket.
pub(crate) fn source(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// Where a request comes from, and what the program that sent it calls itself.
pub(crate) fn origin(parts: &Parts) -> Origin {
    let device = parts.headers.get(USER_AGENT).and_then(|name| name.to_str().ok()).unwrap_or_default();
    Origin { address: source(parts), device: device.to_owned() }
}

/// Whether the request is one that an open page makes by itself.
pub(crate) fn presence(parts: &Parts) -> Presence {
    // A browser cannot give its event streams a header, and connects them again by itself.
    let is_stream = parts.headers.get(ACCEPT).is_some_and(|kind| kind.as_bytes() == b"text/event-stream");
    if parts.headers.contains_key(WATCH) || is_stream { Presence::Watches } else { Presence::Acts }
}

/// Who a request is of, as a program or as a page of the console, whether or not its route takes both; reading it
/// shows nobody's presence.
pub(crate) async fn presented_anywhere(desk: &Desk, parts: &Parts) -> Result<Caller, Refusal> {
    let plane = Asked::of(parts);
    let by = match session_secret(&parts.headers, plane) {
        Some(secret) if secret.len() <= LONGEST_SECRET && !parts.headers.contains_key(AUTHORIZATION) => {
            By::Secret(plane, Zeroizing::new(secret.to_owned()), source(parts), Presence::Watches)
        }
        _ => match presented(parts) {
            By::Secret(plane, secret, address, _) => By::Secret(plane, secret, address, Presence::Watches),
            other => other,
        },
    };
    identify(desk, &by).await
}

fn presented(parts: &Parts) -> By {
    let plane = Asked::of(parts);
    // A secret that is presented counts, also on the local socket: one may want to be less than root.
    if let Some(header) = parts.headers.get(AUTHORIZATION) {
        let text = header.to_str().unwrap_or_default();
        let secret = match text.split_once(' ') {
            Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => secret.trim(),
            _ => "",
        };
        let secret = if secret.len() > LONGEST_SECRET { "" } else { secret };
        return By::Secret(plane, Zeroizing::new(secret.to_owned()), source(parts), presence(parts));
    }
    match parts.extensions.get::<ConnectInfo<LocalPeer>>() {
        Some(ConnectInfo(LocalPeer { uid: Some(uid) })) => By::Uid(plane, *uid),
        _ => By::Nothing,
    }
}

async fn identify(desk: &Desk, by: &By) -> Result<Caller, Refusal> {
    Ok(match by {
        By::Secret(plane, secret, address, presence) => {
            let caller = desk.identify_present(secret, *address, *presence).await?;
            // A session of one plane is nothing in another.
            if caller.plane() == *plane {
                caller
            } else {
                Caller { subject: Subject::Unidentified, ..caller }
            }
        }
        By::Uid(plane, uid) => desk.identify_local(*plane, *uid).await?,
        By::Nothing => Caller { subject: Subject::Unidentified, address: None, presence: Presence::Acts },
    })
}

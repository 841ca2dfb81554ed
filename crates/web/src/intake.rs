//! What is let in over the network at all (SEC-09): so many connections and requests, so many of one address, and
//! places that strangers cannot take. The local socket has no limits: it is the way in when every other is shut.
//!
//! ```text
//! accept ─▶ a place for the connection ─▶ TLS ─▶ the address's rate ─▶ a place for the request ─▶ routes
//! ```
//!
//! Nobody is identified for it while there is room. Where there is none, whoever presents a session or token that
//! holds has a rate of their own, and administrators and addresses from which somebody has logged in lately have the
//! places that are kept; of connections only the latter, for who somebody is shows in requests alone. Looking that up is
//! limited, too.

mod connection;
mod gate;

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use netwarden_identity::crowd::{Crowd, Full};
use netwarden_identity::{Subject, lockout::counted_address};
use netwarden_model::UserId;
use netwarden_operate::{AccessLimits, Caller, Desk, Said};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::gate::{Kind, Limit, Places, Rates};
use crate::ask::{presented_anywhere, source};
use crate::planes::Asked;
use crate::refusal::Refusal;

pub(crate) use self::connection::Counting;

/// Lookups of who somebody is at once, for those whom there is no room for; and of one address.
const LOOKUPS: usize = 8;
const LOOKUPS_OF_ADDRESS: usize = 2;
/// So long one waits for a lookup.
const LOOKS_UP: Duration = Duration::from_secs(1);
/// The trail names one who was turned away in so long; all are counted.
const NAMED_AFTER: Duration = Duration::from_secs(1);

/// The gate. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    desk: Desk,
    began: Instant,
    lookups: Arc<Semaphore>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    connections: Places,
    requests: Places,
    addresses: Rates<IpAddr>,
    accounts: Rates<UserId>,
    lookups: Crowd,
    named: Option<Duration>,
}

/// Of what somebody has a place.
#[derive(Debug, Clone, Copy)]
enum Of {
    Connections,
    Requests,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    intake: Intake,
    address: IpAddr,
    of: Of,
    kind: Kind,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.intake.counts().places(self.of).leave(self.address, self.kind);
    }
}

/// One of an address's turns at a lookup, given back when dropped.
struct Turn {
    intake: Intake,
    address: IpAddr,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.intake.counts().lookups.leave(self.address);
    }
}

struct Lookup {
    _turn: Turn,
    _permit: OwnedSemaphorePermit,
}

impl Counts {
    const fn places(&mut self, of: Of) -> &mut Places {
        match of {
            Of::Connections => &mut self.connections,
            Of::Requests => &mut self.requests,
        }
    }
}

impl Of {
    const fn limit(self, limits: &AccessLimits) -> Limit {
        match self {
            Of::Connections => Limit::of_connections(limits),
            Of::Requests => Limit::of_requests(limits),
        }
    }
}

impl Intake {
    pub(crate) fn new(desk: Desk) -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { desk, began: Instant::now(), lookups, counts: Arc::default() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, address: IpAddr, of: Of, kind: Kind) -> Place {
        Place { intake: self.clone(), address, of, kind }
    }

    /// A place for a connection from there; None where there is none.
    async fn connection(&self, address: IpAddr) -> Option<Place> {
        let (counted, of) = (counted_address(address), Of::Connections);
        let limit = of.limit(&self.desk.access_limits());
        let entered = self.counts().connections.enter(counted, &limit);
        let entered = match entered {
            Err(Full::All) if self.is_known(address).await => {
                self.counts().connections.enter_kept(counted, &limit)
            }
            other => other,
        };
        match entered {
            Ok(kind) => Some(self.place(counted, of, kind)),
            Err(_) => {
                self.turn_away(None, address, "too many connections").await;
                None
            }
        }
    }

    /// A place for a request from there, or why there is none.
    async fn request(&self, parts: &Parts, address: IpAddr) -> Result<Place, Refusal> {
        let (limits, counted, of) = (self.desk.access_limits(), counted_address(address), Of::Requests);
        let limit = of.limit(&limits);
        let mut asker = None;
        if let Some(per_s) = limits.source_requests_per_s
            && !self.takes(|counts| &mut counts.addresses, counted, per_s)
        {
            let caller = self.identified(parts, address).await;
            let own = caller.as_ref().and_then(account);
            if !own.is_some_and(|account| self.takes(|counts| &mut counts.accounts, account, per_s)) {
                self.turn_away(Some(parts), address, "too many requests").await;
                return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, Said::TooManyRequests));
            }
            asker = caller;
        }
        let entered = self.counts().requests.enter(counted, &limit);
        let full = match entered {
            Ok(kind) => return Ok(self.place(counted, of, kind)),
            Err(full) => full,
        };
        if asker.is_none() {
            asker = self.identified(parts, address).await;
        }
        // Who has filled their own share gets no more of it by being known there.
        let keeps = asker.is_some_and(|caller| self.desk.is_administrator(&caller))
            || (full == Full::All && self.is_known(address).await);
        if keeps && let Ok(kind) = self.counts().requests.enter_kept(counted, &limit) {
            return Ok(self.place(counted, of, kind));
        }
        self.turn_away(Some(parts), address, "too many requests at once").await;
        Err(match full {
            Full::Address => Refusal::busy(StatusCode::TOO_MANY_REQUESTS, Said::TooManyRequests),
            Full::All => Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, Said::TooBusy),
        })
    }

    fn takes<K: Eq + Hash>(
        &self,
        rates: impl FnOnce(&mut Counts) -> &mut Rates<K>,
        key: K,
        per_s: u32,
    ) -> bool {
        rates(&mut self.counts()).take(key, self.began.elapsed(), per_s)
    }

    /// A turn at looking something up; few of one address, so that none takes all of them.
    async fn lookup(&self, address: IpAddr) -> Option<Lookup> {
        let address = counted_address(address);
        self.counts().lookups.enter(address, usize::MAX, LOOKUPS_OF_ADDRESS).ok()?;
        let turn = Turn { intake: self.clone(), address };
        let permit =
            tokio::time::timeout(LOOKS_UP, Arc::clone(&self.lookups).acquire_owned()).await.ok()?.ok()?;
        Some(Lookup { _turn: turn, _permit: permit })
    }

    /// Who the request is of, where it presents something that holds.
    async fn identified(&self, parts: &Parts, address: IpAddr) -> Option<Caller> {
        let _lookup = self.lookup(address).await?;
        let caller = presented_anywhere(&self.desk, parts).await.ok()?;
        (caller.subject != Subject::Unidentified).then_some(caller)
    }

    async fn is_known(&self, address: IpAddr) -> bool {
        let Some(_lookup) = self.lookup(address).await else { return false };
        self.desk.is_known_address(address).await.unwrap_or(false)
    }

    /// Counts it; the trail names one in a second.
    async fn turn_away(&self, parts: Option<&Parts>, address: IpAddr, why: &str) {
        let now = self.began.elapsed();
        let is_named = {
            let named = &mut self.counts().named;
            let is_due = named.is_none_or(|last| now.saturating_sub(last) >= NAMED_AFTER);
            if is_due {
                *named = Some(now);
            }
            is_due
        };
        let plane = parts.map_or_else(Default::default, Asked::of);
        if let Err(error) = self.desk.turn_away(plane, address, why, is_named).await {
            tracing::warn!(%error, "that somebody was turned away could not be recorded");
        }
    }
}

fn account(caller: &Caller) -> Option<UserId> {
    match &caller.subject {
        Subject::User(user) => Some(user.user),
        _ => None,
    }
}

/// Lets a request in, or turns it away before anything of it is read.
pub(crate) async fn let_in(State(intake): State<Intake>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // The local socket's.
    let Some(address) = source(&parts) else { return next.run(Request::from_parts(parts, body)).await };
    match intake.desk.shut_out(Asked::of(&parts), address).await {
        Ok(None) => {}
        Ok(Some(entry)) => return Refusal::shut_out(entry).into_response(),
        Err(error) => return Refusal::from(error).into_response(),
    }
    match intake.request(&parts, address).await {
        Ok(_place) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

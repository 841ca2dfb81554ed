//! Traps and informs into targeted polls (NAC-15): heard, attributed to an element, turned into wishes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netwarden_collect::notification::{Notice, NoticedPort, decode};
use netwarden_inventory::traps::MacNotice;
use netwarden_inventory::{Network, PollWhat, PollWish};
use netwarden_model::element::Method;
use netwarden_model::{Clock, NeId};
use netwarden_reach::{Notification, Principal, TrapPrincipals, TrapReceiver};
use netwarden_snmp::usm::SecurityLevel;
use netwarden_store::Store;
use tokio::sync::{mpsc, watch};

use crate::keeper::Picture;
use crate::poller::Order;
use crate::senders::SenderClock;

/// Seconds after which a sender's clock that merely went on is kept again.
const STALE_S: u32 = 300;

/// How often the clocks of senders are looked at.
const KEEP: std::time::Duration = std::time::Duration::from_secs(30);

/// Tells of a sender's address whether nothing of it is to be heard.
pub type Deaf = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Hears until it is dropped.
pub struct Traps {
    receiver: TrapReceiver,
    picture: Picture,
    orders: mpsc::UnboundedSender<Order>,
    principals: watch::Receiver<TrapPrincipals>,
    clock: Arc<dyn Clock>,
    store: Store,
    kept: BTreeMap<Vec<u8>, (u32, u32)>,
    refused: Arc<AtomicU64>,
    deaf: Deaf,
    unheard: Arc<AtomicU64>,
    /// Elements of which it was said that what they send is refused.
    told: BTreeSet<NeId>,
}

impl std::fmt::Debug for Traps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traps").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}

impl Traps {
    /// Turns what `receiver` hears into orders for the poller; `principals` says who may send.
    pub fn new(
        receiver: TrapReceiver,
        picture: Picture,
        orders: mpsc::UnboundedSender<Order>,
        principals: watch::Receiver<TrapPrincipals>,
        clock: Arc<dyn Clock>,
        store: Store,
    ) -> Self {
        Self {
            receiver,
            picture,
            orders,
            principals,
            clock,
            store,
            kept: BTreeMap::new(),
            refused: Arc::default(),
            deaf: Arc::new(|_| false),
            unheard: Arc::default(),
            told: BTreeSet::new(),
        }
    }

    /// Counts in `refused` what is dropped because it was protected less than SNMPv3 authPriv does and came
    /// from an element without an exception.
    #[must_use]
    pub fn counting(mut self, refused: Arc<AtomicU64>) -> Self {
        self.refused = refused;
        self
    }

    /// Drops, and counts in `unheard`, what comes from addresses of which `deaf` says so (SEC-10).
    #[must_use]
    pub fn deaf_to(mut self, deaf: Deaf, unheard: Arc<AtomicU64>) -> Self {
        (self.deaf, self.unheard) = (deaf, unheard);
        self
    }

    /// Runs until the receiver ends.
    pub async fn run(mut self) {
        let mut keep = tokio::time::interval(KEEP);
        keep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = keep.tick() => self.keep_clocks().await,
                heard = self.receiver.recv() => match heard {
                    Some(notification) => self.take(&notification),
                    None => break,
                },
                Ok(()) = self.principals.changed() => {
                    let principals = self.principals.borrow_and_update().clone();
                    if let Err(error) = self.receiver.set_principals(&principals) {
                        tracing::error!(%error, "senders of traps stay as they were");
                    }
                }
            }
        }
    }

    /// The clocks of senders that are new or have restarted, and now and then all of them.
    async fn keep_clocks(&mut self) {
        let mut clocks: Vec<SenderClock> = self.receiver.sender_clocks();
        clocks.retain(|(id, boots, time)| {
            let kept = self.kept.get(id);
            kept.is_none_or(|(then, at)| then != boots || time.saturating_sub(*at) >= STALE_S)
        });
        if clocks.is_empty() {
            return;
        }
        match crate::senders::save(&self.store, clocks.clone()).await {
            Ok(()) => self.kept.extend(clocks.into_iter().map(|(id, boots, time)| (id, (boots, time)))),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "clocks of senders of traps cannot be kept: after a restart old traps could be replayed"
            ),
        }
    }

    fn take(&mut self, notification: &Notification) {
        if (self.deaf)(notification.source.ip().to_canonical()) {
            self.unheard.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(source = %notification.source, "notification from a source on the blocklist");
            return;
        }
        let notices = decode(&notification.trap_oid, &notification.bindings);
        if notices.is_empty() {
            tracing::debug!(trap = %notification.trap_oid, source = %notification.source, "notification of no concern");
            return;
        }
        let network = self.picture.read();
        let Some((ne, element)) =
            sender(&network, notification).and_then(|ne| Some((ne, network.element(ne)?)))
        else {
            tracing::info!(source = %notification.source, "notification from no element of the inventory");
            return;
        };
        if !element.base.element.allow_v2c && !is_protected(&notification.principal) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            // Once an element: whoever floods us with them must not flood the log as well.
            if self.told.insert(ne) {
                tracing::warn!(
                    %ne, source = %notification.source,
                    "notification without SNMPv3 authPriv dropped: its element has no exception"
                );
            }
            return;
        }
        let now = self.clock.now();
        let mut macs = Vec::new();
        let mut wishes = Vec::new();
        for notice in notices {
            match notice {
                Notice::Started => {
                    let what = PollWhat::Methods(vec![Method::Inventory, Method::Forwarding]);
                    wishes.push(PollWish { ne, what, due: now });
                }
                Notice::Link { if_index, up } => wishes.extend(network.on_link_change(ne, if_index, up, now)),
                Notice::Mac { mac, vlan, port, learned } => {
                    tracing::debug!(%ne, %mac, learned, "MAC notification received");
                    let if_index = match port {
                        NoticedPort::Interface(if_index) => Some(if_index),
                        // The re-read finds the port through the element's own map.
                        NoticedPort::Base(_) | NoticedPort::Unknown => None,
                    };
                    macs.push(MacNotice { mac, vlan, if_index, learned });
                }
                Notice::PortSecurity { mac, if_index } => {
                    let notice = MacNotice { mac, vlan: None, if_index, learned: true };
                    wishes.extend(network.on_port_security(ne, notice, now));
                }
            }
        }
        wishes.extend(network.on_mac_notification(ne, &macs, now));
        drop(network);
        for wish in wishes {
            let _ = self.orders.send(Order::Wish(wish));
        }
    }
}

/// Authenticated and encrypted: anybody can send the others (SEC-02).
fn is_protected(principal: &Principal) -> bool {
    matches!(principal, Principal::User { level: SecurityLevel::AuthPriv, .. })
}

/// Whose notification it is: by snmpEngineID, which was authenticated with the message; else by the
/// address that it came from or names.
fn sender(network: &Network, notification: &Notification) -> Option<NeId> {
    if let Principal::User { engine_id, .. } = &notification.principal {
        let id: String = engine_id.iter().map(|octet| format!("{octet:02x}")).collect();
        let known = network.elements().find(|(_, e)| e.live.system.engine_id.as_deref() == Some(id.as_str()));
        if let Some((ne, _)) = known {
            return Some(ne);
        }
    }
    let named = notification.agent_address.map(|ip| SocketAddr::from((ip, 0)));
    let by = |address: SocketAddr| {
        let at_ip: Vec<(NeId, SocketAddr)> = network
            .elements()
            .map(|(ne, e)| (ne, e.base.element.address))
            .filter(|(_, at)| at.ip() == address.ip())
            .collect();
        match at_ip.as_slice() {
            [(only, _)] => Some(*only),
            several => several.iter().find(|(_, at)| *at == address).map(|(ne, _)| *ne),
        }
    };
    by(notification.source).or_else(|| named.and_then(by))
}

#[cfg(test)]
mod tests {
    use netwarden_inventory::{ElementBase, Settings};
    use netwarden_model::CredentialId;
    use netwarden_model::element::Element;
    use netwarden_reach::TrapReceiverConfig;
    use netwarden_snmp::Oid;
    use netwarden_store::testing::TestStore;
    use netwarden_testkit::VirtualClock;

    use super::*;

    /// coldStart (RFC 3418).
    const COLD_START: [u32; 10] = [1, 3, 6, 1, 6, 3, 1, 1, 5, 1];

    fn element(ne: i64, allow_v2c: bool) -> ElementBase {
        let element = Element {
            id: NeId(ne),
            name: format!("sw{ne}"),
            address: SocketAddr::from(([192, 0, 2, u8::try_from(ne).unwrap()], 161)),
            credential: Some(CredentialId(1)),
            enforcement: false,
            allow_v2c,
            quarantine_vlan: None,
            voice_vlan: None,
        };
        ElementBase::new(element, jiff::Timestamp::UNIX_EPOCH)
    }

    fn started(ne: u8, principal: Principal) -> Notification {
        Notification {
            source: SocketAddr::from(([192, 0, 2, ne], 50_000)),
            principal,
            confirmed: false,
            up_time: None,
            trap_oid: Oid::from(COLD_START),
            bindings: Vec::new(),
            agent_address: None,
        }
    }

    // proves: SEC-02, SEC-10
    #[tokio::test]
    async fn what_is_less_than_auth_priv_is_dropped_and_counted_unless_its_element_has_an_exception() {
        let kept = TestStore::sqlite(&[crate::MIGRATIONS]).await.unwrap();
        let mut network = Network::new(Settings::default());
        network.put_element(element(1, false));
        network.put_element(element(2, true));
        let receiver = TrapReceiver::bind(TrapReceiverConfig {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            buffer_octets: 65_536,
            engine_id: vec![0x80, 0, 0, 0, 5, 1],
            engine_boots: 1,
            principals: TrapPrincipals::default(),
        })
        .unwrap();
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let refused = Arc::new(AtomicU64::new(0));
        let (_principals, senders) = watch::channel(TrapPrincipals::default());
        let clock = Arc::new(VirtualClock::at(jiff::Timestamp::UNIX_EPOCH));
        let picture = Picture::new(network);
        let mut traps = Traps::new(receiver, picture, orders, senders, clock, kept.store.clone())
            .counting(Arc::clone(&refused));
        let community = || Principal::Community { name: "old".into() };
        let user = |level| Principal::User {
            name: "ops".into(),
            level,
            engine_id: vec![1, 2, 3, 4, 5],
            context: String::new(),
        };
        let (none, auth) = (SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv);
        for (at, principal) in [community(), user(none), user(auth)].into_iter().enumerate() {
            traps.take(&started(1, principal.clone()));
            assert_eq!(refused.load(Ordering::Relaxed), at as u64 + 1, "{principal:?}");
            assert!(ordered.try_recv().is_err(), "{principal:?} led to a poll");
            traps.take(&started(2, principal.clone()));
            assert!(ordered.try_recv().is_ok(), "{principal:?} was dropped in spite of the exception");
        }
        traps.take(&started(1, user(SecurityLevel::AuthPriv)));
        assert!(ordered.try_recv().is_ok(), "authPriv needs no exception");
        assert_eq!(refused.load(Ordering::Relaxed), 3);
        // Nor is a source on the blocklist heard, however well it is protected.
        let shut = started(1, user(SecurityLevel::AuthPriv));
        let of_it = shut.source.ip();
        let unheard = Arc::new(AtomicU64::new(0));
        let mut traps = traps.deaf_to(Arc::new(move |source| source == of_it), Arc::clone(&unheard));
        traps.take(&shut);
        assert!(ordered.try_recv().is_err(), "a source on the blocklist led to a poll");
        assert_eq!((refused.load(Ordering::Relaxed), unheard.load(Ordering::Relaxed)), (3, 1));
        traps.take(&started(2, user(SecurityLevel::AuthPriv)));
        assert!(ordered.try_recv().is_ok(), "another was not heard");
    }
}

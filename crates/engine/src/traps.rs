//! Traps and informs into targeted polls (NAC-15): heard, attributed to an element, turned into wishes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use netwarden_collect::notification::{Notice, NoticedPort, decode};
use netwarden_inventory::traps::MacNotice;
use netwarden_inventory::{Network, PollWhat, PollWish};
use netwarden_model::element::Method;
use netwarden_model::{Clock, NeId};
use netwarden_reach::{Notification, Principal, TrapPrincipals, TrapReceiver};
use netwarden_store::Store;
use tokio::sync::{mpsc, watch};

use crate::keeper::Picture;
use crate::poller::Order;
use crate::senders::SenderClock;

/// Seconds after which a sender's clock that merely went on is kept again.
const STALE_S: u32 = 300;

/// How often the clocks of senders are looked at.
const KEEP: std::time::Duration = std::time::Duration::from_secs(30);

/// Hears until it is dropped.
#[derive(Debug)]
pub struct Traps {
    receiver: TrapReceiver,
    picture: Picture,
    orders: mpsc::UnboundedSender<Order>,
    principals: watch::Receiver<TrapPrincipals>,
    clock: Arc<dyn Clock>,
    store: Store,
    kept: BTreeMap<Vec<u8>, (u32, u32)>,
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
        Self { receiver, picture, orders, principals, clock, store, kept: BTreeMap::new() }
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

    fn take(&self, notification: &Notification) {
        let notices = decode(&notification.trap_oid, &notification.bindings);
        if notices.is_empty() {
            tracing::debug!(trap = %notification.trap_oid, source = %notification.source, "notification of no concern");
            return;
        }
        let network = self.picture.read();
        let Some(ne) = sender(&network, notification) else {
            tracing::info!(source = %notification.source, "notification from no element of the inventory");
            return;
        };
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

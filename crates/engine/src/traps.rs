//! Traps and informs into targeted polls (NAC-15): heard, attributed to an element, turned into wishes.

use std::net::SocketAddr;
use std::sync::Arc;

use netwarden_collect::notification::{Notice, NoticedPort, decode};
use netwarden_inventory::traps::MacNotice;
use netwarden_inventory::{Network, PollWhat, PollWish};
use netwarden_model::element::Method;
use netwarden_model::{Clock, NeId};
use netwarden_reach::{Notification, Principal, TrapPrincipals, TrapReceiver};
use tokio::sync::{mpsc, watch};

use crate::keeper::Picture;
use crate::poller::Order;

/// Hears until it is dropped.
#[derive(Debug)]
pub struct Traps {
    receiver: TrapReceiver,
    picture: Picture,
    orders: mpsc::UnboundedSender<Order>,
    principals: watch::Receiver<TrapPrincipals>,
    clock: Arc<dyn Clock>,
}

impl Traps {
    /// Turns what `receiver` hears into orders for the poller; `principals` says who may send.
    pub fn new(
        receiver: TrapReceiver,
        picture: Picture,
        orders: mpsc::UnboundedSender<Order>,
        principals: watch::Receiver<TrapPrincipals>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { receiver, picture, orders, principals, clock }
    }

    /// Runs until the receiver ends.
    pub async fn run(mut self) {
        loop {
            tokio::select! {
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

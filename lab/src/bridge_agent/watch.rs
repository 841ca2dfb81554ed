//! MAC-notification traps (CISCO-MAC-NOTIFICATION-MIB cmnMacChangedNotification), sent by net-snmp's
//! own `snmptrap` as soon as the switch has learned an address.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::ovs::{Learned, Switch};

const PAUSE: Duration = Duration::from_millis(50);
const MAC_CHANGED: &str = "1.3.6.1.4.1.9.9.215.2.0.1";
const HISTORY_MESSAGE: &str = "1.3.6.1.4.1.9.9.215.1.1.8.1.2.1";
const OPERATION_LEARNED: u8 = 1;
const OPERATION_REMOVED: u8 = 2;

/// Watches until it is ended.
pub fn run(switch: &Switch, sink: &str, user: &str) -> anyhow::Result<()> {
    let mut known: BTreeSet<Learned> = switch.learned()?.into_iter().collect();
    loop {
        std::thread::sleep(PAUSE);
        let now: BTreeSet<Learned> = match switch.learned() {
            Ok(learned) => learned.into_iter().collect(),
            Err(error) => {
                eprintln!("netwarden-lab-bridge: {error:#}");
                continue;
            }
        };
        let learned = now.difference(&known).map(|entry| (OPERATION_LEARNED, entry));
        let removed = known.difference(&now).map(|entry| (OPERATION_REMOVED, entry));
        for (operation, entry) in learned.chain(removed) {
            send(sink, user, operation, entry)?;
        }
        known = now;
    }
}

/// cmnHistMacChangedMsg: operation (1), VLAN (2), MAC (6), dot1dBasePort (2), and a closing 0.
fn send(sink: &str, user: &str, operation: u8, entry: &Learned) -> anyhow::Result<()> {
    let mut message = vec![operation];
    message.extend(entry.vlan.to_be_bytes());
    message.extend(entry.mac);
    message.extend(u16::try_from(entry.port).unwrap_or(u16::MAX).to_be_bytes());
    message.push(0);
    let hexadecimal: String = message.iter().map(|octet| format!("{octet:02x}")).collect();
    let status = Command::new("snmptrap")
        .arg("-v3")
        .args(user.split_whitespace())
        .args([sink, "", MAC_CHANGED, HISTORY_MESSAGE, "x", &hexadecimal])
        .status()
        .context("snmptrap cannot be started")?;
    if !status.success() {
        eprintln!("netwarden-lab-bridge: snmptrap ended with {status}");
    }
    Ok(())
}

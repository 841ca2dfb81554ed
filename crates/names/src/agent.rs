//! What the DHCP agent decides: which files hold the leases, and what is to be sent of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::format::{Format, kea};
use crate::lease::Lease;

/// Leases in one message.
pub const BATCH: usize = 2_000;
/// After a failure it waits at least and at most so long.
pub const PATIENCE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The files that hold the leases of `file`, the oldest first, of those that `exists` tells are there.
/// Kea's clean-up moves files away while it works, so its leases may stand in several.
pub fn files(file: &Path, format: Format, exists: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let mut files = Vec::new();
    if matches!(format, Format::Kea4 | Format::Kea6) {
        let completed = beside(kea::COMPLETED);
        if exists(&completed) {
            files.push(completed);
        } else {
            files.extend(kea::EARLIER.map(beside).into_iter().filter(|path| exists(path)));
        }
    }
    if exists(file) {
        files.push(file.to_owned());
    }
    files
}

/// A message to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// It replaces all that the server has of this source.
    pub whole: bool,
    /// Leases that are new or changed.
    pub leases: Vec<Lease>,
    /// Addresses without a lease.
    pub gone: Vec<IpAddr>,
}

/// What the server is known to have.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    rows: Option<BTreeMap<IpAddr, Lease>>,
    /// Of these nobody knows whether the server took the last message.
    doubt: BTreeSet<IpAddr>,
}

impl Sent {
    /// The next message, of at most [`BATCH`] leases; None where the server has everything. Until the
    /// first was acknowledged nobody knows what the server has, so that one replaces all.
    pub fn next(&self, leases: &[Lease]) -> Option<Change> {
        let Some(rows) = &self.rows else {
            let leases = leases.iter().take(BATCH).cloned().collect();
            return Some(Change { whole: true, leases, gone: Vec::new() });
        };
        let changed = leases.iter().filter(|lease| rows.get(&lease.ip) != Some(lease));
        let changed: Vec<Lease> = changed.take(BATCH).cloned().collect();
        let present: BTreeSet<IpAddr> = leases.iter().map(|lease| lease.ip).collect();
        let known = rows.keys().chain(&self.doubt);
        let gone: Vec<IpAddr> = known.filter(|ip| !present.contains(ip)).take(BATCH).copied().collect();
        (!changed.is_empty() || !gone.is_empty()).then_some(Change { whole: false, leases: changed, gone })
    }

    /// The server has taken it.
    pub fn acknowledge(&mut self, change: Change) {
        let rows = self.rows.get_or_insert_default();
        if change.whole {
            rows.clear();
            self.doubt.clear();
        }
        for ip in &change.gone {
            rows.remove(ip);
            self.doubt.remove(ip);
        }
        for lease in change.leases {
            self.doubt.remove(&lease.ip);
            rows.insert(lease.ip, lease);
        }
    }

    /// Nobody knows whether the server has taken it: what it was about is sent again.
    pub fn doubt(&mut self, change: &Change) {
        if change.whole {
            return self.forget();
        }
        let Some(rows) = &mut self.rows else { return };
        for ip in change.leases.iter().map(|lease| &lease.ip).chain(&change.gone) {
            rows.remove(ip);
            self.doubt.insert(*ip);
        }
    }

    /// The server has lost what it had (it was restored, the source made anew): all is sent again.
    pub fn forget(&mut self) {
        self.rows = None;
        self.doubt.clear();
    }
}

/// How long to wait after so many failures in a row: twice as long each time.
pub fn patience(failures: u32) -> Duration {
    PATIENCE
        .0
        .saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX))
        .min(PATIENCE.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lease::LeaseState;

    fn lease(last: u8, name: &str) -> Lease {
        Lease { host_name: Some(name.into()), ..Lease::new([10, 0, 0, last].into(), LeaseState::Active) }
    }

    #[test]
    fn kea_s_files_are_found_whatever_clean_up_does() {
        let found = |present: &[&str], format| {
            let exists = |path: &Path| present.contains(&path.to_str().unwrap());
            let files = files(Path::new("/l/k.csv"), format, exists);
            files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found(&["/l/k.csv", "/l/k.csv.2"], Format::Isc), ["/l/k.csv"]);
        assert_eq!(found(&["/l/k.csv", "/l/k.csv.2"], Format::Kea4), ["/l/k.csv.2", "/l/k.csv"]);
        assert_eq!(
            found(&["/l/k.csv", "/l/k.csv.1", "/l/k.csv.2"], Format::Kea4),
            ["/l/k.csv.2", "/l/k.csv.1", "/l/k.csv"]
        );
        assert_eq!(
            found(&["/l/k.csv", "/l/k.csv.1", "/l/k.csv.2", "/l/k.csv.completed"], Format::Kea6),
            ["/l/k.csv.completed", "/l/k.csv"]
        );
        assert!(found(&[], Format::Kea4).is_empty());
    }

    #[test]
    fn failures_are_waited_for_longer_and_longer() {
        let waits: Vec<u64> = [1, 2, 3, 7, 8, 40, u32::MAX].map(|n| patience(n).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 60, 60, 60, 60]);
    }

    proptest! {
        // Whatever messages were taken, lost, or taken without the answer coming back: in the end the
        // server has what the file has.
        #[test]
        fn the_server_ends_with_what_the_file_has(
            files in proptest::collection::vec(proptest::collection::btree_map(0u8..20, "[a-c]", 0..20), 1..6),
            fates in proptest::collection::vec(0u8..3, 1..30),
        ) {
            let mut server: BTreeMap<IpAddr, Lease> = BTreeMap::new();
            let mut sent = Sent::default();
            let mut fates = fates.into_iter();
            for file in &files {
                let leases: Vec<Lease> = file.iter().map(|(ip, name)| lease(*ip, name)).collect();
                while let Some(change) = sent.next(&leases) {
                    let fate = fates.next().unwrap_or(0);
                    if fate != 1 {
                        if change.whole {
                            server.clear();
                        }
                        change.gone.iter().for_each(|ip| drop(server.remove(ip)));
                        server.extend(change.leases.iter().map(|lease| (lease.ip, lease.clone())));
                    }
                    match fate {
                        0 => sent.acknowledge(change),
                        _ => {
                            sent.doubt(&change);
                            break;
                        }
                    }
                }
            }
            let last: Vec<Lease> = files.last().unwrap().iter().map(|(ip, name)| lease(*ip, name)).collect();
            while let Some(change) = sent.next(&last) {
                if change.whole {
                    server.clear();
                }
                change.gone.iter().for_each(|ip| drop(server.remove(ip)));
                server.extend(change.leases.iter().map(|lease| (lease.ip, lease.clone())));
                sent.acknowledge(change);
            }
            prop_assert_eq!(server.into_values().collect::<Vec<_>>(), last);
        }
    }
}

//! One reading: which tables are asked for, in which order, and what is kept when one fails.

mod forwarding;
mod inventory;
mod single;

use std::collections::BTreeSet;

pub use single::read_macs;

use futures::StreamExt;
use netwarden_model::Reading;
use netwarden_model::element::Method;
use netwarden_model::reading::{Quirk, QuirkTally};
use netwarden_reach::{Snmp, SnmpError, WalkQuirk, Walked};
use netwarden_snmp::Oid;

use crate::mib::ip::{self, Pairings};
use crate::mib::{dhcp_snooping, interfaces, screenos, system};
use crate::profile::{DeviceProfile, Vendor};
use crate::table::Table;

/// What a reading brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was read.
    pub reading: Reading,
    /// To be handed to the next reading of the same element.
    pub profile: DeviceProfile,
    /// What could not be read, or not wholly. A part named here is no evidence that something is
    /// gone: nobody is offline because a walk failed.
    pub incomplete: Vec<Incomplete>,
}

impl Outcome {
    /// True where a part was read to its end.
    pub fn is_complete(&self, part: Part) -> bool {
        self.incomplete.iter().all(|incomplete| incomplete.part != part)
    }
}

/// The parts of a reading, as its JSON names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `interfaces`.
    Interfaces,
    /// `vlans`.
    Vlans,
    /// `fdb`.
    Fdb,
    /// `arp`.
    Arp,
    /// `neighbours`.
    Neighbours,
    /// `sessions`.
    Sessions,
}

impl Part {
    /// The key in the reading's JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Interfaces => "interfaces",
            Part::Vlans => "vlans",
            Part::Fdb => "fdb",
            Part::Arp => "arp",
            Part::Neighbours => "neighbours",
            Part::Sessions => "sessions",
        }
    }
}

/// A table that could not be read, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// The part of the reading that lacks it.
    pub part: Part,
    /// The table, as its MIB names it.
    pub table: &'static str,
    /// Why, in one sentence.
    pub reason: String,
}

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.part.as_str(), self.table, self.reason)
    }
}

/// Why there is no reading at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system group (RFC 3418) could not be read.
    #[error("the system group could not be read")]
    System(#[source] SnmpError),
    /// The agent answers, but has nothing of the system group: its view excludes it.
    #[error("the agent shows nothing of the system group (1.3.6.1.2.1.1): its access view excludes it")]
    NothingVisible,
}

/// Reads what `what` names from one element.
///
/// `previous` is the profile that the last reading left. With it, a poll of forwarding or address
/// tables asks for nothing else, unless the element has restarted or shows a port or database that the
/// profile does not explain. A table that fails does not lose the others: see [`Outcome::incomplete`].
///
/// # Errors
/// Where the system group cannot be read, without which it is not known what the element is.
pub async fn read<S: Snmp>(
    session: &S,
    what: &[Method],
    previous: Option<&DeviceProfile>,
) -> Result<Outcome, ReadError> {
    read_without(session, what, previous, &BTreeSet::new()).await
}

/// As [`read`], without the parts in `off`, which an administrator has switched off for the element:
/// none of their tables is asked for, and each counts as incomplete.
///
/// # Errors
/// As [`read`].
pub async fn read_without<S: Snmp>(
    session: &S,
    what: &[Method],
    previous: Option<&DeviceProfile>,
    off: &BTreeSet<Part>,
) -> Result<Outcome, ReadError> {
    let scalars = session.get(&system::oids()).await.map_err(ReadError::System)?;
    let (system, object_id) = system::decode(&scalars).ok_or(ReadError::NothingVisible)?;
    let kept =
        previous.filter(|profile| profile.fits(system.object_id.as_deref(), system.up_time_cs)).cloned();
    let mut reader = Reader {
        session,
        vendor: Vendor::of(&object_id),
        tally: QuirkTally::default(),
        incomplete: Vec::new(),
        unanswered: 0,
        ahead: Vec::new(),
        fresh: kept.is_none(),
        profile: kept.unwrap_or_default(),
        off,
    };
    reader.profile.object_id = system.object_id.clone();
    reader.profile.up_time_cs = system.up_time_cs;
    let mut reading = Reading { system, ..Reading::default() };
    reader.walk_ahead(what).await;

    let vlans = if what.contains(&Method::Inventory) {
        Some(Box::pin(reader.inventory(&mut reading)).await)
    } else {
        None
    };
    if what.contains(&Method::Forwarding) && reader.wants(Part::Fdb) {
        reading.fdb = Box::pin(reader.forwarding(vlans.is_some())).await;
        // contexts may have told of further bridge ports
        reader.number_ports(&mut reading);
    }
    if what.contains(&Method::Forwarding) && reader.wants(Part::Sessions) {
        reading.sessions = Box::pin(reader.sessions()).await;
    }
    if what.contains(&Method::Addresses) && reader.wants(Part::Arp) {
        reading.arp = Box::pin(reader.addresses()).await;
    }
    if let Some(vlans) = vlans {
        reading.vlans = vlans.into_vlans(&reading.fdb);
    }
    reading.quirks = reader.tally.into_counts();
    Ok(Outcome { reading, profile: reader.profile, incomplete: reader.incomplete })
}

/// Tables of one element that are walked at the same time.
const TABLES_IN_FLIGHT: usize = 4;

/// Columns of a table.
type Columns = &'static [&'static [u32]];

/// After so many tables in a row without any answer, the rest is not asked for.
const GIVE_UP_AFTER: u8 = 2;

/// One reading under way.
struct Reader<'s, S> {
    session: &'s S,
    vendor: Vendor,
    tally: QuirkTally,
    incomplete: Vec<Incomplete>,
    /// Tables in a row for which the agent stayed silent.
    unanswered: u8,
    /// Walks that were made before their tables are asked for, by their columns.
    ahead: Vec<(Vec<Oid>, Result<Walked, SnmpError>)>,
    /// True where the maps of the profile must be, or were, read in this reading.
    fresh: bool,
    profile: DeviceProfile,
    /// What is not asked for.
    off: &'s BTreeSet<Part>,
}

/// Why a part that is switched off was not read.
const OFF: &str = "switched off for this element";

impl<S: Snmp> Reader<'_, S> {
    /// False, and noted, where a part is switched off.
    fn wants(&mut self, part: Part) -> bool {
        let wanted = !self.off.contains(&part);
        if !wanted {
            self.lacks(part, part.as_str(), OFF.to_owned());
        }
        wanted
    }

    /// Walks side by side what `what` asks for in any case: an element far away costs a few round trips
    /// and not a few for each table. What depends on an answer is walked when it is known.
    async fn walk_ahead(&mut self, what: &[Method]) {
        let mut wanted: Vec<(Part, Columns)> = Vec::new();
        if what.contains(&Method::Inventory) {
            wanted.extend(self.inventory_tables());
        }
        if what.contains(&Method::Forwarding) {
            wanted.extend(self.forwarding_table().map(|columns| (Part::Fdb, columns)));
        }
        if what.contains(&Method::Addresses) {
            wanted.push((Part::Arp, ip::COLUMNS));
        }
        wanted.retain(|(part, _)| !self.off.contains(part));
        if wanted.len() < 2 {
            return;
        }
        let session = self.session;
        let wanted: Vec<Vec<Oid>> = wanted.iter().map(|(_, columns)| oids(columns)).collect();
        let walks = wanted.into_iter().map(|columns| async move {
            let walked = session.walk(&columns).await;
            (columns, walked)
        });
        let mut walks = futures::stream::iter(walks).buffer_unordered(TABLES_IN_FLIGHT);
        let mut silent = 0;
        while let Some((columns, walked)) = walks.next().await {
            if matches!(walked, Err(SnmpError::Timeout { .. })) {
                silent += 1;
            }
            self.ahead.push((columns, walked));
            if silent >= GIVE_UP_AFTER {
                self.unanswered = silent;
                break;
            }
        }
    }

    /// Walks columns side by side; failures are noted, and what came before them is lost with them.
    async fn walk(&mut self, part: Part, table: &'static str, columns: &[&[u32]]) -> Table {
        if self.off.contains(&part) {
            self.lacks(part, table, OFF.to_owned());
            return Table::default();
        }
        let oids = oids(columns);
        let ahead = self.ahead.iter().position(|(ahead, _)| *ahead == oids);
        let walked = match ahead {
            Some(at) => self.ahead.swap_remove(at).1,
            None if self.unanswered >= GIVE_UP_AFTER => {
                self.lacks(part, table, "not asked for: the agent had stopped answering".to_owned());
                return Table::default();
            }
            None => self.session.walk(&oids).await,
        };
        match walked {
            Ok(walked) => {
                self.unanswered = 0;
                self.note(part, table, &walked.quirks);
                Table::of(walked.columns)
            }
            Err(error) => {
                if matches!(error, SnmpError::Timeout { .. }) {
                    self.unanswered += 1;
                } else if oids.len() > 1 {
                    // one column that the agent stumbles over must not cost the others
                    return self.walk_one_by_one(part, table, &oids).await;
                }
                self.lacks(part, table, error.to_string());
                Table::default()
            }
        }
    }

    /// Walks columns one after another; those that fail are noted and left out.
    async fn walk_one_by_one(&mut self, part: Part, table: &'static str, columns: &[Oid]) -> Table {
        let mut walked_columns = Vec::new();
        for column in columns {
            match self.session.walk(std::slice::from_ref(column)).await {
                Ok(walked) => {
                    self.note(part, table, &walked.quirks);
                    walked_columns.extend(walked.columns);
                }
                Err(error) => {
                    self.lacks(part, table, format!("column {column}: {error}"));
                    if matches!(error, SnmpError::Timeout { .. }) {
                        self.unanswered += 1;
                        break;
                    }
                }
            }
        }
        Table::of(walked_columns)
    }

    fn note(&mut self, part: Part, table: &'static str, quirks: &[WalkQuirk]) {
        for quirk in quirks {
            match quirk {
                WalkQuirk::NotIncreasing { column, at } => {
                    self.tally.met(Quirk::OidNotIncreasing);
                    self.lacks(part, table, format!("column {column} ended at {at}, out of order"));
                }
                WalkQuirk::Endless { column, rows } => {
                    self.lacks(part, table, format!("column {column} had no end after {rows} rows"));
                }
                WalkQuirk::TooBig { .. } => self.tally.met(Quirk::TooBig),
            }
        }
    }

    fn lacks(&mut self, part: Part, table: &'static str, reason: String) {
        tracing::debug!(part = part.as_str(), table, reason, "table incomplete");
        if reason != OFF {
            self.tally.met(Quirk::TableIncomplete);
        }
        self.incomplete.push(Incomplete { part, table, reason });
    }

    /// ARP and ND caches.
    async fn addresses(&mut self) -> Vec<netwarden_model::reading::ArpEntry> {
        if self.profile.names.is_empty() {
            self.names(Part::Arp).await;
        }
        let mut pairings = Pairings::default();
        let table = self.walk(Part::Arp, "ipNetToPhysicalTable", ip::COLUMNS).await;
        pairings.add(&table, &self.profile.names, &mut self.tally);
        if !pairings.has_ipv6() {
            let table = if self.vendor == Vendor::Cisco {
                self.walk(Part::Arp, "cInetNetToMediaTable", ip::CISCO_COLUMNS).await
            } else {
                self.walk(Part::Arp, "ipv6NetToMediaTable", ip::IPV6_COLUMNS).await
            };
            pairings.add(&table, &self.profile.names, &mut self.tally);
        }
        match self.vendor {
            Vendor::Fastpath => {
                let table = self.walk(Part::Arp, "agentDynamicDsBindingTable", dhcp_snooping::COLUMNS).await;
                dhcp_snooping::pairings(&table, &mut pairings, &self.profile.names, &mut self.tally);
            }
            Vendor::NetScreen => {
                let table = self.walk(Part::Arp, "nsIpArpTable", screenos::COLUMNS).await;
                screenos::pairings(&table, &mut pairings, &self.profile.names, &mut self.tally);
            }
            _ => {}
        }
        pairings.into_entries()
    }

    /// Interfaces by name alone, for polls without a profile.
    async fn names(&mut self, part: Part) {
        let table = self.walk(part, "ifXTable", interfaces::NAME_COLUMNS).await;
        let mut ignored = QuirkTally::default();
        self.profile.names = interfaces::Names::of(&interfaces::decode(&table, &mut ignored));
    }
}

fn oids(columns: &[&[u32]]) -> Vec<Oid> {
    columns.iter().map(|column| Oid::from(*column)).collect()
}

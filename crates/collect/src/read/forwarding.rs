//! What changes all the time: where addresses are learned, and who has authenticated.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use netwarden_model::VlanId;
use netwarden_model::reading::{FdbEntry, Quirk, Session};
use netwarden_reach::{Snmp, SnmpError, VlanContext};
use netwarden_snmp::Oid;

use super::{Columns, Part, Reader};
use crate::convention::vlan_of_index;
use crate::mib::bridge::{self, Fdb, RawFdb};
use crate::mib::{access_sessions, alcatel, cisco_auth, dhcp_snooping, hp_auth, huawei, q_bridge, timetra};
use crate::profile::{FdbSource, Vendor};
use crate::table::Table;

/// Contexts of one device that are read at the same time.
const CONTEXTS_IN_FLIGHT: usize = 8;

/// Contexts without an answer in a row after which the others are not tried.
const MOST_SILENT_CONTEXTS: usize = 40;

/// What a row's `port` and `fdb_id` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Bridge port and FDB id.
    Bridge,
    /// ifIndex and VLAN id.
    Interface,
    /// Bridge port and VLAN id.
    Context,
}

/// Rows as they came, all of one numbering.
pub(super) struct Rows {
    pub(super) rows: Vec<RawFdb>,
    pub(super) numbering: Numbering,
}

impl<S: Snmp> Reader<'_, S> {
    /// The forwarding table. `inventoried` tells that the maps were read a moment ago.
    pub(super) async fn forwarding(&mut self, inventoried: bool) -> Vec<FdbEntry> {
        if !inventoried && self.fresh {
            self.maps().await;
        }
        let rows = self.rows().await;
        let (ports, ids) = self.misfits(&rows);
        let explained = ports.iter().all(|port| self.profile.misfit_ports.contains(port))
            && ids.iter().all(|id| self.profile.misfit_fdb_ids.contains(id));
        if !explained && !self.fresh {
            // a card was plugged, a VLAN made, or the numbers changed: the maps are read once more
            self.maps().await;
        }
        let (ports, ids) = self.misfits(&rows);
        self.profile.misfit_ports = ports.into_iter().collect();
        self.profile.misfit_fdb_ids = ids.into_iter().collect();
        self.resolve(&rows)
    }

    /// Interfaces, bridge ports and VLANs, for polls without (or with a stale) profile.
    async fn maps(&mut self) {
        self.names(Part::Fdb).await;
        self.base_ports(Part::Fdb).await;
        self.vlans(Part::Fdb).await;
        self.fresh = true;
    }

    /// Where the maker's devices keep their forwarding tables, in the order in which they tell most.
    fn order(&self) -> &'static [FdbSource] {
        match self.vendor {
            Vendor::Huawei => &[FdbSource::Huawei, FdbSource::QBridge, FdbSource::Bridge],
            Vendor::AlcatelAos6 | Vendor::AlcatelAos7 => {
                &[FdbSource::Alcatel, FdbSource::QBridge, FdbSource::Bridge]
            }
            Vendor::ArubaCx => &[FdbSource::QBridge, FdbSource::Ieee8021, FdbSource::Bridge],
            Vendor::Cisco => &[FdbSource::QBridge, FdbSource::PerVlan, FdbSource::Bridge],
            Vendor::MikroTik => &[FdbSource::QBridgeAndBridge],
            Vendor::Timetra => &[FdbSource::Timetra, FdbSource::QBridge, FdbSource::Bridge],
            Vendor::Fastpath => &[FdbSource::QBridge, FdbSource::Bridge, FdbSource::DhcpSnooping],
            _ => &[FdbSource::QBridge, FdbSource::Bridge],
        }
    }

    /// The table that is asked for first, where that is the standard's.
    pub(super) fn forwarding_table(&self) -> Option<Columns> {
        let first = self.profile.fdb_source.or(self.order().first().copied());
        matches!(first, Some(FdbSource::QBridge | FdbSource::QBridgeAndBridge))
            .then_some(q_bridge::FDB_COLUMNS)
    }

    /// Rows of the table that has some: the one that had them last time, else in the maker's order.
    async fn rows(&mut self) -> Rows {
        let order = self.order();
        let known = self.profile.fdb_source;
        let others = order.iter().copied().filter(|source| Some(*source) != known);
        for source in known.into_iter().chain(others).collect::<Vec<_>>() {
            let found = self.rows_of(source).await;
            if !found.rows.is_empty() {
                self.profile.fdb_source = Some(source);
                return found;
            }
        }
        Rows { rows: Vec::new(), numbering: Numbering::Bridge }
    }

    async fn rows_of(&mut self, source: FdbSource) -> Rows {
        let part = Part::Fdb;
        match source {
            FdbSource::QBridge => {
                let table = self.walk(part, "dot1qTpFdbTable", q_bridge::FDB_COLUMNS).await;
                let rows = q_bridge::forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Bridge }
            }
            FdbSource::Ieee8021 => {
                let table = self.walk(part, "ieee8021QBridgeTpFdbTable", q_bridge::IEEE_FDB_COLUMNS).await;
                let rows = q_bridge::ieee_forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Bridge }
            }
            FdbSource::Bridge => {
                let rows = self.bridge_rows().await;
                Rows { rows, numbering: Numbering::Bridge }
            }
            FdbSource::QBridgeAndBridge => {
                let table = self.walk(part, "dot1qTpFdbTable", q_bridge::FDB_COLUMNS).await;
                let mut rows = q_bridge::forwarding(&table, &mut self.tally);
                let known: BTreeSet<_> = rows.iter().map(|row| row.mac).collect();
                rows.extend(self.bridge_rows().await.into_iter().filter(|row| !known.contains(&row.mac)));
                Rows { rows, numbering: Numbering::Bridge }
            }
            FdbSource::PerVlan => {
                let rows = self.context_rows().await;
                let rows = if all_alike(&rows) && self.contexts_are_ignored(&rows).await {
                    Vec::new()
                } else {
                    rows
                };
                Rows { rows, numbering: Numbering::Context }
            }
            FdbSource::Huawei => {
                let table = self.walk(part, "hwDynFdbTable", huawei::FDB_COLUMNS).await;
                let rows = huawei::forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Interface }
            }
            FdbSource::Alcatel => {
                let columns = if self.vendor == Vendor::AlcatelAos7 {
                    alcatel::FDB_COLUMNS_7
                } else {
                    alcatel::FDB_COLUMNS_6
                };
                let table = self.walk(part, "slMacAddressTable", columns).await;
                let rows = alcatel::forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Interface }
            }
            FdbSource::Timetra => {
                let table = self.walk(part, "tlsFdbInfoTable", timetra::FDB_COLUMNS).await;
                let rows = timetra::forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Interface }
            }
            FdbSource::DhcpSnooping => {
                let table = self.walk(part, "agentDynamicDsBindingTable", dhcp_snooping::COLUMNS).await;
                let rows = dhcp_snooping::forwarding(&table, &mut self.tally);
                Rows { rows, numbering: Numbering::Interface }
            }
        }
    }

    async fn bridge_rows(&mut self) -> Vec<RawFdb> {
        let table = self.walk(Part::Fdb, "dot1dTpFdbTable", bridge::FDB_COLUMNS).await;
        if bridge::needs_address_column(&table) {
            let columns = [bridge::FDB_COLUMNS, bridge::FDB_ADDRESS_COLUMNS].concat();
            let table = self.walk(Part::Fdb, "dot1dTpFdbTable", &columns).await;
            return bridge::forwarding(&table, &mut self.tally);
        }
        bridge::forwarding(&table, &mut self.tally)
    }

    /// dot1dTpFdbTable of every VLAN in its own context. Contexts that stay silent are not asked again
    /// before the next inventory, and too many in a row end the walk: the device does not let us.
    async fn context_rows(&mut self) -> Vec<RawFdb> {
        let columns: Vec<Oid> = bridge::FDB_COLUMNS
            .iter()
            .chain(if self.fresh { bridge::BASE_PORT_COLUMNS } else { &[] })
            .map(|column| Oid::from(*column))
            .collect();
        let contexts = std::mem::take(&mut self.profile.contexts);
        let mut rows = Vec::new();
        if self.unanswered >= super::GIVE_UP_AFTER {
            self.profile.contexts = contexts;
            return rows;
        }
        let session = self.session;
        let columns = columns.as_slice();
        let mut walks = futures::stream::iter(contexts.iter().copied())
            .map(|vlan| read_context(session, vlan, columns))
            .buffer_unordered(CONTEXTS_IN_FLIGHT);
        let mut silent = 0;
        while let Some((vlan, walked)) = walks.next().await {
            if matches!(walked, Err(SnmpError::Timeout { .. })) {
                silent += 1;
            } else {
                silent = 0;
                self.profile.contexts.push(vlan);
            }
            self.take_context((vlan, walked), &mut rows);
            if silent >= MOST_SILENT_CONTEXTS {
                let reason = format!("VLANs not asked for: {silent} contexts in a row gave no answer");
                self.lacks(Part::Fdb, "dot1dTpFdbTable", reason);
                break;
            }
        }
        drop(walks);
        self.profile.contexts.sort_unstable();
        rows
    }

    /// True where the table without a context is what every context shows: the agent pays no heed to
    /// contexts, and its rows are of no VLAN that could be told.
    async fn contexts_are_ignored(&mut self, rows: &[RawFdb]) -> bool {
        let of = |rows: &[RawFdb]| rows.iter().map(|row| (row.mac, row.port)).collect::<BTreeSet<_>>();
        let plain = self.bridge_rows().await;
        of(&plain) == of(rows)
    }

    fn take_context(&mut self, (vlan, walked): ContextWalk, rows: &mut Vec<RawFdb>) {
        let walked = match walked {
            Ok(walked) => walked,
            Err(error) => {
                let reason = format!("VLAN {vlan}: {error}");
                self.lacks(Part::Fdb, "dot1dTpFdbTable", reason);
                return;
            }
        };
        self.note(Part::Fdb, "dot1dTpFdbTable", &walked.quirks);
        let table = Table::of(walked.columns);
        let ports = bridge::base_ports(&table, &mut self.tally);
        self.profile.base_ports.complete(&ports);
        for row in bridge::forwarding(&table, &mut self.tally) {
            self.tally.met(Quirk::PerVlanContext);
            rows.push(RawFdb { fdb_id: Some(u32::from(vlan.get())), ..row });
        }
    }

    /// Ports and FDB ids that the profile does not explain.
    fn misfits(&self, found: &Rows) -> (Vec<u32>, Vec<u32>) {
        let profile = &self.profile;
        let mut ports: Vec<u32> = found
            .rows
            .iter()
            .map(|row| row.port)
            .filter(|port| *port != 0)
            .filter(|port| {
                let if_index = match found.numbering {
                    Numbering::Interface => Some(*port),
                    _ => profile.base_ports.member(*port, &profile.names),
                };
                if_index.is_none_or(|i| !profile.names.has(i))
            })
            .collect();
        let mut ids: Vec<u32> = found
            .rows
            .iter()
            .filter(|_| found.numbering == Numbering::Bridge)
            .filter_map(|row| row.fdb_id)
            .filter(|id| !profile.fdb_ids.explains(*id))
            .collect();
        for list in [&mut ports, &mut ids] {
            list.sort_unstable();
            list.dedup();
        }
        (ports, ids)
    }

    pub(super) fn resolve(&mut self, found: &Rows) -> Vec<FdbEntry> {
        let mut fdb = Fdb::default();
        let profile = &self.profile;
        for row in &found.rows {
            if row.port == 0 {
                self.tally.dropped(Quirk::BridgePortZero);
                continue;
            }
            let if_index = match found.numbering {
                Numbering::Interface => profile.names.known(row.port, &mut self.tally),
                _ => profile.base_ports.interface(row.port, &profile.names, &mut self.tally),
            };
            let vlan = match (found.numbering, row.fdb_id) {
                (_, None) => None,
                (Numbering::Bridge, Some(id)) => profile.fdb_ids.vlan(id, &mut self.tally),
                (_, Some(id)) => vlan_of_index(id),
            };
            fdb.add(row, if_index, vlan, &profile.names, &mut self.tally);
        }
        fdb.into_entries()
    }

    /// 802.1X, MAC and web authentication sessions, of the makers that show them.
    pub(super) async fn sessions(&mut self) -> Vec<Session> {
        match self.vendor {
            Vendor::Cisco => {
                let table = self.walk(Part::Sessions, "cafSessionTable", cisco_auth::COLUMNS).await;
                cisco_auth::sessions(&table, &self.profile.names, &mut self.tally)
            }
            Vendor::Hp => {
                let table = self.walk(Part::Sessions, "hpicfDot1xSMAuthSessionTable", hp_auth::COLUMNS).await;
                hp_auth::sessions(&table, &self.profile.names, &mut self.tally)
            }
            Vendor::Huawei => {
                let columns = access_sessions::HUAWEI_COLUMNS;
                let table = self.walk(Part::Sessions, "hwAccessTable", columns).await;
                access_sessions::huawei(&table, &self.profile.names, &mut self.tally)
            }
            Vendor::ArubaCx => {
                let columns = access_sessions::ARUBA_COLUMNS;
                let table = self.walk(Part::Sessions, "arubaWiredPortAccessClientTable", columns).await;
                access_sessions::aruba(&table, &self.profile.names, &mut self.tally)
            }
            Vendor::AlcatelAos6 => {
                let columns = access_sessions::ALCATEL_6_COLUMNS;
                let table = self.walk(Part::Sessions, "alaDot1xDeviceStatusTable", columns).await;
                access_sessions::alcatel_6(&table, &self.profile.names, &mut self.tally)
            }
            Vendor::AlcatelAos7 => {
                let columns = access_sessions::ALCATEL_COLUMNS;
                let table = self.walk(Part::Sessions, "alaDaMacVlanUserTable", columns).await;
                access_sessions::alcatel(&table, &self.profile.names, &mut self.tally)
            }
            _ => Vec::new(),
        }
    }
}

/// True where several contexts show the same rows, and more than one address: no two VLANs have that in
/// common.
fn all_alike(rows: &[RawFdb]) -> bool {
    let mut by_vlan: BTreeMap<Option<u32>, BTreeSet<_>> = BTreeMap::new();
    for row in rows {
        by_vlan.entry(row.fdb_id).or_default().insert((row.mac, row.port));
    }
    let mut tables = by_vlan.values();
    let Some(first) = tables.next() else { return false };
    by_vlan.len() > 1 && first.len() > 1 && tables.all(|table| table == first)
}

type ContextWalk = (VlanId, Result<netwarden_reach::Walked, SnmpError>);

async fn read_context<S: Snmp>(session: &S, vlan: VlanId, columns: &[Oid]) -> ContextWalk {
    let context = session.in_vlan_context(VlanContext(vlan));
    let walked = context.walk(columns).await;
    (vlan, walked)
}

//! Re-reading where single addresses are learned: a few GETs instead of a walk.
//!
//! After a trap, and to settle whether an address is at two places at once, an answer within
//! milliseconds matters, and a core switch's table has tens of thousands of rows.

use std::collections::BTreeSet;

use netwarden_model::element::Method;
use netwarden_model::reading::QuirkTally;
use netwarden_model::{Mac, Reading, VlanId};
use netwarden_reach::Snmp;
use netwarden_snmp::Oid;

use super::forwarding::{Numbering, Rows};
use super::{Outcome, ReadError, Reader, read};
use crate::mib::{bridge, q_bridge, system};
use crate::profile::{DeviceProfile, FdbSource, Vendor};
use crate::table::Table;

/// Databases that are asked for one address; where there are more, the table is read.
const MOST_DATABASES: usize = 16;

/// Reads the forwarding rows of `macs`, each in a VLAN where that is known. The reading's `fdb` has rows
/// of these addresses only. Where the profile does not tell how to ask for them, the table is walked.
///
/// # Errors
/// Where the system group cannot be read.
pub async fn read_macs<S: Snmp>(
    session: &S,
    macs: &[(Mac, Option<VlanId>)],
    previous: Option<&DeviceProfile>,
) -> Result<Outcome, ReadError> {
    let Some(rows) = previous.and_then(|profile| rows_of(profile, macs)) else {
        return walk(session, macs, previous).await;
    };
    // The system group comes along: a restart in between would make the profile's maps worthless.
    let scalars = system::oids();
    let wanted: Vec<Oid> = scalars.iter().chain(&rows).cloned().collect();
    let mut bindings = session.get(&wanted).await.map_err(ReadError::System)?;
    let answers = bindings.split_off(scalars.len().min(bindings.len()));
    let (system, object_id) = system::decode(&bindings).ok_or(ReadError::NothingVisible)?;
    let fitting = previous.filter(|p| p.fits(system.object_id.as_deref(), system.up_time_cs));
    let Some(profile) = fitting.cloned() else { return walk(session, macs, None).await };

    let mut reader = Reader {
        session,
        vendor: Vendor::of(&object_id),
        tally: QuirkTally::default(),
        incomplete: Vec::new(),
        unanswered: 0,
        ahead: Vec::new(),
        fresh: false,
        profile,
        off: &BTreeSet::new(),
    };
    reader.profile.up_time_cs = system.up_time_cs;
    let table = Table::new(answers);
    let rows = match reader.profile.fdb_source {
        Some(FdbSource::Bridge) => bridge::forwarding(&table, &mut reader.tally),
        _ => q_bridge::forwarding(&table, &mut reader.tally),
    };
    let fdb = reader.resolve(&Rows { rows, numbering: Numbering::Bridge });
    let quirks = std::mem::take(&mut reader.tally).into_counts();
    let reading = Reading { system, fdb, quirks, ..Reading::default() };
    Ok(Outcome { reading, profile: reader.profile, incomplete: reader.incomplete })
}

/// The instances to ask for, or None where they cannot be told.
fn rows_of(profile: &DeviceProfile, macs: &[(Mac, Option<VlanId>)]) -> Option<Vec<Oid>> {
    let mut oids = Vec::new();
    for (mac, vlan) in macs {
        let index = mac.octets().map(u32::from);
        match profile.fdb_source? {
            FdbSource::Bridge => {
                oids.extend(bridge::FDB_COLUMNS.iter().map(|column| Oid::from(*column).child(index)));
            }
            FdbSource::QBridge => {
                let databases = profile.fdb_ids.databases(*vlan);
                if databases.is_empty() || databases.len() > MOST_DATABASES {
                    return None;
                }
                for database in databases {
                    let rows = q_bridge::FDB_COLUMNS.iter();
                    oids.extend(rows.map(|column| Oid::from(*column).child([database]).child(index)));
                }
            }
            _ => return None,
        }
    }
    Some(oids)
}

async fn walk<S: Snmp>(
    session: &S,
    macs: &[(Mac, Option<VlanId>)],
    previous: Option<&DeviceProfile>,
) -> Result<Outcome, ReadError> {
    let mut outcome = read(session, &[Method::Forwarding], previous).await?;
    outcome.reading.fdb.retain(|entry| macs.iter().any(|(mac, _)| *mac == entry.mac));
    outcome.reading.sessions.clear();
    Ok(outcome)
}

//! What an agent shows of a device: a pure function from the device's state to its variables.
//!
//! Tables of the configuration (interfaces, VLANs, neighbours) and of what is learned (forwarding,
//! addresses) are built apart: a new address costs only the latter.

pub mod bridge;
pub mod interfaces;
pub mod ip;
pub mod lldp;
pub mod snapshot;

use std::sync::Arc;

pub use snapshot::{Cell, Found, Snapshot};

use crate::world::{DeviceNo, World};
use snapshot::{Column, scalar};

/// SNMPv2-MIB system (RFC 3418).
pub const SYSTEM: [u32; 7] = [1, 3, 6, 1, 2, 1, 1];
/// SNMP-FRAMEWORK-MIB snmpEngine (RFC 3411).
pub const SNMP_ENGINE: [u32; 9] = [1, 3, 6, 1, 6, 3, 10, 2, 1];

/// The built tables of a device, with the versions for which they hold.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// [`crate::world::Device::version`] for which all of it holds.
    pub version: u64,
    config_version: u64,
    config: Vec<Arc<Column>>,
    /// All variables.
    pub snapshot: Arc<Snapshot>,
}

impl Tables {
    /// The device's variables now; what has not changed since `self` is taken over. `speed` is how many
    /// times as fast as the agent's the simulated time passes.
    pub fn updated(&self, world: &World, number: DeviceNo, speed: f64) -> Tables {
        let Some(device) = world.device(number) else { return self.clone() };
        if device.version == self.version {
            return self.clone();
        }
        let config = if device.config_version == self.config_version {
            self.config.clone()
        } else {
            configuration(world, number, speed)
        };
        let mut columns = config.clone();
        columns.extend(bridge::learned(device));
        columns.extend(ip::caches(device, speed));
        Tables {
            version: device.version,
            config_version: device.config_version,
            config,
            snapshot: Arc::new(Snapshot::new(columns)),
        }
    }
}

fn configuration(world: &World, number: DeviceNo, speed: f64) -> Vec<Arc<Column>> {
    let Some(device) = world.device(number) else { return Vec::new() };
    let under = |group: &[u32], last: u32| -> Vec<u32> { group.iter().copied().chain([last]).collect() };
    let mut columns = vec![
        scalar(&under(&SYSTEM, 1), Cell::text(device.model.descr)),
        scalar(&under(&SYSTEM, 2), Cell::Oid(device.model.object_id.into())),
        scalar(&under(&SYSTEM, 3), Cell::UpTime),
        scalar(&under(&SYSTEM, 4), Cell::text("network operations")),
        scalar(&under(&SYSTEM, 5), Cell::text(&device.name)),
        scalar(&under(&SYSTEM, 6), Cell::text(&device.location)),
        // sysServices: layer 2 (2), and layer 3 (4) for routers.
        scalar(&under(&SYSTEM, 7), Cell::Int(if device.subinterfaces.is_empty() { 2 } else { 6 })),
        scalar(&under(&SNMP_ENGINE, 1), Cell::EngineId),
        scalar(&under(&SNMP_ENGINE, 2), Cell::EngineBoots),
        scalar(&under(&SNMP_ENGINE, 3), Cell::EngineTime),
        scalar(&under(&SNMP_ENGINE, 4), Cell::Int(1472)),
    ];
    columns.extend(interfaces::tables(device, speed));
    columns.extend(bridge::configured(device));
    columns.extend(lldp::tables(world, number));
    columns.extend(ip::addresses(device));
    columns
}

#[cfg(test)]
mod tests;

//! Tables of the operations themselves.

use netwarden_store::Migration;

/// System parameters that were set, and how often our SNMP engine was started (snmpEngineBoots).
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "operate-0001-parameters",
    up: "
CREATE TABLE parameters (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE TABLE own_snmp_engine (
    id BIGINT PRIMARY KEY,
    boots BIGINT NOT NULL
);
",
}];

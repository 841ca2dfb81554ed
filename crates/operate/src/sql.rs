//! Tables of the operations themselves.

use netwarden_store::Migration;

/// Every table of the product, in flow order. A list that lacks one is told by the first database that is
/// opened with it: it was written by a newer version.
pub const SCHEMA: &[&[Migration]] = &[
    netwarden_spine::MIGRATIONS,
    netwarden_inventory::sql::MIGRATIONS,
    netwarden_names::MIGRATIONS,
    netwarden_rules::sql::MIGRATIONS,
    netwarden_actions::MIGRATIONS,
    netwarden_audit::MIGRATIONS,
    netwarden_identity::MIGRATIONS,
    netwarden_vault::MIGRATIONS,
    netwarden_engine::MIGRATIONS,
    MIGRATIONS,
];

/// System parameters that were set, how often our SNMP engine was started (snmpEngineBoots), channels,
/// and statistics over time.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
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
    },
    Migration {
        name: "operate-0002-channels",
        up: "
CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    has_secret {bool} NOT NULL,
    changed_at BIGINT NOT NULL
);
",
    },
    Migration {
        name: "operate-0003-statistics",
        up: "
CREATE TABLE statistics (
    series TEXT NOT NULL,
    at BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (series, at)
);
CREATE INDEX statistics_at ON statistics (at);
",
    },
];

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
/// statistics over time, and the charts of each user's start page.
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
    Migration {
        name: "operate-0004-charts",
        up: "
CREATE TABLE chosen_charts (
    user_id BIGINT NOT NULL,
    place BIGINT NOT NULL,
    series TEXT NOT NULL,
    PRIMARY KEY (user_id, place)
);
",
    },
];

#[cfg(test)]
mod tests {
    use netwarden_store::testing::{PostgresServer, TestStore};
    use netwarden_store::{Store, StoreConfig, query_all};

    use super::*;

    #[tokio::test]
    async fn every_table_is_made_on_both_databases_and_a_second_start_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut configs = vec![StoreConfig::sqlite(folder.path().join("a.db"))];
        let server = PostgresServer::start().unwrap();
        configs.extend(server.as_ref().map(|server| StoreConfig::postgres(&server.url)));
        for config in configs {
            for start in 1..=2 {
                let store = Store::open(config.clone(), SCHEMA).await.unwrap();
                let boots = crate::count_engine_start(&store).await.unwrap();
                assert_eq!(boots, start, "what the first start wrote is there");
                store.close().await.unwrap();
            }
        }
    }

    /// What reads whole tables at a start is understood by both databases.
    #[tokio::test]
    async fn what_a_start_reads_is_understood_by_both_databases() {
        for test in TestStore::all(SCHEMA).await.unwrap() {
            let (store, now) = (&test.store, jiff::Timestamp::UNIX_EPOCH);
            let settings = netwarden_inventory::Settings::default();
            netwarden_inventory::sql::load(store.read(), settings, now).await.unwrap();
            netwarden_names::sql::sources(store.read()).await.unwrap();
            netwarden_names::sql::runs(store.read()).await.unwrap();
            crate::load_parameters(store).await.unwrap();
            netwarden_actions::global_stop(store.read()).await.unwrap();
            for (table, column) in
                [("channels", "has_secret"), ("statistics", "value"), ("chosen_charts", "place")]
            {
                query_all(store.read(), format!("SELECT {column} FROM {table}"), []).await.unwrap();
            }
        }
    }
}

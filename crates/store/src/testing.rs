//! Databases for tests: SQLite always, PostgreSQL where its programs are installed.

#[allow(missing_docs)]
mod placeholder {}

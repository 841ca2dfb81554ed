//! The disk fills up while the server runs.

//! The REST interface over a desk of its own, without any network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod adoption;
mod attacker;
mod bulk;
mod calls;
mod channels;
mod charts;
mod conditions;
mod depth;
mod desk;
mod document;
mod domains;
mod editing;
mod events;
mod factors;
mod german;
mod health;
mod histories;
mod hostile;
mod jobs;
mod lists;
mod many_accounts;
mod names;
mod own_path;
mod pages;
mod passwords;
mod people;
mod planes;
mod ports;
mod posture;
mod ratchet;
mod refusals;
mod rights;
mod rule_pages;
mod system_pages;
mod topology;

//! The REST interface over a desk of its own, without any network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod calls;
mod channels;
mod desk;
mod document;
mod editing;
mod health;
mod hostile;
mod names;
mod own_path;
mod pages;
mod ratchet;
mod rights;

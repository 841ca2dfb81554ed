//! The loops that move what happens along the flow. Stages do not know one another's loops; this crate
//! owns them all, and nothing else has long-running tasks.
//!
//! ```text
//!   traps ──────► wishes ┐                           ┌──────────── wishes (re-reads) ◄─────────┐
//!                        ▼                           ▼                                         │
//!   schedule ──────► poller ── Reading ──► keeper: plan → T0 (rows and events) → picture ──────┘
//!                                             │ spine's latest (watch)
//!                                             ▼
//!                                          judge: T1 (cursor, rule state, requests, leaf)
//!                                             │ requests (signal)
//!                                             ▼
//!                                          actor: guard → T2 → SET → read back → T3 ── events ──► spine
//! ```
//!
//! Each loop is signalled and periodic, and can be ended at any point: what it had not finished is found
//! again from what is stored. The engine knows neither users nor HTTP; `operate` asks it for changes.

pub mod agenda;
mod directory;
mod endpoints;
mod failures;
mod judge;
mod keeper;
mod machine;
mod names;
mod own_path;
mod poller;
mod senders;
mod sessions;
mod settings;
mod space;
mod start;
mod ticks;
mod traps;

pub use directory::{Directory, GuardSettings, WriteSessions};
pub use judge::{CONSUMER as JUDGE, Judge, JudgeError};
pub use keeper::{Keeper, KeeperError, KeeperHandle, Picture, With};
pub use machine::Machine;
pub use names::{NameKeeper, NamesError, NamesHandle, SentLeases, secret_name};
pub use poller::{Order, POLL_BOUNDS_S, PollStats, Poller};
pub use senders::MIGRATIONS;
pub use sessions::{SessionError, Sessions};
pub use settings::recorded as recorded_rule_settings;
pub use start::{Engine, ListenError, OwnEngine, Parts, TRAPS};
pub use traps::Traps;

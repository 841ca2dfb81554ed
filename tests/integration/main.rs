//! The product as a whole: its binary against simulated and real networks. One binary, so that it is
//! linked once; one module a capability.

// Helpers of tests fail by panicking, as tests do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod access;
mod binary;
mod browser;
mod contract;
mod demo;
mod https;
mod init;
mod lab;
mod lab_adopt;
mod lab_browser;
mod lab_faults;
mod lab_release;
mod probe;
mod torture;

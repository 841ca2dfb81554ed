//! Every operation of the product once: decide → record → transaction → request.
//!
//! At the end of the flow's inner part: pages, REST and the command line call it, and nothing else
//! changes anything. It knows no HTTP and no command line.

pub mod parameters;

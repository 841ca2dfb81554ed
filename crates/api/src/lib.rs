//! Placeholder until the crate's first real content.

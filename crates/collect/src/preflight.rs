//! Whether enforcement on a port would work, before anything is changed.

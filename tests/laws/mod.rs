//! What tests of all kinds share: judges, settings, and ways to take an output apart.

pub mod judge;
pub mod setup;

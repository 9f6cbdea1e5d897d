//! The laws, tried on everything at hand, and what else needs a judge or a signer of its own; in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and a binary exports nothing"
)]

mod attack;
mod cases;
mod charset;
mod corpus;
mod field;
mod generator_coverage;
mod hostile;
mod known_differences;
mod messages;
mod properties;
mod replay;
mod template;

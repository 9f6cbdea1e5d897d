//! The verifier under attack, by callers without a key and by another implementation that has one.

mod forge;
mod keys;
mod location;
mod model;
mod reader;
mod tags;
mod urls;
mod vectors;

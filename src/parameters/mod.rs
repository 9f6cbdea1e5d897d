//! Campaign parameters: names and values that go into the query of a destination.

mod error;
mod query;
mod settings;

pub use error::ParameterError;
pub use settings::LinkParameters;

pub(crate) use query::{MAX_DESTINATION_BYTES, extended};

//! Click and open tracking for HTML mail.
#![allow(dead_code, reason = "the rooms above are not built yet")]

mod config;
mod error;
mod host;
mod key;
mod link;
mod message;
mod report;
mod scan;
mod token;

pub use config::{DomainConfig, DomainStatus, PixelPlacement};
pub use error::{
    CharsetError, ConfigError, HostError, KeyError, MessageError, TokenError, VerifierError,
};
pub use host::{CnameRecord, TrackingHost};
pub use key::{KeyId, SigningKey};
pub use message::Message;
pub use report::{Link, LinkContext, LinkOutcome, PixelOutcome, Report, SkipReason, Untouched};
pub use token::{Click, Event, Open, Placement, Verifier};

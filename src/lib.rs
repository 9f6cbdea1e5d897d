//! Click and open tracking for HTML mail.
//!
//! linkseal turns each link of a mail into a signed tracking URL on the sender's own tracking host,
//! puts in an open pixel, and turns a token that comes back into a verified event. Everything else
//! in the mail stays as it was, byte for byte. It does not send mail, store events or follow redirects: it has no
//! clock, no randomness and no I/O.
//!
//! ```
//! use linkseal::{
//!     DomainConfig, EventKind, KeyId, Message, SigningKey, TrackingHost, UntrustedToken, rewrite,
//! };
//!
//! let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
//! let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
//! let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?;
//! let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.for_message(message));
//! assert!(html.starts_with("<a href='https://link.example.com/c/"));
//!
//! let url = html.split('\'').nth(1).unwrap();
//! let event = UntrustedToken::parse_url(url)?.verify(&domain)?;
//! let EventKind::Click(click) = event.kind() else { panic!() };
//! assert_eq!(click.destination(), "https://shop.example/");
//! assert_eq!(event.recipient(), Some("rcpt-42"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`rewrite()`] takes a whole document; [`rewrite_with_report`] also says what was done, link by
//! link; [`rewrite_bytes`] takes one in any charset that extends ASCII; [`Rewriter`] takes a stream, and
//! [`RewriteWriter`] is that as a [`Write`](std::io::Write); [`Template`] is for one document that goes to
//! many recipients. With the feature `mime`, `rewrite_message` takes a whole message, as a mail server holds it.
//!
//! # Guarantees
//!
//! 1. **Nothing else changes.** Outside the replaced `href` values, the markers and placeholders that
//!    were read and the pixel, the output is the input byte for byte. Three exceptions, each by a rule: an
//!    unquoted value in a conditional comment gets quotes; a [line limit](DomainConfig::with_line_limit)
//!    puts a line ending in place of white space in a link's tag; and campaign parameters, where
//!    [asked for](LinkParameters::with_untracked_links), make the value of a link that is not tracked its
//!    destination with them.
//! 2. **Mail always goes out.** Rewriting can't fail and can't panic. What can't be handled is left
//!    alone, and the [`Report`] says what and why.
//! 3. **The destination is what a browser would open**: the value of `href` decoded by the HTML
//!    standard's rules for attributes, parsed and serialised by the URL standard, in the charset that
//!    the document is said to have.
//! 4. **Only what was signed is believed**; only http and https are signed.
//! 5. **Rewriting twice changes nothing more**, for the same message. Two exceptions: an opted-out link
//!    whose marker the first run removed, see [`DomainConfig::with_markers_kept`]; and with a line limit,
//!    what the first run left for its line's length may find room once a marker or a placeholder is gone.
//! 6. **Any chunking, same bytes**: a stream gives what one shot gives, and so does a template. The
//!    exception is a construct longer than a stream's memory limit; see
//!    [`StreamOptions::with_memory_limit`].
//! 7. **What was not markup does not become markup**, and a comment ends where it ended.
//!
//! # How it works
//!
//! lol_html finds elements, attributes and comments; its handlers only read. The edits are spliced into the
//! original bytes: lol_html would write a changed tag anew, without its white space and its quotes.
//! `docs/performance.md` in the repository says how fast that is, and where it is slower than other ways.

#![cfg_attr(not(test), warn(clippy::string_slice))]

mod attribute_name;
mod byte_count;
mod charset;
mod cname_record;
mod config;
mod dialect;
mod domain_status;
mod host;
mod host_list;
mod key;
mod link;
mod message;
#[cfg(feature = "mime")]
mod mime;
mod names;
mod one_shot;
mod parameters;
mod pixel;
mod placeholder;
mod prescan;
mod report;
mod rewrite_writer;
mod rewriter;
mod scan;
mod sending_domain;
#[cfg(feature = "serde")]
mod serialise;
mod stream_options;
mod template;
mod token;
mod tracking_host;
mod tracking_level;
mod verifier;

/// Why settings, messages, charsets and tokens are refused.
///
/// Nothing here is about a mail itself: a link that is left alone is reported as skipped, which is not an error.
/// No message holds a secret or a token. Each says what was given and what was expected, and can be shown to
/// whoever entered it.
pub mod error {
    pub use crate::charset::CharsetError;
    pub use crate::config::ConfigError;
    pub use crate::dialect::DialectError;
    pub use crate::host::HostError;
    pub use crate::key::KeyError;
    pub use crate::message::MessageError;
    pub use crate::names::NameError;
    pub use crate::parameters::ParameterError;
    pub use crate::placeholder::PlaceholderError;
    pub use crate::token::TokenError;
    pub use crate::verifier::VerifierError;
}

pub use charset::Charset;
pub use cname_record::CnameRecord;
pub use config::DomainConfig;
pub use domain_status::DomainStatus;
pub use key::{KeyId, SigningKey};
pub use message::Message;
#[cfg(feature = "mime")]
pub use mime::{
    MessageReport, PartOutcome, PartReport, PartSkipReason, SignatureKind, rewrite_message,
    rewrite_message_with_report,
};
pub use one_shot::{rewrite, rewrite_bytes, rewrite_with_report};
pub use parameters::LinkParameters;
pub use pixel::{PixelOutcome, PixelPlacement, PixelPosition};
pub use report::{Link, LinkContext, LinkOutcome, Report, SkipReason, Untouched};
pub use rewrite_writer::{FinishError, RewriteWriter};
pub use rewriter::Rewriter;
pub use sending_domain::SendingDomain;
pub use stream_options::StreamOptions;
pub use template::{Rendering, Template};
pub use token::{Click, Event, EventKind, Open, UntrustedToken};
pub use tracking_host::TrackingHost;
pub use tracking_level::TrackingLevel;
pub use verifier::Verifier;

/// A transparent GIF of one pixel, to answer a request for an open pixel with (`image/gif`).
pub const PIXEL_GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\
    \0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

/// Runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

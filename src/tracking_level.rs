//! How closely clicks and opens are tracked.

use crate::names::names;

/// How closely clicks or opens are tracked: not at all, per message, or per recipient.
///
/// A domain sets the highest level for each of the two, and a message can only lower it:
/// [`DomainConfig::with_click_tracking`](crate::DomainConfig::with_click_tracking) and
/// [`Message::with_click_tracking`](crate::Message::with_click_tracking). The lower of both applies, and the
/// [`Report`](crate::Report) says which it was.
///
/// ```
/// use linkseal::TrackingLevel;
///
/// assert!(TrackingLevel::Off < TrackingLevel::Anonymous);
/// assert!(TrackingLevel::Anonymous < TrackingLevel::Identified);
/// assert_eq!("anonymous".parse(), Ok(TrackingLevel::Anonymous));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TrackingLevel {
    /// Links stay as they are, or there is no open pixel.
    Off,
    /// Tokens hold neither recipient nor time of sending, whatever the message states, and so are the same for
    /// every recipient of a message.
    Anonymous,
    /// Tokens hold what the message states.
    Identified,
}

names!(TrackingLevel, "tracking level", {
    Off => "off",
    Anonymous => "anonymous",
    Identified => "identified",
});

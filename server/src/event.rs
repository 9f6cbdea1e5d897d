//! An event: one request that presented a genuine token.

use std::borrow::Cow;

use linkseal::PixelPosition;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::level::Level;
use crate::traces::Traces;
use crate::words::words;

/// What the log keeps. As JSON it is a line of the spool and of the NDJSON export.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    /// The sending domain, by the id of its ownership; its name where it is shown.
    pub(crate) domain: String,
    pub(crate) message: String,
    pub(crate) recipient: String,
    /// The link's place among the tracked links, from 0. Clicks only, as `name` and `destination`.
    pub(crate) position: Option<u32>,
    pub(crate) name: Option<String>,
    pub(crate) destination: Option<String>,
    /// `start` or `end` of the body. Opens only.
    pub(crate) placement: Option<PixelPosition>,
    /// Unix milliseconds.
    pub(crate) at: i64,
    /// Unix seconds, from the token.
    pub(crate) sent_at: Option<i64>,
    pub(crate) method: Cow<'static, str>,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) accept_language: Option<String>,
    pub(crate) machine: Machine,
    pub(crate) reasons: Vec<Reason>,
    /// For how many requests it stands: more than one only where [`Reason::Repeated`] is a reason.
    #[serde(default = "one")]
    pub(crate) count: i64,
    /// Anonymous: without anything that tells one person from another.
    #[serde(default)]
    pub(crate) level: Level,
}

/// Lines of the spool that an earlier version wrote say nothing of it.
fn one() -> i64 {
    1
}

impl Event {
    /// Seconds from sending to the event; negative when the sender's clock is ahead.
    pub(crate) fn age(&self) -> Option<i64> {
        self.sent_at.map(|sent_at| self.at / 1000 - sent_at)
    }

    /// Leaves out what tells one person from another. Whether a machine made it has to be known before.
    ///
    /// A time of sending that a sender states for each mail is the mail's, and a link may name its recipient.
    pub(crate) fn make_anonymous(&mut self) {
        if !self.recipient.is_empty() {
            let traces = Traces::of(&self.recipient);
            traces.remove_from(&mut self.message);
            self.name = self.name.take().and_then(|name| traces.without(name));
            self.destination = self.destination.take().and_then(|url| traces.without(url));
        }
        self.recipient = String::new();
        self.leave_out_client();
    }

    /// All of that but the recipient, as long as it has to be asked what was agreed with them.
    pub(crate) fn leave_out_client(&mut self) {
        self.sent_at = None;
        self.ip = None;
        self.user_agent = None;
        self.referer = None;
        self.accept_language = None;
        self.level = Level::Anonymous;
    }
}

words!(Kind {
    Click = "click",
    Open = "open",
});

words!(
    /// Whether a machine, not a person, made the request.
    Machine {
        None = "none",
        Suspected = "suspected",
        Certain = "certain",
    }
);

words!(
    /// Why a request is taken for a machine's.
    Reason {
        /// Apple's Mail Privacy Protection, which loads images whether or not anybody reads.
        AppleMailPrivacy = "apple_mail_privacy",
        /// Many different links of one message within a second.
        Burst = "burst",
        /// Within seconds of sending.
        Early = "early",
        /// An image proxy of a mailbox provider, which loads images when somebody reads, and hides who.
        MailProxy = "mail_proxy",
        /// A request that says of itself that nobody asked for it yet, or comes from who asks for images on delivery.
        Prefetch = "prefetch",
        /// The same link or pixel of one mail, again and again from one address.
        Repeated = "repeated",
        /// A user agent that is known to be a scanner or another bot.
        Scanner = "scanner",
        /// No user agent at all.
        Unnamed = "unnamed",
    }
);

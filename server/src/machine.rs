//! Tells machines' requests from people's: by what they say of themselves, and by how soon they come.
//!
//! A verdict decides nothing but how an event is counted. `certain` is for who says so itself; whatever
//! is only likely is `suspected`. Security scanners that call themselves a browser are left to the time
//! since sending and to bursts, which the event log sees.

use axum::http::{HeaderMap, HeaderName};
use isbot::Bots;
use quick_cache::sync::Cache;

use crate::event::{Kind, Machine, Reason};

/// Far more user agents than a day's mail brings; with the longest ones about 5 MB.
const CACHED_AGENTS: usize = 8192;

/// What a user agent is known for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Agent {
    AppleMailPrivacy,
    MailProxy,
    /// An office program, which draws the mail that somebody reads, but does not open links in it.
    Office,
    Person,
    /// Loads images on delivery, whether or not anybody reads.
    Prefetch,
    Scanner,
    Unnamed,
}

/// Image proxies of mailbox providers: Google's and Seznam's as <https://github.com/matomo-org/device-detector>
/// has them in `regexes/bots.yml`, and Yahoo's, whose user agent holds the address of a page about it.
const MAIL_PROXIES: &[&str] = &["googleimageproxy", "seznamemailproxy", "yahoomailproxy"];

/// What Apple's Mail Privacy Protection loads images with: this and no more, which no browser says.
const APPLE_MAIL_PRIVACY: &str = "Mozilla/5.0";

/// What Gmail loads images with as a mail arrives in a mailbox that is open somewhere, and no browser says: measured in
/// <https://www.sparkpost.com/blog/gmail-prefetching-images/>. When somebody reads the mail, [`MAIL_PROXIES`] come.
const GMAIL_PREFETCH: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";

/// Security gateways and previews of links, by the names that their makers give them; senders keep lists,
/// such as <https://check.live-direct-marketing.online/blog/bot-clicks-security-scanners-detect>. To these
/// come all that the crate `isbot` knows.
const SCANNERS: &[&str] = &[
    "barracuda",
    "bingpreview",
    "ciscosecureemail",
    "fireeye",
    "fortimail",
    "ironport",
    "messagelabs",
    "microsoft office existence discovery",
    "microsoft office protocol discovery",
    "microsoftpreview",
    "mimecast",
    "proofpoint",
    "safelinks",
    "trendmicro",
];

/// Outlook for Windows loads images with these names; links it gives to a browser. Office programs ask for
/// a link before they do so: <https://learn.microsoft.com/office/troubleshoot/office-suite-issues/click-hyperlink-to-sso-website>.
const OFFICE: &[&str] = &["microsoft office/", "microsoft outlook", "ms-office"];

/// Names of people's devices and programs in which `isbot` sees a bot.
const NO_BOTS: &[(&str, &str)] = &[("cubot", "phone")];

static PREFETCH_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("purpose"),
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("x-moz"),
    HeaderName::from_static("x-purpose"),
];
const PREFETCH_WORDS: [&str; 3] = ["prefetch", "prerender", "preview"];

pub(crate) struct Machines {
    bots: Bots,
    /// By user agent: the bots are one regular expression of hundreds, which takes 3 µs.
    known: Cache<Box<str>, Agent>,
    early_click_seconds: i64,
    early_open_seconds: i64,
}

impl Machines {
    pub(crate) fn new(early_click_seconds: u32, early_open_seconds: u32) -> Self {
        Self {
            bots: Bots::default(),
            known: Cache::new(CACHED_AGENTS),
            early_click_seconds: early_click_seconds.into(),
            early_open_seconds: early_open_seconds.into(),
        }
    }

    /// Returns whether a machine made a request, and all reasons to think so. `age` is the seconds since
    /// sending, `user_agent` as it is stored: cut to a bounded length.
    pub(crate) fn classify(
        &self,
        kind: Kind,
        headers: &HeaderMap,
        user_agent: Option<&str>,
        age: Option<i64>,
    ) -> (Machine, Vec<Reason>) {
        let mut machine = Machine::None;
        let mut reasons = Vec::new();
        let mut found = |how_sure: Machine, reason| {
            machine = machine.max(how_sure);
            reasons.push(reason);
        };
        let early = match kind {
            Kind::Click => self.early_click_seconds,
            Kind::Open => self.early_open_seconds,
        };
        if age.is_some_and(|age| age <= early) {
            found(Machine::Suspected, Reason::Early);
        }
        if says_prefetch(headers) {
            found(Machine::Certain, Reason::Prefetch);
        }
        match self.agent(user_agent.unwrap_or_default()) {
            Agent::AppleMailPrivacy => found(Machine::Suspected, Reason::AppleMailPrivacy),
            Agent::MailProxy => found(Machine::Suspected, Reason::MailProxy),
            Agent::Office if kind == Kind::Click => found(Machine::Suspected, Reason::Scanner),
            Agent::Prefetch => found(Machine::Suspected, Reason::Prefetch),
            Agent::Scanner => found(Machine::Certain, Reason::Scanner),
            Agent::Unnamed => found(Machine::Suspected, Reason::Unnamed),
            Agent::Office | Agent::Person => {}
        }
        (machine, reasons)
    }

    fn agent(&self, user_agent: &str) -> Agent {
        if let Some(agent) = self.known.get(user_agent) {
            return agent;
        }
        let agent = self.look_at(user_agent);
        self.known.insert(user_agent.into(), agent);
        agent
    }

    fn look_at(&self, user_agent: &str) -> Agent {
        if user_agent.trim().is_empty() {
            return Agent::Unnamed;
        }
        if user_agent == APPLE_MAIL_PRIVACY {
            return Agent::AppleMailPrivacy;
        }
        if user_agent == GMAIL_PREFETCH {
            return Agent::Prefetch;
        }
        let mut name = user_agent.to_ascii_lowercase();
        let is_one_of = |names: &[&str]| names.iter().any(|part| name.contains(part));
        // Before the bots, which proxies and programs are among.
        if is_one_of(MAIL_PROXIES) {
            return Agent::MailProxy;
        }
        if is_one_of(SCANNERS) {
            return Agent::Scanner;
        }
        if is_one_of(OFFICE) {
            return Agent::Office;
        }
        for (part, instead) in NO_BOTS {
            if name.contains(part) {
                name = name.replace(part, instead);
            }
        }
        if self.bots.is_bot(&name) {
            Agent::Scanner
        } else {
            Agent::Person
        }
    }
}

fn says_prefetch(headers: &HeaderMap) -> bool {
    PREFETCH_HEADERS
        .iter()
        .flat_map(|name| headers.get_all(name))
        .any(|value| {
            let value = value.as_bytes().to_ascii_lowercase();
            PREFETCH_WORDS.iter().any(|word| {
                value
                    .windows(word.len())
                    .any(|part| part == word.as_bytes())
            })
        })
}

#[cfg(test)]
mod tests;

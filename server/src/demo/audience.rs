//! The recipients: people, who read late or never, and the machines before them, which never wait.

use std::time::Duration;

use super::agents;
use super::chance::Chance;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A mail in a mailbox.
pub(super) struct Delivered {
    /// The recipient's place in the list: the same person gets the next mail, too.
    pub(super) number: u64,
    pub(super) at: i64,
    pub(super) links: Vec<Link>,
    pub(super) pixel: Option<String>,
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) url: String,
}

/// One request to the tracking host.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) at: i64,
    pub(super) url: String,
    pub(super) agent: &'static str,
    pub(super) ip: String,
    pub(super) language: Option<&'static str>,
    /// Says of itself that nobody asked for it yet.
    pub(super) prefetch: bool,
}

/// What stands between the sender and the reader.
#[derive(Clone, Copy)]
enum Mailbox {
    /// Loads all images at delivery.
    Apple,
    /// Loads an image when the mail is opened, and for some at delivery.
    Gmail,
    /// A company whose scanner follows all links at delivery.
    Guarded {
        openly: bool,
    },
    Own,
    Yahoo,
}

struct Person {
    mailbox: Mailbox,
    browser: &'static str,
    client: &'static str,
    ip: String,
    language: &'static str,
    /// How likely they are to open a mail.
    interest: f64,
}

impl Person {
    fn meet(number: u64, seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mailbox = match mailbox_place(number) {
            ..0.30 => Mailbox::Apple,
            ..0.62 => Mailbox::Gmail,
            ..0.645 => Mailbox::Guarded { openly: true },
            ..0.66 => Mailbox::Guarded { openly: false },
            ..0.92 => Mailbox::Own,
            _ => Mailbox::Yahoo,
        };
        Self {
            mailbox,
            browser: chance.one_of(&agents::BROWSERS).unwrap_or_default(),
            client: chance.one_of(&agents::MAIL_CLIENTS).unwrap_or_default(),
            ip: address(&mut chance),
            language: chance.one_of(&agents::LANGUAGES).unwrap_or_default(),
            interest: 0.25 + 0.55 * chance.part(),
        }
    }

    fn visit(&self, at: i64, url: &str) -> Visit {
        Visit {
            at,
            url: url.to_owned(),
            agent: self.browser,
            ip: self.ip.clone(),
            language: Some(self.language),
            prefetch: false,
        }
    }

    /// What loads the pixel when they open the mail; nothing, if all images are there already.
    fn open(&self, at: i64, pixel: &str) -> Option<Visit> {
        match self.mailbox {
            Mailbox::Apple => None,
            Mailbox::Gmail => Some(proxy(at, pixel, agents::GMAIL_PROXY, "192.0.2.250")),
            Mailbox::Yahoo => Some(proxy(at, pixel, agents::YAHOO_PROXY, "198.51.100.250")),
            Mailbox::Guarded { .. } | Mailbox::Own => Some(Visit {
                agent: self.client,
                ..self.visit(at, pixel)
            }),
        }
    }
}

/// Returns all that a mail brings about until a time, in no order.
pub(super) fn visits(mail: &Delivered, seed: u64, until: i64) -> Vec<Visit> {
    let person = Person::meet(mail.number, seed);
    let started = u64::try_from(mail.at).unwrap_or_default();
    let mut chance = Chance::new(seed ^ started.rotate_left(32) ^ mail.number);
    let mut visits = by_machines(&person, mail, &mut chance);
    if chance.happens(person.interest) {
        visits.extend(by_the_person(&person, mail, &mut chance));
    }
    visits.retain(|visit| visit.at <= until);
    visits
}

fn by_machines(person: &Person, mail: &Delivered, chance: &mut Chance) -> Vec<Visit> {
    let soon = mail.at + milliseconds(chance.delay(Duration::from_millis(1500), 0.4));
    match person.mailbox {
        Mailbox::Apple => mail
            .pixel
            .iter()
            .map(|pixel| proxy(soon, pixel, agents::APPLE_PROXY, "203.0.113.250"))
            .collect(),
        Mailbox::Gmail if chance.happens(0.15) => mail
            .pixel
            .iter()
            .map(|pixel| proxy(soon, pixel, agents::GMAIL_PREFETCH, "192.0.2.250"))
            .collect(),
        Mailbox::Guarded { openly } => {
            let (agent, ip) = if openly {
                (agents::OPEN_SCANNER, "198.51.100.251")
            } else {
                (agents::DISGUISED_SCANNER, "203.0.113.251")
            };
            let batches = mail.links.chunks(12).zip(0..);
            batches
                .flat_map(|(links, batch)| links.iter().map(move |link| (link, batch)))
                .map(|(link, batch)| proxy(soon + 300 * batch, &link.url, agent, ip))
                .collect()
        }
        Mailbox::Gmail | Mailbox::Own | Mailbox::Yahoo => Vec::new(),
    }
}

fn by_the_person(person: &Person, mail: &Delivered, chance: &mut Chance) -> Vec<Visit> {
    let mut visits = Vec::new();
    let after = chance.delay(Duration::from_secs(3 * 3600), 1.5);
    let mut at = awake(mail.at + 40_000 + milliseconds(after), chance);
    let opened = |at| {
        mail.pixel
            .as_deref()
            .and_then(|pixel| person.open(at, pixel))
    };
    visits.extend(opened(at));
    if chance.happens(0.45) {
        let clicks = 1 + chance.weighted(&[0.62, 0.25, 0.09, 0.04]);
        for _ in 0..clicks {
            at += 4000 + milliseconds(chance.delay(Duration::from_secs(25), 0.9));
            let weights: Vec<_> = mail.links.iter().map(|link| appeal(&link.name)).collect();
            let Some(link) = mail.links.get(chance.weighted(&weights)) else {
                break;
            };
            if chance.happens(0.06) {
                // Some browsers look ahead while the pointer is over the link.
                let prefetch = true;
                visits.push(Visit {
                    prefetch,
                    ..person.visit(at - 700, &link.url)
                });
            }
            visits.push(person.visit(at, &link.url));
        }
    }
    if chance.happens(0.3) {
        let later = chance.delay(Duration::from_secs(9 * 3600), 1.0);
        visits.extend(opened(awake(at + milliseconds(later), chance)));
    }
    visits
}

/// People sleep: most of what falls into the night is done in the morning.
fn awake(at: i64, chance: &mut Chance) -> i64 {
    let hour = at.rem_euclid(24 * HOUR_MS) / HOUR_MS;
    if hour >= 6 || chance.happens(0.1) {
        return at;
    }
    let morning = at + (6 - hour) * HOUR_MS;
    morning + milliseconds(chance.delay(Duration::from_secs(4000), 0.7))
}

/// From 0 up to 1. Multiples of the golden ratio spread evenly, so that few recipients have all kinds of
/// mailboxes, too.
fn mailbox_place(number: u64) -> f64 {
    let number = u32::try_from(number).unwrap_or_default();
    (f64::from(number) * 0.618_033_988_75).fract()
}

/// From the networks for documentation (RFC 5737, RFC 3849).
fn address(chance: &mut Chance) -> String {
    match chance.one_of(&["192.0.2", "198.51.100", "203.0.113"]) {
        Some(network) if chance.happens(0.5) => format!("{network}.{}", 1 + chance.below(240)),
        _ => format!(
            "2001:db8:{:x}::{:x}",
            chance.below(0x1_0000),
            1 + chance.below(0xffff)
        ),
    }
}

fn appeal(name: &str) -> f64 {
    match name.split('-').next().unwrap_or_default() {
        "cta" if name == super::campaigns::CTA_SAVE => 30.0,
        "cta" => 6.0,
        "hero" => 7.0,
        "product" => 2.5,
        "article" | "see" => 2.0,
        "" | "logo" => 1.2,
        "unsubscribe" | "preferences" => 0.5,
        _ => 0.6,
    }
}

fn proxy(at: i64, url: &str, agent: &'static str, ip: &str) -> Visit {
    Visit {
        at,
        url: url.to_owned(),
        agent,
        ip: ip.to_owned(),
        language: None,
        prefetch: false,
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

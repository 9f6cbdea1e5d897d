//! Three days in some seconds: mails go out, and everything that they bring about happens in its order.
//!
//! The server's clock is set before each request. Requests of the same instant run side by side.

use std::error::Error;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::audience::{Visit, visits};
use super::campaigns::sendings;
use super::chance::Chance;
use super::name_server::NameServer;
use super::sender::{DOMAIN, Sender};
use crate::clock::Clock;
use crate::logging::say;

const SEED: u64 = 48;
const MINUTE_MS: i64 = 60_000;
/// The event log stores how many mails were rewritten every quarter of a second, with the time by then.
const COUNTED: Duration = Duration::from_millis(600);

pub(super) struct Story<'a> {
    pub(super) clock: &'a Clock,
    pub(super) names: &'a NameServer,
    pub(super) recipients: u32,
    pub(super) sender: &'a Sender,
}

impl Story<'_> {
    /// Returns what happened, for whoever wants more of it.
    pub(super) async fn tell(&self) -> Result<Vec<Visit>, Box<dyn Error>> {
        let now = self.clock.now();
        let mut waiting: Vec<Visit> = Vec::new();
        let mut told = Vec::new();
        let mut added = false;
        for sending in sendings() {
            let at = now - sending.ago;
            told.extend(self.happen(&mut waiting, at).await?);
            self.clock.set(at);
            if !added {
                self.sender.add_domain(self.names).await?;
                say(format!("{DOMAIN}: added, and validated by its TXT record"));
                added = true;
            }
            let half = |number: &u64| sending.half.is_none_or(|half| number % 2 == half);
            let recipients: Vec<_> = (1..=u64::from(self.recipients)).filter(half).collect();
            let delivered = self.sender.send(&sending, &recipients, at).await?;
            tokio::time::sleep(COUNTED).await;
            say(format!(
                "{}: sent to {} recipients",
                sending.message,
                delivered.len()
            ));
            waiting.extend(
                delivered
                    .iter()
                    .flat_map(|mail| visits(mail, SEED, now - MINUTE_MS)),
            );
        }
        told.extend(self.happen(&mut waiting, now).await?);
        say(format!("{} clicks and opens", told.len()));
        Ok(told)
    }

    /// Lets everything happen that comes before a time, and takes it out of what is waiting.
    async fn happen(
        &self,
        waiting: &mut Vec<Visit>,
        until: i64,
    ) -> Result<Vec<Visit>, Box<dyn Error>> {
        waiting.sort_by_key(|visit| visit.at);
        let later = waiting.split_off(waiting.partition_point(|visit| visit.at < until));
        let happened = std::mem::replace(waiting, later);
        for instant in happened.chunk_by(|one, other| one.at == other.at) {
            if let Some(visit) = instant.first() {
                self.clock.set(visit.at);
            }
            try_join_all(instant.iter().map(|visit| self.sender.visit(visit))).await?;
        }
        Ok(happened)
    }
}

/// Goes on with a click or an open every few seconds, by those who clicked and opened before.
pub(super) async fn go_on(sender: &Sender, told: &[Visit]) -> Result<(), Box<dyn Error>> {
    let mut chance = Chance::new(SEED);
    loop {
        tokio::time::sleep(chance.delay(Duration::from_secs(3), 0.6)).await;
        let place = chance.below(u64::try_from(told.len()).unwrap_or(u64::MAX));
        let visit = usize::try_from(place)
            .ok()
            .and_then(|place| told.get(place));
        match visit {
            Some(visit) => sender.visit(visit).await?,
            None => return Ok(()),
        }
    }
}

impl Sender {
    /// One request as the visitor's program makes it.
    async fn visit(&self, visit: &Visit) -> Result<(), Box<dyn Error>> {
        let mut request = self
            .client
            .get(&visit.url)
            .header("user-agent", visit.agent)
            .header("x-forwarded-for", &visit.ip);
        if let Some(language) = visit.language {
            request = request.header("accept-language", language);
        }
        if visit.prefetch {
            request = request.header("sec-purpose", "prefetch");
        }
        let status = request.send().await?.status();
        if status.is_success() || status.is_redirection() {
            return Ok(());
        }
        Err(format!("a tracking URL was answered with {status}").into())
    }
}

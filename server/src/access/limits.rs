//! How often: guesses at access tokens by address, API requests by access token. And how many at the same time:
//! sign-ins of all, and whatever is asked with tokens of one domain.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::failure::Failure;

/// Attempts that nobody needs to wait for, and the same number again in each minute.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses share this many counters, so that many addresses cost no memory. Whose counter is whose changes
/// with each start.
const COUNTERS: u64 = 1 << 16;
/// Sign-ins that ask the database at the same time; others wait.
const SIGN_INS_UNDER_WAY: usize = 4;
/// Somebody who guesses further gets an answer so late, as long as not too many are kept waiting.
const GUESS_DELAY: Duration = Duration::from_secs(1);
const GUESSES_DELAYED: usize = 256;
/// Requests and open streams of one domain at the same time: a quarter of what the server takes on.
const PLACES_OF_A_DOMAIN: usize = 64;

pub(crate) struct Limits {
    api: DefaultKeyedRateLimiter<String>,
    refused_tokens: DefaultKeyedRateLimiter<u64>,
    sign_ins: DefaultKeyedRateLimiter<u64>,
    sign_ins_under_way: Semaphore,
    guesses_delayed: Semaphore,
    /// Of domains that have any taken.
    places: Arc<Mutex<HashMap<String, usize>>>,
    hasher: RandomState,
}

/// Taken until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    domain: String,
    places: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(&self.domain) {
            Some(taken) if *taken > 1 => *taken -= 1,
            _ => drop(places.remove(&self.domain)),
        }
    }
}

impl Limits {
    pub(crate) fn new(api_rate: u32) -> Self {
        let api_rate = NonZeroU32::new(api_rate).unwrap_or(NonZeroU32::MIN);
        let attempts = || DefaultKeyedRateLimiter::keyed(Quota::per_minute(ATTEMPTS));
        Self {
            api: DefaultKeyedRateLimiter::keyed(Quota::per_second(api_rate)),
            refused_tokens: attempts(),
            sign_ins: attempts(),
            sign_ins_under_way: Semaphore::new(SIGN_INS_UNDER_WAY),
            guesses_delayed: Semaphore::new(GUESSES_DELAYED),
            places: Arc::default(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request of an access token that is genuine, so these are as many as there are tokens.
    pub(super) fn api_request(&self, token: &str) -> Result<(), Failure> {
        check(&self.api, &token.to_owned())
    }

    /// Counts an attempt to sign in with a token that is not known. A genuine one from the same address goes on
    /// working: whoever guesses must not lock out others.
    pub(crate) async fn guess(&self, ip: IpAddr) -> Result<(), Failure> {
        let checked = check(&self.sign_ins, &self.counter(ip));
        if checked.is_err()
            && let Ok(_delayed) = self.guesses_delayed.try_acquire()
        {
            tokio::time::sleep(GUESS_DELAY).await;
        }
        checked
    }

    /// Waits for its turn to ask the database. Hold on to what is returned.
    pub(crate) async fn sign_in(&self) -> Result<SemaphorePermit<'_>, Failure> {
        let place = self.sign_ins_under_way.acquire().await;
        place.map_err(|_| Failure::Busy(1))
    }

    /// Takes one of a domain's places.
    pub(super) fn place(&self, domain: &str) -> Result<Place, Failure> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(domain.to_owned()).or_default();
        if *taken >= PLACES_OF_A_DOMAIN {
            return Err(Failure::TooMany(1));
        }
        *taken += 1;
        Ok(Place {
            domain: domain.to_owned(),
            places: Arc::clone(&self.places),
        })
    }

    /// Counts a bearer token that was refused. A genuine one from the same address goes on working: many
    /// senders may share an address with whoever guesses.
    pub(super) fn refused_token(&self, ip: IpAddr) -> Result<(), Failure> {
        check(&self.refused_tokens, &self.counter(ip))
    }

    fn counter(&self, ip: IpAddr) -> u64 {
        let ip = match ip.to_canonical() {
            // One subscriber has a whole /64 (RFC 6177 §2).
            IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
            four @ IpAddr::V4(_) => four,
        };
        self.hasher.hash_one(ip) % COUNTERS
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Failure> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Failure::TooMany(wait.as_secs().saturating_add(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn addresses_of_one_subscriber_count_together() {
        let limits = Limits::new(1);
        for host in 0..ATTEMPTS.get() {
            let ip = format!("2001:db8::{host:x}").parse().unwrap();
            assert!(limits.guess(ip).await.is_ok());
        }
        let refused = limits.guess("2001:db8::ffff".parse().unwrap()).await;
        assert!(matches!(refused, Err(Failure::TooMany(1..=60))));
        let other = limits.guess("2001:db8:1::1".parse().unwrap()).await;
        assert!(other.is_ok());
    }
}

//! How often: sign-ins and refused access tokens by address, API requests by access token.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::failure::Failure;

/// Attempts that nobody needs to wait for, and the same number again in each minute.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Addresses share this many counters, so that many addresses cost no memory. Whose counter is whose changes
/// with each start.
const COUNTERS: u64 = 1 << 16;

pub(crate) struct Limits {
    api: DefaultKeyedRateLimiter<String>,
    refused_tokens: DefaultKeyedRateLimiter<u64>,
    sign_ins: DefaultKeyedRateLimiter<u64>,
    hasher: RandomState,
}

impl Limits {
    pub(crate) fn new(api_rate: u32) -> Self {
        let api_rate = NonZeroU32::new(api_rate).unwrap_or(NonZeroU32::MIN);
        let attempts = || DefaultKeyedRateLimiter::keyed(Quota::per_minute(ATTEMPTS));
        Self {
            api: DefaultKeyedRateLimiter::keyed(Quota::per_second(api_rate)),
            refused_tokens: attempts(),
            sign_ins: attempts(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request of an access token that is genuine, so these are as many as there are tokens.
    pub(super) fn api_request(&self, token: &str) -> Result<(), Failure> {
        check(&self.api, &token.to_owned())
    }

    /// Counts an attempt to sign in, before anything is compared.
    pub(crate) fn sign_in(&self, ip: IpAddr) -> Result<(), Failure> {
        check(&self.sign_ins, &self.counter(ip))
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

    #[test]
    fn addresses_of_one_subscriber_count_together() {
        let limits = Limits::new(1);
        for host in 0..ATTEMPTS.get() {
            let ip = format!("2001:db8::{host:x}").parse().unwrap();
            assert!(limits.sign_in(ip).is_ok());
        }
        let refused = limits.sign_in("2001:db8::ffff".parse().unwrap());
        assert!(matches!(refused, Err(Failure::TooMany(1..=60))));
        assert!(limits.sign_in("2001:db8:1::1".parse().unwrap()).is_ok());
    }
}

//! What tells repeats from other requests: a token and the address that presented it.
//!
//! An address is known here by a hash with a secret of this process, for some seconds, whatever the domain lets
//! be stored.

use std::hash::{BuildHasher as _, Hasher, RandomState};
use std::net::IpAddr;

use crate::event::Event;

/// A token and an address, as a number that says nothing of them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key(pub(super) u64);

/// A key is a hash already, and needs no other.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

/// Makes keys, with a secret that dies with the process.
#[derive(Default)]
pub(super) struct Keys(RandomState);

impl Keys {
    pub(super) fn key(&self, event: &Event, address: Option<IpAddr>) -> Key {
        // What the token says: a token can be written in a path in more than one way.
        let token = (
            event.kind,
            &event.domain,
            &event.message,
            &event.recipient,
            event.position,
            &event.name,
            &event.destination,
            event.placement.map(linkseal::PixelPosition::as_str),
            event.sent_at,
        );
        Key(self.0.hash_one((token, address.map(customer))))
    }
}

/// The part of an address that one customer of a provider has: who has an IPv6 address has 2⁶⁴ of them.
fn customer(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits() & (u128::MAX << 64),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::click;
    use super::*;

    #[test]
    fn keys_tell_tokens_and_customers_apart_and_processes_do_not_share_them() {
        let keys = Keys::default();
        let of = |position, address: &str| {
            keys.key(&click("r", position, 1), Some(address.parse().unwrap()))
        };
        assert_eq!(of(0, "192.0.2.1"), of(0, "192.0.2.1"));
        assert_ne!(of(0, "192.0.2.1"), of(0, "192.0.2.2"));
        assert_ne!(of(0, "192.0.2.1"), of(1, "192.0.2.1"));
        assert_eq!(of(0, "2001:db8::1"), of(0, "2001:db8::ffff:1"));
        assert_ne!(of(0, "2001:db8::1"), of(0, "2001:db8:0:1::1"));
        let other = Keys::default();
        let same = other.key(&click("r", 0, 1), Some("192.0.2.1".parse().unwrap()));
        assert_ne!(same, of(0, "192.0.2.1"));
    }
}

//! Who hands in a message, and whether that client may send for the configured domains.

use std::net::IpAddr;

use miltr_common::commands::{Connect, Family};

use crate::settings::Settings;

/// The client of the mail server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Client {
    Address(IpAddr),
    /// No connection at all: the mail was handed in on the machine itself, as by `sendmail`.
    Local,
    #[default]
    Unknown,
}

impl Client {
    pub(crate) fn new(connect: &Connect) -> Self {
        match connect.family {
            Family::Inet | Family::Inet6 => Self::of_address(connect),
            Family::Unix => Self::Local,
            // What `sendmail -bs` hands in. A client whose address can't be known is called otherwise.
            Family::Unknown if connect.hostname() == "localhost" => Self::Local,
            Family::Unknown => Self::Unknown,
        }
    }

    fn of_address(connect: &Connect) -> Self {
        let address = connect.address();
        let text = address.strip_prefix("IPv6:").unwrap_or(&address);
        let Ok(address) = text.parse::<IpAddr>() else {
            return Self::Unknown;
        };
        let address = address.to_canonical();
        // Postfix makes mail of its `pickup` look as if it came from here. A connection has a port, so what a
        // content filter hands back over the loopback interface is not mistaken for that.
        if address.is_loopback() && connect.port == Some(0) {
            return Self::Local;
        }
        Self::Address(address)
    }

    /// Whether the client may send without a login.
    pub(crate) fn is_trusted(self, settings: &Settings) -> bool {
        match self {
            Self::Address(address) => settings.is_in_networks(address),
            Self::Local => settings.local_submission,
            Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mail_without_a_connection_is_local() {
        for (name, family, port, address, expected) in [
            (
                "localhost",
                Family::Inet,
                Some(0),
                "127.0.0.1",
                Client::Local,
            ),
            ("localhost", Family::Unix, None, "/run/x", Client::Local),
            ("localhost", Family::Unknown, None, "", Client::Local),
            ("unknown", Family::Unknown, None, "", Client::Unknown),
            (
                "localhost",
                Family::Inet,
                Some(0),
                "192.0.2.1",
                Client::Address([192, 0, 2, 1].into()),
            ),
            (
                "localhost",
                Family::Inet,
                Some(5000),
                "127.0.0.1",
                Client::Address([127, 0, 0, 1].into()),
            ),
            (
                "x",
                Family::Inet6,
                Some(5000),
                "IPv6:::ffff:192.0.2.1",
                Client::Address([192, 0, 2, 1].into()),
            ),
            ("x", Family::Inet, Some(5000), "unknown", Client::Unknown),
        ] {
            let connect = Connect::new(name.as_bytes(), family, port, address.as_bytes());
            assert_eq!(
                Client::new(&connect),
                expected,
                "{name} {family:?} {port:?} {address}"
            );
        }
    }
}

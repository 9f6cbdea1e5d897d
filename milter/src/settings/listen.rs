//! Where mail servers connect to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A TCP port or a Unix socket, in the spelling of Sendmail's milters, or as `HOST:PORT`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Listen {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{text}` is no address to listen on, expected `inet:PORT@HOST`, `HOST:PORT` or `unix:/PATH`"
)]
pub(crate) struct ListenError {
    text: String,
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let parsed = match text.split_once(':') {
            Some(("unix" | "local", path)) => path
                .starts_with('/')
                .then(|| Self::Unix(PathBuf::from(path))),
            Some(("inet" | "inet6", rest)) => rest
                .split_once('@')
                .and_then(|(port, host)| tcp(host, port)),
            _ => text
                .rsplit_once(':')
                .and_then(|(host, port)| tcp(host, port)),
        };
        parsed.ok_or_else(|| ListenError {
            text: text.to_owned(),
        })
    }
}

fn tcp(host: &str, port: &str) -> Option<Listen> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    // Without brackets a host with a colon may as well be an address that lacks its port.
    let is_clear = bare.is_some() || !host.contains(':') || host.contains("::");
    let port = port.parse().ok()?;
    (!host.is_empty() && is_clear).then(|| Listen::Tcp {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(formatter, "inet:{port}@{host}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_understood() {
        for (text, expected) in [
            ("inet:8894@127.0.0.1", "inet:8894@127.0.0.1"),
            ("inet6:8894@::1", "inet:8894@::1"),
            ("inet6:8894@[::1]", "inet:8894@::1"),
            ("localhost:8894", "inet:8894@localhost"),
            ("[::1]:8894", "inet:8894@::1"),
            (
                "unix:/run/linkseal/milter.sock",
                "unix:/run/linkseal/milter.sock",
            ),
            ("local:/run/milter", "unix:/run/milter"),
        ] {
            let listen: Listen = text.parse().unwrap();
            assert_eq!(listen.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "8894",
            "inet:8894",
            "inet:x@localhost",
            "unix:relative",
            ":8894",
            "unix:",
        ] {
            let error = text.parse::<Listen>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`{text}` is no address to listen on, expected `inet:PORT@HOST`, `HOST:PORT` or `unix:/PATH`"
                )
            );
        }
    }
}

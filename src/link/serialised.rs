//! Links that are spelt as the URL standard would serialise them, seen at one look.
//!
//! Most links are, and parsing one costs as much as signing it (of 2.7 µs for a link in a dense
//! mail, 0.6). This accepts only what it is sure of; the parser has the rest.

/// Which parts of a URL a byte may stand in and come out of the serialiser as it went in
/// (URL §1.3, the percent-encode sets, and §3.5).
const PARTS: [u8; 256] = parts();
const HOST: u8 = 1;
const PATH: u8 = 2;
const QUERY: u8 = 4;

#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "computed when the crate is compiled, where nothing else can be"
)]
const _: () = {
    assert!(PARTS[b'a' as usize] == HOST | PATH | QUERY);
    assert!(PARTS[b'A' as usize] == PATH | QUERY);
    assert!(PARTS[b'\'' as usize] == PATH);
    assert!(PARTS[b'?' as usize] == QUERY);
    assert!(PARTS[b'\\' as usize] == 0 && PARTS[b' ' as usize] == 0 && PARTS[0x80] == 0);
};

#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "computed when the crate is compiled, where nothing else can be"
)]
const fn parts() -> [u8; 256] {
    let mut parts = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        parts[byte as usize] = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' => HOST | PATH | QUERY,
            b'A'..=b'Z'
            | b'_'
            | b'~'
            | b'!'
            | b'$'
            | b'&'
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
            | b':'
            | b'@'
            | b'/'
            | b'%' => PATH | QUERY,
            // Encoded in the query of http and https.
            b'\'' => PATH,
            b'?' => QUERY,
            _ => 0,
        };
        byte += 1;
    }
    parts
}

/// Returns the host of an http or https URL that parsing and serialising would give back as it is;
/// `None` when it would not, or when that can't be told at one look.
pub(super) fn host_if_serialised(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_at_checked(rest.find('/')?)?;
    if !is_serialised_host(host) {
        return None;
    }
    let mut allowed = PATH;
    let mut last = 0;
    for byte in path.bytes() {
        match byte {
            // Dots, or `%2e` for them, may be a segment that goes.
            b'.' | b'%' if last == b'/' && allowed == PATH => return None,
            b'?' if allowed == PATH => allowed = QUERY,
            _ if PARTS.get(usize::from(byte))? & allowed == 0 => return None,
            _ => {}
        }
        last = byte;
    }
    Some(host)
}

/// Lower-case names only: no port, no user, no address, and no punycode, which may be invalid.
fn is_serialised_host(host: &str) -> bool {
    let (_, last_label) = host.rsplit_once('.').unwrap_or(("", host));
    last_label.starts_with(|first: char| first.is_ascii_lowercase())
        && !host.contains("--")
        && host.bytes().all(|byte| {
            PARTS
                .get(usize::from(byte))
                .is_some_and(|part| part & HOST != 0)
        })
}

#[cfg(test)]
mod tests {
    use super::host_if_serialised;
    use url::Url;

    #[test]
    fn ordinary_links_are_taken() {
        for (url, host) in [
            ("https://x.test/", "x.test"),
            ("http://shop.x.test/a/b.html?q=1&r=%20+/?:@", "shop.x.test"),
            ("https://localhost/A_(b)~'c'", "localhost"),
        ] {
            assert_eq!(host_if_serialised(url), Some(host), "{url}");
        }
    }

    #[test]
    fn what_the_parser_may_change_is_left_to_it() {
        for url in [
            "https://x.test",
            "https://X.test/",
            "https://x.test:80/",
            "https://u@x.test/",
            "https://1.2.3.4/",
            "https://xn--x.test/",
            "https://x.0x1/",
            "https://x.test./",
            "https://x.test/../",
            "https://x.test/a/.",
            "https://x.test/%2e/",
            "https://x.test/a b",
            "https://x.test/a\\b",
            "https://x.test/ü",
            "https://x.test/?'",
            "https://x.test/#",
            "https:/x.test/",
            "ftp://x.test/",
        ] {
            assert_eq!(host_if_serialised(url), None, "{url}");
        }
    }

    /// Every way to put a few bytes into each part of a URL, judged by the parser.
    #[test]
    fn what_is_taken_is_what_the_parser_gives_back() {
        let mut taken = 0;
        let alphabet: Vec<char> = (0..=127_u8).map(char::from).chain(['é']).collect();
        for first in &alphabet {
            for second in &alphabet {
                for url in [
                    format!("https://{first}{second}/"),
                    format!("https://a{first}b.{second}/"),
                    format!("https://x.test/{first}{second}"),
                    format!("https://x.test/a{first}.{second}/b"),
                    format!("https://x.test/.{first}{second}"),
                    format!("http://x.test/?{first}{second}"),
                    format!("https://x.test/?a{first}/..{second}"),
                ] {
                    if let Some(host) = host_if_serialised(&url) {
                        let parsed = Url::parse(&url).unwrap();
                        assert_eq!((parsed.as_str(), parsed.host_str()), (&*url, Some(host)));
                        taken += 1;
                    }
                }
            }
        }
        assert!(taken > 20_000, "{taken}");
    }
}

//! Tracking URLs that a document may hold already: of this message and of another, genuine and not.

use std::sync::LazyLock;

use crate::settings::{RETIRED_KEY_ID, RETIRED_SECRET};
use crate::setup::{CLICK_PREFIX, OPEN_PREFIX, SECRET};
use crate::signer::{click_payload, encode, of_version, open_payload, signed_with};

const THIS: (&str, &str) = ("msg-7f3a", "rcpt-42");
const OTHER: (&str, &str) = ("m-1", "r-1");

pub(super) fn clicks() -> &'static [String] {
    static CLICKS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let url = |token: String| format!("{CLICK_PREFIX}{token}");
        let click = |ids, name, destination| {
            url(token(&SECRET, &click_payload(1, 3, name, destination, ids)))
        };
        let old = "https://x.test/old?a=1&b=2";
        let unknown = click_payload(9, 0, "", old, OTHER);
        let retired = click_payload(RETIRED_KEY_ID, 0, "", old, OTHER);
        vec![
            click(OTHER, "", old),
            click(OTHER, "first", old),
            click(OTHER, "", "https://excluded.test/"),
            click(OTHER, "", "https://x.test/unsubscribe"),
            // It was signed as it is, so it waits for nothing.
            click(OTHER, "", "https://x.test/?name=%name%"),
            click(OTHER, "", &format!("{CLICK_PREFIX}x")),
            click(THIS, "", "https://x.test/"),
            click(OTHER, "", old) + "?utm_source=mail#top",
            url(token(&RETIRED_SECRET, &retired)),
            url(token(&SECRET, &unknown)),
            url(token(&RETIRED_SECRET, &unknown)),
            url(token(&RETIRED_SECRET, &click_payload(1, 0, "", old, OTHER))),
            url(token(&SECRET, &open_payload(1, 0, OTHER))),
            url(token(
                &SECRET,
                &sealed(&click_payload(1, 0, "", old, OTHER)),
            )),
            url(token(&RETIRED_SECRET, &sealed(&retired))),
            url(token(
                &RETIRED_SECRET,
                &sealed(&click_payload(1, 0, "", old, OTHER)),
            )),
        ]
    });
    &CLICKS
}

pub(super) fn pixels() -> &'static [String] {
    static PIXELS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let url = |token: String| format!("{OPEN_PREFIX}{token}");
        let retired = open_payload(RETIRED_KEY_ID, 0, THIS);
        vec![
            url(token(&SECRET, &open_payload(1, 0, THIS))),
            url(token(&SECRET, &open_payload(1, 1, THIS))),
            url(token(&SECRET, &open_payload(1, 0, OTHER))),
            url(token(&RETIRED_SECRET, &retired)),
            url(token(&SECRET, &retired)),
            url(token(&SECRET, &sealed(&open_payload(1, 0, THIS)))),
            url(token(&SECRET, &sealed(&open_payload(1, 0, OTHER)))),
        ]
    });
    &PIXELS
}

fn token(secret: &[u8], payload: &[u8]) -> String {
    encode(&signed_with(secret, payload))
}

fn sealed(payload: &[u8]) -> Vec<u8> {
    of_version(2, payload)
}

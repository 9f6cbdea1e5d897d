//! The pages that a recipient may see in place of where a link leads: whole in themselves, for they may be
//! shown on a customer's host, and the same for whatever is wrong with a token, so that nobody learns by
//! trying.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{NO_INDEX, NO_REFERRER, NO_STORE, X_ROBOTS_TAG};

/// In the page, since no other address of the server is sure to be reached from where it is shown.
const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;margin:12vh auto;max-width:34rem;\
    padding:0 1.5rem}h1{font-size:1.5rem}a{overflow-wrap:anywhere}";

/// Allows that style by its SHA-256, and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'sha256-PPYKSJ2Dtuox3AH8BlAkY35Duv4hMOicKMbG8Y6kZSw='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub(super) fn broken_link() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "This link does not work",
        &html! {
            p { "It may have been cut off or changed on its way to you. Nothing is wrong with your device." }
            p { "Please go back to the mail and follow the link there once more, or ask whoever sent it to you." }
        },
    )
}

/// For when no place is left to store a click: a redirect would say that it is stored.
pub(super) fn not_stored(destination: &str) -> Response {
    page(
        StatusCode::SERVICE_UNAVAILABLE,
        "One more click, please",
        &html! {
            p { "This server can't store your click at the moment, so it does not send you on by itself. The link leads here:" }
            p { a href=(destination) rel="noreferrer" { (destination) } }
        },
    )
}

/// For a server that starts without its database: the link may be genuine.
pub(super) fn not_ready() -> Response {
    let mut response = page(
        StatusCode::SERVICE_UNAVAILABLE,
        "One moment, please",
        &html! {
            p { "This server is just starting and does not know yet where your link leads. Please try again in a minute." }
        },
    );
    let minute = HeaderValue::from_static("60");
    response.headers_mut().insert(header::RETRY_AFTER, minute);
    response
}

fn page(status: StatusCode, title: &str, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { h1 { (title) } (body) }
            }
        }
    };
    let mut response = (status, Html(document.into_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(X_ROBOTS_TAG, NO_INDEX);
    response
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{POLICY, STYLE};

    const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    #[test]
    fn the_policy_allows_the_style() {
        let policy = POLICY;
        let policy = policy.to_str().unwrap();
        let hash = policy.split("'sha256-").nth(1).unwrap();
        let hash = hash.split('=').next().unwrap();
        let bits = hash.bytes().flat_map(|byte| {
            let value = BASE64.iter().position(|known| *known == byte).unwrap();
            (0..6).rev().map(move |bit| value >> bit & 1)
        });
        let expected = Sha256::digest(STYLE);
        let expected = expected
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1)));
        assert_eq!(
            bits.take(256).collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
    }
}

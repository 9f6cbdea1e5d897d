//! Settings for one message, by what its header says.

use super::header::Header;
use crate::config::DomainConfig;
use crate::message::Message;
use crate::tracking_level::TrackingLevel;

/// Scopes settings to the message: its `List-Unsubscribe` URLs are not tracked, and its `Message-ID` is its id unless
/// it has one.
pub(super) fn scoped_to(
    domain: &DomainConfig,
    header: Option<&Header<'_>>,
    list_unsubscribe: &[String],
) -> DomainConfig {
    let mut message = domain.message().clone();
    let id = header.and_then(|header| header.all("message-id").next());
    if let Some(id) = id.map(message_id).filter(|id| !id.is_empty()) {
        message = message.or_with_id(id);
    }
    let raw = header
        .into_iter()
        .flat_map(|header| header.all("list-unsubscribe"));
    let raw = raw.map(String::from_utf8_lossy);
    let decoded = list_unsubscribe.iter().map(|value| value.as_str().into());
    for value in raw.chain(decoded) {
        // White space is no part of a URL in angle brackets (RFC 2369 §2), and folding puts some in.
        let value: String = value.split_ascii_whitespace().collect();
        message = message.with_list_unsubscribe(&value);
    }
    domain.for_message(message)
}

/// Returns settings for a part that gets no open pixel.
pub(super) fn without_pixel(domain: &DomainConfig) -> DomainConfig {
    let message: Message = domain.message().clone();
    domain.for_message(message.with_open_tracking(TrackingLevel::Off))
}

/// Returns an id without its angle brackets (RFC 5322 §3.6.4).
fn message_id(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let bracketed = text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(id, _)| id);
    match bracketed {
        Some(id) => id.split_ascii_whitespace().collect(),
        None => text
            .split_ascii_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn ids_lose_their_brackets() {
        for (value, expected) in [
            (" <a@b.test>\r\n", "a@b.test"),
            (" <a@\r\n b.test> (comment)", "a@b.test"),
            (" a@b.test (comment)", "a@b.test"),
            ("", ""),
        ] {
            assert_eq!(message_id(value.as_bytes()), expected);
        }
    }
}

//! Addresses of pages.

use url::form_urlencoded::Serializer;

/// A path with a query of pairs, encoded as forms are.
pub(super) fn link_to(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{path}?{}", query.finish())
}

pub(super) fn message_link(domain: &str, message: &str) -> String {
    link_to(&format!("/domains/{domain}/message"), &[("id", message)])
}

pub(super) fn recipient_link(domain: &str, recipient: &str) -> String {
    link_to(
        &format!("/domains/{domain}/recipient"),
        &[("id", recipient)],
    )
}

pub(super) fn or_dash(id: &str) -> &str {
    if id.is_empty() { "(no id)" } else { id }
}

//! Merge tags: places where a sending service has yet to fill something in.
//!
//! A signature over an unfilled tag would be a broken link, so a link that holds one is skipped.

use memchr::memmem;

/// What opens a tag, and what must follow somewhere behind it.
const DELIMITERS: [(&[u8], &[u8]); 8] = [
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"*|", b"|*"),
    (b"%%", b"%%"),
    (b"[%", b"%]"),
    (b"<%", b"%>"),
    (b"${", b"}"),
    (b"#{", b"}"),
];

/// Whether `value` still holds a merge tag.
pub(super) fn has_merge_tag(value: &str) -> bool {
    let bytes = value.as_bytes();
    // Each tag has one of these; nearly no URL has any, but for the percent sign.
    if !bytes.iter().any(|byte| matches!(byte, b'{' | b'|' | b'%')) {
        return false;
    }
    DELIMITERS.iter().any(|(open, close)| {
        memmem::find(bytes, open)
            .and_then(|at| bytes.get(at + open.len()..))
            .is_some_and(|rest| memmem::find(rest, close).is_some())
    }) || has_percent_tag(bytes)
}

/// `%recipient.name%`: a name between percent signs. `%de%` could be a tag, but is an escape by
/// the URL standard (§1.3), and escapes are what URLs are full of.
fn has_percent_tag(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = memchr::memchr(b'%', rest) {
        rest = rest.get(at + 1..).unwrap_or_default();
        let name_length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
            .count();
        let is_escape =
            matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        let is_name = name_length > 1 && rest.first().is_some_and(u8::is_ascii_alphabetic);
        if is_name && !is_escape && rest.get(name_length) == Some(&b'%') {
            return true;
        }
        // A name holds no percent sign, so the next tag starts behind this one's at the earliest.
        rest = rest.get(name_length..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_merge_tag;

    #[test]
    fn unfilled_tags_are_seen() {
        for value in [
            "{{url}}",
            "https://x.test/{{user.id}}?n={{ name }}",
            "https://x.test/{% if a %}b{% endif %}",
            "*|ARCHIVE|*",
            "%%unsubscribe_url%%",
            "[% url %]",
            "<%= link %>",
            "https://x.test/${id}",
            "https://x.test/#{id}",
            "%recipient.unsubscribe%",
            "%unsubscribe_url%",
            "https://x.test/?e=%20&m=%recipient.email%",
        ] {
            assert!(has_merge_tag(value), "{value}");
        }
    }

    #[test]
    fn ordinary_urls_have_none() {
        for value in [
            "https://x.test/a%20b%2Fc%E2%9C%93?q=%26%3D%25",
            "https://x.test/?f={\"a\":1}",
            "https://x.test/?a=*|b",
            "https://x.test/}}{{",
            "https://x.test/%de%20",
            "https://x.test/100%",
            "https://x.test/%a%",
        ] {
            assert!(!has_merge_tag(value), "{value}");
        }
    }
}

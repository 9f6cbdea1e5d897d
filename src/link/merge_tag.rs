//! Merge tags: places where a sending service has yet to fill something in.
//!
//! A signature over an unfilled tag would be a broken link, so a link that holds one is skipped.

use crate::dialect::Dialect;

/// Whether `value` holds a merge tag that is known, or one of the sender's own.
///
/// A tag need not be closed: the quote that ends the attribute, or a blank in a value without quotes,
/// may have cut it, as in `href="{{ link "home" }}"`.
pub(super) fn has_merge_tag(value: &str, dialect: &Dialect) -> bool {
    has_known_tag(value.as_bytes()) || dialect.has_merge_tag(value)
}

/// `{{`, `{%`, `${`, `#{`, `*|`, `[%`, `<%`, `%%name`, `%name%`.
fn has_known_tag(value: &[u8]) -> bool {
    // Each has one of these three; nearly no URL has any, but for the percent sign.
    memchr::memchr3_iter(b'{', b'|', b'%', value).any(|at| {
        let before = at.checked_sub(1).and_then(|at| value.get(at));
        let after = value.get(at + 1..).unwrap_or_default();
        match value.get(at) {
            Some(b'{') => matches!(before, Some(b'$' | b'#')) || matches!(after, [b'{' | b'%', ..]),
            Some(b'|') => before == Some(&b'*'),
            _ => matches!(before, Some(b'[' | b'<')) || is_percent_tag(after),
        }
    })
}

/// Whether what follows a percent sign makes a merge tag of it.
fn is_percent_tag(after: &[u8]) -> bool {
    match after {
        // `%%name%%`, `%%=v(@name)=%%` and `%%[script]%%`; `100%%&max=50%%` is none.
        [b'%', next, ..] => next.is_ascii_alphabetic() || b"_=[".contains(next),
        // Escapes are what URLs are full of (URL §1.3), so `%de%` is none. `%u0442` is what old scripts
        // write for a character (ECMAScript §B.2.1.1).
        [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => false,
        [b'u' | b'U', digits @ ..] if starts_with_four_hex_digits(digits) => false,
        [first, ..] if first.is_ascii_alphabetic() => {
            let is_name_byte = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
            let length = after.iter().take_while(is_name_byte).count();
            length > 1 && after.get(length) == Some(&b'%')
        }
        _ => false,
    }
}

fn starts_with_four_hex_digits(bytes: &[u8]) -> bool {
    bytes
        .first_chunk::<4>()
        .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::has_merge_tag;
    use crate::dialect::Dialect;

    #[track_caller]
    fn assert_has(values: &[&str], expected: bool) {
        for value in values {
            assert_eq!(
                has_merge_tag(value, &Dialect::default()),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn unfilled_tags_are_seen() {
        assert_has(
            &[
                "{{url}}",
                "https://x.test/{{user.id}}?n={{ name }}",
                "https://x.test/{% if a %}b{% endif %}",
                "*|ARCHIVE|*",
                "%%unsubscribe_url%%",
                "%%=RedirectTo(@url)=%%",
                "%%[set @a]%%",
                "%%_subscriber%%",
                "100%%%name",
                "[% url %]",
                "<%= link %>",
                "https://x.test/${id}",
                "https://x.test/#{id}",
                "%recipient.unsubscribe%",
                "%unsubscribe_url%",
                "%user0%",
                "%u12%",
                "https://x.test/?e=%20&m=%recipient.email%",
            ],
            true,
        );
    }

    #[test]
    fn an_opener_is_enough_wherever_its_tag_was_cut() {
        for opener in ["{{", "{%", "*|", "[%", "<%", "${", "#{"] {
            for value in [
                opener.to_owned(),
                format!("https://x.test/{opener}"),
                format!("https://x.test/?a=*|b{opener} insert slug "),
                format!("{opener}\n"),
            ] {
                assert_has(&[&value], true);
            }
            let (first, second) = opener.split_at(1);
            assert_has(&[first, second, &format!("{first} {second}")], false);
        }
        assert_has(&["https://x.test/?a=*|b", "https://x.test/}}{{"], true);
    }

    #[test]
    fn ordinary_urls_have_none() {
        assert_has(
            &[
                "https://x.test/a%20b%2Fc%E2%9C%93?q=%26%3D%25",
                "https://x.test/?f={\"a\":1}",
                "https://x.test/?a=|*b*",
                "https://x.test/}}",
                "https://x.test/%]%>",
                "https://x.test/%de%20",
                "https://x.test/%u0442%u0435%uFFFF%20",
                "https://x.test/?off=100%%&max=50%%",
                "https://x.test/?off=100%%",
                "https://x.test/%%20",
                "https://x.test/100%",
                "https://x.test/%a%",
                "https://x.test/%1z%",
                "https://x.test/%_name%",
                "https://x.test/%name",
                "",
            ],
            false,
        );
    }
}

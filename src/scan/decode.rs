//! Attribute values: from the bytes in the document to the text that a browser sees.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// Decodes a value as the HTML standard does: the document's charset, then line feeds for line breaks
/// of other kinds (§13.2.3.5), then U+FFFD for each NUL (§13.2.5.36), then character references by the
/// rules for attributes (§13.2.5.72). Returns `None` for bytes that mean nothing in the charset: what
/// a recipient sees then depends on what else their client takes the charset for.
pub(super) fn attribute_value<'a>(
    raw: &'a [u8],
    encoding: &'static Encoding,
) -> Option<Cow<'a, str>> {
    valid_text(raw, encoding).map(unescaped)
}

/// Decodes a value as [`attribute_value`] does; bytes that mean nothing become U+FFFD.
pub(super) fn attribute_value_lossy<'a>(
    raw: &'a [u8],
    encoding: &'static Encoding,
) -> Cow<'a, str> {
    unescaped(text(raw, encoding))
}

fn unescaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr::memchr3(b'\0', b'&', b'\r', text.as_bytes()).is_none() {
        return text;
    }
    let text = match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => text,
    };
    let text = match text.contains('\0') {
        true => Cow::Owned(without_nuls(&text)),
        false => text,
    };
    htmlize::unescape_attribute(text)
}

fn valid_text<'a>(raw: &'a [u8], encoding: &'static Encoding) -> Option<Cow<'a, str>> {
    match encoding == encoding_rs::UTF_8 {
        true => std::str::from_utf8(raw).ok().map(Cow::Borrowed),
        false => encoding.decode_without_bom_handling_and_without_replacement(raw),
    }
}

/// Puts U+FFFD for each NUL, in exactly the memory that it takes: up to three times what it was.
fn without_nuls(text: &str) -> String {
    let nuls = memchr::memchr_iter(b'\0', text.as_bytes()).count();
    let growth = nuls * ('\u{fffd}'.len_utf8() - '\0'.len_utf8());
    let mut replaced = String::with_capacity(text.len() + growth);
    let characters = text.chars().map(|character| match character {
        '\0' => '\u{fffd}',
        other => other,
    });
    replaced.extend(characters);
    replaced
}

/// Decodes bytes in the document's charset; what has no meaning in it becomes U+FFFD.
pub(super) fn text<'a>(raw: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    if encoding == encoding_rs::UTF_8
        && let Ok(text) = std::str::from_utf8(raw)
    {
        return Cow::Borrowed(text);
    }
    if raw.is_ascii() {
        return encoding.decode_without_bom_handling(raw).0;
    }
    // A character that is cut short takes back what follows it in the document, so something must
    // follow here: one that is not a part of another in any charset that extends ASCII.
    let mut followed = raw.to_vec();
    followed.push(b'>');
    let mut text = encoding
        .decode_without_bom_handling(&followed)
        .0
        .into_owned();
    text.pop();
    Cow::Owned(text)
}

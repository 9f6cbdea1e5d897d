//! Documents in any charset.

use encoding_rs::{DecoderResult, Encoding};

use super::{Parsed, parse};

/// Parses bytes as browsers do once they know the charset. A mark stands for what is no text in it, which
/// browsers show as U+FFFD: text can hold that as well.
pub fn parse_bytes(html: &[u8], encoding: &'static Encoding) -> Parsed {
    let (text, mark) = decode_marked(html, encoding);
    Parsed {
        broken_mark: Some(mark),
        ..parse(&text)
    }
}

fn decode_marked(html: &[u8], encoding: &'static Encoding) -> (String, char) {
    let shown = encoding.decode_without_bom_handling(html).0;
    let mut private = '\u{f0000}'..='\u{ffffd}';
    let mark = private.find(|mark| !shown.contains(*mark)).unwrap();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (mut text, mut rest) = (String::new(), html);
    loop {
        text.reserve(rest.len() + 16);
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        rest = &rest[read..];
        match result {
            DecoderResult::InputEmpty => return (text, mark),
            DecoderResult::Malformed(_, _) => text.push(mark),
            DecoderResult::OutputFull => {}
        }
    }
}

//! What each fuzz target does with its input: the laws that are tried on it.
//!
//! Nothing but the input decides. A finding is an input that fails here again: as
//! `targets::rewrite(b"…")`, or from a file in `tests/replay`.

use std::borrow::Cow;

use arbitrary::{Arbitrary, Unstructured};
use encoding_rs::Encoding;
use linkseal::{PixelOutcome, Rewriter, StreamOptions, Untouched, rewrite_with_report};

use super::judge::parse_bytes;
use super::known_differences::{excused, excused_pixel};
use super::rewriting::{self, align, in_chunks};
use super::settings::{Settings, domains, messages};
use super::signer::token;
use super::tokens::{self, Fields, dashed};
use super::{Verdict, ensure, messages, oracle};

/// A target takes any bytes.
pub type Target = fn(&[u8]) -> Verdict;

pub const TARGETS: [(&str, Target); 8] = [
    ("charset", charset),
    ("conditional_comment", conditional_comment),
    ("message", message),
    ("rewrite", rewrite),
    ("split", split),
    ("structured", structured),
    ("template", template),
    ("verify", verify),
];

/// Every law of rewriting, on a document whose last byte chooses the settings.
pub fn rewrite(input: &[u8]) -> Verdict {
    let (html, [settings]) = document_and(input);
    every_law(&html, Settings::of(settings))
}

/// Any chunks and limits, which the last four bytes choose.
pub fn split(input: &[u8]) -> Verdict {
    let (html, [first, second, limit, settings]) = document_and(input);
    let sizes = [usize::from(first), usize::from(second)];
    let settings = Settings::of(settings);
    rewriting::stream_is_rewrite(&html, settings, &sizes)?;
    let limit = StreamOptions::MIN_MEMORY_LIMIT + usize::from(limit);
    rewriting::limits_lose_nothing(&html, settings, limit, &sizes)
}

/// Every switch of a message and of a domain, of which the last byte chooses one.
pub fn template(input: &[u8]) -> Verdict {
    let (html, [choice]) = document_and(input);
    let domains = domains();
    let domain = &domains[usize::from(choice) % domains.len()];
    rewriting::template(&html, domain, &messages())
}

/// A document of bytes, in a charset and chunks that the last three bytes choose.
pub fn charset(input: &[u8]) -> Verdict {
    let (html, [charset, size, settings]) = split_off(input);
    let encoding = CHARSETS[usize::from(charset) % CHARSETS.len()];
    let settings = Settings::of(settings);
    let domain = settings.domain();
    let start = || {
        let charset = encoding.name().parse().unwrap();
        Rewriter::with_options(&domain, &StreamOptions::new().with_charset(charset))
    };
    rewriting::split(html, &start, &[usize::from(size)])?;
    let (output, report) = in_chunks(start(), html, &[html.len()]);
    let shown = || format!("b\"{}\" in {}", html.escape_ascii(), encoding.name());
    let seen_as = match Encoding::for_bom(html) {
        Some((marked, _)) if marked == encoding_rs::UTF_8 => marked,
        Some(_) => {
            ensure!(
                report.untouched() == Some(Untouched::Charset) && output == html,
                "{}: of UTF-16, but b\"{}\"",
                shown(),
                output.escape_ascii()
            );
            return Ok(());
        }
        None => encoding,
    };
    ensure!(
        align(seen_as, html, &output, &report, settings).is_some(),
        "{}: other bytes changed in b\"{}\"",
        shown(),
        output.escape_ascii()
    );
    let verdict = oracle::links(&parse_bytes(html, seen_as), seen_as, &report, settings);
    excused(&seen_as.decode_without_bom_handling(html).0, verdict)
        .map_err(|why| format!("{}: {why}", shown()))
}

/// What Outlook alone reads.
pub fn conditional_comment(input: &[u8]) -> Verdict {
    let (content, [choice]) = document_and(input);
    let html = match choice & 8 {
        0 => format!("<p><!--[if mso]>{content}<![endif]--></p>"),
        _ => format!("<!--[if {content}--><a href=https://x.test/>"),
    };
    let settings = Settings::of(choice);
    comments_end_where_they_ended(&html, settings)?;
    rewriting::round_trip(&html, settings)?;
    rewriting::stream_is_rewrite(&html, settings, &[1])?;
    rewriting::stability(&html, settings)?;
    excused(&html, oracle::links_of(&html, settings))
}

/// No edit ends a comment, whoever the recipient is: one is tried for whom a token in a comment ends in `--`, as
/// one in four thousand does.
pub fn comments_end_where_they_ended(html: &str, settings: Settings) -> Verdict {
    // That takes longer than all the rest.
    let dashed = html.len().is_multiple_of(4).then(|| dashed(html, settings));
    for settings in [Some(settings), dashed.flatten()].into_iter().flatten() {
        rewriting::locality(html, settings)?;
        nothing_new(html, settings)?;
    }
    Ok(())
}

/// Nothing comes into being but what is known to. An image before a `frameset` makes browsers ignore that.
pub fn nothing_new(html: &str, settings: Settings) -> Verdict {
    let verdict = oracle::nothing_new(html, settings);
    let (_, report) = rewrite_with_report(html, &settings.domain());
    match report.pixel() {
        PixelOutcome::Both
        | PixelOutcome::End
        | PixelOutcome::Placeholder
        | PixelOutcome::Start => excused_pixel(html, verdict),
        _ => excused(html, verdict),
    }
}

/// Tokens: any text, any fields, any payload that the key's holder signs or seals.
pub fn verify(input: &[u8]) -> Verdict {
    let Some((mode, rest)) = input.split_first() else {
        return tokens::only_minted_verifies("");
    };
    match mode % 3 {
        0 => {
            let text = String::from_utf8_lossy(rest);
            tokens::read_alike(&text)?;
            tokens::only_minted_verifies(&text)
        }
        1 => tokens::read_alike(&token(rest)),
        _ => {
            let Ok((fields, at, sign)) = fields(rest) else {
                return Ok(());
            };
            for minted in tokens::round_trip(&fields)? {
                tokens::tamper(&minted, at, sign)?;
            }
            Ok(())
        }
    }
}

/// Whole messages: any bytes, or one that the bytes choose the parts of. The last two bytes choose which, and the
/// settings.
pub fn message(input: &[u8]) -> Verdict {
    let (bytes, [mode, settings]) = split_off(input);
    let settings = Settings::of(settings);
    if mode & 1 == 0 {
        return messages::any_bytes(bytes, settings);
    }
    match messages::message(&mut Unstructured::new(bytes)) {
        Ok(built) => messages::of_known_parts(&built, settings),
        Err(_) => Ok(()),
    }
}

/// Every law of rewriting, on a document built for it.
pub fn structured(input: &[u8]) -> Verdict {
    let (choices, [size, settings]) = split_off(input);
    let Ok(html) = super::documents::document(&mut Unstructured::new(choices)) else {
        return Ok(());
    };
    let settings = Settings::of(settings);
    let sizes = [usize::from(size)];
    every_law(&html, settings)?;
    rewriting::stream_is_rewrite(&html, settings, &sizes)?;
    rewriting::limits_lose_nothing(&html, settings, usize::from(size), &sizes)?;
    let messages = messages();
    let message = usize::from(size) % messages.len();
    rewriting::template(&html, &settings.domain(), &messages[message..=message])
}

/// The laws that one document can break alone.
pub fn every_law(html: &str, settings: Settings) -> Verdict {
    rewriting::identity(html)?;
    rewriting::locality(html, settings)?;
    rewriting::lines_keep_the_limit(html, settings)?;
    rewriting::round_trip(html, settings)?;
    rewriting::stability(html, settings)?;
    excused(html, oracle::links_of(html, settings))?;
    nothing_new(html, settings)?;
    excused_pixel(html, oracle::one_pixel(html, settings))
}

/// Splits the choices off the end, where a document has its end.
fn split_off<const N: usize>(input: &[u8]) -> (&[u8], [u8; N]) {
    match input.split_last_chunk::<N>() {
        Some((rest, choices)) => (rest, *choices),
        None => (input, [0; N]),
    }
}

fn document_and<const N: usize>(input: &[u8]) -> (Cow<'_, str>, [u8; N]) {
    let (html, choices) = split_off(input);
    (String::from_utf8_lossy(html), choices)
}

fn fields(bytes: &[u8]) -> arbitrary::Result<(Fields, usize, char)> {
    let mut bytes = Unstructured::new(bytes);
    let fields = Fields {
        path: String::arbitrary(&mut bytes)?,
        name: String::arbitrary(&mut bytes)?,
        message: String::arbitrary(&mut bytes)?,
        recipient: String::arbitrary(&mut bytes)?,
        sent_at: u64::arbitrary(&mut bytes)?,
    };
    Ok((fields, bytes.arbitrary::<u16>()?.into(), bytes.arbitrary()?))
}

/// Those that extend ASCII (Encoding Standard §4.2).
const CHARSETS: [&Encoding; 36] = [
    encoding_rs::UTF_8,
    encoding_rs::SHIFT_JIS,
    encoding_rs::GB18030,
    encoding_rs::BIG5,
    encoding_rs::EUC_JP,
    encoding_rs::EUC_KR,
    encoding_rs::GBK,
    encoding_rs::WINDOWS_1252,
    encoding_rs::IBM866,
    encoding_rs::ISO_8859_2,
    encoding_rs::ISO_8859_3,
    encoding_rs::ISO_8859_4,
    encoding_rs::ISO_8859_5,
    encoding_rs::ISO_8859_6,
    encoding_rs::ISO_8859_7,
    encoding_rs::ISO_8859_8,
    encoding_rs::ISO_8859_8_I,
    encoding_rs::ISO_8859_10,
    encoding_rs::ISO_8859_13,
    encoding_rs::ISO_8859_14,
    encoding_rs::ISO_8859_15,
    encoding_rs::ISO_8859_16,
    encoding_rs::KOI8_R,
    encoding_rs::KOI8_U,
    encoding_rs::MACINTOSH,
    encoding_rs::WINDOWS_874,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1251,
    encoding_rs::WINDOWS_1253,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1255,
    encoding_rs::WINDOWS_1256,
    encoding_rs::WINDOWS_1257,
    encoding_rs::WINDOWS_1258,
    encoding_rs::X_MAC_CYRILLIC,
    encoding_rs::X_USER_DEFINED,
];

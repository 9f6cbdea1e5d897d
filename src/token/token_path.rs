//! Where in a URL its token stands, after all that happens to URLs on their way.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};
use percent_encoding::percent_decode_str;

use super::error::TokenError;
use super::seal::MAX_TOKEN_CHARS;

/// Escapes take three characters for one, and a long prefix has its place too.
const MAX_PATH_BYTES: usize = 4 * MAX_TOKEN_CHARS;

/// What the path of a tracking URL says that its token is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PathKind {
    Click,
    Open,
}

/// The token that ends the path of a URL.
pub(super) struct TokenPath<'u> {
    pub(super) kind: PathKind,
    pub(super) token: Cow<'u, str>,
}

impl<'u> TokenPath<'u> {
    /// Finds the token in a whole URL or a path.
    pub(super) fn find(url: &'u str) -> Result<Self, TokenError> {
        let path = path_of(url).ok_or(TokenError::Malformed)?;
        let path = match memchr(b'%', path.as_bytes()) {
            Some(_) => percent_decode_str(path).decode_utf8_lossy(),
            None => Cow::Borrowed(path),
        };
        let (kind, range) = locate(&path).ok_or(TokenError::Malformed)?;
        let token = match path {
            Cow::Borrowed(path) => unfolded(path.get(range).unwrap_or_default()),
            Cow::Owned(mut path) => {
                path.truncate(range.end);
                path.drain(..range.start);
                path.retain(|character| !is_fold(character));
                Cow::Owned(path)
            }
        };
        Ok(Self { kind, token })
    }
}

/// Finds the token in a path whose escapes have been decoded.
fn locate(path: &str) -> Option<(PathKind, Range<usize>)> {
    let end = memchr2(b'?', b'#', path.as_bytes()).unwrap_or(path.len());
    let path = path.get(..end)?;
    let path = path.trim_end_matches(|character: char| !is_token_char(character));
    let (before, token) = path.rsplit_once('/')?;
    let kind = match before.rsplit('/').next()? {
        "c" => PathKind::Click,
        "o" => PathKind::Open,
        _ => return None,
    };
    Some((kind, path.len() - token.len()..path.len()))
}

/// Cuts off a query and a fragment, and looks no further for one than a path may reach.
fn path_of(url: &str) -> Option<&str> {
    let bytes = url.as_bytes();
    let bytes = bytes.get(..=MAX_PATH_BYTES).unwrap_or(bytes);
    let end = memchr2(b'?', b'#', bytes).unwrap_or(url.len());
    url.get(..end).filter(|path| path.len() <= MAX_PATH_BYTES)
}

fn unfolded(token: &str) -> Cow<'_, str> {
    // All bytes, whatever the first ones are: so the compiler takes many at once.
    let folds = token.bytes().filter(|byte| is_fold(char::from(*byte)));
    match folds.count() > 0 {
        true => Cow::Owned(token.replace(is_fold, "")),
        false => Cow::Borrowed(token),
    }
}

/// A line break and what indents the next line, or a blank that one of both became (RFC 5322 §2.2.3).
fn is_fold(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn is_token_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

#[cfg(test)]
mod tests {
    use super::TokenPath;

    #[test]
    fn a_token_ends_with_its_last_character_and_not_with_punctuation() {
        for token in ["EQEA", "EQE-", "EQE_", "EQ-_"] {
            for after in ["", ".", ").", "?utm=1", "#top", "%2e", " \r\n"] {
                let url = format!("https://x.test/c/{token}{after}");
                let found = TokenPath::find(&url).unwrap();
                assert_eq!(found.token, token, "{after}");
            }
        }
    }
}

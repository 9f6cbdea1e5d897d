//! Texts that the open pixel takes the place of.

use crate::byte_count::ByteCount;

/// Amazon SES's placeholder for the pixel.
pub(crate) const TEXT_PLACEHOLDER: &str = "{{ses:openTracker}}";

const MAX_BYTES: usize = 256;

/// Why a text can't be the placeholder of a domain's open pixel.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::error::{ConfigError, PlaceholderError};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = domain.with_pixel_placeholder("<img>").unwrap_err();
/// assert!(matches!(error, ConfigError::Placeholder(PlaceholderError::Element { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceholderError {
    /// It is a start tag of an element that links or pixels are read from.
    #[error(
        "pixel placeholder `{placeholder}` is a tag of {element}, expected another element than \
         a, area, base, img and noscript"
    )]
    Element {
        /// The text as it was given.
        placeholder: String,
        /// The element, in lower case.
        element: String,
    },
    /// It is empty, or too long.
    #[error("pixel placeholder is {}, expected 1 to {MAX_BYTES}", ByteCount(*bytes))]
    Length {
        /// How long it was.
        bytes: usize,
    },
    /// It has `<` or `>`, and is not one whole comment or start tag.
    #[error(
        "pixel placeholder `{placeholder}` is neither text nor a tag, expected text without `<` and `>`, \
         one whole comment, or one whole start tag without quotes"
    )]
    Markup {
        /// The text as it was given.
        placeholder: String,
    },
    /// A document could hold it and a known placeholder in the same place.
    #[error(
        "pixel placeholder `{placeholder}` overlaps `{TEXT_PLACEHOLDER}`, expected text that does not start \
         as that ends, end as that starts, or hold it"
    )]
    Overlap {
        /// The text as it was given.
        placeholder: String,
    },
}

/// Accepts what a scan can find, and always the same one of several.
pub(crate) fn check_placeholder(placeholder: &str) -> Result<(), PlaceholderError> {
    if !(1..=MAX_BYTES).contains(&placeholder.len()) {
        return Err(PlaceholderError::Length {
            bytes: placeholder.len(),
        });
    }
    let given = || placeholder.to_owned();
    match placeholder.strip_prefix('<') {
        Some(tag) if is_comment(placeholder) || is_start_tag(tag) => match element(tag) {
            element if is_read(&element) => Err(PlaceholderError::Element {
                placeholder: given(),
                element,
            }),
            _ => Ok(()),
        },
        None if !placeholder.contains(['<', '>']) => match overlaps_known(placeholder) {
            true => Err(PlaceholderError::Overlap {
                placeholder: given(),
            }),
            false => Ok(()),
        },
        _ => Err(PlaceholderError::Markup {
            placeholder: given(),
        }),
    }
}

fn is_comment(text: &str) -> bool {
    let content = text
        .strip_prefix("<!--")
        .and_then(|rest| rest.strip_suffix("-->"));
    content.is_some_and(|content| !content.is_empty() && !content.contains(['<', '>']))
}

/// Whether `<` and the text are a start tag, and end where that ends in any reader's eyes.
fn is_start_tag(rest: &str) -> bool {
    rest.starts_with(|first: char| first.is_ascii_alphabetic())
        && rest
            .strip_suffix('>')
            .is_some_and(|inner| !inner.contains(['<', '>', '"', '\'', '`']))
}

/// Returns the name that starts a tag, after its `<`, in lower case.
fn element(tag: &str) -> String {
    let name = tag.split([' ', '\t', '\n', '\r', '\x0c', '/', '>']).next();
    name.unwrap_or_default().to_ascii_lowercase()
}

/// Whether links or pixels are read from the element.
fn is_read(element: &str) -> bool {
    matches!(element, "a" | "area" | "base" | "img" | "noscript")
}

fn overlaps_known(text: &str) -> bool {
    let known = TEXT_PLACEHOLDER;
    let shares_an_end = (1..known.len()).any(|at| {
        let (start, end) = known.split_at_checked(at).unwrap_or_default();
        text.starts_with(end) || text.ends_with(start)
    });
    shares_an_end || text.contains(known)
}

//! Links: from a decoded `href` and the settings to *tracked* or *skipped because*, and from there
//! to a tracking URL. Knows nothing of tags and documents.

mod decide;
mod marker;
mod merge_tag;
mod serialised;
mod tracking_url;

pub(crate) use decide::{Decision, LinkPolicy, OwnPixel};
pub(crate) use marker::{Marker, MarkerSet};
pub(crate) use tracking_url::{
    MessageParts, Minter, PIXEL_AFTER_URL, Prepared, TrackedLink, fits, quote,
};

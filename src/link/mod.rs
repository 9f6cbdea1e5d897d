//! Links: from a decoded `href` and the settings to *tracked* or *skipped because*, and from there
//! to a tracking URL. Knows nothing of tags and documents.

mod base;
mod decide;
mod marker;
mod marker_set;
mod merge_tag;
mod own_url;
mod parameters;
mod serialised;
mod tracking_url;

pub(crate) use decide::{Decision, LinkPolicy};
pub(crate) use marker::Marker;
pub(crate) use marker_set::MarkerSet;
pub(crate) use own_url::OwnPixel;
pub(crate) use parameters::{Extended, escaped};
pub(crate) use tracking_url::{
    MessageParts, Minter, PIXEL_AFTER_URL, Prepared, TrackedLink, fits, quote,
};

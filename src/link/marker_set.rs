//! What the markers of one tag say together.

use std::borrow::Cow;

use super::marker::{Marker, Says};
use crate::attribute_name::AttributeName;
use crate::dialect::Dialect;

/// Longer names are cut at a character's start; they serve for grouping in reports.
const MAX_NAME_BYTES: usize = 256;

/// The markers of one tag. Of an attribute that comes twice, the first counts (HTML §13.2.5.33).
#[derive(Debug, Default)]
pub(crate) struct MarkerSet {
    name: Option<(AttributeName, String)>,
    no_parameters: bool,
    opted_out: bool,
    /// What was understood and need not be in the output, a bit for each.
    read: u64,
    seen: u64,
}

impl MarkerSet {
    /// Takes in the next attribute of the tag, with its value decoded.
    pub(crate) fn add<'a>(
        &mut self,
        marker: Marker,
        dialect: &Dialect,
        value: impl FnOnce() -> Cow<'a, str>,
    ) {
        let bit = marker.bit();
        if self.seen & bit != 0 {
            return;
        }
        self.seen |= bit;
        let value = value();
        let says = marker.says(&value, dialect);
        self.opted_out |= says == Says::OptOut;
        self.no_parameters |= says == Says::NoParameters;
        if says == Says::Name
            && let Marker::Known(name) = marker
            && self.name.as_ref().is_none_or(|(first, _)| name < *first)
        {
            self.name = Some((name, cut_name(value.trim()).to_owned()));
        }
        // A class is the page's too, so it stays.
        if says != Says::Nothing && marker != Marker::Known(AttributeName::Class) {
            self.read |= bit;
        }
    }

    pub(crate) fn opts_out(&self) -> bool {
        self.opted_out
    }

    /// Whether the link gets no campaign parameters.
    pub(crate) fn refuses_parameters(&self) -> bool {
        self.no_parameters
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|(_, name)| name.as_str())
    }

    /// Whether some marker was understood that the output need not carry on.
    pub(crate) fn has_removable(&self) -> bool {
        self.read != 0
    }

    /// Whether `marker` was understood and can go.
    pub(crate) fn removes(&self, marker: Marker) -> bool {
        self.read & marker.bit() != 0
    }

    /// Lets `marker` stay after all, however often it comes in the tag.
    pub(crate) fn keep(&mut self, marker: Marker) {
        self.read &= !marker.bit();
    }
}

/// Cuts a link's name to what a token may carry.
pub(super) fn cut_name(name: &str) -> &str {
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let end = (0..=MAX_NAME_BYTES).rev();
    end.filter_map(|end| name.get(..end)).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(&str, &str)]) -> MarkerSet {
        let mut set = MarkerSet::default();
        for (name, value) in attributes {
            let dialect = Dialect::default();
            if let Some(marker) = Marker::named(name.as_bytes(), &dialect) {
                set.add(marker, &dialect, || Cow::Borrowed(value));
            }
        }
        set
    }

    #[test]
    fn every_service_can_opt_out() {
        for (attribute, value) in [
            ("data-track", "off"),
            ("DATA-TRACK", " OFF "),
            ("clicktracking", "off"),
            ("disable-tracking", "true"),
            ("ses:no-track", ""),
            ("data-pm-no-track", ""),
            ("data-msys-clicktrack", "0"),
            ("mc:disable-tracking", ""),
            ("mautic:disable-tracking", "true"),
            ("tracking", "off"),
            ("data-skip-click", "true"),
            ("autotrack", "false"),
            ("ecm:tracking", "false"),
            ("data-ph-no-track", ""),
            ("class", "button untracked"),
            ("class", "mktNoTrack"),
            ("class", "inf-track-no\tbutton"),
            ("CLASS", "a no-track-link b"),
        ] {
            let set = read(&[(attribute, value)]);
            assert!(set.opts_out(), "{attribute}={value}");
            let is_class = attribute.eq_ignore_ascii_case("class");
            assert_eq!(set.has_removable(), !is_class, "{attribute}");
        }
    }

    #[test]
    fn other_values_are_not_understood_and_stay() {
        for (attribute, value) in [
            ("data-track", "on"),
            ("clicktracking", "on"),
            ("data-msys-clicktrack", "1"),
            ("ecm:tracking", "true"),
            ("class", "untracked-link"),
            ("class", "UNTRACKED"),
            ("class", "mktnotrack"),
            ("alias", " "),
        ] {
            let set = read(&[(attribute, value)]);
            assert!(
                !set.opts_out() && !set.has_removable(),
                "{attribute}={value}"
            );
        }
    }

    #[test]
    fn first_of_two_values_and_best_of_two_names_count() {
        assert!(!read(&[("data-track", "on"), ("data-track", "off")]).opts_out());
        let set = read(&[
            ("alias", "late"),
            ("data-track-name", "ours"),
            ("ses:tags", "k:v"),
        ]);
        assert_eq!(set.name(), Some("ours"));
        assert_eq!(read(&[("ses:tags", "k:v;l:w")]).name(), Some("k:v;l:w"));
    }

    #[test]
    fn parameters_are_refused_and_the_link_is_tracked() {
        for (value, expected) in [("off", true), (" OFF ", true), ("on", false), ("", false)] {
            let set = read(&[("data-track-parameters", value)]);
            assert_eq!(set.refuses_parameters(), expected, "{value}");
            assert_eq!(set.has_removable(), expected, "{value}");
            assert!(!set.opts_out() && set.name().is_none());
        }
    }

    #[test]
    fn a_conversion_goes_and_says_nothing() {
        let set = read(&[("conversion", "false")]);
        assert!(set.has_removable() && !set.opts_out());
        assert_eq!(set.name(), None);
    }

    #[test]
    fn the_senders_own_words_opt_out_beside_the_known_ones() {
        let mut dialect = Dialect::default();
        dialect.add_attribute("data-track", "never".into()).unwrap();
        dialect.add_attribute("alias", "none".into()).unwrap();
        dialect.add_attribute("data-own", None).unwrap();
        dialect.add_class("plain").unwrap();
        for (attribute, value, expected) in [
            ("data-track", "never", true),
            ("data-track", "off", true),
            ("data-track", "on", false),
            ("alias", "NONE", true),
            ("alias", "shop", false),
            ("Data-Own", "x", true),
            ("class", "a plain", true),
            ("class", "Plain", false),
        ] {
            let marker = Marker::named(attribute.as_bytes(), &dialect).unwrap();
            let mut set = MarkerSet::default();
            set.add(marker, &dialect, || Cow::Borrowed(value));
            assert_eq!(set.opts_out(), expected, "{attribute}={value}");
            assert_eq!(
                set.removes(marker),
                (expected && attribute != "class") || value == "shop",
                "{attribute}={value}"
            );
            set.keep(marker);
            assert!(!set.has_removable());
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let name = "ä".repeat(200);
        assert_eq!(cut_name(&name).len(), 256);
        assert_eq!(cut_name(&format!("x{name}")).len(), 255);
    }
}

//! Markers: attributes by which an author speaks to the tracker, in the words of many services.

use std::borrow::Cow;

use crate::attribute_name::AttributeName;
use crate::dialect::Dialect;

/// Longer names are cut at a character's start; they serve for grouping in reports.
const MAX_NAME_BYTES: usize = 256;

/// An attribute that may speak to the tracker, whatever its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Marker {
    /// One that every domain understands.
    Known(AttributeName),
    /// One of the sender's own, by its number in the dialect.
    Own(u8),
}

/// What an attribute says by its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Says {
    /// The link's name.
    Name,
    /// Nothing that is understood, so it stays.
    Nothing,
    OptOut,
    /// Nothing more to anybody once the mail is sent.
    Spent,
}

/// Words of `class` that opt out: Customer.io, Marketo, Infusionsoft, Discourse. Compared exactly: the
/// classes of HTML differ in letter case (HTML §3.2.6, Selectors §6.6), and these services say no
/// other.
const OPT_OUT_CLASSES: [&str; 4] = ["untracked", "mktNoTrack", "inf-track-no", "no-track-link"];

impl Marker {
    /// Looks a raw attribute name up, in any letter case.
    pub(crate) fn named(attribute: &[u8], dialect: &Dialect) -> Option<Self> {
        match AttributeName::of(attribute) {
            Some(name) => Self::of(name),
            None => dialect.attribute(attribute).map(Self::Own),
        }
    }

    /// Returns the marker of that name, unless the attribute speaks to everybody.
    pub(crate) fn of(name: AttributeName) -> Option<Self> {
        let is_marker = !matches!(name, AttributeName::Href | AttributeName::Src);
        is_marker.then_some(Self::Known(name))
    }

    fn bit(self) -> u64 {
        match self {
            Self::Known(name) => 1 << name.number(),
            Self::Own(number) => 1 << (AttributeName::LIMIT + number),
        }
    }

    fn says(self, value: &str, dialect: &Dialect) -> Says {
        match self {
            Self::Known(name) if dialect.opts_out_by(name, value) => Says::OptOut,
            Self::Known(name) => known_says(name, value, dialect),
            Self::Own(number) if dialect.opts_out(number, value) => Says::OptOut,
            Self::Own(_) => Says::Nothing,
        }
    }
}

fn known_says(name: AttributeName, value: &str, dialect: &Dialect) -> Says {
    use AttributeName as Attribute;
    let opts_out = match name {
        Attribute::Alias
        | Attribute::DataMsysLinkname
        | Attribute::DataTrackName
        | Attribute::SesTags => {
            return match value.trim().is_empty() {
                true => Says::Nothing,
                false => Says::Name,
            };
        }
        Attribute::Conversion => return Says::Spent,
        Attribute::Href | Attribute::Src => false,
        Attribute::Class => value
            .split_ascii_whitespace()
            .any(|word| OPT_OUT_CLASSES.contains(&word) || dialect.opts_out_by_class(word)),
        Attribute::DataPhNoTrack
        | Attribute::DataPmNoTrack
        | Attribute::DataSkipClick
        | Attribute::MauticDisableTracking
        | Attribute::McDisableTracking
        | Attribute::SesNoTrack => true,
        Attribute::Clicktracking | Attribute::DataTrack | Attribute::Tracking => is(value, "off"),
        Attribute::Autotrack | Attribute::EcmTracking => is(value, "false"),
        Attribute::DataMsysClicktrack => is(value, "0"),
        Attribute::DisableTracking => is(value, "true"),
    };
    match opts_out {
        true => Says::OptOut,
        false => Says::Nothing,
    }
}

fn is(value: &str, word: &str) -> bool {
    value.trim().eq_ignore_ascii_case(word)
}

/// The markers of one tag. Of an attribute that comes twice, the first counts (HTML §13.2.5.33).
#[derive(Debug, Default)]
pub(crate) struct MarkerSet {
    name: Option<(AttributeName, String)>,
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
    fn each_marker_has_a_bit_of_its_own() {
        let mut dialect = Dialect::default();
        let own: Vec<String> = (0..32).map(|number| format!("own-{number}")).collect();
        for name in &own {
            dialect.add_attribute(name, None).unwrap();
        }
        assert!(dialect.add_attribute("own-32", None).is_err());
        dialect.add_attribute("OWN-31", "again".into()).unwrap();
        let known = [
            "alias",
            "autotrack",
            "class",
            "clicktracking",
            "conversion",
            "data-msys-clicktrack",
            "data-msys-linkname",
            "data-ph-no-track",
            "data-pm-no-track",
            "data-skip-click",
            "data-track",
            "data-track-name",
            "disable-tracking",
            "ecm:tracking",
            "mautic:disable-tracking",
            "mc:disable-tracking",
            "ses:no-track",
            "ses:tags",
            "tracking",
        ];
        let names = own.iter().map(String::as_str).chain(known);
        let bits: std::collections::HashSet<u64> = names
            .map(|name| Marker::named(name.as_bytes(), &dialect).unwrap().bit())
            .collect();
        assert_eq!(bits.len(), 32 + known.len());
        for name in ["href", "SRC", "own-32"] {
            assert_eq!(Marker::named(name.as_bytes(), &dialect), None, "{name}");
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let name = "ä".repeat(200);
        assert_eq!(cut_name(&name).len(), 256);
        assert_eq!(cut_name(&format!("x{name}")).len(), 255);
    }
}

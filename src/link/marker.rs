//! Markers: attributes by which an author speaks to the tracker, in the words of many services.

use std::borrow::Cow;

/// Longer names are cut at a character's start; they serve for grouping in reports.
const MAX_NAME_BYTES: usize = 256;

/// What a marker attribute means, if its value is one that it understands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Marker {
    index: u8,
    meaning: Meaning,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Meaning {
    /// The value is the link's name.
    Name,
    /// A word of the value opts out. Serves styling too, so it is never removed.
    OptOutByClass(&'static str),
    /// Being there opts out.
    OptOutByPresence,
    /// This value opts out.
    OptOutByValue(&'static str),
}

use Meaning::{Name, OptOutByClass, OptOutByPresence, OptOutByValue};

/// Attribute name, meaning, and the service whose marker it is. Of several names the first in this
/// order counts.
const MARKERS: [(&str, Meaning, &str); 16] = [
    ("data-track-name", Name, "linkseal"),
    ("data-msys-linkname", Name, "SparkPost"),
    ("ses:tags", Name, "Amazon SES"),
    ("alias", Name, "Salesforce Marketing Cloud"),
    ("data-track", OptOutByValue("off"), "linkseal"),
    ("clicktracking", OptOutByValue("off"), "SendGrid"),
    ("disable-tracking", OptOutByValue("true"), "Mailgun"),
    ("ses:no-track", OptOutByPresence, "Amazon SES"),
    ("data-pm-no-track", OptOutByPresence, "Postmark"),
    ("data-msys-clicktrack", OptOutByValue("0"), "SparkPost"),
    ("mc:disable-tracking", OptOutByPresence, "Mandrill"),
    ("mautic:disable-tracking", OptOutByPresence, "Mautic"),
    ("tracking", OptOutByValue("off"), "Halon"),
    ("data-skip-click", OptOutByPresence, "ahoy"),
    ("autotrack", OptOutByValue("false"), "MessageGears"),
    ("class", OptOutByClass("untracked"), "Customer.io"),
];

/// The lengths of all names, a bit for each.
const LENGTHS: u32 = lengths();

#[expect(
    clippy::indexing_slicing,
    reason = "computed when the crate is compiled, where nothing else can be"
)]
const fn lengths() -> u32 {
    let mut lengths = 0;
    let mut index = 0;
    while index < MARKERS.len() {
        lengths |= 1 << MARKERS[index].0.len();
        index += 1;
    }
    lengths
}

impl Marker {
    pub(crate) const COUNT: u8 = 16;

    /// Which of all markers it is, from 0.
    pub(crate) fn index(self) -> u8 {
        self.index
    }

    /// Looks a raw attribute name up, in any letter case.
    pub(crate) fn named(attribute: &[u8]) -> Option<Self> {
        // `href`, `target`, `title` and most others are none by their length already.
        let length = u32::try_from(attribute.len()).ok()?;
        if LENGTHS.checked_shr(length).unwrap_or(0) & 1 == 0 {
            return None;
        }
        let is_name = |name: &str| name.as_bytes().eq_ignore_ascii_case(attribute);
        (0..)
            .zip(&MARKERS)
            .find(|(_, (name, ..))| is_name(name))
            .map(|(index, (_, meaning, _))| Self {
                index,
                meaning: *meaning,
            })
    }

    fn understands(self, value: &str) -> bool {
        match self.meaning {
            Name => !value.trim().is_empty(),
            OptOutByPresence => true,
            OptOutByValue(expected) => value.trim().eq_ignore_ascii_case(expected),
            OptOutByClass(class) => value.split_ascii_whitespace().any(|word| word == class),
        }
    }
}

/// The markers of one tag. Of an attribute that comes twice, the first counts (HTML §13.2.5.33).
#[derive(Debug, Default)]
pub(crate) struct MarkerSet {
    name: Option<(u8, String)>,
    opted_out: bool,
    read: u32,
    seen: u32,
}

impl MarkerSet {
    /// Takes in the next attribute of the tag, with its value decoded.
    pub(crate) fn add<'a>(&mut self, marker: Marker, value: impl FnOnce() -> Cow<'a, str>) {
        let bit = 1 << marker.index;
        if self.seen & bit != 0 {
            return;
        }
        self.seen |= bit;
        let value = value();
        if !marker.understands(&value) {
            return;
        }
        self.read |= bit;
        if marker.meaning != Name {
            self.opted_out = true;
        } else if self
            .name
            .as_ref()
            .is_none_or(|(index, _)| marker.index < *index)
        {
            self.name = Some((marker.index, cut_name(value.trim()).to_owned()));
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
        self.read & !CLASS_BIT != 0
    }

    /// Whether `marker` was understood and can go. A class is the page's too, so it stays.
    pub(crate) fn removes(&self, marker: Marker) -> bool {
        self.read & !CLASS_BIT & (1 << marker.index) != 0
    }

    /// Lets `marker` stay after all, however often it comes in the tag.
    pub(crate) fn keep(&mut self, marker: Marker) {
        self.read &= !(1 << marker.index);
    }
}

/// `class` comes last in the table.
const CLASS_BIT: u32 = 1 << (MARKERS.len() - 1);

/// Cuts a link's name to what a token may carry.
fn cut_name(name: &str) -> &str {
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
            if let Some(marker) = Marker::named(name.as_bytes()) {
                set.add(marker, || Cow::Borrowed(value));
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
            ("class", "button untracked"),
        ] {
            let set = read(&[(attribute, value)]);
            assert!(set.opts_out(), "{attribute}={value}");
            assert_eq!(set.has_removable(), attribute != "class", "{attribute}");
        }
    }

    #[test]
    fn other_values_are_not_understood_and_stay() {
        for (attribute, value) in [
            ("data-track", "on"),
            ("clicktracking", "on"),
            ("data-msys-clicktrack", "1"),
            ("class", "untracked-link"),
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
    fn markers_are_as_many_as_counted() {
        assert_eq!(MARKERS.len(), usize::from(Marker::COUNT));
    }

    #[test]
    fn class_is_last_so_that_its_bit_is_right() {
        assert_eq!(MARKERS.last().map(|(name, ..)| *name), Some("class"));
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let name = "ä".repeat(200);
        assert_eq!(cut_name(&name).len(), 256);
        assert_eq!(cut_name(&format!("x{name}")).len(), 255);
    }
}

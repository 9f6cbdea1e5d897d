//! Markers: attributes by which an author speaks to the tracker, in the words of many services.

use crate::attribute_name::AttributeName;
use crate::dialect::Dialect;

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
pub(super) enum Says {
    /// The link's name.
    Name,
    /// The link gets no campaign parameters.
    NoParameters,
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

    pub(super) fn bit(self) -> u64 {
        match self {
            Self::Known(name) => 1 << name.number(),
            Self::Own(number) => 1 << (AttributeName::LIMIT + number),
        }
    }

    pub(super) fn says(self, value: &str, dialect: &Dialect) -> Says {
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
        Attribute::DataTrackParameters if is(value, "off") => return Says::NoParameters,
        Attribute::DataTrackParameters => return Says::Nothing,
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

#[cfg(test)]
mod tests {
    use super::*;

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
            "data-track-parameters",
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
}

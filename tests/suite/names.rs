//! Names, as they come back from a database or a command line.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use linkseal::error::NameError;
use linkseal::{
    DomainStatus, LinkContext, PixelOutcome, PixelPlacement, PixelPosition, SkipReason,
    TrackingLevel,
};

#[track_caller]
fn assert_names<T>(values: &[(T, &str)], what: &str)
where
    T: Copy + Debug + Display + FromStr<Err = NameError> + PartialEq,
{
    for (value, name) in values {
        assert_eq!(value.to_string(), *name);
        assert_eq!(format!("{value:>20}"), format!("{name:>20}"));
        assert_eq!(name.parse(), Ok(*value));
        for other in [
            "",
            " ",
            &name.to_uppercase(),
            &format!("{name} "),
            "nonsense",
        ] {
            let names: Vec<&str> = values.iter().map(|(_, name)| *name).collect();
            let error = other.parse::<T>().unwrap_err().to_string();
            let expected = names.join(", ");
            assert_eq!(
                error,
                format!("{what} `{other}` is unknown, expected one of: {expected}")
            );
        }
    }
}

#[test]
fn names_come_back() {
    assert_names(
        &[
            (DomainStatus::External, "external"),
            (DomainStatus::Pending, "pending"),
            (DomainStatus::Validated, "validated"),
        ],
        "domain status",
    );
    assert_names(
        &[
            (LinkContext::ConditionalComment, "conditional_comment"),
            (LinkContext::Html, "html"),
            (LinkContext::Noscript, "noscript"),
            (LinkContext::PlainText, "plain_text"),
        ],
        "link context",
    );
    assert_names(
        &[
            (PixelPlacement::Both, "both"),
            (PixelPlacement::End, "end"),
            (PixelPlacement::Placeholder, "placeholder"),
            (PixelPlacement::Start, "start"),
        ],
        "pixel placement",
    );
    assert_names(
        &[(PixelPosition::End, "end"), (PixelPosition::Start, "start")],
        "pixel position",
    );
    assert_names(
        &[
            (TrackingLevel::Off, "off"),
            (TrackingLevel::Anonymous, "anonymous"),
            (TrackingLevel::Identified, "identified"),
        ],
        "tracking level",
    );
    // The others are listed in `docs/report.md`.
    assert_eq!("merge_tag".parse(), Ok(SkipReason::MergeTag));
    assert_eq!("already_there".parse(), Ok(PixelOutcome::AlreadyThere));
}

#[test]
fn a_pixel_is_placed_where_one_was_put_in() {
    for (name, is_placed) in [
        ("already_there", false),
        ("amp", false),
        ("both", true),
        ("end", true),
        ("line_length", false),
        ("no_place", false),
        ("off", false),
        ("placeholder", true),
        ("start", true),
    ] {
        let outcome: PixelOutcome = name.parse().unwrap();
        assert_eq!(outcome.is_placed(), is_placed, "{name}");
    }
}

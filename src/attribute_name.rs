//! The attributes that mean something here. A leaf: it knows names, and nothing of what they say.

/// An attribute that is read, by its name in any letter case.
///
/// Of several attributes that name a link the first in this order counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub(crate) enum AttributeName {
    /// `data-track-name`: linkseal.
    DataTrackName,
    /// `data-msys-linkname`: SparkPost.
    DataMsysLinkname,
    /// `ses:tags`: Amazon SES.
    SesTags,
    /// `alias`: Salesforce Marketing Cloud.
    Alias,
    /// `autotrack`: MessageGears.
    Autotrack,
    /// `class`: Customer.io, Discourse, Infusionsoft, Marketo.
    Class,
    /// `clicktracking`: SendGrid.
    Clicktracking,
    /// `conversion`: Salesforce Marketing Cloud.
    Conversion,
    /// `data-msys-clicktrack`: SparkPost.
    DataMsysClicktrack,
    /// `data-ph-no-track`: PostHog.
    DataPhNoTrack,
    /// `data-pm-no-track`: Postmark.
    DataPmNoTrack,
    /// `data-skip-click`: ahoy.
    DataSkipClick,
    /// `data-track`: linkseal.
    DataTrack,
    /// `data-track-parameters`: linkseal.
    DataTrackParameters,
    /// `disable-tracking`: Mailgun.
    DisableTracking,
    /// `ecm:tracking`: Mapp.
    EcmTracking,
    /// `href`: HTML and VML.
    Href,
    /// `mautic:disable-tracking`: Mautic.
    MauticDisableTracking,
    /// `mc:disable-tracking`: Mandrill.
    McDisableTracking,
    /// `ses:no-track`: Amazon SES.
    SesNoTrack,
    /// `src`: HTML.
    Src,
    /// `tracking`: Halon.
    Tracking,
}

impl AttributeName {
    /// The length of the longest name, in bytes.
    const LONGEST: usize = "mautic:disable-tracking".len();

    /// More than there are names: each number is below it.
    pub(crate) const LIMIT: u8 = 32;

    /// Looks a raw attribute name up, in any letter case.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let mut lower = [0; Self::LONGEST];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"alias" => Self::Alias,
            b"autotrack" => Self::Autotrack,
            b"class" => Self::Class,
            b"clicktracking" => Self::Clicktracking,
            b"conversion" => Self::Conversion,
            b"data-msys-clicktrack" => Self::DataMsysClicktrack,
            b"data-msys-linkname" => Self::DataMsysLinkname,
            b"data-ph-no-track" => Self::DataPhNoTrack,
            b"data-pm-no-track" => Self::DataPmNoTrack,
            b"data-skip-click" => Self::DataSkipClick,
            b"data-track" => Self::DataTrack,
            b"data-track-name" => Self::DataTrackName,
            b"data-track-parameters" => Self::DataTrackParameters,
            b"disable-tracking" => Self::DisableTracking,
            b"ecm:tracking" => Self::EcmTracking,
            b"href" => Self::Href,
            b"mautic:disable-tracking" => Self::MauticDisableTracking,
            b"mc:disable-tracking" => Self::McDisableTracking,
            b"ses:no-track" => Self::SesNoTrack,
            b"ses:tags" => Self::SesTags,
            b"src" => Self::Src,
            b"tracking" => Self::Tracking,
            _ => return None,
        })
    }

    /// Returns a number of its own, from 0.
    pub(crate) fn number(self) -> u8 {
        #[expect(
            clippy::as_conversions,
            reason = "an enum's number has no other spelling"
        )]
        let number = self as u8;
        number
    }
}

#[expect(
    clippy::as_conversions,
    reason = "computed when the crate is compiled, where nothing else can be"
)]
const _: () = assert!((AttributeName::Tracking as u8) < AttributeName::LIMIT);

#[cfg(test)]
mod tests {
    use super::AttributeName;

    #[test]
    fn names_are_known_in_any_letter_case() {
        for (name, expected) in [
            ("href", Some(AttributeName::Href)),
            ("HREF", Some(AttributeName::Href)),
            ("Class", Some(AttributeName::Class)),
            (
                "MAUTIC:disable-TRACKING",
                Some(AttributeName::MauticDisableTracking),
            ),
            ("xmautic:disable-tracking", None),
            ("hre", None),
            ("hrefs", None),
            ("hre\u{212a}", None),
            ("", None),
        ] {
            assert_eq!(AttributeName::of(name.as_bytes()), expected, "{name}");
        }
    }
}

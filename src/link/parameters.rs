//! Campaign parameters of a link: whether it gets them, and where they go.

use std::borrow::Cow;

use super::decide::{Decision, LinkPolicy};
use crate::report::SkipReason;

/// A decision whose destination has got its parameters, if it gets any.
#[derive(Debug)]
pub(crate) struct Extended<'a> {
    pub(crate) decision: Decision<'a>,
    /// The destination without the parameters, if it got any.
    plain: Option<Cow<'a, str>>,
    /// Whether they also go into the value of a link that is not tracked.
    reaches_untracked: bool,
}

impl LinkPolicy {
    /// Gives a destination its parameters, for a link of that name, unless the link `refuses` them.
    ///
    /// While clicks are not tracked, every link is skipped for that.
    pub(crate) fn extend<'a>(
        &self,
        decision: Decision<'a>,
        name: Option<&str>,
        refuses: bool,
    ) -> Extended<'a> {
        let tracks = self.domain().tracks_clicks();
        let parameters = self.domain().parameters_in_force().filter(|_| !refuses);
        let reaches_untracked = self.domain().extends_untracked_links();
        let plain = match &decision {
            Decision::Track {
                destination,
                is_own: false,
                ..
            } if tracks || reaches_untracked => Some(destination),
            Decision::Skip {
                destination: Some(destination),
                is_own: false,
                reason: SkipReason::Excluded,
            } if reaches_untracked => Some(destination),
            _ => None,
        };
        let with = plain
            .zip(parameters)
            .and_then(|(plain, parameters)| parameters.extend(plain, name));
        let mut extended = Extended {
            decision,
            plain: None,
            reaches_untracked,
        };
        let is_extended = with.is_some();
        if let Some(with) = with {
            extended.plain = extended.replace_destination(Cow::Owned(with));
        }
        if !tracks {
            extended.skip_as(SkipReason::ClicksOff, is_extended);
        }
        extended
    }
}

impl<'a> Extended<'a> {
    /// Takes a link that is left alone before its destination is known.
    pub(crate) fn skip(reason: SkipReason) -> Self {
        Self {
            decision: Decision::skip(reason),
            plain: None,
            reaches_untracked: false,
        }
    }

    /// Returns the destination without parameters, which is what `List-Unsubscribe` names.
    pub(crate) fn plain<'d>(&'d self, destination: &'d str) -> &'d str {
        self.plain.as_deref().unwrap_or(destination)
    }

    /// Returns the destination with parameters if it comes in place of the value of a link that is not tracked for
    /// that reason, and the one without.
    pub(crate) fn in_value(&self, reason: SkipReason) -> Option<(&str, &str)> {
        use SkipReason::{ClicksOff, Excluded, TooLong};
        let is_reached = self.reaches_untracked && matches!(reason, ClicksOff | Excluded | TooLong);
        let plain = self.plain.as_deref().filter(|_| is_reached)?;
        Some((self.decision.destination()?, plain))
    }

    /// Takes the parameters back.
    pub(crate) fn revert(&mut self) {
        if let Some(plain) = self.plain.take() {
            self.replace_destination(plain);
        }
    }

    fn replace_destination(&mut self, with: Cow<'a, str>) -> Option<Cow<'a, str>> {
        match &mut self.decision {
            Decision::Track { destination, .. } => Some(std::mem::replace(destination, with)),
            Decision::Skip { destination, .. } => destination.replace(with),
        }
    }

    fn skip_as(&mut self, reason: SkipReason, keeps_destination: bool) {
        let decision = std::mem::replace(&mut self.decision, Decision::skip(reason));
        let destination = decision.into_destination().filter(|_| keeps_destination);
        self.decision = Decision::Skip {
            destination,
            is_own: false,
            reason,
        };
    }
}

/// Returns a serialised URL as an attribute's value in these quotes, or in none.
///
/// It holds no white space, and neither `<`, `>` nor `"`, so it needs no quotes (HTML §13.1.2.3), and no comment ends
/// in it.
pub(crate) fn escaped(url: &str, quote: Option<char>) -> String {
    let escaped = url.replace('&', "&amp;");
    match quote {
        Some('\'') => escaped.replace('\'', "&#39;"),
        _ => escaped.replace('"', "&quot;"),
    }
}

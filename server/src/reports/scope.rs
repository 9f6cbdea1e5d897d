//! Which events a report counts.

use serde::Serialize;

use super::Span;
use crate::access::Caller;
use crate::app::App;
use crate::domains::Status;
use crate::failure::Failure;
use crate::words::words;

words!(
    /// Whether requests that a machine made, or is suspected to have made, count.
    Machines {
        Exclude = "exclude",
        Include = "include",
    }
);

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scope {
    pub(crate) domain: String,
    /// `None`: all messages of the domain.
    pub(crate) message: Option<String>,
    pub(crate) machines: Machines,
    #[serde(flatten)]
    pub(crate) span: Span,
}

impl Scope {
    pub(super) fn with_machines(&self) -> bool {
        self.machines == Machines::Include
    }

    /// The message as a parameter; empty where the statement has no use for it.
    pub(super) fn message_or_empty(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }
}

/// Refuses a domain that the caller may not see, or that is not there, in the same words.
///
/// A domain that was removed and came back has a past that its new sender has nothing to do with, as long as
/// they have not proved that the domain is theirs. One that is new has nothing to report.
pub(crate) fn known_domain(app: &App, caller: &Caller, domain: &str) -> Result<(), Failure> {
    caller.see(domain)?;
    match app.registry.snapshot().domain(domain) {
        Some(known) if known.domain.status != Status::Validated && caller.admin().is_err() => {
            Err(Failure::Conflict(
                "reports show once the domain is validated: its settings say how".to_owned(),
            ))
        }
        Some(_) => Ok(()),
        None => Err(Failure::NotFound("domain")),
    }
}

/// A statement over the events of a scope, one text for a message and one for a whole domain, so that each
/// has its index. Parameters: `$1` domain, `$2` message, `$3` and `$4` from and to, `$5` with machines.
macro_rules! scoped {
    ($scope:expr, $head:expr, $tail:expr) => {
        if $scope.message.is_some() {
            concat!(
                $head,
                " FROM events WHERE domain = $1 AND message = $2 AND at >= $3 AND at < $4 \
                  AND ($5 OR machine = 'none') ",
                $tail
            )
        } else {
            concat!(
                $head,
                " FROM events WHERE domain = $1 AND $2 = '' AND at >= $3 AND at < $4 \
                  AND ($5 OR machine = 'none') ",
                $tail
            )
        }
    };
}

/// Binds the five parameters of `scoped!`.
macro_rules! bound {
    ($query:expr, $scope:expr) => {
        $query
            .bind($scope.domain.as_str())
            .bind($scope.message_or_empty())
            .bind($scope.span.from)
            .bind($scope.span.to)
            .bind($scope.with_machines())
    };
}

/// Counts what is unique. A length goes first, so that no two pairs of ids make the same text.
macro_rules! unique {
    () => {
        "COUNT(DISTINCT CASE WHEN recipient <> '' \
         THEN CAST(LENGTH(message) AS TEXT) || ':' || message || recipient END)"
    };
}

pub(super) use {bound, scoped, unique};

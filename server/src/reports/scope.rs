//! Which events a report counts.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::Span;
use crate::access::Caller;
use crate::app::App;
use crate::domains;
use crate::failure::Failure;

/// Whose clicks and opens count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counting {
    /// Those that no machine made, nor is suspected to have made.
    People,
    /// Also opens through an image proxy of a mailbox provider, which is how most people load images. Proxies
    /// follow no links, so clicks are those of people.
    #[default]
    PeopleAndMailProxies,
    All,
}

impl Counting {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::PeopleAndMailProxies => "people_and_mail_proxies",
            Self::All => "all",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::People, Self::PeopleAndMailProxies, Self::All]
            .into_iter()
            .find(|counting| counting.as_str() == word)
    }
}

/// An older way to say whose requests count.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Machines {
    Exclude,
    Include,
}

impl Machines {
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "exclude" => Some(Self::Exclude),
            "include" => Some(Self::Include),
            _ => None,
        }
    }
}

impl From<Counting> for Machines {
    fn from(counting: Counting) -> Self {
        match counting {
            Counting::People | Counting::PeopleAndMailProxies => Self::Exclude,
            Counting::All => Self::Include,
        }
    }
}

impl From<Machines> for Counting {
    fn from(machines: Machines) -> Self {
        match machines {
            Machines::Exclude => Self::People,
            Machines::Include => Self::All,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The id of the ownership; its name where it is shown.
    pub(crate) domain: String,
    /// `None`: all messages of the domain.
    pub(crate) message: Option<String>,
    pub(crate) counting: Counting,
    pub(crate) span: Span,
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut scope = serializer.serialize_struct("Scope", 6)?;
        scope.serialize_field("domain", domains::name_of(&self.domain))?;
        scope.serialize_field("message", &self.message)?;
        scope.serialize_field("counting", &self.counting)?;
        scope.serialize_field("machines", &Machines::from(self.counting))?;
        scope.serialize_field("from", &self.span.from)?;
        scope.serialize_field("to", &self.span.to)?;
        scope.end()
    }
}

impl Scope {
    /// The message as a parameter; empty where the statement has no use for it.
    pub(super) fn message_or_empty(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }
}

/// Returns the id of a domain's ownership, by which all is stored. Refuses a domain that the caller may not see, or
/// that is not there, in the same words.
pub(crate) fn known_domain(app: &App, caller: &Caller, domain: &str) -> Result<String, Failure> {
    Ok(domains::visible(app, caller, domain)?.domain.id.clone())
}

/// The same; the admin also sees former ownerships, as `example.com#1`.
pub(crate) fn known_or_former(app: &App, caller: &Caller, domain: &str) -> Result<String, Failure> {
    known_domain(app, caller, domain).or_else(|failure| {
        caller.admin().map_err(|_| failure)?;
        Ok(domains::find_by_reference(app, domain)?.domain.id.clone())
    })
}

/// Whether an event counts, where a parameter is the word for [`Counting`].
macro_rules! counts {
    ($parameter:literal) => {
        concat!(
            " (machine = 'none' OR ",
            $parameter,
            " = 'all' OR (",
            $parameter,
            " = 'people_and_mail_proxies' AND kind = 'open' AND reasons = 'mail_proxy')) "
        )
    };
}

/// A statement over the events of a scope, one text for a message and one for a whole domain, so that each
/// has its index. Parameters: `$1` domain, `$2` message, `$3` and `$4` from and to, `$5` the word for [`Counting`].
macro_rules! scoped {
    ($scope:expr, $head:expr, $tail:expr) => {
        if $scope.message.is_some() {
            concat!(
                $head,
                " FROM events WHERE domain = $1 AND message = $2 AND at >= $3 AND at < $4 AND",
                $crate::reports::scope::counts!("$5"),
                $tail
            )
        } else {
            concat!(
                $head,
                " FROM events WHERE domain = $1 AND $2 = '' AND at >= $3 AND at < $4 AND",
                $crate::reports::scope::counts!("$5"),
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
            .bind($scope.counting.as_str())
    };
}

/// Counts what is unique. A length goes first, so that no two pairs of ids make the same text.
macro_rules! unique {
    () => {
        "COUNT(DISTINCT CASE WHEN recipient <> '' \
         THEN CAST(LENGTH(message) AS TEXT) || ':' || message || recipient END)"
    };
}

/// How many requests events stand for.
macro_rules! total {
    () => {
        "CAST(SUM(count) AS BIGINT)"
    };
}

/// How much of the total is of events without a recipient, which no unique number counts.
macro_rules! anonymous {
    () => {
        "CAST(SUM(CASE WHEN recipient = '' THEN count ELSE 0 END) AS BIGINT)"
    };
}

pub(super) use {anonymous, bound, counts, scoped, total, unique};

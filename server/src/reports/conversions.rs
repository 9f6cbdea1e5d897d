//! What came of clicks.
//!
//! A conversion counts where and when its click does, so that it stands beside the clicks of the same time; and whatever
//! is thought of who clicked, since whoever orders something is no machine.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use serde::Serialize;

use super::Scope;
use crate::app::App;
use crate::conversions::written;
use crate::failure::Failure;
use crate::report_pool::reporting;

#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Conversions {
    pub(crate) total: i64,
    pub(crate) amounts: Vec<Sum>,
}

/// The exact sum of one currency.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Sum {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct NamedConversions {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) conversions: Conversions,
}

/// All of them together, and by name, most first.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Converted {
    #[serde(flatten)]
    pub(crate) all: Conversions,
    pub(crate) by_name: Vec<NamedConversions>,
}

/// A link as the report of links tells them apart: place in its message, name, destination.
pub(super) type LinkKey = (Option<i64>, Option<String>, Option<String>);

/// A sum in two parts, since no 64 bits hold the sum of many amounts.
#[derive(sqlx::FromRow)]
struct Part {
    conversions: i64,
    currency: Option<String>,
    thousand_millions: i64,
    rest: i64,
    decimals: i64,
}

/// Groups of conversions by something of theirs or of their clicks. Parameters: `$1` domain, `$2` message or
/// null, `$3` and `$4` from and to. None was reported before its click, but clocks differ by up to an hour.
macro_rules! converted {
    ($keys:literal) => {
        concat!(
            "SELECT ",
            $keys,
            ", currency, COUNT(*) AS conversions, \
             CAST(COALESCE(SUM(amount / 1000000000), 0) AS BIGINT) AS thousand_millions, \
             CAST(COALESCE(SUM(amount % 1000000000), 0) AS BIGINT) AS rest, \
             CAST(COALESCE(MAX(decimals), 0) AS BIGINT) AS decimals FROM ( \
             SELECT conversions.name AS conversion, currency, amount, decimals, message, \
             CASE WHEN CAST($2 AS TEXT) IS NULL THEN NULL ELSE position END AS place, events.name AS link, destination \
             FROM conversions JOIN events ON events.id = click_id AND events.domain = conversions.domain \
             WHERE conversions.domain = $1 AND conversions.at >= $3 - 3600000 AND kind = 'click' \
             AND events.at >= $3 AND events.at < $4 AND (CAST($2 AS TEXT) IS NULL OR message = $2)) AS joined \
             GROUP BY ",
            $keys,
            ", currency ORDER BY ",
            $keys,
            ", currency"
        )
    };
}

macro_rules! rows {
    ($app:expr, $scope:expr, $row:ty, $keys:literal) => {{
        let rows: Result<Vec<$row>, Failure> = reporting!($app, &$scope.domain, connection => {
            sqlx::query_as(converted!($keys))
                .bind($scope.domain.as_str())
                .bind($scope.message.as_deref())
                .bind($scope.span.from)
                .bind($scope.span.to)
                .fetch_all(connection)
        });
        rows?
    }};
}

#[derive(sqlx::FromRow)]
struct NameRow {
    conversion: String,
    #[sqlx(flatten)]
    part: Part,
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    message: String,
    #[sqlx(flatten)]
    part: Part,
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    place: Option<i64>,
    link: Option<String>,
    destination: Option<String>,
    #[sqlx(flatten)]
    part: Part,
}

pub(crate) async fn conversions(app: &App, scope: &Scope) -> Result<Converted, Failure> {
    let rows = rows!(app, scope, NameRow, "conversion");
    let mut all = Totals::default();
    for row in &rows {
        all.add(&row.part);
    }
    let sums = summed(rows.into_iter().map(|row| (row.conversion, row.part)));
    let mut by_name: Vec<_> = sums
        .into_iter()
        .map(|(name, conversions)| NamedConversions { name, conversions })
        .collect();
    by_name.sort_by(|one, other| {
        let total = |named: &NamedConversions| named.conversions.total;
        total(other)
            .cmp(&total(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    Ok(Converted {
        all: all.into(),
        by_name,
    })
}

pub(super) async fn by_message(
    app: &App,
    scope: &Scope,
) -> Result<HashMap<String, Conversions>, Failure> {
    let rows = rows!(app, scope, MessageRow, "message");
    Ok(summed(rows.into_iter().map(|row| (row.message, row.part))))
}

pub(super) async fn by_link(
    app: &App,
    scope: &Scope,
) -> Result<HashMap<LinkKey, Conversions>, Failure> {
    let rows = rows!(app, scope, LinkRow, "place, link, destination");
    let keyed = rows
        .into_iter()
        .map(|row| ((row.place, row.link, row.destination), row.part));
    Ok(summed(keyed))
}

fn summed<K: Eq + Hash>(rows: impl Iterator<Item = (K, Part)>) -> HashMap<K, Conversions> {
    let mut totals: HashMap<K, Totals> = HashMap::new();
    for (key, part) in rows {
        totals.entry(key).or_default().add(&part);
    }
    let written = totals.into_iter().map(|(key, totals)| (key, totals.into()));
    written.collect()
}

/// Units and decimals by currency.
#[derive(Default)]
struct Totals {
    total: i64,
    units: BTreeMap<String, (i128, i64)>,
}

impl Totals {
    fn add(&mut self, part: &Part) {
        self.total += part.conversions;
        if let Some(currency) = &part.currency {
            let units = i128::from(part.thousand_millions) * 1_000_000_000 + i128::from(part.rest);
            let sum = self.units.entry(currency.clone()).or_default();
            *sum = (sum.0 + units, sum.1.max(part.decimals));
        }
    }
}

impl From<Totals> for Conversions {
    fn from(totals: Totals) -> Self {
        let sums = totals.units.into_iter();
        let sum = |(currency, (units, decimals))| Sum {
            amount: written(units, decimals),
            currency,
        };
        Self {
            total: totals.total,
            amounts: sums.map(sum).collect(),
        }
    }
}

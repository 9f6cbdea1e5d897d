//! Links by name side by side, and whether the leading one leads by more than chance.
//!
//! What is tested depends on who saw the two. Links of one mail were seen by the same recipients, so their
//! clicks are not independent: the sign test asks those recipients who clicked only one of the two. Links of
//! two messages were seen by other mails, and their shares are compared as proportions.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scope::{bound, scoped, total, unique};
use super::significance::{Proportions, proportions_test, sign_test};
use super::{Scope, rate};
use crate::app::App;
use crate::failure::Failure;
use crate::report_pool::reporting;

const MAX_NAMES: i64 = 20;
/// More messages than this are no variants of one mail.
const MAX_MESSAGES: i64 = 100;
/// Where each mail is a message of its own, clicks alone don't tell who else saw a link.
const MIN_MAILS_A_MESSAGE: i64 = 10;

/// All links of one name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) clicks: i64,
    pub(crate) unique_clicks: i64,
    /// Mails of the messages in which such a link was clicked.
    pub(crate) mails: i64,
    pub(crate) rate: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) leader: String,
    pub(crate) other: String,
    /// `sign`, `fisher` or `z`.
    pub(crate) test: &'static str,
    pub(crate) p: f64,
    /// What was found, and what was tested, in plain words.
    pub(crate) note: String,
}

/// The names that were clicked, by unique clicks, most first.
pub(crate) async fn names(app: &App, scope: &Scope) -> Result<Vec<Name>, Failure> {
    let clicked = scoped!(
        scope,
        concat!("SELECT name, ", total!(), ", ", unique!()),
        "AND kind = 'click' AND name <> '' GROUP BY name ORDER BY 3 DESC, 2 DESC, 1 LIMIT $6"
    );
    let clicked: Vec<(String, i64, i64)> = reporting!(app, &scope.domain, connection => {
        bound!(sqlx::query_as(clicked), scope).bind(MAX_NAMES).fetch_all(connection)
    })?;
    let sent = scoped!(
        scope,
        "SELECT names.name, CAST(SUM(rewritten.mails) AS BIGINT) FROM (SELECT DISTINCT name, message",
        "AND kind = 'click' AND name <> '') AS names \
         JOIN rewritten ON rewritten.domain = $1 AND rewritten.message = names.message \
         AND rewritten.at < $4 GROUP BY names.name"
    );
    let sent: Vec<(String, i64)> = reporting!(app, &scope.domain, connection => bound!(sqlx::query_as(sent), scope).fetch_all(connection))?;
    let sent: BTreeMap<_, _> = sent.into_iter().collect();
    let name = |(name, clicks, unique_clicks): (String, i64, i64)| {
        let mails = sent.get(&name).copied().unwrap_or_default();
        Name {
            rate: rate(unique_clicks, mails),
            name,
            clicks,
            unique_clicks,
            mails,
        }
    };
    Ok(clicked.into_iter().map(name).collect())
}

/// Compares the first two names, where there is a test that fits.
pub(crate) async fn compare(
    app: &App,
    scope: &Scope,
    names: &[Name],
) -> Result<Option<Comparison>, Failure> {
    let [first, second, ..] = names else {
        return Ok(None);
    };
    let overlaps = overlaps(app, scope, first, second).await?;
    let messages = i64::try_from(overlaps.len()).unwrap_or(i64::MAX);
    let shared: Vec<_> = overlaps
        .iter()
        .filter(|overlap| overlap.is_shared())
        .collect();
    if shared.is_empty() {
        let mails = first.mails + second.mails;
        let comparable = messages <= MAX_MESSAGES && mails >= messages * MIN_MAILS_A_MESSAGE;
        return Ok((comparable && scope.message.is_none())
            .then(|| by_proportions(first, second, names.len())));
    }
    let only = |side: fn(&Overlap) -> i64| shared.iter().map(|overlap| side(overlap)).sum();
    let (a, b) = (
        only(|overlap| overlap.only_first),
        only(|overlap| overlap.only_second),
    );
    Ok(Some(by_signs(
        (&first.name, a),
        (&second.name, b),
        names.len(),
    )))
}

/// Recipients of one message that clicked the first name, the second, or both.
#[derive(sqlx::FromRow)]
struct Overlap {
    only_first: i64,
    only_second: i64,
    with_both: i64,
}

impl Overlap {
    fn is_shared(&self) -> bool {
        self.only_first + self.with_both > 0 && self.only_second + self.with_both > 0
    }
}

async fn overlaps(
    app: &App,
    scope: &Scope,
    first: &Name,
    second: &Name,
) -> Result<Vec<Overlap>, Failure> {
    let sql = scoped!(
        scope,
        "SELECT CAST(SUM(has_first * (1 - has_second)) AS BIGINT) AS only_first, \
         CAST(SUM(has_second * (1 - has_first)) AS BIGINT) AS only_second, \
         CAST(SUM(has_first * has_second) AS BIGINT) AS with_both FROM (\
         SELECT message, recipient, MAX(CASE WHEN name = $6 THEN 1 ELSE 0 END) AS has_first, \
         MAX(CASE WHEN name = $7 THEN 1 ELSE 0 END) AS has_second",
        "AND kind = 'click' AND recipient <> '' AND name IN ($6, $7) GROUP BY message, recipient\
         ) AS recipients GROUP BY message ORDER BY COUNT(*) DESC LIMIT $8"
    );
    reporting!(app, &scope.domain, connection => {
        bound!(sqlx::query_as(sql), scope)
            .bind(&first.name)
            .bind(&second.name)
            .bind(MAX_MESSAGES + 1)
            .fetch_all(connection)
    })
}

fn by_signs(first: (&str, i64), second: (&str, i64), names: usize) -> Comparison {
    let (leader, other) = if first.1 >= second.1 {
        (first, second)
    } else {
        (second, first)
    };
    let p = sign_test(leader.1, other.1);
    let level = leader.1 == other.1;
    let note = format!(
        "{} Tested among the recipients who clicked only one of the two in the same message \
         ({} only {}, {} only {}), by the sign test.{}",
        verdict(leader.0, other.0, level, p),
        leader.1,
        leader.0,
        other.1,
        other.0,
        caution(names),
    );
    Comparison {
        leader: leader.0.to_owned(),
        other: other.0.to_owned(),
        test: "sign",
        p,
        note,
    }
}

fn by_proportions(first: &Name, second: &Name, names: usize) -> Comparison {
    let share = |name: &Name| rate(name.unique_clicks, name.mails).unwrap_or_default();
    let (leader, other) = if share(first) >= share(second) {
        (first, second)
    } else {
        (second, first)
    };
    // A mail that was forwarded, or counted by half, may have more clickers than there were mails.
    let mails = |name: &Name| name.mails.max(name.unique_clicks);
    let (test, p) = proportions_test(
        leader.unique_clicks,
        mails(leader),
        other.unique_clicks,
        mails(other),
    );
    let (test, words) = match test {
        Proportions::Fisher => ("fisher", "Fisher's exact test"),
        Proportions::Z => ("z", "the z-test of two proportions"),
    };
    let level = share(first) == share(second);
    let note = format!(
        "{} Tested as shares of the mails of different messages ({} of {} for {}, {} of {} for {}), by {words}.{}",
        verdict(&leader.name, &other.name, level, p),
        leader.unique_clicks,
        leader.mails,
        leader.name,
        other.unique_clicks,
        other.mails,
        other.name,
        caution(names),
    );
    Comparison {
        leader: leader.name.clone(),
        other: other.name.clone(),
        test,
        p,
        note,
    }
}

fn verdict(leader: &str, other: &str, level: bool, p: f64) -> String {
    if level {
        return format!("{leader} and {other} are level.");
    }
    let chance = if p < 0.01 {
        "chance alone hardly explains the difference"
    } else if p < 0.05 {
        "chance alone is an unlikely explanation"
    } else {
        "the difference could be chance"
    };
    let p = if p < 0.001 {
        "p < 0.001".to_owned()
    } else if p < 0.1 {
        format!("p = {p:.3}")
    } else {
        format!("p = {p:.2}")
    };
    format!("{leader} leads; {chance}: {p}.")
}

fn caution(names: usize) -> String {
    if names <= 2 {
        return String::new();
    }
    format!(
        " These two were chosen because they lead {names}, so take a small p with more caution."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_says_what_leads_and_what_was_tested() {
        assert_eq!(
            by_signs(("red", 2), ("blue", 8), 2).note,
            "blue leads; the difference could be chance: p = 0.11. Tested among the recipients who clicked \
             only one of the two in the same message (8 only blue, 2 only red), by the sign test."
        );
        assert!(
            by_signs(("red", 5), ("blue", 5), 2)
                .note
                .starts_with("red and blue are level.")
        );
        assert!(
            by_signs(("red", 50), ("blue", 5), 3)
                .note
                .contains("p < 0.001")
        );
        assert!(
            by_signs(("red", 50), ("blue", 5), 3)
                .note
                .contains("they lead 3")
        );
    }

    #[test]
    fn the_leader_of_two_messages_has_the_greater_share() {
        let name = |name: &str, unique_clicks, mails| Name {
            name: name.to_owned(),
            clicks: unique_clicks,
            unique_clicks,
            mails,
            rate: None,
        };
        let comparison = by_proportions(&name("red", 30, 100), &name("blue", 25, 50), 2);
        assert_eq!((comparison.leader.as_str(), comparison.test), ("blue", "z"));
        assert!(
            comparison.note.contains("25 of 50 for blue"),
            "{}",
            comparison.note
        );
    }
}

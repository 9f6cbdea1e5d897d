//! What callers of the reports ask for, and the pages that long answers come in.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Deserialize;

use super::{Counting, Machines, Scope, Span, known_or_former};
use crate::access::ApiCaller;
use crate::app::App;
use crate::failure::Failure;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;

pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;

#[derive(Deserialize)]
pub(super) struct ScopeQuery {
    pub(super) message: Option<String>,
    pub(super) counting: Option<Counting>,
    pub(super) machines: Option<Machines>,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
    pub(super) limit: Option<i64>,
    pub(super) after: Option<String>,
}

impl ScopeQuery {
    pub(super) fn counting(&self) -> Result<Counting, Failure> {
        match (self.counting, self.machines) {
            (Some(_), Some(_)) => Err(Failure::Invalid(
                "got counting and machines, expected counting alone".to_owned(),
            )),
            (counting, machines) => Ok(counting
                .or(machines.map(Counting::from))
                .unwrap_or_default()),
        }
    }

    pub(super) fn scope(&self, app: &App, domain: String) -> Result<Scope, Failure> {
        let to = self.to.unwrap_or_else(|| app.clock.now() + 1);
        Ok(Scope {
            domain,
            message: self.message.clone(),
            counting: self.counting()?,
            span: span(self.from, to)?,
        })
    }
}

pub(super) fn span(from: Option<i64>, to: i64) -> Result<Span, Failure> {
    let from = from.unwrap_or_default();
    if from < 0 || to <= from {
        return Err(Failure::Invalid(format!(
            "got from {from} and to {to}, expected Unix milliseconds, and to after from"
        )));
    }
    Ok(Span { from, to })
}

/// What every handler begins with: may the caller see the domain, and is the query one. Returns the id of the
/// domain's ownership with it.
pub(super) fn asked<T>(
    app: &App,
    ApiCaller(caller): &ApiCaller,
    domain: &str,
    query: Asked<T>,
) -> Result<(String, T), Failure> {
    let id = known_or_former(app, caller, domain)?;
    match query {
        Ok(Query(query)) => Ok((id, query)),
        Err(rejection) => Err(Failure::Invalid(rejection.body_text())),
    }
}

pub(super) fn limited(limit: Option<i64>) -> Result<i64, Failure> {
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        limit => Err(Failure::Invalid(format!(
            "limit is {limit}, expected 1 to {MAX_LIMIT}"
        ))),
    }
}

pub(super) fn no_cursor() -> Failure {
    Failure::Invalid(
        "after is not a cursor, expected `next` or `cursor` of an earlier answer".to_owned(),
    )
}

/// A cursor of two parts: a number, and what tells ties apart.
pub(super) fn parts(cursor: &str) -> Result<(i64, &str), Failure> {
    cursor
        .split_once(':')
        .and_then(|(number, rest)| Some((number.parse().ok()?, rest)))
        .ok_or_else(no_cursor)
}

/// Whether a page was full, so that there may be another.
pub(super) fn is_full<T>(page: &[T], limit: i64) -> bool {
    i64::try_from(page.len()).is_ok_and(|rows| rows >= limit)
}

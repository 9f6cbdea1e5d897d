//! Takes a recipient out of what sites reported, which may name them by an id of an order or the like.

use std::borrow::Cow;

use crate::database::{Database, executing, reading};
use crate::recipients::Erasure;
use crate::traces::Traces;

const ROWS: i64 = 1000;

const SOME: &str = "SELECT seq, id, name FROM conversions WHERE domain = $1 AND seq > $2 AND at <= $3 \
     ORDER BY seq LIMIT $4";
const CHANGE: &str = "UPDATE conversions SET id = $2, name = $3 WHERE seq = $1";

pub(crate) async fn erase_from_conversions(
    database: &Database,
    erasure: &Erasure,
    recipient: &str,
) -> Result<(), sqlx::Error> {
    let traces = Traces::of(recipient);
    if !traces.are_distinct() {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let rows: Vec<(i64, String, String)> = reading!(database, pool => {
            sqlx::query_as(SOME)
                .bind(&erasure.domain)
                .bind(after)
                .bind(erasure.asked_at)
                .bind(ROWS)
                .fetch_all(pool)
        })?;
        let Some((last, _, _)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        for (seq, id, name) in rows {
            if traces.stand_in(&id) || traces.stand_in(&name) {
                let id = match traces.removed(&id) {
                    Cow::Borrowed(id) => id.to_owned(),
                    // Two may be the same without it.
                    Cow::Owned(id) => format!("{id}#{seq}"),
                };
                let name = traces.removed(&name);
                executing!(
                    database,
                    sqlx::query(CHANGE).bind(seq).bind(&id).bind(&*name)
                )?;
            }
        }
    }
}

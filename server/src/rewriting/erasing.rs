//! Takes a recipient out of kept mail, campaigns and messages' ids.

use linkseal::{DomainConfig, UntrustedToken};

use super::Rewriting;
use crate::database::{Database, executing, reading, writing};
use crate::nul::without_nul;
use crate::recipients::Erasure;
use crate::traces::Traces;
use crate::work::aside;

/// Documents in memory at once.
const DOCUMENTS: i64 = 4;
const NAMES: i64 = 1000;

const MAIL: &str = "SELECT message, html FROM messages WHERE domain = $1 AND message > $2 AND html IS NOT NULL \
     ORDER BY message LIMIT $3";
const DROP_MAIL: &str =
    "UPDATE messages SET html = NULL, kept_at = NULL WHERE domain = $1 AND message = $2";
const CAMPAIGNS: &str =
    "SELECT id, message, html FROM campaigns WHERE domain = $1 AND id > $2 ORDER BY id LIMIT $3";
const CHANGE_CAMPAIGN: &str = "UPDATE campaigns SET message = $2, html = $3 WHERE id = $1";
const MESSAGES: &str = "SELECT message FROM (SELECT message FROM messages WHERE domain = $1 AND message > $2 \
     UNION SELECT message FROM rewritten WHERE domain = $1 AND message > $2) AS names ORDER BY message LIMIT $3";
const RENAME_COUNTS: &str = "UPDATE rewritten SET message = $3 WHERE domain = $1 AND message = $2";
const ADD_RENAMED: &str = "INSERT INTO messages (domain, message, first_at) SELECT domain, $3, first_at \
     FROM messages WHERE domain = $1 AND message = $2 ON CONFLICT (domain, message) DO NOTHING";
const DELETE_MESSAGE: &str = "DELETE FROM messages WHERE domain = $1 AND message = $2";

/// Whom to take out, and of which domain.
struct Search<'a> {
    domain: &'a str,
    recipient: &'a str,
    traces: Traces,
    /// By which tokens in documents are read.
    issued: Option<&'a DomainConfig>,
}

pub(crate) async fn erase_from_mail(
    (database, rewriting): (&Database, &Rewriting),
    erasure: &Erasure,
    recipient: &str,
    issued: Option<&DomainConfig>,
) -> Result<(), sqlx::Error> {
    let search = Search {
        domain: &erasure.domain,
        recipient,
        traces: Traces::of(recipient),
        issued,
    };
    drop_kept(database, rewriting, &search).await?;
    // A short id stands in documents by chance, and campaigns still go out.
    if search.traces.are_distinct() {
        change_campaigns(database, rewriting, &search).await?;
        rename_messages(database, &search).await?;
    }
    Ok(())
}

/// The next mail of that message is kept instead.
async fn drop_kept(
    database: &Database,
    rewriting: &Rewriting,
    search: &Search<'_>,
) -> Result<(), sqlx::Error> {
    let mut after = String::new();
    loop {
        let mail: Vec<(String, String)> = reading!(database, pool => {
            sqlx::query_as(MAIL).bind(search.domain).bind(&after).bind(DOCUMENTS).fetch_all(pool)
        })?;
        let Some((last, _)) = mail.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (message, html) in mail {
            if aside(html.len(), || search.names_them(&html)) {
                executing!(
                    database,
                    sqlx::query(DROP_MAIL).bind(search.domain).bind(&message)
                )?;
                rewriting.messages.forget(search.domain, &message);
            }
        }
    }
}

async fn change_campaigns(
    database: &Database,
    rewriting: &Rewriting,
    search: &Search<'_>,
) -> Result<(), sqlx::Error> {
    let mut after = String::new();
    loop {
        let campaigns: Vec<(String, String, Vec<u8>)> = reading!(database, pool => {
            sqlx::query_as(CAMPAIGNS).bind(search.domain).bind(&after).bind(DOCUMENTS).fetch_all(pool)
        })?;
        let Some((last, _, _)) = campaigns.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for (id, message, html) in campaigns {
            let html = String::from_utf8_lossy(&html);
            let names_them = aside(html.len(), || search.names_them(&html));
            if names_them || search.traces.stand_in(&message) {
                executing!(
                    database,
                    sqlx::query(CHANGE_CAMPAIGN)
                        .bind(&id)
                        .bind(search.traces.removed(&message))
                        .bind(search.without_them(&html).as_bytes())
                )?;
                rewriting.templates.forget(&id);
            }
        }
    }
}

async fn rename_messages(database: &Database, search: &Search<'_>) -> Result<(), sqlx::Error> {
    let mut after = String::new();
    loop {
        let messages: Vec<String> = reading!(database, pool => {
            sqlx::query_scalar(MESSAGES).bind(search.domain).bind(&after).bind(NAMES).fetch_all(pool)
        })?;
        let Some(last) = messages.last() else {
            return Ok(());
        };
        after.clone_from(last);
        for message in messages {
            let renamed = search.traces.removed(&message);
            if renamed != message {
                rename(database, search.domain, &message, &renamed).await?;
            }
        }
    }
}

async fn rename(
    database: &Database,
    domain: &str,
    message: &str,
    renamed: &str,
) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut transaction = pool.begin().await?;
        for statement in [RENAME_COUNTS, ADD_RENAMED] {
            sqlx::query(statement)
                .bind(domain)
                .bind(message)
                .bind(renamed)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(DELETE_MESSAGE).bind(domain).bind(message).execute(&mut *transaction).await?;
        transaction.commit().await
    })
}

impl Search<'_> {
    fn names_them(&self, html: &str) -> bool {
        self.traces.stand_in(html) || self.links(html).next().is_some()
    }

    fn without_them(&self, html: &str) -> String {
        let mut without = html.to_owned();
        for link in self.links(html) {
            without = without.replace(link, "*");
        }
        self.traces.removed(&without).into_owned()
    }

    /// Tracking links with a token of theirs.
    fn links<'h>(&self, html: &'h str) -> impl Iterator<Item = &'h str> {
        let words = html.split(|character: char| {
            character.is_ascii_whitespace() || matches!(character, '"' | '\'' | '<' | '>')
        });
        words.filter(|word| {
            let may_be = word.contains("/c/") || word.contains("/o/");
            may_be && self.is_theirs(word).unwrap_or_default()
        })
    }

    fn is_theirs(&self, link: &str) -> Option<bool> {
        let said = UntrustedToken::parse_url(link)
            .ok()?
            .verify(self.issued?)
            .ok()?;
        Some(without_nul(said.recipient()?) == self.recipient)
    }
}

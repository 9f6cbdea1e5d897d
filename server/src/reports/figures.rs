//! The key figures: clicks and opens, total and unique, and their rates.

use serde::Serialize;

use super::conversions::{Converted, conversions};
use super::scope::{bound, scoped, total, unique};
use super::{Counting, Scope, rate};
use crate::app::App;
use crate::event::{Kind, Machine, Reason};
use crate::failure::Failure;
use crate::report_pool::reporting;

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    #[serde(flatten)]
    pub(crate) scope: Scope,
    /// Mails rewritten in this time.
    pub(crate) mails: i64,
    /// What rates are shares of: all mails of the messages that were sent, clicked or opened in this time.
    /// Most clicks of a day are on mail of the days before, so the mails of that day alone would mislead.
    pub(crate) rated_mails: i64,
    pub(crate) clicks: Count,
    pub(crate) opens: Count,
    /// Whatever the filter.
    pub(crate) by_machine: ByMachine,
    /// Whatever the filter.
    pub(crate) proxied_opens: ProxiedOpens,
    /// Whatever the filter.
    pub(crate) conversions: Converted,
}

/// Opens through proxies, which say nothing of who made them.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ProxiedOpens {
    /// Of mailbox providers, which load images when somebody reads.
    pub(crate) mail_proxies: Opens,
    /// Loads images whether or not anybody reads.
    pub(crate) apple_mail_privacy: Opens,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Opens {
    pub(crate) total: i64,
    pub(crate) unique: i64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Count {
    pub(crate) total: i64,
    pub(crate) unique: i64,
    pub(crate) anonymous: i64,
    pub(crate) rate: Option<f64>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct ByMachine {
    pub(crate) none: Both,
    pub(crate) suspected: Both,
    pub(crate) certain: Both,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Both {
    pub(crate) clicks: i64,
    pub(crate) opens: i64,
}

impl Figures {
    /// Clicks and opens that machines made, or may have made; without what mail proxies loaded.
    pub(crate) fn machines(&self) -> Both {
        let ByMachine {
            suspected, certain, ..
        } = &self.by_machine;
        let ProxiedOpens {
            mail_proxies,
            apple_mail_privacy,
        } = &self.proxied_opens;
        let proxied = mail_proxies.total + apple_mail_privacy.total;
        Both {
            clicks: suspected.clicks + certain.clicks,
            opens: (suspected.opens + certain.opens - proxied).max(0),
        }
    }
}

pub(crate) async fn figures(app: &App, scope: &Scope) -> Result<Figures, Failure> {
    let rated_mails = rated_mails(app, scope).await?;
    let mut clicks = Count::default();
    let mut opens = Count::default();
    for (kind, total, unique, anonymous) in counts(app, scope).await? {
        let count = Count {
            total,
            unique,
            anonymous,
            rate: None,
        };
        match Kind::parse(&kind) {
            Some(Kind::Click) => clicks = count,
            Some(Kind::Open) => opens = count,
            None => {}
        }
    }
    clicks.rate = rate(clicks.unique, rated_mails);
    opens.rate = rate(opens.unique, rated_mails);
    Ok(Figures {
        mails: mails(app, scope).await?,
        rated_mails,
        clicks,
        opens,
        by_machine: by_machine(app, scope).await?,
        proxied_opens: through_proxies(app, scope).await?,
        conversions: conversions(app, scope).await?,
        scope: scope.clone(),
    })
}

async fn counts(app: &App, scope: &Scope) -> Result<Vec<(String, i64, i64, i64)>, Failure> {
    let sql = scoped!(
        scope,
        concat!(
            "SELECT kind, ",
            total!(),
            ", ",
            unique!(),
            ", CAST(SUM(CASE WHEN recipient = '' THEN count ELSE 0 END) AS BIGINT)"
        ),
        "GROUP BY kind"
    );
    reporting!(app, &scope.domain, connection => bound!(sqlx::query_as(sql), scope).fetch_all(connection))
}

fn everything(scope: &Scope) -> Scope {
    Scope {
        counting: Counting::All,
        ..scope.clone()
    }
}

/// Opens through proxies, whether or not they count.
async fn through_proxies(app: &App, scope: &Scope) -> Result<ProxiedOpens, Failure> {
    let all = everything(scope);
    let sql = scoped!(
        all,
        concat!(
            "SELECT CASE reasons WHEN 'mail_proxy' THEN 'mail_proxy' ELSE 'apple_mail_privacy' END AS through, ",
            total!(),
            ", ",
            unique!()
        ),
        "AND kind = 'open' AND (reasons = 'mail_proxy' OR reasons LIKE '%apple_mail_privacy%') GROUP BY 1"
    );
    let rows: Vec<(String, i64, i64)> = reporting!(app, &scope.domain, connection => bound!(sqlx::query_as(sql), all).fetch_all(connection))?;
    let mut proxied = ProxiedOpens::default();
    for (through, total, unique) in rows {
        let opens = Opens { total, unique };
        match Reason::parse(&through) {
            Some(Reason::MailProxy) => proxied.mail_proxies = opens,
            _ => proxied.apple_mail_privacy = opens,
        }
    }
    Ok(proxied)
}

async fn by_machine(app: &App, scope: &Scope) -> Result<ByMachine, Failure> {
    let all = everything(scope);
    let sql = scoped!(
        all,
        concat!("SELECT kind, machine, ", total!()),
        "GROUP BY kind, machine"
    );
    let rows: Vec<(String, String, i64)> = reporting!(app, &scope.domain, connection => bound!(sqlx::query_as(sql), all).fetch_all(connection))?;
    let mut by_machine = ByMachine::default();
    for (kind, machine, count) in rows {
        let both = match Machine::parse(&machine) {
            Some(Machine::Certain) => &mut by_machine.certain,
            Some(Machine::Suspected) => &mut by_machine.suspected,
            Some(Machine::None) => &mut by_machine.none,
            None => continue,
        };
        match Kind::parse(&kind) {
            Some(Kind::Click) => both.clicks += count,
            Some(Kind::Open) => both.opens += count,
            None => {}
        }
    }
    Ok(by_machine)
}

async fn mails(app: &App, scope: &Scope) -> Result<i64, Failure> {
    let sql = match scope.message {
        Some(_) => {
            "SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten \
             WHERE domain = $1 AND message = $2 AND at >= $3 AND at < $4"
        }
        None => {
            "SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten \
             WHERE domain = $1 AND $2 = '' AND at >= $3 AND at < $4"
        }
    };
    sum(app, scope, sql).await
}

async fn rated_mails(app: &App, scope: &Scope) -> Result<i64, Failure> {
    let sql = match scope.message {
        Some(_) => {
            "SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten \
             WHERE domain = $1 AND message = $2 AND $3 >= 0 AND at < $4"
        }
        None => {
            "SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten \
             WHERE domain = $1 AND $2 = '' AND at < $4 AND message IN (\
             SELECT message FROM rewritten WHERE domain = $1 AND at >= $3 AND at < $4 \
             UNION SELECT message FROM events WHERE domain = $1 AND at >= $3 AND at < $4)"
        }
    };
    sum(app, scope, sql).await
}

async fn sum(app: &App, scope: &Scope, sql: &'static str) -> Result<i64, Failure> {
    reporting!(app, &scope.domain, connection => {
        sqlx::query_scalar(sql)
            .bind(scope.domain.as_str())
            .bind(scope.message_or_empty())
            .bind(scope.span.from)
            .bind(scope.span.to)
            .fetch_one(connection)
    })
}

/// Whether a message of that id was ever rewritten, clicked or opened.
pub(crate) async fn is_known(app: &App, scope: &Scope) -> Result<bool, Failure> {
    let seen: Option<i64> = reporting!(app, &scope.domain, connection => {
        sqlx::query_scalar(
            "SELECT at FROM (SELECT at FROM rewritten WHERE domain = $1 AND message = $2 \
             UNION ALL SELECT at FROM events WHERE domain = $1 AND message = $2) AS seen LIMIT 1",
        )
        .bind(scope.domain.as_str())
        .bind(scope.message_or_empty())
        .fetch_optional(connection)
    })?;
    Ok(seen.is_some())
}

//! Events of a domain as CSV or NDJSON, page by page from the database as fast as the client reads.
//!
//! A spreadsheet runs a cell that begins like a formula, and ids, names and request headers are whatever
//! somebody sent. In CSV such cells get an apostrophe in front (OWASP, "CSV Injection"). NDJSON has every value
//! as it is.

use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use linkseal::PixelPosition;

use super::harmless::harmless;
use super::span::exact;
use super::stored::{self, Filter, MAX_LOOKED_THROUGH, Stored};
use crate::access::Caller;
use crate::app::App;
use crate::domains;
use crate::event_log::settled_seq;
use crate::failure::Failure;

/// Events in memory at once, for each export.
const PAGE: i64 = 500;
const PAUSE: Duration = Duration::from_millis(250);

const COLUMNS: [&str; 23] = [
    "seq",
    "id",
    "time",
    "kind",
    "domain",
    "message",
    "recipient",
    "position",
    "name",
    "destination",
    "placement",
    "at",
    "sent_at",
    "age_s",
    "method",
    "ip",
    "user_agent",
    "referer",
    "accept_language",
    "machine",
    "reasons",
    "count",
    "level",
];

pub(crate) async fn csv(
    app: App,
    caller: Caller,
    domain: String,
    filter: Filter,
) -> Result<Response, Failure> {
    let header = lines_of_csv(&[], true).map_err(other)?;
    let write = |events: &[Stored]| lines_of_csv(events, false);
    let body = body(
        (app, caller),
        domain.clone(),
        filter,
        Bytes::from(header),
        write,
    )
    .await?;
    Ok(attachment(
        "text/csv; charset=utf-8; header=present",
        &domain,
        "csv",
        body,
    ))
}

pub(crate) async fn ndjson(
    app: App,
    caller: Caller,
    domain: String,
    filter: Filter,
) -> Result<Response, Failure> {
    let body = body(
        (app, caller),
        domain.clone(),
        filter,
        Bytes::new(),
        lines_of_json,
    )
    .await?;
    Ok(attachment("application/x-ndjson", &domain, "ndjson", body))
}

fn attachment(content_type: &'static str, domain: &str, extension: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"{}-events.{extension}\"",
                domains::name_of(domain)
            ),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

/// Ends at what was settled when it began. The first page is read at once, so that a database that is down is
/// an answer of its own, not a file that breaks off.
async fn body(
    (app, caller): (App, Caller),
    domain: String,
    filter: Filter,
    head: Bytes,
    write: fn(&[Stored]) -> Result<Vec<u8>, std::io::Error>,
) -> Result<Body, Failure> {
    let until = settled_seq(&app.database, &domain).await?;
    let mut export = Export {
        _caller: caller,
        app,
        domain,
        filter,
        after: 0,
        until,
    };
    let first = export.page().await?;
    let pages = stream::try_unfold((export, first), move |(mut export, page)| async move {
        if page.is_empty() {
            return Ok(None);
        }
        let lines = Bytes::from(write(&page)?);
        let next = loop {
            if let Some(page) = patient(export.page().await).await? {
                break page;
            }
        };
        Ok::<_, std::io::Error>(Some((lines, (export, next))))
    });
    let head = stream::iter((!head.is_empty()).then_some(Ok(head)));
    Ok(Body::from_stream(futures_util::StreamExt::chain(
        head, pages,
    )))
}

/// How far an export has come.
struct Export {
    /// Its place is taken as long as this streams.
    _caller: Caller,
    app: App,
    domain: String,
    filter: Filter,
    after: i64,
    until: i64,
}

impl Export {
    /// Empty at the end. Each query looks through so many events, however few of them it finds.
    async fn page(&mut self) -> Result<Vec<Stored>, Failure> {
        while self.after < self.until {
            let far = self.after.saturating_add(MAX_LOOKED_THROUGH);
            let far = far.min(self.until);
            let range = (self.after, far);
            let page = stored::newer(&self.app, &self.domain, &self.filter, range, PAGE).await?;
            let is_full = i64::try_from(page.len()).is_ok_and(|events| events >= PAGE);
            self.after = match page.last() {
                Some(last) if is_full => last.seq,
                _ => far,
            };
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }
}

/// A file that has begun waits for its turn, where a request is told to come again: `None`, after a while.
pub(super) async fn patient<T>(page: Result<T, Failure>) -> Result<Option<T>, std::io::Error> {
    match page {
        Ok(page) => Ok(Some(page)),
        Err(Failure::Busy(_) | Failure::TooMany(_)) => {
            tokio::time::sleep(PAUSE).await;
            Ok(None)
        }
        Err(failure) => Err(std::io::Error::other(failure.message())),
    }
}

fn lines_of_json(events: &[Stored]) -> Result<Vec<u8>, std::io::Error> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn lines_of_csv(events: &[Stored], with_header: bool) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_header {
        writer.write_record(COLUMNS)?;
    }
    for event in events {
        writer.write_record(record(event))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn other(error: std::io::Error) -> Failure {
    sqlx::Error::Io(error).into()
}

fn record(Stored { seq, event }: &Stored) -> [String; 23] {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let outside = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    let reasons: Vec<_> = event.reasons.iter().map(|reason| reason.as_str()).collect();
    [
        seq.to_string(),
        event.id.to_string(),
        exact(event.at),
        event.kind.as_str().to_owned(),
        event.domain.clone(),
        harmless(&event.message),
        harmless(&event.recipient),
        number(event.position.map(i64::from)),
        outside(&event.name),
        outside(&event.destination),
        event
            .placement
            .map(PixelPosition::as_str)
            .unwrap_or_default()
            .to_owned(),
        event.at.to_string(),
        number(event.sent_at),
        number(event.age()),
        harmless(&event.method),
        outside(&event.ip),
        outside(&event.user_agent),
        outside(&event.referer),
        outside(&event.accept_language),
        event.machine.as_str().to_owned(),
        reasons.join(" "),
        event.count.to_string(),
        event.level.as_str().to_owned(),
    ]
}

//! Conversions one by one, as they were reported, with the click that each is of: as JSON and as files.
//!
//! Nothing says who clicked: whoever may know that finds the click by its id.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::{Asked, asked, is_full, limited, no_cursor};
use super::export::patient;
use super::harmless::harmless;
use super::span::exact;
use super::stored_conversions::{Listed, page};
use crate::access::{ApiCaller, Caller};
use crate::app::App;
use crate::domains;
use crate::failure::{ApiFailure, Failure};

/// Conversions in memory at once, for each file.
const PAGE: i64 = 500;

const COLUMNS: [&str; 12] = [
    "seq",
    "id",
    "time",
    "name",
    "amount",
    "currency",
    "click_id",
    "clicked",
    "message",
    "position",
    "link",
    "destination",
];

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains/{domain}/conversions", get(list))
        .route("/domains/{domain}/conversions.csv", get(csv))
        .route("/domains/{domain}/conversions.ndjson", get(ndjson))
}

#[derive(Deserialize)]
struct PageQuery {
    after: Option<i64>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
struct FileQuery {}

async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<PageQuery>,
) -> Result<Json<Value>, ApiFailure> {
    let (domain, query) = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let after = query.after.unwrap_or_default();
    if after < 0 {
        return Err(no_cursor().into());
    }
    let page = page(&app, &domain, after, limit).await?;
    let next = page
        .last()
        .filter(|_| is_full(&page, limit))
        .map(|last| last.seq.to_string());
    Ok(Json(json!({ "conversions": page, "next": next })))
}

async fn csv(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<FileQuery>,
) -> Result<Response, ApiFailure> {
    let (domain, FileQuery {}) = asked(&app, &caller, &domain, query)?;
    let head = lines_of_csv(&[], true).map_err(sqlx::Error::Io)?;
    let body = body((app, caller.0), domain.clone(), head, |page| {
        lines_of_csv(page, false)
    });
    let content_type = "text/csv; charset=utf-8; header=present";
    Ok(attachment(content_type, &domain, "csv", body.await?))
}

async fn ndjson(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<FileQuery>,
) -> Result<Response, ApiFailure> {
    let (domain, FileQuery {}) = asked(&app, &caller, &domain, query)?;
    let body = body((app, caller.0), domain.clone(), Vec::new(), lines_of_json);
    let content_type = "application/x-ndjson";
    Ok(attachment(content_type, &domain, "ndjson", body.await?))
}

/// The first page is read at once, so that a database that is down is an answer of its own. The caller's place is taken
/// as long as it streams.
async fn body(
    (app, caller): (App, Caller),
    domain: String,
    head: Vec<u8>,
    write: fn(&[Listed]) -> Result<Vec<u8>, std::io::Error>,
) -> Result<Body, Failure> {
    let first = page(&app, &domain, 0, PAGE).await?;
    let pages = stream::try_unfold((Some(head), first), move |(head, rows)| {
        let _place = &caller;
        let (app, domain) = (app.clone(), domain.clone());
        async move {
            let is_over = rows.is_empty() && head.as_ref().is_none_or(Vec::is_empty);
            if is_over {
                return Ok(None);
            }
            let mut lines = head.unwrap_or_default();
            lines.extend(write(&rows)?);
            let next = match rows.last() {
                Some(last) => loop {
                    let next = page(&app, &domain, last.seq, PAGE).await;
                    if let Some(next) = patient(next).await? {
                        break next;
                    }
                },
                None => Vec::new(),
            };
            Ok::<_, std::io::Error>(Some((Bytes::from(lines), (None, next))))
        }
    });
    Ok(Body::from_stream(pages))
}

fn lines_of_json(page: &[Listed]) -> Result<Vec<u8>, std::io::Error> {
    let mut lines = Vec::new();
    for conversion in page {
        serde_json::to_writer(&mut lines, conversion)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

fn lines_of_csv(page: &[Listed], with_header: bool) -> Result<Vec<u8>, std::io::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_header {
        writer.write_record(COLUMNS)?;
    }
    for conversion in page {
        writer.write_record(record(conversion))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

fn record(conversion: &Listed) -> [String; 12] {
    let outside = |text: Option<&str>| harmless(text.unwrap_or_default());
    let click = conversion.click.as_ref();
    let position = click.and_then(|click| click.position);
    [
        conversion.seq.to_string(),
        harmless(&conversion.id),
        exact(conversion.at),
        harmless(&conversion.name),
        // A number of our own writing, also where it begins with a minus.
        conversion.amount.clone().unwrap_or_default(),
        conversion.currency.clone().unwrap_or_default(),
        conversion.click_id.to_string(),
        click.map(|click| exact(click.at)).unwrap_or_default(),
        outside(click.map(|click| click.message.as_str())),
        position
            .map(|position| position.to_string())
            .unwrap_or_default(),
        outside(click.and_then(|click| click.name.as_deref())),
        outside(click.and_then(|click| click.destination.as_deref())),
    ]
}

fn attachment(content_type: &'static str, domain: &str, extension: &str, body: Body) -> Response {
    let domain = domains::name_of(domain);
    let name = format!("attachment; filename=\"{domain}-conversions.{extension}\"");
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}

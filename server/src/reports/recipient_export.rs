//! Everything that is stored of a recipient, as one JSON document, page by page as fast as the client reads.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;

use super::export::patient;
use super::stored::{self, Stored};
use super::stored_conversions::{last_seq, of_recipient};
use crate::access::Caller;
use crate::app::App;
use crate::failure::Failure;

/// Events in memory at once.
const PAGE: i64 = 500;
/// Places of the log of conversions that are looked through at once.
const PLACES: i64 = 20_000;

/// Whose events, and what the document says before them.
pub(crate) struct Export {
    pub(crate) app: App,
    /// Its place is taken as long as it streams.
    pub(crate) _caller: Caller,
    /// The id of the ownership.
    pub(crate) domain: String,
    pub(crate) recipient: String,
    pub(crate) facts: Vec<(&'static str, Value)>,
}

struct Run {
    export: Arc<Export>,
    before: (i64, i64),
    is_first: bool,
}

impl Export {
    /// The first page is read at once, so that a database that is down is an answer of its own, not a document that
    /// breaks off.
    pub(crate) async fn answer(self) -> Result<Response, Failure> {
        let head = self.head().map_err(|error| sqlx::Error::Io(error.into()))?;
        let export = Arc::new(self);
        let mut run = Run {
            export: Arc::clone(&export),
            before: (i64::MAX, i64::MAX),
            is_first: true,
        };
        let first = run.page().await?;
        let pages = stream::try_unfold(Some((run, first)), |next| async {
            let Some((mut run, page)) = next else {
                return Ok(None);
            };
            if page.is_empty() {
                return Ok(Some((Bytes::from_static(b"]"), None)));
            }
            let events = run.events(&page)?;
            let following = loop {
                if let Some(page) = patient(run.page().await).await? {
                    break page;
                }
            };
            Ok::<_, io::Error>(Some((events, Some((run, following)))))
        });
        let head = stream::iter([Ok(head)]);
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
            (
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"recipient.json\"",
            ),
        ];
        Ok((
            headers,
            Body::from_stream(head.chain(pages).chain(conversions(export))),
        )
            .into_response())
    }

    fn head(&self) -> Result<Bytes, serde_json::Error> {
        let mut head = vec![b'{'];
        for (name, fact) in &self.facts {
            json(&mut head, name)?;
            head.push(b':');
            json(&mut head, fact)?;
            head.push(b',');
        }
        head.extend_from_slice(b"\"events\":[");
        Ok(head.into())
    }
}

impl Run {
    /// The next events, latest first.
    async fn page(&mut self) -> Result<Vec<Stored>, Failure> {
        let Export {
            app,
            domain,
            recipient,
            ..
        } = &*self.export;
        let page = stored::timeline(app, domain, recipient, self.before, PAGE).await?;
        if let Some(last) = page.last() {
            self.before = (last.event.at, last.seq);
        }
        Ok(page)
    }

    fn events(&mut self, page: &[Stored]) -> Result<Bytes, serde_json::Error> {
        let mut events = Vec::new();
        for event in page {
            events.extend_from_slice(if self.is_first { b"\n" } else { b",\n" });
            self.is_first = false;
            json(&mut events, event)?;
        }
        Ok(events.into())
    }
}

/// The end of the document: the conversions of the recipient's clicks.
fn conversions(export: Arc<Export>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(Some((export, None)), |next| async {
        let Some((export, place)) = next else {
            return Ok(None);
        };
        let (part, place) = loop {
            if let Some(read) = patient(conversions_after(&export, place).await).await? {
                break read;
            }
        };
        Ok(Some((part, place.map(|place| (export, Some(place))))))
    })
}

/// How far the log of conversions has been read, and up to where it will be.
#[derive(Clone, Copy)]
struct Place {
    after: i64,
    last: i64,
    is_first: bool,
}

/// Returns the next part of the document, and where to go on.
async fn conversions_after(
    export: &Export,
    place: Option<Place>,
) -> Result<(Bytes, Option<Place>), Failure> {
    let Export {
        app,
        domain,
        recipient,
        ..
    } = export;
    let Some(mut place) = place else {
        let begin = Place {
            after: 0,
            last: last_seq(app, domain).await?,
            is_first: true,
        };
        return Ok((Bytes::from_static(b",\"conversions\":["), Some(begin)));
    };
    if place.after >= place.last {
        return Ok((Bytes::from_static(b"]}\n"), None));
    }
    let places = (place.after, place.after.saturating_add(PLACES));
    let mut part = Vec::new();
    for conversion in of_recipient(app, (domain, recipient), places).await? {
        part.extend_from_slice(if place.is_first { b"\n" } else { b",\n" });
        place.is_first = false;
        json(&mut part, &conversion).map_err(|error| sqlx::Error::Io(error.into()))?;
    }
    place.after = places.1;
    Ok((part.into(), Some(place)))
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), serde_json::Error> {
    serde_json::to_writer(out, value)
}

//! JSON that came from outside: refused with what is wrong and where, never taken for something else.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::app::App;
use crate::failure::{ApiFailure, Failure};
use crate::work::aside;

/// For what is not mail: settings and names.
const SMALL_BYTES: usize = 64 * 1024;
/// A mail of this size is a mistake.
pub(crate) const MAIL_BYTES: usize = 16 * 1024 * 1024;
/// Enough for the place and the field; a longer text repeats the mail.
const MAX_COMPLAINT_CHARS: usize = 300;
/// For the next part of a body.
pub(crate) const BODY_PATIENCE: Duration = Duration::from_secs(10);
const MAX_DRAINED_BYTES: usize = 4 * MAIL_BYTES;

pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, _app: &App) -> Result<Self, ApiFailure> {
        let bytes = read(request.into_body(), SMALL_BYTES, |_| Ok(())).await?;
        Ok(Self(aside(bytes.len(), || parse(&bytes))?))
    }
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // To keep in mind which field it is costs time, so that is asked only now.
    let mut again = serde_json::Deserializer::from_slice(bytes);
    let text = match serde_path_to_error::deserialize::<_, T>(&mut again) {
        Err(at) if error.is_data() => with_field(&error, at.path()),
        _ => error.to_string(),
    };
    Err(Failure::Invalid(short(text, &error)))
}

fn with_field(error: &serde_json::Error, path: &serde_path_to_error::Path) -> String {
    let text = error.to_string();
    let is_whole = path.iter().next().is_none();
    // What is said of an unknown field names it already.
    if is_whole || text.contains(&format!("`{path}`")) {
        text
    } else {
        format!("{path}: {text}")
    }
}

/// Returns what is wrong, without the mail that may be in it.
pub(crate) fn complaint(error: &serde_json::Error) -> String {
    short(error.to_string(), error)
}

fn short(text: String, error: &serde_json::Error) -> String {
    match text.char_indices().nth(MAX_COMPLAINT_CHARS) {
        None => text,
        Some((end, _)) => format!(
            "{}… (line {}, column {})",
            text.get(..end).unwrap_or_default(),
            error.line(),
            error.column()
        ),
    }
}

/// Reads a body to its end even when it is too large or there is no memory for it, within limits: whoever is cut
/// off while sending sees a broken connection in place of the answer, and tries again.
///
/// `grow_for` is told how many bytes there will be before they are kept.
pub(crate) async fn read(
    body: Body,
    max_bytes: usize,
    mut grow_for: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Vec<u8>, Failure> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    let mut size = 0_usize;
    let mut refused = None;
    while let Some(chunk) = timeout(BODY_PATIENCE, chunks.next())
        .await
        .map_err(|_| Failure::SlowBody)?
    {
        let chunk =
            chunk.map_err(|error| Failure::Invalid(format!("body can't be read: {error}")))?;
        size = size.saturating_add(chunk.len());
        if size > max_bytes {
            refused = Some(too_large(max_bytes));
        } else if refused.is_none() {
            refused = grow_for(size).err();
        }
        if refused.is_none() {
            whole.extend_from_slice(&chunk);
        } else if size > MAX_DRAINED_BYTES {
            break;
        } else {
            whole = Vec::new();
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(whole),
    }
}

fn too_large(max_bytes: usize) -> Failure {
    Failure::TooLarge(format!(
        "body is too large, expected at most {max_bytes} bytes"
    ))
}

//! JSON that came from outside: refused with what is wrong and where, never taken for something else.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use linkseal::{Message, MessageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::aside;
use crate::app::App;
use crate::failure::{ApiFailure, Failure};
use crate::serve::MAX_BODY_BYTES;

/// Enough for the place and the field; a longer text repeats the mail.
const MAX_COMPLAINT_CHARS: usize = 300;
const MAX_DRAINED_BYTES: usize = 4 * MAX_BODY_BYTES;

pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, _app: &App) -> Result<Self, ApiFailure> {
        let bytes = read(request.into_body()).await?;
        let parsed = aside(bytes.len(), || serde_json::from_slice(&bytes));
        parsed
            .map(Self)
            .map_err(|error| Failure::Invalid(complaint(&error)).into())
    }
}

/// Says what is wrong, without the mail that may be in it.
pub(super) fn complaint(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.chars().count() <= MAX_COMPLAINT_CHARS {
        return text;
    }
    let start: String = text.chars().take(MAX_COMPLAINT_CHARS).collect();
    format!(
        "{start}… (line {}, column {})",
        error.line(),
        error.column()
    )
}

/// Reads a body to its end even when it is too large, within limits: whoever is cut off while sending sees
/// a broken connection in place of the answer, and tries again.
async fn read(body: Body) -> Result<Vec<u8>, Failure> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    let mut size = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| Failure::Invalid(format!("body can't be read: {error}")))?;
        size = size.saturating_add(chunk.len());
        if size <= MAX_BODY_BYTES {
            whole.extend_from_slice(&chunk);
        } else if size > MAX_DRAINED_BYTES {
            break;
        } else {
            whole = Vec::new();
        }
    }
    if size > MAX_BODY_BYTES {
        return Err(Failure::TooLarge(format!(
            "body is too large, expected at most {MAX_BODY_BYTES} bytes"
        )));
    }
    Ok(whole)
}

/// Answers with JSON that may be as large as a mail.
pub(super) fn json(bytes: usize, answer: &impl Serialize) -> Response {
    let written = aside(bytes, || serde_json::to_vec(answer));
    match written {
        Ok(written) => ([(header::CONTENT_TYPE, "application/json")], written).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is known of one mail, as a request states it.
pub(super) struct MailFacts<'a> {
    pub(super) message: &'a str,
    pub(super) recipient: &'a str,
    pub(super) sent_at: u64,
    pub(super) list_unsubscribe: Option<&'a str>,
    pub(super) click_tracking: bool,
    pub(super) open_tracking: bool,
}

impl<'a> MailFacts<'a> {
    /// Of a message, before anything is known of one mail.
    pub(super) fn of(message: &'a str) -> Self {
        Self {
            message,
            recipient: "",
            sent_at: 0,
            list_unsubscribe: None,
            click_tracking: true,
            open_tracking: true,
        }
    }

    pub(super) fn message(&self) -> Result<Message, Failure> {
        storable("message id", self.message)?;
        storable("recipient", self.recipient)?;
        let message = Message::new(self.message)
            .and_then(|message| message.with_recipient(self.recipient))
            .and_then(|message| message.with_sent_at(self.sent_at))
            .map_err(unfit)?;
        let message = match self.list_unsubscribe {
            Some(field_value) => message.with_list_unsubscribe(field_value),
            None => message,
        };
        let message = if self.click_tracking {
            message
        } else {
            message.without_click_tracking()
        };
        Ok(if self.open_tracking {
            message
        } else {
            message.without_open_tracking()
        })
    }
}

/// PostgreSQL stores no NUL in a text, so an event with one could never be stored.
pub(super) fn storable(field: &str, text: &str) -> Result<(), Failure> {
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => Err(Failure::Invalid(format!(
            "{field} has a NUL character at byte {at}, expected none"
        ))),
        None => Ok(()),
    }
}

fn unfit(error: MessageError) -> Failure {
    Failure::Invalid(error.to_string())
}

/// Switches are on unless a request turns them off.
pub(super) fn on() -> bool {
    true
}

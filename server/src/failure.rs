//! Why a request of a sender or of somebody signed in is not fulfilled. JSON for the API, a page for people.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use tracing::error;

use crate::domains::{DnsError, LinkError};
use crate::pages::layout;

#[derive(Debug)]
pub(crate) enum Failure {
    /// The server has too much to do. Seconds to wait.
    Busy(u64),
    /// It contradicts what is there.
    Conflict(String),
    Database(sqlx::Error),
    Dns(DnsError),
    /// The caller is known, but the access token does not reach that far.
    Forbidden,
    /// What was sent can't be used: what is wrong with it, and what was expected.
    Invalid(String),
    NotFound(&'static str),
    SignedOut,
    /// The body stood still on its way here.
    SlowBody,
    /// A query ran longer than its time.
    TimedOut,
    TooLarge(String),
    /// Seconds to wait.
    TooMany(u64),
}

impl Failure {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Busy(_) | Self::Database(_) | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Dns(_) => StatusCode::BAD_GATEWAY,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Conflict(_) => "conflict",
            Self::Database(_) => "database",
            Self::Dns(_) => "dns",
            Self::Forbidden => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "not_found",
            Self::SignedOut => "unauthorized",
            Self::SlowBody => "slow_body",
            Self::TimedOut => "timed_out",
            Self::TooLarge(_) => "too_large",
            Self::TooMany(_) => "too_many",
        }
    }

    /// For the one who asked. What the database says is for the log.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Busy(seconds) => {
                format!("the server is busy, wait {seconds} s and try again")
            }
            Self::Conflict(message) | Self::Invalid(message) | Self::TooLarge(message) => {
                message.clone()
            }
            Self::Database(database_error) => {
                error!(error = %database_error, "the database refused");
                "the database can't be reached or refused, try again".to_owned()
            }
            Self::Dns(dns_error) => dns_error.to_string(),
            Self::Forbidden => "this access token does not allow that".to_owned(),
            Self::NotFound(what) => format!("there is no such {what}"),
            Self::SignedOut => {
                "expected `Authorization: Bearer` with an access token of this server".to_owned()
            }
            Self::SlowBody => "the body did not come in time, send it at once".to_owned(),
            Self::TimedOut => {
                "the report took too long and was stopped, expected a shorter span of time or a single message"
                    .to_owned()
            }
            Self::TooMany(seconds) => {
                format!("too many requests, wait {seconds} s and try again")
            }
        }
    }
}

impl From<DnsError> for Failure {
    fn from(error: DnsError) -> Self {
        Self::Dns(error)
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            // PostgreSQL's "character not in repertoire": it stores no NUL, and the asker can do without.
            Some("22021") => Self::Invalid("a text has a NUL character, expected none".to_owned()),
            // PostgreSQL's "query canceled", and SQLITE_INTERRUPT.
            Some("57014" | "9") => Self::TimedOut,
            _ => Self::Database(error),
        }
    }
}

/// Answers with `{"error": {"code": …, "message": …}}`.
pub(crate) struct ApiFailure(pub(crate) Failure);

impl<E: Into<Failure>> From<E> for ApiFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let body = Json(json!({
            "error": { "code": self.0.code(), "message": self.0.message() }
        }));
        let mut response = (self.0.status(), body).into_response();
        if matches!(self.0, Failure::SignedOut) {
            let challenge = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        with_retry_after(response, &self.0)
    }
}

/// Answers with a page; somebody who is not signed in is sent to do so.
pub(crate) struct PageFailure(pub(crate) Failure);

impl<E: Into<Failure>> From<E> for PageFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        if matches!(self.0, Failure::SignedOut) {
            return Redirect::to("/sign-in").into_response();
        }
        let notice = layout::notice(&self.0.message());
        with_retry_after((self.0.status(), notice).into_response(), &self.0)
    }
}

pub(crate) fn with_retry_after(mut response: Response, failure: &Failure) -> Response {
    if let Failure::Busy(seconds) | Failure::TooMany(seconds) = failure {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

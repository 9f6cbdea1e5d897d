//! Why a request of a sender or of somebody signed in is not fulfilled. JSON for the API, a page for people.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use tracing::error;

use crate::pages::layout;

#[derive(Debug)]
pub(crate) enum Failure {
    /// It contradicts what is there.
    Conflict(String),
    Database(sqlx::Error),
    /// The caller is known, but the access token does not reach that far.
    Forbidden,
    /// What was sent can't be used: what is wrong with it, and what was expected.
    Invalid(String),
    NotFound(&'static str),
    SignedOut,
    TooLarge(String),
    TooMany,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Conflict(_) => "conflict",
            Self::Database(_) => "database",
            Self::Forbidden => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "not_found",
            Self::SignedOut => "unauthorized",
            Self::TooLarge(_) => "too_large",
            Self::TooMany => "too_many",
        }
    }

    /// For the one who asked. What the database says is for the log.
    fn message(&self) -> String {
        match self {
            Self::Conflict(message) | Self::Invalid(message) | Self::TooLarge(message) => {
                message.clone()
            }
            Self::Database(database_error) => {
                error!(error = %database_error, "the database refused");
                "the database can't be reached or refused, try again".to_owned()
            }
            Self::Forbidden => "this access token does not allow that".to_owned(),
            Self::NotFound(what) => format!("there is no such {what}"),
            Self::SignedOut => {
                "expected `Authorization: Bearer` with an access token of this server".to_owned()
            }
            Self::TooMany => "too many requests, wait and try again".to_owned(),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
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
            let challenge = header::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
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
        (self.0.status(), layout::notice(&self.0.message())).into_response()
    }
}

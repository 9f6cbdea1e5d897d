//! What a sender sent, with the memory that it may take.

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use serde::de::DeserializeOwned;

use crate::access::{ApiCaller, Caller};
use crate::app::App;
use crate::failure::ApiFailure;
use crate::json::{MAIL_BYTES, parse, read};
use crate::memory::{Held, rewriting_bytes};
use crate::work::aside;

/// Of a caller who is known before anything of the body is read.
pub(super) struct Sent<T> {
    pub(super) body: T,
    pub(super) caller: Caller,
    /// For the work on it and the answer.
    pub(super) memory: Held,
}

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiFailure> {
        let (mut parts, body) = request.into_parts();
        let ApiCaller(caller) = ApiCaller::from_request_parts(&mut parts, app).await?;
        let domain = caller.domain.as_deref();
        let mut reading = app.memory.body(domain);
        let bytes = read(body, MAIL_BYTES, |bytes| reading.grow_for(bytes)).await?;
        let memory = app
            .memory
            .work(domain, rewriting_bytes(bytes.len()))
            .await?;
        let body = aside(bytes.len(), || parse(&bytes))?;
        Ok(Self {
            body,
            caller,
            memory,
        })
    }
}

//! JSON that a sender sent. What is wrong with it is said in JSON, too.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::failure::{ApiFailure, Failure};

pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for ApiJson<T> {
    type Rejection = ApiFailure;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiFailure> {
        match Json::from_request(request, app).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(refused) => Err(refusal(&refused).into()),
        }
    }
}

fn refusal(refused: &JsonRejection) -> Failure {
    match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(refused.body_text()),
        _ => Failure::Invalid(refused.body_text()),
    }
}

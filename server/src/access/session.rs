//! Sessions: a cookie that stands for an access token, so that the token itself is typed once.

use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::{AccessToken, Caller, SignedIn, new_secret};
use crate::app::App;
use crate::database::{executing, reading};
use crate::failure::{Failure, PageFailure};

/// The prefix makes browsers refuse the cookie from any other host, such as a neighbouring subdomain, and
/// from plain HTTP (RFC 6265bis §4.1.3.2).
const HTTPS_COOKIE: &str = "__Host-session";
const HTTP_COOKIE: &str = "session";
const LIFETIME_MS: i64 = 12 * 60 * 60 * 1000;

fn cookie_name(https: bool) -> &'static str {
    if https { HTTPS_COOKIE } else { HTTP_COOKIE }
}

pub(super) fn cookie(headers: &HeaderMap, https: bool) -> Option<AccessToken> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == cookie_name(https))
        .map(|(_, secret)| AccessToken::new(secret.to_owned()))
}

pub(super) async fn find(app: &App, secret: &AccessToken) -> Result<Option<SignedIn>, sqlx::Error> {
    let row: Option<(String, Option<String>, String)> = reading!(&app.database, pool => {
        sqlx::query_as(
            "SELECT access_tokens.id, access_tokens.domain, sessions.csrf FROM sessions \
             JOIN access_tokens ON access_tokens.id = sessions.access_token \
             WHERE sessions.hash = $1 AND sessions.expires_at > $2",
        )
        .bind(secret.hash().as_slice().to_vec())
        .bind(app.clock.now())
        .fetch_optional(pool)
    })?;
    Ok(row.map(|(token, domain, csrf)| SignedIn {
        caller: Caller {
            token,
            domain,
            place: None,
        },
        csrf,
    }))
}

/// Returns the cookie to set. `Secure` wherever the page came by HTTPS.
pub(crate) async fn start_session(
    app: &App,
    caller: &Caller,
    https: bool,
) -> Result<HeaderValue, Failure> {
    let secret = AccessToken::new(new_secret());
    let now = app.clock.now();
    executing!(
        &app.database,
        sqlx::query("DELETE FROM sessions WHERE expires_at <= $1").bind(now)
    )?;
    executing!(
        &app.database,
        sqlx::query(
            "INSERT INTO sessions (hash, access_token, csrf, expires_at) VALUES ($1, $2, $3, $4)"
        )
        .bind(secret.hash().as_slice().to_vec())
        .bind(&caller.token)
        .bind(new_secret())
        .bind(now + LIFETIME_MS)
    )?;
    Ok(set_cookie(secret.reveal(), LIFETIME_MS / 1000, https))
}

/// Forgets the session, and returns the cookie that makes the browser forget it, too.
pub(crate) async fn end_session(
    app: &App,
    headers: &HeaderMap,
    https: bool,
) -> Result<HeaderValue, Failure> {
    if let Some(secret) = cookie(headers, https) {
        executing!(
            &app.database,
            sqlx::query("DELETE FROM sessions WHERE hash = $1")
                .bind(secret.hash().as_slice().to_vec())
        )?;
    }
    Ok(set_cookie("", 0, https))
}

fn set_cookie(value: &str, seconds: i64, https: bool) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    let name = cookie_name(https);
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    #[expect(
        clippy::expect_used,
        reason = "hexadecimal and attributes are visible ASCII"
    )]
    let mut value = HeaderValue::from_str(&text).expect("a header's value");
    value.set_sensitive(true);
    value
}

/// A form that was sent from one of our own pages, by somebody signed in.
pub(crate) struct CsrfForm<T> {
    pub(crate) signed_in: SignedIn,
    pub(crate) form: T,
}

#[derive(Deserialize)]
struct Csrf {
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<App> for CsrfForm<T> {
    type Rejection = PageFailure;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageFailure> {
        let (mut parts, body) = request.into_parts();
        let signed_in = SignedIn::from_request_parts(&mut parts, app).await?;
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), app)
            .await
            .map_err(|refused: BytesRejection| {
                refused_form(refused.status(), refused.body_text())
            })?;
        // Twice, and not by serde's `flatten`, which takes away the types of numbers and truth values.
        let Csrf { csrf } = form(parts.clone(), &body, app).await?;
        if !bool::from(csrf.as_bytes().ct_eq(signed_in.csrf.as_bytes())) {
            return Err(Failure::Forbidden.into());
        }
        Ok(Self {
            signed_in,
            form: form(parts, &body, app).await?,
        })
    }
}

async fn form<T: DeserializeOwned>(parts: Parts, body: &Bytes, app: &App) -> Result<T, Failure> {
    let request = Request::from_parts(parts, Body::from(body.clone()));
    let Form(form) = Form::<T>::from_request(request, app)
        .await
        .map_err(|refused: FormRejection| refused_form(refused.status(), refused.body_text()))?;
    Ok(form)
}

pub(crate) fn refused_form(status: StatusCode, text: String) -> Failure {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(text),
        _ => Failure::Invalid(text),
    }
}

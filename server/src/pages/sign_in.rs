//! Signing in with an access token, and out again.

use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::time::timeout;

use super::layout;
use crate::access::{AccessToken, CsrfForm, end_session, refused_form, start_session};
use crate::app::App;
use crate::failure::{Failure, PageFailure, with_retry_after};
use crate::json::BODY_PATIENCE;
use crate::peer::Peer;

/// Many times a token, and read whole: whoever is cut off while sending sees no answer.
const MAX_BYTES: usize = 64 * 1024;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/domains") }))
        .route("/sign-in", get(|| async { form(None) }))
        .route("/sign-out", post(sign_out))
}

/// Takes none of the places of requests under way, which strangers who send slowly could hold.
pub(super) fn entry() -> Router<App> {
    Router::new()
        .route("/sign-in", post(sign_in))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
}

#[derive(Deserialize)]
struct SignIn {
    token: String,
}

#[derive(Deserialize)]
struct SignOut {}

async fn sign_in(State(app): State<App>, request: Request) -> Result<Response, PageFailure> {
    let peer = Peer::of(&app.settings, &request);
    let https = peer.is_https();
    let address = peer.nearest();
    let Form(sent) = timeout(BODY_PATIENCE, Form::<SignIn>::from_request(request, &app))
        .await
        .map_err(|_| Failure::SlowBody)?
        .map_err(|refused| refused_form(refused.status(), refused.body_text()))?;
    let token = AccessToken::new(sent.token.trim().to_owned());
    if !app.tokens.knows(&token)
        && let Err(failure) = app.limits.guess(address).await
    {
        let page = (failure.status(), form(Some(&failure.message())));
        return Ok(with_retry_after(page.into_response(), &failure));
    }
    let _turn = app.limits.sign_in().await?;
    let Some(caller) = token.caller(&app.database).await? else {
        let page = form(Some("this is not an access token of this server"));
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    };
    let cookie = start_session(&app, &caller, https).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/domains")).into_response())
}

async fn sign_out(
    State(app): State<App>,
    parts: Parts,
    CsrfForm {
        form: SignOut {}, ..
    }: CsrfForm<SignOut>,
) -> Result<Response, PageFailure> {
    let https = Peer::new(&app.settings, &parts).is_https();
    let cookie = end_session(&app, &parts.headers, https).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

fn form(problem: Option<&str>) -> Markup {
    layout::document(
        "Sign in · linkseal",
        &html! {
            main.narrow {
                p.brand { "linkseal" }
                section.card {
                    h1 { "Sign in" }
                    @if let Some(problem) = problem { (layout::problem(problem)) }
                    form.stack method="post" action="/sign-in" {
                        label for="token" { "Access token" }
                        input #token type="password" name="token" autocomplete="current-password" required autofocus;
                        p.hint {
                            "The admin token was printed at the server's first start, or set as "
                            code { "ADMIN_TOKEN" } "."
                        }
                        button.primary { "Sign in" }
                    }
                }
            }
        },
    )
}

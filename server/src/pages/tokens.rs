//! Access tokens: for the admin to give one domain's sender a token of their own.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout;
use crate::access::token::{self, Listed};
use crate::access::{AccessToken, CsrfForm, SignedIn};
use crate::app::App;
use crate::domains;
use crate::failure::{Failure, PageFailure};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}/revoke", post(revoke))
}

#[derive(Deserialize)]
struct NewToken {
    name: String,
    #[serde(default)]
    domain: String,
}

#[derive(Deserialize)]
struct Revocation {}

async fn list(signed_in: SignedIn, State(app): State<App>) -> Result<Markup, PageFailure> {
    signed_in.caller.admin()?;
    let tokens = token::list(&app.database).await?;
    Ok(page(&app, &signed_in, &tokens, None, None))
}

async fn create(
    State(app): State<App>,
    CsrfForm { signed_in, form }: CsrfForm<NewToken>,
) -> Result<Response, PageFailure> {
    signed_in.caller.admin()?;
    let created = async {
        let domain = domains::find(&app, &form.domain)?;
        token::create(&app, &form.name, &domain.domain.id).await
    };
    let created = created.await;
    let tokens = token::list(&app.database).await?;
    Ok(match created {
        Ok((_, token)) => page(&app, &signed_in, &tokens, Some(&token), None).into_response(),
        Err(failure @ (Failure::Invalid(_) | Failure::NotFound(_))) => {
            let page = page(&app, &signed_in, &tokens, None, Some(&failure.message()));
            (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
        }
        Err(failure) => return Err(failure.into()),
    })
}

async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    CsrfForm {
        signed_in,
        form: Revocation {},
    }: CsrfForm<Revocation>,
) -> Result<Redirect, PageFailure> {
    signed_in.caller.admin()?;
    token::revoke(&app, &id).await?;
    Ok(Redirect::to("/tokens"))
}

fn page(
    app: &App,
    signed_in: &SignedIn,
    tokens: &[Listed],
    made: Option<&AccessToken>,
    problem: Option<&str>,
) -> Markup {
    let body = html! {
        h1 { "Access tokens" }
        @if let Some(made) = made {
            section.card.good {
                h2 { "The new token" }
                p { "Copy it now: it is shown this once, and can't be read again." }
                (layout::copyable(made.reveal()))
            }
        }
        section.card {
            div.scroll {
                table.stacking {
                    thead { tr { th { "Name" } th { "Allows" } th { "Since" } th {} } }
                    tbody {
                        @for token in tokens { (row(signed_in, token)) }
                    }
                }
            }
        }
        section.card {
            h2 { "New token for one domain" }
            p.hint { "It sees that domain, on these pages and by the API, and nothing else." }
            @if let Some(problem) = problem { (layout::problem(problem)) }
            (form(app, signed_in))
        }
    };
    layout::page("Access tokens · linkseal", signed_in, &body)
}

fn row(signed_in: &SignedIn, token: &Listed) -> Markup {
    html! {
        tr {
            td { (token.name) }
            td data-label="Allows" { @match &token.domain {
                Some(domain) => (domain),
                None => span.badge.good { "everything" },
            } }
            td data-label="Since" { (layout::time(token.created_at)) }
            td.end {
                @if token.domain.is_some() {
                    form method="post" action=(format!("/tokens/{}/revoke", token.id)) {
                        (layout::csrf(signed_in))
                        button.danger { "Revoke" }
                    }
                }
            }
        }
    }
}

fn form(app: &App, signed_in: &SignedIn) -> Markup {
    let snapshot = app.registry.snapshot();
    html! {
        @if snapshot.domains().next().is_none() {
            p { "There is no domain to make a token for: " a href="/domains" { "add one first" } "." }
        } @else {
            form.stack method="post" action="/tokens" {
                (layout::csrf(signed_in))
                label for="name" { "Name" }
                input #name name="name" maxlength="100" placeholder="Newsletter system" required;
                label for="domain" { "Sending domain" }
                select #domain name="domain" {
                    @for known in snapshot.domains() { option { (known.domain.name) } }
                }
                button.primary { "Make token" }
            }
        }
    }
}

//! All sending domains, and the form to add one.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout;
use crate::access::{CsrfForm, SignedIn};
use crate::app::App;
use crate::domains::{self, Known, Status};
use crate::failure::{Failure, PageFailure};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/domains", get(list).post(add))
}

#[derive(Deserialize)]
struct NewDomain {
    domain: String,
    #[serde(default)]
    external: bool,
}

async fn list(signed_in: SignedIn, State(app): State<App>) -> Markup {
    page(&app, &signed_in, "", None)
}

async fn add(
    State(app): State<App>,
    CsrfForm { signed_in, form }: CsrfForm<NewDomain>,
) -> Result<Response, PageFailure> {
    signed_in.caller.admin()?;
    match domains::add(&app, &form.domain, form.external).await {
        Ok(known) => {
            let settings = format!("/domains/{}/settings", known.domain.name);
            Ok(Redirect::to(&settings).into_response())
        }
        Err(failure @ (Failure::Conflict(_) | Failure::Invalid(_))) => {
            let page = page(&app, &signed_in, &form.domain, Some(&failure.message()));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(failure) => Err(failure.into()),
    }
}

fn page(app: &App, signed_in: &SignedIn, typed: &str, problem: Option<&str>) -> Markup {
    let snapshot = app.registry.snapshot();
    let all: Vec<_> = snapshot
        .domains()
        .filter(|known| signed_in.caller.see(&known.domain.id).is_ok())
        .collect();
    let body = html! {
        h1 { "Sending domains" }
        @if all.is_empty() {
            section.card.empty {
                h2 { "No domain yet" }
                p {
                    "Add the domain that your mail is sent from. Then publish the record that is shown, "
                    "and its mail can be tracked."
                }
            }
        } @else {
            section.card {
                div.scroll {
                    table.stacking {
                        thead { tr { th { "Domain" } th { "State" } th { "Tracked links use" } th {} } }
                        tbody { @for known in all { (row(known)) } }
                    }
                }
            }
        }
        @if signed_in.caller.admin().is_ok() {
            p { a href="/former-domains" { "Former domains" } }
            section.card {
                h2 { "Add a domain" }
                @if let Some(problem) = problem { (layout::problem(problem)) }
                form.stack method="post" action="/domains" {
                    (layout::csrf(signed_in))
                    label for="domain" { "Sending domain" }
                    input #domain name="domain" value=(typed) placeholder="example.com" required
                        autocapitalize="none" spellcheck="false";
                    label.check {
                        input type="checkbox" name="external" value="true";
                        span { "Managed elsewhere: its mail is never tracked here" }
                    }
                    button.primary { "Add domain" }
                }
            }
        }
    };
    layout::page("Domains · linkseal", signed_in, &body)
}

fn row(known: &Known) -> Markup {
    let name = known.domain.name.as_str();
    html! {
        tr {
            td { a href=(format!("/domains/{name}")) { (name) } }
            td data-label="State" { (status_badge(known.domain.status)) }
            td data-label="Tracked links use" {
                @match domains::links_use(known) {
                    Some(host) => (host),
                    None => span.quiet { "untracked" },
                }
            }
            td.end { a.button href=(format!("/domains/{name}/settings")) { "Settings" } }
        }
    }
}

pub(super) fn status_badge(status: Status) -> Markup {
    let (kind, word) = match status {
        Status::External => ("", "external"),
        Status::Lapsed => ("bad", "lapsed"),
        Status::Pending => ("warn", "pending"),
        Status::Validated => ("good", "validated"),
    };
    html! { span.badge.(kind) { (word) } }
}

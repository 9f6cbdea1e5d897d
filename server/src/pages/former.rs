//! Former ownerships of domains, for the admin.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout;
use crate::access::{CsrfForm, SignedIn};
use crate::app::App;
use crate::domains::{self, Domain};
use crate::failure::{Failure, PageFailure};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/former-domains", get(list)).route(
        "/former-domains/{domain}/{number}/delete",
        get(ask_delete).post(delete),
    )
}

#[derive(Deserialize)]
struct Deletion {
    /// The domain's name, typed again.
    name: String,
}

async fn list(signed_in: SignedIn, State(app): State<App>) -> Result<Markup, PageFailure> {
    signed_in.caller.admin()?;
    let former = domains::former(&app);
    let body = html! {
        p.crumbs { a href="/domains" { "Domains" } }
        h1 { "Former domains" }
        p.lead {
            "Domains that were removed. Links in their mail redirect on. What was logged and kept belongs to that time: "
            "who adds the domain again sees nothing of it."
        }
        @if former.is_empty() {
            section.card.empty { p { "No domain was removed." } }
        } @else {
            section.card { div.scroll { table.stacking {
                thead { tr { th { "Domain" } th { "Added" } th { "Removed" } th { "Its data" } th {} } }
                tbody { @for known in &former { (row(&known.domain)) } }
            } } }
        }
    };
    Ok(layout::page("Former domains · linkseal", &signed_in, &body))
}

fn row(domain: &Domain) -> Markup {
    let number = domains::number_of(&domain.id);
    // `#` has to be written so, or a browser would keep it to itself.
    let files = format!("/domains/{}%23{number}", domain.name);
    html! {
        tr {
            td { (domain.name) @if number > 1 { " " small { "ownership " (number) } } }
            td data-label="Added" { (layout::time(domain.created_at)) }
            td data-label="Removed" { @if let Some(at) = domain.removed_at { (layout::time(at)) } }
            td data-label="Its data" {
                @match (domain.deletion_asked_at, domain.deleted_at) {
                    (_, Some(at)) => { "deleted " (layout::time(at)) }
                    (Some(_), None) => "are being deleted",
                    (None, None) => {
                        "Export " a href={ (files) "/events.csv" } { "CSV" } " "
                        a href={ (files) "/events.ndjson" } { "NDJSON" }
                    }
                }
            }
            td.end { @if domain.deletion_asked_at.is_none() {
                a.button.danger href=(deletion_path(domain)) { "Delete…" }
            } }
        }
    }
}

fn deletion_path(domain: &Domain) -> String {
    let number = domains::number_of(&domain.id);
    format!("/former-domains/{}/{number}/delete", domain.name)
}

async fn ask_delete(
    signed_in: SignedIn,
    State(app): State<App>,
    Path((name, number)): Path<(String, u32)>,
) -> Result<Markup, PageFailure> {
    signed_in.caller.admin()?;
    let known = domains::find_former(&app, &name, number)?;
    Ok(confirmation(&signed_in, &known.domain, None))
}

async fn delete(
    State(app): State<App>,
    Path((name, number)): Path<(String, u32)>,
    CsrfForm { signed_in, form }: CsrfForm<Deletion>,
) -> Result<Response, PageFailure> {
    signed_in.caller.admin()?;
    let known = domains::find_former(&app, &name, number)?;
    let (typed, name) = (form.name.trim(), known.domain.name.as_str());
    if !typed.eq_ignore_ascii_case(name) {
        let failure = Failure::Invalid(format!("the name typed is `{typed}`, expected `{name}`"));
        let page = confirmation(&signed_in, &known.domain, Some(&failure.message()));
        return Ok((failure.status(), page).into_response());
    }
    domains::delete_former(&app, &known).await?;
    Ok(Redirect::to("/former-domains").into_response())
}

fn confirmation(signed_in: &SignedIn, domain: &Domain, problem: Option<&str>) -> Markup {
    let name = domain.name.as_str();
    let body = html! {
        p.crumbs { a href="/domains" { "Domains" } " / " a href="/former-domains" { "Former domains" } }
        section.card {
            h1 { "Delete the data of " (name) "?" }
            ul {
                li { "Its clicks and opens, kept mail, campaigns and counts are deleted for good." }
                li { "Links in mail that was sent still redirect, and are logged no more." }
                @if let Some(at) = domain.removed_at { li { "This is the ownership that ended " (layout::time(at)) "." } }
            }
            @if let Some(problem) = problem { (layout::problem(problem)) }
            form.stack method="post" action=(deletion_path(domain)) {
                (layout::csrf(signed_in))
                label for="name" { "Type the domain's name to confirm" }
                input #name name="name" autocomplete="off" autocapitalize="none" spellcheck="false" required;
                div.row {
                    button.danger { "Delete its data" }
                    a.button href="/former-domains" { "Keep them" }
                }
            }
        }
    };
    layout::page(&format!("Delete {name} · linkseal"), signed_in, &body)
}

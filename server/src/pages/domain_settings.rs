//! One domain's settings: what is tracked, the records to publish, the key.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use maud::Markup;
use serde::Deserialize;

use super::domain_cards::{self, Said};
use crate::access::{CsrfForm, SignedIn};
use crate::app::App;
use crate::domains::{self, Change, IpStorage};
use crate::failure::{Failure, PageFailure};
use crate::level::Level;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains/{domain}/settings", get(show).post(save))
        .route("/domains/{domain}/validate", post(validate))
        .route("/domains/{domain}/check-cname", post(check_cname))
        .route("/domains/{domain}/rotate-key", post(rotate_key))
        .route("/domains/{domain}/remove", get(ask_remove).post(remove))
}

#[derive(Deserialize)]
struct Settings {
    click_tracking: Option<Level>,
    open_tracking: Option<Level>,
    #[serde(default)]
    keep_mail: bool,
    #[serde(default)]
    tracking_host: String,
    ip_storage: IpStorage,
}

#[derive(Deserialize)]
struct NoFields {}

#[derive(Deserialize)]
struct Removal {
    /// The domain's name, typed again.
    name: String,
}

async fn show(
    signed_in: SignedIn,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Markup, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    let stored = app.rewriting.usage(&app.database, &known.domain.id);
    let stored = stored.await.ok();
    let said = Said::Nothing;
    Ok(domain_cards::page(
        &app,
        &signed_in,
        &known,
        &said,
        stored.as_ref(),
    ))
}

async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm { signed_in, form }: CsrfForm<Settings>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    let host = form.tracking_host.trim();
    let change = Change {
        click_tracking: form.click_tracking,
        open_tracking: form.open_tracking,
        tracking_host: Some((!host.is_empty()).then(|| host.to_owned())),
        ip_storage: Some(form.ip_storage),
        keep_mail: Some(form.keep_mail),
        ..Change::default()
    };
    let done = domains::change(&app, &known.domain, change).await.map(drop);
    answer(&app, &signed_in, &name, done, |text| {
        Said::OfSettings(text, form.tracking_host)
    })
}

async fn validate(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm {
        signed_in,
        form: NoFields {},
    }: CsrfForm<NoFields>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    let done = domains::validate(&app, &known.domain).await;
    match done {
        Ok(Some(problem)) => {
            let said = Said::OfOwnership(problem);
            Ok(domain_cards::page(&app, &signed_in, &known, &said, None).into_response())
        }
        other => answer(&app, &signed_in, &name, other.map(drop), Said::OfOwnership),
    }
}

async fn check_cname(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm {
        signed_in,
        form: NoFields {},
    }: CsrfForm<NoFields>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    let done = domains::check_cname(&app, &known.domain).await;
    answer(&app, &signed_in, &name, done, Said::OfCname)
}

async fn rotate_key(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm {
        signed_in,
        form: NoFields {},
    }: CsrfForm<NoFields>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    domains::rotate_key(&app, &known.domain).await?;
    answer(&app, &signed_in, &name, Ok(()), Said::OfCname)
}

async fn ask_remove(
    signed_in: SignedIn,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Markup, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    signed_in.caller.admin()?;
    Ok(domain_cards::removal(&signed_in, &known, None))
}

async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm { signed_in, form }: CsrfForm<Removal>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    signed_in.caller.admin()?;
    if !form
        .name
        .trim()
        .eq_ignore_ascii_case(known.domain.name.as_str())
    {
        let failure = Failure::Invalid(format!(
            "the name typed is `{}`, expected `{}`",
            form.name.trim(),
            known.domain.name
        ));
        let page = domain_cards::removal(&signed_in, &known, Some(&failure.message()));
        return Ok((failure.status(), page).into_response());
    }
    domains::remove(&app, &known.domain).await?;
    Ok(Redirect::to("/domains").into_response())
}

/// Goes back to the settings as they are now, or says on them why they did not change.
fn answer(
    app: &App,
    signed_in: &SignedIn,
    name: &str,
    done: Result<(), Failure>,
    said: impl FnOnce(String) -> Said,
) -> Result<Response, PageFailure> {
    let known = domains::visible(app, &signed_in.caller, name)?;
    match done {
        Ok(()) => {
            let settings = format!("/domains/{}/settings", known.domain.name);
            Ok(Redirect::to(&settings).into_response())
        }
        Err(failure @ (Failure::Dns(_) | Failure::Invalid(_))) => {
            let page = domain_cards::page(app, signed_in, &known, &said(failure.message()), None);
            Ok((failure.status(), page).into_response())
        }
        Err(failure) => Err(failure.into()),
    }
}

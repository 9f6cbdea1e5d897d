//! Extractors: a handler that takes one of these runs only for somebody who may.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::limits::Place;
use super::{AccessToken, session};
use crate::app::App;
use crate::failure::{ApiFailure, Failure, PageFailure};
use crate::peer::Peer;

/// Who asks, and which domain they are confined to, by the id of its ownership; `None`: all.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The access token's id, never the token.
    pub(crate) token: String,
    pub(crate) domain: Option<String>,
    /// Kept by whoever works for the caller, streams included.
    pub(crate) place: Option<Arc<Place>>,
}

impl Caller {
    /// Takes a place, if the caller is confined to a domain: others must find one, too.
    fn take_place(&mut self, app: &App) -> Result<(), Failure> {
        if let Some(domain) = &self.domain {
            self.place = Some(Arc::new(app.limits.place(domain)?));
        }
        Ok(())
    }

    /// A domain of somebody else's is not told from one that is not there.
    pub(crate) fn see(&self, domain: &str) -> Result<(), Failure> {
        match &self.domain {
            Some(own) if own != domain => Err(Failure::NotFound("domain")),
            _ => Ok(()),
        }
    }

    /// For what concerns the whole service.
    pub(crate) fn admin(&self) -> Result<(), Failure> {
        match self.domain {
            Some(_) => Err(Failure::Forbidden),
            None => Ok(()),
        }
    }
}

/// A caller by `Authorization: Bearer`. Cookies don't count here, so no other site can forge a request.
pub(crate) struct ApiCaller(pub(crate) Caller);

impl FromRequestParts<App> for ApiCaller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiFailure> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| AccessToken::new(token.trim().to_owned()))
            .ok_or(Failure::SignedOut)?;
        let Some(mut caller) = app.tokens.caller(&token, &app.database).await? else {
            let peer = Peer::new(&app.settings, parts);
            app.limits.refused_token(peer.nearest())?;
            return Err(Failure::SignedOut.into());
        };
        app.limits.api_request(&caller.token)?;
        caller.take_place(app)?;
        Ok(Self(caller))
    }
}

/// A caller by session cookie, for the pages.
pub(crate) struct SignedIn {
    pub(crate) caller: Caller,
    /// Must come back in every form.
    pub(crate) csrf: String,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageFailure> {
        let https = Peer::new(&app.settings, parts).is_https();
        let secret = session::cookie(&parts.headers, https).ok_or(Failure::SignedOut)?;
        let signed_in = session::find(app, &secret).await?;
        let mut signed_in = signed_in.ok_or(Failure::SignedOut)?;
        signed_in.caller.take_place(app)?;
        Ok(signed_in)
    }
}

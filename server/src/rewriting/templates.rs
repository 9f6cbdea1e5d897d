//! Compiled campaigns: read and compiled once, as long as the domain's settings and keys stay as they are.

use std::sync::Arc;

use linkseal::Template;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tracing::warn;

use super::store::{self, Campaign};
use crate::access::Caller;
use crate::app::App;
use crate::domains::Known;
use crate::failure::Failure;
use crate::memory::rewriting_bytes;
use crate::work::aside;

/// A tracking URL in place of a short one.
const LINK_BYTES: usize = 300;
const MAX_BYTES: u64 = 128 * 1024 * 1024;
/// For an estimate: a campaign of a usual size, by which the cache lays out its table.
const USUAL_BYTES: u64 = 150_000;

/// A campaign with the settings that it was compiled for.
pub(super) struct Compiled {
    pub(super) campaign: Arc<Campaign>,
    known: Arc<Known>,
    /// `None`: the domain's mail goes out as it is.
    pub(super) template: Option<Template>,
}

impl Compiled {
    pub(super) fn new(campaign: Arc<Campaign>, known: Arc<Known>) -> Self {
        let template = aside(campaign.html.len(), || {
            let config = known.config.as_ref()?;
            // The domain's settings may have changed since, but the mail goes out.
            let scoped = campaign.link_parameters.scope(config).unwrap_or_else(|error| {
                warn!(campaign = campaign.id, %error, "a campaign gets the domain's parameters alone");
                config.clone()
            });
            Some(Template::compile(&campaign.html, &scoped))
        });
        Self {
            campaign,
            known,
            template,
        }
    }

    /// What it takes to render one mail of it and write that as JSON, about.
    pub(super) fn rendering_bytes(&self) -> usize {
        let links = self
            .template
            .as_ref()
            .map_or(0, |template| template.report().tracked());
        let html = self.campaign.html.len() + links * LINK_BYTES;
        html * 3
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }
}

pub(super) struct Templates(Cache<String, Arc<Compiled>, BySize>);

#[derive(Clone)]
struct BySize;

impl Weighter<String, Arc<Compiled>> for BySize {
    /// The document, the same again as a template, and each link of it.
    fn weight(&self, _: &String, compiled: &Arc<Compiled>) -> u64 {
        let bytes = compiled.rendering_bytes().saturating_add(1024);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl Templates {
    pub(super) fn new() -> Self {
        let usual = usize::try_from(MAX_BYTES / USUAL_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(usual, MAX_BYTES, BySize))
    }

    pub(super) fn insert(&self, compiled: Arc<Compiled>) {
        self.0.insert(compiled.campaign.id.clone(), compiled);
    }

    pub(super) fn forget(&self, id: &str) {
        self.0.remove(id);
    }

    /// Finds a campaign that the caller may see. A campaign of somebody else's is not told from none.
    pub(super) async fn find(
        &self,
        app: &App,
        caller: &Caller,
        id: &str,
    ) -> Result<Arc<Compiled>, Failure> {
        let cached = self.0.get(id);
        let campaign = match &cached {
            Some(compiled) => Arc::clone(&compiled.campaign),
            None if id.contains('\0') => return Err(Failure::NotFound("campaign")),
            None => Arc::new(
                store::find(&app.database, id)
                    .await?
                    .ok_or(Failure::NotFound("campaign"))?,
            ),
        };
        caller
            .see(&campaign.domain)
            .map_err(|_| Failure::NotFound("campaign"))?;
        let known = app
            .registry
            .snapshot()
            .ownership(&campaign.domain)
            .filter(|known| known.domain.removed_at.is_none())
            .map(Arc::clone)
            .ok_or(Failure::NotFound("campaign"))?;
        if let Some(compiled) = cached.filter(|compiled| Arc::ptr_eq(&compiled.known, &known)) {
            return Ok(compiled);
        }
        let bytes = rewriting_bytes(campaign.html.len());
        let _memory = app.memory.work(caller.domain.as_deref(), bytes).await?;
        let compiled = Arc::new(Compiled::new(campaign, known));
        self.insert(Arc::clone(&compiled));
        Ok(compiled)
    }
}

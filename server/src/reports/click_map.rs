//! Which links of a mail were clicked, where the mail shows them.
//!
//! Links find their clicks as the server finds them: the library rewrites the mail once more, with a key of no
//! worth that no server knows, and the tokens say each link's position.

use std::collections::BTreeMap;

use linkseal::{
    DomainConfig, KeyId, Link, LinkContext, Message, SigningKey, TrackingHost, TrackingLevel,
};

use super::Scope;
use super::drawing::{Clicked, Images, draw};
use super::scope::{bound, scoped, total};
use crate::app::App;
use crate::domains;
use crate::failure::Failure;
use crate::memory::rewriting_bytes;
use crate::report_pool::reporting;
use crate::work::aside;

pub(crate) struct ClickMap {
    /// A whole document, for the frame only.
    pub(crate) html: String,
    /// Clicks by position on links that the frame does not show: that only Outlook shows, or of other mail than was
    /// kept.
    pub(crate) elsewhere: BTreeMap<i64, i64>,
    pub(crate) clicks: i64,
}

impl ClickMap {
    /// Draws the clicks of a scope onto a message's mail.
    pub(crate) async fn draw(
        app: &App,
        scope: &Scope,
        mail: &str,
        images: Images,
    ) -> Result<Self, Failure> {
        let clicks = clicks(app, scope).await?;
        let bytes = rewriting_bytes(mail.len());
        let _memory = app.memory.work(Some(&scope.domain), bytes).await?;
        let snapshot = app.registry.snapshot();
        let host = snapshot
            .ownership(&scope.domain)
            .and_then(|known| known.config.as_ref())
            .map(|config| config.tracking_host().clone())
            .or_else(|| app.registry.default_host().cloned());
        let drawn = for_display(
            domains::name_of(&scope.domain),
            scope.message_or_empty(),
            host,
        )
        .and_then(|config| {
            aside(mail.len(), || {
                let (tracked, report) = linkseal::rewrite_with_report(mail, &config);
                let clicked = where_shown(&clicks, report.links());
                let (html, shown) = draw(&tracked, &config, &clicked, images)?;
                Ok((html, clicked, shown))
            })
        });
        let (html, mut elsewhere) = match drawn {
            Ok((html, mut clicked, shown)) => {
                clicked.retain(|position, _| !shown.contains(position));
                (html, clicked)
            }
            Err(error) => {
                tracing::warn!(%error, "a click map can't be drawn");
                let nothing = "<p>This mail can't be shown.</p>".to_owned();
                (nothing, where_shown(&clicks, &[]))
            }
        };
        elsewhere.retain(|_, clicked| clicked.count > 0);
        Ok(Self {
            html,
            elsewhere: elsewhere
                .into_iter()
                .map(|(position, clicked)| (position, clicked.count))
                .collect(),
            clicks: clicks.values().sum(),
        })
    }
}

async fn clicks(app: &App, scope: &Scope) -> Result<BTreeMap<i64, i64>, Failure> {
    let sql = scoped!(
        scope,
        concat!("SELECT COALESCE(position, -1), ", total!()),
        "AND kind = 'click' GROUP BY COALESCE(position, -1)"
    );
    let rows: Vec<(i64, i64)> = reporting!(app, &scope.domain, connection => bound!(sqlx::query_as(sql), scope).fetch_all(connection))?;
    Ok(rows.into_iter().collect())
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Tracks clicks whatever the domain's settings are today, and no opens.
fn for_display(
    domain: &str,
    message: &str,
    host: Option<TrackingHost>,
) -> Result<DomainConfig, Error> {
    let host = match host {
        Some(host) => host,
        None => TrackingHost::shared("click-map.invalid")?,
    };
    let worthless = SigningKey::new(KeyId(0), &[0; 32])?;
    Ok(DomainConfig::new(domain.parse()?, host, worthless)?
        .with_open_tracking(TrackingLevel::Off)
        .for_message(Message::new(message)?))
}

/// A button for Outlook and the same one for all others are two links of the mail, and one on the map: clicks on
/// what a conditional comment holds count for the nearest link of the same name and destination.
fn where_shown(clicks: &BTreeMap<i64, i64>, links: &[Link]) -> BTreeMap<i64, Clicked> {
    let mut clicked = BTreeMap::new();
    for (&position, &count) in clicks {
        let twin = links
            .iter()
            .find(|link| link.position().map(i64::from) == Some(position))
            .filter(|link| link.context() == LinkContext::ConditionalComment)
            .and_then(|link| nearest_twin(link, links));
        let shown: &mut Clicked = clicked.entry(twin.unwrap_or(position)).or_default();
        shown.count += count;
        shown.in_outlook += twin.map_or(0, |_| count);
    }
    clicked
}

fn nearest_twin(link: &Link, links: &[Link]) -> Option<i64> {
    let position = i64::from(link.position()?);
    links
        .iter()
        .filter(|other| {
            other.context() != LinkContext::ConditionalComment
                && other.name() == link.name()
                && other.destination() == link.destination()
        })
        .filter_map(|other| other.position().map(i64::from))
        .min_by_key(|other| (other - position).abs())
}

//! The mail as sent, each link with its share of clicks.
//!
//! Mail is somebody else's HTML, shown in a frame that can do nothing: its sandbox and its policy (see
//! `pages::click_map`) forbid scripts, forms, navigation and remote images. What is taken out here would not
//! work there either; it is taken out in case a browser fails at that.
//!
//! Links find their clicks as the server finds them: the library rewrites the mail once more, with a key of no
//! worth that no server knows, and the tokens say each link's position.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use linkseal::{
    DomainConfig, EventKind, KeyId, Message, SigningKey, TrackingHost, TrackingLevel,
    UntrustedToken,
};
use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use maud::html;

use super::scope::{bound, scoped, total};
use super::{Scope, float};
use crate::app::App;
use crate::database::reading;
use crate::domains;
use crate::work::aside;

/// Elements that load, run, redirect or change how links are read.
const REMOVED: &str =
    "script, noscript, iframe, frame, frameset, object, embed, applet, portal, base, link, meta";
/// What makes an element act. All that begin with `on` go as well.
const REMOVED_ATTRIBUTES: [&str; 11] = [
    "action",
    "background",
    "formaction",
    "href",
    "ping",
    "poster",
    "srcdoc",
    "srcset",
    "target",
    "usemap",
    "xlink:href",
];

/// From few clicks to the most, as in static/reports.css.
const HEAT: [(&str, &str); 5] = [
    ("#fde68a", "#451a03"),
    ("#fbbf24", "#451a03"),
    ("#f97316", "#1c0a00"),
    ("#dc2626", "#ffffff"),
    ("#991b1b", "#ffffff"),
];
const COLD: (&str, &str) = ("#e5e7eb", "#374151");

pub(crate) struct ClickMap {
    /// A whole document, for the frame only.
    pub(crate) html: String,
    /// Clicks on links that the frame does not show: of the text for Outlook, or of other mail than was kept.
    pub(crate) clicks_elsewhere: i64,
    pub(crate) clicks: i64,
}

impl ClickMap {
    /// Draws the clicks of a scope onto a message's mail.
    pub(crate) async fn draw(app: &App, scope: &Scope, mail: &str) -> Result<Self, sqlx::Error> {
        let clicks = clicks(app, scope).await?;
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
        .and_then(|config| aside(mail.len(), || draw(mail, &config, &clicks)));
        let (html, shown) = drawn.unwrap_or_else(|error| {
            tracing::warn!(%error, "a click map can't be drawn");
            (
                "<p>This mail can't be shown.</p>".to_owned(),
                BTreeSet::new(),
            )
        });
        let elsewhere = clicks
            .iter()
            .filter(|(position, _)| !shown.contains(position));
        Ok(Self {
            html,
            clicks_elsewhere: elsewhere.map(|(_, count)| count).sum(),
            clicks: clicks.values().sum(),
        })
    }
}

async fn clicks(app: &App, scope: &Scope) -> Result<BTreeMap<i64, i64>, sqlx::Error> {
    let sql = scoped!(
        scope,
        concat!("SELECT COALESCE(position, -1), ", total!()),
        "AND kind = 'click' GROUP BY COALESCE(position, -1)"
    );
    let rows: Vec<(i64, i64)> =
        reading!(&app.database, pool => bound!(sqlx::query_as(sql), scope).fetch_all(pool))?;
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

/// Returns the document and the positions of the links in it.
fn draw(
    mail: &str,
    config: &DomainConfig,
    clicks: &BTreeMap<i64, i64>,
) -> Result<(String, BTreeSet<i64>), Error> {
    let tracked = linkseal::rewrite(mail, config);
    // Without scripts a browser shows what is in noscript; lol_html reads it as text, so it is unwrapped first.
    let unwrapped = rewrite_str(
        &tracked,
        settings().append_element_content_handler(element!("noscript", |element| {
            element.remove_and_keep_content();
            Ok(())
        })),
    )?;
    let total: i64 = clicks.values().sum();
    let greatest = clicks.values().copied().max().unwrap_or_default();
    let shown = Rc::new(RefCell::new(BTreeSet::new()));
    let positions = Rc::clone(&shown);
    let removal = element!(REMOVED, |element| {
        element.remove();
        Ok(())
    });
    let marking = element!("a[href], area[href]", move |element| {
        let Some(link) = link(config, element) else {
            return Ok(());
        };
        let count = clicks.get(&link.position).copied().unwrap_or_default();
        positions.borrow_mut().insert(link.position);
        let share = Share {
            count,
            total,
            greatest,
        };
        mark(element, &link, &share)?;
        Ok(())
    });
    let disarming = element!("*", |element| {
        disarm(element);
        Ok(())
    });
    let settings = settings()
        .append_element_content_handler(removal)
        .append_element_content_handler(marking)
        .append_element_content_handler(disarming);
    let mut html = rewrite_str(&unwrapped, settings)?;
    html.push_str(&style());
    let shown = shown.borrow().clone();
    Ok((html, shown))
}

/// Mail is broken in all ways; none of them may be an error.
fn settings<'a>() -> RewriteStrSettings<'a, 'a> {
    RewriteStrSettings::new().with_strict(false)
}

struct Marked {
    position: i64,
    name: Option<String>,
    destination: String,
}

fn link(config: &DomainConfig, element: &Element<'_, '_>) -> Option<Marked> {
    let token = UntrustedToken::parse_url(&element.get_attribute("href")?).ok()?;
    match token.verify(config).ok()?.kind() {
        EventKind::Click(click) => Some(Marked {
            position: i64::from(click.position()),
            name: click.name().map(str::to_owned),
            destination: click.destination().to_owned(),
        }),
        EventKind::Open(_) => None,
    }
}

struct Share {
    count: i64,
    total: i64,
    greatest: i64,
}

impl Share {
    fn percent(&self) -> String {
        if self.total == 0 {
            return "0 %".to_owned();
        }
        format!("{:.0} %", 100.0 * float(self.count) / float(self.total))
    }

    /// A colour, and one for text that can be read on it.
    fn colours(&self) -> (&'static str, &'static str) {
        let step = (self.count > 0).then(|| self.count * 4 / self.greatest.max(1));
        step.and_then(|step| HEAT.get(usize::try_from(step).ok()?))
            .copied()
            .unwrap_or(COLD)
    }
}

/// The badge goes before the link, which may have no end tag, and takes no room, so that the mail keeps its shape.
fn mark(element: &mut Element<'_, '_>, link: &Marked, share: &Share) -> Result<(), Error> {
    let (background, text) = share.colours();
    let style = format!(
        "all:initial;position:absolute;z-index:9999;margin:-17px 0 0 -6px;padding:1px 7px;\
         border-radius:10px;border:1px solid #ffffff;box-shadow:0 1px 3px rgba(0,0,0,.45);\
         background:{background};color:{text};font:bold 12px/16px sans-serif;white-space:nowrap"
    );
    let named = match &link.name {
        Some(name) => format!("link {}, {name}", link.position),
        None => format!("link {}", link.position),
    };
    let title = format!("{named}: {} clicks, {}", share.count, link.destination);
    let badge = html! { span style=(style) title=(title) { (share.percent()) } };
    element.before(&badge.into_string(), ContentType::Html);
    let own = element.get_attribute("style").unwrap_or_default();
    element.set_attribute("style", &format!("{own};{}", outline(background)))?;
    Ok(())
}

fn outline(colour: &str) -> String {
    format!("outline:3px solid {colour}")
}

/// A linked image covers its link's outline, so it gets one itself; and a badge at the very top needs room.
fn style() -> String {
    let rules = HEAT.iter().chain([&COLD]).map(|(colour, _)| {
        let outline = outline(colour);
        format!("[style*='{outline}'] img{{{outline}!important;outline-offset:-3px}}")
    });
    format!(
        "<style>html{{padding-top:12px!important}}{}</style>",
        rules.collect::<String>()
    )
}

fn disarm(element: &mut Element<'_, '_>) {
    let removed: Vec<_> = element
        .attributes()
        .iter()
        .map(|attribute| attribute.name())
        .filter(|name| name.starts_with("on") || REMOVED_ATTRIBUTES.contains(&name.as_str()))
        .collect();
    for name in removed {
        element.remove_attribute(&name);
    }
}

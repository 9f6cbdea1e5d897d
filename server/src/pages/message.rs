//! One message: figures, links, variants, click map, and who clicked.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use maud::{Markup, html};

use super::cards::cards;
use super::chart::chart;
use super::conversion_table;
use super::event_table::{About, event_table};
use super::heading::heading;
use super::layout;
use super::link_tables::{by_name, top_links};
use super::links::{link_to, or_dash};
use super::numbers::counted;
use super::view::{View, switches};
use crate::access::SignedIn;
use crate::app::App;
use crate::failure::{Failure, PageFailure};
use crate::reports::{self, ClickMap, Images, Range, Scope, kept_mail, known_domain};

pub(super) const USUAL: Range = Range::All;
const LINKS: i64 = 50;
const EVENTS: i64 = 25;

pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Markup, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let view = View::parse(query)?;
    let message = view.id();
    let scope = view.scope(&app, &id, Some(message), USUAL);
    let figures = reports::figures(&app, &scope).await?;
    let mail = kept_mail(&app, &id, message).await?;
    let all = view.scope(&app, &id, Some(message), Range::All);
    if mail.is_none() && !reports::is_known(&app, &all).await? {
        return Err(Failure::NotFound("message").into());
    }
    let series = reports::series(&app, &scope).await?;
    let links = reports::links(&app, &scope, LINKS, 0).await?;
    let names = reports::names(&app, &scope).await?;
    let comparison = reports::compare(&app, &scope, &names).await?;
    let clickers = reports::clickers(&app, &scope, EVENTS).await?;
    let map = click_map(&app, &domain, &scope, &view, mail.flatten().as_deref()).await?;
    let [range, counting] = view.pairs(USUAL);
    let body = html! {
        div.report {
            (heading(&domain, or_dash(message), "", &[("message", message), range, counting]))
            (switches(&format!("/domains/{domain}/message"), &view, USUAL))
            (cards(&figures))
            (chart(&series))
            (conversion_table::section(&figures.conversions))
            section { h2 { "Top links" } (top_links(&links, true)) }
            section { h2 { "Links by name" } (by_name(&names, comparison.as_ref())) }
            section #click-map { h2 { "Click map" } (map) }
            section {
                h2 { "Who clicked" }
                @if clickers.is_empty() { p.empty { "Nobody clicked in this time." } }
                @else {
                    p.hint { "The latest clicks, at most " (EVENTS) ". All of them are in the export." }
                    (event_table(&domain, &clickers, About::Message))
                }
            }
        }
    };
    Ok(layout::page(or_dash(message), &signed_in, &body))
}

async fn click_map(
    app: &App,
    domain: &str,
    scope: &Scope,
    view: &View,
    mail: Option<&str>,
) -> Result<Markup, Failure> {
    let Some(mail) = mail else {
        return Ok(html! {
            div.empty {
                p { "This mail was not kept, so there is nothing to draw clicks on." }
                p { "Mail of campaigns always is. For mail that is rewritten by itself, switch “keep mail” on in the domain's "
                    a href={ "/domains/" (domain) "/settings" } { "settings" } "." }
            }
        });
    };
    let map = ClickMap::draw(app, scope, mail, view.images()).await?;
    let message = scope.message.as_deref().unwrap_or_default();
    let [range, counting] = view.pairs(USUAL);
    let loaded = view.images() == Images::Loaded;
    let images = loaded.then_some(("images", "load"));
    let mut frame = vec![("message", message), range, counting];
    frame.extend(images);
    let frame = link_to(&format!("/domains/{domain}/click-map"), &frame);
    Ok(html! {
        p.hint { "The first mail of this message. Each link shows its share of " (counted(map.clicks, "click")) "." }
        (images_hint(domain, message, view, loaded))
        p.heat { "No click" span.cold {} span.step1 {} span.step2 {} span.step3 {} span.step4 {} span.step5 {} "most clicks" }
        iframe.click-map sandbox="" title="The mail with each link's share of clicks" loading="lazy"
            referrerpolicy="no-referrer" src=(frame) {}
        (elsewhere(app, scope, &map).await?)
    })
}

/// The viewer's choice to load the mail's images, and what it tells whom.
fn images_hint(domain: &str, message: &str, view: &View, loaded: bool) -> Markup {
    let mut pairs = vec![("id", message)];
    pairs.extend(view.pairs(USUAL));
    pairs.extend((!loaded).then_some(("images", "load")));
    let other = link_to(&format!("/domains/{domain}/message"), &pairs) + "#click-map";
    html! {
        p.hint {
            @if loaded { "The images were loaded from where the mail says: those hosts learn that somebody looks at it. "
                a href=(other) { "Keep images away" } }
            @else { "Boxes stand for images that the mail loads from elsewhere. "
                a href=(other) { "Load the images" } ": their hosts then learn your address, your browser, and when you looked." }
        }
    }
}

/// Clicks on links that the map does not show.
async fn elsewhere(app: &App, scope: &Scope, map: &ClickMap) -> Result<Markup, Failure> {
    if map.elsewhere.is_empty() {
        return Ok(html! {});
    }
    let mut links = reports::links(app, scope, LINKS, 0).await?;
    links.retain(|link| map.elsewhere.contains_key(&link.position.unwrap_or(-1)));
    Ok(html! {
        p.hint { "Not shown here: " (counted(map.elsewhere.values().sum(), "click"))
            " on links that only Outlook shows, or of other mail under the same id:" }
        (top_links(&links, true))
    })
}

//! A domain at a glance.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::http::request::Parts;
use maud::{Markup, html};

use super::cards::cards;
use super::chart::chart;
use super::conversion_table;
use super::heading::heading;
use super::layout;
use super::link_tables::{by_name, top_links};
use super::links::{link_to, message_link, or_dash};
use super::numbers::{grouped, percent};
use super::view::{View, switches};
use crate::access::SignedIn;
use crate::app::App;
use crate::failure::PageFailure;
use crate::peer::Peer;
use crate::reports::{self, MessageRow, Range, known_domain, minute};

const USUAL: Range = Range::Month;
const MESSAGES: i64 = 50;
const LINKS: i64 = 10;

pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
    parts: Parts,
) -> Result<Markup, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let view = View::parse(query)?;
    let after = view.before.as_deref().and_then(|before| {
        let (at, message) = before.split_once(':')?;
        Some((at.parse().ok()?, message))
    });
    let messages = reports::messages(&app, &id, view.counting(), after, MESSAGES).await?;
    if messages.is_empty() && after.is_none() {
        let scheme = if Peer::new(&app.settings, &parts).is_https() {
            "https"
        } else {
            "http"
        };
        let host = parts
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or("127.0.0.1:8025");
        let server = format!("{scheme}://{host}");
        return Ok(layout::page(
            &domain,
            &signed_in,
            &nothing_yet(&domain, &server),
        ));
    }
    let scope = view.scope(&app, &id, None, USUAL);
    let figures = reports::figures(&app, &scope).await?;
    let series = reports::series(&app, &scope).await?;
    let links = reports::links(&app, &scope, LINKS, 0).await?;
    let names = reports::names(&app, &scope).await?;
    let comparison = reports::compare(&app, &scope, &names).await?;
    let body = html! {
        div.report {
            (heading(&domain, &domain, "Dashboard", &view.pairs(USUAL)))
            (switches(&format!("/domains/{domain}"), &view, USUAL))
            (cards(&figures))
            (chart(&series))
            (conversion_table::section(&figures.conversions))
            section { h2 { "Messages" } p.hint { "Counted since each was first sent, whatever the time chosen above." }
                (message_table(&domain, &messages)) (older(&domain, &view, &messages)) }
            section { h2 { "Top links" } (top_links(&links, false)) }
            section { h2 { "Links by name" } (by_name(&names, comparison.as_ref())) }
        }
    };
    Ok(layout::page(&domain, &signed_in, &body))
}

fn message_table(domain: &str, messages: &[MessageRow]) -> Markup {
    let any_converted = messages.iter().any(|row| row.conversions.total > 0);
    html! {
        div.scroll { table.messages {
            thead { tr {
                th { "Message" } th { "First sent (UTC)" } th.number { "Mails" }
                th.number { "Unique opens" } th.number { "Open rate" }
                th.number { "Unique clicks" } th.number { "Click rate" }
                @if any_converted { th.number { "Conversions" } }
            } }
            tbody { @for row in messages { tr {
                td.id title=(row.message) { a href=(message_link(domain, &row.message)) { (or_dash(&row.message)) } }
                td.time { (minute(row.first_at)) }
                td.number data-label="Mails" { (grouped(row.mails)) }
                td.number data-label="Unique opens" { (grouped(row.unique_opens)) }
                td.number data-label="Open rate" { (percent(row.open_rate)) }
                td.number data-label="Unique clicks" { (grouped(row.unique_clicks)) }
                td.number data-label="Click rate" { (percent(row.click_rate)) }
                @if any_converted { (conversion_table::cell(&row.conversions)) }
            } } }
        } }
    }
}

fn older(domain: &str, view: &View, messages: &[MessageRow]) -> Markup {
    let full = i64::try_from(messages.len()).is_ok_and(|rows| rows == MESSAGES);
    let Some(last) = messages.last().filter(|_| full) else {
        return html! {};
    };
    let before = format!("{}:{}", last.first_at, last.message);
    let [range, counting] = view.pairs(USUAL);
    let pairs = [("before", before.as_str()), range, counting];
    html! { p { a href=(link_to(&format!("/domains/{domain}"), &pairs)) { "Older messages" } } }
}

fn nothing_yet(domain: &str, server: &str) -> Markup {
    let mail = format!(
        "curl -H 'Authorization: Bearer YOUR_TOKEN' -H 'Content-Type: application/json' \\\n  \
         --data '{{\"domain\": \"{domain}\", \"message\": \"first\", \"recipient\": \"rcpt-1\",\n    \
         \"html\": \"<p><a href=https://example.com/>Hello</a></p>\"}}' \\\n  \
         {server}/api/v1/rewrite"
    );
    html! {
        div.report {
            (heading(domain, domain, "Dashboard", &[]))
            div.empty {
                p { "No mail of this domain has been rewritten yet." }
                p { "Hand one in, with an access token, and send what comes back:" }
                pre { code { (mail) } }
                p { "Clicks and opens then show here. If the answer says that the mail was left as it was, the domain's "
                    a href={ "/domains/" (domain) "/settings" } { "settings" } " tell what is missing." }
            }
        }
    }
}

//! Tables of links: the most clicked, and those with a name.

use maud::{Markup, html};

use super::conversion_table;
use super::numbers::{grouped, percent};
use crate::reports::{Comparison, Link, Name};

/// A destination as text; followed only when it is a web page, and without telling it where from.
pub(super) fn destination(destination: &str) -> Markup {
    let shown = destination
        .strip_prefix("https://")
        .or_else(|| destination.strip_prefix("http://"));
    html! {
        @if let Some(shown) = shown {
            a.destination href=(destination) title=(destination) rel="noreferrer noopener nofollow" { (shown) }
        } @else { span.destination title=(destination) { (destination) } }
    }
}

pub(super) fn top_links(links: &[Link], in_message: bool) -> Markup {
    let most = links
        .iter()
        .map(|link| link.clicks)
        .max()
        .unwrap_or_default();
    let any_converted = links.iter().any(|link| link.conversions.total > 0);
    html! {
        @if links.is_empty() { p.empty { "No link was clicked in this time." } }
        @else {
            div.scroll { table.links {
                thead { tr {
                    @if in_message { th.number { "Link" } }
                    th { @if in_message { "Name and destination" } @else { "Link" } } th.number { "Clicks" } th.number { "Unique" }
                    @if any_converted { th.number { "Conversions" } }
                    th.share { span.hidden { "Share" } }
                } }
                tbody { @for link in links { tr {
                    @if in_message { td.number { (link.position.map(|position| position.to_string()).unwrap_or_default()) } }
                    td.link {
                        @if let Some(name) = link.name.as_deref().filter(|name| !name.is_empty()) { strong.name { (name) } " " }
                        (destination(link.destination.as_deref().unwrap_or_default()))
                    }
                    td.number { (grouped(link.clicks)) }
                    td.number { (grouped(link.unique_clicks)) }
                    @if any_converted { (conversion_table::cell(&link.conversions)) }
                    td.share { meter min="0" max=(most.max(1)) value=(link.clicks) aria-hidden="true" {} }
                } } }
            } }
        }
    }
}

/// Links by name, side by side.
pub(super) fn by_name(names: &[Name], comparison: Option<&Comparison>) -> Markup {
    html! {
        @if names.is_empty() {
            p.empty { "No link with a name was clicked in this time. Name the links you want to compare: "
                code { "<a data-track-name=\"red-button\" href=…>" } }
        } @else {
            @if let Some(comparison) = comparison { p.finding { (comparison.note) } }
            @else if names.len() > 1 {
                p.hint { "The leading two are not tested: too few recipients, or too many messages, to tell who saw which." }
            }
            div.scroll { table.names {
                thead { tr { th { "Name" } th.number { "Clicks" } th.number { "Unique" } th.number { "Mails" } th.number { "Rate" } } }
                tbody { @for name in names { tr {
                    td { strong.name { (name.name) } }
                    td.number { (grouped(name.clicks)) }
                    td.number { (grouped(name.unique_clicks)) }
                    td.number { (grouped(name.mails)) }
                    td.number { (percent(name.rate)) }
                } } }
            } }
        }
    }
}

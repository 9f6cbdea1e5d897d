//! What the pages of reports have in common: which range, with or without machines, and the parts they are made of.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::app::App;
use crate::event::{Kind, Machine};
use crate::failure::Failure;
use crate::reports::{Comparison, Figures, Link, Machines, Name, Range, Scope, Stored, minute};

/// The query of a page. Words that are none are taken as not there.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct View {
    pub(super) id: Option<String>,
    pub(super) message: Option<String>,
    pub(super) before: Option<String>,
    range: Option<String>,
    machines: Option<String>,
}

impl View {
    pub(super) fn parse(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Failure> {
        match query {
            Ok(Query(view)) => Ok(view),
            Err(rejection) => Err(Failure::Invalid(rejection.body_text())),
        }
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    pub(super) fn machines(&self) -> Machines {
        self.machines
            .as_deref()
            .and_then(Machines::parse)
            .unwrap_or(Machines::Exclude)
    }

    pub(super) fn range(&self, usual: Range) -> Range {
        self.range
            .as_deref()
            .and_then(Range::parse)
            .unwrap_or(usual)
    }

    pub(super) fn scope(
        &self,
        app: &App,
        domain: &str,
        message: Option<&str>,
        usual: Range,
    ) -> Scope {
        Scope {
            domain: domain.to_owned(),
            message: message.map(str::to_owned),
            machines: self.machines(),
            span: self.range(usual).span(app.clock.now()),
        }
    }
}

/// A path with a query of pairs, encoded as forms are.
pub(super) fn link_to(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{path}?{}", query.finish())
}

pub(super) fn message_link(domain: &str, message: &str) -> String {
    link_to(&format!("/domains/{domain}/message"), &[("id", message)])
}

fn recipient_link(domain: &str, recipient: &str) -> String {
    link_to(
        &format!("/domains/{domain}/recipient"),
        &[("id", recipient)],
    )
}

/// Links that choose the range, and whether machines count.
pub(super) fn switches(path: &str, view: &View, usual: Range) -> Markup {
    let to = |range: Range, machines: Machines| {
        let mut pairs = vec![("range", range.as_str()), ("machines", machines.as_str())];
        pairs.extend(view.id.as_deref().map(|id| ("id", id)));
        link_to(path, &pairs)
    };
    let (range, machines) = (view.range(usual), view.machines());
    html! {
        div.switches {
            nav aria-label="Time" {
                @for each in Range::EACH {
                    a href=(to(each, machines)) aria-current=[(each == range).then_some("true")] { (each.label()) }
                }
            }
            nav aria-label="Machines" {
                @for (each, label) in [(Machines::Exclude, "Without machines"), (Machines::Include, "With machines")] {
                    a href=(to(range, each)) aria-current=[(each == machines).then_some("true")] { (label) }
                }
            }
        }
    }
}

/// A count with commas between thousands.
pub(super) fn grouped(count: i64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many of something.
pub(super) fn counted(count: i64, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(count))
}

/// A share of mails as people write it.
pub(super) fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", 100.0 * rate))
}

pub(super) fn cards(figures: &Figures) -> Markup {
    let machines = figures.machines();
    let anonymous = figures.clicks.anonymous + figures.opens.anonymous;
    html! {
        dl.cards {
            div { dt { "Mails rewritten" } dd { (grouped(figures.mails)) } }
            div.opens { dt { "Opens" } dd { (grouped(figures.opens.total)) } dd.more { (grouped(figures.opens.unique)) " unique" } }
            div.opens { dt { "Open rate" } dd { (percent(figures.opens.rate)) } dd.more { (of_mails(figures)) } }
            div.clicks { dt { "Clicks" } dd { (grouped(figures.clicks.total)) } dd.more { (grouped(figures.clicks.unique)) " unique" } }
            div.clicks { dt { "Click-through rate" } dd { (percent(figures.clicks.rate)) } dd.more { (of_mails(figures)) } }
            div { dt { "By machines" } dd { (grouped(machines.clicks + machines.opens)) }
                dd.more { (counted(machines.clicks, "click")) ", " (counted(machines.opens, "open")) ", "
                    @if figures.scope.machines == Machines::Include { "counted" } @else { "not counted" } } }
        }
        @if anonymous > 0 {
            p.hint { (counted(anonymous, "event")) " without a recipient: in the totals, not among unique ones nor in rates." }
        }
    }
}

fn of_mails(figures: &Figures) -> Markup {
    html! { "of " (counted(figures.rated_mails, "mail")) }
}

/// A destination as text; followed only when it is a web page, and without telling it where from.
fn destination(destination: &str) -> Markup {
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
    html! {
        @if links.is_empty() { p.empty { "No link was clicked in this time." } }
        @else {
            div.scroll { table.links {
                thead { tr {
                    @if in_message { th.number { "Link" } }
                    th { @if in_message { "Name and destination" } @else { "Link" } } th.number { "Clicks" } th.number { "Unique" } th.share { span.hidden { "Share" } }
                } }
                tbody { @for link in links { tr {
                    @if in_message { td.number { (link.position.map(|position| position.to_string()).unwrap_or_default()) } }
                    td.link {
                        @if let Some(name) = link.name.as_deref().filter(|name| !name.is_empty()) { strong.name { (name) } " " }
                        (destination(link.destination.as_deref().unwrap_or_default()))
                    }
                    td.number { (grouped(link.clicks)) }
                    td.number { (grouped(link.unique_clicks)) }
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

/// What a table of events is about, and so need not say in each row.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum About {
    Domain,
    Message,
    Recipient,
}

pub(super) fn event_table(domain: &str, events: &[Stored], about: About) -> Markup {
    html! {
        div.scroll { table.events {
            thead { tr {
                th { "Time (UTC)" } th { "Event" }
                @if about != About::Message { th { "Message" } }
                @if about != About::Recipient { th { "Recipient" } }
                th { "Link" } th { "Machine" } th { "Client" }
            } }
            tbody { @for event in events { (event_row(domain, event, about)) } }
        } }
    }
}

pub(super) fn event_row(domain: &str, Stored { event, .. }: &Stored, about: About) -> Markup {
    let reasons: Vec<_> = event.reasons.iter().map(|reason| reason.as_str()).collect();
    let (kind, label) = match event.kind {
        Kind::Click => ("kind click", "click"),
        Kind::Open => ("kind open", "open"),
    };
    html! {
        tr {
            td.time { (minute(event.at)) ":" (format!("{:02}", event.at / 1000 % 60)) }
            td { span class=(kind) { (label) } }
            @if about != About::Message {
                td.id title=(event.message) { a href=(message_link(domain, &event.message)) { (or_dash(&event.message)) } }
            }
            @if about != About::Recipient { td.id title=(event.recipient) {
                @if event.recipient.is_empty() { "–" }
                @else { a href=(recipient_link(domain, &event.recipient)) { (event.recipient) } }
            } }
            td.link {
                @match (event.name.as_deref(), event.position) {
                    (None | Some(""), Some(position)) => { span.position { "link " (position) } " " }
                    (Some(name), _) => { strong.name { (name) } " " }
                    (None, None) => {}
                }
                @if let Some(to) = &event.destination { (destination(to)) }
            }
            td.machine { @if event.machine != Machine::None {
                span.badge.warn { (event.machine.as_str()) } " " small { (reasons.join(", ")) }
            } }
            td.client title=[event.user_agent.as_deref()] {
                @if let Some(ip) = &event.ip { span { (ip) } " " }
                @if let Some(agent) = &event.user_agent { small { (agent) } }
            }
        }
    }
}

pub(super) fn or_dash(id: &str) -> &str {
    if id.is_empty() { "(no id)" } else { id }
}

/// Where a page stands, and what stands beside it.
pub(super) fn heading(domain: &str, title: &str, current: &str) -> Markup {
    html! {
        div.heading {
            p.crumbs {
                a href="/domains" { "Domains" }
                @if title != domain { " / " a href={ "/domains/" (domain) } { (domain) } }
            }
            h1 { (title) }
            (tabs(domain, current))
        }
    }
}

/// The pages of a domain, and its files.
pub(super) fn tabs(domain: &str, current: &str) -> Markup {
    let base = format!("/domains/{domain}");
    let pages = [
        ("", "Dashboard"),
        ("/live", "Live"),
        ("/settings", "Settings"),
    ];
    html! {
        nav.tabs aria-label="Domain" {
            @for (path, name) in pages {
                a href={ (base) (path) } aria-current=[(name == current).then_some("page")] { (name) }
            }
            span.files {
                span { "Export " }
                a href={ (base) "/events.csv" } { "CSV" } " "
                a href={ (base) "/events.ndjson" } { "NDJSON" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_plural() {
        let written = [0, 1, 1000].map(|count| counted(count, "mail"));
        assert_eq!(written, ["0 mails", "1 mail", "1,000 mails"]);
    }

    #[test]
    fn thousands_are_grouped() {
        let written = [0, 999, 1000, 12_345, 1_234_567].map(grouped);
        assert_eq!(written, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}

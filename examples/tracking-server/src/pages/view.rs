//! What the pages of reports have in common: which range, with or without machines, and the parts they are made of.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::app::App;
use crate::event::Kind;
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

/// A share of mails as people write it.
pub(super) fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", 100.0 * rate))
}

pub(super) fn cards(figures: &Figures) -> Markup {
    let machines = figures.machines();
    let anonymous = figures.clicks.anonymous + figures.opens.anonymous;
    html! {
        dl.cards {
            div { dt { "Mails rewritten" } dd { (figures.mails) } }
            div.opens { dt { "Opens" } dd { (figures.opens.total) } dd.more { (figures.opens.unique) " unique" } }
            div.opens { dt { "Open rate" } dd { (percent(figures.opens.rate)) } dd.more { (of_mails(figures)) } }
            div.clicks { dt { "Clicks" } dd { (figures.clicks.total) } dd.more { (figures.clicks.unique) " unique" } }
            div.clicks { dt { "Click-through rate" } dd { (percent(figures.clicks.rate)) } dd.more { (of_mails(figures)) } }
            div { dt { "By machines" } dd { (machines.clicks + machines.opens) }
                dd.more { (machines.clicks) " clicks, " (machines.opens) " opens, "
                    @if figures.scope.machines == Machines::Include { "counted" } @else { "not counted" } } }
        }
        @if anonymous > 0 {
            p.hint { (anonymous) " events name no recipient: they are in the totals, not among unique ones nor in rates." }
        }
    }
}

fn of_mails(figures: &Figures) -> Markup {
    html! { "of " (figures.rated_mails) " mails" }
}

/// A destination as text; followed only when it is a web page, and without telling it where from.
fn destination(destination: &str) -> Markup {
    let web = destination.starts_with("https://") || destination.starts_with("http://");
    html! {
        @if web { a.destination href=(destination) rel="noreferrer noopener nofollow" { (destination) } }
        @else { span.destination { (destination) } }
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
            div.scroll { table {
                thead { tr {
                    @if in_message { th.number { "Link" } }
                    th { "Destination" } th.number { "Clicks" } th.number { "Unique" } th.share { span.hidden { "Share" } }
                } }
                tbody { @for link in links { tr {
                    @if in_message { td.number { (link.position.map(|position| position.to_string()).unwrap_or_default()) } }
                    td {
                        @if let Some(name) = link.name.as_deref().filter(|name| !name.is_empty()) { strong.name { (name) } " " }
                        (destination(link.destination.as_deref().unwrap_or_default()))
                    }
                    td.number { (link.clicks) }
                    td.number { (link.unique_clicks) }
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
            div.scroll { table {
                thead { tr { th { "Name" } th.number { "Clicks" } th.number { "Unique" } th.number { "Mails" } th.number { "Rate" } } }
                tbody { @for name in names { tr {
                    td { strong.name { (name.name) } }
                    td.number { (name.clicks) }
                    td.number { (name.unique_clicks) }
                    td.number { (name.mails) }
                    td.number { (percent(name.rate)) }
                } } }
            } }
            @if let Some(comparison) = comparison { p.finding { (comparison.note) } }
            @else if names.len() > 1 {
                p.hint { "The leading two are not tested: too few recipients, or too many messages, to tell who saw which." }
            }
        }
    }
}

pub(super) fn event_table(domain: &str, events: &[Stored], with_recipient: bool) -> Markup {
    html! {
        div.scroll { table.events {
            thead { tr {
                th { "Time (UTC)" } th { "Event" } th { "Message" }
                @if with_recipient { th { "Recipient" } }
                th { "Link" } th { "Machine" } th { "Client" }
            } }
            tbody { @for event in events { (event_row(domain, event, with_recipient)) } }
        } }
    }
}

pub(super) fn event_row(
    domain: &str,
    Stored { event, .. }: &Stored,
    with_recipient: bool,
) -> Markup {
    let reasons: Vec<_> = event.reasons.iter().map(|reason| reason.as_str()).collect();
    let (kind, label) = match event.kind {
        Kind::Click => ("kind click", "click"),
        Kind::Open => ("kind open", "open"),
    };
    html! {
        tr {
            td.time { (minute(event.at)) ":" (format!("{:02}", event.at / 1000 % 60)) }
            td { span class=(kind) { (label) } }
            td.id { a href=(message_link(domain, &event.message)) { (or_dash(&event.message)) } }
            @if with_recipient { td.id {
                @if event.recipient.is_empty() { "–" }
                @else { a href=(recipient_link(domain, &event.recipient)) { (event.recipient) } }
            } }
            td.link {
                @if let Some(position) = event.position { span.position { (position) } " " }
                @if let Some(name) = event.name.as_deref().filter(|name| !name.is_empty()) { strong.name { (name) } " " }
                @if let Some(to) = &event.destination { (destination(to)) }
            }
            td.machine { @if !reasons.is_empty() || event.machine.as_str() != "none" {
                (event.machine.as_str()) " " small { (reasons.join(", ")) }
            } }
            td.client title=[event.user_agent.as_deref()] {
                (event.ip.as_deref().unwrap_or_default()) " " small { (event.user_agent.as_deref().unwrap_or_default()) }
            }
        }
    }
}

pub(super) fn or_dash(id: &str) -> &str {
    if id.is_empty() { "(no id)" } else { id }
}

/// Where a page stands, and what stands beside it.
pub(super) fn heading(domain: &str, title: &str, trail: bool) -> Markup {
    let base = format!("/domains/{domain}");
    html! {
        div.heading {
            @if trail { p.trail { a href=(base) { (domain) } } }
            h1 { (title) }
            nav.beside aria-label="Domain" {
                a href=(base) { "Dashboard" }
                a href={ (base) "/live" } { "Live" }
                a href={ (base) "/settings" } { "Settings" }
                a href={ (base) "/events.csv" } { "CSV" }
                a href={ (base) "/events.ndjson" } { "NDJSON" }
            }
        }
    }
}

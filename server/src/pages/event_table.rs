//! A table of events.

use maud::{Markup, html};

use super::link_tables::destination;
use super::links::{message_link, or_dash, recipient_link};
use super::numbers::grouped;
use crate::event::{Kind, Machine};
use crate::reports::{Stored, minute};

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
            td { span class=(kind) { (label) } @if event.count > 1 { " " span.times { "× " (grouped(event.count)) } } }
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

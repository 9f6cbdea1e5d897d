//! Where a page stands, and what stands beside it.

use maud::{Markup, html};

use super::links::link_to;

/// `shown` says which events a page is about, as the query of its export.
pub(super) fn heading(domain: &str, title: &str, current: &str, shown: &[(&str, &str)]) -> Markup {
    html! {
        div.heading {
            p.crumbs {
                a href="/domains" { "Domains" }
                @if title != domain { " / " a href={ "/domains/" (domain) } { (domain) } }
            }
            h1 { (title) }
            (tabs(domain, current, shown))
        }
    }
}

/// The pages of a domain, and the events of this one as files.
pub(super) fn tabs(domain: &str, current: &str, shown: &[(&str, &str)]) -> Markup {
    let base = format!("/domains/{domain}");
    let pages = [
        ("", "Dashboard"),
        ("/live", "Live"),
        ("/settings", "Settings"),
    ];
    let file = |name: &str| {
        let path = format!("{base}/{name}");
        if shown.is_empty() {
            path
        } else {
            link_to(&path, shown)
        }
    };
    html! {
        nav.tabs aria-label="Domain" {
            @for (path, name) in pages {
                a href={ (base) (path) } aria-current=[(name == current).then_some("page")] { (name) }
            }
            span.files {
                span { "Export " }
                a href=(file("events.csv")) { "CSV" } " "
                a href=(file("events.ndjson")) { "NDJSON" }
            }
        }
    }
}

//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

use crate::access::SignedIn;

/// A page for somebody signed in.
pub(crate) fn page(title: &str, signed_in: &SignedIn, body: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top {
                a.brand href="/domains" { "linkseal" }
                nav {
                    a href="/domains" { "Domains" }
                    @if signed_in.caller.admin().is_ok() { a href="/tokens" { "Access tokens" } }
                }
                form method="post" action="/sign-out" {
                    (csrf(signed_in))
                    button.quiet { "Sign out" }
                }
            }
            main { (body) }
        },
    )
}

/// The hidden field that every form needs.
pub(crate) fn csrf(signed_in: &SignedIn) -> Markup {
    html! { input type="hidden" name="csrf" value=(signed_in.csrf); }
}

/// A page that says one thing.
pub(crate) fn notice(text: &str) -> Markup {
    document("linkseal", &html! { main.notice { p { (text) } } })
}

/// A page of its own, with neither navigation nor anything else that needs a session.
pub(crate) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/static/style.css";
                script src="/static/app.js" defer {}
            }
            body { (body) }
        }
    }
}

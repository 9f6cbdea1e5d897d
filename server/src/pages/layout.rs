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
    document(
        "linkseal",
        &html! {
            main.narrow {
                section.card.empty { p { (text) } a.button href="/domains" { "To the domains" } }
            }
        },
    )
}

/// Why something was refused.
pub(crate) fn problem(text: &str) -> Markup {
    html! { p.problem role="alert" { (text) } }
}

/// A setting that is on or off, in a form.
pub(super) fn switch(name: &str, on: bool, label: &str, hint: &str) -> Markup {
    html! {
        label.check {
            input type="checkbox" name=(name) value="true" checked[on];
            span { strong { (label) } br; span.hint { (hint) } }
        }
    }
}

/// A text to be copied elsewhere, with a button for those who have JavaScript.
pub(crate) fn copyable(text: &str) -> Markup {
    html! {
        span.copyable {
            code { (text) }
            button.quiet type="button" data-copy=(text) hidden { "Copy" }
        }
    }
}

/// A time in UTC, from Unix milliseconds.
pub(crate) fn time(milliseconds: i64) -> Markup {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    html! { time datetime=(time) { (time.strftime("%Y-%m-%d %H:%M UTC")) } }
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
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/static/style.css";
                link rel="stylesheet" href="/static/reports.css";
                script src="/static/app.js" defer {}
            }
            body { (body) }
        }
    }
}

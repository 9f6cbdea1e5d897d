//! What the settings of a domain look like.

use maud::{Markup, html};

use super::domains::status_badge;
use super::heading::tabs;
use super::layout::{self, switch};
use super::link_card::{self, LinkForm};
use crate::access::SignedIn;
use crate::app::App;
use crate::domains::{self, CnameState, Domain, IpStorage, Known, Status};
use crate::level::Level;
use crate::rewriting::{Kept, Usage};

/// What the last attempt said, where it belongs.
pub(super) enum Said {
    Nothing,
    OfCname(String),
    OfLinks(String, LinkForm),
    OfOwnership(String),
    /// And the tracking subdomain as it was typed.
    OfSettings(String, String),
}

pub(super) fn page(
    app: &App,
    signed_in: &SignedIn,
    known: &Known,
    said: &Said,
    stored: Option<&Usage>,
) -> Markup {
    let domain = &known.domain;
    let body = html! {
        p.crumbs { a href="/domains" { "Domains" } }
        div.title {
            h1 { (domain.name) }
            (status_badge(domain.status))
        }
        (tabs(domain.name.as_str(), "Settings", &[]))
        p.lead { (effect(known)) }
        @if domain.status == Status::Pending || domain.proof.missing_since.is_some() { (ownership(signed_in, domain, said)) }
        (settings(signed_in, domain, said))
        @if domain.tracking_host.is_some() { (cname(app, signed_in, domain, said)) }
        (links(signed_in, domain, said))
        (key(signed_in, known))
        @if let Some(usage) = stored { (stored_card(usage)) }
        @if signed_in.caller.admin().is_ok() {
            section.card {
                h2 { "Remove the domain" }
                p { "Its mail is tracked no more. Links in mail that was sent still redirect." }
                a.button.danger href=(format!("/domains/{}/remove", domain.name)) { "Remove…" }
            }
        }
    };
    layout::page(&format!("{} · linkseal", domain.name), signed_in, &body)
}

fn stored_card(usage: &Usage) -> Markup {
    let quota = &usage.quota;
    let kept = |what: &str, kept: &Kept| {
        let megabytes = |bytes: i64| (bytes + 1024 * 1024 - 1) / (1024 * 1024);
        html! {
            li {
                (what) ": " (kept.number) " of " (quota.number) ", "
                (megabytes(kept.bytes)) " of " (megabytes(quota.bytes)) " MB"
            }
        }
    };
    html! {
        section.card #stored {
            h2 { "What is stored" }
            ul {
                (kept("Campaigns", &usage.campaigns))
                (kept("Mail for click maps", &usage.mail))
            }
            p.hint { "Where it is more, and after " (quota.days) " days, the oldest are deleted." }
        }
    }
}

/// What becomes of the domain's mail now.
fn effect(known: &Known) -> Markup {
    let domain = &known.domain;
    html! {
        @match (domain.status, domains::links_use(known)) {
            (Status::External, _) => "This domain is managed elsewhere: its mail is never tracked here.",
            (Status::Lapsed, _) => {
                "Mail goes out untracked: the record that proves who owns the domain has been gone for days. "
                "Links in mail that was sent still redirect."
            }
            (Status::Pending, _) => "Mail goes out untracked until the record below is found in DNS.",
            (Status::Validated, _) if domain.click_tracking.max(domain.open_tracking) == Level::Off => {
                "Mail goes out untracked: click tracking and open tracking are off."
            }
            (Status::Validated, None) => {
                "Mail goes out untracked: the tracking subdomain's CNAME record was not found yet, "
                "and this service has no default host."
            }
            (Status::Validated, Some(host)) if domain.cname_state == CnameState::Found => {
                "Tracked links use " strong { (host) } "."
            }
            (Status::Validated, Some(host)) => {
                "Tracked links use this service's default host, " strong { (host) } ", "
                "until a tracking subdomain's CNAME record is found."
            }
        }
    }
}

fn ownership(signed_in: &SignedIn, domain: &Domain, said: &Said) -> Markup {
    let (name, value) = domains::ownership_record(domain);
    html! {
        section.card #ownership {
            h2 { "Prove that the domain is yours" }
            @if let Some(since) = domain.proof.missing_since.filter(|_| domain.status == Status::Validated) {
                (layout::problem("The record is not there any more."))
                p { "It was missed first " (layout::time(since)) ". After three days the domain lapses, and its mail goes out untracked." }
            }
            p { "Publish this record where the domain's DNS is managed, then check. Keep it there: it is looked for every day." }
            (record("TXT", &name, &value))
            @if let Said::OfOwnership(problem) = said { (layout::problem(problem)) }
            form method="post" action=(format!("/domains/{}/validate", domain.name)) {
                (layout::csrf(signed_in))
                button.primary { "Check the TXT record" }
            }
            p.hint { "It is looked for every few minutes, too." }
        }
    }
}

fn settings(signed_in: &SignedIn, domain: &Domain, said: &Said) -> Markup {
    let (problem, host) = match said {
        Said::OfSettings(problem, typed) => (Some(problem), typed.as_str()),
        _ => (None, domain.tracking_host.as_deref().unwrap_or_default()),
    };
    html! {
        section.card #settings {
            h2 { "Settings" }
            form.stack method="post" action=(format!("/domains/{}/settings", domain.name)) {
                (layout::csrf(signed_in))
                (level("click_tracking", domain.click_tracking, "Click tracking", "Links lead through the tracking host."))
                (level("open_tracking", domain.open_tracking, "Open tracking", "An open pixel is put into the mail."))
                p.hint { "Anonymous counts clicks and opens without saying whose they are. A lower level also holds for mail that was sent before." }
                (switch("keep_mail", domain.keep_mail, "Keep mail for the click map",
                    "The first mail of each message is stored as it was handed in, with what it says of its recipient. Campaigns are always kept."))
                label for="tracking_host" { "Tracking subdomain" }
                input #tracking_host name="tracking_host" value=(host) autocapitalize="none" spellcheck="false"
                    placeholder=(format!("link.{}", domain.name)) aria-describedby="tracking_host_hint";
                @if let Some(problem) = problem { (layout::problem(problem)) }
                p.hint #tracking_host_hint { "A subdomain of " (domain.name) ", so that links look like yours. Empty: the default host." }
                label for="ip_storage" { "IP addresses in the event log" }
                select #ip_storage name="ip_storage" {
                    @for (kind, words) in [
                        (IpStorage::Full, "Store whole"),
                        (IpStorage::Truncated, "Store truncated (/24, /48)"),
                        (IpStorage::None, "Do not store"),
                    ] {
                        option value=(kind.as_str()) selected[domain.ip_storage == kind] { (words) }
                    }
                }
                button.primary { "Save" }
            }
        }
    }
}

fn links(signed_in: &SignedIn, domain: &Domain, said: &Said) -> Markup {
    let refused = match said {
        Said::OfLinks(problem, typed) => Some((problem.as_str(), typed)),
        _ => None,
    };
    link_card::card(signed_in, domain, refused)
}

fn level(name: &str, current: Level, label: &str, hint: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        select #(name) name=(name) aria-describedby={ (name) "_hint" } {
            @for (level, words) in [
                (Level::Identified, "Identified: by recipient"),
                (Level::Anonymous, "Anonymous: counted only"),
                (Level::Off, "Off"),
            ] {
                option value=(level.as_str()) selected[level == current] { (words) }
            }
        }
        p.hint #{ (name) "_hint" } { (hint) }
    }
}

fn cname(app: &App, signed_in: &SignedIn, domain: &Domain, said: &Said) -> Markup {
    html! {
        section.card #cname {
            div.title {
                h2 { "Tracking subdomain's record" }
                (cname_badge(domain))
            }
            @match domains::cname_record(app, domain) {
                Ok(published) => {
                    p { "Publish this record where the domain's DNS is managed, then check." }
                    (record("CNAME", published.name(), published.target()))
                }
                Err(failure) => (layout::problem(&failure.message())),
            }
            @if let (CnameState::Elsewhere, Some(seen)) = (domain.cname_state, &domain.cname_seen) {
                p { "The record points to " strong { (seen) } " instead." }
            }
            @if let Said::OfCname(problem) = said { (layout::problem(problem)) }
            form method="post" action=(format!("/domains/{}/check-cname", domain.name)) {
                (layout::csrf(signed_in))
                button.primary { "Check the CNAME record" }
            }
            @if let Some(at) = domain.cname_checked_at {
                p.hint { "Last checked " (layout::time(at)) ". It is looked for every few minutes, too." }
            }
        }
    }
}

fn cname_badge(domain: &Domain) -> Markup {
    let (kind, words) = match domain.cname_state {
        CnameState::Elsewhere => ("bad", "points elsewhere"),
        CnameState::Found => ("good", "found"),
        CnameState::NotFound => ("bad", "not found"),
        CnameState::Unchecked => ("warn", "not checked yet"),
    };
    html! { span.badge.(kind) { (words) } }
}

fn record(kind: &str, name: &str, value: &str) -> Markup {
    html! {
        dl.record {
            dt { "Type" } dd { (kind) }
            dt { "Name" } dd { (layout::copyable(name)) }
            dt { "Value" } dd { (layout::copyable(value)) }
        }
    }
}

/// Keys have numbers here, and nothing else of them is shown anywhere.
fn key(signed_in: &SignedIn, known: &Known) -> Markup {
    html! {
        section.card #key {
            h2 { "Signing key" }
            p {
                @match known.signing_key() {
                    Some((number, since)) => {
                        "Signs with key number " strong { (number) } " since " (layout::time(since)) ". "
                        @match known.older_keys() {
                            0 => "There are no older ones.",
                            1 => "1 older key still verifies links that were sent.",
                            older => { (older) " older keys still verify links that were sent." }
                        }
                    }
                    None => "There is no key, so mail goes out untracked.",
                }
            }
            form method="post" action=(format!("/domains/{}/rotate-key", known.domain.name)) {
                (layout::csrf(signed_in))
                button { "Rotate key" }
            }
        }
    }
}

pub(super) fn removal(signed_in: &SignedIn, known: &Known, problem: Option<&str>) -> Markup {
    let name = known.domain.name.as_str();
    let body = html! {
        p.crumbs { a href="/domains" { "Domains" } " / " a href=(format!("/domains/{name}/settings")) { (name) } }
        section.card {
            h1 { "Remove " (name) "?" }
            ul {
                li { "Its mail goes out untracked from now on, and its access tokens are revoked." }
                li { "Links in mail that was sent still redirect." }
                li { "Its log, mail and settings stay for you alone, among the former domains, until you have them deleted." }
                li { "Added again it starts empty, with a new key and a new TXT record: its owner may be another then." }
            }
            @if let Some(problem) = problem { (layout::problem(problem)) }
            form.stack method="post" action=(format!("/domains/{name}/remove")) {
                (layout::csrf(signed_in))
                label for="name" { "Type the domain's name to confirm" }
                input #name name="name" autocomplete="off" autocapitalize="none" spellcheck="false" required;
                div.row {
                    button.danger { "Remove the domain" }
                    a.button href=(format!("/domains/{name}/settings")) { "Keep it" }
                }
            }
        }
    };
    layout::page(&format!("Remove {name} · linkseal"), signed_in, &body)
}

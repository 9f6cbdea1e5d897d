//! The key figures, side by side.

use maud::{Markup, html};

use super::numbers::{counted, grouped, percent};
use crate::reports::{Counting, Figures};

pub(super) fn cards(figures: &Figures) -> Markup {
    let machines = figures.machines();
    let anonymous = figures.clicks.anonymous + figures.opens.anonymous;
    let all = figures.scope.counting == Counting::All;
    html! {
        dl.cards {
            div { dt { "Mails rewritten" } dd { (grouped(figures.mails)) } }
            div.opens { dt { "Opens" } dd { (grouped(figures.opens.total)) }
                dd.more { (grouped(figures.opens.unique)) " unique" } }
            div.opens { dt { "Open rate" } dd { (percent(figures.opens.rate)) } dd.more { (of_mails(figures)) } }
            div.clicks { dt { "Clicks" } dd { (grouped(figures.clicks.total)) }
                dd.more { (grouped(figures.clicks.unique)) " unique" } }
            div.clicks { dt { "Click-through rate" } dd { (percent(figures.clicks.rate)) } dd.more { (of_mails(figures)) } }
            div { dt { "By machines" } dd { (grouped(machines.clicks + machines.opens)) }
                dd.more { (counted(machines.clicks, "click")) ", " (counted(machines.opens, "open")) ", " (whether(all)) } }
        }
        (proxies(figures, all))
        @if anonymous > 0 {
            p.hint { (counted(anonymous, "event")) " without a recipient: in the totals, not among unique ones nor in rates." }
        }
    }
}

/// Opens that nobody can tell a reader of, apart from the rest.
fn proxies(figures: &Figures, all: bool) -> Markup {
    let opens = &figures.proxied_opens;
    let with_proxies = figures.scope.counting != Counting::People;
    html! {
        @if opens.mail_proxies.total > 0 {
            p.hint { (counted(opens.mail_proxies.total, "open")) " through mail proxies such as Gmail's and Yahoo's, "
                (grouped(opens.mail_proxies.unique)) " unique, " (whether(with_proxies)) "." }
        }
        @if opens.apple_mail_privacy.total > 0 {
            p.hint { (counted(opens.apple_mail_privacy.total, "open")) " by Apple's Mail Privacy Protection, "
                (grouped(opens.apple_mail_privacy.unique)) " unique, " (whether(all))
                ": it loads images whether or not anybody reads." }
        }
    }
}

fn whether(counted: bool) -> &'static str {
    if counted { "counted" } else { "not counted" }
}

fn of_mails(figures: &Figures) -> Markup {
    html! { "of " (counted(figures.rated_mails, "mail")) }
}

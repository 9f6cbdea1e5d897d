use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Machines;
use crate::event::{Kind, Machine, Reason};

/// One user agent a line; `#` begins a comment.
const PEOPLE: &str = include_str!("people.txt");
const SCANNERS: &str = include_str!("scanners.txt");
const MAIL_PROXIES: &str = include_str!("mail_proxies.txt");

fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn classify(kind: Kind, user_agent: &str, age: Option<i64>) -> (Machine, Vec<Reason>) {
    Machines::new(5, 5).classify(kind, &HeaderMap::new(), Some(user_agent), age)
}

#[test]
fn people_are_taken_for_no_machine() {
    let machines = Machines::new(5, 5);
    for agent in lines(PEOPLE) {
        for kind in [Kind::Click, Kind::Open] {
            let verdict = machines.classify(kind, &HeaderMap::new(), Some(agent), Some(60));
            assert_eq!(verdict, (Machine::None, vec![]), "{kind:?} {agent}");
        }
    }
}

#[test]
fn scanners_are_certain() {
    let machines = Machines::new(5, 5);
    for agent in lines(SCANNERS) {
        for kind in [Kind::Click, Kind::Open] {
            let verdict = machines.classify(kind, &HeaderMap::new(), Some(agent), None);
            assert_eq!(
                verdict,
                (Machine::Certain, vec![Reason::Scanner]),
                "{kind:?} {agent}"
            );
        }
    }
}

#[test]
fn mail_proxies_are_suspected() {
    for agent in lines(MAIL_PROXIES) {
        let verdict = classify(Kind::Open, agent, None);
        assert_eq!(
            verdict,
            (Machine::Suspected, vec![Reason::MailProxy]),
            "{agent}"
        );
    }
}

#[test]
fn office_programs_draw_mail_but_do_not_follow_links() {
    for agent in [
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    ] {
        assert_eq!(classify(Kind::Open, agent, None), (Machine::None, vec![]));
        assert_eq!(
            classify(Kind::Click, agent, None),
            (Machine::Suspected, vec![Reason::Scanner])
        );
    }
}

#[test]
fn no_user_agent_is_suspected() {
    let machines = Machines::new(5, 5);
    let expected = (Machine::Suspected, vec![Reason::Unnamed]);
    for agent in [None, Some(""), Some(" ")] {
        let verdict = machines.classify(Kind::Click, &HeaderMap::new(), agent, None);
        assert_eq!(verdict, expected, "{agent:?}");
    }
}

#[test]
fn clicks_and_opens_right_after_sending_are_suspected() {
    let machines = Machines::new(5, 2);
    let person = lines(PEOPLE).next();
    let early = (Machine::Suspected, vec![Reason::Early]);
    let none = (Machine::None, vec![]);
    for (kind, age, expected) in [
        (Kind::Click, Some(0), &early),
        (Kind::Click, Some(5), &early),
        // The sender's clock is ahead.
        (Kind::Click, Some(-30), &early),
        (Kind::Click, Some(6), &none),
        (Kind::Click, None, &none),
        (Kind::Open, Some(2), &early),
        (Kind::Open, Some(3), &none),
        (Kind::Open, None, &none),
    ] {
        let verdict = machines.classify(kind, &HeaderMap::new(), person, age);
        assert_eq!(&verdict, expected, "{kind:?} {age:?}");
    }
}

#[test]
fn what_loads_images_unread_is_told_from_what_loads_them_for_a_reader() {
    const GMAIL: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";
    let reader = format!("{GMAIL} (via ggpht.com GoogleImageProxy)");
    for (agent, reason) in [
        (GMAIL, Reason::Prefetch),
        (reader.as_str(), Reason::MailProxy),
        ("Mozilla/5.0", Reason::AppleMailPrivacy),
    ] {
        let verdict = classify(Kind::Open, agent, Some(60));
        assert_eq!(verdict, (Machine::Suspected, vec![reason]), "{agent}");
    }
}

#[test]
fn prefetching_is_certain() {
    let person = lines(PEOPLE).next();
    for (name, value, expected) in [
        ("purpose", "prefetch", Machine::Certain),
        ("sec-purpose", "prefetch;prerender", Machine::Certain),
        (
            "sec-purpose",
            "Prefetch;anonymous-client-ip",
            Machine::Certain,
        ),
        ("x-moz", "prefetch", Machine::Certain),
        ("x-purpose", "preview", Machine::Certain),
        ("x-purpose", "", Machine::None),
        ("sec-fetch-dest", "prefetch", Machine::None),
    ] {
        let headers = HeaderMap::from_iter([
            (
                HeaderName::from_static("purpose"),
                HeaderValue::from_static("x"),
            ),
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            ),
        ]);
        let (machine, reasons) = Machines::new(5, 5).classify(Kind::Open, &headers, person, None);
        assert_eq!(machine, expected, "{name}: {value}");
        assert_eq!(
            reasons.is_empty(),
            machine == Machine::None,
            "{name}: {value}"
        );
    }
}

#[test]
fn all_reasons_are_told_and_the_surest_counts() {
    let (machine, reasons) = classify(Kind::Click, "curl/8.5.0", Some(1));
    assert_eq!(machine, Machine::Certain);
    assert_eq!(reasons, [Reason::Early, Reason::Scanner]);
}

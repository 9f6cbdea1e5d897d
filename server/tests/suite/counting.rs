//! Whose clicks and opens count: by people, through mail proxies, or all.

use crate::database::Backend;
use crate::stored::{Event, HOUR, Stored, click, open};

fn by(reasons: &'static str, event: Event) -> Event {
    Event {
        machine: "suspected",
        reasons,
        ..event
    }
}

async fn newsletter(backend: &Backend) -> Stored {
    let stored = Stored::start(backend).await;
    let t = stored.now() - 3 * HOUR;
    stored.rewritten("news", 10, t).await;
    let repeated = Event {
        count: 50,
        ..by("repeated", click("news", "r6", 0, "red", t))
    };
    stored
        .insert(&[
            open("news", "r1", t),
            by("mail_proxy", open("news", "r2", t)),
            by("apple_mail_privacy", open("news", "r3", t)),
            by("early,apple_mail_privacy", open("news", "r3", t)),
            by("prefetch", open("news", "r4", t)),
            by("early,mail_proxy", open("news", "r5", t)),
            click("news", "r1", 0, "red", t),
            by("mail_proxy", click("news", "r2", 0, "red", t)),
            repeated,
        ])
        .await;
    stored.settle().await;
    stored
}

/// The query, opens and clicks that count, and who made them.
const WAYS: [(&str, [i64; 4]); 6] = [
    ("", [2, 2, 1, 1]),
    ("counting=people_and_mail_proxies", [2, 2, 1, 1]),
    ("counting=people", [1, 1, 1, 1]),
    ("counting=all", [6, 5, 52, 3]),
    // As older clients ask.
    ("machines=exclude", [1, 1, 1, 1]),
    ("machines=include", [6, 5, 52, 3]),
];

#[tokio::test]
async fn three_ways_to_count_agree_in_all_reports() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for (query, expected) in WAYS {
            let context = format!("{backend:?} {query}");
            let [opens, unique_opens, clicks, unique_clicks] = expected;
            for path in ["stats?", "stats?message=news&"] {
                let stats = stored.json(&format!("{path}{query}")).await;
                let counted = [
                    &stats["opens"]["total"],
                    &stats["opens"]["unique"],
                    &stats["clicks"]["total"],
                    &stats["clicks"]["unique"],
                ];
                assert_eq!(counted, expected.each_ref(), "{context} {stats}");
                // Shown apart, whatever counts.
                let proxied = &stats["proxied_opens"];
                assert_eq!(proxied["mail_proxies"]["total"], 1, "{context}");
                assert_eq!(proxied["apple_mail_privacy"]["total"], 2, "{context}");
                assert_eq!(proxied["apple_mail_privacy"]["unique"], 1, "{context}");
                assert_eq!(stats["by_machine"]["suspected"]["clicks"], 51, "{context}");
            }
            let series = stored.json(&format!("series?{query}")).await;
            let buckets = series["buckets"].as_array().unwrap();
            let sum =
                |field: &str| -> i64 { buckets.iter().map(|b| b[field].as_i64().unwrap()).sum() };
            assert_eq!((sum("opens"), sum("clicks")), (opens, clicks), "{context}");
            let messages = stored.json(&format!("messages?{query}")).await;
            let row = &messages["messages"][0];
            let counted = ["opens", "unique_opens", "clicks", "unique_clicks"].map(|it| &row[it]);
            assert_eq!(counted, expected.each_ref(), "{context} {row}");
            assert_eq!(row["open_rate"], unique_opens as f64 / 10.0, "{context}");
            for list in ["links", "names"] {
                let answer = stored.json(&format!("{list}?{query}")).await;
                let first = &answer[list][0];
                assert_eq!(first["clicks"], clicks, "{context} {answer}");
                assert_eq!(first["unique_clicks"], unique_clicks, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn two_ways_at_once_and_unknown_ways_are_refused() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for (query, expected) in [
            (
                "counting=all&machines=include",
                "got counting and machines, expected counting alone",
            ),
            (
                "counting=some",
                "expected one of `people`, `people_and_mail_proxies`, `all`",
            ),
        ] {
            let path = format!("/domains/example.com/stats?{query}");
            let answer = stored.server.api("GET", &path).send().await.unwrap();
            assert_eq!(answer.status(), 422, "{backend:?} {query}");
            let text = answer.text().await.unwrap();
            assert!(text.contains(expected), "{backend:?} {text}");
        }
    }
}

#[tokio::test]
async fn pages_count_as_they_are_told_and_say_what_proxies_loaded() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for (query, opens, proxies, apple) in [
            ("", 2, "1 unique, counted.", "1 unique, not counted:"),
            (
                "&counting=people",
                1,
                "1 unique, not counted.",
                "1 unique, not counted:",
            ),
            (
                "&counting=all",
                6,
                "1 unique, counted.",
                "1 unique, counted:",
            ),
            (
                "&machines=include",
                6,
                "1 unique, counted.",
                "1 unique, counted:",
            ),
        ] {
            for path in ["?range=7d", "/message?id=news"] {
                let page = stored
                    .page(&format!("/domains/example.com{path}{query}"))
                    .await;
                let context = format!("{backend:?} {path} {query} {page}");
                let card = format!("<dt>Opens</dt><dd>{opens}</dd>");
                assert!(page.contains(&card), "{context}");
                assert!(page.contains(proxies) && page.contains(apple), "{context}");
            }
        }
        let page = stored.page("/domains/example.com/recipient?id=r6").await;
        assert!(page.contains("× 50"), "{backend:?} {page}");
    }
}

/// The address of an export as a page links to it.
fn export(page: &str, name: &str) -> String {
    let (before, _) = page.split_once(&format!("\">{name}</a>")).unwrap();
    let (_, address) = before.rsplit_once("href=\"").unwrap();
    address.replace("&amp;", "&")
}

#[tokio::test]
async fn the_export_of_a_page_holds_what_the_page_shows() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        let now = stored.now();
        stored
            .insert(&[
                open("other", "r1", now - 2 * HOUR),
                open("", "r1", now - 2 * HOUR),
                click("news", "r7", 0, "red", now - 48 * HOUR),
            ])
            .await;
        stored.rewritten("other", 1, now - 2 * HOUR).await;
        stored.settle().await;
        for (page, events) in [
            ("message?id=news", 4),
            ("message?id=news&range=24h", 3),
            ("message?id=news&counting=people", 3),
            ("message?id=news&counting=all", 10),
            ("message?id=", 1),
            ("recipient?id=r1", 4),
            ("recipient?id=r2", 2),
            ("live", 12),
            ("settings", 12),
        ] {
            let text = stored.page(&format!("/domains/example.com/{page}")).await;
            for (name, head) in [("CSV", 1), ("NDJSON", 0)] {
                let file = stored.page(&export(&text, name)).await;
                let found = file.lines().count() - head;
                assert_eq!(found, events, "{backend:?} {page} {name} {file}");
            }
        }
        let people = stored.page("/domains/example.com/events.csv").await;
        assert_eq!(people.lines().count(), 13, "without a query all: {people}");
        let header = people.lines().next().unwrap();
        assert!(header.ends_with(",reasons,count,level"), "{header}");
        assert!(people.contains(",suspected,repeated,50"), "{people}");
        let api = stored
            .json("events?counting=people&from=0&limit=1000")
            .await;
        assert_eq!(api["events"].as_array().unwrap().len(), 5, "{backend:?}");
    }
}

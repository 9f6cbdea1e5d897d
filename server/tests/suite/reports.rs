use crate::database::Backend;
use crate::stored::{Event, HOUR, Stored, click, open};

async fn newsletter(backend: &Backend) -> Stored {
    let stored = Stored::start(backend).await;
    let t = stored.now() - 3 * HOUR;
    stored.rewritten("news", 10, t).await;
    let robot = Event {
        machine: "certain",
        reasons: "scanner,early",
        ..click("news", "r9", 0, "red", t)
    };
    stored
        .insert(&[
            open("news", "r1", t + 1),
            open("news", "r1", t + HOUR),
            open("news", "", t + 2),
            click("news", "r1", 0, "red", t + 3),
            click("news", "r1", 0, "red", t + 4),
            click("news", "r2", 1, "blue", t + HOUR),
            click("news", "r3", 1, "blue", t + HOUR),
            robot,
            Event {
                domain: "other.example",
                ..click("news", "r4", 0, "red", t)
            },
        ])
        .await;
    stored.settle().await;
    stored
}

#[tokio::test]
async fn figures_count_people_once_and_machines_only_when_asked() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for path in ["stats", "stats?message=news"] {
            let stats = stored.json(path).await;
            assert_eq!(stats["mails"], 10, "{backend:?} {stats}");
            assert_eq!(stats["clicks"]["total"], 4, "{backend:?} {stats}");
            assert_eq!(stats["clicks"]["unique"], 3);
            assert_eq!(stats["clicks"]["rate"], 0.3);
            assert_eq!(stats["opens"]["total"], 3);
            assert_eq!(stats["opens"]["unique"], 1);
            assert_eq!(stats["opens"]["anonymous"], 1);
            assert_eq!(stats["by_machine"]["certain"]["clicks"], 1);
        }
        let all = stored.json("stats?machines=include").await;
        assert_eq!(all["clicks"]["total"], 5, "{backend:?} {all}");
        assert_eq!(all["clicks"]["unique"], 4);
        let none = stored.json("stats?message=none").await;
        assert_eq!(none["clicks"]["rate"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn series_links_names_and_messages_agree_with_the_figures() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        let series = stored.json("series").await;
        let buckets = series["buckets"].as_array().unwrap();
        let sum = |field: &str| -> i64 { buckets.iter().map(|b| b[field].as_i64().unwrap()).sum() };
        assert_eq!(
            (sum("clicks"), sum("opens")),
            (4, 3),
            "{backend:?} {series}"
        );
        assert!(buckets.len() <= 63, "{backend:?} {}", buckets.len());

        for path in ["links", "links?message=news"] {
            let links = stored.json(path).await;
            let links = links["links"].as_array().unwrap();
            assert_eq!(links.len(), 2, "{backend:?} {links:?}");
            assert_eq!(links[0]["clicks"], 2);
        }
        let first = stored.json("links?message=news&limit=1").await;
        let next = first["next"].as_str().unwrap();
        let second = stored
            .json(&format!("links?message=news&limit=1&after={next}"))
            .await;
        assert_ne!(first["links"][0]["name"], second["links"][0]["name"]);

        let names = stored.json("names?message=news").await;
        assert_eq!(names["names"][0]["name"], "blue", "{backend:?} {names}");
        assert_eq!(names["names"][0]["unique_clicks"], 2);
        assert_eq!(names["names"][0]["rate"], 0.2);
        let comparison = &names["comparison"];
        assert_eq!(
            (&comparison["test"], &comparison["p"]),
            (&"sign".into(), &1.0.into())
        );

        let messages = stored.json("messages").await;
        assert_eq!(
            messages["messages"][0]["unique_clicks"], 3,
            "{backend:?} {messages}"
        );
        assert_eq!(messages["messages"][0]["click_rate"], 0.3);
    }
}

#[tokio::test]
async fn names_in_two_messages_are_compared_as_proportions() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let t = stored.now() - HOUR;
        stored.rewritten("a", 100, t).await;
        stored.rewritten("b", 100, t).await;
        stored
            .insert(&[
                click("a", "r1", 0, "red", t),
                click("a", "r2", 0, "red", t),
                click("b", "r3", 0, "blue", t),
            ])
            .await;
        let names = stored.json("names").await;
        assert_eq!(names["comparison"]["test"], "fisher", "{backend:?} {names}");
        assert_eq!(names["comparison"]["leader"], "red");
    }
}

#[tokio::test]
async fn pages_of_events_miss_nothing_and_repeat_nothing_while_more_come() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let t = stored.now();
        stored.insert(&vec![click("m", "r", 0, "n", t); 5]).await;
        stored.settle().await;
        let mut seen = Vec::new();
        let mut after = "0".to_owned();
        for round in 0..6 {
            let page = stored.json(&format!("events?limit=2&after={after}")).await;
            for event in page["events"].as_array().unwrap() {
                seen.push(event["seq"].as_i64().unwrap());
            }
            after = page["cursor"].as_str().unwrap().to_owned();
            if round < 2 {
                stored.insert(&vec![open("m", "r", t); 2]).await;
                stored.settle().await;
            }
        }
        assert_eq!(seen, (1..=9).collect::<Vec<i64>>(), "{backend:?}");
        let end = stored.json(&format!("events?after={after}")).await;
        assert_eq!(
            (&end["next"], end["cursor"].as_str()),
            (&serde_json::Value::Null, Some("9"))
        );
    }
}

#[tokio::test]
async fn a_page_ends_and_the_next_ones_find_the_rest() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored
            .insert(&[open("a", "r1", 1), open("b", "r1", 2), open("b", "r1", 3)])
            .await;
        stored
            .tables
            .execute("UPDATE events SET seq = seq + 250000 WHERE at > 1")
            .await;
        stored.settle().await;
        let mut found = Vec::new();
        for settled in [true, false] {
            let (mut after, mut pages) = ("0".to_owned(), 0);
            loop {
                let path = format!("events?message=b&settled={settled}&after={after}");
                let page = stored.json(&path).await;
                let seqs = page["events"].as_array().unwrap().iter();
                found.extend(seqs.map(|event| event["seq"].as_i64().unwrap()));
                pages += 1;
                match page["next"].as_str() {
                    Some(next) => next.clone_into(&mut after),
                    None => break assert_eq!(page["cursor"], "250003"),
                }
            }
            assert_eq!(pages, 3, "settled: {settled}");
        }
        assert_eq!(found, [250_002, 250_003, 250_002, 250_003]);
        let first = stored.json("events").await;
        assert_eq!(first["events"].as_array().unwrap().len(), 1, "no filter");
        assert_eq!(first["next"], "100000");
    }
}

#[tokio::test]
async fn events_are_filtered() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for (query, count) in [
            ("", 8),
            ("kind=open", 3),
            ("recipient=r1", 4),
            ("machine=certain", 1),
            ("message=news&kind=click&limit=2", 2),
            ("message=other", 0),
        ] {
            let page = stored.json(&format!("events?{query}")).await;
            assert_eq!(
                page["events"].as_array().unwrap().len(),
                count,
                "{backend:?} {query}"
            );
        }
        let page = stored.json("events?machine=certain").await;
        assert_eq!(
            page["events"][0]["reasons"],
            serde_json::json!(["scanner", "early"])
        );
    }
}

#[tokio::test]
async fn a_timeline_goes_back_page_by_page() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        let mut times = Vec::new();
        let mut path = "timeline?recipient=r1&limit=3".to_owned();
        loop {
            let page = stored.json(&path).await;
            for event in page["events"].as_array().unwrap() {
                times.push(event["at"].as_i64().unwrap());
            }
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("timeline?recipient=r1&limit=3&after={next}");
        }
        assert_eq!(times.len(), 4, "{backend:?}");
        assert!(times.is_sorted_by(|a, b| a >= b), "{backend:?} {times:?}");
    }
}

#[tokio::test]
async fn nonsense_and_other_domains_are_refused() {
    for backend in Backend::all() {
        let stored = newsletter(&backend).await;
        for (path, status) in [
            ("/domains/example.com/events?limit=0", 422),
            ("/domains/example.com/events?limit=1001", 422),
            ("/domains/example.com/events?after=x", 422),
            ("/domains/example.com/messages?after=x", 422),
            ("/domains/example.com/stats?machines=maybe", 422),
            ("/domains/example.com/stats?from=5&to=5", 422),
            ("/domains/unknown.example/stats", 404),
        ] {
            let answer = stored.server.api("GET", path).send().await.unwrap();
            assert_eq!(answer.status(), status, "{backend:?} {path}");
        }
        let secret = "a token for one domain only, of tests";
        let confined = stored.confined(secret, "other.example").await;
        for (path, status) in [
            ("other.example/stats", 200),
            ("example.com/stats", 404),
            ("example.com/events.csv", 404),
        ] {
            let url = stored.server.url(&format!("/api/v1/domains/{path}"));
            let answer = stored
                .server
                .client
                .get(url)
                .bearer_auth(secret)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), status, "{backend:?} {path}");
        }
        for page in [
            "",
            "/message?id=news",
            "/recipient?id=r1",
            "/live",
            "/live/events",
            "/events.csv",
            "/click-map?message=news",
        ] {
            let path = format!("/domains/example.com{page}");
            assert_eq!(
                confined.get(&path).await.status(),
                404,
                "{backend:?} {path}"
            );
            assert_eq!(
                stored.server.get(&path).await.status(),
                303,
                "{backend:?} {path}"
            );
        }
    }
}

use crate::database::Backend;
use crate::stored::{Event, Stored, click, open};

#[tokio::test]
async fn csv_has_every_event_and_no_formula() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let hostile = Event {
            user_agent: "=HYPERLINK(\"http://evil.example\")",
            ..click("m,\"x\"", "+1", 0, "@SUM(A1)", 1000)
        };
        stored.insert(&[hostile, open("m", "r", 2000)]).await;
        stored.settle().await;
        let text = stored.page("/domains/example.com/events.csv").await;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let headers = reader.headers().unwrap().clone();
        let cell = |row: usize, name: &str| {
            let column = headers.iter().position(|header| header == name).unwrap();
            rows[row].get(column).unwrap().to_owned()
        };
        assert_eq!(rows.len(), 2, "{backend:?} {text}");
        assert_eq!(cell(0, "message"), "m,\"x\"");
        assert_eq!(cell(0, "recipient"), "'+1");
        assert_eq!(cell(0, "name"), "'@SUM(A1)");
        assert_eq!(
            cell(0, "user_agent"),
            "'=HYPERLINK(\"http://evil.example\")"
        );
        assert_eq!(cell(0, "time"), "1970-01-01T00:00:01.000Z");
        assert_eq!(cell(1, "kind"), "open");
    }
}

#[tokio::test]
async fn ndjson_goes_on_over_many_pages_in_order() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored
            .insert(&vec![click("=m", "r", 0, "n", 1000); 1203])
            .await;
        stored.settle().await;
        let answer = stored
            .server
            .api("GET", "/domains/example.com/events.ndjson?kind=click")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        let text = answer.text().await.unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let seqs: Vec<_> = lines
            .iter()
            .map(|line| line["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(seqs, (1..=1203).collect::<Vec<i64>>(), "{backend:?}");
        assert_eq!(lines[0]["message"], "=m", "values are as they are");
    }
}

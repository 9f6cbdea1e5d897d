//! What reports and exports say of anonymous events, and of one recipient.

use serde_json::json;

use crate::database::Backend;
use crate::sender::asked;
use crate::stored::{Stored, click, open};

#[tokio::test]
async fn reports_say_how_much_of_a_figure_is_anonymous() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let at = stored.now() - 1000;
        let events = [
            click("m", "r1", 0, "a", at),
            click("m", "", 0, "a", at),
            click("m", "", 0, "a", at),
            open("m", "", at),
            open("m", "r2", at),
        ];
        stored.insert(&events).await;
        stored.rewritten("m", 10, at).await;
        let stats = stored.json("stats").await;
        let clicks = &stats["clicks"];
        let counted = [&clicks["total"], &clicks["unique"], &clicks["anonymous"]];
        assert_eq!(counted, [3, 1, 2], "{backend:?} {stats}");
        let links = stored.json("links").await;
        let link = &links["links"][0];
        let counted = [
            &link["clicks"],
            &link["unique_clicks"],
            &link["anonymous_clicks"],
        ];
        assert_eq!(counted, [3, 1, 2], "{backend:?} {links}");
        let messages = stored.json("messages").await;
        let message = &messages["messages"][0];
        for (name, expected) in [
            ("clicks", 3),
            ("unique_clicks", 1),
            ("anonymous_clicks", 2),
            ("opens", 2),
            ("unique_opens", 1),
            ("anonymous_opens", 1),
        ] {
            assert_eq!(message[name], expected, "{backend:?} {name} {messages}");
        }
        let series = stored.json("series").await;
        let buckets = series["buckets"].as_array().unwrap();
        let sum = |name: &str| -> i64 {
            buckets
                .iter()
                .map(|each| each[name].as_i64().unwrap())
                .sum()
        };
        let sums = [
            sum("clicks"),
            sum("anonymous_clicks"),
            sum("anonymous_opens"),
        ];
        assert_eq!(sums, [3, 2, 1], "{backend:?} {series}");
        let page = stored.page("/domains/example.com").await;
        assert!(page.contains("3 events without a recipient"), "{page}");
    }
}

#[tokio::test]
async fn an_export_holds_all_of_one_recipient_and_nothing_of_others() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let mut events = vec![click("m", "r/1", 0, "a", 1000); 1203];
        events.extend([
            open("m", "r/1", 3000),
            click("m", "r/2", 0, "a", 2000),
            click("m", "", 0, "a", 2000),
        ]);
        stored.insert(&events).await;
        let path = "/domains/example.com/recipients/r%2F1";
        let levels = json!({ "click_tracking": "anonymous" });
        asked(
            &stored.server,
            "PUT",
            &format!("{path}/tracking"),
            &levels,
            200,
        )
        .await;
        let export = asked(
            &stored.server,
            "GET",
            &format!("{path}/export"),
            &json!({}),
            200,
        )
        .await;
        assert_eq!(export["domain"], "example.com");
        assert_eq!(export["recipient"], "r/1");
        assert_eq!(export["tracking"]["click_tracking"], "anonymous");
        assert_eq!(export["tracking"]["open_tracking"], "identified");
        assert!(export["exported_at"].as_i64().unwrap() > 0);
        let exported = export["events"].as_array().unwrap();
        assert_eq!(exported.len(), 1204, "{backend:?}");
        assert!(exported.iter().all(|event| event["recipient"] == "r/1"));
        assert_eq!(
            (&exported[0]["kind"], &exported[0]["level"]),
            (&json!("open"), &json!("identified"))
        );
        let nobody = "/domains/example.com/recipients/nobody/export";
        let export = asked(&stored.server, "GET", nobody, &json!({}), 200).await;
        assert_eq!(
            (&export["tracking"], &export["events"]),
            (&json!(null), &json!([]))
        );
    }
}

#[tokio::test]
async fn only_who_sees_the_domain_gets_an_export() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let secret = "a token of another domain, long enough";
        stored.tables.add_token(secret, "other.example").await;
        for (path, method) in [("export", "GET"), ("tracking", "GET"), ("tracking", "PUT")] {
            let path = format!("/api/v1/domains/example.com/recipients/r/{path}");
            let request = stored
                .server
                .client
                .request(method.parse().unwrap(), stored.server.url(&path));
            let answer = request
                .bearer_auth(secret)
                .json(&json!({}))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 404, "{backend:?} {method} {path}");
        }
    }
}

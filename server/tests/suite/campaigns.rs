use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::database::Backend;
use crate::sender::{NEWSLETTER, asked, campaign, eventually, ready, rendered, rewrite};
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

#[tokio::test]
async fn a_rendered_campaign_is_the_rewritten_mail_byte_for_byte() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        for html in [NEWSLETTER, "\0<a href=https://a.example/>\0</a>", ""] {
            let created = campaign(&server, "m1", html).await;
            let recipients = json!([
                "r1",
                "",
                { "recipient": "r2", "click_tracking": false },
                { "recipient": "r3", "open_tracking": false },
                { "recipient": "r4", "list_unsubscribe": "<https://shop.northwind.example/unsubscribe?u=42&list=news>" },
            ]);
            let order = json!({ "recipients": recipients, "sent_at": 1_790_000_000 });
            let lines = rendered(&server, created["id"].as_str().unwrap(), &order).await;
            assert_eq!(lines.len(), 5);
            for (line, recipient) in lines.iter().zip(recipients.as_array().unwrap()) {
                let mut mail = match recipient {
                    Value::String(id) => json!({ "recipient": id }),
                    object => object.clone(),
                };
                for (name, value) in [("domain", "example.com"), ("message", "m1"), ("html", html)]
                {
                    mail[name] = value.into();
                }
                mail["sent_at"] = 1_790_000_000.into();
                assert_eq!(line["recipient"], mail["recipient"]);
                assert_eq!(
                    line["html"],
                    rewrite(&server, &mail).await["html"],
                    "{recipient}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_campaign_says_what_it_is_and_keeps_its_mail() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let created = campaign(&server, "m1", NEWSLETTER).await;
        let path = format!("/campaigns/{}", created["id"].as_str().unwrap());
        let shown = asked(&server, "GET", &path, &Value::Null, 200).await;
        assert_eq!(shown, created);
        assert_eq!(
            (&shown["domain"], &shown["message"]),
            (&json!("example.com"), &json!("m1"))
        );
        assert_eq!(shown["report"]["links"].as_array().unwrap().len(), 36);
        let tables = Tables::of(&server).await;
        assert_eq!(
            tables.messages().await,
            [("m1".to_owned(), Some(NEWSLETTER.to_owned()))]
        );
        let new = json!({ "domain": "example.com", "message": "", "html": "" });
        let answer = asked(&server, "POST", "/campaigns", &new, 422).await;
        assert_eq!(
            answer["error"]["message"],
            "message is empty, expected an id"
        );
        for id in ["none", "%00", "0197f2f0-0000-7000-8000-000000000000"] {
            let path = format!("/campaigns/{id}");
            let answer = asked(&server, "GET", &path, &Value::Null, 404).await;
            assert_eq!(
                answer["error"]["message"], "there is no such campaign",
                "{id}"
            );
        }
    }
}

#[tokio::test]
async fn a_recipient_that_can_not_be_used_leaves_the_others_theirs() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let created = campaign(&server, "m1", "<a href='https://a.example/'>x</a>").await;
        let long = "r".repeat(1025);
        let cases = [
            (json!("r1"), None),
            (
                json!(7),
                Some("recipient is neither an id nor an object, expected one of them"),
            ),
            (
                json!(long),
                Some("recipient is 1025 bytes, expected at most 1024"),
            ),
            (
                json!("a\0"),
                Some("recipient has a NUL character at byte 1, expected none"),
            ),
            (json!({}), Some("missing field `recipient`")),
            (
                json!({ "recipient": "r", "html": "" }),
                Some(
                    "unknown field `html`, expected one of `recipient`, \
                `list_unsubscribe`, `click_tracking`, `open_tracking`",
                ),
            ),
            (json!("r2"), None),
        ];
        let recipients: Vec<_> = cases.iter().map(|(recipient, _)| recipient).collect();
        let id = created["id"].as_str().unwrap();
        let lines = rendered(&server, id, &json!({ "recipients": recipients })).await;
        assert_eq!(lines.len(), cases.len());
        for (line, (recipient, error)) in lines.iter().zip(&cases) {
            assert_eq!(line["recipient"], *recipient);
            assert_eq!(
                line.get("error").and_then(Value::as_str),
                *error,
                "{recipient}"
            );
            assert_eq!(line.get("html").is_some(), error.is_none(), "{recipient}");
        }
        assert!(
            rendered(&server, id, &json!({ "recipients": [] }))
                .await
                .is_empty()
        );
        let many = json!({ "recipients": vec!["r"; 10_001] });
        let path = format!("/campaigns/{id}/render");
        let answer = asked(&server, "POST", &path, &many, 422).await;
        let said = answer["error"]["message"].as_str().unwrap();
        let expected =
            "recipients: more than 10000 recipients, send the rest in requests of their own";
        assert!(said.starts_with(expected), "{said}");
    }
}

#[tokio::test]
async fn many_recipients_come_in_order_and_one_who_goes_away_stops_the_work() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let created = campaign(&server, "m1", NEWSLETTER).await;
        let id = created["id"].as_str().unwrap();
        let recipients: Vec<_> = (0..300).map(|number| format!("r{number}")).collect();
        let lines = rendered(&server, id, &json!({ "recipients": recipients })).await;
        let got: Vec<_> = lines
            .iter()
            .map(|line| line["recipient"].as_str().unwrap())
            .collect();
        assert_eq!(got, recipients);
        let path = format!("/campaigns/{id}/render");
        // 500 MB, were it all made.
        let order = json!({ "recipients": vec!["r"; 10_000] });
        let response = server.api("POST", &path).json(&order).send().await.unwrap();
        let mut body = response.bytes_stream();
        let first = body.next().await.unwrap().unwrap();
        assert!(first.starts_with(b"{\"recipient\":\"r\",\"html\":\"<!DOCTYPE html>"));
        drop(body);
        let before = std::time::Instant::now();
        assert_eq!(server.get("/static/style.css").await.status(), 200);
        assert!(before.elapsed().as_secs() < 5);
    }
}

#[tokio::test]
async fn every_server_behind_a_database_renders_with_the_newest_key() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let folder = tempfile::tempdir().unwrap();
        let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
        let other = Server::start_on(folder, server.database_url.clone(), &settings).await;
        let created = campaign(&server, "m1", NEWSLETTER).await;
        let id = created["id"].as_str().unwrap();
        let order = json!({ "recipients": ["r1"], "sent_at": 1_790_000_000 });
        let before = rendered(&server, id, &order).await;
        assert_eq!(before, rendered(&other, id, &order).await);
        Tables::of(&server)
            .await
            .add_key("example.com", [3; 32])
            .await;
        for server in [&server, &other] {
            eventually("the new key signs", async || {
                (rendered(server, id, &order).await != before).then_some(())
            })
            .await;
        }
        assert_eq!(
            rendered(&server, id, &order).await,
            rendered(&other, id, &order).await
        );
    }
}

#[tokio::test]
async fn a_campaign_of_another_domain_is_not_there() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let created = campaign(&server, "m1", "<p>").await;
        let tables = Tables::of(&server).await;
        tables.add_domain("other.example").await;
        tables
            .add_token("a token of other.example alone", "other.example")
            .await;
        let id = created["id"].as_str().unwrap();
        for (method, path) in [("GET", String::new()), ("POST", "/render".to_owned())] {
            let url = server.url(&format!("/api/v1/campaigns/{id}{path}"));
            let response = server
                .client
                .request(method.parse().unwrap(), url)
                .bearer_auth("a token of other.example alone")
                .json(&json!({ "recipients": ["r1"] }))
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 404, "{method}");
            let answer: Value = response.json().await.unwrap();
            assert_eq!(answer["error"]["message"], "there is no such campaign");
        }
        let new = json!({ "domain": "example.com", "message": "m", "html": "" });
        let url = server.url("/api/v1/campaigns");
        let request = server
            .client
            .post(url)
            .bearer_auth("a token of other.example alone");
        assert_eq!(request.json(&new).send().await.unwrap().status(), 404);
    }
}

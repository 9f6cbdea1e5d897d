use serde_json::{Value, json};

use crate::database::Backend;
use crate::sender::{NEWSLETTER, asked, eventually, ready, rewrite};
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

#[tokio::test]
async fn a_rewritten_mail_comes_with_the_whole_report() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let html = r#"<a data-track-name="shop" href="https://Shop.example/?a=1&amp;b=2">Shop</a><a href="{{ url }}">x</a>"#;
        let mail = json!({ "domain": "example.com", "message": "m1", "recipient": "r1", "sent_at": 1_790_000_000, "html": html });
        let answer = rewrite(&server, &mail).await;
        let out = answer["html"].as_str().unwrap();
        let start = format!(r#"<a href="https://{DEFAULT_HOST}/c/"#);
        assert!(out.starts_with(&start), "{out}");
        assert!(out.contains(r#"<a href="{{ url }}">x</a>"#), "{out}");
        assert!(out.contains(&format!("https://{DEFAULT_HOST}/o/")), "{out}");
        let expected = json!({
            "tracked": 1, "skipped": 1, "untouched": null, "pixel": "end",
            "click_tracking": "identified", "open_tracking": "identified", "input_bytes": html.len(), "output_bytes": out.len(), "gmail_clips": false,
            "links": [
                { "element": "a", "context": "html", "position": 0, "name": "shop",
                  "original": "https://Shop.example/?a=1&amp;b=2",
                  "destination": "https://shop.example/?a=1&b=2", "outcome": "tracked", "reason": null },
                { "element": "a", "context": "html", "position": null, "name": null, "original": "{{ url }}",
                  "destination": null, "outcome": "skipped", "reason": "merge_tag" },
            ],
        });
        assert_eq!(answer["report"], expected, "{backend:?}");
        assert_eq!(
            rewrite(&server, &mail).await,
            answer,
            "the same mail, the same answer"
        );
    }
}

#[tokio::test]
async fn a_mail_may_turn_tracking_off() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let html = "<a href='https://shop.example/u/42'>Off</a>";
        let with = async |name: &str, value: Value| {
            let mut mail = json!({ "domain": "Example.COM.", "message": "m1", "html": html });
            mail[name] = value;
            rewrite(&server, &mail).await
        };
        let clicks_off = with("click_tracking", false.into()).await;
        assert_eq!(clicks_off["report"]["links"][0]["reason"], "clicks_off");
        assert_eq!(clicks_off["report"]["pixel"], "end");
        let opens_off = with("open_tracking", false.into()).await;
        assert_eq!(opens_off["report"]["pixel"], "off");
        assert_eq!(opens_off["report"]["tracked"], 1);
        let field = "<mailto:u@example.com>, <https://shop.example/u/42>";
        let unsubscribe = with("list_unsubscribe", field.into()).await;
        assert_eq!(unsubscribe["report"]["links"][0]["reason"], "unsubscribe");
    }
}

#[tokio::test]
async fn untracked_mail_goes_out_as_it_was_and_says_why() {
    for backend in Backend::all() {
        let mut server = Server::start(&backend).await;
        let tables = Tables::of(&server).await;
        let cases = [
            ("hostless.example", "validated", "no_tracking_host"),
            ("pending.example", "pending", "domain_pending"),
            ("external.example", "external", "domain_external"),
        ];
        for (domain, status, _) in cases {
            tables.add_domain_that_is(status, domain).await;
        }
        for settings in [&[][..], &[("DEFAULT_HOST", DEFAULT_HOST)]] {
            server.terminate().await;
            server.start_again_with(settings).await;
            for (domain, _, reason) in cases {
                if reason == "no_tracking_host" && !settings.is_empty() {
                    continue;
                }
                let mail = json!({ "domain": domain, "message": "m1", "html": NEWSLETTER });
                let answer = rewrite(&server, &mail).await;
                assert_eq!(answer["html"], NEWSLETTER, "{domain}");
                assert_eq!(
                    answer["report"]["untouched"], reason,
                    "{domain} {settings:?}"
                );
                assert_eq!(answer["report"]["pixel"], "off");
                assert_eq!(answer["report"]["output_bytes"], NEWSLETTER.len());
            }
        }
        assert_eq!(tables.messages().await, [], "nothing was tracked");
    }
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_with_what_was_expected() {
    for backend in Backend::all() {
        let mut server = ready(&backend).await;
        Tables::of(&server).await.add_domain("gone.example").await;
        Tables::of(&server)
            .await
            .execute("UPDATE domains SET removed_at = 2 WHERE name = 'gone.example'")
            .await;
        server.terminate().await;
        server.start_again().await;
        let with = |name: &str, value: Value| {
            let mut mail = json!({ "domain": "example.com", "message": "m1", "html": "<p>" });
            mail[name] = value;
            mail
        };
        let long = "m".repeat(1025);
        let cases = [
            (
                with("domain", "other.example".into()),
                404,
                "there is no such domain",
            ),
            (
                with("domain", "gone.example".into()),
                404,
                "there is no such domain",
            ),
            (
                with("domain", "10.0.0.1".into()),
                404,
                "there is no such domain",
            ),
            (
                with("message", long.clone().into()),
                422,
                "message id is 1025 bytes, expected at most 1024",
            ),
            (
                with("recipient", long.into()),
                422,
                "recipient is 1025 bytes, expected at most 1024",
            ),
            (
                with("recipient", "a\0b".into()),
                422,
                "recipient has a NUL character at byte 1, expected none",
            ),
            (
                with("sent_at", u64::MAX.into()),
                422,
                "sent at is 18446744073709551615 seconds, expected at most 9223372036854775807",
            ),
            (
                with("sent_at", (-1).into()),
                422,
                "sent_at: invalid value: integer `-1`, expected u64",
            ),
            (
                with("html", 7.into()),
                422,
                "html: invalid type: integer `7`, expected a string",
            ),
            (
                with("click_tracking", "no".into()),
                422,
                "click_tracking: invalid value: string \"no\", expected \"off\", \"anonymous\", \"identified\", true or false",
            ),
            (
                with("trackin", false.into()),
                422,
                "unknown field `trackin`, expected one of `domain`, `message`, `recipient`, \
                `sent_at`, `list_unsubscribe`, `click_tracking`, `open_tracking`, `link_parameters`, `html`",
            ),
            (
                json!({ "domain": "example.com" }),
                422,
                "missing field `html`",
            ),
            (
                json!([]),
                422,
                "invalid length 0, expected struct Mail with 9 elements",
            ),
        ];
        for (mail, status, message) in cases {
            let answer = asked(&server, "POST", "/rewrite", &mail, status).await;
            let said = answer["error"]["message"].as_str().unwrap();
            let said = said.split(" at line ").next().unwrap();
            assert_eq!(said, message, "{mail}");
        }
        let broken = server
            .api("POST", "/rewrite")
            .body("{\"domain\":")
            .send()
            .await
            .unwrap();
        assert_eq!(broken.status(), 422);
        let answer: Value = broken.json().await.unwrap();
        assert_eq!(
            answer["error"]["message"],
            "EOF while parsing a value at line 1 column 10"
        );
    }
}

#[tokio::test]
async fn a_wrong_type_is_refused_without_repeating_the_mail() {
    let server = ready(&Backend::Sqlite).await;
    let mail = json!({ "domain": "example.com", "click_tracking": NEWSLETTER, "html": "" });
    let answer = asked(&server, "POST", "/rewrite", &mail, 422).await;
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(
        said.starts_with("click_tracking: invalid value: string"),
        "{said}"
    );
    assert!(said.len() < 500, "{said}");
}

#[tokio::test]
async fn hostile_mail_goes_out_and_a_mail_that_is_too_large_is_refused() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let link = "<a href='https://shop.example/'>x</a>";
        let cases = [
            ("NULs", format!("\0<p\0>\0{link}\0")),
            ("a megabyte", link.repeat(1_000_000 / link.len())),
            ("deep nesting", format!("{}{link}", "<div>".repeat(20_000))),
            ("a swallowed end", format!("{link}<!-- ")),
            (
                "lone text",
                "\u{feff}\r\n\u{2028}\u{fffd}".to_owned() + link,
            ),
        ];
        for (name, html) in cases {
            let mail = json!({ "domain": "example.com", "message": name, "html": html });
            let answer = rewrite(&server, &mail).await;
            let links = html.matches("<a ").count();
            assert_eq!(answer["report"]["tracked"], links, "{name}");
            assert_eq!(answer["report"]["input_bytes"], html.len(), "{name}");
            assert_eq!(
                answer["html"].as_str().unwrap().len(),
                answer["report"]["output_bytes"],
                "{name}"
            );
        }
        let too_deep = "<div>".repeat(200_000) + link;
        let mail = json!({ "domain": "example.com", "html": too_deep });
        let answer = rewrite(&server, &mail).await;
        assert_eq!(answer["report"]["untouched"], "memory_limit");
        assert_eq!(answer["html"], too_deep);
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let response = server
            .api("POST", "/rewrite")
            .body(nested)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 422, "nested JSON");
        let large = "x".repeat(17 * 1024 * 1024);
        let mail = format!(r#"{{"domain":"example.com","html":"{large}"}}"#);
        let request = server.api("POST", "/rewrite").body(mail);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 413);
        let answer: Value = response.json().await.unwrap();
        let error = json!({ "code": "too_large", "message": "body is too large, expected at most 16777216 bytes" });
        assert_eq!(answer["error"], error);
    }
}

#[tokio::test]
async fn a_message_gets_a_row_and_its_mail_only_if_the_domain_keeps_it() {
    for backend in Backend::all() {
        let mut server = ready(&backend).await;
        let tables = Tables::of(&server).await;
        let mail = |message: &str, html: &str| json!({ "domain": "example.com", "message": message, "html": html });
        rewrite(&server, &mail("m1", "<p>first")).await;
        rewrite(&server, &mail("m1", "<p>second")).await;
        rewrite(
            &server,
            &json!({ "domain": "example.com", "html": "<p>anonymous" }),
        )
        .await;
        server.terminate().await;
        assert_eq!(
            tables.messages().await,
            [("m1".to_owned(), None)],
            "stored before the end"
        );
        tables.execute("UPDATE domains SET keep_mail = TRUE").await;
        server.start_again().await;
        rewrite(&server, &mail("m1", "<p>third\0")).await;
        rewrite(&server, &mail("m1", "<p>fourth")).await;
        rewrite(&server, &mail("m2", "<p>other")).await;
        let untracked = json!({ "domain": "example.com", "message": "m3", "html": "<p>", "open_tracking": false });
        rewrite(&server, &untracked).await;
        let anonymous = json!({ "domain": "example.com", "message": "m4", "recipient": "r", "html": "<p>of r",
            "click_tracking": "anonymous" });
        rewrite(&server, &anonymous).await;
        let expected = [
            ("m1".to_owned(), Some("<p>third\u{fffd}".to_owned())),
            ("m2".to_owned(), Some("<p>other".to_owned())),
            ("m4".to_owned(), None),
        ];
        eventually("rows are written", async || {
            (tables.messages().await.len() == 3).then_some(())
        })
        .await;
        server.terminate().await;
        assert_eq!(tables.messages().await, expected, "{backend:?}");
    }
}

#[tokio::test]
async fn a_scoped_token_rewrites_for_its_own_domain_only() {
    for backend in Backend::all() {
        let mut server = ready(&backend).await;
        let tables = Tables::of(&server).await;
        tables.add_domain("other.example").await;
        tables
            .add_token("a token of other.example alone", "other.example")
            .await;
        server.terminate().await;
        server.start_again().await;
        for (domain, status) in [
            ("example.com", 404),
            ("other.example", 200),
            ("none.example", 404),
        ] {
            let mail = json!({ "domain": domain, "html": "<p>" });
            let url = server.url("/api/v1/rewrite");
            let request = server
                .client
                .post(url)
                .bearer_auth("a token of other.example alone");
            assert_eq!(
                request.json(&mail).send().await.unwrap().status(),
                status,
                "{domain}"
            );
        }
        let request = server
            .client
            .post(server.url("/api/v1/rewrite"))
            .json(&json!({}));
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
}

//! Conversions: reported by the click's id, and shown beside the clicks.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::Backend;
use crate::links::{Mail, Scene, header};
use crate::sender::{asked, eventually};
use crate::server::{ADMIN_TOKEN, Server};
use crate::visitor::Visitor;

const DOMAIN: &str = "/domains/example.com";

/// A server whose destinations get the click's id, and a second domain.
async fn scene(backend: &Backend) -> Scene {
    let mut scene = Scene::new(backend, &[]).await;
    scene.tables.add_domain("other.example").await;
    scene.server.terminate().await;
    scene.server.start_again().await;
    let change = json!({ "click_parameters": {
        "hosts": ["shop.example", "b.example"], "click_id": "cid",
    } });
    asked(&scene.server, "PATCH", DOMAIN, &change, 200).await;
    scene
}

/// Clicks, and returns the id that the destination got. It names no user agent, so it is taken for a machine's.
async fn click(server: &Server, path: &str) -> String {
    let answer = server.follow(Method::GET, path).send().await.unwrap();
    let location = header(&answer, "location");
    let (_, id) = location.split_once("cid=").unwrap();
    id.to_owned()
}

fn conversion(id: &str, click_id: &str, more: Value) -> Value {
    let mut report =
        json!({ "domain": "example.com", "id": id, "click_id": click_id, "name": "order" });
    for (name, value) in more.as_object().unwrap() {
        report[name] = value.clone();
    }
    report
}

async fn report(server: &Server, report: &Value, status: u16) -> Value {
    asked(server, "POST", "/conversions", report, status).await
}

async fn get(server: &Server, path: &str) -> Value {
    asked(
        server,
        "GET",
        &format!("{DOMAIN}/{path}"),
        &Value::Null,
        200,
    )
    .await
}

fn euros(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

#[tokio::test]
async fn conversions_stand_beside_the_clicks_in_every_report() {
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        let server = &scene.server;
        let other = Mail::new(&scene.domain, "rcpt-43", &Scene::DESTINATIONS);
        let first = click(server, &scene.mail.clicks[0]).await;
        let second = click(server, &other.clicks[1]).await;
        for (id, click_id, more) in [
            ("o-1", &first, euros("99999999999999.99")),
            ("o-2", &first, euros("0.10")),
            ("o-3", &second, euros("-12.5")),
            (
                "o-4",
                &second,
                json!({ "amount": "500", "currency": "JPY" }),
            ),
            ("s-1", &second, json!({ "name": "sign-up" })),
        ] {
            let made = report(server, &conversion(id, click_id, more), 201).await;
            assert_eq!(made["click"], "logged");
            assert_eq!(made["click_id"], **click_id);
        }
        let orders = json!([
            { "amount": "99999999999987.59", "currency": "EUR" }, { "amount": "500", "currency": "JPY" },
        ]);
        let all = json!({ "total": 5, "amounts": orders, "by_name": [
            { "name": "order", "total": 4, "amounts": orders },
            { "name": "sign-up", "total": 1, "amounts": [] },
        ] });
        for path in [
            "stats",
            "stats?message=newsletter-7",
            "stats?counting=people",
        ] {
            assert_eq!(get(server, path).await["conversions"], all, "{path}");
        }
        let none = json!({ "total": 0, "amounts": [], "by_name": [] });
        for path in ["stats?message=none", "stats?to=1000"] {
            assert_eq!(get(server, path).await["conversions"], none, "{path}");
        }
        let of_first = json!({ "total": 2, "amounts": [{ "amount": "100000000000000.09", "currency": "EUR" }] });
        for path in [
            "links?counting=all",
            "links?counting=all&message=newsletter-7",
        ] {
            let links = get(server, path).await;
            let links = links["links"].as_array().unwrap().clone();
            let to = |destination: &str| {
                let link = links.iter().find(|link| link["destination"] == destination);
                link.unwrap()["conversions"].clone()
            };
            assert_eq!(to(Scene::DESTINATIONS[0]), of_first, "{path}");
            assert_eq!(to(Scene::DESTINATIONS[1])["total"], 3, "{path}");
        }
        // The messages' list has what was rewritten here.
        let rewritten = json!({ "domain": "example.com", "message": "newsletter-7",
            "html": "<a href='https://shop.example/'>1</a>" });
        asked(server, "POST", "/rewrite", &rewritten, 200).await;
        let row = eventually("the message is listed", async || {
            let messages = get(server, "messages").await;
            messages["messages"].get(0).cloned()
        });
        let row = row.await;
        assert_eq!(row["conversions"], json!({ "total": 5, "amounts": orders }));
        let visitor = Visitor::sign_in(server, ADMIN_TOKEN).await;
        for path in [
            "/domains/example.com?counting=all",
            "/domains/example.com/message?id=newsletter-7&counting=all",
        ] {
            let page = visitor.page(path).await;
            for part in [
                "sign-up",
                "99999999999987.59 EUR, 500 JPY",
                "100000000000000.09 EUR",
            ] {
                assert!(page.contains(part), "{path}: {part}: {page}");
            }
        }
    }
}

#[tokio::test]
async fn the_export_of_a_recipient_holds_the_conversions_of_their_clicks() {
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        let server = &scene.server;
        let mail = |recipient| Mail::new(&scene.domain, recipient, &Scene::DESTINATIONS);
        let own = click(server, &mail("rcpt-77").clicks[0]).await;
        let others = click(server, &mail("rcpt-78").clicks[0]).await;
        for (id, click_id) in [("o-1", &own), ("o-2", &others), ("o-3", &own)] {
            report(server, &conversion(id, click_id, euros("1.50")), 201).await;
        }
        let export = get(server, "recipients/rcpt-77/export").await;
        assert_eq!(export["events"][0]["id"], own.as_str(), "{backend:?}");
        let listed = export["conversions"].as_array().unwrap();
        let ids: Vec<_> = listed.iter().map(|one| one["id"].as_str()).collect();
        assert_eq!(ids, [Some("o-1"), Some("o-3")], "{backend:?}");
        assert_eq!(listed[0]["amount"], "1.50");
        let nobody = get(server, "recipients/nobody/export").await;
        assert_eq!(nobody["conversions"], json!([]));
    }
}

#[tokio::test]
async fn files_of_conversions_have_their_clicks_and_nobody_in_them() {
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        let server = &scene.server;
        let id = click(server, &scene.mail.clicks[0]).await;
        let name = json!({ "name": "=1+1" });
        report(server, &conversion("o-1", &id, euros("-5.00")), 201).await;
        report(
            server,
            &conversion("o-2", &Uuid::now_v7().to_string(), name),
            201,
        )
        .await;
        let page = get(server, "conversions?limit=1").await;
        let [one] = &page["conversions"].as_array().unwrap()[..] else {
            panic!("{page}");
        };
        assert_eq!(
            (&one["id"], &one["amount"]),
            (&json!("o-1"), &json!("-5.00"))
        );
        assert_eq!(one["click"]["message"], "newsletter-7");
        assert_eq!(one["click"]["destination"], Scene::DESTINATIONS[0]);
        let next = page["next"].as_str().unwrap();
        let rest = get(server, &format!("conversions?after={next}")).await;
        assert_eq!(rest["conversions"][0]["click"], Value::Null);
        assert_eq!(rest["next"], Value::Null);
        let file = async |extension: &str| {
            let path = format!("{DOMAIN}/conversions.{extension}");
            let answer = server.api("GET", &path).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.text().await.unwrap()
        };
        let lines = file("ndjson").await;
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines[0], *one);
        assert_eq!(lines[1], rest["conversions"][0]);
        let csv = file("csv").await;
        let lines: Vec<_> = csv.lines().collect();
        assert_eq!(lines.len(), 3, "{csv}");
        assert!(
            lines[0].starts_with("seq,id,time,name,amount,currency,click_id,clicked,"),
            "{csv}"
        );
        assert!(
            lines[1].contains(",order,-5.00,EUR,") && lines[1].contains(&id),
            "{csv}"
        );
        assert!(lines[2].contains(",'=1+1,,,"), "{csv}");
        for text in [csv, page.to_string(), rest.to_string()] {
            assert!(
                !text.contains("rcpt-42") && !text.contains("127.0.0"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_report_that_is_sent_again_is_the_same_one() {
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        let server = &scene.server;
        let id = click(server, &scene.mail.clicks[0]).await;
        let first = report(server, &conversion("o-1", &id, euros("12.50")), 201).await;
        // At once, and spelled otherwise.
        let upper = id.to_uppercase();
        let again = conversion("o-1", &upper, euros("12.5"));
        let (one, other) = tokio::join!(report(server, &again, 200), report(server, &again, 200));
        assert_eq!((&one, &other), (&first, &first));
        for more in [
            euros("12.51"),
            json!({ "amount": "12.50", "currency": "USD" }),
            json!({}),
            json!({ "name": "sign-up", "amount": "12.50", "currency": "EUR" }),
        ] {
            let refused = report(server, &conversion("o-1", &id, more), 409).await;
            assert_eq!(
                refused["error"]["message"],
                "conversion `o-1` is there already and says something else, expected the same click, name and amount, \
                 or another id"
            );
        }
        assert_eq!(get(server, "stats").await["conversions"]["total"], 1);
        // Another domain has ids of its own.
        let mut elsewhere = conversion("o-1", &id, json!({}));
        elsewhere["domain"] = "other.example".into();
        report(server, &elsewhere, 201).await;
    }
}

/// A token of one domain neither reports for another nor learns whether that has a click.
#[tokio::test]
async fn a_click_of_another_domain_is_as_unknown_as_none() {
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        let server = &scene.server;
        let id = click(server, &scene.mail.clicks[0]).await;
        scene
            .tables
            .add_token("a token of the other domain", "other.example")
            .await;
        let ask = async |domain: &str, id: &str, click_id: &str| {
            let body = json!({ "domain": domain, "id": id, "click_id": click_id, "name": "order" });
            let url = server.url("/api/v1/conversions");
            let request = server
                .client
                .post(url)
                .bearer_auth("a token of the other domain");
            let answer = request.json(&body).send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap())
        };
        let (status, refused) = ask("example.com", "o-1", &id).await;
        assert_eq!(
            (status, &refused["error"]["code"]),
            (404, &json!("not_found"))
        );
        for (number, click_id) in [id.clone(), Uuid::now_v7().to_string()].iter().enumerate() {
            let (status, made) = ask("other.example", &number.to_string(), click_id).await;
            assert_eq!((status, &made["click"]), (201, &json!("awaited")));
        }
        for domain in ["example.com", "other.example"] {
            let path = format!("/domains/{domain}/stats");
            let stats = asked(server, "GET", &path, &Value::Null, 200).await;
            assert_eq!(stats["conversions"]["total"], 0, "{domain}");
        }
        let open = scene
            .server
            .follow(Method::GET, &scene.mail.open)
            .send()
            .await
            .unwrap();
        assert_eq!(open.status(), 200);
    }
}

/// The event of the click waits in a spool while its conversion is reported, and counts when it comes out.
#[tokio::test]
async fn a_conversion_waits_for_a_click_that_is_in_a_spool() {
    for backend in Backend::all() {
        let mut scene = scene(&backend).await;
        let id = click(&scene.server, &scene.mail.clicks[0]).await;
        let path = format!("{DOMAIN}/events?settled=false");
        let events = asked(&scene.server, "GET", &path, &Value::Null, 200).await;
        let mut event = events["events"][0].clone();
        assert_eq!(event["id"], *id);
        event.as_object_mut().unwrap().remove("seq");
        // As if it had gone to the spool and not to the database.
        scene.tables.execute("DELETE FROM events").await;
        let made = report(&scene.server, &conversion("o-1", &id, euros("1.00")), 201).await;
        assert_eq!(made["click"], "awaited");
        assert_eq!(get(&scene.server, "stats").await["conversions"]["total"], 0);
        scene.server.terminate().await;
        let spool = scene.server.folder.path().join("spool");
        std::fs::create_dir_all(&spool).unwrap();
        let segment = spool.join("0197f2f0-0000-7000-8000-000000000000.ndjson");
        let record = json!({ "event": event });
        std::fs::write(segment, format!("{record}\n")).unwrap();
        scene.server.start_again().await;
        eventually("the click has come out of the spool", async || {
            let stats = get(&scene.server, "stats").await;
            (stats["conversions"]["total"] == 1).then_some(())
        })
        .await;
        let again = report(&scene.server, &conversion("o-1", &id, euros("1.00")), 200).await;
        assert_eq!(again["click"], "logged");
    }
}

#[tokio::test]
async fn conversions_that_can_not_be_used_are_refused_with_what_was_expected() {
    let click_id = Uuid::now_v7().to_string();
    let expected_amount = "expected a decimal number such as `12.50`, of at most 14 digits before the point and 4 behind it";
    let cases = [
        (json!({ "click_id": "12" }), "click_id `12` is not the id of a click, expected one as its destination got it, such as \
            `0197f2f0-0000-7000-8000-000000000000`".to_owned()),
        (json!({ "id": "" }), "id is 0 bytes, expected 1 to 128".to_owned()),
        (json!({ "name": "n".repeat(129) }), "name is 129 bytes, expected 1 to 128".to_owned()),
        (json!({ "name": "a\0b" }), "name has a control character, expected none".to_owned()),
        (euros("1,50"), format!("amount `1,50` can't be used, {expected_amount}")),
        (euros("0.00001"), format!("amount `0.00001` can't be used, {expected_amount}")),
        (json!({ "amount": "1", "currency": "eur" }),
            "currency `eur` can't be used, expected three capital letters such as `EUR` (ISO 4217)".to_owned()),
        (json!({ "amount": "1" }), "there is amount and no currency, expected both of them or none".to_owned()),
        (json!({ "currency": "EUR" }), "there is currency and no amount, expected both of them or none".to_owned()),
        (json!({ "amount": 1.5, "currency": "EUR" }),
            "amount: invalid type: floating point `1.5`, expected a string".to_owned()),
        (json!({ "recipient": "r" }), "unknown field `recipient`".to_owned()),
    ];
    for backend in Backend::all() {
        let scene = scene(&backend).await;
        for (more, words) in &cases {
            let refused = report(
                &scene.server,
                &conversion("o-1", &click_id, more.clone()),
                422,
            )
            .await;
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(words.as_str()), "{message}");
        }
        assert_eq!(
            get(&scene.server, "conversions").await["conversions"],
            json!([])
        );
    }
}

#[tokio::test]
async fn old_conversions_are_deleted_with_their_clicks() {
    for backend in Backend::all() {
        let mut scene = scene(&backend).await;
        let id = click(&scene.server, &scene.mail.clicks[0]).await;
        for number in ["o-1", "o-2"] {
            report(&scene.server, &conversion(number, &id, json!({})), 201).await;
        }
        scene
            .tables
            .execute("UPDATE conversions SET at = 1000 WHERE id = 'o-1'")
            .await;
        scene.server.terminate().await;
        scene
            .server
            .start_again_with(&[("RETENTION_DAYS", "30")])
            .await;
        let left = eventually("the old one is gone", async || {
            let left = get(&scene.server, "conversions").await["conversions"].clone();
            (left.as_array().unwrap().len() < 2).then_some(left)
        });
        assert_eq!(left.await[0]["id"], "o-2");
    }
}

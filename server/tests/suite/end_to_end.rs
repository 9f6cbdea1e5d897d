//! Rewrite, follow every link, and find the events: with nothing but the server's own endpoints and DNS.

use serde_json::{Value, json};

use crate::database::Backend;
use crate::name_server::NameServer;
use crate::sender::{NEWSLETTER, asked, campaign, eventually, rendered, rewrite};
use crate::server::Server;
use crate::tables::{Tables, on};

/// A server whose links lead to itself, with `example.com` validated over DNS.
async fn service(backend: &Backend) -> (Server, NameServer) {
    let names = NameServer::start().await.unwrap();
    let server = Server::start_with(backend, &[]).await;
    let server = with_links_to_itself(server, &names).await;
    let added = asked(
        &server,
        "POST",
        "/domains",
        &json!({ "domain": "example.com" }),
        201,
    )
    .await;
    let record = &added["records"]["ownership"];
    names.set_txt(
        record["name"].as_str().unwrap(),
        record["value"].as_str().unwrap(),
    );
    let validated = asked(
        &server,
        "POST",
        "/domains/example.com/validate",
        &json!({}),
        200,
    )
    .await;
    assert_eq!(validated["status"], "validated");
    (server, names)
}

async fn with_links_to_itself(mut server: Server, names: &NameServer) -> Server {
    let default_host = format!("localhost:{}", server.port);
    let dns_server = names.address().to_string();
    server.terminate().await;
    server
        .start_again_with(&[
            ("DEFAULT_HOST", &default_host),
            ("INSECURE_HTTP", "true"),
            ("DNS_SERVER", &dns_server),
        ])
        .await;
    server
}

/// The tracking URLs of a mail under `/c/` or `/o/`, in order.
fn urls<'a>(html: &'a str, server: &Server, kind: &str) -> Vec<&'a str> {
    let start = format!("http://localhost:{}/{kind}/", server.port);
    html.match_indices(&start)
        .map(|(at, _)| html[at..].split(['"', '\'', ' ', '>']).next().unwrap())
        .collect()
}

/// Asks for a URL of a mail on a server, as a mail client would whose DNS led there.
async fn follow(server: &Server, url: &str) -> reqwest::Response {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let request = server.client.get(server.url(&format!("/{path}")));
    request
        .header("host", host)
        .header("user-agent", "a reader's browser")
        .send()
        .await
        .unwrap()
}

#[derive(Debug, Eq, PartialEq, sqlx::FromRow)]
struct Row {
    kind: String,
    message: String,
    recipient: String,
    position: Option<i64>,
    name: Option<String>,
    destination: Option<String>,
    sent_at_s: Option<i64>,
}

const EVENTS: &str = "SELECT kind, message, recipient, position, name, destination, sent_at_s FROM events \
     WHERE domain = 'example.com' ORDER BY seq";

async fn events(server: &Server) -> Vec<Row> {
    on!(&Tables::of(server).await, pool => sqlx::query_as(EVENTS).fetch_all(pool))
}

#[tokio::test]
async fn every_link_of_a_newsletter_leads_where_the_report_says_and_is_logged_once() {
    for backend in Backend::all() {
        let (server, _names) = service(&backend).await;
        let mail = json!({ "domain": "example.com", "message": "m1", "recipient": "r1",
            "sent_at": 1_790_000_000, "html": NEWSLETTER });
        let answer = rewrite(&server, &mail).await;
        let html = answer["html"].as_str().unwrap();
        let links = answer["report"]["links"].as_array().unwrap();
        let tracked: Vec<_> = links
            .iter()
            .filter(|link| link["outcome"] == "tracked")
            .collect();
        let clicks = urls(html, &server, "c");
        assert!(clicks.len() > 25);
        assert_eq!(clicks.len(), tracked.len());
        let mut expected = Vec::new();
        for (url, link) in clicks.iter().zip(&tracked) {
            let response = follow(&server, url).await;
            assert_eq!(response.status(), 302, "{link}");
            assert_eq!(
                response.headers()["location"],
                link["destination"].as_str().unwrap()
            );
            expected.push(Row {
                kind: "click".to_owned(),
                message: "m1".to_owned(),
                recipient: "r1".to_owned(),
                position: link["position"].as_i64(),
                name: link["name"].as_str().map(str::to_owned),
                destination: link["destination"].as_str().map(str::to_owned),
                sent_at_s: Some(1_790_000_000),
            });
        }
        let opens = urls(html, &server, "o");
        assert_eq!(opens.len(), 1);
        let pixel = follow(&server, opens[0]).await;
        assert_eq!(
            (pixel.status().as_u16(), &pixel.headers()["content-type"]),
            (200, &"image/gif".parse().unwrap())
        );
        expected.push(Row {
            kind: "open".to_owned(),
            message: "m1".to_owned(),
            recipient: "r1".to_owned(),
            position: None,
            name: None,
            destination: None,
            sent_at_s: Some(1_790_000_000),
        });
        let stored = eventually("the open is stored", async || {
            Some(events(&server).await).filter(|events| events.len() >= expected.len())
        });
        assert_eq!(stored.await, expected, "{backend:?}");
    }
}

#[tokio::test]
async fn odd_names_and_ids_come_back_as_they_went_out() {
    for backend in Backend::all() {
        let (server, _names) = service(&backend).await;
        let html = "<a data-track-name='a\0b&#0;\u{1f980}' href='https://\u{e9}.example/\u{e9}?q=\0%'>x</a>";
        let ids = "\u{1f980} \r\n\u{7f}'\";--\u{202e}";
        let mail =
            json!({ "domain": "example.com", "message": ids, "recipient": ids, "html": html });
        let answer = rewrite(&server, &mail).await;
        let url = urls(answer["html"].as_str().unwrap(), &server, "c")[0];
        assert_eq!(follow(&server, url).await.status(), 302);
        let events = events(&server).await;
        assert_eq!(events.len(), 1);
        assert_eq!((&*events[0].message, &*events[0].recipient), (ids, ids));
        let name = events[0].name.as_deref().unwrap();
        assert_eq!(name.replace('\u{fffd}', ""), "ab\u{1f980}", "{backend:?}");
    }
}

#[tokio::test]
async fn mails_are_counted_as_they_go_out() {
    for backend in Backend::all() {
        let (mut server, _names) = service(&backend).await;
        let tables = Tables::of(&server).await;
        for (message, switches) in [
            ("m1", json!({})),
            ("m1", json!({ "open_tracking": false })),
            (
                "m2",
                json!({ "click_tracking": false, "open_tracking": false }),
            ),
        ] {
            let mut mail = switches;
            for (name, value) in [
                ("domain", "example.com"),
                ("message", message),
                ("html", NEWSLETTER),
            ] {
                mail[name] = value.into();
            }
            rewrite(&server, &mail).await;
        }
        let created = campaign(&server, "m3", NEWSLETTER).await;
        let id = created["id"].as_str().unwrap();
        let off = json!({ "recipient": "off", "click_tracking": false, "open_tracking": false });
        let order = json!({ "recipients": ["r1", 7, "r2", off, "r3"] });
        assert_eq!(rendered(&server, id, &order).await.len(), 5);
        abandon(&server, &campaign(&server, "m4", NEWSLETTER).await).await;
        server.terminate().await;
        assert_eq!(tables.rewritten("m1").await, 2);
        assert_eq!(tables.rewritten("m2").await, 0, "nothing in it is tracked");
        assert_eq!(tables.rewritten("m3").await, 3);
        let begun = tables.rewritten("m4").await;
        // What fits into the buffers of two sockets, and no more.
        assert!((1..2000).contains(&begun), "{begun} of 10000");
    }
}

/// Begins to read a rendering of 500 MB, and goes away.
async fn abandon(server: &Server, campaign: &Value) {
    use futures_util::StreamExt as _;
    let path = format!("/campaigns/{}/render", campaign["id"].as_str().unwrap());
    let order = json!({ "recipients": vec!["r"; 10_000] });
    let response = server.api("POST", &path).json(&order).send().await.unwrap();
    let mut body = response.bytes_stream();
    let mut read = 0;
    while read < 1_000_000 {
        read += body.next().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn servers_behind_one_database_are_one_service() {
    for backend in Backend::all() {
        let (first, names) = service(&backend).await;
        let folder = tempfile::tempdir().unwrap();
        let default_host = format!("localhost:{}", first.port);
        let dns_server = names.address().to_string();
        let settings = [
            ("DEFAULT_HOST", &*default_host),
            ("INSECURE_HTTP", "true"),
            ("DNS_SERVER", &*dns_server),
        ];
        let second = Server::start_on(folder, first.database_url.clone(), &settings).await;
        let mail = json!({ "domain": "example.com", "message": "m1", "recipient": "r1",
            "sent_at": 1_790_000_000, "html": "<a href='https://a.example/'>x</a>" });
        let old = rewrite(&first, &mail).await;
        asked(
            &first,
            "POST",
            "/domains/example.com/rotate-key",
            &json!({}),
            200,
        )
        .await;
        let new = rewrite(&first, &mail).await;
        assert_ne!(old["html"], new["html"], "the new key signs");
        for server in [&second, &first] {
            for answer in [&new, &old] {
                let url = urls(answer["html"].as_str().unwrap(), &first, "c")[0];
                let response = follow(server, url).await;
                assert_eq!(
                    response.status(),
                    302,
                    "at once, with no wait for the clock"
                );
                assert_eq!(response.headers()["location"], "https://a.example/");
            }
        }
        eventually("the second server signs with the new key", async || {
            (rewrite(&second, &mail).await["html"] == new["html"]).then_some(())
        })
        .await;
        assert_eq!(events(&first).await.len(), 4);
        let created = campaign(&first, "m2", NEWSLETTER).await;
        let order = json!({ "recipients": ["r1"], "sent_at": 1 });
        let id = created["id"].as_str().unwrap();
        assert_eq!(
            rendered(&first, id, &order).await,
            rendered(&second, id, &order).await
        );
    }
}

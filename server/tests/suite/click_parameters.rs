//! Parameters that the destination of a link gets at the click.

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Backend;
use crate::links::{Mail, Scene, header};
use crate::sender::asked;
use crate::tables::DEFAULT_HOST;

const DOMAIN: &str = "/domains/example.com";
const DESTINATIONS: [&str; 5] = [
    "https://shop.example/?a=1#top",
    "https://a.shop.example/?GCLID=own&cid=signed",
    "https://other.example/",
    "https://shop.example/f?Signature=5e",
    "https://shop.example/f?hmac=5e",
];

async fn scene(backend: &Backend, at_click: Value) -> Scene {
    let mut scene = Scene::new(backend, &[]).await;
    // So that the server knows of the domain.
    scene.server.terminate().await;
    scene.server.start_again().await;
    let change = json!({ "click_parameters": at_click, "link_parameters": {
        "hosts": ["shop.example"], "signing_names": ["hmac"],
    } });
    asked(&scene.server, "PATCH", DOMAIN, &change, 200).await;
    scene.mail = Mail::new(&scene.domain, "rcpt-42", &DESTINATIONS);
    scene
}

fn settings() -> Value {
    json!({ "hosts": ["shop.example", "*.shop.example"], "click_id": "cid", "passed": ["gclid", "utm term"] })
}

async fn location(scene: &Scene, method: Method, link: usize, query: &str) -> String {
    let path = format!("{}{query}", scene.mail.clicks[link]);
    let answer = scene.server.follow(method, &path).send().await.unwrap();
    assert_eq!(answer.status(), 302, "{path}");
    header(&answer, "location").to_owned()
}

async fn last_id(scene: &Scene) -> String {
    let path = format!("{DOMAIN}/events?settled=false");
    let answer = asked(&scene.server, "GET", &path, &Value::Null, 200).await;
    let events = answer["events"].as_array().unwrap();
    events.last().unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_click_takes_its_id_and_what_the_domain_passes_on_along() {
    for backend in Backend::all() {
        let scene = scene(&backend, settings()).await;
        let got = location(
            &scene,
            Method::GET,
            0,
            "?x=1&GCLID=a%26b+c&cid=forged&gclid=2",
        )
        .await;
        let id = last_id(&scene).await;
        assert_eq!(
            got,
            format!("https://shop.example/?a=1&cid={id}&gclid=a%26b%20c#top")
        );
        let got = location(&scene, Method::GET, 0, "?utm+term=%0d%0aX:%20y%ff").await;
        let id = last_id(&scene).await;
        assert_eq!(
            got,
            format!("https://shop.example/?a=1&cid={id}&utm%20term=%0D%0AX%3A%20y%EF%BF%BD#top")
        );
        let events = scene.tables.events().await;
        for event in events {
            assert_eq!(
                event.destination.as_deref(),
                Some(DESTINATIONS[0]),
                "as signed"
            );
        }
    }
}

#[tokio::test]
async fn what_was_signed_stays_and_other_hosts_get_nothing() {
    for backend in Backend::all() {
        let scene = scene(&backend, settings()).await;
        for (link, destination) in DESTINATIONS.iter().enumerate().skip(1) {
            let got = location(&scene, Method::GET, link, "?gclid=1&cid=2").await;
            assert_eq!(got, *destination);
        }
        // One that would be too long gets none.
        let long = format!("?gclid={}", "v".repeat(4096));
        assert_eq!(
            location(&scene, Method::GET, 0, &long).await,
            DESTINATIONS[0]
        );
    }
}

#[tokio::test]
async fn head_gets_no_click_id_since_it_is_no_event() {
    for backend in Backend::all() {
        let scene = scene(&backend, settings()).await;
        let got = location(&scene, Method::HEAD, 0, "?gclid=1&cid=2").await;
        assert_eq!(got, "https://shop.example/?a=1&gclid=1#top");
        assert_eq!(scene.tables.events().await.len(), 0);
    }
}

/// Past a rate, clicks share an event: they have its id.
#[tokio::test]
async fn a_repeated_click_has_the_id_that_is_in_the_log() {
    for backend in Backend::all() {
        let scene = scene(&backend, settings()).await;
        let mut ids = Vec::new();
        for _ in 0..14 {
            let got = location(&scene, Method::GET, 0, "").await;
            let (_, id) = got.split_once("&cid=").unwrap();
            ids.push(id.trim_end_matches("#top").to_owned());
        }
        ids.dedup();
        let path = format!("{DOMAIN}/events?settled=false");
        let answer = asked(&scene.server, "GET", &path, &Value::Null, 200).await;
        let events = answer["events"].as_array().unwrap().iter();
        let logged: Vec<_> = events.map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids, logged);
        assert!(ids.len() < 14, "{ids:?}");
    }
}

#[tokio::test]
async fn nothing_is_added_unless_the_domain_asks_for_it() {
    for backend in Backend::all() {
        let scene = scene(&backend, Value::Null).await;
        let shown = asked(&scene.server, "GET", DOMAIN, &Value::Null, 200).await;
        assert_eq!(shown["click_parameters"], Value::Null);
        let got = location(&scene, Method::GET, 0, "?gclid=1").await;
        assert_eq!(got, DESTINATIONS[0]);
        let change = json!({ "click_parameters": settings() });
        asked(&scene.server, "PATCH", DOMAIN, &change, 200).await;
        let got = location(&scene, Method::HEAD, 0, "?gclid=1").await;
        assert_eq!(got, "https://shop.example/?a=1&gclid=1#top");
        let gone = scene.server.api("DELETE", DOMAIN).send().await.unwrap();
        assert_eq!(gone.status(), 204);
        // Links redirect for ever, but nobody asks for parameters any more.
        let got = location(&scene, Method::GET, 0, "?gclid=1").await;
        assert_eq!(got, DESTINATIONS[0], "on {DEFAULT_HOST}");
    }
}

#[tokio::test]
async fn click_parameters_that_can_not_be_used_are_refused_with_what_was_expected() {
    for backend in Backend::all() {
        let scene = scene(&backend, Value::Null).await;
        for (stated, words) in [
            (
                json!({ "hosts": ["a.example"] }),
                "click_parameters add nothing, expected `click_id`, a name, or `passed`, a list of names",
            ),
            (
                json!({ "click_id": "cid" }),
                "campaign parameters have no hosts, expected those whose links may get them",
            ),
            (
                json!({ "hosts": ["*"], "click_id": "cid" }),
                "host `*` of campaign parameters is not usable, expected a domain name, an IP address, or `*.` before a \
                 domain name",
            ),
            (
                json!({ "hosts": ["a.example"], "click_id": "cid", "passed": ["CID"] }),
                "campaign parameter `CID` comes twice, expected each name once, in any letter case",
            ),
            (
                json!({ "hosts": ["a.example"], "passed": ["sig"] }),
                "campaign parameter `sig` is a name of signed queries, expected one that signs nothing",
            ),
            (
                json!({ "hosts": ["a.example"], "passed": vec!["a"; 65] }),
                "passed of click_parameters has 65 entries, expected at most 64",
            ),
        ] {
            let change = json!({ "click_parameters": stated });
            let refused = asked(&scene.server, "PATCH", DOMAIN, &change, 422).await;
            assert_eq!(refused["error"]["message"], words);
        }
    }
}

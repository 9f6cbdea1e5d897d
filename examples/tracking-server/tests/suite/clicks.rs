use std::time::{Duration, Instant};

use linkseal::{DomainConfig, KeyId, Message, SigningKey, TrackingHost};
use reqwest::{Method, Response};

use crate::database::{Backend, Postgres};
use crate::links::{DEFAULT_HOST, Mail, Scene, Tables, now_s};
use crate::raw;
use crate::server::Server;

#[track_caller]
fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn an_answered_click_is_a_stored_click() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let before = i64::try_from(now_s()).unwrap();
        let request = scene
            .server
            .follow(Method::GET, &scene.mail.clicks[1])
            .header(
                "User-Agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            )
            .header("Referer", "https://webmail.example/")
            .header("Accept-Language", "de,en;q=0.5");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 302, "{backend:?}");
        assert_eq!(header(&response, "location"), "http://b.example/");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "x-robots-tag"), "noindex");
        let [event] = scene.tables.events().await.try_into().unwrap();
        assert_eq!(
            (event.kind.as_str(), event.domain.as_str()),
            ("click", "example.com")
        );
        assert_eq!(
            (event.message.as_str(), event.recipient.as_str()),
            ("newsletter-7", "rcpt-42")
        );
        assert_eq!(event.position, Some(1));
        assert_eq!(event.name.as_deref(), Some("to http://b.example/"));
        assert_eq!(event.destination.as_deref(), Some("http://b.example/"));
        assert_eq!(event.placement, None);
        assert!(
            (before..=before + 60).contains(&(event.at / 1000)),
            "{event:?}"
        );
        assert!(
            (before - 3660..before - 3540).contains(&event.sent_at_s.unwrap()),
            "{event:?}"
        );
        assert_eq!(event.method, "GET");
        assert_eq!(
            event.ip.as_deref(),
            Some("127.0.0.0"),
            "truncated unless told otherwise"
        );
        assert!(event.user_agent.unwrap().ends_with("Firefox/127.0"));
        assert_eq!(event.referer.as_deref(), Some("https://webmail.example/"));
        assert_eq!(event.accept_language.as_deref(), Some("de,en;q=0.5"));
        assert_eq!(
            (event.machine.as_str(), event.reasons.as_str()),
            ("none", "")
        );
    }
}

#[tokio::test]
async fn head_gets_the_same_headers_and_is_no_event() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        for path in [&scene.mail.clicks[0], "/c/forged", &scene.mail.open] {
            let ask = async |method| {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: {DEFAULT_HOST}\r\nConnection: close\r\n\r\n"
                );
                raw::ask(scene.server.port, request.as_bytes()).await
            };
            let (head, get) = (ask("HEAD").await, ask("GET").await);
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.headers, get.headers, "{path}");
            assert_eq!(head.body, b"", "{path}");
        }
        let events = scene.tables.events().await;
        assert!(
            events.iter().all(|event| event.method == "GET"),
            "{events:?}"
        );
        assert_eq!(events.len(), 2, "the two GETs of genuine tokens");
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
            for path in [
                &scene.mail.clicks[0],
                &scene.mail.open,
                "/c/forged",
                "/o/forged",
            ] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: {DEFAULT_HOST}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let answer = raw::ask(scene.server.port, request.as_bytes()).await;
                assert_eq!(answer.status, 405, "{method} {path}");
                assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
            }
        }
        assert!(scene.tables.events().await.is_empty());
    }
}

#[tokio::test]
async fn failing_tokens_get_the_friendly_404() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let genuine = &scene.mail.clicks[0];
        let stranger = signed_by(SigningKey::new(KeyId(4711), &[9; 32]).unwrap());
        let stranger = Mail::new(&stranger, "rcpt-42", &["https://evil.example/"]);
        let mut pages = Vec::new();
        for path in [
            "/c".to_owned(),
            "/c/".to_owned(),
            "/c/x".to_owned(),
            "/c/%ff%00".to_owned(),
            "/c/a/b".to_owned(),
            "/prefix/c/".to_owned(),
            "/prefix/c/x".to_owned(),
            format!("/c/{}", "A".repeat(20_000)),
            scene.mail.open.replace("/o/", "/c/"),
            genuine[..genuine.len() - 1].to_owned(),
            genuine
                .replacen("/c/A", "/c/B", 1)
                .replacen("/c/E", "/c/F", 1)
                + "A",
            stranger.clicks[0].clone(),
        ] {
            let response = scene
                .server
                .follow(Method::GET, &path)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
            assert_eq!(header(&response, "x-robots-tag"), "noindex", "{path}");
            assert!(header(&response, "content-security-policy").starts_with("default-src 'none'"));
            assert!(
                header(&response, "content-type").starts_with("text/html"),
                "{path}"
            );
            assert!(response.headers().get("location").is_none(), "{path}");
            pages.push(response.text().await.unwrap());
        }
        pages.dedup();
        let [page] = pages.try_into().unwrap();
        assert!(page.contains("This link does not work"), "{page}");
        assert!(
            !page.contains("href") && !page.contains("src"),
            "whole in itself: {page}"
        );
        assert!(scene.tables.events().await.is_empty());
    }
}

#[tokio::test]
async fn what_is_added_to_a_link_does_not_matter() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let path = &scene.mail.clicks[0];
        let escaped = path.replacen("/c/", "/c/%", 1);
        let (before, after) = escaped.split_once('%').unwrap();
        let escaped = format!("{before}%{:02x}{}", after.as_bytes()[0], &after[1..]);
        for path in [
            format!("{path}?utm_source=x&fbclid=1"),
            format!("{path}?"),
            format!("{path}/"),
            format!("{path}."),
            format!("{path}%3Futm=1"),
            format!("/any/prefix{path}"),
            format!("/any/prefix{path}/)?utm_source=x"),
            escaped,
        ] {
            let response = scene
                .server
                .follow(Method::GET, &path)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 302, "{path}");
            assert_eq!(
                header(&response, "location"),
                Scene::DESTINATIONS[0],
                "{path}"
            );
        }
        assert_eq!(scene.tables.events().await.len(), 8);
    }
}

#[tokio::test]
async fn odd_request_headers_do_not_matter() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let path = &scene.mail.clicks[0];
        let long = "x".repeat(100_000);
        let odd: [&[u8]; 7] = [
            b"User-Agent: \xff\xfe\x80caf\xc3\xa9\r\nReferer: \xc3\r\nAccept-Language: \xf0\x9f\r\n",
            b"User-Agent: one\r\nUser-Agent: two\r\nReferer: a\r\nReferer: b\r\n",
            b"User-Agent:\r\nReferer:  \r\nAccept-Language: \t\r\n",
            b"Cookie: a=b; ;;=\r\nRange: bytes=9-1\r\nIf-None-Match: *\r\nExpect: x\r\n",
            b"X-Forwarded-For: ,,,\r\nX-Forwarded-Host: \xff\r\nForwarded: ;;\r\n",
            b"Accept: application/json\r\nAccept-Encoding: br\r\nAuthorization: Bearer x\r\n",
            &[b"User-Agent: ", long.as_bytes(), b"\r\nX: ", long.as_bytes(), b"\r\n"].concat(),
        ];
        for headers in odd {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {DEFAULT_HOST}\r\nConnection: close\r\n");
            let request = [request.as_bytes(), headers, b"\r\n"].concat();
            let answer = raw::ask(scene.server.port, &request).await;
            let shown = String::from_utf8_lossy(headers);
            assert_eq!(answer.status, 302, "{}", &shown[..shown.len().min(200)]);
        }
        let events = scene.tables.events().await;
        assert_eq!(events.len(), odd.len());
        assert_eq!(
            events[0].user_agent.as_deref(),
            Some("\u{fffd}\u{fffd}\u{fffd}café")
        );
        assert_eq!(events[1].user_agent.as_deref(), Some("one"));
        assert_eq!((&events[2].user_agent, &events[2].referer), (&None, &None));
        assert_eq!(events[6].user_agent.as_deref(), Some(&long[..512]));
    }
}

#[tokio::test]
async fn texts_of_tokens_are_stored_whatever_they_hold() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let message = Message::new("nul\0 and \u{1}\u{1f4e7}")
            .and_then(|message| message.with_recipient("\0"))
            .unwrap();
        let mail = Mail::of(&scene.domain, message, &["https://a.example/%00%22%3c"]);
        let response = scene
            .server
            .follow(Method::GET, &mail.clicks[0])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 302, "{backend:?}");
        let response = scene
            .server
            .follow(Method::GET, &mail.open)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{backend:?}");
        let [click, open] = scene.tables.events().await.try_into().unwrap();
        for event in [click, open] {
            assert_eq!(event.message, "nul\u{fffd} and \u{1}\u{1f4e7}");
            assert_eq!(event.recipient, "\u{fffd}");
            assert_eq!(event.sent_at_s, None);
        }
    }
}

#[tokio::test]
async fn old_links_redirect_whatever_became_of_the_domain() {
    for backend in Backend::all() {
        let mut scene = Scene::new(&backend, &[]).await;
        for change in [
            "UPDATE domains SET status = 'external'",
            "UPDATE domains SET status = 'pending', click_tracking = FALSE, open_tracking = FALSE",
            "UPDATE domains SET removed_at = 5",
            "UPDATE signing_keys SET retired_at = 5",
        ] {
            scene.tables.execute(change).await;
            scene.server.terminate().await;
            scene.server.start_again().await;
            assert_eq!(scene.click().await.status(), 302, "{change}");
        }
        assert_eq!(scene.tables.events().await.len(), 4);
    }
}

#[tokio::test]
async fn keys_that_another_server_made_are_found() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        assert_eq!(scene.click().await.status(), 302);
        let key = scene.tables.add_key("example.com", [3; 32]).await;
        let mail = Mail::new(&signed_by(key), "rcpt-42", &Scene::DESTINATIONS);
        let started = Instant::now();
        let request = scene.server.follow(Method::GET, &mail.clicks[0]);
        assert_eq!(request.send().await.unwrap().status(), 302, "{backend:?}");
        // Before the registry is read anew by the clock.
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}

#[tokio::test]
async fn unknown_keys_are_looked_for_once_a_second_however_many_come() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let forged = signed_by(SigningKey::new(KeyId(4711), &[9; 32]).unwrap());
        let path = &Mail::new(&forged, "rcpt-42", &Scene::DESTINATIONS).clicks[0];
        let ask = async || {
            let request = scene.server.follow(Method::GET, path);
            assert_eq!(request.send().await.unwrap().status(), 404);
        };
        let started = Instant::now();
        for _ in 0..3 {
            ask().await;
        }
        assert!(
            started.elapsed() >= Duration::from_secs(2),
            "one of them waits a second for the other"
        );
        let started = Instant::now();
        futures_util::future::join_all((0..50).map(|_| ask())).await;
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "those that wait share a look"
        );
    }
}

fn signed_by(key: SigningKey) -> DomainConfig {
    let host = TrackingHost::shared(DEFAULT_HOST).unwrap();
    DomainConfig::new("example.com", host, key).unwrap()
}

#[tokio::test]
async fn a_click_that_nothing_can_store_gets_a_plain_link() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let nowhere = [
        ("DEFAULT_HOST", DEFAULT_HOST),
        ("SPOOL_DIR", "/dev/null/spool"),
    ];
    let server = Server::start_on(folder, postgres.new_database(), &nowhere).await;
    let tables = Tables::of(&server).await;
    let domain = tables.add_domain("example.com").await;
    let mail = Mail::new(&domain, "rcpt-42", &["https://a.example/?a=1&b=2"]);
    let follow = async |method, path: &str| server.follow(method, path).send().await.unwrap();
    assert_eq!(follow(Method::GET, &mail.clicks[0]).await.status(), 302);
    postgres.stop("fast");
    let response = follow(Method::GET, &mail.clicks[0]).await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().get("location").is_none());
    assert_eq!(header(&response, "cache-control"), "no-store");
    let page = response.text().await.unwrap();
    assert!(page.contains("can't store your click"), "{page}");
    assert!(
        page.contains(r#"<a href="https://a.example/?a=1&amp;b=2""#),
        "{page}"
    );
    assert_eq!(follow(Method::HEAD, &mail.clicks[0]).await.status(), 302);
    let open = follow(Method::GET, &mail.open).await;
    assert_eq!(open.status(), 200);
    assert_eq!(open.bytes().await.unwrap(), linkseal::PIXEL_GIF);
}

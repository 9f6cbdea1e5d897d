//! Which tokens count, and which don't.

use std::time::{Duration, Instant};

use linkseal::{DomainConfig, KeyId, Message, SigningKey, TrackingHost};
use reqwest::Method;

use crate::database::Backend;
use crate::links::{Mail, Scene, header};
use crate::tables::DEFAULT_HOST;

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
            "UPDATE domains SET status = 'pending'",
            "UPDATE domains SET removed_at = 5",
            "UPDATE signing_keys SET retired_at = 5",
            "UPDATE domains SET click_tracking = FALSE, open_tracking = FALSE",
        ] {
            scene.tables.execute(change).await;
            scene.server.terminate().await;
            scene.server.start_again().await;
            assert_eq!(scene.click().await.status(), 302, "{change}");
        }
        // The last one is answered, and not stored.
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
async fn made_up_keys_keep_nobody_waiting_and_no_new_key_out() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let ask = async |id| {
            let forged = signed_by(SigningKey::new(KeyId(id), &[9; 32]).unwrap());
            let path = &Mail::new(&forged, "rcpt-42", &Scene::DESTINATIONS).clicks[0];
            let request = scene.server.follow(Method::GET, path);
            assert_eq!(request.send().await.unwrap().status(), 404);
        };
        let started = Instant::now();
        for _ in 0..20 {
            ask(4711).await;
        }
        assert!(started.elapsed() < Duration::from_secs(3), "{backend:?}");
        let key = scene.tables.add_key("example.com", [3; 32]).await;
        let mail = Mail::new(&signed_by(key), "rcpt-42", &Scene::DESTINATIONS);
        let genuine = scene.server.follow(Method::GET, &mail.clicks[0]).send();
        let started = Instant::now();
        let (genuine, _) = futures_util::future::join(
            genuine,
            futures_util::future::join_all((10_000..10_500).map(ask)),
        )
        .await;
        assert_eq!(genuine.unwrap().status(), 302, "{backend:?}");
        assert!(started.elapsed() < Duration::from_secs(4), "{backend:?}");
    }
}

fn signed_by(key: SigningKey) -> DomainConfig {
    let host = TrackingHost::shared(DEFAULT_HOST).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

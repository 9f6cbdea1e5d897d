use reqwest::Method;

use crate::database::{Backend, Postgres};
use crate::links::{Mail, Scene, header, now_s};
use crate::raw;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

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

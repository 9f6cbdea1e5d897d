//! The host that was asked, and the address that asked.

use reqwest::Method;

use crate::database::Backend;
use crate::links::Scene;
use crate::raw;
use crate::tables::DEFAULT_HOST;

#[tokio::test]
async fn links_work_on_their_own_hosts_only() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        scene.tables.add_domain("other.example").await;
        let mut stored = 0;
        for (host, counts) in [
            (DEFAULT_HOST, true),
            ("Track.SERVICE.example.:8025", true),
            ("example.com", true),
            ("link.EXAMPLE.com", true),
            ("a.link.example.com.:443", true),
            ("link.other.example", false),
            ("other.example", false),
            ("notexample.com", false),
            ("example.com.other.example", false),
            ("127.0.0.1", false),
        ] {
            let ask = |path: &str| {
                scene
                    .server
                    .client
                    .get(scene.server.url(path))
                    .header("Host", host)
                    .send()
            };
            let click = ask(&scene.mail.clicks[0]).await.unwrap();
            assert_eq!(click.status(), if counts { 302 } else { 404 }, "{host}");
            let open = ask(&scene.mail.open).await.unwrap();
            assert_eq!(open.status(), 200, "{host}");
            assert_eq!(open.headers()["content-type"], "image/gif", "{host}");
            stored += if counts { 2 } else { 0 };
            assert_eq!(scene.tables.events().await.len(), stored, "{host}");
        }
    }
}

#[tokio::test]
async fn no_host_is_fine_and_so_is_the_absolute_form() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let path = &scene.mail.clicks[0];
        for (request, status) in [
            (format!("GET {path} HTTP/1.0\r\n\r\n"), 302),
            (
                format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"),
                302,
            ),
            (
                format!("GET {path} HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"),
                302,
            ),
            (
                format!(
                    "GET http://link.example.com{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                ),
                302,
            ),
            (
                format!(
                    "GET http://other.example{path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"
                ),
                404,
            ),
            (
                format!("GET {path} HTTP/1.0\r\nHost: other.example\r\n\r\n"),
                404,
            ),
        ] {
            let answer = raw::ask(scene.server.port, request.as_bytes()).await;
            assert_eq!(answer.status, status, "{request}");
        }
        assert_eq!(scene.tables.events().await.len(), 4);
    }
}

#[tokio::test]
async fn http_2_names_its_host_as_authority() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let client = |host: &str| {
            reqwest::Client::builder()
                .http2_prior_knowledge()
                .redirect(reqwest::redirect::Policy::none())
                .resolve(host, ([127, 0, 0, 1], scene.server.port).into())
                .build()
                .unwrap()
        };
        for (host, status) in [("link.example.com", 302), ("link.other.example", 404)] {
            let url = format!(
                "http://{host}:{}{}",
                scene.server.port, scene.mail.clicks[0]
            );
            let request = client(host).get(url).header("X-Huge", "x".repeat(100_000));
            let response = request.send().await.unwrap();
            assert_eq!(response.version(), reqwest::Version::HTTP_2);
            assert_eq!(response.status(), status, "{host}");
        }
    }
}

#[tokio::test]
async fn only_trusted_proxies_speak_for_others() {
    for backend in Backend::all() {
        for trusted in [true, false] {
            let proxies = if trusted {
                "127.0.0.1,10.0.0.9"
            } else {
                "10.0.0.9"
            };
            let scene = Scene::new(&backend, &[("TRUSTED_PROXIES", proxies)]).await;
            scene
                .tables
                .execute("UPDATE domains SET ip_storage = 'full'")
                .await;
            let ask = |host: &str, forwarded_host: &str, forwarded_for: &str| {
                scene
                    .server
                    .client
                    .get(scene.server.url(&scene.mail.clicks[0]))
                    .header("Host", host)
                    .header("X-Forwarded-Host", forwarded_host)
                    .header("X-Forwarded-For", forwarded_for)
                    .send()
            };
            let by_proxy = ask(
                "127.0.0.1",
                "evil.example, link.example.com",
                "1.2.3.4, 198.51.100.7, 10.0.0.9",
            );
            assert_eq!(
                by_proxy.await.unwrap().status(),
                if trusted { 302 } else { 404 }
            );
            let invented = ask("link.example.com", "evil.example", "198.51.100.7");
            assert_eq!(
                invented.await.unwrap().status(),
                if trusted { 404 } else { 302 }
            );
            let [event] = scene.tables.events().await.try_into().unwrap();
            let expected = if trusted { "198.51.100.7" } else { "127.0.0.1" };
            assert_eq!(event.ip.as_deref(), Some(expected), "trusted: {trusted}");
        }
    }
}

#[tokio::test]
async fn addresses_are_stored_as_the_domain_says() {
    for backend in Backend::all() {
        let mut scene = Scene::new(&backend, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        for (storage, expected) in [
            (
                "UPDATE domains SET ip_storage = 'full'",
                [Some("203.0.113.77"), Some("2001:db8:1:2::3"), None],
            ),
            (
                "UPDATE domains SET ip_storage = 'truncated'",
                [Some("203.0.113.0"), Some("2001:db8:1::"), None],
            ),
            ("UPDATE domains SET ip_storage = 'none'", [None, None, None]),
        ] {
            scene.tables.execute("DELETE FROM events").await;
            scene.tables.execute(storage).await;
            scene.server.terminate().await;
            scene.server.start_again().await;
            for address in ["::ffff:203.0.113.77", "[2001:db8:1:2::3]:4711", "unknown"] {
                let request = scene.server.follow(Method::GET, &scene.mail.clicks[0]);
                let response = request
                    .header("X-Forwarded-For", address)
                    .send()
                    .await
                    .unwrap();
                assert_eq!(response.status(), 302, "{storage} {address}");
            }
            let stored: Vec<_> = scene
                .tables
                .events()
                .await
                .into_iter()
                .map(|event| event.ip)
                .collect();
            assert_eq!(
                stored.iter().map(Option::as_deref).collect::<Vec<_>>(),
                expected,
                "{storage}"
            );
        }
    }
}

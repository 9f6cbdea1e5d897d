use reqwest::Method;

use crate::database::Backend;
use crate::links::Scene;
use crate::raw;
use crate::tables::DEFAULT_HOST;

#[tokio::test]
async fn an_open_is_stored_and_shows_the_pixel() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let response = scene
            .server
            .follow(Method::GET, &scene.mail.open)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{backend:?}");
        assert_eq!(response.headers()["content-type"], "image/gif");
        let cache_control = response.headers()["cache-control"].to_str().unwrap();
        assert!(cache_control.starts_with("no-store"), "{cache_control}");
        assert_eq!(response.bytes().await.unwrap(), linkseal::PIXEL_GIF);
        let [event] = scene.tables.events().await.try_into().unwrap();
        assert_eq!(
            (event.kind.as_str(), event.placement.as_deref()),
            ("open", Some("end"))
        );
        assert_eq!(
            (event.message.as_str(), event.recipient.as_str()),
            ("newsletter-7", "rcpt-42")
        );
        assert_eq!(
            (event.position, event.name, event.destination),
            (None, None, None)
        );
        assert_eq!(event.method, "GET");
    }
}

#[tokio::test]
async fn the_pixel_is_shown_for_bad_tokens_too() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let click_as_open = scene.mail.clicks[0].replace("/c/", "/o/");
        for path in [
            "/o",
            "/o/",
            "/o/x",
            "/o/%ff",
            "/prefix/o/x",
            &click_as_open,
            &format!("{}A", scene.mail.open),
        ] {
            let response = scene.server.follow(Method::GET, path).send().await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()["content-type"], "image/gif", "{path}");
            assert_eq!(
                response.bytes().await.unwrap(),
                linkseal::PIXEL_GIF,
                "{path}"
            );
        }
        assert!(scene.tables.events().await.is_empty());
    }
}

#[tokio::test]
async fn odd_request_headers_do_not_matter_to_opens() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {DEFAULT_HOST}\r\nConnection: close\r\nIf-Modified-Since: x\r\nUser-Agent: ",
            scene.mail.open
        );
        let request = [request.as_bytes(), b"\xff\r\n\r\n"].concat();
        let answer = raw::ask(scene.server.port, &request).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, linkseal::PIXEL_GIF);
        assert_eq!(scene.tables.events().await.len(), 1);
    }
}

//! Signing in, sessions, forged requests, headers.

use serde_json::Value;

use crate::callers::{CALLS, CSP, FORMS, PAGES, add_domain, code, send};
use crate::database::Backend;
use crate::server::{ADMIN_TOKEN, Server};
use crate::visitor::Visitor;

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_do_so() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.org").await;
        let root = server.get("/").await;
        assert_eq!(root.headers()["location"], "/domains");
        let domain_pages = PAGES.map(|page| format!("/domains/example.org/{page}"));
        let pages = ["/domains".to_owned(), "/tokens".to_owned()];
        for path in pages.iter().chain(&domain_pages) {
            let answer = server.get(path).await;
            assert_eq!(answer.status(), 303, "{path}");
            assert_eq!(answer.headers()["location"], "/sign-in", "{path}");
        }
        for (form, fields) in FORMS {
            let url = server.url(&format!("/domains/example.org/{form}"));
            let answer = send(server.client.post(url).form(fields)).await;
            assert_eq!(answer.headers()["location"], "/sign-in", "{form}");
        }
        for (method, path) in CALLS {
            let url = server.url(&format!("/api/v1/domains/example.org{path}"));
            let request = server.client.request(method.parse().unwrap(), url);
            let answer = send(request.try_clone().unwrap()).await;
            assert_eq!(answer.status(), 401, "{method} {path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(code(answer).await, "unauthorized");
            let wrong = send(request.bearer_auth("a token of another server")).await;
            assert_eq!(wrong.status(), 401, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn session_cookie_is_for_this_site_and_for_no_script() {
    for backend in Backend::all() {
        let server = Server::start_with(&backend, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        let sign_in = |proto: &'static str| {
            let request = server.client.post(server.url("/sign-in"));
            send(
                request
                    .header("x-forwarded-proto", proto)
                    .form(&[("token", ADMIN_TOKEN)]),
            )
        };
        let plain = sign_in("http").await;
        let cookie = plain.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("session="), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"));
        assert!(plain.headers().get("strict-transport-security").is_none());
        let https = sign_in("https").await;
        let cookie = https.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Host-session="), "{cookie}");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"));
        assert_eq!(
            https.headers()["strict-transport-security"],
            "max-age=31536000"
        );
    }
}

#[tokio::test]
async fn signed_out_session_is_over_on_the_server_too() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let answer = send(
            server
                .client
                .post(server.url("/sign-in"))
                .form(&[("token", ADMIN_TOKEN)]),
        )
        .await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let cookie = cookie.split(';').next().unwrap();
        let with_cookie = |path: &str| server.client.get(server.url(path)).header("cookie", cookie);
        let page = send(with_cookie("/domains")).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = rest.split('"').next().unwrap();
        let out = server.client.post(server.url("/sign-out"));
        let out = send(out.header("cookie", cookie).form(&[("csrf", csrf)])).await;
        assert_eq!(out.status(), 303);
        let forgotten = out.headers()["set-cookie"].to_str().unwrap();
        assert!(forgotten.starts_with("session=; Path=/; Max-Age=0"));
        assert_eq!(send(with_cookie("/domains")).await.status(), 303);
    }
}

#[tokio::test]
async fn forged_forms_are_refused() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.org").await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let forms = FORMS.map(|(form, fields)| (format!("/domains/example.org/{form}"), fields));
        let others: [(String, &[(&str, &str)]); 3] = [
            ("/domains".to_owned(), &[("domain", "forged.example")]),
            (
                "/tokens".to_owned(),
                &[("name", "x"), ("domain", "example.org")],
            ),
            ("/sign-out".to_owned(), &[]),
        ];
        for (path, fields) in forms.iter().chain(&others) {
            let post = || visitor.client.post(server.url(path));
            let missing = send(post().form(fields)).await;
            assert_eq!(missing.status(), 422, "{path}");
            for wrong in ["", "0", &visitor.csrf[1..]] {
                let mut form = vec![("csrf", wrong)];
                form.extend(*fields);
                assert_eq!(send(post().form(&form)).await.status(), 403, "{path}");
            }
            let mut form = vec![("csrf", visitor.csrf.as_str())];
            form.extend(*fields);
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
            ] {
                let answer = send(post().header(name, value).form(&form)).await;
                assert_eq!(answer.status(), 403, "{path} {name}: {value}");
            }
        }
        // A cookie is nothing to the API, so no site can use it there.
        let url = server.url("/api/v1/domains");
        assert_eq!(send(visitor.client.get(url)).await.status(), 401);
        let list: Value = send(server.api("GET", "/domains"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(list["domains"].as_array().unwrap().len(), 1);
        assert_eq!(list["domains"][0]["signing_key"]["older"], 0);
        let own = visitor.client.post(server.url("/domains"));
        let own = own
            .header("sec-fetch-site", "same-origin")
            .form(&[("csrf", visitor.csrf.as_str()), ("domain", "example.net")]);
        assert_eq!(send(own).await.status(), 303);
    }
}

#[tokio::test]
async fn every_page_has_the_security_headers() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        for path in [
            "/",
            "/sign-in",
            "/domains",
            "/domains/example.com/settings",
            "/domains/example.com/remove",
            "/tokens",
            "/nowhere",
            "/domains/nowhere.example/settings",
            "/api/v1/domains",
            "/api/v1/nowhere",
            "/static/style.css",
            "/static/reports.css",
            "/static/app.js",
        ] {
            let answer = visitor.get(path).await;
            let headers = answer.headers();
            assert_eq!(headers["content-security-policy"], CSP, "{path}");
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(headers["referrer-policy"], "same-origin", "{path}");
            let cached = if path.starts_with("/static/") {
                "no-cache"
            } else {
                "no-store"
            };
            assert_eq!(headers["cache-control"], cached, "{path}");
            let text = answer.text().await.unwrap();
            let inline = [" style=", " onclick=", "<style", "<script>", "javascript:"];
            let is_page = text.starts_with("<!DOCTYPE");
            assert!(
                !is_page || !inline.iter().any(|sign| text.contains(sign)),
                "{path}"
            );
        }
        let nowhere = send(server.api("GET", "/nowhere")).await;
        assert_eq!(nowhere.status(), 404);
        assert_eq!(code(nowhere).await, "not_found");
    }
}

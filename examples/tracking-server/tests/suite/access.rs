//! Who may do what: signing in, forged requests, scoped tokens, limits, headers.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::database::Backend;
use crate::sender::eventually;
use crate::server::{ADMIN_TOKEN, Server};
use crate::visitor::Visitor;

const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; \
                   base-uri 'none'";

async fn add_domain(server: &Server, name: &str) {
    let request = server.api("POST", "/domains");
    let answer = send(request.json(&json!({ "domain": name }))).await;
    assert_eq!(answer.status(), 201);
}

/// The id and the secret of a token for one domain.
async fn scoped_token(server: &Server, domain: &str) -> (String, String) {
    let body = json!({ "name": "sender", "domain": domain });
    let answer = send(server.api("POST", "/tokens").json(&body)).await;
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

fn bearer(server: &Server, token: &str, method: &str, path: &str) -> RequestBuilder {
    let url = server.url(&format!("/api/v1{path}"));
    server
        .client
        .request(method.parse().unwrap(), url)
        .bearer_auth(token)
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

async fn code(answer: Response) -> String {
    let body: Value = answer.json().await.unwrap();
    body["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Pages of a domain, and forms that change it with what they need.
const PAGES: [&str; 2] = ["settings", "remove"];
const FORMS: [(&str, &[(&str, &str)]); 5] = [
    ("settings", &[("ip_storage", "full")]),
    ("validate", &[]),
    ("check-cname", &[]),
    ("rotate-key", &[]),
    ("remove", &[("name", "example.org")]),
];
const CALLS: [(&str, &str); 6] = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/validate"),
    ("POST", "/check-cname"),
    ("POST", "/rotate-key"),
];

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
async fn scoped_token_sees_nothing_of_another_domain() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        add_domain(&server, "example.org").await;
        let (_, token) = scoped_token(&server, "example.com").await;
        let visitor = Visitor::sign_in(&server, &token).await;
        for (method, path) in CALLS {
            let mut answers = BTreeSet::new();
            for name in ["example.org", "nowhere.example", "a%20b"] {
                let path = format!("/domains/{name}{path}");
                let request = bearer(&server, &token, method, &path);
                let answer = send(request.json(&json!({}))).await;
                answers.insert((answer.status().as_u16(), answer.text().await.unwrap()));
            }
            let expected = r#"{"error":{"code":"not_found","message":"there is no such domain"}}"#;
            let expected = BTreeSet::from([(404, expected.to_owned())]);
            assert_eq!(answers, expected, "{method} {path}");
        }
        let mut answers = BTreeSet::new();
        for name in ["example.org", "nowhere.example"] {
            for page in PAGES {
                let answer = visitor.get(&format!("/domains/{name}/{page}")).await;
                answers.insert((answer.status().as_u16(), answer.text().await.unwrap()));
            }
            for (form, fields) in FORMS {
                let answer = visitor
                    .post(&format!("/domains/{name}/{form}"), fields)
                    .await;
                answers.insert((answer.status().as_u16(), answer.text().await.unwrap()));
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(answers.first().unwrap().0, 404);
        let list: Value = send(bearer(&server, &token, "GET", "/domains"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(list["domains"].as_array().unwrap().len(), 1);
        assert_eq!(list["domains"][0]["domain"], "example.com");
        let page = visitor.page("/domains").await;
        assert!(page.contains("example.com") && !page.contains("example.org"));
        let own = visitor.page("/domains/example.com/settings").await;
        assert!(own.contains("_linkseal.example.com"));
    }
}

#[tokio::test]
async fn scoped_token_changes_nothing_of_the_service() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let (id, token) = scoped_token(&server, "example.com").await;
        let new_token = json!({ "name": "x", "domain": "example.com" });
        for (method, path, body) in [
            ("POST", "/domains", json!({ "domain": "example.net" })),
            ("DELETE", "/domains/example.com", json!({})),
            ("GET", "/tokens", json!({})),
            ("POST", "/tokens", new_token),
            ("DELETE", &*format!("/tokens/{id}"), json!({})),
            ("DELETE", "/tokens/admin", json!({})),
        ] {
            let answer = send(bearer(&server, &token, method, path).json(&body)).await;
            assert_eq!(answer.status(), 403, "{method} {path}");
            assert_eq!(code(answer).await, "forbidden");
        }
        let visitor = Visitor::sign_in(&server, &token).await;
        assert_eq!(visitor.get("/tokens").await.status(), 403);
        for (path, fields) in [
            ("/domains", [("domain", "example.net")]),
            ("/tokens", [("name", "x")]),
            (&*format!("/tokens/{id}/revoke"), [("name", "x")]),
            ("/domains/example.com/remove", [("name", "example.com")]),
        ] {
            assert_eq!(visitor.post(path, &fields).await.status(), 403, "{path}");
        }
        let rotated = bearer(&server, &token, "POST", "/domains/example.com/rotate-key");
        assert_eq!(send(rotated).await.status(), 200);
    }
}

#[tokio::test]
async fn revoked_token_and_its_sessions_end() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let (id, token) = scoped_token(&server, "example.com").await;
        let visitor = Visitor::sign_in(&server, &token).await;
        let list: Value = send(server.api("GET", "/tokens"))
            .await
            .json()
            .await
            .unwrap();
        assert_eq!(list["tokens"].as_array().unwrap().len(), 2);
        assert!(!list.to_string().contains(&token));
        let revoked = send(server.api("DELETE", &format!("/tokens/{id}"))).await;
        assert_eq!(revoked.status(), 204);
        let again = send(server.api("DELETE", &format!("/tokens/{id}"))).await;
        assert_eq!(again.status(), 404);
        assert_eq!(visitor.get("/domains").await.status(), 303);
        let refused = send(bearer(&server, &token, "GET", "/domains")).await;
        assert_eq!(refused.status(), 401);
        let admin = send(server.api("DELETE", "/tokens/admin")).await;
        assert_eq!(admin.status(), 409);
        assert_eq!(send(server.api("GET", "/tokens")).await.status(), 200);
    }
}

#[tokio::test]
async fn token_made_on_the_page_works_and_is_shown_once() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let fields = [("name", "Newsletter"), ("domain", "example.com")];
        let page = visitor.post("/tokens", &fields).await.text().await.unwrap();
        let (_, rest) = page.split_once("data-copy=\"").unwrap();
        let token = rest.split('"').next().unwrap();
        let answer = send(bearer(&server, token, "GET", "/domains/example.com")).await;
        assert_eq!(answer.status(), 200);
        let page = visitor.page("/tokens").await;
        assert!(page.contains("Newsletter") && !page.contains(token));
        let (before, _) = page.split_once("/revoke\"").unwrap();
        let id = before.rsplit('/').next().unwrap();
        let revoke = format!("/tokens/{id}/revoke");
        assert_eq!(visitor.post(&revoke, &[]).await.status(), 303);
        let answer = send(bearer(&server, token, "GET", "/domains/example.com")).await;
        assert_eq!(answer.status(), 401);
        let nameless = [("name", " "), ("domain", "example.com")];
        let page = visitor.post("/tokens", &nameless).await;
        assert_eq!(page.status(), 422);
        let page = page.text().await.unwrap();
        assert!(page.contains("name has 0 characters, expected 1 to 100"));
    }
}

#[tokio::test]
async fn removed_domains_tokens_end_with_it() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let (_, token) = scoped_token(&server, "example.com").await;
        let visitor = Visitor::sign_in(&server, &token).await;
        send(server.api("DELETE", "/domains/example.com")).await;
        add_domain(&server, "example.com").await;
        assert_eq!(visitor.get("/domains").await.status(), 303);
        let answer = send(bearer(&server, &token, "GET", "/domains")).await;
        assert_eq!(answer.status(), 401);
    }
}

#[tokio::test]
async fn another_admin_token_ends_the_sessions_of_the_old_one() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let other = "another admin token that only tests know";
        let second = Server::start_on(
            tempfile::tempdir().unwrap(),
            server.database_url.clone(),
            &[("ADMIN_TOKEN", other)],
        )
        .await;
        assert_eq!(visitor.get("/domains").await.status(), 303);
        eventually("the old token is refused", async || {
            let answer = send(server.api("GET", "/domains")).await;
            (answer.status() == 401).then_some(())
        })
        .await;
        let answer = send(bearer(&second, other, "GET", "/domains")).await;
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_genuine_tokens_go_on() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let attempt = || {
            let request = server.client.post(server.url("/sign-in"));
            send(request.form(&[("token", "a guess")]))
        };
        for _ in 0..10 {
            assert_eq!(attempt().await.status(), 401);
        }
        let refused = attempt().await;
        assert_eq!(refused.status(), 429);
        let seconds = refused.headers()["retry-after"].to_str().unwrap();
        assert!((1..=6).contains(&seconds.parse::<u32>().unwrap()));
        let page = refused.text().await.unwrap();
        assert!(page.contains("too many requests"), "{page}");
        let guess = || send(bearer(&server, "a guess", "GET", "/domains"));
        for _ in 0..10 {
            assert_eq!(guess().await.status(), 401);
        }
        let refused = guess().await;
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(code(refused).await, "too_many");
        assert_eq!(send(server.api("GET", "/domains")).await.status(), 200);
    }
}

#[tokio::test]
async fn each_access_token_has_its_own_rate() {
    for backend in Backend::all() {
        let server = Server::start_with(&backend, &[("API_RATE", "3")]).await;
        add_domain(&server, "example.com").await;
        let (_, token) = scoped_token(&server, "example.com").await;
        let mut statuses = BTreeSet::new();
        for _ in 0..40 {
            let answer = send(server.api("GET", "/domains")).await;
            if answer.status() == 429 {
                assert_eq!(answer.headers()["retry-after"], "1");
            }
            statuses.insert(answer.status().as_u16());
        }
        assert_eq!(statuses, BTreeSet::from([200, 429]));
        let other = send(bearer(&server, &token, "GET", "/domains")).await;
        assert_eq!(other.status(), 200);
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let long = "x".repeat(64 * 1024 + 1);
        let answer = visitor.post("/domains", &[("domain", &long)]).await;
        assert_eq!(answer.status(), 413);
        let sign_in = server.client.post(server.url("/sign-in"));
        let answer = send(sign_in.form(&[("token", &long)])).await;
        assert_eq!(answer.status(), 413);
        for bytes in [64 * 1024, 16 * 1024 * 1024] {
            let wide = json!({ "domain": "x".repeat(bytes) });
            let answer = send(server.api("POST", "/domains").json(&wide)).await;
            assert_eq!(answer.status(), 413);
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["error"]["code"], "too_large");
            let said = "body is too large, expected at most 65536 bytes";
            assert_eq!(answer["error"]["message"], said);
        }
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

async fn connection(server: &Server, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn connection_that_never_says_what_it_wants_is_closed() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let mut stream = connection(&server, "GET /sign-in HTTP/1.1\r\nHost: x\r\n").await;
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), end)
            .await
            .expect("the server closes the connection")
            .unwrap();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn more_requests_than_the_server_takes_on_are_refused_at_once() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let head = format!(
            "POST /api/v1/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        );
        let mut waiting = Vec::new();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        let refused = loop {
            let answer = server.get("/sign-in").await;
            if answer.status() == 503 {
                break answer;
            }
            assert!(std::time::Instant::now() < deadline, "nothing is refused");
            assert!(waiting.len() <= 1000, "nothing is refused");
            for _ in 0..64 {
                waiting.push(connection(&server, &head).await);
            }
        };
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.headers()["content-security-policy"], CSP);
        drop(waiting);
        while server.get("/sign-in").await.status() != 200 {
            assert!(std::time::Instant::now() < deadline, "no place gets free");
        }
    }
}

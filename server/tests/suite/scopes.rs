//! What an access token allows, and how it ends.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::callers::{CALLS, FORMS, PAGES, add_domain, bearer, code, scoped_token, send};
use crate::database::Backend;
use crate::sender::eventually;
use crate::server::{ADMIN_TOKEN, Server};
use crate::visitor::Visitor;

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

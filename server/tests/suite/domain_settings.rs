//! Sending domains: settings, keys, hosts, removal.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::database::Backend;
use crate::server::ADMIN_TOKEN;
use crate::setting::Setting;
use crate::tables::Tables;
use crate::visitor::Visitor;

#[tokio::test]
async fn what_the_library_refuses_is_said_in_its_words() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        setting.validated("example.com").await;
        for name in ["", "a b", "192.0.2.1", "https://example.com"] {
            let error = name.parse::<linkseal::SendingDomain>().unwrap_err();
            let refused = setting
                .api("POST", "/domains", json!({ "domain": name }), 422)
                .await;
            assert_eq!(refused["error"]["message"], error.to_string());
            let page = visitor.post("/domains", &[("domain", name)]).await;
            assert_eq!(page.status(), 422);
            assert!(page.text().await.unwrap().contains(&error.to_string()));
        }
        let hosts = [
            (
                "link.example.org",
                "tracking host `link.example.org` is not a subdomain of the sending domain `example.com`",
            ),
            (
                "example.com",
                "tracking host `example.com` is not a subdomain of the sending domain `example.com`",
            ),
            (
                "https://link.example.com",
                "tracking host `https://link.example.com` has a scheme, expected only a host, a port and a path prefix",
            ),
        ];
        for (host, words) in hosts {
            let body = json!({ "tracking_host": host });
            let refused = setting
                .api("PATCH", "/domains/example.com", body, 422)
                .await;
            assert_eq!(refused["error"]["message"], words);
            let fields = [("tracking_host", host), ("ip_storage", "full")];
            let page = visitor.post("/domains/example.com/settings", &fields).await;
            assert_eq!(page.status(), 422);
            let text = page.text().await.unwrap();
            assert!(text.contains(words), "{text}");
            assert!(text.contains(&format!("value=\"{host}\"")), "{text}");
        }
        for body in [
            json!({ "name": "example.org" }),
            json!({ "domain": "example.org", "key": "00" }),
        ] {
            let refused = setting.api("POST", "/domains", body, 422).await;
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.contains("unknown field"), "{message}");
        }
        let body = json!({ "status": "validated" });
        setting
            .api("PATCH", "/domains/example.com", body, 422)
            .await;
        let again = setting
            .api("POST", "/domains", json!({ "domain": "EXAMPLE.com" }), 409)
            .await;
        assert_eq!(again["error"]["message"], "`example.com` is there already");
    }
}

#[tokio::test]
async fn rotated_key_is_new_and_the_old_one_is_kept() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let before = setting.validated("example.com").await;
        setting
            .api("POST", "/domains", json!({ "domain": "example.org" }), 201)
            .await;
        let rotate = "/domains/example.com/rotate-key";
        let after = setting.api("POST", rotate, Value::Null, 200).await;
        let number = |answer: &Value| answer["signing_key"]["number"].as_i64().unwrap();
        // Numbers are unique over the service, and the other domain has the second.
        assert_eq!(number(&after), number(&before) + 2);
        assert_eq!(before["signing_key"]["older"], 0);
        assert_eq!(after["signing_key"]["older"], 1);
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        let answer = visitor.post("/domains/example.com/rotate-key", &[]).await;
        assert_eq!(answer.status(), 303);
        let page = visitor.page("/domains/example.com/settings").await;
        assert!(page.contains("2 older keys still verify"), "{page}");
    }
}

#[tokio::test]
async fn removed_domain_comes_back_as_pending_with_another_record() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let before = setting.validated("example.com").await;
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        let remove = "/domains/example.com/remove";
        assert!(visitor.page(remove).await.contains("Type the domain"));
        let refused = visitor.post(remove, &[("name", "example.org")]).await;
        assert_eq!(refused.status(), 422);
        let removed = visitor.post(remove, &[("name", "example.com")]).await;
        assert_eq!(removed.status(), 303);
        setting
            .api("GET", "/domains/example.com", Value::Null, 404)
            .await;
        let list = setting.api("GET", "/domains", Value::Null, 200).await;
        assert_eq!(list["domains"], json!([]));
        let after = setting
            .api("POST", "/domains", json!({ "domain": "example.com" }), 201)
            .await;
        assert_eq!(after["status"], "pending");
        assert_ne!(after["records"], before["records"]);
        // The old key is the former owner's.
        assert_ne!(
            after["signing_key"]["number"],
            before["signing_key"]["number"]
        );
        let stale = setting
            .api("POST", "/domains/example.com/validate", Value::Null, 200)
            .await;
        assert_eq!(stale["status"], "pending");
        setting
            .api("DELETE", "/domains/example.com", Value::Null, 204)
            .await;
        setting
            .api("DELETE", "/domains/example.com", Value::Null, 404)
            .await;
    }
}

#[tokio::test]
async fn settings_saved_on_the_page_are_the_settings() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        let empty = visitor.page("/domains").await;
        assert!(empty.contains("No domain yet"), "{empty}");
        let added = visitor.post("/domains", &[("domain", "example.com")]).await;
        assert_eq!(added.status(), StatusCode::SEE_OTHER);
        let settings = "/domains/example.com/settings";
        assert_eq!(added.headers()["location"], settings);
        let page = visitor.page(settings).await;
        assert!(page.contains("_linkseal.example.com"), "{page}");
        assert!(page.contains("goes out untracked"), "{page}");
        let fields = [
            ("click_tracking", "off"),
            ("open_tracking", "anonymous"),
            ("keep_mail", "true"),
            ("tracking_host", " link.example.com "),
            ("ip_storage", "none"),
        ];
        assert_eq!(visitor.post(settings, &fields).await.status(), 303);
        let shown = setting
            .api("GET", "/domains/example.com", Value::Null, 200)
            .await;
        assert_eq!(shown["click_tracking"], "off");
        assert_eq!(shown["open_tracking"], "anonymous");
        assert_eq!(shown["keep_mail"], true);
        assert_eq!(shown["tracking_host"], "link.example.com");
        assert_eq!(shown["ip_storage"], "none");
        for (cname, words) in [
            (None, "not found"),
            (
                Some("other.example"),
                "The record points to <strong>other.example",
            ),
            (Some("track.service.example"), ">found<"),
        ] {
            if let Some(cname) = cname {
                setting.dns.set_cname("link.example.com", cname);
            }
            let path = "/domains/example.com/check-cname";
            assert_eq!(visitor.post(path, &[]).await.status(), 303);
            let page = visitor.page(settings).await;
            assert!(page.contains(words), "{page}");
        }
        let page = visitor.post("/domains/example.com/validate", &[]).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains("there is no TXT record"), "{page}");
        setting.prove("example.com").await;
        let page = visitor.page(settings).await;
        assert!(page.contains("validated"), "{page}");
        assert!(
            page.contains("Tracked links use <strong>link.example.com"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn domain_without_any_host_is_said_to_go_out_untracked() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let validated = setting.validated("example.com").await;
        assert_eq!(validated["links_use"], Value::Null);
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        let page = visitor.page("/domains/example.com/settings").await;
        assert!(page.contains("Mail goes out untracked: "), "{page}");
    }
}

#[tokio::test]
async fn tracking_hosts_serve_neither_pages_nor_the_api() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[("DEFAULT_HOST", "link.example.org")]).await;
        for (name, host) in [
            ("example.com", "link.example.com:8443"),
            ("example.org", "link.example.org"),
        ] {
            setting.validated(name).await;
            let body = json!({ "tracking_host": host });
            let path = format!("/domains/{name}");
            setting.api("PATCH", &path, body, 200).await;
        }
        for (host, path, status) in [
            ("link.example.com", "/sign-in", 404),
            ("LINK.example.com.:8443", "/sign-in", 404),
            ("link.example.com", "/", 404),
            ("link.example.com", "/api/v1/domains", 404),
            ("link.example.com", "/static/style.css", 200),
            ("link.example.org", "/sign-in", 200),
            ("pages.example.com", "/sign-in", 200),
        ] {
            let request = setting.server.client.get(setting.server.url(path));
            let answer = request.header("host", host).send().await.unwrap();
            assert_eq!(answer.status(), status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn no_secret_gets_into_the_log_or_into_an_answer() {
    for backend in Backend::all() {
        let verbose = "info,tracking_server=trace,tower_http=trace,sqlx=debug";
        let setting = Setting::start(&backend, &[("RUST_LOG", verbose)]).await;
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        setting.validated("example.com").await;
        setting
            .api("POST", "/domains/example.com/rotate-key", Value::Null, 200)
            .await;
        let body = json!({ "name": "sender", "domain": "example.com" });
        let made = setting.api("POST", "/tokens", body, 201).await;
        let mut answers = String::new();
        for path in ["/domains", "/domains/example.com/settings", "/tokens"] {
            answers += &visitor.page(path).await;
        }
        let shown = setting.api("GET", "/domains/example.com", Value::Null, 200);
        answers += &shown.await.to_string();
        let keys = Tables::at(&setting.server.database_url).await.keys().await;
        assert_eq!(keys.len(), 2);
        let log = setting.server.log();
        assert!(log.contains("/domains/example.com/settings"), "{log}");
        let hexadecimal =
            |key: &Vec<u8>| -> String { key.iter().map(|byte| format!("{byte:02x}")).collect() };
        let mut secrets: Vec<_> = keys.iter().map(hexadecimal).collect();
        secrets.extend(keys.iter().map(|key| format!("{key:?}")));
        secrets.push(ADMIN_TOKEN.to_owned());
        secrets.push(made["token"].as_str().unwrap().to_owned());
        for secret in &secrets {
            assert!(!answers.contains(secret), "{answers}");
            assert!(!log.contains(secret), "{log}");
        }
        assert!(!log.contains(&visitor.csrf), "{log}");
        assert!(!log.contains("session="), "{log}");
    }
}

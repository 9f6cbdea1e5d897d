//! Sending domains: what DNS says of them, settings, keys, removal.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::database::{Backend, free_port};
use crate::name_server::NameServer;
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::Tables;
use crate::visitor::Visitor;

struct Setting {
    dns: NameServer,
    server: Server,
}

impl Setting {
    async fn start(backend: &Backend, more: &[(&str, &str)]) -> Self {
        let dns = NameServer::start().await.unwrap();
        let address = dns.address().to_string();
        let mut settings = vec![
            ("DNS_SERVER", address.as_str()),
            ("CNAME_TARGET", "track.service.example"),
        ];
        settings.extend(more);
        let server = Server::start_with(backend, &settings).await;
        Self { dns, server }
    }

    /// Asks the API, and expects the status.
    #[track_caller]
    fn api<'a>(
        &'a self,
        method: &'a str,
        path: &'a str,
        body: Value,
        status: u16,
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut request = self.server.api(method, path);
            if !body.is_null() {
                request = request.json(&body);
            }
            let answer = request.send().await.unwrap();
            let got = answer.status();
            let text = answer.text().await.unwrap();
            assert_eq!(got, status, "{method} {path} at {caller}: {text}");
            serde_json::from_str(&text).unwrap_or_default()
        }
    }

    async fn validated(&self, name: &str) -> Value {
        self.api("POST", "/domains", json!({ "domain": name }), 201)
            .await;
        self.prove(name).await
    }

    async fn prove(&self, name: &str) -> Value {
        let shown = self
            .api("GET", &format!("/domains/{name}"), Value::Null, 200)
            .await;
        let record = &shown["records"]["ownership"];
        assert_eq!(record["type"], "TXT");
        self.dns.set_txt(
            record["name"].as_str().unwrap(),
            record["value"].as_str().unwrap(),
        );
        let path = format!("/domains/{name}/validate");
        self.api("POST", &path, Value::Null, 200).await
    }

    async fn check_cname(&self, name: &str) -> Value {
        let path = format!("/domains/{name}/check-cname");
        self.api("POST", &path, Value::Null, 200).await
    }
}

#[tokio::test]
async fn pending_domain_is_validated_once_its_txt_record_is_there() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let added = setting
            .api(
                "POST",
                "/domains",
                json!({ "domain": "Bücher.Example." }),
                201,
            )
            .await;
        assert_eq!(added["domain"], "xn--bcher-kva.example");
        assert_eq!(added["status"], "pending");
        let name = "_linkseal.xn--bcher-kva.example";
        assert_eq!(added["records"]["ownership"]["name"], name);
        let validate = "/domains/xn--bcher-kva.example/validate";
        let missing = setting.api("POST", validate, Value::Null, 200).await;
        assert_eq!(missing["status"], "pending");
        assert_eq!(
            missing["problem"],
            format!("there is no TXT record at {name} yet")
        );
        setting.dns.set_txt(name, "linkseal-verify=of-another");
        let other = setting.api("POST", validate, Value::Null, 200).await;
        assert_eq!(other["status"], "pending");
        assert!(
            other["problem"]
                .as_str()
                .unwrap()
                .contains("`linkseal-verify=of-another`")
        );
        let done = setting.prove("xn--bcher-kva.example").await;
        assert_eq!(done["status"], "validated");
        assert_eq!(done["problem"], Value::Null);
        assert!(done["validated_at"].is_i64());
    }
}

#[tokio::test]
async fn records_are_found_without_anybody_who_asks_for_a_check() {
    for backend in Backend::all() {
        let mut setting = Setting::start(&backend, &[]).await;
        let path = "/domains/example.com";
        let body = json!({ "domain": "example.com" });
        let added = setting.api("POST", "/domains", body, 201).await;
        let body = json!({ "tracking_host": "link.example.com" });
        setting.api("PATCH", path, body, 200).await;
        let value = added["records"]["ownership"]["value"].as_str().unwrap();
        setting.dns.set_txt("_linkseal.example.com", value);
        setting
            .dns
            .set_cname("link.example.com", "track.service.example");
        setting.server.terminate().await;
        setting.server.start_again().await;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let shown = setting.api("GET", path, Value::Null, 200).await;
            if shown["status"] == "validated" && shown["links_use"] == "link.example.com" {
                break;
            }
            assert!(Instant::now() < deadline, "{shown}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn external_domain_is_never_tracked() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[("DEFAULT_HOST", "track.service.example")]).await;
        let body = json!({ "domain": "example.net", "external": true });
        let added = setting.api("POST", "/domains", body, 201).await;
        assert_eq!(added["status"], "external");
        let proven = setting.prove("example.net").await;
        assert_eq!(proven["status"], "external");
        assert_eq!(proven["links_use"], Value::Null);
    }
}

#[tokio::test]
async fn each_answer_of_dns_is_a_state_of_the_cname() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[("DEFAULT_HOST", "default.example")]).await;
        setting.validated("example.com").await;
        let body = json!({ "tracking_host": "Link.Example.com" });
        let set = setting
            .api("PATCH", "/domains/example.com", body, 200)
            .await;
        assert_eq!(set["tracking_host"], "link.example.com");
        assert_eq!(set["cname"]["state"], "unchecked");
        assert_eq!(
            set["records"]["tracking"],
            json!({ "type": "CNAME", "name": "link.example.com", "value": "track.service.example" })
        );
        let dns = &setting.dns;
        let host = "link.example.com";
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let other: IpAddr = "192.0.2.2".parse().unwrap();
        let target = "track.service.example";
        type Case<'a> = (&'a str, Box<dyn Fn() + 'a>, &'a str, Value);
        let cases: Vec<Case<'_>> = vec![
            ("nothing", Box::new(|| ()), "not_found", Value::Null),
            (
                "another",
                Box::new(|| dns.set_cname(host, "elsewhere.example")),
                "elsewhere",
                json!("elsewhere.example"),
            ),
            (
                "the target",
                Box::new(|| dns.set_cname(host, target)),
                "found",
                Value::Null,
            ),
            (
                "a chain to the target",
                Box::new(|| {
                    dns.set_cname(host, "alias.example");
                    dns.set_cname("alias.example", target);
                }),
                "found",
                Value::Null,
            ),
            (
                "a ring",
                Box::new(|| dns.set_cname("alias.example", host)),
                "elsewhere",
                json!("alias.example"),
            ),
            (
                "flattened",
                Box::new(|| {
                    dns.clear(host);
                    dns.set_address(host, address);
                    dns.set_address(target, address);
                }),
                "found",
                Value::Null,
            ),
            (
                "flattened to another",
                Box::new(|| dns.set_address(host, other)),
                "elsewhere",
                json!("192.0.2.2"),
            ),
            (
                "gone again",
                Box::new(|| dns.clear(host)),
                "not_found",
                Value::Null,
            ),
        ];
        for (case, publish, state, seen) in cases {
            publish();
            let checked = setting.check_cname("example.com").await;
            assert_eq!(checked["cname"]["state"], state, "{case}");
            assert_eq!(checked["cname"]["seen"], seen, "{case}");
            let links_use = if state == "found" {
                host
            } else {
                "default.example"
            };
            assert_eq!(checked["links_use"], links_use, "{case}");
        }
    }
}

#[tokio::test]
async fn another_tracking_host_must_be_looked_for_anew() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        setting.validated("example.com").await;
        setting
            .dns
            .set_cname("link.example.com", "track.service.example");
        let path = "/domains/example.com";
        let set = |host: &'static str| json!({ "tracking_host": host });
        setting
            .api("PATCH", path, set("link.example.com"), 200)
            .await;
        let found = setting.check_cname("example.com").await;
        assert_eq!(found["links_use"], "link.example.com");
        let same = setting
            .api("PATCH", path, set("link.example.com"), 200)
            .await;
        assert_eq!(same["cname"]["state"], "found");
        let other = setting.api("PATCH", path, set("go.example.com"), 200).await;
        assert_eq!(other["cname"]["state"], "unchecked");
        assert_eq!(other["cname"]["checked_at"], Value::Null);
        assert_eq!(other["links_use"], Value::Null);
        let ported = setting
            .api("PATCH", path, set("Go.Example.com:8443/t"), 200)
            .await;
        assert_eq!(ported["tracking_host"], "go.example.com:8443/t");
        assert_eq!(ported["records"]["tracking"]["name"], "go.example.com");
        let body = json!({ "tracking_host": null, "click_tracking": false });
        let none = setting.api("PATCH", path, body, 200).await;
        assert_eq!(none["tracking_host"], Value::Null);
        assert_eq!(none["click_tracking"], false);
        assert_eq!(none["open_tracking"], true);
    }
}

#[tokio::test]
async fn dns_that_cannot_be_asked_is_an_error_and_changes_nothing() {
    for backend in Backend::all() {
        let nobody = format!("127.0.0.1:{}", free_port());
        let server = Server::start_with(
            &backend,
            &[("DNS_SERVER", &nobody), ("CNAME_TARGET", "t.example")],
        )
        .await;
        let add = server
            .api("POST", "/domains")
            .json(&json!({ "domain": "example.com" }));
        assert_eq!(add.send().await.unwrap().status(), 201);
        let answer = server
            .api("POST", "/domains/example.com/validate")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 502);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "dns");
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let page = visitor.post("/domains/example.com/validate", &[]).await;
        assert_eq!(page.status(), 502);
        assert!(page.text().await.unwrap().contains("DNS can't be asked: "));
    }
}

#[tokio::test]
async fn what_the_library_refuses_is_said_in_its_words() {
    for backend in Backend::all() {
        let setting = Setting::start(&backend, &[]).await;
        let visitor = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        setting.validated("example.com").await;
        for name in ["", "a b", "192.0.2.1", "https://example.com"] {
            let error = linkseal::DomainConfig::parse_sending_domain(name).unwrap_err();
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
        // Old links must still verify.
        assert_eq!(
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
            ("open_tracking", "true"),
            ("keep_mail", "true"),
            ("tracking_host", " link.example.com "),
            ("ip_storage", "none"),
        ];
        assert_eq!(visitor.post(settings, &fields).await.status(), 303);
        let shown = setting
            .api("GET", "/domains/example.com", Value::Null, 200)
            .await;
        assert_eq!(shown["click_tracking"], false);
        assert_eq!(shown["open_tracking"], true);
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

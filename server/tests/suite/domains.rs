//! Sending domains: what DNS says of them.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::database::{Backend, free_port};
use crate::server::{ADMIN_TOKEN, Server};
use crate::setting::Setting;
use crate::visitor::Visitor;

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
        assert_eq!(none["click_tracking"], "off");
        assert_eq!(none["open_tracking"], "identified");
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

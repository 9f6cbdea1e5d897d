//! The settings of a domain's links: campaign parameters and sealed tokens, and what a mail changes of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Backend;
use crate::links::header;
use crate::sender::{asked, campaign, eventually, ready, rendered, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::Tables;
use crate::visitor::Visitor;

const DOMAIN: &str = "/domains/example.com";

fn settings() -> Value {
    json!({ "link_parameters": {
        "hosts": ["Shop.example", "*.shop.example"],
        "parameters": { "utm_source": "news", "utm_campaign": "Spring sale" },
        "name_parameter": "utm_content",
        "signing_names": ["HMAC"],
    } })
}

async fn mail(server: &Server, link_parameters: Option<Value>) -> Vec<String> {
    let html = "<a data-track-name=hero href='https://shop.example/?a=1#top'>1</a>\
                <a href='https://a.shop.example/?hmac=5e'>2</a><a href='https://other.example/'>3</a>";
    let mut mail = json!({ "domain": "example.com", "message": "m1", "html": html });
    if let Some(parameters) = link_parameters {
        mail["link_parameters"] = parameters;
    }
    destinations(&rewrite(server, &mail).await["report"])
}

fn destinations(report: &Value) -> Vec<String> {
    let links = report["links"].as_array().unwrap().iter();
    links
        .map(|link| link["destination"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn campaign_parameters_of_the_domain_reach_its_links() {
    for backend in Backend::all() {
        let mut server = ready(&backend).await;
        let plain = mail(&server, None).await;
        assert_eq!(plain[0], "https://shop.example/?a=1#top");
        let shown = asked(&server, "PATCH", DOMAIN, &settings(), 200).await;
        let expected = json!({
            "hosts": ["*.shop.example", "shop.example"],
            "parameters": { "utm_source": "news", "utm_campaign": "Spring sale" },
            "name_parameter": "utm_content",
            "signing_names": ["hmac"],
            "untracked_links": false,
        });
        assert_eq!(shown["link_parameters"], expected);
        let extended = [
            "https://shop.example/?a=1&utm_source=news&utm_campaign=Spring%20sale&utm_content=hero#top",
            "https://a.shop.example/?hmac=5e",
            "https://other.example/",
        ];
        assert_eq!(mail(&server, None).await, extended);
        // Another setting leaves them as they are, and so does a start.
        let other = json!({ "keep_mail": true });
        asked(&server, "PATCH", DOMAIN, &other, 200).await;
        server.terminate().await;
        server.start_again().await;
        assert_eq!(mail(&server, None).await, extended);
        let again = json!({ "link_parameters": shown["link_parameters"] });
        let same = asked(&server, "PATCH", DOMAIN, &again, 200).await;
        assert_eq!(same["link_parameters"], expected);
        let none = json!({ "link_parameters": null });
        let shown = asked(&server, "PATCH", DOMAIN, &none, 200).await;
        assert_eq!(shown["link_parameters"], Value::Null);
        assert_eq!(mail(&server, None).await, plain);
    }
}

#[tokio::test]
async fn untracked_links_get_parameters_if_the_domain_wants_it() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        for (wanted, expected) in [
            (false, "<a href='https://shop.example/'>1</a>"),
            (
                true,
                "<a href='https://shop.example/?utm_source=news'>1</a>",
            ),
        ] {
            let settings = json!({ "click_tracking": false, "open_tracking": false, "link_parameters": {
                "hosts": ["shop.example"], "parameters": { "utm_source": "news" }, "untracked_links": wanted,
            } });
            asked(&server, "PATCH", DOMAIN, &settings, 200).await;
            let mail =
                json!({ "domain": "example.com", "html": "<a href='https://shop.example/'>1</a>" });
            assert_eq!(rewrite(&server, &mail).await["html"], expected);
        }
    }
}

#[tokio::test]
async fn a_mail_extends_the_parameters_of_its_domain() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        // Without the domain's, a mail brings its own hosts.
        let own = json!({ "hosts": ["other.example"], "parameters": { "a": "1" } });
        assert_eq!(
            mail(&server, Some(own)).await[2],
            "https://other.example/?a=1"
        );
        asked(&server, "PATCH", DOMAIN, &settings(), 200).await;
        let first = async |parameters: Value| mail(&server, Some(parameters)).await.swap_remove(0);
        let start = "https://shop.example/?a=1";
        for (stated, query) in [
            (
                json!({}),
                "&utm_source=news&utm_campaign=Spring%20sale&utm_content=hero",
            ),
            (Value::Null, ""),
            (
                json!({ "parameters": { "UTM_Campaign": "m-7", "utm_term": "x" } }),
                "&utm_source=news&UTM_Campaign=m-7&utm_term=x&utm_content=hero",
            ),
            (
                json!({ "parameters": { "utm_campaign": null }, "name_parameter": null }),
                "&utm_source=news",
            ),
            (
                json!({ "parameters": { "utm_content": "all" }, "signing_names": [] }),
                "&utm_source=news&utm_campaign=Spring%20sale&utm_content=all",
            ),
            (
                json!({ "name_parameter": "utm_source" }),
                "&utm_campaign=Spring%20sale&utm_source=hero",
            ),
            (json!({ "hosts": ["other.example"] }), ""),
        ] {
            assert_eq!(
                first(stated.clone()).await,
                format!("{start}{query}#top"),
                "{stated}"
            );
        }
        let reached = mail(&server, Some(json!({ "signing_names": [] }))).await;
        assert_eq!(
            reached[1],
            "https://a.shop.example/?hmac=5e&utm_source=news&utm_campaign=Spring%20sale"
        );
    }
}

/// The campaign's own parameters are stored with it, and the domain's are those of today.
#[tokio::test]
async fn a_campaign_keeps_its_parameters_through_starts_and_changes_of_the_domain() {
    for backend in Backend::all() {
        let mut server = ready(&backend).await;
        asked(&server, "PATCH", DOMAIN, &settings(), 200).await;
        let html = "<a href='https://shop.example/'>1</a>";
        let stated = json!({ "parameters": { "utm_campaign": "c-1" } });
        let new = json!({ "domain": "example.com", "message": "m1", "html": html, "link_parameters": stated });
        let created = asked(&server, "POST", "/campaigns", &new, 201).await;
        assert_eq!(created["link_parameters"], stated);
        let path = format!("/campaigns/{}", created["id"].as_str().unwrap());
        let shown = async |server: &Server| {
            let shown = asked(server, "GET", &path, &Value::Null, 200).await;
            destinations(&shown["report"]).swap_remove(0)
        };
        let expected = "https://shop.example/?utm_source=news&utm_campaign=c-1";
        assert_eq!(shown(&server).await, expected);
        server.terminate().await;
        server.start_again().await;
        assert_eq!(shown(&server).await, expected);
        let changed = json!({ "link_parameters": {
            "hosts": ["shop.example"], "parameters": { "utm_source": "mail" } } });
        asked(&server, "PATCH", DOMAIN, &changed, 200).await;
        let expected = "https://shop.example/?utm_source=mail&utm_campaign=c-1";
        assert_eq!(shown(&server).await, expected);
        let order = json!({ "recipients": ["r1"], "sent_at": 1_790_000_000 });
        let lines = rendered(&server, created["id"].as_str().unwrap(), &order).await;
        let mut single = new.clone();
        single["recipient"] = "r1".into();
        single["sent_at"] = 1_790_000_000.into();
        assert_eq!(lines[0]["html"], rewrite(&server, &single).await["html"]);
        // What can't be put on the domain's any more gives way to it: the mail goes out.
        let clash = json!({ "link_parameters": {
            "hosts": ["shop.example"], "parameters": { "a": "1" }, "signing_names": ["utm_campaign"] } });
        asked(&server, "PATCH", DOMAIN, &clash, 200).await;
        assert_eq!(shown(&server).await, "https://shop.example/?a=1");
        eventually("the log says so", async || {
            let log = server.log();
            log.contains("gets the domain's parameters alone")
                .then_some(())
        })
        .await;
        let none = json!({ "domain": "example.com", "message": "m2", "html": html, "link_parameters": null });
        let created = asked(&server, "POST", "/campaigns", &none, 201).await;
        assert_eq!(destinations(&created["report"]), ["https://shop.example/"]);
        assert_eq!(created["link_parameters"], Value::Null);
        let plain = campaign(&server, "m3", html).await;
        assert_eq!(plain.get("link_parameters"), None);
    }
}

#[tokio::test]
async fn parameters_that_can_not_be_used_are_refused_with_what_was_expected() {
    let many = |count: usize| -> Value {
        let names = (0..count).map(|number| (format!("p{number}"), json!("v")));
        Value::Object(names.collect())
    };
    let cases = [
        (
            json!({ "parameters": { "a": "1" } }),
            "campaign parameters have no hosts, expected those whose links may get them",
        ),
        (
            json!({ "hosts": ["https://shop.example"] }),
            "host `https://shop.example` of campaign parameters is not usable, expected a domain name, an IP address, \
             or `*.` before a domain name",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": { "": "1" } }),
            "name `` of a campaign parameter is empty, expected one such as `utm_source`",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": { "Sig": "1" } }),
            "campaign parameter `Sig` is a name of signed queries, expected one that signs nothing",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": { "a": "1", "A": "2" } }),
            "campaign parameter `A` comes twice, expected each name once, in any letter case",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": many(65) }),
            "parameters of link_parameters has 65 entries, expected at most 64",
        ),
        (
            json!({ "hosts": vec!["a.example"; 257] }),
            "hosts of link_parameters has 257 entries, expected at most 256",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": { "a": "v".repeat(4096) } }),
            "names and values of link_parameters are 4097 bytes, expected at most 4096",
        ),
        (
            json!({ "hosts": ["a.example"], "parameters": ["a"] }),
            "link_parameters",
        ),
        (json!({ "host": [] }), "unknown field `host`"),
    ];
    for backend in Backend::all() {
        let server = ready(&backend).await;
        for (stated, words) in &cases {
            let settings = json!({ "link_parameters": stated });
            let mail = json!({ "domain": "example.com", "message": "m1", "html": "", "link_parameters": stated });
            for (method, path, body) in [
                ("PATCH", DOMAIN, &settings),
                ("POST", "/rewrite", &mail),
                ("POST", "/campaigns", &mail),
            ] {
                let refused = asked(&server, method, path, body, 422).await;
                let message = refused["error"]["message"].as_str().unwrap();
                assert!(message.contains(words), "{path}: {message}");
            }
        }
        let most = json!({ "link_parameters": { "hosts": ["a.example"], "parameters": many(64) } });
        asked(&server, "PATCH", DOMAIN, &most, 200).await;
    }
}

/// Duplicate names in JSON are told from one name.
#[tokio::test]
async fn a_name_that_comes_twice_in_json_is_refused() {
    let server = ready(&Backend::Sqlite).await;
    let body = r#"{"link_parameters":{"hosts":["a.example"],"parameters":{"a":"1","a":"2"}}}"#;
    let answer = server.api("PATCH", DOMAIN).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 422);
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("campaign parameter `a` comes twice"),
        "{text}"
    );
}

#[tokio::test]
async fn links_are_set_on_the_page() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let save = "/domains/example.com/link-settings";
        let fields = vec![
            ("sealed_tokens", "true"),
            (
                "parameters",
                " utm_source = news & more \r\n\r\nutm_campaign=a=b\r\n",
            ),
            ("hosts", "shop.example\r\n*.shop.example"),
            ("name_parameter", "utm_content"),
            ("signing_names", "hmac check"),
            ("click_id", "cid"),
            ("passed", "gclid fbclid"),
            ("click_hosts", "shop.example"),
        ];
        assert_eq!(visitor.post(save, &fields).await.status(), 303);
        let shown = asked(&server, "GET", DOMAIN, &Value::Null, 200).await;
        assert_eq!(shown["sealed_tokens"], true);
        let pairs = json!({ "utm_source": "news & more", "utm_campaign": "a=b" });
        assert_eq!(shown["link_parameters"]["parameters"], pairs);
        assert_eq!(
            shown["link_parameters"]["signing_names"],
            json!(["hmac", "check"])
        );
        let at_click =
            json!({ "hosts": ["shop.example"], "click_id": "cid", "passed": ["gclid", "fbclid"] });
        assert_eq!(shown["click_parameters"], at_click);
        let page = visitor.page("/domains/example.com/settings").await;
        for part in [
            ">\nutm_source=news &amp; more\nutm_campaign=a=b</textarea>",
            ">\n*.shop.example\nshop.example</textarea>",
            "value=\"gclid fbclid\"",
            "name=\"sealed_tokens\" value=\"true\" checked",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        for (field, value, words) in [
            ("hosts", "", "campaign parameters have no hosts"),
            (
                "parameters",
                "utm_source",
                "`utm_source` is no parameter, expected `name=value`",
            ),
            (
                "click_id",
                "gclid",
                "campaign parameter `gclid` comes twice",
            ),
        ] {
            let mut wrong = fields.clone();
            wrong.retain(|(name, _)| *name != field);
            wrong.push((field, value));
            let answer = visitor.post(save, &wrong).await;
            assert_eq!(answer.status(), 422, "{field}");
            let page = answer.text().await.unwrap();
            assert!(page.contains(words), "{page}");
            assert!(page.contains("value=\"utm_content\""), "as typed: {page}");
        }
        let same = asked(&server, "GET", DOMAIN, &Value::Null, 200).await;
        assert_eq!(same, shown);
        // The other form has none of these, and leaves them.
        let other = [("ip_storage", "full")];
        assert_eq!(
            visitor
                .post("/domains/example.com/settings", &other)
                .await
                .status(),
            303
        );
        let kept = asked(&server, "GET", DOMAIN, &Value::Null, 200).await;
        assert_eq!(kept["link_parameters"], shown["link_parameters"]);
        assert_eq!(kept["sealed_tokens"], true);
        assert_eq!(visitor.post(save, &[]).await.status(), 303);
        let shown = asked(&server, "GET", DOMAIN, &Value::Null, 200).await;
        for name in ["link_parameters", "click_parameters"] {
            assert_eq!(shown[name], Value::Null);
        }
        assert_eq!(shown["sealed_tokens"], false);
    }
}

#[tokio::test]
async fn a_domain_that_comes_back_has_no_settings_of_its_past() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let mut all = settings();
        all["sealed_tokens"] = true.into();
        all["click_parameters"] = json!({ "hosts": ["shop.example"], "click_id": "cid" });
        asked(&server, "PATCH", DOMAIN, &all, 200).await;
        let gone = server.api("DELETE", DOMAIN).send().await.unwrap();
        assert_eq!(gone.status(), 204);
        let back = json!({ "domain": "example.com" });
        let back = asked(&server, "POST", "/domains", &back, 201).await;
        assert_eq!(back["link_parameters"], Value::Null);
        assert_eq!(back["click_parameters"], Value::Null);
        assert_eq!(back["sealed_tokens"], false);
    }
}

#[tokio::test]
async fn sealed_tokens_are_for_new_mail_and_old_ones_still_redirect() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let html = "<a href='https://shop.example/u/rcpt-42'>1</a>";
        let mail = json!({ "domain": "example.com", "message": "m1", "recipient": "rcpt-42", "html": html });
        let made = campaign(&server, "m1", html).await;
        let id = made["id"].as_str().unwrap();
        let order = json!({ "recipients": ["rcpt-42"] });
        let mut paths = Vec::new();
        for sealed in [false, true, false] {
            let change = json!({ "sealed_tokens": sealed });
            let shown = asked(&server, "PATCH", DOMAIN, &change, 200).await;
            assert_eq!(shown["sealed_tokens"], sealed);
            let one = rewrite(&server, &mail).await["html"].clone();
            let many = rendered(&server, id, &order).await[0]["html"].clone();
            for html in [one, many] {
                let html = html.as_str().unwrap();
                let url = html
                    .split(['"', '\''])
                    .find(|url| url.contains("/c/"))
                    .unwrap();
                let at = url.find("/c/").unwrap();
                // A token starts with its version: `E` in base64url is a signed one, `I` a sealed one.
                let is_sealed = url[at..].starts_with("/c/I");
                assert_eq!(is_sealed, sealed, "{url}");
                paths.push(url[at..].to_owned());
            }
        }
        for path in &paths {
            let answer = server.follow(Method::GET, path).send().await.unwrap();
            assert_eq!(answer.status(), 302, "{path}");
            assert_eq!(
                header(&answer, "location"),
                "https://shop.example/u/rcpt-42"
            );
        }
        let events = Tables::of(&server).await.events().await;
        assert_eq!(events.len(), 6);
        assert!(events.iter().all(|event| event.recipient == "rcpt-42"));
    }
}

//! Validated domains whose TXT record goes away. Days pass by setting back what the database says of the last look.

use reqwest::Method;
use serde_json::{Value, json};

use crate::callers::send;
use crate::database::Backend;
use crate::sender::{eventually, rewrite};
use crate::server::ADMIN_TOKEN;
use crate::setting::Setting;
use crate::tables::{DEFAULT_HOST, Tables, on};
use crate::visitor::Visitor;

const RECORD: &str = "_linkseal.example.com";
const DOMAIN: &str = "/domains/example.com";

struct Days {
    setting: Setting,
    tables: Tables,
}

impl Days {
    /// A validated domain with a tracking host, whose record was found today.
    async fn start(backend: &Backend) -> Self {
        let setting = Setting::start(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
        let validated = setting.validated("example.com").await;
        assert!(validated["ownership"]["checked_at"].is_i64());
        let tables = Tables::of(&setting.server).await;
        Self { setting, tables }
    }

    /// Lets a day pass and waits until the record was looked for.
    async fn pass(&mut self) -> Value {
        let before = self.make_due().await;
        eventually("the record is looked for", async || {
            let domain = self.domain().await;
            (domain["ownership"]["checked_at"] != before).then_some(domain)
        })
        .await
    }

    /// Lets a day pass, in which DNS can't be asked.
    async fn pass_without_answer(&mut self) -> Value {
        let before = self.make_due().await;
        let failed = "DNS records were not checked";
        let log = self.setting.server.folder.path().join("log");
        eventually("the log says that DNS could not be asked", async || {
            self.setting.server.log().contains(failed).then_some(())
        })
        .await;
        std::fs::write(log, "").unwrap();
        let domain = self.domain().await;
        assert_eq!(domain["ownership"]["checked_at"], before);
        domain
    }

    /// Starts the server a day later, at which records are looked for. Returns when that was done last.
    async fn make_due(&mut self) -> i64 {
        self.setting.server.terminate().await;
        self.tables
            .execute(
                "UPDATE domains SET txt_checked_at = txt_checked_at - 86400000, \
                 txt_missing_since = txt_missing_since - 86400000",
            )
            .await;
        let sql = "SELECT txt_checked_at FROM domains";
        let before = on!(&self.tables, pool => sqlx::query_scalar(sql).fetch_one(pool));
        self.setting.server.start_again().await;
        before
    }

    async fn domain(&self) -> Value {
        self.setting.api("GET", DOMAIN, Value::Null, 200).await
    }

    async fn rewrite(&self) -> Value {
        let mail =
            json!({ "domain": "example.com", "html": "<a href=\"https://a.example/\">a</a>" });
        rewrite(&self.setting.server, &mail).await
    }

    async fn metrics(&self) -> String {
        let url = self.setting.server.url("/metrics");
        let request = self.setting.server.client.get(url).bearer_auth(ADMIN_TOKEN);
        send(request).await.text().await.unwrap()
    }
}

#[tokio::test]
async fn a_domain_whose_record_is_gone_for_three_days_lapses_until_it_is_found() {
    for backend in Backend::all() {
        let mut days = Days::start(&backend).await;
        let value = days.domain().await["records"]["ownership"]["value"].clone();
        let sent = days.rewrite().await["html"].as_str().unwrap().to_owned();
        let (_, path) = sent.split_once(DEFAULT_HOST).expect(&sent);
        let link = path.split('"').next().unwrap();
        days.setting.dns.clear(RECORD);
        for day in 0..3 {
            let domain = days.pass().await;
            assert_eq!(domain["status"], "validated", "{backend:?} day {day}");
            assert!(domain["ownership"]["missing_since"].is_i64(), "{domain}");
        }
        let visitor = Visitor::sign_in(&days.setting.server, ADMIN_TOKEN).await;
        let page = visitor.page(&format!("{DOMAIN}/settings")).await;
        assert!(page.contains("The record is not there any more."), "{page}");
        assert_eq!(days.rewrite().await["report"]["tracked"], 1);
        let domain = days.pass().await;
        assert_eq!(domain["status"], "lapsed", "{backend:?}: {domain}");
        assert!(domain["ownership"]["lapsed_at"].is_i64());
        assert_eq!(domain["links_use"], Value::Null);
        let untracked = days.rewrite().await;
        assert_eq!(untracked["html"], "<a href=\"https://a.example/\">a</a>");
        assert_eq!(untracked["report"]["untouched"], "domain_lapsed");
        let click = days
            .setting
            .server
            .follow(Method::GET, link)
            .send()
            .await
            .unwrap();
        assert_eq!(click.status(), 302, "{backend:?}");
        let page = visitor.page(&format!("{DOMAIN}/settings")).await;
        assert!(page.contains("has been gone for days"), "{page}");
        assert!(visitor.page("/domains").await.contains("lapsed"));
        let metrics = days.metrics().await;
        assert!(
            metrics.contains("tracking_domains{status=\"lapsed\"} 1"),
            "{metrics}"
        );
        let missing = days
            .setting
            .api("POST", &format!("{DOMAIN}/validate"), Value::Null, 200)
            .await;
        assert_eq!(
            missing["problem"],
            format!("there is no TXT record at {RECORD} any more")
        );
        days.setting.dns.set_txt(RECORD, value.as_str().unwrap());
        days.setting.server.terminate().await;
        days.setting.server.start_again().await;
        eventually("it is validated again", async || {
            (days.domain().await["status"] == "validated").then_some(())
        })
        .await;
        assert_eq!(days.domain().await["ownership"]["lapsed_at"], Value::Null);
        assert_eq!(days.rewrite().await["report"]["tracked"], 1, "{backend:?}");
        let metrics = days.metrics().await;
        assert!(
            metrics.contains("tracking_domains{status=\"lapsed\"} 0"),
            "{metrics}"
        );
    }
}

#[tokio::test]
async fn only_answers_without_the_record_count_and_only_in_a_row() {
    for backend in Backend::all() {
        let mut days = Days::start(&backend).await;
        let value = days.domain().await["records"]["ownership"]["value"].clone();
        let dns_fails = async |days: &mut Days| {
            days.setting.dns.fail(RECORD);
            let domain = days.pass_without_answer().await;
            assert_eq!(domain["status"], "validated", "{domain}");
            domain
        };
        let silent = dns_fails(&mut days).await;
        assert_eq!(
            silent["ownership"]["missing_since"],
            Value::Null,
            "{backend:?}"
        );
        // Gone for longer than three days, but seen so on two of them only.
        for round in 0..2 {
            days.setting.dns.clear(RECORD);
            let gone = days.pass().await;
            assert_eq!(gone["status"], "validated", "{backend:?} {round}");
            dns_fails(&mut days).await;
        }
        days.setting.dns.clear(RECORD);
        days.setting.dns.set_txt(RECORD, value.as_str().unwrap());
        let found = days.pass().await;
        assert_eq!(found["ownership"]["missing_since"], Value::Null);
        // Another value is no proof either, and the days count anew.
        days.setting
            .dns
            .set_txt(RECORD, "linkseal-verify=of-another");
        for status in ["validated", "validated", "validated", "lapsed"] {
            assert_eq!(days.pass().await["status"], status, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn asking_often_does_not_make_a_domain_lapse() {
    for backend in Backend::all() {
        let days = Days::start(&backend).await;
        days.setting.dns.clear(RECORD);
        for _ in 0..5 {
            let path = format!("{DOMAIN}/validate");
            let asked = days.setting.api("POST", &path, Value::Null, 200).await;
            assert_eq!(asked["status"], "validated", "{backend:?}");
            assert_eq!(
                asked["problem"],
                format!("there is no TXT record at {RECORD} any more")
            );
        }
        assert_eq!(
            days.domain().await["ownership"]["missing_since"],
            Value::Null
        );
    }
}

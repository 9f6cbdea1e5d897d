//! A domain that was removed and added again: what was one owner's is not the next one's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::callers::{bearer, scoped_token, send};
use crate::database::Backend;
use crate::sender::{asked, campaign, eventually, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::setting::Setting;
use crate::tables::{DEFAULT_HOST, Tables, on};
use crate::visitor::Visitor;

const REPORTS: [&str; 10] = [
    "stats?from=0&to=4000000000000&machines=include",
    "series?from=0&to=4000000000000",
    "messages",
    "links",
    "names",
    "timeline?recipient=r-1",
    "events?settled=false",
    "events?settled=false&message=m-former",
    "events.csv",
    "events.ndjson",
];

const PAGES: [&str; 6] = [
    "",
    "/settings",
    "/live",
    "/recipient?id=r-1",
    "/events.csv",
    "/events.ndjson",
];

/// Words that only the former owner's data have.
const FORMER: [&str; 3] = ["m-former", "former.example/", "c-former"];

async fn start(backend: &Backend) -> Setting {
    Setting::start(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await
}

/// Sends a mail and clicks its link.
async fn send_and_click(server: &Server, message: &str, to: &str) -> String {
    let html = format!("<a href=\"https://{to}/\" data-track-name=\"at {to}\">x</a>");
    let mail =
        json!({ "domain": "example.com", "message": message, "recipient": "r-1", "html": html });
    let rewritten = rewrite(server, &mail).await;
    let html = rewritten["html"].as_str().unwrap();
    let (_, rest) = html.split_once("/c/").expect(html);
    let path = format!("/c/{}", rest.split('"').next().unwrap());
    click(server, &path).await;
    path
}

async fn click(server: &Server, path: &str) {
    let answer = server.follow(Method::GET, path).send().await.unwrap();
    assert_eq!(answer.status(), 302);
}

/// A time as owner of `example.com`: all settings changed, mail sent, kept and clicked. Returns a link.
async fn own(setting: &Setting) -> String {
    setting.validated("example.com").await;
    let change = json!({
        "click_tracking": true, "open_tracking": false, "tracking_host": "link.example.com",
        "ip_storage": "full", "keep_mail": true,
    });
    let path = "/domains/example.com";
    setting.api("PATCH", path, change, 200).await;
    campaign(
        &setting.server,
        "c-former",
        "<a href=\"https://former.example/\">x</a>",
    )
    .await;
    send_and_click(&setting.server, "m-former", "former.example").await
}

async fn change_hands(setting: &Setting) {
    let path = "/domains/example.com";
    setting.api("DELETE", path, Value::Null, 204).await;
    setting.validated("example.com").await;
}

async fn texts(server: &Server, token: &str, domain: &str) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for report in REPORTS {
        let path = format!("/domains/{domain}/{report}");
        let answer = send(bearer(server, token, "GET", &path)).await;
        assert_eq!(answer.status(), 200, "{path}");
        texts.push((report.to_owned(), answer.text().await.unwrap()));
    }
    texts
}

#[tokio::test]
async fn who_adds_a_removed_domain_sees_nothing_of_its_former_owner() {
    for backend in Backend::all() {
        let setting = start(&backend).await;
        let server = &setting.server;
        let link = own(&setting).await;
        change_hands(&setting).await;
        click(server, &link).await;
        // A domain that nobody had before, to compare with.
        setting.validated("fresh.example").await;
        let (_, newcomer) = scoped_token(server, "example.com").await;
        let (_, of_fresh) = scoped_token(server, "fresh.example").await;
        let again = texts(server, &newcomer, "example.com").await;
        let fresh = texts(server, &of_fresh, "fresh.example").await;
        for ((report, again), (_, fresh)) in again.iter().zip(fresh) {
            let fresh = fresh.replace("fresh.example", "example.com");
            // Where a cursor stands depends on when it is asked for.
            if !report.starts_with("events?") {
                assert_eq!(*again, fresh, "{backend:?} {report}");
            }
            for word in FORMER {
                assert!(!again.contains(word), "{backend:?} {report}: {again}");
            }
        }
        let visitor = Visitor::sign_in(server, &newcomer).await;
        for page in PAGES {
            let text = visitor.page(&format!("/domains/example.com{page}")).await;
            for word in FORMER {
                assert!(!text.contains(word), "{backend:?} {page}: {text}");
            }
        }
        for gone in ["message?id=m-former", "click-map?message=c-former"] {
            let answer = visitor.get(&format!("/domains/example.com/{gone}")).await;
            assert_eq!(answer.status(), 404, "{backend:?} {gone}");
        }
    }
}

#[tokio::test]
async fn settings_keys_tokens_and_campaigns_do_not_come_back() {
    for backend in Backend::all() {
        let setting = start(&backend).await;
        let server = &setting.server;
        setting.validated("example.com").await;
        let (_, token) = scoped_token(server, "example.com").await;
        let kept = campaign(
            server,
            "c-former",
            "<a href=\"https://former.example/\">x</a>",
        )
        .await;
        let change =
            json!({ "tracking_host": "link.example.com", "ip_storage": "none", "keep_mail": true });
        let path = "/domains/example.com";
        let before = setting.api("PATCH", path, change, 200).await;
        change_hands(&setting).await;
        let after = setting.api("GET", path, Value::Null, 200).await;
        let fresh = setting.validated("fresh.example").await;
        for setting in [
            "tracking_host",
            "ip_storage",
            "keep_mail",
            "click_tracking",
            "cname",
        ] {
            assert_eq!(after[setting], fresh[setting], "{backend:?} {setting}");
        }
        let key = |domain: &Value| domain["signing_key"]["number"].clone();
        assert_ne!(key(&after), key(&before));
        assert_eq!(after["signing_key"]["older"], 0);
        let refused = send(bearer(server, &token, "GET", "/domains")).await;
        assert_eq!(refused.status(), 401, "{backend:?}");
        let path = format!("/campaigns/{}/render", kept["id"].as_str().unwrap());
        asked(
            server,
            "POST",
            &path,
            &json!({ "recipients": ["r-1"] }),
            404,
        )
        .await;
    }
}

#[tokio::test]
async fn clicks_are_those_of_the_ownership_that_sent_the_mail() {
    for backend in Backend::all() {
        let mut setting = start(&backend).await;
        let old = own(&setting).await;
        change_hands(&setting).await;
        let new = send_and_click(&setting.server, "m-new", "new.example").await;
        // Read from the tables anew, the keys are the same ones' still.
        setting.server.terminate().await;
        setting.server.start_again().await;
        for link in [&old, &new, &old] {
            click(&setting.server, link).await;
        }
        let events = Tables::of(&setting.server).await.events().await;
        let stored: Vec<_> = events
            .iter()
            .map(|event| (event.domain.as_str(), event.message.as_str()))
            .collect();
        let (former, present) = (("example.com", "m-former"), ("example.com#2", "m-new"));
        assert_eq!(stored, [former, present, former, present, former]);
        for (domain, clicks, message) in [
            ("example.com", 2, "m-new"),
            ("example.com%231", 3, "m-former"),
        ] {
            let all = "from=0&to=4000000000000&machines=include";
            let path = format!("/domains/{domain}/stats?{all}");
            let stats = setting.api("GET", &path, Value::Null, 200).await;
            assert_eq!(stats["clicks"]["total"], clicks, "{backend:?} {domain}");
            assert_eq!(stats["domain"], "example.com");
            let path = format!("/domains/{domain}/events?settled=false");
            let events = setting.api("GET", &path, Value::Null, 200).await;
            for event in events["events"].as_array().unwrap() {
                assert_eq!(
                    (&event["domain"], &event["message"]),
                    (&json!("example.com"), &json!(message))
                );
            }
        }
    }
}

#[tokio::test]
async fn former_ownerships_are_the_admins_alone() {
    for backend in Backend::all() {
        let setting = start(&backend).await;
        let server = &setting.server;
        own(&setting).await;
        change_hands(&setting).await;
        change_hands(&setting).await;
        let list = setting
            .api("GET", "/former-domains", Value::Null, 200)
            .await;
        let listed: Vec<_> = list["former_domains"]
            .as_array()
            .unwrap()
            .iter()
            .map(|former| {
                (
                    former["domain"].as_str().unwrap(),
                    former["number"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            listed,
            [("example.com", 1), ("example.com", 2)],
            "{backend:?}"
        );
        let (_, token) = scoped_token(server, "example.com").await;
        for (method, path, status) in [
            ("GET", "/former-domains", 403),
            ("DELETE", "/former-domains/example.com/1", 403),
            ("GET", "/domains/example.com%231/stats", 404),
            ("GET", "/domains/example.com%231/events.csv", 404),
            ("GET", "/domains/example.com%231/recipients/r/export", 404),
            ("DELETE", "/domains/example.com%231/recipients/r", 404),
            ("GET", "/domains/example.com%232/events", 404),
        ] {
            let answer = send(bearer(server, &token, method, path)).await;
            assert_eq!(answer.status(), status, "{backend:?} {path}");
        }
        // The present one is no former one, and there is no fourth.
        for number in [0, 3, 4] {
            let path = format!("/former-domains/example.com/{number}");
            setting.api("DELETE", &path, Value::Null, 404).await;
        }
        setting
            .api("GET", "/domains/example.com%233/stats", Value::Null, 404)
            .await;
        let recipient = "/domains/example.com%231/recipients/r";
        for path in ["export", "tracking"] {
            let path = format!("{recipient}/{path}");
            setting.api("GET", &path, Value::Null, 200).await;
        }
        setting.api("DELETE", recipient, Value::Null, 202).await;
        eventually("the recipient is erased", async || {
            let erasure = setting.api("GET", recipient, Value::Null, 200).await;
            (erasure["state"] == "done").then_some(())
        })
        .await;
        let visitor = Visitor::sign_in(server, &token).await;
        assert_eq!(visitor.get("/former-domains").await.status(), 403);
        let admin = Visitor::sign_in(server, ADMIN_TOKEN).await;
        let page = admin.page("/former-domains").await;
        assert!(
            page.contains("/domains/example.com%231/events.csv"),
            "{page}"
        );
        let csv = admin.page("/domains/example.com%231/events.csv").await;
        assert!(csv.starts_with("seq,"), "{csv}");
    }
}

const MANY: i64 = 6_000;

/// Rows of an ownership in each table that has such rows.
async fn rows(tables: &Tables, id: &str) -> Vec<(String, i64)> {
    let names: Vec<String> = match tables {
        Tables::Sqlite(pool) => sqlx::query_scalar(
            "SELECT tables.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
             WHERE tables.type = 'table' AND columns.name = 'domain' ORDER BY tables.name",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Tables::Postgres(pool) => sqlx::query_scalar(
            "SELECT CAST(table_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = 'public' AND column_name = 'domain' ORDER BY table_name",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    };
    let mut rows = Vec::new();
    for name in names {
        let count = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {name} WHERE domain = $1"));
        let count: i64 = on!(tables, pool => sqlx::query_scalar(count).bind(id).fetch_one(pool));
        if count > 0 {
            rows.push((name, count));
        }
    }
    rows
}

/// Clicks of many recipients, as if they had been stored long ago.
async fn insert_many(tables: &Tables) {
    let many = (0..MANY).map(|number| format!("r-{number}"));
    let recipients = Value::from(many.collect::<Vec<_>>()).to_string();
    match tables {
        Tables::Sqlite(pool) => {
            sqlx::query(
                "INSERT INTO events (id, kind, domain, message, recipient, at, method, machine, reasons) \
                 SELECT CAST(value AS BLOB), 'click', 'example.com', 'm-former', value, 1, 'GET', 'none', '' \
                 FROM json_each($1)",
            )
            .bind(recipients)
            .execute(pool)
            .await
            .unwrap();
        }
        Tables::Postgres(pool) => {
            sqlx::query(
                "INSERT INTO events (id, kind, domain, message, recipient, at, method, machine, reasons) \
                 SELECT convert_to(value, 'UTF8'), 'click', 'example.com', 'm-former', value, 1, 'GET', 'none', '' \
                 FROM jsonb_array_elements_text($1::jsonb)",
            )
            .bind(recipients)
            .execute(pool)
            .await
            .unwrap();
        }
    }
}

#[tokio::test]
async fn a_former_ownerships_data_are_deleted_also_across_a_crash() {
    for backend in Backend::all() {
        let mut setting = start(&backend).await;
        let link = own(&setting).await;
        let tables = Tables::of(&setting.server).await;
        eventually("mails are counted and messages stored", async || {
            let counted = tables.rewritten("m-former").await == 1;
            (counted && tables.messages().await.len() == 2).then_some(())
        })
        .await;
        change_hands(&setting).await;
        send_and_click(&setting.server, "m-new", "new.example").await;
        insert_many(&tables).await;
        let events = async || {
            let count = "SELECT COUNT(*) FROM events WHERE domain = $1";
            let of = async |id: &str| -> i64 {
                on!(&tables, pool => sqlx::query_scalar(count).bind(id).fetch_one(pool))
            };
            (of("example.com").await, of("example.com#2").await)
        };
        assert_eq!(events().await, (MANY + 1, 1));
        let path = "/former-domains/example.com/1";
        let asked = setting.api("DELETE", path, Value::Null, 202).await;
        assert!(asked["deletion_asked_at"].is_i64(), "{asked}");
        eventually("some are deleted", async || {
            (events().await.0 < MANY).then_some(())
        })
        .await;
        setting.server.kill().await;
        let (left, _) = events().await;
        assert!(left > 0, "{backend:?}: all were deleted before the crash");
        setting.server.start_again().await;
        let deleted = eventually("all are deleted", async || {
            let list = setting
                .api("GET", "/former-domains", Value::Null, 200)
                .await;
            let former = list["former_domains"][0].clone();
            former["deleted_at"].is_i64().then_some(former)
        })
        .await;
        assert_eq!(deleted["deletion_asked_at"], asked["deletion_asked_at"]);
        assert_eq!(
            rows(&tables, "example.com").await,
            [("signing_keys".to_owned(), 1)],
            "{backend:?}"
        );
        // The link leads on, and nothing of it is stored.
        click(&setting.server, &link).await;
        assert_eq!(events().await, (0, 1), "{backend:?}");
    }
}

#[tokio::test]
async fn deletion_on_the_page_asks_for_the_name() {
    for backend in Backend::all() {
        let setting = start(&backend).await;
        own(&setting).await;
        change_hands(&setting).await;
        let admin = Visitor::sign_in(&setting.server, ADMIN_TOKEN).await;
        let path = "/former-domains/example.com/1/delete";
        assert!(
            admin
                .page(path)
                .await
                .contains("Delete the data of example.com?")
        );
        let wrong = admin.post(path, &[("name", "example.org")]).await;
        assert_eq!(wrong.status(), 422);
        let text = wrong.text().await.unwrap();
        assert!(
            text.contains("the name typed is `example.org`, expected `example.com`"),
            "{text}"
        );
        let list = setting
            .api("GET", "/former-domains", Value::Null, 200)
            .await;
        assert_eq!(list["former_domains"][0]["deletion_asked_at"], Value::Null);
        let right = admin.post(path, &[("name", "Example.com")]).await;
        assert_eq!(right.status(), 303);
        eventually("the page says that they are deleted", async || {
            admin
                .page("/former-domains")
                .await
                .contains("deleted <time")
                .then_some(())
        })
        .await;
    }
}

use linkseal::Message;
use reqwest::Method;

use crate::database::Backend;
use crate::links::{Mail, Scene, now_s};

const PERSON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
const GMAIL: &str =
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
const GMAIL_PREFETCH: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";
const YAHOO: &str = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html";

#[tokio::test]
async fn machines_are_logged_as_such_and_answered_as_anybody() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let just_sent = Message::new("m")
            .and_then(|message| message.with_sent_at(now_s() + 1))
            .unwrap();
        let early = Mail::of(&scene.domain, just_sent, &["https://a.example/"]);
        let rows = [
            (&scene.mail.clicks[0], PERSON, "", "none", ""),
            (
                &scene.mail.clicks[0],
                "curl/8.5.0",
                "",
                "certain",
                "scanner",
            ),
            (&scene.mail.clicks[0], "", "", "suspected", "unnamed"),
            (
                &scene.mail.clicks[0],
                PERSON,
                "prefetch;prerender",
                "certain",
                "prefetch",
            ),
            (&early.clicks[0], PERSON, "", "suspected", "early"),
            (&scene.mail.open, PERSON, "", "none", ""),
            (
                &scene.mail.open,
                "Mozilla/5.0",
                "",
                "suspected",
                "apple_mail_privacy",
            ),
            (&scene.mail.open, GMAIL, "", "suspected", "mail_proxy"),
            (&scene.mail.open, YAHOO, "", "suspected", "mail_proxy"),
            (
                &scene.mail.open,
                GMAIL_PREFETCH,
                "",
                "suspected",
                "prefetch",
            ),
            (&early.open, PERSON, "", "suspected", "early"),
            (&early.open, GMAIL, "", "suspected", "early,mail_proxy"),
        ];
        for (path, agent, purpose, ..) in &rows {
            let request = scene
                .server
                .follow(Method::GET, path)
                .header("User-Agent", *agent)
                .header("Sec-Purpose", *purpose);
            let status = request.send().await.unwrap().status();
            assert_eq!(status, if path.starts_with("/c/") { 302 } else { 200 });
        }
        let events = scene.tables.events().await;
        assert_eq!(events.len(), rows.len());
        for (event, row) in events.iter().zip(rows) {
            assert_eq!(
                (event.machine.as_str(), event.reasons.as_str()),
                (row.3, row.4),
                "{row:?}"
            );
        }
    }
}

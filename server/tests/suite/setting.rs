//! A server whose DNS says what the test wants.

use serde_json::{Value, json};

use crate::database::Backend;
use crate::name_server::NameServer;
use crate::server::Server;

pub(crate) struct Setting {
    pub(crate) dns: NameServer,
    pub(crate) server: Server,
}

impl Setting {
    pub(crate) async fn start(backend: &Backend, more: &[(&str, &str)]) -> Self {
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
    pub(crate) fn api<'a>(
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

    pub(crate) async fn validated(&self, name: &str) -> Value {
        self.api("POST", "/domains", json!({ "domain": name }), 201)
            .await;
        self.prove(name).await
    }

    pub(crate) async fn prove(&self, name: &str) -> Value {
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

    pub(crate) async fn check_cname(&self, name: &str) -> Value {
        let path = format!("/domains/{name}/check-cname");
        self.api("POST", &path, Value::Null, 200).await
    }
}

//! The sending service of the demonstration: what any client of the API does, over HTTP.

use std::error::Error;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::audience::{Delivered, Link};
use super::campaigns::Sending;
use super::name_server::NameServer;

pub(super) const DOMAIN: &str = "example.com";

pub(super) struct Sender {
    pub(super) client: Client,
    /// `http://localhost:8025`: where the API is, and what tracking URLs start with.
    pub(super) origin: String,
    pub(super) token: String,
}

impl Sender {
    fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/v1{path}", self.origin))
            .bearer_auth(&self.token)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        let response = self.api(method, path).json(body).send().await?;
        let status = response.status();
        let text = response.text().await?;
        if !status.is_success() {
            return Err(format!("{path} was answered with {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Adds the domain, publishes the record that it is asked for, and has it looked for.
    pub(super) async fn add_domain(&self, names: &NameServer) -> Result<(), Box<dyn Error>> {
        let added = self
            .ask(Method::POST, "/domains", &json!({ "domain": DOMAIN }))
            .await?;
        let record = |field: &str| {
            let text = added.pointer(&format!("/records/ownership/{field}"));
            let text = text.and_then(Value::as_str);
            text.ok_or_else(|| format!("there is no ownership record in {added}"))
        };
        names.set_txt(record("name")?, record("value")?);
        let path = format!("/domains/{DOMAIN}/validate");
        let validated = self.ask(Method::POST, &path, &json!({})).await?;
        match validated.get("status").and_then(Value::as_str) {
            Some("validated") => Ok(()),
            _ => Err(format!("{DOMAIN} was not validated: {validated}").into()),
        }
    }

    /// Sends to recipients, by their numbers, and returns what arrives.
    pub(super) async fn send(
        &self,
        sending: &Sending,
        recipients: &[u64],
        at: i64,
    ) -> Result<Vec<Delivered>, Box<dyn Error>> {
        let new = json!({ "domain": DOMAIN, "message": sending.message, "html": sending.html });
        let campaign = self.ask(Method::POST, "/campaigns", &new).await?;
        let id = campaign
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let names = tracked_names(&campaign);
        let ids: Vec<_> = recipients
            .iter()
            .map(|number| format!("reader-{number:04}"))
            .collect();
        let order = json!({ "recipients": ids, "sent_at": at / 1000 });
        let path = format!("/campaigns/{id}/render");
        let response = self.api(Method::POST, &path).json(&order).send().await?;
        let lines = response.error_for_status()?.text().await?;
        let mut delivered = Vec::new();
        for (line, number) in lines.lines().zip(recipients) {
            let line: Value = serde_json::from_str(line)?;
            let html = line
                .get("html")
                .and_then(Value::as_str)
                .ok_or("a line without a mail")?;
            delivered.push(self.arrive(html, &names, *number, at));
        }
        Ok(delivered)
    }

    /// Reads a mail as a recipient's program does: by its links and images.
    fn arrive(&self, html: &str, names: &[String], number: u64, at: i64) -> Delivered {
        let (clicks, opens) = (format!("{}/c/", self.origin), format!("{}/o/", self.origin));
        let links = urls(html, &clicks).zip(names).map(|(url, name)| Link {
            name: name.clone(),
            url: url.to_owned(),
        });
        Delivered {
            number,
            at,
            links: links.collect(),
            pixel: urls(html, &opens).next().map(str::to_owned),
        }
    }
}

/// The names of tracked links, in the order of their positions.
fn tracked_names(campaign: &Value) -> Vec<String> {
    let links = campaign.pointer("/report/links").and_then(Value::as_array);
    links
        .into_iter()
        .flatten()
        .filter(|link| link.get("position").is_some_and(Value::is_u64))
        .map(|link| {
            link.get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

/// The URLs with a beginning, in the order of the document.
fn urls<'a>(html: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    html.match_indices(start).filter_map(|(at, _)| {
        let rest = html.get(at..)?;
        let end = rest.find(['"', '\'', ' ', '>'])?;
        rest.get(..end)
    })
}

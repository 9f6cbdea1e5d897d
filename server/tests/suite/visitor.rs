//! Somebody who signed in and has cookies, as a browser has.

use reqwest::{Client, Response, redirect};

use crate::server::Server;

pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) csrf: String,
    base: String,
}

impl Visitor {
    pub(crate) async fn sign_in(server: &Server, token: &str) -> Self {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .cookie_store(true)
            .build()
            .unwrap();
        let base = server.url("");
        let answer = client
            .post(format!("{base}/sign-in"))
            .form(&[("token", token)])
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 303);
        let mut visitor = Self {
            client,
            csrf: String::new(),
            base,
        };
        let page = visitor.page("/domains").await;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        visitor.csrf = rest.split('"').next().unwrap().to_owned();
        visitor
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.base);
        self.client.get(url).send().await.unwrap()
    }

    /// The text of a page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends a form as the pages do.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut form = vec![("csrf", self.csrf.as_str())];
        form.extend(fields);
        let url = format!("{}{path}", self.base);
        self.client.post(url).form(&form).send().await.unwrap()
    }
}

//! What a page of reports was asked to show: the range, whose requests count, and the links that choose them.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use maud::{Markup, html};
use serde::Deserialize;

use super::links::link_to;
use crate::app::App;
use crate::failure::Failure;
use crate::reports::{Counting, Filter, Images, Machines, Range, Scope};

/// The query of a page. Words that are none are taken as not there.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct View {
    pub(super) id: Option<String>,
    pub(super) message: Option<String>,
    pub(super) before: Option<String>,
    pub(super) recipient: Option<String>,
    /// `load`: the click map loads the images of the mail.
    images: Option<String>,
    range: Option<String>,
    counting: Option<String>,
    machines: Option<String>,
}

impl View {
    pub(super) fn parse(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Failure> {
        match query {
            Ok(Query(view)) => Ok(view),
            Err(rejection) => Err(Failure::Invalid(rejection.body_text())),
        }
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    pub(super) fn counting(&self) -> Counting {
        let older = || self.machines.as_deref().and_then(Machines::parse);
        self.counting
            .as_deref()
            .and_then(Counting::parse)
            .or_else(|| older().map(Counting::from))
            .unwrap_or_default()
    }

    pub(super) fn images(&self) -> Images {
        match self.images.as_deref() {
            Some("load") => Images::Loaded,
            _ => Images::Away,
        }
    }

    pub(super) fn range(&self, usual: Range) -> Range {
        self.range
            .as_deref()
            .and_then(Range::parse)
            .unwrap_or(usual)
    }

    pub(super) fn scope(
        &self,
        app: &App,
        domain: &str,
        message: Option<&str>,
        usual: Range,
    ) -> Scope {
        Scope {
            domain: domain.to_owned(),
            message: message.map(str::to_owned),
            counting: self.counting(),
            span: self.range(usual).span(app.clock.now()),
        }
    }

    /// The events behind what a page shows; all there are where it was not asked for less.
    pub(super) fn filter(&self, app: &App) -> Filter {
        let everything = Filter::default();
        let counting = self.counting.is_some() || self.machines.is_some();
        Filter {
            message: self.message.clone(),
            recipient: self.recipient.clone(),
            counting: if counting {
                self.counting()
            } else {
                everything.counting
            },
            span: self.range(Range::All).span(app.clock.now()),
            ..everything
        }
    }

    /// The range and whose requests count, as a link says them.
    pub(super) fn pairs(&self, usual: Range) -> [(&'static str, &'static str); 2] {
        [
            ("range", self.range(usual).as_str()),
            ("counting", self.counting().as_str()),
        ]
    }
}

/// Links that choose the range, and whose requests count.
pub(super) fn switches(path: &str, view: &View, usual: Range) -> Markup {
    const WHOSE: [(Counting, &str); 3] = [
        (Counting::People, "People"),
        (Counting::PeopleAndMailProxies, "People and mail proxies"),
        (Counting::All, "All"),
    ];
    let to = |range: Range, counting: Counting| {
        let mut pairs = vec![("range", range.as_str()), ("counting", counting.as_str())];
        pairs.extend(view.id.as_deref().map(|id| ("id", id)));
        pairs.extend(view.images.as_deref().map(|images| ("images", images)));
        link_to(path, &pairs)
    };
    let (range, counting) = (view.range(usual), view.counting());
    html! {
        div.switches {
            nav aria-label="Time" {
                @for each in Range::EACH {
                    a href=(to(each, counting)) aria-current=[(each == range).then_some("true")] { (each.label()) }
                }
            }
            nav aria-label="Whose clicks and opens count" {
                @for (each, label) in WHOSE {
                    a href=(to(range, each)) aria-current=[(each == counting).then_some("true")] { (label) }
                }
            }
        }
    }
}

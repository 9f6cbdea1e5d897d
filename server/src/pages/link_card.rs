//! The settings of a domain's links: the form, and what was typed into it.

use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, switch};
use crate::access::SignedIn;
use crate::domains::{ClickFields, Domain, LinkChange, LinkFields};
use crate::failure::Failure;

/// Lists stand one below another, or with blanks between.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LinkForm {
    sealed_tokens: bool,
    parameters: String,
    hosts: String,
    name_parameter: String,
    signing_names: String,
    untracked_links: bool,
    click_id: String,
    passed: String,
    click_hosts: String,
}

impl LinkForm {
    /// The settings as they are.
    fn of(domain: &Domain) -> Self {
        let mut form = Self {
            sealed_tokens: domain.links.sealed_tokens,
            ..Self::default()
        };
        if let Some(parameters) = &domain.links.parameters {
            let lines = parameters.parameters();
            let lines: Vec<_> = lines
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            form.parameters = lines.join("\n");
            form.hosts = parameters.hosts().collect::<Vec<_>>().join("\n");
            form.name_parameter = parameters.name_parameter().unwrap_or_default().to_owned();
            form.signing_names = parameters.signing_names().collect::<Vec<_>>().join(" ");
            form.untracked_links = parameters.reaches_untracked_links();
        }
        if let Some(at_click) = &domain.links.at_click {
            form.click_id = at_click.click_id().unwrap_or_default().to_owned();
            form.passed = at_click.passed().join(" ");
            form.click_hosts = at_click.hosts().join("\n");
        }
        form
    }

    /// An empty half means that there are none.
    pub(super) fn change(&self) -> Result<LinkChange, Failure> {
        let parameters = self.parameters()?;
        let at_click = self.at_click();
        Ok(LinkChange::of(
            Some(parameters.as_ref()),
            Some(at_click.as_ref()),
            Some(self.sealed_tokens),
        )?)
    }

    fn parameters(&self) -> Result<Option<LinkFields>, Failure> {
        let texts = [
            &self.parameters,
            &self.hosts,
            &self.name_parameter,
            &self.signing_names,
        ];
        if texts.iter().all(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        let lines = self.parameters.lines().map(str::trim);
        let pairs = lines.filter(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once('=').ok_or_else(|| {
                Failure::Invalid(format!("`{line}` is no parameter, expected `name=value`"))
            })?;
            Ok((name.trim(), value.trim()))
        });
        let pairs: Vec<_> = pairs.collect::<Result<_, Failure>>()?;
        Ok(Some(LinkFields::typed(
            self.hosts.split_whitespace(),
            pairs.into_iter(),
            self.name_parameter.trim(),
            self.signing_names.split_whitespace(),
            self.untracked_links,
        )))
    }

    fn at_click(&self) -> Option<ClickFields> {
        let list = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let fields = ClickFields {
            hosts: list(&self.click_hosts),
            click_id: Some(self.click_id.trim().to_owned()).filter(|name| !name.is_empty()),
            passed: list(&self.passed),
        };
        let is_empty =
            fields.hosts.is_empty() && fields.click_id.is_none() && fields.passed.is_empty();
        (!is_empty).then_some(fields)
    }
}

/// The card, with what was refused and as it was typed, if anything was.
pub(super) fn card(
    signed_in: &SignedIn,
    domain: &Domain,
    refused: Option<(&str, &LinkForm)>,
) -> Markup {
    let saved = LinkForm::of(domain);
    let form = refused.map_or(&saved, |(_, typed)| typed);
    html! {
        section.card #links {
            h2 { "Links" }
            @if let Some((problem, _)) = refused { (layout::problem(problem)) }
            form.stack method="post" action=(format!("/domains/{}/link-settings", domain.name)) {
                (layout::csrf(signed_in))
                (switch("sealed_tokens", form.sealed_tokens, "Sealed tokens",
                    "Nobody reads destination, message or recipient in the links of new mail."))
                (campaign_parameters(form))
                (at_the_click(form))
                button.primary { "Save" }
            }
        }
    }
}

fn campaign_parameters(form: &LinkForm) -> Markup {
    html! {
        h3 { "Campaign parameters" }
        (lines("parameters", &form.parameters, "Parameters", "utm_source=newsletter",
            "One in a line, as name=value. They are added to destinations before these are signed."))
        (lines("hosts", &form.hosts, "Hosts", "shop.example",
            "Only links to these get them: each host exactly, or with *. before it all its subdomains."))
        (line("name_parameter", &form.name_parameter, "Parameter for the link's name", "utm_content",
            "Links that have a name get it in this parameter."))
        (line("signing_names", &form.signing_names, "Names of signed queries", "hmac",
            "A link whose query has one of these gets no parameter. The common ones are known."))
        (switch("untracked_links", form.untracked_links, "Untracked links, too",
            "Also links that are not tracked get campaign parameters."))
    }
}

fn at_the_click(form: &LinkForm) -> Markup {
    html! {
        h3 { "Parameters of the click" }
        (line("click_id", &form.click_id, "Parameter for the click's id", "click_id",
            "By this id the site that a link leads to can report conversions. Empty: it gets none."))
        (line("passed", &form.passed, "Parameters to pass on", "gclid",
            "What comes with these names in the address of a click goes on to the destination."))
        (lines("click_hosts", &form.click_hosts, "Hosts", "shop.example",
            "Only these get them: each host exactly, or with *. before it all its subdomains."))
    }
}

fn line(name: &str, value: &str, label: &str, example: &str, hint: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) value=(value) placeholder=(example) autocapitalize="none"
            spellcheck="false" aria-describedby=(format!("{name}_hint"));
        p.hint id=(format!("{name}_hint")) { (hint) }
    }
}

fn lines(name: &str, value: &str, label: &str, example: &str, hint: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        // A line ending right behind the tag is no part of the value.
        textarea id=(name) name=(name) rows="3" placeholder=(example) autocapitalize="none"
            spellcheck="false" aria-describedby=(format!("{name}_hint")) { "\n" (value) }
        p.hint id=(format!("{name}_hint")) { (hint) }
    }
}

//! Compiled documents render what `rewrite` returns, for every message.

use linkseal::Template;
use linkseal_laws::rewriting;
use linkseal_laws::settings::{domains, messages};
use linkseal_laws::setup::domain;

#[test]
fn a_rendering_is_what_rewrite_returns() {
    let long = format!("<a href='https://x.test/{}'>long</a>", "p".repeat(4060));
    let documents = [
        "",
        "no link, no tag, and \u{0}",
        include_str!("../../../../examples/newsletter.html"),
        "a<a href=https://x.test/1>1</a>{{ses:openTracker}}<a data-track=off alias=x \
         href='https://x.test/2'>2</a><a href='https+notrack://x.test/3'>3</a><opentag/>\
         <a data-track-name=n href=https://x.test/unsubscribe>u</a>\
         <!--[if mso]><v:rect ses:tags='k:v' href='https://x.test/é'><![endif]--></body>",
        &long,
        "<a href=https://x.test/1>1</a><textarea>",
        // Too long for a token with the longest ids; the next link moves up.
        &format!(
            "<a href='https://x.test/{}'>1</a><a href=https://x.test/2>2</a>",
            "p".repeat(4077)
        ),
    ];
    for html in documents {
        for domain in domains() {
            rewriting::template(html, &domain, &messages()).unwrap();
        }
    }
}

#[test]
fn a_rendering_is_appended_and_allocates_once() {
    let template = Template::compile("<a href=https://x.test/>x</a>", &domain());
    for message in messages() {
        let mut out = String::from("before ");
        template.render_into(&message, &mut out);
        let rendered = template.render(&message);
        assert_eq!(out, format!("before {rendered}"));
        let mut reserved = String::new();
        template.render_into(&message, &mut reserved);
        let capacity = reserved.capacity();
        reserved.clear();
        template.render_into(&message, &mut reserved);
        assert_eq!(reserved.capacity(), capacity, "{message:?}");
    }
}

//! Compiled documents at work: for any message, in any thread.

use linkseal::{
    LinkOutcome, Message, SkipReason, Template, TrackingLevel, rewrite, rewrite_with_report,
};

use crate::setup::domain;

#[test]
fn the_message_of_the_domain_does_not_matter() {
    let off = Message::default().with_click_tracking(TrackingLevel::Off);
    let html = "<a href=https://x.test/>x</a>";
    let template = Template::compile(html, &domain().for_message(off));
    assert_eq!(template.report().links()[0].outcome(), LinkOutcome::Tracked);
    let message = Message::new("m").unwrap();
    assert_eq!(
        template.render(&message),
        rewrite(html, &domain().for_message(message))
    );
}

#[test]
fn threads_share_a_template() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Template>();
    let html = include_str!("../../examples/newsletter.html");
    let template = Template::compile(html, &domain());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let template = &template;
            scope.spawn(move || {
                for number in 0..20 {
                    let message = Message::new(format!("msg-{thread}-{number}")).unwrap();
                    let expected = rewrite(html, &domain().for_message(message.clone()));
                    assert!(template.render(&message) == expected);
                }
            });
        }
    });
}

#[test]
fn links_after_one_that_a_message_skips_move_up() {
    let html = "<a href=https://x.test/u>u</a><a href=https://x.test/2>2</a>";
    let message = Message::default().with_list_unsubscribe("https://x.test/u");
    let rendered = Template::compile(html, &domain()).render(&message);
    let url = &crate::setup::tracking_urls(rendered.as_bytes())[0];
    assert_eq!(crate::setup::click(url).position(), 0);
    let (_, report) = rewrite_with_report(html, &domain().for_message(message));
    let skipped = LinkOutcome::Skipped(SkipReason::Unsubscribe);
    assert_eq!(report.links()[0].outcome(), skipped);
}

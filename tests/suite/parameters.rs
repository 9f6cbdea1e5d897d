//! Campaign parameters: what destinations become, and which links get none.

use linkseal::error::ParameterError;
use linkseal::{
    DomainConfig, DomainStatus, LinkOutcome, LinkParameters, Message, PixelPlacement, Rewriter,
    SkipReason, StreamOptions, Template, TrackingLevel, rewrite, rewrite_with_report,
};
use serde_json::Value;

use super::setup::{click, domain, stream, tracking_urls};

const ADDED: &str = "utm_source=news&utm_medium=email";

fn parameters() -> LinkParameters {
    LinkParameters::new(["shop.test", "*.shop.test"])
        .and_then(|parameters| parameters.with_parameter("utm_source", "news"))
        .and_then(|parameters| parameters.with_parameter("utm_medium", "email"))
        .and_then(|parameters| parameters.with_name_parameter("utm_content"))
        .unwrap()
}

/// Tracks clicks, opens not, and adds parameters to all links.
fn tracking() -> DomainConfig {
    let parameters = parameters().with_untracked_links(true);
    domain()
        .with_open_tracking(TrackingLevel::Off)
        .with_link_parameters(parameters)
}

fn untracked() -> DomainConfig {
    tracking().with_click_tracking(TrackingLevel::Off)
}

fn destination(html: &str, domain: &DomainConfig) -> String {
    let (_, report) = rewrite_with_report(html, domain);
    report.links()[0].destination().unwrap().to_owned()
}

/// Of one link, tracked and not.
#[test]
fn every_case_gets_its_destination() {
    let file: Value = serde_json::from_str(include_str!("../cases/parameters.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |name: &str| file[name].as_array().unwrap().clone();
    let hosts = list("hosts").iter().map(text).collect::<Vec<_>>();
    let mut parameters = LinkParameters::new(hosts).unwrap();
    for pair in list("parameters") {
        let (name, value) = (text(&pair[0]), text(&pair[1]));
        parameters = parameters.with_parameter(&name, &value).unwrap();
    }
    let parameters = parameters
        .with_name_parameter(&text(&file["name_parameter"]))
        .unwrap();
    let cases = list("cases");
    assert_eq!(cases.len(), 26);
    for case in cases {
        let href = text(&case["href"]);
        let expected = text(&case["destination"]).replace("{added}", &text(&file["added"]));
        let name = case.get("name").map(text).unwrap_or_default();
        let escaped = href.replace('&', "&amp;");
        let html = format!("<a data-track-name=\"{name}\" href=\"{escaped}\">x</a>");
        let domain = domain()
            .with_open_tracking(TrackingLevel::Off)
            .with_link_parameters(parameters.clone().with_untracked_links(true));
        let output = rewrite(&html, &domain);
        assert_eq!(
            click(&tracking_urls(output.as_bytes())[0]).destination(),
            expected,
            "{case}"
        );
        assert_eq!(destination(&html, &domain), expected, "{case}");

        let output = rewrite(&html, &domain.with_click_tracking(TrackingLevel::Off));
        // One that gets none stays as it was.
        let expected = html.replace(&escaped, &expected.replace('&', "&amp;"));
        assert_eq!(output, expected, "{case}");
    }
}

#[test]
fn links_that_do_not_lead_to_a_page_of_the_sender_get_none() {
    for (link, reason) in [
        ("href='https://shop.test/{{id}}'", SkipReason::MergeTag),
        ("href='#top'", SkipReason::Fragment),
        ("href='mailto:a@shop.test'", SkipReason::Scheme),
        (
            "data-track=off href='https://shop.test/'",
            SkipReason::OptedOut,
        ),
        ("href='https+notrack://shop.test/'", SkipReason::OptedOut),
        ("href='https://shop.test/bye'", SkipReason::Unsubscribe),
        (
            "href='https://link.example.com/c/x'",
            SkipReason::AlreadyTracked,
        ),
    ] {
        let message = Message::new("m").unwrap();
        let message = message.with_list_unsubscribe("https://shop.test/bye");
        let html = format!("<a {link}>x</a>");
        let of_link = |domain: DomainConfig| {
            let domain = domain.with_markers_kept();
            let (output, report) = rewrite_with_report(&html, &domain.for_message(message.clone()));
            (output, report.links()[0].clone())
        };
        let plain = html.replace("+notrack", "");
        let (output, found) = of_link(tracking());
        assert_eq!(found.outcome(), LinkOutcome::Skipped(reason));
        assert_eq!(output, plain);
        assert!(!found.destination().unwrap_or_default().contains("utm_"));
        let (output, _) = of_link(untracked());
        assert_eq!(output, plain);
    }
}

#[test]
fn a_marker_refuses_them_for_one_link() {
    let html = "<a data-track-parameters=off href='https://shop.test/'>x</a>";
    let (output, report) = rewrite_with_report(html, &tracking());
    assert!(
        output.starts_with("<a href='https://link.example.com/c/"),
        "{output}"
    );
    assert_eq!(report.links()[0].destination(), Some("https://shop.test/"));
    assert_eq!(rewrite(html, &untracked()), html);
    // Where links get none, it is read and goes all the same.
    let output = rewrite(html, &domain());
    assert!(
        output.starts_with("<a href='https://link.example.com/c/"),
        "{output}"
    );
}

/// The value is escaped for where it stands, and reads as the destination.
#[test]
fn values_that_are_not_tracked_keep_their_quotes() {
    let added = ADDED.replace('&', "&amp;");
    for (link, expected) in [
        (
            "<a href=\"HTTPS://shop.test/'a'\">",
            format!("<a href=\"https://shop.test/'a'?{added}\">"),
        ),
        (
            "<a href='https://shop.test/&#39;'>",
            format!("<a href='https://shop.test/&#39;?{added}'>"),
        ),
        (
            "<a href=https://shop.test/?a&b>",
            format!("<a href=https://shop.test/?a&amp;b&amp;{added}>"),
        ),
        (
            "<a href = https://shop.test/ class=c>",
            format!("<a href = https://shop.test/?{added} class=c>"),
        ),
        (
            "<!--[if mso]><v:rect href=https://shop.test/--><![endif]-->",
            format!("<!--[if mso]><v:rect href=\"https://shop.test/--?{added}\"><![endif]-->"),
        ),
    ] {
        let link = match link.starts_with("<!") {
            // The comment would end there.
            true => link.replace("test/-->", "test/--\n>"),
            false => link.to_owned(),
        };
        let expected = match expected.starts_with("<!") {
            true => expected.replace("\"><![", "\"\n><!["),
            false => expected,
        };
        assert_eq!(rewrite(&link, &untracked()), expected);
        let again = rewrite(&expected, &untracked());
        assert_eq!(again, expected, "a second run changes nothing");
    }
}

#[test]
fn excluded_links_get_them_too() {
    let domain = tracking().with_excluded_host("shop.test").unwrap();
    let html = "<a href='https://shop.test/'>x</a>";
    let (output, report) = rewrite_with_report(html, &domain);
    let added = ADDED.replace('&', "&amp;");
    assert_eq!(
        output,
        format!("<a href='https://shop.test/?{added}'>x</a>")
    );
    let link = &report.links()[0];
    assert_eq!(link.outcome(), LinkOutcome::Skipped(SkipReason::Excluded));
    assert_eq!(
        link.destination(),
        Some(&*format!("https://shop.test/?{ADDED}"))
    );
    let domain = domain.with_link_parameters(parameters());
    assert_eq!(rewrite(html, &domain), html, "only if asked");
}

#[test]
fn a_quoted_reply_keeps_its_destinations() {
    let html = "<a href='https://shop.test/'>x</a>";
    let before = rewrite(html, &domain().with_open_tracking(TrackingLevel::Off));
    assert_eq!(destination(&before, &tracking()), "https://shop.test/");
    assert_eq!(rewrite(&before, &untracked()), before);
    let excluding = |domain: DomainConfig| domain.with_excluded_host("shop.test").unwrap();
    assert_eq!(rewrite(&before, &excluding(tracking())), before);
    assert_eq!(rewrite(&before, &excluding(untracked())), before);
}

#[test]
fn a_domain_that_is_not_validated_adds_none() {
    let html = "<a href='https://shop.test/'>x</a>";
    assert_eq!(
        rewrite(html, &tracking().with_status(DomainStatus::Pending)),
        html
    );
}

const DOCUMENT: &str = "<base href='https://shop.test/dir/'><a data-track-name='a b' href=x?q=1&r>1</a>\
    <a href='https://shop.test/bye'>2</a><a data-track-parameters=off href=y>3</a>\
    <a href=\"https://docs.shop.test/#/a\">4</a><a data-track=off href=z>5</a>\
    <!--[if mso]><v:rect href=https://shop.test/o><![endif]--><a href='https://other.test/'>6</a>";

/// A template and a stream give what one shot gives, for every level and for the link that a message names.
#[test]
fn templates_and_streams_give_the_same() {
    let message = Message::new("m").unwrap().with_recipient("r").unwrap();
    let messages = [
        message.clone(),
        message.clone().with_click_tracking(TrackingLevel::Off),
        message
            .clone()
            .with_list_unsubscribe("https://shop.test/bye"),
        message
            .clone()
            .with_list_unsubscribe("https://docs.shop.test/#/a")
            .with_click_tracking(TrackingLevel::Off),
        Message::default(),
    ];
    let domains = [tracking(), untracked()].into_iter().flat_map(|domain| {
        let placed = domain.clone().with_open_tracking(TrackingLevel::Identified);
        let placed = placed.with_pixel_placement(PixelPlacement::Both);
        let excluding = domain.clone().with_excluded_host("docs.shop.test").unwrap();
        let limited = excluding.clone().with_line_limit(200);
        [domain, placed, excluding, limited]
    });
    for domain in domains {
        let template = Template::compile(DOCUMENT, &domain);
        for message in &messages {
            let scoped = domain.for_message(message.clone());
            let (expected, report) = rewrite_with_report(DOCUMENT, &scoped);
            assert_eq!(template.render(message), expected, "{message:?}");
            let rewriter = Rewriter::with_options(&scoped, &StreamOptions::new());
            let (streamed, again) = stream(rewriter, DOCUMENT.as_bytes(), 7);
            assert_eq!(String::from_utf8(streamed).unwrap(), expected);
            assert_eq!(again, report);
            let scoped = scoped.with_markers_kept();
            let once = rewrite(DOCUMENT, &scoped);
            assert_eq!(rewrite(&once, &scoped), once);
        }
    }
}

/// What a message does not track for its token's length gets its parameters all the same.
#[test]
fn a_link_too_long_for_its_token_gets_them_too() {
    let long = "é".repeat(512);
    let message = Message::new(long.clone())
        .unwrap()
        .with_recipient(long)
        .unwrap();
    let url = format!("https://shop.test/{}", "p".repeat(4020));
    let html = format!("<a href='{url}'>x</a>");
    let domain = tracking();
    let (output, report) = rewrite_with_report(&html, &domain.for_message(message.clone()));
    assert_eq!(report.tracked(), 1);
    let longer = format!("{url}{}", "p".repeat(4096 - ADDED.len() - 1 - url.len()));
    let html = html.replace(&url, &longer);
    let (longest, report) = rewrite_with_report(&html, &domain.for_message(message.clone()));
    assert_eq!(report.links()[0].destination().unwrap().len(), 4096);
    assert_eq!(Template::compile(&html, &domain).render(&message), longest);
    assert_ne!(output, longest);
    // One byte more, and it gets none.
    let html = html.replace(&longer, &format!("{longer}p"));
    assert_eq!(destination(&html, &domain).len(), 4097 - ADDED.len() - 1);
}

#[test]
fn a_line_limit_holds() {
    let domain = untracked().with_line_limit(60);
    let fits = "<a href='https://shop.test/'>x</a>\n";
    let long = format!("{}<a href='https://shop.test/'>x</a>\n", "-".repeat(30));
    for html in [fits.to_owned(), long] {
        let (output, report) = rewrite_with_report(&html, &domain);
        let limit = report.input_longest_line().max(60);
        assert!(report.output_longest_line() <= limit, "{output}");
        let link = &report.links()[0];
        let is_extended = output.contains("utm_source");
        assert_eq!(
            link.destination().is_some_and(|url| url.contains("utm_")),
            is_extended
        );
    }
}

#[test]
fn a_click_adds_its_own_by_the_same_rules() {
    for (url, added, expected) in [
        (
            "https://x.test/#f",
            &[("id", "a b")][..],
            "https://x.test/?id=a%20b#f",
        ),
        (
            "https://x.test/?ID=1",
            &[("id", "2")],
            "https://x.test/?ID=1",
        ),
        (
            "https://x.test/?a",
            &[("b", "1"), ("B", "2"), ("c", "")],
            "https://x.test/?a&b=1&c=",
        ),
        (
            "https://x.test/?sig=1",
            &[("b", "1")],
            "https://x.test/?sig=1",
        ),
        ("https://x.test/", &[], "https://x.test/"),
        (
            "https://x.test/",
            &[("a", "\r\nb")],
            "https://x.test/?a=%0D%0Ab",
        ),
    ] {
        let html = format!("<a href='{url}'>x</a>");
        let output = rewrite(&html, &domain());
        let click = click(&tracking_urls(output.as_bytes())[0]);
        assert_eq!(click.destination_with(added), expected);
        assert_eq!(click.destination(), url);
    }
}

#[test]
fn settings_are_checked_and_read_back() {
    let own = parameters().with_signing_name("HMAC").unwrap();
    assert!(own.hosts().eq(["*.shop.test", "shop.test"]));
    assert!(
        own.parameters()
            .eq([("utm_source", "news"), ("utm_medium", "email")])
    );
    assert_eq!(own.name_parameter(), Some("utm_content"));
    assert!(own.signing_names().eq(["hmac"]));
    assert!(!own.reaches_untracked_links());
    let domain = domain().with_link_parameters(own.clone());
    assert_eq!(domain.link_parameters(), Some(&own));
    for (refused, words) in [
        (
            own.clone().with_parameter("UTM_content", "x"),
            "campaign parameter `UTM_content` comes twice, expected each name once, in any letter case",
        ),
        (
            own.clone().with_parameter("Sig", "x"),
            "campaign parameter `Sig` is a name of signed queries, expected one that signs nothing",
        ),
        (
            own.clone().with_name_parameter("hmac"),
            "campaign parameter `hmac` is a name of signed queries, expected one that signs nothing",
        ),
        (
            own.clone().with_signing_name("utm_medium"),
            "campaign parameter `utm_medium` is a name of signed queries, expected one that signs nothing",
        ),
        (
            own.clone().with_parameter("", "x"),
            "name `` of a campaign parameter is empty, expected one such as `utm_source`",
        ),
        (
            LinkParameters::new([""; 0]),
            "campaign parameters have no hosts, expected those whose links may get them",
        ),
        (
            LinkParameters::new(["*.1.2.3.4"]),
            "host `*.1.2.3.4` of campaign parameters is not usable, expected a domain name, an IP address, or `*.` \
             before a domain name",
        ),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), words);
    }
    let host = LinkParameters::new(["a b"]).unwrap_err();
    assert!(matches!(&host, ParameterError::Host { .. }));
    assert!(std::error::Error::source(&host).is_some());
}

/// In HTML parts as in documents, and in plain text without escapes.
#[cfg(feature = "mime")]
#[test]
fn messages_get_them_in_all_texts() {
    let message = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nSee https://shop.test/?a=1, or https://other.test/.\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<a href='https://shop.test/'>x</a>\r\n--b--\r\n";
    let domain = untracked().with_plain_text_links(true);
    let output = linkseal::rewrite_message(message.as_bytes(), &domain);
    let expected = message.replace("?a=1,", &format!("?a=1&{ADDED},")).replace(
        "shop.test/'",
        &format!("shop.test/?{}'", ADDED.replace('&', "&amp;")),
    );
    assert_eq!(String::from_utf8(output.clone()).unwrap(), expected);
    assert_eq!(linkseal::rewrite_message(&output, &domain), output);

    let domain = domain.with_click_tracking(TrackingLevel::Identified);
    let output = linkseal::rewrite_message(message.as_bytes(), &domain);
    let urls = tracking_urls(&output);
    let destinations: Vec<_> = urls
        .iter()
        .map(|url| click(url).destination().to_owned())
        .collect();
    let [first, second] =
        ["https://shop.test/?a=1&", "https://shop.test/?"].map(|url| format!("{url}{ADDED}"));
    assert_eq!(
        destinations,
        [first, "https://other.test/".to_owned(), second]
    );
}

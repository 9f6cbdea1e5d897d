//! Link cases and pixel cases, each judged by parsing the output.

use linkseal::{LinkOutcome, PixelOutcome, Rewriter, SkipReason, rewrite_with_report};
use linkseal_laws::judge::{attribute, destination, elements_in_body, parse};
use linkseal_laws::rewriting::originals;
use linkseal_laws::setup::{
    CLICK_PREFIX, OPEN_PREFIX, click, count_pixels, domain, stream, tracking_urls, undo,
};
use serde_json::Value;

fn cases(json: &str) -> Vec<Value> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn every_link_case_reaches_its_destination() {
    let cases = cases(include_str!("../../../cases/links.json"));
    assert_eq!(cases.len(), 64);
    for case in cases {
        let (id, html) = (&case["id"], case["html"].as_str().unwrap());
        let (output, report) = rewrite_with_report(html, &domain());
        assert_eq!(
            undo(output.as_bytes(), &originals(&report)),
            html.as_bytes(),
            "{id}"
        );
        for untouched in case["untouched"].as_array().into_iter().flatten() {
            assert!(
                output.contains(untouched.as_str().unwrap()),
                "{id}: {output}"
            );
        }
        if case["policy"] == true {
            continue;
        }
        let tags = parse(&output).links();
        let links = case["links"].as_array().unwrap();
        assert_eq!(tags.len(), links.len(), "{id}: {output}");
        for (tag, link) in tags.iter().zip(links) {
            let href = tag.attribute("href").unwrap();
            assert_eq!(tag.name, link["element"].as_str().unwrap(), "{id}");
            match link["destination"].as_str() {
                Some(destination) => assert_eq!(click(href).destination(), destination, "{id}"),
                None => assert_eq!(href, link["value"].as_str().unwrap(), "{id}"),
            }
        }
        if let Some(destination) = case["outlook_destination"].as_str() {
            let comment = output.split("<!--").nth(1).unwrap();
            let comment = comment.split("-->").next().unwrap();
            let urls = tracking_urls(comment.as_bytes());
            assert_eq!(urls.len(), 1, "{id}: {output}");
            assert_eq!(click(&urls[0]).destination(), destination, "{id}");
        }
    }
}

#[test]
fn policy_cases_follow_the_design() {
    let cases = cases(include_str!("../../../cases/links.json"));
    let policies: Vec<_> = cases.iter().filter(|case| case["policy"] == true).collect();
    assert_eq!(policies.len(), 2);
    for case in policies {
        let (output, report) = rewrite_with_report(case["html"].as_str().unwrap(), &domain());
        match case["id"].as_str().unwrap() {
            // An unfilled merge tag can't be signed.
            "M02" => {
                assert_eq!(report.tracked(), 0, "{output}");
                assert_eq!(
                    report.links()[0].outcome(),
                    LinkOutcome::Skipped(SkipReason::MergeTag)
                );
            }
            // The HTML standard lets a link stand in a select, so it is one.
            "L18" => assert!(output.contains(CLICK_PREFIX), "{output}"),
            id => panic!("no policy for {id}"),
        }
    }
}

#[test]
fn every_pixel_case_has_one_pixel_in_the_live_body() {
    let cases = cases(include_str!("../../../cases/pixels.json"));
    assert_eq!(cases.len(), 11);
    for case in cases {
        let (id, html) = (&case["id"], case["html"].as_str().unwrap());
        let (output, report) = rewrite_with_report(html, &domain());
        assert_eq!(report.pixel(), PixelOutcome::End, "{id}: {output}");
        assert_eq!(count_pixels(output.as_bytes()), 1, "{id}: {output}");
        let images = elements_in_body(&parse(&output).dom, "img");
        let is_pixel = |src: &String| src.starts_with(OPEN_PREFIX);
        let pixels = images.iter().filter_map(|img| attribute(img, "src"));
        assert_eq!(pixels.filter(is_pixel).count(), 1, "{id}: {output}");
        assert_eq!(undo(output.as_bytes(), &[]), html.as_bytes(), "{id}");
        for size in 1..=html.len() {
            let rewriter = Rewriter::new(&domain());
            let (streamed, _) = stream(rewriter, html.as_bytes(), size);
            assert_eq!(streamed, output.as_bytes(), "{id} in chunks of {size}");
        }
    }
}

/// Links are where html5ever sees them, raw text and foreign content or not.
#[test]
fn links_are_those_of_the_parser_in_odd_contexts() {
    for html in [
        "<svg><path/></path><title><a href=https://x.test/>",
        "<svg></g><script><!--</script><a href=https://x.test/>",
        "<hr><svg></hr><script><a href=https://x.test/>",
        "<svg><style><a href=https://x.test/></style></svg>",
        "<svg><title><style><a href=https://x.test/></style></title></svg>",
        "<svg><desc><p></desc><a href=https://x.test/>",
        "<svg><p><style><a href=https://x.test/></style>",
        "<svg><font color=red><title><a href=https://x.test/></title>",
        "<svg><font><title><a href=https://x.test/></title>",
        "<math><mi><style><a href=https://x.test/></style></mi></math>",
        "<math><annotation-xml encoding=text/html><title><a href=https://x.test/></title>",
        "<math><annotation-xml><title><a href=https://x.test/></title>",
        "<svg></p><style><a href=https://x.test/></style>",
        "<svg></br><style><a href=https://x.test/></style>",
        "<svg></svg><![CDATA[><a href=https://x.test/>]]>",
        "<svg><desc></div></desc><style><a href=https://x.test/></style>",
        "<math><annotation-xml encoding=text/plain><title><a href=https://x.test/></title>",
        "<math><annotation-xml><svg><desc><title><a href=https://x.test/></title>",
        "<script><!--<script>---></script><a href=https://x.test/>",
        "<!--[if mso]><video href=https://x.test/><![endif]-->",
        "<!><a href=https://x.test/>",
        "</><a href=https://x.test/>",
        "<svg><![CDATA[<a href=https://x.test/1>]]><a href=https://x.test/2>",
        "<![CDATA[<a href=https://x.test/1>]]><a href=https://x.test/2>",
        "<noscript><style><a href=https://x.test/1></noscript></style><a href=https://x.test/2>",
        "<select><option><a href=https://x.test/></select>",
        "<textarea><a href=https://x.test/1></textarea><a href=https://x.test/2>",
        "<template><base href=https://t.test/></template><a href=p.html>",
        "<base href=https://t.test/><a href=p.html>",
    ] {
        let seen = parse(html).links();
        let base = html
            .starts_with("<base")
            .then(|| "https://t.test/".parse().unwrap());
        let (_, report) = rewrite_with_report(html, &domain());
        let found: Vec<_> = report
            .links()
            .iter()
            .map(|link| link.destination())
            .collect();
        let expected: Vec<Option<String>> = seen
            .iter()
            .map(|tag| tag.attribute("href").unwrap())
            .map(|href| destination(href, base.as_ref(), encoding_rs::UTF_8))
            .collect();
        let expected: Vec<Option<&str>> = expected.iter().map(Option::as_deref).collect();
        assert_eq!(found, expected, "{html}");
    }
}

#[test]
fn an_element_is_reported_by_the_name_that_the_parser_sees() {
    let html = "<!--[if mso]><V:\0É href=https://x.test/><![endif]-->";
    let (_, report) = rewrite_with_report(html, &domain());
    let seen = parse("<V:\0É href=https://x.test/>").seen;
    assert_eq!(report.links()[0].element(), seen[0].tag().unwrap().name);
}

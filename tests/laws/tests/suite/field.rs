//! Inputs of the nature of bug reports about other trackers. `tests/cases/field/X.md` says how to run
//! `X`, and what is right.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use linkseal::{
    Charset, Click, DomainConfig, Event, EventKind, KeyId, Message, Report, Rewriter, SigningKey,
    Template, TrackingHost, TrackingLevel, Verifier, rewrite, rewrite_bytes,
    rewrite_message_with_report, rewrite_with_report,
};
use linkseal_laws::judge::{Node, parse, tree};
use linkseal_laws::messages::Code;
use linkseal_laws::setup::{CLICK_PREFIX, OPEN_PREFIX, stream, tracking_urls};
use memchr::memmem;

/// The key that `examples/rewrite` signs with when it is given none.
const DEMO_SECRET: &[u8; 32] = b"linkseal demo key, not a secret!";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/field")
}

/// A case by its number, such as `H01`.
fn case(number: &str) -> Vec<u8> {
    case_of_kind(number, ".html")
}

fn case_of_kind(number: &str, extension: &str) -> Vec<u8> {
    let mut files = fs::read_dir(folder()).unwrap().map(|it| it.unwrap().path());
    let file = files.find(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.starts_with(number) && name.ends_with(extension)
    });
    fs::read(file.unwrap()).unwrap()
}

fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), DEMO_SECRET).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

/// Message and recipient; nobody with empty ones.
fn message(id: &str, recipient: &str) -> Message {
    let message = Message::new(id).unwrap();
    message.with_recipient(recipient).unwrap()
}

fn without_opens() -> Message {
    Message::default().with_open_tracking(TrackingLevel::Off)
}

/// Rewrites a case in chunks, and where it is UTF-8 at once and as a template too.
#[track_caller]
fn run(html: &[u8], message: &Message) -> (Vec<u8>, Report) {
    let domain = domain().for_message(message.clone());
    let (output, report) = stream(Rewriter::new(&domain), html, html.len());
    let bytewise = stream(Rewriter::new(&domain), html, 1);
    assert_eq!(bytewise, (output.clone(), report.clone()), "byte by byte");
    if let Ok(html) = std::str::from_utf8(html) {
        let (at_once, report_at_once) = rewrite_with_report(html, &domain);
        assert_eq!((at_once.as_bytes(), &report_at_once), (&*output, &report));
        let mut rendered = String::new();
        Template::compile(html, &domain).render_into(message, &mut rendered);
        assert_eq!(rendered.as_bytes(), output, "as a template");
    }
    (output, report)
}

#[track_caller]
fn event(url: &str) -> Event {
    let verifier = Verifier::new([&domain()]).unwrap();
    verifier.verify_url(url).unwrap()
}

#[track_caller]
fn click(url: &str) -> Click {
    match event(url).kind() {
        EventKind::Click(click) => click.clone(),
        other => panic!("{url}: {other:?}"),
    }
}

/// `tracked`, or the reason why not, for each link.
fn outcomes(report: &Report) -> Vec<&str> {
    let outcomes = report.links().iter().map(|link| link.outcome());
    outcomes
        .map(|outcome| outcome.skip_reason().map_or("tracked", |it| it.as_str()))
        .collect()
}

/// Where the links of an output lead, for whoever verifies them.
#[track_caller]
fn destinations(html: &[u8]) -> Vec<String> {
    let urls = tracking_urls(html);
    urls.iter()
        .map(|url| click(url).destination().to_owned())
        .collect()
}

#[track_caller]
fn assert_unchanged(number: &str, reasons: &[&str]) {
    let html = case(number);
    let (output, report) = run(&html, &without_opens());
    assert_eq!(outcomes(&report), reasons);
    assert_eq!(output, html);
}

#[test]
fn h01_a_merge_tag_that_its_own_quote_cuts_is_skipped() {
    assert_unchanged("H01", &["merge_tag"]);
}

#[test]
fn h02_a_merge_tag_that_a_blank_cuts_is_skipped() {
    assert_unchanged("H02", &["merge_tag", "merge_tag"]);
}

#[test]
fn h03_a_merge_tag_in_the_base_makes_relative_links_wait() {
    let (output, report) = run(&case("H03"), &without_opens());
    assert_eq!(outcomes(&report), ["merge_tag", "tracked"]);
    assert_eq!(destinations(&output), ["https://other.test/"]);
    let start =
        b"<base href=\"https://shop.test/{{lang}}/\"><a href=\"sale.html\">Sale</a> <a href=\"";
    assert!(output.starts_with(start));
}

/// A token that ends in `--` directly before the `>` of its tag would end the comment.
#[test]
fn h04_what_outlook_alone_shows_stays_hidden_elsewhere() {
    let html = String::from_utf8(case("H04")).unwrap();
    let mut end_in_hyphens = 0;
    for recipient in RECIPIENTS {
        let message = message("", &recipient.to_string()).with_open_tracking(TrackingLevel::Off);
        let output = rewrite(&html, &domain().for_message(message));
        let nodes = tree(&parse(&output).dom);
        let text: String = nodes
            .into_iter()
            .filter_map(|(_, node)| match node {
                Node::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        assert_eq!(text, "after\n", "{recipient}: {output}");
        let [url] = &*tracking_urls(output.as_bytes()) else {
            panic!("{recipient}: {output}")
        };
        assert_eq!(click(url).destination(), "https://x.test/p/00648");
        end_in_hyphens += usize::from(url.ends_with("--"));
    }
    assert!(end_in_hyphens > 0, "no token ends in hyphens");
}

/// So many, and of such a length, that some tokens end in `--`: one of 4096 does.
const RECIPIENTS: Range<u32> = 100_000..120_000;

#[test]
fn h05_links_and_pixels_of_a_quoted_mail_belong_to_that_mail() {
    let html = case("H05");
    let (output, report) = run(&html, &message("m-2", "r-2"));
    let text = String::from_utf8(output.clone()).unwrap();
    assert_eq!(outcomes(&report), ["tracked", "tracked"]);
    assert_eq!(report.pixel().as_str(), "end");
    let pixels: Vec<&str> = text.split("<img ").skip(1).collect();
    assert_eq!(pixels.len(), 2, "{text}");
    let quoted = String::from_utf8(html).unwrap();
    assert!(quoted.contains(pixels[0]), "the quoted pixel stays: {text}");
    assert!(pixels[1].ends_with("</body></html>\n"), "{text}");
    let start = pixels[1].find(OPEN_PREFIX).unwrap();
    let url = pixels[1][start..].split('"').next().unwrap();
    let open = event(url);
    assert!(matches!(open.kind(), EventKind::Open(_)), "{open:?}");
    let expected = (Some("m-2"), Some("r-2"));
    assert_eq!((open.message(), open.recipient()), expected);
    let clicks: Vec<Click> = tracking_urls(&output)
        .iter()
        .map(|url| click(url))
        .collect();
    for url in tracking_urls(&output) {
        let click = event(&url);
        assert_eq!((click.message(), click.recipient()), expected);
    }
    let destinations: Vec<&str> = clicks.iter().map(Click::destination).collect();
    assert_eq!(
        destinations,
        ["https://shop.test/offer", "https://shop.test/sale"]
    );
    let (again, _) = run(&output, &message("m-2", "r-2"));
    assert_eq!(again, output, "a second time");
}

#[test]
fn h06_a_document_in_utf_16_is_untouched() {
    let html = case("H06");
    let (output, report) = run(&html, &Message::default());
    assert_eq!(output, html);
    let reason = report.untouched().map(|reason| reason.as_str());
    assert_eq!((reason, report.links().len()), (Some("charset"), 0));
}

/// The library is told the charset; `examples/rewrite` reads what the document's `<meta>` states.
#[test]
fn h07_a_link_that_is_not_valid_in_the_charset_is_skipped() {
    assert_unchanged("H07", &["charset"]);
    let html = case("H07");
    let domain = domain().for_message(without_opens());
    let (output, report) = rewrite_bytes(&html, "windows-1251".parse().unwrap(), &domain);
    assert_eq!(outcomes(&report), ["tracked"]);
    let expected = "https://shop.test/%D1%82%D0%B5%D1%81%D1%82?q=%F2%E5%F1%F2";
    assert_eq!(destinations(&output), [expected]);
}

#[test]
fn h08_the_part_of_a_message_decodes_to_what_becomes_of_it() {
    let message = case_of_kind("H08", ".eml");
    let domain = domain().for_message(self::message("m-1", "r-1"));
    let (output, report) = rewrite_message_with_report(&message, &domain);
    let body = memmem::find(&message, b"\r\n\r\n").unwrap() + 4;
    assert_eq!(output[..body], message[..body], "the header");
    let decoded = Code::QuotedPrintable.decode(&message[body..]);
    let (expected, html) = rewrite_bytes(&decoded, Charset::UTF_8, &domain);
    assert_eq!(Code::QuotedPrintable.decode(&output[body..]), expected);
    assert_eq!(report.parts()[0].report(), Some(&html));
    let links = ["https://shop.test/?a=1&b=2", "https://shop.test/2"];
    assert_eq!(destinations(&expected), links);
    let mut lines = output[body..].split(|byte| *byte == b'\n');
    assert!(lines.all(|line| line.trim_ascii_end().len() <= 76));
}

#[test]
fn h09_an_amp_document_gets_no_image() {
    let (output, report) = run(&case("H09"), &Message::default());
    let text = String::from_utf8(output).unwrap();
    assert_eq!(outcomes(&report), ["tracked"]);
    assert_eq!(report.pixel().as_str(), "amp");
    assert!(
        !text.contains("<img") && !text.contains(OPEN_PREFIX),
        "{text}"
    );
    assert_eq!(destinations(text.as_bytes()), ["https://shop.test/"]);
}

#[test]
fn h10_escapes_of_old_scripts_are_no_merge_tags() {
    let (output, report) = run(&case("H10"), &without_opens());
    assert_eq!(outcomes(&report), ["tracked"]);
    let expected = "https://shop.test/s?q=%u0442%u0435%u0441%u0442";
    assert_eq!(destinations(&output), [expected]);
}

#[test]
fn h11_conversion_goes_with_alias() {
    let (output, report) = run(&case("H11"), &without_opens());
    let text = String::from_utf8(output).unwrap();
    assert_eq!(report.links()[0].name(), Some("Shop"));
    let links = parse(&text).links();
    let [(name, href)] = &*links[0].attributes else {
        panic!("{text}")
    };
    assert!(name == "href" && href.starts_with(CLICK_PREFIX), "{text}");
    assert_eq!(destinations(text.as_bytes()), ["https://shop.test/"]);
}

#[test]
fn every_field_case_is_run() {
    let source = include_str!("field.rs");
    for file in fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let test = format!("fn {}_", name.split('-').next().unwrap().to_lowercase());
        assert!(source.contains(&test), "{name} is run by no test");
    }
}

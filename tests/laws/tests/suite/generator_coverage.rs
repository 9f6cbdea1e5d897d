//! What the laws are tried on: documents that come to every outcome, and often enough. A law that is
//! tried on documents with nothing in them can't fail.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use linkseal::{LinkOutcome, Report, rewrite_with_report};
use linkseal_laws::documents::document;
use linkseal_laws::known_differences::Difference;
use linkseal_laws::rewriting::{Kind, align};
use linkseal_laws::settings::Settings;
use linkseal_laws::setup::CLICK_PREFIX;

const DOCUMENTS: usize = 3000;

/// What is in one document of so many, at least.
const REACHED: [(&str, usize); 38] = [
    ("AlreadyTracked", 20),
    ("Empty", 10),
    ("Excluded", 20),
    ("Fragment", 20),
    ("Invalid", 20),
    ("LineLength", 20),
    ("MergeTag", 3),
    ("OptedOut", 5),
    ("Relative", 5),
    ("Scheme", 10),
    ("Tracked", 3),
    ("named", 5),
    ("cut", 5),
    ("signed again", 10),
    ("token that ends in dashes", 30),
    ("quotes in a comment", 10),
    ("broken line", 10),
    ("parameters in a token", 40),
    ("parameters in a value", 50),
    ("Html", 2),
    ("ConditionalComment", 5),
    ("Noscript", 20),
    ("pixel AlreadyThere", 20),
    ("pixel Amp", 50),
    ("pixel Both", 10),
    ("pixel End", 10),
    ("pixel LineLength", 10),
    ("pixel NoPlace", 80),
    ("pixel Placeholder", 80),
    ("pixel Start", 10),
    ("no difference", 2),
    ("CDATA among HTML", 3000),
    ("encoded annotation", 100),
    ("frameset", 1000),
    ("glyph in MathML", 100),
    ("misnested foreign content", 100),
    ("nested foreign content", 100),
    ("self-closing foreign content", 100),
];

#[test]
fn generated_documents_come_to_every_outcome() {
    let mut counts = BTreeMap::new();
    let mut choices = pseudo_random();
    for _ in 0..DOCUMENTS {
        let bytes: Vec<u8> = choices.by_ref().take(400).collect();
        let length = usize::from(bytes[0]) + usize::from(bytes[1]) / 2;
        let html = document(&mut Unstructured::new(&bytes[2..length.max(2)])).unwrap();
        for found in found_in(&html, Settings::of(bytes[399])) {
            *counts.entry(found).or_insert(0) += 1;
        }
    }
    for (what, one_in) in REACHED {
        let count = counts.get(what).copied().unwrap_or(0);
        assert!(
            count * one_in >= DOCUMENTS,
            "{what}: {count} of {DOCUMENTS} documents"
        );
    }
}

fn found_in(html: &str, settings: Settings) -> Vec<String> {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    let mut found = vec![format!("pixel {:?}", report.pixel())];
    for link in report.links() {
        let outcome = format!("{:?}", link.outcome());
        let reason = outcome.strip_prefix("Skipped(");
        found.push(reason.map_or(outcome.clone(), |reason| reason.replace(')', "")));
        found.push(format!("{:?}", link.context()));
        found.extend(link.name().map(|_| "named".to_owned()));
        let is_extended = link
            .destination()
            .is_some_and(|url| url.contains("utm_source=news"));
        let is_tracked = link.outcome() == LinkOutcome::Tracked;
        found.extend((is_extended && is_tracked).then(|| "parameters in a token".to_owned()));
    }
    found.extend(edits(html, &output, &report, settings).map(str::to_owned));
    let kept = rewrite_with_report(html, &settings.keeping_markers().domain()).0;
    found.extend((kept.len() > output.len()).then(|| "cut".to_owned()));
    let kinds = Difference::ALL.iter().filter(|kind| kind.holds(html));
    let differences: Vec<String> = kinds.map(|kind| kind.as_str().to_owned()).collect();
    found.extend(differences.is_empty().then(|| "no difference".to_owned()));
    found.extend(differences);
    found.sort();
    found.dedup();
    found
}

fn edits(
    html: &str,
    output: &str,
    report: &Report,
    settings: Settings,
) -> impl Iterator<Item = &'static str> {
    let (input, bytes) = (html.as_bytes(), output.as_bytes());
    let edits = align(encoding_rs::UTF_8, input, bytes, report, settings).unwrap();
    edits
        .into_iter()
        .flat_map(move |edit| {
            let (was, is) = (&html[edit.input.clone()], &output[edit.output.clone()]);
            let is_link = edit.kind == Kind::Link;
            let found = [
                (edit.kind == Kind::Break, "broken line"),
                (edit.kind == Kind::Value, "parameters in a value"),
                (is_link && was.starts_with(CLICK_PREFIX), "signed again"),
                (is_link && is.starts_with('"'), "quotes in a comment"),
                (
                    is_link && edit.url(output).ends_with("--"),
                    "token that ends in dashes",
                ),
            ];
            found
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, what)| what)
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// Always the same bytes (xorshift64).
fn pseudo_random() -> impl Iterator<Item = u8> {
    let mut state = 0x0139_408d_cbbf_7a44_u64;
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_be_bytes()[0])
    })
}

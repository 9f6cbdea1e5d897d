//! Real mail: every file of a corpus, in one shot and in chunks, judged by html5ever and `url`.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use linkseal::{
    Charset, DomainConfig, LinkOutcome, PixelOutcome, Report, Rewriter, StreamOptions, Untouched,
    rewrite_with_report,
};
use linkseal_laws::judge::{Node, Parsed, parse_bytes, tree};
use linkseal_laws::rewriting::{align, in_flushed_chunks};
use linkseal_laws::settings::{Settings, messages};
use linkseal_laws::setup::{CLICK_PREFIX, OPEN_PREFIX, click, domain, stream, tracking_urls};
use linkseal_laws::{Verdict, oracle, rewriting};

/// Names the folder with HTML files that these tests read.
const FOLDER_VARIABLE: &str = "LINKSEAL_CORPUS";

/// The document ends inside a `title` that was never closed, in the head. The pixel goes before it,
/// where it can be seen, and so the body starts there.
const ENDS_IN_HEAD: [&str; 1] = [
    "mikel+mail/eml-parts/spec/fixtures/emails/multipart_report_emails/\
     multipart_report_multiple_status.html",
];

/// A document of the corpus, with the label of its charset when that is not UTF-8.
struct Document {
    bytes: Vec<u8>,
    charset: Option<String>,
    path: String,
}

impl Document {
    fn encoding(&self) -> &'static Encoding {
        let label = self.charset.as_deref().unwrap_or("utf-8");
        Encoding::for_label(label.as_bytes()).unwrap()
    }

    /// Whether a byte order mark says so.
    fn is_utf_16(&self) -> bool {
        let marked = Encoding::for_bom(&self.bytes);
        marked.is_some_and(|(marked, _)| marked != encoding_rs::UTF_8)
    }

    fn rewriter(&self, domain: &DomainConfig) -> Rewriter {
        let charset = match &self.charset {
            Some(label) => label.parse().unwrap(),
            None => Charset::UTF_8,
        };
        Rewriter::with_options(domain, &StreamOptions::new().with_charset(charset))
    }

    /// In one shot where that can be, else as a stream in one chunk.
    fn rewrite(&self, domain: &DomainConfig) -> (Vec<u8>, Report) {
        match (&self.charset, std::str::from_utf8(&self.bytes)) {
            (None, Ok(html)) => {
                let (html, report) = rewrite_with_report(html, domain);
                (html.into_bytes(), report)
            }
            _ => stream(self.rewriter(domain), &self.bytes, self.bytes.len().max(1)),
        }
    }
}

#[test]
fn every_file_of_the_corpus_holds_the_guarantees() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        let note =
            format!("skipped: the corpus test; {FOLDER_VARIABLE} names no folder of HTML files");
        // Not by a macro, whose output the test runner would keep to itself.
        writeln!(io::stderr(), "{note}").unwrap();
        return;
    };
    let documents = documents(Path::new(&folder));
    let mut tracked = 0;
    for document in &documents {
        let path = &document.path;
        let keeping = domain().with_markers_kept();
        let (output, report) = document.rewrite(&keeping);
        if document.is_utf_16() {
            assert_eq!(report.untouched(), Some(Untouched::Charset), "{path}");
            assert!(output == document.bytes, "{path}: other bytes");
            continue;
        }
        tracked += report.tracked();
        assert_undone(document, &output, &report);
        assert_destinations(&output, &report, path);
        let parsed = parse_bytes(&document.bytes, document.encoding());
        let links = oracle::links(&parsed, document.encoding(), &report, Settings::DEFAULT);
        holds(links, path);
        assert_same_tree(document, &parsed, &output, path);
        for size in [1, 7, 4096] {
            let (streamed, again) = stream(document.rewriter(&keeping), &document.bytes, size);
            assert!(
                streamed == output,
                "{path}: other output in chunks of {size}"
            );
            assert_eq!(again, report, "{path}: other report in chunks of {size}");
        }
        let flushed = in_flushed_chunks(document.rewriter(&keeping), &document.bytes, &[1000]);
        assert!(flushed.0 == output, "{path}: other output when flushed");
        assert_eq!(flushed.1, report, "{path}: other report when flushed");
        if let (None, Ok(html)) = (&document.charset, std::str::from_utf8(&document.bytes)) {
            let messages = messages();
            holds(rewriting::template(html, &domain(), &messages), path);
            holds(rewriting::template(html, &keeping, &messages[..1]), path);
        }
        let second = Document {
            bytes: output,
            charset: document.charset.clone(),
            path: path.clone(),
        };
        assert!(
            second.rewrite(&keeping).0 == second.bytes,
            "{path}: the second run changes something"
        );
    }
    writeln!(
        io::stderr(),
        "corpus: {} files, {tracked} tracked links",
        documents.len()
    )
    .unwrap();
    assert!(documents.len() > 700, "only {} files", documents.len());
    assert!(tracked > 1500, "only {tracked} tracked links");
}

/// All `.html` files, with the charsets that the corpus's lists state.
fn documents(folder: &Path) -> Vec<Document> {
    let mut charsets = HashMap::new();
    for (list, prefix, column) in [
        ("CHARSETS.tsv", "", 1),
        (
            "derived-ugly-variants/INDEX.tsv",
            "derived-ugly-variants/",
            3,
        ),
    ] {
        for line in fs::read_to_string(folder.join(list))
            .unwrap()
            .lines()
            .skip(1)
        {
            let fields: Vec<&str> = line.split('\t').collect();
            charsets.insert(format!("{prefix}{}", fields[0]), fields[column].to_owned());
        }
    }
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(next)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let (inner, plain): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
        folders.extend(inner);
        files.extend(
            plain
                .into_iter()
                .filter(|path| path.extension() == Some("html".as_ref())),
        );
    }
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path = file
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let bytes = fs::read(&file).unwrap();
            let charset = match std::str::from_utf8(&bytes) {
                Ok(_) => None,
                Err(_) => Some(supported(charsets.get(&path), &bytes)),
            };
            Document {
                bytes,
                charset,
                path,
            }
        })
        .collect()
}

/// The stated charset; where none is stated, or one that must be refused, one that takes any byte.
fn supported(stated: Option<&String>, bytes: &[u8]) -> String {
    let any = "windows-1252".to_owned();
    let Some(label) = stated.filter(|label| *label != "-") else {
        return any;
    };
    match Charset::for_label(label) {
        Ok(_) => label.clone(),
        Err(error) => {
            assert!(label.starts_with("utf-16") && bytes.contains(&0), "{error}");
            any
        }
    }
}

#[track_caller]
fn holds(verdict: Verdict, path: &str) {
    if let Err(why) = verdict {
        panic!("{path}: {why}");
    }
}

fn assert_undone(document: &Document, output: &[u8], report: &Report) {
    let path = &document.path;
    assert!(
        align(
            document.encoding(),
            &document.bytes,
            output,
            report,
            Settings::DEFAULT.keeping_markers()
        )
        .is_some(),
        "{path}: other bytes changed"
    );
    assert_ne!(report.pixel(), PixelOutcome::NoPlace, "{path}");
    assert_eq!(report.untouched(), None, "{path}");
}

fn assert_destinations(output: &[u8], report: &Report, path: &str) {
    let urls = tracking_urls(output);
    let tracked = report
        .links()
        .iter()
        .filter(|link| link.outcome() == LinkOutcome::Tracked);
    let tracked: Vec<_> = tracked.collect();
    assert_eq!(urls.len(), tracked.len(), "{path}");
    for (position, (url, link)) in (0..).zip(urls.iter().zip(tracked)) {
        let click = click(url);
        assert_eq!(Some(click.destination()), link.destination(), "{path}");
        assert_eq!(click.position(), position, "{path}");
    }
}

/// The tree is the input's but for tracked links and the pixel.
fn assert_same_tree(document: &Document, parsed: &Parsed, output: &[u8], path: &str) {
    let before = tree(&parsed.dom);
    let after = tree(&parse_bytes(output, document.encoding()).dom);
    let same = [false, true].into_iter().any(|with_formatting| {
        let after = without_pixel(&after, with_formatting);
        let pairs = before.iter().zip(&after);
        before.len() == after.len() && pairs.clone().all(|(before, after)| is_same(before, after))
    });
    let difference = first_difference(&before, &without_pixel(&after, false));
    assert_eq!(same, !ENDS_IN_HEAD.contains(&path), "{path}: {difference}");
}

fn first_difference(before: &[(usize, Node)], after: &[(usize, Node)]) -> String {
    let different = before
        .iter()
        .zip(after)
        .find(|(before, after)| !is_same(before, after));
    format!(
        "{} and {} nodes, first different: {different:?}",
        before.len(),
        after.len()
    )
}

/// Takes the pixel out, and joins the texts beside it. A parser opens formatting elements that were
/// never closed again around an image (HTML §13.2.4.3): `with_formatting` takes out those that
/// hold nothing else.
fn without_pixel(nodes: &[(usize, Node)], with_formatting: bool) -> Vec<(usize, Node)> {
    let mut kept: Vec<(usize, Node)> = Vec::new();
    let mut rest = nodes.iter().peekable();
    while let Some((depth, node)) = rest.next() {
        if is_pixel(node) {
            let mut depth = *depth;
            while with_formatting
                && rest.peek().is_none_or(|(next, _)| *next < depth)
                && kept.last().is_some_and(|(last, _)| *last + 1 == depth)
            {
                kept.pop();
                depth -= 1;
            }
            continue;
        }
        match (kept.last_mut(), node) {
            (Some((last, Node::Text(text))), Node::Text(more)) if last == depth => {
                text.push_str(more);
            }
            _ => kept.push((*depth, node.clone())),
        }
    }
    kept
}

fn is_pixel(node: &Node) -> bool {
    match node {
        Node::Element { attributes, .. } => attributes
            .iter()
            .any(|(name, value)| name == "src" && value.starts_with(OPEN_PREFIX)),
        _ => false,
    }
}

/// Tracked hrefs may differ: that they lead to the right place is checked elsewhere.
fn is_same(before: &(usize, Node), after: &(usize, Node)) -> bool {
    if before.0 != after.0 {
        return false;
    }
    match (&before.1, &after.1) {
        (Node::Comment(before), Node::Comment(after)) => {
            before == after || after.contains(CLICK_PREFIX)
        }
        (
            Node::Element { attributes, name },
            Node::Element {
                attributes: attributes_after,
                name: name_after,
            },
        ) => {
            let is_same_attribute = |((name, value), (name_after, value_after)): (
                &(String, String),
                &(String, String),
            )| {
                let is_tracked = name == "href" && value_after.starts_with(CLICK_PREFIX);
                name == name_after && (value == value_after || is_tracked)
            };
            name == name_after
                && attributes.len() == attributes_after.len()
                && attributes
                    .iter()
                    .zip(attributes_after)
                    .all(is_same_attribute)
        }
        (before, after) => before == after,
    }
}

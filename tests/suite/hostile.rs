//! Hostile documents: what comes out. How long it takes, `cargo bench --bench hostile` says.

#[path = "../../benches/arms/hostile.rs"]
mod documents;

use linkseal::{PixelOutcome, Rewriter, rewrite_with_report};

use crate::setup::{domain, originals, stream, undo};

const SIZE: usize = 2_000;

#[test]
fn nothing_is_lost_of_hostile_documents() {
    let domain = domain().with_markers_kept();
    for (name, make) in documents::DOCUMENTS {
        let html = make(SIZE);
        let (whole, report) = rewrite_with_report(&html, &domain);
        let undone = undo(whole.as_bytes(), &originals(&report));
        assert!(undone == html.as_bytes(), "{name}: bytes are lost");
        assert_eq!(report.pixel(), PixelOutcome::End, "{name}");
        for size in [1, 1000] {
            let (streamed, again) =
                stream(Rewriter::new(&domain, Vec::new()), html.as_bytes(), size);
            assert!(streamed == whole.as_bytes(), "{name} in chunks of {size}");
            assert_eq!(again, report, "{name} in chunks of {size}");
        }
    }
}

#[test]
fn nothing_is_lost_of_hostile_documents_in_little_memory() {
    let domain = domain().with_markers_kept();
    for (name, make) in documents::DOCUMENTS {
        let html = make(SIZE);
        let run = |size| {
            let rewriter = Rewriter::new(&domain, Vec::new()).with_memory_limit(64);
            stream(rewriter, html.as_bytes(), size)
        };
        let (whole, report) = run(1);
        let undone = undo(&whole, &originals(&report));
        assert!(undone == html.as_bytes(), "{name}: bytes are lost");
        assert!(
            run(1000) == (whole, report),
            "{name}: other chunks, other output"
        );
    }
}

#[test]
fn hosts_that_idna_refuses_are_skipped() {
    for host in [
        "x\u{202e}.test",
        "a\u{2028}b.test",
        "xn--a.test",
        "x\u{ad}y%.test",
    ] {
        let html = format!("<a href='https://{host}/'>x</a>");
        let (output, report) = rewrite_with_report(&html, &domain().without_open_tracking());
        assert_eq!(output, html);
        assert_eq!(report.links()[0].outcome().to_string(), "skipped", "{host}");
    }
}
